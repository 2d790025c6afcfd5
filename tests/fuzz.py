"""What comes over MQTT, mutated by the million: it must crash nothing, and open nothing.

Every payload goes the way of an order: gate, clerk, and a daemon that only writes down what it is asked. What a payload
may bring about is judged a second time, by the plain rules below and Python's own parser: an order to unlock that these
do not find in it counts as an unlock.

    PYTHONPATH=tests python tests/fuzz.py --inputs 1000000
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from faceplate.bridge.broker.link import Received
from faceplate.bridge.intake.clerk import Clerk
from faceplate.bridge.intake.gate import Gate
from faceplate.bridge.intake.requests import Request
from faceplate.bridge.messages import Topics
from faceplate.types import Seconds

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PIN = "258025"
TOPICS = Topics("faceplate/front-door")

SEEDS: tuple[dict[str, Any], ...] = (
    {"command": "unlock", "pin": PIN},
    {"command": "lock"},
    {"command": "mode", "mode": "locked_down"},
    {"command": "set", "setting": "release_time", "value": 1.5},
    {"command": "face_unlock", "on": True},
    {"command": "pin", "pin": "4711"},
    {"command": "enrolment", "seconds": 60, "name": "Zoë"},
    {"command": "journal", "after": 0, "limit": 10},
)

REMEMBERED = 100
"""Ids of late"""

TOKENS = (
    *(
        b'{}[],:"\\',
        b"null",
        b"true",
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"0",
        b"-1",
        b"\x00",
        b"\xff\xfe",
        b"\xed\xa0\x80",
    ),
    *(b'"id"', b'"ts"', b'"command"', b'"pin"', b'"unlock"', b'"lock"', b"\\u0000", b"\\ud800", b"[" * 40, b"{" * 40),
    *(PIN.encode(), b"2026-03-01T12:00:00Z", b"/**/", b"'", b"9" * 400),
)


@dataclass
class Tally:
    """What was sent, and what came of it."""

    inputs: int = 0
    orders: Counter[str] = field(default_factory=Counter)
    """That reached the daemon, by name"""
    crashes: int = 0
    unlocks: int = 0
    """Orders to unlock that were not in the payload"""
    examples: list[str] = field(default_factory=list)
    """Of crashes and unlocks"""


class Remembered:
    """Ids that came, without a disk."""

    def __init__(self) -> None:
        self.ids: set[str] = set()

    def doubt(self, request: Request) -> str:
        return "it came before" if request.id in self.ids else ""

    def add(self, request: Request) -> None:
        if len(self.ids) == REMEMBERED:
            self.ids.clear()
        self.ids.add(request.id)


class WritesDown:
    """A daemon that does as it is told, and keeps what it was."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def order(self, command: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append((command, dict(arguments)))
        return {}

    def status(self) -> Mapping[str, Any]:
        return {}


def fuzz(inputs: int, chance: random.Random) -> Tally:
    """Send that many."""
    tally, record, daemon, clock = Tally(), Remembered(), WritesDown(), [0.0]
    clerk: Any = Clerk(Gate(record), daemon, TOPICS, lambda: Seconds(clock[0]), lambda: NOW)  # type: ignore[arg-type]
    for _ in range(inputs):
        clock[0] += 1.0  # so that none is refused for coming too fast
        payload, retained = mutated(chance), chance.random() < 0.05
        known = frozenset(record.ids)
        daemon.asked.clear()
        tally.inputs += 1
        try:
            clerk.answer(Received("t", payload, retained, None))
            if chance.random() < 0.01:
                clerk.report(0)
        except Exception as error:  # noqa: BLE001 - what is looked for
            tally.crashes += 1
            tally.examples.append(f"{error!r}: {payload!r}")
        for command, arguments in daemon.asked:
            tally.orders[command] += 1
            if command == "remote.unlock" and not asks_to_unlock(payload, retained, known, arguments):
                tally.unlocks += 1
                tally.examples.append(f"unlocks: {payload!r}")
    return tally


