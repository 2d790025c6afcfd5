"""The link to a broker, against a real mosquitto, and amqtt where a broker must have no MQTT 5."""

import json
import logging
import random
import signal
import threading
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker import Broker, OldBroker, Subscriber, send
from faceplate.bridge.broker.inbox import CAPACITY
from faceplate.bridge.broker.link import LinkDownError, LinkRefusedError, Received
from faceplate.bridge.broker.paho_connection import LONGEST_PACKET
from faceplate.bridge.broker.paho_link import Identity, PahoLink, Timing
from faceplate.bridge.intake.gate import Gate
from faceplate.bridge.intake.requests import RefusalReason
from faceplate.bridge.intake.seen import SeenFile
from faceplate.bridge.messages import Message
from faceplate.config import BridgeConfig, TlsConfig
from faceplate.types import Seconds
from tcp_proxy import Proxy

pytestmark = pytest.mark.mosquitto

BASE = "faceplate/front-door"
COMMAND = f"{BASE}/command"
NAME = "faceplate-front-door"
WILL = Message(f"{BASE}/availability", "offline", retain=True)
ONLINE = Message(f"{BASE}/availability", "online", retain=True)
QUICK = Timing(keepalive=1, patience=Seconds(2.0))
ANONYMOUS = "allow_anonymous true"


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path, ANONYMOUS) as broker:
        yield broker


@pytest.fixture
def old_broker(tmp_path):
    with OldBroker(tmp_path) as broker:
        yield broker


def config_of(port):
    return BridgeConfig(host="localhost", port=port, tls=TlsConfig(enabled=False))


def link_to(port, timing=None):
    return PahoLink(config_of(port), Identity(NAME), WILL, timing or Timing())


@contextmanager
def opened(link):
    link.open()
    yield link
    link.close()


def all_within(link, seconds):
    """Everything that comes within a while."""
    come = []
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        link.wait(Seconds(left))
        come += link.received()
    return come


def next_of(link):
    """The next message; the test fails if none comes."""
    link.wait(Seconds(10.0))
    [message] = link.received()
    return message


def test_what_is_sent_comes_as_it_was_sent(broker):
    with opened(link_to(broker.port)) as link:
        assert link.subscribe(COMMAND)
        send(broker.port, COMMAND, b"\x00\xff{", "-V", "5", "-D", "publish", "correlation-data", "back to me")
        assert next_of(link) == Received(COMMAND, b"\x00\xff{", retained=False, correlation=b"back to me")
        send(broker.port, COMMAND, b"{}")
        assert next_of(link) == Received(COMMAND, b"{}", retained=False, correlation=None)
        assert (link.received(), link.missed()) == ((), 0)


def test_a_wait_ends_when_something_comes_and_else_when_its_time_is_over(broker):
    with opened(link_to(broker.port)) as link:
        link.subscribe(COMMAND)
        began = time.monotonic()
        link.wait(Seconds(0.5))
        assert 0.5 <= time.monotonic() - began < 5
        threading.Timer(0.2, send, (broker.port, COMMAND, b"{}")).start()
        link.wait(Seconds(60.0))
        assert time.monotonic() - began < 30
        assert len(link.received()) == 1


def test_what_comes_while_a_message_is_sent_is_there_afterwards(broker):
    with opened(link_to(broker.port)) as link:
        link.subscribe(COMMAND)
        send(broker.port, COMMAND, b"{}")
        link.publish(ONLINE)
        assert len(all_within(link, 0.5)) == 1


def test_properties_go_out_with_the_answer(broker):
    topic = f"{BASE}/response"
    with Subscriber(broker, "-F", '{"type": "%C", "correlation": "%D", "expiry": %E, "text": "%p"}') as watcher:
        with opened(link_to(broker.port)) as link:
            link.publish(Message(topic, "yes", content_type="application/json", expiry=60, correlation=b"abc"))
        watcher.wait_until(lambda lines: any('"yes"' in line for line in lines))
        [answer] = [json.loads(line) for line in watcher.lines if '"yes"' in line]
    assert answer == {"type": "application/json", "correlation": "abc", "expiry": answer["expiry"], "text": "yes"}
    assert 50 < answer["expiry"] <= 60


