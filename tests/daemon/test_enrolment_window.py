"""Enrolment from afar, on real faces and real networks: who is enrolled, who is not, and what is said."""

from __future__ import annotations

import math
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.camera.replay import ReplayCamera
from faceplate.commands.demo import FOOTAGE
from faceplate.config_file import config_from
from faceplate.enrolling.gathering import KNOWN, SEVERAL, WANTED
from faceplate.enrolling.window import LONGEST, EnrolmentWindow, free_name
from faceplate.errors import EnrolmentError, OrderRefusedError, StoreError
from faceplate.people.enrolment import Picture
from faceplate.people.person import same_name
from faceplate.pictures import read_picture
from faceplate.recognition import Recognition
from faceplate.types import Frame, Likeness, Seconds

pytestmark = pytest.mark.once

WOMAN, BOTH = FOOTAGE / "woman.mp4", FOOTAGE / "man-and-woman.mp4"
DECISION = None
"""The window looks at no decision"""


@pytest.fixture(scope="module")
def clips(runtime, tmp_path_factory):
    """Every frame of each clip, with what the eyes saw in it."""
    config = config_from(
        {"people": {"store": "people", "key_file": "key"}, "vision": {"runtime": runtime}},
        base=tmp_path_factory.mktemp("clips"),
        where="the test's configuration",
    )
    recognition = Recognition(config.vision, config.people)
    seen = {}
    for clip in (WOMAN, BOTH):
        eyes = recognition.eyes()
        seen[clip] = [(frame, eyes.see(frame)) for frame in ReplayCamera(clip, paced=False).frames()]
    return seen


class House:
    """A gallery on disk, a network, and a window onto both, in the clips' time."""

    def __init__(self, folder, runtime, clips):
        tree = {"people": {"store": "people", "key_file": "gallery.key"}, "vision": {"runtime": runtime}}
        config = config_from(tree, base=folder, where="the test's configuration")
        self.folder, self.clips = folder, clips
        self.recognition = Recognition(config.vision, config.people)
        self.now = 0.0
        self.window = EnrolmentWindow(lambda: Seconds(self.now), self.names)
        self.show = self.window.watching(self.recognition.enrol)

    def names(self):
        return [person.name for person in self.recognition.gallery.people()]

    def play(self, clip, frames=1000, each=lambda: None):
        people, begin = self.recognition.recogniser(), self.now
        for frame, sightings in self.clips[clip][:frames]:
            self.now = begin + frame.time
            matches = [people.name(sighting) for sighting in sightings]
            self.show(Frame(frame.index, Seconds(self.now), frame.image), matches, DECISION)
            each()
        self.now += 0.1
        return self.window.state()


@pytest.fixture
def house(tmp_path, runtime, clips):
    return House(tmp_path, runtime, clips)


def test_a_window_that_was_never_opened_takes_nobody(house):
    state = house.play(WOMAN)
    assert state.facts() == {
        "open": False,
        "seconds": 0.0,
        "name": None,
        "pictures": 0,
        "wanted": WANTED,
        "result": "",
    }
    assert not (house.folder / "people").exists()


def test_one_unknown_person_is_enrolled_and_not_let_in(house):
    house.window.open("  Eve  ", 60)
    assert (house.window.state().open, house.window.state().name) == (True, "Eve")
    told = []
    state = house.play(WOMAN, each=lambda: told.append(house.window.state()))
    assert {each.pictures for each in told} == set(range(WANTED + 1))
    assert (state.open, state.name, state.pictures) == (False, "Eve", WANTED)
    assert state.result == f"Eve is enrolled from {WANTED} pictures, and let in once enabled at the device"
    (eve,) = house.recognition.gallery.people()
    assert (eve.name, len(eve.anchors), eve.rights.enabled) == ("Eve", WANTED, False)


def test_who_was_enrolled_is_recognised_from_then_on(house):
    house.window.open("Eve", 60)
    house.play(WOMAN)
    people = house.recognition.recogniser()
    matches = [people.name(seen) for _, sightings in house.clips[WOMAN] for seen in sightings]
    known = [match for match in matches if match.likeness is Likeness.VERIFIED]
    assert len(known) > len(matches) / 2
    assert all(match.rights is not None and not match.rights.enabled for match in known)


def test_nothing_is_written_before_the_end(house):
    house.window.open("Eve", 60)

    def nothing_or_all():
        if house.window.state().open:
            assert not (house.folder / "people").exists()

    house.play(WOMAN, each=nothing_or_all)
    assert house.names() == ["Eve"]


def the_man():
    return [Picture(file.name, read_picture(file)) for file in sorted(FOOTAGE.glob("man-*.jpg"))]


def test_without_a_name_a_free_one_is_given(house):
    house.recognition.enrol("NEW person", the_man())
    house.window.open(None, 60)
    assert house.window.state().name is None
    state = house.play(WOMAN)
    assert state.name == "New person 2"
    assert sorted(house.names()) == ["NEW person", "New person 2"]


@given(st.sets(st.sampled_from(["New person", "new  PERSON", "New person 2", "New person 3", "Ada"])))
def test_a_free_name_is_nobodys(taken):
    name = free_name(list(taken))
    assert not any(same_name(name, other) for other in taken)
    assert name == "New person" or any(same_name("New person", other) for other in taken)


def test_two_people_in_view_are_never_enrolled(house):
    house.window.open(None, 60)
    said = set()
    state = house.play(BOTH, each=lambda: said.add(house.window.state().result))
    assert SEVERAL in said
    assert (state.open, state.pictures) == (True, 0)
    assert house.names() == []


