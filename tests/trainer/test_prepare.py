# ruff: noqa: E402 - what the trainer needs may be absent, and is asked for first
from __future__ import annotations

import csv
import hashlib
import json
import os
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("imagehash")
pytestmark = pytest.mark.trainer

import PIL.Image

from faceplate import types
from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate_trainer.__main__ import main
from faceplate_trainer.commands.common import eyes_that_see_all
from faceplate_trainer.data.cutting import cut_all
from faceplate_trainer.data.doubts import doubts
from faceplate_trainer.data.inputs import read_folder, read_index
from faceplate_trainer.data.labelled import DatasetError
from faceplate_trainer.data.prepare import Wishes, prepare
from faceplate_trainer.data.prepared import Crop, read_prepared
from faceplate_trainer.data.splits import shares_from

FOOTAGE = DEFAULT_BUNDLE.parent.parent / "footage"
HALVES = shares_from("train=.5,report=.5")
NO_FACE = (0, 0, 0)
"""Colour of the first pixel by which the eyes below tell a picture without a face"""


def look_at_all(image: types.Image) -> list[types.Look]:
    """Eyes for pictures of noise: the whole picture is a face."""
    if tuple(image[0, 0]) == NO_FACE:
        return []
    box = types.Box(types.Pixels(0), types.Pixels(0), types.Pixels(image.shape[1]), types.Pixels(image.shape[0]))
    landmarks = np.array([[30, 40], [70, 40], [50, 60], [35, 80], [65, 80]], np.float32)
    crop = np.asarray(cv2.resize(image, (112, 112)), np.uint8)
    return [types.Look(types.Face(box, landmarks, 0.9), crop, (), None)]


def noise(seed: int, side: int = 60) -> np.ndarray:
    small = np.random.default_rng(seed).integers(1, 255, (12, 12, 3), dtype=np.uint8)
    return cv2.resize(small, (side, side), interpolation=cv2.INTER_NEAREST)


def save(path: Path, image: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)
    return path


@pytest.fixture
def team(tmp_path) -> Path:
    """Six people with three pictures each."""
    for number in range(18):
        save(tmp_path / f"team/person {number // 3}/{number % 3}.png", noise(number))
    return tmp_path / "team"


def prepared_from(*folders: Path, out: Path, look=look_at_all, shares=HALVES, **wishes):
    inputs = [read_folder(str(folder)) for folder in folders]
    return prepare(inputs, lambda: look, out, Wishes(shares, **wishes), detector_sha256="00" * 32)


def rejected(out: Path) -> dict[str, tuple[str, str]]:
    with (out / "rejected.csv").open(newline="", encoding="utf-8") as lines:
        return {row["source"]: (row["reason"], row["detail"]) for row in csv.DictReader(lines)}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_dataset_says_whose_its_crops_are(team, tmp_path) -> None:
    dataset = prepared_from(team, out=tmp_path / "set")
    assert dataset == read_prepared(tmp_path / "set")
    assert Counter(crop.person for crop in dataset.crops) == {f"person {number}": 3 for number in range(6)}
    assert len({(crop.person, crop.split) for crop in dataset.crops}) == 6
    assert Counter(crop.split for crop in dataset.crops) == {"train": 9, "report": 9}
    for crop in dataset.crops:
        assert dataset.pixels(crop).shape == (112, 112, 3)
        assert hashlib.sha256((dataset.folder / crop.file).read_bytes()).hexdigest() == crop.sha256
    first = dataset.crops[0]
    assert (first.file, first.source, first.camera) == ("crops/person 0/0001.png", "person 0/0.png", "team")


def test_the_same_pictures_give_the_same_bytes_whatever_the_workers(team, tmp_path) -> None:
    save(team / "person 1/again.png", noise(3))
    prepared_from(team, out=tmp_path / "one", workers=1)
    prepared_from(team, out=tmp_path / "four", workers=4)
    assert contents(tmp_path / "one") == contents(tmp_path / "four")


