"""Does a shine come and go over the face that is of what is before it, not of the face?

Paper and screens mirror lamps, windows and walls. What they mirror is added to the picture on them, dark hair and light
skin alike, and wanders over it as the sheet is tilted. Light on a living face is not added: it multiplies, so that what
is dark stays dark. So each part of the face is compared with how it looked a moment ago, as `now = gain * then + veil`,
by least squares over its pixels and their three colours: other light is a gain without a veil, for skin has a colour,
and a face that turned or talked does not fit.

Highlights on skin are small; spectacles mirror as paper does, so nothing is looked at around the eyes. What a camera's
own window mirrors looks the same: a light that passes there once is a doubt, which a challenge settles; a veil that
goes on wandering is a denial.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from faceplate.types import Face, Frame, Image, Pixels, Seconds, Sighting
from faceplate.vision.liveness.evidence import Evidence, Tells
from faceplate.vision.per_track import PerTrack

SMALLEST_FACE: Final = Pixels(60.0)
EVERY: Final = Seconds(0.6)
SHARE: Final = 0.01
"""Of the face, veiled otherwise than before. Of living people filmed by a webcam it was 0; of two photographs of one
person, taken on other days, it was more for one in fifty, and never on two in a row"""

_DOUBTED, _DENIED = 2, 4
"""Looks in a row on which a veil is another than before. A light that passes once is so on three: it came, it is gone
since the last one, and since the one before. Of living people filmed by a webcam it was never so"""

_KEPT = 2
"""Looks that a new one is compared with; a third costs nearly half as much again, and found 12 prints for 10"""

SIDE: Final = 48
"""Pixels of the view, upright, of a face whose eyes are `_APART` apart"""

_APART = 12.0
_EYES = (24.0, 20.0)
"""Where the middle between them lies in the view"""

_FAR = 29.0
"""From there to the furthest that is looked at"""

_GAMMA = 2.2
"""A usual camera's, so that light that is added is added"""

_PART = 7
"""Pixels to a side that are fitted together"""

_REACH = 3
"""Pixels that a face may lie beside where its landmarks say"""

_FEWEST = 200
"""Pixels of the view in which something can be said"""

VEIL: Final = 0.3
"""Of the face's usual brightness; less is within what a camera's own curve makes of another light"""

_BRIGHTER = 0.6
"""Of a veil: so much brighter a part must be that has it"""

_MISFIT = 0.12
"""Of the same: standard deviation of what gain and veil leave over"""

_CONTRAST = 0.12
"""Of the same, standard deviation: a part with less has nothing to tell a gain from a veil by"""

_GAINS = (0.65, 1.4)
"""Against the face's own; with less, a part is blurred or is another"""

_THIRD = np.float32(1 / 3)
"""Weight of each colour; luminance's would all but leave out blue, by which skin and lamps differ most"""

_CLIPPED = 0.93
"""Linear, of 1: where a camera may give no more"""

_COLOUR = 0.06
"""Difference of the colours against their mean, median of the face: with less the picture is black and white"""

Plane = NDArray[np.float32]
"""float32 (SIDE, SIDE)"""

Colours = NDArray[np.float32]
"""Linear RGB float32 (SIDE, SIDE, 3), 0..1"""

Mask = NDArray[np.bool_]
"""bool (SIDE, SIDE)"""


@dataclass(frozen=True, slots=True)
class View:
    """A face upright at a fixed size, and what a comparison needs of it."""

    light: Colours
    mean: Colours
    """Over the part around each pixel"""
    square: Colours
    """Mean of the squares, likewise"""
    tone: Plane
    """Logarithm of the brightness"""
    usable: Mask
    """Face, in the picture, and not clipped"""


@dataclass(slots=True)
class _Looks:
    """What is remembered of a track."""

    at: Seconds | None = None
    kept: deque[View] = field(default_factory=lambda: deque(maxlen=_KEPT))
    in_a_row: int = 0
    """In which a veil was another than before"""


class Glare:
    """Doubts, and then denies, "glare"."""

    def __init__(self) -> None:
        self._tracks = PerTrack(_Looks)
        self._linear = (np.arange(256) / 255).astype(np.float32) ** np.float32(_GAMMA)
        self._region = _region()

    def observe(self, track: Sighting, frame: Frame) -> Evidence:
        """Whether a veil came, went or wandered since the looks before, on this look and those before it."""
        looks = self._tracks.of(track.track, frame.time)
        if looks.at is not None and 0 <= frame.time - looks.at < EVERY:
            return Evidence("glare", Tells.NOTHING)
        looks.at = frame.time
        view = self.view(frame.image, track.look.face)
        if view is None:
            looks.kept.clear()
            looks.in_a_row = 0
            return Evidence("glare", Tells.NOTHING)
        share = max((veiled(view, then) for then in looks.kept), default=0.0)
        looks.kept.append(view)
        looks.in_a_row = looks.in_a_row + 1 if share > SHARE else 0
        if looks.in_a_row >= _DENIED:
            return Evidence("glare", Tells.DENIES, share)
        return Evidence("glare", Tells.DOUBTS if looks.in_a_row >= _DOUBTED else Tells.NOTHING, share)

    def view(self, image: Image, face: Face) -> View | None:
        """The face of a frame, RGB uint8 (H, W, 3); None where it is small, outside, clipped, or black and white."""
        if face.box.width < SMALLEST_FACE:
            return None
        seen, inside = _upright(image, face)
        light = self._linear[seen]
        mean = _over_parts(light)
        usable = self._region & inside & ~_clipped(light)
        if np.count_nonzero(usable) < _FEWEST or not _coloured(mean[usable]):
            return None
        return View(light, mean, _over_parts(light * light), np.log(_grey(light) + np.float32(0.03)), usable)


