"""The whole door in a real Home Assistant: run by `home_assistant.sh`, by hand; takes about ten minutes."""

from __future__ import annotations

import argparse
import itertools
import json
import math
import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from home_assistant_house import PARTS, TAMPER_LINE, House
from home_assistant_picture import take_picture
from home_assistant_process import EXAMPLES, LATE
from transcript import Transcript

from dashboard import Dashboard, stamp
from mqtt_house import BELL_LINE, EVERYTHING, PIN

ROOT = Path(__file__).parents[2]
LISTS = ROOT / "tests" / "data" / "home_assistant.json"
CONFIG_TOPIC = "homeassistant/device/front-door/config"
DURESS_PIN = "519203"
ACCESS, SYSTEM, LOCK = "event.front_door_access", "event.front_door_system_events", "lock.front_door"

QUIET = {
    LOCK: "locked",
    "binary_sensor.front_door_door": "off",
    "binary_sensor.front_door_alarm": "off",
    "binary_sensor.front_door_tamper": "off",
    "binary_sensor.front_door_face_lockout": "off",
    "binary_sensor.front_door_pin_lockout": "off",
    "binary_sensor.front_door_presence": "off",
    "binary_sensor.front_door_enrolment": "off",
    "binary_sensor.front_door_camera": "on",
    "binary_sensor.front_door_daemon": "on",
    "binary_sensor.front_door_clock": "off",
    "select.front_door_mode": "locked",
    "switch.front_door_face_unlock": "on",
    "number.front_door_verification_threshold": "0.3",
    "number.front_door_margin": "0.1",
    "number.front_door_release_time": "2.0",
    "sensor.front_door_people_enrolled": "1",
    "sensor.front_door_restart_reason": "first_start",
    "sensor.front_door_model_contract": "2",
    "update.front_door_program": "off",
}
"""The states of a door at which nothing has happened yet"""


def message(house: House) -> dict[str, Any]:
    """The newest discovery message at the broker."""
    payloads = [seen.payload for seen in house.seen.seen if seen.topic == CONFIG_TOPIC]
    tree: dict[str, Any] = json.loads(payloads[-1])
    return tree


def components(house: House) -> dict[str, Any]:
    """The entities that exist, by their id."""
    every = message(house)["components"].values()
    return {component["default_entity_id"]: component for component in every if len(component) > 1}


def entities(house: House) -> None:
    say = house.transcript
    say.chapter("Every entity is there as it was told")
    house.permit(**EVERYTHING)
    house.start("daemon", "bridge", "Home Assistant")
    house.seen.wait_for("camera/state", "online")
    house.wait_until(lambda: house.ours().get(LOCK, [""])[0] == "locked")
    say.saw(f"Home Assistant {house.home('version')}, MQTT 5")
    lists = house.home("lists")
    kept = json.loads(LISTS.read_text(encoding="utf-8"))
    if kept["version"] == lists["version"]:
        say.check("tests/data/home_assistant.json is what this Home Assistant takes", lists == kept)
    else:
        say.saw(f"tests/data/home_assistant.json is of version {kept['version']}, and should be made anew")
    unknown = [
        f"{name}: {key}"
        for name, component in components(house).items()
        for key in component.keys() - {"platform"}
        if key not in lists["platforms"][component["platform"]]
    ]
    say.check("no key that its schemas or abbreviations do not know", not unknown, otherwise=unknown)
    registered = house.home("registered")
    say.check("all entities of the message, and no others", registered.keys() == components(house).keys())
    for name, component in components(house).items():
        entry = registered[name]
        told = {
            "unique_id": component["unique_id"],
            "category": component.get("entity_category"),
            "class": component.get("device_class"),
            "unit": component.get("unit_of_measurement"),
            "name": component["name"],
            "disabled": None if component.get("enabled_by_default", True) else "integration",
        }
        say.check(f"{name}: {summary(entry)}", entry == told, otherwise=(entry, told))
    [device] = [device for device in house.home("devices") if device["manufacturer"] == "Faceplate"]
    say.check(f"one device: {device}", device["name"] == "Front door")


def summary(entry: dict[str, Any]) -> str:
    words = (entry["name"] or "the device itself", entry["class"], entry["unit"], entry["category"])
    return ", ".join(filter(None, (*words, "off by default" if entry["disabled"] else "")))


def states(house: House) -> None:
    say = house.transcript
    say.chapter("Every entity has the state that it should")
    house.home("enable")
    house.home("reload")
    house.wait_until(lambda: house.ours().get("sensor.front_door_model_contract", [""])[0] == "2")
    house.wait_as_at_the_device()
    shown = house.ours()
    for name, state in QUIET.items():
        say.check(f"{name}: {shown[name][0]}", shown[name][0] == state)
    status = house.truth()
    numbers = dict(status["settings"])
    for name, value in numbers.items():
        number, bounds = shown[f"number.front_door_{name}"], status["bounds"][name]
        seen = (float(number[0]), number[1]["min"], number[1]["max"])
        # Home Assistant writes 15 digits.
        right = all(math.isclose(one, other, rel_tol=1e-14) for one, other in zip(seen, (value, *bounds), strict=True))
        say.check(f"number.front_door_{name}: {number[0]} of {bounds}", right)
    say.check("the update says which version runs", shown["update.front_door_program"][1]["installed_version"])
    house.check_complaints()


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
    house.scene.nobody()
    home.wait_for("binary_sensor.front_door_presence", "off")
    house.wait_until(lambda: home.state(LOCK) == "locked")
    house.check_complaints()


