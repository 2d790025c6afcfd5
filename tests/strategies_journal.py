"""What the journal's tests share: rows, entries, and a journal filled with them."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import fields
from datetime import UTC, datetime

import numpy as np
from hypothesis import strategies as st

from faceplate.events import (
    BundleEvent,
    Cause,
    CommandEvent,
    DoorEvent,
    DoorEventType,
    DoorMode,
    JournalRow,
    PeopleEvent,
)
from faceplate.journal.chain import BEGINNING, Mark, sealed
from faceplate.journal.entries import EventsLost, canonical, describe
from faceplate.journal.journal import Journal
from faceplate.journal.reader import read
from faceplate.types import (
    Box,
    Decision,
    Face,
    Likeness,
    Look,
    Match,
    Method,
    Outcome,
    Pixels,
    Reason,
    Score,
    Seconds,
    Sighting,
    TrackId,
)

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
UNLOCKED = DoorEvent(DoorEventType.UNLOCKED, Seconds(1.0), Cause.ACCESS_GRANTED, "Zoë")
LOCKED = DoorEvent(DoorEventType.LOCKED, Seconds(6.0), Cause.RELEASE_TIME)

row_texts = st.fixed_dictionaries(
    {field.name: st.text(max_size=12) for field in fields(JournalRow) if field.name not in {"seq", "previous", "hash"}}
)

marks = st.builds(Mark, st.integers(1, 10**9), st.text("0123456789abcdef", min_size=64, max_size=64))


@st.composite
def chains(draw, min_size=1, base=BEGINNING):
    """Rows that form an honest chain after `base`."""
    rows: list[JournalRow] = []
    end = base
    for facts in draw(st.lists(row_texts, min_size=min_size, max_size=8)):
        rows.append(sealed(JournalRow(seq=end.seq + 1, previous=end.hash, hash="", **facts)))
        end = Mark(rows[-1].seq, rows[-1].hash)
    return rows


def decision(outcome, reason, person="Zoë", **more):
    """A decision about a face."""
    face = Face(Box(Pixels(0), Pixels(0), Pixels(80), Pixels(80)), np.zeros((5, 2), np.float32), 0.99)
    look = Look(face, np.zeros((112, 112, 3), np.uint8), (), np.full(4, 0.5, np.float32))
    sighting = Sighting(TrackId(7), look)
    match = Match(sighting, Likeness.VERIFIED, person, Score(np.float32(0.98765432)), 1.0, 1.0)
    return Decision(41, Seconds(3.0), outcome, reason, match, **more)


GRANTED = decision(Outcome.GRANTED, Reason.VERIFIED)


def written(path, *entries, **options):
    """Every row of the journal at `path`, after these entries have been written to it."""
    with closing(Journal(path, **{"wall_clock": lambda: NOON} | options)) as journal:
        for entry in entries:
            journal.write(entry)
    return read(path, 0, 100_000)


def row_of(entry, seq=1, delayed=0.0):
    """The row that the journal makes of an entry."""
    event_type, facts = describe(entry)
    facts |= {"delayed": round(delayed, 1)} if delayed else {}
    return JournalRow(seq, f"{seq:032x}", "2026-03-01T12:00:00.123Z", event_type, canonical(facts), "", "")


_names = st.text(min_size=1, max_size=12)
_deeds = st.sampled_from([outcome for outcome in Outcome if outcome is not Outcome.NOTHING])
_words = st.dictionaries(
    st.text(max_size=5), st.none() | st.booleans() | st.integers() | st.text(max_size=5), max_size=3
)
_rung = st.builds(DoorEvent, st.just(DoorEventType.BELL), st.just(Seconds(1.0)), st.sampled_from(Cause))

entries = st.one_of(
    st.builds(
        decision,
        _deeds,
        st.sampled_from(Reason),
        _names,
        method=st.sampled_from(Method),
        holder=st.none() | _names,
        duress=st.booleans(),
    ),
    st.builds(
        Decision,
        st.none(),
        st.just(Seconds(3.0)),
        _deeds,
        st.sampled_from(Reason),
        method=st.sampled_from([Method.PIN, Method.REMOTE_PIN]),
        holder=st.none() | _names,
    ),
    st.builds(
        DoorEvent,
        st.sampled_from([kind for kind in DoorEventType if kind is not DoorEventType.BELL]),
        st.just(Seconds(1.0)),
        st.sampled_from(Cause),
        st.none() | _names,
        st.booleans(),
        st.none() | st.sampled_from(DoorMode),
        st.text(max_size=12),
    ),
    _rung,
    st.builds(CommandEvent, _names, _names, _words.map(json.dumps), st.text(max_size=12)),
    st.builds(PeopleEvent, *(st.lists(_names, max_size=2).map(tuple) for _ in range(3))),
    st.builds(BundleEvent, _names, _names, st.booleans()),
    st.builds(EventsLost, st.integers(1, 10**6)),
)
"""Everything that becomes a row"""

rows = st.builds(row_of, entries, st.integers(1, 10**9), st.just(0.0) | st.floats(1.0, 1e6))
"""Rows of every event type"""
