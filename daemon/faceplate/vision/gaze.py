"""Where the irises lie between the corners of the eyes, and how far they moved against what surrounds them.

An iris is about a disc, 11.7 mm across (Rüfer, Schröder and Erb 2005), darker than what is beside it; lids hide it
above and below. So it is where a filter of that shape answers most (a matched filter: Turin 1960), to a fraction of a
pixel by a parabola through the answers beside. The means of gradients of Timm and Barth (2011) found it no better.

Where the corners are is told to a fiftieth of an eye's width, and that trembles when a face moves in the
picture. Against what surrounds it an iris is told better: lids, brows and skin of two views are laid on each other by
an affine map that makes their grey levels agree (Lucas and Kanade 1981; by Cauchy's weights, so that a few pixels may
disagree), and what the iris moved besides is told to a two-hundredth. In a picture of a face that is nothing, however
the picture is held or bent.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from faceplate.model.eye_view import APART, HEIGHT, WIDTH, EyeViews

View = NDArray[np.float32]
"""float32 (HEIGHT, WIDTH): one of `EyeViews`"""

OfBoth = NDArray[np.float64]
"""float64 (2,), of the eye further left in the picture and of the other: widths of the eye to the picture's right"""

MIDDLE: Final = ((WIDTH - 1) / 2, (HEIGHT - 1) / 2)
"""Of a view, x and y"""

# These numbers and those below were chosen on prints, real and simulated, on simulated visitors whose eyes do not move,
# and on sequences of living people. First the shape of the filter, in pixels of a view.
_IRIS = 5.5
"""Radius of what is dark: an iris's is 5.8, and its edge is soft"""
_BESIDE = 3.0
"""How far beside it is brighter"""
_SOFT = 0.7
"""How softly one passes into the other"""
_BRIGHT = 0.7
"""How much what is beside counts against the disc: of some eyes the white is not white"""
_REACH = 12

_ACROSS, _DOWN = slice(9, 39), slice(10, 23)
"""Where in a view the middle of an iris may be"""

_DISTINCT = 0.3
"""What the filter must answer, in standard deviations of the view: where it answers less nothing is to be seen"""

CROSSED: Final = 0.13
"""How far nearer to the nose, together, the irises of eyes that look straight lie than the middles between the mesh's
corners: the middle one of people who were filmed by webcams"""

_DISAGREE = 0.2
"""Those that lie further from that do not look one way: one of them was not found"""

_EDGE = 2
"""Pixels along the edge of a view that are not compared"""
_OPENING = (13.0, 6.5)
"""Half the width and height of the ellipse about the eye's opening that is not"""
_SMOOTH = 1.2
_UNIT = 12.0
"""Pixels, of the places in an affine map: so that its six numbers are of one size"""
_ROUNDS = 3
_UNLIKE = 0.4
"""Standard deviations of the view: a pixel that differs by so much counts half"""
_STIFF = (0.5, 2.0, 2.0, 0.5, 2.0, 2.0, 1e-3, 1e-3)
"""What keeps a movement small that nothing in the views says: of x, y, and of what light changed"""

ALIKE: Final = 0.9
"""Correlation of the surroundings of an eye in two views; with less one does not lie on the other: a shine came, a head
turned, or there are glasses that mirror"""


def irises(views: EyeViews) -> OfBoth | None:
    """Where each iris is from the middle between its corners.

    Returns:
        None where it cannot be told: eyes behind dark glass, in the dark, or that disagree. The lashes of shut eyes may
        be taken for irises: ask first whether they are open.
    """
    places = [_darkest_disc(view) for view in views]
    left, right = places
    if left is None or right is None:
        return None
    both = _to_the_right(left, right)
    return both if abs(both[0] - both[1] - CROSSED) <= _DISAGREE else None


class Reference:
    """Both eyes of a face at some moment, which its eyes are compared with at others."""

    def __init__(self, views: EyeViews) -> None:
        """Take the views, whatever there is to be seen in them."""
        self._irises = irises(views)
        self._surroundings = [_Surroundings(view) for view in views]

    def moved(self, views: EyeViews) -> OfBoth | None:
        """How far each iris moved from then against what surrounds it; None where that cannot be told."""
        now = irises(views)
        if now is None or self._irises is None:
            return None
        pairs = zip(self._surroundings, views, strict=True)
        left, right = (surroundings.moved(view) for surroundings, view in pairs)
        if left is None or right is None:
            return None
        return now - self._irises - _to_the_right(left, right)


