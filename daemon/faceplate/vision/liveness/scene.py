"""Is what this camera always sees still to be seen beside the head?

A camera at a door does not move. What is behind its visitors it knows from all the time when nobody is there, and that
is what must be seen to the left and to the right of a living head. Beside a head on paper or on a screen there is the
picture's own background, whatever moves in it, and however near it is held: also where its edges are out of sight.

Known is what has stayed for minutes; so a picture of an empty room that is held before the camera has to be held for as
long. Before anything is known this says nothing. A camera that was moved doubts everybody until it knows what it sees
now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from faceplate.types import Box, Frame, Image, Seconds, Sighting
from faceplate.vision.liveness.evidence import Evidence, Tells
from faceplate.vision.per_track import PerTrack

WIDTH: Final = 160
"""Pixels across that a frame is scaled to: a camera that trembles by less than four of its own sees the same"""

KNOWN_AFTER: Final = Seconds(300.0)
"""So long a thing stands where it is before it belongs to the room"""

LEARNS_EVERY: Final = Seconds(2.0)
"""While nobody is there"""

FORGETS_AFTER: Final = Seconds(30.0)
"""After so long without a look nobody can say that a thing has stayed meanwhile"""

EVERY: Final = Seconds(0.5)

_WINDOW = 7
"""Pixels across that are compared at once"""

_TEXTURE = 2.0
"""Grey levels, standard deviation: less is a bare wall"""

_ALIKE = 0.6
"""Correlation of the same thing in another light"""

_COLOUR = 0.12
"""Of the brightness: a bare wall's colours may differ by as much, after exposure"""

_DARK = 20.0
"""Grey levels: of what is darker the colour is mostly noise"""

_TINY = 1e-3
"""Where nothing varies nothing is like another"""

_THIN = 4
"""Of the scaled picture every so-many-th pixel tells the exposure"""

_EXPOSURE = 0.35
"""Of the brightness: so far the whole may be brighter or darker"""

_NEAR, _FAR = 0.95, 1.5
"""Widths of the face from its middle: beyond most hair, and within the margin of most pictures"""

_ABOVE, _DOWN_TO = 0.1, 0.7
"""Heights of the face from its upper edge: above the shoulders"""

_EDGE = 3
"""Pixels at a border for which the window is not whole: half of it"""

_ENOUGH = 0.3
"""Share of a side that must be in the picture, and known"""

_SEEN = 0.6
"""Share of a side that is as it is known. Simulated visitors show 0.99 in 95 of 100 frames, recordings on
screens 0.3 at most; people in a real room, whose camera exposed each of them anew, 0.66 in 98 of 100"""

_NEWEST = 0.1
"""What was seen last counts for so much of what is remembered"""

Small = NDArray[np.float32]
"""RGB float32 (h, WIDTH, 3), 0..255"""

Part = tuple[slice, slice]
"""Rows and columns"""


@dataclass(slots=True)
class _Looked:
    """What is remembered of a track."""

    at: Seconds | None = None


class Scene:
    """Confirms "scene", or doubts it; says nothing before it knows what is behind visitors."""

    def __init__(self) -> None:
        self._tracks = PerTrack(_Looked)
        self._room: _Room | None = None

    def nobody(self, frame: Frame) -> None:
        """Learn from a frame without a face."""
        if self._room is not None and 0 <= frame.time - self._room.at < LEARNS_EVERY:
            return
        now = small(frame.image)
        if self._room is None or self._room.newest.shape != now.shape:
            self._room = _Room.of(now, frame.time)
        else:
            self._room.learn(now, frame.time)

    def observe(self, track: Sighting, frame: Frame) -> Evidence:
        """What is to be seen beside the head on this frame."""
        looked = self._tracks.of(track.track, frame.time)
        if self._room is None or (looked.at is not None and 0 <= frame.time - looked.at < EVERY):
            return Evidence("scene", Tells.NOTHING)
        looked.at = frame.time
        now = small(frame.image)
        if now.shape != self._room.known.shape:
            return Evidence("scene", Tells.NOTHING)
        return self._room.beside(now, track.look.face.box, frame.image.shape[1])


