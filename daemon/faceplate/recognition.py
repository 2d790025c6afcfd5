"""Vision and people put together: everything between a picture and a name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faceplate.camera.clock import monotonic
from faceplate.config import PeopleConfig, VisionConfig
from faceplate.events import PeopleEvent
from faceplate.liveness import SecondKind
from faceplate.model.bundle import Bundle, load_bundle
from faceplate.model.bundle_store import BundleStore
from faceplate.model.template import template
from faceplate.people.consent import Consent
from faceplate.people.enrolment import Enroller, Enrolment, Picture
from faceplate.people.gallery import Gallery
from faceplate.people.matching import Matcher, Thresholds
from faceplate.people.person import Person, new_person, same_name, with_addition
from faceplate.people.recogniser import Recogniser, embedded_by
from faceplate.types import Embedding, Image, Look, Score
from faceplate.vision.detector import FaceDetector
from faceplate.vision.eyelids import Eyelids
from faceplate.vision.eyes import Eyes
from faceplate.vision.face_mesh import FaceMesh
from faceplate.vision.heads import Heads
from faceplate.vision.idle import IdleGate
from faceplate.vision.liveness.cues import added_by_eyes, added_by_ring, added_by_second, check_for
from faceplate.vision.liveness.ring_light import RingLight
from faceplate.vision.liveness.shining import Ring
from faceplate.vision.network import SiameseNetwork

# Two pictures of one person may be as unlike as two strangers are once in a thousand; what they open together with the
# other pictures is another matter.
_SAME_PERSON_RATE = 1e-3


@dataclass(frozen=True, slots=True)
class Likest:
    """The enrolled person that somebody else is most like."""

    person: str
    score: Score
    taken: bool
    """Whether they would be taken for that person, or for one of two"""


class Recognition:
    """What a bundle and a gallery can do together."""

    def __init__(
        self,
        vision: VisionConfig,
        people: PeopleConfig,
        adjusted: Callable[[Thresholds], Thresholds] = lambda filed: filed,
        second: SecondKind | None = None,
    ) -> None:
        """Load the bundle.

        Args:
            vision: how to see.
            people: where the gallery is, and the file's thresholds.
            adjusted: gives the thresholds in force now, in place of the file's.
            second: what the second camera is whose pictures come with the frames of a stream; None: there is none.

        Raises:
            ModelError: the bundle is damaged or does not fit.
        """
        self._vision = vision
        self.bundle = bundle_of(vision)
        self.network = SiameseNetwork(self.bundle, runtime=vision.runtime, threads=vision.threads)
        self.gallery = Gallery(people.store, people.key_file)
        self.thresholds = thresholds_of(people, self.bundle)
        """The file's"""
        self._adjusted = adjusted
        self._second = second
        self._still_eyes = Eyes(self.detector(), self.network.embed, vision.quality)

    def eyes(self, gate: IdleGate | None = None, light: RingLight | None = None) -> Eyes:
        """New eyes for a stream, that have followed nobody yet; with a ring of light, every face must answer it.

        Raises:
            ModelError: liveness is asked for, and the bundle has no network for it, or the runtime cannot run that,
                or those that come with the package.
        """
        vision = self._vision
        added = [added_by_second(self._second, self.detector().find)] if self._second else []
        added += [added_by_ring(light)] if light else []
        added += added_by_eyes() if vision.living_eyes else []
        liveness = check_for(vision.liveness, self.bundle, vision.runtime, vision.threads, added)
        eyelids = Eyelids(runtime=vision.runtime, threads=vision.threads) if vision.living_eyes else None
        heads = Heads(FaceMesh(runtime=vision.runtime, threads=vision.threads), eyelids)
        return Eyes(self.detector(), self.network.embed, vision.quality, gate, self._is_same_face, liveness, heads)

    def watchful_eyes(self, ring: Ring | None = None) -> Eyes:
        """New eyes for a camera that never ends: they rest while nothing moves and nobody is there.

        Args:
            ring: the light around the camera, if there is one.
        """
        light = RingLight(ring, monotonic) if ring is not None else None
        return self.eyes(IdleGate(self._vision.min_face), light)

    def look(self, picture: Image) -> list[Look]:
        """Every face of a picture that is no part of a stream, the largest first."""
        return self._still_eyes.look(picture)

    def detector(self) -> FaceDetector:
        """Finds faces."""
        return FaceDetector(
            self.bundle.detector, face_threshold=self._vision.face_threshold, min_face=self._vision.min_face
        )

    def matcher(self, people: Sequence[Person]) -> Matcher:
        """Names faces as one of `people`, wherever their embeddings came from."""
        return self._matcher(people, self._in_force())

    def recogniser(self, changed: Callable[[PeopleEvent], None] = lambda _: None) -> Recogniser:
        """Names faces as one of the gallery; `changed` is told when that changes."""
        return Recogniser(self.gallery, self.matcher, changed, self._in_force)

    def enrol(
        self,
        name: str,
        pictures: Sequence[Picture],
        adjust: Callable[[Person, Sequence[Person]], Person] = lambda person, _: person,
        *,
        agreed: Consent | None = None,
        least: int = 1,
    ) -> tuple[Person, Enrolment]:
        """Enrol somebody, or add pictures to somebody enrolled, and store them.

        Args:
            name: of the person.
            pictures: all of that person.
            adjust: gives the person, among the others enrolled, the rights they are stored with.
            agreed: that they agreed to it, where they were asked.
            least: pictures that must be taken.

        Returns:
            The person as stored, and what came of each picture.

        Raises:
            EnrolmentError: nothing of it could be taken; nothing was changed.
            StoreError: the gallery cannot be read or written; nothing was changed.
        """
        with self.gallery.changing():
            everybody = [self.current(person) for person in self.gallery.people()]
            before = next((person for person in everybody if same_name(person.name, name)), None)
            others = [person for person in everybody if person is not before]
            before = before or new_person(name, self.bundle.id)
            adjusted = adjust(before, others)
            # A look-alike is one by the file's thresholds: stricter ones may be taken back some day.
            enrolment = self._enroller().enrol(
                pictures, others=self._matcher(others, self.thresholds), present=adjusted.anchors, least=least
            )
            person = with_addition(before, adjusted, enrolment.anchors, agreed)
            self.gallery.save(person)
        return person, enrolment

    def likest(self, name: str, embeddings: Sequence[Embedding]) -> Likest | None:
        """Whom of the others somebody is most like.

        Args:
            name: of whom the embeddings are.
            embeddings: of their pictures.

        Returns:
            None where they are so like nobody that this need be told.

        Raises:
            StoreError: the gallery cannot be read.
        """
        others = [person for person in self.gallery.people() if not same_name(person.name, name)]
        matcher, same_person = self._matcher(others, self.thresholds), self._same_person()
        found = [matcher.nearest(embedding) for embedding in embeddings] if others else []
        like = [Likest(person, score, taken) for person, score, taken in found if taken or score > same_person]
        return max(like, key=lambda one: (one.taken, one.score), default=None)

    def current(self, person: Person) -> Person:
        """The person as this bundle's network embeds them."""
        return self.gallery.embedded(person, self.bundle.id) or embedded_by(self.bundle.id, person, self._keep)

    def _in_force(self) -> Thresholds:
        return self._adjusted(self.thresholds)

    def _matcher(self, people: Sequence[Person], thresholds: Thresholds) -> Matcher:
        return Matcher([self.current(person) for person in people], self.network.compare, thresholds)

    def _enroller(self) -> Enroller:
        return Enroller(self.look, self._keep, self.network.compare, self._same_person())

    def _is_same_face(self, before: Embedding, now: Embedding) -> bool:
        return float(self.network.compare(before[np.newaxis], now[np.newaxis])[0]) > self._same_person()

    def _same_person(self) -> Score:
        return Score(self.bundle.manifest.calibration.threshold(_SAME_PERSON_RATE))

    def _keep(self, crop: Image) -> Embedding:
        return template(crop, self.network.embed)


def bundle_of(vision: VisionConfig) -> Bundle:
    """The bundle in force.

    Raises:
        ModelError: it cannot be told which that is, or it is damaged.
    """
    return load_bundle(bundle_folder(vision))


def bundle_folder(vision: VisionConfig) -> Path:
    """Where that bundle lies: what the configuration names, or else what was installed, or comes with the program.

    Raises:
        ModelError: it cannot be told.
    """
    return BundleStore(vision.bundle_store).in_force() if vision.bundle == "default" else vision.bundle


def named_bundle(vision: VisionConfig) -> str:
    """Why no installed bundle can be put in force; empty: it can."""
    if vision.bundle == "default":
        return ""
    return f"vision.bundle names {vision.bundle}, which goes before all that is installed: write `default` there first"


def thresholds_of(people: PeopleConfig, bundle: Bundle) -> Thresholds:
    """The owner's thresholds; what is left open comes from the bundle's calibration table."""
    detection = people.detection_threshold
    if detection is None:
        detection = Score(bundle.manifest.calibration.threshold(people.false_accept_rate))
    return Thresholds(detection, people.verification_threshold, people.margin)
