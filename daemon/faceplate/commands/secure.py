"""`faceplate secure`: lock the door and let go of it, whatever became of the daemon."""

from __future__ import annotations

import argparse

from faceplate.commands.common import ExitCode, Subparsers, config_of
from faceplate.door.drivers.lock_lines import LockLines


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
    if door.driver == "gpiozero":
        _lock(LockLines.of(door))
    print(f"locked (driver: {door.driver})" if door.driver != "none" else "there is no lock (driver: none)")
    return ExitCode.OK


def _lock(lines: LockLines) -> None:
    # The door may stand open until this is done: no more is loaded than it takes, and no keeper is started.
    from faceplate.door.drivers.gpiozero_lock import bare_lock  # noqa: PLC0415 - imported when chosen

    bare_lock(lines).close()
