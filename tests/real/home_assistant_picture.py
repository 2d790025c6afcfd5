"""A picture of the dashboard in Home Assistant's own pages, by Chromium."""

from __future__ import annotations

import base64
import io
import json
import threading
import urllib.request
from pathlib import Path
from typing import Any

from home_assistant_house import House
from PIL import Image

from broker import Program, free_port
from mqtt_house import BELL_LINE

WIDTH, HEIGHT = 1400, 900
LARGEST = 150_000
"""Bytes"""

_COLOURS = 128

_PATIENCE = 120
"""Seconds"""

_FRAME = "return !!document.querySelector('home-assistant')?.shadowRoot?.querySelector('home-assistant-main')"


def take_picture(house: House, file: Path) -> None:
    """Have somebody come in, and take the picture while they stand there."""
    house.transcript.chapter("The dashboard, in Home Assistant's own pages")
    house.home("owner")
    house.door.board.set_level(BELL_LINE, 0)
    house.scene.man()
    house.home.wait_for("binary_sensor.front_door_presence", "on")
    house.home.wait_for("lock.front_door", "unlocked")
    house.home.wait_for("lock.front_door", "locked")
    png = _picture_of(f"http://127.0.0.1:{house.home.port}/door-page/door")
    house.scene.nobody()
    house.door.board.set_level(BELL_LINE, 1)
    _write_small(png, file)
    size = file.stat().st_size
    house.transcript.check(f"{file.name}: {size} bytes", size < LARGEST)


def _picture_of(address: str) -> bytes:
    port = free_port()
    with Program(["chromedriver", f"--port={port}"]) as driver:
        driver.wait_for("started successfully")
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--window-size={WIDTH},{HEIGHT}"]
        options = {"goog:chromeOptions": {"args": arguments}, "goog:loggingPrefs": {"browser": "ALL"}}
        wanted = {"capabilities": {"alwaysMatch": options}}
        session = f"http://127.0.0.1:{port}/session/" + _ask(f"http://127.0.0.1:{port}/session", wanted)["sessionId"]
        try:
            _ask(f"{session}/url", {"url": address})
            _wait_until_drawn(session)
            picture: str = _ask(f"{session}/screenshot")
        finally:  # else Chromium outlives its driver
            urllib.request.urlopen(urllib.request.Request(session, method="DELETE"), timeout=60).close()
    return base64.b64decode(picture)


def _wait_until_drawn(session: str) -> None:
    """The pages are there when their frame is; its cards come a little later."""
    pause = threading.Event()
    for _ in range(_PATIENCE):
        pause.wait(1.0)
        if _ask(f"{session}/execute/sync", {"script": _FRAME, "args": []}):
            pause.wait(15.0)
            return
    raise AssertionError(f"Home Assistant shows nothing: {_ask(f'{session}/se/log', {'type': 'browser'})}")


def _ask(address: str, tree: Any = None) -> Any:
    data = None if tree is None else json.dumps(tree).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"})  # noqa: S310 - our own
    with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
        return json.load(answer)["value"]


def _write_small(png: bytes, file: Path) -> None:
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.quantize(_COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
