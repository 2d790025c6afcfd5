"""Chapters: what is ordered from Home Assistant, and somebody who comes."""

from __future__ import annotations

import json
from typing import Any

from home_assistant_entities import components
from home_assistant_house import ACCESS, LOCK, SYSTEM, House

from mqtt_house import PIN


def refused(house: House, what: str, service: str, entity: str, reason: str, **data: Any) -> None:
    """Order something that is answered with a refusal, and told by the system event."""
    before = len(house.seen.events("system"))
    answers = len([m for m in house.seen.seen if m.topic.endswith("/response")])
    house.home("call", service=service, entity_id=entity, **data)
    house.wait_until(lambda: len([m for m in house.seen.seen if m.topic.endswith("/response")]) > answers)
    answer = [m.tree() for m in house.seen.seen if m.topic.endswith("/response")][-1]
    house.transcript.check(
        f"{what} is refused: {answer.get('reason')}: {answer.get('message')}", answer["reason"] == reason
    )

    def told() -> list[dict[str, Any]]:
        events = house.seen.events("system")[before:]
        return [event for event in events if event.get("refused", "").startswith(reason)]

    house.wait_until(told)
    [event] = told()
    house.wait_until(lambda: house.home.attribute(SYSTEM, "id") == event["id"], told=told)
    house.transcript.came(f"and {SYSTEM} says so: {event['refused']}")


def orders(house: House) -> None:
    say, home, seen = house.transcript, house.home, house.seen
    say.chapter("What is permitted can be ordered from Home Assistant, and does what it says")

    def order(service: str, entity: str, shown: str | None = None, **data: Any) -> None:
        before = len([m for m in seen.seen if m.topic.endswith("/response")])
        trouble = home("call", service=service, entity_id=entity, **data)
        house.wait_until(lambda: len([m for m in seen.seen if m.topic.endswith("/response")]) > before)
        answer = [m.tree() for m in seen.seen if m.topic.endswith("/response")][-1]
        if shown is not None:
            house.wait_until(lambda: home.state(entity) == shown, told=lambda: home.state(entity))
        said = f", then {entity} is {shown}" if shown else ""
        say.check(f"{service} {data or ''}: ok{said}", answer["ok"] and not trouble, otherwise=(answer, trouble))

    mode, switch = "select.front_door_mode", "switch.front_door_face_unlock"
    order("select.select_option", mode, "locked_down", option="locked_down")
    order("select.select_option", mode, "locked", option="locked")
    order("switch.turn_off", switch, "off")
    order("switch.turn_on", switch, "on")
    order("number.set_value", "number.front_door_release_time", "1.5", value=1.5)
    for name in ("detection_threshold", "verification_threshold", "margin"):
        order("number.set_value", f"number.front_door_{name}", "0.95", value=0.95)
    order("number.set_value", "number.front_door_verification_threshold", "0.3", value=0.3)
    order("number.set_value", "number.front_door_margin", "0.1", value=0.1)
    lowest = house.truth()["bounds"]["detection_threshold"][0]
    order("number.set_value", "number.front_door_detection_threshold", value=lowest)
    order("lock.lock", LOCK, "locked")
    order("button.press", "button.front_door_start_enrolment")
    house.wait_until(lambda: home.state("binary_sensor.front_door_enrolment") == "on")
    say.came("the enrolment is open")
    order("button.press", "button.front_door_clear_alarm")
    refused(house, "a mode that opens", "select.select_option", mode, "bad_arguments", option="locked_open")
    say.check("and the mode shown is still locked", home.state(mode) == "locked")
    started = house.truth()["started"]
    order("button.press", "button.front_door_restart")
    house.wait_until(lambda: house.seen.state("daemon") == "offline")
    house.stop("daemon")
    house.start("daemon")
    house.wait_as_at_the_device([("sensor.front_door_restart_reason", "ordered")])
    say.check("the daemon was restarted, and Home Assistant shows why: ordered", house.truth()["started"] != started)
    house.check_complaints()


def unlock(house: House) -> None:
    say, home = house.transcript, house.home
    say.chapter("lock.unlock with permission")
    trouble = home("call", service="lock.unlock", entity_id=LOCK, code="12ab")
    say.check(f"a code that is no PIN Home Assistant itself refuses: {trouble}", trouble)
    refused(house, "unlock without a code", "lock.unlock", LOCK, "bad_arguments")
    refused(house, "a wrong PIN", "lock.unlock", LOCK, "denied", code="951384")
    say.check("the lock's line never moved", not house.door.ever_opened())
    home("call", service="lock.unlock", entity_id=LOCK, code=PIN)
    home.wait_for(LOCK, "unlocked")
    say.check("with Daniel's PIN the lock is unlocked, and so is its line", house.door.is_open())
    home.wait_for("sensor.front_door_last_person", "Daniel")
    event = home("state", entity_id=ACCESS)[1]
    kept = {key: event[key] for key in ("event_type", "person", "method", "reason")}
    say.check(f"{ACCESS} says who: {kept}", kept["person"] == "Daniel" and kept["method"] == "remote_pin")
    last = home("state", entity_id="sensor.front_door_last_person")
    say.check(f"sensor.front_door_last_person says who: {last[0]}, {last[1]['method']}", last[0] == "Daniel")
    home.wait_for(LOCK, "locked")
    say.check("and after the release time it is locked again", not house.door.is_open())
    written = json.dumps(home("states"))
    say.check("the PIN is nowhere in Home Assistant's states", PIN not in written)


def least(house: House) -> None:
    say, home = house.transcript, house.home
    say.chapter("By default nothing can be ordered but to lock")
    unlocked = len(house.door.rows("door_unlocked"))
    house.stop("daemon")
    house.stop("bridge")
    house.permit()
    house.start("daemon", "bridge")
    house.wait_until(lambda: "sensor.front_door_mode" in house.ours())
    house.wait_until(
        lambda: house.home("registered").keys() == components(house).keys(),
        told=lambda: home("registered").keys() ^ components(house).keys(),
    )
    house.wait_as_at_the_device()
    orders = {name.split(".")[0] for name in house.ours()} & {"select", "switch", "number", "button"}
    say.check("selects, switches, numbers and buttons have gone, sensors have come", not orders, otherwise=orders)
    say.check("the lock asks for no code", home.attribute(LOCK, "code_format") is None)
    refused(house, "lock.unlock", "lock.unlock", LOCK, "not_permitted")
    refused(house, "lock.unlock with a PIN", "lock.unlock", LOCK, "not_permitted", code=PIN)
    say.check("the lock never moved", len(house.door.rows("door_unlocked")) == unlocked)
    say.check("and Home Assistant shows it as locked", home.state(LOCK) == "locked")
    house.check_complaints()


def faces(house: House) -> None:
    say, home = house.transcript, house.home
    say.chapter("Somebody comes")
    house.scene.man()
    home.wait_for("binary_sensor.front_door_presence", "on")
    house.wait_until(lambda: home.attribute(ACCESS, "method") == "face")
    say.check("Daniel's face is seen, and opens", home.attribute(ACCESS, "person") == "Daniel")
    home.wait_for("sensor.front_door_last_decision", "granted")
    house.wait_until(lambda: home.state("image.front_door_last_picture") not in {"unknown", "unavailable"})
    say.came("the picture is there")
    house.leave()
    home.wait_for("binary_sensor.front_door_presence", "off")
    home.wait_for(LOCK, "locked")
    house.check_complaints()
