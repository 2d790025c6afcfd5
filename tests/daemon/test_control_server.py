"""The control socket under good and bad peers, over real sockets."""

from __future__ import annotations

import errno
import json
import logging
import os
import select
import socket
import stat
import struct
import threading
import time
from contextlib import ExitStack, closing, suppress

import pytest

from faceplate.control.client import Caller, ask
from faceplate.control.limits import Limits
from faceplate.control.peers import Peer, Ranks, operator_uids, peer_of, this_process, user_of
from faceplate.control.protocol import LONGEST_ANSWER, LONGEST_REQUEST, Done, Fault, Refused, Request, framed
from faceplate.control.server import ControlServer
from faceplate.errors import ConfigError, ControlError, NotRunningError
from faceplate.types import Seconds

DEADLINE = 10.0
GENEROUS = Limits(connections=100, connections_of_one=100, burst=100_000, refused=1)


def clock():
    return Seconds(time.monotonic())


class Desk:
    """Answers as it is told to, and remembers who asked what."""

    def __init__(self):
        self.asked: list[tuple[Peer, Request]] = []
        self.released = threading.Event()
        self.waiting = threading.Semaphore(0)

    def __call__(self, peer, request):
        self.asked.append((peer, request))
        match request.command:
            case "echo":
                return Done(request.arguments)
            case "refuse":
                return Refused(Fault.FORBIDDEN, "not you")
            case "hang":
                self.waiting.release()
                assert self.released.wait(DEADLINE)
                return Done({})
            case "long":
                return Done({"text": "x" * LONGEST_ANSWER})
        raise ZeroDivisionError("2580")


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run" / "control.sock"


@pytest.fixture
def serve(path, desk):
    with ExitStack() as stack:

        def start(limits=GENEROUS):
            server = stack.enter_context(closing(ControlServer(path, desk, clock, limits)))
            server.start()
            return server

        yield start
        desk.released.set()


def connect(path):
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(DEADLINE)
    try:
        connection.connect(str(path))
    except OSError:
        connection.close()
        raise
    return connection


def request(command="echo", name="1", **arguments):
    return framed({"id": name, "command": command, "arguments": arguments}, LONGEST_REQUEST)


def answer(connection):
    """The next answer; None at the end of the connection."""
    head = connection.recv(4, socket.MSG_WAITALL)
    if not head:
        return None
    return json.loads(connection.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL))


def fault_of(connection):
    told = answer(connection)
    assert told["ok"] is False
    return told["error"]["reason"]


def eventually(condition):
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end
        os.sched_yield()


def test_what_is_asked_is_answered_with_its_id_and_who_asked_is_known(serve, path, desk):
    serve()
    with closing(connect(path)) as connection:
        for name in ("a", "b"):
            connection.sendall(request(name=name, on=True))
            assert answer(connection) == {"id": name, "ok": True, "result": {"on": True}}
    peer, asked = desk.asked[0]
    assert peer == Peer(user_of(os.geteuid()), os.geteuid(), os.getpid())
    assert asked == Request("a", "echo", {"on": True})


def test_the_client_asks_and_is_answered(serve, path):
    serve()
    assert ask(path, "echo", {"name": "Zoë"}) == Done({"name": "Zoë"})
    assert ask(path, "refuse", {}) == Refused(Fault.FORBIDDEN, "not you")


def test_the_socket_is_for_user_and_group_only_in_a_folder_nobody_else_enters(serve, path):
    before = os.umask(0)
    try:
        serve()
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o750


BAD_FRAMES = {
    "no JSON": (struct.pack(">I", 3) + b"abc", Fault.MALFORMED),
    "no request": (framed({"id": "1"}, 100), Fault.MALFORMED),
    "too long": (struct.pack(">I", LONGEST_REQUEST + 1), Fault.TOO_LARGE),
    "absurdly long": (b"\xff\xff\xff\xff", Fault.TOO_LARGE),
    "broken off": (struct.pack(">I", 10) + b"{", Fault.MALFORMED),
}


@pytest.mark.parametrize("frame", BAD_FRAMES.values(), ids=BAD_FRAMES.keys())
def test_a_bad_frame_is_answered_and_ends_the_connection_and_others_are_served(serve, path, desk, frame):
    serve()
    content, reason = frame
    with closing(connect(path)) as bad, closing(connect(path)) as good:
        bad.sendall(content)
        bad.shutdown(socket.SHUT_WR)
        assert fault_of(bad) == reason
        assert answer(bad) is None
        good.sendall(request())
        assert answer(good)["ok"]
    assert [asked.command for _, asked in desk.asked] == ["echo"]


