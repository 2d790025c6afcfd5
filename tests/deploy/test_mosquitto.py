"""deploy/mosquitto, as it is, on a real mosquitto: everybody can do what they should, and nothing else."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Self

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from broker import Broker, set_password
from faceplate.bridge.channels import CHANNELS

pytestmark = pytest.mark.mosquitto

DEPLOY = Path(__file__).parents[2] / "deploy" / "mosquitto"
PATIENCE = 30.0
DOORS = ("front-door", "back-door")
USERS = (*DOORS, "home", "panel", "nobody")
"""`nobody` has a password, and is in no list"""

STATUS = "homeassistant/status"
FOREIGN = (
    "faceplate",
    "faceplate/front-door",
    "faceplate/front-door/lock",
    "faceplate/front-door/lock/set",
    "faceplate/front-door/lock/state/more",
    "faceplate/front-door/event",
    "faceplate/front-door/command/more",
    "faceplate/home/lock/state",
    "faceplate/panel/lock/state",
    "homeassistant/device/home/config",
    "homeassistant/device/panel/config",
    "homeassistant/lock/front-door/config",
    "homeassistant/front-door",
    "other/front-door/lock/state",
)
"""Where nobody has any business"""


def topic_of(door, channel):
    return f"faceplate/{door}/{channel.topic}"


WRITERS = {topic_of(door, c): "home" if c.received else door for door in DOORS for c in CHANNELS}
WRITERS |= {f"homeassistant/device/{door}/config": door for door in DOORS}
WRITERS |= {STATUS: "home"}
"""Each topic there is, and who alone may write there"""

COMMANDS = {topic_of(door, c): door for door in DOORS for c in CHANNELS if c.received}


def may_read(user, topic):
    match user:
        case "home":
            return True
        case "panel":
            return topic.startswith("faceplate/") and topic not in COMMANDS
        case _:
            return topic == STATUS or COMMANDS.get(topic) == user


class Somebody:
    """One user of the broker, subscribed to everything."""

    def __init__(self, port: int, ca: Path, user: str | None, password: str | None = None, will: str = "") -> None:
        self.user = user
        self.name = f"test-{user}-{will}-{id(self)}".replace("/", "-")
        self.seen: list[tuple[str, bytes]] = []
        self._answers: dict[int, ReasonCode] = {}
        self._news = threading.Condition()
        self._welcome: ReasonCode | None = None
        self._subscribed = False
        self._client = Client(CallbackAPIVersion.VERSION2, self.name, protocol=MQTTProtocolVersion.MQTTv5)
        if will:
            self._client.will_set(will, b"will", qos=1)
        if user:
            self._client.username_pw_set(user, password or f"password of {user}")
        self._client.tls_set_context(ssl.create_default_context(cafile=ca))
        self._client.on_connect = lambda _c, _d, _f, reason, _p: self._note(welcome=reason)
        self._client.on_subscribe = lambda *_: self._note(subscribed=True)
        self._client.on_publish = lambda _c, _d, number, reason, _p: self._note(number=number, reason=reason)
        self._client.on_message = self._on_message
        self._client.max_inflight_messages_set(1000)
        self._client.connect("localhost", port)
        self._client.loop_start()

    def welcome(self) -> ReasonCode:
        """What the broker says to the connection."""
        self._wait(lambda: self._welcome is not None)
        assert self._welcome is not None
        return self._welcome

    def subscribe(self) -> None:
        assert not self.welcome().is_failure
        self._client.subscribe([(f, 1) for f in ("#", "faceplate/#", "homeassistant/#", *COMMANDS, *WRITERS)])
        self._wait(lambda: self._subscribed)

    def publish(self, *topics: str, payload: bytes = b"x", retain: bool = False) -> dict[str, str]:
        """Publish to each, and give what the broker says to it."""
        sent = {topic: self._client.publish(topic, payload, 1, retain).mid for topic in topics}
        self._wait(lambda: set(sent.values()) <= self._answers.keys())
        return {topic: str(self._answers[number]) for topic, number in sent.items()}

    def wait_until_seen(self, topic: str, payload: bytes) -> None:
        self._wait(lambda: (topic, payload) in self.seen)

    def die(self) -> None:
        """Be gone without a goodbye."""
        self._client.loop_stop()
        self._client.socket().close()

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        with self._news:
            self.seen.append((message.topic, message.payload))
            self._news.notify_all()

    def _note(self, welcome=None, number=None, reason=None, *, subscribed=False) -> None:
        with self._news:
            self._welcome = welcome or self._welcome
            self._subscribed = subscribed or self._subscribed
            if number is not None:
                self._answers[number] = reason
            self._news.notify_all()

    def _wait(self, holds) -> None:
        with self._news:
            assert self._news.wait_for(holds, PATIENCE), f"{self.user} saw {self.seen}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The broker's files, made as the manual says."""
    folder: Path = tmp_path_factory.mktemp("mosquitto")
    subprocess.run([DEPLOY / "certificates.sh", "localhost"], cwd=folder, check=True, capture_output=True, timeout=60)
    for user in USERS:
        set_password(folder / "users", user, f"password of {user}")
    return folder


