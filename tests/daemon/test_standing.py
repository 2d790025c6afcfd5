"""The file of what outlasts a restart: whatever happens to it, nothing opens."""

from __future__ import annotations

import json
import logging
import os
import stat
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faceplate.access.lockout import FRESH, Backoff, failed, remaining
from faceplate.access.standing import Standing, after_a_restart
from faceplate.config import AccessConfig
from faceplate.errors import StoreError
from faceplate.events import DoorMode
from faceplate.standing import StandingFile, to_bytes
from faceplate.types import Outcome, Reason, Seconds
from reception_desk import ADAS_PIN, NOON, World, access_rules, with_pin
from strategies_access import unknown, verified

RULES = AccessConfig()
LATER = Seconds(5000.0)
FIVE = Backoff(5, Seconds(160.0), Seconds(160.0))
SOME = Standing(
    FIVE,
    Backoff(2, Seconds(90.0)),
    face_unlock=False,
    mode=DoorMode.LOCKED_DOWN,
    adjusted={"margin": 0.15, "release_time": 3.5},
    latest=NOON,
)


def at(now: float) -> Seconds:
    return Seconds(now)


def opened(path: Path, now: Seconds = LATER, rules: AccessConfig = RULES) -> StandingFile:
    return StandingFile(path, rules, lambda: now)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "standing.json"


def test_where_there_is_no_file_it_is_a_first_start(path, caplog):
    assert opened(path).standing == Standing()
    assert not [record for record in caplog.records if record.levelno > logging.INFO]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert os.listdir(path.parent) == [path.name]  # noqa: PTH208 - every name, also a hidden one


def test_what_is_kept_comes_back_and_a_lock_out_begins_anew(path):
    opened(path).change(lambda _: SOME)
    again = opened(path).standing
    assert again == replace(SOME, visits=Backoff(5, at(5060.0), at(5060.0)), pins=Backoff(2, LATER))
    third = opened(path, at(3.0)).standing
    assert remaining(third.visits, at(3.0)) == 60


