"""Chapter: the blueprints and the dashboard."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from home_assistant_house import ACCESS, LOCK, TAMPER_LINE, House
from home_assistant_process import EXAMPLES, LATE

from dashboard import stamp
from mqtt_house import BELL_LINE

DURESS_PIN = "519203"


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
        house.wait_until(lambda: f"{title}: {text}" in home("notifications"), told=lambda: trouble(house))
        say.came(f'"{title}" does what it should on a real event: {text}')

    board = house.door.board
    noted("Who came in", house.scene.man, "Daniel came in (face)")
    house.leave()
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


def trouble(house: House) -> str:
    """What is known when nothing was notified."""
    kinds = ("access", "door", "system")
    events = [event for kind in kinds for event in house.seen.events(kind)[-3:]]
    answers = [seen.tree() for seen in house.seen.seen if seen.topic.endswith("/response")][-2:]
    rows = [(row.ts, row.event_type) for row in house.door.rows()[-5:]]
    return f"{house.home('notifications')=}, {events=}, {answers=}, {rows=}, {house.truth()=}"


def late(house: House) -> None:
    """An event of an outage comes late, and one comes twice: Home Assistant shows them, and nobody is told."""
    say, home = house.transcript, house.home
    home("call", service="persistent_notification.dismiss_all")
    house.stop("bridge")
    rows = len(house.door.rows("access_granted"))
    house.scene.man()
    house.wait_until(lambda: len(house.door.rows("access_granted")) > rows)
    house.leave()
    row = house.door.rows("access_granted")[-1]
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
