"""Who the broker is, and who we are to it."""

from __future__ import annotations

import ipaddress
import logging
import os
import ssl
import stat
from pathlib import Path

from faceplate.config import BridgeConfig, TlsConfig
from faceplate.errors import BridgeError
from faceplate.keys import credential_file

_log = logging.getLogger(__name__)

CREDENTIAL = "mqtt.password"
"""Name of the systemd credential with the password"""


def password_of(config: BridgeConfig) -> str | None:
    """The password, without the end of its line: the systemd credential's, or else that in `password_file`.

    Raises:
        BridgeError: the file is open to others, empty or unreadable, or there is no username to go with it.
    """
    credential = _credential()
    path = credential or config.password_file
    if path is None:
        return None
    name = f"the systemd credential {CREDENTIAL}" if credential else f"bridge.password_file {path}"
    if config.username is None:
        raise BridgeError(f"{name} is set and bridge.username is not: a broker expects both, or neither")
    try:
        with path.open(encoding="utf-8") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            password = file.read().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BridgeError(f"cannot read {name}: {_kind_of(error)}. It must be this user's, and UTF-8.") from None
    if mode & 0o077 and not credential:  # systemd guards its credentials itself
        raise BridgeError(f"{name} is open to others (mode {mode:04o}): run `chmod 600 {path}`")
    if not password:
        raise BridgeError(f"{name} is empty: write the broker's password into it, on one line")
    return password


def _credential() -> Path | None:
    return credential_file(CREDENTIAL, "bridge.password_file")


def _kind_of(error: OSError | UnicodeDecodeError) -> str:
    """What went wrong; a decoder's own words would quote the password."""
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else "it is not UTF-8"


def tls_of(config: TlsConfig) -> ssl.SSLContext | None:
    """What the broker must prove, and our own certificate; None for plain text.

    Raises:
        BridgeError: a certificate or key cannot be used.
    """
    if not config.enabled:
        return None
    try:
        context = ssl.create_default_context(cafile=config.ca_file)
        if config.certificate_file:
            # The empty password keeps OpenSSL from asking for one on the terminal.
            context.load_cert_chain(config.certificate_file, config.key_file, password="")
    except OSError as error:
        raise BridgeError(
            f"bridge.tls cannot be used: {error}. Expected PEM files this user can read, and a key without password."
        ) from error
    return context


def warn_of_plain_text(config: BridgeConfig) -> None:
    """Say what others on the network can read."""
    if config.tls.enabled:
        return
    if config.password_file or _credential():
        _log.warning("bridge.tls is off: the password goes to %s in plain text", config.host)
    if not _is_here(config.host):
        _log.warning("bridge.tls is off: all events go to %s in plain text, and anybody can pass for it", config.host)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
