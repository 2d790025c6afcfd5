from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from faceplate.commands.demo import FOOTAGE
from faceplate.model.bundle import DEFAULT_BUNDLE, MANIFEST
from faceplate_trainer.__main__ import main


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """The woman live in six frames; on a screen, dimmed, in two; a wall in place of a print."""
    clip = cv2.VideoCapture(str(FOOTAGE / "woman.mp4"))
    frames = [clip.read()[1] for _ in range(22)]
    for number, frame in enumerate(frames[10:20:2] + frames[20:21]):
        cv2.imwrite(str(tmp_path / f"live-{number}.png"), frame)
    for number, frame in enumerate((frames[13], frames[17])):
        cv2.imwrite(str(tmp_path / f"screen-{number}.png"), (frame * 0.8).astype(np.uint8))
    cv2.imwrite(str(tmp_path / "print-0.png"), frames[0][:80, :80])
    return tmp_path


LIVE = [f"live-{number}.png,live,woman,1" for number in range(6)]
SPOOF = ["print-0.png,print,woman,2", "screen-0.png,screen,woman,2", "screen-1.png,screen,woman,2"]


def judged(rows: list[str], pictures: Path, *more: str, columns: str = "file,label,subject,session") -> dict:
    (pictures / "index.csv").write_text("\n".join([columns, *rows]) + "\n")
    out = pictures / "out.json"
    words = ["--index", str(pictures / "index.csv"), "--images", str(pictures), "--json", str(out), *more]
    assert main(["evaluate-liveness", *words]) == 0
    return json.loads(out.read_text())


@pytest.fixture
def without_network(tmp_path: Path) -> Path:
    """The default bundle as it would be without a liveness network."""
    folder = shutil.copytree(DEFAULT_BUNDLE, tmp_path / "bundle")
    tree = {key: value for key, value in json.loads((folder / MANIFEST).read_text()).items() if key != "liveness"}
    (folder / MANIFEST).write_text(json.dumps(tree))
    return folder


def test_a_face_on_a_screen_counts_as_live_and_a_wall_does_not(pictures: Path, capsys) -> None:
    result = judged([*LIVE, *SPOOF], pictures)
    assert result["liveness"] == "By the bundle's network."
    assert list(result["species"]) == ["screen", "print"]
    assert result["apcer_worst"] == result["species"]["screen"]["apcer"]["value"] == 1
    assert result["species"]["print"]["apcer"]["value"] == 0
    assert result["species"]["screen"]["iapar"]["value"] == 1
    assert result["species"]["print"]["iapar"]["value"] == 0
    # Five of the six live pictures enrol her.
    assert (result["subjects_enrolled"], result["bona_fide"]["presentations"]) == (1, 1)
    assert (result["bona_fide"]["bpcer"]["value"], result["bona_fide"]["verified"]["value"]) == (0, 1)
    assert "apcer_worst: 1" in capsys.readouterr().out


def test_the_earliest_session_enrols_whatever_the_order_of_the_rows(pictures: Path) -> None:
    later = [row.replace("woman,1", "woman,3") for row in LIVE[:1]]
    result = judged([*SPOOF, *later, *LIVE[1:]], pictures)
    assert result["subjects_enrolled"] == 1
    assert result["species"]["screen"]["iapar"]["value"] == 1


def test_with_too_few_live_pictures_nobody_is_enrolled_and_nothing_is_said_of_verification(pictures: Path) -> None:
    result = judged([*LIVE[:4], *SPOOF], pictures)
    assert result["subjects_enrolled"] == 0
    assert result["species"]["screen"]["iapar"] is None
    assert result["species"]["screen"]["apcer"]["value"] == 1


@pytest.mark.parametrize("rows", [LIVE, SPOOF])
def test_pictures_of_one_kind_only_are_refused(rows: list[str], pictures: Path, capsys) -> None:
    (pictures / "index.csv").write_text("\n".join(["file,label,subject,session", *rows]) + "\n")
    words = ["--index", str(pictures / "index.csv"), "--images", str(pictures)]
    assert main(["evaluate-liveness", *words]) == 1
    assert "found only one kind" in capsys.readouterr().err


def test_a_bundle_without_a_network_counts_every_face_as_live(pictures: Path, without_network: Path) -> None:
    result = judged([*LIVE, *SPOOF], pictures, "--bundle", str(without_network))
    assert result["liveness"] == "none: every picture with a face counts as live."
    assert result["species"]["screen"]["iapar"] == result["species"]["screen"]["iapar_liveness_off"]


