"""The whole daemon put together, on a real face and a simulated lock, and everything that may break it."""

from __future__ import annotations

import logging
import os
import queue
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from attacks import sources
from faceplate import app, equipment, playback, service
from faceplate.access.standing import Forgetful
from faceplate.camera.camera import Camera
from faceplate.camera.paired import PairedCamera
from faceplate.camera.recording import Stills
from faceplate.camera.replay import ReplayCamera
from faceplate.commands import asking
from faceplate.commands.demo import FOOTAGE
from faceplate.commands.signals import heard_signals
from faceplate.config import Config, SecondCameraConfig
from faceplate.config.door import InputConfig, InputsConfig, RingConfig
from faceplate.config.schedule import ALWAYS, NEVER
from faceplate.dashboard import Dashboard
from faceplate.door.drivers import simulated
from faceplate.door.drivers.simulated import SimulatedLock, SimulatedRing
from faceplate.door.hardware import Hardware
from faceplate.errors import CameraError, DoorError, FaceplateError, ModelError, SealError, StoreError
from faceplate.events import DoorEvent
from faceplate.journal import reader
from faceplate.journal.journal import Journal
from faceplate.journal.signing import load_signer
from faceplate.liveness import Liveness
from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate.people.enrolment import Picture
from faceplate.people.gallery import Gallery
from faceplate.people.household import Household
from faceplate.people.person import Anchor
from faceplate.people.rights_change import RightsChange
from faceplate.pictures import read_picture
from faceplate.recognition import Recognition, thresholds_of
from faceplate.service import Stop
from faceplate.settings import Settings
from faceplate.types import Colour, Decision, Frame, Likeness, Match, Outcome, Seconds, Show
from faceplate.vision.liveness.shining import LASTS
from mjpeg_server import MjpegServer
from waiting import listens

pytestmark = pytest.mark.once

MAN = FOOTAGE / "man-2.jpg"
STANDING = Stills(frame_rate=10.0, frames=6)
"""The man stands still for six frames: long enough to be let in on the third"""


@dataclass
class Diary:
    """A record in memory, which may be full from some entry on."""

    full: Callable[[Decision | DoorEvent], bool] = lambda _: False
    entries: list[Decision | DoorEvent] = field(default_factory=list)

    def write(self, entry: Decision | DoorEvent) -> None:
        if self.full(entry):
            raise StoreError("the diary is full")
        self.entries.append(entry)

    @property
    def granted(self) -> list[str | None]:
        return [e.person for e in self.entries if isinstance(e, Decision) and e.outcome is Outcome.GRANTED]

    @property
    def door(self) -> list[tuple[str, str]]:
        return [(e.type.value, e.cause) for e in self.entries if isinstance(e, DoorEvent)]


@pytest.fixture(scope="module")
def gallery_with_the_man(tmp_path_factory: pytest.TempPathFactory, runtime) -> Path:
    """A folder with a gallery, and its key, in which the man is enrolled."""
    folder = tmp_path_factory.mktemp("enrolled")
    people = Config().people.model_copy(update={"store": folder / "people", "key_file": folder / "gallery.key"})
    vision = Config().vision.model_copy(update={"runtime": runtime})
    pictures = [Picture(file.name, read_picture(file)) for file in sorted(FOOTAGE.glob("man-*.jpg"))]
    Recognition(vision, people).enrol("Daniel", pictures)
    return folder


@pytest.fixture
def enrolled(config: Config, gallery_with_the_man: Path) -> Config:
    """A configuration of a door that knows the man."""
    shutil.copytree(gallery_with_the_man, config.people.store.parent, dirs_exist_ok=True)
    return config


@pytest.fixture
def locks(monkeypatch: pytest.MonkeyPatch) -> list[SimulatedLock]:
    """Every lock that was built. The composition root asks for it, so it is there that a test must listen in."""
    built: list[SimulatedLock] = []

    def known_hardware(*given):
        hardware = simulated.hardware_of(*given)
        built.append(hardware.lock)
        return hardware

    monkeypatch.setattr(equipment, "simulated_hardware", known_hardware)
    monkeypatch.setattr(playback, "simulated_hardware", known_hardware)
    return built


def with_(config: Config, section: str, **values: object) -> Config:
    return config.model_copy(update={section: getattr(config, section).model_copy(update=values)})


def play(config: Config, diary: Diary, source: Path = MAN, show: Show = app.show_nothing) -> Diary:
    playback.replay(config, ReplayCamera(source, paced=False, stills=STANDING), diary, show)
    return diary


def a_film(folder: Path, frames: int, last: bytes | None = None) -> Path:
    """A folder of pictures of the man standing still; the last may be something else."""
    folder.mkdir()
    for number in range(frames):
        (folder / f"{number}.jpg").symlink_to(MAN)
    if last is not None:
        (folder / f"{frames}.jpg").write_bytes(last)
    return folder


