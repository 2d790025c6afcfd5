"""The guide: what is asked, what is said to each frame, and what makes it begin anew or stop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrolling_faces import GOOD, seen, view
from faceplate.enrolling import steps as words
from faceplate.enrolling.guide import CERTAIN, TAKE_OFF, WANTED, Guide, begun, guided, skipped
from faceplate.enrolling.measures import AT_LEAST, quality_of
from faceplate.enrolling.steps import ASKED, HINTS, Step, steps_for
from faceplate.enrolling.view import SeenFace
from faceplate.liveness import Liveness
from faceplate.types import Cue, Flaw, Likeness

POSES = {Step.STRAIGHT: (0, 0), Step.LEFT: (22, 0), Step.RIGHT: (-22, 0), Step.UP: (0, 15), Step.DOWN: (0, -15)}
FIVE = tuple(POSES)


class Film:
    """Shows frame after frame to a guide."""

    def __init__(self, *steps: Step) -> None:
        self.guide: Guide = begun("Ada", steps or FIVE, GOOD)
        self.frames = 0

    def see(self, *faces: SeenFace) -> Cue:
        self.frames += 1
        self.guide = guided(self.guide, view(self.frames, *faces))
        return self.guide.cue

    def watch(self, face: SeenFace, frames: int = WANTED) -> Cue:
        for _ in range(frames):
            self.see(face)
        return self.guide.cue


def at(step: Step, **facts: float) -> SeenFace:
    return seen(*POSES.get(step, (0, 0)), **facts)


def taken(guide: Guide) -> dict[Step, int]:
    return {progress.step: len(progress.pictures) for progress in guide.steps}


def test_somebody_who_does_what_is_asked_is_done_in_three_frames_a_step():
    film = Film()
    for step in FIVE:
        assert film.guide.present is not None
        assert film.guide.present.step is step
        assert film.watch(at(step)) is Cue.TAKEN
    assert film.guide.present is None
    assert taken(film.guide) == dict.fromkeys(FIVE, WANTED)
    assert [picture.frame for picture in film.guide.pictures] == list(range(1, film.frames + 1))


@pytest.mark.parametrize(
    ("step", "yaw", "pitch", "said"),
    [
        (Step.STRAIGHT, 20, 0, Cue.LOOK_STRAIGHT),
        (Step.STRAIGHT, -20, 0, Cue.LOOK_STRAIGHT),
        (Step.STRAIGHT, 0, 45, Cue.LOOK_STRAIGHT),
        (Step.LEFT, 0, 0, Cue.TURN_LEFT),
        (Step.LEFT, -22, 0, Cue.TURN_LEFT),
        (Step.LEFT, 44, 0, Cue.TURN_BACK),
        (Step.RIGHT, 0, 0, Cue.TURN_RIGHT),
        (Step.RIGHT, 22, 0, Cue.TURN_RIGHT),
        (Step.RIGHT, -44, 0, Cue.TURN_BACK),
        (Step.UP, 0, 0, Cue.LOOK_UP),
        (Step.UP, 0, -15, Cue.LOOK_UP),
        (Step.UP, 0, 40, Cue.TURN_BACK),
        (Step.UP, 25, 15, Cue.LOOK_STRAIGHT),
        (Step.DOWN, 0, 0, Cue.LOOK_DOWN),
        (Step.DOWN, 0, 15, Cue.LOOK_DOWN),
        (Step.DOWN, 0, -40, Cue.TURN_BACK),
    ],
)
def test_whoever_looks_elsewhere_is_told_where_to(step, yaw, pitch, said):
    film = Film(step)
    assert film.see(seen(yaw, pitch)) is said
    assert film.guide.pictures == ()


def test_their_left_is_their_own():
    film = Film(Step.LEFT)
    assert film.see(seen(22)) is Cue.TAKEN


def test_a_camera_that_hangs_low_or_aside_moves_what_is_straight():
    film = Film()
    film.watch(seen(8, 20))
    assert film.see(seen(18, 20)) is Cue.TURN_LEFT
    assert film.watch(seen(25, 20)) is Cue.TAKEN
    film.watch(seen(-14, 20))
    assert film.see(seen(8, 22)) is Cue.LOOK_UP
    assert film.watch(seen(8, 30)) is Cue.TAKEN
    assert film.watch(seen(8, 8)) is Cue.TAKEN
    assert film.guide.present is None


@pytest.mark.parametrize(
    ("flaw", "said"),
    [
        (Flaw.TOO_SMALL, Cue.COME_CLOSER),
        (Flaw.BLURRED, Cue.HOLD_STILL),
        (Flaw.TOO_DARK, Cue.TOO_DARK),
        (Flaw.TOO_BRIGHT, Cue.TOO_BRIGHT),
        (Flaw.TURNED_AWAY, Cue.LOOK_STRAIGHT),
    ],
)
def test_every_flaw_has_its_advice(flaw, said):
    film = Film()
    assert film.see(seen(0, 0, flaw)) is said
    assert film.guide.quality == 0.0
    assert film.guide.pictures == ()


def test_whoever_turned_too_far_aside_is_told_so_where_they_were_asked_to_turn():
    assert Film(Step.LEFT).see(seen(60, 0, Flaw.TURNED_AWAY)) is Cue.TURN_BACK


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"width": 45}, Cue.COME_CLOSER),
        ({"sharpness": 16}, Cue.HOLD_STILL),
        ({"brightness": 38}, Cue.TOO_DARK),
        ({"brightness": 228}, Cue.TOO_BRIGHT),
    ],
)
def test_what_the_door_would_just_take_is_not_good_enough_to_enrol_from(facts, said):
    film = Film()
    assert film.see(seen(**facts)) is said
    assert 0 < film.guide.quality < AT_LEAST
    assert film.guide.pictures == ()


@given(width=st.floats(1, 500), sharpness=st.floats(0, 500), brightness=st.floats(0, 255), better=st.floats(1.01, 3))
def test_a_larger_or_sharper_face_is_never_worse(width, sharpness, brightness, better):
    face = seen(width=width, sharpness=sharpness, brightness=brightness)
    quality, weakest = quality_of(face, GOOD)
    assert 0 <= quality <= 1
    assert weakest in {Cue.COME_CLOSER, Cue.HOLD_STILL, Cue.TOO_DARK, Cue.TOO_BRIGHT}
    assert quality_of(seen(width=width * better, sharpness=sharpness, brightness=brightness), GOOD)[0] >= quality
    assert quality_of(seen(width=width, sharpness=sharpness * better, brightness=brightness), GOOD)[0] >= quality


def test_nobody_in_view_is_told_and_takes_nothing_back():
    film = Film()
    film.watch(at(Step.STRAIGHT), 2)
    assert film.see() is Cue.NOBODY
    assert taken(film.guide)[Step.STRAIGHT] == 2


def test_a_second_person_ends_the_step_and_it_begins_anew():
    film = Film()
    film.watch(at(Step.STRAIGHT))
    film.watch(at(Step.LEFT), 2)
    assert film.see(at(Step.LEFT), seen(width=60, track="1.2")) is Cue.ALONE
    assert taken(film.guide) == dict.fromkeys(FIVE, 0) | {Step.STRAIGHT: WANTED}


def test_a_face_far_in_the_background_is_nobody():
    assert Film().see(seen(), seen(width=49, track="1.2")) is Cue.TAKEN


def test_a_lost_track_ends_the_step_and_it_begins_anew():
    film = Film()
    film.watch(at(Step.STRAIGHT))
    film.watch(at(Step.LEFT), 2)
    assert film.see(seen(22, track="1.2")) is Cue.AGAIN
    assert taken(film.guide)[Step.LEFT] == 0
    assert film.watch(seen(22, track="1.2")) is Cue.TAKEN
    assert taken(film.guide)[Step.LEFT] == WANTED


def test_the_same_number_counted_by_other_eyes_is_another_track():
    film = Film()
    film.watch(seen(track="1.1"), 2)
    assert film.see(seen(track="2.1")) is Cue.AGAIN


def test_somebody_enrolled_under_another_name_is_named_once_that_is_certain():
    film = Film()
    for number in range(CERTAIN):
        assert film.guide.stranger is None
        assert film.see(seen(person="Bob", score=0.93)) is (Cue.REFUSED if number == CERTAIN - 1 else Cue.HOLD_STILL)
    stranger = film.guide.stranger
    assert stranger is not None
    assert (stranger.person, stranger.score) == ("Bob", 0.93)
    assert film.guide.pictures == ()


def test_one_doubtful_frame_names_nobody():
    film = Film()
    for face in (seen(person="Bob"), seen(person="Bob"), seen(), seen(person="Bob"), seen(person="Bob")):
        film.see(face)
    assert film.guide.stranger is None


def test_a_frame_that_cannot_be_judged_neither_accuses_nor_clears():
    film = Film()
    for face in (seen(person="Bob"), seen(0, 0, Flaw.BLURRED), seen(person="Bob"), seen(person="Bob")):
        film.see(face)
    assert film.guide.stranger is not None


def test_a_picture_held_up_is_refused_once_that_is_certain_and_nothing_of_it_is_taken():
    film = Film()
    film.see(seen(liveness=Liveness.LIVE))
    assert film.guide.pictures
    for number in range(CERTAIN):
        assert not film.guide.is_spoof
        cue = film.see(seen(liveness=Liveness.SPOOF))
        assert cue is (Cue.REFUSED if number == CERTAIN - 1 else Cue.HOLD_STILL)
        assert film.guide.pictures == (), "nor of the living face before it"
    assert film.guide.is_spoof


@pytest.mark.parametrize("liveness", sorted(set(Liveness) - {Liveness.SPOOF}))
def test_whoever_is_not_known_to_be_a_picture_is_enrolled(liveness):
    film = Film()
    for _ in range(CERTAIN - 1):
        film.see(seen(liveness=Liveness.SPOOF))
    assert film.watch(seen(liveness=liveness), CERTAIN) is Cue.TAKEN
    assert not film.guide.is_spoof


def test_whoever_is_enrolled_under_this_very_name_gets_more_pictures():
    film = Film()
    assert film.watch(seen(person="ADA"), CERTAIN) is Cue.TAKEN
    assert film.guide.stranger is None


def test_of_two_lookalikes_neither_passes_for_somebody_new():
    film = Film()
    film.watch(seen(person="Bob", likeness=Likeness.AMBIGUOUS), CERTAIN)
    assert film.guide.stranger is not None


def test_pictures_are_taken_apart():
    guide = begun("Ada", FIVE, GOOD)
    for number in range(10):
        guide = guided(guide, view(number, seen(), interval=0.05))
    assert taken(guide)[Step.STRAIGHT] == WANTED
    times = [picture.time for picture in guide.pictures]
    assert all(later - earlier >= 0.15 - 1e-9 for earlier, later in pairwise(times))


def test_a_step_that_cannot_be_done_is_left_out_with_what_was_taken_of_it():
    film = Film()
    film.watch(at(Step.STRAIGHT))
    film.watch(at(Step.LEFT), 2)
    film.guide = skipped(film.guide)
    assert film.guide.present is not None
    assert film.guide.present.step is Step.RIGHT
    assert taken(film.guide)[Step.LEFT] == 0
    assert film.guide.since is None
    for _ in range(9):
        film.guide = skipped(film.guide)
    assert film.guide.present is None
    assert skipped(film.guide) is film.guide


def test_glasses_are_given_time_to_be_taken_off():
    film = Film(*steps_for(glasses=True, light=False))
    for step in FIVE:
        film.watch(at(step))
    waited = 0.0
    while (cue := film.see(seen())) is Cue.GLASSES_OFF:
        waited += 0.25
    assert cue is Cue.TAKEN
    assert waited == pytest.approx(TAKE_OFF, abs=0.5)


def test_other_light_must_be_other_light():
    film = Film(Step.STRAIGHT, Step.LIGHT)
    film.watch(seen(brightness=120))
    assert film.see(seen(brightness=128)) is Cue.CHANGE_LIGHT
    assert film.watch(seen(brightness=90)) is Cue.TAKEN
    assert film.guide.present is None


def test_the_bar_of_a_step_grows_with_its_pictures_and_their_quality():
    film = Film()
    bars = []
    for _ in range(WANTED):
        film.see(seen())
        bars.append(film.guide.steps[0].bar)
    assert bars == pytest.approx([1 / 3, 2 / 3, 1.0])
    poor = Film()
    poor.watch(seen(width=56))
    assert poor.guide.steps[0].done
    assert poor.guide.steps[0].bar == pytest.approx(0.7)


def test_a_face_whose_pose_cannot_be_told_is_asked_to_look_here():
    film = Film()
    assert film.see(replace(seen(), pose=None)) is Cue.LOOK_STRAIGHT


@given(
    frames=st.lists(
        st.lists(
            st.builds(
                seen,
                yaw=st.floats(-60, 60),
                pitch=st.floats(-40, 40),
                width=st.floats(20, 200),
                track=st.sampled_from(["1.1", "1.2"]),
                person=st.sampled_from([None, "Ada", "Bob"]),
            ),
            max_size=2,
        ),
        max_size=40,
    )
)
def test_whatever_is_seen_the_pictures_of_a_step_are_of_one_track_alone(frames: Sequence[Sequence[SeenFace]]):
    guide = begun("Ada", FIVE, GOOD)
    for number, faces in enumerate(frames):
        guide = guided(guide, view(number, *sorted(faces, key=lambda face: -face.box.width)))
        for progress in guide.steps:
            assert len(tracks_of(progress.pictures, frames)) <= 1
            assert len(progress.pictures) <= WANTED


def tracks_of(pictures: Iterable[object], frames: Sequence[Sequence[SeenFace]]) -> set[str]:
    largest = (max(frames[picture.frame], key=lambda face: face.box.width) for picture in pictures)  # type: ignore[attr-defined]
    return {face.track for face in largest}


@pytest.mark.parametrize("step", Step)
def test_every_step_is_asked_for_in_words(step):
    assert ASKED[step].words[0].isupper()
    assert ASKED[step].cue in HINTS


@pytest.mark.parametrize("cue", [cue for cue in Cue if cue is not Cue.SHUT_EYES])
def test_every_cue_has_words(cue):
    """But the one that only a challenge asks for."""
    assert words.HINTS[cue]


@pytest.mark.parametrize(("glasses", "light", "extra"), [(False, False, []), (True, True, [Step.GLASSES, Step.LIGHT])])
def test_glasses_and_light_are_asked_for_where_they_are_wanted(glasses, light, extra):
    assert list(steps_for(glasses=glasses, light=light)) == [*FIVE, *extra]
