"""Which mode follows which: the one table that the machine obeys and the documentation shows."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeAlias

from faceplate.events import DoorMode, Order


class Trigger(StrEnum):
    """What changes the mode without being ordered."""

    GRANT = "access granted"
    EXIT = "exit button"
    OVER = "access is over"
    SHUT = "stop or fault"


Act: TypeAlias = Order | Trigger

_LOCKED, _UNLOCKED, _ACCESSED = DoorMode.LOCKED, DoorMode.UNLOCKED, DoorMode.ACCESSED
_BLOCKED, _LOCKED_DOWN, _LOCKED_OPEN = DoorMode.BLOCKED, DoorMode.LOCKED_DOWN, DoorMode.LOCKED_OPEN

# What leads to the same mode from wherever it is allowed.
_COMMON: Final[Mapping[Act, DoorMode]] = {
    Order.LOCK: _LOCKED,
    Order.UNLOCK: _UNLOCKED,
    Order.BLOCK: _BLOCKED,
    Order.LOCK_DOWN: _LOCKED_DOWN,
    Order.LOCK_OPEN: _LOCKED_OPEN,
}
_ACCESS: Final[Mapping[Act, DoorMode]] = {Order.ACCESS: _ACCESSED, Trigger.GRANT: _ACCESSED, Trigger.EXIT: _ACCESSED}

TRANSITIONS: Final[Mapping[DoorMode, Mapping[Act, DoorMode]]] = {
    _LOCKED: {**_COMMON, **_ACCESS, Trigger.SHUT: _LOCKED},
    # It is open to everybody: an access changes nothing.
    _UNLOCKED: {
        **_COMMON,
        Order.ACCESS: _UNLOCKED,
        Trigger.GRANT: _UNLOCKED,
        Trigger.EXIT: _UNLOCKED,
        Trigger.SHUT: _LOCKED,
    },
    _ACCESSED: {**_COMMON, **_ACCESS, Trigger.OVER: _LOCKED, Trigger.SHUT: _LOCKED},
    # "The device shall not allow AccessDoor requests. All other requests to change the door mode are allowed" (ONVIF).
    # The exit button lets out without a change of mode: nobody is let in by face meanwhile.
    _BLOCKED: {**_COMMON, Trigger.EXIT: _BLOCKED, Trigger.SHUT: _BLOCKED},
    # "The device shall only allow the LockDownReleaseDoor request" (ONVIF). Ordering it twice does no harm.
    _LOCKED_DOWN: {
        Order.LOCK_DOWN: _LOCKED_DOWN,
        Order.LOCK_DOWN_RELEASE: _LOCKED,
        Trigger.EXIT: _LOCKED_DOWN,
        Trigger.SHUT: _LOCKED_DOWN,
    },
    _LOCKED_OPEN: {
        Order.LOCK_OPEN: _LOCKED_OPEN,
        Order.LOCK_OPEN_RELEASE: _LOCKED,
        Trigger.EXIT: _LOCKED_OPEN,
        Trigger.SHUT: _LOCKED,
    },
}
"""For each mode what is allowed in it, and the mode that follows. What is not in it is refused."""

OPEN_MODES: Final = frozenset({_UNLOCKED, _LOCKED_OPEN})
"""Unlocked until further notice: nobody forces such a door, and it may stand open"""


def follows(mode: DoorMode, act: Act) -> DoorMode | None:
    """The mode that `act` leads to; None: it is refused."""
    return TRANSITIONS[mode].get(act)


def refusal(mode: DoorMode, order: Order) -> str:
    """Why an order is refused; empty if it is not."""
    if order in TRANSITIONS[mode]:
        return ""
    possible = ", ".join(act for act in TRANSITIONS[mode] if isinstance(act, Order))
    return f"{order} is refused while the door is {mode}; possible is: {possible}"


def resting(mode: DoorMode) -> DoorMode:
    """The mode that lasts: an access is a passing state of the locked door."""
    return _LOCKED if mode is _ACCESSED else mode
