"""The kiosk's page in a real browser, before the real daemon and a film as camera; writes docs/kiosk.png. By hand:

    PYTHONPATH=daemon:tests:tests/real python tests/real/kiosk.py

Needs chromium, chromium-driver and espeak-ng (a name is shown only where the door says it aloud).
"""

from __future__ import annotations

import argparse
import io
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final
from urllib.error import HTTPError

from chromium import Browser, chromium
from PIL import Image

from broker import Program, free_port
from mjpeg_server import MjpegServer
from mqtt_house import CONTACT_LINE, MqttHouse, Scene
from waiting import until

WIDTH, HEIGHT = 1024, 600
"""Of the usual 7-inch display"""

LARGEST: Final = 60_000
"""Bytes of the picture"""

_PATIENCE: Final = 60.0
"""Seconds"""

_OPTIONS = ("--kiosk", f"--screen-info={{{WIDTH}x{HEIGHT}}}", "--force-prefers-reduced-motion")
"""Without motion a picture never shows half of a change"""

_SHOWN = "return [document.documentElement.dataset.kind, document.getElementById('words').textContent]"
_FITS = "const p = document.documentElement; return p.scrollWidth <= innerWidth && p.scrollHeight <= innerHeight"
_ELSEWHERE = "return performance.getEntriesByType('resource').filter(r => !r.name.startsWith(location.origin)).length"


class Watched:
    """The page, and a picture of each thing it showed."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self._browser = browser
        self._folder = folder

    def wait_for(self, kind: str, text: str) -> float:
        """Wait until this is shown; seconds it took."""
        began = time.monotonic()
        until(lambda: self._browser.run(_SHOWN) == [kind, text], _PATIENCE, every=0.02)
        took = time.monotonic() - began
        assert self._browser.run(_FITS)
        png = self._browser.screenshot()
        (self._folder / f"{kind}.png").write_bytes(png)
        sys.stdout.write(f"{took:6.2f} s  {kind}: {text}\n")
        return took


def played(house: MqttHouse, scene: Scene, browser: Browser, folder: Path) -> None:
    """All that a screen shows, one after the other."""
    page = Watched(browser, folder)
    with Program(house.command("kiosk"), house.environment) as kiosk:
        until(lambda: opened(browser, house.config.kiosk.port), _PATIENCE, every=0.2)
        page.wait_for("out_of_service", "Out of service")
        with house.daemon() as daemon:
            page.wait_for("idle", "")
            scene.woman_moves()
            page.wait_for("prompt", "Look at the camera")
            page.wait_for("refused", "Access denied")
            scene.nobody()
            page.wait_for("idle", "")
            house.board.set_level(CONTACT_LINE, 1)
            page.wait_for("alarm", "Alarm")
            house.board.set_level(CONTACT_LINE, 0)
            page.wait_for("idle", "")
            scene.man()
            page.wait_for("welcome", "Welcome, Daniel")
            daemon.end(signal.SIGKILL)
            assert page.wait_for("out_of_service", "Out of service") < 3.0
        with house.daemon():
            scene.nobody()
            page.wait_for("idle", "")
            assert browser.run(_ELSEWHERE) == 0
            assert not [line for line in browser.log() if "favicon" not in line["message"]], browser.log()
            # The page itself notices that nobody serves it.
            kiosk.end(signal.SIGKILL)
            assert page.wait_for("out_of_service", "Out of service") < 4.0


def opened(browser: Browser, port: int) -> bool:
    """Whether the page is there; before the kiosk listens the browser shows an error of its own."""
    try:
        browser.open(f"http://127.0.0.1:{port}/")
    except HTTPError:
        return False
    return browser.run("return document.title") == "Faceplate"


def main() -> None:
    """Play it, and keep one picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--picture", type=Path, default=Path("docs/kiosk.png"))
    parser.add_argument("--all", type=Path, help="a folder for a picture of everything")
    parser.add_argument("--runtime", default="litert")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faceplate-kiosk-")))
        pictures = arguments.all or folder / "pictures"
        pictures.mkdir(parents=True, exist_ok=True)
        (folder / "house").mkdir()
        scene = Scene()
        camera = stack.enter_context(MjpegServer(picture=scene))
        house = MqttHouse(folder / "house", 1883, camera.address, arguments.runtime)
        house.tree |= {"kiosk": {"port": free_port()}, "speech": {"greeting": True}}
        house.write()
        house.enrol()
        with chromium(WIDTH, HEIGHT, *_OPTIONS) as browser:
            played(house, scene, browser, pictures)
        picture = Image.open(io.BytesIO((pictures / "welcome.png").read_bytes())).convert("RGB")
        picture.quantize(32, dither=Image.Dither.NONE).save(arguments.picture, optimize=True)
    size = arguments.picture.stat().st_size
    sys.stdout.write(f"{arguments.picture}: {size} bytes\n")
    assert size < LARGEST


if __name__ == "__main__":
    main()
