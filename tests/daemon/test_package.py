"""A bundle as one file: what was packed comes out, and nothing else does."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.errors import ModelError
from faceplate.model.bundle import DEFAULT_BUNDLE, MANIFEST, load_bundle
from faceplate.model.cohort import EMBEDDINGS, FACTS
from faceplate.model.package import LARGEST, SUMS, packed, read_folder, read_package, unpacked

SMALL = {MANIFEST: b'{"contract": 2}', "siamese.tflite": bytes(range(256)) * 3, "empty": b"", "block": bytes(512)}
names = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,60}", fullmatch=True).filter(lambda name: name != SUMS)


@given(st.dictionaries(names, st.binary(max_size=1500), max_size=8))
def test_what_was_packed_comes_out(files):
    files[MANIFEST] = b"{}"
    archive = packed(files)
    assert unpacked(archive) == files
    assert packed(dict(reversed(files.items()))) == archive, "in whatever order they come"


def test_it_is_a_tar_that_everybody_can_look_into():
    with tarfile.open(fileobj=io.BytesIO(packed(SMALL))) as archive:
        assert archive.getnames() == [SUMS, *sorted(SMALL)]
        assert all(member.isreg() for member in archive)


@pytest.mark.parametrize("flip", [1, 0x80, 0xFF])
def test_damage_to_any_byte_is_seen(flip):
    whole = bytearray(packed(SMALL))
    for at in range(len(whole)):
        whole[at] ^= flip
        with pytest.raises(ModelError):
            unpacked(bytes(whole))
        whole[at] ^= flip
    assert unpacked(bytes(whole)) == SMALL


def test_an_archive_that_is_cut_off_or_goes_on_is_seen():
    whole = packed(SMALL)
    for length in range(len(whole)):
        with pytest.raises(ModelError):
            unpacked(whole[:length])
    for more in (b"\0", bytes(512), b"x", whole):
        with pytest.raises(ModelError):
            unpacked(whole + more)


@given(st.binary(max_size=3000))
def test_noise_is_no_bundle(noise):
    with pytest.raises(ModelError):
        unpacked(noise)


def made(*members, form=tarfile.USTAR_FORMAT):
    """An archive of members as another program would write them."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for name, content, changes in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for key, value in changes.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def sums_of(files):
    text = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    return (SUMS, text.encode(), {})


HOSTILE = {
    "up": [("../../etc/cron.d/x", b"x", {})],
    "absolute": [("/etc/passwd", b"x", {})],
    "below": [("a/b", b"x", {})],
    "hidden": [(".bashrc", b"x", {})],
    "symlink": [("siamese.tflite", b"", {"type": tarfile.SYMTYPE, "linkname": "/etc/shadow"})],
    "hard link": [("siamese.tflite", b"", {"type": tarfile.LNKTYPE, "linkname": "/etc/shadow"})],
    "device": [("siamese.tflite", b"", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 5})],
    "pipe": [("siamese.tflite", b"", {"type": tarfile.FIFOTYPE})],
    "folder": [("siamese.tflite", b"", {"type": tarfile.DIRTYPE})],
    "twice": [("a", b"x", {}), ("a", b"y", {})],
    "many": [(f"f{number}", b"", {}) for number in range(1000)],
    "newline": [("a\nb", b"x", {})],
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_no_bundle_has_is_refused_by_its_header(kind):
    with pytest.raises(ModelError, match=r"no plain file|outside the bundle|twice|more than 64 files"):
        unpacked(made(*HOSTILE[kind]))


@pytest.mark.parametrize(
    "members",
    [
        [("siamese.tflite", b"x", {"mtime": 1})],
        [("siamese.tflite", b"x", {"mode": 0o4755})],
        [("siamese.tflite", b"x", {"uid": 1000, "uname": "anna"})],
    ],
    ids=["time", "mode", "owner"],
)
def test_an_archive_by_another_program_is_refused_although_every_file_is_whole(members):
    files = {name: content for name, content, _ in members} | {MANIFEST: b"{}"}
    archive = made(sums_of(files), (MANIFEST, b"{}", {}), *members)
    with pytest.raises(ModelError, match="not as it was packed"):
        unpacked(archive)


