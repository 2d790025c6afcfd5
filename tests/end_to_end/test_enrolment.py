"""`faceplate enroll` before a woman who turns her head: with a daemon and without, to the end and killed on the way.

Each enrolment is a real one, of a few seconds.
"""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from broker import Program
from faceplate.commands.common import ExitCode
from faceplate.control.client import ask
from faceplate.control.protocol import Done, Refused
from faceplate.people.gallery import Gallery
from mjpeg_server import MjpegServer
from mqtt_house import FOOTAGE, MqttHouse
from turning import Turning
from waiting import until

pytestmark = pytest.mark.once

QUICK = (
    *("--consent-given", "--yes", "--no-page", "--skip", "right", "--skip", "up", "--skip", "down"),
    *("--patience", "60"),
)
"""She looks straight and to her left; that is enough for what is shown here, however busy the machine"""

PATIENCE = 150.0
"""Seconds"""


@pytest.fixture(scope="module")
def camera() -> Iterator[str]:
    with MjpegServer(picture=Turning()) as server:
        yield server.address


@pytest.fixture(scope="module")
def built(tmp_path_factory, camera, runtime) -> MqttHouse:
    house = MqttHouse(tmp_path_factory.mktemp("house"), 1883, camera, runtime)
    house.tree["access"]["grant_interval"] = 1.0
    house.write()
    return house


@contextmanager
def guarded(house: MqttHouse) -> Iterator[Program]:
    with house.daemon() as daemon:
        # Asked more often, this process would hardly come to giving the pictures of the camera, which is its own.
        until(lambda: status_of(house).get("camera") == "online", within=30, every=0.1)
        yield daemon


def status_of(house: MqttHouse) -> dict[str, Any]:
    if not house.config.control.socket.exists():
        return {}
    answer = ask(house.config.control.socket, "status", {})
    return dict(answer.result) if isinstance(answer, Done) else {}


@pytest.fixture(scope="module")
def house(built) -> Iterator[MqttHouse]:
    with guarded(built):
        yield built


@pytest.fixture(autouse=True)
def nobody_is_enrolled(built) -> Iterator[None]:
    """At first; and no file is left behind."""
    yield
    for name in names(built):
        built.run("people", "remove", name)
    assert not list(built.config.people.store.glob(".*"))


def gallery_of(house: MqttHouse) -> Gallery:
    return Gallery(house.config.people.store, house.config.people.key_file)


def names(house: MqttHouse) -> list[str]:
    return [person.name for person in gallery_of(house).people()]


