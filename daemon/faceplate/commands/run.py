"""`faceplate run`: the daemon."""

from __future__ import annotations

import argparse
import faulthandler
import signal
import threading

from faceplate import app
from faceplate.commands.common import ExitCode, Subparsers, config_of, set_up_logging
from faceplate.service import Stop

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
    # Before there is a camera to close, a stop is an ordinary exception: everything built so far is taken down.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app.run(config, _stop_on_signal)
    except KeyboardInterrupt:
        return ExitCode.OK
    return ExitCode.OK


def _stop_on_signal(stop: Stop) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        # From a thread of its own: a handler interrupts the main thread, which may hold a lock that stopping needs.
        signal.signal(number, lambda *_: threading.Thread(target=stop).start())
