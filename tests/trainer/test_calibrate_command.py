from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from faceplate.model.bundle import DEFAULT_BUNDLE, MANIFEST, Bundle, load_bundle
from faceplate_trainer.__main__ import main
from faceplate_trainer.data.prepared import read_prepared
from prepared_noise import noise_dataset

pytestmark = pytest.mark.trainer


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return noise_dataset(tmp_path_factory.mktemp("noise"), {"calibration": 20, "report": 2}, pictures=4)


@pytest.fixture
def bundle(tmp_path: Path, dataset: Path) -> Path:
    """A copy of the default bundle that says it was made from the dataset."""
    folder = shutil.copytree(DEFAULT_BUNDLE, tmp_path / "bundle")
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["trainer"]["dataset"] = read_prepared(dataset).id
    (folder / MANIFEST).write_text(json.dumps(manifest))
    return folder


def kept(bundle: Bundle) -> tuple[object, ...]:
    """What a calibration must not touch."""
    manifest = bundle.manifest
    return bundle.siamese, bundle.detector, manifest.golden_embedding, manifest.metrics


def test_a_bundle_gets_another_table_and_stays_otherwise_the_same(bundle: Path, dataset: Path, capsys) -> None:
    before = load_bundle(bundle)
    assert main(["calibrate", str(bundle), "--data", str(dataset), "--rates", "0.1", "0.01", "--seed", "3"]) == 0
    after = load_bundle(bundle)
    assert kept(after) == kept(before)
    assert after.manifest.calibration.people == 20
    assert {row.false_accept_rate for row in after.manifest.calibration.table} == {0.1, 0.01}
    assert after.manifest.calibration.prior == before.manifest.calibration.prior
    assert after.manifest.trainer["calibration"]["seed"] == 3
    sources = {source["role"]: source["sha256"] for source in after.manifest.provenance["sources"]}
    assert sources["calibration pictures"] == read_prepared(dataset).id
    assert "0.01" in (bundle / "MODEL_CARD.md").read_text()
    told = capsys.readouterr().out
    assert "too few visits" in told
    assert "20 people; each two counted once, they show rates down to 1.6e-02" in told


def test_people_of_another_dataset_are_taken_only_on_somebodys_word(bundle: Path, tmp_path: Path, capsys) -> None:
    other = str(noise_dataset(tmp_path, {"calibration": 15}, pictures=2))
    before = (bundle / MANIFEST).read_bytes()
    assert main(["calibrate", str(bundle), "--data", other]) == 1
    assert "may be among those the network was trained on" in capsys.readouterr().err
    assert (bundle / MANIFEST).read_bytes() == before
    assert main(["calibrate", str(bundle), "--data", other, "--new-people", "--rates", "0.1"]) == 0
    assert load_bundle(bundle).manifest.calibration.people == 15


def test_a_rate_that_cannot_be_shown_is_refused_and_changes_nothing(bundle: Path, dataset: Path, capsys) -> None:
    before = (bundle / MANIFEST).read_bytes()
    assert main(["calibrate", str(bundle), "--data", str(dataset), "--rates", "1e-7"]) == 1
    assert "ask for" in capsys.readouterr().err
    assert (bundle / MANIFEST).read_bytes() == before


@pytest.mark.parametrize("rate", ["0", "1", "-1", "nan", "much"])
def test_what_is_no_rate_is_a_wrong_command_line(bundle: Path, dataset: Path, rate: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["calibrate", str(bundle), "--data", str(dataset), f"--rates={rate}"])
    assert stopped.value.code == 2


def test_a_dataset_without_people_to_calibrate_on_is_refused(bundle: Path, tmp_path: Path, capsys) -> None:
    other = str(noise_dataset(tmp_path, {"train": 3}, pictures=2))
    assert main(["calibrate", str(bundle), "--data", other, "--new-people"]) == 1
    assert "expected people to use for 'calibration'" in capsys.readouterr().err
