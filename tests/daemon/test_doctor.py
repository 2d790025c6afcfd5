"""Each check of the doctor, on a part that is well and on one that is ill; real parts wherever they can be had."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
import pytest

from broker import Broker, Subscriber, free_port, send, set_password
from faceplate.__main__ import main
from faceplate.bridge.broker.link import Link
from faceplate.bridge.home_assistant.discovery import topic
from faceplate.bridge.home_assistant.entities import Home
from faceplate.bridge.messages import Topics
from faceplate.commands.demo import FOOTAGE
from faceplate.config import Config, SecondCameraConfig
from faceplate.config.door import InputConfig, InputsConfig
from faceplate.doctor import checks, hardware, machine, network, sight, storage
from faceplate.doctor.checks import CHECKS
from faceplate.doctor.finding import AS_ROOT, NO_ANSWER, Case, Check, Finding, Level, examined, fault, ok
from faceplate.doctor.sight import Sight
from faceplate.errors import CameraError, StoreError
from faceplate.journal.journal import Journal
from faceplate.liveness import LivenessMode
from faceplate.model.bundle import DEFAULT_BUNDLE
from faceplate.people.enrolment import Picture
from faceplate.pictures import read_picture
from faceplate.recognition import Recognition
from faceplate.types import Decision, Flaw, Frame, Outcome, Reason, Seconds
from fake_gpiod import FakeBoard
from mjpeg_server import MjpegServer, numbered_picture

ROOT = Path(__file__).parents[2]
ALL = {check.name: check for check in CHECKS}
RUNNING = {
    "mode": "locked",
    "lock": "locked",
    "alarms": [],
    "faults": [],
    "clock_trusted": True,
    "version": "0.1.0",
    "camera": "online",
    "fps": 14.8,
    "decision_ms_p95": 61.0,
}


@pytest.fixture
def case(config: Config, tmp_path: Path) -> Case:
    file = tmp_path / "config.yaml"
    file.write_text("", encoding="utf-8")
    file.chmod(0o640)
    return Case(config, file, Seconds(1.0))


def with_(case: Case, section: str, **values: object) -> Case:
    changed = getattr(case.config, section).model_copy(update=values)
    return Case(
        case.config.model_copy(update={section: changed}), case.config_file, case.seconds, case.status, case.silence
    )


def while_running(case: Case, **status: object) -> Case:
    return Case(case.config, case.config_file, case.seconds, {**RUNNING, **status})


def found(name: str, case: Case, **given: Any) -> Finding:
    """What the check of that name finds; its cure must be one that it may advise."""
    check = ALL[name]
    asked = Check(name, check.looks_at, lambda case: check.examine(case, **given), check.cures)
    finding = examined(asked, case)
    assert (finding.level is Level.OK) == (not finding.cure), finding
    assert finding.cure in {"", AS_ROOT, *check.cures}, finding
    return finding


def is_ill(finding: Finding, level: Level, cure: str, words: str = "") -> bool:
    assert (finding.level, finding.cure) == (level, cure), finding
    assert words in finding.found, finding
    return True


def is_well(finding: Finding, words: str = "") -> bool:
    assert finding.level is Level.OK, finding
    assert words in finding.found, finding
    return True


# What all have in common


def test_what_a_check_raises_is_a_fault_with_its_first_cure(case):
    def broken(_: Case) -> Finding:
        raise StoreError("scratched")

    assert examined(Check("x", "", broken, ("Polish it",)), case) == fault("scratched", "Polish it")


@pytest.mark.parametrize("wrapped", [False, True])
def test_where_it_may_not_look_it_wants_to_be_root(case, wrapped):
    def barred(_: Case) -> Finding:
        cause = PermissionError(13, "Permission denied")
        if wrapped:
            raise StoreError("cannot read the gallery") from cause
        raise cause

    assert examined(Check("x", "", barred, ("Polish it",)), case).cure == AS_ROOT


def test_an_error_of_the_program_itself_is_not_passed_off_as_a_finding(case):
    def wrong(_: Case) -> Finding:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        examined(Check("x", "", wrong, ("Polish it",)), case)


def test_names_and_cures_are_unique():
    assert len(ALL) == len(CHECKS)
    assert all(len(set(check.cures)) == len(check.cures) for check in CHECKS)


def test_the_page_shows_every_check_and_every_cure():
    assert checks.table() in (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8")


# daemon


def test_a_daemon_that_complains_of_nothing_is_well(case):
    assert is_well(found("daemon", while_running(case)), "the lock is locked")


@pytest.mark.parametrize("told", [{"faults": ["nobody is recognised"]}, {"alarms": ["door_forced_open"]}])
def test_what_the_daemon_complains_of_is_a_fault(case, told):
    assert is_ill(found("daemon", while_running(case, **told)), Level.FAULT, checks.SEE, next(iter(told.values()))[0])


def test_a_daemon_that_does_not_run_is_a_warning(case):
    silent = Case(case.config, case.config_file, case.seconds, silence="the daemon does not run")
    assert is_ill(found("daemon", silent), Level.WARNING, checks.START, "does not run")


@pytest.mark.parametrize("name", ["daemon", "camera"])
def test_a_daemon_that_runs_and_says_nothing_is_a_fault(case, name):
    mute = Case(case.config, case.config_file, case.seconds, silence="you may not speak to it", runs=True)
    assert is_ill(found(name, mute), Level.FAULT, NO_ANSWER)


# permissions


def test_closed_files_are_well(case):
    case.config.people.store.mkdir(mode=0o700)
    case.config.people.key_file.write_bytes(bytes(32))
    case.config.people.key_file.chmod(0o600)
    assert is_well(found("permissions", case))


@pytest.mark.parametrize("which", ["people.store", "people.key_file", "journal.path", "access.standing_file"])
def test_a_file_that_others_may_read_is_a_fault(case, which):
    section, key = which.split(".")
    path = getattr(getattr(case.config, section), key)
    path.touch()
    path.chmod(0o640)
    assert is_ill(found("permissions", case), Level.FAULT, storage.CLOSE, f"{path} is open to others (mode 0640)")


def test_a_configuration_that_others_may_write_is_a_fault(case):
    case.config_file.chmod(0o646)
    assert is_ill(found("permissions", case), Level.FAULT, storage.CLOSE, "config.yaml")


def test_a_configuration_with_a_password_is_closed_to_others_and_one_without_need_not_be(case):
    case.config_file.chmod(0o644)
    assert is_well(found("permissions", case))
    assert is_ill(
        found("permissions", with_(case, "camera", source="rtsp://user:word@camera/")), Level.FAULT, storage.CLOSE
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_record_of_another_user_is_a_fault(case):
    store = case.config.people.store
    store.mkdir(mode=0o700)
    (store / "anna.person").write_bytes(b"")
    (store / "anna.person").chmod(0o600)
    assert is_well(found("permissions", case))
    os.chown(store / "anna.person", 12345, -1)
    assert is_ill(found("permissions", case), Level.FAULT, storage.OWNER, "anna.person")


# models


def test_the_bundle_that_ships_is_well(case):
    assert is_well(found("models", case), "golden embedding")


def test_a_damaged_bundle_is_a_fault(case, tmp_path):
    folder = tmp_path / "bundle"
    shutil.copytree(DEFAULT_BUNDLE, folder)
    network_file = folder / "siamese.tflite"
    content = bytearray(network_file.read_bytes())
    content[1000] ^= 1
    network_file.write_bytes(content)
    assert is_ill(found("models", with_(case, "vision", bundle=folder)), Level.FAULT, sight.REINSTALL, "siamese.tflite")


# camera


def test_a_running_daemon_is_asked_how_its_camera_does(case):
    assert is_well(found("camera", while_running(case)), "14.8 frames/s")


def test_a_running_daemon_without_pictures_is_a_fault(case):
    assert is_ill(found("camera", while_running(case, camera="offline")), Level.FAULT, sight.CONNECT)


def test_a_running_daemon_with_few_pictures_is_a_warning(case):
    assert is_ill(found("camera", while_running(case, fps=4.0)), Level.WARNING, sight.FASTER, "15 were asked for")


def test_a_camera_that_is_not_there_is_a_fault(case):
    assert is_ill(found("camera", with_(case, "camera", source=99)), Level.FAULT, sight.CONNECT, "/dev/video99")


def test_faces_are_looked_for_in_what_the_camera_gives(case):
    played = with_(case, "camera", driver="replay", source=str(FOOTAGE / "man-and-woman.mp4"), frame_rate=1.0)
    finding = found("camera", played)
    assert is_ill(finding, Level.WARNING, sight.REAL, "usable in 100 %")


def bright() -> MjpegServer:
    """Whatever their numbers are, a quarter of its pictures is white."""
    return MjpegServer(picture=lambda number: numbered_picture(number | 0x5555))


def test_a_network_camera_is_looked_through(case):
    """Its numbered pictures are small, and sharp."""
    with bright() as server:
        finding = found("camera", with_(case, "camera", source=server.address, frame_rate=1.0))
    assert is_well(finding, "nobody stood before it")


def test_a_network_camera_that_sends_nothing_is_a_fault(case):
    with MjpegServer() as server:
        server.stall()
        finding = found("camera", with_(case, "camera", source=server.address, stall_timeout=Seconds(1.0)))
    assert is_ill(finding, Level.FAULT, sight.CONNECT)


def test_the_second_camera_is_looked_through_where_the_first_is_well(case):
    with bright() as server, bright() as other:
        beside = SecondCameraConfig(source=other.address, frame_rate=1.0, kind="view")
        both = with_(case, "camera", source=server.address, frame_rate=1.0, second=beside)
        assert is_well(found("camera", both), "before it; the second camera: ")


def test_a_second_camera_that_is_not_there_is_a_fault(case):
    with bright() as server:
        beside = SecondCameraConfig(source=99, kind="infrared")
        finding = found("camera", with_(case, "camera", source=server.address, frame_rate=1.0, second=beside))
    assert is_ill(finding, Level.FAULT, sight.CONNECT, "the second camera: there is no camera /dev/video99")


GOOD = Sight(frames=46, seconds=Seconds(3.0), brightness=110.0, sharpness=60.0, faces=40, usable=38)


@pytest.mark.parametrize(
    ("changed", "cure", "words"),
    [
        ({}, "", "15.0 frames/s, brightness 110 of 255, sharpness 60; a face in 40 frames, usable in 95 %"),
        ({"faces": 0, "usable": 0}, "", "nobody stood before it"),
        ({"brightness": 10.0}, sight.LIGHT, "too dark"),
        ({"brightness": 250.0}, sight.LIGHT, "too bright"),
        ({"sharpness": 3.0}, sight.FOCUS, "nothing in the picture is sharp"),
        ({"frames": 10}, sight.FASTER, "15 were asked for"),
        ({"usable": 10, "flaws": [Flaw.TOO_SMALL]}, sight.STAND, "usable in 25 % (too_small)"),
        ({"faces": 4, "usable": 0}, "", "usable in 0 %"),
    ],
)
def test_what_is_seen_is_judged(case, changed, cure, words):
    fields = {name: getattr(GOOD, name) for name in GOOD.__slots__} | changed
    finding = sight.judged(Sight(**fields), case.config.camera, case.config.vision.quality)
    assert finding.cure == cure
    assert words in finding.found


def frames(count: int, image: np.ndarray) -> Iterator[Frame]:
    return (Frame(number, Seconds(number / 10), image) for number in range(count))


def test_it_looks_for_as_long_as_it_was_asked_to():
    grey = np.full((120, 160, 3), 77, np.uint8)
    seen = sight.watched(frames(1000, grey), lambda _: [], Seconds(2.0))
    assert (seen.frames, seen.seconds, seen.fps) == (21, 2.0, 10.0)
    assert (round(seen.brightness), seen.sharpness, seen.faces) == (77, 0.0, 0)


def test_a_camera_that_gives_nothing_is_an_error():
    with pytest.raises(CameraError, match="no picture at all"):
        sight.watched([], lambda _: [], Seconds(2.0))


def test_a_camera_that_opens_and_stays_dark_is_not_waited_for_for_ever(case):
    waiting = sight._impatient(case.config.camera)
    for _ in range(5):
        waiting()
    with pytest.raises(CameraError, match="no picture came for 5 s"):
        waiting()


# pins


@pytest.fixture
def board() -> FakeBoard:
    return FakeBoard("/dev/gpiochip0", lines=28)


@pytest.fixture
def wired(case: Case) -> Case:
    return with_(case, "door", driver="gpiozero", inputs=InputsConfig(exit=InputConfig(line=5)))


def test_free_lines_are_well(wired, board):
    assert is_well(found("pins", wired, open_chip=board.open_chip), "line (free), exit (free)")
    assert board.requests == [], "looked at, and not taken"


def test_lines_that_the_daemon_holds_are_well(wired, board):
    board.lines[17].consumer = "faceplate"
    assert is_well(found("pins", wired, open_chip=board.open_chip), "line (held by faceplate)")


def test_a_line_that_another_program_holds_is_a_fault(wired, board):
    board.lines[5].consumer = "fan"
    assert is_ill(found("pins", wired, open_chip=board.open_chip), Level.FAULT, hardware.TAKEN, "exit by fan")


def test_a_line_that_the_chip_has_not_is_a_fault(wired, board):
    finding = found("pins", with_(wired, "door", line=28), open_chip=board.open_chip)
    assert is_ill(finding, Level.FAULT, hardware.WIRE, "has the lines 0 to 27, and not line (line 28)")


def test_a_chip_that_is_not_there_is_a_fault(wired):
    """By the real gpiod."""
    finding = found("pins", with_(wired, "door", chip="/dev/gpiochip99"))
    assert is_ill(finding, Level.FAULT, hardware.WIRE, "No such file")


def test_a_chip_that_this_user_may_not_open_is_a_fault(wired, board):
    board.permitted = False
    assert is_ill(found("pins", wired, open_chip=board.open_chip), Level.FAULT, AS_ROOT)


def test_a_door_without_lines_has_none_to_look_at(case):
    assert is_well(found("pins", case), "simulated")


# gallery


@pytest.fixture(scope="module")
def enrolled_once(tmp_path_factory: pytest.TempPathFactory, runtime: str) -> Path:
    folder = tmp_path_factory.mktemp("enrolled")
    people = Config().people.model_copy(update={"store": folder / "people", "key_file": folder / "gallery.key"})
    vision = Config().vision.model_copy(update={"runtime": runtime})
    pictures = [Picture(file.name, read_picture(file)) for file in sorted(FOOTAGE.glob("man-*.jpg"))]
    Recognition(vision, people).enrol("Daniel", pictures)
    return folder


@pytest.fixture
def enrolled(case: Case, enrolled_once: Path) -> Case:
    shutil.copytree(enrolled_once, case.config.people.store.parent, dirs_exist_ok=True)
    return case


def test_a_gallery_that_opens_is_well(enrolled):
    assert is_well(found("gallery", enrolled), "1 people, and each record opens")


def test_an_empty_gallery_is_a_warning(case):
    assert is_ill(found("gallery", case), Level.WARNING, storage.ENROL)


def test_a_gallery_under_another_key_is_a_fault(enrolled):
    enrolled.config.people.key_file.write_bytes(bytes(32))
    assert is_ill(found("gallery", enrolled), Level.FAULT, storage.KEY, "sealed with another key")


def test_a_gallery_without_its_key_is_a_fault(enrolled):
    enrolled.config.people.key_file.unlink()
    assert is_ill(found("gallery", enrolled, credentials=()), Level.FAULT, storage.KEY, "there is no gallery key")


def test_a_key_that_others_may_read_is_a_fault_though_nobody_is_enrolled(case):
    case.config.people.key_file.write_bytes(bytes(32))
    case.config.people.key_file.chmod(0o644)
    assert is_ill(found("gallery", case), Level.FAULT, storage.KEY, "can be read by others")


def test_a_key_that_only_systemd_has_is_well(enrolled, tmp_path):
    enrolled.config.people.key_file.unlink()
    (tmp_path / "faceplate.gallery.key").write_bytes(bytes(32))
    assert is_well(found("gallery", enrolled, credentials=(tmp_path,)), "it was not opened")


# journal


@pytest.fixture
def written(case: Case) -> Case:
    with closing(Journal(case.config.journal.path)) as journal:
        for number in range(5):
            journal.write(Decision(number, Seconds(number), Outcome.DENIED, Reason.CREDENTIAL_NOT_FOUND))
    return case


def test_a_whole_journal_is_well(written):
    assert is_well(found("journal", written), "the last 5 rows are intact")


def test_a_journal_that_is_not_there_yet_is_a_warning(case):
    assert is_ill(found("journal", case), Level.WARNING, storage.BEGIN)


def test_a_changed_row_is_a_fault(written):
    with closing(sqlite3.connect(written.config.journal.path)) as database, database:
        database.execute("UPDATE journal SET ts = '2026-01-01T00:00:00.000Z' WHERE seq = 3")
    assert is_ill(found("journal", written), Level.FAULT, storage.RESTORE, "row 3")


def test_a_file_that_is_no_journal_is_a_fault(case):
    case.config.journal.path.write_bytes(b"no database, and never was" * 100)
    assert is_ill(found("journal", case), Level.FAULT, storage.RESTORE)


@contextmanager
def as_nobody() -> Iterator[None]:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_journal_that_cannot_be_written_is_a_fault(written):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "journal.sqlite3"
        shutil.copy(written.config.journal.path, path)
        path.chmod(0o644)
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA journal_mode = DELETE")  # WAL needs a folder that can be written
        with as_nobody():
            finding = found("journal", with_(written, "journal", path=path))
    assert is_ill(finding, Level.FAULT, storage.WRITABLE, "cannot be written by this user")


# clock


@pytest.mark.parametrize("status", [None, RUNNING])
def test_a_clock_that_is_set_and_trusted_is_well(case, status):
    told = Case(case.config, case.config_file, case.seconds, status)
    assert is_well(found("clock", told, synchronised=lambda: True))


def test_a_clock_that_nobody_sets_is_a_warning(case):
    assert is_ill(found("clock", case, synchronised=lambda: False), Level.WARNING, machine.SYNCHRONISE)


def test_a_clock_that_the_daemon_does_not_trust_is_a_fault(case):
    distrusted = while_running(case, clock_trusted=False)
    assert is_ill(found("clock", distrusted, synchronised=lambda: True), Level.FAULT, machine.TRUST)


def test_the_kernel_says_whether_the_clock_is_set():
    assert machine.is_synchronised() in {True, False}


# disk


def test_a_disk_with_room_is_well():
    assert is_well(storage.room(2_000_000_000, "2000 MB"))


@pytest.mark.parametrize(("megabytes", "level"), [(499, Level.WARNING), (49, Level.FAULT), (0, Level.FAULT)])
def test_a_disk_without_room_is_not(megabytes, level):
    assert is_ill(storage.room(megabytes * 1_000_000, "little"), level, storage.ROOM)


def test_a_disk_that_is_read_only_is_a_fault(case):
    assert is_ill(found("disk", case, closed=lambda _: True), Level.FAULT, storage.REMOUNT)


def test_the_real_disk_is_looked_at_though_the_folder_is_not_there_yet(case, tmp_path):
    finding = found("disk", with_(case, "journal", path=tmp_path / "not" / "yet" / "journal.sqlite3"))
    assert f"MB are free at {tmp_path}" in finding.found


# temperature and power


@pytest.mark.parametrize("degrees", [None, 41.5, 79.9])
def test_a_cool_processor_is_well(case, degrees):
    assert is_well(found("temperature", case, read=lambda: degrees))


@pytest.mark.parametrize(("degrees", "level"), [(80.0, Level.WARNING), (95.0, Level.FAULT)])
def test_a_hot_processor_is_not(case, degrees, level):
    assert is_ill(found("temperature", case, read=lambda: degrees), level, hardware.COOL, f"{degrees:g} degrees")


def sensors(folder: Path, alarm: str) -> Path:
    """As a Raspberry Pi's kernel shows them."""
    for number, name in enumerate(("cpu_thermal", "rpi_volt")):
        (folder / f"hwmon{number}").mkdir()
        (folder / f"hwmon{number}" / "name").write_text(f"{name}\n")
    (folder / "hwmon1" / "in0_lcrit_alarm").write_text(f"{alarm}\n")
    return folder


