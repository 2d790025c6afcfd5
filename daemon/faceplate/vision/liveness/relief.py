"""How a followed face moved, and how little of that a flat picture could do. Pure.

A flat thing, however it is held, moves by one homography. What a head does beyond that is its relief: as it turns, the
nose and the roundness move otherwise than the plane through the face does. How much is set against how far the face
moved and how much it was foreshortened, for a thing that hardly moved shows nothing.

Paper can be bent as well, and then is round. But it bends along one direction only (it is developable), whereas a nose
stands out from what is beside it and from what is above it: no bend about one axis, nor about two in turn, does that.
Where paper ends and its wearer begins there is a step, which may be like a nose by chance; it is not at the same time
like a nose between two sockets of eyes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from faceplate.vision.liveness.average_head import Real, eyes, nose, nose_and_sockets, on_head, stands_out
from faceplate.vision.liveness.following import Followed

FEWEST_FRAMES: Final = 8
FEWEST_POINTS: Final = 16
"""Of the face without the eyes: they blink, and are what is cut out of a mask"""

FEWEST_AROUND: Final = 8

_NEARLY_NONE = 1e-9
"""What is added to a diagonal, so that there is a solution where points lie on a line"""

_ROUNDS = 3
_OUTLIER = 2.0
"""Times the middle point's residual; the weight of a point beyond falls with the square (Cauchy's tails)"""


@dataclass(frozen=True, slots=True)
class Shown:
    """How much of one shape was seen in how the points moved."""

    turned: float
    """How far, in radians, a head would have to have turned for its shape to move so; root mean square over time"""

    jitter: float
    """How much of that comes and goes from frame to frame; all of it, where nothing turned and points are only noisy"""

    likeness: float
    """How much of the greatest common movement of the points is that shape's, 0..1"""


class Relief:
    """What a face did since its points were chosen; each part is measured when it is first asked for.

    Lengths are in widths of the face.
    """

    def __init__(self, followed: Followed, used: NDArray[np.bool_], place: Real, apart: float) -> None:
        """Take what was followed.

        Args:
            followed: at least two frames.
            used: bool (points,): which are measured; at least `FEWEST_POINTS`, all of the face.
            place: float64 (those points, 2): where they lie on the head.
            apart: how far its eyes are apart.
        """
        self._followed = followed
        self._used = used
        self._place = place
        self._apart = apart
        self._first = followed.first[used].astype(np.float64)

    @cached_property
    def moved(self) -> float:
        """How far across the picture."""
        return float(np.linalg.norm(np.ptp(_middles(self._followed.moved[:, self._used]), axis=0)))

    @cached_property
    def foreshortened(self) -> float:
        """How much narrower one direction became than another, 0..1: a sheet that turns by 20 degrees 0.06."""
        return _foreshortened(self._first, self._followed.moved[:, self._used])

    @cached_property
    def rest(self) -> float:
        """How far the middle point of the face strayed from where the best homography has it.

        Root mean square over time.
        """
        return _middle(_size(self._whole_head[0]))

    @cached_property
    def head(self) -> float:
        """How far a head would have to have turned for the whole of it to move as it did against any homography.

        Radians, root mean square over time. Paper that is bent may seem to have turned, too.
        """
        return _root_mean(self._whole_head[1])

    @cached_property
    def depth(self) -> float:
        """How far it would have to have turned for its nose and mouth to move as they did against any simple bend.

        Radians, root mean square over time.
        """
        return _root_mean(_turns(*_seen(self._off, _parabolas(self._first), self._stands_out)))

    @cached_property
    def nose(self) -> Shown:
        """Of the nose alone, after whatever a sheet could do that is bent about an upright or a lying axis."""
        return _shown(self._off, _sheets(self._first, 4), nose(self._place) * self._apart)

    @cached_property
    def face(self) -> Shown:
        """The same of the nose between the sockets of the eyes, which a fold, or paper over a nose, has not."""
        return _shown(self._off, _sheets(self._first, 5), nose_and_sockets(self._place) * self._apart)

    @cached_property
    def around(self) -> float | None:
        """How far what is around the face strayed from the face's homography: a quarter of the points less.

        None: there is too little to follow.
        """
        return _around(self._followed, self._used)

    @cached_property
    def _off(self) -> Real:
        return self._followed.off[1:, self._used].transpose(0, 2, 1).astype(np.float64)

    @cached_property
    def _stands_out(self) -> Real:
        return stands_out(self._place) * self._apart

    @cached_property
    def _whole_head(self) -> tuple[Real, Real, float]:
        return _whole(self._off, self._first, self._stands_out)