def rows(config: Config) -> list[str]:
    return [row.event_type for row in reader.read(config.journal.path, 0, 100)]


def is_shut(lock: SimulatedLock) -> bool:
    """Locked, and let go of."""
    with pytest.raises(DoorError, match="closed"):
        lock.unlock(Seconds(1.0))
    return lock.locked


def test_an_enrolled_man_is_let_in_and_the_door_locks_behind_him(enrolled, locks):
    diary = play(enrolled, Diary())
    assert diary.granted == ["Daniel"]
    assert diary.door == [
        ("door_locked", "start"),
        ("door_unlocked", "access_granted"),
        ("door_locked", "release_time"),
    ]
    unlocked, locked = locks[0].moves[1:]
    assert 0 <= locked.time - unlocked.time - enrolled.door.release_time < 0.11, "a replay's time goes on by tenths"
    assert is_shut(locks[0])


def test_a_door_that_knows_nobody_lets_nobody_in(config, locks):
    diary = play(config, Diary())
    assert diary.granted == []
    assert diary.door == [("door_locked", "start")]
    assert len(locks[0].moves) == 1


def broken_gallery(config: Config) -> Show:
    def show(_frame: Frame, _matches: Sequence[Match], decision: Decision) -> None:
        if decision.outcome is Outcome.GRANTED:
            (person,) = config.people.store.glob("*.person")
            replacement = person.with_name("new")
            replacement.write_bytes(b"scribble")
            replacement.rename(person)

    return show


def is_grant(entry: Decision | DoorEvent) -> bool:
    return isinstance(entry, Decision) and entry.outcome is Outcome.GRANTED


def test_a_grant_that_cannot_be_written_down_never_opens(enrolled, locks):
    with pytest.raises(StoreError, match="diary is full"):
        play(enrolled, Diary(is_grant))
    assert len(locks[0].moves) == 1
    assert is_shut(locks[0])


def test_a_gallery_that_breaks_while_the_door_is_open_shuts_it(enrolled, locks):
    diary = Diary()
    with pytest.raises(SealError):
        play(enrolled, diary, show=broken_gallery(enrolled))
    assert diary.granted == ["Daniel"]
    assert diary.door[-1] == ("door_locked", "stop")
    assert is_shut(locks[0])


def test_a_camera_that_breaks_while_the_door_is_open_shuts_it(enrolled, locks, tmp_path):
    diary = Diary()
    film = a_film(tmp_path / "film", 5, last=b"not a picture")
    with pytest.raises(CameraError, match="broken picture"):
        playback.replay(enrolled, ReplayCamera(film, paced=False), diary, app.show_nothing)
    assert diary.door[-2:] == [("door_unlocked", "access_granted"), ("door_locked", "stop")]
    assert is_shut(locks[0])


