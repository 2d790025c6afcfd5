"""Is there the pattern of a screen's pixels over the face?

Where a camera's pixels are about as fine as those of a screen before it, the two grids beat: a ripple that is the same
all over the face, and so a peak in its spectrum, where skin has none. Most cameras are too coarse for most screens;
then this says nothing. Bands of brightness that wander are no cue: lamps on the mains make them on living faces, too.

In grey the columns all but vanish: red, green and blue are stripes a third of a pixel apart, and so are the ripples of
the three. In the complex colour R + wG + w^2 B, w a third of a turn, they add up instead, and to a wave that runs one
way: a peak at a frequency without one at its opposite. Stripes of two colours, the squares of a video's code and what
a colour filter makes of fine stripes have both, and grey has nothing there. Turned, mirrored or with blue before red,
the pattern has its peak elsewhere, still only one.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from faceplate.types import Box, Frame, Image, Pixels, Seconds, Sighting
from faceplate.vision.liveness.evidence import Evidence, Tells
from faceplate.vision.per_track import PerTrack

PATCH: Final = 128
"""Pixels of the frame, as the camera gave them: scaled, the pattern would be another"""

SMALLEST_FACE: Final = Pixels(110.0)
"""So that the patch is nearly all face: a fence behind somebody has peaks as well"""

EVERY: Final = Seconds(0.15)

PEAK: Final = 3.5
"""Natural logarithm of the power above what is around it: of living faces, averaged so, it was 2.4 at most, and would
have been 3.1 had they been as still as a photograph"""

FEWEST, _KEPT = 6, 8
"""Spectra that are averaged: noise has peaks that come and go"""

_LASTING = 2
_COARSEST_GREY, _COARSEST_COLOUR = 0.14, 0.05
"""Cycles a pixel; what is coarser is the face itself, of which little is in the differences of its colours"""

_FINEST = 0.5

_SQUARES_GREY, _SQUARES_COLOUR = 8, 16
"""Pixels that the squares of JPEG and video are wide; colour is often coded at half the resolution"""

_LOBE = 2.5
"""Bins that a peak is wide to either side (Hann's window)"""

_AROUND = 13
"""Bins"""

_PLANES: Final = ((0.299, 0.587, 0.114), (1.0, -0.5, -0.5), (0.0, 0.75**0.5, -(0.75**0.5)))
"""Grey, and the real and the imaginary part of the complex colour, of red, green and blue"""

Plane = NDArray[np.float32]
"""float32 (PATCH, PATCH)"""

Spectrum = NDArray[np.float32]
"""Power float32 (2, PATCH, PATCH), of grey and of the complex colour"""


@dataclass(slots=True)
class _Spectra:
    """What is remembered of a track."""

    at: Seconds | None = None
    kept: deque[Spectrum] = field(default_factory=lambda: deque(maxlen=_KEPT))
    above: int = 0
    """Times in a row that there was a peak"""


class Screen:
    """Denies "screen"."""

    def __init__(self) -> None:
        self._tracks = PerTrack(_Spectra)
        window = np.hanning(PATCH)
        self._window = np.outer(window, window).astype(np.float32)
        self._grey = _looked_at(_COARSEST_GREY, _SQUARES_GREY)
        self._colour = _looked_at(_COARSEST_COLOUR, _SQUARES_COLOUR)

    def observe(self, track: Sighting, frame: Frame) -> Evidence:
        """What the spectrum of the face says, averaged over the newest frames."""
        spectra = self._tracks.of(track.track, frame.time)
        if spectra.at is not None and 0 <= frame.time - spectra.at < EVERY:
            return Evidence("screen", Tells.NOTHING)
        patch = _patch(frame.image, track.look.face.box)
        if patch is None:
            spectra.kept.clear()
            return Evidence("screen", Tells.NOTHING)
        spectra.at = frame.time
        spectra.kept.append(self._spectrum(patch))
        if len(spectra.kept) < FEWEST:
            return Evidence("screen", Tells.NOTHING)
        peak = self._peak(spectra.kept)
        spectra.above = spectra.above + 1 if peak > PEAK else 0
        return Evidence("screen", Tells.DENIES if spectra.above >= _LASTING else Tells.NOTHING, peak)

    def _spectrum(self, patch: Image) -> Spectrum:
        planes = cv2.transform(patch.astype(np.float32), np.array(_PLANES, np.float32))
        grey, real, imaginary = cv2.split((planes - cv2.GaussianBlur(planes, (0, 0), 3)) * self._window[..., None])
        return np.stack([_power(grey, np.zeros_like(grey)), _power(real, imaginary)])

    def _peak(self, kept: deque[Spectrum]) -> float:
        grey, colour = np.log(np.mean(kept, axis=0) + 1.0)
        one_sided = np.minimum(_above(colour, _AROUND), colour - _smooth(_opposite(colour), 3))
        return float(max(_above(grey, _AROUND)[self._grey].max(), one_sided[self._colour].max()))


def _patch(image: Image, box: Box) -> Image | None:
    """The middle of the face; None where it is too small, or reaches over the frame's edge."""
    left, top = int(box.x + box.width / 2) - PATCH // 2, int(box.y + box.height / 2) - PATCH // 2
    height, width = image.shape[:2]
    if box.width < SMALLEST_FACE or left < 0 or top < 0 or left + PATCH > width or top + PATCH > height:
        return None
    return image[top : top + PATCH, left : left + PATCH]


def _power(real: NDArray[Any], imaginary: NDArray[Any]) -> Plane:
    there = cv2.dft(cv2.merge([real, imaginary]))
    return np.asarray(there[..., 0] ** 2 + there[..., 1] ** 2, np.float32)


def _above(power: Plane, bins: int) -> Plane:
    return power - _smooth(power, bins)


def _smooth(power: Plane, bins: int) -> Plane:
    """The mean of so many bins, down and across; a spectrum goes on at its other end."""
    wrapped = cv2.copyMakeBorder(power, bins, bins, bins, bins, cv2.BORDER_WRAP)
    return np.asarray(cv2.blur(wrapped, (bins, bins))[bins:-bins, bins:-bins], np.float32)


def _opposite(power: Plane) -> Plane:
    """At each frequency what is at its negative."""
    return np.roll(power[::-1, ::-1], (1, 1), (0, 1))


def _looked_at(coarsest: float, squares: int) -> NDArray[np.bool_]:
    """Where peaks are looked for: not where squares of so many pixels have theirs."""
    down, across = np.meshgrid(np.fft.fftfreq(PATCH), np.fft.fftfreq(PATCH), indexing="ij")
    radius = np.hypot(down, across)
    of_squares = np.ones_like(radius, dtype=bool)
    for along in (down, across):
        of_squares &= np.abs(along - np.round(along * squares) / squares) < _LOBE / PATCH
    return np.asarray((radius > coarsest) & (radius < _FINEST) & ~of_squares)
