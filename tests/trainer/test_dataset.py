from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from faceplate.types import Box, Face, Look, Pixels
from faceplate_trainer.data.labelled import DatasetError, in_split, main_look, read_table


def look_at(x: float, y: float, side: float) -> Look:
    box = Box(Pixels(x - side / 2), Pixels(y - side / 2), Pixels(side), Pixels(side))
    return Look(Face(box, np.zeros((5, 2), np.float32), 0.9), np.zeros((112, 112, 3), np.uint8), (), None)


def test_the_split_is_by_person_and_the_same_for_ever() -> None:
    assert [in_split(name, "report") for name in ("Anna", "Boris", "Chloe", "Dmitri")] == [True, False, False, False]


def test_everybody_is_in_exactly_one_half() -> None:
    people = [f"person {i}" for i in range(2000)]
    calibration = sum(in_split(person, "calibration") for person in people)
    assert all(in_split(p, "calibration") != in_split(p, "report") and in_split(p, "all") for p in people)
    assert 900 < calibration < 1100


def test_a_portrait_is_of_the_large_face_near_the_middle() -> None:
    image = np.zeros((250, 250, 3), np.uint8)
    middle, corner = look_at(125, 130, 90), look_at(30, 30, 95)
    assert main_look([corner, middle], image) is middle
    assert main_look([], image) is None


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("file,who\na.jpg,Anna\n", "missing: person"),
        ("", "missing: file, person"),
        ("file,person\n", "missing: file, person"),
    ],
)
def test_a_table_without_its_columns_is_refused(tmp_path: Path, content: str, fault: str) -> None:
    table = tmp_path / "index.csv"
    table.write_text(content)
    with pytest.raises(DatasetError, match=fault):
        read_table(table, ["file", "person"])


def test_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot read"):
        read_table(tmp_path / "index.csv", ["file"])
