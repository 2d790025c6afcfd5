"""Sealing: what opens, what does not, the secret rotation, and the key."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceplate.errors import SealError
from faceplate.people.seal import CREDENTIAL, KEY_BYTES, Seal, key_is_there, load_seal, make_key
from strategies import unit_vectors

KEY = bytes(range(KEY_BYTES))
SEAL = Seal(KEY)
OTHER = Seal(bytes(KEY_BYTES))

# As root no folder is locked, so the program becomes somebody else.
LOOK_FOR_KEY = """
import os, pathlib, sys
from faceplate.errors import SealError
from faceplate.people.seal import key_is_there
if os.getuid() == 0:
    os.setuid(65534)
try:
    print(key_is_there(pathlib.Path(sys.argv[1])))
except SealError as error:
    print(error)
"""

names = st.text(max_size=20)


def key_file_with(tmp_path, content=KEY, mode=0o600):
    file = tmp_path / "gallery.key"
    file.write_bytes(content)
    file.chmod(mode)
    return file


def credential_with(tmp_path, monkeypatch, content):
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / CREDENTIAL).write_bytes(content)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    return folder / CREDENTIAL


def opens_alike(a, b):
    sealed = a.seal(b"face", "n")
    return b.open(sealed, "n") == b"face"


@given(plain=st.binary(), name=names)
def test_what_was_sealed_opens_again(plain, name):
    assert SEAL.open(SEAL.seal(plain, name), name) == plain


@given(st.binary(min_size=24))
def test_the_sealed_bytes_do_not_hold_the_plain_ones(plain):
    assert plain not in SEAL.seal(plain, "name")


def test_sealing_twice_gives_different_bytes():
    assert SEAL.seal(b"face", "name") != SEAL.seal(b"face", "name")


@given(plain=st.binary(max_size=64), data=st.data())
def test_one_changed_byte_anywhere_never_opens(plain, data):
    sealed = bytearray(SEAL.seal(plain, "name"))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealError):
        SEAL.open(bytes(sealed), "name")


@given(plain=st.binary(max_size=64), share=st.floats(0, 1, exclude_max=True))
def test_a_record_cut_short_never_opens(plain, share):
    sealed = SEAL.seal(plain, "name")
    with pytest.raises(SealError):
        SEAL.open(sealed[: int(share * len(sealed))], "name")


@given(written=names, read=names)
def test_a_record_opens_under_its_own_name_only(written, read):
    sealed = SEAL.seal(b"face", written)
    if written == read:
        assert SEAL.open(sealed, read) == b"face"
    else:
        with pytest.raises(SealError, match="damaged or was changed"):
            SEAL.open(sealed, read)


@given(st.binary())
def test_bytes_that_never_were_sealed_do_not_open(content):
    with pytest.raises(SealError, match="is not a sealed record"):
        SEAL.open(content, "name")


def test_another_key_does_not_open_it_and_is_told_from_damage():
    with pytest.raises(SealError, match=r"sealed with another key.*people\.key_file"):
        OTHER.open(SEAL.seal(b"face", "name"), "name")


@pytest.mark.parametrize("size", [1, 2, 8, 128])
def test_the_rotation_is_orthogonal(size):
    rotation = SEAL.rotation(size).astype(np.float64)
    assert np.allclose(rotation @ rotation.T, np.eye(size), atol=1e-5)


@settings(deadline=None)
@given(a=unit_vectors(16), b=unit_vectors(16))
def test_the_rotation_keeps_every_likeness(a, b):
    rotation = SEAL.rotation(16)
    assert float((rotation @ a) @ (rotation @ b)) == pytest.approx(float(a @ b), abs=1e-5)


def test_turned_embeddings_do_not_compare_across_keys_or_with_plain_ones():
    embedding = np.eye(128, dtype=np.float32)[0]
    mine, theirs = SEAL.rotation(128) @ embedding, OTHER.rotation(128) @ embedding
    # Independent directions in 128 dimensions have a cosine of about 0 +- 0.09.
    assert abs(float(mine @ theirs)) < 0.45
    assert abs(float(mine @ embedding)) < 0.45


def test_the_rotation_is_the_same_in_every_process_and_version():
    """Golden values: if they change, every enrolled person becomes a stranger."""
    golden = [[0.59043658, -0.73795652, -0.32681003], [0.39957455, -0.08454000, 0.91279417]]
    assert np.allclose(SEAL.rotation(3)[:2], golden, atol=1e-6)


def test_what_an_earlier_program_sealed_still_opens():
    sealed = bytes.fromhex(
        "66616365706c617465207365616c656420310af38ac6eeca745ce49bc4f890a21c2db5c382092e69e72dfa99212da5f7"
        "8c23bb475fb3a7403c1bcf1566d820e4dd9d26bdfa"
    )
    assert SEAL.open(sealed, "name") == b"a face"


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_key_of_another_length_is_refused(tmp_path, size):
    with pytest.raises(SealError, match=f"32 bytes, this one has {size}"):
        Seal(bytes(size))
    with pytest.raises(SealError, match=rf"gallery\.key is not a gallery key: expected 32 bytes, found {size}"):
        load_seal(key_file_with(tmp_path, bytes(size)))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o610, 0o644, 0o777])
def test_a_key_that_others_could_use_is_refused(tmp_path, mode):
    file = key_file_with(tmp_path, mode=mode)
    with pytest.raises(SealError, match=f"mode {mode:04o}.*chmod 600 {file}"):
        load_seal(file)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_key_for_its_owner_only_is_taken(tmp_path, mode):
    assert opens_alike(SEAL, load_seal(key_file_with(tmp_path, mode=mode)))


def test_a_missing_key_is_refused_with_what_to_do(tmp_path):
    assert not key_is_there(tmp_path / "gallery.key")
    with pytest.raises(SealError, match=r"no gallery key at .*gallery\.key.*Put back the copy"):
        load_seal(tmp_path / "gallery.key")


def test_a_folder_is_no_key(tmp_path):
    with pytest.raises(SealError, match=r"cannot read the gallery key .*Is a directory"):
        load_seal(tmp_path)


def test_a_systemd_credential_goes_before_the_file(tmp_path, monkeypatch):
    file = key_file_with(tmp_path, bytes(KEY_BYTES))
    credential = credential_with(tmp_path, monkeypatch, KEY)
    # systemd grants access by an ACL, which shows as a group's permission.
    credential.chmod(0o440)
    assert key_is_there(tmp_path / "no such file")
    assert opens_alike(SEAL, load_seal(file))


def test_a_credential_of_the_wrong_length_is_refused_and_the_file_not_taken(tmp_path, monkeypatch):
    file = key_file_with(tmp_path)
    credential = credential_with(tmp_path, monkeypatch, b"short")
    with pytest.raises(SealError, match=f"{credential} is not a gallery key"):
        load_seal(file)


def test_a_credential_folder_that_cannot_be_entered_is_said_and_passed_over(tmp_path, monkeypatch, caplog):
    credential = credential_with(tmp_path, monkeypatch, bytes(KEY_BYTES))
    is_file = Path.is_file

    def forbidden(path):
        if path == credential:
            raise PermissionError(13, "Permission denied")
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", forbidden)  # permissions mean nothing to root, who runs some tests
    assert opens_alike(SEAL, load_seal(key_file_with(tmp_path)))
    assert "cannot be entered" in caplog.text


def test_without_that_credential_the_file_is_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    file = tmp_path / "folder" / "other.key"
    make_key(file)
    assert opens_alike(load_seal(file), load_seal(file))


def test_a_new_key_is_random_and_for_its_owner_only(tmp_path):
    a, b = tmp_path / "new" / "folder" / "a.key", tmp_path / "b.key"
    make_key(a)
    make_key(b)
    assert a.read_bytes() != b.read_bytes()
    assert len(a.read_bytes()) == KEY_BYTES
    assert stat.S_IMODE(a.stat().st_mode) == 0o600
    assert stat.S_IMODE(a.parent.stat().st_mode) == 0o700


def test_a_key_is_never_overwritten(tmp_path):
    file = key_file_with(tmp_path)
    with pytest.raises(SealError, match="already; it is not overwritten"):
        make_key(file)
    assert file.read_bytes() == KEY


def test_a_key_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SealError, match="cannot write the gallery key"):
        make_key(tmp_path / "file" / "gallery.key")


def test_a_key_whose_place_cannot_be_entered_is_not_taken_for_missing(tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir()
    make_key(locked / "gallery.key")
    locked.chmod(0)
    told = subprocess.run(
        [sys.executable, "-c", LOOK_FOR_KEY, str(locked / "gallery.key")], capture_output=True, text=True, check=True
    )
    assert "cannot look for the gallery key" in told.stdout
    assert "Permission denied" in told.stdout
