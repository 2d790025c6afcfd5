"""`faceplate-train cohort`: one of each person who is neither reported on nor trained on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from faceplate.model.bundle import DEFAULT_BUNDLE, MANIFEST, load_bundle
from faceplate.model.cohort import EMBEDDINGS, FACTS, load_cohort
from faceplate.vision.network import SiameseNetwork
from faceplate_trainer.__main__ import main
from faceplate_trainer.commands.cohort import one_of_each
from faceplate_trainer.data.prepared import read_prepared
from prepared_noise import noise_dataset

pytestmark = pytest.mark.trainer

WORDS = ["--source", "made-up faces", "--licence", "anybody's"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    uses = {"train": 2, "validation": 1, "head": 2, "calibration": 3, "report": 2}
    return noise_dataset(tmp_path_factory.mktemp("noise"), uses, pictures=2)


@pytest.fixture
def bundle(tmp_path: Path, dataset: Path) -> Path:
    """A copy of the default bundle that says it was made from the dataset."""
    folder = shutil.copytree(DEFAULT_BUNDLE, tmp_path / "bundle")
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["trainer"]["dataset"] = read_prepared(dataset).id
    (folder / MANIFEST).write_text(json.dumps(manifest))
    return folder


def test_it_takes_one_of_each_and_nobody_reported_or_trained_on(dataset: Path) -> None:
    crops = one_of_each(read_prepared(dataset))
    assert sorted(crop.person for crop in crops) == [
        "calibration 0", "calibration 1", "calibration 2", "head 0", "head 1", "validation 0",
    ]  # fmt: skip


def test_it_is_written_beside_the_bundle_and_read_by_the_daemon(bundle: Path, dataset: Path, capsys) -> None:
    assert main(["cohort", str(bundle), "--data", str(dataset), *WORDS]) == 0
    assert "6 people used for validation, head, calibration" in capsys.readouterr().out
    loaded = load_bundle(bundle)
    cohort = load_cohort(loaded)
    prepared = read_prepared(dataset)
    embed = SiameseNetwork(loaded).embed
    expected = np.array([embed(prepared.pixels(crop)) for crop in one_of_each(prepared)])
    np.testing.assert_allclose(cohort.embeddings, expected, atol=1e-3)
    assert (cohort.facts.source, cohort.facts.licence) == ("made-up faces", "anybody's")
    assert cohort.facts.dataset == prepared.id
    assert cohort.facts.uses == ("validation", "head", "calibration")


def test_it_is_the_same_each_time(bundle: Path, dataset: Path) -> None:
    contents = []
    for _ in range(2):
        assert main(["cohort", str(bundle), "--data", str(dataset), *WORDS]) == 0
        contents.append([(bundle / name).read_bytes() for name in (EMBEDDINGS, FACTS)])
    assert contents[0] == contents[1]


def test_another_dataset_is_refused_and_changes_nothing(bundle: Path, tmp_path: Path, capsys) -> None:
    other = noise_dataset(tmp_path, {"calibration": 4}, pictures=1)
    before = (bundle / FACTS).read_bytes()
    assert main(["cohort", str(bundle), "--data", str(other), *WORDS]) == 1
    assert "people whom the bundle's figures are reported on might be in the cohort" in capsys.readouterr().err
    assert (bundle / FACTS).read_bytes() == before


def test_a_dataset_without_such_people_is_refused(bundle: Path, tmp_path: Path, capsys) -> None:
    other = noise_dataset(tmp_path, {"report": 2, "train": 1}, pictures=1)
    manifest = json.loads((bundle / MANIFEST).read_text())
    manifest["trainer"]["dataset"] = read_prepared(other).id
    (bundle / MANIFEST).write_text(json.dumps(manifest))
    assert main(["cohort", str(bundle), "--data", str(other), *WORDS]) == 1
    assert "expected people used for validation, head, calibration" in capsys.readouterr().err
