"""The door's modes as the documentation shows them, made from the table that the machine obeys.

`python -m faceplate.door.diagram` prints it.
"""

from __future__ import annotations

from faceplate.door import signals
from faceplate.door.transitions import TRANSITIONS, Act, Trigger
from faceplate.events import DoorMode, Order


def diagram() -> str:
    """The modes and what leads from one to another, in Mermaid's words."""
    lines = ["stateDiagram-v2", f"    [*] --> {DoorMode.LOCKED}"]
    for mode, allowed in TRANSITIONS.items():
        for after in DoorMode:
            acts = [act for act, leads_to in allowed.items() if leads_to is after and _is_shown(mode, after, act)]
            if acts:
                lines.append(f"    {mode} --> {after}: {', '.join(acts)}")
    return "\n".join(lines)


def _is_shown(mode: DoorMode, after: DoorMode, act: Act) -> bool:
    # What changes nothing would hide the rest; only that the exit button works everywhere is worth an arrow.
    return mode is not after or act is Trigger.EXIT


def table() -> str:
    """What each order, and each other trigger, does in each mode (Markdown). A dash: refused, or it cannot happen."""
    acts: list[Act] = [*Order, *Trigger]
    rows = ["| | " + " | ".join(DoorMode) + " |", "|---" * (len(DoorMode) + 1) + "|"]
    for act in acts:
        cells = (TRANSITIONS[mode].get(act, "-") for mode in DoorMode)
        rows.append(f"| `{act}` | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def main() -> None:
    """Print all of it."""
    print(diagram(), table(), signals.table(), sep="\n\n")  # noqa: T201 - what it is for


if __name__ == "__main__":
    main()
