"""`faceplate people`: who may come in."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from faceplate.commands import people_archive, people_rights
from faceplate.commands.common import ExitCode, Subparsers, config_of, set_up_logging
from faceplate.commands.people_orders import household_of, note_enrolled, order_people
from faceplate.config import Config
from faceplate.people.enrolment import Picture
from faceplate.people.rights_change import change_from
from faceplate.pictures import read_picture
from faceplate.recognition import Recognition

_ENOUGH_PICTURES = 3


def register(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "people",
        help="enrol, list, change and remove people",
        description="Who may come in, and when. While the daemon runs it does what is asked; else this command does.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    options = argparse.ArgumentParser(add_help=False, parents=[common])
    options.add_argument("--json", action="store_true", help="one JSON object a line")
    _register_add(actions, common)
    show_all = actions.add_parser("list", parents=[options], help="everybody who is enrolled")
    show_all.set_defaults(run=_list)
    show = actions.add_parser("show", parents=[options], help="one person")
    show.add_argument("name", metavar="NAME")
    show.set_defaults(run=_show)
    _register_set(actions, options)
    rename = actions.add_parser("rename", parents=[options], help="give a person another name")
    rename.add_argument("name", metavar="NAME")
    rename.add_argument("new", metavar="NEW")
    rename.set_defaults(run=_rename)
    remove = actions.add_parser("remove", parents=[common], help="erase a person; takes effect at once")
    remove.add_argument("name", metavar="NAME")
    remove.set_defaults(run=_remove)
    people_archive.register(actions, common)


def _register_add(actions: Subparsers, common: argparse.ArgumentParser) -> None:
    add = actions.add_parser(
        "add",
        parents=[common],
        help="enrol a person from pictures",
        description="Enrol NAME from pictures that show this person alone, or add pictures to NAME. Three to five "
        "different ones, taken at the door's own camera, serve best. Pictures that cannot be used are refused with the "
        "reason; the others are taken. Nobody is enrolled with other rights than those asked for, not for a moment.",
    )
    add.add_argument("name", metavar="NAME")
    add.add_argument("pictures", metavar="PICTURE", nargs="+", type=Path)
    people_rights.add_options(add)
    add.set_defaults(run=_add)


def _register_set(actions: Subparsers, options: argparse.ArgumentParser) -> None:
    change = actions.add_parser(
        "set",
        parents=[options],
        help="say what a person may do",
        description="Change what NAME may do; takes effect at once. What is not named stays as it is.",
        epilog="Example: faceplate people set Bea --role guest --from 2026-12-20 --until 2027-01-03",
    )
    change.add_argument("name", metavar="NAME")
    people_rights.add_options(change)
    change.set_defaults(run=_set)


def _add(arguments: argparse.Namespace) -> ExitCode:
    config = config_of(arguments)
    set_up_logging(config.log)
    change = change_from(people_rights.change_of(arguments, config.access.time_zone))
    pictures = [Picture(str(file), read_picture(file)) for file in arguments.pictures]
    person, enrolment = Recognition(config.vision, config.people).enrol(
        arguments.name, pictures, lambda person, others: household_of(config).changed(person, change, others)
    )
    for refusal in enrolment.refused:
        print(f"refused: {refusal}", file=sys.stderr)
    print(f"{person.name}: {len(enrolment.anchors)} of {len(pictures)} pictures taken, {len(person.anchors)} in all")
    if len(person.anchors) < _ENOUGH_PICTURES:
        print(
            f"with {_ENOUGH_PICTURES} or more different pictures {person.name} would be refused less often",
            file=sys.stderr,
        )
    note_enrolled(config, person.name)
    return ExitCode.OK


def _list(arguments: argparse.Namespace) -> ExitCode:
    config = config_of(arguments)
    for facts in order_people(config, "people.list")["people"]:
        _tell(facts, config, as_json=arguments.json)
    return ExitCode.OK


def _show(arguments: argparse.Namespace) -> ExitCode:
    config = config_of(arguments)
    _tell(order_people(config, "people.show", name=arguments.name), config, as_json=arguments.json)
    return ExitCode.OK


def _set(arguments: argparse.Namespace) -> ExitCode:
    config = config_of(arguments)
    change = people_rights.change_of(arguments, config.access.time_zone)
    _tell(order_people(config, "people.set", name=arguments.name, **change), config, as_json=arguments.json)
    return ExitCode.OK


def _rename(arguments: argparse.Namespace) -> ExitCode:
    config = config_of(arguments)
    facts = order_people(config, "people.rename", name=arguments.name, new=arguments.new)
    _tell(facts, config, as_json=arguments.json)
    return ExitCode.OK


def _remove(arguments: argparse.Namespace) -> ExitCode:
    result = order_people(config_of(arguments), "people.remove", name=arguments.name)
    print(f"{result['name']} is removed")
    return ExitCode.OK


def _tell(facts: dict[str, Any], config: Config, *, as_json: bool) -> None:
    line = json.dumps(facts, ensure_ascii=False) if as_json else people_rights.in_words(facts, config.access.time_zone)
    print(line)
