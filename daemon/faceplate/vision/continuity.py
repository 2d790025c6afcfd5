"""Whether a track still shows the face it showed before.

Boxes that overlap do not tell one face from another that takes its place: somebody who shows their own living face, and
then a photograph in front of it. Embeddings of one face on frames that follow one another are far more alike than those
of two people.
"""

from __future__ import annotations

from collections.abc import Callable

from faceplate.types import Embedding, Seconds, Sighting
from faceplate.vision.per_track import PerTrack

SameFace = Callable[[Embedding, Embedding], bool]
"""Whether two embeddings may be of one person"""


class Continuity:
    """Compares each face with the one seen last on its track."""

    def __init__(self, is_same: SameFace) -> None:
        self._is_same = is_same
        self._last: PerTrack[list[Embedding]] = PerTrack(list)

    def holds(self, sighting: Sighting, time: Seconds) -> bool:
        """Whether this may be the face seen last on this track. A face that cannot be judged is not compared."""
        last, embedding = self._last.of(sighting.track, time), sighting.look.embedding
        if embedding is None:
            return True
        if last and not self._is_same(last[0], embedding):
            return False
        last[:] = [embedding]
        return True
