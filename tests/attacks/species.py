"""Every kind of presentation, made of two people."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from attacks import prints, screens, streams, visitors
from attacks.clip import Clip
from attacks.heads import Still

Points = NDArray[np.float32]

OF_A_STILL: dict[str, Callable[[Still, int], Clip]] = {
    "still print": prints.still_print,
    "shaken print": prints.shaken_print,
    "bent print": prints.bent_print,
    "glossy print": prints.glossy_print,
}

OF_A_RECORDING: dict[str, Callable[[Clip, int], Clip]] = {
    "phone replay": screens.phone_replay,
    "monitor replay": screens.monitor_replay,
    "near monitor replay": screens.near_monitor_replay,
    "frozen stream": streams.frozen,
    "looped stream": streams.looped,
    "injected frames": streams.injected,
    "impossible times": streams.stamped,
}

LIVE_LIKE = "live"
MASK = "cut-out mask"
ALL = (LIVE_LIKE, *OF_A_STILL, MASK, *OF_A_RECORDING)


def presentations(somebody: Still, shown: Still, points: Points, seed: int, chosen: tuple[str, ...]) -> Iterator[Clip]:
    """All that are chosen of one person.

    Args:
        somebody: who comes, is shown, and wears the mask.
        shown: another, whose face the mask has.
        points: as `heads.meshed` gives them, of `somebody`.
        seed: of everything that is drawn.
        chosen: names of `ALL`.
    """
    live = visitors.live_like(somebody, points, seed)
    if LIVE_LIKE in chosen:
        yield live
    for name, make in OF_A_STILL.items():
        if name in chosen:
            yield make(somebody, seed)
    if MASK in chosen:
        yield prints.mask(shown, somebody, points, seed)
    for name, replay in OF_A_RECORDING.items():
        if name in chosen:
            yield replay(live, seed)
