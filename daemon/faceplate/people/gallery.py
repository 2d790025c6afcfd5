"""The enrolled people: one sealed file for each, in a folder only its owner may enter."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Collection, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faceplate.errors import SealError, StoreError
from faceplate.files import hand_over, private_folder, sweep, sync_folder, write_atomically
from faceplate.people.generations import Generations, file_of, to_record, with_record
from faceplate.people.person import Anchor, Person, same_name
from faceplate.people.seal import Seal, key_is_there, load_seal, make_key
from faceplate.types import Embedding

_log = logging.getLogger(__name__)

_SUFFIX = ".person"

# A long embedding is turned in parts: one rotation of 4096 elements would take a minute and a gigabyte to make.
_TURNED_AT_ONCE = 256


class Gallery:
    """The store on disk. Reads whole people, writes whole people, forgets whole people.

    On disk embeddings are turned by a secret rotation; whoever asks gets them as the network gave them.
    """

    def __init__(self, folder: Path, key_file: Path) -> None:
        """Name the place; neither folder nor key need be there before somebody is enrolled."""
        self._folder = folder
        self._key_file = key_file
        self._generations = Generations(folder.with_name(folder.name + ".embeddings"))

    @cached_property
    def _seal(self) -> Seal:
        return load_seal(self._key_file)

    @cached_property
    def _rotations(self) -> dict[int, NDArray[np.float32]]:
        return {}

    def version(self) -> Hashable:
        """Changes whenever anybody was added, changed or removed; cheap enough to ask at every frame.

        Raises:
            StoreError: the gallery cannot be read.
        """
        try:
            with os.scandir(self._folder) as entries:
                files = frozenset((entry.name, entry.inode()) for entry in entries)
            # The time alone would not do: two changes within one tick of the kernel's clock leave it the same.
            return (self._folder.stat().st_mtime_ns, files)
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise StoreError(f"cannot read the gallery {self._folder}: {error.strerror}") from error

    def people(self) -> list[Person]:
        """Everybody, by name.

        Raises:
            SealError: somebody was sealed with another key, or a record is damaged.
            StoreError: a record cannot be read.
        """
        everybody = map(self._read, stored_people(self._folder))
        return sorted(filter(None, everybody), key=lambda person: person.name.casefold())

    def count(self) -> int:
        """How many people there are, without opening a record.

        Raises:
            StoreError: the gallery cannot be read.
        """
        return len(stored_people(self._folder))

    def find(self, name: str) -> Person | None:
        """The person of that name, however its letters are cased."""
        return next((person for person in self.people() if same_name(person.name, name)), None)

    def save(self, person: Person) -> None:
        """Add a person, or put a changed one in place of the old.

        Raises:
            SealError: the gallery's key is missing or unsafe.
            StoreError: it could not be written; what was there before is still there.
        """
        name = person.id + _SUFFIX
        sealed = self._seal.seal(self._turned(person).to_bytes(), name)
        try:
            write_atomically(self._folder / name, sealed)
        except OSError as error:
            raise StoreError(
                f"cannot write {person.name!r} to {self._folder}: {error.strerror}. Nothing was changed; make room or "
                "mend the permissions and try again."
            ) from error

    def remove(self, person: Person) -> None:
        """Erase a person, and first what other bundles made of them.

        Raises:
            StoreError: a file could not be removed.
        """
        try:
            self._generations.erase(person.id)
            (self._folder / (person.id + _SUFFIX)).unlink()
            sync_folder(self._folder)
        except OSError as error:
            raise StoreError(f"cannot remove {person.name!r} from {self._folder}: {error.strerror}") from error

    def embedded(self, person: Person, bundle: str) -> Person | None:
        """The person as the network of that bundle embeds them; None where that is not known yet.

        Raises:
            StoreError: it cannot be read.
        """
        if person.bundle == bundle:
            return person
        sealed = self._generations.read(bundle, person)
        if sealed is None:
            return None
        try:
            known = with_record(person, bundle, self._seal.open(sealed, file_of(bundle, person)))
        except SealError as error:
            _log.warning("%s: %s is embedded anew from the pictures kept", error, person.name)
            return None
        return known and self._turned(known, back=True)

    def keep_embedded(self, people: Sequence[Person], bundles: Collection[str]) -> None:
        """Keep people as other bundles' networks embed them; call it within `changing`.

        Whoever was removed since they were read stays removed.

        Args:
            people: as the networks of other bundles embed them.
            bundles: ids of those whose generations are kept; all others are erased.

        Raises:
            StoreError: it could not be written; every person is as before, and so is what is in force.
        """
        there = {path.stem for path in stored_people(self._folder)}
        try:
            self._generations.tidy(there, bundles)
            for person in people:
                if person.id in there:
                    name = file_of(person.bundle, person)
                    sealed = self._seal.seal(to_record(self._turned(person)), name)
                    self._generations.write(person.bundle, person, sealed)
        except OSError as error:
            raise StoreError(
                f"cannot write beside the gallery {self._folder}: {error.strerror}. Nothing that counts was changed; "
                "make room or mend the permissions and try again."
            ) from error

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Keep other programs from changing the gallery until the end of the block; make it if there is none.

        Raises:
            SealError: there are people, and the key they were sealed with is not there.
            StoreError: somebody else is changing it, or the folder cannot be made.
        """
        try:
            private_folder(self._folder)
            lock = os.open(
                self._folder.with_name(self._folder.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
            hand_over(lock, self._folder.parent)
        except OSError as error:
            raise StoreError(f"cannot open the gallery {self._folder} for changes: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            sweep(self._folder)
            if not stored_people(self._folder) and not key_is_there(self._key_file):
                make_key(self._key_file)
            yield
        except BlockingIOError:
            raise StoreError(
                f"another program is changing the gallery {self._folder}; try again when it is done"
            ) from None
        finally:
            os.close(lock)

    def _read(self, path: Path) -> Person | None:
        try:
            sealed = path.read_bytes()
        except FileNotFoundError:
            return None  # removed by another program since the folder was listed
        except OSError as error:
            raise StoreError(f"cannot read {path}: {error.strerror}") from error
        return self._turned(Person.from_bytes(path.stem, self._seal.open(sealed, path.name)), back=True)

    def _turned(self, person: Person, *, back: bool = False) -> Person:
        """The same person with embeddings turned by the secret rotation, as they are stored, or turned back."""

        def turned(embedding: Embedding) -> Embedding:
            parts = np.split(embedding, range(_TURNED_AT_ONCE, len(embedding), _TURNED_AT_ONCE))
            rotations = [self._rotation(len(part)) for part in parts]
            return np.concatenate(
                [(rotation.T if back else rotation) @ part for rotation, part in zip(rotations, parts, strict=True)],
                dtype=np.float32,
            )

        return replace(person, anchors=tuple(Anchor(a.crop, turned(a.embedding)) for a in person.anchors))

    def _rotation(self, size: int) -> NDArray[np.float32]:
        if size not in self._rotations:
            self._rotations[size] = self._seal.rotation(size)
        return self._rotations[size]


def stored_people(folder: Path) -> Sequence[Path]:
    """The files of a gallery, without opening any."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == _SUFFIX)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"cannot read the gallery {folder}: {error.strerror}") from error
