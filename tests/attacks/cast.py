"""Everybody who comes to the door of one person: that person, and those who show something of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attacks import prints, screens, streams
from attacks.answering import Actor, Film, Playing, doing, fed, unasked
from attacks.clip import LIVE, RATE, clip
from attacks.door import LONGEST, Door
from attacks.heads import Still
from attacks.stage import Stage, clock
from attacks.visitors import FRAMES, coming

SIMULATED = "simulated "
PRINTS = {each.species.removeprefix(SIMULATED): each for each in (prints.STANDING, prints.SHAKEN, prints.BENT)}
SCREENS = {each.species.removeprefix(SIMULATED): each for each in (screens.PHONE, screens.MONITOR, screens.NEAR)}
STREAMS = {"frozen stream": streams.frozen, "looped stream": streams.looped, "injected frames": streams.injected}
OF_A_CHALLENGE = " of a challenge"

MASK = "cut-out mask"
RIGID = "rigid mask"
"""Of a whole head, in three dimensions, as perfect as a living one but for its eyes: a door that does not ask for
living eyes lets it in"""

ALL = (LIVE, *PRINTS, MASK, RIGID, *SCREENS, *(name + OF_A_CHALLENGE for name in SCREENS), *STREAMS)
"""All is simulated"""

_TRIES = 5
"""How often somebody is filmed until they pass a challenge"""


@dataclass(frozen=True, slots=True)
class Comer:
    """Somebody who comes to the door."""

    species: str
    stage: Stage
    """Where they are, and with which camera"""
    actor: Actor


@dataclass(frozen=True, slots=True)
class Victim:
    """Somebody who is enrolled, and of whom one picture is known."""

    still: Still
    points: NDArray[np.float32]
    """As `heads.meshed` gives them"""
    seed: int
    """Of everything that is drawn; what moves by itself does so as in `attacks.species`"""

    def comes(self, *, rigid: bool = False) -> Stage:
        """They come to the door, and wait there; or somebody in a mask of their head does, that is `rigid`."""
        return coming(self.still, self.points, self.seed, times(), stays=True, rigid=rigid)

    def filmed_while_challenged(self, door: Door) -> Film | None:
        """Them at such a door that always challenges, and asks what it drew by other dice; None: they never passed."""
        for number in range(1, _TRIES + 1):
            film = Film(doing(self.comes(), self.seed + number))
            if door.receive(film, self.seed + 1000 * number, liveness="challenge").granted:
                return film
        return None


def times() -> NDArray[np.float64]:
    """Of all frames that a visit may have, seconds."""
    return clock(int(LONGEST * RATE))


def comers(victim: Victim, door: Door, chosen: tuple[str, ...]) -> Iterator[Comer]:
    """All but the mask."""
    if LIVE in chosen:
        stage = victim.comes()
        yield Comer(LIVE, stage, doing(stage, victim.seed))
    if RIGID in chosen:
        stage = victim.comes(rigid=True)
        yield Comer(RIGID, stage, doing(stage, victim.seed))
    for name, kind in PRINTS.items():
        if name in chosen:
            stage = prints.on_paper(victim.still, kind, victim.seed, times())
            yield Comer(name, stage, doing(stage, victim.seed))
    stage = victim.comes()
    ordinary = Film(unasked(stage))
    for name, screen in SCREENS.items():
        if name in chosen:
            shown = screens.on_screen(ordinary.at, victim.still.subject, screen, victim.seed, times())
            yield Comer(name, shown, unasked(shown))
    for name, stream in STREAMS.items():
        if name in chosen:
            live = clip(LIVE, victim.still.subject, [ordinary.at(frame) for frame in range(FRAMES)])
            yield Comer(name, stage, fed(stream(live, victim.seed)))
    yield from _replays_of_a_challenge(victim, door, chosen)


def _replays_of_a_challenge(victim: Victim, door: Door, chosen: tuple[str, ...]) -> Iterator[Comer]:
    wanted = [name for name in SCREENS if name + OF_A_CHALLENGE in chosen]
    film = victim.filmed_while_challenged(door) if wanted else None
    if film is None:
        return
    for name in wanted:
        playing = Playing(film)
        shown = screens.on_screen(playing.picture, victim.still.subject, SCREENS[name], victim.seed, times())
        yield Comer(name + OF_A_CHALLENGE, shown, playing.on(shown))


def masked(face: Still, wearer: Victim) -> Comer:
    """Somebody who wears a face cut out of paper, and turns their head with it."""
    stage = prints.worn(face, wearer.still, wearer.points, wearer.seed, times())
    return Comer(MASK, stage, doing(stage, wearer.seed))
