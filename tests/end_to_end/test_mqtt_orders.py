"""Orders over MQTT, from a dashboard through broker, bridge and daemon to the line of the lock, and what comes back."""

from __future__ import annotations

import json
import uuid

import pytest

from dashboard import stamp
from faceplate.bridge.payloads.commands import CommandName
from faceplate.orders.remote_commands import PREFIX
from mqtt_house import BELL_LINE, CONTACT_LINE, EVERYTHING, PIN, MqttHouse
from waiting import until

pytestmark = pytest.mark.mosquitto


def commands_in(house: MqttHouse) -> list[tuple[str, str]]:
    """Which orders came from afar, and why each was refused."""
    rows = [json.loads(row.payload) for row in house.rows("command")]
    return [(row["command"], row.get("refused", "")) for row in rows if row["command"].startswith(PREFIX)]


def test_by_default_orders_may_lock_and_read_and_nothing_else(run):
    all_of_it = run()
    arguments = {
        "unlock": {"pin": PIN},
        "mode": {"mode": "locked_down"},
        "set": {"setting": "margin", "value": 0.5},
        "face_unlock": {"on": False},
        "pin": {"pin": PIN},
        "enrolment": {"seconds": 60},
        "journal": {"after": 0, "limit": 3},
    }
    answers = {name: all_of_it.dashboard.order(name, **arguments.get(name, {})) for name in CommandName}
    assert {name for name, answer in answers.items() if answer["ok"]} == {"lock", "journal"}
    refusals = {name: answer for name, answer in answers.items() if not answer["ok"]}
    for name, answer in refusals.items():
        assert answer["reason"] == "not_permitted"
        assert f"bridge.commands.{name} is false" in answer["message"]
        told = all_of_it.dashboard.wait_for_event("command", command=f"remote.{name}")
        assert told["refused"].startswith("not_permitted: ")
    assert [row["seq"] for row in answers["journal"]["result"]["rows"]] == [1, 2, 3]
    assert all_of_it.dashboard.state("mode/state") == "locked"
    assert not all_of_it.house.ever_opened()


def test_with_permission_and_a_pin_its_owner_is_let_in_and_everybody_hears_who(run):
    all_of_it = run(commands={"unlock": True})
    dashboard = all_of_it.dashboard
    wrong = dashboard.order("unlock", pin="951384")
    assert (wrong["ok"], wrong["reason"]) == (False, "denied")
    assert wrong["message"].startswith("invalid_pin")
    for without in ({}, {"pin": ""}, {"pin": PIN[:4]}, {"pin": int(PIN)}):
        assert dashboard.order("unlock", **without)["reason"] == "bad_arguments"
    assert not all_of_it.house.ever_opened()
    assert dashboard.order("unlock", pin=PIN)["result"] == {"person": "Daniel"}
    assert all_of_it.house.is_open()
    dashboard.wait_for("lock/state", "UNLOCKED")
    dashboard.wait_for_event("access_granted", person="Daniel", method="remote_pin")
    dashboard.wait_for("lock/state", "LOCKED")
    assert dashboard.tree("person/state")["person"] == "Daniel"
    assert not all_of_it.house.is_open()
    seen = "".join(message.payload.decode() for message in dashboard.seen if not message.topic.endswith("/command"))
    logged = "\n".join(all_of_it.bridge.lines + all_of_it.daemon.lines)
    assert PIN not in seen + logged + all_of_it.house.run("journal", "show", "--json")


@pytest.mark.parametrize("mode", ["unlocked", "locked_open", "accessed"])
def test_no_mode_that_opens_can_be_ordered_whatever_is_permitted(run, mode):
    all_of_it = run(commands=EVERYTHING)
    assert all_of_it.dashboard.order("mode", mode=mode)["reason"] == "bad_arguments"
    assert not all_of_it.house.ever_opened()


def test_every_order_that_is_permitted_does_what_it_says(run):
    all_of_it = run(commands=EVERYTHING)
    dashboard = all_of_it.dashboard
    assert dashboard.order("mode", mode="locked_down")["ok"]
    dashboard.wait_for("mode/state", "locked_down")
    assert dashboard.order("unlock", pin=PIN)["message"].startswith("door_blocked")
    assert dashboard.order("mode", mode="locked")["ok"]
    dashboard.wait_for("mode/state", "locked")
    assert dashboard.order("set", setting="release_time", value=1.0)["ok"]
    dashboard.wait_until(lambda: dashboard.tree("settings/state")["release_time"] == 1.0)
    beyond = dashboard.order("set", setting="release_time", value=30)
    assert (beyond["reason"], "0.5 to 2" in beyond["message"]) == ("not_allowed", True)
    assert dashboard.order("face_unlock", on=False)["ok"]
    dashboard.wait_for("face_unlock/state", "off")
    all_of_it.scene.man()
    dashboard.wait_for("presence/state", "present")
    dashboard.wait_for_event("access_denied", reason="face_unlock_off")
    assert not all_of_it.house.ever_opened()


