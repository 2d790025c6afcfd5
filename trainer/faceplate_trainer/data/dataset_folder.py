"""Writing a dataset's folder: it appears whole, or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from faceplate.files import new_folder
from faceplate_trainer.data.labelled import DatasetError
from faceplate_trainer.data.prepared import FORMAT, MANIFEST


@contextmanager
def new_dataset(out: Path, *, overwrite: bool) -> Iterator[Path]:
    """A folder to fill, which takes the place of `out` if all goes well and is removed if not.

    Only one program may write `out` at a time.

    Raises:
        DatasetError: `out` may not be written, or the disk is full.
    """
    out = out.resolve()
    _check_may_write(out, overwrite=overwrite)
    try:
        with new_folder(out) as folder:
            yield folder
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
