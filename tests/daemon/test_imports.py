"""What is loaded, and what importing does, seen in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from faceplate.__main__ import _COMMANDS

DAEMON = Path(__file__).parents[2] / "daemon"

# Each heavy or foreign module, and the package it comes in.
HEAVY = {
    "tensorflow",
    "keras",
    "faceplate_trainer",
    "gpiozero",
    "gpiod",
    "lgpio",
    "picamera2",
    "libcamera",
    "paho",
    "ai_edge_litert",
    "tflite_runtime",
}

# An audit hook sees every file, socket and process that Python opens; of threads it does not hear on Python 3.11.
WATCH = """
import json, os, sys, threading
done = []
def watch(event, given):
    if event == "open" and (given[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        done.append(f"wrote {given[0]}")
    if event in ("socket.connect", "socket.bind", "subprocess.Popen", "os.system", "os.mkdir", "os.remove"):
        done.append(event)
sys.addaudithook(watch)
start = threading.Thread.start
def noted(thread):
    done.append("started a thread")
    start(thread)
threading.Thread.start = noted
"""
REPORT = """
print(json.dumps([sorted({name.partition(".")[0] for name in sys.modules}), done]))
"""


def loaded_by(code: str) -> tuple[set[str], list[str]]:
    """Top-level modules in `sys.modules` after this code, and what it did to the world."""
    environment = os.environ | {"PYTHONPATH": str(DAEMON), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", WATCH + code + REPORT], capture_output=True, text=True, check=True, env=environment
    )
    modules, deeds = json.loads(done.stdout.splitlines()[-1])
    return set(modules), deeds


HELP = """
from faceplate.__main__ import main
try:
    main({words!r})
except SystemExit:
    pass
"""


def test_the_watch_sees_what_it_should():
    """Of a test of absence one must know that presence would show."""
    modules, deeds = loaded_by(
        "import threading, xml\nopen(os.devnull, 'w').close()\nthreading.Thread(target=dict).start()\n"
    )
    assert "xml" in modules
    assert deeds == [f"wrote {os.devnull}", "started a thread"]


@pytest.mark.parametrize("module", ["faceplate", "faceplate.app", "faceplate.__main__"])
def test_importing_loads_nothing_heavy_and_does_nothing(module):
    modules, deeds = loaded_by(f"import {module}\n")
    assert modules & HEAVY == set()
    assert deeds == []


# MQTT belongs to the bridge alone, also where a terminal's `faceplate --help` must know every command.
@pytest.mark.parametrize(
    ("words", "heavy"),
    [([], {"paho"}), *(([name], {"paho"} if name == "bridge" else set()) for name in _COMMANDS)],
    ids=str,
)
def test_asking_for_help_loads_nothing_that_was_not_asked_for(words, heavy):
    modules, deeds = loaded_by(HELP.format(words=[*words, "--help"]))
    assert modules & HEAVY == heavy
    assert deeds == []


@pytest.mark.parametrize("name", ["bridge", "kiosk"])
def test_those_beside_the_lock_have_no_business_with_pictures(name):
    modules, _ = loaded_by(HELP.format(words=[name, "--help"]))
    assert modules & {"cv2", "numpy"} == set()


def test_only_the_runtime_that_was_chosen_is_loaded(runtime):
    """It alone, although both may be installed; and no driver of a lock or camera that was not asked for."""
    code = f"""
from faceplate.config import Config
from faceplate import equipment
from faceplate.vision.network import SiameseNetwork
from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
SiameseNetwork(load_bundle(DEFAULT_BUNDLE), runtime={runtime!r})
equipment.hardware_of(Config().door)
"""
    modules, deeds = loaded_by(code)
    assert modules & HEAVY == {"ai_edge_litert" if runtime == "litert" else "tflite_runtime"}
    assert deeds == []


def test_every_package_can_be_imported_by_itself():
    """Whatever was imported before it."""
    packages = sorted(path.parent.name for path in (DAEMON / "faceplate").glob("*/__init__.py"))
    assert "vision" in packages
    for name in packages:
        assert loaded_by(f"import faceplate.{name}\n")[1] == []
