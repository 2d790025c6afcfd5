"""Who a face is: the rule on any numbers, and the matcher against a slow reference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceplate.people.matching import Likenesses, Matcher, Thresholds, centroid, judge, stricter
from faceplate.rights import Rights, Role
from faceplate.types import Box, Face, Flaw, Likeness, Look, Pixels, Score, Sighting, TrackId
from strategies import SIZE, coarse_units, crowds, likenesses, person, thresholds, unit_vectors

FACE = Face(Box(Pixels(0), Pixels(0), Pixels(80), Pixels(80)), np.zeros((5, 2), np.float32), 0.9)
CROP = np.zeros((112, 112, 3), np.uint8)
RULES = Thresholds(Score(0.5), 0.3, 0.1)


def sighting(embedding):
    return Sighting(TrackId(1), Look(FACE, CROP, () if embedding is not None else (Flaw.BLURRED,), embedding))


def compare(a, b):
    """A head in place of the network's: the cosine, moved to 0..1."""
    return ((a * b).sum(axis=1) / 2 + np.float32(0.5)).astype(np.float32).clip(0, 1)


def matcher(people, rules=RULES):
    return Matcher(people, compare, rules)


def reference(people, embedding, rules):
    """What `likenesses` should give, one pair at a time in plain Python."""
    probe = [float(x) for x in embedding]
    scores, shares = [], []
    for somebody in people:
        anchors = [[float(x) for x in anchor.embedding] for anchor in somebody.anchors]
        middle = [sum(column) / len(anchors) for column in zip(*anchors, strict=True)]
        length = max(sum(x * x for x in middle) ** 0.5, 1e-9)
        scores.append(likeness_of(probe, [x / length for x in middle]))
        shares.append(sum(likeness_of(probe, anchor) > rules.detection for anchor in anchors) / len(anchors))
    return scores, shares


def likeness_of(a, b):
    return min(max(sum(x * y for x, y in zip(a, b, strict=True)) / 2 + 0.5, 0.0), 1.0)


def verified(found, rules):
    likeness, best, _ = judge(found, rules)
    return best if likeness is Likeness.VERIFIED else None


@given(found=likenesses(min_people=1), rules=thresholds)
def test_nobody_is_verified_below_any_threshold(found, rules):
    likeness, best, lead = judge(found, rules)
    runner_up = max((float(s) for i, s in enumerate(found.scores) if i != best), default=None)
    should_be = (
        float(found.scores[best]) > rules.detection
        and found.shares[best] > rules.verification
        and (runner_up is None or float(found.scores[best]) - runner_up > rules.margin)
    )
    assert (likeness is Likeness.VERIFIED) == should_be
    assert found.scores[best] == found.scores.max()
    assert 0 <= lead <= 1


@given(rules=thresholds)
def test_an_empty_gallery_knows_nobody(rules):
    assert judge(Likenesses(np.empty(0, np.float32), np.empty(0)), rules) == (Likeness.UNKNOWN, -1, 0.0)


@given(found=likenesses(min_people=1, max_people=1), rules=thresholds)
def test_who_is_alone_is_never_ambiguous(found, rules):
    assert judge(found, rules)[0] is not Likeness.AMBIGUOUS


@given(score=coarse_units, share=coarse_units, rules=thresholds)
def test_a_tie_is_never_verified(score, share, rules):
    found = Likenesses(np.array([score, score], np.float32), np.array([share, share]))
    likeness, _, lead = judge(found, rules)
    assert likeness is not Likeness.VERIFIED
    assert lead == 0


@given(found=likenesses(min_people=1), rules=thresholds, data=st.data())
def test_the_order_of_people_does_not_matter(found, rules, data):
    order = data.draw(st.permutations(range(len(found.scores))))
    shuffled = Likenesses(found.scores[list(order)], found.shares[list(order)])
    before, after = verified(found, rules), verified(shuffled, rules)
    assert (before is None) == (after is None)
    assert before is None or order[after] == before


