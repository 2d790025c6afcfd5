# ruff: noqa: E402 - what the trainer needs may be absent, and is asked for first
"""The passive network counts what it says it counts, and int8 changes little of it."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytestmark = pytest.mark.trainer

from ai_edge_litert.interpreter import Interpreter

from faceplate_trainer.data.labelled import DatasetError
from faceplate_trainer.data.shown import LIVE, Shown
from faceplate_trainer.liveness.convert import convert
from faceplate_trainer.liveness.fit import fit, measure, scores, subjects_of, thresholds
from faceplate_trainer.liveness.network import COLOURS, PATTERNS, RING, Weights, features, network, uniform_patterns
from faceplate_trainer.liveness.pictures import Examples
from faceplate_trainer.liveness.recipe import FitRecipe

SIDE = 24
COUNT = 2 * len(COLOURS) * PATTERNS


def squares(count: int, seed: int = 0) -> np.ndarray:
    """Two squares, smooth as pictures are, uint8 (count, SIDE, SIDE, 6)."""
    draw = np.random.default_rng(seed)
    coarse = draw.integers(0, 256, (count, 6, 6, 6)).repeat(4, axis=1).repeat(4, axis=2)
    return np.clip(coarse + draw.integers(-9, 10, coarse.shape), 0, 255).astype(np.uint8)


def counted_one_by_one(picture: np.ndarray) -> np.ndarray:
    """The same as `features`, as the paper says it, pixel by pixel."""
    patterns = {tuple(bits): number for number, bits in enumerate(uniform_patterns().tolist())}
    found = np.zeros((2, len(COLOURS), PATTERNS))
    for square in range(2):
        three = picture[..., 3 * square : 3 * square + 3].astype(int)
        for colour, weights in enumerate(COLOURS.values()):
            plane = three @ weights
            for y in range(1, SIDE - 1):
                for x in range(1, SIDE - 1):
                    ring = tuple(bool(plane[y + dy - 1, x + dx - 1] >= plane[y, x]) for dy, dx in RING)
                    if ring in patterns:
                        found[square, colour, patterns[ring]] += 1
    return found.ravel() / (SIDE - 2) ** 2


def random_weights(seed: int = 0) -> Weights:
    draw = np.random.default_rng(seed)
    return Weights(draw.normal(0, 4, (2 * len(COLOURS), PATTERNS)), 0.3)


def test_there_are_58_uniform_patterns():
    patterns = uniform_patterns()
    assert patterns.shape == (PATTERNS, 8)
    assert len(np.unique(patterns, axis=0)) == PATTERNS


def test_patterns_are_counted_as_the_paper_says():
    given = squares(3)
    given[2] = 255  # all alike: every neighbour is at least as bright
    assert features(given) == pytest.approx(np.array([counted_one_by_one(one) for one in given]), abs=1e-6)


@pytest.mark.parametrize("curve", [lambda x: x // 2, lambda x: x // 3 + 100])
def test_light_and_dark_count_alike(curve):
    given = squares(4) // 6 * 6
    assert features(curve(given).astype(np.uint8)) == pytest.approx(features(given), abs=1e-6)


def test_the_network_weighs_what_was_counted():
    given, weights = squares(5), random_weights()
    model = network(weights, SIDE)
    assert model.predict(given.astype(np.float32), verbose=0)[:, 0] == pytest.approx(
        scores(weights, features(given)), abs=1e-4
    )


def test_int8_changes_little_and_is_the_same_each_time():
    given, weights = squares(24), random_weights(1)
    content = convert(network(weights, SIDE), given[:16])
    assert content == convert(network(weights, SIDE), given[:16])
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    run = interpreter.get_signature_runner("score")
    [given_as], [found_as] = run.get_input_details().values(), run.get_output_details().values()
    assert (given_as["dtype"], found_as["dtype"]) == (np.uint8, np.uint8)
    assert given_as["quantization"] == (1.0, 0)
    found = [run(squares=one[None])["score"].item() / 256 for one in given]
    assert found == pytest.approx(scores(weights, features(given)), abs=0.1)
    assert np.corrcoef(found, scores(weights, features(given)))[0, 1] > 0.98


def examples(subjects: int = 4, each: int = 6, apart: float = 0.02) -> Examples:
    """Made-up features in which the living differ from prints by a little of one pattern, and subjects by others."""
    draw = np.random.default_rng(2)
    shown, rows = [], []
    for subject in range(subjects):
        own = draw.normal(0, 0.01, COUNT)
        for number in range(2 * each):
            row = np.abs(draw.normal(0.02, 0.003, (2, COUNT)) + own)
            row[:, 7] = 0.05 + (apart if number < each else -apart) + draw.normal(0, 0.002, 2)
            rows.append(row)
            shown.append(Shown(f"{subject}/{number}.png", LIVE if number < each else "print", f"s{subject}"))
    return Examples(tuple(shown), np.zeros((len(rows), 1, 1, 6), np.uint8), np.array(rows), (), "")


NOBODY_ELSE = np.empty((0, COUNT))


def test_weights_hold_for_a_subject_left_out():
    made = examples()
    own = np.array([each.subject == "s3" for each in made.shown])
    found = scores(fit(made, ~own, NOBODY_ELSE, FitRecipe()), made.features[own][:, 0])
    alive = np.array([each.label == LIVE for each in made.shown])[own]
    assert found[alive].min() > found[~alive].max()


def test_a_subject_of_many_pictures_weighs_no_more_than_one_of_few():
    made = examples()
    once = fit(made, np.ones(len(made.shown), bool), NOBODY_ELSE, FitRecipe())
    again = np.concatenate([np.arange(len(made.shown)), np.repeat(np.arange(12), 5)])
    more = Examples(tuple(made.shown[i] for i in again), made.squares[again], made.features[again], (), "")
    twice = fit(more, np.ones(len(more.shown), bool), NOBODY_ELSE, FitRecipe())
    # Only the deviation that features are brought to has changed.
    assert np.corrcoef(once.patterns.ravel(), twice.patterns.ravel())[0, 1] > 0.9


def test_others_are_pulled_towards_the_living():
    made, others = examples(), np.abs(np.random.default_rng(3).normal(0.03, 0.003, (40, COUNT)))
    everybody = np.ones(len(made.shown), bool)
    alone, together = (fit(made, everybody, some, FitRecipe()) for some in (NOBODY_ELSE, others))
    assert scores(together, others).mean() > scores(alone, others).mean()


def test_thresholds_leave_room_between_and_never_cross():
    found = np.array([0.1, 0.2, 0.3, 0.55, 0.4, 0.7, 0.8, 0.9])
    alive = np.array([False] * 4 + [True] * 4)
    limits = thresholds(found, alive, FitRecipe(living_denied=0.01, spoofs_confirmed=0.01))
    assert 0.39 < limits.deny_below < 0.42
    assert 0.54 < limits.confirm_above <= 0.55
    apart = thresholds(np.where(alive, 0.9, 0.1), alive, FitRecipe())
    assert (apart.deny_below, apart.confirm_above) == (0.1, 0.9)


def test_rates_are_those_of_single_pictures_and_the_worst_subject_is_named():
    made = examples(subjects=3, each=2)
    alive = np.array([each.label == LIVE for each in made.shown])
    found = np.where(alive, 0.9, 0.1)
    found[2] = 0.6  # a print of s0 that is taken for living
    found[4] = 0.5  # a living s1 that is neither
    limits = thresholds(np.array([0.2, 0.55]), np.array([True, False]), FitRecipe())
    measured = measure(made.shown, found, [limits] * len(found), seed=0)
    assert (measured.subjects, measured.live, measured.spoofs) == (3, 6, 6)
    assert measured.apcer["print"].value == pytest.approx(1 / 6)
    assert measured.denied["print"].value == pytest.approx(5 / 6)
    assert (measured.bpcer.value, measured.live_denied.value) == (pytest.approx(1 / 6), 0)
    assert (measured.worst_apcer, measured.worst_bpcer) == (0.5, 0.5)
    assert measured.apcer["print"].low <= 1 / 6 <= measured.apcer["print"].high


def test_too_few_subjects_or_one_kind_only_are_refused():
    with pytest.raises(DatasetError, match="at least 3 subjects, received 2"):
        subjects_of(examples(subjects=2).shown)
    with pytest.raises(DatasetError, match="only one kind"):
        subjects_of([each for each in examples().shown if each.label == LIVE])
