"""The product's sentence, with strict fakes in every place: who is asked what, and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from faceplate.errors import CameraError, DoorError, FaceplateError, ModelError, StoreError
from faceplate.loop import guard
from faceplate.types import Decision, Frame, Match, Outcome, Reason, Sighting
from strategies_access import a_frame, a_sighting, verified

PARTS = ("camera", "see", "name", "decide", "write", "obey", "show")
ERRORS = {
    "camera": CameraError("the stream ended"),
    "see": ModelError("the network gave nothing"),
    "name": StoreError("the gallery cannot be read"),
    "decide": FaceplateError("a fault in the rules"),
    "write": StoreError("the disk is full"),
    "obey": DoorError("the lock does not answer"),
    "show": FaceplateError("nobody can look"),
}


@dataclass
class House:
    """Everything `guard` speaks to. Each must be given what the one before gave; the order is kept."""

    sightings: Sequence[Sighting] = ()
    frames_given: int = 2
    broken: str | None = None
    calls: list[str] = field(default_factory=list)
    frame: Frame | None = None
    matches: list[Match] = field(default_factory=list)
    decision: Decision | None = None

    def frames(self) -> Iterator[Frame]:
        for index in range(self.frames_given):
            self.frame, self.matches = a_frame(index), []
            self._called("camera")
            yield self.frame
        self.frame = None

    def see(self, frame: Frame) -> Sequence[Sighting]:
        assert frame is self.frame
        self._called("see")
        return self.sightings

    def name(self, sighting: Sighting) -> Match:
        assert sighting is self.sightings[len(self.matches)]
        self._called("name")
        self.matches.append(verified("Ada"))
        return self.matches[-1]

    def decide(self, frame: Frame, matches: Sequence[Match]) -> Decision:
        assert frame is self.frame
        assert list(map(id, matches)) == list(map(id, self.matches))
        assert len(matches) == len(self.sightings)
        self._called("decide")
        self.decision = Decision(frame.index, frame.time, Outcome.GRANTED, Reason.VERIFIED, verified("Ada"))
        return self.decision

    def write(self, entry: Decision) -> None:
        assert entry is self.decision
        self._called("write")

    def obey(self, decision: Decision) -> None:
        assert decision is self.decision
        self._called("obey")

    def show(self, frame: Frame, matches: Sequence[Match], decision: Decision) -> None:
        assert frame is self.frame
        assert decision is self.decision
        assert len(matches) == len(self.matches)
        self._called("show")

    def guard(self) -> list[str]:
        guard(self, self, self, self, self, self, self.show)
        return self.calls

    def _called(self, part: str) -> None:
        self.calls.append(part)
        if part == self.broken:
            raise ERRORS[part]


def test_every_frame_goes_the_whole_way_and_is_written_down_before_the_door_obeys():
    house = House(sightings=[a_sighting(1), a_sighting(2)])
    assert house.guard() == ["camera", "see", "name", "name", "decide", "write", "obey", "show"] * 2


def test_an_empty_frame_is_decided_on_too():
    assert House(frames_given=1).guard() == ["camera", "see", "decide", "write", "obey", "show"]


def test_the_end_of_the_camera_is_the_end():
    assert House(frames_given=0).guard() == []


@pytest.mark.parametrize("part", PARTS)
def test_whatever_breaks_nothing_after_it_happens(part):
    house = House(sightings=[a_sighting(1)], broken=part)
    with pytest.raises(FaceplateError) as caught:
        house.guard()
    assert caught.value is ERRORS[part]
    assert house.calls == list(PARTS[: PARTS.index(part) + 1])


def test_what_cannot_be_written_down_does_not_move_the_door():
    house = House(sightings=[a_sighting(1)], broken="write")
    with pytest.raises(StoreError, match="disk is full"):
        house.guard()
    assert "obey" not in house.calls
