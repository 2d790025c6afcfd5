"""Why the daemon started: every way a run can end, and every state the mark can be in."""

from __future__ import annotations

import logging
import os
import signal
import stat
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime

import pytest
import yaml

from faceplate.commands import asking
from faceplate.config_file import load_config
from faceplate.errors import ControlError, FaceplateError
from faceplate.restart import BOOT_ID, RestartReason, Run, marked
from waiting import until

NOON = datetime(2026, 6, 3, 12, tzinfo=UTC)


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


class Machine:
    """A computer that can be started anew."""

    def __init__(self, folder):
        self.mark = folder / "state" / "run.json"
        self.boot_id = folder / "boot_id"
        self.boot_id.write_text("first\n")

    def start(self):
        return Run(self.mark, NOON, self.boot_id)

    def reboot(self):
        self.boot_id.write_text("another\n")


def left_alone(_run):
    """Killed, or still running."""


def stopped(run):
    run.stopped()


def ordered(run):
    run.order_restart()


def ordered_and_stopped(run):
    run.order_restart()
    run.stopped()


ENDS = {
    (left_alone, False): RestartReason.CRASHED,
    (left_alone, True): RestartReason.POWER_LOSS,
    (stopped, False): RestartReason.STOPPED,
    (stopped, True): RestartReason.REBOOT,
    (ordered, False): RestartReason.ORDERED,
    (ordered, True): RestartReason.REBOOT,
    (ordered_and_stopped, False): RestartReason.ORDERED,
}


@pytest.mark.parametrize(("end", "reboots"), ENDS)
def test_each_end_is_the_next_starts_reason(machine, end, reboots):
    end(machine.start())
    if reboots:
        machine.reboot()
    assert machine.start().reason is ENDS[end, reboots]


def test_every_reason_has_its_occasion(machine):
    assert machine.start().reason is RestartReason.FIRST_START
    assert {*ENDS.values(), RestartReason.FIRST_START} == set(RestartReason)


def test_a_reason_is_that_of_the_last_run_alone(machine):
    machine.start().order_restart()
    machine.start().stopped()
    assert machine.start().reason is RestartReason.STOPPED
    assert machine.start().reason is RestartReason.CRASHED


def test_the_facts_are_those_of_the_contract(machine):
    assert machine.start().facts() == {"started": "2026-06-03T12:00:00.000Z", "restart_reason": "first_start"}
    assert stat.S_IMODE(machine.mark.stat().st_mode) == 0o600
    assert stat.S_IMODE(machine.mark.parent.stat().st_mode) == 0o700


DAMAGED = [b"", b"{", b"[]", b"null", b"\xff", b'{"boot": "first"}', b'{"boot": "first", "end": "gladly"}', b"[" * 5000]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_mark_that_is_not_ours_counts_as_a_crash_and_is_written_anew(machine, content, caplog):
    machine.start().stopped()
    machine.mark.write_bytes(content)
    assert machine.start().reason is RestartReason.CRASHED
    assert "not what this program wrote" in caplog.text
    caplog.clear()
    assert machine.start().reason is RestartReason.CRASHED
    assert not caplog.records


def test_a_mark_that_cannot_be_written_is_told_and_stops_nothing(machine, caplog):
    machine.mark.parent.write_text("a file where the folder would be")
    machine.start().stopped()
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 3
    assert "cannot be written" in caplog.text


def test_without_a_boot_id_runs_count_as_of_one_boot(machine):
    machine.boot_id.unlink()
    machine.start()
    assert machine.start().reason is RestartReason.CRASHED


def test_this_kernel_has_a_boot_id():
    assert len(BOOT_ID.read_text().strip()) == 36


def test_a_block_that_ends_by_itself_is_a_stop_and_an_error_is_not(machine):
    with marked(machine.start()):
        pass
    with suppress(FaceplateError), marked(machine.start()) as run:
        assert run.reason is RestartReason.STOPPED
        raise FaceplateError
    assert machine.start().reason is RestartReason.CRASHED


@pytest.fixture
def device(tmp_path):
    tree = {
        "people": {"store": "people", "key_file": "gallery.key"},
        "journal": {"path": "journal.sqlite3", "key_file": "journal.key"},
        "access": {"standing_file": "standing.json"},
        "control": {"socket": "control.sock"},
        "camera": {"driver": "replay", "source": "nowhere"},
        "door": {"inputs": {"exit": {"line": 5}}},
    }
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(tree))
    return file


def run_until(file, end):
    """Start the daemon as systemd does, ask why it started, and end it so."""
    config = load_config(file)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "faceplate", "run", "--config", str(file)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment) as daemon:
        told = {}

        def answers():
            with suppress(ControlError):
                told.update(asking.order(config, "status"))
            return bool(told)

        try:
            until(answers, 30)
        finally:
            daemon.send_signal(end)
    return told["restart_reason"]


def test_real_ends_are_told_apart(device):
    ends = (signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGTERM)
    assert [run_until(device, end) for end in ends] == ["first_start", "stopped", "crashed", "stopped"]
