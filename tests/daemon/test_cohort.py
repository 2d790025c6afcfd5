"""Strangers that come with a bundle: whose they are, and what is refused."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from faceplate.config import VisionConfig
from faceplate.errors import ModelError
from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate.model.cohort import EMBEDDINGS, FACTS, load_cohort, packed
from faceplate.model.metrics import RULE_OF_THREE
from faceplate.pictures import read_picture
from faceplate.vision.detector import FaceDetector
from faceplate.vision.eyes import Eyes
from faceplate.vision.network import SiameseNetwork

BUNDLE = load_bundle(DEFAULT_BUNDLE)
SHARES = "head=.14,validation=.04,calibration=.42,report=.4"
"""What the shipped bundle was made with, see docs/training.md"""


@pytest.fixture
def bundle(tmp_path):
    return load_bundle(shutil.copytree(DEFAULT_BUNDLE, tmp_path / "bundle"))


def change(changed, /, **facts):
    file = changed.folder / FACTS
    file.write_text(json.dumps(json.loads(file.read_text()) | facts))


def replace(bundle, content):
    (bundle.folder / EMBEDDINGS).write_bytes(content)
    change(bundle, sha256=hashlib.sha256(content).hexdigest())


def test_the_shipped_bundle_has_one_of_its_own_network_and_dataset():
    cohort = load_cohort(BUNDLE)
    assert cohort.facts.dataset == BUNDLE.manifest.trainer["dataset"]
    assert cohort.embeddings.shape == (cohort.facts.people, BUNDLE.manifest.embedding_size)
    assert cohort.facts.people > 1000
    assert np.linalg.norm(cohort.embeddings, axis=1) == pytest.approx(1)
    assert {"report", "train"}.isdisjoint(cohort.facts.uses)
    assert cohort.facts.source
    assert cohort.facts.licence
    assert cohort.facts.command.startswith("faceplate-train cohort ")
    assert sum((DEFAULT_BUNDLE / name).stat().st_size for name in (EMBEDDINGS, FACTS)) < 300_000


def test_the_page_says_how_many_there_are():
    page = (Path(__file__).parents[2] / "docs" / "gallery.md").read_text(encoding="utf-8")
    people = load_cohort(BUNDLE).facts.people
    assert f"nearest of {people:,} strangers" in page
    assert f"fewer than {RULE_OF_THREE / people:.1%}".replace("%", " %") in page


def test_no_two_strangers_are_one():
    embeddings = load_cohort(BUNDLE).embeddings
    likeness = embeddings @ embeddings.T - np.eye(len(embeddings))
    assert likeness.max() < 0.999


@pytest.mark.parametrize("name", [EMBEDDINGS, FACTS])
def test_a_bundle_without_one_says_so(bundle, name):
    (bundle.folder / name).unlink()
    with pytest.raises(ModelError, match=r"brings no cohort of strangers .*`faceplate-train cohort` makes one"):
        load_cohort(bundle)


def test_that_of_another_network_is_refused(bundle):
    change(bundle, bundle="0" * 64)
    with pytest.raises(ModelError, match=f"is of network 000000000000, expected {bundle.id[:12]}"):
        load_cohort(bundle)


def test_damage_is_found(bundle):
    file = bundle.folder / EMBEDDINGS
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(ModelError, match=r"cohort\.npy is damaged: expected SHA-256"):
        load_cohort(bundle)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"bundle": 3}', "[" * 100_000])
def test_facts_that_are_none_are_refused(bundle, text):
    (bundle.folder / FACTS).write_text(text)
    with pytest.raises(ModelError, match="is not what it should be"):
        load_cohort(bundle)


def pickled():
    file = io.BytesIO()
    np.save(file, np.array([{"code": 1}], dtype=object), allow_pickle=True)
    return file.getvalue()


@pytest.mark.parametrize("content", [b"", b"nonsense", pickled()], ids=["empty", "nonsense", "pickle"])
def test_what_holds_no_embeddings_is_refused(bundle, content):
    replace(bundle, content)
    with pytest.raises(ModelError, match="holds no embeddings"):
        load_cohort(bundle)


@pytest.mark.parametrize(
    "embeddings",
    [np.ones((3, 128)), np.ones((1033, 64)), np.full((1033, 128), np.nan)],
    ids=["few", "short", "no number"],
)
def test_embeddings_of_another_shape_are_refused(bundle, embeddings):
    replace(bundle, packed(embeddings))
    with pytest.raises(ModelError, match=r"expected finite float16 \(1033, 128\), found float16"):
        load_cohort(bundle)


def test_half_precision_changes_no_likeness_that_matters():
    draw = np.random.default_rng(1)
    units = draw.normal(size=(100, 128)).astype(np.float32)
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    again = np.load(io.BytesIO(packed(units))).astype(np.float32)
    assert np.abs(again @ units.T - units @ units.T).max() < 1e-3


@pytest.mark.research_data
def test_the_people_in_it_are_those_the_split_says_and_nobody_who_is_reported_on(research_data, runtime):
    from faceplate_trainer.data.labelled import main_look  # noqa: PLC0415 - for this test only
    from faceplate_trainer.data.splits import shares_from, split_people  # noqa: PLC0415

    folder = research_data / "lfw_dev"
    with (folder / "index.csv").open(newline="", encoding="utf-8") as lines:
        first: dict[str, str] = {}
        for row in csv.DictReader(lines):
            first.setdefault(row["person"], row["file"])
    uses = split_people(first, shares_from(SHARES))
    network, vision = SiameseNetwork(BUNDLE, runtime=runtime), VisionConfig()
    detector = FaceDetector(BUNDLE.detector, face_threshold=vision.face_threshold, min_face=vision.min_face)
    eyes = Eyes(detector, network.embed)
    cohort = load_cohort(BUNDLE).embeddings

    def nearest(person):
        image = read_picture(folder / first[person])
        look = main_look(eyes.look(image), image)
        return float((cohort @ look.embedding).max())

    people = sorted(first)[:60]
    reported = [nearest(person) for person in people if uses[person] == "report"]
    others = [nearest(person) for person in people if uses[person] != "report"]
    assert len(reported) > 10
    assert max(reported) < 0.9
    assert min(others) > 0.95
