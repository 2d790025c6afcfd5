"""deploy/mosquitto, as it is, on a real mosquitto: everybody can do what they should, and nothing else."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Self

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from broker import Broker, Program, set_password
from dashboard import stamp
from faceplate.bridge.home_assistant import discovery
from faceplate.bridge.home_assistant.entities import Home
from faceplate.bridge.messages import Topics
from faceplate.bridge.payloads.channels import CHANNELS
from faceplate.snapshot import MOST_BYTES
from mjpeg_server import MjpegServer
from mqtt_house import MqttHouse, Scene

pytestmark = pytest.mark.mosquitto

DEPLOY = Path(__file__).parents[2] / "deploy" / "mosquitto"
PATIENCE = 30.0
DOORS = ("front-door", "back-door")
MOST_PACKET = 540_672
"""What the example takes at once"""

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


def appearance_of(door):
    """Where the door is told to Home Assistant."""
    return discovery.topic(Home(door, door, Topics(f"faceplate/{door}"), "homeassistant"))


def topic_of(door, channel):
    return f"faceplate/{door}/{channel.topic}"


WRITERS = {topic_of(door, c): "home" if c.received else door for door in DOORS for c in CHANNELS}
WRITERS |= {appearance_of(door): door for door in DOORS}
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
            return topic in {STATUS, f"faceplate/{user}/command", f"faceplate/{user}/availability"}


class Somebody:
    """One user of the broker, subscribed to everything."""

    def __init__(self, port: int, ca: Path, user: str | None, password: str | None = None, will: str = "") -> None:
        self.user = user
        self.name = f"test-{user}-{will}-{id(self)}".replace("/", "-")
        self.seen: list[tuple[str, bytes]] = []
        self._answers: dict[int, ReasonCode] = {}
        self._news = threading.Condition()
        self._welcome: ReasonCode | None = None
        self._subscribed = self._gone = False
        self.longest: int | None = None
        """Bytes the broker takes at once"""
        self._client = Client(CallbackAPIVersion.VERSION2, self.name, protocol=MQTTProtocolVersion.MQTTv5)
        if will:
            self._client.will_set(will, b"will", qos=1)
        if user:
            self._client.username_pw_set(user, password or f"password of {user}")
        self._client.tls_set_context(ssl.create_default_context(cafile=ca))
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = lambda *_: self._note(gone=True)
        self._client.on_subscribe = lambda *_: self._note(subscribed=True)
        self._client.on_publish = lambda _c, _d, number, reason, _p: self._note(number=number, reason=reason)
        self._client.on_message = self._on_message
        self._client.max_inflight_messages_set(1000)
        self._client.connect("localhost", port)
        self._client.loop_start()

    def welcome(self) -> ReasonCode:
        """What the broker says to the connection."""
        self.wait_until(lambda: self._welcome is not None)
        assert self._welcome is not None
        return self._welcome

    def subscribe(self) -> None:
        assert not self.welcome().is_failure
        self._client.subscribe([(f, 1) for f in ("#", "faceplate/#", "homeassistant/#", *COMMANDS, *WRITERS)])
        self.wait_until(lambda: self._subscribed)

    def publish(self, *topics: str, payload: bytes = b"x", retain: bool = False) -> dict[str, str]:
        """Publish to each, and give what the broker says to it."""
        sent = {topic: self._client.publish(topic, payload, 1, retain).mid for topic in topics}
        self.wait_until(lambda: set(sent.values()) <= self._answers.keys())
        return {topic: str(self._answers[number]) for topic, number in sent.items()}

    def wait_until_seen(self, topic: str, payload: bytes) -> None:
        self.wait_until(lambda: (topic, payload) in self.seen)

    def die(self) -> None:
        """Be gone without a goodbye."""
        self._client.loop_stop()
        self._client.socket().close()

    def flood(self, topic: str, payload: bytes) -> None:
        """Send more than is taken, and be thrown out."""
        self._client.publish(topic, payload, 1)
        self.wait_until(lambda: self._gone)

    def _on_connect(self, _client: Client, _data: object, _flags: object, reason: ReasonCode, more: Properties) -> None:
        self.longest = getattr(more, "MaximumPacketSize", None)
        self._note(welcome=reason)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        with self._news:
            self.seen.append((message.topic, message.payload))
            self._news.notify_all()

    def _note(self, welcome=None, number=None, reason=None, *, subscribed=False, gone=False) -> None:
        with self._news:
            self._welcome = welcome or self._welcome
            self._subscribed = subscribed or self._subscribed
            self._gone = gone or self._gone
            if number is not None:
                self._answers[number] = reason
            self._news.notify_all()

    def wait_until(self, holds) -> None:
        with self._news:
            assert self._news.wait_for(holds, PATIENCE), f"{self.user} saw {self.seen[-20:]}"

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


def test_the_largest_picture_is_taken_and_more_ends_the_connection(users, broker, folder):
    topic = "faceplate/front-door/snapshot"
    assert users["front-door"].publish(topic, payload=b"x" * MOST_BYTES)[topic] == "Success"
    assert users["front-door"].longest == MOST_PACKET, "and the bridge, told so, does not try more"
    with Somebody(broker.port, folder / "ca.crt", "front-door") as flooding:
        assert not flooding.welcome().is_failure
        flooding.flood(topic, b"x" * 524_289)
    assert ("faceplate/front-door/snapshot", b"x" * 524_289) not in users["home"].seen


# The real bridge


@pytest.fixture
def houses(tmp_path, broker, runtime) -> Iterator[dict[str, tuple[MqttHouse, Program]]]:
    """Two doors, each daemon and bridge, on the one broker."""
    with ExitStack() as stack:
        camera = stack.enter_context(MjpegServer(picture=Scene())).address
        houses = {door: house_of(door, tmp_path / door, broker, camera, runtime) for door in DOORS}
        for house in houses.values():
            stack.enter_context(house.daemon())
        yield {door: (house, stack.enter_context(house.bridge())) for door, house in houses.items()}


def house_of(door: str, place: Path, broker: Broker, camera: str, runtime: str) -> MqttHouse:
    place.mkdir()
    password = place / "mqtt.password"
    password.touch(mode=0o600)
    password.write_text(f"password of {door}\n", encoding="utf-8")
    tls = {"ca_file": str(broker.folder / "ca.crt")}
    keys = {"host": "localhost", "tls": tls, "username": door, "password_file": password.name, "snapshot": "everybody"}
    house = MqttHouse(place, broker.port, camera, runtime, **keys)
    house.tree["device"] = {"id": door}
    house.write()
    return house


def ordered(users: dict[str, Somebody], by: str, door: str) -> dict[str, object]:
    """The answer to an order to lock."""
    name = uuid.uuid4().hex
    order = {"id": name, "ts": stamp(), "command": "lock"}
    users[by].publish(f"faceplate/{door}/command", payload=json.dumps(order).encode())

    def answers() -> list[dict[str, object]]:
        told = [json.loads(payload) for topic, payload in users["home"].seen if topic == f"faceplate/{door}/response"]
        return [answer for answer in told if answer["id"] == name]

    users["home"].wait_until(answers)
    return answers()[0]


def test_two_doors_serve_one_broker_each_for_itself(users, houses):
    home = users["home"]
    for door in DOORS:
        for name, payload in (("availability", b"online"), ("daemon", b"online"), ("camera/state", b"online")):
            home.wait_until_seen(f"faceplate/{door}/{name}", payload)
        home.wait_until(lambda door=door: any(t == appearance_of(door) for t, _ in home.seen))
        assert ordered(users, "home", door)["ok"]
        home.wait_until(lambda door=door: any(t == f"faceplate/{door}/event/system" for t, _ in home.seen))
    locks = {door: len(house.rows("command")) for door, (house, _) in houses.items()}
    assert set(locks.values()) == {1}

    # Whoever else tries to order: the broker takes it from nobody, and so no door ever hears of it.
    for user in set(USERS) - {"home"}:
        assert set(users[user].publish(*COMMANDS, payload=b"{}").values()) == {"Not authorized"}
    home.seen.clear()
    users["home"].publish(STATUS, payload=b"online")
    for door in DOORS:
        home.wait_until(lambda door=door: any(t == appearance_of(door) for t, _ in home.seen))
    assert {door: len(house.rows("command")) for door, (house, _) in houses.items()} == locks

    for door, (house, bridge) in houses.items():
        with pytest.raises(AssertionError, match="says that the bridge is running"):
            house.run("bridge", "--remove")
        assert bridge.end() == 0
        home.wait_until_seen(f"faceplate/{door}/availability", b"stopped")
        refused = [line for line in bridge.lines if "does not take" in line or "does not let" in line]
        assert not refused, "the access list is narrower than the bridge"
        home.seen.clear()
        assert "is no longer on the broker" in house.run("bridge", "--remove")
        home.wait_until_seen(appearance_of(door), b"")
        home.wait_until_seen(f"faceplate/{door}/availability", b"")


def test_a_door_whose_user_is_another_doors_is_refused_and_says_where(users, tmp_path, broker, runtime):
    """The device.id must be the user: back-door's password does not let anybody speak as front-door."""
    house = house_of("back-door", tmp_path / "door", broker, "http://127.0.0.1:9/", runtime)
    house.tree["device"] = {"id": "front-door"}
    house.write()
    with house.bridge() as bridge:
        bridge.wait_for("does not take faceplate/front-door/availability: Not authorized")
        bridge.end()
    told = {payload for topic, payload in users["home"].seen if topic.startswith("faceplate/front-door/")}
    assert not told & {b"online", b"offline", b"stopped"}
