"""The composition root: the only module that names concrete classes. Starts in order, stops in reverse."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Protocol

from faceplate.access.reception import Reception
from faceplate.camera.camera import Camera
from faceplate.camera.clock import ReplayClock, monotonic
from faceplate.camera.replay import ReplayCamera
from faceplate.config import CameraConfig, Config, DoorConfig, PeopleConfig, VisionConfig
from faceplate.door.door import Door
from faceplate.door.lock import LockDriver, NoLock
from faceplate.door.simulated import SimulatedLock
from faceplate.events import DoorEvent
from faceplate.journal.journal import Journal
from faceplate.loop import guard
from faceplate.model.bundle import DEFAULT_BUNDLE, Bundle, load_bundle
from faceplate.model.template import template
from faceplate.people.enrolment import Enroller, Enrolment, Picture
from faceplate.people.gallery import Gallery
from faceplate.people.matching import Matcher, Thresholds
from faceplate.people.person import Person, new_person, same_name, with_anchors
from faceplate.people.recogniser import Recogniser, embedded_by
from faceplate.types import Clock, Decision, Embedding, Frame, Image, Match, Score, Seconds
from faceplate.vision.detector import FaceDetector
from faceplate.vision.eyes import Eyes
from faceplate.vision.network import SiameseNetwork

_log = logging.getLogger(__name__)

# Two pictures of one person may be as unlike as two strangers are once in a thousand; what they open together with the
# other pictures is another matter.
_SAME_PERSON_RATE = 1e-3

_STEP = Seconds(0.1)
"""How finely time passes when a recording is over"""


class Record(Protocol):
    """Where decisions and door events are written down."""

    def write(self, entry: Decision | DoorEvent) -> None:
        """Write one down for good, before returning."""


Show = Callable[[Frame, Sequence[Match], Decision], None]


class Recognition:
    """Vision and people put together: everything between a picture and a name."""

    def __init__(self, vision: VisionConfig, people: PeopleConfig) -> None:
        """Load the bundle.

        Raises:
            ModelError: the bundle is damaged or does not fit.
        """
        self._vision = vision
        self.bundle = bundle_of(vision)
        self.network = SiameseNetwork(self.bundle, runtime=vision.runtime, threads=vision.threads)
        self.gallery = Gallery(people.store, people.key_file)
        self.thresholds = thresholds_of(people, self.bundle)

    def eyes(self) -> Eyes:
        """New eyes, that have followed nobody yet."""
        detector = FaceDetector(
            self.bundle.detector, face_threshold=self._vision.face_threshold, min_face=self._vision.min_face
        )
        return Eyes(detector, self.network.embed, self._vision.quality)

    def matcher(self, people: Sequence[Person]) -> Matcher:
        """Names faces as one of `people`, wherever their embeddings came from."""
        return Matcher([self._current(person) for person in people], self.network.compare, self.thresholds)

    def recogniser(self) -> Recogniser:
        """Names faces as one of the gallery."""
        return Recogniser(self.gallery, self.matcher)

    def enrol(self, name: str, pictures: Sequence[Picture]) -> tuple[Person, Enrolment]:
        """Enrol somebody, or add pictures to somebody enrolled, and store them.

        Returns:
            The person as stored, and what came of each picture.

        Raises:
            EnrolmentError: nothing of it could be taken; nothing was changed.
            StoreError: the gallery cannot be read or written; nothing was changed.
        """
        with self.gallery.changing():
            everybody = [self._current(person) for person in self.gallery.people()]
            known = next((person for person in everybody if same_name(person.name, name)), None)
            others = self.matcher([person for person in everybody if person is not known])
            enrolment = self._enroller().enrol(pictures, others=others, present=known.anchors if known else ())
            person = with_anchors(known or new_person(name, self.bundle.id), enrolment.anchors)
            self.gallery.save(person)
        return person, enrolment

    def _current(self, person: Person) -> Person:
        return embedded_by(self.bundle.id, person, self._keep)

    def _enroller(self) -> Enroller:
        same_person = Score(self.bundle.manifest.calibration.threshold(_SAME_PERSON_RATE))
        return Enroller(self.eyes().look, self._keep, self.network.compare, same_person)

    def _keep(self, crop: Image) -> Embedding:
        return template(crop, self.network.embed)


def bundle_of(vision: VisionConfig) -> Bundle:
    """The bundle the configuration names."""
    return load_bundle(DEFAULT_BUNDLE if vision.bundle == "default" else vision.bundle)


def thresholds_of(people: PeopleConfig, bundle: Bundle) -> Thresholds:
    """The owner's thresholds; what is left open comes from the bundle's calibration table."""
    detection = people.detection_threshold
    if detection is None:
        detection = Score(bundle.manifest.calibration.threshold(people.false_accept_rate))
    return Thresholds(detection, people.verification_threshold, people.margin)


def live_camera(config: CameraConfig) -> Camera:
    """The camera the configuration names."""
    match config.driver:
        case "picamera2":
            from faceplate.camera.picamera2 import Picamera2Camera  # noqa: PLC0415 - imported when chosen

            return Picamera2Camera(config)
        case "opencv":
            from faceplate.camera.opencv import OpenCvCamera  # noqa: PLC0415 - imported when chosen

            return OpenCvCamera(config)
        case "replay":
            return ReplayCamera(Path(str(config.source)), paced=True)


def lock_driver(config: DoorConfig) -> LockDriver:
    """The lock the configuration names; never another in its place."""
    match config.driver:
        case "gpiozero":
            from faceplate.door.gpiozero_driver import GpiozeroLock  # noqa: PLC0415 - imported when chosen

            return GpiozeroLock(config)
        case "simulated":
            return SimulatedLock(monotonic)
        case "none":
            return NoLock()


@contextmanager
def watched_door(config: Config, record: Record, driver: LockDriver, clock: Clock, *, thread: bool) -> Iterator[Door]:
    """A door that is locked before anything else happens, and locked again however this ends."""
    # A kiosk has no lock that could be locked or unlocked.
    write = _write_nothing if config.door.driver == "none" else record.write
    door = Door(config.door, driver, write, clock, config.access.max_frame_age)
    with closing(door):
        door.start(thread=thread)
        yield door


def run(config: Config, stopping: Callable[[Camera], None]) -> None:
    """Guard the door until the camera is closed.

    Args:
        config: all of it.
        stopping: is given the camera as soon as there is one, to close it when the daemon is to stop.
    """
    with ExitStack() as stack:
        driver = stack.enter_context(closing(lock_driver(config.door)))  # locked from here on, whatever else fails
        journal = stack.enter_context(closing(Journal(config.journal.path)))
        door = stack.enter_context(watched_door(config, journal, driver, monotonic, thread=True))
        recognition = Recognition(config.vision, config.people)
        people = recognition.recogniser()
        camera = stack.enter_context(closing(live_camera(config.camera)))
        stopping(camera)
        warn_of_gaps(config)
        reception = Reception(config.access, monotonic)
        guard(camera, recognition.eyes(), people, reception, journal, door, show_nothing)


def replay(config: Config, camera: ReplayCamera, record: Record, show: Show) -> None:
    """Guard a simulated door over a recording, as fast as `camera` plays it and by its clock."""
    with ExitStack() as stack:
        stack.enter_context(closing(camera))
        door = stack.enter_context(
            watched_door(config, record, SimulatedLock(camera.clock), camera.clock, thread=False)
        )
        recognition = Recognition(config.vision, config.people)
        warn_of_gaps(config)
        reception = Reception(config.access, camera.clock)
        guard(camera, recognition.eyes(), recognition.recogniser(), reception, record, door, show)
        _let_time_pass(camera.clock, door, config.door.release_time)


def _let_time_pass(clock: ReplayClock, door: Door, lasting: Seconds) -> None:
    """After a recording: go on, without frames, until the door must be locked again."""
    end = clock() + lasting
    while clock() < end:
        clock.advance(Seconds(min(clock() + _STEP, end)))
        door.tick()


def warn_of_gaps(config: Config) -> None:
    """Say what this door cannot do."""
    if config.vision.liveness == "off":
        _log.warning("no liveness: a photograph can open this door")
    if config.door.driver == "simulated":
        _log.warning("the lock is simulated: no door will open")


def show_nothing(frame: Frame, matches: Sequence[Match], decision: Decision) -> None:
    """Nobody watches."""


def _write_nothing(event: DoorEvent) -> None:
    """There is no door to tell of."""
