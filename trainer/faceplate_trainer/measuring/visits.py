"""Simulated visits: what the shipped rule makes of several pictures of one visitor.

A visit is made of as many different pictures of somebody as the rule considers frames. Their limit: pictures taken on
different days are more independent of each other than the frames of one visit, which share light, pose and expression.
So the share of genuine visits that a door refuses, and that of strangers whom it admits because *all* their frames
happen to look like somebody, are both higher at a real door; and a visitor who stays for longer than so many frames has
further chances.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from faceplate.config import AccessConfig
from faceplate_trainer.measuring.attempts import Attempts, Fusion, Sequences, Similarity, attempts


def visits(  # noqa: PLR0913 - as `attempts`
    embeddings: NDArray[np.float32],
    people: NDArray[np.str_],
    *,
    templates: NDArray[np.float32] | None = None,
    similarity: Similarity,
    anchors: int,
    fuse: Fusion,
    rounds: int,
    seed: int,
    rules: AccessConfig,
) -> Attempts:
    """As `attempts`, with each visitor showing `frames_considered` pictures; nobody with fewer comes.

    What decides is the likeness of the `frames_needed`-th best of them: the visit is granted at every threshold below.
    """
    return attempts(
        embeddings,
        people,
        templates=templates,
        similarity=similarity,
        anchors=anchors,
        fuse=fuse,
        rounds=rounds,
        seed=seed,
        each=Sequences(rules.frames_considered, rules.frames_needed),
    )
