"""What the pages say a configuration may be like, it may."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from faceplate.config import AccessConfig, DoorConfig
from faceplate.config.access import LockoutConfig, PinConfig
from faceplate.config_file import load_config
from faceplate.door import diagram, signals
from faceplate.events import DoorEventType
from faceplate.types import Reason

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md"])
EXAMPLES = [
    pytest.param(text, id=f"{page.name}-{number}")
    for page in PAGES
    for number, text in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))
    if set(yaml.safe_load(text))
    <= {"access", "door", "camera", "people", "vision", "journal", "control", "bridge", "speech", "kiosk"}
]


def test_there_are_examples():
    assert len(EXAMPLES) > 3


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_is_a_configuration(tmp_path, text):
    # Files that an example names are on the reader's machine.
    named = re.compile(r"\b(ca_file|password_file|certificate_file): \S+")
    file = tmp_path / "config.yaml"
    file.write_text(named.sub(r"\1: null", text), encoding="utf-8")
    load_config(file)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (page.parent / link).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_into_a_page_find_their_heading(page):
    for link, heading in re.findall(r"\]\(([^)#:]*\.md)?#([^)]*)\)", page.read_text(encoding="utf-8")):
        target = (page.parent / link if link else page).read_text(encoding="utf-8")
        headings = [
            re.sub(r"[^\w\- ]", "", title).strip().replace(" ", "-").lower()
            for title in re.findall(r"^#+ (.*)$", target, re.MULTILINE)
        ]
        assert heading in headings, f"{link}#{heading}"


def test_the_door_is_drawn_as_it_is():
    page = (ROOT / "docs" / "door.md").read_text(encoding="utf-8")
    assert f"```mermaid\n{diagram.diagram()}\n```" in page
    assert diagram.table() in page
    assert signals.table() in page


@pytest.mark.parametrize("kind", DoorEventType)
def test_every_door_event_is_told_of(kind):
    assert f"`{kind}`" in (ROOT / "docs" / "door.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_told_of(reason):
    assert f"| `{reason}` |" in (ROOT / "docs" / "access.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("key", sorted(DoorConfig.model_fields))
def test_every_key_of_the_door_is_told_of(key):
    pages = "".join((ROOT / "docs" / page).read_text(encoding="utf-8") for page in ("door.md", "wiring.md"))
    assert re.search(rf"\b{key}\b", pages)


@pytest.mark.parametrize(
    "key", sorted({*AccessConfig.model_fields, *PinConfig.model_fields, *LockoutConfig.model_fields})
)
def test_every_key_of_access_is_told_of(key):
    pages = "".join(
        (ROOT / "docs" / page).read_text(encoding="utf-8") for page in ("access.md", "how-it-works.md", "door.md")
    )
    assert re.search(rf"\b{key}\b", pages)
