"""`faceplate-train add-liveness`: put a fitted liveness network into a bundle."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from faceplate.model.bundle import Bundle, load_bundle
from faceplate_trainer.commands.common import prepare_tensorflow

if TYPE_CHECKING:
    from faceplate_trainer.commands.common import Subparsers


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "add-liveness",
        help="put a fitted liveness network into a bundle",
        description="Put the network of a `faceplate-train fit-liveness` into a bundle, in place of the one it has. "
        "The Siamese network, the calibration and the bundle's id stay as they are: whoever is enrolled stays "
        "enrolled. The model card says what it was fitted and measured on.",
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="the bundle's folder; it is changed, whole or not")
    parser.add_argument("--run", type=Path, dest="fitted", required=True, metavar="RUN", help="of `fit-liveness`")
    parser.set_defaults(run=_add)


def _add(arguments: argparse.Namespace) -> None:
    bundle = add_liveness(load_bundle(arguments.bundle), arguments.fitted)
    print(f"{bundle.folder}: {bundle.label}, its id is still {bundle.id[:12]}")


def add_liveness(bundle: Bundle, fitted: Path) -> Bundle:
    """Put the network of a run into a bundle's folder.

    Raises:
        TrainingError: the run cannot be read.
        ModelError: the daemon would refuse the bundle, or it cannot be written; then it is as it was before.
    """
    prepare_tensorflow()
    from faceplate_trainer.exporting.bundle_folder import with_liveness  # noqa: PLC0415 - loads TensorFlow
    from faceplate_trainer.exporting.provenance import sources_of_liveness  # noqa: PLC0415 - the same
    from faceplate_trainer.liveness.run import network_of, read_run  # noqa: PLC0415 - the same

    run = read_run(fitted)
    return with_liveness(bundle, network_of(fitted, run.model.file), run.model, sources_of_liveness(run))
