"""Switches that bounce."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.config.door import InputConfig, InputsConfig
from faceplate.door.debounce import Debounced, Level
from faceplate.door.hardware import Readings
from faceplate.types import Seconds

LASTING = Seconds(0.0625)
NAMES = {
    "exit": "exit_pressed",
    "contact": "is_open",
    "tamper": "tampered",
    "bell": "bell_pressed",
    "bolt": "bolt_thrown",
}


def settled(*readings: tuple[float, bool | None], lasting: Seconds = LASTING) -> list[bool | None]:
    """What counts after each reading."""
    level, seen = Level(), []
    for now, raw in readings:
        level = level.told(raw, Seconds(now), lasting)
        seen.append(level.settled)
    return seen


@pytest.mark.parametrize("first", [True, False])
def test_nothing_counts_until_a_level_has_lasted(first):
    assert settled((1.0, first), (1.0624, first), (1.0625, first)) == [None, None, first]


def test_a_change_counts_once_it_has_lasted():
    begun = [(0.0, False), (0.0625, False)]
    assert settled(*begun, (1.0, True), (1.0624, True), (1.0625, True))[2:] == [False, False, True]


def test_a_bounce_begins_the_time_anew():
    begun = [(0.0, False), (0.0625, False)]
    bounces = [(1.0, True), (1.05, False), (1.06, True), (1.12, True), (1.1225, True)]
    assert settled(*begun, *bounces)[2:] == [False, False, False, False, True]


def test_a_short_pulse_never_counts():
    assert settled((0.0, False), (0.0625, False), (1.0, True), (1.02, True), (1.04, False), (9.0, False))[-1] is False


def test_without_a_time_every_level_counts_at_once():
    assert settled((0.0, False), (0.0, True), (0.0, False), lasting=Seconds(0.0)) == [False, True, False]


def test_what_does_not_answer_is_unknown_at_once_and_has_to_last_anew():
    assert settled((0.0, True), (1.0, True), (2.0, None), (2.01, True), (2.05, True), (2.08, True))[1:] == [
        True,
        None,
        None,
        None,
        True,
    ]


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([True, False, None])), max_size=40))
def test_a_level_counts_only_if_every_reading_for_so_long_agreed(readings):
    time, history, level = 0, [], Level()
    for ticks, raw in readings:
        time += ticks
        history.append((time / 64, raw))
        before, level = level, level.told(raw, Seconds(time / 64), Seconds(4 / 64))
        if level.settled is not before.settled and raw is not None:
            run = []
            for then, other in reversed(history):
                if other is not raw:
                    break
                run.append(then)
            assert run[0] - run[-1] >= 4 / 64
            assert level.settled is raw
        if raw is None:
            assert level == Level()


@pytest.mark.parametrize("name", NAMES)
def test_each_input_has_its_own_time(name):
    config = InputsConfig(**{name: InputConfig(line=1, debounce=Seconds(0.25))})
    raw = Readings(**dict.fromkeys(NAMES.values(), True))  # type: ignore[arg-type] # all of them are levels
    first = Debounced().told(raw, Seconds(1.0), config)
    others = {field: None if field == NAMES[name] else True for field in NAMES.values()}
    assert first.readings == Readings(**others)
    assert first.told(raw, Seconds(1.24), config).readings == Readings(**others)
    assert first.told(raw, Seconds(1.25), config).readings == raw


@pytest.mark.parametrize("name", NAMES)
def test_each_input_is_itself(name):
    raw = Readings(**{NAMES[name]: True})
    assert Debounced().told(raw, Seconds(1.0), InputsConfig()).readings == raw
    assert getattr(Debounced().told(raw, Seconds(1.0), InputsConfig()), name).settled is True
