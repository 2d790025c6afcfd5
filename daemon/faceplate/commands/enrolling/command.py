"""`faceplate enroll`: somebody stands at the door's camera, is told what to do, and is enrolled."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from faceplate.camera.clock import monotonic
from faceplate.commands.common import ExitCode, Subparsers, config_of, set_up_logging
from faceplate.commands.enrolling import options
from faceplate.commands.enrolling.door import EnrolmentDoor, door_of
from faceplate.commands.enrolling.page import no_page, page_of
from faceplate.commands.enrolling.screen import Screen, tree_of
from faceplate.commands.enrolling.session import Patience, led
from faceplate.commands.enrolling.verdict import Verdict, verdict
from faceplate.commands.people_orders import check_owner, household_of, note_enrolled, order_people
from faceplate.config import Config
from faceplate.enrolling.choice import LEAST
from faceplate.enrolling.guide import Guide, begun
from faceplate.enrolling.measures import Good
from faceplate.enrolling.page_server import Board
from faceplate.enrolling.steps import Step, steps_for
from faceplate.enrolling.view import View
from faceplate.errors import EnrolmentError, FaceplateError
from faceplate.people import consent
from faceplate.people.consent import Consent
from faceplate.people.person import Person, tidy_name
from faceplate.people.rights_change import RightsChange, change_from
from faceplate.recognition import Likest, Recognition
from faceplate.types import Cue, Seconds

_DESCRIPTION: Final = """Enrol NAME at the door's own camera, in a minute or so: whoever it is stands there and is told
what to do, by the door's lights and voice, on this terminal, and on a page that a phone can show while this lasts.
Nobody else may be in view. While the daemon runs it lends its eyes and goes on working for everybody enrolled; else the
camera is opened here. Nothing is stored before all of it was seen, and what was stored can be taken back."""

_EXAMPLES: Final = """Examples: faceplate enroll Ada; faceplate enroll Bea --role guest --valid-for 3d --page lan;
faceplate enroll --undo Ada"""

_KEEP: Final = "The door knows them now: try it. Keep it?"


def register(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "enroll",
        parents=[common],
        help="enrol somebody at the door's camera",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    options.add_options(parser)
    parser.set_defaults(run=_run)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command line asks for."""

    name: str
    change: RightsChange
    arguments: argparse.Namespace


def _run(arguments: argparse.Namespace) -> ExitCode:
    config = config_of(arguments)
    if arguments.undo:
        return _undo(config, arguments)
    check_owner(config)
    set_up_logging(config.log)
    logging.getLogger().setLevel(logging.ERROR)  # the screen is for the guide
    asked = _Asked(
        tidy_name(arguments.name), change_from(options.rights_of(arguments, config.access.time_zone)), arguments
    )
    screen = Screen(sys.stderr if arguments.json else sys.stdout)
    with _interruptible(), _page(arguments, screen) as board:
        result = _enrolled(config, asked, screen, board)
    if arguments.json:
        print(json.dumps(result, ensure_ascii=False))
    return ExitCode.OK if result["kept"] else ExitCode.REFUSED