def test_a_good_supply_is_well(case, tmp_path):
    assert is_well(found("power", case, sensors=sensors(tmp_path, "0")), "no under-voltage")


def test_a_supply_that_breaks_down_is_a_fault(case, tmp_path):
    assert is_ill(found("power", case, sensors=sensors(tmp_path, "1")), Level.FAULT, hardware.SUPPLY)


def test_a_machine_without_such_a_sensor_says_so(case, tmp_path):
    assert is_well(found("power", case, sensors=tmp_path), "does not tell")


# broker and Home Assistant


def speaking_to(case: Case, port: int, **bridge: object) -> Case:
    tls = case.config.bridge.tls.model_copy(update={"enabled": False})
    return with_(case, "bridge", **({"host": "127.0.0.1", "port": port, "tls": tls} | bridge))


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path, "allow_anonymous true") as broker:
        yield broker


@pytest.fixture
def strict_broker(tmp_path: Path) -> Iterator[Broker]:
    """It wants a password, and lets nobody read."""
    set_password(tmp_path / "passwords", "door", "right")
    access = tmp_path / "access"
    access.write_text("user door\ntopic write faceplate/#\n")
    access.chmod(0o600)
    with Broker(tmp_path, f"password_file {tmp_path / 'passwords'}", f"acl_file {access}") as broker:
        yield broker


