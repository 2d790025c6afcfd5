"""Is there the pattern of a screen's pixels over the face?

Where a camera's pixels are about as fine as those of a screen before it, the two grids beat: a ripple that is the same
all over the face, and so a peak in its spectrum, where skin has none. Most cameras are too coarse for most screens;
then this says nothing. Bands of brightness that wander are no cue: lamps on the mains make them on living faces, too.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from faceplate.types import Box, Frame, Image, Pixels, Seconds, Sighting
from faceplate.vision.liveness.evidence import Evidence, Tells
from faceplate.vision.liveness.per_track import PerTrack

PATCH: Final = 128
"""Pixels of the frame, as the camera gave them: scaled, the pattern would be another"""

SMALLEST_FACE: Final = Pixels(110.0)
"""So that the patch is nearly all face: a fence behind somebody has peaks as well"""

EVERY: Final = Seconds(0.15)

PEAK: Final = 2.8
"""Natural logarithm of the power above what is around it: of living faces, averaged so, it was 2.1 at most"""

FEWEST, _KEPT = 6, 8
"""Spectra that are averaged: noise has peaks that come and go"""

_LASTING = 2
_COARSEST = 0.14
"""Cycles a pixel; what is coarser is the face itself"""

_FINEST = 0.5

_LOBE = 2.5
"""Bins that a peak is wide to either side (Hann's window)"""

Spectrum = NDArray[np.float32]
"""Power float32 (PATCH, PATCH / 2 + 1)"""


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
        self._looked_at = _looked_at()

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
        grey = cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY).astype(np.float32)
        fine = grey - cv2.GaussianBlur(grey, (0, 0), 3)
        return np.asarray(np.abs(np.fft.rfft2(fine * self._window)) ** 2, np.float32)

    def _peak(self, kept: deque[Spectrum]) -> float:
        power = np.log(np.mean(kept, axis=0) + 1e-3)
        around = cv2.blur(cv2.copyMakeBorder(power, 8, 8, 0, 0, cv2.BORDER_WRAP), (13, 13))[8:-8]
        return float((power - around)[self._looked_at].max())


def _patch(image: Image, box: Box) -> Image | None:
    """The middle of the face; None where it is too small, or reaches over the frame's edge."""
    left, top = int(box.x + box.width / 2) - PATCH // 2, int(box.y + box.height / 2) - PATCH // 2
    height, width = image.shape[:2]
    if box.width < SMALLEST_FACE or left < 0 or top < 0 or left + PATCH > width or top + PATCH > height:
        return None
    return image[top : top + PATCH, left : left + PATCH]


def _looked_at() -> NDArray[np.bool_]:
    """Where peaks are looked for: not where the squares of JPEG and video have theirs, at multiples of an eighth."""
    down, across = np.meshgrid(np.fft.fftfreq(PATCH), np.fft.rfftfreq(PATCH), indexing="ij")
    radius = np.hypot(down, across)
    squares = np.ones_like(radius, dtype=bool)
    for along in (down, across):
        squares &= np.abs(along - np.round(along * 8) / 8) < _LOBE / PATCH
    return np.asarray((radius > _COARSEST) & (radius < _FINEST) & ~squares)
