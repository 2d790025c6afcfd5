# ruff: noqa: E402 - what the trainer needs may be absent, and is asked for first
from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytestmark = pytest.mark.trainer

import keras

from faceplate.errors import ModelError
from faceplate.model.bundle import load_bundle
from faceplate.model.calibration import Calibration, OperatingPoint
from faceplate.vision.network import SiameseNetwork
from faceplate_trainer.exporting import bundle_folder
from faceplate_trainer.exporting.bundle_folder import BundleParts, golden_cosine, with_calibration, write_bundle
from faceplate_trainer.exporting.detector import plain_detector
from faceplate_trainer.exporting.network import Network, Scaling
from faceplate_trainer.exporting.provenance import CALIBRATION_PICTURES, Source, source_of
from faceplate_trainer.exporting.siamese import network_from
from faceplate_trainer.measuring.head import uniform_head
from faceplate_trainer.towers.initial_weights import read_initial_weights
from faceplate_trainer.towers.sface import embed, sface_tower
from full_disk import files_limited_to
from smooth_pictures import pictures
from tiny_networks import EMBEDDING, tiny_sface, tiny_yunet

CALIBRATION = Calibration(
    people=860,
    impostor_pairs=12_345_678,
    genuine_pairs=4_321,
    people_support=8.1e-6,
    prior=0.5,
    fusion="centroid",
    verification_threshold=0.5,
    table=(
        OperatingPoint(
            anchors=3,
            false_accept_rate=1e-5,
            score=0.9171,
            false_accept_bounds=(4e-6, 2.1e-5),
            false_reject_rate=0.0123,
            false_reject_bounds=(0.0091, 0.0164),
            visitors=120,
            impostor_visits=4567,
            genuine_visits=89,
            visit_false_accept_rate=None,
            visit_false_accept_bounds=None,
            visit_false_reject_rate=0.0225,
            visit_false_reject_bounds=(0.001, 0.056),
        ),
    ),
)
HEAD = uniform_head(5.0, 4.0, size=EMBEDDING, prior=0.5)
PICTURES = Source(
    role=CALIBRATION_PICTURES,
    file="index.csv",
    sha256="ab" * 32,
    origin="drawn by a random number generator",
    licence="none needed",
    unknown="every age and origin is missing",
)


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    original, detector = tiny_sface(folder / "sface.onnx"), tiny_yunet(folder / "yunet.onnx", quantised=True)
    weights = read_initial_weights(original)
    crops = pictures(12)
    return BundleParts(
        name="tiny",
        siamese=network_from(sface_tower(weights), HEAD, "dynamic-int8", crops),
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
        made={
            "seed": 7,
            "command": "faceplate-train export",
            "form": "dynamic-int8",
            "checks": {"mean_cosine": 0.99912},
        },
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


def test_a_network_of_integers_only_runs_in_the_daemon_too(parts, tmp_path):
    keras.utils.set_random_seed(3)
    inputs = keras.Input((112, 112, 3))
    features = keras.layers.Rescaling(1 / 255)(inputs)
    features = keras.layers.Conv2D(8, 7, 7, activation="relu")(features)
    tower = keras.Model(inputs, keras.layers.Dense(EMBEDDING)(keras.layers.Flatten()(features)), name="tower")
    siamese = network_from(tower, HEAD, "full-int8", pictures(40))

    bundle = write_bundle(
        tmp_path / "bundle", dataclasses.replace(parts, siamese=siamese, input_scale=1 / 255, input_offset=0.0)
    )

    received = np.array([SiameseNetwork(bundle).embed(crop) for crop in pictures(4)])
    np.testing.assert_allclose(received, Network(siamese, Scaling(1 / 255, 0.0)).embed(pictures(4)), atol=1e-6)
    assert (received * embed(tower, pictures(4))).sum(axis=1).mean() > 0.98


def test_a_network_that_rounding_turns_far_may_be_further_off_at_another_door(parts, tmp_path):
    assert golden_cosine(0.9991) == bundle_folder.GOLDEN_COSINE
    assert golden_cosine(0.983) == pytest.approx(0.932)

    bundle = write_bundle(tmp_path / "bundle", dataclasses.replace(parts, golden_cosine=golden_cosine(0.983)))

    assert bundle.manifest.golden_cosine == pytest.approx(0.932)


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
    assert "| 3 | 0.9171 | 4,567 | too few visits to say | 89 | 2.25% (0.10% .. 5.60%) |" in card
    assert "860 people" in card
    assert "Rates below 8.1e-06 rest on several pictures" in card
    assert "| form | dynamic-int8 |" in card
    assert "| mean cosine | 0.99912 |" in card
    assert "share above 0.5 of them must match" in " ".join(card.split())
    assert "12,345,678 pairs of different people" in card
    assert "People: 868." in card
    assert "| 3 | 1,234,567 | 1e-05 | 0.5 | 99.00% | 98.00% .. 100.00% |" in card
    assert "| 3 | 1,234,567 | 1e-06 |  | too few comparisons to say |  |" in card
    assert "| seed | 7 |" in card
    assert "None. The network tells who a picture shows, not whether it is a person" in card
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


def test_a_larger_bundle_is_written_when_more_is_allowed(parts, tmp_path):
    size = sum(map(len, contents(write_bundle(tmp_path / "bundle", parts).folder).values()))

    assert write_bundle(tmp_path / "fits", parts, largest=size).manifest.name == "tiny"
    with pytest.raises(ModelError, match=r"at most .* MB, received .*--largest"):
        write_bundle(tmp_path / "too large", parts, largest=size - 1)
    assert not (tmp_path / "too large").exists()


def test_a_full_disk_leaves_the_old_bundle(parts, tmp_path):
    write_bundle(tmp_path / "bundle", parts)
    before = contents(tmp_path / "bundle")

    with (
        pytest.raises(ModelError, match=r"cannot write the bundle .*File too large.* still there"),
        files_limited_to(20_000),
    ):
        write_bundle(tmp_path / "bundle", dataclasses.replace(parts, name="newer"), overwrite=True)

    assert contents(tmp_path / "bundle") == before
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_ctrl_c_between_the_renames_leaves_the_old_bundle(parts, tmp_path, monkeypatch):
    write_bundle(tmp_path / "bundle", parts)
    before = contents(tmp_path / "bundle")
    rename = Path.rename

    def interrupted(self, target):  # nothing else comes between two system calls on demand
        if self.suffix == ".unfinished":
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_bundle(tmp_path / "bundle", dataclasses.replace(parts, name="newer"), overwrite=True)

    assert contents(tmp_path / "bundle") == before
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


NEW_PICTURES = dataclasses.replace(PICTURES, file="crops.csv", sha256="cd" * 32, origin="drawn anew")


def test_a_new_calibration_changes_the_table_and_what_is_said_of_it(parts, tmp_path):
    bundle = write_bundle(tmp_path / "bundle", parts)
    before = contents(tmp_path / "bundle")

    again = with_calibration(bundle, dataclasses.replace(CALIBRATION, people=123), NEW_PICTURES, seed=9)

    assert again == load_bundle(tmp_path / "bundle")
    assert again.manifest.calibration.people == 123
    assert again.manifest.trainer["calibration"]["seed"] == 9
    assert again.manifest.trainer["seed"] == 7
    roles = [source["role"] for source in again.manifest.provenance["sources"]]
    assert roles == ["initial weights", "face detector", CALIBRATION_PICTURES]
    assert again.manifest.provenance["sources"][-1]["origin"] == "drawn anew"
    card = (tmp_path / "bundle" / "MODEL_CARD.md").read_text()
    assert "123 people" in card
    assert NEW_PICTURES.sha256 in card
    assert PICTURES.sha256 not in card
    changed = {name for name, content in contents(tmp_path / "bundle").items() if content != before[name]}
    assert changed == {"bundle.json", "MODEL_CARD.md"}
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_a_calibration_the_daemon_would_refuse_leaves_the_old_one(parts, tmp_path):
    bundle = write_bundle(tmp_path / "bundle", parts)
    before = contents(tmp_path / "bundle")

    with pytest.raises(ModelError, match="calibration table"):
        with_calibration(bundle, dataclasses.replace(CALIBRATION, table=()), NEW_PICTURES, seed=9)

    assert contents(tmp_path / "bundle") == before
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]
