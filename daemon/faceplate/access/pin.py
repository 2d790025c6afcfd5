"""PINs: which may be chosen, how they are kept, and whose one is."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from faceplate.errors import EnrolmentError
from faceplate.rights import Rights

_log = logging.getLogger(__name__)

COST: Final = 2**14
"""scrypt's n; with r = 8 a hash takes 16 MiB (RFC 7914, section 2: 128 * n * r bytes)"""

_BLOCK: Final = 8
_LANES: Final = 1
_MOST_MEMORY: Final = 64 * 2**20
_LENGTH: Final = 32
_DIGITS: Final = re.compile(r"[0-9]{4,12}")
_HASH: Final = re.compile(r"scrypt\$(\d{1,7})\$(\d{1,2})\$(\d{1,2})\$([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+)")


@dataclass(frozen=True, slots=True)
class PinOwner:
    """Whose PIN it is."""

    person: str
    duress: bool
    """Whether it is the one that calls for help"""


def hash_pin(digits: str, cost: int = COST) -> str:
    """The text a PIN is kept as: `scrypt$n$r$p$salt$hash`, salt and hash in base64.

    Args:
        digits: a PIN that `check_new_pin` accepted.
        cost: scrypt's n, a power of two.
    """
    salt = secrets.token_bytes(16)
    derived = _derived(digits, salt, cost, _BLOCK, _LANES)
    return f"scrypt${cost}${_BLOCK}${_LANES}${_text(salt)}${_text(derived)}"


def is_pin(digits: str, stored: str) -> bool:
    """Whether these digits are the PIN kept as `stored`. Takes as long if they are not."""
    try:
        n, r, p, salt, expected = _parts(stored)
        return hmac.compare_digest(_derived(digits, salt, n, r, p), expected)
    except ValueError:
        _log.warning("a stored PIN cannot be read and opens nothing: set it again")
        return False


def owner_of(digits: str, people: Iterable[tuple[str, Rights]]) -> PinOwner | None:
    """Whose PIN these digits are. Every PIN of these people is compared, wherever the right one is among them."""
    if not _DIGITS.fullmatch(digits):
        return None
    found = [
        PinOwner(person, duress)
        for person, rights in people
        for stored, duress in ((rights.pin, False), (rights.duress_pin, True))
        if stored is not None and is_pin(digits, stored)
    ]
    # Two people with one PIN would each pass for the other.
    return found[0] if len(found) == 1 else None


def check_new_pin(digits: str, taken: Iterable[str]) -> None:
    """Whether somebody may choose this PIN.

    Args:
        digits: the PIN.
        taken: every PIN that is in use, as kept: those of everybody else, and this person's other one.

    Raises:
        EnrolmentError: they may not; the message says why, and not what was chosen.
    """
    if not _DIGITS.fullmatch(digits):
        raise EnrolmentError("a PIN has 4 to 12 digits, 0 to 9")
    if _is_trivial(digits):
        raise EnrolmentError(
            "this PIN is one of the first that anybody would try (all the same, or in order); choose another"
        )
    # Each is compared, so that the time does not tell how many there are before the same one.
    if any([is_pin(digits, stored) for stored in taken]):  # noqa: C419 - a generator would stop at the first
        raise EnrolmentError("this PIN cannot be used; choose another")


def _is_trivial(digits: str) -> bool:
    """All the same, or counting up or down, 9 and 0 being neighbours as on a telephone."""
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(digits)}
    return steps in ({0}, {1}, {9})


def _parts(stored: str) -> tuple[int, int, int, bytes, bytes]:
    if (parts := _HASH.fullmatch(stored)) is None:
        raise ValueError("not a hash of ours")
    n, r, p, salt, expected = parts.groups()
    return int(n), int(r), int(p), base64.b64decode(salt, validate=True), base64.b64decode(expected, validate=True)


def _derived(digits: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(digits.encode(), salt=salt, n=n, r=r, p=p, maxmem=_MOST_MEMORY, dklen=_LENGTH)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
