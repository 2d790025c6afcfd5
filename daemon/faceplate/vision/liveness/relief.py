"""How a followed face moved, and how little of that a flat picture could do. Pure.

A flat thing, however it is held, moves by one homography. What a head does beyond that is its relief: as it turns, the
nose and the roundness move otherwise than the plane through the face does. How much is set against how far the face
moved and how much it was foreshortened, for a thing that hardly moved shows nothing.

Paper can be bent as well, and then is round. But it bends along one direction only (it is developable), whereas a nose
stands out from what is beside it and from what is above it: no bend about one axis, nor about two in turn, does that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from faceplate.vision.liveness.following import Followed

FEWEST_FRAMES: Final = 8
FEWEST_POINTS: Final = 16
"""Of the face without the eyes: they blink, and are what is cut out of a mask"""

FEWEST_AROUND: Final = 8

_NOSE = 0.6
"""Eye distances that the tip of the nose lies below the eyes on an average head"""

_ROUNDS = 3
_OUTLIER = 2.0
"""Times the middle point's residual; the weight of a point beyond falls with the square (Cauchy's tails)"""

Real = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Relief:
    """What a face did since its points were chosen. Lengths are in widths of the face."""

    moved: float
    """How far across the picture"""

    foreshortened: float
    """How much narrower one direction became than another, 0..1: a sheet that turns by 20 degrees 0.06"""

    rest: float
    """How far the middle point of the face strayed from where the best homography has it, root mean square over time"""

    noise: float
    """How far the points jitter from frame to frame"""

    depth: float
    """How far a head would have to have turned, in radians, for its nose and mouth to move as they did against what any
    homography and any simple bend explain"""

    nose: float
    """The same for its nose alone, against whatever a sheet can do that is bent about an upright or a lying axis"""

    jitter: float
    """How much of that comes and goes from frame to frame; all of it, where nothing turned and points are only noisy"""

    likeness: float
    """How much of the shape of the greatest common movement of the points beyond that is a nose's, 0..1"""

    around: tuple[float, float] | None
    """How far what is around the face strayed from the face's homography: a quarter of the points less than the first,
    half of them less than the second. None: there is too little to follow"""


def relief(followed: Followed) -> Relief | None:
    """Measure what was followed; None while it is too short, or too little of the face can be followed."""
    placed, apart = _on_head(followed)
    used = followed.in_face & ~_eyes(placed)
    if len(followed.off) < FEWEST_FRAMES or used.sum() < FEWEST_POINTS:
        return None
    off = followed.off[1:, used].transpose(0, 2, 1).astype(np.float64)
    first = followed.first[used].astype(np.float64)
    rest, _ = _unexplained(off, _homographies(first))
    head = _turns(*_left(off, _parabolas(first), _stands_out(placed[used]) * apart))
    moving, nose = _left(off, _sheets(first), _nose(placed[used]) * apart)
    turns = _turns(moving, nose)
    return Relief(
        moved=float(np.linalg.norm(np.ptp(np.median(followed.moved[:, used], axis=1), axis=0))),
        foreshortened=_foreshortened(first, followed.moved[:, used]),
        rest=_middle(_size(rest)),
        noise=float(1.4826 / np.sqrt(2) * np.median(np.abs(np.diff(rest, axis=0)))),
        depth=_root_mean(head),
        nose=_root_mean(turns),
        jitter=_root_mean(np.diff(turns, axis=0)) / 2**0.5,
        likeness=_likeness(moving, nose),
        around=_around(followed, used),
    )


def _unexplained(off: Real, basis: Real) -> tuple[Real, Real]:
    """What a family of movements leaves of `off` (frames, 2, points), and how far each point is to be trusted.

    `basis` are the family's members: (2 * points, n) of movements across and down together, or (points, n) of those
    that either may do without the other. Each frame has its own mixture. The mean over time is taken away, because an
    error in the place where a point was chosen would stand in all frames alike. Robust: iteratively reweighted, one
    weight a point.
    """
    points, members = off.shape[2], basis.shape[1]
    nearly_none = 1e-9 * np.eye(members)
    flat = (off - off.mean(axis=0)).reshape(-1, len(basis))
    weights = np.ones(points)
    rest = flat
    for _ in range(_ROUNDS):
        weighted = (basis.reshape(-1, points, members) * weights[:, None]).reshape(-1, members)
        mixture = np.linalg.solve(basis.T @ weighted + nearly_none, weighted.T @ flat.T)
        rest = flat - (basis @ mixture).T
        size = _size(rest.reshape(off.shape))
        limit = _OUTLIER * _middle(size)
        weights = np.minimum(1.0, (limit / np.maximum(size, 1e-9)) ** 2)
    return rest.reshape(off.shape), weights


def _size(rest: Real) -> Real:
    """Root mean square over time of each point."""
    return np.asarray(np.sqrt(np.einsum("fdp,fdp->p", rest, rest) / len(rest)))


