"""The diagram and the tables of the documentation say what the machine does."""

from __future__ import annotations

import itertools
import re

import pytest

from faceplate.door import diagram, signals
from faceplate.door.transitions import TRANSITIONS, Trigger
from faceplate.events import DoorMode, Order


def arrows() -> dict[tuple[str, str], set[str]]:
    """What leads from one mode to another, as drawn."""
    found = re.findall(r"^    (\w+) --> (\w+): (.*)$", diagram.diagram(), flags=re.MULTILINE)
    return {(before, after): set(acts.split(", ")) for before, after, acts in found}


@pytest.mark.parametrize(("before", "after"), list(itertools.product(DoorMode, DoorMode)))
def test_the_arrows_are_the_transitions(before, after):
    acts = {act.value for act, leads_to in TRANSITIONS[before].items() if leads_to is after}
    expected = acts & {Trigger.EXIT.value} if before is after else acts
    assert arrows().get((before.value, after.value), set()) == expected


def test_the_diagram_is_mermaids_and_begins_locked():
    assert diagram.diagram().startswith("stateDiagram-v2\n    [*] --> locked\n")


def test_the_table_has_every_act_in_every_mode():
    header, ruler, *rows = diagram.table().splitlines()
    assert ruler == "|---" * (1 + len(DoorMode)) + "|"
    assert [cell.strip() for cell in header.split("|")[2:-1]] == [mode.value for mode in DoorMode]
    acts = [*Order, *Trigger]
    assert len(rows) == len(acts)
    for act, row in zip(acts, rows, strict=True):
        cells = [cell.strip() for cell in row.split("|")[1:-1]]
        assert cells == [f"`{act}`", *(TRANSITIONS[mode].get(act, "-") for mode in DoorMode)]


def test_it_is_printed(capsys):
    diagram.main()
    assert capsys.readouterr().out == f"{diagram.diagram()}\n\n{diagram.table()}\n\n{signals.table()}\n"
