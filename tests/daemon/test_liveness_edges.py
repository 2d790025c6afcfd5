"""Edges around a face are a picture's where they end on one another below it, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from attacks import sources
from attacks.clip import Clip
from attacks.rooms import room
from faceplate.pictures import read_picture
from faceplate.types import Box, Frame, Image, Pixels, Seconds, Sighting
from faceplate.vision.liveness.edges import CLOSED, EVERY, LATER, OFTEN, SMALLEST_FACE, Edges, framed
from faceplate.vision.liveness.evidence import Tells
from strategies_access import a_sighting

FACE = Box(Pixels(265.0), Pixels(150.0), Pixels(110.0), Pixels(140.0))
SHEET = np.array([[210, 90], [430, 90], [430, 400], [210, 400]], np.float64)
"""Corners of a sheet of paper with the face on it"""

PAPER = (225, 225, 220)


def scene(seed: int = 5) -> NDArray[np.float32]:
    return room(np.random.default_rng(seed)) * 0.6


def taken(canvas: NDArray[np.float32], seed: int = 0) -> Image:
    noise = np.random.default_rng(seed).normal(0, 2, canvas.shape)
    return np.clip(cv2.GaussianBlur(canvas, (0, 0), 0.7) + noise, 0, 255).astype(np.uint8)


def with_sheet(degrees: float = 0.0, seed: int = 5) -> NDArray[np.float32]:
    """A room, and a sheet before it with a face of two tones, turned in its plane about the face."""
    canvas = scene(seed)
    turn = cv2.getRotationMatrix2D((320, 220), degrees, 1.0)
    corners = SHEET @ turn[:, :2].T + turn[:, 2]
    cv2.fillConvexPoly(canvas, corners.round().astype(np.int32), PAPER)
    return with_face(canvas)


def with_face(canvas: NDArray[np.float32]) -> NDArray[np.float32]:
    cv2.ellipse(canvas, (320, 225), (50, 68), 0, 0, 360, (170, 130, 110), -1)
    cv2.ellipse(canvas, (320, 255), (18, 6), 0, 0, 360, (140, 70, 70), -1)
    return canvas


def a_face(box: Box = FACE) -> Sighting:
    sighting = a_sighting()
    return replace(sighting, look=replace(sighting.look, face=replace(sighting.look.face, box=box)))


def says(image: Image, looks: int = 3, every: float = EVERY, box: Box = FACE) -> list[Tells]:
    edges = Edges()
    return [edges.observe(a_face(box), Frame(n, Seconds(n * every), image)).tells for n in range(looks)]


@pytest.mark.parametrize("degrees", [-20, -7, 0, 3, 12, 25])
def test_a_sheet_is_denied_once_it_lasted(degrees: float):
    assert says(taken(with_sheet(degrees)), looks=3) == [Tells.NOTHING, Tells.DENIES, Tells.DENIES]


def test_a_monitor_far_wider_than_the_face_is_denied():
    canvas = scene()
    cv2.rectangle(canvas, (30, 40), (600, 445), (12, 12, 14), -1)
    cv2.rectangle(canvas, (42, 52), (588, 433), (120, 140, 150), -1)
    small = Box(Pixels(280.0), Pixels(180.0), Pixels(80.0), Pixels(100.0))
    assert Tells.DENIES in says(taken(with_face(canvas)), box=small)


def test_a_phone_nearly_as_wide_as_the_face_is_denied():
    canvas = scene()
    cv2.rectangle(canvas, (255, 100), (385, 390), (12, 12, 14), -1)
    cv2.rectangle(canvas, (261, 106), (379, 384), (120, 140, 150), -1)
    assert Tells.DENIES in says(taken(with_face(canvas)))


def _body_before_it(canvas: NDArray[np.float32]) -> None:
    """A neck, and shoulders that go on to the picture's lower border."""
    cv2.ellipse(canvas, (320, 310), (30, 50), 0, 0, 360, (170, 130, 110), -1)
    cv2.ellipse(canvas, (320, 480), (150, 155), 0, 0, 360, (40, 50, 90), -1)


def _hand_over_the_lower_edge(canvas: NDArray[np.float32]) -> None:
    cv2.ellipse(canvas, (310, 400), (95, 45), 20, 0, 360, (190, 150, 130), -1)


def _goes_on_below(canvas: NDArray[np.float32]) -> None:
    """The posts of a door, and a threshold: nothing ends at a corner."""
    for x in (210, 430):
        cv2.line(canvas, (x, 0), (x, 479), (20, 20, 20), 5)