def test_an_alarm_is_silenced_and_stays_until_its_cause_is_gone(run):
    all_of_it = run(commands=EVERYTHING)
    dashboard, board = all_of_it.dashboard, all_of_it.house.board
    board.set_level(CONTACT_LINE, 1)
    dashboard.wait_for("door/state", "open")
    dashboard.wait_for_event("door_forced_open", active=True)
    dashboard.wait_until(lambda: dashboard.tree("alarm/state")["alarms"] == ["door_forced_open"])
    assert dashboard.order("clear_alarm")["ok"]
    dashboard.wait_until(lambda: dashboard.tree("alarm/state")["silenced"])
    assert dashboard.tree("alarm/state")["active"]
    board.set_level(CONTACT_LINE, 0)
    dashboard.wait_until(lambda: not dashboard.tree("alarm/state")["active"])


def test_somebody_rings(run):
    all_of_it = run()
    all_of_it.house.board.set_level(BELL_LINE, 0)
    event = all_of_it.dashboard.wait_for_event("ring")
    assert all_of_it.dashboard.events("bell") == [event]


def test_who_is_enrolled_from_afar_is_known_and_let_in_only_once_enabled_at_the_device(run):
    all_of_it = run(commands=EVERYTHING, snapshot="everybody")
    dashboard = all_of_it.dashboard
    assert dashboard.order("enrolment", seconds=60, name="Bea")["result"]["open"]
    all_of_it.scene.woman_moves()
    dashboard.wait_for_event("people_changed", added=["Bea"])
    dashboard.wait_until(lambda: "let in once enabled" in dashboard.tree("enrolment/state")["result"])
    dashboard.wait_for_event("access_denied", reason="credential_not_enabled")
    assert not all_of_it.house.ever_opened()
    all_of_it.house.run("people", "set", "Bea", "--enable")
    dashboard.wait_for_event("access_granted", person="Bea")
    pictures = [m.payload for m in dashboard.seen if m.topic == f"{dashboard.base}/snapshot"]
    assert pictures
    assert all(picture.startswith(b"\xff\xd8") for picture in pictures)


def test_a_restart_is_ordered_and_told_of(run):
    all_of_it = run(commands=EVERYTHING)
    assert all_of_it.dashboard.order("restart")["ok"]
    all_of_it.dashboard.wait_for("daemon", "offline")
    assert all_of_it.daemon.ended() == 0
    all_of_it.start(all_of_it.house.daemon())
    all_of_it.dashboard.wait_for("daemon", "online")
    dashboard = all_of_it.dashboard
    dashboard.wait_until(lambda: dashboard.tree("diagnostics/state")["restart_reason"] == "ordered")


def test_without_a_daemon_an_order_is_answered_so(run):
    all_of_it = run()
    all_of_it.daemon.end()
    answer = all_of_it.dashboard.order("lock")
    assert (answer["reason"], "does not run" in answer["message"]) == ("no_daemon", True)
    all_of_it.dashboard.wait_for("daemon", "offline")


def test_what_the_gate_refuses_is_answered_and_in_the_journal(run):
    all_of_it = run(commands=EVERYTHING)
    dashboard = all_of_it.dashboard
    spent = dashboard.send("lock")
    dashboard.wait_until(lambda: dashboard.answers(spent))
    orders = {
        "stale": {"ts": stamp(6), "command": "unlock", "pin": PIN},
        "repeated": {"id": spent, "command": "unlock", "pin": PIN},
        "malformed": {"command": ["unlock"], "pin": PIN},
        "unknown_command": {"command": "note_refused", "reason": "retained"},
        "too_large": {"command": "unlock", "pin": PIN, "padding": "x" * 16_384},
    }
    for reason, order in orders.items():
        dashboard.publish("command", json.dumps({"id": uuid.uuid4().hex, "ts": stamp(), **order}))
        dashboard.wait_for_event("command", command="remote.note_refused")
        wanted = {"reason": reason, "count": 1}
        dashboard.wait_until(
            lambda wanted=wanted: any(
                wanted.items() <= event["arguments"].items()
                for event in dashboard.events("system")
                if event.get("command") == "remote.note_refused"
            )
        )
    answered = {m.tree()["reason"] for m in dashboard.seen if m.topic.endswith("/response") and not m.tree()["ok"]}
    assert set(orders) <= answered
    assert not all_of_it.house.ever_opened()
    until(lambda: len(commands_in(all_of_it.house)) >= 1 + len(orders))
