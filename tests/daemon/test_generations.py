"""Embeddings for other bundles, beside the people: never anything but the same people, as they are now."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

from faceplate.errors import StoreError
from faceplate.people.gallery import Gallery
from faceplate.people.household import Household
from faceplate.people.person import Anchor, with_anchors
from faceplate.rights import Rights
from full_disk import files_limited_to
from strategies import SIZE, person

AXES = np.eye(SIZE, dtype=np.float32)
NEW, OTHER = "b" * 64, "c" * 64


@pytest.fixture
def gallery(tmp_path) -> Gallery:
    gallery = Gallery(tmp_path / "people", tmp_path / "gallery.key")
    with gallery.changing():
        for name in ("Ada", "Bob"):
            gallery.save(person(name, [AXES[0], AXES[1]]))
    return gallery


def by(bundle, people, turn=1):
    """The same people as the network of another bundle might embed them."""
    return [
        replace(p, bundle=bundle, anchors=tuple(Anchor(a.crop, np.roll(a.embedding, turn)) for a in p.anchors))
        for p in people
    ]


def prepare(gallery, people, *bundles):
    with gallery.changing():
        gallery.keep_embedded(people, bundles or {NEW})


def same(one, other):
    return (one.id, one.name, one.rights, one.bundle) == (other.id, other.name, other.rights, other.bundle) and all(
        np.allclose(a.embedding, b.embedding, atol=1e-6) and np.array_equal(a.crop, b.crop)
        for a, b in zip(one.anchors, other.anchors, strict=True)
    )


def files_of(tmp_path):
    return sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.embeddings") if path.is_file())


def test_everybody_is_known_as_the_other_bundle_embeds_them(gallery):
    before = gallery.people()
    prepare(gallery, by(NEW, before))
    for somebody, expected in zip(gallery.people(), by(NEW, before), strict=True):
        assert same(gallery.embedded(somebody, NEW), expected)
        assert gallery.embedded(somebody, somebody.bundle) is somebody
        assert gallery.embedded(somebody, OTHER) is None
    assert all(map(same, gallery.people(), before)), "the records are as they were"


def test_to_keep_embeddings_is_no_change_of_the_people(gallery):
    before = gallery.version()
    prepare(gallery, by(NEW, gallery.people()))
    assert gallery.version() == before


def test_what_is_kept_is_sealed_turned_and_the_owners_alone(gallery, tmp_path):
    people = by(NEW, gallery.people())
    prepare(gallery, people)
    for file in files_of(tmp_path):
        path = tmp_path / file
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == path.parent.parent.stat().st_mode & 0o777 == 0o700
        opened = gallery._seal.open(path.read_bytes(), f"{path.parent.name}/{path.name}")
        import base64  # noqa: PLC0415 - for this test alone

        assert base64.b64encode(people[0].anchors[0].embedding.tobytes()) not in opened


def test_whoever_is_removed_is_erased_in_every_generation(gallery, tmp_path):
    everybody = gallery.people()
    prepare(gallery, [*by(NEW, everybody), *by(OTHER, everybody)], NEW, OTHER)
    assert len(files_of(tmp_path)) == 4
    Household(gallery, {"always"}).remove("Ada")
    bob = gallery.find("Bob").id
    assert {path.stem for path in files_of(tmp_path)} == {bob}


def test_whoever_was_removed_meanwhile_is_not_kept(gallery, tmp_path):
    embedded = by(NEW, gallery.people())
    Household(gallery, {"always"}).remove("Ada")
    prepare(gallery, embedded)
    assert [path.stem for path in files_of(tmp_path)] == [gallery.find("Bob").id]


def test_embeddings_of_nobody_who_is_there_are_erased(gallery, tmp_path):
    """As after a backup of the people alone was put back."""
    prepare(gallery, by(NEW, gallery.people()))
    (tmp_path / "people" / f"{gallery.find('Ada').id}.person").unlink()
    prepare(gallery, by(NEW, gallery.people()))
    assert [path.stem for path in files_of(tmp_path)] == [gallery.find("Bob").id]


def test_generations_of_other_bundles_are_erased(gallery, tmp_path):
    prepare(gallery, by(NEW, gallery.people()))
    prepare(gallery, by(OTHER, gallery.people()), OTHER)
    assert {path.parent.name for path in files_of(tmp_path)} == {OTHER[:32]}


def test_other_pictures_are_embedded_anew(gallery):
    prepare(gallery, by(NEW, gallery.people()))
    ada = gallery.find("Ada")
    with gallery.changing():
        gallery.save(with_anchors(ada, [Anchor(ada.anchors[0].crop, AXES[2])]))
    assert gallery.embedded(gallery.find("Ada"), NEW) is None


def test_rights_and_names_are_always_the_present_ones(gallery):
    prepare(gallery, by(NEW, gallery.people()))
    with gallery.changing():
        gallery.save(replace(gallery.find("Ada"), name="Ada L", rights=Rights(enabled=False)))
    found = gallery.embedded(gallery.find("Ada L"), NEW)
    assert (found.name, found.rights.enabled) == ("Ada L", False)


@pytest.mark.parametrize("damage", [lambda _: b"", lambda sealed: sealed[:-1], lambda sealed: sealed[::-1]])
def test_what_is_damaged_is_embedded_anew_and_said(gallery, tmp_path, caplog, damage):
    prepare(gallery, by(NEW, gallery.people()))
    for file in files_of(tmp_path):
        (tmp_path / file).write_bytes(damage((tmp_path / file).read_bytes()))
    assert [gallery.embedded(somebody, NEW) for somebody in gallery.people()] == [None, None]
    assert "Ada is embedded anew" in caplog.text


def test_one_persons_embeddings_do_not_pass_for_anothers(gallery, tmp_path):
    prepare(gallery, by(NEW, gallery.people()))
    one, other = files_of(tmp_path)
    (tmp_path / one).write_bytes((tmp_path / other).read_bytes())
    assert sorted(gallery.embedded(p, NEW) is None for p in gallery.people()) == [False, True]


def test_a_full_disk_says_so_and_loses_nobody(gallery):
    before = gallery.people()
    with files_limited_to(100), pytest.raises(StoreError, match="Nothing that counts was changed"):
        prepare(gallery, by(NEW, before))
    assert all(map(same, gallery.people(), before))
    assert all(gallery.embedded(somebody, NEW) is None for somebody in gallery.people())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_what_root_keeps_is_the_daemons(gallery, tmp_path):
    os.chown(tmp_path, 65534, 65534)
    prepare(gallery, by(NEW, gallery.people()))
    with gallery.changing():
        pass
    made = [*(tmp_path / "people.embeddings").rglob("*"), tmp_path / "people.embeddings"]
    assert {path.stat().st_uid for path in made} == {65534}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_whoever_root_enrols_is_the_daemons_to_read(tmp_path):
    os.chown(tmp_path, 65534, 65534)
    gallery = Gallery(tmp_path / "people", tmp_path / "gallery.key")
    with gallery.changing():
        gallery.save(person("Ada", [AXES[0]]))
    made = [tmp_path / "people", tmp_path / "people.lock", *(tmp_path / "people").iterdir()]
    assert {path.stat().st_uid for path in made} == {65534}
