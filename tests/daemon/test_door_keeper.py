"""The lock's keeper, and what the daemon does when it dies or hangs."""

from __future__ import annotations

import errno
import itertools
import json
import logging
import math
import os
import signal
import socket
import subprocess
import sys

import pytest
from gpiod.line import Value

from faceplate.config import DoorConfig
from faceplate.door.drivers import gpiozero_driver, keeper, keeper_client
from faceplate.door.drivers.gpiod_factory import GpiodFactory
from faceplate.door.drivers.gpiozero_driver import hardware_of
from faceplate.door.drivers.keeper_client import KeptLock
from faceplate.door.drivers.lock_lines import LockLines
from faceplate.door.hardware import Lights
from faceplate.errors import DoorError
from faceplate.types import Seconds
from fake_gpiod import FakeBoard
from gpio_board import board_in, environment
from waiting import until

LINES = {
    "chip": "/dev/gpiochip0",
    "line": 17,
    "active_high": True,
    "powered_when_locked": False,
    "lock_line": None,
    "pulse": 0.2,
}


class BareLock:
    """Remembers what it was told; breaks when told."""

    due = None

    def __init__(self, breaks_at=()):
        self.told = []
        self._breaks_at = breaks_at

    def lock(self):
        self._told("lock")

    def unlock(self):
        self._told("unlock")

    def close(self):
        self._told("close")

    def tick(self):
        pass

    def _told(self, what):
        self.told.append(what)
        if what in self._breaks_at:
            raise DoorError(f"it breaks at {what}")


class Conversation:
    """All messages are sent before the keeper reads the first, and then no more come: nothing needs a thread."""

    def __init__(self, *messages, lock=None, clock=lambda: 0.0):
        self.lock = lock or BareLock()
        self.lines = []
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, theirs:
            for message in messages:
                ours.send(message if isinstance(message, bytes) else json.dumps(message).encode())
            ours.shutdown(socket.SHUT_WR)
            self.error = None
            try:
                keeper.keep(theirs, clock, self._lock_of)
            except (OSError, ValueError) as error:
                self.error = error
            theirs.shutdown(socket.SHUT_RDWR)
            self.answers = [json.loads(answer) for answer in iter(lambda: ours.recv(4096), b"")]

    def _lock_of(self, lines):
        self.lines.append(lines)
        return self.lock


def test_it_does_what_is_asked_and_locks_at_the_end():
    done = Conversation(LINES, ["unlock", 5.0], ["lock"], ["unlock", 2.0])
    assert done.error is None
    assert done.lines == [LockLines(**LINES)]
    assert done.lock.told == ["unlock", "lock", "unlock", "close"]
    assert done.answers == [{}] * 5, "one for the lines, three for the requests, one for the end"


