"""What is asked of a visitor besides their face, where it is in doubt whether that is alive."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from faceplate.config.schedule import NEVER, Schedule
from faceplate.config.section import Section
from faceplate.types import Seconds


class ChallengeConfig(Section):
    """What somebody does at the door that a picture cannot: turn left or right, look up, come closer, step back."""

    steps: Annotated[int, Field(ge=1, le=5)] = 3
    """So many of these, in an order that nobody knows before"""

    step_time: Annotated[Seconds, Field(ge=1, le=30)] = Seconds(4.0)
    """Each is to be done within this; so is looking at the camera again"""

    after: Annotated[Seconds, Field(ge=0, le=30)] = Seconds(1.5)
    """With `vision.liveness: motion`: a verified face that has been in view for this long, and is not yet known to be
    alive, is asked"""


class StepUpConfig(Section):
    """When a living face alone does not open."""

    ask: Literal["challenge", "pin"] = "challenge"
    """What is asked besides; pin: of people who have one, and the challenge of the others"""

    after_failures: Annotated[int, Field(ge=1, le=100)] | None = 1
    """After so many failed visits since somebody was let in; null: never mind"""

    schedule: Schedule = NEVER
    """During these hours, such as those of a schedule called `night`"""

    lookalikes: bool = True
    """Of a face that leads the next person by less than twice `people.margin`"""
