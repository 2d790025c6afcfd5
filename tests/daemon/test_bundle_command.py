"""`faceplate bundle` on real networks, with the people of the package's footage."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import sys
from pathlib import Path

import cv2
import pytest
import yaml

from faceplate.__main__ import main
from faceplate.camera.clock import monotonic
from faceplate.commands.bundling.report import WORDS
from faceplate.commands.bundling.trial import side_of, watch
from faceplate.commands.common import ExitCode
from faceplate.commands.demo import FOOTAGE
from faceplate.config_file import load_config
from faceplate.errors import CameraError, ModelError
from faceplate.journal import reader
from faceplate.model.bundle import DEFAULT_BUNDLE, MANIFEST, load_bundle
from faceplate.model.bundle_store import KEPT, PACKAGE, BundleStore
from faceplate.model.package import packed, read_folder
from faceplate.people.gallery import Gallery
from faceplate.recognition import Recognition, bundle_folder
from full_disk import files_limited_to
from other_bundles import BLANK, RUINOUS, SLIGHT, with_noise, with_score

pytestmark = pytest.mark.once

PAGE = Path(__file__).parents[2] / "docs" / "bundles.md"
STILLS = sorted(FOOTAGE.glob("man-*.jpg"))


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Bundles: a good one, a ruined one, a blind one, one that opens to everybody and one that opens to nobody."""
    folder = tmp_path_factory.mktemp("bundles")
    with_noise(folder / "good", SLIGHT)
    with_noise(folder / "ruined", RUINOUS)
    with_noise(folder / "blank", BLANK)
    with_score(folder / "loose", 1e-12)
    with_score(folder / "strict", 1.0)
    return folder


@pytest.fixture(scope="module")
def woman(tmp_path_factory) -> list[Path]:
    """Frames of the woman."""
    folder = tmp_path_factory.mktemp("woman")
    film, files = cv2.VideoCapture(str(FOOTAGE / "woman.mp4")), []
    while (read := film.read())[0]:
        files.append(folder / f"{len(files):03}.png")
        cv2.imwrite(str(files[-1]), read[1])
    return files[:30:10]


TREE = {
    "people": {"store": "people", "key_file": "gallery.key"},
    "journal": {"path": "journal.sqlite3", "key_file": "journal.key"},
    "access": {"standing_file": "standing.json"},
    "control": {"socket": "control.sock"},
    "log": {"level": "error"},
}


class Door:
    """A configuration, and the command line."""

    def __init__(self, folder: Path, runtime: str, capfd):
        self.folder = folder
        self.file = folder / "config.yaml"
        self._capfd = capfd
        self.write(runtime=runtime)

    def write(self, *, runtime="litert", people=None, vision=None):
        tree = TREE | {"vision": {"runtime": runtime, "bundle_store": "bundles", "liveness": "off"} | (vision or {})}
        tree["people"] = TREE["people"] | (people or {})
        self.file.write_text(yaml.safe_dump(tree))

    def __call__(self, *words) -> tuple[int, str, str]:
        self._capfd.readouterr()
        code = main([*map(str, words), "--config", str(self.file)])
        return code, *self._capfd.readouterr()

    def install(self, *words) -> tuple[int, dict]:
        code, out, _ = self("bundle", "install", *words, "--yes", "--json")
        return code, json.loads(out) if out else {}

    @property
    def config(self):
        return load_config(self.file)

    @property
    def store(self) -> BundleStore:
        return BundleStore(self.folder / "bundles")

    @property
    def gallery(self) -> Gallery:
        return Gallery(self.folder / "people", self.folder / "gallery.key")

    def in_force(self) -> str:
        return load_bundle(bundle_folder(self.config.vision)).label

    def rows(self):
        return [(row.event_type, json.loads(row.payload)) for row in reader.read(self.config.journal.path, 0, 100)]

    def everything(self) -> dict[str, bytes]:
        """All that is on the disk, but the journal and empty lock files."""
        found = {str(path.relative_to(self.folder)): path for path in self.folder.rglob("*") if path.is_file()}
        return {name: path.read_bytes() for name, path in found.items() if "journal" not in name and "lock" not in name}


@pytest.fixture
def door(tmp_path, runtime, capfd) -> Door:
    """Daniel and Diana are enrolled."""
    return Door(tmp_path, runtime, capfd)


