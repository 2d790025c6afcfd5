"""`faceplate-train fit`: train a tower by a recipe."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from faceplate_trainer.commands.common import prepare_tensorflow
from faceplate_trainer.data import recipes
from faceplate_trainer.data.prepared import read_prepared
from faceplate_trainer.training.recipe import load_recipe

if TYPE_CHECKING:
    from faceplate_trainer.commands.common import Subparsers


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "fit",
        help="train a tower by a recipe",
        description="Train a tower on the training people of a dataset, judge it after each epoch on people it does "
        "not train on, and keep the best. Ctrl-C stops after the step and writes a checkpoint; --resume goes on from "
        "the last checkpoint as if nothing had happened, after a power cut, too.",
        epilog=f"Recipes that come with the program: {', '.join(recipes.shipped())}. Every value can be laid over: "
        "--set optimiser.learning_rate=3e-4 --set training.epochs=5.",
    )
    parser.add_argument("recipe", metavar="RECIPE", help="a recipe's name, or a YAML file")
    parser.add_argument("--data", type=Path, required=True, metavar="DATASET", help="what `prepare` made")
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="the run's folder")
    parser.add_argument("--resume", action="store_true", help="go on with the run in RUN")
    parser.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="lay a value over the recipe's, for example --set loss.margin=0.3; may be given several times",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Train.

    Raises:
        KeyboardInterrupt: training was asked to stop; its checkpoint is written.
        FaceplateError: it cannot start, or cannot go on.
    """
    recipe = load_recipe(arguments.recipe, arguments.overrides)
    prepared = read_prepared(arguments.data)
    prepare_tensorflow()
    from faceplate_trainer.training.fit import fit  # noqa: PLC0415 - TensorFlow takes seconds, and help needs none
    from faceplate_trainer.training.loop import Ending  # noqa: PLC0415 - the same

    command = shlex.join(["faceplate-train", *sys.argv[1:]])
    ending = fit(recipe, prepared, arguments.out, resume=arguments.resume, command=command)
    if ending is Ending.INTERRUPTED:
        print(f"interrupted; the checkpoint is in {arguments.out}, --resume goes on", file=sys.stderr)
        raise KeyboardInterrupt
    print(f"{arguments.out}: {ending.value}")
