"""Writing a dataset's folder: it appears whole, or not at all."""

from __future__ import annotations

import glob
import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from faceplate.files import sync_folder
from faceplate_trainer.data.labelled import DatasetError
from faceplate_trainer.data.prepared import FORMAT, MANIFEST

_UNFINISHED = ".preparing"


@contextmanager
def new_dataset(out: Path, *, overwrite: bool) -> Iterator[Path]:
    """A folder to fill, which takes the place of `out` if all goes well and is removed if not.

    What a kill left of an earlier attempt at `out` is swept, so only one program may write `out` at a time.

    Raises:
        DatasetError: `out` may not be written, or the disk is full.
    """
    out = out.resolve()
    _check_may_write(out, overwrite=overwrite)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        for left in out.parent.glob(f".{glob.escape(out.name)}.*{_UNFINISHED}"):
            shutil.rmtree(left)
        temporary = out.with_name(f".{out.name}.{secrets.token_hex(4)}{_UNFINISHED}")
        temporary.mkdir()
        try:
            yield temporary
            _put_in_place(temporary, out)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise DatasetError(
            f"cannot write the dataset {out}: {error}. It is as it was before; a crop takes about 25 kB."
        ) from error


def _check_may_write(out: Path, *, overwrite: bool) -> None:
    if not out.exists():
        return
    if not overwrite:
        raise DatasetError(f"{out} exists already: expected a new name, or --overwrite")
    if not _is_dataset(out):
        raise DatasetError(f"{out} is no prepared dataset, so it is not overwritten; give another name")


def _is_dataset(out: Path) -> bool:
    try:
        manifest = json.loads((out / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and manifest.get("format") == FORMAT


def _put_in_place(temporary: Path, out: Path) -> None:
    """Rename the finished dataset to its name; one that is there already goes only once the new one stands."""
    old = temporary.with_name(f".{out.name}.old{_UNFINISHED}")
    replaced = out.exists()
    if replaced:
        out.rename(old)
    try:
        temporary.rename(out)
    except OSError:
        if replaced:
            old.rename(out)
        raise
    sync_folder(out.parent)
    if replaced:
        shutil.rmtree(old)
