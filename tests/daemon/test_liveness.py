"""What the cues say adds up to a verdict, and one face to a track."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.liveness import Liveness
from faceplate.types import Embedding, Face, Flaw, Frame, Image, Look, Seconds, Sighting, TrackId
from faceplate.vision.continuity import Continuity
from faceplate.vision.eyes import Eyes
from faceplate.vision.liveness.evidence import Evidence, Seen, Tells, Verdict, judged
from faceplate.vision.liveness.liveness import WINDOW, LivenessCheck
from faceplate.vision.per_track import PerTrack
from faceplate.vision.tracker import LOST_AFTER
from strategies_access import a_face, a_frame, a_sighting

INTERVAL = 0.1
RELIEF = frozenset({"relief"})
ANNA, BELA = np.array([1.0, 0.0], np.float32), np.array([0.0, 1.0], np.float32)

evidence = st.builds(Evidence, st.sampled_from(["network", "flat", "relief", "stream"]), st.sampled_from(Tells))
seen = st.lists(st.builds(Seen, st.just(Seconds(0.0)), st.lists(evidence, max_size=4).map(tuple)), max_size=8)


def says(*told: tuple[str, Tells]) -> list[Seen]:
    return [Seen(Seconds(0.0), tuple(Evidence(cue, tells) for cue, tells in told))]


cues = st.sampled_from(["network", "flat", "relief", "stream"])
needed = st.lists(st.frozensets(cues, min_size=1), min_size=1, max_size=3)


@given(seen, needed)
def test_live_only_if_nothing_denies_and_enough_cues_confirm(seen: list[Seen], needed: list[frozenset[str]]):
    everything = [each for one in seen for each in one.evidence]
    verdict = judged(seen, needed)
    denied = any(each.tells is Tells.DENIES for each in everything)
    confirming = {each.cue for each in everything if each.tells is Tells.CONFIRMS}
    assert (verdict.liveness is Liveness.SPOOF) == denied
    last = {each.cue: each.tells for each in everything if each.tells is not Tells.NOTHING}
    doubted = Tells.DOUBTS in last.values()
    assert (verdict.liveness is Liveness.LIVE) == (
        not denied and not doubted and all(cues & confirming for cues in needed)
    )
    assert verdict.liveness is not Liveness.UNCHECKED


@given(seen, needed, st.lists(evidence, max_size=20))
def test_no_confirmation_outvotes_one_denial(seen: list[Seen], needed: list[frozenset[str]], more: list[Evidence]):
    denial = Evidence("flat", Tells.DENIES)
    assert judged([*seen, Seen(Seconds(0.0), (denial, *more))], needed).liveness is Liveness.SPOOF


def test_nothing_seen_is_unsure():
    assert judged([], [RELIEF]) == Verdict(Liveness.UNSURE)


def test_one_cue_of_each_set_must_confirm():
    looks_and_moves = [frozenset({"network"}), frozenset({"relief", "parallax"})]
    moves = says(("relief", Tells.CONFIRMS), ("parallax", Tells.CONFIRMS))
    assert judged(moves * 5, looks_and_moves) == Verdict(Liveness.UNSURE, ("parallax", "relief"))
    looks = says(("network", Tells.CONFIRMS))
    assert judged(looks * 5, looks_and_moves) == Verdict(Liveness.UNSURE, ("network",))
    assert judged(moves[:1] + looks, looks_and_moves).liveness is Liveness.LIVE


def test_a_doubt_holds_until_its_own_cue_is_sure():
    sure = says(("relief", Tells.CONFIRMS), ("scene", Tells.CONFIRMS))
    in_doubt = says(("relief", Tells.CONFIRMS), ("scene", Tells.DOUBTS))
    assert judged(in_doubt, [RELIEF]) == Verdict(Liveness.UNSURE, ("relief",))
    assert judged([*sure, *in_doubt, *says(("scene", Tells.NOTHING))], [RELIEF]).liveness is Liveness.UNSURE
    assert judged([*in_doubt, *sure], [RELIEF]).liveness is Liveness.LIVE


def test_a_verdict_names_the_cues_that_made_it():
    told = says(("network", Tells.CONFIRMS), ("stream", Tells.DENIES), ("flat", Tells.DENIES), ("flat", Tells.DENIES))
    assert judged(told, [RELIEF]) == Verdict(Liveness.SPOOF, ("flat", "stream"))


@dataclass
class Script:
    """A cue that says what it was told to, in turn, then nothing."""

    name: str
    lines: dict[int, Tells]

    def observe(self, track: Sighting, frame: Frame) -> Evidence:
        del track
        return Evidence(self.name, self.lines.get(frame.index, Tells.NOTHING))


def verdicts(check: LivenessCheck, frames: int, track: int = 1, interval: float = INTERVAL) -> Iterator[Liveness]:
    for index in range(frames):
        yield check.judge(a_sighting(track), a_frame(index, index * interval)).liveness


def test_what_a_cue_said_holds_for_the_window_and_no_longer():
    check = LivenessCheck([Script("relief", {3: Tells.CONFIRMS})], [RELIEF])
    told = list(verdicts(check, 60))
    assert told[:3] == [Liveness.UNSURE] * 3
    lasting = round(WINDOW / INTERVAL)
    assert set(told[3 : 3 + lasting]) == {Liveness.LIVE}
    assert set(told[3 + lasting + 1 :]) == {Liveness.UNSURE}


def test_a_depth_that_was_confirmed_holds_for_the_window_whatever_else_is_lacking():
    shown = [Script("turn", {3: Tells.CONFIRMS}), Script("scene", {0: Tells.DOUBTS}), Script("network", {})]
    check = LivenessCheck(shown, [RELIEF], depth=frozenset({"relief", "turn"}))
    told = [check.judge(a_sighting(), a_frame(index, index * INTERVAL)) for index in range(60)]
    lasting = round(WINDOW / INTERVAL)
    assert [index for index, each in enumerate(told) if each.has_depth] == list(range(3, 3 + lasting + 1))
    assert {each.liveness for each in told} == {Liveness.UNSURE}
    assert not check.judge(a_sighting(2), a_frame(60, 6.0)).has_depth


def test_what_is_seen_of_a_face_that_cannot_be_judged_confirms_nothing():
    """It may be another face, held there for a moment."""
    check = LivenessCheck([Script("relief", {0: Tells.CONFIRMS, 3: Tells.DENIES})], [RELIEF], depth=RELIEF)
    for index in range(3):
        told = check.judge(a_sighting(1, *([Flaw.TOO_DARK] * (index == 0))), a_frame(index, index * INTERVAL))
        assert (told.liveness, told.has_depth) == (Liveness.UNSURE, False)
    assert check.judge(a_sighting(1, Flaw.BLURRED), a_frame(3, 0.3)).liveness is Liveness.SPOOF, "but may deny"


@pytest.mark.parametrize("tells", [Tells.DENIES, Tells.DOUBTS, Tells.NOTHING])
def test_nothing_but_a_confirmation_shows_a_depth(tells: Tells):
    check = LivenessCheck([Script("turn", {0: tells})], [RELIEF], depth=frozenset({"turn"}))
    assert not check.judge(a_sighting(), a_frame()).has_depth


def test_a_denial_takes_back_what_was_confirmed():
    check = LivenessCheck([Script("relief", {1: Tells.CONFIRMS}), Script("flat", {4: Tells.DENIES})], [RELIEF])
    told = list(verdicts(check, 6))
    assert told == [Liveness.UNSURE, *[Liveness.LIVE] * 3, *[Liveness.SPOOF] * 2]


def test_nothing_is_carried_from_one_track_to_another():
    check = LivenessCheck([Script("relief", {0: Tells.CONFIRMS})], [RELIEF])
    assert check.judge(a_sighting(1), a_frame(0, 0.0)).liveness is Liveness.LIVE
    assert check.judge(a_sighting(2), a_frame(1, 0.1)).liveness is Liveness.UNSURE
    assert check.judge(a_sighting(1), a_frame(2, 0.2)).liveness is Liveness.LIVE


def test_nor_to_the_same_track_after_a_gap_or_a_clock_that_goes_back():
    for later in (LOST_AFTER + 1.0 + 0.01, 0.5):
        check = LivenessCheck([Script("relief", {0: Tells.CONFIRMS})], [RELIEF])
        assert check.judge(a_sighting(1), a_frame(0, 1.0)).liveness is Liveness.LIVE
        assert check.judge(a_sighting(1), a_frame(1, later)).liveness is Liveness.UNSURE


@pytest.mark.parametrize(
    ("cues", "needed"), [([], [RELIEF]), ([Script("relief", {})], []), ([Script("relief", {})], [frozenset()])]
)
def test_a_check_that_would_call_everything_alive_cannot_be_made(cues: list[Script], needed: list[frozenset[str]]):
    with pytest.raises(ValueError, match="everything alive"):
        LivenessCheck(cues, needed)


def test_nobody_is_alive_before_they_were_watched_for_long_enough():
    check = LivenessCheck([Script("relief", dict.fromkeys(range(60), Tells.CONFIRMS))], [RELIEF], Seconds(1.0))
    told = list(verdicts(check, 60))
    assert told == [Liveness.UNSURE] * 10 + [Liveness.LIVE] * 50
    denied = LivenessCheck([Script("flat", {0: Tells.DENIES})], [RELIEF], Seconds(1.0))
    assert next(verdicts(denied, 1)) is Liveness.SPOOF


def test_a_memory_lasts_as_long_as_its_track():
    memories: PerTrack[deque[int]] = PerTrack(deque)
    memories.of(TrackId(1), Seconds(0.0)).append(1)
    memories.of(TrackId(2), Seconds(0.5)).append(2)
    assert list(memories.of(TrackId(1), Seconds(0.6))) == [1]
    assert list(memories.of(TrackId(2), Seconds(0.5 + LOST_AFTER + 0.01))) == []
    assert len(memories) == 2
    memories.of(TrackId(3), Seconds(9.0))
    assert len(memories) == 1, "nothing is kept of those that left"


# One face to a track


def is_same(a: Embedding, b: Embedding) -> bool:
    return float(a @ b) > 0.5


def shown(embedding: Embedding | None, track: int = 1) -> Sighting:
    sighting = a_sighting(track)
    return replace(sighting, look=replace(sighting.look, embedding=embedding))


def test_a_face_that_is_another_does_not_go_on():
    continuity = Continuity(is_same)
    assert continuity.holds(shown(ANNA), Seconds(0.0))
    assert continuity.holds(shown(ANNA), Seconds(0.1))
    assert not continuity.holds(shown(BELA), Seconds(0.2))
    assert continuity.holds(shown(ANNA), Seconds(0.3)), "it is compared with the last that went on"


def test_a_face_that_cannot_be_judged_hides_no_change():
    continuity = Continuity(is_same)
    assert continuity.holds(shown(ANNA), Seconds(0.0))
    assert continuity.holds(shown(None), Seconds(0.3))
    assert continuity.holds(shown(None), Seconds(0.6))
    assert not continuity.holds(shown(BELA), Seconds(0.9))


@dataclass
class Room:
    """One face that stays in its place, whoever's it is."""

    faces: list[Embedding]

    def find(self, image: Image) -> list[Face]:
        del image
        return [a_face()]

    def embed(self, crop: Image) -> Embedding:
        del crop
        return self.faces.pop(0)

    def tracks(self, eyes: Eyes) -> list[TrackId]:
        pictures = [Frame(index, Seconds(index * INTERVAL), np.zeros((200, 200, 3), np.uint8)) for index in range(6)]
        return [sighting.track for picture in pictures for sighting in eyes.see(picture)]


