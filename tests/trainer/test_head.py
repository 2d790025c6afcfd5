from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from faceplate.errors import ModelError
from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate.vision.network import SiameseNetwork
from faceplate_trainer.data.labelled import DatasetError
from faceplate_trainer.measuring.head import Head, head_of, logit, sigmoid, uniform_head
from faceplate_trainer.measuring.head_choice import Judged, choose_head
from faceplate_trainer.measuring.head_fit import fit_heads
from faceplate_trainer.measuring.pairs import choose_pairs
from strategies import unit_vectors

pytestmark = pytest.mark.trainer

SIZE = 8


@st.composite
def heads(draw, power: int | None = None) -> Head:
    weights = draw(arrays.arrays(np.float64, SIZE, elements=st.floats(0, 30)))
    weights[draw(st.integers(0, SIZE - 1))] += 1.0  # a head that weighs nothing is none
    return Head(weights, draw(st.floats(-5, 20)), power or draw(st.sampled_from([1, 2])), 0.01)


@given(head=heads(), a=unit_vectors(SIZE), b=unit_vectors(SIZE))
def test_scores_do_not_depend_on_the_order_and_nobody_is_more_alike_than_oneself(head, a, b) -> None:
    one, other = head.scores(a[None], b[None]), head.scores(b[None], a[None])
    assert one == other
    assert 0 <= one[0] <= head.scores(a[None], a[None])[0] <= 1


@given(head=heads(), a=unit_vectors(SIZE), b=unit_vectors(SIZE))
def test_log_odds_of_all_against_all_are_those_of_the_scores(head, a, b) -> None:
    both = np.array([a, b])
    scores = sigmoid(head.logits(both, both))
    assert scores[0, 1] == pytest.approx(head.scores(a[None], b[None])[0], abs=1e-4)
    assert np.allclose(scores, scores.T, atol=1e-4)


@given(weight=st.floats(0.1, 50), probe=unit_vectors(SIZE), data=st.data())
def test_a_uniform_head_orders_people_as_the_cosine_does(weight, probe, data) -> None:
    others = np.array(data.draw(st.lists(unit_vectors(SIZE), min_size=2, max_size=6)))
    cosine = others.astype(np.float64) @ probe
    log_odds = uniform_head(weight, 1.0, size=SIZE, prior=0.1).logits(probe[None], others)[0]
    for i in range(len(others)):
        for j in range(len(others)):
            if cosine[i] > cosine[j] + 1e-4:
                assert log_odds[i] > log_odds[j]


@given(arrays.arrays(np.float64, 5, elements=st.floats(-30, 30)))
def test_the_log_odds_of_a_score_are_those_it_was_made_from(log_odds) -> None:
    assert np.allclose(logit(sigmoid(log_odds)), log_odds, rtol=1e-2, atol=1e-9)
    assert logit(np.array([0.0, 1.0])).tolist() == [-np.inf, np.inf]


@pytest.mark.parametrize(("weights", "power"), [([-0.1, 1.0], 2), ([np.nan, 1.0], 2), ([[1.0]], 2), ([1.0, 1.0], 3)])
def test_a_head_that_would_reward_differences_is_refused(weights, power) -> None:
    with pytest.raises(ModelError, match=r"weights .* of at least 0 and the power 1 or 2"):
        Head(np.array(weights), 1.0, power, 0.1)


@settings(max_examples=30)
@given(heads())
def test_a_head_is_read_off_its_scores(head) -> None:
    read = head_of(lambda a, b: head.scores(a, b).astype(np.float32), SIZE, prior=0.01)
    assert read.power == head.power
    assert read.bias == pytest.approx(head.bias, abs=0.02)
    assert np.allclose(read.weights, head.weights, rtol=0.01, atol=1e-3 * head.weights.max())


def test_the_shipped_head_is_the_calibrated_cosine(runtime) -> None:
    bundle = load_bundle(DEFAULT_BUNDLE)
    network = SiameseNetwork(bundle, runtime=runtime)
    head = head_of(network.compare, bundle.manifest.embedding_size, prior=1e-3)
    assert head.form == "cosine"
    one = np.eye(128, dtype=np.float32)
    another = np.roll(one, 1, axis=0) * np.sqrt(0.5, dtype=np.float32) + one * np.sqrt(0.5, dtype=np.float32)
    assert np.allclose(head.scores(one, another), network.compare(one, another), atol=1e-4)


@pytest.mark.parametrize(
    "compare",
    [
        lambda a, _: np.full(len(a), 0.5, np.float32),
        lambda a, b: (np.abs(a - b).sum(axis=1) > 1).astype(np.float32),
        lambda a, b: sigmoid(5 - 10 * np.abs(a - b).max(axis=1)).astype(np.float32),
    ],
)
def test_something_else_is_not_read_as_a_head(compare) -> None:
    with np.errstate(all="ignore"), pytest.raises(ModelError, match="expected a head"):
        head_of(compare, SIZE, prior=0.1)


