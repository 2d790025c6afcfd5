"""What every command shares: exit codes, the options that find the configuration, and how values are printed."""

from __future__ import annotations

import argparse
import logging
import os
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from faceplate.config import Config, LogConfig
from faceplate.config_file import load_config

if TYPE_CHECKING:
    Subparsers: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse names it no other way
else:
    Subparsers = object

DEFAULT_CONFIG = Path("/etc/faceplate/config.yaml")


class ExitCode(IntEnum):
    """How a command ended, for scripts."""

    OK = 0
    FAILED = 1
    """A check found a fault, or an unforeseen error"""
    USAGE = 2
    """The command line itself is wrong"""
    CONFIG = 3
    CAMERA = 4
    MODEL = 5
    PICTURE = 6
    REFUSED = 7
    """Enrolment, or an order, was refused"""
    STORE = 8
    DOOR = 9
    BRIDGE = 10
    CONTROL = 11
    """The running daemon could not be asked"""
    INTERRUPTED = 130
    """Ctrl-C"""


def config_options() -> argparse.ArgumentParser:
    """The parent parser that carries --config and --set."""
    parser = argparse.ArgumentParser(add_help=False)
    group = parser.add_argument_group("configuration")
    group.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        default=Path(os.environ.get("FACEPLATE_CONFIG", DEFAULT_CONFIG)),
        help=f"configuration file (default: $FACEPLATE_CONFIG, else {DEFAULT_CONFIG})",
    )
    group.add_argument(
        "--set",
        dest="overrides",
        action="append",
        metavar="SECTION.KEY=VALUE",
        default=[],
        help="lay a value over the file's, for example --set door.release_time=3; may be given several times",
    )
    return parser


def config_of(arguments: argparse.Namespace) -> Config:
    """The configuration the command line names.

    Raises:
        ConfigError: it is missing or wrong.
    """
    return load_config(arguments.config, arguments.overrides)


def set_up_logging(config: LogConfig) -> None:
    """Say what happens on standard error, once for the whole program."""
    logging.basicConfig(
        level=config.level.upper(), format="%(asctime)s %(levelname)-8s %(name)s: %(message)s", force=True
    )
