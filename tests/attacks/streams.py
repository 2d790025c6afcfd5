"""Simulated attacks on the stream itself: whoever has the cable, the network or the driver shows what they like."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from attacks.clip import Clip, clip
from faceplate.types import Seconds


def frozen(live: Clip, seed: int) -> Clip:
    """One frame again and again, after a few that moved."""
    first = int(np.random.default_rng([seed, 6]).integers(1, 5))
    images = [live.images[min(i, first)] for i in range(len(live.images))]
    return clip("simulated frozen stream", live.subject, images, room=live.room)


def looped(live: Clip, seed: int) -> Clip:
    """A few frames to and fro, or round and round."""
    rng = np.random.default_rng([seed, 7])
    length = int(rng.integers(4, max(5, len(live.images) // 3)))
    part = list(live.images[:length])
    there = part + (part[-2:0:-1] if rng.uniform() < 0.5 else [])
    images = [there[i % len(there)] for i in range(len(live.images))]
    return clip("simulated looped stream", live.subject, images, room=live.room)


def injected(live: Clip, seed: int) -> Clip:
    """One still, panned and zoomed by computer in place of the camera: no noise of its own changes between frames.

    Not modelled: an injection that adds the noise of a sensor, or plays a recording without end.
    """
    rng = np.random.default_rng([seed, 8])
    still = live.images[0]
    height, width = still.shape[:2]
    images = []
    for number in range(len(live.images)):
        zoom = 1 + 0.004 * number
        shift = rng.uniform(0.5, 2) * number
        matrix = np.array([[zoom, 0, shift - width * (zoom - 1) / 2], [0, zoom, -height * (zoom - 1) / 2]])
        images.append(cv2.warpAffine(still, matrix, (width, height), borderMode=cv2.BORDER_REFLECT).astype(np.uint8))
    return clip("simulated injected frames", live.subject, images, room=live.room)


def stamped(live: Clip, seed: int) -> Clip:
    """A living person's frames whose time stands still, or goes back: something between camera and eyes is wrong."""
    rng = np.random.default_rng([seed, 9])
    times = list(live.times)
    for number in range(2, len(times)):
        times[number] = times[number - 1] if rng.uniform() < 0.7 else Seconds(times[number - 1] - 0.1)
    return replace(live, species="simulated impossible times", times=tuple(times))


def retimed(recording: Clip, times: list[Seconds]) -> Clip:
    """A recorded answer to one challenge shown to another: at each of `times` the frame that the recording had then.

    A recording that is too short ends with its last frame.
    """
    start = recording.times[0]
    own = np.array([time - start for time in recording.times])
    numbers = [max(0, int(np.searchsorted(own, time - times[0] + 1e-9)) - 1) for time in times]
    return replace(
        recording,
        species="simulated challenge replay",
        images=tuple(recording.images[number] for number in numbers),
        times=tuple(times),
    )