def crowd(count: int, pictures: int, seed: int, spread: np.ndarray | float = 0.6) -> tuple[np.ndarray, np.ndarray]:
    """Made-up people; `spread` says how much each element differs between pictures of one."""
    draw = np.random.default_rng(seed)
    vectors = np.repeat(draw.normal(size=(count, 24)), pictures, axis=0)
    vectors = vectors + draw.normal(size=vectors.shape) * spread
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), np.repeat([f"{seed}-{i}" for i in range(count)], pictures)


# Half the elements tell people apart, the other half are noise.
USELESS_HALF = np.repeat([0.3, 3.0], 12)


@pytest.mark.parametrize("prior", [1e-3, 1e-2, 0.5])
def test_scores_are_the_chance_of_a_genuine_visit_under_the_prior(prior) -> None:
    """The mark of a logistic regression: weighted by the prior, the mean score is the share of genuine pairs."""
    embeddings, people = crowd(100, 6, seed=3)
    upper = np.triu_indices(len(people), 1)
    same = (people[:, None] == people)[upper]
    for form, head in fit_heads(embeddings, people, prior=prior).items():
        scores = sigmoid(head.logits(embeddings, embeddings)[upper])
        mean = prior * scores[same].mean() + (1 - prior) * scores[~same].mean()
        assert mean == pytest.approx(prior, rel=0.05), form
        assert head.form == form
        assert (head.weights >= 0).all()


def test_nobody_counts_with_more_than_twenty_pictures() -> None:
    embeddings, people = crowd(50, 6, seed=3)
    flood = np.tile(embeddings[:1], (500, 1))
    heads_of = [
        fit_heads(np.vstack([embeddings, flood[:n]]), np.concatenate([people, ["star"] * n]), prior=1e-2)
        for n in (500, 20)
    ]
    for form in heads_of[0]:
        assert np.array_equal(heads_of[0][form].weights, heads_of[1][form].weights)


def test_the_same_seed_gives_the_same_head() -> None:
    once, again = (fit_heads(*crowd(40, 5, seed=1), seed=3)["squared"] for _ in range(2))
    assert np.array_equal(once.weights, again.weights)
    assert once.bias == again.bias


def test_weighted_pairs_stand_for_all_pairs() -> None:
    embeddings, people = crowd(60, 5, seed=2)
    upper = np.triu_indices(len(people), 1)
    same, cosine = (people[:, None] == people)[upper], (embeddings @ embeddings.T)[upper]
    pairs = choose_pairs(embeddings, people, most=9000, seed=0)
    assert pairs.weight[~pairs.same].sum() == pytest.approx((~same).sum())
    assert (people[pairs.first] == people[pairs.second]).tolist() == pairs.same.tolist()
    chosen = (embeddings[pairs.first] * embeddings[pairs.second]).sum(axis=1)
    mean = np.average(chosen[~pairs.same], weights=pairs.weight[~pairs.same])
    assert mean == pytest.approx(cosine[~same].mean(), abs=0.01)
    assert chosen[~pairs.same].max() == pytest.approx(cosine[~same].max(), abs=1e-5)
    assert len(np.unique(np.stack([pairs.first, pairs.second]), axis=1).T) == len(pairs.same)


@pytest.mark.parametrize("people", [["a"] * 4, ["a", "b", "c", "d"]])
def test_people_that_make_no_pairs_of_both_kinds_are_refused(people) -> None:
    embeddings, _ = crowd(4, 1, seed=0)
    with pytest.raises(DatasetError, match="expected several people, some with two pictures"):
        fit_heads(embeddings, np.array(people))


def test_a_head_that_knows_which_elements_matter_ships() -> None:
    chosen = choose_head(fit_heads(*crowd(150, 6, 1, USELESS_HALF)), *crowd(100, 6, 2, USELESS_HALF))
    assert chosen.form in {"squared", "absolute"}
    assert chosen.judged[chosen.form].cross_entropy < chosen.judged["cosine"].cross_entropy


def test_where_all_elements_are_alike_the_cosine_ships(caplog) -> None:
    with caplog.at_level("INFO"):
        chosen = choose_head(fit_heads(*crowd(60, 6, 1)), *crowd(100, 6, 2))
    assert chosen.form == chosen.head.form == "cosine"
    for form in ("cosine", "squared", "absolute"):
        assert f"head {form} on 100 other people: cross-entropy" in caplog.text


def test_a_head_is_better_only_if_it_is_so_in_both() -> None:
    def judged(cross_entropy: float, *tar: float) -> Judged:
        return Judged(cross_entropy, {1: 1e-3, 3: 1e-4}, dict(zip((1, 3), tar, strict=True)))

    base = judged(0.10, 0.90, 0.95)
    assert judged(0.09, 0.90, 0.95).beats(base)
    assert not judged(0.0995, 0.99, 0.99).beats(base)
    assert not judged(0.05, 0.99, 0.94).beats(base)
    assert not base.beats(base)


def test_too_few_people_choose_no_head() -> None:
    fitted = fit_heads(*crowd(20, 4, seed=1))
    with pytest.raises(DatasetError, match=r"expected enough people .* received 8 pictures of 4 people"):
        choose_head(fitted, *crowd(4, 2, seed=2))
