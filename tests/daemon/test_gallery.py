"""The gallery on disk: what is kept, what a thief or a fault makes of it, and who may change it when."""

from __future__ import annotations

import base64
import errno
import fcntl
import itertools
import json
import os
import stat
import subprocess
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceplate import files
from faceplate.errors import EnrolmentError, SealError, StoreError
from faceplate.people.gallery import Gallery, stored_people
from faceplate.people.person import Person, new_person, same_name, tidy_name, with_anchors
from faceplate.people.seal import CREDENTIAL, load_seal, make_key
from strategies import crowds, person

# Adds one person after another and removes those before, until its standard input is closed.
ADD_PEOPLE = """
import dataclasses, itertools, pathlib, sys, threading
from faceplate.people.gallery import Gallery
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
gallery = Gallery(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
[ada] = gallery.people()
present = []
for number in itertools.count():
    with gallery.changing():
        present.append(dataclasses.replace(ada, id=f"{number:032}", name=f"person {number}"))
        gallery.save(present[-1])
        if len(present) > 3:
            gallery.remove(present.pop(0))
    if stop.is_set():
        break
print(number)
"""


def embeddings(count, seed=0):
    vectors = np.random.default_rng(seed).standard_normal((count, 128)).astype(np.float32)
    return list(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def make_gallery(folder):
    return Gallery(folder / "people", folder / "gallery.key")


@pytest.fixture
def gallery(tmp_path):
    return make_gallery(tmp_path)


@pytest.fixture
def store(tmp_path):
    """The folder of `gallery`."""
    return tmp_path / "people"


@pytest.fixture
def ada(gallery):
    """Enrolled in `gallery`."""
    somebody = person("Ada Lovelace", embeddings(3))
    keep(gallery, somebody)
    return somebody


def keep(gallery, *people):
    with gallery.changing():
        for somebody in people:
            gallery.save(somebody)


def assert_same(read, kept, within=1e-6):
    assert (read.id, read.name, read.enrolled, read.bundle) == (kept.id, kept.name, kept.enrolled, kept.bundle)
    assert read.rights == kept.rights
    for a, b in zip(read.anchors, kept.anchors, strict=True):
        assert np.array_equal(a.crop, b.crop)
        assert np.allclose(a.embedding, b.embedding, rtol=0, atol=within)
        assert (a.crop.dtype, a.embedding.dtype) == (np.uint8, np.float32)


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@settings(deadline=None)
@given(crowds(min_people=1, max_people=1, max_anchors=4))
def test_a_person_comes_out_of_a_record_as_they_went_in(crowd):
    [somebody] = crowd
    assert_same(Person.from_bytes(somebody.id, somebody.to_bytes()), somebody, within=0)


def test_everybody_comes_back_in_the_order_of_names(gallery, tmp_path):
    people = [person(name, embeddings(2, seed)) for seed, name in enumerate(["cleo", "Ada", "Bob", "Élodie"])]
    keep(gallery, *people)
    read = make_gallery(tmp_path).people()
    assert [somebody.name for somebody in read] == ["Ada", "Bob", "cleo", "Élodie"]
    for somebody in read:
        assert_same(somebody, next(kept for kept in people if kept.name == somebody.name))


def test_a_gallery_nobody_made_is_empty_and_reading_makes_nothing(gallery, tmp_path):
    assert gallery.people() == []
    assert gallery.find("Ada") is None
    assert gallery.version() == ()
    assert left_in(tmp_path) == []


def test_a_person_is_found_however_the_name_is_written(gallery, ada):
    assert_same(gallery.find("  ADA   lovelace"), ada)
    assert gallery.find("Ada") is None


@pytest.mark.usefixtures("ada")
def test_people_are_counted_without_a_key(gallery, tmp_path):
    (tmp_path / "gallery.key").unlink()
    assert gallery.count() == 1
    assert make_gallery(tmp_path / "elsewhere").count() == 0


def test_saving_again_puts_the_changed_person_in_place_of_the_old(gallery, ada, store):
    keep(gallery, with_anchors(ada, person("x", embeddings(2, seed=9)).anchors))
    [read] = gallery.people()
    assert len(read.anchors) == 5
    assert len(left_in(store)) == 1


def test_folder_files_and_key_are_for_their_owner_only(tmp_path):
    # Whatever the process would give away by default.
    before = os.umask(0)
    try:
        keep(make_gallery(tmp_path), person("Ada", embeddings(1)))
    finally:
        os.umask(before)
    assert mode(tmp_path / "people") == 0o700
    assert {mode(file) for file in (tmp_path / "people").iterdir()} == {0o600}
    assert mode(tmp_path / "gallery.key") == mode(tmp_path / "people.lock") == 0o600


def test_file_names_and_contents_tell_nothing(gallery, store):
    somebody = with_anchors(new_person("Ada Lovelace", "a bundle"), person("Ada Lovelace", embeddings(1)).anchors)
    keep(gallery, somebody)
    [file] = store.iterdir()
    content = file.read_bytes()
    [anchor] = somebody.anchors
    # Long enough that what is sealed, some ten thousand random bytes, does not hold them by chance.
    for secret in (
        b"Ada Lovelace",
        b"Lovelace",
        anchor.embedding.tobytes()[:8],
        anchor.crop.tobytes()[:8],
        b"\x89PNG\r\n\x1a",
    ):
        for form in (secret, base64.b64encode(secret).rstrip(b"=")[:-1], secret.hex().encode()):
            assert form not in content
            assert form not in file.name.encode()


def test_somebody_new_has_a_random_id_the_time_and_no_anchors():
    a, b = new_person(" Ada ", "bundle"), new_person("Ada", "bundle")
    assert a.id != b.id
    assert (a.name, a.bundle, a.anchors) == ("Ada", "bundle", ())
    assert a.enrolled.endswith("+00:00")


def stored_embeddings(store, key_file):
    """As the records on disk hold them, read with the key and without the gallery."""
    seal = load_seal(key_file)
    records = [seal.open(file.read_bytes(), file.name) for file in sorted(store.iterdir())]
    return [anchor.embedding for record in records for anchor in Person.from_bytes("id", record).anchors]


def test_stored_embeddings_compare_among_themselves_and_not_with_those_of_the_network(gallery, ada, store, tmp_path):
    plain = np.array([anchor.embedding for anchor in ada.anchors])
    stored = np.array(stored_embeddings(store, tmp_path / "gallery.key"))
    assert np.allclose(stored @ stored.T, plain @ plain.T, atol=1e-5)
    # Independent directions in 128 dimensions have a cosine of about 0 +- 0.09.
    assert np.abs(stored @ plain.T).max() < 0.45
    assert np.allclose([anchor.embedding for anchor in gallery.people()[0].anchors], plain, atol=1e-5)


def test_the_same_embedding_is_stored_turned_otherwise_under_another_key(tmp_path):
    [embedding] = embeddings(1)
    stored = []
    for home in ("mine", "theirs"):
        keep(make_gallery(tmp_path / home), person("Ada", [embedding]))
        stored += stored_embeddings(tmp_path / home / "people", tmp_path / home / "gallery.key")
    assert abs(float(stored[0] @ stored[1])) < 0.45


def test_a_store_of_an_earlier_program_is_read_as_what_its_network_gave(gallery, tmp_path, store):
    """Those turned embeddings before they gave them to the gallery, which sealed them as they were."""
    plain = embeddings(2)
    with gallery.changing():
        seal = load_seal(tmp_path / "gallery.key")
        turned = person("Ada", [seal.rotation(128) @ embedding for embedding in plain])
        (store / f"{turned.id}.person").write_bytes(seal.seal(turned.to_bytes(), f"{turned.id}.person"))
    [ada] = gallery.people()
    assert np.allclose([anchor.embedding for anchor in ada.anchors], plain, atol=1e-5)


def test_saving_again_and_again_does_not_wear_an_embedding_out(gallery, ada):
    for _ in range(100):
        keep(gallery, gallery.people()[0])
    [worn] = gallery.people()
    for a, b in zip(worn.anchors, ada.anchors, strict=True):
        assert np.allclose(a.embedding, b.embedding, atol=1e-4)


def test_a_record_under_another_persons_file_name_does_not_open(gallery, store):
    keep(gallery, person("Ada", embeddings(1)), person("Bob", embeddings(1, seed=1)))
    ada_file, bob_file = sorted(store.iterdir())
    bob_file.write_bytes(ada_file.read_bytes())
    with pytest.raises(SealError, match=f"{bob_file.name} is damaged or was changed"):
        gallery.people()


@pytest.fixture(scope="module")
def one_sealed(tmp_path_factory):
    gallery = make_gallery(folder := tmp_path_factory.mktemp("sealed"))
    keep(gallery, person("Ada", embeddings(1)))
    [file] = (folder / "people").iterdir()
    return gallery, file, file.read_bytes()


@settings(deadline=None)
@given(data=st.data())
def test_one_flipped_byte_is_found(one_sealed, data):
    gallery, file, content = one_sealed
    flipped = bytearray(content)
    flipped[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    file.write_bytes(flipped)
    with pytest.raises(SealError):
        gallery.people()


def test_one_damaged_person_is_named_and_nobody_is_silently_left_out(gallery, store):
    keep(gallery, person("Ada", embeddings(1)), person("Bob", embeddings(1, seed=1)))
    damaged = sorted(store.iterdir())[1]
    damaged.write_bytes(b"")
    with pytest.raises(SealError, match=rf"{damaged.name} is not a sealed record.*Restore it, or remove it"):
        gallery.people()


@pytest.mark.usefixtures("ada")
def test_a_store_sealed_with_another_key_does_not_open(tmp_path):
    (tmp_path / "gallery.key").unlink()
    make_key(tmp_path / "gallery.key")
    with pytest.raises(SealError, match="sealed with another key"):
        make_gallery(tmp_path).people()


@pytest.mark.usefixtures("ada")
def test_a_missing_key_with_people_there_is_an_error_and_no_new_key_is_made(store, tmp_path):
    (tmp_path / "gallery.key").unlink()
    before = left_in(store)
    gallery = make_gallery(tmp_path)
    with pytest.raises(SealError, match="there is no gallery key"):
        gallery.people()
    with pytest.raises(SealError, match="there is no gallery key"), gallery.changing():
        gallery.save(person("Bob", embeddings(1)))
    assert not (tmp_path / "gallery.key").exists()
    assert left_in(store) == before


def test_a_systemd_credential_serves_and_no_key_file_is_made(gallery, tmp_path, monkeypatch):
    folder = tmp_path / "credentials"
    folder.mkdir()
    make_key(folder / CREDENTIAL)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    keep(gallery, person("Ada", embeddings(1)))
    assert len(make_gallery(tmp_path).people()) == 1
    assert not (tmp_path / "gallery.key").exists()


@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
def test_a_failed_write_keeps_everybody_and_says_so(gallery, ada, store, monkeypatch, step):
    def disk_is_full(*_arguments, **_options):
        raise OSError(errno.ENOSPC, "No space left on device")

    before = {path.name: path.read_bytes() for path in store.iterdir()}
    with gallery.changing():
        # Patched, because a disk that is full at a chosen step cannot be had otherwise.
        monkeypatch.setattr(files.os, step, disk_is_full)
        with pytest.raises(StoreError, match=r"cannot write 'Ada Lovelace'.*No space left.*Nothing was changed"):
            gallery.save(with_anchors(ada, ada.anchors))
        monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in store.iterdir()} == before
    assert len(gallery.people()[0].anchors) == 3


def test_what_a_kill_left_unfinished_is_swept_at_the_next_change(gallery, ada, store):
    (store / ".somebody.person.0123.tmp").write_bytes(b"half of")
    assert len(gallery.people()) == 1
    keep(gallery)
    assert left_in(store) == [f"{ada.id}.person"]


def test_removing_erases(gallery, ada, store):
    with gallery.changing():
        gallery.remove(ada)
    assert gallery.people() == []
    assert left_in(store) == []


@pytest.mark.usefixtures("ada")
def test_removing_somebody_who_is_not_there_is_an_error(gallery):
    with pytest.raises(StoreError, match=r"cannot remove 'Bob'.*No such file"):
        gallery.remove(person("Bob", embeddings(1)))
    assert len(gallery.people()) == 1


@pytest.mark.usefixtures("ada")
def test_a_second_program_that_wants_to_change_it_is_refused(gallery, tmp_path):
    with (
        gallery.changing(),
        pytest.raises(StoreError, match="another program is changing the gallery"),
        make_gallery(tmp_path).changing(),
    ):
        pytest.fail("two programs changed the gallery at once")
    keep(make_gallery(tmp_path), person("Bob", embeddings(1)))
    assert len(gallery.people()) == 2


@pytest.mark.usefixtures("ada")
def test_the_lock_is_let_go_of_when_a_change_fails(gallery):
    with pytest.raises(EnrolmentError), gallery.changing():
        new_person("", "bundle")
    keep(gallery, person("Bob", embeddings(1)))


@pytest.mark.usefixtures("ada")
def test_reading_goes_on_while_another_program_holds_the_lock(gallery, tmp_path):
    with (tmp_path / "people.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert len(gallery.people()) == 1


@pytest.mark.usefixtures("ada")
def test_reading_while_another_process_adds_and_removes_never_sees_half_a_person(gallery, store, tmp_path):
    arguments = [sys.executable, "-c", ADD_PEOPLE, str(store), str(tmp_path / "gallery.key")]
    seen = set()
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as adding:
        while len(seen) < 15 and adding.poll() is None:
            everybody = gallery.people()
            assert "Ada Lovelace" in {somebody.name for somebody in everybody}
            assert all(len(somebody.anchors) == 3 for somebody in everybody)
            seen |= {somebody.name for somebody in everybody}
        last, _ = adding.communicate()
    assert adding.returncode == 0
    assert gallery.people()[-1].name == f"person {last.strip()}"
    assert len(gallery.people()) == 4


@pytest.mark.usefixtures("ada")
def test_somebody_removed_between_listing_and_reading_is_gone_and_no_fault(gallery, store, monkeypatch):
    listed = [*stored_people(store), store / "removed-since.person"]
    # Patched, because the moment between the two cannot be hit on purpose.
    monkeypatch.setattr("faceplate.people.gallery.stored_people", lambda _folder: listed)
    assert [somebody.name for somebody in gallery.people()] == ["Ada Lovelace"]


@pytest.mark.usefixtures("ada")
def test_the_version_changes_with_every_change_even_within_one_tick_of_the_clock(gallery, store):
    versions = [gallery.version()]
    time = store.stat().st_mtime_ns
    bob = person("Bob", embeddings(1))
    for change in (lambda: gallery.save(bob), lambda: gallery.save(bob), lambda: gallery.remove(bob)):
        change()
        os.utime(store, ns=(time, time))
        versions.append(gallery.version())
    assert all(a != b for a, b in itertools.pairwise(versions))
    assert gallery.version() == versions[-1]


def test_a_gallery_that_is_no_folder_is_an_error(tmp_path):
    (tmp_path / "people").touch()
    gallery = make_gallery(tmp_path)
    for use in (gallery.people, gallery.version, gallery.changing().__enter__):
        with pytest.raises(StoreError, match=r"the gallery .*people"):
            use()
    assert not (tmp_path / "gallery.key").exists()


@pytest.mark.usefixtures("ada")
def test_a_record_that_is_a_folder_is_an_error(gallery, store):
    (store / "x.person").mkdir()
    with pytest.raises(StoreError, match=r"cannot read .*x\.person: Is a directory"):
        gallery.people()


@pytest.mark.usefixtures("ada")
def test_other_files_in_the_folder_are_nobody(gallery, store):
    (store / "README").write_text("hello")
    assert len(gallery.people()) == 1


def test_a_sealed_record_without_a_picture_is_refused():
    record = {"name": "Ada", "enrolled": "", "bundle": "", "anchors": [{"crop": "", "embedding": ""}]}
    _, encoded = cv2.imencode(".png", np.zeros((2, 2, 3), np.uint8))
    for crop in (b"not a picture", encoded.tobytes()[:-30]):
        record["anchors"][0]["crop"] = base64.b64encode(crop).decode()
        with pytest.raises(StoreError, match="not a picture"):
            Person.from_bytes("id", json.dumps(record).encode())


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\0b", "line\x1bbreak", "right\u202eto left", "\u200b"])
def test_a_name_that_cannot_be_shown_is_refused(name):
    with pytest.raises(EnrolmentError, match="1 to 80 printable characters"):
        new_person(name, "bundle")


@given(st.text())
def test_a_tidy_name_stays_as_it_is(text):
    try:
        tidy = tidy_name(text)
    except EnrolmentError:
        return
    assert tidy_name(tidy) == tidy
    assert 1 <= len(tidy) <= 80
    assert tidy.isprintable()
    assert same_name(tidy, f" {tidy} ")


def test_one_name_written_in_two_ways_is_one_name():
    assert same_name("Zoe\u0308", "Zoë")
    assert same_name("ADA", "ada")
    assert not same_name("Ada", "Adam")


@pytest.mark.parametrize("size", [300, 1024])
def test_long_embeddings_come_back_as_they_went(gallery, size):
    plain = np.random.default_rng(1).normal(size=size).astype(np.float32)
    plain /= np.linalg.norm(plain)
    ada = person("Ada", [plain])
    with gallery.changing():
        gallery.save(ada)
    [read] = gallery.people()
    assert read.anchors[0].embedding == pytest.approx(plain, abs=1e-5)
    assert read.anchors[0].embedding.dtype == np.float32
