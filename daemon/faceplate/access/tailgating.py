"""Others who may follow somebody through the open door. Pure.

After a grant everybody is counted who is near the camera while the door is open (without a door contact: while it is
unlocked for that grant) and is not the one let in. Whoever is seen there on as many frames as a grant takes is told to
the owner, once for each grant. The camera sees those outside; who slips through unseen is not found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from faceplate.access.view import near, nearest
from faceplate.events import DoorMode, DoorStatus
from faceplate.types import Likeness, Match, Method, Seconds, TrackId

_TAKES_EFFECT: Final = Seconds(2.0)
"""A door that is not unlocked so long after the grant did not obey it"""


@dataclass(frozen=True, slots=True)
class Watch:
    """Whom to look out for after one grant."""

    person: str
    """Who was let in"""
    method: Method
    since: Seconds
    own: frozenset[TrackId]
    """The tracks of the one who was let in"""
    seen: Mapping[TrackId, int] = field(default_factory=dict)
    """On how many frames each of the others was seen at the open door"""
    begun: bool = False
    """Whether the door has been unlocked since"""


def watched(watch: Watch, matches: Sequence[Match], time: Seconds, door: DoorStatus) -> Watch | None:
    """The watch with one more frame; None when it is over."""
    unlocked = door.is_open is True or door.mode is DoorMode.ACCESSED
    if door.mode in {DoorMode.UNLOCKED, DoorMode.LOCKED_OPEN}:
        return None
    if not unlocked:
        return None if watch.begun or time - watch.since > _TAKES_EFFECT else watch
    watch = replace(watch, begun=True)
    return watch if door.is_open is False else _counted(watch, matches)


def _counted(watch: Watch, matches: Sequence[Match]) -> Watch:
    verified = {m.sighting.track for m in matches if m.likeness is Likeness.VERIFIED and m.person == watch.person}
    own = watch.own | verified
    close = near(matches)
    if not own and close:  # let in by a PIN alone: whoever stands nearest will have typed it
        own = frozenset({nearest(close).sighting.track})
    others = {match.sighting.track for match in close} - own
    kept = {track: count for track, count in watch.seen.items() if track not in own}
    return replace(watch, own=own, seen=kept | {track: kept.get(track, 0) + 1 for track in others})


def tailgater(watch: Watch, matches: Sequence[Match], frames_needed: int) -> Match | None:
    """Somebody on the newest frame who was seen often enough to be told of."""
    return next((m for m in matches if watch.seen.get(m.sighting.track, 0) >= frames_needed), None)
