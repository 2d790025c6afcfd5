"""The parts of `faceplate enroll` that need no camera: words, patience, verdict, and what the door is told."""

from __future__ import annotations

import os
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path

import cv2
import pytest

import faceplate
from enrolling_faces import GOOD, seen, view
from faceplate.__main__ import main
from faceplate.commands import people_orders
from faceplate.commands.common import ExitCode
from faceplate.commands.enrolling import page
from faceplate.commands.enrolling.page import page_of
from faceplate.commands.enrolling.screen import QUIT, SKIP, Keys
from faceplate.commands.enrolling.session import REPEAT, Patience, Prompter, led
from faceplate.commands.enrolling.verdict import verdict
from faceplate.enrolling.guide import CERTAIN, WANTED, Taken, begun
from faceplate.enrolling.steps import Step
from faceplate.errors import EnrolmentError, StoreError
from faceplate.model.head_pose import HeadPose
from faceplate.people.enrolment import Picture
from faceplate.people.matching import Thresholds
from faceplate.pictures import read_picture
from faceplate.recognition import Recognition
from faceplate.types import Cue, Score, Seconds
from mqtt_house import film

FOOTAGE = Path(faceplate.__file__).parent / "footage"
STEPS = (Step.STRAIGHT, Step.LEFT)
MAN = [read_picture(FOOTAGE / f"man-{number}.jpg") for number in (1, 2, 3)]
WOMAN = film(FOOTAGE / "woman.mp4")
"""BGR"""


class Film:
    """A door that shows what the test says, and remembers what it was told."""

    def __init__(self, *views):
        self.views = list(views)
        self.told: list[Cue] = []

    def look(self):
        assert self.views, "it looks on, and there is nothing more to see"
        return self.views.pop(0)

    def hint(self, cue):
        self.told.append(cue)

    def shut(self):
        """There is nothing to shut."""


class Typed(Keys):
    """Keys that are typed, one at each look."""

    def __init__(self, *keys):
        super().__init__(None)
        self._keys = list(keys)

    def within(self, patience):
        assert patience > 0
        return self._keys.pop(0) if self._keys else ""


def shown(*faces, interval=0.25):
    return [view(number, *([face] if face else []), interval=interval) for number, face in enumerate(faces, 1)]


def lead(door, *keys, steps=STEPS, patience=30.0):
    guides = []
    guide = led(
        begun("Ada", steps, GOOD), door, Typed(*keys), Patience(Seconds(patience)), lambda now, _: guides.append(now)
    )
    return guide, guides


ALL = [seen()] * WANTED + [seen(22)] * WANTED


def test_it_ends_when_every_step_is_done():
    door = Film(*shown(*ALL))
    guide, guides = lead(door)
    assert guide.present is None
    assert guides[-1] == guide
    assert door.told == [Cue.TAKEN, Cue.TAKEN], "each step that is done is told, and none that is left out"


def test_a_look_without_a_new_frame_changes_nothing():
    views = shown(*ALL)
    guide, _ = lead(Film(None, views[0], None, *views[1:]))
    assert len(guide.pictures) == 2 * WANTED


def test_a_step_is_left_out_by_a_key_and_q_ends_it():
    door = Film(*shown(*[seen()] * WANTED))
    guide, _ = lead(door, *[""] * WANTED, SKIP)
    assert [progress.skipped for progress in guide.steps] == [False, True]
    assert door.told == [Cue.TAKEN]
    with pytest.raises(EnrolmentError, match="stopped"):
        lead(Film(*shown(*ALL)), "", QUIT)


def test_a_step_that_takes_too_long_is_left_out_and_the_first_one_ends_it():
    guide, _ = lead(Film(*shown(*[seen()] * 20, interval=1.0)), patience=10.0)
    assert [progress.skipped for progress in guide.steps] == [False, True]
    with pytest.raises(EnrolmentError, match=r"no picture could be taken for 10 s \(come closer\)"):
        lead(Film(*shown(*[seen(width=30)] * 20, interval=1.0)), patience=10.0)


def test_who_is_enrolled_under_another_name_is_refused_by_name_and_score():
    with pytest.raises(EnrolmentError, match=r"this face is enrolled as Bob \(score 0.93\)"):
        lead(Film(*shown(*[seen(person="Bob", score=0.93)] * CERTAIN)))


def test_a_hint_is_given_when_it_is_new_and_again_after_a_while():
    door, now = Film(), [100.0]
    prompter = Prompter(door, lambda: Seconds(now[0]))
    start = begun("Ada", STEPS, GOOD)
    closer, still = replace(start, cue=Cue.COME_CLOSER), replace(start, cue=Cue.HOLD_STILL)
    for guide in (closer, closer, still, still):
        prompter.tell(start, guide)
    assert door.told == [Cue.COME_CLOSER, Cue.HOLD_STILL]
    now[0] += REPEAT
    prompter.tell(start, still)
    assert door.told[2:] == [Cue.HOLD_STILL]


# The verdict


@pytest.fixture
def home(config):
    return Recognition(config.vision, config.people)


def taken(step, image, frame=1):
    jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    return Taken(step, frame, Seconds(frame), jpeg, 0.8, HeadPose(0, 0), 120.0)


HER = [taken(step, WOMAN[index], index) for step, index in zip(Step, (9, 12, 20, 15, 8), strict=False)]


def test_somebody_is_enrolled_from_different_pictures(home):
    may = verdict("Ada", HER, home)
    assert 3 <= len(may.pictures) <= len(HER)
    assert may.likest is None
    person, enrolment = home.enrol("Ada", may.pictures, least=3)
    assert len(person.anchors) == len(enrolment.anchors) >= 3


