"""A stranger has a day, and meets no more attempts than the lock-out leaves; docs/door.md shows the table."""

from __future__ import annotations

import pytest

from simulations.brute_force import (
    FACES,
    PINS,
    attempts_in_a_day,
    chance_of_a_face,
    chance_of_a_pin,
    patiently,
)

# 5 at once; then one after each of 60, 120, 240, 480 and 960 s; then one every half hour for the rest of the day.
MOST_FACES = 5 + 5 + 47
MOST_PINS = 3 + 5 + 47


@pytest.mark.parametrize("way", FACES)
def test_so_many_faces_in_a_day(way, tmp_path):
    assert attempts_in_a_day(FACES[way], tmp_path, seed=len(way)) <= MOST_FACES


def test_the_simulation_does_try(tmp_path):
    assert attempts_in_a_day(patiently, tmp_path) == MOST_FACES


@pytest.mark.parametrize("way", PINS)
def test_so_many_pins_in_a_day(way, tmp_path):
    attempts = attempts_in_a_day(PINS[way], tmp_path)
    assert attempts <= MOST_PINS
    assert attempts > MOST_PINS - 5


def test_after_each_homecoming_the_waits_begin_anew(tmp_path):
    """21 stretches of 69 minutes: in each 5 attempts, 5 more after ever longer waits, 1 more half an hour later."""
    attempts = attempts_in_a_day(patiently, tmp_path, arrivals=20)
    assert 20 * 10 <= attempts <= 21 * 11


def test_the_chances():
    assert chance_of_a_face(57, 5) == pytest.approx(57 * 5 * 5e-6)
    assert chance_of_a_pin(55, 4, 5) == pytest.approx(0.055)
    assert chance_of_a_pin(55, 6, 5) == pytest.approx(0.00055)
    assert chance_of_a_pin(10**6, 4, 5) == 1
