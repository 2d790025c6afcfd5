"""SIGKILL at random moments, a few times; `python tests/kills.py --rounds 1000` does it for an hour."""

from __future__ import annotations

import os
import random

import pytest

from kills import BrokenPromiseError, Household, unlocked_spans


def test_a_daemon_that_is_killed_again_and_again_leaves_the_door_locked_and_loses_nothing(tmp_path, runtime):
    household = Household(tmp_path, random.Random(), runtime)  # noqa: S311 - other moments each time
    for _ in range(int(os.environ.get("FACEPLATE_KILLS", "5"))):
        household.live_and_die()


def test_an_open_door_would_be_seen(tmp_path, runtime):
    household = Household(tmp_path, random.Random(), runtime)  # noqa: S311 - the same

    def secure_nothing(*_):
        household._board.set_level(17, 1)

    household._run = secure_nothing
    with pytest.raises(BrokenPromiseError, match="the door is open"):
        household.live_and_die()


@pytest.mark.parametrize(
    ("levels", "spans"),
    [
        ([], []),
        ([(0.0, 0)], []),
        ([(0.0, 0), (1.0, 1), (1.5, 1), (3.0, 0), (4.0, 0)], [2.0]),
        ([(0.0, 1)], [float("inf")]),
        ([(0.0, 1), (0.5, 0), (1.0, 1), (1.25, 0)], [0.5, 0.25]),
    ],
)
def test_how_long_a_lock_was_unlocked_is_read_from_the_log(levels, spans):
    log = [{"time": time, "line": 17, "level": level} for time, level in levels]
    assert unlocked_spans([*log, {"time": 9.0, "line": 5, "level": 1}], 17) == spans
