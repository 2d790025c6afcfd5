"""The idle gate: what is left out, and that nobody is overlooked by it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clips import write_video
from faceplate import app
from faceplate.access.calendar import Calendar
from faceplate.access.reception import Reception
from faceplate.access.standing import Forgetful
from faceplate.camera.clock import ReplayClock
from faceplate.camera.replay import ReplayCamera
from faceplate.commands.demo import FOOTAGE
from faceplate.config import Config, QualityConfig
from faceplate.door.door import Door
from faceplate.door.drivers.simulated import hardware_of
from faceplate.journal.journal import wall_clock
from faceplate.loop import guard
from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate.people.enrolment import Picture
from faceplate.pictures import read_picture
from faceplate.recognition import Recognition
from faceplate.types import Decision, Face, Frame, Image, Outcome, Pixels, Seconds
from faceplate.vision.detector import FaceDetector
from faceplate.vision.eyes import Eyes
from faceplate.vision.idle import AWAKE_FOR, LOOK_EVERY, IdleGate, differs, small
from faceplate.vision.tracker import LOST_AFTER
from strategies_access import a_face

pytestmark = pytest.mark.once

FACE = Pixels(60.0)
RATE = 10.0
HEIGHT, WIDTH = 480, 640
TICK = 1e-6
"""What sums of rounded times may differ by"""


def room(seed: int = 1) -> Image:
    """A scene with light and dark in it, RGB uint8 (480, 640, 3)."""
    coarse = np.random.default_rng(seed).integers(40, 200, (12, 16, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def noisy(image: Image, sigma: float, seed: int) -> Image:
    """As a sensor gives it whose gain is up."""
    noise = np.random.default_rng(seed).standard_normal(image.shape, np.float32)
    return np.clip(image + sigma * noise, 0, 255).astype(np.uint8)


def lit(image: Image, gain: float) -> Image:
    """In another light, or after a step of the exposure."""
    return np.clip(image.astype(np.float32) * gain, 0, 255).astype(np.uint8)


def stream(images: Iterable[Image], start: float = 0.0, rate: float = RATE) -> Iterator[Frame]:
    for number, image in enumerate(images):
        yield Frame(number, Seconds(start + number / rate), image)


def wanted(images: Iterable[Image]) -> list[bool]:
    """Which frames of a stream without faces are searched."""
    gate = IdleGate(FACE)
    return [gate.wants(frame) for frame in stream(images)]


def rested(images: Sequence[Image]) -> float:
    """The share of frames that are not searched, once it could rest."""
    return 1 - float(np.mean(wanted(images)[int(AWAKE_FOR * RATE) :]))


# What counts as a change


def test_a_picture_is_made_so_small_that_a_face_of_interest_covers_nine_cells():
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[120:180, 200:260, 1] = 255
    cells = small(image, FACE)
    assert (cells.shape, cells.dtype) == ((24, 32), np.float32)
    assert np.count_nonzero(cells == 255) == 9
    assert float(cells.max()) == 255


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 5, 3), (96, 128, 3), (1080, 1920, 3), (4096, 4096, 3)])
def test_pictures_of_every_size_can_be_compared(shape):
    dark, light = np.full(shape, 20, np.uint8), np.full(shape, 120, np.uint8)
    assert not differs(small(dark, FACE), small(dark, FACE))
    assert differs(small(light, FACE), small(dark, FACE))


def test_a_picture_of_another_size_is_another():
    assert differs(small(room(), FACE), small(room()[::2, ::2], FACE))


@given(
    x=st.integers(0, WIDTH - 60),
    y=st.integers(0, HEIGHT - 60),
    contrast=st.sampled_from([-30, 30]),
    sigma=st.floats(0, 4),
    seed=st.integers(0, 1000),
)
@settings(max_examples=30)
def test_whatever_is_as_large_as_a_face_and_stands_out_is_a_change(x, y, contrast, sigma, seed):
    before = lit(room(), 0.8)
    now = before.astype(np.int16)
    now[y : y + 60, x : x + 60] += contrast
    after = noisy(np.clip(now, 0, 255).astype(np.uint8), sigma, seed)
    assert differs(small(after, FACE), small(noisy(before, sigma, seed + 1), FACE))


@pytest.mark.parametrize("gain", [0.8, 1.2, 3.0])
def test_another_light_is_a_change(gain):
    assert differs(small(lit(room(), gain), FACE), small(room(), FACE))


def test_somebody_who_fills_half_of_the_picture_is_a_change():
    after = room()
    after[:, : WIDTH // 2 + 40] = room(2)[:, : WIDTH // 2 + 40]
    assert differs(small(after, FACE), small(room(), FACE))


# What does not


@pytest.mark.parametrize("sigma", [0.0, 2.0, 6.0, 12.0])
def test_the_noise_of_a_sensor_whose_gain_is_up_is_no_change(sigma):
    assert rested([noisy(room(), sigma, seed) for seed in range(120)]) > 0.8


def test_flicker_of_the_light_is_no_change():
    beat = [1 + 0.015 * np.sin(number * 0.7) for number in range(120)]
    assert rested([noisy(lit(room(), gain), 2.0, seed) for seed, gain in enumerate(beat)]) > 0.8


def test_what_a_jpeg_camera_makes_of_it_is_no_change():
    def compressed(image: Image) -> Image:
        return np.asarray(cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], 1), np.uint8)

    assert rested([compressed(noisy(room(), 5.0, seed)) for seed in range(120)]) > 0.8


def test_a_sunset_is_no_change():
    assert rested([lit(room(), 1 - number / 3000) for number in range(300)]) > 0.8


def test_a_step_of_the_exposure_is_one_change_and_then_it_rests_again():
    steps = [room()] * 100 + [lit(room(), 1.3)] * 150
    searched = wanted(steps)
    assert sum(searched[80:100]) <= 2
    assert all(searched[100 : 100 + int(AWAKE_FOR * RATE)])
    assert np.mean(searched[170:]) < 0.2


# When it rests


def test_a_still_scene_is_searched_now_and_then():
    searched = wanted([room()] * 300)
    awake = int(AWAKE_FOR * RATE)
    assert all(searched[:awake])
    looks = np.flatnonzero(searched[awake:]) / RATE
    assert np.diff(looks) == pytest.approx(LOOK_EVERY, abs=1.01 / RATE)


def test_a_change_wakes_it_on_that_very_frame():
    changed = room()
    changed[200:320, 300:380] = 255
    searched = wanted([room()] * 83 + [changed] * 60)
    assert not searched[82]
    assert all(searched[83 : 83 + int(AWAKE_FOR * RATE)])


def test_a_face_keeps_it_awake_though_nothing_moves():
    gate = IdleGate(FACE)
    for frame in stream([room()] * 200):
        assert gate.wants(frame)
        gate.found(frame)
    after = list(stream([room()] * 120, start=20.0))
    searched = [gate.wants(frame) for frame in after]
    awake = int(AWAKE_FOR * RATE) - 1
    assert all(searched[:awake])
    assert not any(searched[awake + 1 : awake + 9])


def test_nobody_is_followed_any_more_when_it_rests():
    """A frame that was left out can then not be taken for one that somebody was missing from."""
    assert AWAKE_FOR > 2 * LOST_AFTER


_shown = st.lists(st.tuples(st.integers(0, 3), st.floats(0.01, 3.0), st.booleans()), min_size=1, max_size=60)
"""Which of some pictures, how long after the one before, and whether a face is found if it is searched"""


@given(shown=_shown)
def test_whatever_is_shown_no_face_is_overlooked_for_longer_than_the_low_rate(shown):
    pictures = [lit(room()[::5, ::5], 1 + 0.004 * number) for number in range(4)]
    gate, time, searched, seen = IdleGate(FACE), 0.0, -np.inf, -np.inf
    for number, (which, after, face) in enumerate(shown):
        time += after
        frame = Frame(number, Seconds(time), pictures[which])
        if gate.wants(frame):
            searched = time
            if face:
                gate.found(frame)
                seen = time
        else:
            assert time - searched < LOOK_EVERY
            assert time - seen >= AWAKE_FOR


def test_after_a_clock_that_went_back_it_searches():
    gate = IdleGate(FACE)
    assert not all([gate.wants(frame) for frame in stream([room()] * 100)][90:])
    assert gate.wants(Frame(100, Seconds(3.0), room()))


# In the eyes


@dataclass
class Finder:
    """Finds faces at certain times of the stream, and counts how often it is asked."""

    faces: list[Face] = field(default_factory=list)
    asked: int = 0

    def find(self, image: Image) -> list[Face]:
        del image
        self.asked += 1
        return self.faces


def test_eyes_search_every_frame_while_somebody_is_there_and_few_while_nobody_is():
    finder = Finder([a_face(100)])
    eyes = Eyes(finder, lambda _: np.ones(1, np.float32), gate=IdleGate(FACE))  # type: ignore[arg-type]  # one method is used
    frames = list(stream([room()] * 300))
    tracks = {sighting.track for frame in frames[:100] for sighting in eyes.see(frame)}
    assert (len(tracks), finder.asked) == (1, 100)
    finder.faces = []
    assert not any(eyes.see(frame) for frame in frames[100:])
    assert finder.asked < 100 + (AWAKE_FOR + 20 / LOOK_EVERY) * RATE / 2
    finder.faces = [a_face(100)]
    after = [bool(eyes.see(frame)) for frame in stream([room()] * 60, start=30.0)]
    assert after.index(True) <= LOOK_EVERY * RATE
    assert all(after[after.index(True) :])


def test_a_picture_that_is_no_part_of_the_stream_is_always_searched():
    finder = Finder()
    eyes = Eyes(finder, lambda _: np.ones(1, np.float32), gate=IdleGate(FACE))  # type: ignore[arg-type]  # one method is used
    for frame in stream([room()] * 100):
        eyes.see(frame)
    asked = finder.asked
    for _ in range(10):
        eyes.look(room())
    assert finder.asked == asked + 10


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector(load_bundle(DEFAULT_BUNDLE).detector, face_threshold=0.8, min_face=FACE)


def emerging(share: float) -> Image:
    """The man comes out of the dark so slowly that no frame differs much from the one before."""
    return lit(cv2.resize(read_picture(FOOTAGE / "man-2.jpg"), (WIDTH, HEIGHT)), 0.02 + 0.3 * share)


def nearing(share: float) -> Image:
    """He comes nearer by about a pixel a frame."""
    man, image, side = read_picture(FOOTAGE / "man-2.jpg"), room(), round(60 + 120 * share)
    height = round(side * man.shape[0] / man.shape[1])
    image[100 : 100 + height, 100 : 100 + side] = cv2.resize(man, (side, height), interpolation=cv2.INTER_AREA)
    return image


@pytest.mark.parametrize("coming", [emerging, nearing])
def test_whoever_comes_slowly_is_found_as_soon_as_without_the_gate_but_for_a_look(detector, coming):
    shares = [0.0] * 70 + [number / 120 for number in range(120)]
    images = [noisy(coming(share), 3.0, number) for number, share in enumerate(shares)]
    found = {}
    for gate in (None, IdleGate(FACE)):
        eyes = Eyes(detector, lambda _: np.ones(1, np.float32), gate=gate)
        found[gate is None] = next(frame.time for frame in stream(images) if eyes.see(frame))
    assert found[True] > AWAKE_FOR + LOOK_EVERY, "it had time to rest before"
    assert found[True] <= found[False] <= found[True] + LOOK_EVERY + TICK


# Through to the decision


class Film:
    """A camera that shows these frames by their own clock."""

    def __init__(self, images: Iterable[Image]) -> None:
        self._images = images
        self.clock = ReplayClock(Seconds(0.0))

    def frames(self) -> Iterator[Frame]:
        for frame in stream(self._images):
            self.clock.advance(frame.time)
            yield frame


@dataclass
class Journal:
    """Keeps all that was decided."""

    decisions: list[Decision] = field(default_factory=list)

    def write(self, entry: Decision) -> None:
        self.decisions.append(entry)


@pytest.fixture
def enrolled(config: Config) -> Config:
    stills = [Picture(path.name, read_picture(path)) for path in sorted(FOOTAGE.glob("man-*.jpg"))]
    Recognition(config.vision, config.people).enrol("Daniel", stills)
    return config


def decided(config: Config, images: Sequence[Image], eyes: Eyes) -> list[Decision]:
    film, journal, recognition = Film(images), Journal(), Recognition(config.vision, config.people)
    door = Door(
        config.door, hardware_of(config.door, film.clock), lambda _: None, film.clock, config.access.max_frame_age
    )
    door.start(thread=False)
    reception = Reception(
        config.access,
        film.clock,
        door=door.status,
        calendar=Calendar(wall_clock),
        standing=Forgetful(),
        people=dict,
        liveness="off",
    )
    guard(film, eyes, recognition.recogniser(), reception, journal, door, lambda *_: None)
    door.close()
    return journal.decisions


def test_through_a_whole_visit_every_decision_is_as_without_the_gate(enrolled):
    """An empty doorway, real people, an empty doorway again and the same people once more."""
    visit = [frame.image for frame in ReplayCamera(FOOTAGE / "man-and-woman.mp4", paced=False).frames()]
    nobody = [noisy(np.full_like(visit[0], 90), 2.0, number) for number in range(90)]
    images = [*nobody, *visit, *nobody, *visit]
    recognition = Recognition(enrolled.vision, enrolled.people)
    plain, gated = (decided(enrolled, images, eyes) for eyes in (recognition.eyes(), recognition.watchful_eyes()))
    told = [[(d.frame, d.time, d.outcome, d.reason, d.person) for d in decisions] for decisions in (plain, gated)]
    assert told[0] == told[1]
    assert len(gated) == len(images)
    assert [d.person for d in gated if d.outcome is Outcome.GRANTED] == ["Daniel", "Daniel"]


def test_the_daemon_itself_rests_before_an_empty_doorway(config, tmp_path, monkeypatch):
    film = write_video(tmp_path / "empty.mp4", [np.full((96, 128, 3), 90, np.uint8)] * 45, rate=5.0)
    searched, find = [], FaceDetector.find
    # Nothing else tells which frames were searched: that they were not is not to be seen.
    monkeypatch.setattr(FaceDetector, "find", lambda eyes, image: searched.append(1) or find(eyes, image))
    camera = config.camera.model_copy(update={"driver": "replay", "source": str(film)})
    app.run(config.model_copy(update={"camera": camera}), lambda _: None)
    assert AWAKE_FOR * 5.0 <= len(searched) <= AWAKE_FOR * 5.0 + 5


def test_recordings_are_searched_frame_by_frame(config):
    """A replay must decide the same whatever its pictures jump from and to."""
    eyes = Recognition(config.vision, config.people).eyes()
    still = cv2.resize(read_picture(FOOTAGE / "man-2.jpg"), (WIDTH, HEIGHT))
    frames = list(stream([room()] * 100))
    assert not any(eyes.see(frame) for frame in frames[:-1])
    assert eyes.see(Frame(99, Seconds(99.0), still))
    assert eyes._gate is None


def test_a_bad_face_keeps_the_gate_awake_too(detector):
    """Somebody too far away to be judged may come nearer at any moment."""
    dark = (read_picture(FOOTAGE / "man-1.jpg") * 0.2).astype(np.uint8)
    gate = IdleGate(FACE)
    eyes = Eyes(detector, lambda _: np.ones(1, np.float32), QualityConfig(), gate)
    frames = list(stream([dark] * 80))
    seen = [eyes.see(frame) for frame in frames]
    assert all(sightings and sightings[0].look.flaws for sightings in seen)
