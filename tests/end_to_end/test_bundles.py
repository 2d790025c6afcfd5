"""Another bundle while the daemon runs, and while power fails at every step of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import yaml

from faceplate.__main__ import main
from faceplate.commands.asking import order
from faceplate.commands.demo import FOOTAGE
from faceplate.config import Config
from faceplate.config_file import load_config
from faceplate.errors import FaceplateError
from faceplate.journal import reader
from faceplate.journal.signing import load_signer
from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate.model.bundle_store import PACKAGE, BundleStore
from faceplate.recognition import Recognition, bundle_of
from faceplate.types import Frame, Likeness, Seconds
from other_bundles import SLIGHT, with_noise, with_score
from waiting import until

STILLS = sorted(FOOTAGE.glob("man-*.jpg"))

STRIDE = 1 if "FACEPLATE_KILLS" in os.environ else 3
"""Of so many steps one is cut; all of them where kills are asked for"""

DYING = """
import os, signal, sys
left = int(sys.argv[1])
def dying(call):
    def wrapped(*given, **options):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*given, **options)
    return wrapped
for name in ("fsync", "rename", "replace", "unlink", "mkdir"):
    setattr(os, name, dying(getattr(os, name)))
from faceplate.__main__ import main
code = main(sys.argv[2:])
print("steps", int(sys.argv[1]) - left)
sys.exit(code)
"""
"""The command line, killed before its so-and-so-manieth step that changes the disk"""


pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("bundles")
    with_noise(folder / "good", SLIGHT)
    with_score(folder / "strict", 1.0)
    return folder


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory, runtime) -> Path:
    """A house in which Daniel lives."""
    folder = tmp_path_factory.mktemp("house")
    film = folder / "film"
    film.mkdir()
    for number in range(3000):
        (film / f"{number:04}.jpg").symlink_to(STILLS[number % 3])
    tree = {
        "people": {"store": "people", "key_file": "gallery.key"},
        "journal": {"path": "journal.sqlite3", "key_file": "journal.key"},
        "access": {"standing_file": "standing.json", "repeat_after": 1.0},
        "control": {"socket": "control.sock"},
        "camera": {"driver": "replay", "source": str(film)},
        "vision": {"runtime": runtime, "bundle_store": "bundles", "liveness": "off"},
        "log": {"level": "error"},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(tree))
    assert main(["people", "add", "Daniel", *map(str, STILLS), "--config", str(folder / "config.yaml")]) == 0
    return folder


@pytest.fixture
def house(enrolled, tmp_path) -> Path:
    return shutil.copytree(enrolled, tmp_path / "house", symlinks=True)


def config_of(house: Path) -> Config:
    return load_config(house / "config.yaml")


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def command(house: Path, *words: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "faceplate", *map(str, words), "--config", str(house / "config.yaml")]
    return subprocess.run(line, env=environment(), capture_output=True, text=True, check=False, timeout=120)


def dies(house: Path, step: int, *words: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-c", DYING, str(step), *map(str, words), "--config", str(house / "config.yaml")]
    return subprocess.run(line, env=environment(), capture_output=True, text=True, check=False, timeout=120)


def daniel_is_known(house: Path) -> bool:
    from faceplate.pictures import read_picture  # noqa: PLC0415 - for this alone

    config = config_of(house)
    recognition = Recognition(config.vision, config.people)
    [seen] = recognition.eyes().see(Frame(0, Seconds(0.0), read_picture(STILLS[1])))
    match = recognition.recogniser().name(seen)
    return (match.person, match.likeness) == ("Daniel", Likeness.VERIFIED)


@contextmanager
def kept_running(house: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The daemon, started again whenever it ends, as a service manager does."""
    runs: list[subprocess.Popen[bytes]] = []
    over = threading.Event()
    line = [sys.executable, "-m", "faceplate", "run", "--config", str(house / "config.yaml")]

    def keep() -> None:
        while not over.is_set():
            runs.append(subprocess.Popen(line, env=environment(), stderr=subprocess.DEVNULL))
            runs[-1].wait()

    keeper = threading.Thread(target=keep)
    keeper.start()
    try:
        yield runs
    finally:
        over.set()
        while keeper.is_alive():
            runs[-1].terminate()
            keeper.join(1.0)


def status(house: Path) -> dict[str, object]:
    with suppress(FaceplateError):
        return order(config_of(house), "status")
    return {}


def grants(house: Path) -> int:
    return [row.event_type for row in reader.read(config_of(house).journal.path, 0, 10_000)].count("access_granted")


