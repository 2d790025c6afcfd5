"""`faceplate demo`: everything in one terminal, on real clips, with a real broker and a simulated door."""

from __future__ import annotations

import argparse
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path

import yaml

from faceplate import playback
from faceplate.access.reception import Reception
from faceplate.bridge.outbox import CursorFile
from faceplate.camera.clock import monotonic
from faceplate.camera.replay import ReplayCamera
from faceplate.commands.annotate import Photographer
from faceplate.commands.common import ExitCode, Subparsers, set_up_logging
from faceplate.commands.narrator import Narrator
from faceplate.config import Config, LogConfig
from faceplate.config_file import load_config
from faceplate.control.peers import Ranks
from faceplate.control.server import ControlServer
from faceplate.dashboard import in_turn
from faceplate.door.door import Door
from faceplate.events import CommandEvent, DoorEvent
from faceplate.journal import reader
from faceplate.journal.journal import Journal
from faceplate.orders.door_commands import StatusReport, status_command
from faceplate.orders.journal_commands import journal_commands
from faceplate.orders.orders import Orders
from faceplate.people.enrolment import Picture
from faceplate.people.gallery import Gallery
from faceplate.pictures import read_picture
from faceplate.recognition import Recognition
from faceplate.types import Clock, Decision
from faceplate.vitals import Vitals

FOOTAGE = Path(__file__).parent.parent / "footage"
_NAME = "Daniel"
_ACTS = (
    ("a stranger comes", "woman.mp4"),
    (f"{_NAME} comes", "man.mp4"),
    (f"somebody holds up a picture of {_NAME}, taken from that clip", "man-on-paper.mp4"),
)
_HEARD = ("event/#", "lock/state", "person/state", "presence/state", "availability")
"""Topics that are told of; docs/mqtt.md has the others"""
_BROKER_STARTS_WITHIN = 5.0
_LAST_MESSAGES_WITHIN = 5.0


def register(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    del common  # the demo brings its own configuration
    parser = commands.add_parser(
        "demo",
        help="watch a door open for the right person, for nobody else, and for no picture",
        description="Enrol a man from three stills, play a clip of a woman, one of him, and one of a picture of him "
        "in somebody's hand, and print every decision, door event and MQTT message as it happens. Networks and MQTT are"
        " real, and so are the first two clips; the picture in the hand and the lock are simulated.",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("demo-output"),
        metavar="DIR",
        help="where annotated pictures go (default: %(default)s)",
    )
    parser.add_argument("--fast", action="store_true", help="play as fast as possible instead of in real time")
    parser.set_defaults(run=_demo)


def _demo(arguments: argparse.Namespace) -> ExitCode:
    set_up_logging(LogConfig(level="warning"))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faceplate-demo-")))
        port = stack.enter_context(_broker(folder))
        config = _configuration(folder, port)
        _enrol(config)
        if port is not None:
            stack.enter_context(_bridge_and_dashboard(folder, config, port))
        journal = stack.enter_context(closing(Journal(config.journal.path)))
        for title, clip in _ACTS:
            _say(f"\n-- {title} ({clip})")
            camera = ReplayCamera(FOOTAGE / clip, paced=not arguments.fast)
            photographer = Photographer(arguments.output, prefix=f"{Path(clip).stem}-")
            vitals = Vitals(camera.clock)
            show = in_turn(photographer.show, vitals.show)
            served = partial(_served, config, vitals)
            playback.replay(config, camera, _Both(journal, camera.clock), show, attended=served)
    print(f"\nAnnotated pictures of the decisions are in {arguments.output.resolve()}")
    return ExitCode.OK


@contextmanager
def _served(config: Config, vitals: Vitals, door: Door, reception: Reception) -> Iterator[None]:
    """The control socket, for the bridge: it may ask, and nobody can order anything."""
    gallery = Gallery(config.people.store, config.people.key_file)
    store = config.people.store
    count, more = (lambda: len(gallery.people())), (lambda: vitals.pulse().facts())
    report = StatusReport(door, reception, count, store, monotonic, more=more)
    commands = status_command(report) | journal_commands(config.journal.path)
    orders = Orders(commands, _Unwritten(), Ranks.of([], None))
    with closing(ControlServer(config.control.socket, orders.answer, monotonic)) as server:
        server.start()
        yield


class _Unwritten:
    """Orders that are refused are not part of the show."""

    def write(self, entry: CommandEvent) -> None:
        """Keep nothing."""


class _Both:
    """The journal, and a narrator that tells what has been written into it."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._narrator = Narrator(clock, as_json=False, tell=_say)

    def write(self, entry: Decision | DoorEvent) -> None:
        self._journal.write(entry)
        self._narrator.write(entry)


def _say(line: str) -> None:
    """Print a line whole: two threads have something to say."""
    print(f"{line}\n", end="", flush=True)


def _configuration(folder: Path, port: int | None) -> Config:
    """A configuration file like an owner's, so that the bridge, a process of its own, reads the same."""
    file = folder / "config.yaml"
    tree = {
        "device": {"id": "demo-door", "name": "Demo door"},
        # A clip cannot be asked to turn its head, as whoever hardly moves is by default.
        "vision": {"bundle_store": "bundles", "liveness": "passive"},
        "people": {"store": "people", "key_file": "gallery.key"},
        "door": {"driver": "simulated", "release_time": 2.0},
        "journal": {"path": "journal.sqlite3"},
        "control": {"socket": "control.sock"},
        "bridge": {
            "host": "127.0.0.1",
            "port": port or 1883,
            "tls": {"enabled": False},
            "cursor_file": "bridge.cursor",
            "seen_file": "bridge.seen",
        },
        "log": {"level": "warning"},
    }
    file.write_text(yaml.safe_dump(tree), encoding="utf-8")
    return load_config(file)


def _enrol(config: Config) -> None:
    pictures = [Picture(file.name, read_picture(file)) for file in sorted(FOOTAGE.glob("man-*.jpg"))]
    person, enrolment = Recognition(config.vision, config.people).enrol(_NAME, pictures)
    print(f"-- {person.name} is enrolled from {len(enrolment.anchors)} stills")


@contextmanager
def _broker(folder: Path) -> Iterator[int | None]:
    """A mosquitto of the demo's own on a free port of this machine; None, and a word about it, if there is none."""
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        print("-- no mosquitto on this machine: the MQTT part is left out (apt install mosquitto mosquitto-clients)")
        yield None
        return
    port = _free_port()
    settings = folder / "mosquitto.conf"
    settings.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nlog_dest none\n", encoding="utf-8"
    )
    with _running([program, "-c", str(settings)]):
        _wait_until(lambda: _is_open(port), _BROKER_STARTS_WITHIN)
        yield port


