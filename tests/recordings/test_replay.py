"""Real clips of real people, through everything but the lock: who is let in, when, and who never is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import pytest

from faceplate import playback
from faceplate.camera.recording import Stills
from faceplate.camera.replay import ReplayCamera
from faceplate.commands.demo import FOOTAGE
from faceplate.config import Config
from faceplate.events import DoorEvent
from faceplate.people.enrolment import Picture
from faceplate.pictures import read_picture
from faceplate.recognition import Recognition
from faceplate.types import Decision, Frame, Likeness, Match, Outcome

STILLS = sorted(FOOTAGE.glob("man-*.jpg"))

ALL = range(10_000)


@dataclass
class Witness:
    """What happened in a replay."""

    frames: range
    """Which frames of the recording are played"""
    decisions: list[Decision] = field(default_factory=list)
    door: list[DoorEvent] = field(default_factory=list)
    verified: set[tuple[int, str | None]] = field(default_factory=set)
    """Track and name of whoever was recognised on any frame"""

    def write(self, entry: Decision | DoorEvent) -> None:
        if isinstance(entry, DoorEvent):
            self.door.append(entry)
        else:
            self.decisions.append(entry)

    def show(self, _frame: Frame, matches: Sequence[Match], _decision: Decision) -> None:
        found = [match for match in matches if match.likeness is Likeness.VERIFIED]
        self.verified.update((int(match.sighting.track), match.person) for match in found)

    @property
    def grants(self) -> list[tuple[int, str | None]]:
        """Frame of the recording, and name."""
        return [(self.frames[d.frame], d.person) for d in self.decisions if d.outcome is Outcome.GRANTED]

    @property
    def denied_tracks(self) -> set[int]:
        return {int(d.match.sighting.track) for d in self.decisions if d.outcome is Outcome.DENIED and d.match}


Play = Callable[[Path, range], Witness]


@pytest.fixture
def enrol(config: Config) -> Callable[[str, Sequence[Path | Picture]], None]:
    def enrol(name: str, pictures: Sequence[Path | Picture]) -> None:
        read = [p if isinstance(p, Picture) else Picture(p.name, read_picture(p)) for p in pictures]
        Recognition(config.vision, config.people).enrol(name, read)

    return enrol


@pytest.fixture
def play(config: Config, runtime: str, tmp_path: Path) -> Play:
    """Replay a recording. tflite-runtime takes a third of a second a face on a workstation: there, the sample only."""

    def play(source: Path, sample: range) -> Witness:
        witness = Witness(ALL if runtime == "litert" else sample)
        camera = (
            ReplayCamera(source, paced=False)
            if witness.frames is ALL
            else sampled(source, sample, tmp_path / source.stem)
        )
        playback.replay(config, camera, witness, witness.show)
        assert [event.type.value for event in witness.door].count("door_unlocked") <= len(witness.grants)
        assert witness.door[-1].type == "door_locked"
        return witness

    return play


def sampled(source: Path, sample: range, folder: Path) -> ReplayCamera:
    """Some frames of a recording, as a film of its own that plays at the same speed."""
    folder.mkdir()
    rate = 1.0
    for frame in ReplayCamera(source, paced=False).frames():
        rate = frame.index / frame.time if frame.time else rate
        if frame.index in sample:
            cv2.imwrite(str(folder / f"{frame.index}.png"), cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR))
    return ReplayCamera(folder, paced=False, stills=Stills(rate / sample.step))


def frames_of(source: Path, *indices: int) -> list[Picture]:
    """Single frames of a recording."""
    frames = ReplayCamera(source, paced=False).frames()
    return [Picture(f"{source.name} {frame.index}", frame.image) for frame in frames if frame.index in indices]


def test_with_nobody_enrolled_nobody_is_let_in(play):
    witness = play(FOOTAGE / "man-and-woman.mp4", range(0, 56, 6))
    assert witness.grants == []
    assert witness.verified == set()
    assert [event.cause for event in witness.door] == ["start"]
    assert witness.denied_tracks


def test_the_man_is_let_in_with_a_woman_beside_him(enrol, play):
    enrol("Daniel", STILLS)
    witness = play(FOOTAGE / "man-and-woman.mp4", range(10))
    assert {name for _, name in witness.grants} == {"Daniel"}
    assert [event.cause for event in witness.door] == ["start", "access_granted", "release_time"]
    assert len({track for track, _ in witness.verified}) == 1, "nobody else was ever taken for him"


def test_the_woman_alone_is_never_let_in(enrol, play):
    enrol("Daniel", STILLS)
    witness = play(FOOTAGE / "woman.mp4", range(0, 23, 2))
    assert witness.grants == []
    assert witness.verified == set()
    assert [event.cause for event in witness.door] == ["start"]


@pytest.mark.research_data
def test_lin_manuel_miranda_is_let_in_while_he_is_in_view(enrol, play, research_data):
    """Frames 0 to 20 and 84 to 212 of the clip show him; the others show somebody else, or nobody."""
    hamilton = research_data / "clips_dev" / "hamilton"
    enrol("Lin-Manuel", [hamilton / "stills" / "lin-manuel-miranda.png"])
    witness = play(hamilton / "short_hamilton_clip.mp4", range(0, 275, 8))
    assert witness.grants
    assert all(0 <= frame <= 20 or 84 <= frame <= 212 for frame, _ in witness.grants)


@pytest.mark.research_data
@pytest.mark.parametrize("still", ["alex-lacamoire.png", "obama.jpg"])
def test_nobody_else_is_let_in_for_him(enrol, play, research_data, still):
    hamilton = research_data / "clips_dev" / "hamilton"
    enrol("Somebody Else", [hamilton / "stills" / still])
    assert play(hamilton / "short_hamilton_clip.mp4", range(0, 275, 8)).grants == []


@pytest.fixture
def intel(research_data: Path) -> Path:
    return research_data / "clips_dev" / "intel"


@pytest.mark.research_data
def test_a_man_enrolled_from_one_clip_is_let_in_in_another_and_the_woman_is_not(enrol, play, intel):
    enrol("Daniel", frames_of(intel / "head-pose-face-detection-male.gif", 0, 30, 61))
    both = play(intel / "head-pose-face-detection-female-and-male.gif", range(10))
    assert {name for _, name in both.grants} == {"Daniel"}
    granted = {d.match.sighting.track for d in both.decisions if d.outcome is Outcome.GRANTED and d.match}
    assert {track for track, _ in both.verified} == granted
    assert play(intel / "head-pose-face-detection-female.gif", range(0, 23, 3)).grants == []


@pytest.mark.research_data
def test_a_woman_enrolled_from_one_clip_never_lets_the_man_in(enrol, play, intel):
    enrol("Diana", frames_of(intel / "head-pose-face-detection-female.gif", 0, 4, 8))
    assert play(intel / "head-pose-face-detection-male.gif", range(0, 62, 8)).verified == set()
    both = play(intel / "head-pose-face-detection-female-and-male.gif", range(10))
    assert {name for _, name in both.verified} <= {"Diana"}
    assert len({track for track, _ in both.verified}) <= 1