def test_the_longest_request_is_served(serve, path):
    serve()
    padding = LONGEST_REQUEST - (len(request(text="")) - 4)
    with closing(connect(path)) as connection:
        frame = request(text="x" * padding)
        assert len(frame) == LONGEST_REQUEST + 4
        connection.sendall(frame)
        assert len(answer(connection)["result"]["text"]) == padding


def test_a_peer_that_sends_half_a_request_is_not_waited_for_for_long(serve, path):
    serve(Limits(patience=Seconds(0.05)))
    with closing(connect(path)) as slow:
        slow.sendall(request()[:9])
        assert fault_of(slow) == Fault.TOO_SLOW
        assert answer(slow) is None


def test_a_peer_that_sends_nothing_is_not_waited_for_for_ever(serve, path):
    serve(Limits(idle=Seconds(0.05)))
    with closing(connect(path)) as idle:
        assert fault_of(idle) == Fault.TOO_SLOW
        assert answer(idle) is None


def test_a_slow_peer_and_a_slow_order_hold_up_nobody(serve, path, desk):
    serve()
    with closing(connect(path)) as half, closing(connect(path)) as hanging:
        half.sendall(request()[:5])
        hanging.sendall(request("hang"))
        assert desk.waiting.acquire(timeout=DEADLINE)
        assert ask(path, "echo", {"n": 1}) == Done({"n": 1})
        desk.released.set()
        assert answer(hanging)["ok"]


def test_a_peer_that_does_not_take_its_answers_is_let_go(serve, path):
    serve(Limits(burst=100_000, refused=1, patience=Seconds(0.05)))
    with closing(connect(path)) as deaf:
        # Answers as long as requests: soon neither side can send, and the server's side gives up.
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            deaf.sendall(request(text="x" * 60_000) * 1000)
        assert ask(path, "echo", {}) == Done({})


def test_who_hangs_up_at_once_does_no_harm(serve, path, desk):
    serve()
    for _ in range(50):
        with closing(connect(path)) as connection:
            connection.sendall(request())
    assert ask(path, "echo", {}) == Done({})
    eventually(lambda: all(peer.pid == os.getpid() for peer, _ in desk.asked))


def test_more_connections_than_one_user_may_have_are_refused_and_then_served_again(serve, path):
    serve(Limits(connections_of_one=2))
    with closing(connect(path)) as first, closing(connect(path)):
        first.sendall(request())
        assert answer(first)["ok"]
        with closing(connect(path)) as third:
            assert fault_of(third) == Fault.TOO_MANY
            assert answer(third) is None
        assert isinstance(ask(path, "echo", {}), Refused)

    def served():
        return isinstance(ask(path, "echo", {}), Done)

    eventually(served)


def test_a_flood_of_requests_is_stopped(serve, path, desk):
    serve(Limits(burst=5, rate=0.001))
    with closing(connect(path)) as flooding:
        flooding.sendall(request() * 4)  # the connection was the first
        assert all(answer(flooding)["ok"] for _ in range(4))
        flooding.sendall(request())
        assert fault_of(flooding) == Fault.TOO_MANY
        assert answer(flooding) is None
    assert len(desk.asked) == 4


def test_refused_requests_run_out_sooner(serve, path, desk):
    serve(Limits(burst=10, rate=0.001, refused=8))
    with closing(connect(path)) as connection:
        for _ in range(3):
            connection.sendall(request("refuse"))
        assert [fault_of(connection) for _ in range(3)] == [Fault.FORBIDDEN, Fault.FORBIDDEN, Fault.TOO_MANY]
    assert len(desk.asked) == 2


def test_an_unforeseen_error_is_answered_and_logged_without_its_words(serve, path, caplog):
    serve()
    with caplog.at_level(logging.DEBUG):
        refused = ask(path, "explode", {"digits": "2580"})
    assert isinstance(refused, Refused)
    assert refused.reason is Fault.FAILED
    assert "ZeroDivisionError" in refused.message
    assert "ZeroDivisionError at test_control_server.py" in caplog.text
    assert "2580" not in caplog.text + refused.message
    assert ask(path, "echo", {}) == Done({})


def test_an_answer_that_is_too_long_is_an_error_and_not_half_an_answer(serve, path):
    serve()
    refused = ask(path, "long", {})
    assert isinstance(refused, Refused)
    assert refused.reason is Fault.TOO_LARGE


