"""Which bundle is in force: one file, whole or not there, whatever happens."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from faceplate.config import VisionConfig
from faceplate.control.peers import Peer, Ranks
from faceplate.control.protocol import Done, Fault, Refused, Request
from faceplate.errors import ModelError, StoreError
from faceplate.events import BundleEvent, CommandEvent
from faceplate.model.bundle import DEFAULT_BUNDLE, MANIFEST, load_bundle
from faceplate.model.bundle_store import KEPT, PACKAGE, STATE, BundleStore, name_of
from faceplate.model.package import packed, read_folder
from faceplate.orders.bundle_commands import bundle_commands
from faceplate.orders.orders import Orders
from faceplate.recognition import bundle_folder, named_bundle
from full_disk import files_limited_to
from other_bundles import with_score


@pytest.fixture
def store(tmp_path) -> BundleStore:
    return BundleStore(tmp_path / "bundles")


@pytest.fixture(scope="module")
def others(tmp_path_factory) -> list[dict[str, bytes]]:
    """Bundles enough to fill the history."""
    folder = tmp_path_factory.mktemp("others")
    return [read_folder(with_score(folder / str(score), score / 10)) for score in range(1, 8)]


def nothing_against_it(_folder):
    """Any bundle will do."""


def kept_names(folder):
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


def test_before_any_is_installed_the_packages_is_in_force(store, tmp_path):
    assert store.history() == (PACKAGE,)
    assert store.in_force() == DEFAULT_BUNDLE
    assert store.names() == [PACKAGE]
    assert not (tmp_path / "bundles").exists(), "to look makes nothing"


def test_adding_changes_nothing_that_is_in_force(store, others):
    seen = []
    name = store.add(others[0], lambda folder: seen.append(read_folder(folder)))
    assert seen == [others[0]], "what was checked is what is kept"
    assert name == name_of(others[0])
    assert store.history() == (PACKAGE,)
    assert read_folder(store.folder_of(name)) == others[0]


def test_what_is_only_the_owners_only_the_owner_reads(store, others, tmp_path):
    name = store.add(others[0], nothing_against_it)
    store.switch(PACKAGE, name)
    found = [path for path in (tmp_path / "bundles").rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in found} == {0o600}


def test_a_switch_and_the_way_back(store, others):
    first, second = (store.add(files, nothing_against_it) for files in others[:2])
    with pytest.raises(ModelError, match="cannot read"):
        store.switch(PACKAGE, first)  # forgotten when the second was added: never in force
    first = store.add(others[0], nothing_against_it)
    assert store.switch(PACKAGE, first) is False
    second = store.add(others[1], nothing_against_it)
    assert store.switch(first, second) is False
    assert store.history() == (PACKAGE, first, second)
    assert store.switch(second, first) is True
    assert store.switch(first, PACKAGE) is True
    assert store.in_force() == DEFAULT_BUNDLE


def test_only_so_many_are_kept(store, others, tmp_path):
    before = PACKAGE
    for files in others:
        name = store.add(files, nothing_against_it)
        store.switch(before, name)
        before = name
    assert len(store.history()) == KEPT
    assert set(kept_names(tmp_path / "bundles")) <= {*map(name_of, others[-KEPT - 1 :])}


def test_what_the_check_speaks_against_leaves_nothing(store, others, tmp_path):
    def refuse(_folder):
        raise ModelError("no")

    with pytest.raises(ModelError, match="no"):
        store.add(others[0], refuse)
    assert kept_names(tmp_path / "bundles") == []


def test_what_was_added_and_not_wanted_goes_and_what_is_in_force_stays(store, others, tmp_path):
    name = store.add(others[0], nothing_against_it)
    store.switch(PACKAGE, name)
    other = store.add(others[1], nothing_against_it)
    store.discard(other)
    store.discard(name)
    assert kept_names(tmp_path / "bundles") == [name]


def test_a_damaged_copy_in_the_store_is_mended_by_adding_it_again(store, others):
    name = store.add(others[0], nothing_against_it)
    store.switch(PACKAGE, name)
    (store.in_force() / "siamese.tflite").write_bytes(b"worn out")
    with pytest.raises(ModelError, match="damaged"):
        load_bundle(store.in_force())
    store.add(others[0], nothing_against_it)
    assert load_bundle(store.in_force())


def test_a_damaged_bundle_cannot_be_put_in_force(store, others):
    name = store.add(others[0], nothing_against_it)
    (store.folder_of(name) / "siamese.tflite").write_bytes(b"worn out")
    with pytest.raises(ModelError, match="damaged"):
        store.switch(PACKAGE, name)
    assert store.history() == (PACKAGE,)


def test_a_switch_from_another_than_the_one_in_force_is_refused(store, others):
    name = store.add(others[0], nothing_against_it)
    with pytest.raises(StoreError, match="another bundle was put in force meanwhile"):
        store.switch(name, PACKAGE)


def test_two_programs_do_not_change_it_at_once(store, others, tmp_path):
    def another_comes(_folder):
        with pytest.raises(StoreError, match="another program is changing"):
            BundleStore(tmp_path / "bundles").add(others[1], nothing_against_it)

    store.add(others[0], another_comes)


@pytest.mark.parametrize("room", [0, 1000, 100_000, 5_000_000])
def test_a_full_disk_changes_nothing(store, others, tmp_path, room):
    name = store.add(others[0], nothing_against_it)
    store.switch(PACKAGE, name)
    with files_limited_to(room), pytest.raises(StoreError, match="The bundle in force is what it was"):
        store.add(others[1], nothing_against_it)
    assert store.history() == (PACKAGE, name)
    assert kept_names(tmp_path / "bundles") == [name]


def test_a_disk_that_is_full_at_the_switch_changes_nothing(store, others):
    name = store.add(others[0], nothing_against_it)
    with files_limited_to(10), pytest.raises(StoreError, match="The bundle in force is what it was"):
        store.switch(PACKAGE, name)
    assert store.history() == (PACKAGE,)


def test_what_a_kill_left_is_swept(store, others, tmp_path):
    folder = tmp_path / "bundles"
    (folder / f".{'0' * 32}.unfinished").mkdir(parents=True)
    (folder / f".{STATE}.0123.tmp").write_bytes(b"half")
    name = store.add(others[0], nothing_against_it)
    assert kept_names(folder) == [name]
    assert not list(folder.glob("*.tmp"))


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"\xff", b"[" * 100_000, b'{"history": []}', b'{"history": [1]}', b'{"history": "package"}']
    + [json.dumps({"history": [name]}).encode() for name in ("../../etc", "", "0" * 31, "0" * 32 + "\n", "PACKAGE")],
)
def test_a_damaged_file_puts_nothing_in_force(store, tmp_path, content):
    (tmp_path / "bundles").mkdir()
    (tmp_path / "bundles" / STATE).write_bytes(content)
    with pytest.raises(ModelError, match=r"in_force\.json is damaged"):
        store.in_force()


def test_a_file_that_cannot_be_read_puts_nothing_in_force(store, tmp_path):
    (tmp_path / "bundles" / STATE).mkdir(parents=True)
    with pytest.raises(ModelError, match="cannot tell which bundle is in force"):
        store.in_force()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_what_root_installs_is_the_daemons(store, others, tmp_path):
    os.chown(tmp_path, 65534, 65534)
    name = store.add(others[0], nothing_against_it)
    store.switch(PACKAGE, name)
    found = [tmp_path / "bundles", *(tmp_path / "bundles").rglob("*")]
    assert {(path.stat().st_uid, path.stat().st_gid) for path in found} == {(65534, 65534)}


def test_the_configuration_goes_before_what_is_installed(store, others, tmp_path):
    name = store.add(others[0], nothing_against_it)
    store.switch(PACKAGE, name)
    installed = VisionConfig(bundle_store=tmp_path / "bundles")
    named = VisionConfig(bundle=DEFAULT_BUNDLE, bundle_store=tmp_path / "bundles")
    assert bundle_folder(installed) == store.folder_of(name)
    assert bundle_folder(named) == DEFAULT_BUNDLE
    assert named_bundle(installed) == ""
    assert "vision.bundle names" in named_bundle(named)


ROOT = Peer("root", 0, 1)


class Written:
    """A journal that remembers, and how often the daemon was to restart."""

    def __init__(self):
        self.rows = []
        self.restarts = 0

    def restart(self):
        self.restarts += 1

    def write(self, entry):
        self.rows.append(entry)


def ordered(store, written, before, to, withheld=""):
    commands = bundle_commands(store, written.write, written.restart, withheld)
    orders = Orders(commands, written, Ranks(frozenset({0})))
    return orders.answer(ROOT, Request("1", "bundle.switch", {"before": before, "to": to}))


def test_the_order_is_written_down_done_told_and_has_the_daemon_restart(store, others):
    name, written = store.add(others[0], nothing_against_it), Written()
    labels = load_bundle(DEFAULT_BUNDLE).label, load_bundle(store.folder_of(name)).label
    answer = ordered(store, written, PACKAGE, name)
    assert answer == Done({"before": labels[0], "now": labels[1], "rolled_back": False})
    command, event = written.rows
    assert isinstance(command, CommandEvent)
    assert (command.command, command.refused) == ("bundle.switch", "")
    assert event == BundleEvent(*labels, rolled_back=False)
    assert written.restarts == 1
    assert ordered(store, written, name, PACKAGE) == Done({"before": labels[1], "now": labels[0], "rolled_back": True})


@pytest.mark.parametrize("name", ["", "../x", "0" * 32 + "/..", "0" * 31, "Package", "package\n"])
def test_an_order_for_what_is_no_bundles_name_is_refused(store, name):
    answer = ordered(store, Written(), PACKAGE, name)
    assert isinstance(answer, Refused)
    assert answer.reason is Fault.BAD_ARGUMENTS


def test_an_order_that_fails_restarts_nothing_and_tells_of_no_bundle(store):
    written = Written()
    answer = ordered(store, written, PACKAGE, "0" * 32)
    assert isinstance(answer, Refused)
    assert [bool(row.refused) for row in written.rows] == [False, True]
    assert written.restarts == 0
    assert store.history() == (PACKAGE,)


def test_an_order_is_withheld_where_the_configuration_names_a_bundle(store, others):
    name = store.add(others[0], nothing_against_it)
    answer = ordered(store, Written(), PACKAGE, name, withheld="vision.bundle names another")
    assert answer == Refused(Fault.NOT_PERMITTED, "vision.bundle names another")


def test_a_name_is_the_beginning_of_the_packed_files_hash(others, tmp_path):
    import hashlib  # noqa: PLC0415 - for this test alone

    (tmp_path / "a").write_bytes(packed(others[0]))
    assert name_of(others[0]) == hashlib.sha256((tmp_path / "a").read_bytes()).hexdigest()[:32]


def test_a_label_tells_another_calibration(tmp_path):
    other = load_bundle(with_score(tmp_path / "other", 0.5, name=load_bundle(DEFAULT_BUNDLE).manifest.name))
    assert other.id == load_bundle(DEFAULT_BUNDLE).id
    assert other.label != load_bundle(DEFAULT_BUNDLE).label
    copy = shutil.copytree(DEFAULT_BUNDLE, tmp_path / "copy")
    (copy / MANIFEST).write_text(load_bundle(copy).manifest.to_json())
    assert load_bundle(copy).label == load_bundle(DEFAULT_BUNDLE).label
