"""What a broker that floods the bridge costs the door: from the camera's frame to the decision, quiet and flooded.

Daemon, bridge and broker are processes. The daemon, and a film in the place of its camera, have one processor; all else has
another, as on any board with more than one. The flood is garbage on the topic of orders, a thousand messages a second.
Quiet and flooded times come by turns.

    PYTHONPATH=tests python tests/benchmarks/flood.py [SECONDS]
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from broker import Broker, Program
from clips import write_video
from dashboard import Dashboard
from mqtt_house import FOOTAGE, MqttHouse, film

RATE = 1000
"""Messages a second"""
ROUNDS = 2
FRAME_RATE = 10.0
MEASURED = """
import sys, time
from faceplate.__main__ import main
from faceplate.vitals import Vitals
show, times = Vitals.show, open(sys.argv.pop(1), "w", buffering=1)
def measured(self, frame, matches, decision):
    show(self, frame, matches, decision)
    print(time.monotonic(), self._clock() - frame.time, file=times)
Vitals.show = measured
sys.exit(main(sys.argv[1:]))
"""
"""The daemon, which notes how long each decision took"""


def main(seconds: float) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "broker").mkdir()
        pinned(1)
        broker = stack.enter_context(Broker(folder / "broker", "allow_anonymous true"))
        house = MqttHouse(folder / "house", broker.port, "unused", "litert")
        house.tree["vision"] |= {"threads": 1}
        house.tree["camera"] = {"driver": "replay", "source": str(long_film(folder, 2 * ROUNDS * seconds + 30))}
        house.write()
        house.enrol()
        times = folder / "times"
        pinned(0)
        command = [sys.executable, "-c", MEASURED, str(times), *house.command("run")[3:]]
        stack.enter_context(Program(command, house.environment))
        pinned(1)
        stack.enter_context(house.bridge())
        dashboard = stack.enter_context(Dashboard(broker.port))
        dashboard.wait_for("camera/state", "online")
        spans = [span(broker.port, seconds, flooded=bool(number % 2)) for number in range(2 * ROUNDS)]
        tell(times, spans, dashboard)


def long_film(folder: Path, seconds: float) -> Path:
    """The package's clip of two people, again and again."""
    frames = itertools.cycle(film(FOOTAGE / "man-and-woman.mp4"))
    return write_video(folder / "film.mp4", itertools.islice(frames, int(seconds * FRAME_RATE)), FRAME_RATE)


def pinned(processor: int) -> None:
    """Whatever is started from now on runs there."""
    os.sched_setaffinity(0, {processor})


def span(port: int, seconds: float, *, flooded: bool) -> tuple[float, float, int]:
    """Begin and end of one, and how many messages were sent."""
    begin, sent = time.monotonic(), 0
    if flooded:
        with flood(port) as count:
            threading.Event().wait(seconds)
            sent = count[0]
    else:
        threading.Event().wait(seconds)
    return begin, time.monotonic(), sent


@contextmanager
def flood(port: int) -> Iterator[list[int]]:
    """Garbage for as long as the block lasts; gives how much there was so far."""
    client = Client(CallbackAPIVersion.VERSION2, "flood", protocol=MQTTProtocolVersion.MQTTv5)
    client.connect("127.0.0.1", port)
    client.loop_start()
    stop, count, begun = threading.Event(), [0], time.monotonic()

    def pour() -> None:
        while not stop.wait(0.005):
            while count[0] < (time.monotonic() - begun) * RATE:
                client.publish("faceplate/front-door/command", b"{garbage" * 16)
                count[0] += 1

    thread = threading.Thread(target=pour)
    thread.start()
    yield count
    stop.set()
    thread.join()
    client.disconnect()
    client.loop_stop()


def tell(times: Path, spans: list[tuple[float, float, int]], dashboard: Dashboard) -> None:
    rows = np.loadtxt(times)
    found: dict[bool, list[np.ndarray]] = {False: [], True: []}
    for begin, end, sent in spans:
        inside = rows[(rows[:, 0] >= begin) & (rows[:, 0] < end), 1] * 1000
        found[sent > 0].append(inside)
        p50, p99 = np.percentile(inside, [50, 99])
        what = f"{sent / (end - begin):6.0f} messages/s" if sent else "quiet            "
        print(f"{what}  {len(inside):6d} frames  p50 {p50:6.1f} ms  p99 {p99:6.1f} ms")
    quiet, flooded = (np.concatenate(found[which]) for which in (False, True))
    for name, share in (("p50", 50), ("p99", 99)):
        ratio = np.percentile(flooded, share) / np.percentile(quiet, share)
        print(f"{name} flooded / quiet: {ratio:.3f}")
    noted = [event for event in dashboard.events("system") if event.get("command") == "remote.note_refused"]
    told = sum(event["arguments"]["count"] for event in noted)
    print(f"refusals in the journal: {len(noted)} rows, that tell of {told} messages so far")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0)
