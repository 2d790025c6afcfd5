"""`faceplate enroll` as somebody at a terminal sees it, with the page on a phone: see enrolment.sh."""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import tempfile
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self
from urllib.error import HTTPError

import cv2
import numpy as np
from chromium import Browser, chromium
from transcript import Transcript

from faceplate.control.client import ask
from faceplate.control.protocol import Done
from faceplate.people.gallery import Gallery
from mjpeg_server import MjpegServer
from mqtt_house import FOOTAGE, MqttHouse
from turning import Turning
from waiting import until

WIDTH, HEIGHT = 480, 900
"""Of a phone"""

LARGEST: Final = 150_000
"""Bytes of the picture"""

PATIENCE: Final = 120.0
"""Seconds"""

_ASKED = "return document.getElementById('asked').textContent"
_PICTURE = "const p = document.getElementById('picture'); return p.complete && p.naturalWidth"


class Terminal:
    """A program in tmux."""

    def __init__(self, folder: Path, command: list[str], environment: dict[str, str]) -> None:
        self._tmux = ["tmux", "-S", str(folder / "tmux"), "-f", "/dev/null"]
        line = f"{shlex.join(command)}; echo ended with $?; cat"
        size = ["-x", "110", "-y", "44"]
        subprocess.run([*self._tmux, "new-session", "-d", *size, line], check=True, env=environment | {"TERM": "xterm"})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run([*self._tmux, "kill-server"], check=False)

    def shows(self) -> str:
        done = subprocess.run([*self._tmux, "capture-pane", "-p"], check=True, capture_output=True, text=True)
        return done.stdout.rstrip()

    def wait_for(self, words: str) -> str:
        try:
            until(lambda: words in self.shows(), within=PATIENCE, every=0.1)
        except AssertionError:
            raise AssertionError(f"never came: {words!r}\n{self.shows()}") from None
        return self.shows()

    def type(self, *keys: str) -> None:
        subprocess.run([*self._tmux, "send-keys", *keys], check=True)


def main() -> None:
    arguments = _arguments()
    transcript = Transcript(arguments.transcript)
    with tempfile.TemporaryDirectory() as folder, MjpegServer(picture=Turning(arguments.clip)) as camera:
        house = MqttHouse(Path(folder), 1883, camera.address, "litert")
        with house.daemon():
            until(lambda: _camera_of(house) == "online", within=60)
            _by_hand(house, transcript, arguments.picture)
            _on_the_network(house, transcript)
            _measured(house, transcript, arguments.times)
    transcript.end()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transcript", type=Path, required=True)
    parser.add_argument("--picture", type=Path, required=True)
    parser.add_argument("--clip", type=Path, default=FOOTAGE / "woman.mp4", help="one person, turning their head")
    parser.add_argument("--times", type=int, default=5, help="how often the time is taken")
    return parser.parse_args()


def _by_hand(house: MqttHouse, transcript: Transcript, picture: Path) -> None:
    transcript.chapter("In a terminal, with the page through a tunnel")
    with Terminal(house.folder, house.command("enroll", "Ada"), dict(house.environment)) as terminal:
        link = _link(terminal.wait_for("Does Ada agree?"))
        transcript.check("whoever has no cookie gets 403", _status(link.rpartition("/")[0] + "/state") == 403)
        with chromium(WIDTH, HEIGHT) as browser:
            browser.open(link)
            _wait(lambda: "recognise you by your face" in browser.run("return document.body.innerText"))
            transcript.came("the page shows the text of consent")
            transcript.check("the link is void for whoever comes second", _status(link) == 403)
            for answer in "ynn":
                terminal.type(answer, "Enter")
            _look(terminal, browser, transcript, picture)
            for step in ("up", "down"):
                terminal.wait_for(f"> {step}")
                terminal.type("s")
            shown = terminal.wait_for("Keep it?")
            terminal.type("y", "Enter")
            terminal.wait_for("ended with 0")
            _wait(lambda: "over" in browser.run(_ASKED))
            transcript.came("the page says that it is over")
            # There is no icon, and at the end nobody answers.
            errors = [e for e in browser.log() if not re.search(r"/(state|favicon.ico) - ", e["message"])]
            transcript.check("the browser complained of nothing", not errors, otherwise=errors)
    transcript.saw("the terminal at the end:")
    for line in shown.replace(link, link.rpartition("/")[0] + "/...").splitlines():
        transcript.saw(f"| {line}")
    people = Gallery(house.config.people.store, house.config.people.key_file).people()
    transcript.check(f"Ada is enrolled from {len(people[0].anchors)} pictures", [p.name for p in people] == ["Ada"])
    house.run("enroll", "--undo", "Ada")


