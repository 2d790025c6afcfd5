"""MediaPipe's face mesh: where 468 points of a face are, in depth, too."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from faceplate.errors import ModelError
from faceplate.model.head_pose import TEMPLES
from faceplate.types import Face, Image
from faceplate.vision.runtime import Runtime, interpreter, only

FILE: Final = Path(__file__).parent.parent / "networks" / "face_landmark.tflite"
_SHA256: Final = "2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493"

_SIDE: Final = 192
"""Pixels of the square that it looks at"""

_AROUND: Final = 1.5
"""Its side in lengths of the longer side of a face's box, as MediaPipe cuts it"""

_POINTS: Final = 468

_LOOKS, _UPRIGHT = 3, 6.0
"""The detector's landmarks follow a tilted head by a seventh, the mesh by half: one that leans in the square by more
degrees is looked at again in a square that is turned as far, so many times at most"""


class FaceMesh:
    """Finds the points of a face that the detector has found (Kartynnik et al. 2019)."""

    def __init__(self, *, runtime: Runtime = "litert", threads: int = 1) -> None:
        """Load the network that comes with the package.

        Raises:
            ModelError: the file is missing or damaged, or the runtime cannot run it.
        """
        try:
            self._interpreter = interpreter(_content(), runtime, threads)
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"{runtime} cannot run {FILE}: {error}") from error
        details = self._interpreter.get_input_details()
        _, given = only({each["name"]: each for each in details}, "input of the face mesh")
        outputs = self._interpreter.get_output_details()
        _, points = only({each["name"]: each for each in outputs if _is_of_points(each)}, "output of points")
        self._input, self._points = int(given["index"]), int(points["index"])

    def points(self, image: Image, face: Face) -> NDArray[np.float32]:
        """The points of a face, float32 (468, 3): x and y in the picture's pixels, z in the same, away from the camera.

        Args:
            image: RGB uint8 (H, W, 3), the whole of it.
            face: as the detector found it.
        """
        turn = _level(face.landmarks[0], face.landmarks[1])
        for _ in range(_LOOKS):
            points = self._points_on(image, face, turn)
            before, turn = turn, _level(*points[list(TEMPLES)])
            if abs(turn - before) <= _UPRIGHT:
                break
        return points

    def _points_on(self, image: Image, face: Face, turn: float) -> NDArray[np.float32]:
        to_square = _to_square(face, turn)
        square = cv2.warpAffine(image, to_square, (_SIDE, _SIDE), borderMode=cv2.BORDER_REPLICATE)
        self._interpreter.set_tensor(self._input, square[np.newaxis].astype(np.float32) / 255)
        self._interpreter.invoke()
        found = self._interpreter.get_tensor(self._points).reshape(_POINTS, 3)
        back = cv2.invertAffineTransform(to_square)
        flat = found[:, :2] @ back[:, :2].T + back[:, 2]
        return np.column_stack([flat, found[:, 2] * float(np.hypot(*back[:, 0]))]).astype(np.float32)


def _content() -> bytes:
    try:
        content = FILE.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot read {FILE}: {error.strerror}. Install Faceplate again.") from error
    received = hashlib.sha256(content).hexdigest()
    if received != _SHA256:
        raise ModelError(
            f"{FILE} is damaged or was changed: expected SHA-256 {_SHA256}, found {received}. Install Faceplate again."
        )
    return content


def _is_of_points(output: dict[str, Any]) -> bool:
    return int(np.prod(output["shape"])) == 3 * _POINTS


def _level(right: NDArray[np.float32], left: NDArray[np.float32]) -> float:
    """Degrees that the line from one point to the other leans in the picture."""
    return float(np.degrees(np.arctan2(left[1] - right[1], left[0] - right[0])))


def _to_square(face: Face, turn: float) -> NDArray[np.float64]:
    """The map from the picture to a square about the face, turned upright by so many degrees."""
    box = face.box
    middle = (box.x + box.width / 2, box.y + box.height / 2)
    scale = _SIDE / max(_AROUND * max(box.width, box.height), 1.0)
    to_square = np.asarray(cv2.getRotationMatrix2D(middle, turn, scale), np.float64)
    to_square[:, 2] += [_SIDE / 2 - middle[0], _SIDE / 2 - middle[1]]
    return to_square
