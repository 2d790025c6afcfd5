"""What the bridge's tests share: what a daemon answers to `status`, and what may be ordered over MQTT."""

from __future__ import annotations

from typing import get_args

from hypothesis import strategies as st

from faceplate.bridge.payloads.commands import ClosedMode, Setting
from faceplate.bridge.payloads.states import RestartReason
from faceplate.events import DoorEventType, DoorMode
from faceplate.liveness import LivenessMode

STATUS = {
    "mode": "locked",
    "lock": "locked",
    "bolt": "thrown",
    "open": False,
    "alarms": [],
    "silenced": False,
    "faults": [],
    "lockout": 0,
    "pin_lockout": 0,
    "face_unlock": True,
    "liveness": "motion",
    "clock_trusted": True,
    "people": 3,
    "store": "/var/lib/faceplate/people",
    "version": "0.1.0",
    "bundle": "default/1",
    "bundle_installed": "default/2",
    "contract": 2,
    "uptime": 12.5,
    "started": "2026-03-01T11:00:00.000Z",
    "restart_reason": "ordered",
    "camera": "online",
    "presence": True,
    "fps": 9.8,
    "decision_ms_p50": 41.0,
    "decision_ms_p95": 66.5,
    "cpu_temperature": 51.2,
    "settings": {"detection_threshold": 0.5, "verification_threshold": 0.3, "margin": 0.1, "release_time": 5.0},
    "bounds": {
        "detection_threshold": [0.4, 0.9],
        "verification_threshold": [0.2, 0.9],
        "margin": [0.05, 0.5],
        "release_time": [1.0, 30.0],
    },
    "enrolment": {"open": False, "seconds": 0, "name": None, "pictures": 0, "wanted": 5, "result": ""},
}
"""A quiet door's"""

_shares = st.floats(0, 1)
_left = st.just(0) | st.floats(0, 1800).map(lambda seconds: round(seconds, 1))
_positive = st.floats(0, 1e6)
_alarms = [
    DoorEventType.FORCED_OPEN,
    DoorEventType.OPEN_TOO_LONG_WARNING,
    DoorEventType.OPEN_TOO_LONG,
    DoorEventType.TAMPER,
    DoorEventType.JAMMED,
]

statuses = st.fixed_dictionaries(
    {
        "mode": st.sampled_from([mode.value for mode in DoorMode]),
        "lock": st.sampled_from(["locked", "unlocked"]),
        "bolt": st.sampled_from(["thrown", "withdrawn", None]),
        "open": st.none() | st.booleans(),
        "alarms": st.lists(st.sampled_from([alarm.value for alarm in _alarms]), unique=True),
        "silenced": st.booleans(),
        "faults": st.lists(st.text(max_size=20), max_size=3),
        "lockout": _left,
        "pin_lockout": _left,
        "face_unlock": st.booleans(),
        "liveness": st.sampled_from(get_args(LivenessMode)),
        "clock_trusted": st.booleans(),
        "people": st.none() | st.integers(0, 5000),
        "store": st.just("/var/lib/faceplate/people"),
        "version": st.text(min_size=1, max_size=12),
        "bundle": st.text(min_size=1, max_size=12),
        "bundle_installed": st.none() | st.text(min_size=1, max_size=12),
        "contract": st.integers(1, 9),
        "uptime": _positive,
        "started": st.just("2026-03-01T11:00:00.000Z"),
        "restart_reason": st.sampled_from([reason.value for reason in RestartReason]),
        "camera": st.sampled_from(["online", "offline"]),
        "presence": st.booleans(),
        "fps": st.none() | _positive,
        "decision_ms_p50": st.none() | _positive,
        "decision_ms_p95": st.none() | _positive,
        "cpu_temperature": st.none() | st.floats(-40, 125),
        "settings": st.fixed_dictionaries(
            {"detection_threshold": _shares, "verification_threshold": _shares, "margin": _shares}
            | {"release_time": st.floats(0.5, 60)}
        ),
        "bounds": st.fixed_dictionaries({name.value: st.tuples(_shares, _shares).map(list) for name in Setting}),
        "enrolment": st.fixed_dictionaries(
            {
                "open": st.booleans(),
                "seconds": _left,
                "name": st.none() | st.text(max_size=12),
                "pictures": st.integers(0, 9),
                "wanted": st.integers(0, 9),
                "result": st.text(max_size=20),
            }
        ),
    }
)
"""All that a daemon may answer"""

_pins = st.text("0123456789", min_size=6, max_size=12)

ARGUMENTS = {
    "lock": st.just({}),
    "unlock": st.fixed_dictionaries({"pin": _pins}),
    "mode": st.fixed_dictionaries({"mode": st.sampled_from([mode.value for mode in ClosedMode])}),
    "set": st.fixed_dictionaries(
        {
            "setting": st.sampled_from([name.value for name in Setting]),
            "value": st.floats(0, 60) | st.integers(0, 60),
        }
    ),
    "face_unlock": st.fixed_dictionaries({"on": st.booleans()}),
    "pin": st.fixed_dictionaries({"pin": st.text("0123456789", min_size=1, max_size=12)}),
    "enrolment": st.fixed_dictionaries(
        {"seconds": st.integers(0, 300)}, optional={"name": st.text(min_size=1, max_size=20)}
    ),
    "clear_alarm": st.just({}),
    "restart": st.just({}),
    "journal": st.fixed_dictionaries({"after": st.integers(0, 10**9), "limit": st.integers(1, 100)}),
}
"""Name of each command -> what it may be given"""

_sent = st.sampled_from(
    [
        "2026-03-01T12:00:00Z",
        "2026-03-01T12:00:00.123Z",
        "2026-03-01T13:00:00.123456+01:00",
        "2026-03-01T12:00:00-05:30",
    ]
)


@st.composite
def requests(draw, command):
    """What may be ordered by that name."""
    return {
        "id": draw(st.text(min_size=1, max_size=64)),
        "ts": draw(_sent),
        "command": command,
        **draw(ARGUMENTS[command]),
    }
