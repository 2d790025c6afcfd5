"""The keypad: from keys to PINs, and from the kernel's events to keys."""

from __future__ import annotations

import errno
import fcntl
import itertools
import logging
import math
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.door.drivers import keypad as keypad_module
from faceplate.door.drivers.keypad import Keypad
from faceplate.door.drivers.pin_entry import (
    DIGITS,
    IDLE,
    KEY_BACKSPACE,
    KEY_ENTER,
    KEY_ESC,
    KEY_KPENTER,
    MOST_DIGITS,
    PinEntry,
)
from faceplate.errors import StoreError
from faceplate.types import Seconds
from waiting import until

HEADER = Path("/usr/include/linux/input-event-codes.h")
KEY_A = 30
MAIN_ROW = dict(zip("1234567890", range(2, 12), strict=True))


def typed(keys, *, every=0.1, entry=None):
    """The PINs that came of these keys, a tenth of a second apart, and the entry that is left."""
    entry, pins = entry or PinEntry(), []
    for number, key in enumerate(keys):
        entry, pin = entry.press(key, Seconds(100 + number * every))
        if pin:
            pins.append(pin)
    return pins, entry


def keys_of(digits):
    return [MAIN_ROW[digit] for digit in digits]


@pytest.mark.skipif(not HEADER.exists(), reason="the kernel's headers are not installed (linux-libc-dev)")
def test_the_codes_are_those_of_the_kernel():
    codes = dict(re.findall(r"#define (KEY_\w+)\s+(\d+)\b", HEADER.read_text(encoding="utf-8")))
    expected = {int(codes[f"KEY_{row}{digit}"]): str(digit) for row in ("", "KP") for digit in range(10)}
    assert expected == DIGITS
    names = {"KEY_ESC": KEY_ESC, "KEY_BACKSPACE": KEY_BACKSPACE, "KEY_ENTER": KEY_ENTER, "KEY_KPENTER": KEY_KPENTER}
    assert names == {name: int(codes[name]) for name in names}


@pytest.mark.parametrize("key", DIGITS)
def test_every_digit_key_types_its_digit(key):
    assert typed([key, KEY_ENTER])[0] == [DIGITS[key]]


@pytest.mark.parametrize("key", [KEY_ENTER, KEY_KPENTER])
def test_either_enter_enters_and_the_next_begins_anew(key):
    assert typed([*keys_of("1234"), key, *keys_of("77"), key])[0] == ["1234", "77"]


@pytest.mark.parametrize("key", [KEY_BACKSPACE, KEY_ESC])
def test_clearing_clears_all(key):
    assert typed([*keys_of("1234"), key, *keys_of("56"), KEY_ENTER])[0] == ["56"]


def test_enter_alone_enters_nothing():
    assert typed([KEY_ENTER, KEY_KPENTER, KEY_ESC, KEY_ENTER])[0] == []


def test_other_keys_are_passed_over():
    assert typed([MAIN_ROW["1"], KEY_A, MAIN_ROW["2"], KEY_ENTER])[0] == ["12"]


def test_the_longest_pin_and_one_digit_more():
    longest = "123456789012"
    assert len(longest) == MOST_DIGITS == 12
    assert typed([*keys_of(longest), KEY_ENTER])[0] == [longest]
    pins, entry = typed([*keys_of(longest + "3"), KEY_ENTER])
    assert (pins, entry.digits) == ([], "")
    assert typed(keys_of(longest * 9))[1].digits == longest + "1"
    assert typed([*keys_of(longest * 9), KEY_ENTER, *keys_of("12"), KEY_ENTER])[0] == ["12"]


def test_what_was_left_for_ten_seconds_is_forgotten():
    assert IDLE == 10
    for after, pins in ((math.nextafter(10.0, 0), ["12"]), (10.0, ["2"])):
        entry, _ = PinEntry().press(MAIN_ROW["1"], Seconds(0.0))
        entry, _ = entry.press(MAIN_ROW["2"], Seconds(after))
        assert [entry.press(KEY_ENTER, Seconds(after))[1]] == pins
    entry, _ = PinEntry().press(MAIN_ROW["1"], Seconds(0.0))
    assert entry.press(KEY_ENTER, Seconds(10.0))[1] == ""


def test_any_key_keeps_it_from_being_forgotten():
    assert typed([MAIN_ROW["1"], KEY_A, MAIN_ROW["2"], KEY_ENTER], every=9.9)[0] == ["12"]


def test_what_is_typed_is_not_printed():
    _, entry = typed(keys_of("1234"))
    assert entry.digits == "1234"
    assert "1234" not in repr(entry)


@given(st.lists(st.sampled_from([*DIGITS, KEY_ENTER, KEY_KPENTER, KEY_BACKSPACE, KEY_ESC, KEY_A]), max_size=80))
def test_a_pin_is_the_digits_since_the_last_key_that_ended_or_cleared_one(keys):
    expected, digits = [], ""
    for key in keys:
        if key in DIGITS:
            digits += DIGITS[key]
        elif key != KEY_A:
            if key in {KEY_ENTER, KEY_KPENTER} and 0 < len(digits) <= MOST_DIGITS:
                expected.append(digits)
            digits = ""
    pins, entry = typed(keys)
    assert pins == expected
    assert len(entry.digits) <= MOST_DIGITS + 1


