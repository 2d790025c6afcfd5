"""The preview page, asked by real clients: who gets in, who does not, and what is left of those who dawdle."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import threading
import urllib.request
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from urllib.error import HTTPError

import pytest
from cryptography import x509

from faceplate.camera.clock import monotonic
from faceplate.enrolling import page_server
from faceplate.enrolling.certificate import self_signed
from faceplate.enrolling.gate import Gate, is_near
from faceplate.enrolling.page_server import LARGEST_REQUEST, MOST_CONNECTIONS, Board, PageServer
from faceplate.types import Seconds
from waiting import until

HOME = "127.0.0.1"
PATHS = ["/", "/page.css", "/page.js", "/state", "/picture", "/picture?7"]
STATE = {"name": "Ada Ünsal", "frame": 7}
JPEG = b"\xff\xd8 a picture"


class Page:
    """A page that is served, and how to call it."""

    def __init__(self, server):
        self.server = server
        self.gate = server.gate
        self.link = f"/{server.gate.token}"

    def get(self, path, cookie=None, host=None, method="GET"):
        """Status, headers and content."""
        scheme = "https" if self.server._tls else "http"
        headers = {"Host": host or f"{HOME}:{self.server.port}"} | ({"Cookie": cookie} if cookie else {})
        address = f"{scheme}://{HOME}:{self.server.port}{path}"
        request = urllib.request.Request(address, headers=headers, method=method)  # noqa: S310 - our own
        context = ssl._create_unverified_context() if self.server._tls else None  # noqa: S323 - as somebody who goes on
        try:
            with urllib.request.urlopen(request, timeout=10, context=context) as answer:  # noqa: S310
                return answer.status, answer.headers, answer.read()
        except HTTPError as error:
            with error:
                return error.code, error.headers, error.read()

    def enter(self):
        """Open the link; the cookie that is to be shown from then on."""
        status, headers, _ = self.get(self.link)
        assert status == 200
        return headers["Set-Cookie"].partition(";")[0]


@contextmanager
def served(tls=None, clock=monotonic):
    board = Board()
    board.show(STATE, JPEG)
    with closing(PageServer((HOME, 0), Gate({HOME, "localhost"}, secure=tls is not None), board, clock, tls)) as server:
        yield Page(server)


@pytest.fixture
def page():
    with served() as page:
        yield page


def test_the_first_browser_that_opens_the_link_is_let_in(page):
    cookie = page.enter()
    for path in PATHS:
        status, headers, content = page.get(path, cookie)
        assert (status, bool(content)) == (200, True), path
        assert headers["Cache-Control"] == "no-store"
    assert json.loads(page.get("/state", cookie)[2]) == STATE
    assert page.get("/picture?8", cookie)[2] == JPEG


def test_the_link_is_void_afterwards(page):
    cookie = page.enter()
    status, headers, content = page.get(page.link)
    assert (status, content, headers["Set-Cookie"]) == (403, b"", None)
    assert page.get("/", cookie)[0] == 200, "whoever came first stays"


def test_of_many_who_open_the_link_at_once_one_is_let_in(page):
    got = []
    threads = [threading.Thread(target=lambda: got.append(page.get(page.link)[0])) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [200, 403, 403, 403, 403, 403]


@pytest.mark.parametrize("path", [*PATHS, "/nothing", "/" + "x" * 22, "/../etc/passwd"])
@pytest.mark.parametrize("cookie", [None, "faceplate=", "faceplate=" + "x" * 43, "other=1", "\xff\xfe=;;;"])
def test_without_the_cookie_there_is_nothing(page, path, cookie):
    assert page.get(path, cookie)[::2] == (403, b"")


def test_the_token_is_no_cookie(page):
    page.enter()
    assert page.get("/", f"faceplate={page.gate.token}")[0] == 403


@pytest.mark.parametrize("path", ["/nothing", "/index.html", "/page.css?1", "/../page_server.py", "/state/", "/?a"])
def test_no_other_path_answers(page, path):
    assert page.get(path, page.enter())[::2] == (404, b"")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", f"{HOME}.evil.example", "192.168.1.1", "localhost.", ""]
)
def test_a_page_that_is_called_by_another_name_is_not_there(page, host):
    """DNS rebinding: a name of the attacker's own that suddenly means this machine."""
    assert page.get(page.link, host=host or " ")[0] == 403
    assert page.get("/state", page.enter(), host=host or " ")[0] == 403


@pytest.mark.parametrize("host", [HOME, "localhost", "localhost:9000", f"{HOME}:9000"])
def test_through_a_tunnel_the_port_may_be_another(page, host):
    assert page.get(page.link, host=host)[0] == 200


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "DELETE", "OPTIONS", "NONSENSE"])
def test_nothing_but_looking_is_possible(page, method):
    assert page.get("/", page.enter(), method=method)[0] == 501


def test_it_loads_nothing_from_elsewhere_and_says_so(page):
    cookie = page.enter()
    _, headers, html = page.get("/", cookie)
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert set(policy.values()) == {"'none'", "'self'"}
    everything = html + page.get("/page.css", cookie)[2] + page.get("/page.js", cookie)[2]
    assert not re.search(rb"https?:|//[a-z]|<style|style=|onload|javascript:|innerHTML|eval", everything)
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Server"] == "faceplate"


