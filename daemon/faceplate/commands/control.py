"""`faceplate unlock`, `lock`, `status`, ...: orders to the running daemon."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from faceplate.commands.asking import order, secret
from faceplate.commands.common import ExitCode, Subparsers, config_of

_WHO = (
    "Root, the daemon's own user and whoever is named in control.operators may order this. It is written in the "
    "journal, with who ordered it, before it is done. The daemon must be running."
)
_MODES = {
    "locked": "opens for those who are let in",
    "unlocked": "open to everybody until it is locked",
    "blocked": "nobody is let in; the exit button works",
    "locked_open": "open to everybody, and only another mode ends that",
}


def register(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the commands."""
    options = argparse.ArgumentParser(add_help=False, parents=[common])
    options.add_argument("--json", action="store_true", help="print the daemon's result as one JSON object")

    def add(
        name: str, brief: str, description: str, run: Callable[[argparse.Namespace], ExitCode]
    ) -> argparse.ArgumentParser:
        parser = commands.add_parser(name, parents=[options], help=brief, description=f"{description} {_WHO}")
        parser.set_defaults(run=run)
        return parser

    add("unlock", "let somebody in now", "Unlock the door for its release time.", _order("unlock"))
    add("lock", "lock the door", "Lock the door, whatever it is doing, unless it is locked down.", _order("lock"))
    mode = add("mode", "change what the door does", "Put the door in a mode: " + _modes(), _mode)
    mode.add_argument("mode", metavar="MODE", choices=tuple(_MODES), help=", ".join(_MODES))
    down = "Lock the door so that nothing but `lockdown off` and the exit button opens it, also after a restart."
    _on_off(add("lockdown", "lock down the house, or end that", down, _switch("lockdown")))
    face = "Switch face unlock off, or on again. While it is off no face opens the door, also after a restart."
    _on_off(add("face", "switch face unlock on or off", face, _switch("face")))
    lockout = "Forget all failed attempts, so that faces and PINs are answered again at once."
    _one_word(add("lockout", "end a lock-out", lockout, _order("lockout_clear")), "clear")
    clock = "Take the machine's clock to be right, although it was once ahead of what it shows now."
    _one_word(add("clock", "trust the clock again", clock, _order("trust_clock")), "trust")
    add(
        "silence",
        "silence an alarm",
        "Silence the alarms that sound. Each stays raised until its cause is gone.",
        _order("silence"),
    )
    add("pin", "enter a PIN", "Enter a PIN, as on the door's keypad: typed unseen, or from standard input.", _pin)
    status = commands.add_parser(
        "status",
        parents=[options],
        help="what the door and the daemon are doing",
        description="Show what the door is doing. Everybody who can open the control socket may ask; it is not written "
        "in the journal.",
    )
    status.set_defaults(run=_status)


def _modes() -> str:
    return "; ".join(f"{name}: {meaning}" for name, meaning in _MODES.items()) + "."


def _on_off(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("switch", metavar="on|off", choices=("on", "off"))


def _one_word(parser: argparse.ArgumentParser, word: str) -> None:
    parser.add_argument("action", metavar=word, choices=(word,))


def _order(command: str) -> Callable[[argparse.Namespace], ExitCode]:
    def run(arguments: argparse.Namespace) -> ExitCode:
        return _tell(arguments, order(config_of(arguments), command))

    return run


def _switch(command: str) -> Callable[[argparse.Namespace], ExitCode]:
    def run(arguments: argparse.Namespace) -> ExitCode:
        return _tell(arguments, order(config_of(arguments), command, on=arguments.switch == "on"))

    return run


def _mode(arguments: argparse.Namespace) -> ExitCode:
    return _tell(arguments, order(config_of(arguments), "mode", mode=arguments.mode))


def _pin(arguments: argparse.Namespace) -> ExitCode:
    result = order(config_of(arguments), "pin", digits=secret("PIN"))
    _tell(arguments, result)
    return ExitCode.REFUSED if result["outcome"] == "denied" else ExitCode.OK


def _status(arguments: argparse.Namespace) -> ExitCode:
    status = order(config_of(arguments), "status")
    if arguments.json:
        return _tell(arguments, status)
    for key, value in status.items():
        print(f"{key:16} {_words(value)}")
    return ExitCode.OK


def _tell(arguments: argparse.Namespace, result: dict[str, Any]) -> ExitCode:
    if arguments.json:
        print(json.dumps(result, ensure_ascii=False))
        return ExitCode.OK
    warning = result.pop("warning", None)
    print(", ".join(f"{key}: {_words(value)}" for key, value in result.items()) or "done")
    if warning:
        print(f"warning: {warning}", file=sys.stderr)
    return ExitCode.OK


def _words(value: object) -> str:  # noqa: PLR0911 - one for each kind
    match value:
        case None:
            return "unknown"
        case True:
            return "yes"
        case False:
            return "no"
        case []:
            return "none"
        case list():
            return ", ".join(map(_words, value))
        case dict():
            return "; ".join(f"{key}: {_words(each)}" for key, each in value.items())
        case float():
            return str(round(value, 4))
    return str(value)