@given(found=likenesses(), added=st.tuples(coarse_units, coarse_units), rules=thresholds)
def test_enrolling_somebody_never_verifies_anybody_else(found, added, rules):
    more = Likenesses(np.append(found.scores, np.float32(added[0])), np.append(found.shares, added[1]))
    after = verified(more, rules)
    assert after in {None, len(found.scores), verified(found, rules)}


@given(found=likenesses(min_people=1), rules=thresholds, stricter=thresholds)
def test_stricter_thresholds_never_verify_more(found, rules, stricter):
    strictest = Thresholds(
        Score(max(rules.detection, stricter.detection)),
        max(rules.verification, stricter.verification),
        max(rules.margin, stricter.margin),
    )
    assert verified(found, strictest) in {None, verified(found, rules)}


def test_a_score_that_is_no_number_verifies_nobody():
    assert judge(Likenesses(np.array([np.nan], np.float32), np.array([1.0])), RULES)[0] is Likeness.UNKNOWN


@settings(deadline=None)
@given(people=crowds(), embedding=unit_vectors(), rules=thresholds)
def test_the_matcher_agrees_with_a_slow_reference(people, embedding, rules):
    # A score within rounding of the threshold may fall on either side, so none is asked for there.
    rules = Thresholds(Score(rules.detection * 0.98 + 0.011), rules.verification, rules.margin)
    found = matcher(people, rules).likenesses(embedding)
    scores, shares = reference(people, embedding, rules)
    assert found.scores == pytest.approx(scores, abs=1e-5)
    near = [
        abs(likeness_of(list(map(float, embedding)), a.embedding.tolist()) - rules.detection) < 1e-5
        for somebody in people
        for a in somebody.anchors
    ]
    if not any(near):
        assert found.shares == pytest.approx(shares)


@settings(deadline=None)
@given(people=crowds(), embedding=unit_vectors(), rules=thresholds)
def test_a_match_says_what_the_rule_says(people, embedding, rules):
    found = matcher(people, rules).likenesses(embedding)
    likeness, best, lead = judge(found, rules)
    match = matcher(people, rules).match(sighting(embedding))
    assert match.likeness is likeness
    if people:
        assert match.person == people[best].name
        assert (match.score, match.share, match.lead) == (found.scores[best], found.shares[best], lead)
        assert match.rights == people[best].rights
    else:
        assert (match.person, match.rights) == (None, None)
    assert (match.rival is not None) == (likeness is Likeness.AMBIGUOUS)
    assert match.is_close_call == (len(people) > 1 and lead < 2 * rules.margin)


@pytest.mark.parametrize("count", range(1, 21))
def test_the_share_is_the_share_of_that_persons_own_anchors(count):
    like, unlike = np.eye(SIZE, dtype=np.float32)[0], -np.eye(SIZE, dtype=np.float32)[0]
    people = [
        person(f"{matching} of {count}", [like] * matching + [unlike] * (count - matching))
        for matching in range(count + 1)
    ]
    found = matcher(people).likenesses(like)
    assert found.shares == pytest.approx([matching / count for matching in range(count + 1)])


def test_an_anchor_matches_above_the_threshold_and_not_on_it():
    like, across = np.eye(SIZE, dtype=np.float32)[:2]
    people = [person("Ada", [like, across])]
    assert compare(like[np.newaxis], across[np.newaxis]) == [0.5]
    assert matcher(people, Thresholds(Score(0.5), 0, 0)).likenesses(like).shares == [0.5]
    assert matcher(people, Thresholds(Score(0.49), 0, 0)).likenesses(like).shares == [1.0]


def test_the_share_must_exceed_the_threshold_and_not_only_reach_it():
    like, across = np.eye(SIZE, dtype=np.float32)[:2]
    # Three of ten match; the others are short, so that the centroid still does.
    people = [person("Ada", [like] * 3 + [across * 0.1] * 7)]
    found = matcher(people, Thresholds(Score(0.6), 0.3, 0.0)).likenesses(like)
    assert found.shares[0] == 0.3
    assert found.scores[0] > 0.6
    assert judge(found, Thresholds(Score(0.6), 0.3, 0.0))[0] is Likeness.UNKNOWN
    assert judge(found, Thresholds(Score(0.6), 0.29, 0.0))[0] is Likeness.VERIFIED