def relief(followed: Followed) -> Relief | None:
    """Measure what was followed; None while it is too short, or too little of the face can be followed."""
    placed, apart = on_head(followed.first.astype(np.float64), followed.landmarks.astype(np.float64))
    used = followed.in_face & ~eyes(placed)
    if len(followed.off) < FEWEST_FRAMES or used.sum() < FEWEST_POINTS:
        return None
    return Relief(followed, used, placed[used], apart)


def _unexplained(off: Real, basis: Real) -> tuple[Real, Real]:
    """What a family of movements leaves of `off` (frames, 2, points), and how far each point is to be trusted.

    `basis` are the family's members: (2 * points, n) of movements across and down together, or (points, n) of those
    that either may do without the other. Each frame has its own mixture. The mean over time is taken away, because an
    error in the place where a point was chosen would stand in all frames alike. Robust: iteratively reweighted, one
    weight a point.
    """
    points, members = off.shape[2], basis.shape[1]
    nearly_none = _NEARLY_NONE * np.eye(members)
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


def _quarter(sizes: NDArray[np.float32]) -> float:
    """Of the first quartile, as `numpy.quantile` has it."""
    at, part = divmod((len(sizes) - 1) / 4, 1)
    low, high = np.sort(sizes)[[int(at), int(at) + (part > 0)]]
    return float(low + part * (high - low))


def _middles(places: NDArray[np.float32]) -> NDArray[np.float32]:
    """The median place on each frame, (frames, points, 2) -> (frames, 2)."""
    ordered, half = np.sort(places, axis=1), places.shape[1] // 2
    return np.asarray((ordered[:, half] + ordered[:, -half - 1]) / 2)


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


def _sheets(at: Real, order: int) -> Real:
    """The same, and whatever a sheet does that is bent about an upright or a lying axis, up to an order.

    The broader the shape that is looked for, the higher must it be: a fold is like a broad one.
    """
    return np.hstack([_parabolas(at), *(at**power for power in range(3, order + 1))])


def _shown(off: Real, family: Real, shape: Real) -> Shown:
    """What of `shape` (points,) the movements show that `family` (points, n) does not explain."""
    moving, own = _seen(off, family, shape)
    turns = _turns(moving, own)
    return Shown(_root_mean(turns), _root_mean(np.diff(turns, axis=0)) / 2**0.5, _likeness(moving, own))


def _seen(off: Real, family: Real, shape: Real) -> tuple[Real, Real]:
    """What `family` leaves, as `_left` gives it; whatever moves as the shape does is no outlier."""
    _, weights = _unexplained(off, np.column_stack([family, shape]))
    return _left(off, weights, family, shape)


def _left(off: Real, weights: Real, family: Real, shape: Real) -> tuple[Real, Real]:
    """What `family` leaves of the movements (2 * frames, points), and of `shape` (points,).

    Both are as large as each point is trusted.
    """
    trust = np.sqrt(weights)
    explained, _ = np.linalg.qr(trust[:, None] * family)
    moving = (off - off.mean(axis=0)).reshape(-1, len(trust)) * trust
    own = trust * shape
    return moving - (moving @ explained) @ explained.T, own - explained @ (explained.T @ own)


def _turns(moving: Real, shape: Real) -> Real:
    """Radians, across and down (frames, 2), by which a thing of that shape would have to have turned."""
    return np.asarray(moving @ shape / max(float(shape @ shape), 1e-18)).reshape(-1, 2)