def test_the_order_of_the_inputs_does_not_matter_to_the_crops(team, tmp_path) -> None:
    save(tmp_path / "more/person 0/9.png", noise(50))
    once = prepared_from(team, tmp_path / "more", out=tmp_path / "once")
    again = prepared_from(tmp_path / "more", team, out=tmp_path / "again")
    assert once.id == again.id


def test_duplicates_go_and_a_picture_under_two_names_is_nobodys(team, tmp_path) -> None:
    save(team / "person 0/copy.png", noise(1))
    save(team / "person 1/stolen.png", noise(6))
    dataset = prepared_from(team, out=tmp_path / "set")
    assert rejected(tmp_path / "set") == {
        "person 0/copy.png": ("duplicate", "person 0: person 0/1.png"),
        "person 1/stolen.png": ("two_names", "person 2: person 2/0.png"),
        "person 2/0.png": ("two_names", "person 1: person 1/stolen.png"),
    }
    files = {str(file.relative_to(dataset.folder)) for file in dataset.folder.rglob("*.png")}
    assert files == {crop.file for crop in dataset.crops}


def test_whatever_cannot_be_used_is_listed_with_its_reason(team, tmp_path) -> None:
    bad = team / "person 0"
    (bad / "empty.jpg").write_bytes(b"")
    (bad / "text.jpg").write_text("this is no picture")
    (bad / "notes.txt").write_text("nor is this")
    (bad / "cut.png").write_bytes((bad / "0.png").read_bytes()[:200])
    (bad / "gone.jpg").symlink_to(tmp_path / "gone.jpg")
    os.mkfifo(bad / "pipe.jpg")
    corrupt = bytearray((bad / "1.png").read_bytes())
    corrupt[60:120] = bytes(60)
    (bad / "corrupt.png").write_bytes(corrupt)
    nobody = noise(70)
    nobody[:2, :2] = NO_FACE
    save(bad / "wall.png", nobody)
    save(bad / "far.png", noise(71, side=30))
    prepared_from(team, out=tmp_path / "set")
    reasons = {source.removeprefix("person 0/"): reason for source, (reason, _) in rejected(tmp_path / "set").items()}
    assert reasons == {
        "empty.jpg": "unreadable",
        "text.jpg": "unreadable",
        "notes.txt": "not_a_picture",
        "cut.png": "unreadable",
        "gone.jpg": "unreadable",
        "pipe.jpg": "unreadable",
        "corrupt.png": "unreadable",
        "wall.png": "no_face",
        "far.png": "too_small",
    }
    assert str(tmp_path) not in (tmp_path / "set/rejected.csv").read_text()
    counted = json.loads((tmp_path / "set/manifest.json").read_text())["rejected"]
    assert counted == {"no_face": 1, "not_a_picture": 1, "too_small": 1, "unreadable": 6}


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_picture_that_may_not_be_read_is_left_out(team, tmp_path) -> None:
    (team / "person 0/0.png").chmod(0)
    prepared_from(team, out=tmp_path / "set")
    assert rejected(tmp_path / "set")["person 0/0.png"][0] == "unreadable"


