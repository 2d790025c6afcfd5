"""Leads somebody through an enrolment: frames in, advice out, until all that was asked for is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from faceplate.camera.clock import monotonic
from faceplate.commands.enrolling.door import EnrolmentDoor
from faceplate.commands.enrolling.screen import QUIT, SKIP, Keys
from faceplate.commands.enrolling.verdict import NO_LIVING_FACE, already_enrolled
from faceplate.enrolling.guide import Guide, guided, skipped
from faceplate.enrolling.steps import HINTS, Step
from faceplate.enrolling.view import View
from faceplate.errors import EnrolmentError
from faceplate.types import Clock, Cue, Seconds

PERIOD: Final = Seconds(0.12)
"""Between two looks; the control socket bears twenty requests a second"""

REPEAT: Final = Seconds(4.0)
"""A hint that still holds is given again after this"""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for a picture before a step is left out."""

    lasting: Seconds

    def is_over(self, guide: Guide, now: Seconds) -> bool:
        """Whether it has been waited for long enough."""
        return guide.since is not None and now - guide.since > self.lasting


class Prompter:
    """Tells whoever stands at the door what to do, not more often than can be borne."""

    def __init__(self, door: EnrolmentDoor, clock: Clock) -> None:
        """Tell it by the door's signals."""
        self._door = door
        self._clock = clock
        self._told: Cue | None = None
        self._at = Seconds(0.0)

    def tell(self, before: Guide, guide: Guide) -> None:
        """Tell what is new, or has to be said again; a picture that was taken is told when its step is done."""
        is_further = _done(guide) > _done(before)
        if guide.cue is Cue.TAKEN and not is_further:
            return
        cue, now = Cue.TAKEN if is_further else guide.cue, self._clock()
        if is_further or cue is not self._told or now - self._at >= REPEAT:
            self._told, self._at = cue, now
            self._door.hint(cue)


def led(
    guide: Guide, door: EnrolmentDoor, keys: Keys, patience: Patience, show: Callable[[Guide, View], None]
) -> Guide:
    """Have every step done, or left out.

    Args:
        guide: at its beginning.
        door: where somebody stands.
        keys: of whoever enrols them.
        patience: how long each step may take.
        show: shows where the enrolment is.

    Raises:
        EnrolmentError: nobody can be enrolled; the message says why.
        FaceplateError: the door's camera or its daemon is no longer there.
    """
    prompter = Prompter(door, monotonic)
    while guide.present is not None:
        before, key = guide, keys.within(PERIOD)
        if key == QUIT:
            raise EnrolmentError("it was stopped; nobody was enrolled")
        if key == SKIP:
            guide = skipped(guide)
        elif (view := door.look()) is not None:
            guide = _without_waiting(guided(guide, view), patience, view.time)
            show(guide, view)
            _refuse(guide)
            prompter.tell(before, guide)
    return guide


def _without_waiting(guide: Guide, patience: Patience, now: Seconds) -> Guide:
    if guide.present is None or not patience.is_over(guide, now):
        return guide
    if guide.present.step is Step.STRAIGHT:
        raise EnrolmentError(
            f"nobody was enrolled: no picture could be taken for {patience.lasting:g} s ({HINTS[guide.cue]})"
        )
    return skipped(guide)


def _refuse(guide: Guide) -> None:
    if guide.is_spoof:
        raise EnrolmentError(NO_LIVING_FACE)
    if (stranger := guide.stranger) is not None:
        raise EnrolmentError(already_enrolled(stranger.person, stranger.score))


def _done(guide: Guide) -> int:
    return sum(progress.done and not progress.skipped for progress in guide.steps)