def test_a_network_that_cannot_be_loaded_leaves_the_door_shut(enrolled, locks, monkeypatch):
    # `None` is how Python itself marks a module that cannot be imported.
    for module in ("ai_edge_litert.interpreter", "tflite_runtime.interpreter"):
        monkeypatch.setitem(sys.modules, module, None)
    diary = Diary()
    with pytest.raises(ModelError, match="Install"):
        play(enrolled, diary)
    assert diary.door == [("door_locked", "start")]
    assert is_shut(locks[0])


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What starts and closes during a run, in order. Each part tells it itself, in the place the root names."""
    told: list[str] = []

    def telling(kind: type) -> type:
        class Telling(kind):  # type: ignore[misc]  # one listener for three classes
            def __init__(self, *given, **options):
                super().__init__(*given, **options)
                told.append(f"start {kind.__name__}")

            def close(self):
                told.append(f"close {kind.__name__}")
                super().close()

        return Telling

    monkeypatch.setattr(simulated, "SimulatedLock", telling(SimulatedLock))
    for kind in (Journal, ReplayCamera):
        monkeypatch.setattr(equipment if kind is ReplayCamera else app, kind.__name__, telling(kind))
    return told


IN_ORDER = ["start SimulatedLock", "start Journal", "start ReplayCamera"]
# The door closes its lock while there still is a journal; the second time is for a run that got no door.
IN_REVERSE = ["close ReplayCamera", "close SimulatedLock", "close Journal", "close SimulatedLock"]


@pytest.fixture
def before_the_camera(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """What a run is to do when all is loaded, just before it opens its camera."""

    def happens(what: Callable[[], object]) -> None:
        opened = app.door_camera

        def door_camera(*given: Any) -> Camera:
            what()
            return opened(*given)

        monkeypatch.setattr(app, "door_camera", door_camera)

    return happens


def filmed(config: Config, film: Path) -> Config:
    return with_(config, "camera", driver="replay", source=str(film))


def nobody_stops_it(_stop: Stop) -> None:
    """The recording ends by itself."""


def test_a_run_starts_in_order_and_stops_in_reverse(enrolled, ends, tmp_path):
    config = filmed(enrolled, a_film(tmp_path / "film", 5))
    app.run(config, nobody_stops_it)
    assert ends == IN_ORDER + IN_REVERSE
    assert rows(config) == ["door_locked", "access_granted", "door_unlocked", "door_locked"]
    assert reader.verify(config.journal.path, load_signer(config.journal.key_file))[0].fault == ""


def test_a_run_without_a_camera_ends_as_orderly(enrolled, ends, tmp_path):
    with pytest.raises(CameraError, match="there is no"):
        app.run(filmed(enrolled, tmp_path / "nowhere"), nobody_stops_it)
    assert ends == [*IN_ORDER[:2], *IN_REVERSE[1:]]
    assert rows(enrolled) == ["door_locked"]


def test_a_run_with_another_key_ends_before_anybody_can_come(enrolled, ends, tmp_path):
    enrolled.people.key_file.write_bytes(bytes(32))
    with pytest.raises(SealError, match="sealed with another key"):
        app.run(filmed(enrolled, a_film(tmp_path / "film", 1)), nobody_stops_it)
    assert ends == [*IN_ORDER[:2], *IN_REVERSE[1:]]
    assert rows(enrolled) == ["door_locked"]


def test_a_run_whose_journal_cannot_be_written_never_opens(enrolled, ends, locks, tmp_path, before_the_camera):
    config = filmed(enrolled, a_film(tmp_path / "film", 5))
    with closing(sqlite3.connect(config.journal.path, isolation_level=None)) as somebody_else:
        before_the_camera(lambda: somebody_else.execute("BEGIN IMMEDIATE"))
        with pytest.raises(StoreError, match="locked"):
            app.run(config, nobody_stops_it)
        somebody_else.execute("ROLLBACK")
    assert "close SimulatedLock" in ends
    assert rows(config) == ["door_locked"]
    assert all(len(lock.moves) == 1 for lock in locks)


@pytest.mark.parametrize("second", [None, SecondCameraConfig(driver="replay", source="nowhere", kind="infrared")])
def test_a_daemon_with_a_second_camera_asks_it(enrolled, tmp_path, monkeypatch, second):
    """A living woman; the second camera, where there is to be one, is not plugged in."""
    seen: list[Liveness] = []

    def guard(camera, eyes, *_) -> None:
        images = sources.footage()[0].images[:12]
        frames = (Frame(number, Seconds(number * 0.2), image) for number, image in enumerate(images))
        seen.extend(sighting.liveness for frame in frames for sighting in eyes.see(frame))
        assert isinstance(camera, PairedCamera) == (second is not None)

    monkeypatch.setattr(app, "guard", guard)
    config = with_(filmed(enrolled, a_film(tmp_path / "film", 1)), "vision", liveness="passive")
    app.run(with_(config, "camera", second=second), nobody_stops_it)
    assert seen[-1] is (Liveness.LIVE if second is None else Liveness.UNSURE)


def test_a_run_ends_when_it_is_told_to(enrolled, ends, tmp_path, before_the_camera):
    stops: list[Stop] = []
    before_the_camera(lambda: [stop() for stop in stops])
    app.run(filmed(enrolled, a_film(tmp_path / "film", 1000)), stops.append)
    assert ends[-4:] == IN_REVERSE
    assert rows(enrolled) == ["door_locked"]


def test_a_run_that_is_told_so_at_once_opens_no_camera(enrolled, ends, tmp_path):
    app.run(filmed(enrolled, a_film(tmp_path / "film", 1000)), lambda stop: stop())
    assert ends == [*IN_ORDER[:2], *IN_REVERSE[1:]]
    assert rows(enrolled) == ["door_locked"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_the_networks_are_loaded_is_not_lost_whatever_they_make_of_it(
    enrolled, ends, tmp_path, monkeypatch, number
):
    """A door that is patient tries again whatever has failed, but never after it was told to stop."""
    tries = []

    class Interrupted(Recognition):
        def __init__(self, *given):
            tries.append(self)
            try:
                os.kill(os.getpid(), number)
                threading.Event().wait(0.05)
                super().__init__(*given)
            except KeyboardInterrupt as error:  # what an extension module does that is being initialised
                raise ModelError("initialization failed") from error

    monkeypatch.setattr(app, "Recognition", Interrupted)
    patient = with_(enrolled, "door", inputs=InputsConfig(exit=InputConfig(line=5)))
    with heard_signals() as stopping:
        app.run(filmed(patient, a_film(tmp_path / "film", 1000)), stopping)
    assert len(tries) == 1
    assert ends == [*IN_ORDER[:2], *IN_REVERSE[1:]]
    assert rows(enrolled) == ["door_locked"]


def test_a_run_without_a_journal_leaves_the_lock_locked(enrolled, locks, tmp_path):
    config = filmed(enrolled, a_film(tmp_path / "film", 1))
    with closing(Journal(config.journal.path)), pytest.raises(StoreError, match="another program"):
        app.run(config, nobody_stops_it)
    [lock] = locks
    assert [move.locked for move in lock.moves] == [True]
    with pytest.raises(DoorError, match="closed"):
        lock.unlock(Seconds(1.0))


def test_a_kiosk_tells_of_no_door(enrolled, tmp_path):
    config = with_(filmed(enrolled, a_film(tmp_path / "film", 5)), "door", driver="none")
    app.run(config, nobody_stops_it)
    assert rows(config) == ["access_granted"]


def test_a_lock_that_is_not_there_is_refused_and_never_simulated(config, locks, tmp_path):
    door = with_(filmed(config, a_film(tmp_path / "film", 1)), "door", driver="gpiozero", chip="/dev/gpiochip99")
    with pytest.raises(DoorError, match="gpiochip99"):
        app.run(door, nobody_stops_it)
    assert locks == []


def with_an_exit_button(config: Config) -> Config:
    inputs = InputsConfig(exit=InputConfig(line=5, debounce=Seconds(0.02)))
    return with_(config, "door", inputs=inputs, release_time=Seconds(0.5))


@contextmanager
def running(config: Config, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hardware]:
    """A daemon in a thread, and its hardware; stopped at the end."""
    built: queue.SimpleQueue[Hardware] = queue.SimpleQueue()

    def known_hardware(*given):
        hardware = simulated.hardware_of(*given)
        built.put(hardware)
        return hardware

    monkeypatch.setattr(equipment, "simulated_hardware", known_hardware)
    stop = Stop()
    monkeypatch.setattr(app, "Stop", lambda: stop)
    daemon = threading.Thread(target=app.run, args=(config, nobody_stops_it))
    daemon.start()
    try:
        yield built.get(timeout=10)
    finally:
        stop()
        daemon.join(20)
    assert not daemon.is_alive()


def soon(holds: Callable[[], bool]) -> None:
    """Wait until something holds, for as long as a busy machine may need."""
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end, "it never happened"
        threading.Event().wait(0.01)


def broken_gallery_key(config: Config) -> None:
    config.people.key_file.write_bytes(bytes(32))


def broken_journal(config: Config) -> None:
    config.journal.path.write_bytes(b"no database, and never was" * 100)


def broken_standing(config: Config) -> None:
    config.access.standing_file.mkdir()


def no_camera(config: Config) -> None:
    shutil.rmtree(str(config.camera.source))


@pytest.mark.parametrize("break_it", [broken_gallery_key, broken_journal, broken_standing, no_camera])
def test_the_exit_button_works_whatever_is_broken(enrolled, tmp_path, monkeypatch, break_it):
    config = with_an_exit_button(filmed(enrolled, a_film(tmp_path / "film", 1000)))
    break_it(config)
    with running(config, monkeypatch) as hardware:
        soon(lambda: any(name.name == "door" for name in threading.enumerate()))
        press(hardware)
        soon(lambda: hardware.lock.locked)
    assert [move.locked for move in hardware.lock.moves][-3:] == [True, False, True]


def press(hardware: Hardware) -> None:
    """Press and release the exit button, until it is heard: one that is pressed at the start does not count."""

    def is_heard() -> bool:
        hardware.switches.set(exit_pressed=False)
        threading.Event().wait(0.1)
        hardware.switches.set(exit_pressed=True)
        threading.Event().wait(0.1)
        return not hardware.lock.locked

    soon(is_heard)
    hardware.switches.set(exit_pressed=False)


def test_a_door_whose_own_thread_is_gone_ends_the_daemon(enrolled, tmp_path, monkeypatch):
    """Nobody inside is served by staying; systemd starts it anew."""
    config = with_an_exit_button(filmed(enrolled, a_film(tmp_path / "film", 1000)))

    class Broken(simulated.SimulatedSwitches):
        def read(self):
            raise ZeroDivisionError("a bug in a driver")

    monkeypatch.setattr(simulated, "SimulatedSwitches", Broken)
    with pytest.raises(ZeroDivisionError):
        app.run(config, nobody_stops_it)


@pytest.fixture
def systemd(tmp_path, monkeypatch) -> Iterator[Callable[[], list[str]]]:
    """Plays systemd: gives what it was told so far, line by line."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(0)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        told: list[str] = []

        def heard() -> list[str]:
            with suppress(BlockingIOError):
                while True:
                    told.extend(listening.recv(4096).decode().splitlines())
            return told

        yield heard


