"""Whether a form that is meant to be fast is fast on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceplate.errors import ModelError
from faceplate_trainer.exporting.network import Network

SLOWEST = 1.1
"""Most times of fp32's time that a form may take which claims speed"""

_ROUNDS = 40


@dataclass(frozen=True, slots=True)
class Latency:
    """Median times of one `embed`, one thread."""

    milliseconds: float
    full_precision_milliseconds: float

    @property
    def ratio(self) -> float:
        """Below 1: faster than fp32."""
        return self.milliseconds / self.full_precision_milliseconds


def measure_latency(
    network: Network,
    full: Network,
    crop: NDArray[np.uint8],
    *,
    clock: Callable[[], float] = time.thread_time,
    rounds: int = _ROUNDS,
) -> Latency:
    """Time both in turns in one process, each as often first; what else the machine does is not counted.

    Args:
        network: the form.
        full: the same network in fp32.
        crop: RGB uint8 (side, side, 3).
        clock: in seconds; by default those that this thread computes, since one thread is all that both run on.
        rounds: how often.
    """
    times = np.empty((rounds, 2))
    for each in (network, full):
        each.embed(crop[None])  # the first run allocates
    for i in range(rounds):
        for j in (0, 1) if i % 2 else (1, 0):
            start = clock()
            (network, full)[j].embed(crop[None])
            times[i, j] = clock() - start
    own, fp32 = np.median(times, axis=0) * 1000
    return Latency(float(own), float(fp32))


def check_latency(latency: Latency) -> float:
    """A form that claims speed is no slower than fp32; gives the ratio.

    Raises:
        ModelError: it is slower here.
    """
    if not latency.ratio <= SLOWEST:
        raise ModelError(
            f"latency: expected at most {SLOWEST} times the time of fp32, received {latency.ratio:.2f} times "
            f"({latency.milliseconds:.1f} ms against {latency.full_precision_milliseconds:.1f} ms) on this machine; "
            "export --form fp16 or weight-only-int8, or, if the door's processor is another one, measure there and "
            "pass --no-latency-gate"
        )
    return latency.ratio
