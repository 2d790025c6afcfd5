from __future__ import annotations

import hashlib
import json

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.errors import PictureError
from faceplate_trainer.data.labelled import DatasetError
from faceplate_trainer.data.prepared import USES, Crop, people_of, read_prepared, table_of

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)


def write(folder, crops):
    table = table_of(crops)
    (folder / "crops.csv").write_bytes(table)
    (folder / "manifest.json").write_text(json.dumps({"format": 1, "crops_sha256": hashlib.sha256(table).hexdigest()}))
    return folder


@pytest.fixture
def dataset(tmp_path):
    crops = [Crop(f"{name}.png", name, use, "door", "", "") for name, use in [("Anna", "train"), ("Boris", "report")]]
    for crop, side in zip(crops, (112, 64), strict=True):
        cv2.imwrite(str(tmp_path / crop.file), np.full((side, side, 3), (0, 0, 255), np.uint8))
    return write(tmp_path, crops)


@given(st.lists(st.builds(Crop, WORDS, WORDS, st.sampled_from(USES), WORDS, WORDS, WORDS), max_size=5))
def test_comes_back_as_it_was_written(tmp_path_factory, crops) -> None:
    folder = write(tmp_path_factory.mktemp("set"), crops)
    assert read_prepared(folder).crops == tuple(crops)


def test_gives_the_crops_of_one_use_as_rgb(dataset) -> None:
    read = read_prepared(dataset)
    (crop,) = read.of("train")
    assert people_of(read.crops).tolist() == ["Anna", "Boris"]
    assert read.pixels(crop)[0, 0].tolist() == [255, 0, 0]


def test_a_use_without_people_is_said(dataset) -> None:
    with pytest.raises(DatasetError, match=r"'head'.*found only.*'train': 1"):
        read_prepared(dataset).of("head")


def test_a_crop_of_another_size_is_refused(dataset) -> None:
    read = read_prepared(dataset)
    with pytest.raises(PictureError, match="found 64 x 64"):
        read.pixels(read.of("report")[0])


def test_a_table_changed_by_hand_is_refused(dataset) -> None:
    table = dataset / "crops.csv"
    table.write_text(table.read_text().replace("report", "train"))
    with pytest.raises(DatasetError, match="damaged or was changed"):
        read_prepared(dataset)


@pytest.mark.parametrize("manifest", ["", "[]", '{"format": 2}', "{"])
def test_what_is_no_dataset_is_refused(dataset, manifest) -> None:
    (dataset / "manifest.json").write_text(manifest)
    with pytest.raises(DatasetError, match="faceplate-train"):
        read_prepared(dataset)