def password(folder: Path, word: str) -> dict[str, object]:
    file = folder / "word"
    file.write_text(word)
    file.chmod(0o600)
    return {"username": "door", "password_file": file}


def test_a_broker_that_takes_us_is_well_and_is_told_nothing(case, broker):
    with Subscriber(broker) as watcher:
        assert is_well(found("broker", speaking_to(case, broker.port)), "as anybody")
        send(broker.port, "afterwards", b"x")
        watcher.wait_for_message("afterwards", "x")
        assert [message.topic for message in watcher.received()] == ["afterwards"]
    assert any("faceplate-front-door-doctor" in line for line in broker.process.lines), "not under the bridge's name"


def test_the_right_password_is_well(case, strict_broker, tmp_path):
    assert is_well(found("broker", speaking_to(case, strict_broker.port, **password(tmp_path, "right"))), "as door")


def test_a_wrong_password_is_a_fault(case, strict_broker, tmp_path):
    finding = found("broker", speaking_to(case, strict_broker.port, **password(tmp_path, "wrong")))
    assert is_ill(finding, Level.FAULT, network.REACH, "bridge.password_file")


def test_a_password_that_only_systemd_has_cannot_be_tried(case, strict_broker, tmp_path):
    (tmp_path / "faceplate.mqtt.password").write_text("right")
    finding = found("broker", speaking_to(case, strict_broker.port, username="door"), credentials=(tmp_path,))
    assert is_ill(finding, Level.WARNING, network.ASK_THE_BRIDGE)