def test_a_running_daemon_takes_another_bundle_and_goes_back(house, made):
    labels = load_bundle(DEFAULT_BUNDLE).label, load_bundle(made / "good").label
    with kept_running(house) as runs:
        until(lambda: status(house).get("bundle") == labels[0], within=60)
        assert status(house)["bundle_installed"] == labels[0]
        done = command(house, "bundle", "install", made / "good", "--yes")
        assert (done.returncode, "the daemon restarts with it" in done.stdout) == (0, True), done.stderr
        until(lambda: status(house).get("bundle") == labels[1], within=60)
        assert status(house)["bundle_installed"] == labels[1]
        assert status(house)["restart_reason"] == "ordered"
        assert len(runs) == 2
        before = grants(house)
        until(lambda: grants(house) > before, within=60)
        assert command(house, "people", "rename", "Daniel", "Dan").returncode == 0
        done = command(house, "bundle", "rollback", "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["restarts"] is True
        until(lambda: status(house).get("bundle") == labels[0], within=60)
        before = grants(house)
        until(lambda: grants(house) > before, within=60)
        last = [row for row in reader.read(config_of(house).journal.path, 0, 10_000) if "granted" in row.event_type][-1]
        assert json.loads(last.payload)["person"] == "Dan"
    config = config_of(house)
    found, _ = reader.verify(config.journal.path, load_signer(config.journal.key_file))
    assert not found.fault
    kinds = [row.event_type for row in reader.read(config.journal.path, 0, 10_000)]
    assert kinds.count("bundle_changed") == 2


def test_the_daemon_tells_of_a_bundle_that_it_has_not_taken_yet(house, made):
    """As when it is stopped between the switch and its restart, or cannot be restarted."""
    labels = load_bundle(DEFAULT_BUNDLE).label, load_bundle(made / "good").label
    store = BundleStore(house / "bundles")
    from faceplate.model.package import read_folder  # noqa: PLC0415 - for this alone

    with kept_running(house):
        until(lambda: status(house).get("bundle") == labels[0], within=60)
        store.switch(PACKAGE, store.add(read_folder(made / "good"), lambda _: None))
        told = status(house)
        assert (told["bundle"], told["bundle_installed"]) == labels


def test_a_running_daemons_camera_is_not_taken_from_it(house, made):
    with kept_running(house):
        until(lambda: status(house).get("bundle"), within=60)
        done = command(house, "bundle", "install", made / "good", "--yes", "--shadow", "5")
        assert (done.returncode, "the running daemon has the camera" in done.stderr) == (7, True)


def test_killed_before_any_step_the_one_or_the_other_is_in_force_whole(house, made, tmp_path):
    whole = shutil.copytree(house, tmp_path / "whole", symlinks=True)
    done = dies(whole, 10_000, "bundle", "install", made / "good", "--yes")
    steps = int(done.stdout.split()[-1])
    assert steps > 20, done.stdout + done.stderr
    labels = {load_bundle(DEFAULT_BUNDLE).label: 0, load_bundle(made / "good").label: 0}
    # At first many steps write one file after another; from the embeddings on each is another one.
    for step in [*range(1, steps - 14, 6 * STRIDE), *range(steps - 14, steps, STRIDE)]:
        home = shutil.copytree(house, tmp_path / f"killed {step}", symlinks=True)
        assert dies(home, step, "bundle", "install", made / "good", "--yes").returncode == -signal.SIGKILL
        label = bundle_of(config_of(home).vision).label
        labels[label] += 1
        assert daniel_is_known(home)
        config = config_of(home)
        assert not reader.verify(config.journal.path, load_signer(config.journal.key_file))[0].fault
        if step < STRIDE or step > steps - STRIDE:
            assert command(home, "bundle", "install", made / "good", "--yes").returncode == 0
            assert [path for path in home.rglob("*") if path.name.endswith((".tmp", ".unfinished"))] == []
        shutil.rmtree(home)
    assert all(labels.values()), "some were killed before the switch, and some after it"


def test_killed_on_the_way_back_the_one_or_the_other_is_in_force_whole(house, made, tmp_path):
    assert command(house, "bundle", "install", made / "good", "--yes").returncode == 0
    whole = shutil.copytree(house, tmp_path / "whole", symlinks=True)
    steps = int(dies(whole, 10_000, "bundle", "rollback").stdout.split()[-1])
    labels = {load_bundle(DEFAULT_BUNDLE).label: 0, load_bundle(made / "good").label: 0}
    for step in range(0, steps, STRIDE):
        home = shutil.copytree(house, tmp_path / f"killed {step}", symlinks=True)
        assert dies(home, step, "bundle", "rollback").returncode == -signal.SIGKILL
        labels[bundle_of(config_of(home).vision).label] += 1
        assert daniel_is_known(home)
        shutil.rmtree(home)
    assert all(labels.values())
