# ruff: noqa: E402 - what the trainer needs may be absent, and is asked for first
from __future__ import annotations

import math
import re

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")
pytestmark = pytest.mark.trainer

from hypothesis import given
from hypothesis import strategies as st

from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate.people.matching import Thresholds
from faceplate_trainer.data.labelled import Embedded
from faceplate_trainer.measuring.curves import confusion, histogram, roc
from faceplate_trainer.measuring.head import Head, sigmoid, uniform_head
from faceplate_trainer.reporting import figures, wording
from faceplate_trainer.reporting import pairs as pairs_module
from faceplate_trainer.reporting.evidence import Evidence
from faceplate_trainer.reporting.friends import friend_effects, summed
from faceplate_trainer.reporting.gallery import enrol, judge_everybody
from faceplate_trainer.reporting.model_facts import flat, known_limits
from faceplate_trainer.reporting.pairs import telling_pairs
from faceplate_trainer.reporting.training import training_of
from faceplate_trainer.training.checkpoint import Epoch
from faceplate_trainer.training.recipe import load_recipe
from faceplate_trainer.training.run_folder import Run

HEAD = uniform_head(24.0, 20.0, size=8, prior=1e-3)


def evidence_of(vectors, people: list[str], head: Head = HEAD, margin: float = 0.1) -> Evidence:
    unit = np.asarray(vectors, np.float64)
    unit = (unit / np.linalg.norm(unit, axis=1, keepdims=True)).astype(np.float32)
    return Evidence(Embedded(unit, np.array(people), (), unit), (), head, Thresholds(0.6, 0.3, margin))


def crowd(people: int, each: int, noise: float) -> Evidence:
    draw = np.random.default_rng(5)
    owner = np.repeat(np.arange(people), each)
    vectors = draw.normal(size=(people, 8))[owner] + noise * draw.normal(size=(len(owner), 8))
    return evidence_of(vectors, [f"p{i:02}" for i in owner])


@given(st.floats(1e-9, 1 - 1e-9))
def test_a_share_is_never_rounded_to_an_end(share: float) -> None:
    said = float(wording.percent(share).removesuffix(" %"))
    assert 0 < said < 100 or min(share, 1 - share) < 1e-8
    assert said / 100 == pytest.approx(share, rel=0.06, abs=1e-9)
    assert wording.score(share) not in {"0.000", "1.000"}


@given(st.floats(1e-8, 1))
def test_a_rate_is_counted_in_people(rate: float) -> None:
    hits, of = (float(word.replace(",", "")) for word in wording.out_of(rate).split(" of "))
    assert hits >= 1
    assert hits / of == pytest.approx(rate, rel=0.5)


@given(st.floats(0, 1))
def test_cells_are_narrow(share: float) -> None:
    assert len(wording.per_million(share)) <= 6
    assert len(wording.cell(share)) <= 6


def test_no_error_seen_is_told_with_the_rule_of_three() -> None:
    assert wording.out_of_tries(0, 3000, "visits") == "none of 3,000 visits, so most likely fewer than 1 of 1,000"
    assert wording.out_of_tries(0, 0, "visits") == "there were no visits to count"


@pytest.mark.parametrize("rows", [7, 512])
def test_the_pairs_shown_are_the_extremes_of_all_pairs(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs_module, "_ROWS", rows)
    evidence = crowd(6, 5, 0.6)
    embeddings, people = evidence.embedded.embeddings, evidence.embedded.people
    scores = sigmoid(evidence.head.logits(embeddings, embeddings))
    i, j = np.triu_indices(len(people), 1)
    same, all_scores = people[i] == people[j], scores[i, j]
    found = telling_pairs(evidence, most=8, seed=0)
    threshold = evidence.rules.detection
    expected = {
        "wrongly_accepted": all_scores[~same & (all_scores > threshold)].max(),
        "wrongly_refused": all_scores[same & (all_scores <= threshold)].min(),
        "barely_refused": all_scores[~same & (all_scores <= threshold)].max(),
        "barely_accepted": all_scores[same & (all_scores > threshold)].min(),
    }
    for kind, score in expected.items():
        assert getattr(found, kind)[0].score == pytest.approx(score, rel=1e-4)
    for pair in found.typical_same:
        assert people[pair.a] == people[pair.b]
        assert pair.score > threshold
    for pair in found.typical_different:
        assert people[pair.a] != people[pair.b]
        assert pair.score <= threshold
    shown = [name for pair in found.barely_refused for name in (people[pair.a], people[pair.b])]
    assert len(shown) == len(set(shown))


def test_everybody_is_judged_as_comparing_one_by_one_would() -> None:
    evidence = crowd(5, 6, 0.5)
    gallery = enrol(evidence.embedded.people, 1, seed=1)
    assert all(len(enrolled.anchors) == 1 and len(enrolled.visits) == 5 for enrolled in gallery)
    for result in judge_everybody(evidence, gallery):
        anchor = evidence.embedded.embeddings[result.enrolled.anchors]
        logits = evidence.head.logits(evidence.embedded.embeddings, anchor)[:, 0]
        strangers = evidence.embedded.people != result.enrolled.person
        counted = confusion(logits[result.enrolled.visits], logits[strangers], evidence.threshold)
        assert (result.refused, result.accepted) == (counted.false_rejects, counted.false_accepts)
        assert result.closest[0].score == pytest.approx(float(sigmoid(logits[strangers]).max()), rel=1e-4)


