"""What an enrolled person may do, beyond having a face."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What somebody is to the household; `access.roles` says what that means."""

    OWNER = "owner"
    RESIDENT = "resident"
    GUEST = "guest"
    CHILD = "child"


@dataclass(frozen=True, slots=True)
class Rights:
    """The rules for one person. What is None follows from the role and the household's configuration."""

    role: Role = Role.RESIDENT

    enabled: bool = True
    """False: known, and not let in"""

    valid_from: datetime | None = None
    """Not let in before; aware, UTC"""

    valid_until: datetime | None = None
    """Not let in from then on; aware, UTC"""

    schedule: str | None = None
    """Name of the schedule this person may come by; None: the role's"""

    extended_time: bool = False
    """Needs longer to reach the door: `door.extended_release_time` is added (ONVIF UseExtendedTime)"""

    detection_threshold: float | None = None
    verification_threshold: float | None = None
    """Stricter thresholds for this person, 0..1; looser ones have no effect"""

    pin: str | None = field(default=None, repr=False)
    """Salted hash of the PIN"""

    duress_pin: str | None = field(default=None, repr=False)
    """Salted hash of the PIN that opens and calls for help"""
