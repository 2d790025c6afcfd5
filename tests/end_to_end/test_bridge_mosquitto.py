"""`faceplate bridge`, as a process, against a real mosquitto."""

import json
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import jsonschema
import pytest

from broker import Broker, Program, Received, Subscriber, set_password
from faceplate.bridge.bridge import BATCH
from faceplate.events import Cause, CommandEvent, DoorEvent, DoorEventType, PeopleEvent
from faceplate.journal.entries import EventsLost
from faceplate.journal.journal import Journal
from faceplate.types import Outcome, Reason, Seconds
from strategies_journal import GRANTED, decision, written

pytestmark = pytest.mark.mosquitto

ROOT = Path(__file__).parents[2]
BASE = "faceplate/front-door"
ANONYMOUS = "allow_anonymous true"


class House:
    """A journal, a configuration, and the bridge that reads both."""

    def __init__(self, folder, port, tls="{enabled: false}", **bridge):
        self.folder = folder
        self.path = folder / "journal.sqlite3"
        self.config = folder / "config.yaml"
        keys = {"host": "localhost", "port": port, "tls": tls, "cursor_file": "bridge.cursor"} | bridge
        keys |= {"seen_file": "bridge.seen"}
        lines = [f"journal: {{path: {self.path}}}", "control: {socket: control.sock}", "log: {level: debug}", "bridge:"]
        lines += [f"  {key}: {value}" for key, value in keys.items()]
        self.config.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def bridge(self, **environment):
        command = [sys.executable, "-m", "faceplate", "bridge", "--config", self.config]
        return Program(command, {"PYTHONPATH": str(ROOT / "daemon")} | environment)

    def write(self, count):
        with closing(Journal(self.path)) as journal:
            for number in range(count):
                kind = DoorEventType.LOCKED if number % 2 else DoorEventType.UNLOCKED
                journal.write(DoorEvent(kind, Seconds(0.0), Cause.ACCESS_GRANTED, "Zoë"))

    def delivered(self):
        cursor = self.folder / "bridge.cursor"
        return json.loads(cursor.read_text())["seq"] if cursor.exists() else 0


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path, ANONYMOUS) as broker:
        yield broker


def in_order_at_least_once(numbers, count):
    newest = 0
    for number in numbers:
        assert number <= newest + 1, "a row overtook another"
        newest = max(newest, number)
    return newest == count


def test_events_arrive_in_order_unretained_and_states_are_retained(tmp_path, broker):
    house = House(tmp_path, broker.port)
    house.write(20)
    with Subscriber(broker) as watcher, house.bridge() as bridge:
        watcher.wait_for_number(20)
        house.write(1)  # while the bridge runs
        watcher.wait_for_message(f"{BASE}/lock/state", "UNLOCKED")
        watcher.wait_for_number(21)
        assert watcher.numbers() == list(range(1, 22))
        assert bridge.end() == 0
    with Subscriber(broker) as late:
        late.wait_for_message(f"{BASE}/availability", "stopped")
        late.wait_for_message(f"{BASE}/lock/state", "UNLOCKED")
        kept = {message.topic for message in late.received()}
        assert kept == {f"{BASE}/{name}" for name in ("availability", "daemon", "lock/state")}
        assert all(message.retained for message in late.received())


class Systemd:
    """Listens as systemd does."""

    def __init__(self, folder):
        self.address = str(folder / "notify")
        self.lines = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._socket.settimeout(30)

    def wait_for(self, line):
        while line not in self.lines:
            self.lines += self._socket.recv(4096).decode().splitlines()

    def close(self):
        self._socket.close()


def test_systemd_hears_of_a_bridge_that_waits_then_delivers_and_then_ends(tmp_path, broker):
    house = House(tmp_path, broker.port)
    house.write(1)
    broker.stop()
    with closing(Systemd(tmp_path)) as systemd, house.bridge(NOTIFY_SOCKET=systemd.address) as bridge:
        systemd.wait_for("READY=1")
        systemd.wait_for("STATUS=the broker cannot be reached; the log says why")
        broker.start()
        systemd.wait_for("STATUS=connected to the broker")
        systemd.lines.clear()
        systemd.wait_for("WATCHDOG=1")
        assert bridge.end() == 0
        systemd.wait_for("STOPPING=1")


def test_a_message_is_as_the_manual_shows_it(tmp_path, broker):
    house = House(tmp_path, broker.port)
    house.write(1)
    with Subscriber(broker) as watcher, house.bridge():
        watcher.wait_for_number(1)
        [message] = [message for message in watcher.received() if "/event/" in message.topic]
    facts = json.loads(message.payload)
    assert message == Received(f"{BASE}/event/door", message.payload, retained=False)
    assert facts.pop("id")
    assert facts.pop("ts").endswith("Z")
    unlocked = {"event_type": "door_unlocked", "method": None, "person": "Zoë", "reason": "access_granted", "seq": 1}
    assert facts == unlocked


