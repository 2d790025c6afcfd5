"""The network that tells shut eyes from open ones, as the door uses it; and damaged files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from attacks import sources
from attacks.at_the_door import Hall, visits
from attacks.cast import RIGID, Victim
from attacks.clip import LIVE
from attacks.heads import Still, meshed
from attacks.paths import Lean
from faceplate.commands.demo import FOOTAGE
from faceplate.errors import ModelError
from faceplate.pictures import read_picture
from faceplate.recognition import Recognition
from faceplate.types import Cue, Frame, Reason, Seconds
from faceplate.vision import eyelids
from faceplate.vision.eyelids import Eyelids

SEED = 2


@pytest.fixture(scope="module")
def man() -> Still:
    still = sources.still_of(read_picture(FOOTAGE / "man-1.jpg"), "man", sources.detector())
    assert still is not None
    return still


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The network and what is known of it, where a test may change them."""
    for name in ("FILE", "FACTS"):
        original: Path = getattr(eyelids, name)
        (tmp_path / original.name).write_bytes(original.read_bytes())
        monkeypatch.setattr(eyelids, name, tmp_path / original.name)
    return tmp_path


def complaint() -> str:
    with pytest.raises(ModelError) as error:
        Eyelids()
    return str(error.value)


@pytest.mark.parametrize("name", ["eyelids.tflite", "eyelids.json"])
def test_a_file_that_is_missing_is_named_with_what_to_do(files: Path, name: str) -> None:
    (files / name).unlink()
    assert complaint() == f"cannot read {files / name}: No such file or directory. Install Faceplate again."


def test_a_network_that_was_cut_short_is_refused(files: Path) -> None:
    network = files / "eyelids.tflite"
    network.write_bytes(network.read_bytes()[:-1])
    assert f"{network} is damaged or was changed: expected SHA-256" in complaint()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format": 2}, "expected format 1, found 2"),
        ({"risen_by": -1.0}, "risen_by is -1"),
        ({"shut_above": "high"}, "is damaged"),
        ({"more": 1}, "is damaged"),
    ],
)
def test_facts_that_make_no_sense_are_refused(files: Path, change: dict[str, object], says: str) -> None:
    facts = files / "eyelids.json"
    facts.write_text(json.dumps({**json.loads(facts.read_text()), **change}))
    assert says in complaint()


def test_facts_that_are_no_json_are_refused(files: Path) -> None:
    (files / "eyelids.json").write_text("{")
    assert "eyelids.json is damaged" in complaint()


def test_eyes_are_shut_while_a_visitor_shuts_them(man, config) -> None:
    """Seen by the daemon's own eyes; the lids are drawn otherwise than those that the network was fitted on."""
    vision = config.vision.model_copy(update={"living_eyes": True, "liveness": "motion"})
    eyes = Recognition(vision, config.people).eyes()
    somebody = Victim(man, meshed(man), SEED).comes()
    told, asleep = [], [20 <= number < 30 for number in range(40)]
    for number, shut in enumerate(asleep):
        frame = Frame(number, Seconds(number / 10), somebody.take(number, Lean(lids=float(shut))))
        (sighting,) = eyes.see(frame)
        assert sighting.eye_state is not None
        told.append((sighting.eye_state.shut, sighting.cues))
    assert [shut for shut, _ in told] == asleep
    assert all("blink" not in cues for _, cues in told[:30])
    assert "blink" in told[30][1]


def test_nobody_looks_at_eyes_unless_they_are_asked_to(man, config) -> None:
    (sighting,) = Recognition(config.vision, config.people).eyes().see(Frame(0, Seconds(0.0), man.image))
    assert sighting.eye_state is None


@pytest.mark.once
@pytest.mark.parametrize("living_eyes", [True, False])
def test_a_rigid_mask_gets_in_only_where_nobody_looks_at_its_eyes(man, living_eyes: bool) -> None:  # noqa: FBT001
    victim = Victim(man, meshed(man), SEED)
    hall = Hall(looks=1, living_eyes=living_eyes)
    found = {each.species: each.answered for each in visits(victim, man, (LIVE, RIGID), hall)}
    assert found[LIVE].granted
    assert found[RIGID].granted is not living_eyes
    assert (Cue.SHUT_EYES in found[LIVE].steps) is living_eyes
    if living_eyes:
        assert found[RIGID].reason is Reason.CHALLENGE_FAILED
        assert found[RIGID].steps[-1] is Cue.SHUT_EYES