def test_somebody_enrolled_is_not_enrolled_again(house):
    house.window.open("Eve", 60)
    house.play(WOMAN)
    house.window.open("Eva", 60)
    said = set()
    state = house.play(WOMAN, each=lambda: said.add(house.window.state().result))
    assert KNOWN in said
    assert state.open
    assert house.names() == ["Eve"]


def test_a_look_alike_is_refused_by_the_enrolment_too(house):
    """Though the loop took her for unknown."""
    house.window.open("Eva", 60)
    nobody = house.recognition.matcher([])
    pictures = [Picture(f"frame {frame.index}", frame.image) for frame, _ in house.clips[WOMAN][8:22:4]]
    house.recognition.enrol("Eve", pictures)
    for frame, sightings in house.clips[WOMAN]:
        house.now = frame.time
        house.show(frame, [nobody.match(sighting) for sighting in sightings], DECISION)
    state = house.window.state()
    assert (state.open, state.pictures) == (False, WANTED)
    assert "this face is enrolled under another name" in state.result
    assert len(state.result) <= 300
    assert house.names() == ["Eve"]


def test_a_name_that_is_taken_is_refused_at_once(house):
    house.recognition.enrol("Daniel", the_man())
    with pytest.raises(EnrolmentError, match="somebody called 'DANIEL' is enrolled already; use another name"):
        house.window.open(" DANIEL ", 60)
    assert not house.window.state().open


def test_a_name_that_was_taken_meanwhile_is_refused_and_nobody_is_changed(house):
    house.window.open("Daniel", 60)
    house.recognition.enrol("daniel", the_man())
    (before,) = house.recognition.gallery.people()
    state = house.play(WOMAN)
    assert state.result == "somebody called 'daniel' was enrolled meanwhile; use another name"
    (after,) = house.recognition.gallery.people()
    assert (after.rights, len(after.anchors)) == (before.rights, len(before.anchors))


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\0b", "\u202e"])
def test_a_name_that_cannot_be_used_is_refused(house, name):
    with pytest.raises(EnrolmentError, match="a name has 1 to 80 printable characters"):
        house.window.open(name, 60)
    assert not house.window.state().open


@pytest.mark.parametrize("seconds", [0, 0.99, -5, LONGEST + 0.01, math.nan, math.inf, True])
def test_it_is_open_for_a_second_at_least_and_five_minutes_at_most(house, seconds):
    with pytest.raises(OrderRefusedError, match="open for 1 to 300 seconds, got"):
        house.window.open(None, seconds)
    assert not house.window.state().open


@pytest.mark.parametrize("seconds", [1, 1.5, LONGEST])
def test_it_closes_in_time_whether_there_are_frames_or_not(house, seconds):
    house.window.open("Eve", seconds)
    house.now += seconds - 0.1
    assert house.window.state().open
    assert house.window.state().facts()["seconds"] == 0.1
    house.now += 0.1
    state = house.window.state()
    assert (state.open, state.seconds, state.name) == (False, 0, "Eve")
    assert state.result == "time is over: 0 of 5 pictures were taken (nobody is in view)"
    assert house.play(WOMAN) == state
    assert house.names() == []


def test_what_was_gathered_when_time_is_over_is_forgotten(house):
    house.window.open("Eve", 1)
    state = house.play(WOMAN)
    assert state.result.startswith("time is over: 2 of 5 pictures were taken")
    assert house.names() == []


def test_closing_forgets_what_was_gathered_and_says_so(house):
    house.window.open("Eve", 60)
    assert house.play(WOMAN, frames=12).pictures > 0
    house.window.close()
    closed = house.window.state()
    assert (closed.open, closed.result) == (False, "it was closed")
    house.window.close()
    assert house.window.state() == closed
    assert house.play(WOMAN) == closed
    assert house.names() == []


def test_opening_it_anew_begins_anew(house):
    house.window.open("Eve", 60)
    house.play(WOMAN, frames=12)
    house.window.open("Eva", 90)
    assert house.window.state().pictures == 0
    assert house.window.state().name == "Eva"
    assert house.window.state().seconds == 90


def test_where_people_are_recognised_anew_pictures_are_taken_anew(house):
    house.window.open("Eve", 60)
    assert house.play(WOMAN, frames=12).pictures > 0
    house.show = house.window.watching(house.recognition.enrol)
    assert (house.window.state().pictures, house.window.state().open) == (0, True)


def test_a_gallery_that_another_program_changes_is_told_of_and_ends_nothing(house):
    house.window.open("Eve", 60)
    with house.recognition.gallery.changing():
        state = house.play(WOMAN)
    assert not state.open
    assert "another program is changing the gallery" in state.result
    assert house.names() == []
    house.window.open("Eve", 60)
    house.play(WOMAN)
    assert house.names() == ["Eve"]


def test_a_gallery_that_cannot_be_read_is_told_of_and_ends_nothing(house):
    nobody = house.recognition.matcher([])
    (house.folder / "people").mkdir()
    house.window.open(None, 60)
    (house.folder / "people" / "damaged.person").write_bytes(b"damaged")
    for frame, sightings in house.clips[WOMAN]:
        house.now = frame.time
        house.show(frame, [nobody.match(sighting) for sighting in sightings], DECISION)
    state = house.window.state()
    assert not state.open
    assert "gallery.key" in state.result
    with pytest.raises(StoreError):
        house.window.open("Eve", 60)


def test_it_is_asked_and_closed_while_frames_come(house):
    asked = threading.Event()

    def ask():
        while not asked.is_set():
            state = house.window.state()
            assert 0 <= state.pictures <= WANTED
            house.window.close()

    asking = threading.Thread(target=ask)
    asking.start()
    for _ in range(3):
        house.window.open("Eve", 60)
        house.play(WOMAN, frames=10)
    asked.set()
    asking.join(20)
    house.window.close()
    assert not house.window.state().open
    assert house.names() == []
