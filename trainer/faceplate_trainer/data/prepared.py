"""A prepared dataset: a folder of aligned crops, and a manifest that says whose they are and what each may be used for.

    DATASET/
      manifest.json      version, what made it, counts, warnings, SHA-256 of crops.csv
      crops.csv          one row a crop: file,person,split,camera,source,sha256
      rejected.csv       one row a picture that was left out: source,person,reason,detail
      crops/PERSON/*.png aligned faces, RGB, 112 x 112

`prepare` writes it; `fit`, `export`, `calibrate` and `report` read it.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from faceplate.errors import PictureError
from faceplate.model.preprocessing import CROP_SIZE
from faceplate.pictures import read_picture
from faceplate.types import Image
from faceplate_trainer.data.labelled import DatasetError

FORMAT = 1
MANIFEST = "manifest.json"
TABLE = "crops.csv"
REJECTED = "rejected.csv"
CROPS = "crops"

Use: TypeAlias = Literal["train", "validation", "head", "calibration", "report"]
"""What a person's pictures may be used for; each person has one use.

train: fitting the tower. validation: stopping it, and choosing between heads. head: fitting the Siamese head.
calibration: the table of rates. report: figures, and nothing else.
"""

USES: tuple[Use, ...] = get_args(Use)

_COLUMNS = ("file", "person", "split", "camera", "source", "sha256")


@dataclass(frozen=True, slots=True)
class Crop:
    """One row of crops.csv."""

    file: str
    """Relative to the dataset's folder, with `/`"""
    person: str
    split: Use
    camera: str
    """Which collection or device the picture came from"""
    source: str
    """The picture it was cut from, as the input named it"""
    sha256: str
    """Of the crop's file"""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A dataset as read; the pictures themselves stay on disk."""

    folder: Path
    manifest: dict[str, Any]
    crops: tuple[Crop, ...]

    @property
    def id(self) -> str:
        """SHA-256 of crops.csv: two datasets with the same hold the same crops in the same splits."""
        return str(self.manifest["crops_sha256"])

    def of(self, split: Use) -> tuple[Crop, ...]:
        """The crops with one use.

        Raises:
            DatasetError: there are none.
        """
        chosen = tuple(crop for crop in self.crops if crop.split == split)
        if not chosen:
            counts = dict(Counter(crop.split for crop in self.crops))
            raise DatasetError(
                f"{self.folder}: expected people to use for {split!r}, found only {counts}. Run `faceplate-train "
                f"prepare` again and give {split} a share in --shares"
            )
        return chosen

    def pixels(self, crop: Crop) -> Image:
        """Read one crop, RGB uint8 (112, 112, 3).

        Raises:
            PictureError: it is missing or is not what the manifest says.
        """
        image = read_picture(self.folder / crop.file)
        if image.shape != (CROP_SIZE, CROP_SIZE, 3):
            raise PictureError(
                f"{self.folder / crop.file}: expected a crop of {CROP_SIZE} x {CROP_SIZE} pixels, found "
                f"{image.shape[1]} x {image.shape[0]}; run `faceplate-train prepare` again"
            )
        return image


def people_of(crops: Sequence[Crop]) -> NDArray[np.str_]:
    """Who each crop shows, (N,)."""
    return np.array([crop.person for crop in crops], dtype=np.str_)


def table_of(crops: Sequence[Crop]) -> bytes:
    """The content of crops.csv."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows([getattr(crop, column) for column in _COLUMNS] for crop in crops)
    return text.getvalue().encode()


def read_prepared(folder: Path) -> Prepared:
    """Read a dataset that `prepare` made.

    Raises:
        DatasetError: it is none, is damaged, or was changed by hand.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        table = (folder / TABLE).read_bytes()
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"{folder} is not a prepared dataset: {error}. Make one with `faceplate-train prepare`."
        ) from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise DatasetError(f"{folder / MANIFEST}: expected format {FORMAT}; run `faceplate-train prepare` again")
    received = hashlib.sha256(table).hexdigest()
    if received != manifest.get("crops_sha256"):
        raise DatasetError(
            f"{folder / TABLE} is damaged or was changed: expected SHA-256 {manifest.get('crops_sha256')}, found "
            f"{received}. Run `faceplate-train prepare` again."
        )
    rows = csv.DictReader(io.StringIO(table.decode(), newline=""))
    return Prepared(folder, manifest, tuple(Crop(**{key: row[key] for key in _COLUMNS}) for row in rows))  # type: ignore[arg-type] # the hash vouches for the words
