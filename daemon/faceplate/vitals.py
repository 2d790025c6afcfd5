"""How well the loop does: frames a second, how long an answer takes, whether there are pictures and anybody in them."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from faceplate.types import Clock, Decision, Frame, Match, Seconds

COUNTED: Final = Seconds(10.0)
"""Frames a second are counted over so long"""

TIMED: Final = 300
"""How many of the last answers are timed; a frame without a face asks for none"""

OFFLINE_AFTER: Final = Seconds(5.0)
"""A camera that gave no frame for so long is offline"""

ABSENT_AFTER: Final = Seconds(3.0)
"""Nobody is there any more when no face was seen for so long"""


@dataclass(frozen=True, slots=True)
class Pulse:
    """What the loop is like at one moment."""

    fps: float
    """Frames a second"""

    p50: Seconds | None
    """Half of the answers to a face came this soon after the picture was taken; None: there were none"""

    p95: Seconds | None

    camera_online: bool

    present: bool
    """Whether a face was in view a moment ago"""

    def facts(self) -> dict[str, Any]:
        """As `status` tells it."""
        return {
            "camera": "online" if self.camera_online else "offline",
            "presence": self.present,
            "fps": round(self.fps, 1),
            "decision_ms_p50": _milliseconds(self.p50),
            "decision_ms_p95": _milliseconds(self.p95),
        }


class Vitals:
    """Watches the loop, and is asked from any thread."""

    def __init__(self, clock: Clock) -> None:
        """Watch by the clock that frames are stamped with."""
        self._clock = clock
        self._shown: deque[Seconds] = deque()
        self._waits: deque[Seconds] = deque(maxlen=TIMED)
        self._seen: Seconds | None = None
        self._one_at_a_time = threading.Lock()

    def show(self, frame: Frame, matches: Sequence[Match], decision: Decision) -> None:
        """A frame was answered."""
        del decision
        with self._one_at_a_time:
            now = self._clock()
            self._shown.append(now)
            if matches:
                self._waits.append(Seconds(now - frame.time))
                self._seen = now
            self._forget(now)

    def pulse(self) -> Pulse:
        """What the loop is like now."""
        with self._one_at_a_time:
            now = self._clock()
            last = self._shown[-1] if self._shown else None
            self._forget(now)
            waits = sorted(self._waits)
            return Pulse(
                fps=_rate(self._shown, now),
                p50=_share(waits, 0.5),
                p95=_share(waits, 0.95),
                camera_online=last is not None and now - last <= OFFLINE_AFTER,
                present=self._seen is not None and now - self._seen <= ABSENT_AFTER,
            )

    def _forget(self, now: Seconds) -> None:
        while self._shown and now - self._shown[0] > COUNTED:
            self._shown.popleft()


def _rate(shown: Sequence[Seconds], now: Seconds) -> float:
    """Frames that came since the first of them, up to now: when no more come it falls at once."""
    if not shown or now <= shown[0]:
        return 0.0
    return (len(shown) - 1) / (now - shown[0])


def _share(ordered: Sequence[Seconds], share: float) -> Seconds | None:
    """The least of them that so many do not exceed (nearest rank)."""
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else None


def _milliseconds(seconds: Seconds | None) -> float | None:
    return None if seconds is None else round(1000 * seconds, 1)
