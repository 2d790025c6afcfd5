"""The kiosk's page: for this machine's browsers, by its own name; and nothing in it that the daemon does not say."""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
from contextlib import closing, suppress
from dataclasses import dataclass, field
from importlib.resources import files

import pytest

from faceplate.control.protocol import Done, Fault, Refused
from faceplate.errors import ControlError, NotRunningError
from faceplate.kiosk.asking import ASKED_EVERY, Asked
from faceplate.kiosk.page_server import LONGEST_CONNECTION, MOST_CONNECTIONS, Page, PageServer
from faceplate.screen import Kind, Words
from faceplate.types import Seconds
from waiting import until

WELCOME = Words(Kind.WELCOME, "Welcome, <Ada> & Ö")
OUT_OF_SERVICE = Words(Kind.OUT_OF_SERVICE, "Out of service")


@dataclass
class Time:
    now: float = 100.0

    def __call__(self):
        return Seconds(self.now)


@pytest.fixture
def clock():
    return Time()


@pytest.fixture
def server(clock):
    with PageServer(0, Page(lambda: WELCOME, "en"), clock) as server:
        thread = threading.Thread(target=server.serve)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def get(server, path="/", host=None, method="GET"):
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        connection.request(method, path, headers={"Host": host or f"127.0.0.1:{server.port}"})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


def raw(server, request):
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        connection.sendall(request)
        with suppress(ConnectionError):
            return b"".join(iter(lambda: connection.recv(4096), b""))
    return b""


def test_the_page_is_served_and_tells_the_words(server):
    status, headers, page = get(server)
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"Out of service" in page
    assert b"$" not in page
    status, headers, words = get(server, "/words")
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert json.loads(words) == {"kind": "welcome", "text": "Welcome, <Ada> & Ö"}


@pytest.mark.parametrize("path", ["/", "/page.css", "/page.js", "/words", "/nothing"])
def test_nothing_is_kept_framed_or_fetched_from_elsewhere(server, path):
    headers = get(server, path)[1]
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert set(re.findall(r"-src ([^;]+)", policy)) == {"'none'", "'self'"}
    assert "frame-ancestors 'none'" in policy
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Server"] == "faceplate"


@pytest.mark.parametrize("name", ["index.html", "page.css", "page.js"])
def test_the_page_names_no_other_place(name):
    text = files("faceplate.kiosk").joinpath("page", name).read_text("utf-8")
    assert re.findall(r"\w+://|[\"'(]//", text) == []
    assert "innerHTML" not in text


def test_the_page_is_spoken_and_still_for_whoever_needs_that():
    folder = files("faceplate.kiosk").joinpath("page")
    assert 'aria-live="assertive"' in folder.joinpath("index.html").read_text("utf-8")
    assert "prefers-reduced-motion" in folder.joinpath("page.css").read_text("utf-8")


@pytest.mark.parametrize("kind", Kind)
def test_the_page_knows_every_kind_by_a_sign_and_by_its_look(kind):
    folder = files("faceplate.kiosk").joinpath("page")
    assert f'{kind.value}: "' in folder.joinpath("page.js").read_text("utf-8")
    assert f'[data-kind="{kind.value}"]' in folder.joinpath("page.css").read_text("utf-8")


def luminance(colour):
    """WCAG 2.2, relative luminance."""
    digits = "".join(2 * digit for digit in colour) if len(colour) == 3 else colour
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_every_kind_is_drawn_with_a_contrast_of_7_to_1():
    """WCAG 2.2, 1.4.6 (AAA)."""
    css = files("faceplate.kiosk").joinpath("page", "page.css").read_text("utf-8")
    rules = re.findall(r"^[^{}\n]*\{([^}]*--(?:ground|ink)[^}]*)\}", css, re.MULTILINE)
    assert len(rules) > 6
    for rule in rules:
        ground, ink = (re.search(rf"--{name}: #(\w+)", rule) for name in ("ground", "ink"))
        light, dark = sorted(
            (luminance(ground[1] if ground else "000"), luminance(ink[1] if ink else "fff")), reverse=True
        )
        assert (light + 0.05) / (dark + 0.05) >= 7, rule


@pytest.mark.parametrize("host", ["door.example", "door.example:8321", "127.0.0.1", "127.0.0.1:1", "[::1]:80", "[::]"])
def test_another_sites_name_that_leads_here_is_refused(server, host):
    status, _, content = get(server, "/words", host)
    assert (status, content) == (403, b"")


