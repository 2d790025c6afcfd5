"""One frame with one face, from picture to name, on one thread: ours against OpenCV's own networks."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from common import (
    FOOTAGE,
    WHOLE,
    Laps,
    fitted,
    interleaved,
    median,
    milliseconds,
    pictures,
    ratio,
    rgb,
    table,
    tell_machine,
)
from ours import Ours, configuration
from peer import Peer, peer_models

from faceplate.quiet import quiet_opencv
from faceplate.types import Image

ANCHORS = 5
FRAMES = 10
PARTS = ("detect", "align, judge", "embed", "match", WHOLE)

# Where the clip shows one man near enough to be recognised.
HAMILTON = Path("clips_dev", "hamilton", "short_hamilton_clip.mp4")
HAMILTON_FIRST, HAMILTON_LAST = 84, 212


@dataclass(frozen=True, slots=True)
class Scene:
    """Frames of one size."""

    title: str
    images: list[Image]
    """BGR uint8 (H, W, 3), as OpenCV reads them"""


def main() -> None:
    """Measure every scene."""
    parser = argparse.ArgumentParser(prog="python tests/benchmarks/frame.py", description=__doc__)
    parser.add_argument("--peer-models", type=Path, required=True, metavar="DIR", help="folder of the peer's models")
    parser.add_argument("--rounds", type=int, default=60, help="frames to measure of each size (default: %(default)s)")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    quiet_opencv()
    tell_machine()
    with tempfile.TemporaryDirectory() as scratch:
        models = peer_models(arguments.peer_models, Path(scratch))
        for scene in scenes():
            with tempfile.TemporaryDirectory() as folder:
                measure(scene, models, Path(folder), arguments.rounds)


def scenes() -> Iterator[Scene]:
    """The package's footage scaled up, and the research clip as it is where FACEPLATE_DATA names its folder."""
    clip = FOOTAGE / "woman.mp4"
    yield Scene("640x480: woman.mp4, 360x270 of it scaled up", [fitted(p, 640, 480) for p in pictures(clip)])
    yield Scene("1280x720: woman.mp4 scaled up from 480x270", [fitted(p, 1280, 720) for p in pictures(clip)])
    hamilton = Path(os.environ.get("FACEPLATE_DATA", "")) / HAMILTON
    if hamilton.is_file():
        cut = islice(pictures(hamilton), HAMILTON_FIRST, HAMILTON_LAST + 1)
        yield Scene("640x360: the Hamilton clip as recorded", list(cut))


def measure(scene: Scene, models: Path, folder: Path, rounds: int) -> None:
    """Measure one scene and print it."""
    ours, peer = Ours(configuration(folder, threads=1)), Peer(models)
    usable = [image for image in scene.images if ours.sees_one_person(rgb(image)) and len(peer.find(image)) == 1]
    anchors, images = spread(usable, ANCHORS), spread(usable, FRAMES)
    ours.enrol([rgb(image) for image in anchors])
    peer.enrol(anchors)
    in_rgb = [rgb(image) for image in images]
    laps = interleaved(
        {
            "ours": lambda number: ours.verify(in_rgb[number % len(in_rgb)], number),
            "peer": lambda number: peer.verify(images[number % len(images)]),
        },
        rounds,
    )
    print(f"\n{scene.title}\n{len(images)} frames by turns, {ANCHORS} anchors, {rounds} rounds")
    table(("part", "ours", "share", "peer", "share", "ours / peer"), rows(laps["ours"], laps["peer"]))
    verified = sum(ours.verifies(image, rounds + number) for number, image in enumerate(in_rgb))
    print(f"verified: {verified} of {len(in_rgb)}")


def rows(ours: list[Laps], peer: list[Laps]) -> Iterator[tuple[str, ...]]:
    """A line for each part."""
    for part in PARTS:
        mine, theirs = median(ours, part), median(peer, part)
        yield (
            part,
            milliseconds(mine),
            f"{mine / median(ours):.0%}",
            milliseconds(theirs),
            f"{theirs / median(peer):.0%}",
            ratio(ours, peer, part),
        )


def spread(images: Iterable[Image], count: int) -> list[Image]:
    """At most `count` of `images`, evenly from the first to the last."""
    everything = list(images)
    return [everything[i] for i in np.linspace(0, len(everything) - 1, min(count, len(everything))).astype(int)]


if __name__ == "__main__":
    main()
