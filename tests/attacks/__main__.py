"""Draw what is made: a row of frames for each simulated species."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from attacks import sources, species
from attacks.heads import meshed
from faceplate.types import Image

_SIZE = (320, 240)
_FRAMES = 5


def main() -> None:
    """Write a contact sheet."""
    parser = argparse.ArgumentParser(prog="python -m attacks", description=__doc__)
    parser.add_argument("sheet", type=Path, help="picture to write")
    parser.add_argument("--data", type=Path, required=True, help="folder of the research pictures")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--species", nargs="*", choices=species.ALL, default=species.ALL)
    told = parser.parse_args()
    somebody, other = sources.stills(told.data, 2, told.seed)
    points = meshed(somebody)
    made = species.presentations(somebody, other, points, told.seed, tuple(told.species))
    rows = [_row(each.images, each.species) for each in made]
    cv2.imwrite(str(told.sheet), cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR))


def _row(images: tuple[Image, ...], name: str) -> Image:
    shown = [images[number] for number in np.linspace(0, len(images) - 1, _FRAMES).astype(int)]
    row = np.hstack([cv2.resize(image, _SIZE, interpolation=cv2.INTER_AREA) for image in shown])
    cv2.putText(row, name, (6, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 0), 2, cv2.LINE_AA)
    return np.asarray(row, np.uint8)


if __name__ == "__main__":
    main()
