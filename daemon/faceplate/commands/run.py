"""`faceplate run`: the daemon."""

from __future__ import annotations

import argparse
import faulthandler

from faceplate import app
from faceplate.commands.common import ExitCode, Subparsers, config_of, set_up_logging
from faceplate.commands.signals import heard_signals

_STANDARD_ERROR = 2


def register(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "run",
        parents=[common],
        help="guard the door",
        description="Guard the door until told to stop (SIGTERM or Ctrl-C). The door is locked at start and at every "
        "end.",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> ExitCode:
    config = config_of(arguments)
    set_up_logging(config.log)
    # The watchdog's SIGABRT, and a crash in a driver, leave in the log where each thread was. Should that trip over a
    # thread that still runs, it ends here just the same.
    faulthandler.enable(_STANDARD_ERROR)
    with heard_signals() as stopping:
        app.run(config, stopping)
    return ExitCode.OK
