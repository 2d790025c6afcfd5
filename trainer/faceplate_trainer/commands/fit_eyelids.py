"""`faceplate-train fit-eyelids`: fit the network that tells shut eyes from open ones."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from faceplate.model.bundle import load_bundle
from faceplate.types import Image
from faceplate.vision.face_mesh import FaceMesh
from faceplate_trainer.commands.common import eyes_that_only_cut, prepare_tensorflow, words_of
from faceplate_trainer.commands.evaluate import bundle_folder, tell
from faceplate_trainer.data.labelled import main_look
from faceplate_trainer.data.shown import Shown, read_folders, read_shown
from faceplate_trainer.eyelids.people import OPEN
from faceplate_trainer.eyelids.recipe import load_eyelids_recipe

if TYPE_CHECKING:
    from faceplate.model.eyelids_model import EyelidsModel
    from faceplate_trainer.commands.common import Subparsers


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "fit-eyelids",
        help="fit the network that tells shut eyes from open ones",
        description="Fit the network that tells shut eyes from open ones, on pictures of both and on lids drawn down "
        "over open eyes. Half of the people, by a hash of their names, are fitted on, and some of them choose the "
        "thresholds; the figures are of the others. Pictures are whole ones, not cut-out faces. The same pictures, "
        "recipe and seed give the same network.",
    )
    parser.add_argument("--recipe", default="eyelids", metavar="RECIPE", help="a recipe's name, or a YAML file")
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="SECTION.KEY=VALUE")
    parser.add_argument(
        "--index", type=Path, required=True, metavar="CSV", help="file,label,subject; label is shut, open or unclear"
    )
    parser.add_argument(
        "--images", type=Path, required=True, metavar="DIR", help="the folder the table's files are relative to"
    )
    parser.add_argument(
        "--others", type=Path, metavar="DIR", help="a folder for each subject; what the table does not name is open"
    )
    parser.add_argument("--detector", type=bundle_folder, default="default", metavar="BUNDLE", help="whose detector")
    parser.add_argument("--origin", default="", metavar="TEXT", help="where the pictures come from")
    parser.add_argument("--unknown", default="", metavar="TEXT", help="what is not known of them, or what they lack")
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="the run's folder")
    parser.set_defaults(run=_fit)


def _fit(arguments: argparse.Namespace) -> None:
    prepare_tensorflow(in_one_order=True)
    from faceplate_trainer.eyelids.fitting import Order, fit_eyelids  # noqa: PLC0415 - TensorFlow takes seconds to load

    order = Order(
        shown=shown_in(arguments.index, arguments.images, arguments.others),
        recipe=load_eyelids_recipe(arguments.recipe, arguments.overrides),
        folder=arguments.out,
        origin=arguments.origin,
        unknown=arguments.unknown,
        command=shlex.join(["faceplate-train", *sys.argv[1:]]),
    )
    tell(_summary(fit_eyelids(order, mesh_of(arguments.detector))))


def shown_in(index: Path, images: Path, others: Path | None) -> tuple[Shown, ...]:
    """What a table names, and every other picture below `others`, as open.

    Raises:
        DatasetError: the table cannot be used, or the folder holds no folders of pictures.
    """
    labelled = read_shown(index, images)
    named = {each.file.resolve() for each in labelled}
    open_ones = read_folders(OPEN, others) if others else ()
    return labelled + tuple(each for each in open_ones if each.file.resolve() not in named)


def mesh_of(bundle: Path) -> Callable[[Image], NDArray[np.float32] | None]:
    """Finds the points of a picture's main face, with the detector of a bundle."""
    look, mesh = eyes_that_only_cut(load_bundle(bundle).detector).look, FaceMesh()

    def points_of(image: Image) -> NDArray[np.float32] | None:
        main = main_look(look(image), image)
        return None if main is None else mesh.points(image, main.face)

    return points_of


def _summary(model: EyelidsModel) -> dict[str, object]:
    measured = model.measured
    found = {f"shut eyes found at {float(taken):.0%} of the open": words_of(r) for taken, r in measured.found.items()}
    risen = {"and risen, shut found": measured.risen_found, "and risen, open taken": measured.risen_taken}
    return {
        "subjects": measured.subjects,
        "pictures": {"shut": measured.shut, "open": measured.open},
        **found,
        "shut_above": round(model.shut_above, 3),
        "risen_by": round(model.risen_by, 3),
        "above, shut found": words_of(measured.shut_found),
        "above, open taken": words_of(measured.open_taken),
        **{name: words_of(rate) for name, rate in risen.items() if rate is not None},
    }
