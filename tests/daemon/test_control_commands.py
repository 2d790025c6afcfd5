"""The commands that speak to the daemon, and those that do without it while it is stopped."""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import time
from contextlib import closing
from datetime import date, datetime

import numpy as np
import pytest
import yaml

from faceplate.commands import asking, common, control, people, people_orders, people_rights
from faceplate.commands.common import ExitCode
from faceplate.commands.demo import FOOTAGE
from faceplate.config_file import load_config
from faceplate.control.peers import Ranks
from faceplate.control.protocol import Done, Fault, Refused
from faceplate.control.server import ControlServer
from faceplate.errors import ControlError, EnrolmentError, NotRunningError, OrderRefusedError, StoreError
from faceplate.journal import reader
from faceplate.orders.arguments import Nothing
from faceplate.orders.orders import Command, Orders
from faceplate.orders.people_commands import people_commands
from faceplate.people import rights_record
from faceplate.people.gallery import Gallery
from faceplate.people.household import facts_of
from faceplate.rights import Rights, Role
from faceplate.types import Seconds
from strategies import SIZE, person

STILLS = sorted(FOOTAGE.glob("man-*.jpg"))
PASSPHRASE = "four random words here"  # noqa: S105 - it guards nothing
ONE = np.eye(SIZE, dtype=np.float32)[0]


def clock():
    return Seconds(time.monotonic())


class Daemon:
    """Answers the door's commands as it is told, and remembers them."""

    def __init__(self, store=None):
        self.asked: list[tuple[str, dict]] = []
        self.answer = Done({"mode": "locked"})
        self.store = store
        """Asked about people, it first tells whose people it has"""

    def __call__(self, _peer, request):
        if request.command == "status" and self.store is not None:
            return Done({"store": str(self.store)})
        self.asked.append((request.command, dict(request.arguments)))
        return self.answer


@pytest.fixture
def config(tmp_path, runtime):
    tree = {
        "vision": {"runtime": runtime, "liveness": "off"},
        "people": {"store": "people", "key_file": "gallery.key"},
        "journal": {"path": "journal.sqlite3", "key_file": "journal.key"},
        "control": {"socket": "control.sock"},
        "access": {"time_zone": "Europe/Berlin", "schedules": {"visits": {"monday": ["08:00-17:00"]}}},
        "log": {"level": "error"},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(tree))
    return load_config(tmp_path / "config.yaml")


@pytest.fixture
def faceplate(tmp_path, config, capsys):
    """Run one of these commands; gives exit code, standard output and standard error."""
    del config
    parser = argparse.ArgumentParser(prog="faceplate")
    commands = parser.add_subparsers()
    options = common.config_options()
    control.register(commands, options)
    people.register(commands, options)

    def run(*words):
        arguments = parser.parse_args([*map(str, words), "--config", str(tmp_path / "config.yaml")])
        capsys.readouterr()
        code = arguments.run(arguments)
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def running(config, request):
    """A daemon that answers."""
    words = request.node.callspec.params.get("words", "") if hasattr(request.node, "callspec") else ""
    daemon = Daemon(None if words == "status" else config.people.store.resolve())
    with closing(ControlServer(config.control.socket, daemon, clock)) as server:
        server.start()
        yield daemon


@pytest.fixture
def gallery(config):
    gallery = Gallery(config.people.store, config.people.key_file)
    with gallery.changing():
        gallery.save(person("Ada", [ONE]))
    return gallery


def types(monkeypatch, *lines):
    """What comes from standard input, which is no terminal."""
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


