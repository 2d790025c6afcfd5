"""`faceplate people`: who may come in."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from faceplate.app import Recognition
from faceplate.commands.common import ExitCode, Subparsers, config_of, set_up_logging
from faceplate.errors import EnrolmentError
from faceplate.people.enrolment import Picture
from faceplate.people.gallery import Gallery
from faceplate.people.person import Person
from faceplate.pictures import read_picture

_ENOUGH_PICTURES = 3


def register(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser("people", help="enrol, list and remove people", description="Who may come in.")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    _register_add(actions, common)
    show_all = actions.add_parser("list", parents=[common], help="everybody who is enrolled")
    show_all.add_argument("--json", action="store_true", help="one JSON object a line")
    show_all.set_defaults(run=_list)
    show = actions.add_parser("show", parents=[common], help="one person")
    show.add_argument("name", metavar="NAME")
    show.add_argument("--json", action="store_true", help="one JSON object")
    show.set_defaults(run=_show)
    remove = actions.add_parser("remove", parents=[common], help="erase a person; takes effect at once")
    remove.add_argument("name", metavar="NAME")
    remove.set_defaults(run=_remove)


def _register_add(actions: Subparsers, common: argparse.ArgumentParser) -> None:
    add = actions.add_parser(
        "add",
        parents=[common],
        help="enrol a person from pictures",
        description="Enrol NAME from pictures that show this person alone, or add pictures to NAME. Three to five "
        "different ones, taken at the door's own camera, serve best. Pictures that cannot be used are refused with the "
        "reason; the others are taken.",
    )
    add.add_argument("name", metavar="NAME")
    add.add_argument("pictures", metavar="PICTURE", nargs="+", type=Path)
    add.set_defaults(run=_add)


def _add(arguments: argparse.Namespace) -> ExitCode:
    config = config_of(arguments)
    set_up_logging(config.log)
    pictures = [Picture(str(file), read_picture(file)) for file in arguments.pictures]
    person, enrolment = Recognition(config.vision, config.people).enrol(arguments.name, pictures)
    for refusal in enrolment.refused:
        print(f"refused: {refusal}", file=sys.stderr)
    print(f"{person.name}: {len(enrolment.anchors)} of {len(pictures)} pictures taken, {len(person.anchors)} in all")
    if len(person.anchors) < _ENOUGH_PICTURES:
        print(
            f"with {_ENOUGH_PICTURES} or more different pictures {person.name} would be refused less often",
            file=sys.stderr,
        )
    return ExitCode.OK


def _list(arguments: argparse.Namespace) -> ExitCode:
    for person in _gallery(arguments).people():
        _tell(person, as_json=arguments.json)
    return ExitCode.OK


def _show(arguments: argparse.Namespace) -> ExitCode:
    _tell(_person(_gallery(arguments), arguments.name), as_json=arguments.json)
    return ExitCode.OK


def _remove(arguments: argparse.Namespace) -> ExitCode:
    gallery = _gallery(arguments)
    with gallery.changing():
        person = _person(gallery, arguments.name)
        gallery.remove(person)
    print(f"{person.name} is removed")
    return ExitCode.OK


def _gallery(arguments: argparse.Namespace) -> Gallery:
    people = config_of(arguments).people
    return Gallery(people.store, people.key_file)


def _person(gallery: Gallery, name: str) -> Person:
    if (person := gallery.find(name)) is None:
        names = ", ".join(person.name for person in gallery.people()) or "nobody"
        raise EnrolmentError(f"nobody called {name!r} is enrolled; enrolled: {names}")
    return person


def _tell(person: Person, *, as_json: bool) -> None:
    facts = {"name": person.name, "pictures": len(person.anchors), "enrolled": person.enrolled}
    print(
        json.dumps(facts, ensure_ascii=False) if as_json else "{name}  {pictures} pictures  {enrolled}".format(**facts)
    )
