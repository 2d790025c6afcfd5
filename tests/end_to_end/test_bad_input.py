"""The program given bad input: it says what was expected, what came and what to do, and opens nothing."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import faceplate
from faceplate.commands.common import ExitCode
from faceplate.model.bundle import DEFAULT_BUNDLE
from faceplate.people.seal import make_key

PACKAGE = Path(faceplate.__file__).parent
FOOTAGE = PACKAGE / "footage"
MAN = FOOTAGE / "man-1.jpg"
SAME_MAN = FOOTAGE / "man-2.jpg"
OPENED = ("access_granted", "door_unlocked")

# Every command that needs the gallery and the networks.
USES = {
    "add": ("people", "add", "Bob", SAME_MAN),
    "replay": ("replay", SAME_MAN, "--json"),
    "run": ("run", "--set", "camera.driver=replay", "--set", f"camera.source={SAME_MAN}"),
}

FULL_DISK = """
mount -t tmpfs -o size=1m,mode=700 tmpfs disk || exit 99
"$@" people add Ada "$MAN" || exit 98
ls -A disk/people > before
cat /dev/zero > disk/filler 2> /dev/null
truncate -s "-$FREE" disk/filler
"$@" people add Bob "$WOMAN" 2> message
echo $? > code
ls -A disk/people > after
"$@" people list --json > people.json
"""


class Home:
    """A folder with a configuration, in which programs are run."""

    def __init__(self, folder, runtime):
        self.folder = folder
        self.config = folder / "config.yaml"
        self.config.write_text(
            f"vision: {{runtime: {runtime}, liveness: 'off'}}\n"
            "people: {store: disk/people, key_file: gallery.key}\n"
            "journal: {path: journal.sqlite3}\n"
            "bridge: {cursor_file: bridge.cursor}\n"
        )
        (folder / "disk").mkdir()

    @property
    def program(self):
        return [sys.executable, "-m", "faceplate"]

    @property
    def environment(self):
        given = {key: value for key, value in os.environ.items() if key != "CREDENTIALS_DIRECTORY"}
        return given | {"PYTHONPATH": str(PACKAGE.parent), "FACEPLATE_CONFIG": str(self.config)}

    def run(self, *words):
        return subprocess.run(
            [*self.program, *map(str, words)],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def store(self):
        """Every file of the gallery with its content."""
        return {path.name: path.read_bytes() for path in (self.folder / "disk" / "people").glob("*")}

    def journal(self):
        """Kinds of everything written down."""
        if not (self.folder / "journal.sqlite3").exists():
            return []
        connection = sqlite3.connect(self.folder / "journal.sqlite3")
        try:
            return [kind for (kind,) in connection.execute("SELECT event_type FROM journal")]
        finally:
            connection.close()


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory, runtime):
    """A home in which Ada is enrolled; to be copied, not changed."""
    home = Home(tmp_path_factory.mktemp("enrolled"), runtime)
    added = home.run("people", "add", "Ada", MAN)
    assert added.returncode == ExitCode.OK, added.stderr
    return home.folder


@pytest.fixture
def empty(tmp_path, runtime):
    return Home(tmp_path, runtime)


@pytest.fixture
def home(tmp_path, enrolled, runtime):
    """A home of the test's own in which Ada is enrolled."""
    made = Home(tmp_path, runtime)
    shutil.copytree(enrolled / "disk" / "people", tmp_path / "disk" / "people")
    shutil.copy(enrolled / "gallery.key", tmp_path)
    return made


def frame_of(clip, number):
    """One frame of a clip, BGR."""
    video = cv2.VideoCapture(str(clip))
    for _ in range(number):
        video.grab()
    found, frame = video.read()
    video.release()
    assert found
    return frame


def assert_refused(home, code, says, *words):
    """The command ends as it should, in its own words, with store and door as they were."""
    before = home.store()
    ended = home.run(*words)
    assert ended.returncode == code, ended.stderr
    for part in [says] if isinstance(says, str) else says:
        assert part in ended.stderr
    assert "Traceback" not in ended.stderr
    assert home.store() == before
    assert not [kind for kind in OPENED if kind in ended.stdout or kind in home.journal()]


def test_with_nothing_wrong_the_same_visitor_is_let_in(home):
    """Without this the tests below would show nothing."""
    for use in ("replay", "run"):
        ended = home.run(*USES[use])
        assert ended.returncode == ExitCode.OK, ended.stderr
    assert "access_granted" in home.run(*USES["replay"]).stdout
    assert "door_locked" in home.journal()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "No such file or directory"),
        (b"", "(0 bytes) is not a whole picture of a known kind (JPEG, PNG"),
        (b"no picture", "(10 bytes) is not a whole picture of a known kind (JPEG, PNG"),
        (MAN.read_bytes()[:5000], "(5000 bytes) is not a whole picture of a known kind (JPEG, PNG"),
    ],
    ids=["missing", "empty", "text", "cut short"],
)
def test_a_picture_that_cannot_be_read(home, content, says):
    picture = home.folder / "bad.jpg"
    if content is not None:
        picture.write_bytes(content)
    assert_refused(home, ExitCode.PICTURE, [str(picture), says], "people", "add", "Bob", SAME_MAN, picture)


def test_a_picture_without_a_face(home):
    picture = home.folder / "grey.png"
    cv2.imwrite(str(picture), np.full((240, 320, 3), 127, np.uint8))
    says = [f"{picture}: no face was found; use a picture that shows the whole face"]
    assert_refused(home, ExitCode.REFUSED, says, "people", "add", "Bob", picture)


