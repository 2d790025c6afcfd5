"""YuNet as the OpenCV Zoo publishes it -> the file that every OpenCV from 4.10 on reads."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from faceplate.errors import ModelError
from faceplate_trainer.towers.onnx_file import plain, read_onnx, to_bytes

# What cv2.FaceDetectorYN asks the network for, at each of its three strides.
_OUTPUTS = {f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps") for stride in (8, 16, 32)}


def plain_detector(path: Path) -> bytes:
    """The face detector with float32 weights, as an ONNX file; the same input always gives the same bytes.

    Raises:
        ModelError: the file at `path` is not YuNet, or OpenCV cannot run it.
    """
    model = plain(read_onnx(path))
    outputs = {output.name for output in model.graph.output}
    if outputs != _OUTPUTS:
        raise ModelError(
            f"{path} is not YuNet: expected the outputs {sorted(_OUTPUTS)}, found {sorted(outputs)}. "
            "Name the file face_detection_yunet_2023mar_int8bq.onnx of the OpenCV Zoo."
        )
    content = to_bytes(model)
    try:
        detector = cv2.FaceDetectorYN.create(
            "onnx", np.frombuffer(content, np.uint8), np.empty(0, np.uint8), (320, 320)
        )
        detector.detect(np.zeros((320, 320, 3), np.uint8))
    except cv2.error as error:
        raise ModelError(f"OpenCV {cv2.__version__} cannot run the detector made from {path}: {error}") from error
    return content