def test_a_picture_goes_out_as_it_is(broker):
    picture = bytes(range(256)) * 200
    watching = PahoLink(config_of(broker.port), Identity("watcher"), WILL)
    with opened(link_to(broker.port)) as link, opened(watching) as watcher:
        watcher.subscribe(f"{BASE}/snapshot")
        link.publish(Message(f"{BASE}/snapshot", picture))
        assert next_of(watcher).payload == picture


def test_a_retained_command_that_waits_at_start_is_seen_as_such(broker):
    send(broker.port, COMMAND, b"{}", "-r")
    with opened(link_to(broker.port)) as link:
        link.subscribe(COMMAND)
        assert next_of(link).retained


def test_a_command_retained_while_we_listen_is_seen_as_such(broker):
    with opened(link_to(broker.port)) as link:
        link.subscribe(COMMAND)
        send(broker.port, COMMAND, b"{}", "-r")
        assert next_of(link).retained


def test_a_command_in_a_session_that_outlasts_the_broker_never_comes(broker):
    def leave_a_session_with_a_command(name):
        with Subscriber(broker, name=name) as before:
            before.end(signal.SIGKILL)
        send(broker.port, COMMAND, b"stale")

    leave_a_session_with_a_command(NAME)
    leave_a_session_with_a_command("somebody-else")
    broker.restart()
    link = link_to(broker.port)
    with opened(link):
        link.subscribe(COMMAND)
        assert all_within(link, 1.0) == []
        send(broker.port, COMMAND, b"fresh")
        assert next_of(link).payload == b"fresh"
    # That the broker had kept it can be seen by one who asks for the old session.
    with Subscriber(broker, name="somebody-else") as other:
        other.wait_for_message(COMMAND, "stale")


def test_a_command_sent_while_the_link_was_away_never_comes(broker):
    link = link_to(broker.port)
    link.open()
    link.subscribe(COMMAND)
    link._connection.drop()  # as when the process is killed
    send(broker.port, COMMAND, b"stale")
    broker.restart()
    with opened(link):
        link.subscribe(COMMAND)
        assert all_within(link, 1.0) == []


def test_what_nobody_took_before_the_connection_died_is_gone_and_counted(broker):
    link = link_to(broker.port)
    link.open()
    link.subscribe(COMMAND)
    send(broker.port, COMMAND, b"{}")
    link.wait(Seconds(10.0))
    link._connection.drop()
    with opened(link):
        assert (link.received(), link.missed()) == ((), 1)


@pytest.mark.parametrize("length", [16 * 1024 + 1, LONGEST_PACKET - 100])
def test_what_is_too_long_for_us_still_comes_so_that_it_can_be_answered(broker, length):
    with opened(link_to(broker.port)) as link:
        link.subscribe(COMMAND)
        send(broker.port, COMMAND, b"x" * length)
        assert len(next_of(link).payload) == length


def test_garbage_of_megabytes_never_comes(broker):
    with opened(link_to(broker.port)) as link:
        link.subscribe(COMMAND)
        send(broker.port, COMMAND, b"x" * 5_000_000)
        send(broker.port, COMMAND, b"{}")
        assert next_of(link).payload == b"{}"


def test_another_client_with_our_name_throws_us_out_and_nothing_comes_twice(broker):
    ours, other = link_to(broker.port), link_to(broker.port)
    ours.open()
    ours.subscribe(COMMAND)
    send(broker.port, COMMAND, b"1")
    assert next_of(ours).payload == b"1"
    with opened(other):
        with pytest.raises(LinkDownError):
            ours.wait(Seconds(10.0))
        send(broker.port, COMMAND, b"2")  # for the other
        ours.open()
        ours.subscribe(COMMAND)
        send(broker.port, COMMAND, b"3")
        assert [message.payload for message in all_within(ours, 1.0)] == [b"3"]
        ours.close()
        other.open()  # else it has nothing to close


def test_a_broker_that_says_why_it_threw_us_out_is_repeated(broker):
    with Proxy(broker.port) as proxy:  # mosquitto says so only from a later version on than some have
        link = link_to(proxy.port)
        link.open()
        proxy.say(b"\xe0\x06\x8e\x04\x1f\x00\x01x")  # DISCONNECT: session taken over, with a reason string
        with pytest.raises(LinkRefusedError, match=f"under our name, {NAME}.*same device.id"):
            link.wait(Seconds(10.0))


