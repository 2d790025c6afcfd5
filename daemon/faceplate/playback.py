"""The whole daemon over a recording, with a simulated door: what would it have done?"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from datetime import datetime, timedelta
from typing import Protocol

from faceplate.access.calendar import Calendar
from faceplate.access.reception import Reception
from faceplate.access.standing import Forgetful, StandingStore
from faceplate.app import note_nothing, show_nothing, started, warn_of_gaps
from faceplate.camera.clock import ReplayClock
from faceplate.camera.replay import ReplayCamera
from faceplate.config import Config
from faceplate.door.door import Door
from faceplate.door.drivers.simulated import hardware_of as simulated_hardware
from faceplate.events import DoorEvent
from faceplate.events import wall_clock as present
from faceplate.loop import guard
from faceplate.recognition import Recognition
from faceplate.types import Decision, Seconds, Show

_STEP = Seconds(0.1)
"""How finely time passes when a recording is over"""


class Record(Protocol):
    """Where decisions and door events are written down."""

    def write(self, entry: Decision | DoorEvent) -> None:
        """Write one down for good, before returning."""


def replay(  # noqa: PLR0913 - the recording, and what becomes of it
    config: Config,
    camera: ReplayCamera,
    record: Record,
    show: Show = show_nothing,
    *,
    standing: StandingStore | None = None,
    at: datetime | None = None,
    attended: Callable[[Door, Reception], AbstractContextManager[object]] = lambda _door, _reception: nullcontext(),
) -> None:
    """Guard a simulated door over a recording, as fast as `camera` plays it and by its clock.

    Args:
        config: all of it.
        camera: the recording.
        record: takes decisions and door events.
        show: takes every frame with what was made of it.
        standing: what is known of the past; by default nothing. It is never written to the disk.
        at: when the recording begins, for schedules; by default now.
        attended: entered while the door is guarded; by default nobody asks what it is like.
    """
    begin, beginning = at or present(), camera.clock()
    with ExitStack() as stack:
        stack.enter_context(closing(camera))
        hardware = stack.enter_context(closing(simulated_hardware(config.door, camera.clock)))
        write = note_nothing if config.door.driver == "none" else record.write
        door = Door(config.door, hardware, write, camera.clock, config.access.max_frame_age)
        stack.enter_context(started(door, thread=False))
        recognition = Recognition(config.vision, config.people)
        warn_of_gaps(config)
        reception = Reception(
            config.access,
            camera.clock,
            door=door.status,
            calendar=Calendar(lambda: begin + timedelta(seconds=camera.clock() - beginning)),
            standing=standing or Forgetful(),
            people=dict,
            liveness=config.vision.liveness,
            narrowest=config.vision.quality.min_size,
        )
        stack.enter_context(attended(door, reception))
        guard(camera, recognition.eyes(), recognition.recogniser(), reception, record, door, show)
        _let_time_pass(camera.clock, door, config.door.release_time + config.door.extended_release_time)


def _let_time_pass(clock: ReplayClock, door: Door, longest: float) -> None:
    """After a recording: go on, without frames, until the door must be locked again."""
    end = clock() + longest
    while door.status().lock_commanded_open and clock() < end:
        clock.advance(Seconds(min(clock() + _STEP, end)))
        door.tick()