def test_the_page_can_be_heard_and_read_on_a_phone(page):
    html = page.get("/", page.enter())[2].decode()
    assert html.count('aria-live="polite"') == 2
    assert 'name="viewport"' in html
    assert 'alt="' in html
    assert '<html lang="en">' in html


def test_a_cookie_by_tls_is_of_this_host_alone_and_secure():
    tls = self_signed(HOME, datetime.now(UTC))
    with served(tls) as page:
        _, headers, _ = page.get(page.link)
        name, *flags = headers["Set-Cookie"].split("; ")
        assert name.startswith("__Host-")
        assert {"HttpOnly", "Secure", "SameSite=Strict", "Path=/"} == set(flags)
        assert page.get("/state", name)[0] == 200
        assert page.get("/state")[0] == 403


def test_without_tls_the_cookie_is_not_for_scripts_either(page):
    flags = page.get(page.link)[1]["Set-Cookie"].split("; ")[1:]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} == set(flags)


def test_the_certificate_is_for_this_address_and_this_day_and_its_fingerprint_is_told():
    now = datetime.now(UTC)
    tls = self_signed(HOME, now)
    with served(tls) as page:
        pem = ssl.get_server_certificate((HOME, page.server.port))
    certificate = x509.load_pem_x509_certificate(pem.encode())
    assert certificate.fingerprint(certificate.signature_hash_algorithm).hex(":").upper() == tls.fingerprint
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == [HOME]
    assert (certificate.not_valid_after_utc - now).days <= 1


def test_whoever_trusts_that_certificate_needs_no_exception():
    tls = self_signed(HOME, datetime.now(UTC))
    with served(tls) as page:
        context = ssl.create_default_context(cadata=ssl.get_server_certificate((HOME, page.server.port)))
        connection = http.client.HTTPSConnection(HOME, page.server.port, context=context, timeout=10)
        with closing(connection):
            connection.request("GET", page.link)
            assert connection.getresponse().status == 200


def test_plain_http_to_a_tls_port_gets_nothing_and_harms_nobody():
    tls = self_signed(HOME, datetime.now(UTC))
    with served(tls) as page:
        with socket.create_connection((HOME, page.server.port), 10) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            with suppress(ConnectionResetError):
                assert b"html" not in connection.recv(1000)
        assert page.get(page.link)[0] == 200


@pytest.mark.parametrize(
    "request_", [b"GET /" + b"x" * LARGEST_REQUEST, b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * LARGEST_REQUEST]
)
def test_a_request_that_is_too_large_is_cut_off(page, request_):
    with socket.create_connection((HOME, page.server.port), 10) as connection:
        with suppress(OSError):
            connection.sendall(request_ + b"\r\n\r\n")
        with suppress(ConnectionResetError):
            assert connection.recv(1000).partition(b"\r\n")[0] in {b"", b"HTTP/1.0 431 Request Header Fields Too Large"}
    assert page.get(page.link)[0] == 200


def test_whoever_dawdles_is_cut_off_whatever_they_dribble():
    now = [0.0]
    with served(clock=lambda: Seconds(now[0])) as page:
        with socket.create_connection((HOME, page.server.port), 10) as connection:
            connection.sendall(b"GET / HT")
            until(lambda: page.server._open)
            now[0] = page_server.LONGEST_CONNECTION + 1.0
            assert connection.recv(10) == b""
        until(lambda: not page.server._open)
        assert page.get(page.link)[0] == 200


def test_only_so_many_connections_are_held(page):
    held = [socket.create_connection((HOME, page.server.port), 10) for _ in range(MOST_CONNECTIONS)]
    try:
        until(lambda: len(page.server._open) == MOST_CONNECTIONS)
        with socket.create_connection((HOME, page.server.port), 10) as another, suppress(ConnectionResetError):
            another.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert another.recv(10) == b""
    finally:
        for connection in held:
            connection.close()
    until(lambda: not page.server._open)
    assert page.get(page.link)[0] == 200


def test_when_it_is_over_nobody_listens():
    with served() as page:
        port = page.server.port
        dawdler = socket.create_connection((HOME, port), 10)
    with closing(dawdler), suppress(ConnectionResetError):
        assert dawdler.recv(10) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOME, port), 1)
    assert not [thread for thread in threading.enumerate() if thread.name == "page"]


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("127.0.0.1", True),
        ("10.1.2.3", True),
        ("172.16.0.1", True),
        ("172.31.255.255", True),
        ("192.168.178.20", True),
        ("169.254.1.1", True),
        ("172.32.0.1", False),
        ("192.169.0.1", False),
        ("8.8.8.8", False),
        ("100.64.0.1", False),
        ("198.51.100.7", False),
        ("2001:db8::1", False),
        ("nonsense", False),
    ],
)
def test_only_neighbours_are_listened_to(page, address, near):
    assert is_near(address) is near
    assert page.server.verify_request(None, (address, 1)) is near


def test_each_link_is_another_and_cannot_be_guessed():
    tokens = {Gate({HOME}, secure=False).token for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) == 22 for token in tokens), "128 bits in base64"
