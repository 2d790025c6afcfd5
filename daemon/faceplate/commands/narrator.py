"""Telling decisions and door events as they happen, for people and for machines."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from faceplate.events import DoorEvent, access_event
from faceplate.types import Clock, Decision, Outcome


class Narrator:
    """A record that is printed: one line for each decision that changed something and for each door event."""

    def __init__(
        self,
        clock: Clock,
        *,
        as_json: bool,
        every_frame: bool = False,
        name_of: Callable[[int], str] | None = None,
        tell: Callable[[str], None] = print,
    ) -> None:
        """Begin to tell.

        Args:
            clock: of the camera; times are told from now on.
            as_json: one JSON object a line.
            every_frame: also tell the frames on which nothing was decided.
            name_of: gives the file that a frame comes from; it is told with the entry.
            tell: is given each line.
        """
        self._start = clock()
        self._every_frame = every_frame
        self._name_of = name_of
        self._tell = tell
        self._line = json.dumps if as_json else sentence
        self._frame = 0

    def write(self, entry: Decision | DoorEvent) -> None:
        """Tell an entry."""
        if isinstance(entry, Decision):
            self._frame = self._frame if entry.frame is None else entry.frame
            if entry.outcome is Outcome.NOTHING and not self._every_frame:
                return
        file = {"file": self._name_of(self._frame)} if self._name_of else {}
        told = {"frame": self._frame, "time": round(entry.time - self._start, 3), **_facts(entry), **file}
        self._tell(self._line(told))


def sentence(told: dict[str, Any]) -> str:
    """One entry in words."""
    is_answer = told["event"] != "access_warning"
    score = f"  score {told['score']:.2f}" if "score" in told and is_answer else ""
    nearest = f" nearest {told['nearest']}" if told.get("nearest") and not told["person"] else ""
    over = "  is over" if told.get("active") is False else ""
    mode = f"  {told['mode']}" if "mode" in told else ""
    who = f"  {told['person']}" if told["person"] else ""
    file = f"  {told['file']}" if "file" in told else ""
    file = f"  {told['cue']}{file}" if "cue" in told else file
    what = f"{told['event']:<15}{over}{mode}{who}  {told['reason']}{score}{nearest}"
    return f"{told['time']:8.2f} s  frame {told['frame']:<5d} {what}{file}"


def _facts_of_door(event: DoorEvent) -> dict[str, Any]:
    facts: dict[str, Any] = {"event": str(event.type), "person": event.person, "reason": str(event.cause)}
    if not event.active:
        facts["active"] = False
    if event.mode is not None:
        facts["mode"] = str(event.mode)
    return facts | ({"detail": event.detail} if event.detail else {})


def _facts(entry: Decision | DoorEvent) -> dict[str, Any]:
    if isinstance(entry, DoorEvent):
        return _facts_of_door(entry)
    event = "nothing" if entry.outcome is Outcome.NOTHING else access_event(entry)
    facts: dict[str, Any] = {"event": event, "person": entry.person, "reason": str(entry.reason)}
    facts["method"] = str(entry.method)
    if (match := entry.match) is None:
        return facts
    return facts | {
        "track": int(match.sighting.track),
        "likeness": str(match.likeness),
        "nearest": match.person,
        "score": round(match.score, 4),
        "share": round(match.share, 4),
        "lead": round(match.lead, 4),
        "flaws": [str(flaw) for flaw in match.sighting.look.flaws],
        "liveness": str(match.sighting.liveness),
        "cues": list(match.sighting.cues),
        **({"cue": str(entry.cue)} if entry.cue else {}),
    }
