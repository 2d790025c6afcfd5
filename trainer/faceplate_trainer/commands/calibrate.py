"""`faceplate-train calibrate`: what a bundle's scores mean, measured again on other people."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from faceplate.model.bundle import Bundle, load_bundle
from faceplate.model.calibration import Calibration
from faceplate.vision.network import SiameseNetwork
from faceplate_trainer.commands.common import warn_of_rates
from faceplate_trainer.data.labelled import DatasetError
from faceplate_trainer.data.prepared import Prepared, read_prepared
from faceplate_trainer.measuring.calibrate import calibrate
from faceplate_trainer.measuring.embedded import embed_crops
from faceplate_trainer.measuring.head import head_of

if TYPE_CHECKING:
    from faceplate_trainer.commands.common import Subparsers

_log = logging.getLogger(__name__)


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "calibrate",
        help="measure a bundle's thresholds again, on other people",
        description="Measure which score of a bundle gives which rates of false accepts and false rejects, by picture "
        "and by visit, on the people of a dataset that are kept for calibration, and write the table and the model "
        "card into the bundle. Network and head stay as they are. People like those at the door make the best table; "
        "nobody of them may have had a part in making the bundle.",
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="the bundle's folder; its table is replaced")
    parser.add_argument("--data", type=Path, required=True, metavar="DATASET", help="what `prepare` wrote")
    parser.add_argument(
        "--new-people",
        action="store_true",
        help="the dataset is not the one the bundle was made from, and you made sure that none of its calibration "
        "people is among those the network or the head was trained on",
    )
    parser.add_argument(
        "--rates",
        type=_rate,
        nargs="+",
        metavar="RATE",
        help="false-accept rates to measure, such as 1e-3 1e-4; one that so few people cannot show is refused "
        "(default: the usual ones, as far as they can be shown)",
    )
    parser.add_argument("--pictures-origin", default="", metavar="TEXT", help="where the dataset's pictures come from")
    parser.add_argument("--seed", type=int, default=0, help="of who is enrolled by which picture (default: 0)")
    parser.set_defaults(run=_calibrate)


def _rate(word: str) -> float:
    rate = float(word)
    if not 0 < rate < 1:
        raise argparse.ArgumentTypeError(f"expected a rate between 0 and 1, received {word}")
    return rate


def _calibrate(arguments: argparse.Namespace) -> None:
    from faceplate_trainer.exporting.bundle_folder import with_calibration  # noqa: PLC0415 - loads the export's tools
    from faceplate_trainer.exporting.provenance import CALIBRATION_PICTURES, source_of_dataset  # noqa: PLC0415

    bundle = load_bundle(arguments.bundle)
    prepared = read_prepared(arguments.data)
    _check_unseen(bundle, prepared, new_people=arguments.new_people)
    network = SiameseNetwork(bundle, threads=2)
    embedded = embed_crops(prepared, prepared.of("calibration"), network.embed)
    head = head_of(network.compare, bundle.manifest.embedding_size, prior=bundle.manifest.calibration.prior)
    calibration = calibrate(
        embedded.embeddings,
        embedded.people,
        head,
        templates=embedded.templates,
        rates=arguments.rates,
        seed=arguments.seed,
    )
    source = source_of_dataset(CALIBRATION_PICTURES, prepared, origin=arguments.pictures_origin, uses=["calibration"])
    with_calibration(bundle, calibration, source, seed=arguments.seed)
    _tell(calibration)
    _log.info("wrote the table of %s", bundle.folder)
    warn_of_rates(calibration)


def _check_unseen(bundle: Bundle, prepared: Prepared, *, new_people: bool) -> None:
    """Of the bundle's own dataset the calibration people had no other use; of another one only its owner can say."""
    made_from = bundle.manifest.trainer.get("dataset")
    if made_from != prepared.id and not new_people:
        known = f"dataset {str(made_from)[:12]}..." if made_from else "a dataset it does not name"
        raise DatasetError(
            f"{bundle.folder} was made from {known}, {prepared.folder} is {prepared.id[:12]}...: its calibration "
            "people may be among those the network was trained on, and the rates would look better than they are. "
            "Give the bundle's own dataset, or make sure that nobody is in both and add --new-people."
        )


def _tell(calibration: Calibration) -> None:
    print(f"{'anchors':>7} {'false accepts':>13} {'score above':>11} {'false rejects':>13}  by visit: accepts, rejects")
    for row in calibration.table:
        print(
            f"{row.anchors:7} {row.false_accept_rate:13g} {row.score:11.4f} {row.false_reject_rate:13.2%}  "
            f"{_known(row.visit_false_accept_rate)}, {_known(row.visit_false_reject_rate)}"
        )
    print(
        f"{calibration.people} people; each two counted once, they show rates down to {calibration.people_support:.1e}"
    )


def _known(rate: float | None) -> str:
    return "too few visits" if rate is None else f"{rate:.2g}"