def test_what_the_daemon_would_refuse_is_left_out_only_if_asked(team, tmp_path) -> None:
    save(team / "person 0/dark.png", noise(80) // 12 + 1)
    assert not rejected(prepared_from(team, out=tmp_path / "all").folder)
    usable = prepared_from(team, out=tmp_path / "usable", usable_only=True)
    reason, detail = rejected(usable.folder)["person 0/dark.png"]
    assert (reason, detail.split()[0]) == ("unusable", "too_dark")


def test_people_with_too_few_pictures_are_left_out_if_asked(team, tmp_path) -> None:
    save(team / "Single/1.png", noise(90))
    assert "Single" in {crop.person for crop in prepared_from(team, out=tmp_path / "all").crops}
    dataset = prepared_from(team, out=tmp_path / "several", min_pictures=2)
    assert rejected(dataset.folder) == {"Single/1.png": ("too_few", "1 of 2")}
    assert not (dataset.folder / "crops/Single").exists()


def test_names_cannot_leave_the_dataset(tmp_path) -> None:
    table = tmp_path / "index.csv"
    names = ["../../evil", "a/b", "..", "Zoë"]
    for number, _ in enumerate(names):
        save(tmp_path / f"pictures/{number}.png", noise(number))
    table.write_text("file,person\n" + "".join(f"{number}.png,{name}\n" for number, name in enumerate(names)))
    out = tmp_path / "deep/er/set"
    words = ["prepare", "--index", str(table), "--images", str(tmp_path / "pictures"), "--out", str(out)]
    assert main(words) == 1  # the real eyes see no face in noise
    assert not out.exists()
    found = read_index(table, tmp_path / "pictures")
    dataset = prepare([found], lambda: look_at_all, out, Wishes(HALVES), detector_sha256="")
    assert {crop.person for crop in dataset.crops} == set(names)
    assert all((out / crop.file).resolve().is_relative_to(out / "crops") for crop in dataset.crops)
    assert {path.name for path in (tmp_path / "deep/er").iterdir()} == {"set"}


def test_one_person_alone_is_refused(tmp_path) -> None:
    save(tmp_path / "team/Anna/1.png", noise(1))
    save(tmp_path / "team/Anna/2.png", noise(2))
    with pytest.raises(DatasetError, match=r"several people, found \['Anna'\]"):
        prepared_from(tmp_path / "team", out=tmp_path / "set")


def test_nobody_left_is_said_with_the_reasons(team, tmp_path) -> None:
    with pytest.raises(DatasetError, match="found nobody left, 18 no_face having gone"):
        prepared_from(team, out=tmp_path / "set", look=lambda _: [])
    assert not (tmp_path / "set").exists()


def interrupted(_: types.Image) -> list[types.Look]:
    raise KeyboardInterrupt


def test_an_interrupted_prepare_leaves_nothing_behind(team, tmp_path) -> None:
    with pytest.raises(KeyboardInterrupt):
        prepared_from(team, out=tmp_path / "set", look=interrupted)
    assert [path.name for path in tmp_path.iterdir()] == ["team"]


def test_a_dataset_is_replaced_only_if_asked_and_only_by_a_whole_one(team, tmp_path) -> None:
    before = contents(prepared_from(team, out=tmp_path / "set").folder)
    (tmp_path / ".set.unfinished/crops").mkdir(parents=True)  # left by a kill
    with pytest.raises(DatasetError, match="exists already"):
        prepared_from(team, out=tmp_path / "set")
    with pytest.raises(KeyboardInterrupt):
        prepared_from(team, out=tmp_path / "set", look=interrupted, overwrite=True)
    assert contents(tmp_path / "set") == before
    save(team / "person 0/new.png", noise(99))
    assert len(prepared_from(team, out=tmp_path / "set", overwrite=True).crops) == 19
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set", "team"]


def test_a_folder_that_is_no_dataset_is_never_overwritten(team) -> None:
    with pytest.raises(DatasetError, match="is no prepared dataset"):
        prepared_from(team, out=team, overwrite=True)
    assert len(contents(team)) == 18


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path) -> None:
    save(tmp_path / "team/man/1.png", cv2.imread(str(FOOTAGE / "man-1.jpg")))
    save(tmp_path / "team/other/1.png", cv2.imread(str(FOOTAGE / "man-2.jpg")))
    command = (
        f"ulimit -f 8; exec {shlex.quote(sys.executable)} -m faceplate_trainer prepare team --out set"  # 8 kB a file
    )
    ended = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "cannot write the dataset" in ended.stderr
    assert "File too large" in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["team"]


def crop_of(person: str, split: str, camera: str = "door") -> Crop:
    return Crop(f"crops/{person}/1.png", person, split, camera, "1.jpg", "")  # type: ignore[arg-type] # words of the test


