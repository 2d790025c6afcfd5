"""What a daemon's status is told as over MQTT."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.bridge.messages import Message, Topics
from faceplate.bridge.payloads import channels
from faceplate.bridge.payloads.words import ModeState
from faceplate.bridge.states import diagnostics, states
from faceplate.events import DoorMode
from strategies_bridge import STATUS, statuses

TOPICS = Topics("faceplate/front-door")
NOW = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
OF_A_STATUS = (
    channels.LOCK,
    channels.DOOR,
    channels.MODE,
    channels.PRESENCE,
    channels.CAMERA,
    channels.FACE_UNLOCK,
    channels.LIVENESS,
    channels.ALARM,
    channels.LOCKOUT,
    channels.VERSIONS,
    channels.SETTINGS,
    channels.ENROLMENT,
)


def told(status, now=NOW, before=(), *, has_contact=True):
    """The messages, by topic."""
    known = {message.topic: message for message in before}
    messages = states(status, TOPICS, now, known, has_contact=has_contact)
    assert all(message.retain for message in messages)
    return {message.topic.removeprefix("faceplate/front-door/"): message for message in messages}


def payloads(status, now=NOW, before=(), *, has_contact=True):
    messages = told(status, now, before, has_contact=has_contact)
    return {
        topic: json.loads(message.payload) if message.content_type else message.payload
        for topic, message in messages.items()
    }


def with_(**changed):
    return STATUS | changed


@given(statuses)
def test_of_a_whole_status_every_state_is_told(status):
    assert told(status).keys() == {channel.topic for channel in OF_A_STATUS}
    assert diagnostics(status, TOPICS) is not None


def test_the_states_of_a_quiet_door():
    assert payloads(STATUS) == {
        "lock/state": "LOCKED",
        "door/state": "closed",
        "mode/state": "locked",
        "presence/state": "present",
        "camera/state": "online",
        "face_unlock/state": "on",
        "liveness/state": "motion",
        "alarm/state": {"active": False, "alarms": [], "faults": [], "silenced": False},
        "lockout/state": {"face": {"active": False, "until": None}, "pin": {"active": False, "until": None}},
        "versions/state": {"faceplate": "0.1.0", "bundle": "default/1", "bundle_installed": "default/2", "contract": 2},
        "settings/state": STATUS["settings"] | {"bounds": STATUS["bounds"]},
        "enrolment/state": {
            "open": False,
            "until": None,
            "name": None,
            "pictures": 0,
            "wanted": 5,
            "result": "",
        },
    }


def test_the_diagnostics():
    message = diagnostics(STATUS, TOPICS)
    assert (message.topic, message.retain) == ("faceplate/front-door/diagnostics/state", True)
    assert json.loads(message.payload) == {
        "fps": 9.8,
        "decision_ms_p50": 41.0,
        "decision_ms_p95": 66.5,
        "cpu_temperature": 51.2,
        "uptime": 12.5,
        "started": "2026-03-01T11:00:00.000Z",
        "restart_reason": "ordered",
        "people": 3,
        "clock_trusted": True,
    }


NEEDS = {
    "lock/state": {"lock", "alarms"},
    "door/state": {"open"},
    "mode/state": {"mode"},
    "presence/state": {"presence"},
    "camera/state": {"camera"},
    "face_unlock/state": {"face_unlock"},
    "liveness/state": {"liveness"},
    "alarm/state": {"alarms", "faults", "silenced"},
    "lockout/state": {"lockout", "pin_lockout"},
    "versions/state": {"version", "bundle", "bundle_installed", "contract"},
    "settings/state": {"settings", "bounds"},
    "enrolment/state": {"enrolment"},
}


@pytest.mark.parametrize("key", STATUS)
def test_a_state_whose_facts_are_missing_is_left_out_and_no_other(key):
    less = {name: value for name, value in STATUS.items() if name != key}
    assert told(STATUS).keys() - told(less).keys() == {topic for topic, keys in NEEDS.items() if key in keys}


NULLABLE = {"open", "bundle_installed"}
"""What may be null, and says something so"""


@pytest.mark.parametrize(
    ("key", "nonsense"),
    [(key, nonsense) for key in STATUS for nonsense in ({"x": 1}, None) if nonsense or key not in NULLABLE],
)
def test_a_state_whose_facts_are_not_understood_is_left_out_and_no_other(key, nonsense):
    left_out = told(STATUS).keys() - told(with_(**{key: nonsense})).keys()
    assert left_out == {topic for topic, keys in NEEDS.items() if key in keys}


def test_a_key_of_a_newer_daemon_changes_nothing():
    assert told(with_(mood="good")) == told(STATUS)


def test_without_a_contact_nothing_is_said_of_the_door():
    assert told(STATUS).keys() - told(STATUS, has_contact=False).keys() == {"door/state"}


@pytest.mark.parametrize(("is_open", "state"), [(True, "open"), (False, "closed"), (None, "unknown")])
def test_the_door_is_what_the_contact_says(is_open, state):
    assert payloads(with_(open=is_open))["door/state"] == state


BOLTS = {
    ("locked", "thrown"): "LOCKED",
    ("locked", "withdrawn"): "LOCKING",
    ("locked", None): "LOCKED",
    ("unlocked", "thrown"): "UNLOCKING",
    ("unlocked", "withdrawn"): "UNLOCKED",
    ("unlocked", None): "UNLOCKED",
}


@pytest.mark.parametrize(("lock", "bolt"), BOLTS)
def test_the_lock_is_on_its_way_until_the_bolt_has_arrived_and_jammed_before_all(lock, bolt):
    status = with_(lock=lock, bolt=bolt)
    assert payloads(status)["lock/state"] == BOLTS[lock, bolt]
    assert payloads(status | {"alarms": ["door_jammed", "door_tamper"]})["lock/state"] == "JAMMED"


def test_without_a_bolt_the_lock_is_what_it_was_commanded_to():
    status = with_(lock="unlocked")
    del status["bolt"]
    assert payloads(status)["lock/state"] == "UNLOCKED"


@pytest.mark.parametrize("mode", DoorMode)
def test_every_mode_is_told_and_somebody_passing_is_none(mode):
    expected = "locked" if mode is DoorMode.ACCESSED else mode.value
    assert payloads(with_(mode=mode.value))["mode/state"] == expected
    assert {state.value for state in ModeState} == {mode.value for mode in DoorMode} - {"accessed"}


@pytest.mark.parametrize(
    ("key", "value", "topic", "state"),
    [
        ("presence", False, "presence/state", "absent"),
        ("camera", "offline", "camera/state", "offline"),
        ("face_unlock", False, "face_unlock/state", "off"),
    ],
)
def test_what_is_one_of_two(key, value, topic, state):
    assert payloads(with_(**{key: value}))[topic] == state


@pytest.mark.parametrize(
    ("alarms", "faults", "active", "known"),
    [
        ([], ["the lock does not answer"], True, []),
        (["door_tamper"], [], True, ["door_tamper"]),
        (["door_flooded"], [], True, []),  # of a newer daemon
    ],
)
def test_whatever_is_wrong_is_an_alarm_though_we_have_no_word_for_it(alarms, faults, active, known):
    expected = {"active": active, "alarms": known, "faults": faults, "silenced": True}
    assert payloads(with_(alarms=alarms, faults=faults, silenced=True))["alarm/state"] == expected


def test_a_lockout_tells_when_it_is_over():
    state = payloads(with_(lockout=59.8))["lockout/state"]
    assert state["face"] == {"active": True, "until": "2026-03-01T12:01:01Z"}
    assert state["pin"] == {"active": False, "until": None}
    state = payloads(with_(pin_lockout=59.75), NOW.astimezone(timezone(timedelta(hours=2))))["lockout/state"]
    assert state["pin"] == {"active": True, "until": "2026-03-01T12:01:00Z"}


def test_an_enrolment_tells_when_it_is_over():
    enrolment = {"open": True, "seconds": 30, "name": "Zoë", "pictures": 2, "wanted": 5, "result": "looking"}
    state = payloads(with_(enrolment=enrolment))["enrolment/state"]
    assert state == {key: value for key, value in enrolment.items() if key != "seconds"} | {
        "until": "2026-03-01T12:00:31Z"
    }


LATE = st.floats(0, 0.9)


@given(st.floats(1, 1800), st.lists(st.tuples(st.floats(0.1, 5), LATE), max_size=30), LATE)
def test_a_deadline_does_not_move_however_late_it_is_told(left, polls, first_late):
    """Each answer tells the seconds left to a tenth, and reaches us late by as much as it likes under a second."""
    end = NOW + timedelta(seconds=left)
    before, now = (), NOW
    told_once = set()
    for pause, late in [(0.0, first_late), *polls]:
        now += timedelta(seconds=pause)
        seconds = round((end - now).total_seconds(), 1)
        if seconds <= 0:
            break
        enrolment = STATUS["enrolment"] | {"open": True, "seconds": seconds}
        status = with_(lockout=seconds, pin_lockout=seconds, enrolment=enrolment)
        messages = told(status, now + timedelta(seconds=late), before)
        before = messages.values()
        told_once |= {message for message in before if message.topic.endswith(("lockout/state", "enrolment/state"))}
    assert len(told_once) == (2 if before else 0)


@pytest.mark.parametrize("change", [60.0, -5.0])
def test_a_deadline_that_moves_is_told_anew(change):
    before = told(with_(lockout=60.0)).values()
    assert payloads(with_(lockout=60.0), before=before) == payloads(with_(lockout=60.0))
    moved = with_(lockout=60.0 + change)
    assert payloads(moved, before=before)["lockout/state"] == payloads(moved)["lockout/state"]


def test_a_lockout_that_is_over_and_begins_again_has_a_deadline_of_its_own():
    first = told(with_(lockout=60.0)).values()
    over = told(with_(lockout=0), before=first).values()
    again = payloads(with_(lockout=60.0), NOW + timedelta(seconds=90), over)
    assert again["lockout/state"]["face"]["until"] == "2026-03-01T12:02:31Z"


@given(statuses, st.integers(0, 5))
def test_nothing_changes_from_poll_to_poll_but_the_diagnostics(status, seconds):
    still = status | {"lockout": 0, "pin_lockout": 0, "enrolment": status["enrolment"] | {"open": False}}
    before = told(still)
    later = NOW + timedelta(seconds=seconds)
    assert told(still | {"uptime": status["uptime"] + seconds}, later, before.values()) == before


def test_a_state_is_retained_plain_text():
    [lock] = [message for message in told(STATUS).values() if message.topic.endswith("/lock/state")]
    assert lock == Message("faceplate/front-door/lock/state", "LOCKED", retain=True)
