"""`faceplate secure`: lock the door and let go of it, whatever became of the daemon."""

from __future__ import annotations

import argparse

from faceplate.app import lock_driver
from faceplate.commands.common import ExitCode, Subparsers, config_of


def register(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "secure",
        parents=[common],
        help="lock the door after the daemon crashed or was killed",
        description="Drive the configured lock to its locked state and exit. systemd runs this whenever the daemon "
        "has ended, however it ended; while the daemon runs it is refused, because the lock is the daemon's.",
    )
    parser.set_defaults(run=_secure)


def _secure(arguments: argparse.Namespace) -> ExitCode:
    door = config_of(arguments).door
    driver = lock_driver(door)
    try:
        driver.lock()
    finally:
        driver.close()
    print(f"locked (driver: {door.driver})" if door.driver != "none" else "there is no lock (driver: none)")
    return ExitCode.OK