@contextmanager
def _interruptible() -> Iterator[None]:
    """A terminal that is closed is as good as Ctrl-C: what nobody said yes to is taken back."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGHUP, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _undo(config: Config, arguments: argparse.Namespace) -> ExitCode:
    result = order_people(config, "people.undo", name=arguments.name)
    if arguments.json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        left = (
            f"{result['pictures']} are left" if result["pictures"] else "that was all: nobody of this name is enrolled"
        )
        print(f"{result['name']}: {result['undone']} pictures are taken away; {left}")
    return ExitCode.OK


def _page(arguments: argparse.Namespace, screen: Screen) -> AbstractContextManager[Board]:
    return no_page() if arguments.no_page else page_of(arguments.page, arguments.page_port, screen.say)


def _enrolled(config: Config, asked: _Asked, screen: Screen, board: Board) -> dict[str, Any]:
    """Enrol somebody, and tell what came of it."""
    arguments = asked.arguments
    agreed = _consent(asked, screen, board)
    steps = _steps(arguments, screen)
    recognition = Recognition(config.vision, config.people)
    began = monotonic()
    guide = begun(asked.name, steps, Good.of(config.vision.quality))

    def show(guide: Guide, view: View) -> None:
        screen.show(guide)
        board.show(tree_of(guide) | {"frame": view.frame, "consent": ""}, view.jpeg)

    with ExitStack() as undoing:
        # To the end of it the door takes them for somebody who is being enrolled, and not for a stranger.
        with door_of(config, recognition, asked.name) as door, _told(door):
            with screen.keys() as keys:
                guide = led(guide, door, keys, Patience(Seconds(arguments.patience)), show)
            door.shut()
            may = verdict(asked.name, guide.pictures, recognition)
            _warn(may.likest, asked, screen)
            person, added = _stored(recognition, config, asked, may, agreed)
            undoing.callback(_take_back, config, person.name, screen)
        took = round(monotonic() - began, 1)
        note_enrolled(config, person.name)
        screen.say(f"{person.name}: {added} pictures taken in {took:g} s, {len(person.anchors)} in all")
        kept = arguments.yes or (screen.is_alive and screen.asks(_KEEP, otherwise=True))
        if kept:
            undoing.pop_all()
    return _result(guide, agreed, may.likest) | {
        "added": added,
        "pictures": len(person.anchors),
        "seconds": took,
        "kept": kept,
    }


def _stored(
    recognition: Recognition, config: Config, asked: _Asked, may: Verdict, agreed: Consent
) -> tuple[Person, int]:
    """The person, stored, and how many pictures were added."""
    person, enrolment = recognition.enrol(
        asked.name,
        may.pictures,
        lambda person, others: household_of(config).changed(person, asked.change, others),
        agreed=agreed,
        least=LEAST,
    )
    return person, len(enrolment.anchors)


@contextmanager
def _told(door: EnrolmentDoor) -> Iterator[None]:
    """Whoever stands at the door is told how it ended, as far as that can be done."""
    cue = Cue.REFUSED
    try:
        yield
        cue = Cue.DONE
    finally:
        with suppress(FaceplateError):
            door.hint(cue)


def _consent(asked: _Asked, screen: Screen, board: Board) -> Consent:
    board.show(
        {"name": asked.name, "consent": consent.TEXT, "asked": "", "hint": "", "quality": 0, "frame": 0, "steps": []},
        b"",
    )
    screen.tell(consent.TEXT)
    if asked.arguments.consent_given:
        screen.say("Agreed to beforehand (--consent-given).")
    elif not screen.is_alive:
        raise EnrolmentError("nobody can be asked to agree here; if they have agreed, say --consent-given")
    elif not screen.asks(f"Does {asked.name} agree?", otherwise=False):
        raise EnrolmentError(f"{asked.name} did not agree; nobody was enrolled, and nothing is kept")
    return consent.consent_given(datetime.now(UTC))


def _steps(arguments: argparse.Namespace, screen: Screen) -> list[Step]:
    def wanted(given: bool | None, question: str) -> bool:  # noqa: FBT001 - as argparse gives it
        if given is not None or arguments.yes or not screen.is_alive:
            return bool(given)
        return screen.asks(question, otherwise=False)

    glasses = wanted(arguments.glasses, "Do they wear glasses now?")
    light = wanted(arguments.other_light, "Take pictures in other light, too (a lamp on or off)?")
    return [step for step in steps_for(glasses=glasses, light=light) if step not in arguments.skip]


def _warn(likest: Likest | None, asked: _Asked, screen: Screen) -> None:
    """Say that somebody looks much like another, and ask."""
    if likest is None:
        return
    screen.say(
        f"warning: {asked.name} looks like {likest.person} (score {likest.score:.2f}): at times one may not be told "
        "from the other, and is asked for a PIN, or not let in"
    )
    if asked.arguments.yes:
        return
    if not screen.is_alive or not screen.asks("Enrol them all the same?", otherwise=False):
        raise EnrolmentError("nobody was enrolled; to enrol look-alikes without being asked give --yes")


def _take_back(config: Config, name: str, screen: Screen) -> None:
    order_people(config, "people.undo", name=name)
    screen.say("It was taken back: all is as it was before." + ("" if screen.is_alive else " (--yes keeps it)"))


def _result(guide: Guide, agreed: Consent, likest: Likest | None) -> dict[str, Any]:
    return {
        "name": guide.name,
        "steps": {str(each.step): "skipped" if each.skipped else len(each.pictures) for each in guide.steps},
        "consent": consent.to_tree(agreed),
        "likest": likest and {"person": likest.person, "score": round(float(likest.score), 3)},
    }