def test_a_header_that_promises_more_than_there_is_writes_nothing():
    bomb = tarfile.TarInfo("bomb")
    bomb.size = 8**11 - 1
    with pytest.raises(ModelError, match="'bomb' is cut off"):
        unpacked(bomb.tobuf(tarfile.USTAR_FORMAT, "ascii") + bytes(1024))


def test_a_sparse_file_is_refused():
    info = tarfile.TarInfo("sparse")
    info.type = tarfile.GNUTYPE_SPARSE
    with pytest.raises(ModelError):
        unpacked(info.tobuf(tarfile.GNU_FORMAT, "ascii") + bytes(1024))


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_extended_headers_are_refused(form):
    with pytest.raises(ModelError):
        unpacked(made(("n" * 200, b"x", {}), form=form))


def test_other_kinds_of_archive_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(MANIFEST, "{}")
    (tmp_path / "a.tgz").write_bytes(gzip.compress(packed(SMALL)))
    for name in ("a.zip", "a.tgz"):
        with pytest.raises(ModelError, match=f"{name} is refused: "):
            read_package(tmp_path / name)


def test_the_hash_that_was_told_is_held_against_the_whole_file(tmp_path):
    file = tmp_path / "a.bundle"
    file.write_bytes(packed(SMALL))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert read_package(file, digest) == read_package(file, digest.upper()) == SMALL
    with pytest.raises(
        ModelError, match=f"not the file that was asked for: expected SHA-256 {'0' * 64}, found {digest}"
    ):
        read_package(file, "0" * 64)


def test_a_file_that_is_none_makes_nobody_wait(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero", tmp_path):
        with pytest.raises(ModelError, match=r"is no plain file|cannot read"):
            read_package(type(tmp_path)(path))
    with pytest.raises(ModelError, match="cannot read"):
        read_package(tmp_path / "nothing")


def test_a_file_that_is_too_large_is_not_read_whole(tmp_path):
    with (tmp_path / "large").open("wb") as file:
        file.truncate(LARGEST * 100)
    with pytest.raises(ModelError, match="too large"):
        read_package(tmp_path / "large")


def test_the_packages_bundle_packed_and_unpacked_is_a_bundle(tmp_path):
    files = read_folder(DEFAULT_BUNDLE)
    assert {FACTS, EMBEDDINGS, MANIFEST} < set(files)
    for name, content in unpacked(packed(files)).items():
        (tmp_path / name).write_bytes(content)
    assert load_bundle(tmp_path).manifest == load_bundle(DEFAULT_BUNDLE).manifest


def test_a_folder_with_something_else_in_a_files_place_is_refused(tmp_path):
    folder = shutil.copytree(DEFAULT_BUNDLE, tmp_path / "bundle")
    (folder / "golden.png").unlink()
    os.mkfifo(folder / "golden.png")
    with pytest.raises(ModelError, match=r"golden\.png is no plain file"):
        read_folder(folder)


@pytest.mark.parametrize("name", ["../golden.png", "/etc/hostname", ".golden.png", "g" * 101, "gölden.png", SUMS])
def test_a_manifest_that_names_what_no_bundle_has_is_refused(tmp_path, name):
    folder = shutil.copytree(DEFAULT_BUNDLE, tmp_path / "bundle")
    text = (folder / MANIFEST).read_text(encoding="utf-8")
    (folder / MANIFEST).write_text(text.replace('"golden.png": ', f'"{name}": '), encoding="utf-8")
    with pytest.raises(ModelError, match=r"outside the bundle|only a packed bundle has"):
        read_folder(folder)
