"""What the tests share."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

from faceplate.config import Config
from faceplate.config_file import config_from

# Machines that run tests are busy: how long an example takes says nothing here. Benchmarks measure time.
# In continuous integration the examples are the same each time, so that a change is judged by what it changed.
# FACEPLATE_EXAMPLES changes how many there are.
settings.register_profile(
    "tests",
    deadline=None,
    derandomize="CI" in os.environ,
    max_examples=int(os.environ.get("FACEPLATE_EXAMPLES", "100")),
)
settings.load_profile("tests")

# What a shell starts in the background ignores Ctrl-C, and so would every program that a test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files whose tests take minutes come first: at the end no processor shall wait for another."""
    long = {item.path for item in items if any(item.iter_markers("research_data")) or any(item.iter_markers("once"))}
    items.sort(key=lambda item: item.path not in long)


@contextmanager
def logging_kept() -> Iterator[None]:
    """A command that is run within a test sets up logging for good."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """After each test."""
    with logging_kept():
        yield


@pytest.fixture(autouse=True, scope="module")
def logging_as_it_was_before_the_module() -> Iterator[None]:
    """And after what a module's tests share."""
    with logging_kept():
        yield


@pytest.fixture(scope="session")
def runtime() -> str:
    """The TFLite runtime to test on."""
    return os.environ.get("FACEPLATE_TEST_RUNTIME", "litert")


@pytest.fixture(scope="session")
def research_data() -> Path:
    """The folder of research pictures; without it the test is skipped."""
    folder = os.environ.get("FACEPLATE_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("FACEPLATE_DATA does not name the folder of research pictures")
    return Path(folder)


@pytest.fixture
def config(tmp_path: Path, runtime: str) -> Config:
    """A configuration whose store, key and journal lie in the test's own folder."""
    tree = {
        "people": {"store": "people", "key_file": "gallery.key"},
        "journal": {"path": "journal.sqlite3", "key_file": "journal.key"},
        "access": {"standing_file": "standing.json"},
        "control": {"socket": "control.sock"},
        "bridge": {"cursor_file": "bridge.cursor", "seen_file": "bridge.seen"},
        "vision": {"runtime": runtime, "liveness": "off"},
    }
    return config_from(tree, base=tmp_path, where="the test's configuration")
