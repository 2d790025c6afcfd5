"""Broker, daemon, bridge and Home Assistant, all real and each to be stopped and started by itself."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from home_assistant_process import HomeAssistant
from transcript import Transcript

from broker import Broker, Program, free_port
from dashboard import Dashboard
from mjpeg_server import MjpegServer
from mqtt_house import CONTACT_LINE, MqttHouse, Scene

TAMPER_LINE = 19

CONFIG_TOPIC = "homeassistant/device/front-door/config"
ACCESS, SYSTEM, LOCK = "event.front_door_access", "event.front_door_system_events", "lock.front_door"

PARTS = ("broker", "Home Assistant", "bridge", "daemon")

HARMLESS = (
    "homeassistant.bootstrap: Skipping pip installation",
    "aiohttp_fast_zlib: zlib_ng and isal are not available",
    "homeassistant.components.mqtt.client: Disconnected from MQTT server",
    "homeassistant.components.mqtt.client: Failed to connect to MQTT server",
    "homeassistant.components.mqtt.client: Error returned from MQTT server: The connection was lost.",
    "homeassistant.components.mqtt.util: Error talking to MQTT: The client is not currently connected.",
    "name='mqtt re-subscribe and birth'",
    "homeassistant.config_entries: Config entry 'broker' for mqtt integration not ready yet",
)
"""What Home Assistant says of itself, or of a broker that is away"""


class House:
    """All of it, and who looks at it from outside: `seen` at the broker, and `transcript`."""

    def __init__(self, folder: Path, root: Path, runtime: str, transcript: Transcript) -> None:
        """Make everything, and start nothing but the broker."""
        self.transcript = transcript
        self._pause = threading.Event()
        self._stack = ExitStack()
        for name in ("broker", "house", "home"):
            (folder / name).mkdir()
        self.scene = Scene()
        camera = self._stack.enter_context(MjpegServer(picture=self.scene))
        self.broker = self._stack.enter_context(Broker(folder / "broker", "allow_anonymous true"))
        self.door = MqttHouse(folder / "house", self.broker.port, camera.address, runtime, snapshot="everybody")
        self.door.tree["access"]["settle_time"] = 1.0  # who is in view while the door is open is not let in
        self.door.tree["door"]["inputs"]["tamper"] = {"line": TAMPER_LINE}
        self.door.board.set_level(TAMPER_LINE, 1)
        self.home = HomeAssistant(root, folder / "home", self.broker.port, free_port())
        self._programs: dict[str, Program] = {}

    def __enter__(self) -> Self:
        self.seen = self._stack.enter_context(Dashboard(self.broker.port))
        return self

    def __exit__(self, *_: object) -> None:
        self.home.kill()
        for program in self._programs.values():
            program.end(signal.SIGKILL)
        self._stack.close()

    def permit(self, **commands: bool) -> None:
        """Write what may be ordered; whoever runs hears of it when started again."""
        self.door.tree["bridge"]["commands"] = commands
        self.door.write()

    def start(self, *parts: str) -> None:
        """Start them in this order."""
        makers: dict[str, Callable[[], Program]] = {"bridge": self.door.bridge, "daemon": self.door.daemon}
        for part in parts:
            match part:
                case "broker":
                    self.broker.start()
                case "Home Assistant":
                    self.home.start()
                case _:
                    self._programs[part] = makers[part]()

    def kill(self, *parts: str) -> None:
        """As if the power failed, but for Home Assistant, which would then have to mend its database."""
        for part in parts:
            match part:
                case "broker":
                    self.broker.process.end(signal.SIGKILL)
                case "Home Assistant":
                    self.home.stop()
                case _:
                    self._programs.pop(part).end(signal.SIGKILL)

    def stop(self, part: str) -> int:
        """Have the bridge or the daemon end by itself."""
        return self._programs.pop(part).end()

    def open_door(self, *, is_open: bool) -> None:
        self.door.board.set_level(CONTACT_LINE, int(is_open))

    def leave(self) -> None:
        """Whoever stood before the door has gone: none is seen, and the lock is locked, at the device itself."""
        self.scene.nobody()

        def quiet() -> bool:
            status = self.truth()
            return status.get("presence") is False and status["lock"] == "locked"

        self.wait_until(quiet, told=self.truth)

    def truth(self) -> dict[str, Any]:
        """What the daemon says, asked at the device itself; nothing while it does not run."""
        command = self.door.command("status", "--json")
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        status: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
        return status

    def wait_until(self, holds: Callable[[], object], within: float = 60.0, told: Callable[[], object] = str) -> None:
        """Wait until something holds; after `within` seconds without, the run ends."""
        deadline = time.monotonic() + within
        while not holds():
            assert time.monotonic() < deadline, f"it did not come to hold within {within} s: {told()}"
            self._pause.wait(0.1)

    def ours(self) -> dict[str, Any]:
        """The states of our entities."""
        states = self.home("states")
        return {name: state for name, state in states.items() if ".front_door" in name}

    def check_complaints(self, *expected: str) -> None:
        """That Home Assistant has no complaint about us."""
        lines = [line for line in self.home("complaints") if not any(word in line for word in (*HARMLESS, *expected))]
        self.transcript.check("no warning and no error in Home Assistant's log", not lines, otherwise="\n".join(lines))

    def wait_as_at_the_device(self, expected: Iterable[tuple[str, str]] = ()) -> None:
        """Wait until Home Assistant shows what the daemon says at the device itself, and what else is expected."""
        wanted = dict(expected)

        def wrong() -> dict[str, Any]:
            status = self.truth()
            if not status:
                return {"the daemon": ("does not run", "runs")}
            true = wanted | {
                "lock.front_door": status["lock"],
                "binary_sensor.front_door_door": "on" if status["open"] else "off",
                "binary_sensor.front_door_alarm": "on" if status["alarms"] or status["faults"] else "off",
                "binary_sensor.front_door_camera": "on" if status["camera"] == "online" else "off",
                "binary_sensor.front_door_daemon": "on",
                "sensor.front_door_people_enrolled": str(status["people"]),
                "sensor.front_door_started": status["started"][:19] + "+00:00",
                "sensor.front_door_restart_reason": status["restart_reason"],
            }
            states = self.ours()
            found = {name: (states.get(name, ["missing"])[0], state) for name, state in true.items()}
            lost = {name: (state[0], "something") for name, state in states.items() if state[0] == "unavailable"}
            return {name: pair for name, pair in found.items() if pair[0] != pair[1]} | lost

        self.wait_until(lambda: not wrong(), told=wrong)