def _goes_on_aside(canvas: NDArray[np.float32]) -> None:
    cv2.line(canvas, (0, 400), (639, 400), (20, 20, 20), 5)


@pytest.mark.parametrize("hide", [_body_before_it, _hand_over_the_lower_edge, _goes_on_below, _goes_on_aside])
def test_what_is_not_closed_says_nothing(hide: Callable[[NDArray[np.float32]], None]):
    canvas = with_sheet()
    hide(canvas)
    assert set(says(taken(canvas))) == {Tells.NOTHING}


def test_rooms_full_of_things_hardly_ever_say_anything():
    """Where a shoulder goes on as the edge of a box behind it, they do."""
    closed = []
    for seed in range(40):
        canvas = with_face(scene(seed))
        _body_before_it(canvas)
        closed.append(framed(taken(canvas), FACE) > CLOSED)
    assert sum(closed) <= 1


def test_once_is_too_little_and_frames_that_come_fast_count_once():
    assert set(says(taken(with_sheet()), looks=1)) == {Tells.NOTHING}
    assert set(says(taken(with_sheet()), looks=3, every=EVERY / 4)) == {Tells.NOTHING}


def test_after_a_few_looks_it_looks_less_often():
    edges, image = Edges(), taken(with_sheet())
    times = np.arange(0, 60) / 10
    looked = [t for n, t in enumerate(times) if edges.observe(a_face(), Frame(n, Seconds(t), image)).strength]
    assert len(looked) == OFTEN + int((times[-1] - (OFTEN - 1) * EVERY) / LATER)


def test_a_small_face_says_nothing():
    small = Box(Pixels(300.0), Pixels(190.0), Pixels(SMALLEST_FACE - 1), Pixels(70.0))
    assert set(says(taken(with_sheet()), box=small)) == {Tells.NOTHING}


def test_another_track_begins_anew():
    edges, image = Edges(), taken(with_sheet())
    first, second = a_face(), replace(a_face(), track=a_face().track + 1)
    told = [edges.observe(face, Frame(n, Seconds(n * EVERY), image)).tells for n, face in enumerate((first, second))]
    assert told == [Tells.NOTHING, Tells.NOTHING]


@given(st.floats(-200, 700), st.floats(-200, 500), st.floats(1, 900), st.floats(1, 900))
def test_any_box_has_an_answer(x: float, y: float, width: float, height: float):
    box = Box(Pixels(x), Pixels(y), Pixels(width), Pixels(height))
    assert 0 <= framed(taken(with_sheet()), box) <= 1


@pytest.mark.parametrize("value", [0, 255])
def test_a_picture_of_one_colour_has_no_edges(value: int):
    assert framed(np.full((480, 640, 3), value, np.uint8), FACE) == 0


def denied(clip: Clip) -> int:
    """Frames of it on which a face was denied."""
    find, edges = sources.detector(), Edges()
    return sum(
        edges.observe(a_face(face.box), frame).tells is Tells.DENIES
        for frame in clip.frames()
        for face in find.find(frame.image)
    )


@pytest.mark.parametrize("clip", sources.footage(), ids=lambda clip: clip.subject)
def test_people_as_they_were_filmed_stand_in_no_frame(clip: Clip):
    assert denied(clip) == 0


@pytest.mark.research_data
def test_nor_do_others(research_data):
    assert [clip.subject for clip in sources.recordings(research_data) if denied(clip)] == []


@pytest.mark.research_data
def test_real_prints_in_a_hand_have_edges_and_real_faces_none(research_data):
    """What `CLOSED` was chosen on, so nothing but the way of the data is shown. Prints the figures of the documents."""
    rows = [line.split(",") for line in (research_data / "nuaa_dev" / "index.csv").read_text().splitlines()[1:]]
    find = sources.detector(SMALLEST_FACE)
    closed: dict[str, list[float]] = {"live": [], "spoof": []}
    for file, label, *_ in rows[::4]:
        image = read_picture(research_data / "nuaa_dev" / file)
        closed[label] += [framed(image, face.box) for face in find.find(image)]
    seen = {label: int(np.sum(np.array(each) > CLOSED)) for label, each in closed.items()}
    of = {label: f"{seen[label]} of {len(each)}" for label, each in closed.items()}
    print(f"edges around {of['spoof']} prints and {of['live']} living")  # noqa: T201 - by `pytest -s`, for the documents
    assert seen["live"] == 0
    assert seen["spoof"] > 0.1 * len(closed["spoof"])
