"""`faceplate kiosk`: the page for a screen beside the door."""

from __future__ import annotations

import argparse
from contextlib import closing

from faceplate.camera.clock import monotonic
from faceplate.commands.common import ExitCode, Subparsers, config_of, set_up_logging
from faceplate.commands.signals import heard_signals
from faceplate.config import Config
from faceplate.control.client import Caller
from faceplate.errors import ConfigError
from faceplate.kiosk.asking import Asked
from faceplate.kiosk.page_server import ADDRESS, Page, PageServer
from faceplate.supervision import supervised

SERVING = "serving the page for the screen"


def register(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "kiosk",
        parents=[common],
        help="serve the page that a screen beside the door shows",
        description=f"Serve one page on http://{ADDRESS}:<kiosk.port of the configuration>/, for a browser on this "
        "machine that shows it full screen: prompts, welcome, refusal, and that the door is out of service. It asks "
        "the daemon's control socket what to show, and can order nothing. Runs until told to stop (SIGTERM or Ctrl-C).",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> ExitCode:
    config = config_of(arguments)
    set_up_logging(config.log)
    with closing(Caller(config.control.socket)) as caller:
        page = Page(Asked(caller, config.speech.language, monotonic).words, config.speech.language)
        _serve(config, page)
    return ExitCode.OK


def _serve(config: Config, page: Page) -> None:
    try:
        server = PageServer(config.kiosk.port, page, monotonic)
    except OSError as error:
        raise ConfigError(
            f"the kiosk cannot listen on {ADDRESS}:{config.kiosk.port}: {error}. Free the port, or name another as "
            "kiosk.port"
        ) from error
    with heard_signals() as stopping, server:
        stopping(server.shutdown)
        # A daemon that is not there keeps nothing from being ready: the page says so.
        with supervised(lambda: None, SERVING, monotonic) as moved:
            server.serve(lambda: moved(SERVING))
