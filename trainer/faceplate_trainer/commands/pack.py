"""`faceplate-train pack`: a bundle as one file, for `faceplate bundle install`."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from faceplate.files import write_atomically
from faceplate.model.bundle import load_bundle
from faceplate.model.cohort import FACTS, load_cohort
from faceplate.model.package import packed, read_folder

if TYPE_CHECKING:
    from faceplate_trainer.commands.common import Subparsers


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "pack",
        help="pack a bundle into one file, to be installed at a door",
        description="Check a bundle and write it, with its cohort of strangers if it has one, as one file in which "
        "every byte counts. Prints the SHA-256 that `faceplate bundle install FILE --sha256` compares. The same bundle "
        "always gives the same file.",
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="the bundle's folder")
    parser.add_argument("file", type=Path, metavar="FILE", help="what to write, such as mine.bundle")
    parser.set_defaults(run=_pack)


def _pack(arguments: argparse.Namespace) -> None:
    bundle = load_bundle(arguments.bundle)
    if (arguments.bundle / FACTS).exists():
        load_cohort(bundle)
    archive = packed(read_folder(arguments.bundle))
    write_atomically(arguments.file, archive)
    arguments.file.chmod(0o644)  # as the bundle's own files: no secret
    print(f"{hashlib.sha256(archive).hexdigest()}  {arguments.file}")
