"""`faceplate-train`: the workstation's command line."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from faceplate import __version__
from faceplate.errors import FaceplateError
from faceplate_trainer.commands import (
    add_liveness,
    calibrate,
    capture,
    cohort,
    evaluate,
    evaluate_liveness,
    export,
    fit,
    fit_eyelids,
    fit_liveness,
    pack,
    prepare,
    report,
)

_log = logging.getLogger(__name__)


def main(words: Sequence[str] | None = None) -> int:
    """Run one command: 0 done, 1 failed, 2 wrong command line."""
    arguments = _parser().parse_args(words)
    logging.basicConfig(level="INFO", format="%(levelname)s %(name)s: %(message)s")
    try:
        arguments.run(arguments)
    except FaceplateError as error:
        print(f"faceplate-train: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception:  # noqa: BLE001 - the last resort of the program; it is logged whole
        _log.critical("an unforeseen error", exc_info=True)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="faceplate-train",
        description="From photographs to a calibrated, quantised Siamese bundle for the door.",
        epilog="`faceplate-train COMMAND --help` explains a command.",
    )
    parser.add_argument("--version", action="version", version=f"faceplate {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (
        capture,
        prepare,
        fit,
        fit_liveness,
        add_liveness,
        fit_eyelids,
        export,
        calibrate,
        cohort,
        evaluate,
        evaluate_liveness,
        pack,
        report,
    ):
        command.register(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
