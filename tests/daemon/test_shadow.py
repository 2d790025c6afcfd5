"""Two bundles over the same visits, and what follows from it for the switch."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.commands.bundling.report import Trial
from faceplate.people.comparison import Comparison, Examined, Recognised, compare
from faceplate.people.examination import Apart, Probe
from faceplate.people.matching import Thresholds
from faceplate.shadow import Answer, Kind, Visit, visits_of
from faceplate.types import Box, Likeness, Pixels, Score, Seconds
from strategies import person

GAP = Seconds(5.0)
RULES = Thresholds(Score(0.8), 0.3, 0.1)
NAMES = st.none() | st.sampled_from(["Ada", "Bob"])
ANSWERS = st.lists(st.builds(Answer, st.floats(0, 100).map(Seconds), st.booleans(), NAMES)).map(
    lambda answers: sorted(answers, key=lambda answer: answer.time)
)


@given(ANSWERS)
def test_every_answer_is_in_one_visit(answers):
    visits = list(visits_of(answers, GAP))
    named = Counter(answer.person for answer in answers if answer.person)
    assert {name for visit in visits for name in visit.before | visit.after} == set(named)
    assert (visits == []) == (answers == [])
    times = [visit.time for visit in visits]
    assert all(b - a > GAP for a, b in pairwise(times))


def at(time, x, which, name):
    return Answer(Seconds(time), which == "after", name, Box(Pixels(x), Pixels(0), Pixels(50), Pixels(50)))


def test_two_faces_at_once_are_two_visits():
    """Or somebody who is taken for Ada could hide behind Ada."""
    answers = [
        at(0, 0, "before", "Ada"),
        at(0, 0, "after", "Ada"),
        at(1, 200, "before", None),
        at(1, 200, "after", "Ada"),
    ]
    assert [visit.kind for visit in visits_of(answers, GAP)] == [Kind.BOTH, Kind.ONLY_AFTER]


def test_a_face_that_moves_a_little_is_one_visit():
    answers = [at(0, 0, "before", "Ada"), at(0.5, 30, "after", "Ada"), at(1, 60, "before", "Ada")]
    assert [visit.kind for visit in visits_of(answers, GAP)] == [Kind.BOTH]


def test_the_same_place_later_is_another_visit():
    answers = [at(0, 0, "before", "Ada"), at(6, 0, "after", "Ada")]
    assert [visit.kind for visit in visits_of(answers, GAP)] == [Kind.ONLY_BEFORE, Kind.ONLY_AFTER]


@given(ANSWERS)
def test_the_same_answers_never_differ(answers):
    both = [replace(answer, after=after) for answer in answers for after in (False, True)]
    assert {visit.kind for visit in visits_of(both, GAP)} <= {Kind.BOTH, Kind.NEITHER}


@given(ANSWERS)
def test_changing_sides_turns_every_kind_round(answers):
    turned = [replace(answer, after=not answer.after) for answer in answers]
    other = {Kind.ONLY_BEFORE: Kind.ONLY_AFTER, Kind.ONLY_AFTER: Kind.ONLY_BEFORE}
    kinds = [visit.kind for visit in visits_of(answers, GAP)]
    assert [visit.kind for visit in visits_of(turned, GAP)] == [other.get(kind, kind) for kind in kinds]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("A", "A", Kind.BOTH),
        ("", "", Kind.NEITHER),
        ("A", "", Kind.ONLY_BEFORE),
        ("", "A", Kind.ONLY_AFTER),
        ("A", "B", Kind.DIFFERENT),
        ("AB", "A", Kind.ONLY_BEFORE),
        ("A", "AB", Kind.ONLY_AFTER),
        ("AB", "AC", Kind.DIFFERENT),
    ],
)
def test_kinds(before, after, kind):
    assert Visit(Seconds(0.0), frozenset(before), frozenset(after)).kind is kind


def trial(*visits, comparison=Comparison((), (), None, None), before=RULES):  # noqa: B008 - frozen
    return Trial("old/1", "new/2", (), before, RULES, comparison, visits or None, ())


def seen(before, after):
    return Visit(Seconds(1.0), frozenset(before), frozenset(after))


def weight(of):
    """How many dangers, losses and doubts."""
    return len(of.dangers()), len(of.losses()), len(of.doubts())


@pytest.mark.parametrize(
    ("visit", "expected"),
    [
        (seen(["Ada"], ["Ada"]), (0, 0, 0)),
        (seen([], []), (0, 0, 0)),
        (seen(["Ada"], ["Bob"]), (1, 0, 0)),
        (seen(["Ada"], []), (0, 1, 0)),
        (seen([], ["Ada"]), (0, 0, 1)),
    ],
)
def test_what_a_visit_weighs(visit, expected):
    assert weight(trial(visit)) == expected
    assert sum(visits for kind, visits in trial(visit).tree()["visits"].items() if kind == visit.kind) == 1


def test_a_bundle_in_force_that_cannot_be_asked_is_a_doubt():
    assert weight(trial(before=None)) == (0, 0, 1)


@pytest.mark.parametrize(
    ("pictures", "before", "after", "lost"),
    [(4, 4, 4, False), (4, 4, 3, False), (4, 4, 2, True), (4, 2, 0, False), (1, 1, 0, True), (3, None, 0, False)],
)
def test_who_is_lost(pictures, before, after, lost):
    one = Recognised("Ada", pictures, before, after)
    assert one.lost is lost
    assert weight(trial(comparison=Comparison((one,), (), None, None))) == (0, int(lost), 0)


def test_a_stranger_who_passes_is_a_danger():
    assert weight(trial(comparison=Comparison((), (), (3, 100), (0, 100)))) == (0, 0, 0)
    assert weight(trial(comparison=Comparison((), (), (0, 100), (1, 100)))) == (1, 0, 0)


def test_a_picture_without_a_face_that_is_taken_for_somebody_is_a_danger():
    found = [compare([], Examined([], None, decoys=2), Examined([], None, decoys=count)) for count in (0, 1)]
    assert [len(list(each.dangers())) for each in found] == [0, 1]


def test_a_golden_face_that_only_the_new_one_takes_for_somebody_is_a_doubt():
    def weighed(before, after):
        return weight(trial(comparison=compare([], before, Examined([], None, golden=after))))

    assert weighed(Examined([], None, golden=(True, False)), (True, False)) == (0, 0, 0)
    assert weighed(Examined([], None, golden=(True, False)), (True, True)) == (0, 0, 1)
    assert weighed(None, (True,)) == (0, 0, 0), "without the one in force there is a doubt of its own"


def probe(owner, best, apart, likeness=Likeness.VERIFIED):
    return Probe(owner, 0, likeness, best, 1 - owner, 0.5, apart)


def test_two_examinations_compared():
    people = [person("Ada", [np.eye(8, dtype=np.float32)[0]] * 2), person("Bob", [np.eye(8, dtype=np.float32)[1]])]
    right = [probe(0, 0, Apart.THRESHOLD), probe(0, 0, Apart.THRESHOLD), probe(1, 1, Apart.THRESHOLD)]
    wrong = [probe(0, 1, Apart.NOTHING), probe(0, 0, Apart.REFUSED, Likeness.AMBIGUOUS), right[2]]
    found = compare(people, Examined(right, None), Examined(wrong, 1000, 2))
    assert found.people == (Recognised("Ada", 2, 2, 0), Recognised("Bob", 1, 1, 1))
    assert found.taken_for == (("Ada", "Bob"),)
    assert (found.strangers_before, found.strangers_after) == (None, (2, 1000))
    assert [reason.split(";")[0] for reason in found.dangers()] == [
        "it would let Ada in as Bob",
        "it would take 2 of 1000 strangers for somebody enrolled",
    ]
    assert len(list(found.losses())) == 1
    back = compare(people, None, Examined(right, None))
    assert (list(back.dangers()), list(back.losses()), back.people[0].before) == ([], [], None)


def test_what_the_owner_reads():
    comparison = Comparison((Recognised("Ada", 4, 4, 1),), (), (0, 1033), None)
    text = "\n".join(trial(seen(["Ada"], ["Bob"]), seen([], ["Bob"]), comparison=comparison).lines())
    for line in (
        "Ada: of 4 pictures recognised by the others: 4 in force, 1 new",
        "strangers, in force: 0 of 1033 would be taken for somebody",
        "strangers, new: none could be held against anybody",
        "visits watched: 2",
        "REFUSED: visit at 1.0 s: Ada in force, Bob new: one of the two takes somebody for another",
        "LOSS: Ada is recognised today in 4 of 4 pictures, and would be in 1",
        "LOOK: visit at 1.0 s: nobody in force, Bob new: is it them?",
    ):
        assert line in text
