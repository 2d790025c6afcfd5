"""`faceplate people export` and `import`: everybody, in one sealed file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from faceplate.commands.asking import secret
from faceplate.commands.common import ExitCode, Subparsers, config_of, set_up_logging
from faceplate.commands.people_orders import household_of, order_people
from faceplate.errors import StoreError
from faceplate.files import write_atomically
from faceplate.people.archive import archived, people_in
from faceplate.people.gallery import Gallery
from faceplate.recognition import Recognition


def register(actions: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the actions."""
    export = actions.add_parser(
        "export",
        parents=[common],
        help="save everybody to a sealed file",
        description="Write everybody's name, rights and faces to FILE, sealed under a passphrase, which is typed "
        "unseen or comes from standard input. Whoever has both can enrol these people elsewhere: keep them apart.",
    )
    export.add_argument("file", metavar="FILE", type=Path)
    export.set_defaults(run=_export)
    bring = actions.add_parser(
        "import",
        parents=[common],
        help="enrol everybody from such a file",
        description="Enrol everybody in FILE, or, if anything is wrong with it, nobody. People who are enrolled "
        "already stay as they are. This door's own network looks at the faces anew.",
    )
    bring.add_argument("file", metavar="FILE", type=Path)
    bring.set_defaults(run=_import)


def _export(arguments: argparse.Namespace) -> ExitCode:
    config = config_of(arguments)
    people = Gallery(config.people.store, config.people.key_file).people()
    content = archived(people, secret("Passphrase", twice=True))
    order_people(config, "people.note_exported")
    try:
        write_atomically(arguments.file, content)
    except OSError as error:
        raise StoreError(f"cannot write {arguments.file}: {error.strerror}") from error
    print(f"{len(people)} people in {arguments.file}")
    return ExitCode.OK


def _import(arguments: argparse.Namespace) -> ExitCode:
    config = config_of(arguments)
    set_up_logging(config.log)
    try:
        content = arguments.file.read_bytes()
    except OSError as error:
        raise StoreError(f"cannot read {arguments.file}: {error.strerror}") from error
    newcomers = people_in(content, secret("Passphrase"))
    recognition = Recognition(config.vision, config.people)
    added = household_of(config).admit([recognition.current(person) for person in newcomers])
    for name in added:
        order_people(config, "people.note_enrolled", name=name)
    there = len(newcomers) - len(added)
    print(f"{len(added)} people imported" + (f", {there} were there already" if there else ""), file=sys.stdout)
    return ExitCode.OK
