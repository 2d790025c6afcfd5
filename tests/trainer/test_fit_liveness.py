# ruff: noqa: E402 - what the trainer needs may be absent, and is asked for first
"""From folders of pictures to a network in a bundle, by the commands."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytestmark = pytest.mark.trainer

from faceplate.commands.demo import FOOTAGE
from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate.types import Box
from faceplate.vision.liveness.network import passive_network
from faceplate_trainer.__main__ import main
from faceplate_trainer.data.scored import SCORES
from faceplate_trainer.liveness.changes import moved, recaptured
from faceplate_trainer.liveness.recipe import ChangesRecipe, LivenessRecipe, load_liveness_recipe
from faceplate_trainer.liveness.run import read_run

FEW = ["--set", "changes.moved=1", "--set", "changes.recaptured=0"]


def faded(frame: np.ndarray) -> np.ndarray:
    """Something other than the living: a poor print, simulated."""
    grey = cv2.GaussianBlur(frame, (0, 0), 2).astype(np.float32)
    return np.clip(60 + 0.6 * (grey.mean(axis=2, keepdims=True) * 0.5 + grey * 0.5), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three who count as subjects, of one woman: as she is, brighter, and mirrored; four pictures of each kind."""
    folder = tmp_path_factory.mktemp("pictures")
    clip = cv2.VideoCapture(str(FOOTAGE / "woman.mp4"))
    frames = [clip.read()[1] for _ in range(20)][8::3]
    looks = {"a": lambda x: x, "b": lambda x: cv2.convertScaleAbs(x, alpha=1.2), "c": lambda x: x[:, ::-1]}
    for subject, look in looks.items():
        for number, frame in enumerate(frames):
            for kind, picture in (("live", look(frame)), ("print", faded(look(frame)))):
                (folder / kind / subject).mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(folder / kind / subject / f"{number}.png"), picture)
    return folder


def fit(pictures: Path, out: Path, *more: str) -> int:
    kinds = ["--live", str(pictures / "live"), "--spoof", f"print={pictures / 'print'}"]
    return main(["fit-liveness", *kinds, *FEW, "--out", str(out), *more])


@pytest.fixture(scope="module")
def run(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    assert fit(pictures, out, "--others", str(pictures / "live"), "--origin", "drawn by a test") == 0
    return out


def test_a_run_holds_a_network_for_each_subject_who_was_left_out(run: Path) -> None:
    found = read_run(run)
    assert [each.subject for each in found.left_out] == ["a", "b", "c"]
    assert all((run / each.file).stat().st_size > 1000 for each in found.left_out)
    assert (found.model.measured.live, found.model.measured.spoofs) == (12, 12)
    assert found.model.deny_below <= found.model.confirm_above
    assert found.model.made["recipe"]["changes"]["recaptured"] == 0
    assert [(each.count, each.origin) for each in found.pictures] == [
        (24, "drawn by a test"),
        (12, "not said by whoever made this bundle"),
    ]
    assert len((run / SCORES).read_text().splitlines()) == 25


def test_the_network_goes_into_a_bundle_and_nothing_else_changes(run: Path, tmp_path: Path, capsys) -> None:
    before = load_bundle(DEFAULT_BUNDLE)
    folder = shutil.copytree(DEFAULT_BUNDLE, tmp_path / "bundle")
    assert main(["add-liveness", str(folder), "--run", str(run)]) == 0
    after = load_bundle(folder)
    assert (after.id, after.manifest.calibration) == (before.id, before.manifest.calibration)
    assert after.liveness == (run / "liveness.tflite").read_bytes() != before.liveness
    assert passive_network(after).model.measured.subjects == 3
    assert (folder / "cohort.npy").read_bytes() == (DEFAULT_BUNDLE / "cohort.npy").read_bytes()
    card = (folder / "MODEL_CARD.md").read_text()
    assert "Measured on single pictures of 3 subjects (12 of the living, 12 of spoofs)" in card
    assert "drawn by a test" in card
    assert "NUAA" not in card
    assert "id is still" in capsys.readouterr().out


def test_subjects_are_judged_by_networks_that_never_saw_them(run: Path, pictures: Path, tmp_path: Path) -> None:
    rows = [
        f"{file.relative_to(pictures)},{kind},{file.parent.name}"
        for kind in ("live", "print")
        for file in sorted((pictures / kind).rglob("*.png"))
    ]
    (tmp_path / "index.csv").write_text("\n".join(["file,label,subject", *rows]) + "\n")
    out = tmp_path / "out.json"
    words = ["--index", str(tmp_path / "index.csv"), "--images", str(pictures), "--leave-subjects-out", str(run)]
    assert main(["evaluate-liveness", *words, "--json", str(out)]) == 0
    result = json.loads(out.read_text())
    assert result["liveness"] == "By networks that never saw the subject they judge (run)."
    # By the same networks and thresholds that the fit measured with; nobody has pictures enough to be enrolled.
    apcer = read_run(run).model.measured.apcer["print"].value
    assert result["species"]["print"]["apcer"]["value"] == pytest.approx(apcer)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "give --index with --images, or --live DIR with --spoof KIND=DIR"),
        (["--live", "{}/live", "--spoof", "{}/print"], "expected KIND=DIR such as print=prints"),
        (["--live", "{}/live", "--spoof", "print={}/none"], "expected a folder of pictures, found none"),
        (["--live", "{}/live/a", "--spoof", "print={}/print"], "expected a folder for each subject"),
    ],
)
def test_what_is_given_wrongly_is_said(words, complaint, pictures: Path, tmp_path: Path, capsys) -> None:
    given = [word.format(pictures) for word in words]
    assert main(["fit-liveness", *given, "--out", str(tmp_path / "run")]) == 1
    assert complaint in capsys.readouterr().err


def test_a_folder_in_use_and_a_folder_that_is_no_run_are_refused(run: Path, pictures: Path, tmp_path: Path, capsys):
    assert fit(pictures, run) == 1
    assert "is in use already" in capsys.readouterr().err
    folder = shutil.copytree(DEFAULT_BUNDLE, tmp_path / "bundle")
    assert main(["add-liveness", str(folder), "--run", str(pictures)]) == 1
    assert "is not the folder of a liveness fit" in capsys.readouterr().err


def test_the_shipped_recipe_shows_every_default() -> None:
    assert load_liveness_recipe("passive") == LivenessRecipe()


def test_changes_are_the_same_for_the_same_draw_and_keep_the_picture_in_range() -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype(np.uint8)
    changes = ChangesRecipe()
    for seed in range(8):
        first, again = (recaptured(image, changes, np.random.default_rng(seed)) for _ in range(2))
        assert (first == again).all()
        assert (first.shape, first.dtype) == (image.shape, np.uint8)
        box = moved(Box(10, 10, 20, 30), changes, np.random.default_rng(seed))
        assert 20 * 0.9 <= box.width <= 20 * 1.11
        assert abs(box.x + box.width / 2 - 20) <= 0.05 * 30
