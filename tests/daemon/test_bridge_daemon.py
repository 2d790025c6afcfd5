"""What the bridge hears of the daemon, over a real control socket and from a real journal."""

from __future__ import annotations

import os
import socket as sockets
import threading
import time
from contextlib import closing

import pytest

from faceplate.bridge.daemon import DaemonAwayError, DaemonRefusedError
from faceplate.commands.bridge_daemon import AskedDaemon
from faceplate.control.peers import Peer, Ranks
from faceplate.control.protocol import Done, Fault, Refused, Request
from faceplate.control.server import ControlServer
from faceplate.errors import StoreError
from faceplate.events import Cause, DoorEvent, DoorEventType
from faceplate.journal import reader
from faceplate.journal.journal import Journal
from faceplate.journal.recorder import Recorder
from faceplate.orders.journal_commands import journal_commands
from faceplate.orders.orders import Orders
from faceplate.types import Seconds
from strategies_journal import LOCKED


def clock():
    return Seconds(time.monotonic())


@pytest.fixture
def journal(tmp_path):
    """Seven rows."""
    with closing(Journal(tmp_path / "journal.sqlite3")) as journal:
        for number in range(7):
            kind = DoorEventType.LOCKED if number % 2 else DoorEventType.UNLOCKED
            journal.write(DoorEvent(kind, Seconds(0.0), Cause.ACCESS_GRANTED, "Zoë"))
    return tmp_path / "journal.sqlite3"


@pytest.fixture
def socket(tmp_path):
    return tmp_path / "run" / "control.sock"


@pytest.fixture
def asked(socket, tmp_path):
    """A daemon whose journal file this user cannot find: what is told came over the socket."""
    with closing(AskedDaemon(socket, tmp_path / "elsewhere.sqlite3")) as daemon:
        yield daemon


class NoJournal:
    def write(self, entry):
        raise AssertionError(entry)


def served(socket, respond):
    server = ControlServer(socket, respond, clock)
    server.start()
    return closing(server)


def orders_of(journal):
    return Orders(journal_commands(journal), NoJournal(), Ranks.of([], None)).answer


def test_it_reads_the_journal_over_the_socket(journal, socket, asked):
    with served(socket, orders_of(journal)):
        assert asked.rows_after(2, 3) == reader.read(journal, 2, 3)
        assert asked.rows_after(7, 3) == []
        assert asked.last_row("door_locked") == reader.read_last(journal, 1, ("door_locked",))[0]
        assert asked.last_row("bell") is None


def test_news_come_at_once_and_where_there_are_none_the_file_is_left_alone(tmp_path, socket, asked, monkeypatch):
    file, opened = tmp_path / "journal.sqlite3", []
    read = reader.read
    monkeypatch.setattr(reader, "read", lambda *given: opened.append(given) or read(*given))
    recorder = Recorder(lambda: Journal(file), clock, lambda _: None)
    respond = Orders(journal_commands(file, recorder.changes), NoJournal(), Ranks.of([], None)).answer
    with closing(recorder), served(socket, respond):
        for seq in range(1, 4):
            recorder.write(LOCKED)
            for _ in range(5):
                assert [row.seq for row in asked.rows_after(seq - 1, 3)] == [seq]
        assert len(opened) == 3
        assert [row.seq for row in asked.rows_after(0, 3)] == [1, 2, 3], "another question is another answer"
        assert len(opened) == 4


def test_a_journal_that_cannot_be_read_is_tried_again(journal, socket, asked, tmp_path):
    respond = Orders(journal_commands(tmp_path / "moved.sqlite3", lambda: 0), NoJournal(), Ranks.of([], None)).answer
    with served(socket, respond):
        with pytest.raises(StoreError, match="no journal"):
            asked.rows_after(0, 1)
        journal.rename(tmp_path / "moved.sqlite3")
        assert [row.seq for row in asked.rows_after(0, 1)] == [1]


def test_the_bridge_s_user_may_read_it_and_a_member_of_the_group_may_not(journal):
    orders = Orders(journal_commands(journal), _Kept(), Ranks(frozenset({0}), bridge=990))
    for command, arguments in (("journal.read", {"after": 0, "limit": 1}), ("journal.last", {"event_types": ["bell"]})):
        request = _request(command, arguments)
        assert isinstance(orders.answer(Peer("faceplate-bridge", 990, 1), request), Done)
        assert orders.answer(Peer("member", 1001, 1), request).reason is Fault.FORBIDDEN


class _Kept:
    def write(self, entry):
        assert entry.refused


def _request(command, arguments):
    return Request("1", command, arguments)


def test_while_no_daemon_runs_it_reads_the_file(journal, socket):
    with closing(AskedDaemon(socket, journal)) as daemon:
        assert daemon.rows_after(2, 3) == reader.read(journal, 2, 3)
        assert daemon.last_row("door_locked", "door_unlocked").seq == 7
        with pytest.raises(DaemonAwayError, match="does not run"):
            daemon.status()


def test_a_file_that_is_not_there_or_not_for_this_user_is_said(asked):
    with pytest.raises(StoreError, match="no journal"):
        asked.rows_after(0, 1)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_of_another_user_is_said(journal, socket):
    journal.chmod(0)
    with closing(AskedDaemon(socket, journal)) as daemon, pytest.raises(StoreError, match="cannot read"):
        daemon.rows_after(0, 1)


def test_a_daemon_whose_journal_cannot_be_read_says_so(socket, asked, tmp_path):
    with served(socket, orders_of(tmp_path / "nowhere.sqlite3")), pytest.raises(StoreError, match="no journal"):
        asked.rows_after(0, 1)


def test_a_refusal_has_its_reason(socket, asked):
    with served(socket, lambda *_: Refused(Fault.NOT_PERMITTED, "not from afar")):
        with pytest.raises(DaemonRefusedError, match="not from afar") as refusal:
            asked.order("remote.unlock", {"pin": "258025"})
        assert refusal.value.reason == "not_permitted"
        with pytest.raises(DaemonRefusedError):
            asked.status()
        with pytest.raises(StoreError, match="not from afar"):
            asked.rows_after(0, 1)


def test_a_daemon_that_breaks_off_is_away_and_its_file_is_not_read_meanwhile(socket, journal):
    """It may be about to write."""
    socket.parent.mkdir()
    with closing(sockets.socket(sockets.AF_UNIX)) as listener, closing(AskedDaemon(socket, journal)) as daemon:
        listener.bind(str(socket))
        listener.listen()

        def hang_up():
            for _ in range(2):
                listener.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(DaemonAwayError):
            daemon.status()
        with pytest.raises(StoreError, match="did not answer"):
            daemon.rows_after(0, 1)
        thread.join()