# Each command line, and what the daemon is asked by it.
ASKED = {
    "unlock": ("unlock", {}),
    "lock": ("lock", {}),
    "mode locked": ("mode", {"mode": "locked"}),
    "mode unlocked": ("mode", {"mode": "unlocked"}),
    "mode blocked": ("mode", {"mode": "blocked"}),
    "mode locked_open": ("mode", {"mode": "locked_open"}),
    "lockdown on": ("lockdown", {"on": True}),
    "lockdown off": ("lockdown", {"on": False}),
    "face on": ("face", {"on": True}),
    "face off": ("face", {"on": False}),
    "lockout clear": ("lockout_clear", {}),
    "clock trust": ("trust_clock", {}),
    "status": ("status", {}),
    "people list": ("people.list", {}),
    "people show Ada": ("people.show", {"name": "Ada"}),
    "people remove Ada": ("people.remove", {"name": "Ada"}),
    "people rename Ada Bea": ("people.rename", {"name": "Ada", "new": "Bea"}),
    "people set Ada --disable": ("people.set", {"name": "Ada", "enabled": False}),
}


@pytest.mark.parametrize("words", ASKED)
def test_a_command_line_is_one_order(faceplate, running, words):
    facts = {"name": "Ada", "pictures": 3, "enrolled": "2026"} | rights_record.facts_of(Rights())
    running.answer = Done({"people": [facts]} | facts)
    code, out, err = faceplate(*words.split())
    assert (code, err) == (ExitCode.OK, "")
    assert out
    assert running.asked == [ASKED[words]]


@pytest.mark.parametrize("words", ["unlock", "status", "mode locked"])
def test_json_is_the_daemons_result(faceplate, running, words):
    running.answer = Done({"mode": "accessed", "open": None})
    assert json.loads(faceplate(*words.split(), "--json")[1]) == {"mode": "accessed", "open": None}


def test_a_result_in_words(faceplate, running):
    running.store = None
    assert faceplate("lock")[1] == "mode: locked\n"
    running.answer = Done({})
    assert faceplate("lockout", "clear")[1] == "done\n"
    running.answer = Done({"mode": "locked", "open": None, "face_unlock": True, "faults": [], "alarms": ["a", "b"]})
    assert faceplate("status")[1].splitlines() == [
        "mode             locked",
        "open             unknown",
        "face_unlock      yes",
        "faults           none",
        "alarms           a, b",
    ]
    running.answer = Done(
        {"uptime": 1_234_567.8, "settings": {"margin": 0.123456, "open": False}, "bounds": {"margin": [0.1, 1.0]}}
    )
    assert faceplate("status")[1].splitlines() == [
        "uptime           1234567.8",
        "settings         margin: 0.1235; open: no",
        "bounds           margin: 0.1, 1.0",
    ]


def test_a_warning_is_told(faceplate, running):
    running.answer = Done({"mode": "locked_down", "warning": "this will not outlast a restart"})
    code, out, err = faceplate("lockdown", "on")
    assert (code, out) == (ExitCode.OK, "mode: locked_down\n")
    assert err == "warning: this will not outlast a restart\n"


@pytest.mark.parametrize(
    ("outcome", "code"), [("granted", ExitCode.OK), ("nothing", ExitCode.OK), ("denied", ExitCode.REFUSED)]
)
def test_a_pin_comes_from_standard_input(faceplate, running, monkeypatch, outcome, code):
    types(monkeypatch, "2580")
    running.answer = Done({"outcome": outcome, "reason": "some"})
    assert faceplate("pin")[:2] == (code, f"outcome: {outcome}, reason: some\n")
    assert running.asked == [("pin", {"digits": "2580"})]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_on_a_terminal_a_secret_is_typed_unseen_and_a_new_one_twice(monkeypatch):
    monkeypatch.setattr("sys.stdin", Terminal())
    typed = iter(["2580", "2580", "2580", "0852"])
    prompts: list[str] = []

    def getpass(prompt):
        prompts.append(prompt)
        return next(typed)

    # Patched, because a terminal cannot be typed at from here.
    monkeypatch.setattr("getpass.getpass", getpass)
    assert asking.secret("PIN", twice=True) == "2580"
    with pytest.raises(EnrolmentError, match="not the same"):
        asking.secret("PIN", twice=True)
    assert prompts == ["PIN: ", "PIN, once more: "] * 2