@pytest.mark.parametrize("seed", range(10))
def test_whatever_a_broker_says_the_link_lives_or_ends_as_a_link_does(broker, seed):
    chance = random.Random(seed)  # noqa: S311 - the same every time
    with Proxy(broker.port) as proxy:
        link = link_to(proxy.port, QUICK)
        for kind in range(1, 16):
            link.open()
            content = chance.randbytes(chance.randrange(12))
            with suppress(LinkDownError):
                proxy.say(bytes([kind << 4 | chance.randrange(16), len(content)]) + content)
                link.wait(Seconds(0.05))
                link.wait(Seconds(0.05))
            link._connection.drop()
        with opened(link):
            link.publish(ONLINE)


@pytest.mark.parametrize("asleep", ["waiting", "publishing"])
def test_a_connection_that_hangs_is_noticed_and_another_works(broker, asleep):
    with Proxy(broker.port) as proxy:
        link = link_to(proxy.port, QUICK)
        link.open()
        proxy.cut()
        began = time.monotonic()
        with pytest.raises(LinkDownError):
            link.publish(ONLINE) if asleep == "publishing" else link.wait(Seconds(60.0))
        assert time.monotonic() - began < 10
        proxy.mend()
        with opened(link):
            link.publish(ONLINE)


def test_a_broker_that_accepts_and_says_nothing_is_given_up(broker):
    with Proxy(broker.port) as proxy:
        proxy.cut()
        with pytest.raises(LinkDownError, match="owed an answer for 2 s"):
            link_to(proxy.port, Timing(patience=Seconds(2.0))).open()


def rules(folder, *forbidden):
    """Have mosquitto's dynamic security forbid something to all; its access lists cannot refuse to let listen."""
    acls = [{"acltype": kind, "topic": topic, "priority": 1, "allow": False} for kind, topic in forbidden]
    tree = {
        "defaultACLAccess": dict.fromkeys(
            ("publishClientSend", "publishClientReceive", "subscribe", "unsubscribe"), True
        ),
        "clients": [],
        "groups": [{"groupname": "all", "roles": [{"rolename": "all"}]}],
        "roles": [{"rolename": "all", "acls": acls}],
        "anonymousGroup": "all",
    }
    (folder / "rules.json").write_text(json.dumps(tree))


@pytest.fixture
def strict_broker(tmp_path):
    library = next(Path("/usr/lib").glob("**/mosquitto_dynamic_security.so"), None)
    if library is None:
        pytest.skip("this machine's mosquitto has no dynamic security")
    rules(tmp_path, ("subscribeLiteral", COMMAND), ("publishClientSend", f"{BASE}/response"))
    options = (f"plugin {library}", f"plugin_opt_config_file {tmp_path}/rules.json")
    with Broker(tmp_path, ANONYMOUS, *options) as broker:
        yield broker


def test_a_topic_we_may_not_read_is_said_once_and_states_still_go_out(tmp_path, strict_broker, caplog):
    caplog.set_level(logging.DEBUG)
    link = link_to(strict_broker.port)
    with Subscriber(strict_broker) as watcher:
        for _ in range(3):
            with opened(link):
                assert not link.subscribe(COMMAND)
                assert link.subscribe("homeassistant/status")
                link.publish(ONLINE)
                watcher.wait_for_message(ONLINE.topic, "online")
    complaint = f"does not let anybody read {COMMAND}: Not authorized"
    assert [record.levelname for record in caplog.records if complaint in record.message] == ["ERROR", "DEBUG", "DEBUG"]

    rules(tmp_path)
    strict_broker.restart()
    with opened(link):
        assert link.subscribe(COMMAND)
    rules(tmp_path, ("subscribeLiteral", COMMAND))
    strict_broker.restart()
    caplog.clear()
    with opened(link):
        assert not link.subscribe(COMMAND)
    assert [record.levelname for record in caplog.records if complaint in record.message] == ["ERROR"]