def test_a_broker_that_is_not_there_is_a_fault(case):
    finding = found("broker", speaking_to(case, free_port()))
    assert is_ill(finding, Level.FAULT, network.REACH, "refused")
    assert "trying again" not in finding.found


# paho leaves the socket of a handshake that failed to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_broker_that_does_not_speak_tls_is_a_fault(case, broker):
    assert is_ill(
        found("broker", with_(case, "bridge", host="localhost", port=broker.port)), Level.FAULT, network.REACH
    )


def test_a_broker_that_nobody_set_up_is_a_warning(case):
    untouched = Case(case.config.model_copy(update={"bridge": Config().bridge}), case.config_file, case.seconds)
    assert is_ill(found("broker", untouched, credentials=()), Level.WARNING, network.NOT_SET_UP)


def test_plain_text_to_another_machine_is_a_warning(case, broker):
    assert is_ill(found("broker", speaking_to(case, broker.port, host="127.1")), Level.WARNING, network.PLAIN)


@pytest.fixture
def at_home(case: Case, broker: Broker) -> Case:
    return speaking_to(case, broker.port)


def retain(broker: Broker, topic: str, payload: bytes) -> None:
    send(broker.port, topic, payload, "-r")


SOON = Seconds(0.3)


def the_topic(case: Case) -> str:
    return topic(Home.of(case.config, Topics("faceplate/front-door")))


