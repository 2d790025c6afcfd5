"""Hypothesis strategies that several tests share."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from faceplate.people.matching import Likenesses, Thresholds
from faceplate.people.person import Anchor, Person
from faceplate.types import Score

SIZE = 8
"""Of the embeddings made here: a short one shows the same as a long one"""

units = st.floats(0, 1)

# Few different numbers, exact in every precision, so that ties and exact hits of a threshold are common.
coarse_units = st.integers(0, 8).map(lambda eighths: eighths / 8)

thresholds = st.builds(
    Thresholds,
    detection=(units | coarse_units).map(Score),
    verification=units | coarse_units,
    margin=units | coarse_units,
)


def unit_vectors(size: int = SIZE):
    """Directions, float32 (size,)."""
    numbers = st.floats(-1, 1, width=32)
    return npst.arrays(np.float32, size, elements=numbers).filter(lambda v: np.linalg.norm(v) > 0.1).map(_normalised)


@st.composite
def likenesses(draw, min_people: int = 0, max_people: int = 8):
    """How like one face is to any number of people."""
    people = draw(st.integers(min_people, max_people))
    numbers = st.lists(coarse_units | units, min_size=people, max_size=people)
    return Likenesses(np.array(draw(numbers), np.float32), np.array(draw(numbers), np.float64))


@st.composite
def crowds(draw, min_people: int = 0, max_people: int = 5, max_anchors: int = 20):
    """Enrolled people with 1 to `max_anchors` anchors each."""
    anchors = st.lists(unit_vectors(), min_size=1, max_size=max_anchors)
    crowd = draw(st.lists(anchors, min_size=min_people, max_size=max_people))
    return [person(f"person {i}", embeddings) for i, embeddings in enumerate(crowd)]


def person(name, embeddings, bundle: str = "a bundle"):
    """Somebody enrolled with these embeddings; the crops are noise."""
    crops = np.random.default_rng(len(name)).integers(0, 256, (len(embeddings), 112, 112, 3), np.uint8)
    anchors = tuple(Anchor(crop, embedding) for crop, embedding in zip(crops, embeddings, strict=True))
    return Person(f"{name} id".replace(" ", "-"), name, "2026-01-02T03:04:05+00:00", bundle, anchors)


def _normalised(vector):
    return np.asarray(vector / np.linalg.norm(vector), np.float32)
