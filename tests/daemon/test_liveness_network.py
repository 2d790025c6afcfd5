"""The passive network: the scores its trainer saw, on any runtime, or a refusal; and its cue over several frames."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import cv2
import numpy as np
import pytest

from faceplate.commands.demo import FOOTAGE
from faceplate.errors import ModelError
from faceplate.model.bundle import DEFAULT_BUNDLE, Bundle, load_bundle
from faceplate.types import Box, Face, Frame, Image, Look, Pixels, Seconds, Sighting, TrackId
from faceplate.vision.detector import FaceDetector
from faceplate.vision.liveness.evidence import Evidence, Tells
from faceplate.vision.liveness.network import (
    CUE,
    ENOUGH,
    SCORES,
    PassiveCue,
    PassiveNetwork,
    golden_score,
    passive_network,
    tells,
)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle(DEFAULT_BUNDLE)


@pytest.fixture(scope="module")
def network(bundle, runtime) -> PassiveNetwork:
    return passive_network(bundle, runtime=runtime)


@pytest.fixture(scope="module")
def seen(bundle) -> list[tuple[Image, Box]]:
    """Frames of the woman, and where her face is."""
    detector = FaceDetector(bundle.detector, face_threshold=0.8, min_face=Pixels(40))
    clip, found = cv2.VideoCapture(str(FOOTAGE / "woman.mp4")), []
    while (read := clip.read())[0]:
        image = np.asarray(read[1][..., ::-1], np.uint8)
        found += [(image, face.box) for face in detector.find(image)[:1]]
    return found


@pytest.fixture(scope="module")
def strict(bundle, network, runtime, seen) -> PassiveNetwork:
    """The same network with one threshold between what it makes of the first frames and of their negatives."""
    low = max(network.score(negative(image), box) for image, box in seen[:SCORES])
    high = min(network.score(image, box) for image, box in seen[:SCORES])
    assert low < high
    between = (low + high) / 2
    model = dataclasses.replace(bundle.manifest.liveness, deny_below=between, confirm_above=between)
    return PassiveNetwork(bundle.liveness, model, runtime=runtime)


def negative(image: Image) -> Image:
    """Nothing that lives looks like this; prints that may be shown here there are none."""
    return np.asarray(255 - image, np.uint8)


def observed(
    cue: PassiveCue, frames: Iterable[tuple[Image, Box]], track: int = 1, start: float = 0.0
) -> list[Evidence]:
    said = []
    for index, (image, box) in enumerate(frames):
        face = Face(box, np.zeros((5, 2), np.float32), 0.9)
        sighting = Sighting(TrackId(track), Look(face, np.zeros((112, 112, 3), np.uint8), (), None))
        said.append(cue.observe(sighting, Frame(index, Seconds(start + index / 10), image)))
    return said


def test_the_golden_crop_has_the_golden_score(bundle, network):
    model = bundle.manifest.liveness
    assert golden_score(network, bundle) == pytest.approx(model.golden_score, abs=model.golden_tolerance)


def test_a_living_person_is_confirmed(network, seen):
    assert min(network.score(image, box) for image, box in seen) > network.model.confirm_above


def test_scores_point_one_way_the_other_or_neither(bundle):
    model = dataclasses.replace(bundle.manifest.liveness, deny_below=0.3, confirm_above=0.7)
    assert [tells(model, score) for score in (0.0, 0.29, 0.3, 0.5, 0.7, 0.71, 1.0)] == [
        Tells.DENIES,
        Tells.DENIES,
        *[Tells.NOTHING] * 3,
        Tells.CONFIRMS,
        Tells.CONFIRMS,
    ]


def test_nothing_is_said_before_there_are_enough_frames(network, seen):
    said = observed(PassiveCue(network), seen[:6])
    assert [each.tells for each in said] == [Tells.NOTHING] * (ENOUGH - 1) + [Tells.CONFIRMS] * (7 - ENOUGH)
    assert {each.cue for each in said} == {CUE}


def test_one_bad_frame_does_not_turn_the_median(strict, seen):
    frames = list(seen[:SCORES])
    frames[2] = (negative(frames[2][0]), frames[2][1])
    assert observed(PassiveCue(strict), frames)[-1].tells is Tells.CONFIRMS


def test_what_looks_dead_for_several_frames_is_denied(strict, seen):
    frames = [(negative(image), box) for image, box in seen[:ENOUGH]]
    assert [each.tells for each in observed(PassiveCue(strict), frames)] == [*[Tells.NOTHING] * 2, Tells.DENIES]


def test_each_track_is_judged_by_its_own_frames(strict, seen):
    cue = PassiveCue(strict)
    observed(cue, [(negative(image), box) for image, box in seen[:SCORES]], track=1)
    said = observed(cue, seen[:ENOUGH], track=2, start=0.5)
    assert [each.tells for each in said] == [Tells.NOTHING] * (ENOUGH - 1) + [Tells.CONFIRMS]


@pytest.mark.parametrize("tint", [(1, 1, 1), (1.05, 1, 0.9)])
def test_of_a_black_and_white_picture_nothing_is_said(network, seen, tint):
    """The network itself takes it for alive: it has no patterns of print in its colours, for it has none."""
    draw = np.random.default_rng(0)
    for image, box in seen[:SCORES]:
        grey = image.mean(axis=2, keepdims=True) * tint + draw.normal(0, 3, image.shape)
        assert network.score(np.clip(grey, 0, 255).astype(np.uint8), box) is None


def test_of_a_small_face_nothing_is_said(network, seen):
    image, box = seen[0]
    share = (network.model.smallest_face - 1) / max(box.width, box.height)
    small = cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    there = Box(*(Pixels(value * share) for value in (box.x, box.y, box.width, box.height)))
    said = observed(PassiveCue(network), [(np.asarray(small, np.uint8), there)] * SCORES)
    assert {each.tells for each in said} == {Tells.NOTHING}


def test_a_bundle_without_one_says_what_to_do(bundle):
    bare = dataclasses.replace(bundle, manifest=dataclasses.replace(bundle.manifest, liveness=None))
    with pytest.raises(ModelError, match=r"has no liveness network.*add-liveness"):
        passive_network(bare)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"golden_score": 2.0}, r"another liveness score .* expected 2\.000"),
        ({"golden_score": float("nan")}, "another liveness score"),
        ({"input_size": 64}, r"expects uint8 \(1, 96, 96, 6\), the bundle says uint8 \(1, 64, 64, 6\)"),
        ({"crop_scales": (1.0,)}, r"the bundle says uint8 \(1, 96, 96, 3\)"),
    ],
)
def test_a_network_that_is_not_what_the_bundle_says_is_refused(bundle, runtime, values, complaint):
    model = dataclasses.replace(bundle.manifest.liveness, **values)
    other = dataclasses.replace(bundle, manifest=dataclasses.replace(bundle.manifest, liveness=model))
    with pytest.raises(ModelError, match=complaint):
        passive_network(other, runtime=runtime)


@pytest.mark.parametrize("content", [b"", b"no network", bytes(4096)])
def test_what_is_no_network_is_refused(bundle, runtime, content):
    with pytest.raises(ModelError, match=r"cannot run the liveness network liveness\.tflite"):
        PassiveNetwork(content, bundle.manifest.liveness, runtime=runtime)


def test_the_siamese_network_is_no_liveness_network(bundle, runtime):
    with pytest.raises(ModelError, match="liveness network"):
        PassiveNetwork(bundle.siamese, bundle.manifest.liveness, runtime=runtime)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"deny_below": 0.6, "confirm_above": 0.5}, "deny_below <= confirm_above"),
        ({"confirm_above": 1.5}, "<= 1"),
        ({"crop_scales": ()}, "squares of a size above 0"),
        ({"input_size": 0}, "squares of a size above 0"),
    ],
)
def test_what_makes_no_sense_is_refused(bundle, values, complaint):
    with pytest.raises(ModelError, match=complaint):
        dataclasses.replace(bundle.manifest.liveness, **values).check(DEFAULT_BUNDLE)