def asks_to_unlock(payload: bytes, retained: bool, known: frozenset[str], arguments: dict[str, Any]) -> bool:  # noqa: FBT001
    """The rules, once more and plainly."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs), "a key came twice"
        return dict(pairs)

    try:
        tree = json.loads(payload.decode("utf-8"), object_pairs_hook=once)
        sent = datetime.fromisoformat(tree["ts"])
        fresh = abs(NOW - sent) <= timedelta(seconds=5)
    except (ValueError, AssertionError, TypeError, KeyError, RecursionError):
        return False
    return (
        not retained
        and fresh
        and tree["command"] == "unlock"
        and 1 <= len(tree["id"]) <= 64
        and tree["id"] not in known
        and arguments == {key: value for key, value in tree.items() if key not in {"id", "ts", "command"}}
    )


def mutated(chance: random.Random) -> bytes:
    """A proper order with up to eight things done to it, first to what it says, then to its bytes."""
    tree = {"id": f"{chance.getrandbits(64):x}", "ts": NOW.isoformat()} | chance.choice(SEEDS)
    for _ in range(chance.choice((0, 0, 1, 2))):
        chance.choice(SPOILERS)(tree, chance)
    items = list(tree.items())
    chance.shuffle(items)
    content = bytearray(json.dumps(dict(items), ensure_ascii=chance.random() < 0.5).encode(errors="replace"))
    for _ in range(chance.choice((0, 0, 1, 1, 2, 8))):
        chance.choice(DAMAGES)(content, chance)
    return bytes(content)


def _spoil_value(tree: dict[str, Any], chance: random.Random) -> None:
    tree[chance.choice(list(tree))] = chance.choice(
        (
            None,
            True,
            -1,
            0,
            1e308,
            "",
            " ",
            "unlock",
            "remote.unlock",
            PIN,
            int(PIN),
            [PIN],
            {"pin": PIN},
            "x" * 70,
            "\ud800",
            [],
        )
    )


def _spoil_time(tree: dict[str, Any], chance: random.Random) -> None:
    then = NOW + timedelta(seconds=chance.uniform(-12, 12))
    tree["ts"] = chance.choice(
        (then.isoformat(), then.replace(tzinfo=None).isoformat(), then.timestamp(), then.isoformat()[:-3])
    )


def _drop_key(tree: dict[str, Any], chance: random.Random) -> None:
    tree.pop(chance.choice(list(tree)))
    tree.setdefault("x", None)


def _add_key(tree: dict[str, Any], chance: random.Random) -> None:
    tree[chance.choice(("pin", "command", "force", "person", "PIN", "id ", "__proto__"))] = chance.choice(
        (PIN, "unlock", None, 1)
    )


def _flip(content: bytearray, chance: random.Random) -> None:
    if content:
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def _insert(content: bytearray, chance: random.Random) -> None:
    where = chance.randrange(len(content) + 1)
    content[where:where] = _token(chance)


def _replace(content: bytearray, chance: random.Random) -> None:
    where = chance.randrange(len(content) + 1)
    content[where : where + chance.randrange(12)] = _token(chance)


def _cut(content: bytearray, chance: random.Random) -> None:
    where = chance.randrange(len(content) + 1)
    del content[where : where + chance.randrange(1, 40)]


def _repeat(content: bytearray, chance: random.Random) -> None:
    where = chance.randrange(len(content) + 1)
    content[where:where] = content[where : where + chance.randrange(60)] * chance.choice((1, 1, 2, 300))


def _token(chance: random.Random) -> bytes:
    token = chance.choice(TOKENS)
    return bytes([token]) if isinstance(token, int) else token


SPOILERS: tuple[Callable[[dict[str, Any], random.Random], None], ...] = (_spoil_value, _spoil_time, _drop_key, _add_key)
DAMAGES: tuple[Callable[[bytearray, random.Random], None], ...] = (_flip, _insert, _replace, _cut, _repeat)


def main() -> None:
    """Send as many as asked, and tell what came of it."""
    parser = argparse.ArgumentParser(prog="python tests/fuzz.py", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    arguments = parser.parse_args()
    begun = time.monotonic()
    tally = fuzz(arguments.inputs, random.Random(arguments.seed))  # noqa: S311 - repeatable, not secret
    print(tally, f"{time.monotonic() - begun:.0f} s")  # noqa: T201 - it is a command


if __name__ == "__main__":
    main()
