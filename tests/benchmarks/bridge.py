"""What the bridge takes: from a decision to a subscriber, a backlog drained, memory, and messages of an idle door.

Real daemon, bridge and mosquitto, as processes on one machine. The peer of the drain is paho alone, which publishes the
same payloads one acknowledged message after the other, and remembers nothing.

    PYTHONPATH=tests python tests/benchmarks/bridge.py [--rows 100000] [--visits 40] [--idle SECONDS]
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import tempfile
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from common import table, tell_machine
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from broker import Broker, Program
from faceplate.events import Cause, DoorEvent, DoorEventType
from faceplate.journal.journal import Journal
from faceplate.types import Seconds
from mjpeg_server import MjpegServer
from mqtt_house import BELL_LINE, MqttHouse, Scene

PEER_MESSAGES = 5000
MEMORY = Path("/dev/shm")  # noqa: S108 - a journal of 100,000 rows is soon made where nothing is synced


class Arrivals:
    """When each event came, by the wall clock."""

    def __init__(self, port: int) -> None:
        self.times: list[tuple[float, dict[str, Any]]] = []
        self.messages = 0
        self._client = Client(CallbackAPIVersion.VERSION2, "arrivals", protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_message = self._on_message
        self._client.on_connect = lambda client, *_: client.subscribe("faceplate/#", qos=1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        now = time.time()
        self.messages += 1
        if "/event/" in message.topic:
            self.times.append((now, json.loads(message.payload)))

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def wait_until(holds: Any, within: float = 600.0) -> None:
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, "it never came"
        threading.Event().wait(0.02)


def memory_of(program: Program) -> dict[str, float]:
    """Megabytes of a process, by figure of proc(5)."""
    lines = Path(f"/proc/{program._process.pid}/status").read_text(encoding="ascii").splitlines()
    return {line[:5]: int(line.split()[1]) * 1024 / 1e6 for line in lines if line[:5] in {"VmHWM", "VmRSS"}}


def delays(arrivals: Arrivals, *event_types: str) -> np.ndarray:
    """Milliseconds from the writing of a row to the subscriber."""
    return np.array(
        [
            (came - datetime.fromisoformat(event["ts"]).astimezone(UTC).timestamp()) * 1000
            for came, event in arrivals.times
            if event["event_type"] in event_types
        ]
    )


def live(folder: Path, visits: int, idle: float) -> None:
    """The way of an event, and an idle door."""
    scene = Scene()
    with Broker(folder, "allow_anonymous true") as broker, MjpegServer(picture=scene) as camera:
        house = MqttHouse(folder / "house", broker.port, camera.address, "litert")
        house.tree["door"]["release_time"] = 0.5
        house.write()
        house.enrol()
        with house.daemon() as daemon, house.bridge() as bridge, closing(Arrivals(broker.port)) as arrivals:
            daemon.wait_for("the gallery holds")
            bridge.wait_for("connected: delivering")
            for number in range(visits):
                visit(house, scene, arrivals, number + 1)
            for name, kinds in {
                "a decision about a face": ("access_granted",),
                "a bell": ("ring",),
            }.items():
                found = delays(arrivals, *kinds)
                p50, p99 = np.percentile(found, [50, 99])
                print(f"{name}, from the journal to the subscriber: p50 {p50:.0f} ms, p99 {p99:.0f} ms ({len(found)})")
            threading.Event().wait(5)
            before = arrivals.messages
            threading.Event().wait(idle)
            print(f"messages of an idle door: {(arrivals.messages - before) * 3600 / idle:.0f} an hour ({idle:g} s)")
            print(f"the bridge beside a running door: {memory_of(bridge)['VmRSS']:.1f} MB resident")


def visit(house: MqttHouse, scene: Scene, arrivals: Arrivals, number: int) -> None:
    """Somebody rings, is let in, and goes."""
    house.board.set_level(BELL_LINE, 0)
    scene.man()
    wait_until(lambda: len(delays(arrivals, "access_granted")) >= number and len(delays(arrivals, "ring")) >= number)
    scene.nobody()
    house.board.set_level(BELL_LINE, 1)
    wait_until(lambda: not house.is_open())
    threading.Event().wait(1.0 + number % 7 / 30)  # the track ends; not in step with the bridge


def drained(folder: Path, count: int) -> tuple[float, dict[str, float]]:
    """Rows a second of a backlog, and the bridge's memory."""
    with Broker(folder, "allow_anonymous true", "max_queued_messages 0") as broker:
        house = MqttHouse(folder / "house", broker.port, "unused", "litert")
        with tempfile.TemporaryDirectory(dir=MEMORY) as quick:
            with closing(Journal(Path(quick) / "journal.sqlite3")) as journal:
                for number in range(count):
                    kind = DoorEventType.LOCKED if number % 2 else DoorEventType.UNLOCKED
                    journal.write(DoorEvent(kind, Seconds(0.0), Cause.ACCESS_GRANTED, "Zoë"))
            for file in Path(quick).iterdir():
                shutil.copy(file, house.folder)
        with closing(Arrivals(broker.port)) as arrivals, house.bridge() as bridge:
            wait_until(lambda: arrivals.times, 60)
            wait_until(lambda: arrivals.times[-1][1]["seq"] == count, 3600)
            seconds = arrivals.times[-1][0] - arrivals.times[0][0]
            return (count - 1) / seconds, memory_of(bridge)


def peer(folder: Path) -> float:
    """Messages a second of paho alone, each acknowledged before the next."""
    payload = json.dumps({"event_type": "door_locked", "id": "0" * 32, "seq": 1, "ts": "2026-01-01T00:00:00.000Z"})
    with Broker(folder, "allow_anonymous true", "max_queued_messages 0") as broker, closing(Arrivals(broker.port)):
        client = Client(CallbackAPIVersion.VERSION2, "peer", protocol=MQTTProtocolVersion.MQTTv5)
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        begun = time.monotonic()
        for _ in range(PEER_MESSAGES):
            client.publish("faceplate/peer/event/door", payload, qos=1).wait_for_publish(10)
        seconds = time.monotonic() - begun
        client.disconnect()
        client.loop_stop()
    return PEER_MESSAGES / seconds


def main() -> None:
    """Measure, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="of the backlog; default: %(default)s")
    parser.add_argument("--visits", type=int, default=40, help="default: %(default)s")
    parser.add_argument("--idle", type=float, default=300.0, help="seconds of idleness; default: %(default)s")
    arguments = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    tell_machine()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("live", "drain", "peer"):
            (Path(folder) / name).mkdir()
        live(Path(folder) / "live", arguments.visits, arguments.idle)
        ours, memory = drained(Path(folder) / "drain", arguments.rows)
        theirs = peer(Path(folder) / "peer")
    rows = [["the bridge", f"{ours:.0f}", f"{ours / theirs:.2f}"], ["paho alone", f"{theirs:.0f}", "1"]]
    table([f"a backlog of {arguments.rows}", "rows/s", "ratio"], rows)
    print(f"the bridge's memory: at most {memory['VmHWM']:.1f} MB, afterwards {memory['VmRSS']:.1f} MB")


if __name__ == "__main__":
    main()
