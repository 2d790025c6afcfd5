from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from faceplate.commands.demo import FOOTAGE
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


def judged(rows: list[str], pictures: Path) -> dict:
    (pictures / "index.csv").write_text("\n".join(["file,label,subject,session", *rows]) + "\n")
    out = pictures / "out.json"
    words = ["--index", str(pictures / "index.csv"), "--images", str(pictures), "--json", str(out)]
    assert main(["evaluate-liveness", *words]) == 0
    return json.loads(out.read_text())


def test_a_face_on_a_screen_counts_as_live_and_a_wall_does_not(pictures: Path, capsys) -> None:
    result = judged([*LIVE, *SPOOF], pictures)
    assert "every picture with a face counts as live" in result["liveness"]
    assert list(result["species"]) == ["screen", "print"]
    assert result["apcer_worst"] == result["species"]["screen"]["apcer"]["value"] == 1
    assert result["species"]["print"]["apcer"]["value"] == 0
    assert result["species"]["screen"]["iapar"]["value"] == 1
    assert result["species"]["print"]["iapar"]["value"] == 0
    # Five of the six live pictures enrol her.
    assert (result["subjects_enrolled"], result["bona_fide"]["pictures"]) == (1, 1)
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


@pytest.mark.research_data
def test_prints_of_real_people_open_the_door(research_data: Path, tmp_path: Path, runtime: str) -> None:
    """What the product must still learn; when a liveness network ships, this test changes with it."""
    if runtime != "litert":
        pytest.skip("hundreds of embeddings")
    rows = (research_data / "nuaa_dev" / "index.csv").read_text().splitlines()
    few = [rows[0], *[row for row in rows if "/0001/" in row][::4]]
    (tmp_path / "index.csv").write_text("\n".join(few) + "\n")
    out = tmp_path / "out.json"
    words = ["--index", str(tmp_path / "index.csv"), "--images", str(research_data / "nuaa_dev"), "--json", str(out)]
    assert main(["evaluate-liveness", *words]) == 0
    result = json.loads(out.read_text())
    assert result["species"]["spoof"]["apcer"]["value"] == 1
    assert result["species"]["spoof"]["iapar"]["value"] > 0.5
