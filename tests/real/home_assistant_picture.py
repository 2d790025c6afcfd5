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

WIDTH, HEIGHT = 1400, 1150
LARGEST = 150_000
"""Bytes"""

_COLOURS = 128


def take_picture(house: House, file: Path) -> None:
    """Have somebody come in, and take the picture while they stand there."""
    house.transcript.chapter("The dashboard, in Home Assistant's own pages")
    house.home("owner")
    house.scene.man()
    house.home.wait_for("binary_sensor.front_door_presence", "on")
    house.home.wait_for("lock.front_door", "unlocked")
    house.home.wait_for("lock.front_door", "locked")
    png = _picture_of(f"http://127.0.0.1:{house.home.port}/door-page/door")
    house.scene.nobody()
    _write_small(png, file)
    size = file.stat().st_size
    house.transcript.check(f"{file.name}: {size} bytes", size < LARGEST)


def _picture_of(address: str) -> bytes:
    port = free_port()
    with Program(["chromedriver", f"--port={port}"]) as driver:
        driver.wait_for("started successfully")
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--window-size={WIDTH},{HEIGHT}"]
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": arguments}}}}
        session = f"http://127.0.0.1:{port}/session/" + _ask(f"http://127.0.0.1:{port}/session", wanted)["sessionId"]
        _ask(f"{session}/url", {"url": address})
        threading.Event().wait(25.0)  # until all of it is drawn
        assert _ask(f"{session}/url").startswith(address), "Home Assistant shows another page"
        picture: str = _ask(f"{session}/screenshot")
        urllib.request.urlopen(urllib.request.Request(session, method="DELETE"), timeout=60).close()
    return base64.b64decode(picture)


def _ask(address: str, tree: Any = None) -> Any:
    data = None if tree is None else json.dumps(tree).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"})  # noqa: S310 - our own
    with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
        return json.load(answer)["value"]


def _write_small(png: bytes, file: Path) -> None:
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.quantize(_COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
