"""The demo, as a stranger to the project runs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

pytestmark = [
    pytest.mark.mosquitto,
    pytest.mark.skipif(
        shutil.which("mosquitto", path="/usr/sbin:/usr/bin") is None or shutil.which("mosquitto_sub") is None,
        reason="mosquitto and mosquitto-clients are not installed",
    ),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def lines(folder: Path, runtime: str) -> list[str]:
    """What the demo prints."""
    if runtime != "litert":
        pytest.skip("the demo runs on the base runtime")
    command = [sys.executable, "-m", "faceplate", "demo", "--fast", "--output", str(folder)]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, timeout=120, check=True)
    assert "no liveness" not in done.stderr
    return done.stdout.splitlines()


def messages(lines: list[str]) -> list[tuple[str, str]]:
    """Topic and payload of each MQTT message, in the order of arrival."""
    heard = [line.split("mqtt ", 1)[1] for line in lines if line.lstrip().startswith("mqtt ")]
    return [tuple(message.split(" ", 1)) for message in heard]  # type: ignore[misc] # two parts


def test_the_right_person_is_let_in_and_neither_the_stranger_nor_a_picture_is(lines: list[str]) -> None:
    told = [line.split()[4] for line in lines if " s  frame " in line]
    assert told == [
        *("door_locked", "access_denied"),
        *("door_locked", "access_granted", "door_unlocked", "door_locked"),
        *("door_locked", "spoof_suspected"),
    ]
    assert sum("Daniel  verified" in line for line in lines) == 1


def test_a_dashboard_hears_of_everything_in_order_and_once(lines: list[str]) -> None:
    events = [json.loads(payload) for topic, payload in messages(lines) if "/event/" in topic]
    assert [event["seq"] for event in events] == list(range(1, 9))
    assert [event["event_type"] for event in events][3:5] == ["access_granted", "door_unlocked"]
    assert [event["person"] for event in events] == [None, None, None, "Daniel", "Daniel", None, None, None]
    assert "score" not in events[1]
    assert (events[7]["event_type"], events[7]["cues"]) == ("spoof_suspected", ["edges"])
    availability = [payload for topic, payload in messages(lines) if topic.endswith("/availability")]
    assert availability == ["online", "stopped"]


def test_a_picture_of_each_decision_is_left_for_the_eye(lines: list[str], folder: Path) -> None:
    assert lines
    files = sorted(folder.glob("*.png"))
    assert [(file.stem.rsplit("-", 2)[0], file.stem.rsplit("-", 1)[1]) for file in files] == [
        ("man", "granted"),
        ("man-on-paper", "denied"),
        ("woman", "denied"),
    ]
    assert [cv2.imread(str(file)).shape[:2] for file in files] == [(270 * 2 + 34, 960), (360 * 2 + 34, 960), (574, 960)]
