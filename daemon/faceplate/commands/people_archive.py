"""`faceplate people export`, `import` and `address`: people in one sealed file, to be kept or moved."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from faceplate.commands import people_rights
from faceplate.commands.asking import secret
from faceplate.commands.common import ExitCode, Subparsers, config_of, set_up_logging
from faceplate.commands.people_orders import household_of, order_people
from faceplate.config import Config
from faceplate.errors import EnrolmentError, StoreError
from faceplate.files import write_atomically
from faceplate.people.address import Address
from faceplate.people.archive import ArchiveKind, archived, archived_for, kind_of, people_for, people_in
from faceplate.people.gallery import Gallery
from faceplate.people.household import facts_of
from faceplate.people.person import Person, same_name
from faceplate.people.seal import load_address_key
from faceplate.recognition import Recognition


def register(actions: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the actions."""
    whom = argparse.ArgumentParser(add_help=False, parents=[common])
    whom.add_argument("file", metavar="FILE", type=Path)
    whom.add_argument(
        "--only", action="append", metavar="NAME", default=[], help="this person alone; may be given several times"
    )
    _register_export(actions, whom)
    _register_import(actions, whom)
    address = actions.add_parser(
        "address",
        parents=[common],
        help="show this door's address, for `export --for` at another door",
        description="Show this door's address. It is no secret; but whoever knows it can make an archive that opens "
        "here, so what comes in one is for you to judge. It stays the same as long as the gallery's key does.",
    )
    address.set_defaults(run=_address)


def _register_export(actions: Subparsers, whom: argparse.ArgumentParser) -> None:
    export = actions.add_parser(
        "export",
        parents=[whom],
        help="save people to a sealed file",
        description="Write everybody's name, rights (with the hashes of their PINs) and faces to FILE: with --for "
        "sealed for one other door, which alone can open it; else under a passphrase, which is typed unseen or comes "
        "from standard input, and whoever has both can enrol these people elsewhere: keep them apart.",
        epilog="Example: faceplate people export ada.people --only Ada --for ADDRESS, where ADDRESS is what "
        "`faceplate people address` says at the other door. Get it from there by a way you trust: it decides who can "
        "read the file.",
    )
    export.add_argument("--for", dest="address", metavar="ADDRESS", help="seal it for the door of this address")
    export.set_defaults(run=_export)


def _register_import(actions: Subparsers, whom: argparse.ArgumentParser) -> None:
    bring = actions.add_parser(
        "import",
        parents=[whom],
        help="enrol people from such a file",
        description="Enrol everybody in FILE, or, if anything is wrong with it, nobody. People who are enrolled "
        "already stay as they are. This door's own network looks at the faces anew. An archive that was sealed for "
        "this door proves nothing of who made it: everybody who knows the address could have. So it is shown who is in "
        "it, with their rights, and you are asked.",
    )
    bring.add_argument("--yes", action="store_true", help="do not ask: I know where the file comes from")
    bring.set_defaults(run=_import)


def _address(arguments: argparse.Namespace) -> ExitCode:
    people = config_of(arguments).people
    with Gallery(people.store, people.key_file).changing():  # makes the key of a new door
        print(Address.of(load_address_key(people.key_file)))
    return ExitCode.OK


def _export(arguments: argparse.Namespace) -> ExitCode:
    config = config_of(arguments)
    address = Address.read(arguments.address) if arguments.address is not None else None
    people = _chosen(Gallery(config.people.store, config.people.key_file).people(), arguments.only)
    content = archived_for(people, address) if address else archived(people, secret("Passphrase", twice=True))
    exported: dict[str, object] = {"names": [person.name for person in people]} if arguments.only else {}
    order_people(config, "people.note_exported", **exported | ({"address": str(address)} if address else {}))
    try:
        write_atomically(arguments.file, content)
    except OSError as error:
        raise StoreError(f"cannot write {arguments.file}: {error.strerror}") from error
    print(f"{len(people)} people in {arguments.file}" + (f", for the door {address}" if address else ""))
    return ExitCode.OK


def _import(arguments: argparse.Namespace) -> ExitCode:
    config = config_of(arguments)
    set_up_logging(config.log)
    try:
        content = arguments.file.read_bytes()
    except OSError as error:
        raise StoreError(f"cannot read {arguments.file}: {error.strerror}") from error
    newcomers = _opened(content, config, arguments)
    recognition = Recognition(config.vision, config.people)
    added = household_of(config).admit([recognition.current(person) for person in newcomers])
    for name in added:
        order_people(config, "people.note_enrolled", name=name)
    there = len(newcomers) - len(added)
    print(
        f"{len(added)} people imported"
        + (f": {', '.join(added)}" if added else "")
        + (f"; {there} were there already" if there else "")
    )
    return ExitCode.OK


def _opened(content: bytes, config: Config, arguments: argparse.Namespace) -> list[Person]:
    """The people in an archive, once whoever imports it has agreed where that is asked."""
    if kind_of(content) is ArchiveKind.PASSPHRASE:
        return _chosen(people_in(content, secret("Passphrase")), arguments.only)
    people = _chosen(people_for(content, load_address_key(config.people.key_file)), arguments.only)
    for person in people:
        print(people_rights.in_words(facts_of(person), config.access.time_zone))
    if not arguments.yes and not _agreed():
        raise EnrolmentError("nobody was imported; to import without being asked give --yes")
    return people


def _agreed() -> bool:
    try:
        return input("Enrol these people? Anybody who knows this door's address can have made the file. [y/N] ") in {
            "y",
            "Y",
            "yes",
        }
    except EOFError:
        return False


def _chosen(people: Sequence[Person], names: Sequence[str]) -> list[Person]:
    """Those of these names; everybody, if none is given.

    Raises:
        EnrolmentError: there is nobody of one of the names.
    """
    for name in names:
        if not any(same_name(person.name, name) for person in people):
            there = ", ".join(person.name for person in people) or "nobody"
            raise EnrolmentError(f"there is nobody called {name!r}; there are: {there}")
    return [person for person in people if not names or any(same_name(person.name, name) for name in names)]