def veiled(now: View, then: View) -> float:
    """The share of the face, 0..1, over which there is a veil that was not there, or was and is gone."""
    here, there = _matched(now.tone, then.tone)
    usable = now.usable[here] & then.usable[there]
    if np.count_nonzero(usable) < _FEWEST:
        return 0.0
    # The whole picture may have become brighter or redder: that is the camera's exposure and white balance.
    gain = np.median(now.mean[here][usable] / np.maximum(then.mean[there][usable], 0.002), axis=0)
    weights = (_THIRD / gain).astype(np.float32)
    mean_now, mean_then = now.mean[here] @ weights, _grey(then.mean[there])
    level = float(np.median(mean_then[usable]))
    brighter = (mean_now - mean_then) / level
    changed = usable & (np.abs(brighter) > _BRIGHTER * VEIL)
    if np.count_nonzero(changed) <= SHARE * np.count_nonzero(usable):  # nearly always, and the rest costs the most
        return 0.0
    both = _over_parts(now.light[here] * then.light[there]) @ weights - mean_now * mean_then
    spread_then = _grey(then.square[there]) - mean_then**2
    spread_now = now.square[here] @ (weights**2 / _THIRD) - mean_now**2
    slope = both / np.maximum(spread_then, 1e-5)
    veil = (mean_now - slope * mean_then) / level
    misfit = np.maximum(spread_now - slope * both, 0) / level**2
    fits = changed & (misfit < _MISFIT**2) & (spread_then > (_CONTRAST * level) ** 2)
    fits &= (slope > _GAINS[0]) & (slope < _GAINS[1])
    came, gone = fits & (veil > VEIL) & (brighter > 0), fits & (veil < -VEIL) & (brighter < 0)
    return max(np.count_nonzero(came), np.count_nonzero(gone)) / np.count_nonzero(usable)


def _upright(image: Image, face: Face) -> tuple[Image, Mask]:
    """The view of a face, RGB uint8 (SIDE, SIDE, 3), and where it lies in the picture."""
    left, right, _, *mouth = face.landmarks.astype(np.float64)
    middle, across = (left + right) / 2, right - left
    down = float(np.linalg.norm(np.mean(mouth, axis=0) - middle))
    apart = max(float(np.linalg.norm(across)), 0.9 * down, 1.0)  # a face turned aside is as large as before
    zoom = _APART / apart
    reach = _FAR / zoom
    height, width = image.shape[:2]
    first = np.clip((middle - reach).astype(int), 0, (width - 1, height - 1))
    last = np.clip((middle + reach).astype(int), first + 1, (width, height))
    averaged = max(round(1 / zoom), 1)
    cut = cv2.blur(image[first[1] : last[1], first[0] : last[0]], (averaged, averaged))
    cosine, sine = across / max(float(np.linalg.norm(across)), 1.0)
    turn = zoom * np.array([[cosine, sine], [-sine, cosine]])
    matrix = np.column_stack([turn, np.array(_EYES) + turn @ (first - middle)])
    seen = cv2.warpAffine(cut, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
    inside = cv2.warpAffine(np.ones(cut.shape[:2], np.uint8), matrix, (SIDE, SIDE), flags=cv2.INTER_NEAREST)
    return np.asarray(seen, np.uint8), np.asarray(inside > 0)


def _region() -> Mask:
    """The face with the edge of its hair, without what spectacles cover."""
    y, x = np.mgrid[:SIDE, :SIDE]
    face = ((x - 24) / 12) ** 2 + ((y - 25) / 18) ** 2 < 1
    spectacles = (np.abs(y - 20.5) < 5) & (np.abs(x - 24) < 11)  # noqa: PLR2004
    return np.asarray(face & ~spectacles)


def _matched(now: Plane, then: Plane) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The parts of two views that show the same."""
    middle = (slice(10, 40), slice(12, 36))
    wider = tuple(slice(each.start - _REACH, each.stop + _REACH) for each in middle)
    likeness = cv2.matchTemplate(now[wider], then[middle], cv2.TM_CCOEFF_NORMED)
    across, down = (each - _REACH for each in cv2.minMaxLoc(likeness)[3])
    here = slice(max(down, 0), SIDE + min(down, 0)), slice(max(across, 0), SIDE + min(across, 0))
    there = slice(max(-down, 0), SIDE - max(down, 0)), slice(max(-across, 0), SIDE - max(across, 0))
    return here, there


def _over_parts(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.blur(values, (_PART, _PART)), np.float32)


def _coloured(colours: NDArray[np.float32]) -> bool:
    usual = np.median(colours, axis=0)
    return float(usual.max() - usual.min()) > _COLOUR * float(usual.mean())


def _clipped(light: Colours) -> Mask:
    """Parts of which a tenth or more is."""
    red, green, blue = cv2.split(light)
    clipped = np.maximum(np.maximum(red, green), blue) > _CLIPPED
    return np.asarray(_over_parts(clipped.astype(np.float32)) > 0.1)  # noqa: PLR2004


def _grey(colours: NDArray[np.float32]) -> Plane:
    return np.asarray(colours @ np.full(3, _THIRD))