def test_who_is_unsure_or_denied_does_not_count_as_live(pictures: Path) -> None:
    """A black-and-white screen is nothing to be sure of, and does not open."""
    grey = cv2.imread(str(pictures / "screen-0.png"), cv2.IMREAD_GRAYSCALE)
    cv2.imwrite(str(pictures / "grey-0.png"), grey)
    result = judged([*LIVE, "grey-0.png,grey,woman,2"], pictures)
    found = result["species"]["grey"]
    assert (found["apcer"]["value"], found["denied"]["value"], found["iapar"]["value"]) == (0, 0, 0)
    assert found["iapar_liveness_off"]["value"] == 1
    assert found["worst_subject"] == {"subject": "woman", "value": 0}


def test_rows_of_one_sequence_are_one_presentation(pictures: Path) -> None:
    sequence = [row.replace("screen,woman,2", "screen,woman,2,s") for row in SPOOF[1:]]
    alone = [f"{row}," for row in [*LIVE, SPOOF[0]]]
    result = judged([*alone, *sequence], pictures, "--mode", "passive", columns="file,label,subject,session,sequence")
    # Two frames are too few for the door to be sure of anybody.
    assert (result["species"]["screen"]["presentations"], result["species"]["screen"]["apcer"]["value"]) == (1, 0)


def test_frames_of_a_sequence_show_one_presentation(pictures: Path, capsys) -> None:
    rows = [f"{LIVE[0]},s", f"{SPOOF[0]},s"]
    (pictures / "index.csv").write_text("\n".join(["file,label,subject,session,sequence", *rows]) + "\n")
    assert main(["evaluate-liveness", "--index", str(pictures / "index.csv"), "--images", str(pictures)]) == 1
    assert "sequence 's' has rows of different labels or subjects" in capsys.readouterr().err


@pytest.mark.trainer
def test_the_page_shows_what_was_missed(pictures: Path) -> None:
    page = pictures / "page.html"
    judged([*LIVE, *SPOOF], pictures, "--report", str(page))
    text = page.read_text()
    assert "Spoofs that count as live: 2" in text
    assert text.count("data:image/jpeg;base64,") == 2
    assert "screen of woman: live" in text


@pytest.mark.research_data
@pytest.mark.parametrize("subject", ["0001", "0004"])
def test_prints_of_real_people_whom_the_network_knows_do_not_open(
    research_data: Path, tmp_path: Path, runtime: str, subject: str
) -> None:
    """The way from pictures to figures; what holds for subjects it does not know, `--leave-subjects-out` tells."""
    if runtime != "litert":
        pytest.skip("hundreds of embeddings")
    rows = (research_data / "nuaa_dev" / "index.csv").read_text().splitlines()
    few = [rows[0], *[row for row in rows if f"/{subject}/" in row][::4]]
    (tmp_path / "index.csv").write_text("\n".join(few) + "\n")
    out = tmp_path / "out.json"
    words = ["--index", str(tmp_path / "index.csv"), "--images", str(research_data / "nuaa_dev"), "--json", str(out)]
    assert main(["evaluate-liveness", *words]) == 0
    result = json.loads(out.read_text())
    assert result["species"]["spoof"]["iapar"]["value"] <= 0.07
    assert result["species"]["spoof"]["iapar_liveness_off"]["value"] > 0.5
    assert result["bona_fide"]["bpcer"]["value"] <= 0.1


@pytest.mark.research_data
@pytest.mark.trainer
@pytest.mark.once
def test_prints_of_subjects_left_out_do_not_open(research_data: Path, tmp_path: Path, runtime: str) -> None:
    """The bar: at most 7 % of the prints of subjects it never saw, at most 5 % of the living refused. Of every other
    picture, for time: docs/liveness.md has all of them."""
    pytest.importorskip("tensorflow")
    if runtime != "litert":
        pytest.skip("the trainer has one runtime")
    folder, run, out = research_data / "nuaa_dev", tmp_path / "run", tmp_path / "out.json"
    first, *rows = (folder / "index.csv").read_text().splitlines()
    (tmp_path / "index.csv").write_text("\n".join([first, *rows[::2]]) + "\n")
    table = ["--index", str(tmp_path / "index.csv"), "--images", str(folder)]
    assert main(["fit-liveness", *table, "--out", str(run)]) == 0
    assert main(["evaluate-liveness", *table, "--leave-subjects-out", str(run), "--json", str(out)]) == 0
    result = json.loads(out.read_text())
    assert result["species"]["spoof"]["iapar"]["high"] <= 0.07
    assert result["species"]["spoof"]["iapar_liveness_off"]["value"] > 0.9
    assert result["bona_fide"]["bpcer"]["high"] <= 0.05
    assert result["species"]["spoof"]["worst_subject"]["value"] <= 0.07