EV_SYN, EV_KEY, EV_MSC = 0, 1, 4
SYN_REPORT, SYN_DROPPED = 0, 3


def event(kind, code, value):
    return struct.pack("llHHi", 1_700_000_000, 5, kind, code, value)


def press(key):
    """What the kernel says of one key stroke on a USB keypad."""
    return b"".join(
        [
            event(EV_MSC, 4, 458_000 + key),
            event(EV_KEY, key, 1),
            event(EV_SYN, SYN_REPORT, 0),
            event(EV_KEY, key, 0),
            event(EV_SYN, SYN_REPORT, 0),
        ]
    )


def strokes(digits, *further):
    return b"".join(press(key) for key in [*keys_of(digits), *further])


class Rig:
    """A keypad on a FIFO that the test writes to."""

    def __init__(self, path, waits=lambda: itertools.repeat(Seconds(0.0))):
        self.path = path
        self.pins = []
        self.error = None
        self.now = 100.0
        self.keys = 0
        """How many keys were pressed: the clock is read for each"""
        self.keypad = Keypad(str(path), self._entered, self._clock, waits)
        self._writer = None
        self.closed = False

    def _clock(self):
        now = Seconds(self.now)
        self.keys += 1
        return now

    def _entered(self, digits):
        self.pins.append(digits)
        if self.error:
            raise self.error

    def plug(self):
        os.mkfifo(self.path)
        if self.keypad._thread.ident is None:
            self.keypad.start()

        def opened():
            try:
                self._writer = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                if error.errno != errno.ENXIO:  # nobody listens yet
                    raise
                return False
            return True

        until(opened)

    def write(self, events):
        os.write(self._writer, events)

    def unread(self):
        """How many bytes nobody has read yet."""
        return int.from_bytes(fcntl.ioctl(self._writer, termios.FIONREAD, bytes(4)), sys.byteorder)

    def unplug(self):
        os.close(self._writer)
        self._writer = None

    def expect(self, *pins):
        until(lambda: len(self.pins) >= len(pins))
        assert self.pins == list(pins)

    def close(self):
        if self.closed:
            return
        self.closed = True
        self.keypad.close()
        if self._writer is not None:
            os.close(self._writer)


