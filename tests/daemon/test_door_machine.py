"""The state machine of the door, on any sequence of inputs at any times."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from faceplate.door.machine import Cause, Grant, Mode, Output, Shut, State, TimePasses, start, step
from faceplate.events import DoorEvent, DoorEventType
from faceplate.types import Seconds

RELEASE_TIME = Seconds(5.0)

times = st.floats(0, 60).map(Seconds)
"""In no order: the clock may go back"""

inputs = st.one_of(
    st.sampled_from(["Ada", "Grace"]).map(Grant),
    st.just(TimePasses()),
    st.sampled_from([Cause.STOP, Cause.FAULT]).map(Shut),
)
stories = st.lists(st.tuples(times, inputs), max_size=30)


def play(story):
    """Each input with the state before it and the step it led to."""
    state = start(Seconds(0.0)).state
    for now, what in story:
        taken = step(state, what, now, RELEASE_TIME)
        yield state, now, what, taken
        state = taken.state


def at(time, what, state):
    return step(state, what, Seconds(time), RELEASE_TIME)


def test_a_run_begins_locked():
    begun = start(Seconds(3.0))
    assert begun.state.mode is Mode.LOCKED
    assert begun.output is Output.LOCK
    assert begun.events == (DoorEvent(DoorEventType.LOCKED, Seconds(3.0), Cause.START),)


def test_a_grant_unlocks_for_the_release_time():
    opened = at(10, Grant("Ada"), State(Seconds(0.0)))
    assert opened.output is Output.UNLOCK
    assert opened.events == (DoorEvent(DoorEventType.UNLOCKED, Seconds(10.0), Cause.ACCESS_GRANTED, "Ada"),)

    waiting = at(14.99, TimePasses(), opened.state)
    assert (waiting.state.mode, waiting.output, waiting.events) == (Mode.ACCESSED, None, ())

    shut = at(15, TimePasses(), waiting.state)
    assert (shut.state.mode, shut.output) == (Mode.LOCKED, Output.LOCK)
    assert shut.events == (DoorEvent(DoorEventType.LOCKED, Seconds(15.0), Cause.RELEASE_TIME),)


def test_a_second_grant_prolongs_without_moving_the_lock():
    opened = at(10, Grant("Ada"), State(Seconds(0.0)))
    prolonged = at(13, Grant("Grace"), opened.state)
    assert (prolonged.output, prolonged.events) == (None, ())
    assert at(17.9, TimePasses(), prolonged.state).state.mode is Mode.ACCESSED
    assert at(18, TimePasses(), prolonged.state).state.mode is Mode.LOCKED


def test_shutting_an_open_door_gives_the_cause():
    opened = at(10, Grant("Ada"), State(Seconds(0.0)))
    shut = at(11, Shut(Cause.STOP), opened.state)
    assert shut.output is Output.LOCK
    assert shut.events == (DoorEvent(DoorEventType.LOCKED, Seconds(11.0), Cause.STOP),)


def test_shutting_a_locked_door_drives_the_lock_and_tells_nothing():
    shut = at(11, Shut(Cause.STOP), State(Seconds(0.0)))
    assert (shut.output, shut.events) == (Output.LOCK, ())


def test_a_time_that_is_no_number_locks():
    opened = at(10, Grant("Ada"), State(Seconds(0.0)))
    for what in (Grant("Ada"), TimePasses()):
        shut = at(math.nan, what, opened.state)
        assert (shut.state.mode, shut.output) == (Mode.LOCKED, Output.LOCK)
        assert shut.events == (DoorEvent(DoorEventType.LOCKED, Seconds(10.0), Cause.FAULT),)


@given(stories)
def test_it_is_never_unlocked_longer_than_the_release_time_after_the_last_grant(story):
    last_grant = -math.inf
    for before, now, what, taken in play(story):
        if isinstance(what, Grant) and now >= before.time:
            last_grant = now
        if taken.state.mode is Mode.ACCESSED:
            assert now < last_grant + RELEASE_TIME
            assert taken.state.relock_at == last_grant + RELEASE_TIME


@given(stories)
def test_only_a_grant_unlocks(story):
    for before, _, what, taken in play(story):
        if before.mode is Mode.LOCKED and taken.state.mode is Mode.ACCESSED:
            assert isinstance(what, Grant)
            assert [event.person for event in taken.events] == [what.person]
        assert (taken.output is Output.UNLOCK) == (before.mode is Mode.LOCKED and taken.state.mode is Mode.ACCESSED)


@given(stories)
def test_time_going_back_locks(story):
    for before, now, _, taken in play(story):
        if now < before.time:
            assert taken.state.mode is Mode.LOCKED
            assert taken.output is Output.LOCK
        assert taken.state.time >= before.time


@given(stories)
def test_the_events_alternate_and_the_lock_follows_them(story):
    events = list(start(Seconds(0.0)).events)
    output = Output.LOCK
    for _, _, _, taken in play(story):
        events.extend(taken.events)
        output = taken.output or output
        assert output is (Output.LOCK if taken.state.mode is Mode.LOCKED else Output.UNLOCK)
        assert events[-1].type is (DoorEventType.LOCKED if output is Output.LOCK else DoorEventType.UNLOCKED)
    kinds = [event.type for event in events]
    assert kinds == [DoorEventType.LOCKED, DoorEventType.UNLOCKED] * (len(kinds) // 2) + (
        [DoorEventType.LOCKED] if len(kinds) % 2 else []
    )
    assert [event.time for event in events] == sorted(event.time for event in events)


@given(stories)
def test_a_stop_leaves_it_locked_whatever_came_before(story):
    state = start(Seconds(0.0)).state
    for _, _, _, taken in play(story):
        state = taken.state
    assert step(state, Shut(Cause.STOP), state.time, RELEASE_TIME).state.mode is Mode.LOCKED
