"""What may be ordered, by whom, and what is written down of it: every command by enumeration."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from faceplate import __version__
from faceplate.config import CommandsConfig
from faceplate.control.peers import Peer, Ranks
from faceplate.control.protocol import Done, Fault, Refused, Request
from faceplate.errors import DoorError, EnrolmentError, FaceplateError, OrderRefusedError, StoreError
from faceplate.events import CommandEvent, DoorEventType, DoorMode, DoorStatus, Order
from faceplate.orders.door_commands import DoorOrders, StatusReport, door_commands, screen_command
from faceplate.orders.enrolment_commands import enrolment_commands
from faceplate.orders.orders import Orders
from faceplate.orders.people_commands import people_commands
from faceplate.orders.remote_commands import remote_commands
from faceplate.people.rights_change import RightsChange
from faceplate.types import Cue, Decision, Method, Outcome, Reason, Seconds

ANNA = Peer("anna", 1000, 4711)
MEMBER = Peer("member", 1001, 4712)
BRIDGE = Peer("faceplate-bridge", 990, 4713)
KIOSK = Peer("faceplate-kiosk", 991, 4714)
RANKS = Ranks(frozenset({0, ANNA.uid}), BRIDGE.uid, KIOSK.uid)

# What each mode is after an order, as far as these tests go; what is missing is refused.
MODES = {
    Order.ACCESS: DoorMode.ACCESSED,
    Order.LOCK: DoorMode.LOCKED,
    Order.UNLOCK: DoorMode.UNLOCKED,
    Order.BLOCK: DoorMode.BLOCKED,
    Order.LOCK_DOWN: DoorMode.LOCKED_DOWN,
    Order.LOCK_DOWN_RELEASE: DoorMode.LOCKED,
    Order.LOCK_OPEN: DoorMode.LOCKED_OPEN,
    Order.LOCK_OPEN_RELEASE: DoorMode.LOCKED,
}


class House:
    """Door, reception, people and journal in one, so that the order of all that is done can be seen."""

    def __init__(self):
        self.did: list[object] = []
        self.mode = DoorMode.LOCKED
        self.status_of_door = DoorStatus()
        self.error: FaceplateError | None = None
        self.journal_error: StoreError | None = None
        self.remember_error: StoreError | None = None
        self.access = Access()
        self.decision = Decision(None, Seconds(5.0), Outcome.GRANTED, Reason.VERIFIED, method=Method.PIN, holder="Ada")
        self.time = 100.0

    def _do(self, *what):
        if self.error is not None:
            raise self.error
        self.did.append(what)

    def order(self, order: Order) -> None:
        self._do("order", order)
        self.mode = MODES[order]

    def obey(self, decision: Decision) -> None:
        self._do("obey", decision)

    def status(self):
        raise AssertionError("nobody said whose status")

    def write(self, entry):
        if self.journal_error is not None:
            raise self.journal_error
        self.did.append(entry)

    def remember(self, mode):
        if self.remember_error is not None:
            raise self.remember_error
        self.did.append(("remember", mode))

    def enter_pin(self, digits, method=Method.PIN):
        self._do("enter_pin", digits, *([] if method is Method.PIN else [method]))
        return self.decision

    def silence(self):
        self._do("silence")

    def adjust(self, setting, value):
        self._do("adjust", setting, value)
        return {"setting": setting, "value": value}

    def enrol(self, seconds, name):
        self._do("enrol", seconds, name)
        return {"open": seconds > 0}

    def restart(self):
        self._do("restart")

    def snapshot(self):
        self._do("snapshot")
        return {"jpeg": ""}

    def rows(self, wanted):
        self._do("rows", wanted.after, wanted.limit)
        return {"rows": []}

    def switch_face_unlock(self, *, on):
        self._do("face", on)

    def clear_lockout(self):
        self._do("clear_lockout")

    def trust_clock(self):
        self._do("trust_clock")

    def everybody(self):
        self._do("everybody")
        return [{"name": "Ada"}]

    def one(self, name):
        self._do("one", name)
        return {"name": name}

    def remove(self, name):
        self._do("remove", name)
        return name

    def undo(self, name):
        self._do("undo", name)
        return {"name": name}

    def begin(self):
        self._do("begin")
        return {"session": KEY}

    def look(self, key, after):
        self._do("look", key, after)
        return {"frame": after + 1}

    def hint(self, key, cue):
        self._do("hint", key, cue)

    def end(self, key):
        self._do("end", key)

    def rename(self, name, new):
        self._do("rename", name, new)
        return {"name": new}

    def change(self, name, change):
        self._do("change", name, change)
        return {"name": name}

    def count(self):
        self._do("count")
        return 3

    def clock(self):
        return Seconds(self.time)

    def commands_done(self):
        return [what for what in self.did if isinstance(what, tuple)]

    def audited(self):
        return [what for what in self.did if isinstance(what, CommandEvent)]


class Access:
    def __init__(self):
        self.locked_out = Seconds(12.34)
        self.pin_locked_out = Seconds(0.0)
        self.face_unlock = True
        self.clock_trusted = False


class Door:
    def __init__(self, house):
        self.order, self.obey, self.silence = house.order, house.obey, house.silence
        self._house = house

    def status(self):
        return self._house.status_of_door if self._house.mode is DoorMode.LOCKED else DoorStatus(mode=self._house.mode)


class Reception:
    def __init__(self, house):
        self.enter_pin, self.switch_face_unlock = house.enter_pin, house.switch_face_unlock
        self.clear_lockout, self.trust_clock = house.clear_lockout, house.trust_clock
        self._house = house

    def status(self):
        return self._house.access


KEY = "0123456789abcdef" * 2
"""Of an enrolment"""

EVERYTHING = CommandsConfig(**dict.fromkeys(CommandsConfig.model_fields, True))


def orders_of(house, permitted=EVERYTHING):
    door, reception = Door(house), Reception(house)
    report = StatusReport(door, reception, house.count, Path("/var/lib/people"), house.clock)
    commands = door_commands(DoorOrders(door, reception, house, house.remember), report) | people_commands(house)
    commands |= enrolment_commands(house)
    door_orders = DoorOrders(door, reception, house, house.remember)
    commands |= remote_commands(permitted, door_orders, house, house.rows)
    commands |= screen_command(lambda: {"kind": "idle", "text": ""})
    return Orders(commands, house, RANKS)


@pytest.fixture
def house():
    return House()


@pytest.fixture
def orders(house):
    return orders_of(house)


def ask(orders, command, arguments=None, peer=ANNA):
    return orders.answer(peer, Request("1", command, arguments or {}))


def set_change(**given):
    return RightsChange.model_validate(given)


# For each command: arguments, what is then done, the result, and whether it is done without a record.
SOUND = {
    "unlock": [({}, [("order", Order.ACCESS)], {"mode": "accessed"}, False)],
    "lock": [({}, [("order", Order.LOCK), ("remember", DoorMode.LOCKED)], {"mode": "locked"}, True)],
    "mode": [
        ({"mode": mode}, [("order", order), ("remember", DoorMode(mode))], {"mode": mode}, unrecorded)
        for mode, order, unrecorded in (
            ("locked", Order.LOCK, True),
            ("unlocked", Order.UNLOCK, False),
            ("blocked", Order.BLOCK, True),
            ("locked_open", Order.LOCK_OPEN, False),
        )
    ],
    "lockdown": [
        (
            {"on": True},
            [("order", Order.LOCK_DOWN), ("remember", DoorMode.LOCKED_DOWN)],
            {"mode": "locked_down"},
            True,
        ),
        (
            {"on": False},
            [("order", Order.LOCK_DOWN_RELEASE), ("remember", DoorMode.LOCKED)],
            {"mode": "locked"},
            False,
        ),
    ],
    "face": [
        ({"on": True}, [("face", True)], {"face_unlock": True}, False),
        ({"on": False}, [("face", False)], {"face_unlock": False}, True),
    ],
    "lockout_clear": [({}, [("clear_lockout",)], {}, False)],
    "trust_clock": [({}, [("trust_clock",)], {}, False)],
    "people.list": [({}, [("everybody",)], {"people": [{"name": "Ada"}]}, True)],
    "people.show": [({"name": "ada"}, [("one", "ada")], {"name": "ada"}, True)],
    "people.remove": [({"name": "ada"}, [("remove", "ada")], {"name": "ada"}, True)],
    "people.undo": [({"name": "ada"}, [("undo", "ada")], {"name": "ada"}, True)],
    "enrolment.begin": [({"name": "Ada"}, [("begin",)], {"session": KEY}, False)],
    "people.rename": [({"name": "ada", "new": "Bea"}, [("rename", "ada", "Bea")], {"name": "Bea"}, False)],
    "people.note_enrolled": [({"name": "ada"}, [("one", "ada")], {"name": "ada"}, False)],
    "people.note_exported": [({}, [], {}, False), ({"address": "AAAA-BBBB", "names": ["Ada"]}, [], {}, False)],
    "silence": [({}, [("silence",)], {"alarms": []}, False)],
    "remote.lock": [({}, [("order", Order.LOCK), ("remember", DoorMode.LOCKED)], {"mode": "locked"}, True)],
    "remote.mode": [
        ({"mode": mode}, [("order", order), ("remember", DoorMode(mode))], {"mode": mode}, unrecorded)
        for mode, order, unrecorded in (
            ("locked", Order.LOCK, False),
            ("blocked", Order.BLOCK, True),
            ("locked_down", Order.LOCK_DOWN, True),
        )
    ],
    "remote.set": [
        ({"setting": "margin", "value": 0.2}, [("adjust", "margin", 0.2)], {"setting": "margin", "value": 0.2}, False)
    ],
    "remote.face_unlock": [
        ({"on": True}, [("face", True)], {"face_unlock": True}, False),
        ({"on": False}, [("face", False)], {"face_unlock": False}, True),
    ],
    "remote.enrolment": [
        ({"name": "Bea", "seconds": 60}, [("enrol", 60, "Bea")], {"open": True}, False),
        ({"seconds": 0}, [("enrol", 0, None)], {"open": False}, False),
    ],
    "remote.clear_alarm": [({}, [("silence",)], {"alarms": []}, False)],
    "remote.restart": [({}, [("restart",)], {}, False)],
    "remote.note_refused": [({"command": "unlock", "count": 3, "reason": "stale"}, [], {}, True)],
}
# These are shown by tests of their own below.
ENROLMENT = {
    "enrolment.look": ({"session": KEY, "after": 4}, ("look", KEY, 4), {"frame": 5}),
    "enrolment.hint": ({"session": KEY, "cue": "turn_left"}, ("hint", KEY, Cue.TURN_LEFT), {}),
    "enrolment.end": ({"session": KEY}, ("end", KEY), {}),
}
APART = {
    "status",
    "pin",
    "people.set",
    "remote.unlock",
    "remote.pin",
    "remote.journal",
    "snapshot",
    "screen",
    *ENROLMENT,
}
UNAUDITED = {"status", "remote.journal", "snapshot", "screen", *ENROLMENT}
CASES = [pytest.param((name, *case), id=f"{name} {case[0]}") for name, cases in SOUND.items() for case in cases]

# Arguments each command refuses, with the path the refusal names.
UNSOUND = {
    "status": ({"x": 1}, "arguments.x"),
    "unlock": ({"for": "Ada"}, "arguments.for"),
    "lock": ({"x": None}, "arguments.x"),
    "mode": ({"mode": "locked_down"}, "arguments.mode"),
    "lockdown": ({"on": 1}, "arguments.on"),
    "face": ({"on": "false"}, "arguments.on"),
    "lockout_clear": ({"x": 1}, "arguments.x"),
    "trust_clock": ({"x": 1}, "arguments.x"),
    "pin": ({"digits": 2580}, "arguments.digits"),
    "people.list": ({"x": 1}, "arguments.x"),
    "people.show": ({"name": ""}, "arguments.name"),
    "people.remove": ({"name": ["ada"]}, "arguments.name"),
    "people.undo": ({}, "arguments.name"),
    "enrolment.begin": ({"name": ""}, "arguments.name"),
    "enrolment.look": ({"session": KEY, "after": -1}, "arguments.after"),
    "enrolment.hint": ({"session": KEY, "cue": "dance"}, "arguments.cue"),
    "enrolment.end": ({"session": "../x"}, "arguments.session"),
    "people.rename": ({"name": "ada"}, "arguments.new"),
    "people.set": ({"name": "ada", "role": "king"}, "arguments.role"),
    "people.note_enrolled": ({}, "arguments.name"),
    "people.note_exported": ({"names": "Ada"}, "arguments.names"),
    "silence": ({"x": 1}, "arguments.x"),
    "remote.lock": ({"x": 1}, "arguments.x"),
    "remote.unlock": ({"pin": "25802"}, "arguments.pin"),
    "remote.mode": ({"mode": "unlocked"}, "arguments.mode"),
    "remote.set": ({"setting": "face_threshold", "value": 0.5}, "arguments.setting"),
    "remote.face_unlock": ({"on": 1}, "arguments.on"),
    "remote.pin": ({"pin": 2580}, "arguments.pin"),
    "remote.enrolment": ({"seconds": 301}, "arguments.seconds"),
    "remote.clear_alarm": ({"x": 1}, "arguments.x"),
    "remote.restart": ({"x": 1}, "arguments.x"),
    "remote.journal": ({"after": 0, "limit": 101}, "arguments.limit"),
    "remote.note_refused": ({"reason": "Not a word"}, "arguments.reason"),
    "snapshot": ({"x": 1}, "arguments.x"),
    "screen": ({"x": 1}, "arguments.x"),
}


def test_every_command_is_shown_here(orders):
    assert set(orders._commands) == set(SOUND) | APART == set(UNSOUND)


@pytest.mark.parametrize("case", CASES)
def test_it_is_written_down_and_then_done(house, orders, case):
    command, arguments, done, result, _ = case
    assert ask(orders, command, arguments) == Done(result)
    text = json.dumps(arguments, sort_keys=True, separators=(",", ":"))
    assert house.did == [CommandEvent(command, "anna (uid 1000, pid 4711)", text), *done]


@pytest.mark.parametrize("command", ENROLMENT)
def test_what_an_enrolment_asks_all_the_time_is_done_and_fills_no_journal(house, orders, command):
    arguments, done, result = ENROLMENT[command]
    house.journal_error = StoreError("the disk is full")
    assert ask(orders, command, arguments) == Done(result)
    assert house.did == [done]


@pytest.mark.parametrize("command", ["enrolment.begin", *ENROLMENT])
def test_the_bridge_has_no_part_in_an_enrolment(house, orders, command):
    arguments = ENROLMENT[command][0] if command in ENROLMENT else {"name": "Ada"}
    answer = ask(orders, command, arguments, BRIDGE)
    assert isinstance(answer, Refused)
    assert answer.reason is Fault.FORBIDDEN
    assert house.commands_done() == []


@pytest.mark.parametrize("case", CASES)
def test_without_a_record_what_secures_is_done_and_what_opens_is_not(house, orders, caplog, case):
    command, arguments, done, result, unrecorded = case
    house.journal_error = StoreError("the disk is full")
    answer = ask(orders, command, arguments)
    if unrecorded:
        assert answer == Done(result)
        assert house.did == done
        assert f"orders {command}" in caplog.text
        assert "the disk is full" in caplog.text
    else:
        why = f"{command} is not done, because it cannot be recorded: the disk is full"
        assert answer == Refused(Fault.NOT_RECORDED, why)
        assert house.did == []


@pytest.mark.parametrize("command", UNSOUND)
def test_a_member_of_the_group_may_ask_for_the_status_and_for_nothing_else(house, orders, command):
    arguments = SOUND[command][0][0] if command in SOUND else {}
    answer = ask(orders, command, arguments, MEMBER)
    if command == "status":
        assert isinstance(answer, Done)
        assert house.audited() == []
        return
    assert isinstance(answer, Refused)
    assert answer.reason is Fault.FORBIDDEN
    assert "control.operators" in answer.message
    assert house.commands_done() == []
    if command in UNAUDITED:
        assert house.audited() == []
        return
    (row,) = house.audited()
    assert (row.command, row.by) == (command, "member (uid 1001, pid 4712)")
    assert json.loads(row.arguments) == {key: value for key, value in arguments.items() if key != "digits"} | (
        {"digits": "**********"} if "digits" in arguments else {}
    )
    assert row.refused.startswith(f"forbidden: member may not order '{command}'")


def test_what_is_not_understood_of_a_forbidden_order_is_not_written_down(house, orders):
    assert ask(orders, "pin", {"digit": "1234"}, MEMBER).reason is Fault.FORBIDDEN
    (row,) = house.audited()
    assert row.arguments == "{}"


@pytest.mark.parametrize("command", UNSOUND)
def test_ill_typed_arguments_are_refused_with_their_path(house, orders, command):
    arguments, path = UNSOUND[command]
    answer = ask(orders, command, arguments)
    assert isinstance(answer, Refused)
    assert answer.reason is Fault.BAD_ARGUMENTS
    assert answer.message.startswith(f"{path}: ")
    assert house.commands_done() == []
    if command not in UNAUDITED:
        (row,) = house.audited()
        assert (row.command, row.arguments) == (command, "{}")
        assert row.refused.startswith(f"bad_arguments: {path}: ")


@pytest.mark.parametrize("command", UNSOUND)
def test_the_bridge_may_order_what_comes_from_afar_and_nothing_else(house, orders, command):
    arguments = SOUND[command][0][0] if command in SOUND else {}
    answer = ask(orders, command, arguments, BRIDGE)
    if command in {"status", "snapshot"} or command.startswith("remote."):
        assert isinstance(answer, Done) or answer.reason is Fault.BAD_ARGUMENTS
    else:
        assert answer.reason is Fault.FORBIDDEN
        assert house.commands_done() == []


@pytest.mark.parametrize("command", UNSOUND)
def test_the_screen_at_the_door_is_told_what_it_shows_and_may_order_nothing_else(house, orders, command):
    arguments = SOUND[command][0][0] if command in SOUND else {}
    answer = ask(orders, command, arguments, KIOSK)
    if command == "screen":
        assert answer == Done({"kind": "idle", "text": ""})
        assert house.did == []
    else:
        assert answer.reason is Fault.FORBIDDEN
        assert house.commands_done() == []


def test_without_such_a_user_only_operators_see_what_the_screen_shows(house):
    commands = screen_command(lambda: {"kind": "idle", "text": ""})
    orders = Orders(commands, house, Ranks(frozenset({0, ANNA.uid})))
    assert isinstance(ask(orders, "screen"), Done)
    assert {ask(orders, "screen", peer=peer).reason for peer in (MEMBER, BRIDGE, KIOSK)} == {Fault.FORBIDDEN}


def test_who_enters_a_pin_at_the_door_is_shown_what_came_of_it_and_from_afar_nothing_is_shown(house):
    shown: list[Decision] = []
    door_orders = DoorOrders(Door(house), Reception(house), house, house.remember, shown.append)
    orders = Orders(
        door_commands(door_orders, dict) | remote_commands(EVERYTHING, door_orders, house, house.rows), house, RANKS
    )
    assert isinstance(ask(orders, "remote.unlock", {"pin": "258025"}), Done)
    assert shown == []
    assert isinstance(ask(orders, "pin", {"digits": "2580"}), Done)
    assert shown == [house.decision]


REMOTE = {
    "lock": {},
    "unlock": {"pin": "258025"},
    "mode": {"mode": "blocked"},
    "set": {"setting": "margin", "value": 0.2},
    "face_unlock": {"on": False},
    "pin": {"pin": "2580"},
    "enrolment": {"seconds": 60},
    "clear_alarm": {},
    "restart": {},
    "journal": {"after": 7, "limit": 3},
}


@pytest.mark.parametrize("key", CommandsConfig.model_fields)
@pytest.mark.parametrize("peer", [ANNA, BRIDGE], ids=str)
def test_what_the_configuration_does_not_let_in_nobody_orders_from_afar(house, key, peer):
    orders = orders_of(house, EVERYTHING.model_copy(update={key: False}))
    answer = ask(orders, f"remote.{key}", REMOTE[key], peer)
    assert answer.reason is Fault.NOT_PERMITTED
    assert f"bridge.commands.{key} is false" in answer.message
    assert house.commands_done() == []
    others = {name for name in REMOTE if isinstance(ask(orders, f"remote.{name}", REMOTE[name], peer), Done)}
    assert others == set(REMOTE) - {key}


def test_locked_ends_a_lock_down_from_afar(house, orders):
    house.mode = DoorMode.LOCKED_DOWN
    assert ask(orders, "remote.mode", {"mode": "locked"}, BRIDGE) == Done({"mode": "locked"})
    assert house.commands_done() == [("order", Order.LOCK_DOWN_RELEASE), ("remember", DoorMode.LOCKED)]


def test_a_pin_from_afar_is_decided_on_written_down_and_obeyed_in_this_order(house, orders):
    assert ask(orders, "remote.unlock", {"pin": "258025"}, BRIDGE) == Done({"person": "Ada"})
    assert house.did == [
        CommandEvent("remote.unlock", str(BRIDGE), '{"pin":"**********"}'),
        ("enter_pin", "258025", Method.REMOTE_PIN),
        house.decision,
        ("obey", house.decision),
    ]


@pytest.mark.parametrize("outcome", [Outcome.DENIED, Outcome.NOTHING])
def test_a_pin_from_afar_that_opens_nothing_is_not_shown_at_the_door(house, orders, outcome):
    house.decision = Decision(None, Seconds(5.0), outcome, Reason.LOCKED_OUT, method=Method.REMOTE_PIN)
    answer = ask(orders, "remote.unlock", {"pin": "258025"}, BRIDGE)
    assert answer == Refused(Fault.DENIED, "locked_out: the door stays as it is")
    assert [what for what in house.did if not isinstance(what, CommandEvent)] == [
        ("enter_pin", "258025", Method.REMOTE_PIN),
        house.decision,
    ]
    assert house.audited()[-1].refused == "denied: locked_out: the door stays as it is"


@pytest.mark.parametrize(
    ("outcome", "reason", "answer"),
    [
        (Outcome.GRANTED, Reason.VERIFIED, Done({"outcome": "granted", "reason": "verified"})),
        (Outcome.NOTHING, Reason.FACE_NEEDED, Done({"outcome": "nothing", "reason": "face_needed"})),
        (Outcome.DENIED, Reason.INVALID_PIN, Refused(Fault.DENIED, "invalid_pin: the door stays as it is")),
    ],
)
def test_a_second_factor_from_afar_is_as_one_at_the_keypad(house, orders, outcome, reason, answer):
    house.decision = Decision(None, Seconds(5.0), outcome, reason, method=Method.PIN)
    assert ask(orders, "remote.pin", {"pin": "2580"}, BRIDGE) == answer
    assert house.commands_done() == [("enter_pin", "2580"), ("obey", house.decision)]


@pytest.mark.parametrize(("command", "arguments"), [("remote.journal", REMOTE["journal"]), ("snapshot", {})])
def test_what_only_shows_something_is_not_written_down(house, orders, command, arguments):
    house.journal_error = StoreError("the disk is full")
    assert isinstance(ask(orders, command, arguments, BRIDGE), Done)
    assert len(house.did) == 1


def test_every_fault_of_the_arguments_is_told_at_once(orders):
    answer = ask(orders, "people.set", {"name": "", "role": "king", "pin": "12x4", "detection_threshold": 1.5})
    assert isinstance(answer, Refused)
    assert [fault.split(":")[0] for fault in answer.message.split("; ")] == [
        "arguments.role",
        "arguments.detection_threshold",
        "arguments.pin",
        "arguments.name",
    ]
    assert "12x4" not in answer.message


def test_a_command_that_does_not_exist_is_refused_and_written_down_in_brief(house, orders):
    answer = ask(orders, "open_sesame" * 1000)
    assert isinstance(answer, Refused)
    assert answer.reason is Fault.UNKNOWN_COMMAND
    assert "there are: status, unlock, lock" in answer.message
    (row,) = house.audited()
    assert len(row.command) == len(row.refused) == 200
    assert len(answer.message) < 1000


def test_what_nobody_may_ask_without_a_journal_is_refused_all_the_same(house, orders, caplog):
    house.journal_error = StoreError("the disk is full")
    assert ask(orders, "unlock", {}, MEMBER).reason is Fault.FORBIDDEN
    assert "of that there is no record" in caplog.text


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OrderRefusedError("the door is locked down"), Fault.NOT_ALLOWED),
        (DoorError("the lock does not answer"), Fault.DOOR),
        (StoreError("cannot save"), Fault.STORE),
        (EnrolmentError("nobody called that"), Fault.PEOPLE),
        (FaceplateError("something else"), Fault.FAILED),
    ],
    ids=repr,
)
def test_what_cannot_be_done_is_answered_and_written_down(house, orders, error, reason):
    house.error = error
    assert ask(orders, "people.show", {"name": "ada"}) == Refused(reason, str(error))
    first, second = house.did
    assert first == CommandEvent("people.show", str(ANNA), '{"name":"ada"}')
    assert second == CommandEvent("people.show", str(ANNA), '{"name":"ada"}', f"{reason}: {error}")


def test_root_and_operators_may_order_and_nobody_else(house):
    orders = orders_of(house)
    for uid in (0, ANNA.uid):
        assert isinstance(ask(orders, "unlock", {}, Peer("x", uid, 1)), Done)
    for uid in (1, 999, 1001, 65534, -1):
        assert ask(orders, "unlock", {}, Peer("x", uid, 1)).reason is Fault.FORBIDDEN


@pytest.mark.parametrize("wanted", ["locked", "unlocked", "blocked"])
def test_another_mode_ends_locked_open(house, orders, wanted):
    house.mode = DoorMode.LOCKED_OPEN
    assert ask(orders, "mode", {"mode": wanted}) == Done({"mode": wanted})
    assert house.commands_done()[0] == ("order", Order.LOCK_OPEN_RELEASE)
    assert house.commands_done()[-1] == ("remember", DoorMode(wanted))


@pytest.mark.parametrize(("command", "arguments"), [("lock", {}), ("lockdown", {"on": True})])
def test_locking_ends_locked_open_too(house, orders, command, arguments):
    house.mode = DoorMode.LOCKED_OPEN
    assert isinstance(ask(orders, command, arguments), Done)
    assert house.commands_done()[0] == ("order", Order.LOCK_OPEN_RELEASE)


@pytest.mark.parametrize(("command", "arguments"), [("lockdown", {"on": False}), ("mode", {"mode": "locked_open"})])
def test_what_does_not_concern_locked_open_leaves_it(house, orders, command, arguments):
    house.mode = DoorMode.LOCKED_OPEN
    ask(orders, command, arguments)
    assert ("order", Order.LOCK_OPEN_RELEASE) not in house.did


def test_a_mode_that_cannot_be_kept_is_done_and_says_so(house, orders, caplog):
    house.remember_error = StoreError("read-only file system")
    assert ask(orders, "lockdown", {"on": True}) == Done(
        {"mode": "locked_down", "warning": "this will not outlast a restart: read-only file system"}
    )
    assert ("order", Order.LOCK_DOWN) in house.did
    assert "will not outlast a restart" in caplog.text


@pytest.mark.parametrize("on", [True, False])
def test_a_switch_of_face_unlock_that_cannot_be_kept_is_done_and_says_so(house, orders, on):
    house.error = StoreError("read-only file system")
    assert ask(orders, "face", {"on": on}) == Done(
        {"face_unlock": on, "warning": "this will not outlast a restart: read-only file system"}
    )


def test_a_mode_that_was_refused_leaves_what_is_remembered(house, orders):
    house.mode = DoorMode.LOCKED_DOWN
    house.error = OrderRefusedError("locked down")
    assert ask(orders, "lock").reason is Fault.NOT_ALLOWED
    assert house.commands_done() == [("remember", DoorMode.LOCKED_DOWN)]


def test_a_pin_is_decided_on_written_down_and_obeyed_in_this_order(house, orders):
    assert ask(orders, "pin", {"digits": "2580"}) == Done({"outcome": "granted", "reason": "verified"})
    assert house.did == [
        CommandEvent("pin", str(ANNA), '{"digits":"**********"}'),
        ("enter_pin", "2580"),
        house.decision,
        ("obey", house.decision),
    ]


def test_a_pin_whose_decision_cannot_be_written_down_opens_nothing(house):
    class Filling:
        """A disk that is full from the second row on."""

        rows = 0

        def write(self, entry):
            self.rows += 1
            if self.rows > 1:
                raise StoreError("the disk is full")
            house.did.append(entry)

    filling = Filling()
    door, reception = Door(house), Reception(house)
    commands = door_commands(DoorOrders(door, reception, filling, house.remember), dict)
    answer = ask(Orders(commands, filling, RANKS), "pin", {"digits": "2580"})
    assert answer == Refused(Fault.STORE, "the disk is full")
    assert house.commands_done() == [("enter_pin", "2580")]


def test_without_a_journal_no_pin_is_even_tried(house, orders):
    house.journal_error = StoreError("the disk is full")
    assert ask(orders, "pin", {"digits": "2580"}).reason is Fault.NOT_RECORDED
    assert house.did == []


def test_a_duress_pin_is_answered_like_any_other(house, orders):
    plain = ask(orders, "pin", {"digits": "2580"})
    house.decision = Decision(
        None, Seconds(5.0), Outcome.GRANTED, Reason.VERIFIED, method=Method.PIN, holder="Ada", duress=True
    )
    assert ask(orders, "pin", {"digits": "0852"}) == plain


@pytest.mark.parametrize("command", ["remote.unlock", "remote.pin"])
@pytest.mark.parametrize("given", [{"pin": "258025"}, {"pin": "25802x"}, {"pinn": "258025"}, {"pin": "2" * 13}])
def test_no_pin_from_afar_is_ever_written_or_logged(house, orders, caplog, command, given):
    with caplog.at_level(logging.DEBUG):
        answers = [ask(orders, command, given, peer) for peer in (BRIDGE, MEMBER)]
        house.journal_error = StoreError("the disk is full")
        answers += [ask(orders, command, given, peer) for peer in (BRIDGE, MEMBER)]
    (digits,) = given.values()
    assert digits not in f"{answers} {house.audited()} {caplog.text}"


@pytest.mark.parametrize("given", [{"digits": "2580"}, {"digits": "258x"}, {"digitz": "2580"}, {"digits": "2" * 13}])
@pytest.mark.parametrize("peer", [ANNA, MEMBER])
def test_no_pin_is_ever_written_or_logged(house, orders, caplog, given, peer):
    with caplog.at_level(logging.DEBUG):
        answer = ask(orders, "pin", given, peer)
        house.journal_error = StoreError("the disk is full")
        ask(orders, "pin", given, peer)
    (digits,) = given.values()
    seen = f"{answer} {house.audited()} {caplog.text}"
    assert digits not in seen


def test_rights_are_set_as_given_and_nothing_else(house, orders):
    given = {"name": "ada", "role": "guest", "valid_until": "2027-01-03T23:00:00Z", "schedule": None, "pin": "2580"}
    assert ask(orders, "people.set", given) == Done({"name": "ada"})
    row, (_, name, change) = house.did
    assert name == "ada"
    assert change.model_fields_set == set(given)
    assert change.pin.get_secret_value() == "2580"
    assert json.loads(row.arguments) == given | {"pin": "**********"}
    assert "2580" not in row.arguments


@pytest.mark.parametrize(
    ("given", "unrecorded"),
    [
        ({"enabled": False}, True),
        ({"enabled": True}, False),
        ({"enabled": False, "role": "owner"}, False),
        ({"role": "resident"}, False),
        ({}, False),
    ],
    ids=str,
)
def test_only_disabling_somebody_is_done_without_a_record(house, orders, given, unrecorded):
    house.journal_error = StoreError("the disk is full")
    answer = ask(orders, "people.set", given | {"name": "ada"})
    assert isinstance(answer, Done) == unrecorded
    assert bool(house.did) == unrecorded


def test_a_time_without_a_zone_is_refused(orders):
    answer = ask(orders, "people.set", {"name": "ada", "valid_until": "2027-01-03T23:00:00"})
    assert answer.reason is Fault.BAD_ARGUMENTS
    assert "arguments.valid_until: " in answer.message


def test_the_status(house, orders):
    house.time += 60.04
    house.status_of_door = DoorStatus(is_open=False, faults=("contact cannot be read",))
    assert ask(orders, "status", {}, MEMBER) == Done(
        {
            "mode": "locked",
            "lock": "locked",
            "bolt": None,
            "open": False,
            "alarms": [],
            "silenced": False,
            "faults": ["contact cannot be read"],
            "lockout": 12.3,
            "pin_lockout": 0.0,
            "face_unlock": True,
            "clock_trusted": False,
            "people": 3,
            "version": __version__,
            "store": "/var/lib/people",
            "uptime": 60.0,
        }
    )
    assert house.audited() == []


@pytest.mark.parametrize(("thrown", "told"), [(True, "thrown"), (False, "withdrawn"), (None, None)])
def test_the_status_tells_where_the_bolt_is(house, orders, thrown, told):
    house.status_of_door = DoorStatus(bolt_thrown=thrown)
    assert ask(orders, "status").result["bolt"] == told


@pytest.mark.parametrize(
    ("raised", "alarm"),
    [
        ("forced_open", DoorEventType.FORCED_OPEN),
        ("open_too_long", DoorEventType.OPEN_TOO_LONG),
        ("tampered", DoorEventType.TAMPER),
        ("jammed", DoorEventType.JAMMED),
    ],
)
def test_the_status_names_each_alarm(house, orders, raised, alarm):
    house.status_of_door = DoorStatus(**{raised: True})
    assert ask(orders, "status").result["alarms"] == [alarm.value]


@pytest.mark.parametrize(
    ("silenced", "told"),
    [
        (set(), False),
        ({DoorEventType.TAMPER}, False),
        ({DoorEventType.TAMPER, DoorEventType.JAMMED}, True),
    ],
)
def test_the_status_says_whether_everything_that_is_raised_was_silenced(house, orders, silenced, told):
    house.status_of_door = DoorStatus(tampered=True, jammed=True, silenced=frozenset(silenced))
    status = ask(orders, "status").result
    assert (status["silenced"], status["alarms"]) == (told, ["door_tamper", "door_jammed"])


def test_the_status_goes_by_what_the_lock_was_told_and_is_there_without_a_gallery_and_a_journal(house, orders):
    house.status_of_door = DoorStatus(lock_commanded_open=True)
    house.error, house.journal_error = StoreError("no gallery"), StoreError("no journal")
    status = ask(orders, "status").result
    assert (status["lock"], status["people"], status["open"]) == ("unlocked", None, None)
    json.dumps(status)


def test_every_fault_has_its_occasion():
    """Those of the connection are shown in test_control_server.py and test_control_protocol.py."""
    of_the_connection = {Fault.MALFORMED, Fault.TOO_LARGE, Fault.TOO_SLOW, Fault.TOO_MANY}
    shown = {Fault.UNKNOWN_COMMAND, Fault.BAD_ARGUMENTS, Fault.FORBIDDEN, Fault.NOT_RECORDED, Fault.NOT_ALLOWED}
    shown |= {Fault.DOOR, Fault.STORE, Fault.PEOPLE, Fault.FAILED, Fault.NOT_PERMITTED, Fault.DENIED}
    assert of_the_connection | shown == set(Fault)
