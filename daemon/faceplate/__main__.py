"""The command line: read it, run one command, and tell how it ended."""

from __future__ import annotations

import argparse
import importlib
import logging
import sys
from collections.abc import Sequence

from faceplate import __version__
from faceplate.commands import common
from faceplate.commands.common import ExitCode
from faceplate.errors import (
    BridgeError,
    CameraError,
    ConfigError,
    ControlError,
    DoorError,
    EnrolmentError,
    FaceplateError,
    ModelError,
    OrderRefusedError,
    PictureError,
    StoreError,
)

_EXIT_CODES = {
    ConfigError: ExitCode.CONFIG,
    CameraError: ExitCode.CAMERA,
    ModelError: ExitCode.MODEL,
    PictureError: ExitCode.PICTURE,
    EnrolmentError: ExitCode.REFUSED,
    StoreError: ExitCode.STORE,
    DoorError: ExitCode.DOOR,
    BridgeError: ExitCode.BRIDGE,
    ControlError: ExitCode.CONTROL,
    OrderRefusedError: ExitCode.REFUSED,
}

# Each command, and the module it is in.
_COMMANDS = (
    {name: name for name in ("run", "bridge", "kiosk", "demo", "people", "replay", "journal", "secure", "doctor")}
    | {"check-gallery": "check_gallery", "thresholds": "thresholds"}
    | {"enroll": "enrolling.command", "bundle": "bundling.command"}
    | dict.fromkeys(("status", "unlock", "lock", "mode", "lockdown", "face", "lockout", "clock", "pin"), "control")
)

_log = logging.getLogger(__name__)


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    words = sys.argv[1:] if words is None else words
    # Only the command that is asked for is loaded: the bridge has no business with networks, nor the daemon with MQTT.
    arguments = _parser(words[:1] if words and words[0] in _COMMANDS else tuple(_COMMANDS)).parse_args(words)
    try:
        return int(arguments.run(arguments))
    except FaceplateError as error:
        print(f"faceplate: {error}", file=sys.stderr)
        return next((code for kind, code in _EXIT_CODES.items() if isinstance(error, kind)), ExitCode.FAILED)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone; Python would complain of it at exit
        return ExitCode.OK
    except Exception:  # noqa: BLE001 - the last resort of the program; it is logged whole
        _log.critical("an unforeseen error; the door is locked", exc_info=True)
        return ExitCode.FAILED


def _parser(names: Sequence[str] = tuple(_COMMANDS)) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="faceplate",
        description="A door that knows its people: face verification wholly on the device.",
        epilog="`faceplate COMMAND --help` explains a command. Exit codes: "
        + ", ".join(f"{code.value} {code.name.lower()}" for code in ExitCode)
        + ".",
    )
    parser.add_argument("--version", action="version", version=f"faceplate {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    options = common.config_options()
    for module in dict.fromkeys(_COMMANDS[name] for name in names):
        importlib.import_module(f"faceplate.commands.{module}").register(commands, options)
    return parser


if __name__ == "__main__":
    sys.exit(main())
