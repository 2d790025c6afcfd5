"""One visit: what its frames add up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.access.visit import Visit, lookalikes, observed, verdict
from faceplate.config import AccessConfig
from faceplate.types import Flaw, Likeness, Match, Outcome, Reason, Seconds
from reception_desk import with_pin
from strategies_access import ambiguous, matches_of, rules, unknown, unusable, verified

ADA = verified("Ada")
GRACE = verified("Grace")
NOBODY = unknown()
POOR = unusable()
FAR = unusable(1, Flaw.TOO_SMALL, Flaw.BLURRED)

THREE_OF_FIVE = AccessConfig()


def visit_of(matches: Sequence[Match], rules: AccessConfig = THREE_OF_FIVE, interval: float = 0.125) -> Visit:
    visit = Visit(began=Seconds(0.0), seen=Seconds(0.0))
    for number, match in enumerate(matches):
        visit = observed(visit, match, Seconds(number * interval), rules)
    return visit


def answer(matches: Sequence[Match], rules: AccessConfig = THREE_OF_FIVE, interval: float = 0.125) -> Reason:
    return verdict(visit_of(matches, rules, interval), rules)[1]


@pytest.mark.parametrize(
    "matches",
    [
        [ADA, ADA, ADA],
        [NOBODY, NOBODY, ADA, ADA, ADA],
        [ADA, NOBODY, ADA, NOBODY, ADA],
        [ADA, ambiguous(), ADA, POOR, POOR, POOR, ADA],
        [GRACE, NOBODY, NOBODY, ADA, ADA, ADA],
    ],
)
def test_three_of_the_last_five_usable_frames_are_enough(matches):
    assert answer(matches) is Reason.VERIFIED


@pytest.mark.parametrize(
    "matches",
    [
        [ADA, ADA],
        [ADA, ADA, NOBODY],
        [ADA, ADA, POOR],
        [ADA, ADA, ambiguous()],
        [ADA, NOBODY, NOBODY, ADA, NOBODY, ADA],
        [ADA, GRACE, ADA, ADA],
        [GRACE, ADA, ADA, ADA],
        [NOBODY, ADA] * 2,
    ],
)
def test_anything_less_is_not(matches):
    assert answer(matches) is Reason.LOOKING


def test_one_lucky_frame_never_opens():
    lucky = [NOBODY] * 20 + [ADA] + [NOBODY] * 20
    assert all(answer(lucky[:length]) is not Reason.VERIFIED for length in range(1, len(lucky) + 1))


def test_the_name_of_an_unknown_face_counts_for_nothing():
    assert answer([unknown(nearest="Ada")] * 5) is Reason.LOOKING


def test_only_an_ambiguous_face_with_both_its_people_is_one_of_two():
    """Whatever a gallery may give besides: a rival changes nobody beyond doubt, and without one there are no two."""
    twins = replace(ambiguous(), rights=with_pin())
    assert lookalikes(visit_of([twins] * 5), THREE_OF_FIVE) == ("Ada", "Grace")
    assert lookalikes(visit_of([replace(twins, rival=None)] * 5), THREE_OF_FIVE) == ()
    assert lookalikes(visit_of([replace(twins, person=None)] * 5), THREE_OF_FIVE) == ()
    assert answer([replace(ADA, rival=twins.rival)] * 3) is Reason.VERIFIED


@pytest.mark.parametrize(("later", "same"), [(0.0, True), (10.0, True), (10.125, False)])
def test_an_attempt_is_the_same_for_so_long(later, same):
    visit = Visit(began=Seconds(0.0), seen=Seconds(0.0), charged=Seconds(5.0))
    assert visit.is_paid_for(Seconds(5.0 + later), Seconds(10.0)) is same
    assert not replace(visit, charged=None).is_paid_for(Seconds(5.0), Seconds(10.0))


def test_frames_older_than_the_window_do_not_count():
    rules = AccessConfig(visit_window=Seconds(2.0))
    assert answer([ADA, ADA, ADA], rules, interval=1.0) is Reason.VERIFIED
    assert answer([ADA, ADA, ADA], rules, interval=1.125) is Reason.LOOKING


@pytest.mark.parametrize(
    ("matches", "reason"),
    [
        ([NOBODY] * 9, Reason.CREDENTIAL_NOT_FOUND),
        ([ADA, ADA] + [NOBODY] * 7, Reason.CREDENTIAL_NOT_FOUND),
        ([NOBODY] * 8 + [ambiguous()], Reason.AMBIGUOUS),
        ([ADA, GRACE] * 4 + [ADA], Reason.SEVERAL_PEOPLE),
        ([ambiguous(), ADA, GRACE] * 3, Reason.SEVERAL_PEOPLE),
        ([POOR] * 9, Reason.LOW_QUALITY),
        ([NOBODY] * 2 + [POOR] * 7, Reason.LOW_QUALITY),
        ([NOBODY] * 4 + [POOR] * 5, Reason.LOW_QUALITY),
    ],
)
def test_a_denial_says_why(matches, reason):
    """The ninth frame of eight a second is the first that patience allows an answer on."""
    assert answer(matches[:-1]) is Reason.LOOKING
    assert verdict(visit_of(matches), THREE_OF_FIVE) == (Outcome.DENIED, reason)


@pytest.mark.parametrize("matches", [[FAR] * 40, [NOBODY] * 4 + [FAR] * 40, [POOR] * 4 + [FAR] * 40])
def test_somebody_far_away_is_no_visitor(matches):
    assert answer(matches) is Reason.LOOKING


@given(st.data(), rules())
def test_no_denial_before_the_visitor_was_looked_at(data: st.DataObject, rules: AccessConfig):
    matches = data.draw(st.lists(matches_of(1), min_size=1, max_size=20))
    outcome, _ = verdict(visit_of(matches, rules), rules)
    if outcome is Outcome.DENIED:
        judged = [match for match in matches if Flaw.TOO_SMALL not in match.sighting.look.flaws]
        assert (len(matches) - 1) / 8 >= rules.patience
        assert len(judged) >= rules.frames_considered


@given(st.data(), rules())
def test_a_visit_remembers_no_more_than_it_must(data: st.DataObject, rules: AccessConfig):
    matches = data.draw(st.lists(matches_of(1), min_size=1, max_size=20))
    visit = visit_of(matches, rules)
    assert len(visit.glimpses) <= rules.frames_considered
    assert all(visit.seen - glimpse.time <= rules.visit_window for glimpse in visit.glimpses)
    assert all(glimpse.person is None or glimpse.likeness is Likeness.VERIFIED for glimpse in visit.glimpses)