@pytest.fixture
def household(door, woman) -> Door:
    assert door("people", "add", "Daniel", *STILLS)[0] == ExitCode.OK
    assert door("people", "add", "Diana", *woman)[0] == ExitCode.OK
    return door


def recognised(door: Door, name: str, picture: Path) -> bool:
    """Whether the door as it is now takes the picture for that person."""
    from faceplate.pictures import read_picture  # noqa: PLC0415 - for this alone
    from faceplate.types import Frame, Seconds  # noqa: PLC0415

    recognition = Recognition(door.config.vision, door.config.people)
    people = recognition.recogniser()
    seen = recognition.eyes().see(Frame(0, Seconds(0.0), read_picture(picture)))
    return [people.name(one).person for one in seen] == [name] and people.name(seen[0]).likeness == "verified"


def test_a_good_bundle_takes_over_with_everybody(household, made):
    before = household.in_force()
    code, tree = household.install(made / "good")
    assert (code, tree["switched"], tree["refused"]) == (ExitCode.OK, True, "")
    assert (tree["before"], tree["after"]) == (before, household.in_force())
    assert [(p["name"], p["pictures"], p["before"], p["after"]) for p in tree["people"]] == [
        ("Daniel", 3, 3, 3),
        ("Diana", 2, 2, 2),
    ]
    assert tree["strangers_before"] == [0, 1033]
    assert tree["strangers_after"] is None, "the new one brings none"
    for person in household.gallery.people():
        assert household.gallery.embedded(person, load_bundle(made / "good").id) is not None
    assert recognised(household, "Daniel", STILLS[0])


def test_the_journal_tells_who_put_what_in_force(household, made):
    labels = [household.in_force()]
    household.install(made / "good")
    labels.append(household.in_force())
    household("bundle", "rollback")
    rows = household.rows()[-4:]
    assert [kind for kind, _ in rows] == ["command", "bundle_changed", "command", "bundle_changed"]
    assert rows[1][1] == {"before": labels[0], "now": labels[1], "rolled_back": False}
    assert rows[3][1] == {"before": labels[1], "now": labels[0], "rolled_back": True}
    assert all(f"(uid {os.geteuid()}, pid {os.getpid()})" in row["by"] for _, row in rows[::2])
    assert household("journal", "verify")[0] == ExitCode.OK


def test_what_people_read(household, made):
    code, out, _ = household("bundle", "install", made / "good", "--yes", "--clip", FOOTAGE / "man-and-woman.mp4")
    assert code == ExitCode.OK
    for line in (
        "licence: initial weights: Apache-2.0",
        "Daniel: of 3 pictures recognised by the others: 3 in force, 3 new",
        "strangers, in force: 0 of 1033 would be taken for somebody",
        "recognised by both",
        "it counts from the daemon's next start",
    ):
        assert line in out
    assert re.search(r"score needed: above 0\.\d{3} in force, above 0\.\d{3} new", out)


def test_a_network_that_recognises_nobody_is_refused(household, made):
    before = household.everything()
    code, tree = household.install(made / "ruined")
    assert (code, tree["switched"]) == (ExitCode.REFUSED, False)
    assert tree["losses"] or tree["dangers"]
    assert household.everything() == before, "nothing is left of it"


def test_a_bundle_that_opens_to_nobody_is_refused_unless_that_is_accepted(household, made):
    code, tree = household.install(made / "strict")
    assert (code, tree["dangers"]) == (ExitCode.REFUSED, [])
    assert [loss.split(" is recognised")[0] for loss in tree["losses"]] == ["Daniel", "Diana"]
    assert "--accept-losses" in tree["refused"]
    assert household.store.history() == (PACKAGE,)
    code, tree = household.install(made / "strict", "--accept-losses")
    assert (code, tree["switched"]) == (ExitCode.OK, True)
    assert not recognised(household, "Daniel", STILLS[0])


def test_a_bundle_that_opens_to_strangers_is_refused_whatever_is_accepted(household, made):
    before = household.everything()
    code, tree = household.install(made / "loose", "--accept-losses")
    assert (code, tree["switched"]) == (ExitCode.REFUSED, False)
    assert any("strangers" in danger for danger in tree["dangers"])
    assert household.everything() == before


