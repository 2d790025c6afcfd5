"""A teacher's embeddings of the training crops: computed once, kept in a file that training maps into memory."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from faceplate.errors import ConfigError
from faceplate.files import sync_folder
from faceplate.model.bundle import DEFAULT_BUNDLE, Bundle, load_bundle
from faceplate.vision.network import SiameseNetwork
from faceplate_trainer.data.prepared import Crop, Prepared
from faceplate_trainer.training.errors import TrainingError

_log = logging.getLogger(__name__)


def load_teacher(teacher: Path | str, embedding_size: int) -> Bundle:
    """Load the bundle that a tower with embeddings of this size is to learn from.

    Raises:
        ModelError: it cannot be used.
        ConfigError: its embeddings have another size.
    """
    bundle = load_bundle(DEFAULT_BUNDLE if teacher == "default" else Path(teacher))
    if bundle.manifest.embedding_size != embedding_size:
        raise ConfigError(
            f"tower.embedding_size: the teacher's embeddings have {bundle.manifest.embedding_size} numbers, so the "
            f"tower's must, too; received {embedding_size}"
        )
    return bundle


def teacher_targets(teacher: Bundle, prepared: Prepared, crops: Sequence[Crop], folder: Path) -> NDArray[np.float32]:
    """What the teacher makes of each crop, from the file in `folder`, which is made where it is not there.

    Returns:
        Unit vectors float32 (N, T), mapped from the file.

    Raises:
        TrainingError: there is no room for the file.
        PictureError: a crop cannot be read.
    """
    size = teacher.manifest.embedding_size
    file = folder / f"teacher-{teacher.id[:12]}.npy"
    if not file.exists():
        try:
            folder.mkdir(parents=True, exist_ok=True)  # another worker than the chief may have none yet
            _embed_all(SiameseNetwork(teacher), size, prepared, crops, file)
        except OSError as error:
            raise TrainingError(
                f"cannot write the teacher's embeddings to {file}: {error}. Make room there."
            ) from error
    targets = np.load(file, mmap_mode="r")
    if targets.shape != (len(crops), size):
        raise TrainingError(
            f"{file} holds {targets.shape}, expected one row for each of {len(crops)} crops; remove it."
        )
    return np.asanyarray(targets, np.float32)


def _embed_all(network: SiameseNetwork, size: int, prepared: Prepared, crops: Sequence[Crop], file: Path) -> None:
    """Write the embeddings beside the file first: what is there under its name is whole, whichever worker wrote it."""
    unfinished = file.with_name(f".{file.name}.{secrets.token_hex(4)}.tmp")
    try:
        rows = np.lib.format.open_memmap(unfinished, "w+", np.float32, (len(crops), size))
        for row, crop in enumerate(tqdm(crops, desc="teacher", unit="crops", disable=None)):
            rows[row] = network.embed(prepared.pixels(crop))
        rows.flush()
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
    sync_folder(file.parent)
    _log.info("the teacher embedded %d crops", len(crops))
