"""What liveness adds to a frame with a face: each cue, against the whole frame without any, by turns in one run."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
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
    rgb,
    table,
    tell_machine,
    timed,
)
from ours import Ours, configuration

from attacks.heads import generic
from attacks.sources import detector, still_of
from attacks.visitors import live_like
from faceplate.config import VisionConfig
from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate.model.preprocessing import align
from faceplate.pictures import read_picture
from faceplate.quiet import quiet_opencv
from faceplate.types import Frame, Image, Look, Seconds, Sighting, TrackId
from faceplate.vision.detector import FaceDetector
from faceplate.vision.eyelids import Eyelids
from faceplate.vision.face_mesh import FaceMesh
from faceplate.vision.heads import Heads
from faceplate.vision.liveness.blink import Blink
from faceplate.vision.liveness.edges import Edges
from faceplate.vision.liveness.evidence import LivenessCue
from faceplate.vision.liveness.glance import Glance
from faceplate.vision.liveness.glare import Glare
from faceplate.vision.liveness.motion import Motion
from faceplate.vision.liveness.network import PassiveCue, PassiveNetwork, passive_network
from faceplate.vision.liveness.scene import Scene
from faceplate.vision.liveness.screen import Screen
from faceplate.vision.liveness.stream import Stream
from faceplate.vision.liveness.surroundings import CutOnce
from faceplate.vision.liveness.turn import Turn

INTERVAL = 0.1
"""Seconds between two frames, as at a door"""

VISIT = 40
"""Frames of the simulated visit"""

_FRAME, _RAISED, _EYES = "frame without liveness", "raised", "vision.living_eyes"
"""Parts that are named more than once"""


def main() -> None:
    """Measure frames of two visits, in two sizes."""
    parser = argparse.ArgumentParser(prog="python tests/benchmarks/liveness.py", description=__doc__)
    parser.add_argument("--rounds", type=int, default=120, help="frames to measure of each size (default: %(default)s)")
    parser.add_argument("--passes", type=int, default=3, help="times that all of it is done (default: %(default)s)")
    told = parser.parse_args()
    cv2.setNumThreads(1)
    quiet_opencv()
    tell_machine()
    for width, height in ((640, 480), (1280, 720)):
        for what, images in visits().items():
            there = [fitted(image, width, height) for image in images]
            with tempfile.TemporaryDirectory() as folder:
                print(f"\n{width}x{height}: {what}, to and fro, {told.rounds} rounds, {told.passes} passes")
                measure([*there, *there[-2:0:-1]], Path(folder), told.rounds, told.passes)


def visits() -> dict[str, list[Image]]:
    """RGB frames of somebody whose movement is measured whole, and of somebody who turns too fast for that."""
    picture = read_picture(FOOTAGE / "man-1.jpg")
    still = still_of(picture, "man", detector())
    if still is None:
        raise SystemExit(f"{FOOTAGE / 'man-1.jpg'} shows no face")
    return {
        "a simulated visitor": list(live_like(still, generic(still), seed=0, frames=VISIT).images),
        "woman.mp4, who turns all the time": [rgb(picture) for picture in pictures(FOOTAGE / "woman.mp4")],
    }


def measure(images: list[Image], folder: Path, rounds: int, passes: int) -> None:
    """Measure and print one size.

    Each pass does the same again from its beginning. Whatever else the machine does makes a lap longer and never
    shorter, so the shortest of all passes counts, of each lap. Some frames cost a cue more than others, or nothing:
    what counts is what they come to, set against what the same frames come to without any cue.
    """
    ours = Ours(configuration(folder, threads=1))
    usable = [image for image in images if ours.sees_one_person(image)]
    ours.enrol(usable[:1])
    looks = [_look(image) for image in usable]
    network = passive_network(load_bundle(DEFAULT_BUNDLE), threads=1)

    def frame(number: int) -> Laps:
        return ours.verify(usable[number % len(usable)], number)

    laps = []
    for _ in range(passes):
        observing = {name: _observing(look_at, usable, looks) for name, look_at in _parts(network, usable[0]).items()}
        laps.append(interleaved({_FRAME: frame, **observing}, rounds))
    mean = {name: _mean_of_shortest([each[name] for each in laps]) for name in laps[0]}
    whole, eyes = mean.pop(_FRAME), mean.pop(_EYES) - mean[_RAISED]
    rows = [(_FRAME, milliseconds(whole), "1")]
    rows += [(name, milliseconds(seconds), f"{seconds / whole:.3f}") for name, seconds in mean.items()]
    rows.append(("together", milliseconds(sum(mean.values())), f"{sum(mean.values()) / whole:.3f}"))
    rows.append((f"{_EYES}, besides", milliseconds(eyes), f"{eyes / whole:.3f}"))
    rows.append(_of_an_empty_frame(np.full_like(images[0], 128), rounds))
    table(("part", "time", "of a frame"), rows)


def _parts(network: PassiveNetwork, room: Image) -> dict[str, Callable[[Sighting, Frame], object]]:
    """All that liveness does with a frame, by name, as it begins with nobody seen; `room` is what the camera knows."""
    cut = CutOnce()
    cues: dict[str, LivenessCue] = {
        "network": PassiveCue(network),
        "motion": Motion(cut),
        "turn": Turn(cut),
        "edges": Edges(),
        "stream": Stream(),
        "screen": Screen(),
        "scene": _knowing(room),
        "glare": Glare(),
    }
    parts: dict[str, Callable[[Sighting, Frame], object]] = {name: cue.observe for name, cue in cues.items()}
    return parts | {_RAISED: Heads(FaceMesh(threads=1)).measured, _EYES: _living_eyes()}


def _mean_of_shortest(passes: list[list[Laps]]) -> float:
    return float(np.mean(np.min([[lap[WHOLE] for lap in laps] for laps in passes], axis=0)))


def _of_an_empty_frame(image: Image, rounds: int) -> tuple[str, str, str]:
    """What `Scene` learns, against searching the frame for faces."""
    find, scene = _detector().find, Scene()

    def search(_: int) -> Laps:
        laps: Laps = {}
        timed(WHOLE, find, laps)(image)
        return laps

    def learn(number: int) -> Laps:
        laps: Laps = {}
        timed(WHOLE, scene.nobody, laps)(Frame(number, Seconds(INTERVAL * number), image))
        return laps

    laps = interleaved({"search": search, "learn": learn}, max(rounds, 60))
    learned = float(np.mean([lap[WHOLE] for lap in laps["learn"]]))
    return ("an empty frame", milliseconds(learned), f"{learned / median(laps['search']):.3f} of a search")


def _living_eyes() -> Callable[[Sighting, Frame], object]:
    """All that is done where eyes are looked at, and how far the head is raised besides."""
    heads, cues = Heads(FaceMesh(threads=1), Eyelids(threads=1)), (Blink(), Glance())

    def look_at(sighting: Sighting, frame: Frame) -> object:
        measured = heads.measured(sighting, frame)
        return [cue.observe(measured, frame) for cue in cues]

    return look_at


def _knowing(image: Image) -> Scene:
    scene = Scene()
    for number in range(200):
        scene.nobody(Frame(number, Seconds(2.0 * number - 400), image))
    return scene


def _look(image: Image) -> Look:
    face = _detector().find(image)[0]
    return Look(face, align(image, face.landmarks), (), None)


def _detector() -> FaceDetector:
    return detector(VisionConfig().min_face)


def _observing(
    look_at: Callable[[Sighting, Frame], object], images: list[Image], looks: list[Look]
) -> Callable[[int], Laps]:
    def observe(number: int) -> Laps:
        laps: Laps = {}
        frame = Frame(number, Seconds(1.0 + INTERVAL * number), images[number % len(images)])
        timed(WHOLE, look_at, laps)(Sighting(TrackId(1), looks[number % len(images)]), frame)
        return laps

    return observe


if __name__ == "__main__":
    main()
