"""The picture of the last decision: of whom there is one, and how large it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.pictures import jpeg_of
from faceplate.snapshot import LONGEST_SIDE, MOST_BYTES, QUALITIES, Snapshot, Snapshots, may_be_kept
from faceplate.types import Decision, Frame, Likeness, Method, Outcome, Reason, Seconds
from strategies_access import ambiguous, unknown, unusable, verified

NOON = datetime(2026, 6, 3, 12, 0, 0, 120_000, tzinfo=UTC)
RED = np.full((48, 64, 3), (250, 10, 10), np.uint8)
ADA, STRANGER = verified("Ada", 1), unknown(2)

GRANTED = Decision(1, Seconds(1.0), Outcome.GRANTED, Reason.VERIFIED, ADA)
EXPIRED = Decision(1, Seconds(1.0), Outcome.DENIED, Reason.CREDENTIAL_EXPIRED, ADA, holder="Ada")
LOCKED_OUT = Decision(1, Seconds(1.0), Outcome.DENIED, Reason.LOCKED_OUT, ADA)
NOT_FOUND = Decision(1, Seconds(1.0), Outcome.DENIED, Reason.CREDENTIAL_NOT_FOUND, STRANGER)
TAILGATING = Decision(1, Seconds(1.0), Outcome.WARNED, Reason.TAILGATING, STRANGER, Method.FACE, holder="Ada")
TIMEOUT = Decision(1, Seconds(1.0), Outcome.DENIED, Reason.REQUEST_TIMEOUT, ADA, Method.PIN, holder="Ada")
SPOOF = Decision(1, Seconds(1.0), Outcome.DENIED, Reason.SPOOF_SUSPECTED, ADA)
UNSURE = Decision(1, Seconds(1.0), Outcome.DENIED, Reason.LIVENESS_UNSURE, ADA)
FAILED = Decision(1, Seconds(1.0), Outcome.DENIED, Reason.CHALLENGE_FAILED, ADA)
LOOKING = Decision(1, Seconds(1.0), Outcome.NOTHING, Reason.LOOKING, ADA)


def shown(whose, decision, matches, image=RED):
    snapshots = Snapshots(whose, lambda: NOON)
    snapshots.show(Frame(1, Seconds(1.0), image), matches, decision)
    return snapshots.last


@pytest.mark.parametrize(
    ("decision", "matches", "enrolled", "everybody"),
    [
        (GRANTED, [ADA], True, True),
        (EXPIRED, [ADA], True, True),
        (LOCKED_OUT, [ADA], True, True),
        (GRANTED, [ADA, verified("Grace", 3)], True, True),
        (GRANTED, [ADA, STRANGER], False, True),
        (GRANTED, [ADA, unusable(3)], False, True),
        (GRANTED, [ADA, ambiguous(3)], False, True),
        (NOT_FOUND, [STRANGER], False, True),
        (NOT_FOUND, [STRANGER, ADA], False, True),
        (TAILGATING, [STRANGER], False, True),
        (TAILGATING, [ADA, STRANGER], False, True),
        (TIMEOUT, [], False, True),
        (TIMEOUT, [STRANGER], False, True),
        (TIMEOUT, [verified("Grace", 3)], False, True),
        (SPOOF, [ADA], False, True),
        (UNSURE, [ADA], False, True),
        (FAILED, [ADA], False, True),
        (LOOKING, [ADA], False, False),
    ],
)
def test_who_may_be_in_a_picture(decision, matches, enrolled, everybody):
    assert shown("off", decision, matches) is None
    assert (shown("enrolled", decision, matches) is not None) is enrolled
    assert (shown("everybody", decision, matches) is not None) is everybody


faces = st.sampled_from([ADA, verified("Grace", 3), STRANGER, unusable(4), ambiguous(5)])
decisions = st.builds(
    Decision,
    st.just(1),
    st.just(Seconds(1.0)),
    st.sampled_from(Outcome),
    st.sampled_from(Reason),
    st.none() | faces,
    holder=st.none() | st.sampled_from(["Ada", "Grace"]),
)


@given(decisions, st.lists(faces, max_size=3))
def test_a_stranger_is_in_no_picture_unless_everybody_is(decision, matches):
    assert not may_be_kept("off", matches, decision)
    if may_be_kept("enrolled", matches, decision):
        assert matches
        assert all(match.likeness is Likeness.VERIFIED for match in matches)
        assert decision.outcome is not Outcome.NOTHING
        assert may_be_kept("everybody", matches, decision)


def test_the_picture_comes_with_what_was_decided():
    last = shown("enrolled", EXPIRED, [ADA])
    assert last is not None
    assert (last.ts, last.outcome, last.person) == ("2026-06-03T12:00:00.120Z", Outcome.DENIED, "Ada")
    picture = cv2.imdecode(np.frombuffer(last.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == RED.shape
    assert np.allclose(picture.mean(axis=(0, 1)), (10, 10, 250), atol=8), "BGR: it is red"
    stranger = shown("everybody", NOT_FOUND, [STRANGER])
    assert stranger is not None
    assert stranger.person is None


def test_the_last_one_stays_until_the_next():
    snapshots = Snapshots("enrolled", lambda: NOON)
    snapshots.show(Frame(1, Seconds(1.0), RED), [ADA], GRANTED)
    first = snapshots.last
    snapshots.show(Frame(2, Seconds(2.0), RED), [STRANGER], NOT_FOUND)
    snapshots.show(Frame(3, Seconds(3.0), RED), [ADA], LOOKING)
    assert snapshots.last is first
    grace = verified("Grace", 3)
    snapshots.show(Frame(4, Seconds(4.0), RED), [grace], replace(GRANTED, match=grace))
    assert isinstance(snapshots.last, Snapshot)
    assert snapshots.last.person == "Grace"


@pytest.mark.parametrize("shape", [(480, 640), (3072, 4096), (4096, 2160), (120, 160), (641, 641)])
def test_it_is_small_whatever_the_camera_gives(shape):
    noise = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    for image in (noise, np.ascontiguousarray(noise[::-1]), noise[:, ::-1]):
        jpeg = jpeg_of(image, LONGEST_SIDE, MOST_BYTES, QUALITIES)
        assert len(jpeg) <= MOST_BYTES
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert max(picture.shape[:2]) == min(LONGEST_SIDE, max(shape))
        assert picture.shape[0] / picture.shape[1] == pytest.approx(shape[0] / shape[1], rel=0.01)


def test_it_is_never_printed():
    assert "jpeg" not in repr(Snapshot(b"jpeg", "now", Outcome.GRANTED, "Ada"))