def test_an_answer_the_broker_does_not_take_is_said_once_and_the_connection_lives(strict_broker, caplog):
    answer = Message(f"{BASE}/response", "{}")
    with opened(link_to(strict_broker.port)) as link:
        assert [link.offer(answer) for _ in range(3)] == [False] * 3
        assert link.offer(ONLINE)
        assert caplog.text.count(f"does not take {BASE}/response: Not authorized") == 1
    link.open()
    with pytest.raises(LinkRefusedError, match=f"does not take {BASE}/response: Not authorized"):
        link.publish(answer)


def test_a_message_longer_than_the_broker_takes_is_not_sent_and_the_connection_lives(tmp_path, caplog):
    with Broker(tmp_path, ANONYMOUS, "max_packet_size 2000") as broker, opened(link_to(broker.port)) as link:
        assert not link.offer(Message(f"{BASE}/snapshot", b"x" * 2000))
        assert "it takes at most 2000 bytes, and this is" in caplog.text
        assert link.offer(Message(f"{BASE}/snapshot", b"x" * 1900))
        link.publish(ONLINE)
        with pytest.raises(LinkRefusedError, match="it takes at most 2000 bytes"):
            link.publish(Message(f"{BASE}/snapshot", b"x" * 2000))


def test_a_flood_leaves_the_queue_bounded_and_delivery_going(broker):
    link = link_to(broker.port)
    options = ("--repeat", "2000", "--repeat-delay", "0.001")
    floods = [threading.Thread(target=send, args=(broker.port, COMMAND, b"garbage" * 100, *options)) for _ in range(4)]
    kept = missed = delivered = 0
    slowest = 0.0
    with Subscriber(broker, "-T", COMMAND) as watcher, opened(link):
        link.subscribe(COMMAND)
        started = time.monotonic()
        for flood in floods:
            flood.start()
        while any(flood.is_alive() for flood in floods):
            began = time.monotonic()
            link.publish(Message(f"{BASE}/event/door", json.dumps({"seq": delivered})))
            slowest = max(slowest, time.monotonic() - began)
            delivered += 1
            if delivered % 200 == 0:  # a caller who looks into its queue too seldom
                come = link.received()
                assert len(come) <= CAPACITY
                kept += len(come)
                missed += link.missed()
        rate = 8000 / (time.monotonic() - started)
        for flood in floods:
            flood.join()
        kept += len(all_within(link, 2.0))
        missed += link.missed()
        watcher.wait_for_number(delivered - 1)
        assert watcher.numbers() == list(range(delivered))
    assert rate > 100, "that was no flood"
    # What is too much for a queue of the broker's (a thousand messages) it drops itself.
    assert CAPACITY < kept + missed <= 8000
    assert missed
    assert delivered > 100
    assert slowest < 2.0


def test_a_flood_whose_messages_are_all_taken_loses_none(tmp_path):
    # A broker drops what is more than a thousand messages behind; this one is told to keep all of them.
    with Broker(tmp_path, ANONYMOUS, "max_queued_messages 0") as broker, opened(link_to(broker.port)) as link:
        flood = threading.Thread(target=send, args=(broker.port, COMMAND, b"x", "--repeat", "2000"))
        link.subscribe(COMMAND)
        flood.start()
        come = []
        end = time.monotonic() + 30
        while len(come) < 2000 and time.monotonic() < end:
            link.wait(Seconds(1.0))
            come += link.received()
        flood.join()
        assert (len(come), link.missed()) == (2000, 0)


def test_of_what_a_broker_keeps_or_somebody_replays_the_gate_lets_nothing_through(tmp_path, broker):
    def command(name):
        return json.dumps({"id": name, "ts": datetime.now(UTC).isoformat(), "command": "lock"}).encode()

    def verdicts_of(link, gate):
        come = all_within(link, 1.0)
        return [gate.judge(each, datetime.now(UTC), Seconds(time.monotonic())) for each in come]

    record, link = tmp_path / "bridge.seen", link_to(broker.port)
    send(broker.port, COMMAND, command("kept"), "-r")
    gate = Gate(SeenFile(record, datetime.now(UTC)))
    seen = command("seen")
    with opened(link):
        link.subscribe(COMMAND)
        for payload in (seen, seen):
            send(broker.port, COMMAND, payload)
        kept, first, second = verdicts_of(link, gate)
    assert (kept.reason, first.id, second.reason) == (RefusalReason.RETAINED, "seen", RefusalReason.REPEATED)
    gate = Gate(SeenFile(record, datetime.now(UTC)))  # another process
    with opened(link):
        link.subscribe(COMMAND)
        send(broker.port, COMMAND, seen)
        send(broker.port, COMMAND, b"x" * 20_000)
        kept, again, long = verdicts_of(link, gate)
    assert [kept.reason, again.reason, long.reason] == [
        RefusalReason.RETAINED,
        RefusalReason.REPEATED,
        RefusalReason.TOO_LARGE,
    ]