def test_a_door_that_was_not_announced_is_a_warning(at_home):
    assert is_ill(found("home_assistant", at_home, listen=SOON), Level.WARNING, network.ANNOUNCE)


@pytest.mark.parametrize("said", [None, b"online"])
def test_an_announced_door_is_well(at_home, broker, said):
    retain(broker, the_topic(at_home), b"{}")
    if said:
        retain(broker, "homeassistant/status", said)
    assert is_well(found("home_assistant", at_home, listen=SOON), "online" if said else "keeps no word")


def test_a_home_assistant_that_says_it_is_offline_is_a_warning(at_home, broker):
    retain(broker, the_topic(at_home), b"{}")
    retain(broker, "homeassistant/status", b"offline")
    assert is_ill(found("home_assistant", at_home, listen=SOON), Level.WARNING, network.HOME)


def test_a_broker_that_lets_us_read_nothing_is_a_warning():
    """mosquitto keeps that to itself; others say so."""

    class Refusing:
        def subscribe(self, topic: str) -> bool:
            return "status" not in topic

    finding = network.heard(cast("Link", Refusing()), "homeassistant/device/x/config", "homeassistant/status", SOON)
    assert is_ill(finding, Level.WARNING, network.ALLOW)


def test_without_a_broker_nothing_can_be_told_of_home_assistant(case):
    finding = found("home_assistant", speaking_to(case, free_port()))
    assert is_ill(finding, Level.WARNING, network.FIRST_THE_BROKER)


