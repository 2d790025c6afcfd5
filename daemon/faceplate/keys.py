"""The device's keys: a systemd credential, or else a file that only its owner can read."""

from __future__ import annotations

import logging
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from faceplate.errors import SealError
from faceplate.files import write_atomically

KEY_BYTES = 32

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where one key is looked for, and what is said when it is not there."""

    file: Path

    owner: str
    """What the key is for, in one word: "gallery". The systemd credential `<owner>.key` goes before the file"""

    setting: str
    """The key of the configuration that names the file"""

    when_missing: str
    """What to do when there is no key: whole sentences"""

    @property
    def name(self) -> str:
        """What messages call the key."""
        return f"{self.owner} key"

    @property
    def credential_name(self) -> str:
        """Name of the systemd credential."""
        return f"{self.owner}.key"


def load_key(place: KeyPlace) -> bytes:
    """The key: 32 bytes.

    Raises:
        SealError: there is no key, or others could read it.
    """
    credential = _credential(place)
    source = credential or place.file
    try:
        mode = stat.S_IMODE(source.stat().st_mode)
        key = source.read_bytes()
    except FileNotFoundError:
        raise SealError(f"there is no {place.name} at {place.file}. {place.when_missing}") from None
    except OSError as error:
        raise SealError(f"cannot read the {place.name} {source}: {error.strerror}") from error
    if mode & 0o077 and not credential:  # systemd guards its credentials itself
        raise SealError(f"the {place.name} {source} can be read by others (mode {mode:04o}). Run: chmod 600 {source}")
    if len(key) != KEY_BYTES:
        raise SealError(
            f"{source} is not a {place.name}: expected {KEY_BYTES} bytes, found {len(key)}. Put back the copy you keep."
        )
    return key


def key_is_there(place: KeyPlace) -> bool:
    """Whether `load_key` would find a key.

    Raises:
        SealError: nobody can tell; making a new one could destroy it.
    """
    try:
        return _credential(place) is not None or place.file.exists()
    except OSError as error:
        raise SealError(f"cannot look for the {place.name} {place.file}: {error.strerror}") from error


def make_key(place: KeyPlace) -> None:
    """Make a new key, readable by its owner only.

    Raises:
        SealError: it cannot be written, or there is one already.
    """
    if key_is_there(place):
        raise SealError(f"there is a {place.name} at {place.file} already; it is not overwritten")
    try:
        place.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(place.file, secrets.token_bytes(KEY_BYTES))
    except OSError as error:
        raise SealError(f"cannot write the {place.name} {place.file}: {error.strerror}") from error


def derive(key: bytes, purpose: bytes) -> bytes:
    """A key of 32 bytes for one purpose: HKDF-SHA256 (RFC 5869)."""
    # Here, for the bridge reads keys' places and the journal, derives nothing, and is to be small.
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(key)


def credential_file(name: str, instead: str) -> Path | None:
    """The systemd credential of that name, if this service was given it.

    Args:
        name: of the credential.
        instead: the key of the configuration that names the file that is read where there is no credential.
    """
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        return None
    credential = Path(folder) / name
    try:
        return credential if credential.is_file() else None
    except PermissionError:
        # Where the kernel has no access lists for it, systemd leaves the folder to root, credential or not. Were there
        # one, the key file's key would not fit: nothing is opened that should not be.
        _log.warning("%s cannot be entered by this user; looking for the key in %s alone", folder, instead)
        return None


def _credential(place: KeyPlace) -> Path | None:
    return credential_file(place.credential_name, place.setting)
