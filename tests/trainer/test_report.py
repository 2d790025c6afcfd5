# ruff: noqa: E402 - what the trainer needs may be absent, and is asked for first
from __future__ import annotations

import dataclasses
import hashlib
import json
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")
pytestmark = pytest.mark.trainer


from faceplate.commands.demo import FOOTAGE
from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate.people.matching import Thresholds
from faceplate.pictures import read_picture
from faceplate_trainer.__main__ import main
from faceplate_trainer.commands.common import eyes_that_see_all
from faceplate_trainer.data.labelled import Embedded, main_look
from faceplate_trainer.data.prepared import Crop, Prepared, people_of, read_prepared, table_of
from faceplate_trainer.measuring.head import uniform_head
from faceplate_trainer.reporting.evidence import Evidence
from faceplate_trainer.reporting.report import Wishes, write_report

HOSTILE = ("<script>alert('hello')</script>", 'Ann "O\'Neil" & Co_</td>')
VOID = {"meta", "img", "br", "wbr", "path", "use"}
ADDRESSES = {"src", "href", "srcset", "action", "data", "poster", "xlink:href"}


class Page(HTMLParser):
    """Reads a page strictly: every element is closed, no name is given twice, nothing is fetched from anywhere."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.counts: list[int] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes) -> None:
        self.tags.append(tag)
        values = dict(attributes)
        self.addresses += [value for key, value in attributes if key in ADDRESSES]
        self.ids += [values["id"]] if "id" in values else []
        self.counts += [int(values["data-count"])] if "data-count" in values else []
        assert tag != "img" or values.get("alt") is not None
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        if self.open and self.open[-1] not in {"script", "style"}:
            self.text += " ".join(data.split()) + " "


def crops_of_real_faces() -> list[np.ndarray]:
    """Three of the man, then four of the woman."""
    eyes = eyes_that_see_all(load_bundle(DEFAULT_BUNDLE).detector, lambda _: np.empty(0, np.float32))
    clip = cv2.VideoCapture(str(FOOTAGE / "woman.mp4"))
    frames = [clip.read()[1] for _ in range(20)]
    pictures = [read_picture(FOOTAGE / f"man-{i}.jpg") for i in (1, 2, 3)]
    pictures += [cv2.cvtColor(frames[i], cv2.COLOR_BGR2RGB) for i in (10, 13, 16, 18)]
    looks = [main_look(eyes.look(picture), picture) for picture in pictures]
    assert None not in looks
    return [look.crop for look in looks if look is not None]


def write_dataset(folder: Path, crops: list[np.ndarray], people: list[str]) -> Path:
    rows = []
    for number, (crop, person) in enumerate(zip(crops, people, strict=True)):
        cv2.imwrite(str(folder / f"{number}.png"), cv2.cvtColor(crop, cv2.COLOR_RGB2BGR))
        rows.append(Crop(f"{number}.png", person, "report", "door", f"{person} {number}", ""))
    table = table_of(rows)
    (folder / "crops.csv").write_bytes(table)
    (folder / "manifest.json").write_text(json.dumps({"format": 1, "crops_sha256": hashlib.sha256(table).hexdigest()}))
    return folder


@pytest.fixture(scope="module")
def real_page(tmp_path_factory) -> tuple[str, Page]:
    folder = tmp_path_factory.mktemp("dataset")
    write_dataset(folder, crops_of_real_faces(), [HOSTILE[0]] * 3 + [HOSTILE[1]] * 4)
    assert main(["report", "--data", str(folder), "--out", str(folder / "report.html"), "--anchors", "1"]) == 0
    text = (folder / "report.html").read_text()
    return text, Page(text)


def synthetic(people: list[str], tmp_path: Path, noise: float = 0.2) -> tuple[Prepared, Embedded]:
    """Embeddings of people who are told apart nearly always; all pictures look the same."""
    draw = np.random.default_rng(3)
    names, owner = np.unique(people, return_inverse=True)
    vectors = draw.normal(size=(len(names), 16))[owner] + noise * draw.normal(size=(len(people), 16)) * 2
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    grey = np.full((112, 112, 3), 127, np.uint8)
    dataset = read_prepared(write_dataset(tmp_path, [grey] * len(people), people))
    vectors = vectors.astype(np.float32)
    return dataset, Embedded(vectors, people_of(dataset.of("report")), (), vectors)


def page_of(dataset: Prepared, embedded: Embedded, *, anchors: int = 3, people: int | None = None, bundle=None) -> str:
    head = uniform_head(24.0, 20.0, size=16, prior=1e-3)
    evidence = Evidence(embedded, dataset.of("report"), head, Thresholds(0.6, 0.3, 0.1))
    wishes = Wishes(anchors, people, 0, "faceplate-train report")
    return write_report(bundle or load_bundle(DEFAULT_BUNDLE), dataset, evidence, None, wishes)


def test_a_page_of_real_faces_needs_nothing_else(real_page: tuple[str, Page]) -> None:
    text, page = real_page
    assert len(text) < 6e6
    assert page.tags.count("img") >= 10
    assert all(address.startswith(("#", "data:image/jpeg;base64,")) for address in page.addresses)
    assert "@import" not in text
    assert "url(http" not in text
    assert len(page.ids) == len(set(page.ids))


def test_names_cannot_become_html(real_page: tuple[str, Page]) -> None:
    text, page = real_page
    assert page.tags.count("script") == 1
    assert HOSTILE[0] not in text
    assert "&lt;script&gt;alert(&#39;hello&#39;)&lt;/script&gt;" in text
    assert HOSTILE[0] in page.text


def test_real_faces_are_told_apart(real_page: tuple[str, Page]) -> None:
    _, page = real_page
    true_accepts, false_rejects, false_accepts, true_rejects = page.counts
    # Three and four pictures, one of each enrolled: 2 + 3 visits of owners, 4 + 3 of strangers.
    assert (true_accepts, false_rejects, false_accepts, true_rejects) == (5, 0, 0, 7)
    assert "Too few people to say" in page.text


def test_the_confusion_matrix_holds_every_attempt(tmp_path: Path) -> None:
    dataset, embedded = synthetic([f"person {i % 30:02}" for i in range(180)], tmp_path)
    page = Page(page_of(dataset, embedded, anchors=1))
    true_accepts, false_rejects, false_accepts, true_rejects = page.counts
    assert true_accepts + false_rejects == 30 * 5
    assert false_accepts + true_rejects == 30 * 29 * 6
    assert f"{(true_accepts + true_rejects) / (150 + 5220) * 100:.2f}"[:4] in page.text
    for word in ("accuracy", "precision", "recall", "AUC", "EER", "Youden", "rule of three"):
        assert word in page.text


def test_the_same_evidence_gives_the_same_page(tmp_path: Path) -> None:
    dataset, embedded = synthetic([f"person {i % 5}" for i in range(20)], tmp_path)
    assert page_of(dataset, embedded) == page_of(dataset, embedded)


@pytest.mark.parametrize(
    ("people", "said"),
    [
        (["Anna", "Boris"], "there must be at least two people"),
        (["Anna"] * 4, "There is only one person"),
        (["Anna", "Anna", "Boris"], "too few people have so many pictures"),
        (["Anna"], "There is only one person"),
    ],
)
def test_too_few_people_are_said_in_their_place(people: list[str], said: str, tmp_path: Path) -> None:
    page = Page(page_of(*synthetic(people, tmp_path)))
    assert said in page.text
    assert "nan" not in page.text.lower().replace("anna", "").split()
    assert "No training run was given" in page.text


def test_the_table_of_people_is_as_long_as_asked(tmp_path: Path) -> None:
    dataset, embedded = synthetic([f"person {i % 9}" for i in range(27)], tmp_path)
    assert "5 more people, who fared better" in Page(page_of(dataset, embedded, people=4)).text
    assert "who fared better" not in Page(page_of(dataset, embedded)).text


def test_visits_are_told_as_the_calibration_has_them(tmp_path: Path) -> None:
    shipped = load_bundle(DEFAULT_BUNDLE)
    visits = {
        "visit_false_accept_rate": 2e-5,
        "visit_false_accept_bounds": (1e-5, 4e-5),
        "visit_false_reject_rate": 0.004,
        "visit_false_reject_bounds": (0.001, 0.01),
    }
    row = dataclasses.replace(shipped.manifest.calibration.table[0], anchors=3, score=0.5, **visits)
    calibration = dataclasses.replace(shipped.manifest.calibration, table=(row,))
    bundle = dataclasses.replace(shipped, manifest=dataclasses.replace(shipped.manifest, calibration=calibration))
    dataset, embedded = synthetic([f"person {i % 5}" for i in range(20)], tmp_path)
    text = Page(page_of(dataset, embedded, bundle=bundle)).text
    assert "Of 1,000,000 visits by strangers to a door that knows one person, about 20 would be let in." in text
    assert "Of 1,000 visits by owners, about 4 would be refused." in text
    assert "0.0020 % (0.0010 % to 0.0040 %)" in text


@pytest.mark.parametrize("word", ["0", "-1", "most"])
def test_a_wrong_number_of_people_is_refused(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["report", "--data", ".", "--out", "x.html", "--people", word])
    assert 'expected "all"' in capsys.readouterr().err


def test_a_folder_that_is_no_dataset_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--data", str(tmp_path), "--out", str(tmp_path / "x.html")]) == 1
    assert "is not a prepared dataset" in capsys.readouterr().err
    assert not (tmp_path / "x.html").exists()