def test_a_home_assistant_that_nobody_wants_is_not_looked_for(case):
    unwanted = case.config.bridge.home_assistant.model_copy(update={"discovery": False})
    assert is_well(found("home_assistant", with_(case, "bridge", home_assistant=unwanted)), "not asked for")


# units


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs in systemd's place, that print what is written into files named after the unit."""
    for program in ("systemctl", "systemd-analyze"):
        file = tmp_path / "bin" / program
        file.parent.mkdir(exist_ok=True)
        file.write_text(f'#!/bin/sh\nfor unit; do :; done\nexec cat "{tmp_path}/{program}.$unit"\n')
        file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    for unit, exposure in {"faceplate": 0.6, "faceplate-bridge": 1.1}.items():
        shows(tmp_path, unit)
        line = f"→ Overall exposure level for {unit}.service: {exposure} SAFE\n"
        (tmp_path / f"systemd-analyze.{unit}.service").write_text(line)
    return tmp_path


def shows(folder: Path, unit: str, **changed: str) -> None:
    shown = {
        "LoadState": "loaded",
        "UnitFileState": "enabled",
        "ActiveState": "active",
        "Result": "success",
        "Type": "notify",
        "WatchdogUSec": "30s",
        "User": "nobody",  # one that every machine has
    }
    lines = [f"{key}={value}\n" for key, value in (shown | changed).items()]
    (folder / f"systemctl.{unit}.service").write_text("".join(lines))