def test_closing_ends_every_connection_and_takes_the_socket_away(serve, path):
    server = serve()
    with closing(connect(path)) as connection:
        connection.sendall(request())
        assert answer(connection)["ok"]
        server.close()
        assert answer(connection) is None
    assert not path.exists()
    server.close()
    with pytest.raises(NotRunningError):
        ask(path, "echo", {})
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("control")]


def test_what_is_being_done_while_the_server_closes_is_still_answered(serve, path, desk):
    """An order to restart is of this kind: the daemon may be at its end before it has said that it does so."""
    server = serve()
    with closing(connect(path)) as connection:
        connection.sendall(request("hang") + request("echo", name="2"))
        assert desk.waiting.acquire(timeout=DEADLINE)
        closer = threading.Thread(target=server.close)
        closer.start()
        eventually(lambda: not path.exists())
        assert not select.select([connection], [], [], 0.1)[0]  # it closes, and has not hung up
        desk.released.set()
        assert answer(connection) == {"id": "1", "ok": True, "result": {}}
        with suppress(ConnectionResetError):  # of what was not begun
            assert answer(connection) is None
        closer.join()
    assert [asked.command for _, asked in desk.asked] == ["hang"]


def test_whoever_takes_no_answer_does_not_keep_the_server_from_closing(serve, path, desk):
    server = serve()
    with closing(connect(path)) as connection:
        connection.sendall(request("hang"))
        assert desk.waiting.acquire(timeout=DEADLINE)
        server.close()
        assert answer(connection) is None


def test_a_server_that_never_started_can_be_closed(path, desk):
    ControlServer(path, desk, clock).close()
    assert not path.exists()


def test_closing_leaves_alone_what_another_daemon_put_there(serve, path, desk):
    first = serve()
    path.unlink()
    with closing(ControlServer(path, desk, clock)) as second:
        second.start()
        first.close()
        assert ask(path, "echo", {}) == Done({})


def test_a_dead_daemons_socket_is_taken_over_and_a_living_ones_is_not(serve, path, desk):
    path.parent.mkdir()
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as dead:
        dead.bind(str(path))
    serve()
    with pytest.raises(ControlError, match=r"another daemon listens at .*stop that one first"):
        ControlServer(path, desk, clock)
    assert ask(path, "echo", {}) == Done({})


def test_a_file_that_is_no_socket_is_not_removed(path, desk):
    path.parent.mkdir()
    path.write_text("mine")
    with pytest.raises(ControlError, match="is not a socket"):
        ControlServer(path, desk, clock)
    assert path.read_text() == "mine"


@pytest.mark.parametrize("place", ["x" * 120, "missing/folder/control.sock"])
def test_a_place_that_cannot_be_had_is_an_error_with_advice(tmp_path, desk, place):
    with pytest.raises(ControlError, match=r"cannot make the control socket .*control\.socket"):
        ControlServer(tmp_path / place, desk, clock)


class Listener:
    """A listening socket that fails once as a machine without free file descriptors does."""

    def __init__(self, real):
        self._real = real
        self.failed = False

    def accept(self):
        if not self.failed:
            self.failed = True
            raise OSError(errno.EMFILE, "Too many open files")
        return self._real.accept()

    def __getattr__(self, name):
        return getattr(self._real, name)


def test_a_connection_that_cannot_be_taken_is_not_the_end(path, desk):
    server = ControlServer(path, desk, clock)
    # Put in place, because file descriptors of the whole test run cannot be used up for it.
    listener = Listener(server._listener)
    server._listener = listener
    with closing(server):
        server.start()
        assert ask(path, "echo", {}) == Done({})
    assert listener.failed


def test_without_a_daemon_the_client_says_so(path):
    with pytest.raises(NotRunningError, match="the daemon does not run"):
        ask(path, "status", {})
    path.parent.mkdir()
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as dead:
        dead.bind(str(path))
    with pytest.raises(NotRunningError, match="the daemon does not run"):
        ask(path, "status", {})


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"\0\0",
        framed({"id": "other", "ok": True, "result": {}}, 100),
        framed({"id": "", "ok": True, "result": {}}, 100),
        framed({"ok": True}, 100),
        (LONGEST_ANSWER + 1).to_bytes(4, "big"),
        b"\0\0\0\x02[]",
    ],
    ids=repr,
)
def test_an_answer_that_is_none_is_an_error(path, reply):
    path.parent.mkdir()
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as listener:
        listener.bind(str(path))
        listener.listen()

        def misbehave():
            connection, _ = listener.accept()
            with closing(connection):
                assert connection.recv(1000)
                connection.sendall(reply)

        peer = threading.Thread(target=misbehave)
        peer.start()
        with pytest.raises(ControlError, match=r"did not answer as it should.*unknown"):
            ask(path, "unlock", {})
        peer.join()


