"""Real brokers on a free port of this machine, and programs whose output can be waited for."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

_PATIENCE = 30.0
"""Seconds until something that should have been printed counts as missing"""


def _program(name: str) -> str:
    beside_python = Path(sys.executable).parent
    path = shutil.which(name, path=f"{beside_python}:{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if path is None:
        pytest.skip(f"there is no {name} on this machine")
    return path


class Program:
    """A running program, and the lines it has printed so far."""

    def __init__(self, command: Sequence[str | Path], environment: dict[str, str] | None = None) -> None:
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            env={**os.environ, **(environment or {})},
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._news:
                self.lines.append(line.rstrip("\n"))
                self._news.notify_all()

    def wait_until(self, seen: Callable[[list[str]], bool]) -> None:
        """Wait until the lines printed so far are as they should be."""
        with self._news:
            done = self._news.wait_for(lambda: seen(self.lines), _PATIENCE)
        assert done, "this was printed:\n" + "\n".join(self.lines)

    def wait_for(self, words: str) -> None:
        """Wait until some line holds these words."""
        self.wait_until(lambda lines: any(words in line for line in lines))

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the program if it still runs, and give its return code."""
        if self._process.poll() is None:
            self._process.send_signal(how)
        return self.ended()

    def ended(self) -> int:
        """Wait until it has ended, and give its return code."""
        code = self._process.wait(_PATIENCE)
        self._reader.join(_PATIENCE)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end(signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Received:
    """One message as a subscriber saw it."""

    topic: str
    payload: str
    retained: bool


class Subscriber(Program):
    """Receives everything, in a session that outlasts restarts of the broker."""

    def __init__(self, broker: Broker, *options: str, name: str = "") -> None:
        self._name = name or f"watcher{id(self)}"
        session = ("-V", "5", "-i", self._name, "-c", "-x", "3600", "-q", "1")
        where = ("-h", "localhost", "-p", str(broker.port), "-t", "#")
        form = '{"topic": "%t", "retained": %r, "hex": "%x"}'
        super().__init__([_program("mosquitto_sub"), *session, *where, "-F", form, *options])
        broker.process.wait_for(f"SUBACK to {self._name}")

    def wait_for_session(self, broker: Broker) -> None:
        """Wait until it has come back to a broker that was started again."""
        broker.process.wait_for(f"CONNACK to {self._name}")

    def received(self) -> list[Received]:
        found = [json.loads(line) for line in self.lines if line.startswith("{")]
        return [Received(item["topic"], bytes.fromhex(item["hex"]).decode(), bool(item["retained"])) for item in found]

    def events(self) -> list[dict[str, object]]:
        return [json.loads(message.payload) for message in self.received() if "/event/" in message.topic]

    def numbers(self) -> list[object]:
        return [event["seq"] for event in self.events()]

    def wait_for_number(self, seq: int) -> None:
        self.wait_until(lambda _: seq in self.numbers())

    def wait_for_message(self, topic: str, payload: str) -> None:
        self.wait_until(
            lambda _: any(message.topic == topic and message.payload == payload for message in self.received())
        )


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


class Broker:
    """mosquitto with the given lines of configuration; it keeps its port and its state when it is restarted."""

    def __init__(self, folder: Path, *lines: str) -> None:
        self.port = free_port()
        self.folder = folder
        self._file = folder / "mosquitto.conf"
        # Without `user`, mosquitto started by root becomes a user who cannot read a test's folder.
        common = (
            f"user {getpass.getuser()}",
            "log_dest stderr",
            "log_type all",
            "persistence true",
            f"persistence_location {folder}/",
            f"listener {self.port} 127.0.0.1",
        )
        self._file.write_text("\n".join([*common, *lines, ""]), encoding="utf-8")
        self.process = self._started()

    def _started(self) -> Program:
        process = Program([_program("mosquitto"), "-c", self._file])
        process.wait_for(" running")
        return process

    def stop(self) -> None:
        self.process.end()

    def start(self) -> None:
        self.process = self._started()

    def restart(self) -> None:
        self.stop()
        self.start()

    def reload(self) -> None:
        """Have passwords and access lists read again."""
        self.process.send(signal.SIGHUP)
        self.process.wait_for("Reloading config")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class OldBroker:
    """amqtt, which speaks 3.1.1 and no MQTT 5."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        file = folder / "amqtt.yaml"
        file.write_text(
            f"listeners: {{default: {{type: tcp, bind: '127.0.0.1:{self.port}'}}}}\n"
            "plugins: {amqtt.plugins.authentication.AnonymousAuthPlugin: {allow_anonymous: true}}\n",
            encoding="utf-8",
        )
        self.process = Program([_program("amqtt"), "-c", file])
        self.process.wait_for(f"bind to 127.0.0.1:{self.port}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.end()


def send(port: int, topic: str, payload: bytes, *options: str) -> None:
    """Publish with QoS 1, as somebody else, and return when the broker has acknowledged."""
    where = ("-h", "localhost", "-p", str(port), "-q", "1", "-t", topic, "-s")
    command = [_program("mosquitto_pub"), *where, *options]
    subprocess.run(command, input=payload, check=True, timeout=_PATIENCE)


def set_password(file: Path, username: str, password: str) -> None:
    """Write mosquitto's own password file."""
    file.touch(mode=0o600)
    subprocess.run([_program("mosquitto_passwd"), "-b", file, username, password], check=True, timeout=_PATIENCE)