def _look(terminal: Terminal, browser: Browser, transcript: Transcript, picture: Path) -> None:
    terminal.wait_for("> left")
    _wait(lambda: browser.run(_PICTURE) and "left" in browser.run(_ASKED).lower())
    transcript.came(f"the page says: {browser.run(_ASKED)}")
    mirrored = "return getComputedStyle(document.getElementById('picture')).transform"
    transcript.check("the picture is mirrored", browser.run(mirrored) == "matrix(-1, 0, 0, 1, 0, 0)")
    transcript.check("the token is not in the address bar", browser.run("return location.pathname") == "/")
    transcript.check("no script sees the cookie", browser.run("return document.cookie") == "")
    png = cv2.imdecode(np.frombuffer(browser.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    cv2.imwrite(str(picture), png, [cv2.IMWRITE_JPEG_QUALITY, 80])
    size = picture.stat().st_size
    transcript.check(f"{picture.name} is small enough", size < LARGEST, otherwise=f"{size} bytes")


def _on_the_network(house: MqttHouse, transcript: Transcript) -> None:
    transcript.chapter("By TLS in the local network")
    words = ("--page", "lan", "--consent-given", "--no-glasses", "--no-other-light")
    with Terminal(house.folder, house.command("enroll", "Ada", *words), dict(house.environment)) as terminal:
        shown = terminal.wait_for("fingerprint")
        link = _link(shown)
        transcript.check("the address is no loopback, and spoken to by TLS", re.match(r"https://(?!127\.)", link))
        with chromium(WIDTH, HEIGHT, "--ignore-certificate-errors") as browser:
            browser.open(link)
            _wait(lambda: browser.run(_PICTURE))
            transcript.came("the page shows what the camera sees")
        terminal.type("q")
        terminal.wait_for("ended with 7")
        transcript.check("stopped by q, nobody is enrolled", "nobody was enrolled" in terminal.shows())


def _measured(house: MqttHouse, transcript: Transcript, times: int) -> None:
    transcript.chapter("How long it takes: straight, left and right, which the film shows")
    words = ("--consent-given", "--yes", "--no-page", "--skip", "up", "--skip", "down")
    took = []
    for _ in range(times):
        said = house.run("enroll", "Ada", *words)
        took += [float(seconds) for seconds in re.findall(r"pictures taken in ([\d.]+) s", said)]
        house.run("enroll", "--undo", "Ada")
    transcript.saw(f"from the first frame to the stored person: {', '.join(f'{each:.1f} s' for each in sorted(took))}")
    transcript.check("each time somebody was enrolled", len(took) == times)


def _camera_of(house: MqttHouse) -> object:
    if not house.config.control.socket.exists():
        return None
    answer = ask(house.config.control.socket, "status", {})
    return answer.result["camera"] if isinstance(answer, Done) else None


def _link(shown: str) -> str:
    return re.findall(r"https?://\S+/\S+", shown)[0]


def _status(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - our own
            return int(answer.status)
    except HTTPError as error:
        return error.code


def _wait(holds: Callable[[], object]) -> None:
    until(holds, within=PATIENCE, every=0.2)


if __name__ == "__main__":
    main()