@contextmanager
def _bridge_and_dashboard(folder: Path, config: Config, port: int) -> Iterator[None]:
    """The bridge as a process of its own, and a listener in the place of a dashboard."""
    base = f"{config.bridge.base_topic}/{config.device.id}"
    topics = [word for topic in _HEARD for word in ("-t", f"{base}/{topic}")]
    listener = shutil.which("mosquitto_sub")
    with ExitStack() as stack:
        if listener:
            heard = stack.enter_context(
                _running([listener, "-h", "127.0.0.1", "-p", str(port), *topics, "-v"], stdout=subprocess.PIPE)
            )
            stack.enter_context(_telling(heard))
        bridge = [sys.executable, "-m", "faceplate", "bridge", "--config", str(folder / "config.yaml")]
        stack.enter_context(_running(bridge))
        yield
        _wait_until(lambda: _delivered(config), _LAST_MESSAGES_WITHIN)


def _delivered(config: Config) -> bool:
    """Whether the bridge has delivered all that is in the journal."""
    last = reader.read_last(config.journal.path, 1)
    return not last or CursorFile(config.bridge.cursor_file).load().seq >= last[-1].seq


@contextmanager
def _telling(process: subprocess.Popen[str]) -> Iterator[None]:
    """Print what a process says; at the end wait for the last word."""
    lines = process.stdout
    assert lines is not None  # noqa: S101 - it was opened as a pipe
    stopped = threading.Event()

    def tell() -> None:
        for line in lines:
            _say(f"{'mqtt':>10} {line.rstrip()}")
            if line.rstrip().endswith("stopped"):
                stopped.set()

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    yield
    stopped.wait(_LAST_MESSAGES_WITHIN)


@contextmanager
def _running(command: list[str], stdout: int = subprocess.DEVNULL) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, stdout=stdout, text=True)  # noqa: S603 - programs found above
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait_until(reached: Callable[[], bool], seconds: float) -> None:
    """Wait for something that another process does; going on without it is better than waiting for ever."""
    give_up = time.monotonic() + seconds
    pause = threading.Event()
    while not reached() and time.monotonic() < give_up:
        pause.wait(0.05)