def test_a_face_with_flaws_is_compared_with_nobody():
    def refuse(_a, _b):
        pytest.fail("a face that is not good enough was compared")

    people = [person("Ada", [np.eye(SIZE, dtype=np.float32)[0]])]
    match = Matcher(people, refuse, RULES).match(sighting(None))
    assert (match.likeness, match.person) == (Likeness.UNUSABLE, None)


def test_two_people_who_look_alike_are_ambiguous_and_one_of_them_alone_is_not():
    a = np.eye(SIZE, dtype=np.float32)[0]
    twins = [person("Ada", [a]), replace(person("Bea", [a]), rights=Rights(Role.CHILD))]
    match = matcher([person("Cleo", [-a]), *twins]).match(sighting(a))
    assert (match.likeness, match.person, match.rights) == (Likeness.AMBIGUOUS, "Ada", Rights())
    assert match.rival is not None
    assert (match.rival.person, match.rival.rights) == ("Bea", Rights(Role.CHILD))
    alone = matcher(twins[:1]).match(sighting(a))
    assert (alone.likeness, alone.person) == (Likeness.VERIFIED, "Ada")


@settings(deadline=None)
@given(crowds(min_people=1, max_people=1))
def test_a_centroid_is_a_direction(people):
    middle = centroid(people[0])
    length = float(np.linalg.norm(middle))
    opposite = float(np.linalg.norm(np.mean([a.embedding for a in people[0].anchors], axis=0))) < 1e-6
    assert opposite or length == pytest.approx(1, abs=1e-4)
    assert np.isfinite(middle).all()


def rights_with(detection=None, verification=None):
    return Rights(detection_threshold=detection, verification_threshold=verification)


@given(rules=thresholds, detection=st.none() | coarse_units, verification=st.none() | coarse_units)
def test_a_persons_own_thresholds_only_ever_make_it_stricter(rules, detection, verification):
    own = stricter(rules, rights_with(detection, verification))
    assert own.detection == max(rules.detection, detection or 0)
    assert own.verification == max(rules.verification, verification or 0)
    assert own.margin == rules.margin


@given(found=likenesses(min_people=1), rules=thresholds, own=thresholds, data=st.data())
def test_one_persons_own_thresholds_concern_nobody_else(found, rules, own, data):
    somebody = data.draw(st.integers(0, len(found.scores) - 1))
    with_own, without = judge(found, rules, {somebody: own}), judge(found, rules)
    assert with_own[1:] == without[1:]
    if without[1] != somebody:
        assert with_own == without
    else:
        assert with_own == judge(found, own)


def test_an_anchor_matches_above_that_persons_own_threshold_and_not_on_it():
    like, across = np.eye(SIZE, dtype=np.float32)[:2]
    both = [replace(person("Ada", [like, across]), rights=rights_with(detection=0.5)), person("Bea", [like, across])]
    assert matcher(both, Thresholds(Score(0.49), 0, 0)).likenesses(like).shares == pytest.approx([0.5, 1.0])


def test_who_asks_for_more_is_not_verified_by_what_is_enough_for_others():
    like, across = np.eye(SIZE, dtype=np.float32)[:2]
    ada = person("Ada", [like, like, across])
    rules = Thresholds(Score(0.6), 0.3, 0.0)
    assert matcher([ada], rules).match(sighting(like)).likeness is Likeness.VERIFIED
    share = 2 / 3
    for rights, likeness in (
        (rights_with(verification=share), Likeness.UNKNOWN),
        (rights_with(verification=share - 1e-9), Likeness.VERIFIED),
        (rights_with(detection=0.99), Likeness.UNKNOWN),
        (rights_with(detection=0.1, verification=0.1), Likeness.VERIFIED),
    ):
        match = matcher([replace(ada, rights=rights)], rules).match(sighting(like))
        assert match.likeness is likeness
        assert match.rights == rights