def enrol(house: MqttHouse, name: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = house.command("enroll", name, *QUICK, *words)
    return subprocess.run(
        command, env=house.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        timeout=PATIENCE,
    )  # fmt: skip


def begun(house: MqttHouse, name: str, *words: str) -> Program:
    return Program(house.command("enroll", name, *QUICK, *words), house.environment)


def test_she_is_enrolled_by_the_daemons_eyes_let_in_and_undone(house):
    before = len(house.rows())
    done = enrol(house, "Ada", "--json", "--role", "guest", "--valid-for", "2d")
    assert done.returncode == ExitCode.OK, done.stderr
    result = json.loads(done.stdout)
    assert result["steps"] == {"straight": 3, "left": 3}
    (ada,) = gallery_of(house).people()
    assert result["pictures"] == result["added"] == len(ada.anchors) >= 3
    assert ada.consent is not None
    assert result["consent"] == {"given": ada.consent.given.isoformat(), "text": "1"}
    assert ada.rights.valid_until is not None
    until(lambda: any(row.event_type == "access_granted" for row in house.rows()[before:]), within=20)
    rows = house.rows()[before:]
    begins = next(place for place, row in enumerate(rows) if '"enrolment.begin"' in row.payload)
    assert not [row.payload for row in rows[begins:] if row.event_type == "access_denied"], (
        "nobody was refused for that"
    )
    assert house.run("enroll", "--undo", "ada") == (
        f"Ada: {result['added']} pictures are taken away; that was all: nobody of this name is enrolled\n"
    )
    assert names(house) == []


def test_pictures_are_added_to_somebody_and_only_these_are_taken_back(house):
    assert enrol(house, "Ada").returncode == ExitCode.OK
    (before,) = gallery_of(house).people()
    again = enrol(house, "ada", "--json", "--role", "child")
    (more,) = gallery_of(house).people()
    if again.returncode == ExitCode.OK:  # else the film showed nothing that was not there already
        assert len(more.anchors) > len(before.anchors)
        house.run("enroll", "--undo", "Ada")
    else:
        assert "this is the same picture as another one" in again.stderr
    (after,) = gallery_of(house).people()
    assert (len(after.anchors), after.rights, after.consent) == (len(before.anchors), before.rights, before.consent)
    assert all((one.crop == other.crop).all() for one, other in zip(after.anchors, before.anchors, strict=True))


def test_somebody_enrolled_is_refused_under_another_name_with_name_and_score(house):
    assert enrol(house, "Ada").returncode == ExitCode.OK
    done = enrol(house, "Bea")
    assert done.returncode == ExitCode.REFUSED
    assert re.search(r"nobody was enrolled: this face is enrolled as Ada \(score [01]\.\d\d\)", done.stderr)
    assert names(house) == ["Ada"]


def test_without_consent_nobody_is_looked_at(house):
    command = house.command("enroll", "Ada", "--yes", "--no-page")
    done = subprocess.run(
        command, env=house.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == ExitCode.REFUSED
    assert "if they have agreed, say --consent-given" in done.stderr
    assert house.rows()[-1].event_type != "command" or "enrolment.begin" not in house.rows()[-1].payload


def test_without_anybody_to_say_keep_it_all_is_as_before(house):
    command = [word for word in house.command("enroll", "Ada", *QUICK) if word != "--yes"]
    done = subprocess.run(
        command, env=house.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == ExitCode.REFUSED
    assert "It was taken back" in done.stdout
    assert names(house) == []


def test_only_one_is_enrolled_at_a_time_and_after_a_kill_the_next_one_may(house):
    # She never looks up, so this one is not over before the other has begun.
    words = ("--consent-given", "--yes", "--no-page", "--patience", "80")
    with Program(house.command("enroll", "Ada", *words), house.environment) as first:
        first.wait_for("straight (")
        done = enrol(house, "Bea")
        assert done.returncode == ExitCode.REFUSED
        assert "somebody is being enrolled at this door already" in done.stderr
        first._process.kill()
    begin = (house.config.control.socket, "enrolment.begin", {"name": "Cleo"})
    until(lambda: isinstance(ask(*begin), Done), within=30, every=0.5)
    assert names(house) == []


@pytest.fixture
def afterwards(house) -> None:
    """The session of the test before has ended by itself."""

    def is_free() -> bool:
        answer = ask(house.config.control.socket, "enrolment.begin", {"name": "Cleo"})
        if isinstance(answer, Refused):
            return False
        ask(house.config.control.socket, "enrolment.end", {"session": answer.result["session"]})
        return True

    until(is_free, within=30, every=0.5)


@pytest.mark.usefixtures("afterwards")
def test_ctrl_c_ends_it_and_leaves_nothing(house):
    with begun(house, "Ada") as command:
        command.wait_for("left (")
        command._process.send_signal(signal.SIGINT)
        assert command._process.wait(20) == ExitCode.INTERRUPTED
    assert isinstance(ask(house.config.control.socket, "enrolment.begin", {"name": "Cleo"}), Done)
    assert names(house) == []


@pytest.mark.usefixtures("afterwards")
@pytest.mark.parametrize("delay", [0.0, 0.4])
def test_killed_while_it_chooses_and_stores_there_is_all_of_her_or_nothing(house, delay):
    with begun(house, "Ada") as command:
        command.wait_for("all done")
        try:
            command._process.wait(delay)
        except subprocess.TimeoutExpired:
            command._process.kill()
    people = gallery_of(house).people()
    assert [(person.name, len(person.anchors) >= 3, len(person.additions)) for person in people] in (
        [],
        [("Ada", True, 1)],
    )
    # What a kill leaves of a file is swept away by whoever changes the gallery next.
    with gallery_of(house).changing():
        assert not list(house.config.people.store.glob(".*"))


@pytest.mark.usefixtures("afterwards")
def test_on_a_full_disk_nobody_is_enrolled(house):
    command = house.command("enroll", "Ada", *QUICK)
    done = subprocess.run(
        ["bash", "-c", 'ulimit -f 1; exec "$@"', "bash", *command], env=house.environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == ExitCode.STORE, done.stderr
    assert "Nothing was changed; make room" in done.stderr
    assert names(house) == []


@pytest.mark.usefixtures("afterwards")
@pytest.mark.parametrize("how", ["n", "ctrl-c", "hang up", "keep"])
def test_what_nobody_says_yes_to_is_taken_back(house, how):
    words = [word for word in QUICK if word != "--yes"] + ["--no-glasses", "--no-other-light"]
    master, slave = pty.openpty()
    with subprocess.Popen(
        house.command("enroll", "Ada", *words), env=house.environment, stdin=slave, stdout=slave, stderr=slave
    ) as command:
        os.close(slave)
        seen = b""
        while b"Keep it?" not in seen:
            seen += os.read(master, 4096)
        assert names(house) == ["Ada"]
        match how:
            case "hang up":
                command.send_signal(signal.SIGHUP)
            case "ctrl-c":
                command.send_signal(signal.SIGINT)
            case _:
                os.write(master, b"n\n" if how == "n" else b"\n")
        expected = {"n": ExitCode.REFUSED, "keep": ExitCode.OK}.get(how, ExitCode.INTERRUPTED)
        assert command.wait(20) == expected
    os.close(master)
    assert names(house) == (["Ada"] if how == "keep" else [])


@dataclass
class Browser:
    """Calls the page."""

    address: str

    def get(self, path: str, cookie: str | None = None, host: str | None = None) -> tuple[int, Any, bytes]:
        headers = ({"Cookie": cookie} if cookie else {}) | ({"Host": host} if host else {})
        request = urllib.request.Request(f"{self.address}{path}", headers=headers)  # noqa: S310 - our own
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                return answer.status, answer.headers, answer.read()
        except HTTPError as error:
            with error:
                return error.code, error.headers, error.read()


@pytest.mark.usefixtures("afterwards")
def test_the_page_shows_her_to_whoever_opened_the_link_and_to_nobody_else(house):
    words = [word for word in QUICK if word != "--no-page"]
    with Program(house.command("enroll", "Ada", *words), house.environment) as command:
        command.wait_until(lambda lines: any("the link works once" in line for line in lines))
        (link,) = re.findall(r"http://\S+", "\n".join(command.lines))
        browser = Browser(link.rpartition("/")[0])
        token = link.removeprefix(browser.address)
        assert browser.get(token, host="evil.example")[0] == 403
        status, headers, _ = browser.get(token)
        assert status == 200
        cookie = headers["Set-Cookie"].partition(";")[0]
        assert browser.get(token)[0] == 403, "the link is void"
        assert browser.get("/state")[0] == 403, "without the cookie"
        assert browser.get("/state", cookie, host="evil.example")[0] == 403
        command.wait_for("left (")
        shown = []

        def turns() -> bool:
            shown.append(json.loads(browser.get("/state", cookie)[2]))
            return [step["state"] for step in shown[-1]["steps"]] == ["done", "present"]

        until(turns, every=0.05)  # the page may be a moment behind the terminal
        state = shown[-1]
        assert state["name"] == "Ada"
        assert browser.get(f"/picture?{state['frame']}", cookie)[2].startswith(b"\xff\xd8\xff")
        assert command._process.wait(PATIENCE) == ExitCode.OK
        with pytest.raises(OSError, match="refused"):
            browser.get("/state", cookie)
    assert names(house) == ["Ada"]


def test_when_the_daemon_is_killed_it_ends_and_leaves_nothing(tmp_path, built):
    other = built.another(tmp_path / "other", 1883)
    with guarded(other) as daemon, begun(other, "Ada") as command:
        command.wait_for("left (")
        daemon._process.kill()
        assert command._process.wait(30) == ExitCode.CONTROL
    assert names(other) == []


def test_without_a_daemon_it_looks_by_itself(tmp_path, built):
    other = built.another(tmp_path / "other", 1883)
    done = enrol(other, "Ada", "--json")
    assert done.returncode == ExitCode.OK, done.stderr
    assert json.loads(done.stdout)["steps"] == {"straight": 3, "left": 3}
    assert names(other) == ["Ada"]
    (row,) = other.rows("command")
    assert '"people.note_enrolled"' in row.payload


def test_a_film_that_ends_leaves_nobody_enrolled(tmp_path, built):
    other = built.another(tmp_path / "other", 1883)
    other.tree["camera"] = {"driver": "replay", "source": str(FOOTAGE / "man-1.jpg")}
    other.write()
    done = enrol(other, "Ada")
    assert done.returncode == ExitCode.CAMERA
    assert "the camera gives no more pictures" in done.stderr
    assert not Path(other.config.people.store).exists() or names(other) == []
