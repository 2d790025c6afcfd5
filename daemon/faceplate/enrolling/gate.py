"""Who may see the page: whoever opened its one-time link first, and nobody else. Pure but for its secrets."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import threading
from collections.abc import Collection
from http.cookies import CookieError, SimpleCookie
from typing import Final

_TOKEN_BYTES: Final = 16
_COOKIE_BYTES: Final = 32

_NEAR: Final = tuple(
    map(
        ipaddress.ip_network,
        ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
    )
)
"""This machine, RFC 1918, and link-local addresses (RFC 3927)"""


class Gate:
    """Lets one browser in. Asked from several threads."""

    def __init__(self, hosts: Collection[str], *, secure: bool) -> None:
        """Make a new link.

        Args:
            hosts: under which the page is called; a `Host` of another name is a trick (DNS rebinding).
            secure: whether it is called by TLS.
        """
        self.token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._hosts = hosts
        self._secure = secure
        self._secret = secrets.token_urlsafe(_COOKIE_BYTES)
        # Browsers let nobody else set a cookie that is called __Host-, and take one by TLS only (RFC 6265bis, 4.1.3.2).
        self._name = "__Host-faceplate" if secure else "faceplate"
        self._one_at_a_time = threading.Lock()
        self._used = False

    def is_here(self, host: str | None) -> bool:
        """Whether a request was meant for this page; its port may be that of a tunnel."""
        return (host or "").rpartition(":")[0] in self._hosts or host in self._hosts

    def claim(self, path: str) -> str | None:
        """The `Set-Cookie` for whoever opens the link first; None for everybody else."""
        with self._one_at_a_time:
            if not _same(path, f"/{self.token}") or self._used:
                return None
            self._used = True
        return f"{self._name}={self._secret}; Path=/; HttpOnly; SameSite=Strict" + ("; Secure" if self._secure else "")

    def is_admitted(self, cookies: str | None) -> bool:
        """Whether a request comes from the browser that was let in."""
        try:
            cookie = SimpleCookie(cookies or "").get(self._name)
        except CookieError:
            return False
        return cookie is not None and _same(cookie.value, self._secret)


def is_near(address: str) -> bool:
    """Whether an IP address is this machine's, or of a local network."""
    try:
        return any(ipaddress.ip_address(address) in network for network in _NEAR)
    except ValueError:
        return False


def _same(a: str, b: str) -> bool:
    """In constant time."""
    return hmac.compare_digest(a.encode("utf-8", "surrogateescape"), b.encode())