def _root_mean(turns: Real) -> float:
    return float(np.sqrt(np.einsum("fd,fd->", turns, turns) / len(turns)))


def _likeness(moving: Real, shape: Real) -> float:
    # The first right singular vector, but for its length
    common = moving.T @ np.linalg.eigh(moving @ moving.T)[1][:, -1]
    return float(abs(common @ shape) / max(float(np.linalg.norm(common) * np.linalg.norm(shape)), 1e-9))


def _foreshortened(first: Real, moved: NDArray[np.float32]) -> float:
    """By the affine map that is nearest to what the face's points did."""
    frames = len(moved)
    plane = np.column_stack([first, np.ones(len(first))])
    there = (first + moved).transpose(1, 0, 2).reshape(len(first), -1)
    maps = _least_squares(plane, there)[:2].reshape(2, frames, 2).transpose(1, 0, 2)
    stretch = np.linalg.svd(maps, compute_uv=False)
    return float(1 - (stretch[:, 1] / stretch[:, 0]).min())


def _around(followed: Followed, used: NDArray[np.bool_]) -> float | None:
    ring = ~followed.in_face
    if ring.sum() < FEWEST_AROUND:
        return None
    astray = followed.off[:, ring] - _middles(followed.off[:, used])[:, None]
    return _quarter(np.sqrt(np.einsum("fpd,fpd->fp", astray, astray).max(axis=0)))


@dataclass(frozen=True, slots=True)
class Depth:
    """How a face differs between two views of one instant. Angles between the views are in radians, across and down."""

    nose: Real
    """float64 (2,): as its nose has it, against whatever a bent sheet can do"""

    likeness: float
    """How much of the shape of what is beyond that is a nose's, 0..1"""

    head: Real
    """float64 (2,): as the whole head has it, against what one homography explains"""

    shape: float
    """How much of what one homography leaves has the shape of a head, 0..1"""


def depth(followed: Followed) -> Depth | None:
    """Measure two views, the frames of `followed`; None where too little of the face was found in the second."""
    placed, apart = on_head(followed.first.astype(np.float64), followed.landmarks.astype(np.float64))
    used = followed.in_face & ~eyes(placed)
    if used.sum() < FEWEST_POINTS:
        return None
    off = followed.off[:, used].transpose(0, 2, 1).astype(np.float64)
    first, place = followed.first[used].astype(np.float64), placed[used]
    sheets = _sheets(first, 4)
    moving, own = _left(off, _unexplained(off, sheets)[1], sheets, nose(place) * apart)
    _, turns, shape = _whole(off, first, stands_out(place) * apart)
    before, after = _turns(moving, own)
    return Depth(after - before, _likeness(moving, own), turns[1] - turns[0], shape)


def _whole(off: Real, first: Real, shape: Real) -> tuple[Real, Real, float]:
    """What the best homographies leave of the movements, as `_unexplained` does, and how a head moves so.

    `first` (points, 2) are the points' places, `shape` (points,) how far they stand out. The head's turns are in
    radians, across and down (frames, 2); the last is how much they explain of what is left, 0..1.
    """
    family = _homographies(first)
    rest, weights = _unexplained(off, family)
    trust = np.sqrt(np.tile(weights, 2))
    explained = trust[:, None] * family
    own = np.zeros((len(trust), 2))
    own[: len(shape), 0] = own[len(shape) :, 1] = trust[: len(shape)] * shape
    own -= explained @ _least_squares(explained, own)
    moving = rest.reshape(len(rest), -1) * trust
    turns = _least_squares(own, moving.T)
    likeness = float(np.linalg.norm(own @ turns)) / max(float(np.linalg.norm(moving)), 1e-9)
    return rest, turns.T, likeness


def _least_squares(basis: Real, targets: Real) -> Real:
    """By the normal equations: `numpy.linalg.lstsq` takes longer for so little."""
    return np.asarray(np.linalg.solve(basis.T @ basis + _NEARLY_NONE * np.eye(basis.shape[1]), basis.T @ targets))
