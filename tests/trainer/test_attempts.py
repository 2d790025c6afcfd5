from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from faceplate.people.matching import Matcher, Thresholds, judge
from faceplate.types import Likeness, Score
from faceplate_trainer.measuring import attempts as module
from faceplate_trainer.measuring.attempts import FUSIONS, attempts, cosines, daemon_rule
from faceplate_trainer.measuring.head import Head, logit
from strategies import person

pytestmark = pytest.mark.trainer


COSINES = st.floats(-1, 1, width=32)


@given(
    anchors=arrays.arrays(np.float32, st.tuples(st.just(3), st.integers(1, 20)), elements=COSINES),
    centroid=arrays.arrays(np.float32, 3, elements=COSINES),
    threshold=COSINES,
    share=st.sampled_from([0.0, 0.2, 0.3, 0.34, 0.5, 0.99, 1.0]),
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


def tried(people: int, pictures: int, *, anchors: int, rounds: int = 1, seed: int = 0):
    embeddings, names = embeddings_of(people, pictures)
    return attempts(
        embeddings, names, similarity=cosines, anchors=anchors, fuse=FUSIONS["centroid"], rounds=rounds, seed=seed
    )


def test_nobody_is_compared_with_a_picture_of_their_own_enrolment() -> None:
    found = tried(people=4, pictures=5, anchors=3, rounds=2)
    assert len(found.genuine) == 4 * 2 * (5 - 3)
    assert len(found.impostor) == 4 * 2 * (20 - 5)
    assert (found.impostor_enrolled != found.impostor_visitor).all()
    assert found.genuine.max() < 0.9999
    assert found.people == 4


def test_somebody_with_just_enough_pictures_is_enrolled_and_never_visits() -> None:
    found = tried(people=3, pictures=2, anchors=2)
    assert len(found.genuine) == 0
    assert len(found.impostor) == 3 * 4


def test_who_is_enrolled_is_compared_by_the_template_and_comes_with_the_embedding() -> None:
    embeddings, names = embeddings_of(4, 2)
    templates = embeddings_of(4, 2)[0][::-1].copy()
    found = attempts(
        embeddings,
        names,
        templates=templates,
        similarity=cosines,
        anchors=1,
        fuse=FUSIONS["centroid"],
        rounds=1,
        seed=0,
    )
    everything = embeddings @ templates.T
    for cosine, who in zip(found.genuine, found.genuine_person, strict=True):
        a, b = 2 * who, 2 * who + 1
        assert np.isclose(cosine, [everything[a, b], everything[b, a]], atol=1e-6).any()


def test_the_same_seed_gives_the_same_attempts() -> None:
    once, again, other = (tried(people=5, pictures=4, anchors=2, rounds=3, seed=seed) for seed in (5, 5, 6))
    assert np.array_equal(once.impostor, again.impostor)
    assert not np.array_equal(once.impostor, other.impostor)


def test_in_small_batches_everything_comes_out_the_same(monkeypatch) -> None:
    whole = tried(people=6, pictures=4, anchors=2, rounds=2)
    monkeypatch.setattr(module, "_NUMBERS_AT_ONCE", 1)
    batched = tried(people=6, pictures=4, anchors=2, rounds=2)
    assert np.allclose(whole.impostor, batched.impostor, atol=1e-6)
    assert np.array_equal(whole.impostor_visitor, batched.impostor_visitor)
    assert np.allclose(whole.genuine, batched.genuine, atol=1e-6)


def test_of_too_many_strangers_a_share_is_drawn_and_nobody_genuine_is_left_out(monkeypatch) -> None:
    whole = tried(people=40, pictures=5, anchors=1)
    monkeypatch.setattr(module, "MOST_IMPOSTORS", 2000)
    drawn = tried(people=40, pictures=5, anchors=1)
    assert len(drawn.genuine) == len(whole.genuine)
    assert 1700 < len(drawn.impostor) < 2300
    assert drawn.impostor.mean() == pytest.approx(whole.impostor.mean(), abs=0.02)


@settings(max_examples=20)
@given(st.data())
def test_what_passes_is_what_the_daemons_matcher_verifies(data) -> None:
    power = data.draw(st.sampled_from([1, 2]))
    weights = np.array(data.draw(st.lists(st.floats(0, 10), min_size=32, max_size=32)))
    head = Head(weights, 3.0, power, 0.01)
    anchors, detection = data.draw(st.integers(1, 5)), data.draw(st.floats(0.05, 0.95))
    embeddings, names = embeddings_of(people=3, pictures=anchors + 1)
    found = attempts(
        embeddings, names, similarity=head.logits, anchors=anchors, fuse=daemon_rule(0.3), rounds=1, seed=1
    )
    draw = np.random.default_rng(1)
    for i in range(3):
        mine = np.flatnonzero(names == f"person {i}")
        chosen = draw.choice(mine, anchors, replace=False)
        [left] = np.setdiff1d(mine, chosen)
        enrolled = person("somebody", list(embeddings[chosen]))
        rules = Thresholds(Score(detection), 0.3, 0.0)
        matcher = Matcher([enrolled], lambda a, b: head.scores(a, b).astype(np.float32), rules)
        likelihood, bar = found.genuine[i], logit(np.array(detection))
        if abs(likelihood - bar) > 1e-3:  # within rounding either is right
            verified = judge(matcher.likenesses(embeddings[left]), rules)[0] is Likeness.VERIFIED
            assert (likelihood > bar) == verified
