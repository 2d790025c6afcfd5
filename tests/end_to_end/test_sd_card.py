"""An SD card wears out by being written to: an idle door writes nothing. Daemon, keeper, bridge and broker are real."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from broker import Broker, Program
from mqtt_house import BELL_LINE, MqttHouse
from waiting import until
from writes import Folders, Written, watched, with_children

pytestmark = pytest.mark.mosquitto

SECONDS = float(os.environ.get("FACEPLATE_IDLE_SECONDS", "10"))
"""So long a door is watched: ten looks of the bridge at the daemon, fifty at its journal"""

SETTLED = 2.0
PATIENCE = 60.0


def pause(seconds: float) -> None:
    threading.Event().wait(seconds)


def settled(written: Callable[[], Written]) -> Written:
    """What was written when nothing had been for a while."""
    end = time.monotonic() + PATIENCE
    before = written()
    while time.monotonic() < end:
        pause(SETTLED)
        now = written()
        if now == before:
            return now
        before = now
    raise AssertionError(f"it never comes to rest: {before}")


def state_folders(house: MqttHouse) -> list[Path]:
    """Once they are all there: the bridge makes its own as it keeps its place for the first time."""
    until(house.config.bridge.cursor_file.exists, within=PATIENCE)
    return [house.folder, house.folder / "people", house.config.bridge.cursor_file.parent]


def counted(*programs: Program) -> Callable[[], Written]:
    processes = [pid for program in programs for pid in with_children(program.pid)]
    return lambda: Written.by(processes)


def put_on_disk(folders: list[Path]) -> None:
    """A page that waits to be put on the disk anyway is not counted again when it is changed once more."""
    for file in (file for folder in folders for file in folder.iterdir() if file.is_file()):
        with file.open("rb") as opened:
            os.fsync(opened.fileno())


def idle(house: MqttHouse, written: Callable[[], Written], folders: Folders) -> tuple[Written, list[str]]:
    """What is written, and which files are changed, while nothing happens."""
    settled(written)
    put_on_disk(state_folders(house))
    before = written()
    folders.changed()
    pause(SECONDS)
    return written().since(before), folders.changed()


def test_an_idle_door_writes_nothing_and_a_bell_does(run):
    everything = run()
    house = everything.house
    written = counted(everything.daemon, everything.bridge)
    with watched(*state_folders(house)) as folders:
        assert idle(house, written, folders) == (Written(), [])
        before = written()
        house.board.set_level(BELL_LINE, 0)
        everything.dashboard.wait_for_event("ring")
        after = settled(written).since(before)
        assert after.asked > 0
        assert {"journal.sqlite3-wal", "cursor"} <= set(folders.changed()), "what is written is seen"


def test_without_its_broker_it_writes_nothing_either(run, house_broker: Broker):
    everything = run()
    house = everything.house
    written = counted(everything.daemon, everything.bridge)
    with watched(*state_folders(house)) as folders:
        house_broker.stop()
        everything.bridge.wait_for("broker")
        assert idle(house, written, folders) == (Written(), [])
    house_broker.start()
