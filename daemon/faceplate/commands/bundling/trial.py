"""A bundle on trial: is it whole and does it run here, and what would it decide differently?"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from faceplate import equipment
from faceplate.camera.clock import monotonic
from faceplate.camera.recording import PICTURES, Stills
from faceplate.camera.replay import ReplayCamera
from faceplate.commands.bundling.report import Trial, licences_of
from faceplate.commands.in_force import InForce, in_force
from faceplate.commands.replay import visits
from faceplate.config import Config
from faceplate.config.bridge import Setting
from faceplate.errors import CameraError, ModelError
from faceplate.model.bundle import load_bundle
from faceplate.model.cohort import FACTS, load_cohort
from faceplate.model.preprocessing import CROP_SIZE
from faceplate.people.comparison import Examined, compare
from faceplate.people.examination import nearest_stranger, probes_of
from faceplate.people.person import Person
from faceplate.recognition import Recognition, thresholds_of
from faceplate.shadow import Judge, Visit, watched
from faceplate.types import Clock, Frame, Image


@dataclass(frozen=True, slots=True)
class Side:
    """One bundle, as this door would use it."""

    config: Config
    recognition: Recognition
    in_force: InForce

    @property
    def label(self) -> str:
        """The bundle's."""
        return self.recognition.bundle.label


def side_of(config: Config, folder: Path) -> Side:
    """The bundle in a folder, checked against its manifest and on this machine's runtime.

    Raises:
        ModelError: it is damaged, of another contract, does not run here, or was not calibrated for what the
            configuration asks for.
        ConfigError: bounds and thresholds do not go together with it.
    """
    own = config.model_copy(update={"vision": config.vision.model_copy(update={"bundle": folder})})
    known = in_force(own, load_bundle(folder))
    return Side(own, Recognition(own.vision, own.people, lambda _: known.thresholds), known)


def check(config: Config, folder: Path) -> None:
    """Find out whether the daemon would start with this bundle.

    Raises:
        ModelError, ConfigError: as `side_of`; and if what lies beside its files is damaged, or a part does not run.
    """
    recognition = side_of(config, folder).recognition
    if (folder / FACTS).exists():
        load_cohort(recognition.bundle)
    try:
        recognition.detector().find(recognition.bundle.golden_crop)
        golden = recognition.network.embed(recognition.bundle.golden_crop)[np.newaxis]
        same, other = recognition.network.compare(np.repeat(golden, 2, axis=0), np.concatenate([golden, -golden]))
    except (cv2.error, ValueError, RuntimeError) as error:
        raise ModelError(f"a network of the bundle does not run: {error}") from error
    if not 0 <= other < same <= 1:
        raise ModelError(
            f"`compare` gives {same:.3f} for a face and itself, and {other:.3f} for its opposite: expected scores from "
            "0 to 1, the first above the second"
        )


def trial_of(people: Sequence[Person], before: Side | None, after: Side, seen: Sequence[Visit] | None) -> Trial:
    """Hold one bundle against the other.

    Args:
        people: everybody enrolled.
        before: the bundle in force; None: it cannot be used.
        after: the new one.
        seen: what both made of a clip, or of the camera.
    """
    golden = [side.recognition.bundle.golden_crop for side in (before, after) if side]
    comparison = compare(
        people, _examined(before, people, golden) if before else None, _examined(after, people, golden)
    )
    return Trial(
        before.label if before else "a bundle that cannot be used",
        after.label,
        licences_of(after.recognition.bundle.manifest),
        before.in_force.thresholds if before else None,
        after.in_force.thresholds,
        comparison,
        seen,
        tuple(_warnings(people, before, after)),
    )


def _decoys() -> list[Image]:
    """Crops without a face: a network to which everything is the same face takes these for somebody, too."""
    noise = np.random.default_rng(0).integers(0, 256, (CROP_SIZE, CROP_SIZE, 3), np.uint8)
    return [np.full_like(noise, 128), noise]