def test_a_face_that_takes_anothers_place_gets_a_track_of_its_own():
    room = Room([ANNA, ANNA, BELA, BELA, ANNA, ANNA])
    assert room.tracks(Eyes(room, room.embed, same_face=is_same)) == [1, 1, 2, 2, 3, 3]  # type: ignore[arg-type]


def test_liveness_begins_anew_with_the_face():
    room = Room([ANNA, ANNA, BELA, BELA, ANNA, ANNA])
    check = LivenessCheck([Script("relief", {1: Tells.CONFIRMS})], [RELIEF])
    eyes = Eyes(room, room.embed, same_face=is_same, liveness=check)  # type: ignore[arg-type]
    told = [
        sighting.liveness
        for index in range(6)
        for sighting in eyes.see(Frame(index, Seconds(index * INTERVAL), np.zeros((200, 200, 3), np.uint8)))
    ]
    assert told == [Liveness.UNSURE, Liveness.LIVE, *[Liveness.UNSURE] * 4]


@dataclass
class Watches:
    """Counts the frames that show nobody."""

    alone: list[int] = field(default_factory=list)

    def nobody(self, frame: Frame) -> None:
        self.alone.append(frame.index)


class EmptyAtTimes(Room):
    """Nobody is there on every other frame."""

    def find(self, image: Image) -> list[Face]:
        return [a_face()] if image[0, 0, 0] % 2 else []


def test_who_watches_the_empty_scene_is_shown_every_frame_without_a_face():
    room, watches = EmptyAtTimes([ANNA] * 3), Watches()
    check = LivenessCheck([Script("relief", {})], [RELIEF], watchmen=[watches])
    eyes = Eyes(room, room.embed, liveness=check)  # type: ignore[arg-type]
    for index in range(6):
        eyes.see(Frame(index, Seconds(index * INTERVAL), np.full((200, 200, 3), index, np.uint8)))
    assert watches.alone == [0, 2, 4]


def test_without_a_check_nobody_looked():
    look = Look(a_face(), np.zeros((112, 112, 3), np.uint8), (), ANNA)
    assert Sighting(TrackId(1), look).liveness is Liveness.UNCHECKED
