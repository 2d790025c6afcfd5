# ruff: noqa: E402 - what the trainer needs may be absent, and is asked for first
from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytestmark = pytest.mark.trainer

from faceplate.errors import ModelError
from faceplate.model.bundle import Calibration, OperatingPoint, load_bundle
from faceplate.vision.network import SiameseNetwork
from faceplate_trainer.exporting import bundle_folder
from faceplate_trainer.exporting.bundle_folder import BundleParts, write_bundle
from faceplate_trainer.exporting.detector import plain_detector
from faceplate_trainer.exporting.export import network_from
from faceplate_trainer.exporting.network import Network
from faceplate_trainer.exporting.provenance import Source, source_of
from faceplate_trainer.towers.initial_weights import read_initial_weights
from faceplate_trainer.towers.sface import sface_tower
from tiny_networks import pictures, tiny_sface, tiny_yunet

CALIBRATION = Calibration(
    people=860,
    impostor_pairs=12_345_678,
    genuine_pairs=4_321,
    prior=0.5,
    fusion="centroid",
    verification_threshold=0.5,
    table=(OperatingPoint(3, 1e-5, 0.9171, (4e-6, 2.1e-5), 0.0123, (0.0091, 0.0164)),),
)
PICTURES = Source(
    role="calibration pictures",
    file="index.csv",
    sha256="ab" * 32,
    origin="drawn by a random number generator",
    licence="none needed",
    unknown="every age and origin is missing",
)


@dataclass(frozen=True)
class Head:
    weight: float = 5.0
    bias: float = 4.0


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    original, detector = tiny_sface(folder / "sface.onnx"), tiny_yunet(folder / "yunet.onnx", quantised=True)
    weights = read_initial_weights(original)
    crops = pictures(12)
    return BundleParts(
        name="tiny",
        siamese=network_from(sface_tower(weights), Head(), crops),
        detector=plain_detector(detector),
        golden_crop=crops[0],
        input_scale=weights.input_scale,
        input_offset=weights.input_offset,
        calibration=CALIBRATION,
        sources=(source_of("initial weights", original), source_of("face detector", detector), PICTURES),
        metrics={
            "people": 868,
            "anchors": {
                "3": {
                    "impostor_attempts": 1234567,
                    "at_false_accept_rate": {
                        "1e-05": {"score": 0.5, "true_accept_rate": {"value": 0.99, "low": 0.98, "high": 1.0}},
                        "1e-06": {"unsupported": "too few"},
                    },
                }
            },
        },
        made={"seed": 7, "command": "faceplate-train export"},
    )


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_writes_a_bundle_that_the_daemon_runs(parts, tmp_path):
    bundle = write_bundle(tmp_path / "new" / "bundle", parts)

    assert load_bundle(tmp_path / "new" / "bundle") == bundle
    assert bundle.manifest.calibration == CALIBRATION
    assert bundle.manifest.trainer["seed"] == 7
    embedding = SiameseNetwork(bundle).embed(pictures(1)[0])
    np.testing.assert_allclose(embedding, bundle.manifest.golden_embedding, atol=1e-6)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["bundle"]


def test_same_parts_give_same_bytes(parts, tmp_path):
    write_bundle(tmp_path / "one", parts)
    write_bundle(tmp_path / "two", parts)

    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_golden_crop_keeps_its_colours(parts, tmp_path):
    bundle = write_bundle(tmp_path / "bundle", parts)

    np.testing.assert_array_equal(bundle.golden_crop, parts.golden_crop)


def test_manifest_names_every_file_by_its_hash(parts, tmp_path):
    write_bundle(tmp_path / "bundle", parts)

    files = contents(tmp_path / "bundle")
    manifest = json.loads(files.pop("bundle.json"))
    assert manifest["sha256"] == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    assert {source["role"] for source in manifest["provenance"]["sources"]} == {
        "initial weights",
        "face detector",
        "calibration pictures",
    }


def test_model_card_says_what_the_manifest_holds(parts, tmp_path):
    write_bundle(tmp_path / "bundle", parts)

    card = (tmp_path / "bundle" / "MODEL_CARD.md").read_text()

    assert "| 3 | 1e-05 | 0.9171 | 4e-06 .. 2.1e-05 | 1.23% | 0.91% .. 1.64% |" in card
    assert "860 people" in card
    assert "share above 0.5 of them must match" in " ".join(card.split())
    assert "12,345,678 pairs of different people" in card
    assert "People: 868." in card
    assert "| 3 | 1,234,567 | 1e-05 | 0.5000 | 99.00% | 98.00% .. 100.00% |" in card
    assert "| 3 | 1,234,567 | 1e-06 |  | too few comparisons to say |  |" in card
    assert "| seed | 7 |" in card
    assert "No liveness." in card
    for source in parts.sources:
        assert source.sha256 in card
        assert source.origin in card
        assert source.unknown in card
    assert "$" not in card


def test_refuses_a_folder_that_is_there(parts, tmp_path):
    (tmp_path / "bundle").mkdir()

    with pytest.raises(ModelError, match="exists already"):
        write_bundle(tmp_path / "bundle", parts)

    assert contents(tmp_path / "bundle") == {}


def test_overwrites_a_bundle_when_told_to(parts, tmp_path):
    write_bundle(tmp_path / "bundle", parts)

    bundle = write_bundle(tmp_path / "bundle", dataclasses.replace(parts, name="newer"), overwrite=True)

    assert bundle.manifest.name == "newer"
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_never_overwrites_what_is_no_bundle(parts, tmp_path):
    (tmp_path / "photographs").mkdir()
    (tmp_path / "photographs" / "wedding.jpg").write_bytes(b"irreplaceable")

    with pytest.raises(ModelError, match=r"holds no bundle\.json"):
        write_bundle(tmp_path / "photographs", parts, overwrite=True)

    assert contents(tmp_path / "photographs") == {"wedding.jpg": b"irreplaceable"}


def broken_parts(parts):
    draft = Network(parts.siamese)
    return {
        "cannot load": dataclasses.replace(parts, siamese=parts.siamese[:1000]),
        "cannot read the bundle's detector": dataclasses.replace(parts, detector=b"no detector"),
        "expected a golden crop": dataclasses.replace(parts, golden_crop=draft.embed(pictures(1))),
        "at most 14 MB": dataclasses.replace(parts, detector=bytes(bundle_folder.LARGEST)),
    }


@pytest.mark.parametrize("fault", ["cannot load", "cannot read the bundle's detector", "golden crop", "at most 14 MB"])
def test_a_faulty_bundle_leaves_nothing_behind_and_the_old_one_in_place(parts, tmp_path, fault):
    write_bundle(tmp_path / "bundle", parts)
    before = contents(tmp_path / "bundle")
    faulty = next(changed for message, changed in broken_parts(parts).items() if fault in message)

    with pytest.raises(ModelError, match=fault):
        write_bundle(tmp_path / "bundle", faulty, overwrite=True)

    assert contents(tmp_path / "bundle") == before
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_says_when_it_cannot_write(parts, tmp_path):
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(ModelError, match="cannot write the bundle"):
        write_bundle(tmp_path / "file" / "bundle", parts)
