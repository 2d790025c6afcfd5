from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from faceplate.model.calibration import Calibration
from faceplate_trainer.data.labelled import DatasetError
from faceplate_trainer.measuring import calibrate as module
from faceplate_trainer.measuring.calibrate import calibrate, rate_of, share_of
from faceplate_trainer.measuring.head import Head, uniform_head

pytestmark = pytest.mark.trainer


HEAD = uniform_head(10.0, 8.0, size=24, prior=1e-3)
BY_ELEMENT = Head(np.linspace(0, 4, 24), 8.0, 1, 1e-3)


def crowd_of(people: int, pictures: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Made-up people, some hard to tell apart."""
    draw = np.random.default_rng(seed)
    vectors = np.repeat(draw.normal(size=(people, 24)), pictures, axis=0)
    vectors = vectors + draw.normal(size=vectors.shape) * 0.6
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), np.repeat([f"person {i}" for i in range(people)], pictures)


@pytest.fixture(scope="module")
def crowd() -> tuple[np.ndarray, np.ndarray]:
    """200 people with twelve pictures each."""
    return crowd_of(200, 12)


@pytest.fixture(scope="module")
def calibration(crowd) -> Calibration:
    return calibrate(*crowd, HEAD, rates=(1e-2, 1e-3, 1e-4))


def assert_keeps_what_it_promises(calibration: Calibration) -> None:
    for row in calibration.table:
        assert row.false_accept_bounds[0] <= row.false_accept_rate <= row.false_accept_bounds[1]
        assert row.false_reject_bounds[0] <= row.false_reject_rate <= row.false_reject_bounds[1]
        for rate, bounds in (
            (row.visit_false_accept_rate, row.visit_false_accept_bounds),
            (row.visit_false_reject_rate, row.visit_false_reject_bounds),
        ):
            assert (rate is None) == (bounds is None)
            assert rate is None or bounds[0] <= rate <= bounds[1]
        assert 0 <= row.score <= 1
    for anchors in {row.anchors for row in calibration.table}:
        rows = sorted(
            (row for row in calibration.table if row.anchors == anchors), key=lambda row: -row.false_accept_rate
        )
        for lenient, strict in itertools.pairwise(rows):
            assert lenient.score <= strict.score
            assert lenient.false_reject_rate <= strict.false_reject_rate


def test_the_table_keeps_what_it_promises_on_the_people_it_was_made_from(calibration) -> None:
    assert {row.anchors for row in calibration.table} == {1, 3, 5}
    assert_keeps_what_it_promises(calibration)
    assert calibration.threshold(1e-2) < calibration.threshold(1e-3) < calibration.threshold(1e-4)


def test_a_head_with_a_weight_for_each_element_is_calibrated_as_well(crowd) -> None:
    assert_keeps_what_it_promises(calibrate(*crowd, BY_ELEMENT, rates=(1e-2, 1e-3)))


@settings(max_examples=8)
@example(seed=374, people=40, pictures=5)
@given(seed=st.integers(0, 1000), people=st.integers(20, 40), pictures=st.integers(2, 8))
def test_whatever_the_crowd_bounds_hold_the_value_and_stricter_rates_take_higher_scores(seed, people, pictures) -> None:
    assert_keeps_what_it_promises(calibrate(*crowd_of(people, pictures, seed), HEAD, seed=seed))


def test_more_anchors_refuse_fewer(calibration) -> None:
    refused = {row.anchors: row.false_reject_rate for row in calibration.table if row.false_accept_rate == 1e-3}
    assert refused[5] < refused[1]


def test_visits_refuse_fewer_strangers_and_fewer_members_than_single_pictures(calibration) -> None:
    row = next(row for row in calibration.table if (row.anchors, row.false_accept_rate) == (1, 1e-2))
    # Two visits of five pictures each, beside the one that is enrolled.
    assert (row.visitors, row.genuine_visits, row.impostor_visits) == (200, 400, 400 * 199)
    assert row.visit_false_accept_rate < row.false_accept_rate
    assert row.visit_false_reject_rate < row.false_reject_rate


def test_a_rate_of_visits_that_too_few_support_is_not_given() -> None:
    calibration = calibrate(*crowd_of(30, 7), HEAD, rates=(1e-1, 1e-2, 2e-3))
    rows = {(row.anchors, row.false_accept_rate): row for row in calibration.table}
    # 30 visits to 29 strangers each are 870: enough for 1 in 100, not for 2 in 1000.
    assert rows[1, 1e-2].impostor_visits == 870
    assert rows[1, 1e-2].visit_false_accept_rate is not None
    assert rows[1, 2e-3].visit_false_accept_rate is None
    assert rows[1, 2e-3].visit_false_reject_rate is not None
    # Of seven pictures three are enrolled: four are left, too few for a visit.
    assert (rows[3, 1e-2].genuine_visits, rows[3, 1e-2].visit_false_reject_rate) == (0, None)


def test_usual_rates_that_cannot_be_supported_are_left_out() -> None:
    calibration = calibrate(*crowd_of(30, 4), HEAD)
    assert {row.false_accept_rate for row in calibration.table} == {1e-2, 1e-3}
    assert calibration.people_support == pytest.approx(3 / math.comb(30, 2))


def test_a_rate_asked_for_that_cannot_be_supported_is_refused_with_the_lowest_that_can() -> None:
    with pytest.raises(DatasetError) as refused:
        calibrate(*crowd_of(30, 4), HEAD, rates=(1e-2, 1e-6))
    # With three anchors: 30 people, four times, by all 116 pictures of the others.
    assert "1e-06 takes 3000000 comparisons of strangers or more, these people make 13920" in str(refused.value)
    assert "ask for 2.2e-04 or more" in str(refused.value)
    assert calibrate(*crowd_of(30, 4), HEAD, rates=(2.2e-4,)).table


@pytest.mark.parametrize(("people", "pictures", "says"), [(20, 1, "two pictures or more"), (2, 3, "these people make")])
def test_too_few_people_for_any_rate_are_refused(people, pictures, says) -> None:
    with pytest.raises(DatasetError, match=says):
        calibrate(*crowd_of(people, pictures), HEAD)


def test_what_the_number_of_people_supports_is_said(caplog) -> None:
    with caplog.at_level("INFO"):
        calibrate(*crowd_of(30, 4), HEAD)
    assert "calibrated on 30 people" in caplog.text
    assert "so many show rates down to 6.9e-03" in caplog.text
    assert "with 5 anchors too few people are left for any rate" in caplog.text


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.data())
def test_the_bounds_of_a_share_hold_it(hits, data) -> None:
    owner = np.array([data.draw(st.integers(0, 4)) for _ in hits])
    rate = share_of(np.array(hits), owner, people=5)
    assert 0 <= rate.low <= rate.value <= rate.high <= 1
    assert rate.value == pytest.approx(np.mean(hits))


def test_many_people_are_drawn_in_groups(monkeypatch) -> None:
    draw = np.random.default_rng(0)
    scores, owner = draw.normal(size=20_000), draw.integers(0, 1000, 20_000)
    by_person = rate_of(scores, 1.0, owner, people=1000)
    monkeypatch.setattr(module, "_MOST_GROUPS", 100)
    by_group = rate_of(scores, 1.0, owner, people=1000)
    assert by_group.value == pytest.approx(by_person.value)
    assert by_group.high - by_group.low == pytest.approx(by_person.high - by_person.low, rel=0.4)