def test_localhost_is_this_page_too(server):
    assert get(server, "/words", f"localhost:{server.port}")[0] == 200


@pytest.mark.parametrize("hosts", [b"", b"Host: 127.0.0.1:%d\r\nHost: 127.0.0.1:%d\r\n"])
def test_no_host_and_two_hosts_are_refused(server, hosts):
    hosts = hosts % ((server.port,) * hosts.count(b"%d"))
    answer = raw(server, b"GET /words HTTP/1.1\r\n" + hosts + b"\r\n")
    assert answer.startswith(b"HTTP/1.0 403 ")
    assert b"Ada" not in answer


def test_a_request_of_before_there_were_hosts_is_told_nothing(server):
    assert b"Ada" not in raw(server, b"GET /words\r\n\r\n")


@pytest.mark.parametrize(
    "path", ["/words/", "/words?", "/index.html", "/../page.css", "/page.js%00", "http://127.0.0.1/words"]
)
def test_another_path_holds_nothing(server, path):
    status, _, content = get(server, path)
    assert (status, content) == (404, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT", "TRACE"])
def test_nothing_can_be_done_but_get(server, method):
    status, _, content = get(server, "/words", method=method)
    assert (status, content) == (501, b"")


def test_it_listens_on_the_loopback_interface_alone(server):
    assert server.server_address[0] == "127.0.0.1"
    with pytest.raises(OSError, match="in use"):
        PageServer(server.port, server.page, Time())


def test_more_connections_than_it_takes_are_hung_up_on_and_those_that_dribble_end(server, clock):
    slow = [socket.create_connection(("127.0.0.1", server.port), 10) for _ in range(MOST_CONNECTIONS)]
    try:
        until(lambda: len(server._open) == MOST_CONNECTIONS)
        assert raw(server, b"") == b""
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            get(server)
        slow[0].sendall(b"GET / HT")
        clock.now += LONGEST_CONNECTION + 0.1
        until(lambda: len(server._open) == 0)
        assert get(server)[0] == 200
    finally:
        for connection in slow:
            connection.close()


def test_it_tells_again_and_again_that_it_serves(clock):
    told = threading.Event()
    with PageServer(0, Page(lambda: WELCOME, "en"), clock) as server:
        thread = threading.Thread(target=server.serve, args=(told.set,))
        thread.start()
        assert told.wait(10)
        told.clear()
        assert told.wait(10)
        server.shutdown()
        thread.join()


@dataclass
class Daemon:
    """Answers what the test says, and counts how often."""

    answer: object = None
    asked: list[object] = field(default_factory=list)

    def ask(self, command, arguments, patience):
        self.asked.append((command, arguments))
        assert patience <= 1.0
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_it_asks_for_the_words_and_for_nothing_else(clock):
    daemon = Daemon(Done({"kind": "welcome", "text": "Welcome"}))
    asked = Asked(daemon, "en", clock)
    assert asked.words() == Words(Kind.WELCOME, "Welcome")
    assert daemon.asked == [("screen", {})]


def test_however_many_pages_ask_the_daemon_is_left_in_peace(clock):
    daemon = Daemon(Done({"kind": "idle", "text": ""}))
    asked = Asked(daemon, "en", clock)
    for _ in range(100):
        asked.words()
    assert len(daemon.asked) == 1
    clock.now += ASKED_EVERY
    asked.words()
    assert len(daemon.asked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        NotRunningError("nobody listens"),
        ControlError("it does not answer"),
        Refused(Fault.FORBIDDEN, "nobody may"),
        Done({}),
        Done({"kind": "party", "text": "Come in"}),
        Done({"kind": "welcome", "text": 5}),
        Done({"kind": "welcome"}),
    ],
    ids=str,
)
def test_whatever_is_wrong_is_shown_as_out_of_service_at_once_and_said_once(clock, caplog, answer):
    daemon = Daemon(Done({"kind": "welcome", "text": "Welcome"}))
    asked = Asked(daemon, "en", clock)
    asked.words()
    daemon.answer = answer
    for _ in range(3):
        clock.now += ASKED_EVERY
        assert asked.words() == OUT_OF_SERVICE
    assert len(caplog.records) == 1
    daemon.answer = Done({"kind": "idle", "text": ""})
    clock.now += ASKED_EVERY
    assert asked.words() == Words(Kind.IDLE, "")


def test_it_says_so_in_the_owners_language(clock):
    assert Asked(Daemon(ControlError("no")), "fr", clock).words().text == "Hors service"
    assert b"Hors service" in Page(lambda: WELCOME, "fr").content("/")[0]
