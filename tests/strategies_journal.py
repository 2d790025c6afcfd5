"""What the journal's tests share: rows, entries, and a journal filled with them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import fields
from datetime import UTC, datetime

import numpy as np
from hypothesis import strategies as st

from faceplate.events import Cause, DoorEvent, DoorEventType, JournalRow
from faceplate.journal.chain import BEGINNING, Mark, sealed
from faceplate.journal.journal import Journal
from faceplate.journal.reader import read
from faceplate.types import (
    Box,
    Decision,
    Face,
    Likeness,
    Look,
    Match,
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