@dataclass(slots=True)
class _Room:
    """What the camera sees while nobody is there."""

    newest: Small
    """What was seen lately"""
    since: NDArray[np.float64]
    """float64 (h, WIDTH): when each part of it was seen first, without anything else in between"""
    known: Small
    is_known: NDArray[np.bool_]
    at: Seconds

    @classmethod
    def of(cls, now: Small, time: Seconds) -> _Room:
        shape = now.shape[:2]
        return cls(now, np.full(shape, float(time)), now.copy(), np.zeros(shape, bool), time)

    def learn(self, now: Small, time: Seconds) -> None:
        stays = alike(now, self.newest, exposure(now, self.newest)) & (0 <= time - self.at <= FORGETS_AFTER)
        self.newest = np.where(stays[..., None], self.newest + np.float32(_NEWEST) * (now - self.newest), now)
        self.since = np.where(stays, self.since, float(time))
        self.at = time
        has_stayed = time - self.since >= KNOWN_AFTER
        self.known = np.where(has_stayed[..., None], self.newest, self.known)
        self.is_known |= has_stayed

    def beside(self, now: Small, box: Box, width: int) -> Evidence:
        """How much of what is known is seen to the left and to the right of a head; `width` of the frame, pixels."""
        if not self.is_known.any():
            return Evidence("scene", Tells.NOTHING)
        parts = [_beside(box, sign, now.shape, now.shape[1] / width) for sign in (-1, 1)]
        in_view = [part for part in parts if part is not None]
        shares = [self._share(now, part) for part in in_view if self.is_known[part].mean() > _ENOUGH]
        if in_view and not shares:
            return Evidence("scene", Tells.NOTHING)
        least = min(shares, default=0.0)
        return Evidence("scene", Tells.CONFIRMS if least > _SEEN else Tells.DOUBTS, least)

    def _share(self, now: Small, part: Part) -> float:
        rows, columns = (slice(each.start - _EDGE, each.stop + _EDGE) for each in part)
        seen = alike(now[rows, columns], self.known[rows, columns], exposure(now, self.known))
        return float(seen[_EDGE:-_EDGE, _EDGE:-_EDGE][self.is_known[part]].mean())


def _beside(box: Box, sign: int, shape: tuple[int, ...], scale: float) -> Part | None:
    """What is beside a head, of a scaled picture; None: too little of it is in the picture."""
    middle = box.x + box.width / 2
    near, far = sorted((middle + sign * _NEAR * box.width, middle + sign * _FAR * box.width))
    top, bottom = box.y - _ABOVE * box.height, box.y + _DOWN_TO * box.height
    left, right = max(int(near * scale), _EDGE), min(int(far * scale) + 1, shape[1] - _EDGE)
    up, down = max(int(top * scale), _EDGE), min(int(bottom * scale) + 1, shape[0] - _EDGE)
    there = max(right - left, 0) * max(down - up, 0)
    return np.s_[up:down, left:right] if there > _ENOUGH * (far - near) * (bottom - top) * scale**2 else None


def small(image: Image) -> Small:
    """A frame, RGB uint8 (H, W, 3), scaled down."""
    height = max(1, round(image.shape[0] * WIDTH / image.shape[1]))
    return np.asarray(cv2.resize(image, (WIDTH, height), interpolation=cv2.INTER_AREA), np.float32)


def exposure(now: Small, known: Small) -> float:
    """How much brighter a picture is as a whole, within bounds."""
    ratio = now[::_THIN, ::_THIN, 1] / np.maximum(known[::_THIN, ::_THIN, 1], 1)
    return float(np.clip(np.median(ratio), 1 - _EXPOSURE, 1 + _EXPOSURE))


def alike(now: Small, known: Small, brighter: float) -> NDArray[np.bool_]:
    """Where two pictures show the same, bool (h, w), by a window around each pixel.

    Where there is something to be seen in either, the two are correlated, which light and exposure leave alone; two
    bare surfaces are compared by colour, `now` being so many times brighter as a whole.
    """
    grey, grey_known = (cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (now, known))
    mean, mean_known = _mean(grey), _mean(grey_known)
    varies, varies_known = _mean(grey * grey) - mean**2, _mean(grey_known * grey_known) - mean_known**2
    together = _mean(grey * grey_known) - mean * mean_known
    is_like = together > _ALIKE * np.sqrt(np.maximum(varies * varies_known, _TINY))
    colours = np.abs(_mean(now) - brighter * _mean(known)).max(axis=2)
    is_bare = np.maximum(varies, varies_known) < _TEXTURE**2
    return np.asarray(np.where(is_bare, colours < _COLOUR * np.maximum(mean, _DARK), is_like), np.bool_)


def _mean(plane: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(cv2.blur(plane, (_WINDOW, _WINDOW)), np.float32)
