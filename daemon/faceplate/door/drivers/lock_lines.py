"""The lines a lock hangs on, in plain values, so that they can be handed to another process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faceplate.config import DoorConfig  # for its name only: pydantic would double the time a keeper takes to start


@dataclass(frozen=True, slots=True)
class LockLines:
    """What moves the lock."""

    chip: str
    line: int

    active_high: bool
    """Whether a relay's coil is fed while its line is high"""

    powered_when_locked: bool
    """Of a held lock: whether power holds it shut"""

    lock_line: int | None
    """The line whose pulse locks, that of `line` then unlocks; None: a lock held by `line` alone"""

    pulse: float
    """Seconds that a pulse lasts"""

    @classmethod
    def of(cls, config: DoorConfig) -> LockLines:
        """The lines the configuration names."""
        pulsed = config.lock in {"latching", "motor"}
        return cls(
            chip=config.chip,
            line=config.line,
            active_high=config.active_high,
            powered_when_locked=config.wiring == "fail_safe",
            lock_line=config.lock_line if pulsed else None,
            pulse=config.pulse,
        )