standings = st.builds(
    Standing,
    visits=st.sampled_from([FRESH, FIVE, Backoff(7, at(1.0))]),
    pins=st.sampled_from([FRESH, Backoff(3, at(9.0), at(9.0))]),
    face_unlock=st.booleans(),
    mode=st.sampled_from(DoorMode),
    adjusted=st.dictionaries(st.sampled_from(["margin", "release_time"]), st.floats(0, 60)),
    latest=st.none() | st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds have none
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(standings)
def test_nothing_that_is_kept_makes_the_next_start_looser(tmp_path: Path, standing: Standing):
    path = tmp_path / "standing.json"
    path.unlink(missing_ok=True)
    opened(path).change(lambda _: standing)
    again = opened(path).standing
    assert again.face_unlock is standing.face_unlock
    assert again.adjusted == standing.adjusted
    assert again.mode is after_a_restart(standing.mode)
    for before, after in ((standing.visits, again.visits), (standing.pins, again.pins)):
        assert after.failures == before.failures
        assert (after.until is not None) is (before.until is not None)
    assert again.latest == (standing.latest.replace(microsecond=0) if standing.latest else None)


@pytest.mark.parametrize("mode", DoorMode)
def test_a_restart_never_opens(mode):
    kept = {DoorMode.BLOCKED: DoorMode.BLOCKED, DoorMode.LOCKED_DOWN: DoorMode.LOCKED_DOWN}
    assert after_a_restart(mode) is kept.get(mode, DoorMode.LOCKED)


def as_bad_as_can_be(standing: Standing) -> bool:
    return (
        not standing.face_unlock
        and standing.mode is DoorMode.BLOCKED
        and remaining(standing.visits, LATER) == remaining(standing.pins, LATER) == 1800
    )


def changed(**values: object) -> bytes:
    tree = json.loads(to_bytes(SOME))
    tree["standing"] |= values
    return json.dumps(tree).encode()


def signed(tree: object, version: int = 2) -> bytes:
    """With a checksum that fits: written by another program, or another version of this one."""
    import hashlib  # noqa: PLC0415 - only here

    canonical = json.dumps(tree, sort_keys=True, separators=(",", ":")).encode()
    return json.dumps(
        {"version": version, "checksum": hashlib.sha256(canonical).hexdigest(), "standing": tree}
    ).encode()


GOOD = json.loads(to_bytes(SOME))["standing"]

DAMAGED = {
    "empty": b"",
    "zeros": b"\0" * 400,
    "not JSON": b"{",
    "no text": b"\xff\xfe",
    "a list": b"[]",
    "null": b"null",
    "cut": to_bytes(SOME)[:-20],
    "another version": to_bytes(SOME).replace(b'"version": 2', b'"version": 3'),
    "no version": b'{"standing": {}}',
    "fewer failures": changed(visits={"failures": 0, "locked_out": False}),
    "face unlock on": changed(face_unlock=True),
    "not locked down": changed(mode="locked"),
    "an earlier date": changed(latest="2020-01-01T00:00:00+00:00"),
    "no checksum": json.dumps({"version": 2, "standing": GOOD}).encode(),
    "signed, a part missing": signed({"visits": GOOD["visits"]}),
    "signed, another mode": signed(GOOD | {"mode": "ajar"}),
    "signed, negative": signed(GOOD | {"visits": {"failures": -1, "locked_out": True}}),
    "signed, a truth for a number": signed(GOOD | {"pins": {"failures": True, "locked_out": True}}),
    "signed, a text for a number": signed(GOOD | {"pins": {"failures": "2", "locked_out": True}}),
    "signed, a list for a part": signed(GOOD | {"visits": [5]}),
    "signed, no zone": signed(GOOD | {"latest": "2026-06-03T12:00:00"}),
    "signed, no date": signed(GOOD | {"latest": "soon"}),
    "signed, a number for a date": signed(GOOD | {"latest": 5}),
    "a wider margin": changed(adjusted={"margin": 0.01}),
    "signed, nothing adjusted": signed({name: part for name, part in GOOD.items() if name != "adjusted"}),
    "signed, a truth for a setting": signed(GOOD | {"adjusted": {"margin": True}}),
    "signed, a text for a setting": signed(GOOD | {"adjusted": {"margin": "0.1"}}),
    "signed, no number for a setting": signed(GOOD | {"adjusted": {"margin": float("nan")}}),
    "signed, a list for settings": signed(GOOD | {"adjusted": [0.1]}),
    "deep": b"[" * 30_000,
    "huge": b" " * 10_000_000 + to_bytes(SOME),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_file_that_is_not_ours_is_as_bad_as_can_be(path, kind, caplog):
    path.parent.mkdir()
    path.write_bytes(DAMAGED[kind])
    file = opened(path)
    assert as_bad_as_can_be(file.standing)
    [told] = [record.getMessage() for record in caplog.records if record.levelno == logging.CRITICAL]
    for cure in ("faceplate mode locked", "faceplate face on", "faceplate lockout clear", ".damaged"):
        assert cure in told
    assert path.with_name("standing.json.damaged").read_bytes() == DAMAGED[kind]
    assert as_bad_as_can_be(opened(path).standing), "a restart does not make it better"


def test_the_file_of_an_earlier_version_is_read(path):
    path.parent.mkdir()
    earlier = {name: part for name, part in GOOD.items() if name != "adjusted"}
    path.write_bytes(signed(earlier, version=1))
    standing = opened(path).standing
    assert (standing.mode, standing.face_unlock, standing.latest) == (SOME.mode, SOME.face_unlock, SOME.latest)
    assert standing.visits.failures == 5
    assert standing.adjusted == {}
    assert json.loads(path.read_bytes())["version"] == 2, "and from then on kept as this version keeps it"


@pytest.mark.parametrize("truth", [None, 0, 1, "true", "no", []])
def test_only_a_plain_true_switches_faces_on_and_only_a_plain_false_means_no_lock_out(path, truth):
    path.parent.mkdir()
    path.write_bytes(signed(GOOD | {"face_unlock": truth, "visits": {"failures": 5, "locked_out": truth}}))
    assert opened(path).standing.face_unlock is False
    assert remaining(opened(path).standing.visits, LATER) == 60


def test_every_byte_that_changes_is_seen(path):
    path.parent.mkdir()
    whole = to_bytes(replace(SOME, face_unlock=True))
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        standing = opened(path).standing
        same = (standing.mode, standing.latest, standing.visits.failures, standing.pins.failures, standing.face_unlock)
        assert as_bad_as_can_be(standing) or same == (SOME.mode, SOME.latest, 5, 2, True), place


def test_only_changes_are_written(path):
    file = opened(path)
    file.change(lambda _: SOME)
    before = path.stat().st_mtime_ns, path.stat().st_ino
    file.change(lambda standing: standing)
    file.change(lambda standing: replace(standing, pins=Backoff(2, at(1.0))))  # the same, but for monotonic time
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before
    file.change(lambda standing: replace(standing, face_unlock=True))
    assert path.stat().st_ino != before[1]


def test_what_cannot_be_saved_counts_and_is_saved_with_the_next(path, caplog):
    file = opened(path)
    path.parent.rename(aside := path.parent.with_name("aside"))
    path.parent.write_text("a file where the folder was")
    with pytest.raises(StoreError, match="cannot be saved, so nobody is let in"):
        file.change(lambda _: SOME)
    assert file.standing == SOME
    assert "CRITICAL" in caplog.text
    with pytest.raises(StoreError):
        file.change(lambda standing: standing)
    path.parent.unlink()
    aside.rename(path.parent)
    file.change(lambda standing: standing)
    assert opened(path).standing.mode is DoorMode.LOCKED_DOWN


@pytest.mark.parametrize("kind", ["a folder", "no folder may be made"])
def test_a_file_that_cannot_be_read_is_no_reason_to_leave_those_inside_alone(tmp_path, kind):
    path = tmp_path / "state" / "standing.json"
    if kind == "a folder":
        (path / "something").mkdir(parents=True)
    else:
        path.parent.write_text("a file")
    file = opened(path)
    assert as_bad_as_can_be(file.standing)
    if kind != "a folder":
        with pytest.raises(StoreError):
            file.change(lambda standing: standing)


def test_two_threads_do_not_undo_each_other(path):
    file = opened(path)

    def count() -> None:
        for _ in range(20):
            file.change(lambda s: replace(s, visits=failed(s.visits, at(1.0), access_rules().lockout)))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert file.standing.visits.failures == 80
    assert opened(path).standing.visits.failures == 80


class Device:
    """A reception on a real file, whose plug can be pulled."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.world = World(people={"Ada": with_pin()}, store=opened(path, at(100.0)))

    def pull_the_plug(self) -> None:
        """And plug it in again: monotonic time begins anew."""
        self.world.now = 3.0
        self.world.store = opened(self.path, at(3.0))
        self.world.restart()


def test_pulling_the_plug_gives_no_more_attempts(path):
    device = Device(path)
    attempts = 0
    for number in range(200):
        made = device.world.watch(unknown(number), frames=3)
        attempts += Reason.LOOKING in {each.reason for each in made} and device.world.reception.status().locked_out == 0
        device.pull_the_plug()
    assert attempts == 4
    assert device.world.reception.status().locked_out == 60
    assert device.world.watch(verified("Ada"), frames=3)[-1].outcome is Outcome.NOTHING
    device.world.wait(60)
    assert device.world.watch(verified("Ada", 2), frames=3)[-1].outcome is Outcome.GRANTED
    device.pull_the_plug()
    assert device.world.reception.status().locked_out == 0


def test_a_lock_out_that_is_over_does_not_come_back_with_a_restart(path):
    device = Device(path)
    for number in range(5):
        device.world.watch(unknown(number))
    device.world.wait(60)
    device.world.see()
    device.pull_the_plug()
    assert device.world.reception.status().locked_out == 0
    device.world.watch(unknown(9))
    assert device.world.reception.status().locked_out > 100


def test_wrong_pins_are_not_forgotten_either(path):
    device = Device(path)
    for _ in range(3):
        assert device.world.enter("9513").reason is Reason.INVALID_PIN
        device.pull_the_plug()
    assert device.world.enter(ADAS_PIN).reason is Reason.LOCKED_OUT


def test_face_unlock_stays_off(path):
    device = Device(path)
    assert device.world.reception.status().face_unlock is True
    device.world.reception.switch_face_unlock(on=False)
    device.pull_the_plug()
    assert device.world.watch(verified("Ada"), frames=3)[-1].reason is Reason.FACE_UNLOCK_OFF
    assert device.world.reception.status().face_unlock is False
