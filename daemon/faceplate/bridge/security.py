"""Who the broker is, and who we are to it."""

from __future__ import annotations

import ipaddress
import logging
import os
import ssl
import stat

from faceplate.config import BridgeConfig, TlsConfig
from faceplate.errors import BridgeError

_log = logging.getLogger(__name__)


def password_of(config: BridgeConfig) -> str | None:
    """The password in `password_file`, without the end of its line.

    Raises:
        BridgeError: the file is open to others, empty or unreadable, or there is no username to go with it.
    """
    path = config.password_file
    if path is None:
        return None
    if config.username is None:
        raise BridgeError("bridge.password_file is set and bridge.username is not: a broker expects both, or neither")
    try:
        with path.open(encoding="utf-8") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            password = file.read().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BridgeError(f"cannot read bridge.password_file {path}: {error}. It must be this user's.") from error
    if mode & 0o077:
        raise BridgeError(f"bridge.password_file {path} is open to others (mode {mode:04o}): run `chmod 600 {path}`")
    if not password:
        raise BridgeError(f"bridge.password_file {path} is empty: write the broker's password into it, on one line")
    return password


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
    if config.password_file:
        _log.warning("bridge.tls is off: the password goes to %s in plain text", config.host)
    if not _is_here(config.host):
        _log.warning("bridge.tls is off: all events go to %s in plain text, and anybody can pass for it", config.host)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
