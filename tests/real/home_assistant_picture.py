"""A picture of the dashboard in Home Assistant's own pages, by Chromium."""

from __future__ import annotations

import io
import threading
from pathlib import Path

from chromium import Browser, chromium
from home_assistant_house import House
from PIL import Image

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
    with chromium(WIDTH, HEIGHT) as browser:
        browser.open(address)
        _wait_until_drawn(browser)
        return browser.screenshot()


def _wait_until_drawn(browser: Browser) -> None:
    """The pages are there when their frame is; its cards come a little later."""
    pause = threading.Event()
    for _ in range(_PATIENCE):
        pause.wait(1.0)
        if browser.run(_FRAME):
            pause.wait(15.0)
            return
    raise AssertionError(f"Home Assistant shows nothing: {browser.log()}")


def _write_small(png: bytes, file: Path) -> None:
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.quantize(_COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