def test_a_lease_that_ends_meanwhile_locks():
    times = iter([0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    done = Conversation(LINES, ["unlock", 1.0], clock=lambda: next(times))
    assert done.lock.told == ["unlock", "lock", "close"]


@pytest.mark.parametrize(
    "message",
    [
        b"no JSON",
        pytest.param(b"\xff", id="not UTF-8"),
        ["open"],
        ["lock", 1],
        ["unlock"],
        ["unlock", 5],
        ["unlock", "5.0"],
        ["unlock", None],
        ["unlock", 1.0, 2.0],
        {"unlock": 5.0},
        None,
        "lock",
    ],
    ids=str,
)
def test_whatever_is_no_request_locks_and_ends_it(message):
    done = Conversation(LINES, ["unlock", 5.0], message, ["unlock", 5.0])
    assert isinstance(done.error, ValueError)
    assert done.lock.told == ["unlock", "close"]
    assert done.answers == [{}, {}]


def test_it_says_what_it_expected():
    assert str(Conversation(LINES, ["open"]).error) == 'expected ["lock"] or ["unlock", SECONDS]'
    assert str(Conversation([]).error).startswith("expected the lock's lines: ")


@pytest.mark.parametrize("lasting", [0.0, -1.0, math.nan, math.inf])
def test_a_lease_that_is_none_locks_and_ends_it(lasting):
    done = Conversation(LINES, ["unlock", 5.0], ["unlock", lasting])
    assert done.lock.told == ["unlock", "close"]
    assert "more than 0" in done.answers[-1]["error"]


@pytest.mark.parametrize("message", [b"no JSON", b"", {"chip": "/dev/gpiochip0"}, LINES | {"colour": "red"}, [], 5])
def test_without_the_lines_there_is_nothing_to_keep(message):
    done = Conversation(message)
    assert isinstance(done.error, ValueError)
    assert (done.lock.told, done.answers) == ([], [])


@pytest.mark.parametrize("use", ["lock", "unlock"])
def test_what_the_lock_refuses_is_told_when_it_is_locked(use):
    request = ["lock"] if use == "lock" else ["unlock", 1.0]
    done = Conversation(LINES, request, lock=BareLock(breaks_at=[use]))
    assert isinstance(done.error, DoorError)
    assert done.lock.told == [use, "close"]
    assert done.answers == [{}, {"error": f"it breaks at {use}"}]


def test_a_lock_that_does_not_close_is_told_of():
    done = Conversation(LINES, ["unlock", 1.0], lock=BareLock(breaks_at=["close"]))
    assert isinstance(done.error, DoorError)
    assert done.answers == [{}, {}, {"error": "it breaks at close"}]


def test_the_lock_is_closed_even_if_nobody_reads_the_answers():
    lock = BareLock()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        with ours:
            ours.send(json.dumps(LINES).encode())
            ours.send(json.dumps(["unlock", 5.0]).encode())
        with pytest.raises(OSError, match="pipe"):
            keeper.keep(theirs, lambda: 0.0, lambda _: lock)
    assert lock.told == ["close"]


def test_it_ends_well_if_nobody_is_there_any_more():
    lock = BareLock()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.send(json.dumps(LINES).encode())
        ours.shutdown(socket.SHUT_WR)
        lock.close = ours.close
        keeper.keep(theirs, lambda: 0.0, lambda _: lock)
    assert ours.fileno() == -1


def test_who_does_not_read_the_answers_does_not_keep_the_door_open():
    lock = BareLock()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)  # the kernel makes it the least it can
    with ours, theirs:
        ours.send(json.dumps(LINES).encode())
        for _ in range(50):
            ours.send(json.dumps(["unlock", 60.0]).encode())
        with pytest.raises(BlockingIOError):
            keeper.keep(theirs, lambda: 0.0, lambda _: lock)
    assert lock.told == ["unlock", "close"]


def test_it_ends_with_a_line_of_what_was_wrong():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.send(b"[]")
        done = subprocess.run(
            [sys.executable, "-m", "faceplate.door.drivers.keeper"],
            stdin=theirs,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("the keeper of the lock ends: expected the lock's lines")
    assert done.stderr.count("\n") == 1


def test_it_starts_with_little():
    """A door may stand open until a new one has started."""
    heavy = "{'pydantic', 'numpy', 'cv2', 'yaml'}"
    code = f"import faceplate.door.drivers.keeper, sys; print(*sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


@pytest.fixture
def board(tmp_path, monkeypatch):
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    return board_in(tmp_path)


@pytest.fixture
def lock(board):  # noqa: ARG001 - the chip its keeper finds
    lock = KeptLock(DoorConfig(driver="gpiozero"))
    yield lock
    lock.close()


def is_open(board):
    return board.level(17) == 1


def keeper_of(lock):
    return lock._keeper._process


def test_it_heeds_no_signal_that_can_be_ignored(board, lock):
    """Those that the service manager and a terminal send to all processes at once."""
    lock.unlock(Seconds(60.0))
    first = keeper_of(lock)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGABRT, signal.SIGQUIT, signal.SIGTSTP):
        first.send_signal(number)
        lock.unlock(Seconds(60.0))
        assert keeper_of(lock) is first, number
    assert is_open(board)
    lock.lock()
    assert not is_open(board)


def test_a_keeper_that_does_as_it_is_asked_is_kept(board, lock, caplog):
    first = keeper_of(lock)
    for _ in range(2):
        lock.unlock(Seconds(60.0))
        assert is_open(board)
        lock.lock()
        assert not is_open(board)
    assert keeper_of(lock) is first
    assert caplog.messages == []


def test_a_keeper_that_died_is_replaced_at_the_next_call(board, lock, caplog):
    lock.unlock(Seconds(60.0))
    first = keeper_of(lock)
    first.kill()
    first.wait()
    assert is_open(board), "the wire stays as it was: this is why the next one begins by locking"
    lock.lock()
    assert not is_open(board)
    assert keeper_of(lock).pid != first.pid
    gone = f"the keeper of the lock has gone: [Errno {errno.EPIPE}] {os.strerror(errno.EPIPE)}"
    assert caplog.messages == [f"{gone}; a new keeper locks the door"]


def test_a_keeper_that_dies_with_the_door_open_is_noticed_and_replaced(board, lock, caplog):
    lock.unlock(Seconds(60.0))
    lock.check()
    first = keeper_of(lock)
    first.kill()
    first.wait()
    with pytest.raises(DoorError, match=r"^the keeper of the lock has died while the door was unlocked$"):
        lock.check()
    assert caplog.messages == [
        "the keeper of the lock has died while the door was unlocked; a new keeper locks the door"
    ]
    assert not is_open(board)
    lock.check()
    assert keeper_of(lock).pid != first.pid


def test_a_dead_keeper_does_not_keep_somebody_locked_in(board, lock, caplog):
    """The exit button is pressed hours after it died."""
    keeper_of(lock).kill()
    keeper_of(lock).wait()
    lock.unlock(Seconds(60.0))
    assert is_open(board)
    assert caplog.messages == ["the keeper of the lock has died; a new keeper locks the door"]


@pytest.mark.parametrize("use", ["lock", "unlock", "close"])
def test_a_keeper_that_hangs_is_killed_and_the_next_one_locks(board, lock, caplog, use):
    lock.unlock(Seconds(60.0))
    first = keeper_of(lock)
    first.send_signal(signal.SIGSTOP)
    if use == "unlock":
        with pytest.raises(DoorError, match=r"did not answer within 0\.5 s"):
            lock.unlock(Seconds(60.0))
    else:
        getattr(lock, use)()
    within = "0.7" if use == "close" else "0.5"  # at the end it is given the time of a pulse more
    assert caplog.messages == [f"the keeper of the lock did not answer within {within} s; a new keeper locks the door"]
    assert first.poll() == -signal.SIGKILL
    assert not is_open(board)


def test_a_line_that_somebody_holds_is_told_in_the_words_of_the_driver(board):
    held = board.take(17, "fan-control")
    with pytest.raises(DoorError, match=r"line 17 of /dev/gpiochip0 is in use by 'fan-control'"):
        KeptLock(DoorConfig(driver="gpiozero"))
    held.release()


def test_a_chip_that_went_away_is_told_and_the_lock_works_when_it_is_back(board, tmp_path, caplog):
    now = 100.0
    lock = KeptLock(DoorConfig(driver="gpiozero"), lambda: now)
    gone = tmp_path / "unplugged"
    (tmp_path / "gpiochip0").rename(gone)
    with pytest.raises(DoorError, match="gpiochip0"):
        lock.unlock(Seconds(60.0))
    gone.rename(tmp_path / "gpiochip0")
    now = math.nextafter(101.0, 0)
    for use in (lock.lock, lambda: lock.unlock(Seconds(60.0))):
        with pytest.raises(DoorError, match="gpiochip0"):
            use()
    assert board.state_of(17) == {}, "no keeper is started again within the same second"
    now = 101.0
    lock.unlock(Seconds(60.0))
    assert is_open(board)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    lock.close()


def test_what_stays_broken_is_told_of_once(board, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    times = itertools.count(100.0, 10.0)
    lock = KeptLock(DoorConfig(driver="gpiozero"), lambda: next(times))
    gone = tmp_path / "unplugged"
    (tmp_path / "gpiochip0").rename(gone)
    for _ in range(3):
        with pytest.raises(DoorError, match="gpiochip0"):
            lock.lock()
    assert [record.levelname for record in caplog.records] == ["WARNING", "DEBUG", "DEBUG"]
    gone.rename(tmp_path / "gpiochip0")
    lock.lock()
    keeper_of(lock).kill()
    lock.lock()
    assert [record.levelname for record in caplog.records][4:] == ["WARNING"], "what works again may break again"
    lock.close()
    assert not is_open(board)


def test_closing_tries_once_more_whatever_the_time(board, tmp_path):
    lock = KeptLock(DoorConfig(driver="gpiozero"), lambda: 100.0)
    lock.unlock(Seconds(60.0))
    keeper_of(lock).kill()
    keeper_of(lock).wait()
    gone = tmp_path / "unplugged"
    (tmp_path / "gpiochip0").rename(gone)
    with pytest.raises(DoorError, match="gpiochip0"):
        lock.lock()
    gone.rename(tmp_path / "gpiochip0")
    assert is_open(board)
    lock.close()
    assert not is_open(board)
    assert board.state_of(17) == {}


def test_what_lies_in_the_present_folder_is_not_taken_for_a_module(board, tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise SystemExit", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    lock = KeptLock(DoorConfig(driver="gpiozero"))
    lock.unlock(Seconds(60.0))
    assert is_open(board)
    lock.close()


def test_a_lock_whose_switches_cannot_be_had_is_let_go_of(monkeypatch, tmp_path):
    """The keeper has a chip here, and this process has none."""
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "gpiochip0").rename(tmp_path / "gpiochip511")
    with pytest.raises(DoorError, match="no /dev/gpiochip511"):
        hardware_of(DoorConfig(driver="gpiozero", chip="/dev/gpiochip511"))
    whats = [json.loads(row)["what"] for row in (tmp_path / "gpiochip511" / "log").read_text().splitlines()]
    assert whats[0] == "take"
    assert whats[-1] == "release"


ALL = {"inputs": {"exit": {"line": 22}, "contact": {"line": 23}}, "lights": {"red": {"line": 5}, "buzzer": {"line": 6}}}


@pytest.fixture
def ours(monkeypatch):
    """The chip of this process; the keeper has another."""
    ours = FakeBoard()
    monkeypatch.setattr(gpiozero_driver, "GpiodFactory", lambda chip: GpiodFactory(chip, ours.open_chip))
    return ours


def test_all_of_a_doors_hardware_is_taken_and_let_go_of(board, ours):
    hardware = hardware_of(DoorConfig.model_validate({"driver": "gpiozero", "line": 19, **ALL}))
    hardware.lock.unlock(Seconds(60.0))
    assert board.level(19) == 1
    ours.lines[23].wired = Value.ACTIVE
    before = hardware.switches.read()
    ours.lines[23].wired = Value.INACTIVE
    assert hardware.switches.read().is_open is not before.is_open
    assert None not in {before.is_open, before.exit_pressed}
    hardware.panel.show(Lights(red=True))
    assert [bool(ours.lines[line].driven[-1]) for line in (5, 6)] == [True, False]
    hardware.close()
    assert board.level(19) == 0
    assert board.state_of(19) == {}
    assert [line for line in ours.lines if line.consumer] == []


def test_hardware_whose_lights_cannot_be_had_is_let_go_of(board, ours):
    ours.lines[6].consumer = "player"
    with pytest.raises(DoorError, match="line 6 of /dev/gpiochip0 is in use by 'player'"):
        hardware_of(DoorConfig.model_validate({"driver": "gpiozero", "line": 19, **ALL}))
    assert board.state_of(19) == {}
    assert [line for line in ours.lines if line.consumer] == [ours.lines[6]]


@pytest.mark.usefixtures("board")
def test_python_that_does_not_start_is_a_door_error(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))  # there is no other way to lack it
    with pytest.raises(DoorError, match="cannot be started"):
        KeptLock(DoorConfig(driver="gpiozero"))


@pytest.mark.usefixtures("board")
def test_a_keeper_that_ends_without_an_answer_is_a_door_error(monkeypatch, tmp_path):
    silent = tmp_path / "python"
    silent.write_text("#!/bin/sh\nexec head -c 1\n", encoding="utf-8")
    silent.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(silent))
    with pytest.raises(DoorError, match=r"^the keeper of the lock has ended$"):
        KeptLock(DoorConfig(driver="gpiozero"))