@pytest.mark.usefixtures("systemd")
def test_units_that_run_watched_and_confined_are_well(case):
    assert is_well(found("units", case), "faceplate exposed 0.6 of 10; faceplate-bridge exposed 1.1 of 10")


@pytest.mark.parametrize(
    ("unit", "changed", "ill"),
    [
        ("faceplate", {"LoadState": "not-found"}, (Level.WARNING, machine.INSTALL)),
        ("faceplate", {"UnitFileState": "disabled"}, (Level.WARNING, machine.ENABLE)),
        ("faceplate", {"ActiveState": "failed", "Result": "watchdog"}, (Level.FAULT, machine.LOG)),
        ("faceplate", {"ActiveState": "inactive"}, (Level.WARNING, machine.LOG)),
        ("faceplate", {"WatchdogUSec": "0"}, (Level.WARNING, machine.SHIPPED)),
        ("faceplate", {"Type": "exec"}, (Level.WARNING, machine.SHIPPED)),
        ("faceplate", {"User": "no-such-user"}, (Level.FAULT, machine.USER)),
        ("faceplate", {"User": ""}, (Level.FAULT, machine.USER)),
        ("faceplate-bridge", {"User": "no-such-user"}, (Level.FAULT, machine.USER)),
        ("faceplate-bridge", {"ActiveState": "failed"}, (Level.FAULT, machine.LOG)),
        ("faceplate-kiosk", {"ActiveState": "failed"}, (Level.FAULT, machine.LOG)),
    ],
)
def test_units_that_are_not_as_they_should_be(case, systemd, unit, changed, ill):
    shows(systemd, unit, **changed)
    assert is_ill(found("units", case), *ill)