def _examined(side: Side, people: Sequence[Person], golden: Sequence[Image]) -> Examined:
    recognition, thresholds = side.recognition, side.in_force.thresholds
    network, known = recognition.network, [recognition.current(person) for person in people]
    probes = list(probes_of(known, network.embed, network.compare, thresholds))

    def passing(embeddings: NDArray[np.float32]) -> int:
        nearest = nearest_stranger(known, embeddings, network.compare, thresholds)
        return nearest.passing if nearest else 0

    taken = passing(np.array([network.embed(decoy) for decoy in _decoys()]))
    known_golden = tuple(passing(network.embed(crop)[np.newaxis]) > 0 for crop in golden)
    try:
        cohort = load_cohort(recognition.bundle)
    except ModelError:
        return Examined(probes, None, decoys=taken, golden=known_golden)
    return Examined(probes, cohort.facts.people, passing(cohort.embeddings), taken, known_golden)


def _warnings(people: Sequence[Person], before: Side | None, after: Side) -> Iterator[str]:
    if not people:
        yield "nobody is enrolled, so nothing could be compared"
    alone = [person.name for person in people if len(person.anchors) == 1]
    if alone:
        yield f"one picture cannot be held against others: of {', '.join(alone)} little could be compared"
    if before and before.recognition.bundle.manifest.calibration == after.recognition.bundle.manifest.calibration:
        return
    config, bundle = after.config.people, after.recognition.bundle
    asked = thresholds_of(config.model_copy(update={"detection_threshold": None}), bundle).detection
    if config.detection_threshold is not None:
        yield (
            f"people.detection_threshold is {config.detection_threshold:g}, set for another calibration: "
            f"people.false_accept_rate would make it {asked:.3f} with this bundle"
        )
    if Setting.DETECTION_THRESHOLD in after.in_force.adjusted:
        yield (
            f"the detection threshold was adjusted to {after.in_force.thresholds.detection:g} for another calibration: "
            f"this bundle asks for {asked:.3f}"
        )
    elif before and Setting.DETECTION_THRESHOLD in before.in_force.adjusted:
        yield f"the detection threshold that was adjusted lies outside its bounds with this bundle: {asked:.3f} counts"
    for person in people:
        if person.rights.detection_threshold is not None:
            own = f"{person.rights.detection_threshold:g}"
            yield f"{person.name} has a threshold of their own, {own}, set for another calibration"


def watch(before: Side, after: Side, frames: Iterable[Frame], clock: Clock) -> list[Visit]:
    """Have both judge every frame.

    Raises:
        CameraError: there was none.
    """
    one, other = (Judge(side.config, side.recognition, clock) for side in (before, after))
    return watched(_counted(frames), one, other, after.config.access.visit_window)


@contextmanager
def clip(config: Config, source: Path, *, by_picture: bool) -> Iterator[tuple[Iterator[Frame], Clock]]:
    """A recording's frames, and its clock.

    Raises:
        CameraError: it cannot be played.
    """
    alone = by_picture or source.suffix.lower() in PICTURES
    stills = visits(config.access) if alone else Stills(config.camera.frame_rate)
    with closing(ReplayCamera(source, paced=False, stills=stills)) as camera:
        yield camera.frames(), camera.clock


@contextmanager
def at_the_door(config: Config, seconds: float) -> Iterator[tuple[Iterator[Frame], Clock]]:
    """The frames of the door's camera, and their clock, for so long from when the first is asked for.

    Raises:
        CameraError: it cannot be opened.
    """
    with closing(equipment.live_camera(config.camera)) as camera:
        end = threading.Timer(seconds, camera.close)

        def frames() -> Iterator[Frame]:
            end.start()
            yield from camera.frames()

        try:
            yield frames(), monotonic
        finally:
            end.cancel()


def _counted(frames: Iterable[Frame]) -> Iterator[Frame]:
    """The same frames, of which there must be some, while a terminal is told how far it is."""
    frame = None
    for frame in frames:
        if sys.stderr.isatty():
            print(f"\rframe {frame.index}", end="", file=sys.stderr, flush=True)
        yield frame
    if frame is None:
        raise CameraError("not one picture came from the clip or camera, so nothing could be compared")
    if sys.stderr.isatty():
        print(file=sys.stderr)
