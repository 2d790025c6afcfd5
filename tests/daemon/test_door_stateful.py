"""The door's machine beside an oracle written from the standard's words, on any sequence of inputs.

FACEPLATE_TRACES=1000000 plays that many random traces on all processors; without it there are two thousand.
"""

from __future__ import annotations

import math
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from faceplate.door.hardware import Readings
from faceplate.door.state import Fault, Grant, Observed, Ordered, Shut, Silence, TimePasses
from faceplate.events import Cause, DoorMode, Order
from strategies_door import DELAYS, FAULTS, KINDS, PEOPLE, Watched, run_traces

_BATCH = 1000
AT_REST = Readings(exit_pressed=False, is_open=False, tampered=False, bell_pressed=False, bolt_thrown=True)

delays = st.sampled_from(sorted(set(DELAYS)))
# Exact in binary as the timings are: the oracle's arithmetic is another than the machine's, and would round otherwise.
any_delay = st.integers(0, 100 * 64).map(lambda ticks: ticks / 64)
levels = st.sampled_from([False, True, None])


class AnyDoor(RuleBasedStateMachine):
    """Everything that can happen at a door, in any order."""

    @initialize(timings=st.sampled_from(KINDS), mode=st.sampled_from(DoorMode))
    def begin(self, timings, mode):
        self.door = Watched(timings, mode)
        self.now = 100.0
        self.readings = AT_REST

    def _give(self, given, after):
        self.now += after
        return self.door.give(given, self.now)

    @rule(person=st.sampled_from(PEOPLE), extended=st.booleans(), after=delays)
    def somebody_is_granted_access(self, person, extended, after):
        self._give(Grant(person, extended), after)

    @rule(order=st.sampled_from(Order), after=delays)
    def the_owner_orders(self, order, after):
        self._give(Ordered(order), after)

    @rule(after=delays)
    def the_exit_button_is_pressed_and_released(self, after):
        for pressed in (True, False):
            self.readings = replace(self.readings, exit_pressed=pressed)
            self._give(Observed(self.readings), after)

    @rule(after=delays)
    def the_door_moves(self, after):
        self.readings = replace(self.readings, is_open=not self.readings.is_open)
        self._give(Observed(self.readings), after)

    @rule(readings=st.builds(Readings, levels, levels, levels, levels, levels), after=delays)
    def the_inputs_read(self, readings, after):
        self.readings = readings
        self._give(Observed(self.readings), after)

    @rule(what=st.sampled_from(FAULTS), active=st.booleans(), after=delays)
    def something_breaks_or_works_again(self, what, active, after):
        self._give(Fault(what, active), after)

    @rule(after=delays)
    def the_alarms_are_silenced(self, after):
        before = self.door.state
        taken = self._give(Silence(), after)
        assert not taken.state.silenced or taken.state.silenced <= taken.state.alarms
        assert before.alarms & taken.state.alarms <= taken.state.silenced, "what was raised is silent"

    @rule(after=any_delay | delays)
    def time_passes(self, after):
        self._give(TimePasses(), after)

    @rule(now=st.sampled_from([math.nan, math.inf, -math.inf, 0.0]))
    def the_clock_is_wrong(self, now):
        assert not self.door.give(TimePasses(), now).state.lock_open

    @rule(cause=st.sampled_from([Cause.STOP, Cause.FAULT]), after=delays)
    def it_must_lock(self, cause, after):
        assert not self._give(Shut(cause), after).state.lock_open


TestAnyDoor = AnyDoor.TestCase
TestAnyDoor.settings = settings(max_examples=150, stateful_step_count=40)


def test_random_traces():
    asked = int(os.environ.get("FACEPLATE_TRACES", "2000"))
    if asked <= _BATCH * 5:
        inputs = run_traces(0, asked)
    else:
        firsts = range(0, asked, _BATCH)
        with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
            inputs = sum(pool.map(run_traces, firsts, [min(_BATCH, asked - first) for first in firsts]))
    assert 20 * asked <= inputs <= 50 * asked


@pytest.mark.parametrize("timings", KINDS)
def test_without_a_grant_an_order_or_the_exit_button_nothing_unlocks(timings):
    """The same in one sentence, without the oracle's arithmetic: each level of every other input, at every time."""
    door = Watched(timings)
    now = 100.0
    for bits in range(64):
        is_open, tampered, bell, bolt = (bool(bits >> bit & 1) for bit in range(4))
        for given in (
            Observed(Readings(None, is_open, tampered, bell, bolt)),
            Observed(Readings()),
            Fault(FAULTS[0], active=tampered),
            Silence(),
            TimePasses(),
        ):
            now += DELAYS[bits % len(DELAYS)]
            assert not door.give(given, now).state.lock_open