def test_systemd_hears_that_the_door_is_served_then_of_the_frames_and_of_the_end(enrolled, tmp_path, systemd):
    app.run(filmed(enrolled, a_film(tmp_path / "film", 25)), nobody_stops_it)
    told = systemd()
    assert told[:2] == ["READY=1", f"STATUS={app.LOADING}"]
    assert f"STATUS={app.GUARDING}" in told
    assert "WATCHDOG=1" in told[told.index(f"STATUS={app.GUARDING}") :]
    assert told[-2] == "STOPPING=1"


def test_systemd_hears_that_only_the_exit_button_is_served(enrolled, tmp_path, monkeypatch, systemd):
    config = with_an_exit_button(filmed(enrolled, tmp_path / "nowhere"))
    with running(config, monkeypatch):
        soon(lambda: f"STATUS={app.UNWATCHED}" in systemd())
        seen = len(systemd())
        soon(lambda: "WATCHDOG=1" in systemd()[seen:])


def test_a_network_camera_that_falls_silent_is_no_reason_to_end_the_daemon(enrolled, monkeypatch, systemd):
    with MjpegServer() as server:
        camera = {"driver": "opencv", "source": server.address, "stall_timeout": Seconds(30.0)}
        with running(with_(with_an_exit_button(enrolled), "camera", **camera), monkeypatch):
            soon(lambda: f"STATUS={app.GUARDING}" in systemd())
            server.stall()
            soon(lambda: f"STATUS={app.NO_PICTURES}" in systemd())
            seen = len(systemd())
            soon(lambda: "WATCHDOG=1" in systemd()[seen:])
            server.resume()
            soon(lambda: f"STATUS={app.GUARDING}" in systemd()[seen:])


