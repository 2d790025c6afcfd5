"""What went wrong at other people's doors, each at this one: none of it opens it.

Broker, daemon and bridge are processes; orders that could open are permitted, and carry the right PIN.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
import uuid

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from broker import Program
from dashboard import stamp
from mqtt_house import EVERYTHING, PIN

pytestmark = pytest.mark.mosquitto


def unlocking(**other):
    """An order that would open, if it were sent now, once, and not retained."""
    return json.dumps({"id": uuid.uuid4().hex, "ts": stamp(), "command": "unlock", "pin": PIN} | other)


def noted(dashboard, reason):
    """Wait until the journal has a note of such a refusal."""
    dashboard.wait_until(
        lambda: any(
            event.get("command") == "remote.note_refused" and event["arguments"]["reason"] == reason
            for event in dashboard.events("system")
        )
    )


def test_an_unlock_that_was_retained_waits_at_the_start(build, dashboard):
    """The lock of many a smart home opened at each reconnect."""
    house = build(commands=EVERYTHING)
    dashboard.publish("command", unlocking(), retain=True)
    with house.daemon(), house.bridge():
        noted(dashboard, "retained")
        assert not house.ever_opened()


def test_an_unlock_waits_in_a_session_over_a_restart_of_the_broker(build, dashboard, house_broker):
    """A lock that comes back is handed what was ordered while it was away."""
    house = build(commands=EVERYTHING)
    with house.daemon():
        dashboard.wait_until(lambda: True)
        with session_of_the_bridge(house_broker.port, house):
            pass
        dashboard.publish("command", unlocking())
        house_broker.restart()
        with house.bridge():
            dashboard.wait_for("daemon", "online")
            assert dashboard.order("lock")["ok"]
            assert not house.ever_opened()


class session_of_the_bridge:  # noqa: N801 - used as a verb
    """A session that outlasts its connection, under the bridge's own client id, subscribed to orders."""

    def __init__(self, port, house):
        device, base = house.config.device.id, house.config.bridge.base_topic
        self._topic = f"{base}/{device}/command"
        self._client = Client(CallbackAPIVersion.VERSION2, f"{base}-{device}", protocol=MQTTProtocolVersion.MQTTv5)
        self._subscribed = threading.Event()
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._port = port

    def __enter__(self):
        lasting = Properties(PacketTypes.CONNECT)
        lasting.SessionExpiryInterval = 3600
        self._client.connect("127.0.0.1", self._port, clean_start=False, properties=lasting)
        self._client.loop_start()
        self._client.subscribe(self._topic, 1)
        assert self._subscribed.wait(20)
        return self._client

    def __exit__(self, *_):
        self._client.disconnect()
        self._client.loop_stop()


@pytest.mark.parametrize("how", ["at once", "after a restart", "after a kill"])
def test_an_order_that_was_listened_to_is_played_again(run, how):
    all_of_it = run(commands=EVERYTHING)
    dashboard = all_of_it.dashboard
    captured = unlocking()
    dashboard.publish("command", captured)
    dashboard.wait_for_event("access_granted", method="remote_pin")
    dashboard.wait_for("lock/state", "LOCKED")
    if how != "at once":
        all_of_it.bridge.end(signal.SIGKILL if how == "after a kill" else signal.SIGTERM)
        dashboard.seen.clear()
        all_of_it.start(all_of_it.house.bridge())
        dashboard.wait_for("daemon", "online")
    dashboard.publish("command", captured)
    dashboard.wait_until(lambda: [a for a in dashboard.answers(json.loads(captured)["id"]) if not a["ok"]])
    assert len(all_of_it.house.rows("access_granted")) == 1


def test_somebody_else_says_that_a_person_was_recognised(run):
    """A match that was published again opened a front door at 03:05."""
    all_of_it = run(commands=EVERYTHING)
    dashboard = all_of_it.dashboard
    granted = {"event_type": "access_granted", "person": "Daniel", "reason": "verified", "method": "face", "seq": 99}
    granted |= {"id": uuid.uuid4().hex, "ts": stamp(), "score": 1.0}
    rows = len(all_of_it.house.rows("command", "access_granted"))
    for name, payload in {
        "event/access": json.dumps(granted),
        "person/state": json.dumps(granted),
        "decision/state": json.dumps(granted | {"outcome": "granted"}),
        "lock/state": "UNLOCKED",
        "mode/state": "unlocked",
        "lock/set": "UNLOCK",
        "command/unlock": "{}",
        "response": json.dumps({"id": "1", "command": "unlock", "ok": True, "result": {}}),
    }.items():
        dashboard.publish(name, payload, retain=True)
    assert dashboard.order("journal", after=0, limit=1)["ok"]
    assert len(all_of_it.house.rows("command", "access_granted")) == rows
    assert not all_of_it.house.ever_opened()


