"""YuNet (Wu, Peng, Yu: "A Tiny Millisecond-level Face Detector", 2023), on a frame no larger than it must be."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from faceplate.errors import ModelError
from faceplate.quiet import quiet_opencv
from faceplate.types import Box, Face, Image, Pixels

# Width that YuNet finds reliably, and on whose landmarks alignment can rely. Larger only costs time.
DETECTABLE_FACE = 40.0

# A frame this small costs next to nothing; made smaller still, its landmarks only lose precision.
_SMALL_FRAME = 480

_NMS_OVERLAP = 0.3
_MOST_FACES = 50


class FaceDetector:
    """Finds the faces of a frame, the largest first."""

    def __init__(self, model: bytes, *, face_threshold: float, min_face: Pixels) -> None:
        """Load the detector.

        Args:
            model: an ONNX file.
            face_threshold: confidence above which there is a face, 0..1.
            min_face: width of the smallest face of interest in frame pixels.

        Raises:
            ModelError: OpenCV cannot read the model.
        """
        quiet_opencv()  # OpenCV 5 warns of a setting that nobody made
        self._scale = min(1.0, DETECTABLE_FACE / min_face)
        try:
            self._yunet = cv2.FaceDetectorYN.create(
                "onnx",
                np.frombuffer(model, np.uint8),
                np.empty(0, np.uint8),
                (320, 320),
                face_threshold,
                _NMS_OVERLAP,
                _MOST_FACES,
            )
        except cv2.error as error:
            raise ModelError(f"this OpenCV ({cv2.__version__}) cannot read the bundle's detector: {error}") from error

    def find(self, image: Image) -> list[Face]:
        """Find the faces in `image`, RGB uint8 (H, W, 3), the largest first."""
        scaled = self._scaled(image)
        self._yunet.setInputSize((scaled.shape[1], scaled.shape[0]))
        rows: NDArray[Any] | None = self._yunet.detect(cv2.cvtColor(scaled, cv2.COLOR_RGB2BGR))[1]
        if rows is None:
            return []
        back = np.array([image.shape[1] / scaled.shape[1], image.shape[0] / scaled.shape[0]], dtype=np.float32)
        faces = [_face(row, back) for row in rows if _is_in(row, scaled)]
        return sorted(faces, key=lambda face: face.box.area, reverse=True)

    def _scaled(self, image: Image) -> Image:
        height, width = image.shape[:2]
        scale = max(self._scale, _SMALL_FRAME / max(width, height))
        if scale >= 1.0:
            return image
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        # Down to a half no pixel is left out by linear interpolation, at a seventh of the cost of averaging areas.
        method = cv2.INTER_LINEAR if scale >= 0.5 else cv2.INTER_AREA  # noqa: PLR2004 - a half
        return np.asarray(cv2.resize(image, size, interpolation=method), dtype=np.uint8)


def _is_in(row: NDArray[np.float32], image: Image) -> bool:
    """Whether a row is a box in the picture. Of pictures of a few pixels OpenCV may give whatever lay in memory."""
    if not np.isfinite(row).all():
        return False
    x, y, width, height = row[0:4]
    return bool(width > 0 and height > 0 and -width < x < image.shape[1] and -height < y < image.shape[0])


def _face(row: NDArray[np.float32], back: NDArray[np.float32]) -> Face:
    """Read one row of YuNet's answer: box x, y, width, height; five landmarks x, y; confidence."""
    corner, size = row[0:2] * back, row[2:4] * back
    box = Box(Pixels(float(corner[0])), Pixels(float(corner[1])), Pixels(float(size[0])), Pixels(float(size[1])))
    return Face(box, landmarks=row[4:14].reshape(5, 2) * back, confidence=float(row[14]))