def lines_for(folder: Path) -> list[str]:
    """The example's lines, with this test's files; its port and its place for what is kept are the test's own."""
    text = (DEPLOY / "faceplate.conf").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    left_out = ("persistence ", "persistence_location ", "listener ")
    assert sum(line.startswith(left_out) for line in lines) == len(left_out)
    moved = {
        "/etc/mosquitto/users": folder / "users",
        "/etc/mosquitto/access": DEPLOY / "access",
        "/etc/mosquitto/certs/server.crt": folder / "server.crt",
        "/etc/mosquitto/certs/server.key": folder / "server.key",
    }
    kept = [line.split() for line in lines if not line.startswith(left_out)]
    assert {words[1] for words in kept} >= moved.keys()
    return [" ".join([words[0], str(moved.get(words[1], words[1]))]) for words in kept]


@pytest.fixture(scope="module")
def broker(folder) -> Iterator[Broker]:
    with Broker(folder, *lines_for(folder)) as broker:
        yield broker


@pytest.fixture
def users(broker, folder) -> Iterator[dict[str, Somebody]]:
    with everybody(broker, folder) as users:
        yield users


@contextmanager
def everybody(broker: Broker, folder: Path) -> Iterator[dict[str, Somebody]]:
    with ExitStack() as stack:
        users = {user: stack.enter_context(Somebody(broker.port, folder / "ca.crt", user)) for user in USERS}
        for somebody in users.values():
            somebody.subscribe()
        yield users


def test_the_topics_are_those_of_the_bridge():
    assert len(WRITERS) == 2 * (len(CHANNELS) + 1) + 1
    assert list(COMMANDS) == ["faceplate/front-door/command", "faceplate/back-door/command"]


@pytest.mark.parametrize("user", USERS)
def test_each_writes_what_is_theirs_and_nothing_else(users, user):
    answers = users[user].publish(*WRITERS, *FOREIGN)
    taken = {topic for topic, answer in answers.items() if answer in {"Success", "No matching subscribers"}}
    assert taken == {topic for topic, writer in WRITERS.items() if writer == user}
    assert {answer for topic, answer in answers.items() if topic not in taken} == {"Not authorized"}


@pytest.mark.parametrize("retain", [False, True])
def test_each_reads_what_they_may_and_nothing_else(users, broker, folder, retain):
    """Of everything that is written; what is retained, also by whoever comes later."""
    with ExitStack() as stack:
        for topic, writer in WRITERS.items():
            users[writer].publish(topic, payload=b"first", retain=retain)
        readers = stack.enter_context(everybody(broker, folder)) if retain else users
        # What goes to one subscriber goes in order: who has seen the last has seen all that is for them.
        for topic in (STATUS, "faceplate/front-door/daemon"):
            users[WRITERS[topic]].publish(topic, payload=b"last")
        for user, reader in readers.items():
            reader.wait_until_seen("faceplate/front-door/daemon" if user == "panel" else STATUS, b"last")
            seen = {topic for topic, payload in reader.seen if payload == b"first"}
            assert seen == {topic for topic in WRITERS if may_read(user, topic)}, user
        for topic, writer in WRITERS.items():
            users[writer].publish(topic, payload=b"", retain=retain)


@pytest.mark.parametrize("user", USERS)
def test_what_somebody_leaves_behind_when_the_connection_dies_is_theirs_too(users, broker, folder, user):
    """A will is written by the broker, long after the user's words were checked."""
    for topic in ("faceplate/front-door/lock/state", "faceplate/front-door/command", "homeassistant/status"):
        with Somebody(broker.port, folder / "ca.crt", user, will=topic) as dying:
            assert not dying.welcome().is_failure
            dying.die()
            broker.process.wait_until(lambda lines, name=dying.name: any(f"Client {name} " in line for line in lines))
        users["home"].publish(STATUS, payload=topic.encode())
        users["home"].wait_until_seen(STATUS, topic.encode())
        assert ((topic, b"will") in users["home"].seen) == (WRITERS[topic] == user), topic


@pytest.mark.parametrize(
    ("user", "password"), [(None, None), ("home", "password of panel"), ("front-door", "guessed"), ("stranger", "x")]
)
def test_nobody_comes_in_without_their_password(broker, folder, user, password):
    with Somebody(broker.port, folder / "ca.crt", user, password) as stranger:
        assert str(stranger.welcome()) == "Not authorized"


def test_nothing_but_tls_is_spoken(broker):
    with socket.create_connection(("127.0.0.1", broker.port), timeout=PATIENCE) as plain:
        plain.sendall(bytes.fromhex("101000044d5154540502003c000003616263"))  # CONNECT, MQTT 5
        with suppress(ConnectionResetError):
            assert plain.recv(1) != b"\x20", "that is a CONNACK"
