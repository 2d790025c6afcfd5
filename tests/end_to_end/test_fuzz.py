"""A few of the payloads that `fuzz.py` mutates by the million."""

import random

from fuzz import SEEDS, fuzz


def test_no_mutated_payload_crashes_or_unlocks():
    tally = fuzz(20_000, random.Random(3))  # noqa: S311 - repeatable
    assert (tally.crashes, tally.unlocks) == (0, 0), tally.examples[:3]
    assert {f"remote.{seed['command']}" for seed in SEEDS} <= tally.orders.keys(), (
        "too little gets through to show anything"
    )