def test_what_is_told_of_every_kind_of_row_fits_the_published_schemas(tmp_path, broker):
    house = House(tmp_path, broker.port)
    entries = (
        GRANTED,
        decision(Outcome.DENIED, Reason.CREDENTIAL_NOT_FOUND),
        decision(Outcome.WARNED, Reason.TAILGATING),
        *(DoorEvent(kind, Seconds(0.0), Cause.CONTACT, detail="the lock") for kind in DoorEventType),
        CommandEvent("people.remove", "anna (uid 1000, pid 1)", '{"name":"Zo\\udceb"}', "people"),
        PeopleEvent(added=("Zoë",)),
    )
    written(house.path, *entries)
    with closing(Journal(house.path)) as journal:
        journal.write(EventsLost(3), Seconds(9.0))
    schemas = ROOT / "docs" / "mqtt"
    with Subscriber(broker) as watcher, house.bridge() as bridge:
        watcher.wait_for_number(len(entries) + 1)
        events = [message for message in watcher.received() if "/event/" in message.topic]
    assert {message.topic.rpartition("/")[2] for message in events} == {"access", "door", "bell", "system"}
    for message in events:
        schema = json.loads((schemas / f"event-{message.topic.rpartition('/')[2]}.schema.json").read_text())
        event = json.loads(message.payload)
        jsonschema.validate(event, schema, jsonschema.Draft202012Validator)
    assert not any("damaged" in line for line in bridge.lines)


def test_what_happens_while_the_broker_is_away_arrives_afterwards(tmp_path, broker):
    house = House(tmp_path, broker.port)
    house.write(5)
    with Subscriber(broker) as watcher, house.bridge() as bridge:
        watcher.wait_for_number(5)
        broker.stop()
        house.write(10)
        bridge.wait_for("lost")
        bridge.wait_for("cannot reach")
        broker.start()
        watcher.wait_for_number(15)
        assert in_order_at_least_once(watcher.numbers(), 15)
        assert bridge.end() == 0
    assert sum("WARNING" in line and "trying again" in line for line in bridge.lines) == 1


def test_a_broker_restarted_in_the_middle_of_a_delivery_loses_nothing(tmp_path, broker):
    house = House(tmp_path, broker.port)
    house.write(300)
    with Subscriber(broker) as watcher, house.bridge():
        watcher.wait_for_number(20)
        broker.restart()
        watcher.wait_for_number(300)
        assert in_order_at_least_once(watcher.numbers(), 300)


def test_a_broker_that_hangs_is_left_and_found_again(tmp_path, broker):
    house = House(tmp_path, broker.port)
    with Subscriber(broker) as watcher, house.bridge() as bridge:
        watcher.wait_for_message(f"{BASE}/availability", "online")
        broker.process.send(signal.SIGSTOP)
        house.write(3)
        bridge.wait_for("owed an answer")
        broker.process.send(signal.SIGCONT)
        watcher.wait_for_number(3)
        assert in_order_at_least_once(watcher.numbers(), 3)


def test_a_bridge_killed_in_the_middle_of_a_delivery_loses_nothing(tmp_path, broker):
    house = House(tmp_path, broker.port)
    house.write(400)
    with Subscriber(broker) as watcher:
        for number in (30, 60, 90):
            with house.bridge() as bridge:
                watcher.wait_for_number(number)
                bridge.end(signal.SIGKILL)
        assert house.delivered() < 400, "the kills came too late to show anything"
        with house.bridge() as bridge:
            watcher.wait_for_number(400)
            assert bridge.end() == 0
        assert in_order_at_least_once(watcher.numbers(), 400)
        assert len(watcher.numbers()) <= 400 + 3 * BATCH, "the cursor did not outlast the kills"


def test_the_broker_tells_of_a_killed_bridge(tmp_path, broker):
    with Subscriber(broker) as watcher, House(tmp_path, broker.port).bridge() as bridge:
        watcher.wait_for_message(f"{BASE}/availability", "online")
        bridge.end(signal.SIGKILL)
        watcher.wait_for_message(f"{BASE}/availability", "offline")


def test_the_bridge_waits_for_a_journal_that_is_not_there_yet(tmp_path, broker):
    house = House(tmp_path, broker.port)
    with Subscriber(broker) as watcher, house.bridge() as bridge:
        bridge.wait_for("there is no journal")
        house.write(1)
        watcher.wait_for_number(1)
        assert sum("there is no journal" in line for line in bridge.lines) == 1


