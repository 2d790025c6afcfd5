"""Every picture held against the others: the same as if it had been left out and its person had come."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from faceplate.people.coverage import Coverage, Facing, Light, View, coverage_of
from faceplate.people.examination import Apart, Pair, Probe, Stranger, nearest_stranger, pairs_of, probes_of
from faceplate.people.findings import (
    Kind,
    findings_of,
    findings_of_pairs,
    findings_of_stranger,
    nobody_enrolled,
    without_cohort,
)
from faceplate.people.matching import Matcher, Thresholds
from faceplate.people.person import Anchor
from faceplate.rights import Rights
from faceplate.types import Box, Face, Likeness, Look, Pixels, Score, Sighting, TrackId
from strategies import SIZE, crowds, person, thresholds, unit_vectors

FACE = Face(Box(Pixels(0), Pixels(0), Pixels(80), Pixels(80)), np.zeros((5, 2), np.float32), 0.9)
RULES = Thresholds(Score(0.8), 0.3, 0.1)
AXES = np.eye(SIZE, dtype=np.float32)


def compare(a, b):
    return ((a * b).sum(axis=1) / 2 + 0.5).astype(np.float32)


def numbered(people):
    """The same people, each crop with a number of its own in its first pixels, and what embeds it."""
    known, crowd = {}, []
    for somebody in people:
        anchors = []
        for anchor in somebody.anchors:
            crop = anchor.crop.copy()
            crop[0, 0] = (len(known) // 250, len(known) % 250, 0)
            known[tuple(crop[0, 0])] = anchor.embedding
            anchors.append(Anchor(crop, anchor.embedding))
        crowd.append(replace(somebody, anchors=tuple(anchors)))
    return crowd, lambda crop: known[tuple(crop[0, 0])]


def probed(people, rules=RULES):
    crowd, embed = numbered(people)
    return list(probes_of(crowd, embed, compare, rules))


def sighting(embedding):
    return Sighting(TrackId(1), Look(FACE, np.zeros((112, 112, 3), np.uint8), (), embedding))


def as_a_visitor(people, index, picture, rules):
    """What the door's own matcher says when the picture's person comes, and the picture was never enrolled."""
    embedding = people[index].anchors[picture].embedding
    left = list(people)
    if len(people[index].anchors) > 1:
        rest = tuple(a for i, a in enumerate(people[index].anchors) if i != picture)
        left[index] = replace(people[index], anchors=rest)
    return Matcher(left, compare, rules).match(sighting(embedding))


@given(people=crowds(min_people=1, max_people=4, max_anchors=4), rules=thresholds)
def test_each_probe_is_what_the_door_would_say_without_that_picture(people, rules):
    probes = probed(people, rules)
    pictures = [(index, picture) for index, each in enumerate(people) for picture in range(len(each.anchors))]
    assert [(probe.person, probe.picture) for probe in probes] == pictures
    for probe in probes:
        match = as_a_visitor(people, probe.person, probe.picture, rules)
        assert (probe.likeness, people[probe.best].name) == (match.likeness, match.person)
        is_known = match.likeness is Likeness.VERIFIED and match.person == people[probe.person].name
        assert probe.recognised == is_known
        if probe.rival is not None:
            assert probe.rival != probe.person
            assert (probe.apart is Apart.NOTHING) == (match.likeness is Likeness.VERIFIED and not is_known)
            assert (probe.apart is Apart.REFUSED) == (match.likeness is Likeness.AMBIGUOUS)
        else:
            assert len(people) == 1


@given(people=crowds(min_people=2, max_people=4, max_anchors=3), rules=thresholds)
def test_a_pair_is_as_close_as_its_closest_picture_and_as_badly_kept_apart_as_its_worst(people, rules):
    probes = probed(people, rules)
    pairs = pairs_of(probes)
    for pair in pairs:
        between = [p for p in probes if {p.person, p.rival} == set(pair.people)]
        assert pair.score == max(p.rival_score for p in between)
        assert pair.apart == min(p.apart for p in between)
    assert [pair.apart for pair in pairs] == sorted(pair.apart for pair in pairs)
    nearest = max(probes, key=lambda p: p.rival_score)
    assert {nearest.person, nearest.rival} in [set(pair.people) for pair in pairs]


@given(
    people=crowds(min_people=1, max_people=3),
    strangers=st.lists(unit_vectors(), min_size=1, max_size=6),
    rules=thresholds,
)
def test_the_nearest_stranger_scores_highest_and_whoever_is_not_unknown_passes(people, strangers, rules):
    found = nearest_stranger(people, np.array(strangers), compare, rules)
    matcher = Matcher(people, compare, rules)
    matches = [matcher.match(sighting(each)) for each in strangers]
    assert found.score == max(match.score for match in matches)
    assert found.passing == sum(match.likeness is not Likeness.UNKNOWN for match in matches)
    assert people[found.person].name in {match.person for match in matches if match.score == found.score}


def test_where_nobody_is_there_is_no_nearest():
    assert nearest_stranger([], AXES, compare, RULES) is None
    assert nearest_stranger([person("Ada", [AXES[0]])], AXES[:0], compare, RULES) is None


def near(axis, other, much):
    vector = AXES[axis] + much * AXES[other]
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def test_somebody_whose_own_threshold_is_stricter_is_judged_by_it():
    ada = person("Ada", [near(0, axis, 0.6) for axis in (1, 2, 3)])
    assert all(probe.recognised for probe in probed([ada]))
    strict = replace(ada, rights=Rights(detection_threshold=0.999))
    assert not any(probe.recognised for probe in probed([strict]))


ALL_ROUND = coverage_of([View(each, Light.MEDIUM) for each in (Facing.STRAIGHT, Facing.LEFT, Facing.RIGHT)])
PINNED = Rights(pin="a hash")


def kinds(findings):
    return [(finding.kind, finding.fault) for finding in findings]


def findings_for(embeddings, coverage: Coverage = ALL_ROUND):
    ada = person("Ada Lovelace", embeddings)
    return list(findings_of(ada, probed([ada]), coverage))


def test_there_is_nothing_to_say_of_somebody_well_enrolled():
    assert findings_for([near(0, axis, 0.2) for axis in (1, 2, 3)]) == []


def test_one_odd_picture_is_advice_and_tells_which():
    (odd,) = findings_for([near(0, 1, 0.1), near(0, 2, 0.1), AXES[5], near(0, 3, 0.1)])
    assert (odd.kind, odd.fault) == (Kind.ODD_PICTURE, False)
    assert "picture 3 of 4" in odd.message


def test_somebody_whose_pictures_do_not_know_each_other_is_a_fault():
    assert kinds(findings_for([AXES[0], AXES[1], AXES[2]])) == [(Kind.NOT_RECOGNISED, True)]
    assert kinds(findings_for([AXES[0], AXES[1]])) == [(Kind.NOT_RECOGNISED, True), (Kind.FEW_PICTURES, False)]


def test_one_picture_cannot_be_held_against_anything():
    (few,) = findings_for([AXES[0]])
    assert (few.kind, few.fault) == (Kind.FEW_PICTURES, False)
    assert "faceplate people add 'Ada Lovelace' PICTURE" in few.advice


def test_a_look_that_is_missing_is_said():
    straight = coverage_of([View(Facing.STRAIGHT, Light.MEDIUM)])
    (missing,) = findings_for([near(0, axis, 0.2) for axis in (1, 2, 3)], straight)
    assert (missing.kind, missing.fault) == (Kind.LOOK_MISSING, False)
    assert "enrol again with another look: one picture looking a little to the left, one " in missing.advice


@pytest.mark.parametrize(
    ("apart", "pinned", "fault"),
    [
        (Apart.NOTHING, False, True),
        (Apart.NOTHING, True, True),
        (Apart.REFUSED, False, True),
        (Apart.REFUSED, True, False),
        (Apart.MARGIN, False, None),
        (Apart.THRESHOLD, False, None),
    ],
)
def test_two_who_are_too_alike_are_a_fault_unless_a_pin_tells_them_apart(apart, pinned, fault):
    people = [person("Anna", [AXES[0]]), replace(person("Bea", [AXES[0]]), rights=PINNED if pinned else Rights())]
    found = list(findings_of_pairs(people, [Pair((0, 1), 0.9, apart)]))
    if fault is None:
        assert found == []
        return
    (finding,) = found
    assert (finding.kind, finding.fault, finding.people) == (Kind.TOO_ALIKE, fault, ("Anna", "Bea"))
    assert "Anna and Bea are too alike" in finding.message
    assert "PIN" in finding.advice


def test_twins_are_found_by_their_pictures():
    twins = [person(name, [near(0, axis, 0.1) for axis in (1, 2, 3)]) for name in ("Anna", "Bea")]
    (pair, *others) = pairs_of(probed(twins))
    assert others == []
    assert pair.apart < Apart.MARGIN
    assert kinds(findings_of_pairs(twins, [pair])) == [(Kind.TOO_ALIKE, True)]


def test_two_who_are_nothing_alike_are_kept_apart_by_the_threshold():
    two = [person("Anna", [near(0, axis, 0.1) for axis in (2, 3)]), person("Bea", [near(1, a, 0.1) for a in (4, 5)])]
    assert {pair.apart for pair in pairs_of(probed(two))} == {Apart.THRESHOLD}


def test_alike_enough_to_match_and_nearer_to_their_own_by_more_than_the_margin():
    rules = Thresholds(Score(0.8), 0.3, 0.01)
    anna = person("Anna", [near(0, axis, 0.1) for axis in (2, 3)])
    two = [anna, person("Bea", [near(0, 1, much) for much in (0.7, 0.75)])]
    probes = probed(two, rules)
    assert all(probe.recognised for probe in probes)
    assert {pair.apart for pair in pairs_of(probes)} == {Apart.MARGIN}


def test_a_stranger_who_passes_is_a_fault_and_one_who_does_not_is_nothing():
    people = [person("Anna", [AXES[0]])]
    assert list(findings_of_stranger(people, Stranger(0, 0.3, 0), 1000)) == []
    (finding,) = findings_of_stranger(people, Stranger(0, 0.95, 2), 1000)
    assert (finding.kind, finding.fault) == (Kind.STRANGER_PASSES, True)
    assert finding.message.startswith("2 of 1000 strangers")


def test_an_empty_gallery_and_a_missing_cohort_are_no_faults():
    assert kinds([nobody_enrolled(), without_cohort("why")]) == [(Kind.NOBODY, False), (Kind.NO_COHORT, False)]


@given(people=crowds(min_people=1, max_people=3, max_anchors=3))
def test_every_finding_says_what_and_what_to_do(people):
    probes = probed(people)
    assume(probes)
    for index, somebody in enumerate(people):
        own = [probe for probe in probes if probe.person == index]
        for finding in findings_of(somebody, own, coverage_of([View(None, Light.DARK)])):
            assert somebody.name in finding.message
            assert finding.advice
            assert finding.people == (somebody.name,)
    assert all(isinstance(probe, Probe) for probe in probes)
