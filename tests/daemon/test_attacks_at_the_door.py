"""Simulated visitors and attackers come to the whole door, and do as it asks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from attacks import sources, visitors
from attacks.answering import Doing, Film, Playing
from attacks.at_the_door import Hall, visits
from attacks.cast import Victim
from attacks.clip import LIVE, RATE
from attacks.door import LONGEST, Door
from attacks.heads import Still, generic
from attacks.paths import WALK, Lean, settled, visitor
from attacks.stage import clock, staged
from faceplate.commands.demo import FOOTAGE
from faceplate.pictures import read_picture
from faceplate.types import Cue, Image, Reason

pytestmark = pytest.mark.once

SEED = 2
DARK = np.zeros((96, 128, 3), np.uint8)


@pytest.fixture(scope="module")
def man() -> Still:
    still = sources.still_of(read_picture(FOOTAGE / "man-1.jpg"), "man", sources.detector())
    assert still is not None
    return still


@pytest.fixture(scope="module")
def victim(man: Still) -> Victim:
    return Victim(man, generic(man), SEED)


def test_a_visitor_is_let_in_and_a_print_of_them_is_not(victim):
    hall = Hall(looks=1)
    found = {each.species: each.answered for each in visits(victim, victim.still, (LIVE, "shaken print"), hall)}
    assert found[LIVE].granted
    assert found[LIVE].steps == ()
    assert 0 < found[LIVE].seconds < 2
    shown = found["shaken print"]
    assert (shown.granted, shown.reason) == (False, Reason.SPOOF_SUSPECTED)


def test_whoever_cannot_be_enrolled_has_no_door(victim):
    dark = Still("somebody", np.zeros_like(victim.still.image), victim.still.face)
    assert list(visits(Victim(dark, victim.points, SEED), dark, (LIVE,), Hall())) == []


def test_a_door_sees_the_room_before_anybody_comes_and_whom_it_does_not_see_goes(victim, tmp_path):
    shown: list[str] = []

    def room() -> Iterator[Image]:
        for _ in range(3):
            shown.append("room")
            yield DARK

    def nobody(frame: int, cue: Cue | None) -> Image:
        assert (frame, cue) == (len(shown) - 3, None)
        shown.append("nobody")
        return DARK

    answered = Door.of("man", victim.still.image, tmp_path).receive(nobody, 1, room())
    assert shown == ["room"] * 3 + ["nobody"] * int(LONGEST * RATE)
    assert (answered.granted, answered.reason) == (False, Reason.NOBODY)
    assert answered.seconds == pytest.approx(LONGEST, abs=0.11)


# What is on a stage


def test_a_visitor_comes_as_in_a_clip_and_then_waits(victim):
    clip = visitors.live_like(victim.still, victim.points, SEED, frames=2)
    stage = victim.comes()
    assert all((stage.take(frame) == image).all() for frame, image in enumerate(clip.images))
    assert clip.room is not None
    assert np.abs(stage.empty(np.random.default_rng(0)).astype(int) - clip.room).mean() < 16


def test_who_waits_sways_less_than_who_comes():
    rng, long = np.random.default_rng(2), clock(200)
    path = visitor(rng, long)
    waiting = settled(path, long)
    come = long < WALK
    assert (waiting.yaw[come] == path.yaw[come]).all()
    assert np.std(waiting.yaw[long > WALK + 1]) < 0.4 * np.std(path.yaw[long > WALK + 1])


def test_the_room_is_the_one_behind_the_visitor_and_its_noise_another_each_time(victim):
    stage, rng = victim.comes(), np.random.default_rng(0)
    rooms = [stage.empty(rng).astype(int) for _ in range(2)]
    assert (rooms[0] != rooms[1]).any()
    corner = (slice(0, 60), slice(0, 60))
    assert abs(stage.take(0)[corner].mean() - rooms[0][corner].mean()) < 12
    assert sources.detector().find(stage.empty(rng)) == []


def test_a_film_of_a_challenge_goes_on_where_it_was_asked_as_soon_as_the_door_asks():
    film = Film(lambda frame, _: np.full((2, 2, 3), frame, np.uint8))
    for frame in range(10):
        film(frame, Cue.LOOK_STRAIGHT if frame >= 4 else None)
    playing = Playing(film)
    flat = staged(
        "",
        "",
        DARK.astype(np.float32),
        lambda frame, _: playing.picture(frame).astype(np.float32),
        clock(20),
        SEED,
        np.random.default_rng(3),
    )
    told = [None] * 6 + [Cue.TURN_LEFT] * 8
    actor = playing.on(flat)
    shown = []
    for frame, cue in enumerate(told):
        actor(frame, cue)
        shown.append(int(playing.picture(frame)[0, 0, 0]))
    assert shown == [0, 1, 2, 3, 4, 5, 4, 5, 6, 7, 8, 9, 9, 9]


# What is asked is done


def leans(cues: dict[int, Cue], frames: int) -> list[Lean]:
    """Of somebody who is told each cue from that frame on."""
    body, told = Doing(np.random.default_rng(1)), None
    made = []
    for frame in range(frames):
        told = cues.get(frame, told)
        made.append(body.at(frame, told))
    return made


def test_nobody_moves_before_they_can_have_heard_and_then_no_faster_than_a_head_turns():
    made = leans({0: Cue.LOOK_STRAIGHT, 10: Cue.TURN_LEFT}, 30)
    assert {each.yaw for each in made[:14]} == {0.0}
    steps = np.abs(np.diff([each.yaw for each in made]))
    assert 0 < steps.max() <= 90 / RATE + 1e-9
    assert -28 <= made[-1].yaw <= -20


@pytest.mark.parametrize(
    ("cue", "sign"),
    [(Cue.TURN_LEFT, (-1, 0)), (Cue.TURN_RIGHT, (1, 0)), (Cue.STEP_BACK, (0, -1)), (Cue.COME_CLOSER, (0, 1))],
)
def test_each_step_is_done_as_it_is_meant_and_taken_back_but_for_how_near_it_is(cue, sign):
    made = leans({0: cue, 30: Cue.LOOK_STRAIGHT}, 60)
    assert (np.sign(made[29].yaw), np.sign(made[29].nearer - 1)) == sign
    assert (made[29].nearer > 1.3) == (cue is Cue.COME_CLOSER)
    assert (made[-1].yaw, made[-1].nearer) == (0, made[29].nearer)


@pytest.mark.parametrize("cue", [Cue.TURN_LEFT, Cue.TURN_RIGHT, Cue.STEP_BACK, Cue.COME_CLOSER])
def test_whoever_is_still_asked_goes_on_after_a_while(cue):
    made = leans({0: cue}, 80)
    far = [abs(each.yaw) + abs(np.log(each.nearer)) for each in made]
    assert far == sorted(far)
    begun = next(frame for frame, each in enumerate(far) if each > 0)
    stood = next(frame for frame in range(begun, len(far)) if far[frame + 1] == far[frame])
    went_on = next(frame for frame in range(stood, len(far)) if far[frame] > far[stood])
    assert 0.8 * RATE <= went_on - stood <= 1.4 * RATE + 2


def test_whoever_is_told_not_so_far_turns_back_a_little_at_a_time():
    made = leans({0: Cue.TURN_LEFT, 20: Cue.TURN_BACK}, 60)
    far = [abs(each.yaw) for each in made]
    assert far[19] > 20
    assert far[20:] == sorted(far[20:], reverse=True)
    assert 0 < far[-1] < 0.6 * far[19]


def test_whoever_is_told_something_looks_less_aside_and_nobody_turns_who_is_to_look_straight():
    made = leans({10: Cue.LOOK_STRAIGHT}, 60)
    assert {(each.yaw, each.nearer) for each in made} == {(0.0, 1.0)}
    assert {each.calm for each in made[:14]} == {1.0}
    assert made[-1].calm == pytest.approx(0.3)