def test_a_wrong_password_is_said_and_once_it_is_right_all_arrives(tmp_path):
    users, password_file = tmp_path / "users", tmp_path / "mqtt.password"
    set_password(users, "door", "another password")
    set_password(users, "watcher", "w")
    password_file.write_text("s3cret\n")
    password_file.chmod(0o600)
    with Broker(tmp_path, "allow_anonymous false", f"password_file {users}") as broker:
        house = House(tmp_path, broker.port, username="door", password_file=password_file)
        house.write(3)
        with Subscriber(broker, "-u", "watcher", "-P", "w") as watcher, house.bridge() as bridge:
            bridge.wait_for("Check bridge.username and bridge.password_file")
            set_password(users, "door", "s3cret")
            broker.reload()
            watcher.wait_for_number(3)
            assert watcher.numbers() == [1, 2, 3]
            assert bridge.end() == 0
    [complaint] = [line for line in bridge.lines if "ERROR" in line]
    assert "refuses this device: Not authorized" in complaint
    assert "s3cret" not in "\n".join(bridge.lines)


def test_a_topic_the_broker_does_not_allow_is_said_and_nothing_is_lost(tmp_path):
    access_list = tmp_path / "access"
    access_list.write_text("topic readwrite faceplate/+/availability\ntopic read #\n")
    with Broker(tmp_path, ANONYMOUS, f"acl_file {access_list}") as broker:
        house = House(tmp_path, broker.port)
        house.write(3)
        with Subscriber(broker) as watcher, house.bridge() as bridge:
            bridge.wait_for(f"does not take {BASE}/lock/state: Not authorized")
            assert house.delivered() == 0
            access_list.write_text("topic readwrite #\n")
            broker.reload()
            watcher.wait_for_number(3)
            assert watcher.numbers() == [1, 2, 3]


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=60)


@pytest.fixture
def certificates(tmp_path):
    """An authority, and a certificate it signed for localhost."""
    ca, ca_key, key = tmp_path / "ca.crt", tmp_path / "ca.key", tmp_path / "server.key"
    request, certificate, extensions = tmp_path / "server.csr", tmp_path / "server.crt", tmp_path / "extensions"
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    usage = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
    openssl("req", "-x509", *curve, "-keyout", ca_key, "-out", ca, "-subj", "/CN=Home CA", "-days", "2", *usage)
    openssl("req", *curve, "-keyout", key, "-out", request, "-subj", "/CN=localhost")
    extensions.write_text("subjectAltName=DNS:localhost\nauthorityKeyIdentifier=keyid\n")
    signer = ("-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-extfile", extensions)
    openssl("x509", "-req", "-in", request, *signer, "-out", certificate, "-days", "2")
    return ca, certificate, key


@pytest.fixture
def tls_broker(tmp_path, certificates):
    _, certificate, key = certificates
    with Broker(tmp_path, ANONYMOUS, f"certfile {certificate}", f"keyfile {key}") as broker:
        yield broker


def test_events_arrive_over_tls(tmp_path, tls_broker, certificates):
    house = House(tmp_path, tls_broker.port, tls=f"{{ca_file: {certificates[0]}}}")
    house.write(3)
    with Subscriber(tls_broker, "--cafile", str(certificates[0])) as watcher, house.bridge() as bridge:
        watcher.wait_for_number(3)
        watcher.wait_for_message(f"{BASE}/availability", "online")
        assert bridge.end() == 0
        watcher.wait_for_message(f"{BASE}/availability", "stopped")


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"tls": "{enabled: true}"}, "unable to get local issuer certificate"),
        ({"tls": "{ca_file: ca.crt}", "host": "127.0.0.1"}, "IP address mismatch"),
    ],
)
def test_a_broker_that_cannot_prove_who_it_is_gets_nothing(tmp_path, tls_broker, keys, why):
    house = House(tmp_path, tls_broker.port, **keys)
    house.write(1)
    with house.bridge() as bridge:
        bridge.wait_for(why)
        bridge.wait_for("Check bridge.tls.ca_file")
        assert bridge.end() == 0
    assert house.delivered() == 0


def test_a_password_open_to_others_ends_the_bridge(tmp_path, broker):
    password_file = tmp_path / "mqtt.password"
    password_file.write_text("s3cret\n")
    password_file.chmod(0o644)
    with House(tmp_path, broker.port, username="door", password_file=password_file).bridge() as bridge:
        bridge.wait_for("chmod 600")
        assert bridge.end() != 0
