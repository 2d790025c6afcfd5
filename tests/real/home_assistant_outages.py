"""Chapters: parts that are away, killed, restarted, removed."""

from __future__ import annotations

import itertools
import subprocess

from home_assistant_house import ACCESS, CONFIG_TOPIC, LOCK, PARTS, SYSTEM, House

from dashboard import Dashboard


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
    house.wait_as_at_the_device()
    house.check_complaints()


def restarts_one_by_one(house: House) -> None:
    say = house.transcript
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
    # Home Assistant empties the topic of a device that goes, too, once for each entity, and hears itself do it.
    house.check_complaints("homeassistant.components.mqtt.discovery: No device components to cleanup")
