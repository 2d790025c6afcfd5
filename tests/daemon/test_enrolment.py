"""Enrolment on real pictures: each refusal produced by a picture that deserves it."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

import faceplate
from faceplate.config import Config
from faceplate.config_file import config_from
from faceplate.errors import EnrolmentError
from faceplate.model.template import template
from faceplate.people.enrolment import MOST_ANCHORS, Enroller, Picture, Refusal, Refused
from faceplate.people.matching import Matcher, Thresholds
from faceplate.people.person import Anchor
from faceplate.pictures import read_picture
from faceplate.recognition import Recognition
from faceplate.types import Likeness, Score, Sighting, TrackId

FOOTAGE = Path(faceplate.__file__).parent / "footage"
MEN = [read_picture(FOOTAGE / f"man-{number}.jpg") for number in (1, 2, 3)]
MAN = MEN[0]


def frame_of(clip, number):
    """One frame of a clip, RGB."""
    video = cv2.VideoCapture(str(FOOTAGE / clip))
    for _ in range(number):
        video.grab()
    found, frame = video.read()
    video.release()
    assert found
    return cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)


WOMAN = frame_of("woman.mp4", 15)
WOMAN_TURNED_AWAY = frame_of("woman.mp4", 3)


def beside(a, b):
    return np.ascontiguousarray(np.hstack([a, b]))


def exposed(picture, gain, offset=0):
    return np.clip(picture * gain + offset, 0, 255).astype(np.uint8)


def smaller(picture, scale):
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


# What each refusal takes: the pictures offered, of which the last one is refused for that reason.
BAD_PICTURES = {
    Refusal.NO_FACE: [np.full((270, 480, 3), 127, np.uint8)],
    Refusal.SEVERAL_FACES: [beside(MAN, WOMAN)],
    Refusal.TOO_SMALL: [smaller(MAN, 0.45)],
    Refusal.BLURRED: [cv2.GaussianBlur(MAN, (0, 0), 4)],
    Refusal.TOO_DARK: [exposed(MAN, 0.15)],
    Refusal.TOO_BRIGHT: [exposed(MAN, 0.2, 205)],
    Refusal.TURNED_AWAY: [WOMAN_TURNED_AWAY],
    Refusal.REPEATED: [MAN, MAN.copy()],
    Refusal.UNLIKE_THE_OTHERS: [MAN, MEN[1], WOMAN],
}
# These take people or pictures that are there already.
SHOWN_BELOW = {Refusal.ALREADY_ENROLLED, Refusal.ENOUGH_ANCHORS}


class Sight:
    """Looks at each picture once; on a slow runtime an embedding takes a third of a second."""

    def __init__(self, recognition):
        self._look = recognition.eyes().look
        self._embed = recognition.network.embed
        self._seen = {}

    def keep(self, crop):
        return template(crop, self._embed)

    def look(self, image):
        key = image.tobytes()
        if key not in self._seen:
            self._seen[key] = self._look(image)
        return self._seen[key]


@pytest.fixture(scope="module")
def recognition(runtime):
    config = Config.model_validate({"vision": {"runtime": runtime}})
    return Recognition(config.vision, config.people)


@pytest.fixture(scope="module")
def sight(recognition):
    return Sight(recognition)


@pytest.fixture
def enroller(recognition, sight):
    same_person = Score(recognition.bundle.manifest.calibration.threshold(1e-3))
    return Enroller(sight.look, sight.keep, recognition.network.compare, same_person)


@pytest.fixture
def nobody():
    return Matcher([], lambda _a, _b: np.empty(0), Thresholds(Score(1), 1, 1))


def pictures(images):
    return [Picture(f"picture {number}", image) for number, image in enumerate(images)]


def refusals(enroller, others, images, present=()):
    """What is said of the pictures refused, whether or not any was taken."""
    try:
        refused = enroller.enrol(pictures(images), others=others, present=present).refused
    except EnrolmentError as error:
        return str(error)
    return "\n".join(map(str, refused))


@pytest.fixture
def home(tmp_path, runtime):
    """A household of its own, with a store on disk."""
    tree = {"people": {"store": "people", "key_file": "gallery.key"}, "vision": {"runtime": runtime}}
    config = config_from(tree, base=tmp_path, where="the test's configuration")
    return Recognition(config.vision, config.people)


def stored(home):
    return {somebody.name: len(somebody.anchors) for somebody in home.gallery.people()}


def test_every_refusal_has_its_test():
    assert set(BAD_PICTURES) | SHOWN_BELOW == set(Refusal)


@pytest.mark.parametrize("reason", BAD_PICTURES, ids=str)
def test_a_bad_picture_is_refused_for_what_is_wrong_with_it(enroller, nobody, reason):
    images = BAD_PICTURES[reason]
    told = refusals(enroller, nobody, images)
    assert told.strip().endswith(str(Refused(f"picture {len(images) - 1}", reason)))
    assert len(re.findall(r"picture \d:", told)) == 1


@pytest.mark.parametrize("reason", Refusal, ids=str)
def test_a_refusal_names_the_picture_and_says_what_to_do(reason):
    told = str(Refused("door.jpg", reason, "Ada"))
    assert told.startswith("door.jpg: ")
    what, what_to_do = told.split("; ")
    assert len(what.split()) > 3
    assert len(what_to_do.split()) > 1
    assert "(Ada)" in told


def test_good_pictures_are_all_taken(enroller, nobody, sight):
    enrolment = enroller.enrol(pictures(MEN), others=nobody)
    assert enrolment.refused == ()
    for anchor, image in zip(enrolment.anchors, MEN, strict=True):
        [look] = sight.look(image)
        assert np.array_equal(anchor.crop, look.crop)
        assert np.array_equal(anchor.embedding, sight.keep(look.crop))


def test_somebody_small_in_the_background_is_no_reason_to_refuse(enroller, nobody):
    crowd = MAN.copy()
    passer_by = smaller(WOMAN, 0.45)
    crowd[: passer_by.shape[0], : passer_by.shape[1]] = passer_by
    assert len(enroller.look(crowd)) == 2
    assert enroller.enrol(pictures([crowd]), others=nobody).refused == ()


@pytest.mark.parametrize("order", [[MAN, WOMAN], [WOMAN, MAN], [WOMAN, *MEN], [WOMAN, MAN, MEN[1]]])
def test_where_most_pictures_disagree_nobody_is_enrolled(enroller, nobody, order):
    with pytest.raises(EnrolmentError, match=r"nothing was enrolled:\n.*does not look like the same person"):
        enroller.enrol(pictures(order), others=nobody)


def test_pictures_of_which_none_can_be_used_enrol_nobody_and_each_is_explained(enroller, nobody):
    bad = [BAD_PICTURES[reason][0] for reason in (Refusal.NO_FACE, Refusal.TOO_DARK, Refusal.TURNED_AWAY)]
    with pytest.raises(EnrolmentError) as refused:
        enroller.enrol(pictures(bad), others=nobody)
    head, *reasons = str(refused.value).splitlines()
    assert head == "nothing was enrolled:"
    assert [reason.split(":")[0].strip() for reason in reasons] == ["picture 0", "picture 1", "picture 2"]


def test_no_pictures_enrol_nobody(enroller, nobody):
    with pytest.raises(EnrolmentError, match="nothing was enrolled"):
        enroller.enrol([], others=nobody)


def test_a_picture_too_many_is_refused(enroller, nobody, sight):
    [look] = sight.look(MAN)
    present = [Anchor(look.crop, look.embedding)] * MOST_ANCHORS
    assert Refusal.ENOUGH_ANCHORS in SHOWN_BELOW
    assert refusals(enroller, nobody, [MEN[1]], present).endswith(str(Refused("picture 0", Refusal.ENOUGH_ANCHORS)))
    assert refusals(enroller, nobody, [MEN[1]], present[1:]) == ""


def test_a_face_with_another_name_refuses_everything_and_stores_nothing(home):
    home.enrol("Ada", pictures(MEN[:2]))
    with pytest.raises(EnrolmentError) as refused:
        home.enrol("Bob", pictures([WOMAN, MEN[2]]))
    assert str(refused.value).endswith(str(Refused("picture 1", Refusal.ALREADY_ENROLLED, "Ada")))
    assert stored(home) == {"Ada": 2}


def test_pictures_added_to_somebody_known_go_to_that_person(home):
    ada, _ = home.enrol("Ada", pictures([MAN]))
    again, enrolment = home.enrol(" ADA ", pictures([MAN, MEN[1]]))
    assert (again.id, again.name, again.enrolled) == (ada.id, "Ada", ada.enrolled)
    assert [refusal.reason for refusal in enrolment.refused] == [Refusal.REPEATED]
    assert stored(home) == {"Ada": 2}


def test_a_stranger_is_not_added_to_somebody_known(home):
    home.enrol("Ada", pictures([MAN]))
    with pytest.raises(EnrolmentError, match="does not look like the same person"):
        home.enrol("Ada", pictures([WOMAN]))
    assert stored(home) == {"Ada": 1}


def test_a_name_that_cannot_be_used_stores_nothing(home):
    with pytest.raises(EnrolmentError, match="1 to 80 printable characters"):
        home.enrol("\0", pictures([MAN]))
    assert stored(home) == {}


def test_whoever_was_enrolled_is_recognised_and_nobody_else(home):
    home.enrol("Ada", pictures(MEN[:2]))
    matcher = home.matcher(home.gallery.people())

    def name(image):
        [look] = home.eyes().look(image)
        return matcher.match(Sighting(TrackId(0), look))

    assert (name(MEN[2]).likeness, name(MEN[2]).person) == (Likeness.VERIFIED, "Ada")
    assert name(WOMAN).likeness is Likeness.UNKNOWN