class _Surroundings:
    """What is about one eye, ready to be laid on what is about it in other views."""

    def __init__(self, view: View) -> None:
        smooth = _smoothed(view)
        gradients = [cv2.Sobel(smooth, cv2.CV_32F, *along, scale=1 / 8)[_about()] for along in ((1, 0), (0, 1))]
        across, down = (each[_about()] for each in _grid())
        self._grey = smooth[_about()]
        moves = [gradient * by for gradient in gradients for by in (1, across, down)]
        self._change = np.stack([*moves, self._grey, np.ones_like(self._grey)])

    def moved(self, view: View) -> float | None:
        """Pixels that the middle of the eye went along the view by them; None where nothing fits."""
        smooth, by = _smoothed(view), np.zeros(len(_STIFF))
        for _ in range(_ROUNDS):
            laid = _laid(smooth, by)[_about()]
            unlike = self._grey - laid
            weighted = self._change / (1 + (unlike / _UNLIKE) ** 2)
            by += np.linalg.solve(weighted @ self._change.T + np.diag(_STIFF), weighted @ unlike)
        return float(by[0]) if np.corrcoef(self._grey, laid)[0, 1] >= ALIKE else None


def _laid(view: View, by: NDArray[np.float64]) -> View:
    """The view moved back by an affine map: what went along x, and how much more across and down from the middle."""
    across, down = _grid()
    x = MIDDLE[0] + _UNIT * across + by[0] + by[1] * across + by[2] * down
    y = MIDDLE[1] + _UNIT * down + by[3] + by[4] * across + by[5] * down
    maps = x.astype(np.float32), y.astype(np.float32)
    return np.asarray(cv2.remap(view, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _smoothed(view: View) -> View:
    return np.asarray(cv2.GaussianBlur(view, (0, 0), _SMOOTH), np.float32)


@cache
def _grid() -> tuple[View, View]:
    """How far each pixel of a view is across and down from its middle, in `_UNIT`."""
    down, across = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    return (across - MIDDLE[0]) / _UNIT, (down - MIDDLE[1]) / _UNIT


@cache
def _about() -> NDArray[np.bool_]:
    """Where in a view there is neither the eye's opening nor the edge."""
    across, down = (_UNIT * each for each in _grid())
    about = (across / _OPENING[0]) ** 2 + (down / _OPENING[1]) ** 2 > 1
    inside = (np.abs(across) < MIDDLE[0] - _EDGE + 0.5) & (np.abs(down) < MIDDLE[1] - _EDGE + 0.5)
    return np.asarray(about & inside)


def _darkest_disc(view: View) -> float | None:
    """Pixels along the view from its middle to where it looks most like an iris; None where nothing does."""
    answers = cv2.filter2D(view, cv2.CV_32F, _iris(), borderType=cv2.BORDER_REPLICATE)[_DOWN, _ACROSS].max(axis=0)
    best = int(np.argmax(answers))
    if answers[best] < _DISTINCT or not 0 < best < len(answers) - 1:
        return None
    before, there, after = (float(each) for each in answers[best - 1 : best + 2])
    return _ACROSS.start + best + (before - after) / (2 * (before - 2 * there + after)) - MIDDLE[0]


@cache
def _iris() -> NDArray[np.float32]:
    """The filter: what is beside, mostly left and right, less a disc."""
    down, across = np.mgrid[-_REACH : _REACH + 1, -_REACH : _REACH + 1].astype(np.float64)
    away = np.hypot(across, down)
    disc, wider = (1 / (1 + np.exp((away - radius) / _SOFT)) for radius in (_IRIS, _IRIS + _BESIDE))
    beside = (wider - disc) * np.abs(across) / np.maximum(away, 1)
    return np.asarray(_BRIGHT * beside / beside.sum() - disc / disc.sum(), np.float32)


def _to_the_right(first: float, second: float) -> OfBoth:
    """Pixels along the views of both eyes, of which that of the second is a mirror image, in widths of the eye."""
    return np.array([first, -second]) / APART
