"""Rights, for the tests of people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from faceplate.rights import Rights, Role

zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))

times = st.none() | st.datetimes(datetime(1971, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC) | zones)  # noqa: DTZ001 - the zones follow

rights = st.builds(
    Rights,
    role=st.sampled_from(Role),
    enabled=st.booleans(),
    valid_from=times,
    valid_until=times,
    schedule=st.none() | st.sampled_from(["always", "never", "visits"]),
    extended_time=st.booleans(),
    detection_threshold=st.none() | st.floats(0, 1),
    verification_threshold=st.none() | st.floats(0, 1),
    pin=st.none() | st.just("scrypt$1"),
    duress_pin=st.none() | st.just("scrypt$2"),
)
