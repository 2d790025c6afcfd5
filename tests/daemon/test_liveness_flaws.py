"""A face that cannot be judged may be anybody's: whatever it does says nothing of a face that can be, on one track."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from attacks import sources, visitors
from attacks.clip import Clip
from attacks.heads import generic
from attacks.viewpoints import Viewpoint, beside
from faceplate.commands.demo import FOOTAGE
from faceplate.pictures import read_picture
from faceplate.types import Flaw, Frame, Look, Sighting, TrackId
from faceplate.vision.detector import FaceDetector
from faceplate.vision.liveness.cues import added_by_second
from faceplate.vision.liveness.evidence import Evidence, LivenessCue, Tells
from faceplate.vision.liveness.motion import Motion
from faceplate.vision.liveness.turn import Turn

pytestmark = pytest.mark.once

FRAMES, FEW = 24, 2
"""Of a visit, and so many of them that they are too few to say anything"""

MAKERS: dict[str, Callable[[FaceDetector], LivenessCue]] = {
    "motion": lambda _: Motion(),
    "turn": lambda _: Turn(),
    "stereo": lambda find: added_by_second("view", find.find).cue,
    "infrared": lambda find: added_by_second("infrared", find.find).cue,
}


@pytest.fixture(scope="module")
def find() -> FaceDetector:
    return sources.detector()


@pytest.fixture(scope="module")
def visit(find) -> Clip:
    """A living visitor before two cameras."""
    still = sources.still_of(read_picture(FOOTAGE / "man-1.jpg"), "man", find)
    assert still is not None
    first, second = (
        visitors.live_like(still, generic(still), 1, FRAMES, view=view) for view in (Viewpoint(), beside(1))
    )
    return replace(first, seconds=second.images)


def says(cue: LivenessCue, shown: Sequence[tuple[Frame, Sighting]]) -> list[Evidence]:
    return [cue.observe(sighting, frame) for frame, sighting in shown]


@pytest.mark.parametrize("name", MAKERS)
def test_what_confirms_forgets_it(find, visit, name):
    shown = []
    for frame in visit.frames():
        look = Look(find.find(frame.image)[0], np.zeros((112, 112, 3), np.uint8), (), None)
        shown.append((frame, Sighting(TrackId(1), look)))
    flawed = [
        (frame, replace(seen, look=replace(seen.look, flaws=(Flaw.TOO_DARK,)))) for frame, seen in shown[: FRAMES - FEW]
    ]
    make = MAKERS[name]
    said = says(make(find), [*flawed, *shown[-FEW:]])
    assert {each.tells for each in said[:-FEW]} == {Tells.NOTHING}
    assert said[-FEW:] == says(make(find), shown[-FEW:])
    if name != "turn":  # the visitor does not turn as far
        assert Tells.CONFIRMS in {each.tells for each in says(make(find), shown)}, "though there is enough to see"