def _middle(sizes: Real) -> float:
    """The median: `numpy.median` takes longer for so few."""
    ordered, half = np.sort(sizes), len(sizes) // 2
    return float(ordered[half] + ordered[-half - 1]) / 2


def _homographies(at: Real) -> Real:
    """How a plane's picture can move, to first order about what it has moved already."""
    x, y = at.T
    one, none = np.ones_like(x), np.zeros_like(x)
    across = np.stack([one, x, y, none, none, none, x * x, x * y], axis=1)
    down = np.stack([none, none, none, one, x, y, x * y, y * y], axis=1)
    return np.concatenate([across, down])


def _parabolas(at: Real) -> Real:
    """The same, and whatever a sheet does that is bent to a parabola."""
    x, y = at.T
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)


def _sheets(at: Real) -> Real:
    """The same, and whatever a sheet does that is bent about an upright or a lying axis: up to the fourth order."""
    return np.hstack([_parabolas(at), at**3, at**4])


def _left(off: Real, family: Real, shape: Real) -> tuple[Real, Real]:
    """What `family` (points, n) leaves of the movements (2 * frames, points), and of `shape` (points,).

    Both are as large as each point is trusted.
    """
    rest, weights = _unexplained(off, family)
    trust = np.sqrt(weights)
    explained, _ = np.linalg.qr(trust[:, None] * family)
    own = trust * shape
    return (rest * trust).reshape(-1, len(trust)), own - explained @ (explained.T @ own)


def _turns(moving: Real, shape: Real) -> Real:
    """Radians, across and down (frames, 2), by which a thing of that shape would have to have turned."""
    return np.asarray(moving @ shape / max(float(shape @ shape), 1e-18)).reshape(-1, 2)


def _root_mean(turns: Real) -> float:
    return float(np.sqrt(np.einsum("fd,fd->", turns, turns) / len(turns)))


def _likeness(moving: Real, shape: Real) -> float:
    # The first right singular vector, but for its length
    common = moving.T @ np.linalg.eigh(moving @ moving.T)[1][:, -1]
    return float(abs(common @ shape) / max(float(np.linalg.norm(common) * np.linalg.norm(shape)), 1e-9))


def _on_head(followed: Followed) -> tuple[Real, float]:
    """Where the points are on the head, in eye distances, x from the nose's line, y down from the eyes'; and that."""
    left, right, nose = followed.landmarks[:3].astype(np.float64)
    across = right - left
    down = np.array([-across[1], across[0]])
    middle = (left + right) / 2
    square = max(float(across @ across), 1e-9)
    place = (followed.first - middle) @ np.stack([across, down], axis=1) / square
    tip = (nose - middle) @ np.stack([across, down], axis=1) / square
    # Where the head is turned already, the nose stands aside of the middle
    aside = tip[0] * np.exp(-(((place[:, 1] - tip[1]) / 0.5) ** 2))
    return np.stack([place[:, 0] - aside, place[:, 1] - (tip[1] - _NOSE)], axis=1), float(np.sqrt(square))


def _eyes(place: Real) -> NDArray[np.bool_]:
    return np.asarray(((np.abs(place[:, 0]) - 0.5) / 0.33) ** 2 + (place[:, 1] / 0.25) ** 2 < 1)


def _stands_out(place: Real) -> Real:
    """How far an average head stands out towards the camera, in eye distances: an ellipsoid and a nose."""
    x, y = place.T
    return np.asarray(1.1 * np.sqrt(np.maximum(1 - (x / 1.25) ** 2 - ((y - 0.35) / 1.9) ** 2, 0)) + _nose(place))


def _nose(place: Real) -> Real:
    x, y = place.T
    return np.asarray(0.38 * np.exp(-((x / 0.2) ** 2) - ((y - _NOSE) / 0.3) ** 2) * (y > -0.3))  # noqa: PLR2004 - the brow


def _foreshortened(first: Real, moved: NDArray[np.float32]) -> float:
    """By the affine map that is nearest to what the face's points did."""
    frames = len(moved)
    plane = np.column_stack([first, np.ones(len(first))])
    there = (first + moved).transpose(1, 0, 2).reshape(len(first), -1)
    maps = np.linalg.lstsq(plane, there, rcond=None)[0][:2].reshape(2, frames, 2).transpose(1, 0, 2)
    stretch = np.linalg.svd(maps, compute_uv=False)
    return float(1 - (stretch[:, 1] / stretch[:, 0]).min())


def _around(followed: Followed, used: NDArray[np.bool_]) -> tuple[float, float] | None:
    ring = ~followed.in_face
    if ring.sum() < FEWEST_AROUND:
        return None
    astray = followed.off[:, ring] - np.median(followed.off[:, used], axis=1)[:, None]
    quarter, half = np.quantile(np.linalg.norm(astray, axis=2).max(axis=0), [0.25, 0.5])
    return float(quarter), float(half)
