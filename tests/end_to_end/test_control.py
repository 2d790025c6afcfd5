"""The control socket between real processes of real users, and its documentation."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from faceplate.access.standing import Forgetful
from faceplate.config import CommandsConfig, Config
from faceplate.control.peers import Ranks
from faceplate.control.protocol import Fault
from faceplate.control.server import ControlServer
from faceplate.dashboard import Dashboard
from faceplate.enrolling.session import EnrolmentSession
from faceplate.enrolling.window import EnrolmentWindow
from faceplate.errors import OrderRefusedError, StoreError
from faceplate.events import DoorMode, DoorStatus
from faceplate.model.bundle import DEFAULT_BUNDLE
from faceplate.model.bundle_store import BundleStore
from faceplate.orders.arguments import NewRights
from faceplate.orders.bundle_commands import bundle_commands
from faceplate.orders.door_commands import DoorOrders, StatusReport, door_commands, screen_command
from faceplate.orders.enrolment_commands import enrolment_commands
from faceplate.orders.journal_commands import journal_commands, rows_of
from faceplate.orders.orders import Orders
from faceplate.orders.people_commands import people_commands
from faceplate.orders.remote_commands import remote_commands
from faceplate.people.gallery import Gallery
from faceplate.people.household import Household
from faceplate.restart import Run
from faceplate.settings import Settings
from faceplate.snapshot import Snapshots
from faceplate.types import Seconds
from faceplate.vitals import Vitals

DOCUMENT = (Path(__file__).parents[2] / "docs" / "control.md").read_text()
EXAMPLE = DOCUMENT.split("```python\n")[1].split("```")[0]
NOBODY = 65534


def clock():
    return Seconds(time.monotonic())


class Access:
    locked_out = pin_locked_out = Seconds(0.0)
    face_unlock = clock_trusted = True


class House:
    """A door and a reception that do nothing, and a journal that remembers."""

    def __init__(self):
        self.written: list[object] = []

    def status(self):
        return DoorStatus()

    def order(self, order):
        assert order

    def obey(self, decision):
        raise AssertionError(decision)

    def write(self, entry):
        self.written.append(entry)


class Reception:
    def status(self):
        return Access()


@pytest.fixture
def house():
    return House()


def a_dashboard(folder):
    run = Run(folder / "run.json", datetime.now(UTC))
    settings = Settings(Config(), Forgetful(), lambda _: None)
    snapshots = Snapshots("off", lambda: datetime.now(UTC))
    window, session = EnrolmentWindow(clock, list), EnrolmentSession(clock, lambda _: None)
    return Dashboard(run, lambda: None, settings, Vitals(clock), snapshots, window, session, lambda: DEFAULT_BUNDLE)


@pytest.fixture
def table(house, tmp_path):
    people = Household(Gallery(tmp_path / "people", tmp_path / "gallery.key"), {"always"})

    def remember(_mode):
        raise StoreError("nowhere")

    dashboard, journal = a_dashboard(tmp_path), tmp_path / "journal.sqlite3"
    report = StatusReport(house, Reception(), people.count, tmp_path / "people", clock, more=dashboard.facts)
    orders = DoorOrders(house, Reception(), house, remember)
    commands = door_commands(orders, report) | people_commands(people)
    store = BundleStore(tmp_path / "bundles")
    commands |= bundle_commands(store, house.write, dashboard.restart) | journal_commands(journal)
    commands |= enrolment_commands(dashboard)
    commands |= remote_commands(CommandsConfig(), orders, dashboard, rows_of(journal))
    return commands | screen_command(lambda: {"kind": "idle", "text": ""})


@pytest.fixture
def socket_path(table, house):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # so that the socket's own mode decides who may open it
        path = Path(folder) / "control.sock"
        with closing(ControlServer(path, Orders(table, house, Ranks.of([], None)).answer, clock)) as server:
            server.start()
            yield path


def test_one_enrolment_at_a_time_from_afar_or_at_the_door(tmp_path):
    dashboard = a_dashboard(tmp_path)
    key = dashboard.begin()["session"]
    with pytest.raises(OrderRefusedError, match="being enrolled at the door just now"):
        dashboard.enrol(Seconds(60.0), "Bea")
    dashboard.end(key)
    assert dashboard.enrol(Seconds(60.0), "Bea")["open"]
    with pytest.raises(OrderRefusedError, match="being enrolled from afar just now"):
        dashboard.begin()


def section(title):
    return DOCUMENT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def first_column(text):
    """The words in code type in the first column of the tables."""
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return [word for cell in cells for word in re.findall(r"`([^`]+)`", cell)]


def test_the_document_lists_every_command_with_its_arguments(table):
    commands, rights = section("Commands").split("\n| right |")
    assert first_column(commands) == list(table)
    rows = {line.split("|")[1].strip(" `"): line for line in commands.splitlines() if line.startswith("| `")}
    for name, command in table.items():
        if command.arguments is not NewRights:
            named = re.findall(r"`(\w+)`", rows[name].split("|")[2])
            assert [word for word in named if word not in {*DoorMode}] == list(command.arguments.model_fields)
    assert set(first_column(rights)) == set(NewRights.model_fields) - {"name"}


def test_the_document_lists_every_key_of_the_status(table):
    status = table["status"].do(None)
    assert first_column(section("The status")) == list(status)


def test_the_document_lists_every_reason():
    assert first_column(section("Errors")) == [fault.value for fault in Fault]


def run_example(path, *changes, before=""):
    example = EXAMPLE.replace("/run/faceplate/control.sock", str(path))
    for old, new in changes:
        assert old in example
        example = example.replace(old, new)
    return python(example, path, before)


def python(code, path, before=""):
    """Run code in a process of its own, that has loaded all it needs and then done what comes before."""
    loaded = "import json, os, socket, struct, sys, faceplate.control.client\n"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", f"{loaded}{before}\n{code}", str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)


BECOME_NOBODY = f"os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})"


def test_the_documents_example_works(socket_path):
    assert len([line for line in EXAMPLE.splitlines() if line]) <= 15
    done = run_example(socket_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "locked\n", "")


def test_the_documents_example_says_what_was_refused(socket_path):
    done = run_example(socket_path, ('"status")["mode"]', '"people.show", name="Ada")'))
    assert done.returncode == 1
    assert done.stderr == "nobody called 'Ada' is enrolled; enrolled: nobody\n"


@pytest.fixture
def open_to_others(socket_path):
    """The socket belongs to the group of the user nobody."""
    os.chown(socket_path, -1, NOBODY)
    return socket_path


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_a_member_of_the_group_is_told_the_status_and_obeyed_in_nothing(open_to_others, house):
    assert run_example(open_to_others, before=BECOME_NOBODY).stdout == "locked\n"
    assert house.written == []
    refused = run_example(open_to_others, ('"status")["mode"]', '"unlock")'), before=BECOME_NOBODY)
    assert refused.returncode == 1
    assert "may not order 'unlock'" in refused.stderr
    (row,) = house.written
    assert f"(uid {NOBODY}, pid " in row.by
    assert row.refused.startswith("forbidden: ")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_others_cannot_even_open_it(open_to_others):
    os.chown(open_to_others, -1, 0)
    refused = run_example(open_to_others, before=BECOME_NOBODY)
    assert "PermissionError" in refused.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_whoever_may_not_open_it_is_told_what_to_do(open_to_others):
    os.chown(open_to_others, -1, 0)
    code = "import pathlib; faceplate.control.client.ask(pathlib.Path(sys.argv[1]), 'status', {})"
    done = python(code, open_to_others, BECOME_NOBODY)
    assert "ControlError: nobody may not speak to the daemon" in done.stderr
    assert "control.operators" in done.stderr


def test_a_daemon_that_was_killed_leaves_a_socket_that_the_next_one_takes_over(tmp_path, table, house):
    path = tmp_path / "control.sock"
    serve = (
        "import sys, time, pathlib, threading; from faceplate.control.server import ControlServer; "
        "ControlServer(pathlib.Path(sys.argv[1]), None, time.monotonic).start(); print(flush=True); "
        "threading.Event().wait()"
    )
    command = [sys.executable, "-c", serve, str(path)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"\n"
        first.kill()
    assert path.is_socket()
    with closing(ControlServer(path, Orders(table, house, Ranks.of([], None)).answer, clock)) as server:
        server.start()
        assert run_example(path).stdout == "locked\n"
