"""A real Home Assistant as a process in a Debian root of its own, driven from outside."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "deploy" / "home-assistant"
_LONG_AGO = "2026-01-01T00:00:00+00:00"
_PATIENCE = 30.0

# In a namespace of its own, so that no mount is left behind whatever happens.
_ENTER = """
mount --bind /dev "$1/dev" && mount -t proc proc "$1/proc" && mount --bind "$2" "$1/mnt" &&
exec chroot "$1" /opt/ha/bin/python /mnt/home_assistant_inside.py /mnt
"""


class HomeAssistant:
    """Configured for one broker; `start` and `stop` it as often as you like."""

    def __init__(self, root: Path, folder: Path, broker_port: int, port: int) -> None:
        """Write its configuration into a folder that is empty."""
        self._root = root
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self.port = port
        for script in ("home_assistant_inside.py", "home_assistant_lists.py"):
            shutil.copy(HERE / script, folder)
        (folder / ".storage").mkdir()
        self._write_entry(broker_port)
        self._store("onboarding", {"done": ["user", "core_config", "analytics", "integration"]}, version=4)
        self._write_configuration(port)
        shutil.copytree(EXAMPLES / "blueprints", folder / "blueprints")
        shutil.copy(EXAMPLES / "dashboard.yaml", folder)

    def _write_configuration(self, port: int) -> None:
        network = ["127.0.0.1"]
        trusted = {"type": "trusted_networks", "trusted_networks": network, "allow_bypass_login": True}
        pages = {"door-page": {"mode": "yaml", "title": "Front door", "filename": "dashboard.yaml", "icon": "mdi:door"}}
        tree = {
            "homeassistant": {
                "name": "Home",
                "latitude": 0,
                "longitude": 0,
                "unit_system": "metric",
                "time_zone": "UTC",
                "auth_providers": [trusted],
            },
            "http": {"server_host": network[0], "server_port": port},
            "frontend": {},
            "history": {},
            "logbook": {},
            "lovelace": {"dashboards": pages},
            "automation": AUTOMATIONS,
        }
        (self._folder / "configuration.yaml").write_text(yaml.safe_dump(tree), encoding="utf-8")

    def _write_entry(self, broker_port: int) -> None:
        entry = {
            "created_at": _LONG_AGO,
            "modified_at": _LONG_AGO,
            "data": {"broker": "127.0.0.1", "port": broker_port, "protocol": "5"},
            "disabled_by": None,
            "discovery_keys": {},
            "domain": "mqtt",
            "entry_id": "broker",
            "minor_version": 2,
            "options": {"discovery": True, "discovery_prefix": "homeassistant"},
            "pref_disable_new_entities": False,
            "pref_disable_polling": False,
            "source": "user",
            "subentries": [],
            "title": "broker",
            "unique_id": None,
            "version": 1,
        }
        self._store("core.config_entries", {"entries": [entry]}, 5)

    def _store(self, key: str, data: dict[str, Any], minor_version: int = 1, version: int = 1) -> None:
        tree = {"version": version, "minor_version": minor_version, "key": key, "data": data}
        (self._folder / ".storage" / key).write_text(json.dumps(tree), encoding="utf-8")

    def start(self) -> None:
        """Start it; returns when it has started."""
        command = ["unshare", "--mount", "sh", "-c", _ENTER, "sh", self._root, self._folder]
        with (self._folder / "output.log").open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, encoding="utf-8"
            )
        self._answer()

    def stop(self) -> None:
        """Let it end as it should."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process = None

    def kill(self) -> None:
        """End it whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(60)
            self._process = None

    def __call__(self, step: str, **arguments: Any) -> Any:
        """Have a step done, and give its answer."""
        assert self._process is not None
        assert self._process.stdin is not None
        print(json.dumps({"step": step} | arguments), file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> Any:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"Home Assistant ended: see {self._folder / 'output.log'}"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["answer"]

    def state(self, entity_id: str) -> str | None:
        found = self("state", entity_id=entity_id)
        return found[0] if found else None

    def attribute(self, entity_id: str, name: str) -> Any:
        found = self("state", entity_id=entity_id)
        return found[1].get(name) if found else None

    def wait_until(self, holds: Callable[[], object], told: Callable[[], object]) -> None:
        """Wait until something holds; if it never does, say what was seen."""
        end = time.monotonic() + _PATIENCE
        pause = threading.Event()
        while not holds():
            assert time.monotonic() < end, f"it never came to hold; {told()}"
            pause.wait(0.1)

    def wait_for(self, entity_id: str, *states: str) -> None:
        """Wait until an entity is in one of these states."""
        self.wait_until(lambda: self.state(entity_id) in states, lambda: (entity_id, self.state(entity_id), states))


LATE = 5
"""Seconds after which nobody is told any more who came in"""

_DOOR = {
    "access": "event.front_door_access",
    "events": "event.front_door_events",
    "bell": "event.front_door_doorbell",
}


def _note(title: str) -> list[dict[str, Any]]:
    text = "{{ message }}"
    return [{"action": "persistent_notification.create", "data": {"title": title, "message": text}}]


AUTOMATIONS: list[dict[str, Any]] = [
    {
        "id": "who_came_in",
        "alias": "Who came in",
        "use_blueprint": {
            "path": "faceplate/who_came_in.yaml",
            "input": {"access": _DOOR["access"], "max_age": LATE, "actions": _note("Who came in")},
        },
    },
    {
        "id": "alarm",
        "alias": "Alarm",
        "use_blueprint": {
            "path": "faceplate/alarm.yaml",
            "input": {
                "events": _DOOR["events"],
                "access": _DOOR["access"],
                "actions": _note("Alarm"),
                "duress_actions": _note("Duress"),
            },
        },
    },
    {
        "id": "doorbell",
        "alias": "Doorbell",
        "use_blueprint": {
            "path": "faceplate/doorbell.yaml",
            "input": {"bell": _DOOR["bell"], "actions": _note("Doorbell")},
        },
    },
    {
        "id": "lock_at_night",
        "alias": "Lock at night",
        "use_blueprint": {
            "path": "faceplate/lock_at_night.yaml",
            "input": {"lock": "lock.front_door", "door": "binary_sensor.front_door_door", "actions": _note("Night")},
        },
    },
]
"""One of each blueprint, which leaves a notification"""