@pytest.fixture
def rig(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    rig = Rig(tmp_path / "keypad")
    yield rig
    rig.close()
    assert not rig.keypad._thread.is_alive()
    said = [record.getMessage() for record in caplog.get_records("call")]
    assert said
    for pin in rig.pins:
        assert pin not in " ".join(said)


def test_a_pin_is_given_on(rig, caplog):
    rig.plug()
    rig.write(strokes("82640", KEY_ENTER))
    rig.expect("82640")
    rig.write(strokes("97531", KEY_KPENTER))
    rig.expect("82640", "97531")
    rig.close()
    assert caplog.messages == ["the keypad works"]


def test_a_key_that_is_held_counts_once(rig):
    rig.plug()
    held = [event(EV_KEY, MAIN_ROW["7"], value) for value in (1, 2, 2, 2, 0)]
    rig.write(b"".join(held) + strokes("1", KEY_ENTER))
    rig.expect("71")


def test_events_of_other_kinds_are_no_keys(rig):
    rig.plug()
    rig.write(event(2, MAIN_ROW["7"], 1) + event(EV_SYN, SYN_REPORT, 1) + strokes("11", KEY_ENTER))
    rig.expect("11")


def test_lost_events_void_what_was_typed(rig):
    rig.plug()
    rig.write(strokes("88") + event(EV_SYN, SYN_DROPPED, 0) + strokes("44", KEY_ENTER))
    rig.expect("44")


def test_events_that_come_in_pieces_are_put_together(rig):
    rig.plug()
    events = strokes("60606", KEY_ENTER)
    for start in range(0, len(events), 7):
        rig.write(events[start : start + 7])
        until(lambda: rig.unread() == 0)
    rig.expect("60606")


def test_the_time_between_keys_is_the_clocks(rig):
    rig.plug()
    rig.write(strokes("3333"))
    until(lambda: rig.keys == 4)
    rig.now += 10.0
    rig.write(strokes("2", KEY_ENTER))
    rig.expect("2")


def test_a_keypad_that_was_unplugged_is_opened_again_and_told_of_once(rig, caplog):
    rig.keypad.start()
    until(lambda: caplog.records)  # it is not there yet
    rig.plug()
    rig.write(strokes("555", KEY_ENTER) + strokes("66"))
    rig.expect("555")
    rig.path.unlink()
    rig.unplug()
    levels = [record.levelname for record in caplog.records]
    until(lambda: len(caplog.records) > len(levels) + 3)
    rig.plug()
    rig.write(strokes("777", KEY_ENTER))
    rig.expect("555", "777")
    levels = [record.levelname for record in caplog.records]
    assert [level for level in levels if level != "DEBUG"] == ["WARNING", "INFO", "WARNING", "INFO"]
    assert levels[levels.index("INFO") + 1] == "WARNING"
    assert "DEBUG" in levels[levels.index("INFO") :]
    absent, gone = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    begin = f"the keypad {rig.path} does not work and is tried again and again: "
    assert absent == f"{begin}[Errno 2] No such file or directory: '{rig.path}'"
    assert gone == f"{begin}[Errno 19] No such device"


@pytest.mark.parametrize(
    ("error", "level", "said"),
    [
        (StoreError("the disk is full"), "ERROR", "the disk is full"),
        (ValueError("84848"), "CRITICAL", "ValueError"),
    ],
)
def test_an_error_while_a_pin_is_answered_leaves_the_keypad_working(rig, caplog, error, level, said):
    rig.plug()
    rig.error = error
    rig.write(strokes("84848", KEY_ENTER))
    rig.expect("84848")
    rig.error = None
    rig.write(strokes("93939", KEY_ENTER))
    rig.expect("84848", "93939")
    (record,) = [record for record in caplog.records if "not answered" in record.message]
    assert (record.levelname, record.getMessage()) == (level, f"a PIN was not answered: {said}")


@pytest.mark.parametrize("where", ["nothing", "null", "terminal", "folder"])
def test_what_is_no_keypad_is_tried_again_until_it_is_closed(tmp_path, caplog, where):
    """A device that cannot be had for itself alone is none: its keys could reach somebody else."""
    caplog.set_level(logging.DEBUG)
    ours, theirs = pty.openpty()
    path = {"nothing": tmp_path / "x", "null": "/dev/null", "terminal": os.ttyname(theirs), "folder": tmp_path}[where]
    keypad = Keypad(str(path), print, lambda: Seconds(0.0), lambda: itertools.repeat(Seconds(0.0)))
    keypad.start()
    until(lambda: len(caplog.records) > 2)
    keypad.close()
    os.close(ours)
    os.close(theirs)
    levels = [record.levelname for record in caplog.records]
    assert levels[0] == "WARNING"
    assert set(levels[1:]) == {"DEBUG"}
    assert "does not work" in caplog.records[0].message


def test_a_terminal_named_by_mistake_does_not_take_the_service_along():
    """A service leads a session of its own: the first terminal it opens would be that session's, and end it."""
    ours, theirs = pty.openpty()
    script = (
        "import sys, time\nfrom faceplate.door.drivers.keypad import _opened\n"
        "try:\n    with _opened(sys.argv[1]): pass\nexcept OSError: pass\n"
        "print('tried', flush=True)\nsys.stdin.read()\nprint('alive')"
    )
    command = [sys.executable, "-c", script, os.ttyname(theirs)]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True, start_new_session=True) as service:
        assert service.stdout is not None
        assert service.stdout.readline() == "tried\n"
        os.close(theirs)
        os.close(ours)
        told, _ = service.communicate(timeout=20)
    assert (told, service.returncode) == ("alive\n", 0)


def test_it_is_closed_at_once_also_while_it_waits(tmp_path, caplog):
    asked = []

    def waits():
        asked.append("waits")
        return itertools.repeat(Seconds(3600.0))

    keypad = Keypad(str(tmp_path / "nothing"), print, lambda: Seconds(0.0), waits)
    keypad.start()
    until(lambda: caplog.records)
    keypad.close()
    assert not keypad._thread.is_alive()
    assert asked == ["waits"]


def test_a_keypad_that_does_not_end_is_said_and_not_waited_for(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(keypad_module, "_JOIN_TIMEOUT", 0.25)  # the test need not take longer
    asked, goes_on = threading.Event(), threading.Event()

    def entered(_):
        asked.set()
        assert goes_on.wait(10.0)

    rig = Rig(tmp_path / "keypad")
    rig.keypad = Keypad(str(rig.path), entered, rig._clock)
    rig.plug()
    rig.write(strokes("1", KEY_ENTER))
    assert asked.wait(10.0)
    rig.close()
    assert caplog.messages == ["the keypad's thread did not end within 0.25 s"]
    goes_on.set()
    rig.keypad._thread.join(10.0)
    assert not rig.keypad._thread.is_alive()


def test_the_program_can_end_whatever_the_keypads_thread_does(rig):
    rig.plug()
    rig.write(strokes("1", KEY_ENTER))
    rig.expect("1")
    assert rig.keypad._thread.daemon
    assert rig.keypad._thread.name == "keypad"


def test_one_that_was_never_started_can_be_closed(tmp_path):
    Keypad(str(tmp_path / "nothing"), print, lambda: Seconds(0.0)).close()


def test_the_waits_grow_to_half_a_minute():
    keypad = Keypad("/dev/null", print, lambda: Seconds(0.0))
    waits = list(itertools.islice(keypad._waits(), 20))
    keypad.close()
    assert waits[0] == 0.5, "the least of all"
    assert all(0.5 <= wait <= 30 for wait in waits)
    assert waits[-1] >= 15
