"""Chromium without a screen, driven by WebDriver (W3C)."""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from broker import Program, free_port


class Browser:
    """One window."""

    def __init__(self, session: str) -> None:
        self._session = session

    def open(self, address: str) -> None:
        _ask(f"{self._session}/url", {"url": address})

    def run(self, script: str) -> Any:
        """What a script returns, run in the page."""
        return _ask(f"{self._session}/execute/sync", {"script": script, "args": []})

    def screenshot(self) -> bytes:
        """A PNG of what the window shows."""
        picture: str = _ask(f"{self._session}/screenshot")
        return base64.b64decode(picture)

    def log(self) -> Any:
        """What the pages said on their console."""
        return _ask(f"{self._session}/se/log", {"type": "browser"})


@contextmanager
def chromium(width: int, height: int, *options: str) -> Iterator[Browser]:
    """A browser of that size in pixels, as long as the block lasts."""
    port = free_port()
    with Program(["chromedriver", f"--port={port}"]) as driver:
        driver.wait_for("started successfully")
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--window-size={width},{height}", *options]
        wanted = {"goog:chromeOptions": {"args": arguments}, "goog:loggingPrefs": {"browser": "ALL"}}
        here = f"http://127.0.0.1:{port}/session"
        session = f"{here}/{_ask(here, {'capabilities': {'alwaysMatch': wanted}})['sessionId']}"
        try:
            yield Browser(session)
        finally:  # else Chromium outlives its driver
            end = urllib.request.Request(session, method="DELETE")  # noqa: S310 - our own
            urllib.request.urlopen(end, timeout=60).close()  # noqa: S310


def _ask(address: str, tree: Any = None) -> Any:
    data = None if tree is None else json.dumps(tree).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"})  # noqa: S310 - our own
    with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
        return json.load(answer)["value"]
