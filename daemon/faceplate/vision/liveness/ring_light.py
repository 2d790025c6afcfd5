"""A ring of coloured light around the camera shines colours that nobody can know before: does the face answer them?

Skin near a lamp answers it, the room far behind does not. A screen shines by itself and reflects little, and of what it
reflects dark parts of the face give back as much as light ones. Paper answers as skin does: it is told only by what is
printed beside the face, which answers, too, and whoever wears a mask, or cuts a print out, is not told at all. That the
middle of a head faces the ring and its sides do not was tried: hair, and light from one side, hide it.

Daylight may drown the ring: so what does not answer is doubted, and not denied.
"""

from __future__ import annotations

import math
import random
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from faceplate.types import Clock, Frame, Pixels, Seconds, Sighting
from faceplate.vision.liveness.answer import Answer, Light, answer_of, light_of, mean_of
from faceplate.vision.liveness.evidence import Evidence, Tells
from faceplate.vision.liveness.shining import Ring, Shining, Shone
from faceplate.vision.per_track import PerTrack

SMALLEST_FACE: Final = Pixels(80.0)
"""Whoever is farther away is hardly lit"""

FEWEST: Final = 6
"""Changes of colour that are answered before anything is said"""

MOST: Final = 8
"""That are looked at"""

TAKES: Final = Seconds(3.0)
"""Until a face that answers is confirmed: `FEWEST` colours, and a frame or two of the last"""

# What follows was chosen on simulated visitors and attacks of people whom no figure in the documents is of
# (tests/attacks/ring_light.py).
ALIKE: Final = 0.85
"""Likeness of answers to what was shone; of another random sequence it is as much once in 250 times"""

_STRONG: Final = 0.015
"""Of the light that is there: a ring of less than a thirtieth of it is drowned"""

_FAR: Final = 0.35
"""What is beside the face answers less, in parts of the face's answer; of the living a tenth or so, of prints all"""

_REFLECTS: Final = -0.6
"""`Answer.dark` of what reflects a part of all light: of the living it was more than -0.2, of screens less than -1"""

_NOTHING: Final = Evidence("light", Tells.NOTHING)


@dataclass(slots=True)
class _Answers:
    """What is remembered of a track: what was seen in each colour, without a gap, the newest last."""

    shone: deque[Shone] = field(default_factory=lambda: deque(maxlen=MOST + 1))
    lights: deque[list[Light]] = field(default_factory=lambda: deque(maxlen=MOST + 1))

    def add(self, shone: Shone, light: Light) -> None:
        """Take one more frame."""
        if self.shone and self.shone[-1].number == shone.number:
            self.lights[-1].append(light)
            return
        if self.shone and self.shone[-1].number != shone.number - 1:
            self.shone.clear()
            self.lights.clear()
        self.shone.append(shone)
        self.lights.append([light])

    def told(self) -> Evidence:
        """What they say by now."""
        if len(self.shone) <= FEWEST:
            return _NOTHING
        return told(answer_of([each.colour for each in self.shone], [mean_of(each) for each in self.lights]))


class RingLight:
    """Confirms and doubts "light"."""

    def __init__(self, ring: Ring, clock: Clock, dice: random.Random | None = None) -> None:
        """Shine nothing yet.

        Args:
            ring: the light.
            clock: the one that frames are stamped with.
            dice: draws the colours; by default the system's, which nobody can foretell.
        """
        self._shining = Shining(ring, clock, dice or random.SystemRandom())
        self._tracks = PerTrack(_Answers)
        self._newest: int | None = None
        """Index of the newest frame"""

    def nobody(self, frame: Frame) -> None:
        """Go dark."""
        del frame
        self._shining.stop()

    def observe(self, track: Sighting, frame: Frame) -> Evidence:
        """What the track's answers up to this frame say; of several faces the first, the largest, must be near."""
        is_near = track.look.face.box.width >= SMALLEST_FACE
        if frame.index != self._newest:
            self._newest = frame.index
            if is_near:
                self._shining.go_on(frame.time)
            else:
                self._shining.stop()
        answers = self._tracks.of(track.track, frame.time)
        shone = self._shining.at(frame.time)
        if not is_near or track.look.flaws or shone is None:
            return _NOTHING
        answers.add(shone, light_of(track.look, frame.image))
        return answers.told() if self._shining.is_over(shone) else _NOTHING


def told(answer: Answer) -> Evidence:
    """What one sequence of answers says. Pure."""
    answers = answer.likeness > ALIKE and answer.strength > _STRONG and answer.dark > _REFLECTS
    if not answers or answer.beside >= _FAR:
        return Evidence("light", Tells.DOUBTS, answer.strength)
    knows = not math.isnan(answer.beside)
    return Evidence("light", Tells.CONFIRMS if knows else Tells.NOTHING, answer.strength)
