"""Pictures -> a dataset: cut, rid of duplicates, split by person, doubted, and written whole."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from tqdm import tqdm

from faceplate import __version__
from faceplate_trainer.data.cutting import Cut, LookAt, Rejected, cut_all, reject
from faceplate_trainer.data.dataset_folder import new_dataset
from faceplate_trainer.data.doubts import doubts
from faceplate_trainer.data.duplicates import LARGEST_DISTANCE, hashes_of, repeated, under_two_names
from faceplate_trainer.data.inputs import Input, check_labels
from faceplate_trainer.data.labelled import DatasetError
from faceplate_trainer.data.prepared import (
    FORMAT,
    MANIFEST,
    REJECTED,
    TABLE,
    USES,
    Crop,
    Prepared,
    Use,
    read_prepared,
    table_of,
)
from faceplate_trainer.data.splits import split_people

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user may choose."""

    shares: Mapping[Use, float]

    usable_only: bool = False
    """Leave out what the daemon's limits of quality refuse"""

    min_pictures: int = 1
    """People with fewer are left out"""

    workers: int = 1
    """Threads; the outcome is the same"""

    overwrite: bool = False
    """Put the dataset in the place of the one that is there"""


def prepare(
    inputs: Sequence[Input],
    new_look: Callable[[], LookAt],
    out: Path,
    wishes: Wishes,
    *,
    detector_sha256: str,
) -> Prepared:
    """Make a dataset; the same pictures and wishes give the same bytes, whatever the number of workers.

    Args:
        inputs: where the pictures come from.
        new_look: makes the eyes of one worker.
        out: the dataset's folder.
        wishes: what the user chose.
        detector_sha256: of the detector within the eyes, for the manifest.

    Raises:
        DatasetError: the inputs cannot make a dataset, or it cannot be written. `out` is as it was before.
    """
    check_labels(list(inputs))
    pictures = sorted(picture for found in inputs for picture in found.pictures)
    _check_several({picture.person for picture in pictures}, "in the pictures")
    with new_dataset(out, overwrite=wishes.overwrite) as folder:
        answers = list(
            tqdm(
                cut_all(pictures, new_look, folder, usable_only=wishes.usable_only, workers=wishes.workers),
                desc="cutting",
                total=len(pictures),
                unit="pictures",
                disable=None,
            )
        )
        cuts, rejected = _sifted(answers, wishes.min_pictures)
        rejected += [reject(stray, "not_a_picture") for found in inputs for stray in found.strays]
        _check_several({cut.picture.person for cut in cuts}, f"left, {_counts(rejected) or 'nothing'} having gone")
        _remove_others(folder, answers, cuts)
        enrolled = {found.enrolled for found in inputs if found.enrolled}
        crops = _crops(cuts, split_people({cut.picture.person for cut in cuts}, wishes.shares, enrolled))
        manifest = _manifest(inputs, crops, rejected, wishes, detector_sha256)
        manifest["warnings"] = doubts(crops, wishes.shares, enrolled)
        _write_tables(folder, crops, rejected, manifest)
    return read_prepared(out)


def _check_several(people: set[str], where: str) -> None:
    if len(people) < 2:  # noqa: PLR2004 - a pair of different people
        raise DatasetError(
            f"expected pictures of several people, found {sorted(people) or 'nobody'} {where}: a network that compares "
            "faces has to see different people; add others, such as LFW's"
        )


def _sifted(answers: Iterable[Cut | Rejected], min_pictures: int) -> tuple[list[Cut], list[Rejected]]:
    """Leave out duplicates, and then people of whom too few pictures are left."""
    cuts = [answer for answer in answers if isinstance(answer, Cut)]
    rejected = [answer for answer in answers if isinstance(answer, Rejected)]
    for reason, search in (("duplicate", repeated), ("two_names", under_two_names)):
        twins = search(hashes_of([cut.fingerprint for cut in cuts]), [cut.picture.person for cut in cuts])
        rejected += [reject(cuts[one].picture, reason, _named(cuts[twin])) for one, twin in sorted(twins.items())]  # type: ignore[arg-type] # the loop's words are reasons
        cuts = [cut for number, cut in enumerate(cuts) if number not in twins]
    counts = Counter(cut.picture.person for cut in cuts)
    few = [cut for cut in cuts if counts[cut.picture.person] < min_pictures]
    rejected += [reject(cut.picture, "too_few", f"{counts[cut.picture.person]} of {min_pictures}") for cut in few]
    return [cut for cut in cuts if counts[cut.picture.person] >= min_pictures], rejected


def _named(cut: Cut) -> str:
    return f"{cut.picture.person}: {cut.picture.source}"


def _remove_others(folder: Path, answers: Iterable[Cut | Rejected], kept: Iterable[Cut]) -> None:
    """Remove crops that were written before they proved superfluous, and the folders they leave empty."""
    superfluous = {answer.file for answer in answers if isinstance(answer, Cut)} - {cut.file for cut in kept}
    for file in superfluous:
        (folder / file).unlink()
    for parent in {(folder / file).parent for file in superfluous}:
        if not any(parent.iterdir()):
            parent.rmdir()


def _crops(cuts: Iterable[Cut], uses: Mapping[str, Use]) -> tuple[Crop, ...]:
    return tuple(
        Crop(cut.file, cut.picture.person, uses[cut.picture.person], cut.picture.camera, cut.picture.source, cut.sha256)
        for cut in cuts
    )


def _manifest(
    inputs: Sequence[Input], crops: Sequence[Crop], rejected: Sequence[Rejected], wishes: Wishes, detector_sha256: str
) -> dict[str, Any]:
    """Without times, folders of this machine or the number of workers: the same data, the same bytes."""
    return {
        "format": FORMAT,
        "made_by": {"command": "faceplate-train prepare", "version": __version__, "detector_sha256": detector_sha256},
        "inputs": [
            {"label": found.label, "layout": found.layout, "pictures": len(found.pictures), "enrolled": found.enrolled}
            for found in inputs
        ],
        "shares": {use: wishes.shares.get(use, 0.0) for use in USES},
        "usable_only": wishes.usable_only,
        "min_pictures": wishes.min_pictures,
        "duplicates_within_bits": LARGEST_DISTANCE,
        "uses": {use: _tally([crop for crop in crops if crop.split == use]) for use in USES},
        "cameras": {
            camera: _tally([crop for crop in crops if crop.camera == camera])
            for camera in sorted({crop.camera for crop in crops})
        },
        "rejected": dict(sorted(Counter(row.reason for row in rejected).items())),
        "crops_sha256": hashlib.sha256(table_of(crops)).hexdigest(),
    }


def _tally(crops: Sequence[Crop]) -> dict[str, int]:
    pictures = Counter(crop.person for crop in crops)
    single = sum(count == 1 for count in pictures.values())
    return {"people": len(pictures), "people_with_one_crop": single, "crops": len(crops)}


def _counts(rejected: Iterable[Rejected]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(Counter(row.reason for row in rejected).items()))


def _write_tables(folder: Path, crops: Sequence[Crop], rejected: Sequence[Rejected], manifest: dict[str, Any]) -> None:
    (folder / TABLE).write_bytes(table_of(crops))
    (folder / REJECTED).write_bytes(_table_of_rejected(rejected))
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _table_of_rejected(rejected: Iterable[Rejected]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    columns = [column.name for column in fields(Rejected)]
    writer.writerow(columns)
    writer.writerows(sorted([getattr(row, column) for column in columns] for row in rejected))
    return text.getvalue().encode()