@pytest.mark.parametrize("words", [words for words in ASKED if not words.startswith("people")])
def test_without_a_daemon_the_door_is_not_touched(faceplate, words):
    with pytest.raises(NotRunningError, match=r"the daemon does not run.*systemctl start faceplate"):
        faceplate(*words.split())


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_is_an_error_with_the_daemons_words(faceplate, running, fault):
    running.answer = Refused(fault, "because")
    with pytest.raises(asking._ERRORS[fault], match=r"^because$"):
        faceplate("unlock")


def test_what_kind_of_error_a_fault_is():
    assert set(asking._ERRORS) == set(Fault)
    assert asking._ERRORS[Fault.FORBIDDEN] is OrderRefusedError
    assert asking._ERRORS[Fault.NOT_RECORDED] is StoreError
    assert asking._ERRORS[Fault.TOO_MANY] is ControlError


@pytest.mark.parametrize(
    ("words", "change"),
    [
        ("--role guest", {"role": "guest"}),
        ("--enable", {"enabled": True}),
        ("--from 2026-12-20", {"valid_from": "2026-12-19T23:00:00+00:00"}),
        ("--until 2027-01-03", {"valid_until": "2027-01-03T23:00:00+00:00"}),
        ("--until 2027-07-03", {"valid_until": "2027-07-03T22:00:00+00:00"}),
        ("--until 2027-01-03T18:30", {"valid_until": "2027-01-03T17:30:00+00:00"}),
        ("--until 2027-01-03T18:30Z", {"valid_until": "2027-01-03T18:30:00+00:00"}),
        ("--from none --until none", {"valid_from": None, "valid_until": None}),
        ("--schedule visits", {"schedule": "visits"}),
        ("--schedule none", {"schedule": None}),
        ("--extended-time", {"extended_time": True}),
        ("--no-extended-time", {"extended_time": False}),
        ("--detection-threshold 0.95", {"detection_threshold": 0.95}),
        ("--verification-threshold 1", {"verification_threshold": 1.0}),
        ("--detection-threshold none", {"detection_threshold": None}),
        ("--pin", {"pin": "2580"}),
        ("--no-pin", {"pin": None}),
        ("--pin --duress-pin", {"pin": "2580", "duress_pin": "1470"}),
        ("--no-duress-pin", {"duress_pin": None}),
        ("", {}),
    ],
)
def test_options_are_what_is_changed_and_nothing_else(faceplate, running, monkeypatch, words, change):
    types(monkeypatch, "2580", "1470")
    running.answer = Done({"name": "Ada", "pictures": 1, "enrolled": "2026"} | rights_record.facts_of(Rights()))
    faceplate("people", "set", "Ada", *words.split())
    assert running.asked == [("people.set", {"name": "Ada"} | change)]


@pytest.mark.parametrize(
    "words",
    [
        "--role king",
        "--until tomorrow",
        "--detection-threshold 1.1",
        "--detection-threshold -0.1",
        "--detection-threshold nan",
        "--enable --disable",
        "--pin 2580",
    ],
)
def test_options_that_make_no_sense_are_wrong_usage(faceplate, words):
    with pytest.raises(SystemExit) as ended:
        faceplate("people", "set", "Ada", *words.split())
    assert ended.value.code == ExitCode.USAGE