def test_a_network_to_which_all_look_the_same_is_refused_also_where_one_person_lives(door, made):
    """Without strangers and without a second person, to be recognised shows nothing."""
    assert door("people", "add", "Daniel", *STILLS)[0] == ExitCode.OK
    code, tree = door.install(made / "blank")
    assert (code, tree["people"][0]["after"], tree["losses"]) == (ExitCode.REFUSED, 3, [])
    assert "without any face" in tree["refused"]
    assert door.store.history() == (PACKAGE,)


def test_a_packed_bundle_is_installed_and_any_damage_is_refused(household, made, tmp_path):
    file = tmp_path / "good.bundle"
    archive = packed(read_folder(made / "good"))
    before = household.everything()
    for at in [*range(0, len(archive), len(archive) // 12), len(archive) - 1, 150, 300]:
        file.write_bytes(archive[:at] + bytes([archive[at] ^ 1]) + archive[at + 1 :])
        code, _, err = household("bundle", "install", file, "--yes")
        assert (code, str(file) in err) == (ExitCode.MODEL, True)
    file.unlink()
    assert household.everything() == before
    file.write_bytes(archive)
    digest = hashlib.sha256(archive).hexdigest()
    assert household.install(file, "--sha256", "0" * 64)[0] == ExitCode.MODEL
    assert household.install(file, "--sha256", digest)[1]["switched"]
    assert household.store.history()[-1] == digest[:32]


def with_manifest(folder: Path, target: Path, **changes) -> Path:
    shutil.copytree(folder, target)
    tree = json.loads((target / MANIFEST).read_text())
    (target / MANIFEST).write_text(json.dumps(tree | changes))
    return target


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"contract": 3}, "update Faceplate"),
        ({"golden_embedding": [1.0] + [0.0] * 127}, "another embedding"),
        ({"embedding_size": 64}, "embedding_size"),
        ({"mood": "good"}, "unknown keys"),
    ],
)
def test_a_bundle_that_does_not_fit_is_refused_with_the_reason(household, made, tmp_path, changes, says):
    before = household.everything()
    bundle = with_manifest(made / "good", tmp_path / "changed", **changes)
    code, _, err = household("bundle", "install", bundle, "--yes")
    assert (code, says in err) == (ExitCode.MODEL, True)
    shutil.rmtree(bundle)
    assert household.everything() == before


def test_a_damaged_cohort_is_refused(household, tmp_path):
    bundle = shutil.copytree(DEFAULT_BUNDLE, tmp_path / "changed")
    (bundle / "cohort.npy").write_bytes(b"worn out")
    code, _, err = household("bundle", "install", bundle, "--yes")
    assert (code, "cohort" in err) == (ExitCode.MODEL, True)


def test_a_bundle_that_was_not_calibrated_for_what_the_door_asks_is_refused(household, made):
    household.write(people={"false_accept_rate": 1e-9})
    code, _, err = household("bundle", "install", made / "good", "--yes")
    assert (code, "calibrated down to" in err) == (ExitCode.MODEL, True)


def test_the_same_bundle_again_changes_nothing(household, made):
    household.install(made / "good")
    history = household.store.history()
    assert household.install(made / "good") == (
        ExitCode.OK,
        {"switched": False, "refused": "", "label": household.in_force()},
    )
    assert household.store.history() == history


def test_rollback_loses_nobody_and_brings_nobody_back(household, made, woman):
    before = household.in_force()
    household.install(made / "good")
    assert household("people", "remove", "Diana")[0] == ExitCode.OK
    assert not [path for path in household.folder.rglob("*") if "diana" in path.name.casefold()]
    assert household("people", "set", "Daniel", "--role", "owner")[0] == ExitCode.OK
    assert household("people", "add", "Dora", woman[0], woman[2])[0] == ExitCode.OK
    assert household.gallery.find("Dora").bundle == load_bundle(made / "good").id
    code, out, _ = household("bundle", "rollback", "--json")
    assert (code, json.loads(out)["switched"]) == (ExitCode.OK, True)
    assert household.in_force() == before
    assert [person.name for person in household.gallery.people()] == ["Daniel", "Dora"]
    assert household.gallery.find("Daniel").rights.role == "owner"
    there = {person.id for person in household.gallery.people()}
    assert {path.stem for path in household.folder.rglob("*.embeddings") if path.is_file()} <= there
    assert recognised(household, "Dora", woman[1])
    assert not recognised(household, "Diana", woman[1])
    assert recognised(household, "Daniel", STILLS[1])


