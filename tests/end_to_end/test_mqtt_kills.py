"""A few of the kills that `mqtt_kills.py` does by the hundred."""

import random

import pytest

from mqtt_kills import kill

pytestmark = pytest.mark.mosquitto


def test_every_row_arrives_in_order_whichever_side_is_killed(tmp_path):
    tally = kill(tmp_path, 6, random.Random(2), longest=1.5)  # noqa: S311 - repeatable
    assert sum(tally.kills.values()) == 6
    assert tally.rows > 0
    assert (tally.lost, tally.out_of_order, tally.other_ids) == (0, 0, 0), tally
    assert tally.messages >= tally.rows