def test_one_picture_many_times_enrols_nobody(home):
    with pytest.raises(EnrolmentError, match="3 different good pictures are needed"):
        verdict("Ada", [taken(Step.STRAIGHT, WOMAN[9], number) for number in range(9)], home)


def test_fewer_pictures_than_asked_for_are_not_stored(home):
    with pytest.raises(EnrolmentError, match="nothing was enrolled"):
        home.enrol("Ada", verdict("Ada", HER, home).pictures[:2], least=3)
    assert home.gallery.people() == []


def test_the_verdict_refuses_whoever_is_enrolled_already(home):
    home.enrol("Ada", verdict("Ada", HER, home).pictures)
    with pytest.raises(EnrolmentError, match=r"this face is enrolled as Ada \(score [01]\.\d\d\)"):
        verdict("Bea", HER, home)
    assert verdict("ada", HER, home).likest is None


def test_a_lookalike_is_told_with_name_and_score(home, monkeypatch):
    """At thresholds nobody passes, who is the same person is only much like them."""
    home.enrol("Bob", [Picture(f"man {number}", image) for number, image in enumerate(MAN)])
    assert verdict("Ada", HER, home).likest is None
    monkeypatch.setattr(home, "thresholds", Thresholds(Score(1.0), 1.0, 0.0))
    his = home.likest("Bobby", [home.eyes().look(image)[0].embedding for image in MAN])
    assert his is not None
    assert (his.person, his.taken) == ("Bob", False)
    assert his.score > 0.9


# The command line


@pytest.mark.parametrize("text", ["3", "d", "0d", "3m", "3 d", "99999d"])
def test_a_duration_that_is_none_is_refused(text, capsys):
    with pytest.raises(SystemExit):
        main(["enroll", "Ada", "--valid-for", text])
    assert "expected a number of hours, days or weeks like 12h" in capsys.readouterr().err


def test_straight_cannot_be_skipped(capsys):
    with pytest.raises(SystemExit):
        main(["enroll", "Ada", "--skip", "straight"])
    assert "invalid choice" in capsys.readouterr().err


@pytest.fixture
def file(tmp_path, runtime):
    file = tmp_path / "config.yaml"
    file.write_text(
        "people: {store: people, key_file: gallery.key}\njournal: {path: j.sqlite3, key_file: j.key}\n"
        "access: {standing_file: standing.json}\ncontrol: {socket: control.sock}\n"
        f"bridge: {{cursor_file: c, seen_file: s}}\nvision: {{runtime: {runtime}, liveness: 'off'}}\n"
        f"camera: {{driver: replay, source: {FOOTAGE / 'man-1.jpg'}}}\n",
        encoding="utf-8",
    )
    return file


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["", "--consent-given"], "a name has 1 to 80 printable characters"),
        (["Ada", "--valid-for", "2d", "--valid-until", "2030-01-01"], "give one of them"),
        (["Ada"], "if they have agreed, say --consent-given"),
        (["Ada", "--undo"], "nobody called 'Ada' is enrolled"),
        (["Ada", "--page-port", "1", "--page", "local"], "if they have agreed"),
    ],
)
def test_what_is_wrong_is_said_before_anybody_is_looked_at(words, says, file, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", open(os.devnull, encoding="utf-8"))  # noqa: SIM115, PTH123 - closed with the test
    assert main(["enroll", *words, "--config", str(file)]) == ExitCode.REFUSED
    assert says in capsys.readouterr().err
    os.sys.stdin.close()  # type: ignore[attr-defined]


def test_a_gallery_of_another_user_is_not_written_to(config, monkeypatch):
    people_orders.check_owner(config)
    config.people.store.mkdir()
    people_orders.check_owner(config)
    monkeypatch.setattr(os, "geteuid", lambda: config.people.store.stat().st_uid + 1)
    with pytest.raises(StoreError, match=r"sudo -u \S+ faceplate"):
        people_orders.check_owner(config)


# The page's address


def test_the_line_for_the_tunnel_is_the_address_by_which_one_came(monkeypatch):
    monkeypatch.setenv("SSH_CONNECTION", "192.168.1.5 50000 192.168.1.20 22")
    monkeypatch.setenv("SUDO_USER", "pi")
    said: list[str] = []
    with page_of("local", 0, said.append):
        port = said[0].rpartition("/")[0].rpartition(":")[2]
        assert said[0].startswith("Preview page (the link works once): http://127.0.0.1:")
        assert said[1].endswith(f"ssh -L {port}:127.0.0.1:{port} pi@192.168.1.20")


def test_a_port_that_is_taken_is_named():
    said: list[str] = []
    with page_of("local", 0, said.append):
        port = int(said[0].rpartition("/")[0].rpartition(":")[2])
        with pytest.raises(EnrolmentError, match=rf"port {port}: Address already in use.*--no-page"):
            page_of("local", port, said.append).__enter__()


@pytest.mark.parametrize("address", ["203.0.113.5", "127.0.0.1", "none"])
def test_a_public_address_is_not_served(monkeypatch, address):
    class Probe:
        def connect(self, _):
            if address == "none":
                raise OSError("Network is unreachable")

        def getsockname(self):
            return address, 1

        def close(self):
            """There is nothing to close."""

    with closing(Probe()) as probe, monkeypatch.context() as patch:
        patch.setattr(page.socket, "socket", lambda *_: probe)  # no test has two network cards
        with pytest.raises(EnrolmentError, match=f"no address in a local network \\(found: {address}\\)"):
            page_of("lan", 0, nullcontext).__enter__()