def test_a_second_client_takes_the_name_of_the_bridge(run, house_broker):
    all_of_it = run(commands=EVERYTHING)
    dashboard = all_of_it.dashboard
    with session_of_the_bridge(house_broker.port, all_of_it.house):
        all_of_it.bridge.wait_for("trying again")
        all_of_it.house.run("mode", "blocked")
    dashboard.wait_for_event("door_mode", mode="blocked")
    dashboard.wait_for("mode/state", "blocked")
    assert dashboard.order("mode", mode="locked")["ok"]
    numbers = [event["seq"] for event in dashboard.events()]
    assert sorted(set(numbers)) == list(range(1, max(numbers) + 1))


class TestClocks:
    """A clock that is wrong makes orders stale, and nothing else; turned back, it makes no old order new."""

    @pytest.mark.parametrize("seconds", [-3600, -6, 6, 3600])
    def test_the_sender_s_clock_is_wrong(self, run, seconds):
        all_of_it = run(commands=EVERYTHING)
        order = unlocking(ts=stamp(-seconds))
        all_of_it.dashboard.publish("command", order)
        dashboard, name = all_of_it.dashboard, json.loads(order)["id"]
        dashboard.wait_until(lambda: dashboard.answers(name))
        assert dashboard.answers(name)[0]["reason"] == "stale"
        assert not all_of_it.house.ever_opened()

    @pytest.mark.parametrize("years", [-5, 5])
    def test_the_bridge_s_own_clock_jumps_by_years(self, run, years):
        all_of_it = run(commands=EVERYTHING)
        dashboard, captured = all_of_it.dashboard, unlocking()
        dashboard.publish("command", captured)
        dashboard.wait_for_event("access_granted", method="remote_pin")
        dashboard.wait_for("lock/state", "LOCKED")
        all_of_it.bridge.end()
        dashboard.seen.clear()
        all_of_it.start(with_clock(all_of_it.house, years * 365.25 * 86_400))
        dashboard.wait_for("daemon", "online")
        assert dashboard.order("unlock", pin=PIN)["reason"] == "stale"
        all_of_it.house.run("mode", "blocked")
        dashboard.wait_for("mode/state", "blocked")
        assert len(all_of_it.house.rows("access_granted")) == 1

    def test_the_bridge_s_clock_is_set_back_to_when_an_old_order_was_fresh(self, run):
        all_of_it = run(commands=EVERYTHING)
        dashboard, then = all_of_it.dashboard, time.time()
        captured = unlocking()
        dashboard.publish("command", captured)
        dashboard.wait_for_event("access_granted", method="remote_pin")
        dashboard.wait_for("lock/state", "LOCKED")
        all_of_it.bridge.end()
        dashboard.seen.clear()
        all_of_it.start(with_clock(all_of_it.house, then - time.time()))
        dashboard.wait_for("daemon", "online")
        dashboard.publish("command", captured)
        dashboard.wait_until(lambda: dashboard.answers(json.loads(captured)["id"]))
        assert dashboard.answers(json.loads(captured)["id"])[0]["reason"] == "repeated"
        assert len(all_of_it.house.rows("access_granted")) == 1


TURNED = """
import sys
from datetime import timedelta
from faceplate.__main__ import main
from faceplate.commands import bridge
offset, true = timedelta(seconds=float(sys.argv.pop(1))), bridge.wall_clock
bridge.wall_clock = lambda: true() + offset
sys.exit(main(sys.argv[1:]))
"""


def with_clock(house, seconds):
    """The bridge, whose clock on the wall is so many seconds ahead; the monotonic one goes on as it is."""
    return Program([sys.executable, "-c", TURNED, str(seconds), *house.command("bridge")[3:]], house.environment)


def test_a_broker_floods_the_bridge_and_the_door_does_its_work(run, house_broker):
    """A thousand messages a second of garbage, each a refusal."""
    all_of_it = run(commands=EVERYTHING)
    dashboard, stop = all_of_it.dashboard, threading.Event()
    flood = threading.Thread(target=pour, args=(house_broker.port, stop))
    flood.start()
    try:
        noted(dashboard, "malformed")
        all_of_it.scene.man()
        dashboard.wait_for_event("access_granted", method="face")
        all_of_it.house.run("mode", "blocked")
        dashboard.wait_for("mode/state", "blocked")
    finally:
        stop.set()
        flood.join()
    refusals = [json.loads(row.payload) for row in all_of_it.house.rows("command")]
    assert sum(row["command"] == "remote.note_refused" for row in refusals) < 10


def pour(port, stop):
    client = Client(CallbackAPIVersion.VERSION2, "flood", protocol=MQTTProtocolVersion.MQTTv5)
    client.connect("127.0.0.1", port)
    client.loop_start()
    while not stop.wait(0.01):
        for _ in range(10):
            client.publish("faceplate/front-door/command", b"{garbage" * 20)
    client.disconnect()
    client.loop_stop()
