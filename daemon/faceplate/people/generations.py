"""Embeddings by other networks than the one a person was enrolled with, beside the people they belong to.

A generation is a folder named by its network, with one sealed file for each person, made from the person's own crops.
It holds embeddings and nothing else: who is enrolled, by what name and with what rights, is in the person's record
alone. So whichever bundle is in force, nobody is lost, nobody who was removed comes back, and no right is an old one.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from faceplate.errors import StoreError
from faceplate.files import private_folder, sweep, sync_folder, write_atomically
from faceplate.people.person import Anchor, Person

_SUFFIX: Final = ".embeddings"


class Generations:
    """The folders on disk; what is in the files is sealed by others."""

    def __init__(self, folder: Path) -> None:
        """Name the place; it need not be there."""
        self._folder = folder

    def read(self, bundle: str, person: Person) -> bytes | None:
        """The sealed embeddings of a person by the network of a bundle; None: there are none.

        Raises:
            StoreError: they cannot be read.
        """
        path = self._folder / file_of(bundle, person)
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"cannot read {path}: {error.strerror}") from error

    def write(self, bundle: str, person: Person, sealed: bytes) -> None:
        """Keep sealed embeddings, in place of earlier ones.

        Raises:
            OSError: they cannot be written; what was there before is still there.
        """
        path = self._folder / file_of(bundle, person)
        private_folder(self._folder)
        private_folder(path.parent)
        write_atomically(path, sealed)

    def erase(self, person_id: str) -> None:
        """Erase somebody in every generation.

        Raises:
            OSError: it cannot be done.
        """
        for folder in self._folders():
            (folder / (person_id + _SUFFIX)).unlink(missing_ok=True)
            sync_folder(folder)

    def tidy(self, people: Collection[str], bundles: Collection[str]) -> None:
        """Keep nothing but the embeddings of these people, by id, for these bundles.

        Raises:
            OSError: it cannot be done.
        """
        for folder in self._folders():
            if folder.name not in {_folder_of(bundle) for bundle in bundles}:
                shutil.rmtree(folder)
                continue
            sweep(folder)
            for path in folder.iterdir():
                if path.stem not in people:
                    path.unlink()
            sync_folder(folder)

    def _folders(self) -> Iterator[Path]:
        return filter(Path.is_dir, self._folder.iterdir() if self._folder.is_dir() else iter(()))


def file_of(bundle: str, person: Person) -> str:
    """The file's place below the folder, which it is sealed for."""
    return f"{_folder_of(bundle)}/{person.id}{_SUFFIX}"


def to_record(person: Person) -> bytes:
    """What is sealed of a person: the embeddings, and which pictures they are of."""
    embeddings = [base64.b64encode(a.embedding.astype("<f4").tobytes()).decode("ascii") for a in person.anchors]
    return json.dumps({"crops": _crops(person), "embeddings": embeddings}).encode()


def with_record(person: Person, bundle: str, record: bytes) -> Person | None:
    """The person with the embeddings of a record; None where that was made of other pictures."""
    tree = json.loads(record)
    if tree["crops"] != _crops(person):
        return None
    embeddings = [np.frombuffer(base64.b64decode(text), "<f4").astype(np.float32) for text in tree["embeddings"]]
    anchors = tuple(
        Anchor(anchor.crop, embedding) for anchor, embedding in zip(person.anchors, embeddings, strict=True)
    )
    return replace(person, bundle=bundle, anchors=anchors)


def _crops(person: Person) -> str:
    return hashlib.sha256(b"".join(anchor.crop.tobytes() for anchor in person.anchors)).hexdigest()


def _folder_of(bundle: str) -> str:
    return bundle[:32]
