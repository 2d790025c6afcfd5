"""`faceplate check-gallery` on real networks and the people of the package's footage."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
import yaml

from faceplate.__main__ import main
from faceplate.commands.asking import order
from faceplate.commands.common import ExitCode
from faceplate.commands.demo import FOOTAGE
from faceplate.config import PeopleConfig, VisionConfig
from faceplate.config_file import load_config
from faceplate.model.bundle import DEFAULT_BUNDLE
from faceplate.model.cohort import FACTS
from faceplate.people.examination import Apart
from faceplate.people.findings import Kind
from faceplate.people.gallery import Gallery
from faceplate.people.person import Anchor, new_person
from faceplate.pictures import read_picture
from faceplate.recognition import Recognition
from faceplate.rights import Rights
from faceplate.standing import StandingFile
from faceplate.types import Seconds
from waiting import listens, until

PAGE = Path(__file__).parents[2] / "docs" / "gallery.md"
STILLS = sorted(FOOTAGE.glob("man-*.jpg"))
STRANGERS = 1033

Check = Callable[..., tuple[int, dict]]


@pytest.fixture(scope="module")
def woman(tmp_path_factory) -> list[Path]:
    """Frames of the woman: straight, and turned to her right."""
    folder = tmp_path_factory.mktemp("woman")
    film, files = cv2.VideoCapture(str(FOOTAGE / "woman.mp4")), []
    while (read := film.read())[0]:
        files.append(folder / f"{len(files):03}.png")
        cv2.imwrite(str(files[-1]), read[1])
    return files


@pytest.fixture
def config_file(tmp_path: Path, runtime) -> Path:
    tree = {
        "people": {"store": "people", "key_file": "gallery.key"},
        "journal": {"path": "journal.sqlite3", "key_file": "journal.key"},
        "access": {"standing_file": "standing.json"},
        "control": {"socket": "control.sock"},
        "vision": {"runtime": runtime},
        "log": {"level": "error"},
    }
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(tree))
    return file


@pytest.fixture
def gallery(tmp_path) -> Gallery:
    return Gallery(tmp_path / "people", tmp_path / "gallery.key")


@pytest.fixture
def enrol(tmp_path, runtime):
    """Enrol somebody; with `unchecked` whatever a picture shows is taken, as by an earlier program."""
    people = PeopleConfig(store=tmp_path / "people", key_file=tmp_path / "gallery.key")
    recognition = Recognition(VisionConfig(runtime=runtime), people)
    eyes = recognition.eyes()

    def anchors(pictures):
        for picture in pictures:
            crop = eyes.look(read_picture(picture))[0].crop
            yield Anchor(crop, recognition._keep(crop))

    def run(name, pictures, rights=Rights()):  # noqa: B008 - frozen
        person = replace(new_person(name, recognition.bundle.id), anchors=tuple(anchors(pictures)), rights=rights)
        with recognition.gallery.changing():
            recognition.gallery.save(person)
        return person

    return run


@pytest.fixture
def faceplate(config_file, capfd):
    """Run check-gallery; gives exit code, standard output and standard error."""

    def run(*words):
        capfd.readouterr()
        code = main(["check-gallery", *map(str, words), "--config", str(config_file)])
        return code, *capfd.readouterr()

    return run


@pytest.fixture
def check(faceplate) -> Check:
    def run(*words):
        code, out, _ = faceplate("--json", *words)
        return code, json.loads(out)

    return run


def kinds(tree):
    return [(finding["kind"], finding["fault"]) for finding in tree["findings"]]


def test_somebody_well_enrolled_has_no_fault(enrol, check):
    enrol("Daniel", STILLS)
    code, tree = check()
    assert (code, tree["faults"]) == (ExitCode.OK, 0)
    (daniel,) = tree["people"]
    assert (daniel["name"], daniel["pictures"], daniel["recognised"]) == ("Daniel", 3, 3)
    assert (daniel["facing"]["straight"], daniel["facing_untold"]) == (3, 0)
    assert kinds(tree) == [(Kind.LOOK_MISSING, False)]
    assert tree["closest_pair"] is None
    assert tree["stranger"]["strangers"] == STRANGERS
    assert tree["stranger"]["passing"] == 0
    assert tree["stranger"]["score"] < 0.1


def test_what_people_read(enrol, faceplate, woman):
    enrol("Daniel", STILLS)
    enrol("Diana", woman[:30:10])
    code, out, err = faceplate()
    assert code == ExitCode.OK
    assert "Daniel: 3 pictures, 3 recognised by the others\n  straight 3; light: medium 3\n" in out
    assert re.search(r"closest pair: Daniel and Diana, score 0\.0\d\d, kept apart by: threshold", out)
    assert re.search(rf"nearest of {STRANGERS} strangers: score 0\.\d+ for (Daniel|Diana); none would pass", out)
    assert "fewer than 0.3% do" in out
    assert "advice: no picture shows Daniel looking a little to the left or looking a little to the right" in out
    assert out.endswith("\nno faults\n")
    assert "picture 1 of" not in err, "progress is for terminals"


def test_a_look_to_the_side_is_seen_as_hers(enrol, check, woman):
    """Frames in which she looks to the left of the picture: to her right."""
    enrol("Diana", woman)
    _, tree = check()
    (diana,) = tree["people"]
    assert diana["facing"]["right"] > diana["facing"]["left"]
    assert sum(diana["facing"].values()) + diana["facing_untold"] == len(woman)
    assert sum(diana["light"].values()) == len(woman)


def test_somebody_elses_picture_among_them_is_found_and_numbered(enrol, check, woman):
    enrol("Daniel", [*STILLS, woman[0]])
    code, tree = check()
    assert code == ExitCode.OK
    assert tree["people"][0]["recognised"] == 3
    odd = next(finding for finding in tree["findings"] if finding["kind"] == Kind.ODD_PICTURE)
    assert "picture 4 of 4" in odd["message"]


def test_pictures_of_two_people_under_one_name_are_a_fault(enrol, check, woman):
    enrol("Daniel", [STILLS[0], woman[0]])
    code, tree = check()
    assert (code, tree["faults"]) == (ExitCode.FAILED, 1)
    assert tree["people"][0]["recognised"] == 0
    assert kinds(tree)[0] == (Kind.NOT_RECOGNISED, True)


def test_one_picture_is_not_held_against_anything(enrol, check):
    enrol("Daniel", STILLS[:1])
    code, tree = check()
    assert code == ExitCode.OK
    assert tree["people"][0]["recognised"] is None
    assert (Kind.FEW_PICTURES, False) in kinds(tree)


def test_one_man_under_two_names_is_a_fault_that_a_pin_cures_where_both_are_refused(enrol, check, gallery):
    enrol("Anna", STILLS)
    twin = enrol("Bea", STILLS)
    code, tree = check()
    assert code == ExitCode.FAILED
    assert tree["closest_pair"]["people"] == ["Anna", "Bea"]
    assert tree["closest_pair"]["apart_by"] == Apart.REFUSED.name.lower()
    assert kinds(tree)[0] == (Kind.TOO_ALIKE, True)
    advice = tree["findings"][0]["advice"]
    assert advice.startswith("give one of them a PIN: faceplate people set Bea --pin")
    with gallery.changing():
        gallery.save(replace(twin, rights=Rights(pin="a hash")))
    code, tree = check()
    assert code == ExitCode.OK
    assert (Kind.TOO_ALIKE, False) in kinds(tree)


def test_a_look_that_opens_for_somebody_else_is_a_fault_no_pin_cures(enrol, check, woman):
    enrol("Anna", STILLS[:2])
    enrol("Bea", [STILLS[2], woman[0], woman[10]], Rights(pin="a hash"))
    code, tree = check()
    assert code == ExitCode.FAILED
    assert tree["closest_pair"]["apart_by"] == Apart.NOTHING.name.lower()
    assert (Kind.TOO_ALIKE, True) in kinds(tree)


def test_thresholds_that_let_strangers_in_are_a_fault(enrol, check):
    enrol("Daniel", STILLS)
    code, tree = check("--set", "people.detection_threshold=0.0001")
    assert code == ExitCode.FAILED
    assert tree["thresholds"]["detection"] == 0.0001
    assert tree["stranger"]["passing"] > 0
    assert kinds(tree)[0] == (Kind.STRANGER_PASSES, True)


def test_the_thresholds_are_those_in_force(enrol, check):
    enrol("Daniel", STILLS)
    code, tree = check("--set", "people.detection_threshold=1.0")
    assert code == ExitCode.FAILED
    assert kinds(tree)[0] == (Kind.NOT_RECOGNISED, True)
    assert check("--set", "access.risk=high")[1]["thresholds"]["verification"] == 0.5


def test_what_was_adjusted_from_afar_is_in_force(enrol, check, config_file):
    enrol("Daniel", STILLS)
    config = load_config(config_file)
    standing = StandingFile(config.access.standing_file, config.access, lambda: Seconds(1.0))
    standing.change(lambda now: replace(now, adjusted={"detection_threshold": 1.0}))
    code, tree = check()
    assert code == ExitCode.FAILED
    assert tree["thresholds"]["detection"] == 1.0
    assert kinds(tree)[0] == (Kind.NOT_RECOGNISED, True)


def test_nobody_enrolled_is_said(check, tmp_path):
    code, tree = check()
    assert code == ExitCode.OK
    assert kinds(tree) == [(Kind.NOBODY, False)]
    assert (tree["people"], tree["stranger"], tree["closest_pair"]) == ([], None, None)
    assert not (tmp_path / "people").exists()


def test_strangers_of_another_network_are_ignored_with_a_word(enrol, check, tmp_path):
    enrol("Daniel", STILLS)
    bundle = shutil.copytree(DEFAULT_BUNDLE, tmp_path / "bundle")
    facts = json.loads((bundle / FACTS).read_text())
    (bundle / FACTS).write_text(json.dumps(facts | {"bundle": "0" * 64}))
    code, tree = check("--set", f"vision.bundle={bundle}")
    assert code == ExitCode.OK
    assert tree["stranger"] is None
    (without,) = (finding for finding in tree["findings"] if finding["kind"] == Kind.NO_COHORT)
    assert "is of network 000000000000" in without["message"]
    (bundle / FACTS).unlink()
    assert "brings no cohort of strangers" in str(check("--set", f"vision.bundle={bundle}")[1]["findings"])


def test_it_changes_nothing_and_waits_for_nobody(enrol, check, gallery, tmp_path):
    """As while a daemon enrols somebody."""
    enrol("Daniel", STILLS)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with gallery.changing():
        assert check()[0] == ExitCode.OK
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_it_works_beside_a_running_daemon_and_disturbs_nothing(enrol, check, config_file, tmp_path):
    enrol("Daniel", STILLS)
    film = tmp_path / "film"
    film.mkdir()
    for number in range(3000):
        (film / f"{number}.jpg").symlink_to(STILLS[0])
    tree = yaml.safe_load(config_file.read_text()) | {"camera": {"driver": "replay", "source": str(film)}}
    config_file.write_text(yaml.safe_dump(tree))
    config = load_config(config_file)
    command = [sys.executable, "-m", "faceplate", "run", "--config", str(config_file)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as daemon:
        try:
            until(lambda: listens(config.control.socket), within=30.0)
            until(lambda: order(config, "status")["camera"] == "online", within=30.0, every=0.3)
            assert check()[0] == ExitCode.OK
            assert order(config, "status")["camera"] == "online"
        finally:
            daemon.terminate()
    assert daemon.returncode == ExitCode.OK


def test_a_damaged_record_is_an_error_of_the_store(enrol, faceplate, tmp_path):
    enrol("Daniel", STILLS)
    (tmp_path / "people" / "damaged.person").write_bytes(b"damaged")
    code, _, err = faceplate()
    assert code == ExitCode.STORE
    assert "damaged.person is not a sealed record" in err


@pytest.mark.parametrize("kind", Kind)
def test_every_finding_is_told_of(kind):
    assert f"| `{kind}` |" in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("apart", Apart)
def test_whatever_keeps_two_apart_is_told_of(apart):
    assert f"`{apart.name.lower()}`" in PAGE.read_text(encoding="utf-8")