def blueprints(house: House) -> None:
    say, home = house.transcript, house.home
    say.chapter("The blueprints and the dashboard")
    found = home("blueprints")
    ours = {path: fault for path, fault in found.items() if path.startswith("faceplate/")}
    files = sorted((EXAMPLES / "blueprints" / "automation").rglob("*.yaml"))
    say.check(
        f"{len(files)} blueprints are valid: {', '.join(ours)}", len(ours) == len(files) and not any(ours.values())
    )
    say.check("automations made from them run", all(state == "on" for state, _ in home("automations").values()))

    def noted(title: str, act: Callable[[], object], text: str) -> None:
        home("call", service="persistent_notification.dismiss_all")
        act()
        house.wait_until(lambda: f"{title}: {text}" in home("notifications"), told=lambda: home("notifications"))
        say.came(f'"{title}" does what it should on a real event: {text}')

    board = house.door.board
    noted("Who came in", house.scene.man, "Daniel came in (face)")
    house.scene.nobody()
    home.wait_for("binary_sensor.front_door_presence", "off")
    home.wait_for(LOCK, "locked")
    noted("Doorbell", lambda: board.set_level(BELL_LINE, 0), "Somebody rang")
    board.set_level(BELL_LINE, 1)
    noted("Alarm", lambda: house.open_door(is_open=True), "The door was forced")
    house.open_door(is_open=False)
    noted("Alarm", lambda: board.set_level(TAMPER_LINE, 0), "The case at the door was opened")
    board.set_level(TAMPER_LINE, 1)
    house.open_door(is_open=True)
    home.wait_for("binary_sensor.front_door_door", "on")
    at_night = {"entity_id": "automation.lock_at_night", "skip_condition": False}
    noted(
        "Night", lambda: home("call", service="automation.trigger", **at_night), "The door is locked, and stands open"
    )
    house.open_door(is_open=False)
    home.wait_for("binary_sensor.front_door_door", "off")
    house.door.run("mode", "unlocked")
    home.wait_for(LOCK, "unlocked")
    home("call", service="persistent_notification.dismiss_all")
    home("call", service="automation.trigger", **at_night)
    home.wait_for(LOCK, "locked")
    say.check('"Night" locks a door that was left unlocked, and then has nothing to report', not home("notifications"))
    late(house)
    duress(house, noted)
    page = home("dashboard", path="door-page")
    named = set(re.findall(r"\b[a-z_]+\.front_door\w*", (EXAMPLES / "dashboard.yaml").read_text(encoding="utf-8")))
    named = {name for name in named if not name.startswith("states.")}
    missing = named - house.ours().keys() - {"event.front_door_access"}
    say.check(
        f"the dashboard loads: {len(page['views'])} view, {len(named)} entities, none missing",
        not missing,
        otherwise=missing,
    )
    house.check_complaints()


def late(house: House) -> None:
    """An event of an outage comes late, and one comes twice: Home Assistant shows them, and nobody is told."""
    say, home = house.transcript, house.home
    home("call", service="persistent_notification.dismiss_all")
    house.stop("bridge")
    rows = len(house.door.rows("access_granted"))
    house.scene.man()
    house.wait_until(lambda: len(house.door.rows("access_granted")) > rows)
    row = house.door.rows("access_granted")[-1]
    house.scene.nobody()
    house.wait_until(lambda: stamp(LATE + 2.0) > row.ts)
    house.start("bridge")
    house.wait_until(lambda: home.attribute(ACCESS, "seq") == row.seq)
    say.check("an event that comes late is shown, and starts nothing", not home("notifications"))
    event = house.seen.wait_for_event("access_granted", seq=row.seq) | {"ts": stamp(), "person": "Again"}
    house.seen.publish("event/access", json.dumps(event))
    house.wait_until(lambda: home.attribute(ACCESS, "person") == "Again")
    say.check("nor does one that comes again, with the same id", not home("notifications"))


def duress(house: House, noted: Callable[[str, Callable[[], object], str], None]) -> None:
    """Daniel lets himself in with the PIN that calls for help."""
    house.door.run("people", "set", "Daniel", "--duress-pin", told=f"{DURESS_PIN}\n")

    def enter() -> None:
        house.home("call", service="lock.unlock", entity_id=LOCK, code=DURESS_PIN)

    noted("Duress", enter, "Daniel opened the door under duress")