# A broker without MQTT 5


QUIET = Timing(patience=Seconds(1.0))

WORDS = {
    "says so": b"\x20\x02\x00\x01",  # CONNACK: unacceptable protocol version
    "closes": b"",
    "answers in the old way": b"\x20\x02\x00\x00",  # CONNACK of 3.1.1: accepted
    "is silent": None,  # that is what amqtt does with a CONNECT it cannot read
}


@pytest.mark.parametrize("what", WORDS)
def test_a_broker_without_mqtt_5_is_spoken_to_in_3_1_1_and_that_is_said_once(old_broker, what, caplog):
    asked = []

    def answer_to(connect):
        asked.append(connect[8])
        return WORDS[what] if connect[8] == 5 else None

    with Proxy(old_broker.port, answer_to) as proxy:
        link = link_to(proxy.port, QUIET)
        for _ in range(4):
            with opened(link):
                link.publish(Message(ONLINE.topic, "online", retain=True, expiry=5, content_type="text/plain"))
                assert link.subscribe(COMMAND)
                send(old_broker.port, COMMAND, b"{}", "-V", "311")
                assert next_of(link) == Received(COMMAND, b"{}", retained=False, correlation=None)
    assert caplog.text.count("speaks no MQTT 5: going on with 3.1.1") == 1
    # What may have had another cause is believed the second time.
    assert asked == ([5, 4, 4, 4, 4] if what == "says so" else [5, 4, 5, 4, 4, 4])


def test_without_mqtt_5_a_retained_command_is_seen_as_such(old_broker):
    send(old_broker.port, COMMAND, b"{}", "-V", "311", "-r")
    with opened(link_to(old_broker.port, QUIET)) as link:
        link.subscribe(COMMAND)
        assert next_of(link).retained


def test_without_mqtt_5_a_session_with_a_command_is_not_taken_up(old_broker):
    link = link_to(old_broker.port, QUIET)
    link.open()
    link.subscribe(COMMAND)
    link._connection.drop()
    send(old_broker.port, COMMAND, b"stale", "-V", "311")
    with opened(link):
        link.subscribe(COMMAND)
        assert all_within(link, 1.0) == []


def test_without_mqtt_5_megabytes_are_not_taken_in(old_broker):
    link = link_to(old_broker.port, QUIET)
    link.open()
    link.subscribe(COMMAND)
    flood = threading.Thread(target=send, args=(old_broker.port, COMMAND, b"x" * 50_000_000, "-V", "311"))
    flood.start()
    with pytest.raises(LinkRefusedError, match=r"began to send 500000\d\d bytes at once, expected at most 65536"):
        all_within(link, 30.0)
    assert link.received() == ()
    flood.join()
    with opened(link):
        link.publish(ONLINE)


def test_a_broker_that_closes_on_both_versions_is_tried_again_with_mqtt_5(broker, caplog):
    closed = True
    with Proxy(broker.port, lambda _: b"" if closed else None) as proxy:
        link = link_to(proxy.port)
        with pytest.raises(LinkDownError, match="was lost"):
            link.open()
        closed = False
        with opened(link):
            assert link._is_new
    assert "speaks no MQTT 5" not in caplog.text


def test_a_broker_that_stalls_now_and_then_keeps_its_mqtt_5(broker):
    stalls = False
    with Proxy(broker.port, lambda connect: b"" if stalls and connect[8] == 5 else None) as proxy:
        link = link_to(proxy.port)
        for stalls in (True, False) * 3:
            with opened(link):
                link.publish(ONLINE)
                assert link._is_new is not stalls
