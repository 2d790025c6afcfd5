"""What is kept of a face that is enrolled; a bundle's thresholds are calibrated for it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from faceplate.types import Embedding, Image


def template(crop: Image, embed: Callable[[Image], Embedding]) -> Embedding:
    """The direction between the embeddings of a face, counted double, and of its mirror image.

    What is chance in one of the two evens out, which helps most where somebody has one picture only. To mirror the
    visitor's face as well would gain a little more, for twice the time at the door; this costs time at enrolment only.

    Args:
        crop: an aligned face, RGB uint8 (112, 112, 3).
        embed: crop -> unit vector float32 (D,).

    Returns:
        Unit vector float32 (D,).
    """
    both = 2 * embed(crop) + embed(np.ascontiguousarray(crop[:, ::-1]))
    return np.asarray(both / max(float(np.linalg.norm(both)), 1e-9), dtype=np.float32)