def availability(house: House) -> None:
    say, home = house.transcript, house.home
    say.chapter("Who is away is shown as unavailable")
    journal = {
        ACCESS,
        SYSTEM,
        "event.front_door_events",
        "event.front_door_doorbell",
        "sensor.front_door_last_person",
    }
    journal |= {"sensor.front_door_last_decision", "sensor.front_door_last_reason", "binary_sensor.front_door_daemon"}

    def away() -> set[str]:
        return {name for name, state in house.ours().items() if state[0] == "unavailable"}

    for what, act in {
        "killed": lambda: house.kill("bridge"),
        "stopped": lambda: house.stop("bridge"),
    }.items():
        act()
        house.wait_until(lambda: away() == house.ours().keys(), told=away)
        said = house.seen.state("availability")
        say.came(f"the bridge is {what} ({said}): all {len(away())} entities are unavailable")
        house.start("bridge")
        house.wait_as_at_the_device()
        say.check("and started: all are back", not away())
    house.kill("daemon")
    house.wait_until(lambda: away() == house.ours().keys() - journal, told=away)
    say.came(f"the daemon is killed: all but the {len(journal)} that the journal tells are unavailable")
    say.check("binary_sensor.front_door_daemon says so", home.state("binary_sensor.front_door_daemon") == "off")
    house.start("daemon")
    house.wait_as_at_the_device([("sensor.front_door_restart_reason", "crashed")])
    say.check("and started: all are back, and it is shown that it had crashed", not away())
    house.check_complaints()


def restarts(house: House) -> None:
    say = house.transcript
    say.chapter("All are killed, the door moves meanwhile, and they are started in every order")
    for number, order in enumerate(itertools.permutations(PARTS)):
        house.kill(*PARTS)
        house.open_door(is_open=number % 2 == 0)
        house.start(*order)
        house.wait_as_at_the_device()
        say.check(f"{', '.join(order)}: right again", house.home.state(LOCK) == "locked")
    house.open_door(is_open=False)
    say.chapter("Each is restarted while the others run, one after the other, in every order")
    for number, order in enumerate(itertools.permutations(PARTS)):
        house.open_door(is_open=number % 2 == 0)
        for part in order:
            house.kill(part)
            house.start(part)
        house.wait_as_at_the_device()
        say.check(f"{', '.join(order)}: right again", house.home.state(LOCK) == "locked")
    house.open_door(is_open=False)
    house.wait_as_at_the_device()
    house.check_complaints()


def told_again(house: House) -> None:
    say = house.transcript
    say.chapter("When Home Assistant says that it has started, all is told again")

    def times(topic: str) -> int:
        return len([seen for seen in house.seen.seen if seen.topic == topic])

    base = house.seen.base
    before = {topic: times(topic) for topic in (CONFIG_TOPIC, f"{base}/lock/state", f"{base}/person/state")}
    house.home("call", service="mqtt.publish", topic="homeassistant/status", payload="online")
    for topic, number in before.items():
        house.wait_until(lambda topic=topic, number=number: times(topic) > number)
        say.came(f"{topic} came again")
    house.wait_as_at_the_device()


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


def removal(house: House) -> None:
    say = house.transcript
    say.chapter("faceplate bridge --remove")
    command = house.door.command("bridge", "--remove")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    say.check(f"while the bridge runs it does nothing: {done.stderr.strip().splitlines()[-1]}", done.returncode == 10)
    house.stop("bridge")
    house.door.run("bridge", "--remove")
    house.wait_until(lambda: not house.ours() and not house.home("registered"))
    devices = [device["name"] for device in house.home("devices") if device["manufacturer"] == "Faceplate"]
    say.check("no entity and no device is left in Home Assistant", not devices)
    with Dashboard(house.broker.port) as later:
        later.publish("end", "of what is retained")
        later.wait_for("end", "of what is retained")
        left = [
            seen.topic for seen in later.seen if seen.retained and not seen.topic.startswith("homeassistant/status")
        ]
    say.check("and nothing that is retained is left at the broker", not left, otherwise=left)
    house.check_complaints()


CHAPTERS = (entities, states, unlock, orders, faces, blueprints, availability, told_again, restarts, least, removal)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="Debian root in which Home Assistant is installed")
    parser.add_argument("--transcript", type=Path, required=True, help="file for what was seen")
    parser.add_argument("--picture", type=Path, help="file for a picture of the dashboard; needs chromium")
    parser.add_argument("--runtime", default="litert", help="TFLite runtime of the daemon")
    parser.add_argument("--only", nargs="*", help="chapters, besides the first two")
    arguments = parser.parse_args()
    transcript = Transcript(arguments.transcript)
    with (
        tempfile.TemporaryDirectory() as folder,
        House(Path(folder), arguments.root, arguments.runtime, transcript) as house,
    ):
        house.door.write()
        house.door.enrol()
        for chapter in CHAPTERS:
            if arguments.only is None or chapter.__name__ in {"entities", "states", *arguments.only}:
                chapter(house)
            if chapter is blueprints and arguments.picture:
                take_picture(house, arguments.picture)
    transcript.end()


if __name__ == "__main__":
    main()
