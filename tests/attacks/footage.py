"""Make the package's clip of a hand-held picture: a still of its own footage, as a simulated print in a hand."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from attacks import prints, sources
from attacks.clip import RATE, Clip
from faceplate.commands.demo import FOOTAGE

SEED = 25
STILL = 20
"""Frame of the clip, thinned to `RATE`"""
LEFT, RIGHT = 120, 370
"""Columns that hold the man"""
FRAMES = 40
SIZE = (480, 360)


def hand_held(seed: int = SEED) -> Clip:
    """The man of the clip, on paper."""
    image = sources.film(FOOTAGE / "man.mp4", RATE)[STILL][:, LEFT:RIGHT]
    still = sources.still_of(np.ascontiguousarray(image), "man", sources.detector())
    assert still is not None
    return prints.shaken_print(still, seed, FRAMES)


def main() -> None:
    """Write it."""
    parser = argparse.ArgumentParser(prog="python -m attacks.footage", description=__doc__)
    parser.add_argument("clip", type=Path, help="the .mp4 to write")
    told = parser.parse_args()
    writer = cv2.VideoWriter(str(told.clip), cv2.VideoWriter.fourcc(*"mp4v"), RATE, SIZE)
    for image in hand_held().images:
        writer.write(cv2.cvtColor(cv2.resize(image, SIZE, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2BGR))
    writer.release()


if __name__ == "__main__":
    main()