def test_a_bridge_that_nobody_enabled_is_no_fault(case, systemd):
    shows(systemd, "faceplate-bridge", UnitFileState="disabled", ActiveState="inactive")
    assert is_well(found("units", case))


@pytest.mark.parametrize(("source", "level"), [(0, Level.WARNING), ("rtsp://camera/", Level.OK)])
def test_a_lock_that_is_open_to_the_network_is_a_warning_unless_its_camera_is_there(case, systemd, source, level):
    line = "→ Overall exposure level for faceplate.service: 1.5 OK\n"
    (systemd / "systemd-analyze.faceplate.service").write_text(line)
    finding = found("units", with_(case, "camera", source=source))
    assert (finding.level, finding.cure) == (level, "" if level is Level.OK else machine.SHIPPED)


def test_a_machine_without_systemd_is_a_warning(case, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert is_ill(found("units", case), Level.WARNING, machine.INSTALL, "no systemd")


# liveness and lock


def test_no_liveness_is_a_warning(case):
    off = with_(case, "vision", liveness="off")
    assert is_ill(found("liveness", off), Level.WARNING, checks.PHOTOGRAPH, "a photograph can open")


@pytest.mark.parametrize("mode", sorted(set(get_args(LivenessMode)) - {"off"}))
def test_any_liveness_is_well_and_says_what_it_asks(case, mode):
    assert is_well(found("liveness", with_(case, "vision", liveness=mode)), f"the mode is {mode}: ")


def test_a_simulated_lock_is_a_warning(case):
    assert is_ill(found("lock", case), Level.WARNING, checks.WIRE_A_LOCK)


@pytest.mark.parametrize(("driver", "words"), [("gpiozero", "a strike"), ("none", "a kiosk")])
def test_a_real_lock_and_a_kiosk_are_well(case, driver, words):
    assert is_well(found("lock", with_(case, "door", driver=driver)), words)


# the command


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    file = tmp_path / "faceplate.yaml"
    file.write_text(
        "journal: {path: journal.sqlite3}\ncontrol: {socket: control.sock}\nvision: {liveness: off}\n", encoding="utf-8"
    )
    file.chmod(0o640)
    return file


def test_warnings_alone_are_no_failure(config_file, capsys):
    assert main(["doctor", "--config", str(config_file), "--only", "lock", "--only", "liveness"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in told[::2]] == [["warning", "liveness"], ["warning", "lock"]]
    assert all(line.strip().startswith("-> ") for line in told[1::2])


def test_a_fault_is_a_failure_and_every_finding_is_one_object(config_file, capsys):
    config_file.chmod(0o666)
    assert main(["doctor", "--config", str(config_file), "--only", "permissions", "--only", "lock", "--json"]) == 1
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["check"], one["level"]) for one in told] == [("permissions", "fault"), ("lock", "warning")]
    assert all(set(one) == {"check", "level", "found", "cure"} for one in told)


def test_a_daemon_that_hangs_up_on_everybody_is_a_fault(config_file, tmp_path, capsys):
    """Somebody listens at its socket, and says nothing."""

    def hang_up() -> None:
        listening.accept()[0].close()

    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(str(tmp_path / "control.sock"))
        listening.listen()
        thread = threading.Thread(target=hang_up)
        thread.start()
        assert main(["doctor", "--config", str(config_file), "--only", "daemon"]) == 1
        thread.join(10)
    assert "did not answer as it should" in capsys.readouterr().out


def test_a_daemon_that_does_not_run_is_told_of(config_file, capsys):
    assert main(["doctor", "--config", str(config_file), "--only", "daemon"]) == 0
    assert "the daemon does not run" in capsys.readouterr().out


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "601", "soon"])
def test_seconds_are_a_time(config_file, capsys, seconds):
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--config", str(config_file), "--seconds", seconds])
    assert ended.value.code == 2
    assert "--seconds" in capsys.readouterr().err


def test_a_well_door_has_nothing_to_say():
    assert ok("fine").cure == ""
