"""What systemd hears, on real sockets of the kinds it listens at."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from faceplate import supervision
from faceplate.errors import DoorError
from faceplate.service import Stop, keep_going
from faceplate.supervision import EVERY, Supervision, notify, supervised, tell_systemd
from faceplate.types import Seconds


@contextmanager
def systemd(address: str | bytes) -> Iterator[socket.socket]:
    """Plays systemd: listens at a path, or an abstract name."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listening:
        listening.bind(address)
        listening.settimeout(0)
        yield listening


def heard(listening: socket.socket) -> list[str]:
    told = []
    while True:
        try:
            told.append(listening.recv(4096).decode())
        except BlockingIOError:
            return told


class FakeClock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> Seconds:
        return Seconds(self.now)


def test_a_socket_at_a_path_is_told(tmp_path: Path) -> None:
    with systemd(str(tmp_path / "notify")) as listening:
        notify("READY=1\nSTATUS=grüßt", str(tmp_path / "notify"))
        assert heard(listening) == ["READY=1\nSTATUS=grüßt"]


def test_an_abstract_socket_is_told() -> None:
    name = f"faceplate-test-{os.getpid()}"
    with systemd(b"\0" + name.encode()) as listening:
        notify("WATCHDOG=1", f"@{name}")
        assert heard(listening) == ["WATCHDOG=1"]


def test_systemd_is_told_where_it_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with systemd(str(tmp_path / "notify")) as listening:
        tell_systemd("STOPPING=1")
        assert heard(listening) == ["STOPPING=1"]


def test_without_systemd_nobody_is_told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    tell_systemd("READY=1")
    assert caplog.text == ""


def test_a_systemd_that_is_gone_does_not_stop_the_door(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    notify("READY=1", str(tmp_path / "nobody"))
    assert "cannot be told" in caplog.text


def test_a_systemd_that_does_not_listen_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervision, "_PATIENCE", 0.01)
    with systemd(str(tmp_path / "notify")) as listening:
        for _ in range(10_000):  # more than any queue holds
            notify("WATCHDOG=1", str(tmp_path / "notify"))
            if caplog.text:
                break
        assert "cannot be told" in caplog.text
        assert set(heard(listening)) == {"WATCHDOG=1"}


def test_the_watchdog_is_fed_by_work_alone_and_not_by_every_frame() -> None:
    clock, told = FakeClock(), list[str]()
    supervision = Supervision(clock, told.append)
    supervision.ready("loading")
    for _ in range(30):
        clock.now += EVERY / 10
        supervision.moved("guarding")
    assert told[:2] == ["READY=1\nSTATUS=loading", "STATUS=guarding"]
    assert told[2:] == ["WATCHDOG=1"] * len(told[2:])
    assert len(told[2:]) in {2, 3}, "three seconds of frames, ten a second"
    clock.now += 1000
    assert len(told) < 6, "time alone feeds nothing"


def test_what_it_does_is_told_once() -> None:
    clock, told = FakeClock(), list[str]()
    supervision = Supervision(clock, told.append)
    supervision.ready("loading")
    for doing in ("loading", "guarding", "guarding", "waiting"):
        supervision.moved(doing)
    assert told[1:] == ["STATUS=guarding", "STATUS=waiting"]


def test_however_it_ends_systemd_hears_that_it_does() -> None:
    told = list[str]()
    with pytest.raises(ZeroDivisionError), supervised(lambda: None, "loading", FakeClock(), told.append):
        raise ZeroDivisionError
    assert [message.partition("\n")[0] for message in told] == ["READY=1", "STOPPING=1"]


def test_without_the_door_s_thread_nothing_is_fed() -> None:
    clock, told = FakeClock(), list[str]()

    def gone() -> None:
        raise DoorError("its thread is gone")

    with supervised(gone, "loading", clock, told.append) as moved:
        clock.now += 10
        with pytest.raises(DoorError, match="gone"):
            moved("guarding")
    assert "WATCHDOG=1" not in "\n".join(told)


class ToldAtOnce(Stop):
    """A stop whose waiting takes no time, and is told after so many waits."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.waits: list[float] = []
        self._after = after

    def wait(self, longest: Seconds) -> bool:
        self.waits.append(longest)
        if len(self.waits) == self._after:
            self()
        return self.told


def fails() -> None:
    raise DoorError("as always")


def test_while_nobody_watches_whoever_waits_to_try_again_says_so_each_second() -> None:
    stop, told = ToldAtOnce(after=8), list[str]()
    keep_going(
        fails, stop, lambda: told.append("failed"), lambda: told.append("rests"), waits=lambda: iter([2.5, 30.0])
    )
    assert stop.waits == [1.0, 1.0, 0.5, *[1.0] * 5]
    assert told == ["failed", *["rests"] * 3, "failed", *["rests"] * 5]


def test_an_attempt_that_hangs_is_not_told_of_as_progress() -> None:
    """Nothing is told between the beginning of an attempt and its end."""
    stop, told = ToldAtOnce(after=1), list[str]()

    def attempt() -> None:
        told.append("begins")
        told.append("ends")
        raise DoorError("as always")

    keep_going(attempt, stop, lambda: None, lambda: told.append("rests"), waits=lambda: iter([1.0]))
    assert told == ["begins", "ends", "rests"]


def test_what_serves_nobody_any_more_ends() -> None:
    with pytest.raises(DoorError, match="as always"):
        keep_going(fails, ToldAtOnce(after=3), lambda: None, fails)
