"""Whatever becomes of the processes, the door does not stay open. They are real and are killed; the chip is fake."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from faceplate.commands.common import ExitCode
from gpio_board import board_in, environment
from waiting import until

LOCK_LINE, EXIT_LINE, GREEN_LINE = 17, 22, 5
LEASE = 2.0

# What the daemon's side does here is told on its standard input, a word a line.
DAEMON = f"""
import signal
import sys
from faceplate.config import DoorConfig
from faceplate.config.door import InputConfig, InputsConfig, LightsConfig, OutputConfig
from faceplate.door.drivers.gpiozero_driver import hardware_of
from faceplate.door.hardware import Lights

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever started the tests may have it ignored
config = DoorConfig(
    driver="gpiozero",
    line={LOCK_LINE},
    inputs=InputsConfig(exit=InputConfig(line={EXIT_LINE})),
    lights=LightsConfig(green=OutputConfig(line={GREEN_LINE})),
)
hardware = hardware_of(config)
print("ready", hardware.lock._keeper._process.pid, flush=True)
for word in sys.stdin:
    match word.strip():
        case "unlock":
            hardware.lock.unlock({LEASE})
        case "lock":
            hardware.lock.lock()
        case "break":
            raise RuntimeError("as any program may")
        case "read":
            print(hardware.switches.read().exit_pressed, flush=True)
            continue
        case "green":
            hardware.panel.show(Lights(green=True))
        case "close":
            hardware.close()
    print("done", hardware.lock._keeper._process.pid, flush=True)
"""


class Daemon:
    """A process that holds the lock, in a process group of its own with its keeper."""

    def __init__(self, folder):
        self.environment = environment(folder)
        self.board = board_in(folder)
        self.process = subprocess.Popen(
            [sys.executable, "-c", DAEMON],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
            process_group=0,
        )
        self.keeper = self.answer()

    def tell(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def answer(self):
        """The process id of the keeper, which each answer ends with."""
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        return int(line.split()[1])

    def do(self, word):
        self.tell(word)
        return self.answer()

    @property
    def is_open(self):
        return self.board.level(LOCK_LINE) == 1

    def secure(self):
        """`faceplate secure`, as the service manager runs it when the daemon has ended."""
        words = [sys.executable, "-m", "faceplate", "secure", "--config", os.devnull, "--set", "door.driver=gpiozero"]
        return subprocess.run(words, capture_output=True, text=True, check=False, env=self.environment)

    def open_for(self):
        """Seconds from the last unlocking to the locking after it."""
        until(lambda: not self._drives()[-1]["level"])  # the board's log follows its levels
        drives = self._drives()
        opened = max(number for number, row in enumerate(drives) if row["level"])
        return drives[opened + 1]["time"] - drives[opened]["time"]

    def _drives(self):
        return [row for row in self.board.log() if row["line"] == LOCK_LINE and row["what"] == "drive"]

    def end(self):
        for number in (signal.SIGCONT, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                break
        self.process.communicate()


@pytest.fixture
def daemon(tmp_path):
    daemon = Daemon(tmp_path)
    yield daemon
    daemon.end()


def is_gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # or an orphan that nobody has reaped yet
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z"


def test_all_of_the_hardware_works_and_the_lock_is_the_keepers(daemon):
    assert not daemon.is_open
    daemon.board.set_level(EXIT_LINE, 0)
    daemon.tell("read")
    assert daemon.process.stdout.readline() == "True\n"
    daemon.board.set_level(EXIT_LINE, 1)
    daemon.tell("read")
    assert daemon.process.stdout.readline() == "False\n"
    daemon.do("green")
    assert daemon.board.level(GREEN_LINE) == 1
    daemon.do("unlock")
    assert daemon.is_open
    drivers = {row["line"]: row["pid"] for row in daemon.board.log()}
    assert drivers == {LOCK_LINE: daemon.keeper, EXIT_LINE: daemon.process.pid, GREEN_LINE: daemon.process.pid}
    daemon.do("close")
    assert not daemon.is_open
    assert daemon.board.level(GREEN_LINE) == 0
    assert [daemon.board.state_of(line) for line in (LOCK_LINE, EXIT_LINE, GREEN_LINE)] == [{}, {}, {}]


def test_a_killed_daemon_leaves_a_door_that_locks_at_once(daemon):
    daemon.do("unlock")
    assert daemon.is_open
    killed = time.monotonic()
    daemon.process.kill()
    until(lambda: not daemon.is_open)
    assert time.monotonic() - killed < LEASE, "it did not wait for the end of the lease"
    until(lambda: is_gone(daemon.keeper))
    assert daemon.board.state_of(LOCK_LINE) == {}


def test_a_stopped_daemon_leaves_a_door_that_locks_when_the_lease_is_over(daemon):
    daemon.do("unlock")
    daemon.process.send_signal(signal.SIGSTOP)
    until(lambda: not daemon.is_open)
    assert LEASE <= daemon.open_for() < LEASE + 1
    daemon.process.send_signal(signal.SIGCONT)
    daemon.do("unlock")
    assert daemon.is_open, "and the lock works when it goes on"


def test_a_daemon_that_breaks_leaves_a_locked_door(daemon):
    daemon.do("unlock")
    daemon.tell("break")
    assert daemon.process.wait(10) == 1
    until(lambda: not daemon.is_open)
    assert daemon.open_for() < LEASE
    until(lambda: is_gone(daemon.keeper))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGABRT, signal.SIGINT, signal.SIGHUP])
def test_what_is_sent_to_all_processes_ends_the_daemon_and_the_keeper_locks(daemon, number):
    """As the service manager does: to stop, and when the watchdog bites."""
    daemon.do("unlock")
    os.killpg(daemon.process.pid, number)
    until(lambda: not daemon.is_open)
    assert daemon.open_for() < LEASE
    until(lambda: is_gone(daemon.keeper))
    assert daemon.process.wait(10) != 0


def test_a_killed_keeper_is_replaced_by_one_that_locks_first(daemon):
    daemon.do("unlock")
    os.kill(daemon.keeper, signal.SIGKILL)
    until(lambda: is_gone(daemon.keeper))
    assert daemon.is_open
    assert daemon.do("lock") != daemon.keeper
    assert not daemon.is_open
    daemon.do("unlock")
    assert daemon.is_open


def test_when_both_are_killed_secure_locks(daemon):
    daemon.do("unlock")
    os.killpg(daemon.process.pid, signal.SIGKILL)
    daemon.process.wait(10)
    until(lambda: daemon.board.state_of(LOCK_LINE) == {})
    assert daemon.is_open, "nobody was left to lock it"
    done = daemon.secure()
    assert (done.returncode, done.stdout) == (ExitCode.OK, "locked (driver: gpiozero)\n"), done.stderr
    assert not daemon.is_open


def test_secure_is_refused_while_the_daemon_runs(daemon):
    daemon.do("unlock")
    done = daemon.secure()
    assert done.returncode == ExitCode.DOOR
    assert "is in use by 'faceplate'" in done.stderr
    assert daemon.is_open
