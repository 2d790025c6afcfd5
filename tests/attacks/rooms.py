"""What is behind a visitor."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from attacks.camera import HEIGHT, WIDTH

PLAIN = 0.3
"""Share of rooms that are a bare wall, on which nothing can be followed"""


def room(rng: np.random.Generator) -> NDArray[np.float32]:
    """A wall with or without things before it, RGB float32 (HEIGHT, WIDTH, 3): shapes only, softened as things far off.

    Nothing in it moves; what people, trees and traffic do behind a visitor is not modelled.
    """
    wall = rng.uniform(70, 220) + rng.uniform(-15, 15, 3)
    canvas = np.tile(np.linspace(1, rng.uniform(0.7, 1.1), WIDTH)[None, :, None], (HEIGHT, 1, 1)) * wall
    canvas *= np.linspace(1, rng.uniform(0.75, 1.05), HEIGHT)[:, None, None]
    canvas = canvas.astype(np.float32)
    if rng.uniform() > PLAIN:
        for _ in range(rng.integers(6, 25)):
            _thing(canvas, rng)
    coarse = cv2.resize(rng.normal(0, 4, (HEIGHT // 6, WIDTH // 6, 1)).astype(np.float32), (WIDTH, HEIGHT))
    return np.asarray(cv2.GaussianBlur(canvas + coarse[..., None], (0, 0), rng.uniform(0.8, 2.5)), np.float32)


def _thing(canvas: NDArray[np.float32], rng: np.random.Generator) -> None:
    colour = [float(value) for value in rng.uniform(20, 235) + rng.uniform(-20, 20, 3)]
    x, y = int(rng.integers(-50, WIDTH)), int(rng.integers(-50, HEIGHT))
    width, height = (int(size) for size in rng.integers(10, 200, 2))
    kind = rng.integers(3)
    if kind == 0:
        cv2.rectangle(canvas, (x, y), (x + width, y + height), colour, -1)
    elif kind == 1:
        for step in range(0, width, 14):  # books, blinds, a fence
            cv2.rectangle(canvas, (x + step, y), (x + step + int(rng.integers(4, 12)), y + height), colour, -1)
            colour = [float(value) for value in rng.uniform(20, 235) + rng.uniform(-20, 20, 3)]
    else:
        cv2.ellipse(canvas, (x, y), (width // 2, height // 3), float(rng.uniform(0, 180)), 0, 360, colour, -1)
