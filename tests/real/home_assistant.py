"""The whole door in a real Home Assistant: run by `home_assistant.sh`, by hand; takes about a quarter of an hour."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from home_assistant_entities import entities, states
from home_assistant_examples import blueprints
from home_assistant_house import House
from home_assistant_orders import faces, least, orders, unlock
from home_assistant_outages import availability, removal, restarts, restarts_one_by_one, told_again
from home_assistant_picture import take_picture
from transcript import Transcript

CHAPTERS = (
    entities,
    states,
    unlock,
    orders,
    faces,
    blueprints,
    availability,
    told_again,
    restarts,
    restarts_one_by_one,
    least,
    removal,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="Debian root in which Home Assistant is installed")
    parser.add_argument("--transcript", type=Path, required=True, help="file for what was seen")
    parser.add_argument("--picture", type=Path, help="file for a picture of the dashboard; needs chromium")
    parser.add_argument("--runtime", default="litert", help="TFLite runtime of the daemon")
    parser.add_argument("--only", nargs="*", help="chapters, besides the first two")
    arguments = parser.parse_args()
    transcript = Transcript(arguments.transcript)
    with (
        tempfile.TemporaryDirectory() as folder,
        House(Path(folder), arguments.root, arguments.runtime, transcript) as house,
    ):
        house.door.write()
        house.door.enrol()
        for chapter in CHAPTERS:
            if arguments.only is None or chapter.__name__ in {"entities", "states", *arguments.only}:
                chapter(house)
            if chapter is blueprints and arguments.picture:
                take_picture(house, arguments.picture)
    transcript.end()


if __name__ == "__main__":
    main()