def test_a_use_without_people_or_without_pairs_is_doubted() -> None:
    crops = [crop_of("Anna", "train"), crop_of("Anna", "train"), crop_of("Boris", "report")]
    nobody, single = doubts(crops, shares_from("train=.5,head=.1,report=.4"), ())
    assert nobody.startswith("head: nobody;")
    assert single.startswith("report: nobody has two pictures")


def test_a_camera_of_one_person_and_one_on_one_side_are_doubted() -> None:
    crops = [crop_of(person, split) for person, split in [("A", "train"), ("B", "report")] for _ in range(2)]
    assert doubts(crops, HALVES, ()) == ()
    (alone,) = doubts([*crops, crop_of("C", "train", "webcam")], HALVES, ())
    assert "camera 'webcam' shows one person only" in alone
    aside = [crop_of(person, "report", "hall") for person in "DE"]
    (unseen,) = doubts([*crops, *aside], HALVES, ())
    assert "camera 'hall' is measured on, but not trained on" in unseen


def frames(clip: str, *numbers: int) -> list[np.ndarray]:
    capture = cv2.VideoCapture(str(FOOTAGE / clip))
    return [
        image for number in range(max(numbers) + 1) if (image := capture.read()[1]) is not None and number in numbers
    ]


def test_a_tutorials_folders_through_the_real_eyes(tmp_path, capsys) -> None:
    for number, kind in ((1, "anchor"), (2, "positive"), (3, "positive")):
        save(tmp_path / f"Daniel/{kind}/{number}.png", cv2.imread(str(FOOTAGE / f"man-{number}.jpg")))
    for number, image in enumerate(frames("woman.mp4", 0, 6)):
        save(tmp_path / f"Daniel/negative/Ann_Lee_{number:04d}.jpg", image)
    out = tmp_path / "set"
    assert main(["prepare", str(tmp_path / "Daniel"), "--out", str(out), "--shares", "train=.5,report=.5"]) == 0
    dataset = read_prepared(out)
    assert {(crop.person, crop.split) for crop in dataset.crops} == {("Daniel", "train"), ("Ann_Lee", "report")}
    printed = capsys.readouterr().out
    assert "Daniel: tutorial, 5 pictures of 2 people" in printed
    assert "WARNING: 'Daniel' is trained with" in printed
    assert "camera 'Daniel/anchor+positive' shows one person only" in printed


def test_pictures_of_every_kind_give_the_same_upright_face(tmp_path) -> None:
    photo = np.asarray(PIL.Image.open(FOOTAGE / "man-1.jpg"))
    kinds = tmp_path / "kinds"
    save(kinds / "plain/1.png", cv2.cvtColor(photo, cv2.COLOR_RGB2BGR))
    save(kinds / "sixteen bits/1.png", cv2.cvtColor(photo, cv2.COLOR_RGB2BGR).astype(np.uint16) * 257)
    save(kinds / "grey/1.png", cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY))
    for kind in ("cmyk", "turned"):
        (kinds / kind).mkdir()
    PIL.Image.fromarray(photo).convert("CMYK").save(kinds / "cmyk/1.jpg", quality=95)
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # the camera lay on its side: turned to the right it is upright
    PIL.Image.fromarray(np.rot90(photo).copy()).save(kinds / "turned/1.jpg", quality=95, exif=exif)

    detector = load_bundle(DEFAULT_BUNDLE).detector
    new_look = lambda: eyes_that_see_all(detector, lambda _: np.empty(0, np.float32)).look  # noqa: E731 - as the command does
    cuts = list(cut_all(read_folder(str(kinds)).pictures, new_look, tmp_path, usable_only=False, workers=2))
    crops = {cut.picture.person: cv2.imread(str(tmp_path / cut.file)).astype(int) for cut in cuts}
    away = {kind: np.abs(crop - crops["plain"]).mean() for kind, crop in crops.items()}
    assert away.pop("grey") < 12
    assert max(away.values()) < 3
    assert len(away) == 4