def test_a_daemon_that_does_not_answer_is_not_waited_for_for_ever(serve, path):
    serve()
    with pytest.raises(ControlError, match="did not answer"):
        ask(path, "hang", {}, Seconds(0.05))


def test_a_daemon_that_too_many_ask_at_once_is_an_error_and_not_waited_for(path):
    path.parent.mkdir()
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as listener, ExitStack() as waiting:
        listener.bind(str(path))
        listener.listen(0)
        waiting.enter_context(closing(connect(path)))
        with pytest.raises(ControlError, match="too many are asking"):
            ask(path, "unlock", {})


def test_a_reason_the_client_does_not_know_is_a_failure(path):
    path.parent.mkdir()
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as listener:
        listener.bind(str(path))
        listener.listen()

        def newer():
            connection, _ = listener.accept()
            with closing(connection):
                asked = answer(connection)
                told = {"id": asked["id"], "ok": False, "error": {"reason": "brand_new", "message": "no"}}
                connection.sendall(framed(told, 1000))

        peer = threading.Thread(target=newer)
        peer.start()
        assert ask(path, "unlock", {}) == Refused(Fault.FAILED, "no")
        peer.join()


def test_a_caller_asks_many_things_over_one_connection(serve, path, desk):
    server = serve(Limits(connections_of_one=1))
    with closing(Caller(path)) as caller:
        for number in range(10):
            assert caller.ask("echo", {"number": number}) == Done({"number": number})
        assert caller.ask("refuse", {}) == Refused(Fault.FORBIDDEN, "not you")
        assert caller.ask("echo", {}) == Done({})
    assert len(desk.asked) == 12
    server.close()


def test_a_caller_connects_anew_when_the_daemon_was_restarted(serve, path):
    server = serve()
    with closing(Caller(path)) as caller:
        assert caller.ask("echo", {}) == Done({})
        server.close()
        with pytest.raises(NotRunningError):
            caller.ask("echo", {})
        serve()
        assert caller.ask("echo", {}) == Done({})


def test_a_caller_connects_anew_after_a_time_without_requests(serve, path):
    serve(Limits(idle=Seconds(0.05)))
    with closing(Caller(path)) as caller:
        assert caller.ask("echo", {}) == Done({})
        eventually(lambda: _hung_up(caller))
        assert caller.ask("echo", {}) == Done({})


def _hung_up(caller):
    return bool(select.select([caller._connection], [], [], 0)[0])


def test_after_an_answer_that_did_not_come_no_late_one_is_taken_for_the_next(serve, path, desk):
    serve()
    with closing(Caller(path)) as caller:
        with pytest.raises(ControlError, match="unknown"):
            caller.ask("hang", {}, Seconds(0.1))
        desk.released.set()
        assert caller.ask("echo", {"x": 1}) == Done({"x": 1})


def test_a_connection_that_is_closed_on_a_caller_is_not_used_again(serve, path):
    serve(Limits(burst=2, rate=0.001))  # to connect is one of them
    with closing(Caller(path)) as caller:
        assert caller.ask("echo", {}) == Done({})
        assert caller.ask("echo", {}) == Refused(Fault.TOO_MANY, "too many requests; wait a moment")
        assert caller._connection is None


def test_peers_are_named_as_the_kernel_says():
    here, there = socket.socketpair()
    with closing(here), closing(there):
        assert peer_of(here) == this_process()
    assert str(Peer("anna", 1000, 4711)) == "anna (uid 1000, pid 4711)"
    assert user_of(0) == "root"
    assert user_of(4_000_000_000) == "4000000000"


def test_operators_are_root_ourselves_and_whoever_is_named():
    assert operator_uids([]) == {0, os.geteuid()}
    assert operator_uids(["daemon"]) > {0, os.geteuid()}
    with pytest.raises(ConfigError, match=r"control\.operators names 'nobody-such'.*adduser"):
        operator_uids(["root", "nobody-such"])


def test_a_bridge_that_does_not_exist_is_nobody():
    assert Ranks.of([], "nobody-such") == Ranks(operator_uids([]), None) == Ranks.of([], None)
    assert Ranks.of([], "daemon").bridge not in {None, 0, os.geteuid()}


def test_nor_is_a_kiosk():
    assert Ranks.of([], None, "nobody-such") == Ranks.of([], None)
    ranks = Ranks.of([], None, "daemon")
    assert (ranks.bridge, ranks.kiosk) == (None, Ranks.of([], "daemon").bridge)
