from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from faceplate_trainer.measuring.attempts import FUSIONS, attempts, daemon_rule

COSINES = st.floats(-1, 1, width=32)


@given(
    anchors=arrays.arrays(np.float32, st.tuples(st.just(3), st.integers(1, 20)), elements=COSINES),
    centroid=arrays.arrays(np.float32, 3, elements=COSINES),
    threshold=COSINES,
    share=st.sampled_from([0.0, 0.2, 0.3, 0.34, 0.5, 0.99]),
)
def test_the_rule_accepts_exactly_when_the_daemon_does(anchors, centroid, threshold, share) -> None:
    accepted = daemon_rule(share)(anchors, centroid) > threshold
    as_the_daemon_says = (centroid > threshold) & ((anchors > threshold).mean(axis=1) > share)
    assert accepted.tolist() == as_the_daemon_says.tolist()


def embeddings_of(people: int, pictures: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(7)
    vectors = (
        np.repeat(draw.normal(size=(people, 32)), pictures, axis=0) + draw.normal(size=(people * pictures, 32)) / 3
    )
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), np.repeat([f"person {i}" for i in range(people)], pictures)


def test_nobody_is_compared_with_a_picture_of_their_own_enrolment() -> None:
    embeddings, people = embeddings_of(people=4, pictures=5)
    tried = attempts(embeddings, people, anchors=3, fuse=FUSIONS["max"], rounds=2, seed=0)
    assert len(tried.genuine) == 4 * 2 * (5 - 3)
    assert len(tried.impostor) == 4 * 2 * (20 - 5)
    assert (tried.impostor_enrolled != tried.impostor_visitor).all()
    assert tried.genuine.max() < 0.9999
    assert tried.people == 4


def test_somebody_with_just_enough_pictures_is_enrolled_and_never_visits() -> None:
    embeddings, people = embeddings_of(people=3, pictures=2)
    tried = attempts(embeddings, people, anchors=2, fuse=FUSIONS["mean"], rounds=1, seed=0)
    assert len(tried.genuine) == 0
    assert len(tried.impostor) == 3 * 4


def test_the_same_seed_gives_the_same_attempts() -> None:
    embeddings, people = embeddings_of(people=5, pictures=4)
    once, again = (
        attempts(embeddings, people, anchors=2, fuse=FUSIONS["centroid"], rounds=3, seed=5) for _ in range(2)
    )
    assert np.array_equal(once.impostor, again.impostor)
    other = attempts(embeddings, people, anchors=2, fuse=FUSIONS["centroid"], rounds=3, seed=6)
    assert not np.array_equal(once.impostor, other.impostor)
