"""Keys on disk and from systemd: what the gallery's tests of its seal do not show."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from faceplate.errors import SealError
from faceplate.keys import KEY_BYTES, KeyPlace, derive, key_is_there, load_key, make_key

KEY = bytes(range(KEY_BYTES))


@pytest.fixture
def place(tmp_path):
    return KeyPlace(tmp_path / "state" / "diary.key", "diary", "diary.key_file", "Look under the mat.")


def credential(tmp_path, monkeypatch, name, content=KEY):
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / name).write_bytes(content)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    return folder / name


def test_a_made_key_is_the_one_that_is_loaded(place):
    assert not key_is_there(place)
    make_key(place)
    assert key_is_there(place)
    assert load_key(place) == place.file.read_bytes()
    assert len(load_key(place)) == KEY_BYTES == 32
    assert stat.S_IMODE(place.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.file.parent.stat().st_mode) == 0o700


def test_a_credential_goes_before_the_file(place, tmp_path, monkeypatch):
    make_key(place)
    credential(tmp_path, monkeypatch, "diary.key").chmod(0o440)
    assert load_key(place) == KEY


def test_another_keys_credential_is_not_taken(place, tmp_path, monkeypatch):
    credential(tmp_path, monkeypatch, "gallery.key")
    assert not key_is_there(place)
    make_key(place)
    assert load_key(place) != KEY


def test_with_a_credential_no_file_is_made(place, tmp_path, monkeypatch):
    credential(tmp_path, monkeypatch, "diary.key")
    with pytest.raises(SealError, match="already; it is not overwritten"):
        make_key(place)
    assert not place.file.exists()


def test_every_message_names_the_key_and_what_to_do(place):
    with pytest.raises(SealError, match=rf"^there is no diary key at {place.file}\. Look under the mat\.$"):
        load_key(place)
    place.file.parent.mkdir()
    place.file.write_bytes(KEY[:-1])
    place.file.chmod(0o640)
    with pytest.raises(SealError, match=rf"^the diary key {place.file} can be read by others \(mode 0640\)\. Run: chm"):
        load_key(place)
    place.file.chmod(0o600)
    with pytest.raises(SealError, match=rf"^{place.file} is not a diary key: expected 32 bytes, found 31\. Put back"):
        load_key(place)
    with pytest.raises(SealError, match=rf"^there is a diary key at {place.file} already"):
        make_key(place)


def test_what_cannot_be_read_or_written_is_said(tmp_path):
    folder = KeyPlace(tmp_path, "diary", "diary.key_file", "")
    with pytest.raises(SealError, match=r"cannot read the diary key .*Is a directory"):
        load_key(folder)
    (tmp_path / "file").touch()
    under_a_file = KeyPlace(tmp_path / "file" / "diary.key", "diary", "diary.key_file", "")
    with pytest.raises(SealError, match=r"cannot (write|look for) the diary key"):
        make_key(under_a_file)


def test_a_credential_folder_that_cannot_be_entered_is_named_with_the_setting(place, tmp_path, monkeypatch, caplog):
    entered = credential(tmp_path, monkeypatch, "diary.key")
    is_file = Path.is_file

    def forbidden(path):
        if path == entered:
            raise PermissionError(13, "Permission denied")
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", forbidden)  # permissions mean nothing to root, who runs some tests
    make_key(place)
    assert load_key(place) != KEY
    assert "looking for the key in diary.key_file alone" in caplog.text


def test_keys_of_different_purposes_have_nothing_in_common():
    assert derive(KEY, b"one") == derive(KEY, b"one")
    assert len({derive(KEY, b"one"), derive(KEY, b"another"), derive(KEY[::-1], b"one"), KEY}) == 4
    assert len(derive(KEY, b"one")) == KEY_BYTES
    # RFC 5869, A.3: no salt, no info; the first 32 of its 42 bytes.
    expected = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
    assert derive(b"\x0b" * 22, b"").hex() == expected
