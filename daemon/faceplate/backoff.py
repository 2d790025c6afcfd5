"""How long to wait before trying again what has failed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from faceplate.types import Seconds


def waiting_times(
    shortest: Seconds, longest: Seconds, between: Callable[[float, float], float] = random.uniform
) -> Iterator[Seconds]:
    """Waits that double from `shortest` to `longest`, so that what is broken is not stormed as well.

    Each is shortened by chance, up to half of it, so that the doors of one house do not all come back in the same
    moment.

    Args:
        shortest: the first wait, and the least of all.
        longest: no wait is longer.
        between: picks a number between two.
    """
    most = shortest
    while True:
        yield Seconds(between(max(shortest, most / 2), most))
        most = Seconds(min(2 * most, longest))