def test_a_person_with_one_picture_is_enrolled_and_never_visits() -> None:
    gallery = enrol(np.array(["a", "b", "b", "b"]), 5, seed=0)
    assert [(len(one.anchors), len(one.visits)) for one in gallery] == [(1, 0), (2, 1)]


def test_a_look_alike_no_longer_passes_once_enrolled() -> None:
    # Each passes for the other as long as the other is not known. And somebody else altogether.
    base = np.eye(8)[0]
    twin = 0.61 * base + 0.79 * np.eye(8)[1]  # a squared distance of 0.78, so a score of 0.78: above 0.6
    other = np.eye(8)[5]
    wobble = 0.003 * np.random.default_rng(0).normal(size=(12, 8))
    vectors = np.concatenate([np.tile(one, (4, 1)) for one in (base, twin, other)]) + wobble
    evidence = evidence_of(vectors, ["ann"] * 4 + ["bea"] * 4 + ["zoe"] * 4)
    gallery = enrol(evidence.embedded.people, 2, seed=0)
    results = judge_everybody(evidence, gallery)
    assert {result.enrolled.person: result.closest[0].person for result in results if result.accepted} == {
        "ann": "bea",
        "bea": "ann",
    }
    effects = friend_effects(evidence, gallery, results, [0.6, 1.0])
    assert effects["ann"][0].friend == (2, 0)
    assert effects["ann"][0].own == (2, 2)
    assert effects["zoe"][0].strangers == (0, 0)
    assert effects["ann"][1].own == (0, 0)
    total = summed(each[0] for each in effects.values())
    assert (total.friend, total.own, total.own_taken_for_friend) == ((4, 0), (6, 6), 0)


def test_a_wider_margin_lets_fewer_in_and_owners_are_among_them() -> None:
    evidence = crowd(8, 6, 0.5)
    gallery = enrol(evidence.embedded.people, 2, seed=0)
    wide = evidence_of(evidence.embedded.embeddings, list(evidence.embedded.people), margin=0.5)
    kept = [
        summed(each[0] for each in friend_effects(one, gallery, judge_everybody(one, gallery), [0.6]).values())
        for one in (evidence, wide)
    ]
    assert kept[0].own[0] == kept[1].own[0]
    assert kept[1].own[1] <= kept[0].own[1]
    assert kept[1].friend[1] <= kept[0].friend[1] <= kept[0].friend[0]


def test_the_limits_are_those_of_the_model_card() -> None:
    limits = known_limits(load_bundle(DEFAULT_BUNDLE))
    assert len(limits) >= 3
    assert limits[0].startswith("A picture of a person is not a person.")
    assert not any("##" in limit or "|" in limit for limit in limits)


def test_facts_become_rows() -> None:
    rows = dict(flat({"head": {"bias": 26.15234, "form": "cosine"}, "many": list(range(20)), "few": [1, 2]}))
    assert rows == {"head bias": "26.152", "head form": "cosine", "many": "20 values", "few": "1, 2"}


def test_figures_take_the_colours_of_the_page() -> None:
    draw = np.random.default_rng(0)
    genuine, impostor = draw.normal(8, 4, 200), draw.normal(-5, 6, 5000)
    curves = {1: roc(genuine, impostor), 3: roc(genuine + 2, impostor)}
    drawn = [
        figures.roc(curves, 1e-3),
        figures.det(curves, 1e-3),
        figures.histogram(histogram(genuine, impostor), math.inf),
        figures.mistakes(curves[1], 0.0),
    ]
    for svg in drawn:
        assert "#0101" not in svg
        assert "http" not in svg
        assert "currentColor" in svg
        assert re.match(r'<svg role="img" aria-label="[^"]+" viewBox="[^"]+">', svg)


def test_where_nobody_is_mixed_up_there_is_no_trade_off_to_draw() -> None:
    assert figures.det({1: roc(np.array([5.0, 6.0]), np.array([-5.0, -6.0]))}, 0.5) == ""


def test_a_run_of_one_epoch_is_drawn(tmp_path) -> None:
    epoch = Epoch(1, 2.0, 1e-3, 10.0, 0.7, 0.6, 0.6, 0.5, None, None, None, None, 0.4)
    facts = {"finished": False, "tower": "dense 3 x 4"}
    told = training_of(Run(tmp_path, load_recipe("koch"), facts, (epoch,)))
    assert (told.epochs, told.best, told.summary) == (1, None, "dense 3 x 4")
    assert [caption.split(":")[0] for caption, _ in told.curves] == ["loss", "learning rate"]
    assert training_of(Run(tmp_path, load_recipe("koch"), facts, ())).curves == ()
