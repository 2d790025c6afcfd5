"""Pictures and sequences shown to the door's eyes, and whether these take them for a living person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from tqdm import tqdm

from faceplate.liveness import Liveness
from faceplate.pictures import read_picture
from faceplate.types import Frame, Image, Look, Seconds, Sighting
from faceplate.vision.liveness.evidence import Tells
from faceplate.vision.liveness.liveness import LivenessCheck
from faceplate.vision.liveness.network import PassiveNetwork, tells
from faceplate.vision.tracker import Tracker
from faceplate_trainer.data.labelled import DatasetError, main_look, read_table

LIVE: Final = "live"

FRAME_TIME: Final = Seconds(0.1)
"""Between the frames of a sequence"""

LookAt: TypeAlias = Callable[[Image], list[Look]]

NetworkFor: TypeAlias = Callable[[str], PassiveNetwork | None]
"""Subject -> the network to judge them with; None: the bundle has none"""

CheckWith: TypeAlias = Callable[[PassiveNetwork], LivenessCheck]
"""Network -> what the door judges a stream with, having seen nobody yet"""

_SAYS: Final = {Tells.CONFIRMS: Liveness.LIVE, Tells.DENIES: Liveness.SPOOF, Tells.NOTHING: Liveness.UNSURE}


@dataclass(frozen=True, slots=True)
class Presentation:
    """One picture, or one sequence of them, shown to the camera."""

    species: str
    """ "live", or what kind of spoof it is"""

    subject: str
    """Who is there, or who is shown"""

    file: str
    """The picture, or that of the sequence which decided"""

    look: Look | None
    """None: no face was found"""

    liveness: Liveness

    score: float | None = None
    """The network's, of a single picture"""


@dataclass(frozen=True, slots=True)
class Judge:
    """How presentations are looked at."""

    look: LookAt
    network_for: NetworkFor
    check_with: CheckWith

    def picture(self, row: dict[str, str], image: Image) -> Presentation:
        """A single picture, by the network alone: nothing else can be seen on one."""
        look, network = main_look(self.look(image), image), self.network_for(row["subject"])
        if look is None or network is None:
            return _presentation(row, look, Liveness.UNCHECKED)
        score = network.score(image, look.face.box)
        if score is None:
            return _presentation(row, look, Liveness.UNSURE)
        return _presentation(row, look, _SAYS[tells(network.model, score)], score)

    def sequence(self, rows: Sequence[dict[str, str]], images: Iterable[Image]) -> Presentation:
        """Frames that belong together, by the door's own check: live if it says so at any of them."""
        network = self.network_for(rows[0]["subject"])
        check = self.check_with(network) if network else None
        tracker, decisive = Tracker(), _presentation(rows[0], None, Liveness.UNCHECKED)
        for index, (row, image) in enumerate(zip(rows, images, strict=True)):
            look = main_look(self.look(image), image)
            if look is None:
                continue
            frame = Frame(index, Seconds(index * FRAME_TIME), image)
            sighting = Sighting(tracker.follow([look.face], frame.time)[0], look)
            said = check.judge(sighting, frame).liveness if check else Liveness.UNCHECKED
            if decisive.look is None or _rank(said) > _rank(decisive.liveness):
                decisive = _presentation(row, look, said)
        return decisive


def presentations(table: Path, images: Path, judge: Judge) -> tuple[Presentation, ...]:
    """Look at what a table lists: `file`, `label` ("live" or a spoof species), `subject`.

    A column `session` puts the earliest first; without it the rows' order stands. Rows with the same `sequence`, if
    there is that column and it is not empty, are the frames of one presentation, in their order.

    Raises:
        DatasetError: the table cannot be used, or holds no live or no spoof picture.
        PictureError: a picture cannot be read.
    """
    rows = sorted(read_table(table, ["file", "label", "subject"]), key=lambda row: row.get("session") or "")
    if {row["label"] == LIVE for row in rows} != {True, False}:
        raise DatasetError(f"{table}: expected pictures labelled {LIVE!r} and pictures of spoofs, found only one kind")
    groups = _grouped(rows, table)
    return tuple(_shown(group, images, judge) for group in tqdm(groups, desc="presentations", disable=None))


def _shown(rows: list[dict[str, str]], images: Path, judge: Judge) -> Presentation:
    pictures = (read_picture(images / row["file"]) for row in rows)
    return judge.sequence(rows, pictures) if rows[0].get("sequence") else judge.picture(rows[0], next(pictures))


def _grouped(rows: Sequence[dict[str, str]], table: Path) -> list[list[dict[str, str]]]:
    """The rows of each presentation, in the order in which they begin."""
    groups: dict[str, list[dict[str, str]]] = {}
    for number, row in enumerate(rows):
        name = row.get("sequence")
        groups.setdefault(f"sequence {name}" if name else f"picture {number}", []).append(row)
    for group in groups.values():
        if len({(row["label"], row["subject"]) for row in group}) > 1:
            raise DatasetError(
                f"{table}: sequence {group[0]['sequence']!r} has rows of different labels or subjects; the frames of a "
                "sequence show one presentation"
            )
    return list(groups.values())


def _rank(liveness: Liveness) -> int:
    """Live counts wherever it was said; to be taken for a spoof says more than to be doubted."""
    return (Liveness.UNCHECKED, Liveness.UNSURE, Liveness.SPOOF, Liveness.LIVE).index(liveness)


def _presentation(
    row: dict[str, str], look: Look | None, liveness: Liveness, score: float | None = None
) -> Presentation:
    return Presentation(row["label"], row["subject"], row["file"], look, liveness, score)


def by_species(shown: Iterable[Presentation]) -> Iterator[tuple[str, list[Presentation]]]:
    """The presentations of each kind, by name."""
    groups: dict[str, list[Presentation]] = {}
    for each in shown:
        groups.setdefault(each.species, []).append(each)
    yield from sorted(groups.items())
