"""Nine people before cheap webcams, on several days: another camera, light and origin than the calibration's.

A session is played as a film. Some of these people look much alike.
"""

from __future__ import annotations

import csv
import os
import shutil
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from faceplate import app, playback
from faceplate.camera.replay import ReplayCamera
from faceplate.config import Config
from faceplate.events import DoorEvent
from faceplate.people.enrolment import Picture
from faceplate.people.gallery import Gallery
from faceplate.pictures import read_picture
from faceplate.recognition import Recognition
from faceplate.types import Decision, Outcome

ANCHORS = 5
EVERY = int(os.environ.get("FACEPLATE_EVERY", "2"))
"""Of so many frames one is shown"""

pytestmark = pytest.mark.research_data


class Session(NamedTuple):
    subject: str
    day: str


class Grants:
    """Who was let in."""

    def __init__(self) -> None:
        self.names: list[str | None] = []

    def write(self, entry: Decision | DoorEvent) -> None:
        if isinstance(entry, Decision) and entry.outcome is Outcome.GRANTED:
            self.names.append(entry.person)


@pytest.fixture(scope="module")
def films(research_data: Path, runtime: str) -> dict[Session, list[Path]]:
    if runtime != "litert":
        pytest.skip("hundreds of embeddings; the decisions on this runtime are tested on clips")
    films: dict[Session, list[Path]] = defaultdict(list)
    with (research_data / "nuaa_dev" / "index.csv").open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["label"] == "live":
                films[Session(row["subject"], row["session"])].append(research_data / "nuaa_dev" / row["file"])
    return films


def first_sessions(films: dict[Session, list[Path]]) -> dict[str, Session]:
    return {session.subject: session for session in sorted(films, reverse=True)}


def enrol(config: Config, films: dict[Session, list[Path]], sessions: Sequence[Session]) -> None:
    recognition = Recognition(config.vision, config.people)
    for session in sessions:
        frames = films[session]
        some = [frames[i * len(frames) // ANCHORS] for i in range(ANCHORS)]
        recognition.enrol(session.subject, [Picture(file.name, read_picture(file)) for file in some])


def let_in(config: Config, film: Sequence[Path], folder: Path) -> list[str | None]:
    folder.mkdir()
    for number, file in enumerate(film):
        (folder / f"{number:04d}{file.suffix}").symlink_to(file)
    grants = Grants()
    playback.replay(config, ReplayCamera(folder, paced=False), grants, app.show_nothing)
    return grants.names


def test_whoever_comes_back_on_another_day_is_let_in_as_themselves(config, films, tmp_path) -> None:
    first = first_sessions(films)
    enrol(config, films, list(first.values()))
    later = [session for session in films if session != first[session.subject]]
    assert len(later) >= 5
    for session in later:
        names = let_in(config, films[session][::EVERY], tmp_path / "-".join(session))
        assert names, session
        assert set(names) == {session.subject}


def test_nobody_passes_for_one_of_the_others(config, films, tmp_path) -> None:
    first = first_sessions(films)
    enrol(config, films, list(first.values()))
    for subject in first:
        people = config.people.model_copy(update={"store": tmp_path / f"all-but-{subject}"})
        shutil.copytree(config.people.store, people.store)
        gallery = Gallery(people.store, people.key_file)
        gallery.remove(next(person for person in gallery.people() if person.name == subject))
        others = config.model_copy(update={"people": people})
        for session in films:
            if session.subject == subject:
                assert let_in(others, films[session][::EVERY], tmp_path / f"film-{'-'.join(session)}") == [], session
