"""How much one user may claim of the daemon: exact bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.control.limits import Claims, Limits
from faceplate.types import Seconds

NOW = Seconds(100.0)


def test_one_user_has_a_bound_and_leaves_room_for_others():
    claims = Claims(Limits(connections=5, connections_of_one=2))
    assert [claims.connect(1000, NOW) for _ in range(3)] == [True, True, False]
    assert [claims.connect(1001, NOW) for _ in range(3)] == [True, True, False]
    assert [claims.connect(0, NOW), claims.connect(0, NOW)] == [True, False], "five in all"
    claims.disconnect(1000)
    assert [claims.connect(0, NOW), claims.connect(1000, NOW)] == [True, False]


def test_a_burst_and_then_the_rate():
    claims = Claims(Limits(burst=3, rate=2.0))
    assert [claims.request(1, NOW) for _ in range(4)] == [True, True, True, False]
    assert not claims.request(1, Seconds(NOW + 0.49))
    assert claims.request(1, Seconds(NOW + 0.5))
    assert not claims.request(1, Seconds(NOW + 0.5))
    assert claims.request(2, NOW), "another user is not concerned"
    later = Seconds(NOW + 1000)
    assert [claims.request(1, later) for _ in range(4)] == [True, True, True, False], "rest is not saved up"


def test_a_refused_request_counts_for_many():
    claims = Claims(Limits(burst=10, rate=1.0, refused=8))
    assert claims.request(1, NOW)
    claims.refused(1, NOW)
    assert [claims.request(1, NOW) for _ in range(3)] == [True, True, False]


def test_a_connection_counts_as_a_request():
    claims = Claims(Limits(burst=2, rate=1.0))
    assert [claims.connect(1, NOW), claims.connect(1, NOW), claims.connect(1, NOW)] == [True, True, False]
    claims.disconnect(1)
    claims.disconnect(1)
    assert claims.connect(1, Seconds(NOW + 1))


@given(st.lists(st.floats(0, 2), max_size=60))
def test_in_no_stretch_of_time_more_than_the_burst_and_the_rate_pass(gaps):
    claims = Claims(Limits(burst=5, rate=2.0))
    time, passed = 0.0, []
    for gap in gaps:
        time += gap
        if claims.request(1, Seconds(time)):
            passed.append(time)
    for first, begin in enumerate(passed):
        for last, end in enumerate(passed[first:], 1):
            assert last <= 5 + 2.0 * (end - begin) + 1e-6


def test_the_limits_of_the_product_allow_a_dashboard_and_stop_a_flood():
    claims = Claims(Limits())
    assert all(claims.request(1, Seconds(second)) for second in range(100))
    assert sum(claims.request(2, NOW) for _ in range(1000)) == 40
    assert Limits().idle == pytest.approx(60)
    assert Limits().patience == pytest.approx(5)
