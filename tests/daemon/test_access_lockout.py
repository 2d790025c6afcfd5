"""Failures that slow down what follows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.access.lockout import (
    FRESH,
    Backoff,
    at,
    at_the_longest,
    failed,
    lasting,
    remaining,
    restored,
    taken_back,
)
from faceplate.config.access import BackoffConfig, LockoutConfig, PinConfig
from faceplate.types import Seconds

RULES = LockoutConfig()
START = Seconds(100.0)


def seconds(number: float) -> Seconds:
    return Seconds(number)


def after(number: int, rules: BackoffConfig = RULES, start: float = 100.0) -> tuple[Backoff, float]:
    """So many failures, each at the first moment that it is possible."""
    backoff, now = FRESH, start
    for _ in range(number):
        now += remaining(backoff, seconds(now))
        backoff = failed(backoff, seconds(now), rules)
    return backoff, now


@pytest.mark.parametrize(
    ("failures", "wait"),
    [(0, 0), (4, 0), (5, 60), (6, 120), (7, 240), (8, 480), (9, 960), (10, 1800), (11, 1800), (1000, 1800)],
)
def test_after_five_failures_a_minute_doubling_to_half_an_hour(failures, wait):
    assert lasting(failures, RULES) == wait
    backoff, now = after(failures)
    assert backoff.failures == failures
    assert remaining(backoff, seconds(now)) == wait
    assert (backoff.until is None) is (wait == 0)


def test_pins_are_locked_out_after_three():
    assert [lasting(n, PinConfig()) for n in (2, 3, 4)] == [0, 60, 120]


def test_the_lock_out_ends_on_time_and_not_before():
    backoff, now = after(5)
    assert at(backoff, seconds(now + 59.999), RULES) == backoff
    assert remaining(backoff, seconds(now + 59.5)) == 0.5
    over = at(backoff, seconds(now + 60), RULES)
    assert over == Backoff(5, seconds(now + 60))
    assert remaining(over, seconds(now + 60)) == 0
    assert remaining(backoff, seconds(now + 61)) == 0


def test_then_each_single_failure_locks_out_again():
    backoff, now = after(5)
    again = failed(backoff, seconds(now + 60), RULES)
    assert remaining(again, seconds(now + 60)) == 120


def test_what_failed_long_ago_is_forgotten():
    rules = BackoffConfig(forget_after=seconds(3600.0))
    backoff, now = after(4, rules)
    assert at(backoff, seconds(now + 3599.9), rules).failures == 4
    assert at(backoff, seconds(now + 3600), rules) == FRESH
    assert failed(backoff, seconds(now + 3600), rules).failures == 1


def test_the_time_of_a_lock_out_does_not_count_as_quiet():
    rules = BackoffConfig(first=seconds(60.0), longest=seconds(1800.0), forget_after=seconds(60.0))
    backoff, now = after(5, rules)
    assert at(backoff, seconds(now + 60), rules).failures == 5
    assert at(backoff, seconds(now + 119.9), rules).failures == 5
    assert at(backoff, seconds(now + 120), rules) == FRESH


def test_an_attempt_that_did_not_fail_is_taken_back():
    assert taken_back(after(3)[0], seconds(7.0)) == Backoff(2, seconds(7.0))
    assert taken_back(after(5)[0], seconds(7.0)) == Backoff(4, seconds(7.0)), "and with it the lock-out it began"
    assert taken_back(FRESH, seconds(7.0)).failures == 0


def test_a_restart_begins_a_running_lock_out_anew():
    assert restored(6, locked_out=True, now=START, rules=RULES) == Backoff(6, seconds(220.0), seconds(220.0))
    assert restored(6, locked_out=False, now=START, rules=RULES) == Backoff(6, START)
    assert restored(3, locked_out=True, now=START, rules=RULES) == Backoff(3, START)


def test_at_the_longest():
    assert remaining(at_the_longest(START, RULES), START) == RULES.longest
    widest = BackoffConfig(failures=100, first=seconds(1.0), longest=seconds(86400.0))
    assert remaining(at_the_longest(START, widest), START) == 86400


backoffs = st.builds(
    BackoffConfig,
    failures=st.integers(1, 6),
    first=st.sampled_from([seconds(1.0), seconds(60.0)]),
    longest=st.sampled_from([seconds(60.0), seconds(1800.0)]),
    forget_after=st.sampled_from([seconds(60.0), seconds(86400.0)]),
)


@given(backoffs, st.lists(st.tuples(st.booleans(), st.floats(0, 5000)), max_size=30))
def test_no_trace_fails_more_often_than_the_waits_allow(rules: BackoffConfig, trace: list[tuple[bool, float]]):
    """Whatever happens when: after the n-th failure in a row nothing is answered for what `lasting` says."""
    backoff, now, quiet_until, last, failures = FRESH, 0.0, 0.0, 0.0, 0
    for restart, step in trace:
        now += step
        if restart:
            # Whether a lock-out that ran out while nobody looked is saved as over is the store's affair.
            running = at(backoff, seconds(now), rules).until is not None
            failures = at(backoff, seconds(now), rules).failures
            backoff = restored(failures, locked_out=running, now=seconds(now), rules=rules)
            if running:
                quiet_until = last = now + lasting(failures, rules)
            elif failures:
                last = now
            continue
        backoff = at(backoff, seconds(now), rules)
        assert (backoff.until is not None) is (now < quiet_until)
        if backoff.until is None:
            if now - last >= rules.forget_after:
                failures = 0
            backoff, failures = failed(backoff, seconds(now), rules), failures + 1
            assert backoff.failures == failures
            quiet_until = last = now + lasting(failures, rules)


@given(backoffs, st.integers(0, 10), st.floats(0, 1e6))
def test_time_changes_nothing_twice(rules: BackoffConfig, failures: int, step: float):
    backoff, now = after(failures, rules)
    later = seconds(now + step)
    assert at(at(backoff, later, rules), later, rules) == at(backoff, later, rules)
