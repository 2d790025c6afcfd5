"""Whether a visitor shows that they want to come in. Pure."""

from __future__ import annotations

from faceplate.config.access import IntentConfig
from faceplate.events import DoorStatus
from faceplate.types import Match, Seconds


def is_shown(rules: IntentConfig, match: Match, in_view: Seconds, time: Seconds, door: DoorStatus) -> bool:
    """Whether everything that the household asks for is there.

    Args:
        rules: what it asks for.
        match: the visitor on the newest frame.
        in_view: for how long the visitor has been in view.
        time: when that frame was taken.
        door: tells of the bell.
    """
    look = match.sighting.look
    return (
        in_view >= rules.dwell
        and look.face.box.width >= rules.min_face
        and (rules.max_turn is None or look.turn < rules.max_turn)
        and (rules.bell is None or (door.bell_rang is not None and 0 <= time - door.bell_rang <= rules.bell))
    )