def test_without_a_zone_a_day_is_the_machines(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        arguments = argparse.Namespace(valid_from=date(2027, 1, 3), valid_until=datetime(2027, 1, 3, 18))  # noqa: DTZ001 - so it is typed
        assert people_rights.change_of(arguments, None) == {
            "valid_from": "2027-01-02T15:00:00+00:00",
            "valid_until": "2027-01-03T09:00:00+00:00",
        }
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("day", [date.max, date.min])
def test_a_day_beyond_all_calendars_is_refused(day):
    with pytest.raises(EnrolmentError, match="too far away"):
        people_rights.change_of(argparse.Namespace(valid_from=day, valid_until=day), "Asia/Tokyo")


def rows(config):
    return [json.loads(row.payload) | {"type": row.event_type} for row in reader.read(config.journal.path, 0, 100)]


def test_while_the_daemon_is_stopped_people_are_changed_here_and_it_is_written_down(faceplate, config, gallery):
    facts = json.loads(faceplate("people", "set", "ada", "--role", "owner", "--json")[1])
    assert (facts["name"], facts["role"]) == ("Ada", "owner")
    assert gallery.find("Ada").rights == Rights(Role.OWNER)
    assert faceplate("people", "rename", "Ada", "Bea")[1].startswith("Bea  1 pictures  ")
    assert faceplate("people", "list")[1] == faceplate("people", "show", "bea")[1]
    assert faceplate("people", "remove", "bea")[:2] == (ExitCode.OK, "Bea is removed\n")
    assert gallery.people() == []
    written = rows(config)
    assert [row["command"] for row in written] == [
        "people.set",
        "people.rename",
        "people.list",
        "people.show",
        "people.remove",
    ]
    assert {row["type"] for row in written} == {"command"}
    assert all(row["by"].endswith(f"(uid {os.geteuid()}, pid {os.getpid()})") for row in written)


def test_a_daemon_with_other_people_has_no_say_in_these(faceplate, running, gallery):
    running.store = "/elsewhere/people"
    assert faceplate("people", "remove", "Ada")[0] == ExitCode.OK
    assert running.asked == []
    assert gallery.people() == []


def test_while_the_daemon_is_stopped_nothing_opens_more_without_a_record(faceplate, config, gallery):
    config.journal.path.mkdir()
    with pytest.raises(StoreError, match="cannot be recorded"):
        faceplate("people", "set", "Ada", "--role", "owner")
    assert gallery.find("Ada").rights == Rights()
    assert faceplate("people", "set", "Ada", "--disable")[0] == ExitCode.OK
    assert not gallery.find("Ada").rights.enabled
    assert faceplate("people", "remove", "Ada")[0] == ExitCode.OK


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a folder away")
def test_root_does_not_begin_a_journal_in_another_users_folder(faceplate, config, gallery, tmp_path):
    os.chown(tmp_path, 65534, 65534)
    with pytest.raises(StoreError, match="only the daemon's user may begin it"):
        faceplate("people", "set", "Ada", "--role", "owner")
    assert not config.journal.path.exists()
    assert gallery.find("Ada").rights == Rights()


def test_a_refusal_is_the_same_with_and_without_the_daemon(faceplate, config, gallery):
    with pytest.raises(EnrolmentError, match="guest's time must end"):
        faceplate("people", "set", "Ada", "--role", "guest")
    household = people_orders.household_of(config)
    status = Command(Nothing, lambda _: {"store": str(config.people.store.resolve())}, audited=False)
    orders = Orders({"status": status} | people_commands(household), Shelf(), Ranks.of([], None))
    with closing(ControlServer(config.control.socket, orders.answer, clock)) as server:
        server.start()
        with pytest.raises(EnrolmentError, match="guest's time must end"):
            faceplate("people", "set", "Ada", "--role", "guest")
        with pytest.raises(EnrolmentError, match="no schedule 'gym'"):
            faceplate("people", "set", "Ada", "--schedule", "gym")
        faceplate("people", "set", "Ada", "--schedule", "visits", "--role", "guest", "--until", "2027-01-03")
    assert gallery.find("Ada").rights.schedule == "visits"


class Shelf:
    """A journal that keeps nothing."""

    def write(self, entry):
        assert entry


def test_nobody_is_enrolled_with_other_rights_than_asked_for(faceplate, config):
    with pytest.raises(EnrolmentError, match="guest's time must end"):
        faceplate("people", "add", "Daniel", *STILLS, "--role", "guest")
    store = Gallery(config.people.store, config.people.key_file)
    assert store.people() == []
    code, out, _ = faceplate("people", "add", "Daniel", *STILLS, "--role", "guest", "--until", "2027-01-03")
    assert (code, out) == (ExitCode.OK, "Daniel: 3 of 3 pictures taken, 3 in all\n")
    rights = Rights(Role.GUEST, valid_until=datetime.fromisoformat("2027-01-03T23:00:00+00:00"))
    assert store.find("Daniel").rights == rights
    noted = rows(config)[-1]
    assert (noted["command"], noted["arguments"]) == ("people.note_enrolled", {"name": "Daniel"})


def test_an_enrolment_that_cannot_be_noted_is_one_all_the_same_and_says_so(faceplate, config):
    config.journal.path.mkdir()
    code, _, err = faceplate("people", "add", "Daniel", *STILLS)
    assert code == ExitCode.OK
    assert "warning: Daniel is enrolled, and the journal does not tell by whom" in err


def test_everybody_goes_into_an_archive_and_comes_out_again(faceplate, config, gallery, tmp_path, monkeypatch):
    faceplate("people", "set", "Ada", "--role", "owner")
    before = gallery.find("Ada")
    types(monkeypatch, PASSPHRASE)
    file = tmp_path / "people.archive"
    assert faceplate("people", "export", file)[:2] == (ExitCode.OK, f"1 people in {file}\n")
    assert file.stat().st_mode & 0o777 == 0o600
    faceplate("people", "remove", "Ada")
    types(monkeypatch, PASSPHRASE)
    assert faceplate("people", "import", file)[:2] == (ExitCode.OK, "1 people imported: Ada\n")
    (after,) = gallery.people()
    assert (after.id, after.rights, after.enrolled) == (before.id, before.rights, before.enrolled)
    assert after.bundle != before.bundle
    assert len(after.anchors[0].embedding) > len(before.anchors[0].embedding), "it is this bundle's own"
    types(monkeypatch, PASSPHRASE)
    assert faceplate("people", "import", file)[1] == "0 people imported; 1 were there already\n"
    commands = [row["command"] for row in rows(config)]
    assert commands[1:] == ["people.note_exported", "people.remove", "people.note_enrolled"]


@pytest.fixture
def other_door(tmp_path, config):
    """Another door's gallery, nobody in it yet, and the options that make it a command's."""
    people, key = tmp_path / "other" / "people", tmp_path / "other" / "gallery.key"
    journal = tmp_path / "other" / "journal.sqlite3"
    sets = (("people.store", people), ("people.key_file", key), ("journal.path", journal))
    del config
    return Gallery(people, key), [word for name, value in sets for word in ("--set", f"{name}={value}")]


def test_one_person_moves_to_another_door_whose_operator_agrees(faceplate, gallery, other_door, tmp_path, monkeypatch):
    other, there = other_door
    with gallery.changing():
        gallery.save(person("Bob", [ONE, ONE]))
    faceplate("people", "set", "Bob", "--role", "owner")
    address = faceplate("people", "address", *there)[1].strip()
    assert faceplate("people", "address", *there)[1].strip() == address, "it stays"
    assert faceplate("people", "address")[1].strip() != address
    file = tmp_path / "bob.people"
    code, out, _ = faceplate("people", "export", file, "--only", "bob", "--for", address.lower().replace("-", " "))
    assert (code, out) == (ExitCode.OK, f"1 people in {file}, for the door {address}\n")
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(StoreError, match=f"this archive is for the door {address}, and this one is"):
        faceplate("people", "import", file)

    for answer in ("", "n", "what?"):
        types(monkeypatch, answer)
        with pytest.raises(EnrolmentError, match="nobody was imported"):
            faceplate("people", "import", file, *there)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(EnrolmentError, match="nobody was imported"):
        faceplate("people", "import", file, *there)
    assert other.people() == []

    types(monkeypatch, "y")
    code, out, _ = faceplate("people", "import", file, *there)
    assert code == ExitCode.OK
    assert "Bob  2 pictures" in out.splitlines()[0]
    assert "owner" in out.splitlines()[0]
    assert out.endswith("1 people imported: Bob\n")
    (moved,) = other.people()
    assert (moved.id, moved.rights) == (gallery.find("Bob").id, Rights(Role.OWNER))
    assert faceplate("people", "import", file, "--yes", *there)[1].endswith("0 people imported; 1 were there already\n")


def test_of_an_archive_one_person_alone_can_be_imported(faceplate, config, gallery, other_door, tmp_path):
    other, there = other_door
    with gallery.changing():
        gallery.save(person("Bob", [ONE]))
        gallery.save(person("Cleo", [ONE]))
    address = faceplate("people", "address", *there)[1].strip()
    file = tmp_path / "all.people"
    faceplate("people", "export", file, "--for", address, "--only", "Ada", "--only", "Cleo")
    assert rows(config)[-1]["arguments"] == {"address": address, "names": ["Ada", "Cleo"]}
    with pytest.raises(EnrolmentError, match="there is nobody called 'Bob'; there are: Ada, Cleo"):
        faceplate("people", "import", file, "--yes", "--only", "Cleo", "--only", "Bob", *there)
    assert other.people() == []
    faceplate("people", "import", file, "--yes", "--only", "cleo", *there)
    assert [somebody.name for somebody in other.people()] == ["Cleo"]


def test_nothing_is_exported_to_a_mistyped_address_or_of_somebody_unknown(faceplate, gallery, config, tmp_path):
    del gallery
    file = tmp_path / "file"
    address = faceplate("people", "address")[1].strip()
    with pytest.raises(EnrolmentError, match="there is a typing error in this address"):
        faceplate("people", "export", file, "--for", ("B" if address[0] != "B" else "C") + address[1:])
    with pytest.raises(EnrolmentError, match="nobody called 'Zoë'; there are: Ada"):
        faceplate("people", "export", file, "--for", address, "--only", "Zoë")
    assert not file.exists()
    assert not config.journal.path.exists(), "nothing was exported, nothing is noted"


def test_an_archive_that_cannot_be_read_or_written_is_an_error(faceplate, gallery, tmp_path, monkeypatch):
    types(monkeypatch, PASSPHRASE, PASSPHRASE)
    with pytest.raises(StoreError, match=r"cannot write .*missing"):
        faceplate("people", "export", tmp_path / "missing" / "file")
    with pytest.raises(StoreError, match=r"cannot read .*missing"):
        faceplate("people", "import", tmp_path / "missing")
    (tmp_path / "foreign").write_bytes(b"PK")
    with pytest.raises(StoreError, match="not a file that"):
        faceplate("people", "import", tmp_path / "foreign")
    assert gallery.count() == 1


def test_a_person_in_words():
    rights = Rights(
        Role.GUEST,
        enabled=False,
        valid_until=datetime.fromisoformat("2027-01-03T23:00:00+00:00"),
        schedule="visits",
        extended_time=True,
        detection_threshold=0.95,
        pin="scrypt$",
        duress_pin="scrypt$",
    )
    ada = facts_of(person("Ada", [ONE]))
    assert people_rights.in_words(ada, None) == "Ada  1 pictures  2026-01-02T03:04:05+00:00  resident"
    assert people_rights.in_words(ada | rights_record.facts_of(rights), "Europe/Berlin").split("  ")[3:] == [
        "guest",
        "DISABLED",
        "until 2027-01-04 00:00",
        "schedule: visits",
        "extended time",
        "detection_threshold: 0.95",
        "PIN: set",
        "duress PIN: set",
    ]


def words_of(parser, before=()):
    yield before
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from words_of(below, (*before, name))


def test_every_command_explains_itself(capsys):
    parser = argparse.ArgumentParser(prog="faceplate")
    commands = parser.add_subparsers()
    control.register(commands, common.config_options())
    people.register(commands, common.config_options())
    for words in words_of(parser):
        with pytest.raises(SystemExit):
            parser.parse_args([*words, "--help"])
        text = capsys.readouterr().out
        assert text.startswith(f"usage: {' '.join(('faceplate', *words))} ")
        assert not words or len(text.splitlines()) > 5


def test_an_order_to_the_door_does_not_wait_for_what_looks_at_pictures():
    code = "import sys, faceplate.commands.control; sys.exit('cv2' in sys.modules)"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