def test_systemd_hears_nothing_of_a_door_that_could_not_be_locked(config, tmp_path, systemd):
    door = with_(filmed(config, a_film(tmp_path / "film", 1)), "door", driver="gpiozero", chip="/dev/gpiochip99")
    with pytest.raises(DoorError):
        app.run(door, nobody_stops_it)
    assert systemd() == []


def test_faces_are_answered_again_once_what_was_broken_is_mended(enrolled, tmp_path, monkeypatch):
    monkeypatch.setattr(service, "FIRST_WAIT", Seconds(0.05))
    config = with_an_exit_button(filmed(enrolled, tmp_path / "film"))
    with running(config, monkeypatch) as hardware:
        soon(lambda: "door_fault" in rows_if_any(config))
        a_film(tmp_path / "film", 1000)
        soon(lambda: len(hardware.lock.moves) > 1)
    told = rows(config)
    assert told[:3] == ["door_locked", "door_fault", "door_fault"], "it is broken, and it is mended"
    assert told[3:5] == ["access_granted", "door_unlocked"]


def rows_if_any(config: Config) -> list[str]:
    with suppress(StoreError):
        return rows(config)
    return []


def test_an_unforeseen_error_does_not_keep_anybody_inside(enrolled, tmp_path, monkeypatch):
    def unforeseen(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(app, "Recognition", unforeseen)
    config = with_an_exit_button(filmed(enrolled, a_film(tmp_path / "film", 5)))
    with running(config, monkeypatch) as hardware:
        press(hardware)


def test_a_lockdown_outlasts_the_run_and_an_open_mode_does_not(enrolled, tmp_path, monkeypatch):
    config = with_an_exit_button(filmed(enrolled, a_film(tmp_path / "film", 1000)))
    for command, arguments, after in (
        ("mode", {"mode": "unlocked"}, "locked"),
        ("lockdown", {"on": True}, "locked_down"),
        ("lockdown", {"on": False}, "locked"),
        ("mode", {"mode": "locked_open"}, "locked"),
        ("mode", {"mode": "blocked"}, "blocked"),
    ):
        with running(config, monkeypatch):
            soon(lambda: listens(config.control.socket))
            asking.order(config, command, **arguments)
        with running(config, monkeypatch):
            soon(lambda: listens(config.control.socket))
            assert asking.order(config, "status")["mode"] == after


def test_a_door_that_cannot_be_ordered_opens_all_the_same(enrolled, tmp_path, caplog):
    config = filmed(enrolled, a_film(tmp_path / "film", 5))
    config.control.socket.mkdir()
    app.run(config, nobody_stops_it)
    assert "access_granted" in rows(config)
    assert any("nobody can give orders" in message for message in caplog.messages)


def test_the_status_tells_how_the_loop_does(enrolled, tmp_path, monkeypatch):
    config = with_an_exit_button(filmed(enrolled, a_film(tmp_path / "film", 1000)))
    with running(config, monkeypatch):
        soon(lambda: listens(config.control.socket))
        soon(lambda: "access_granted" in rows_if_any(config))
        status = asking.order(config, "status")
    assert (status["camera"], status["presence"]) == ("online", True)
    assert 0 < status["decision_ms_p50"] <= status["decision_ms_p95"] < 10_000
    assert status["bundle"].startswith(load_bundle(DEFAULT_BUNDLE).manifest.name + "/")
    assert status["contract"] == 2


def test_without_a_camera_the_status_says_so(enrolled, tmp_path, monkeypatch):
    config = with_an_exit_button(filmed(enrolled, tmp_path / "nowhere"))
    with running(config, monkeypatch):
        soon(lambda: listens(config.control.socket))
        status = asking.order(config, "status")
    assert (status["camera"], status["presence"], status["fps"]) == ("offline", False, 0)


@pytest.fixture
def dashboards(monkeypatch: pytest.MonkeyPatch) -> list[Dashboard]:
    """Every dashboard that was built; what it does is ordered by others."""
    built: list[Dashboard] = []

    def known_dashboard(*given, **options):
        built.append(Dashboard(*given, **options))
        return built[-1]

    monkeypatch.setattr(app, "Dashboard", known_dashboard)
    return built


def without_a_camera(config: Config) -> Config:
    return filmed(with_an_exit_button(config), Path("nowhere"))


def with_an_exit_button_and_a_camera(config: Config) -> Config:
    return with_an_exit_button(config)


@pytest.mark.parametrize("kind", [lambda config: config, with_an_exit_button_and_a_camera, without_a_camera])
def test_an_ordered_restart_ends_the_run_with_the_door_locked(enrolled, tmp_path, locks, dashboards, kind):
    config = kind(filmed(enrolled, a_film(tmp_path / "film", 1000)))
    daemon = threading.Thread(target=app.run, args=(config, nobody_stops_it))
    daemon.start()
    sees = kind is not without_a_camera
    soon(lambda: ("access_granted" if sees else "door_fault") in rows_if_any(config))
    dashboards[0].restart()
    daemon.join(20)
    assert not daemon.is_alive()
    assert is_shut(locks[0])
    app.run(filmed(config, a_film(tmp_path / "another film", 1)), nobody_stops_it)
    app.run(filmed(config, a_film(tmp_path / "a third film", 1)), nobody_stops_it)
    reasons = [dashboard.facts()["restart_reason"] for dashboard in dashboards]
    assert reasons == ["first_start", "ordered", "stopped"]


def test_an_adjusted_threshold_outlasts_a_restart(enrolled, tmp_path, monkeypatch, dashboards):
    config = with_(with_an_exit_button(filmed(enrolled, a_film(tmp_path / "film", 1000))), "access", repeat_after=1.0)
    with running(config, monkeypatch):
        soon(lambda: "access_granted" in rows_if_any(config))
        dashboards[0].settings.adjust("detection_threshold", 1.0)
        status = asking.order(config, "status")
    assert status["settings"]["detection_threshold"] == 1.0
    assert status["bounds"]["detection_threshold"][1] == 1.0
    granted = rows(config).count("access_granted")
    with running(config, monkeypatch):
        soon(lambda: "access_denied" in rows(config))
    assert rows(config).count("access_granted") == granted, "a restart does not make it looser"


def test_somebody_known_is_a_stranger_to_a_stricter_threshold_on_the_very_next_frame(enrolled):
    settings = Settings(enrolled, Forgetful(), lambda _: None)
    recognition = Recognition(enrolled.vision, enrolled.people, settings.thresholds)
    settings.calibrated(recognition.thresholds)
    eyes, people = recognition.eyes(), recognition.recogniser()

    def taken_for() -> list[Likeness]:
        return [people.name(seen).likeness for seen in eyes.see(Frame(0, Seconds(0.0), read_picture(MAN)))]

    assert taken_for() == [Likeness.VERIFIED]
    settings.adjust("detection_threshold", 1.0)
    assert taken_for() == [Likeness.UNKNOWN]
    settings.adjust("detection_threshold", recognition.thresholds.detection)
    assert taken_for() == [Likeness.VERIFIED]
    settings.adjust("verification_threshold", 1.0)
    assert taken_for() == [Likeness.UNKNOWN]


def test_the_picture_of_a_grant_can_be_asked_for_where_the_owner_wants_that(enrolled, tmp_path, dashboards):
    config = filmed(enrolled, a_film(tmp_path / "film", 5))
    app.run(with_(config, "bridge", snapshot="enrolled"), nobody_stops_it)
    app.run(config, nobody_stops_it)
    last = dashboards[0].snapshots.last
    assert last is not None
    assert (last.person, last.outcome) == ("Daniel", Outcome.GRANTED)
    assert last.jpeg.startswith(b"\xff\xd8")
    assert dashboards[1].snapshots.last is None


@pytest.fixture(scope="module")
def a_woman_turning_her_head(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a minute of it."""
    folder = tmp_path_factory.mktemp("woman")
    for frame in ReplayCamera(FOOTAGE / "woman.mp4", paced=False).frames():
        picture = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
        for turn in range(12):
            cv2.imwrite(str(folder / f"{turn:02}-{frame.index:03}.png"), picture)
    return folder


def test_somebody_enrolled_from_afar_is_known_and_let_in_only_once_enabled(
    config, a_woman_turning_her_head, monkeypatch, dashboards
):
    config = with_an_exit_button(filmed(config, a_woman_turning_her_head))
    with running(config, monkeypatch):
        soon(lambda: bool(dashboards))
        dashboards[0].window.open("Eve", 60)
        soon(lambda: "people_changed" in rows_if_any(config))
        soon(lambda: "credential_not_enabled" in payloads(config))
        status = asking.order(config, "status")
        assert asking.order(config, "people.show", name="Eve")["enabled"] is False
    assert "access_granted" not in rows(config)
    assert status["people"] == 1
    assert (status["enrolment"]["open"], status["enrolment"]["pictures"]) == (False, 5)
    assert status["enrolment"]["result"].startswith("Eve is enrolled from 5 pictures")
    asked = Household(Gallery(config.people.store, config.people.key_file), {ALWAYS, NEVER})
    asked.change("Eve", RightsChange(enabled=True))
    with running(config, monkeypatch):
        soon(lambda: "access_granted" in rows(config))


def payloads(config: Config) -> str:
    return "".join(row.payload for row in reader.read(config.journal.path, 0, 1000))


def test_an_open_window_ends_with_the_run(enrolled, tmp_path, dashboards, before_the_camera):
    before_the_camera(lambda: dashboards[0].window.open("Eve", 60))
    app.run(filmed(enrolled, a_film(tmp_path / "film", 2)), nobody_stops_it)
    assert dashboards[0].window.state().facts() == {
        "open": False,
        "seconds": 0.0,
        "name": "Eve",
        "pictures": 0,
        "wanted": 5,
        "result": "it was closed",
    }


def test_a_stricter_threshold_lets_nobody_be_enrolled_twice(enrolled):
    settings = Settings(enrolled, Forgetful(), lambda _: None)
    recognition = Recognition(enrolled.vision, enrolled.people, settings.thresholds)
    settings.calibrated(recognition.thresholds)
    settings.adjust("detection_threshold", 1.0)
    with pytest.raises(FaceplateError, match="another name"):
        recognition.enrol("Dan", [Picture("man", read_picture(MAN))])


def likenesses(config: Config, change: Callable[[], object], at: int) -> tuple[list[Likeness], Diary]:
    """What the man is taken for on each frame, when the gallery changes after frame `at`."""
    seen: list[Likeness] = []

    def show(frame: Frame, matches: Sequence[Match], _decision: Decision) -> None:
        seen.extend(match.likeness for match in matches)
        if frame.index == at:
            change()

    diary = play(config, Diary(), show=show)
    return seen, diary


def test_somebody_removed_is_a_stranger_on_the_very_next_frame(enrolled):
    gallery = Gallery(enrolled.people.store, enrolled.people.key_file)

    def remove() -> None:
        gallery.remove(gallery.people()[0])

    seen, diary = likenesses(enrolled, remove, at=1)
    assert seen == [Likeness.VERIFIED] * 2 + [Likeness.UNKNOWN] * 4
    assert diary.granted == []


def test_somebody_added_is_known_on_the_very_next_frame(config, gallery_with_the_man):
    def add() -> None:
        shutil.copytree(gallery_with_the_man, config.people.store.parent, dirs_exist_ok=True)

    seen, diary = likenesses(config, add, at=1)
    assert seen == [Likeness.UNKNOWN] * 2 + [Likeness.VERIFIED] * 4
    assert diary.granted == ["Daniel"]


def test_somebody_enrolled_with_another_bundle_is_embedded_again(enrolled):
    gallery = Gallery(enrolled.people.store, enrolled.people.key_file)
    (man,) = gallery.people()
    nonsense = np.eye(64, dtype=np.float32)[0]
    gallery.save(replace(man, bundle="another", anchors=tuple(Anchor(a.crop, nonsense) for a in man.anchors)))
    assert play(enrolled, Diary()).granted == ["Daniel"]
    assert gallery.people()[0].bundle == "another", "what is stored is left as it is"


def test_one_enrolled_twice_is_refused_under_another_name(enrolled):
    with pytest.raises(FaceplateError, match="another name"):
        Recognition(enrolled.vision, enrolled.people).enrol("Dan", [Picture("man", read_picture(MAN))])


def test_thresholds_come_from_the_false_accept_rate_unless_the_owner_sets_them(config):
    bundle = load_bundle(DEFAULT_BUNDLE)

    def threshold(**people: object) -> float:
        return thresholds_of(config.people.model_copy(update=people), bundle).detection

    assert threshold(false_accept_rate=1e-5) == bundle.manifest.calibration.threshold(1e-5)
    assert threshold(false_accept_rate=1e-3) < threshold(false_accept_rate=1e-5)
    assert threshold(false_accept_rate=1e-5, detection_threshold=0.25) == 0.25
    with pytest.raises(ModelError, match="set detection_threshold yourself"):
        threshold(false_accept_rate=1e-12)


def test_the_thresholds_decide(enrolled):
    assert play(with_(enrolled, "people", detection_threshold=1.0), Diary()).granted == []


def test_the_owner_is_told_what_the_door_cannot_do(config, caplog):
    caplog.set_level(logging.WARNING)
    app.warn_of_gaps(config)
    app.warn_of_gaps(with_(config, "door", driver="none"))
    assert caplog.messages == [
        "no liveness: a photograph can open this door",
        "the lock is simulated: no door will open",
        "no liveness: a photograph can open this door",
    ]


RING = RingConfig(red=5, green=6, blue=13)
DARK = Colour()


def test_the_owner_is_told_of_a_ring_that_nobody_answers_or_not_in_time(config, caplog):
    ringed = with_(with_(config, "door", ring=RING), "vision", liveness="motion")
    app.warn_of_gaps(ringed)
    assert caplog.messages[1:] == [
        "the ring of light is simulated: no face answers it, and none opens without a challenge",
        "access.challenge.after (1.5) is less than the ring of light takes (3): all are asked",
    ]
    caplog.clear()
    patient = ringed.access.challenge.model_copy(update={"after": 4.0})
    app.warn_of_gaps(with_(with_(ringed, "access", challenge=patient), "door", driver="gpiozero"))
    assert caplog.messages == []


def test_there_is_a_ring_only_where_one_is_wired_and_it_is_dark_in_the_end(config):
    with equipment.lit(config.door) as ring:
        assert ring is None
    with equipment.lit(with_(config, "door", ring=RING).door) as ring:
        assert isinstance(ring, SimulatedRing)
        ring.shine(Colour(red=True))
    assert ring.shone[-1] == DARK


def test_a_ring_that_cannot_be_had_stops_nothing(config, caplog):
    door = with_(config, "door", driver="gpiozero", chip="/dev/gpiochip99", ring=RING).door
    with equipment.lit(door) as ring:
        assert ring is not None
        with pytest.raises(DoorError, match="gpiochip99"):
            ring.shine(DARK)
    assert caplog.messages == []


def test_a_ring_that_stays_lit_is_told_of(config, caplog, monkeypatch):
    def close(_: SimulatedRing) -> None:
        raise DoorError("it is stuck")

    monkeypatch.setattr(SimulatedRing, "close", close)
    with equipment.lit(with_(config, "door", ring=RING).door):
        pass
    assert caplog.messages == ["the ring of light may still shine: it is stuck"]


def test_while_the_camera_gives_no_pictures_the_ring_is_dark():
    ring, told = SimulatedRing(), []
    ring.shine(Colour(blue=True))
    app._blind(ring, told.append)
    assert ring.shone[-1] == DARK
    ring.close()
    app._blind(ring, told.append)
    app._blind(None, told.append)
    assert told == [app.NO_PICTURES] * 3


def test_a_face_is_shone_at_and_must_answer_and_an_empty_room_is_dark(enrolled):
    ring = SimulatedRing()
    recognition = Recognition(with_(enrolled, "vision", liveness="motion").vision, enrolled.people)
    eyes = recognition.watchful_eyes(ring)
    man = np.asarray(cv2.resize(read_picture(MAN), None, fx=2, fy=2), np.uint8)  # near enough to be lit
    empty = np.zeros_like(man)
    eyes.see(Frame(0, Seconds(time.monotonic()), empty))
    assert list(ring.shone) == [DARK]
    threading.Event().wait(LASTS)
    (seen,) = eyes.see(Frame(1, Seconds(time.monotonic()), man))
    assert seen.liveness is Liveness.UNSURE
    assert ring.shone[-1] != DARK
    eyes.see(Frame(2, Seconds(time.monotonic()), empty))
    assert ring.shone[-1] == DARK


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_daemon_with_the_door_locked(enrolled, tmp_path, number, runtime):
    film = a_film(tmp_path / "film", 3000)
    tree = {
        "people": {"store": "people", "key_file": "gallery.key"},
        "journal": {"path": "journal.sqlite3"},
        "camera": {"driver": "replay", "source": str(film)},
        "vision": {"runtime": runtime, "liveness": "off"},
        "door": {"release_time": 60},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(tree))
    command = [sys.executable, "-m", "faceplate", "run", "--config", str(tmp_path / "config.yaml")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as daemon:
        assert daemon.stderr is not None
        said = []
        for line in daemon.stderr:  # until the door is open, however long that takes
            said.append(line)
            if "simulated lock: unlocked" in line:
                daemon.send_signal(number)
                break
        rest = daemon.stderr.read()
    assert daemon.returncode == 0, "".join(said) + rest
    assert rows(enrolled) == ["door_locked", "access_granted", "door_unlocked", "door_locked"]
    assert '"stop"' in reader.read_last(enrolled.journal.path, 1)[0].payload
