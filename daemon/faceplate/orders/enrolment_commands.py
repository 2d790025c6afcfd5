"""The orders by which somebody is enrolled at the door's own camera. Operators' alone: their answers hold pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Protocol

from pydantic import Field

from faceplate.config.section import Section
from faceplate.orders.orders import Command, always
from faceplate.people.person import tidy_name
from faceplate.types import Cue

Key = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
"""What `enrolment.begin` gave"""


class WhoIsEnrolled(Section):
    """Whom it is about, for the journal."""

    name: Annotated[str, Field(min_length=1, max_length=200)]


class ThisSession(Section):
    """The enrolment that goes on."""

    session: Key


class Later(ThisSession):
    """A frame that was not seen yet."""

    after: Annotated[int, Field(ge=0)] = 0


class Hint(ThisSession):
    """What to tell whoever stands there."""

    cue: Annotated[Cue, Field(strict=False)]


class Session(Protocol):
    """One enrolment at a time; each raises OrderRefusedError."""

    def begin(self) -> Mapping[str, Any]:
        """Begin one."""

    def look(self, key: str, after: int) -> Mapping[str, Any]:
        """The newest frame, and the faces in it."""

    def hint(self, key: str, cue: Cue) -> None:
        """Tell whoever stands there something."""

    def end(self, key: str) -> None:
        """End it."""


def enrolment_commands(session: Session) -> dict[str, Command[Any]]:
    """The commands, by name."""

    def begin(who: WhoIsEnrolled) -> Mapping[str, Any]:
        tidy_name(who.name)
        return session.begin()

    def look(wanted: Later) -> Mapping[str, Any]:
        return session.look(wanted.session, wanted.after)

    def hint(told: Hint) -> Mapping[str, Any]:
        session.hint(told.session, told.cue)
        return {}

    def end(this: ThisSession) -> Mapping[str, Any]:
        session.end(this.session)
        return {}

    return {
        "enrolment.begin": Command(WhoIsEnrolled, begin),
        "enrolment.look": Command(Later, look, always, audited=False),
        "enrolment.hint": Command(Hint, hint, always, audited=False),
        "enrolment.end": Command(ThisSession, end, always, audited=False),
    }
