"""A whole fit: pictures, network, thresholds, figures."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from faceplate.model.eyelids_model import FORMAT, EyelidsModel
from faceplate_trainer.data.scored import Scored
from faceplate_trainer.data.shown import Pictures, Shown
from faceplate_trainer.eyelids.convert import convert, scores
from faceplate_trainer.eyelids.fit import fit
from faceplate_trainer.eyelids.measure import measure, thresholds
from faceplate_trainer.eyelids.people import SHUT, Split, split
from faceplate_trainer.eyelids.pictures import Album, PointsOf, Seen, read_album
from faceplate_trainer.eyelids.recipe import EyelidsRecipe
from faceplate_trainer.eyelids.run import write_run
from faceplate_trainer.eyelids.views import views_of
from faceplate_trainer.training.run_folder import check_new, versions

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be fitted, and where to."""

    shown: tuple[Shown, ...]
    """Labelled SHUT, OPEN or UNCLEAR"""
    recipe: EyelidsRecipe
    folder: Path
    origin: str = ""
    unknown: str = ""
    command: str = ""


def fit_eyelids(order: Order, points_of: PointsOf) -> EyelidsModel:
    """Fit on half of the people, measure on the others, and write the run's folder.

    Raises:
        DatasetError: the pictures are too few, or of one kind only.
        PictureError: one cannot be read.
        TrainingError: the folder is in use or cannot be written to.
    """
    check_new(order.folder)
    asked = split(order.shown, order.recipe.fit.thresholds)
    album = read_album((*asked.fitted, *asked.choosing, *asked.held_back), points_of)
    if album.without_face:
        _log.warning("no face in %d pictures, the first of them %s", len(album.without_face), album.without_face[0])
    # Again: a face that is not found may have been the only one of its kind.
    found = split([each.shown for each in album.seen], order.recipe.fit.thresholds)
    content = convert(fit(views_of(_among(found.fitted, album), order.recipe), order.recipe.fit))
    limits = thresholds(_scored(content, _among(found.choosing, album)), order.recipe.fit)
    held_back = _scored(content, _among(found.held_back, album))
    model = EyelidsModel(
        FORMAT,
        hashlib.sha256(content).hexdigest(),
        limits.shut_above,
        limits.risen_by,
        measure(held_back, limits, seed=order.recipe.fit.seed),
        _made(order, found, album),
    )
    write_run(order.folder, model, content, order.recipe, held_back)
    return model


def _among(shown: Sequence[Shown], album: Album) -> list[Seen]:
    wanted = set(shown)
    return [each for each in album.seen if each.shown in wanted]


def _scored(content: bytes, seen: Sequence[Seen]) -> list[Scored]:
    found = scores(content, [each.views for each in seen])
    return [Scored(each.shown, float(score)) for each, score in zip(seen, found, strict=True)]


def _made(order: Order, found: Split, album: Album) -> dict[str, object]:
    pictures = Pictures(
        "eyes shut and open", len(album.seen), album.sha256, order.origin or "not said by whoever fitted", order.unknown
    )
    return {
        "seed": order.recipe.fit.seed,
        "command": order.command,
        "recipe": order.recipe.model_dump(mode="json"),
        "pictures": dataclasses.asdict(pictures),
        "fitted": _counts(found.fitted),
        "choosing": _counts(found.choosing),
        "versions": versions(),
    }


def _counts(shown: Sequence[Shown]) -> dict[str, int]:
    shut = sum(each.label == SHUT for each in shown)
    return {"subjects": len({each.subject for each in shown}), "shut": shut, "open": len(shown) - shut}
