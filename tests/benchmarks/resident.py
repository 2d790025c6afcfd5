"""The processes that `memory.py` starts: each does its work on the same film, and prints its own memory."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from common import FOOTAGE, fitted, pictures, rgb
from peer import Peer

from faceplate.camera.clock import ReplayClock
from faceplate.quiet import quiet_opencv
from faceplate.types import Frame, Image, Seconds

FRAMES = 200
FIGURES = ("VmHWM", "VmRSS")
"""The most that was resident at any time, and what is resident at the end (proc(5))"""

CLIPS = (FOOTAGE / "man-and-woman.mp4", FOOTAGE / "woman.mp4")
WIDTH, HEIGHT = 640, 480


def main() -> None:
    """Do what the first argument says with the path that is the second."""
    work = {"ours": guard_a_door, "peer": verify, "neither": look}[sys.argv[1]]
    quiet_opencv()
    work(Path(sys.argv[2]))


def film() -> Iterator[Image]:
    """The footage, over and over, decoded frame by frame: BGR uint8 (480, 640, 3). At its end it prints the memory."""
    endless = (picture for clip in cycle(CLIPS) for picture in pictures(clip))
    for picture in islice(endless, FRAMES):
        yield fitted(picture, WIDTH, HEIGHT)
    # Here, while whoever watches still holds all it needs.
    print(json.dumps(own_memory()))


def own_memory() -> dict[str, float]:
    """Megabytes of this process, by figure."""
    lines = (line.split() for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    return {words[0][:-1]: int(words[1]) * 1024 / 1e6 for words in lines if words[0][:-1] in FIGURES}


class FilmCamera:
    """Plays the film at 15 frames a second of its own clock, as fast as they are taken."""

    def __init__(self) -> None:
        """Stand at the beginning."""
        self.clock = ReplayClock(Seconds(0.0))

    def frames(self) -> Iterator[Frame]:
        """Every frame, in RGB."""
        for index, picture in enumerate(film()):
            self.clock.advance(Seconds(index / 15))
            yield Frame(index, self.clock(), rgb(picture))

    def close(self) -> None:
        """Nothing is held open."""


def guard_a_door(config_file: Path) -> None:
    """The whole daemon but for the camera's own thread: vision, people, decisions, journal and a simulated door."""
    from faceplate import app, playback  # noqa: PLC0415 - the peer must not carry it
    from faceplate.config_file import load_config  # noqa: PLC0415 - the same
    from faceplate.journal.journal import Journal  # noqa: PLC0415 - the same

    config = load_config(config_file)
    camera: Any = FilmCamera()
    with closing(Journal(config.journal.path)) as journal:
        playback.replay(config, camera, journal, app.show_nothing)


def verify(models: Path) -> None:
    """The peer."""
    peer = Peer(models)
    peer.enrol([next(film())])
    for picture in film():
        peer.verify(picture)


def look(_: Path) -> None:
    """Decode, and no more."""
    for _picture in film():
        pass


if __name__ == "__main__":
    main()