def test_somebody_who_is_enrolled_already(home):
    says = ["enrolled under another name; use that name, or remove that person first (Ada)"]
    assert_refused(home, ExitCode.REFUSED, says, *USES["add"])


def test_a_name_nobody_has(home):
    for action in ("show", "remove"):
        says = "nobody called 'Bob' is enrolled; enrolled: Ada"
        assert_refused(home, ExitCode.REFUSED, says, "people", action, "Bob")


@pytest.mark.parametrize("use", ["replay", "run"])
def test_an_empty_video(home, use):
    video = home.folder / "empty.mp4"
    video.touch()
    words = {
        "replay": ("replay", video),
        "run": ("run", "--set", "camera.driver=replay", "--set", f"camera.source={video}"),
    }
    assert_refused(home, ExitCode.CAMERA, [str(video), "(0 bytes)", "expected a video"], *words[use])


@pytest.mark.parametrize("use", USES)
def test_a_bundle_with_a_flipped_byte(home, use):
    bundle = shutil.copytree(DEFAULT_BUNDLE, home.folder / "bundle")
    content = bytearray((bundle / "siamese.tflite").read_bytes())
    content[len(content) // 2] ^= 1
    (bundle / "siamese.tflite").write_bytes(content)
    says = ["siamese.tflite is damaged", "expected SHA-256", "found", "Install the bundle again"]
    assert_refused(home, ExitCode.MODEL, says, *USES[use], "--set", f"vision.bundle={bundle}")


LIST = {"list": ("people", "list"), "remove": ("people", "remove", "Ada")}


@pytest.mark.parametrize("use", USES | LIST)
def test_a_store_sealed_with_another_key(home, use):
    (home.folder / "gallery.key").unlink()
    make_key(home.folder / "gallery.key")
    says = ["was sealed with another key", "Give people.key_file the key it was sealed with"]
    assert_refused(home, ExitCode.STORE, says, *(USES | LIST)[use])


@pytest.mark.parametrize("use", USES | LIST)
def test_a_store_whose_key_is_gone(home, use):
    (home.folder / "gallery.key").unlink()
    says = ["there is no gallery key at", "Put back the copy you keep"]
    assert_refused(home, ExitCode.STORE, says, *(USES | LIST)[use])
    assert not (home.folder / "gallery.key").exists()


@pytest.mark.parametrize("use", USES | LIST)
def test_a_key_that_others_can_read(home, use):
    (home.folder / "gallery.key").chmod(0o644)
    says = ["can be read by others (mode 0644)", "chmod 600"]
    assert_refused(home, ExitCode.STORE, says, *(USES | LIST)[use])


@pytest.mark.parametrize("use", USES | LIST)
def test_a_record_with_a_flipped_byte(home, use):
    [record] = (home.folder / "disk" / "people").glob("*.person")
    content = bytearray(record.read_bytes())
    content[-1] ^= 1
    record.write_bytes(content)
    says = [record.name, "is damaged or was changed", "Restore it, or remove it and enrol again"]
    assert_refused(home, ExitCode.STORE, says, *(USES | LIST)[use])


@pytest.mark.parametrize("use", USES | LIST)
def test_a_missing_configuration(home, use):
    says = ["cannot read the configuration", "nowhere.yaml", "No such file", "--config FILE"]
    assert_refused(home, ExitCode.CONFIG, says, *(USES | LIST)[use], "--config", "nowhere.yaml")


@pytest.mark.parametrize("use", USES | LIST)
def test_a_configuration_with_many_faults(home, use):
    text = home.config.read_text()
    home.config.write_text(text + "door: {line: many, colour: red}\naccess: {patience: -1}\nlock: {}\n")
    says = [
        "config.yaml has 4 faults:",
        "  door.line: Input should be a valid integer, got 'many'",
        "  door.colour: there is no such key; look for a typing mistake",
        "  access.patience: Input should be greater than or equal to 0, got -1",
        "  lock: there is no such key",
    ]
    assert_refused(home, ExitCode.CONFIG, says, *(USES | LIST)[use])


def test_a_configuration_that_is_no_text(home):
    home.config.write_bytes(b"\xff\xfe\x00")
    assert_refused(home, ExitCode.CONFIG, "cannot read the configuration", *USES["run"])


def test_a_first_person_who_is_refused_leaves_no_half_made_person(empty):
    picture = empty.folder / "empty.jpg"
    picture.touch()
    assert_refused(empty, ExitCode.PICTURE, str(picture), "people", "add", "Ada", picture)
    assert empty.run("people", "list").stdout == ""


@pytest.mark.parametrize("free", ["0", "12K"])
def test_a_full_disk_keeps_everybody_who_is_enrolled(empty, free):
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let its users mount a small disk (unshare -rm)")
    woman = empty.folder / "woman.png"
    cv2.imwrite(str(woman), frame_of(FOOTAGE / "woman.mp4", 15))
    ended = subprocess.run(
        ["unshare", "-rm", "sh", "-c", FULL_DISK, "sh", *empty.program],
        cwd=empty.folder,
        env=empty.environment | {"MAN": str(MAN), "WOMAN": str(woman), "FREE": free},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode == 99:
        pytest.skip(f"this machine does not let its users mount a small disk: {ended.stderr}")
    assert ended.returncode == 0, ended.stderr

    def left(name):
        return (empty.folder / name).read_text()

    assert int(left("code")) == ExitCode.STORE, left("message")
    assert "cannot write 'Bob'" in left("message")
    assert "No space left on device. Nothing was changed; make room" in left("message")
    assert "Traceback" not in left("message")
    assert left("after") == left("before")
    assert [json.loads(line)["name"] for line in left("people.json").splitlines()] == ["Ada"]
