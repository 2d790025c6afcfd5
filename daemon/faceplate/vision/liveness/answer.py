"""How a face, and what is beside it, answers colours that shine on it. Pure.

Skin reflects a part of all light, so a lamp makes its light larger by a factor, whatever its own colour is: in
logarithms the answer is a sum, and the differences from one colour to the next are those of the lamp. How bright a
picture is as a whole is taken away, so that neither exposure nor a step nearer answers anything. White balance follows
in seconds, and from one colour to the next hardly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from faceplate.types import Box, Colour, Image, Look

CELLS: Final = 28
"""Along each side of the aligned face, 112 pixels"""

_GAMMA = 2.2
_DARKEST = 1e-3
"""Of white: what is darker is noise"""

_WIDE, _HIGH = 38 / 112, 50 / 112
"""Half axes of a face, in sides of the aligned one, whose middle is at half its width and `_DOWN` of its height"""
_DOWN = 64 / 112

_SKIN = 0.85
"""Of the half axes: without what may be hair"""

_BESIDE: Final = ((-0.5, -0.25), (1.25, 1.5))
_LEVEL = (0.1, 0.6)
"""Where it is looked beside a face, in widths and heights of its box: above the shoulders"""

_FEWEST_BESIDE = 0.5
"""Share of such a place that must be in the picture"""

_FINE = 3.0
"""Cells, standard deviation: brows, eyes and lips are finer, the shading of a face is coarser"""

Real = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Light:
    """What was seen of a face, and beside it, in the light of one colour."""

    face: Real
    """Linear light, red, green, blue, 0..1, float64 (CELLS, CELLS, 3)"""

    beside: Real
    """Float64 (2, 3), on the left and on the right; nan where that is out of the picture"""


@dataclass(frozen=True, slots=True)
class Answer:
    """How a face answered several colours."""

    likeness: float
    """Of its changes to those of what was shone, -1..1"""

    strength: float
    """How much of the colour shone is added to the colour of the face, in parts of the light that is there"""

    beside: float
    """What answers more of both sides, in parts of the face's answer; nan: nothing is seen there"""

    dark: float
    """How much stronger what is dark in the face answers than what is light: 0 of what reflects a part of all light,
    -1 or less of what adds the same to all"""


def light_of(look: Look, image: Image) -> Light:
    """What is seen of a face and beside it on one frame, `image` RGB uint8 (H, W, 3)."""
    small = cv2.resize(look.crop, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    beside = [_mean(_beside(image, look.face.box, span)) for span in _BESIDE]
    return Light(_linear(small), np.stack(beside))


def mean_of(lights: Sequence[Light]) -> Light:
    """Of several frames in one colour."""
    return Light(np.mean([each.face for each in lights], axis=0), np.mean([each.beside for each in lights], axis=0))


def answer_of(colours: Sequence[Colour], lights: Sequence[Light]) -> Answer:
    """How a face answered.

    Args:
        colours: that shone, one after the other, three or more, not all the same.
        lights: what was seen in each.
    """
    asked = _changes(np.array([[each.red, each.green, each.blue] for each in colours], np.float64))
    face = np.stack([light.face for light in lights])
    of_face = _of_face()
    whole = _changes(_log(face[:, of_face].mean(axis=1)))
    strength = float(_share(whole, asked))
    answering = max(abs(strength), 1e-9)
    beside = _share(_changes(_log(np.stack([light.beside for light in lights]))), asked)
    seen = beside[np.isfinite(beside)]
    both = float(np.linalg.norm(whole)) * float(np.linalg.norm(asked))
    return Answer(
        likeness=float((whole * asked).sum()) / max(both, 1e-9),
        strength=strength,
        beside=float(seen.max() / answering) if len(seen) else float("nan"),
        dark=_by_brightness(_share(_changes(_log(face)), asked), _log(face.mean(axis=(0, 3))), of_face) / answering,
    )


def _changes(colours: Real) -> Real:
    """From each to the next, what is the same of red, green and blue taken away; (n, ..., 3) -> (n - 1, ..., 3)."""
    return np.asarray(np.diff(colours - colours.mean(axis=-1, keepdims=True), axis=0))


def _share(changes: Real, asked: Real) -> Real:
    """By how much of `asked` (n, 3) each of `changes` (n, ..., 3) goes, by least squares."""
    return np.asarray(np.einsum("n...c,nc->...", changes, asked) / (asked**2).sum())


def _by_brightness(answers: Real, brightness: Real, of_face: NDArray[np.bool_]) -> float:
    """Slope of the answers over the logarithm of brightness, all (CELLS, CELLS), in what is fine of both."""
    answer, bright = _fine(answers)[of_face], _fine(brightness)[of_face]
    return float(answer @ bright) / max(float(bright @ bright), 1e-9)


def _fine(cells: Real) -> Real:
    return np.asarray(cells - cv2.GaussianBlur(cells, (0, 0), _FINE))


def _of_face() -> NDArray[np.bool_]:
    y, x = (np.mgrid[:CELLS, :CELLS] + 0.5) / CELLS
    return np.asarray(np.hypot((x - 0.5) / _WIDE, (y - _DOWN) / _HIGH) < _SKIN)


def _beside(image: Image, box: Box, span: tuple[float, float]) -> Image | None:
    """A place beside a face; None where too little of it is in the picture."""
    height, width = image.shape[:2]
    left, right = (int(np.clip(box.x + share * box.width, 0, width)) for share in span)
    top, bottom = (int(np.clip(box.y + share * box.height, 0, height)) for share in _LEVEL)
    whole = (span[1] - span[0]) * (_LEVEL[1] - _LEVEL[0]) * box.area
    enough = (right - left) * (bottom - top) > _FEWEST_BESIDE * whole
    return image[top:bottom, left:right] if enough else None


def _mean(place: Image | None) -> Real:
    return np.full(3, np.nan) if place is None else _linear(place).mean(axis=(0, 1))


def _linear(image: NDArray[np.generic]) -> Real:
    return np.asarray((np.asarray(image, np.float64) / 255) ** _GAMMA)


def _log(light: Real) -> Real:
    return np.asarray(np.log(np.maximum(light, _DARKEST)))