@pytest.mark.usefixtures("board")
def test_a_keeper_that_does_not_start_in_time_is_a_door_error(monkeypatch, tmp_path):
    slow = tmp_path / "python"
    slow.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    slow.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(slow))
    monkeypatch.setattr(keeper_client, "_START_TIME", Seconds(0.25))  # the test need not take longer
    with pytest.raises(DoorError, match=r"^the keeper of the lock did not answer within 0\.25 s$"):
        KeptLock(DoorConfig(driver="gpiozero"))


@pytest.mark.usefixtures("board")
def test_a_program_that_is_no_keeper_is_a_door_error(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/true")
    with pytest.raises(DoorError, match=r"has (ended|gone)"):
        KeptLock(DoorConfig(driver="gpiozero"))


def test_the_lease_is_the_keepers(board, lock):
    """To the time it was asked for, and hardly longer, with nobody asking again."""

    def drives():
        return [row for row in board.log() if row["what"] == "drive"]

    lock.unlock(Seconds(0.3))
    until(lambda: len(drives()) == 3)  # the board writes its log after its levels
    assert not is_open(board)
    assert [row["level"] for row in drives()] == [0, 1, 0]
    assert 0.3 <= drives()[2]["time"] - drives()[1]["time"] < 1.0


def test_closing_leaves_no_process_and_no_line_behind(board, lock, caplog):
    caplog.set_level(logging.WARNING)
    lock.unlock(Seconds(60.0))
    lock.close()
    assert keeper_of(lock).returncode is not None
    assert board.state_of(17) == {}
    assert not is_open(board)
    assert [row["what"] for row in board.log()][-1] == "release"
    assert caplog.records == []
    for use in (lock.lock, lambda: lock.unlock(Seconds(60.0))):
        with pytest.raises(DoorError, match=r"^the lock is closed: "):
            use()


def test_a_keeper_that_died_before_the_close_is_replaced_to_lock(board, lock):
    lock.unlock(Seconds(60.0))
    keeper_of(lock).kill()
    keeper_of(lock).wait()
    lock.close()
    assert not is_open(board)
    assert board.state_of(17) == {}


def test_no_other_child_holds_the_daemons_end(lock):
    """Else the keeper would not hear of the daemon's death."""
    assert not os.get_inheritable(lock._keeper._socket.fileno())
