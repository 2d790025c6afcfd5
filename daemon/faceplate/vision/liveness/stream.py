"""Do the frames come from a camera, one after the other?

A sensor's noise makes every frame another; the same one is only ever given again by a driver that had no newer, or by
somebody who plays a recording. A stream that plays a longer recording once cannot be told from a camera.
"""

from __future__ import annotations

import hashlib
from collections import deque
from typing import Final

from faceplate.types import Face, Frame, Seconds, Sighting
from faceplate.vision.liveness.evidence import Evidence, Tells

FROZEN: Final = 4
"""Times in a row that one frame is seen: a USB camera gives one twice now and then"""

FROZEN_FOR: Final = Seconds(0.25)

LOOPED: Final = 3
"""Frames that were seen before, with others between"""

STOPPED: Final = 2
"""Times that a frame was not newer than the one before it"""

_REMEMBERED = 600
"""Frames with a face: a minute's"""

_THIN = 16
"""Of the whole frame every so-many-th pixel is compared, of the face all"""

_NOTHING: Final = Evidence("stream", Tells.NOTHING)


class Stream:
    """Denies "stream". It looks at the stream, whoever is followed in it."""

    def __init__(self) -> None:
        self._seen: deque[bytes] = deque(maxlen=_REMEMBERED)
        """Prints of frames, each once in a row"""
        self._newest: tuple[int, Seconds] | None = None
        """Index and time"""
        self._since = Seconds(0.0)
        """When the newest print was seen first, in a row"""
        self._alike = 0
        self._again = 0
        self._stopped = 0
        self._said: Evidence = _NOTHING

    def observe(self, track: Sighting, frame: Frame) -> Evidence:
        """What the frames up to this one say; of several faces in one frame the first is looked at."""
        if self._newest is None or frame.index != self._newest[0]:
            self._stopped = self._stopped + 1 if self._newest and frame.time <= self._newest[1] else 0
            self._newest = (frame.index, frame.time)
            self._compare(_print(track.look.face, frame), frame.time)
            self._said = self._told(frame.time)
        return self._said

    def _compare(self, printed: bytes, time: Seconds) -> None:
        if self._seen and printed == self._seen[-1]:
            self._alike += 1
            return
        self._again = self._again + 1 if printed in self._seen else 0
        self._since, self._alike = time, 1
        self._seen.append(printed)

    def _told(self, time: Seconds) -> Evidence:
        frozen = self._alike >= FROZEN and time - self._since >= FROZEN_FOR
        if frozen or self._again >= LOOPED or self._stopped >= STOPPED:
            return Evidence("stream", Tells.DENIES, max(self._alike, self._again, self._stopped))
        return _NOTHING


def _print(face: Face, frame: Frame) -> bytes:
    """The same exactly for frames that are the same, bit by bit, in the face and wherever else it is looked."""
    box = face.box
    left, top = max(int(box.x), 0), max(int(box.y), 0)
    inside = frame.image[top : max(int(box.y + box.height), 0), left : max(int(box.x + box.width), 0)]
    digest = hashlib.blake2b(inside.tobytes(), digest_size=16)
    digest.update(frame.image[::_THIN, ::_THIN].tobytes())
    return digest.digest()