def test_there_is_nothing_to_go_back_to_at_first(household):
    code, _, err = household("bundle", "rollback")
    assert (code, "no bundle was in force before" in err) == (ExitCode.MODEL, True)


def test_rollback_from_a_bundle_that_cannot_be_used_any_more(household, made):
    household.install(made / "good")
    (household.store.in_force() / "siamese.tflite").write_bytes(b"worn out")
    with pytest.raises(ModelError, match="damaged"):
        household.in_force()
    assert household("bundle", "rollback")[0] == ExitCode.OK
    assert recognised(household, "Daniel", STILLS[0])


def test_in_place_of_a_bundle_that_cannot_be_used_another_is_not_installed_unasked(household, made):
    household.install(made / "good")
    (household.store.in_force() / "siamese.tflite").write_bytes(b"worn out")
    code, tree = household.install(DEFAULT_BUNDLE)
    assert (code, tree["switched"]) == (ExitCode.REFUSED, False)
    assert "nothing could be compared" in tree["refused"]


def test_a_clip_with_somebody_only_the_new_one_recognises_is_for_the_owner_to_see(household, made):
    """By the one in force, which opens to nobody, the man of the clip is a stranger."""
    household.install(made / "strict", "--accept-losses")
    code, tree = household.install(made / "good", "--clip", STILLS[0])
    assert (code, tree["switched"], tree["visits"]["only_after"]) == (ExitCode.REFUSED, False, 1)
    assert "answer that yourself" in tree["refused"]


def test_a_folder_of_pictures_is_one_visit_each(household, made, woman, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for picture in (*STILLS, *woman):
        shutil.copy(picture, folder)
    code, tree = household.install(made / "strict", "--accept-losses", "--clip", folder, "--visits")
    assert (code, tree["visits"]["only_before"], tree["visits"]["neither"]) == (ExitCode.OK, 5, 1)


def test_the_doors_own_camera_is_watched_for_as_long_as_asked(household, made, tmp_path):
    film = tmp_path / "film"
    film.mkdir()
    for number in range(400):
        (film / f"{number:03}.jpg").symlink_to(STILLS[number % 3])
    tree = yaml.safe_load(household.file.read_text()) | {"camera": {"driver": "replay", "source": str(film)}}
    household.file.write_text(yaml.safe_dump(tree))
    code, found = household.install(made / "good", "--shadow", "6")
    assert (code, found["switched"]) == (ExitCode.OK, True)
    assert found["visits"]["both"] >= 1


def test_a_camera_that_gives_no_picture_shows_nothing(household, made, tmp_path):
    tree = yaml.safe_load(household.file.read_text()) | {"camera": {"driver": "opencv", "source": str(tmp_path / "no")}}
    household.file.write_text(yaml.safe_dump(tree))
    assert household("bundle", "install", made / "good", "--yes", "--shadow", "1")[0] == ExitCode.CAMERA
    assert household.store.history() == (PACKAGE,)


def test_to_have_watched_nothing_is_an_error(household):
    side = side_of(household.config, DEFAULT_BUNDLE)
    with pytest.raises(CameraError, match="not one picture came"):
        watch(side, side, [], monotonic)


def test_a_bundle_whose_threshold_lies_outside_the_bounds_is_refused(household, tmp_path):
    tree = yaml.safe_load(household.file.read_text()) | {"bridge": {"bounds": {"detection_threshold": [0.7, 0.9]}}}
    household.file.write_text(yaml.safe_dump(tree))
    code, _, err = household("bundle", "install", with_score(tmp_path / "half", 0.5), "--yes")
    assert (code, "bridge.bounds.detection_threshold allows" in err) == (ExitCode.CONFIG, True)
    assert household.store.names() == [PACKAGE]


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "1e9"])
def test_a_shadow_takes_some_time_and_ends(household, made, seconds):
    assert household("bundle", "install", made / "good", f"--shadow={seconds}")[0] == ExitCode.CONFIG


def test_thresholds_that_were_set_by_hand_are_warned_of(household, tmp_path):
    household.write(people={"detection_threshold": 0.9})
    household("people", "set", "Daniel", "--detection-threshold", "0.95")
    slightly_other = with_score(tmp_path / "slightly", 0.83)
    code, tree = household.install(slightly_other)
    assert code == ExitCode.OK
    assert tree["thresholds_after"]["detection"] == 0.9
    first, second = tree["warnings"]
    assert "people.detection_threshold is 0.9, set for another calibration" in first
    assert "would make it 0.830" in first
    assert "Daniel has a threshold of their own, 0.95" in second


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("typed", "switched"), [("y\n", True), ("YES\n", True), ("n\n", False), ("", False)])
def test_the_owner_is_asked(household, made, monkeypatch, typed, switched):
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    code, out, err = household("bundle", "install", made / "good", "--json")
    assert "Put it in force? [y/N]" in err
    assert (code, json.loads(out)["switched"]) == (ExitCode.OK if switched else ExitCode.REFUSED, switched)
    assert (household.store.history() == (PACKAGE,)) is not switched


def test_without_anybody_to_ask_nothing_is_switched(household, made, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    code, _, err = household("bundle", "install", made / "good")
    assert (code, "nobody to ask" in err) == (ExitCode.REFUSED, True)


def test_whoever_changes_the_people_meanwhile_stops_the_switch(household, made, monkeypatch):
    class Slow(Terminal):
        def readline(self, *_):
            assert household("people", "remove", "Diana")[0] == ExitCode.OK
            return "y\n"

    monkeypatch.setattr(sys, "stdin", Slow())
    code = main(["bundle", "install", str(made / "good"), "--config", str(household.file)])
    assert code == ExitCode.STORE
    assert household.store.history() == (PACKAGE,)
    assert household.gallery.count() == 1


def test_in_an_empty_house_there_is_nobody_to_embed(door, made):
    code, tree = door.install(made / "good")
    assert (code, tree["switched"]) == (ExitCode.OK, True)
    assert tree["warnings"] == ["nobody is enrolled, so nothing could be compared"]
    assert not (door.folder / "gallery.key").exists()


def test_where_the_configuration_names_a_bundle_nothing_is_installed(household, made):
    household.write(vision={"bundle": str(made / "good")})
    for words in (("install", made / "good", "--yes"), ("rollback",)):
        code, _, err = household("bundle", *words)
        assert (code, "write `default` there first" in err) == (ExitCode.CONFIG, True)
    code, out, _ = household("bundle", "list", "--json")
    assert [one["name"] for one in json.loads(out)["bundles"] if one["in_force"]] == ["vision.bundle"]


@pytest.mark.parametrize("room", [1000, 20_000, 9_000_000])
def test_a_full_disk_leaves_the_one_in_force(household, made, room):
    before = household.everything()
    with files_limited_to(room):
        code = main(["bundle", "install", str(made / "good"), "--yes", "--config", str(household.file)])
    assert code == ExitCode.STORE
    assert household.everything() == before


def test_list_and_show(household, made):
    household.install(made / "good")
    code, out, _ = household("bundle", "list", "--json")
    package, good = json.loads(out)["bundles"]
    assert (code, package["in_force"], package["before"], good["in_force"]) == (ExitCode.OK, False, True, True)
    assert good["label"] == household.in_force()
    assert re.search(r"in force +another/", household("bundle", "list")[1])
    shown = json.loads(household("bundle", "show", "--json")[1])
    assert shown["label"] == good["label"]
    assert "initial weights: Apache-2.0" in shown["licences"]
    code, out, _ = household("bundle", "show", DEFAULT_BUNDLE)
    assert f"label: {package['label']}" in out
    assert household("bundle", "show", made / "nothing")[0] == ExitCode.MODEL


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_what_root_installs_belongs_to_the_daemons_user(household, made):
    for path in (household.folder, *household.folder.rglob("*")):
        os.chown(path, 65534, 65534)
    assert household.install(made / "good")[0] == ExitCode.OK
    assert household("bundle", "rollback")[0] == ExitCode.OK
    found = [path for path in household.folder.rglob("*") if path.stat().st_uid != 65534]
    assert found == []


def test_the_page_tells_of_every_row_of_the_table():
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"  {words}  " in page for words in WORDS.values())
    assert f"up to {['no', 'one', 'two', 'three'][KEPT - 1]} times in a row" in page


def test_a_folder_has_no_hash_to_compare(household, made):
    assert household("bundle", "install", made / "good", "--sha256", "0" * 64, "--yes")[0] == ExitCode.MODEL
