"""The composition root: it alone, with `recognition`, names concrete classes. Starts in order, stops in reverse."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from faceplate.access.calendar import Calendar
from faceplate.access.reception import Reception
from faceplate.camera.clock import monotonic
from faceplate.config import Config, JournalConfig
from faceplate.config.schedule import ALWAYS, NEVER
from faceplate.control.peers import Ranks
from faceplate.control.server import ControlServer
from faceplate.dashboard import Dashboard, in_turn
from faceplate.door.door import Door
from faceplate.door.drivers.keypad import Keypad
from faceplate.door.drivers.lock_lines import LockLines
from faceplate.door.drivers.secure import write_lines
from faceplate.door.hardware import Ring
from faceplate.enrolling.session import EnrolmentSession
from faceplate.enrolling.window import EnrolmentWindow
from faceplate.equipment import door_camera, hardware_of, lit
from faceplate.errors import ControlError, DoorError, StoreError
from faceplate.events import DoorEvent, DoorMode
from faceplate.events import wall_clock as present
from faceplate.journal import reader
from faceplate.journal.journal import Journal
from faceplate.journal.recorder import Recorder
from faceplate.journal.retention import Retention
from faceplate.loop import guard
from faceplate.model.bundle_store import BundleStore
from faceplate.orders.bundle_commands import bundle_commands
from faceplate.orders.door_commands import DoorOrders, StatusReport, door_commands, screen_command
from faceplate.orders.enrolment_commands import enrolment_commands
from faceplate.orders.journal_commands import journal_commands, rows_of
from faceplate.orders.orders import Orders
from faceplate.orders.people_commands import people_commands
from faceplate.orders.remote_commands import remote_commands
from faceplate.people.gallery import Gallery
from faceplate.people.household import Household
from faceplate.quiet import steady_opencv
from faceplate.recognition import Recognition, bundle_folder, named_bundle
from faceplate.restart import Run, marked
from faceplate.screen import Screen
from faceplate.service import Stop, keep_going
from faceplate.settings import Settings
from faceplate.snapshot import Snapshots
from faceplate.standing import StandingFile
from faceplate.supervision import supervised
from faceplate.types import Colour, Cue, Decision, Frame, Match, Show
from faceplate.vision.liveness.ring_light import TAKES
from faceplate.vitals import Vitals
from faceplate.voice import Voice

_log = logging.getLogger(__name__)

NOBODY_WATCHES = "nobody is recognised"
"""The fault while camera, models or gallery fail and the exit button is served"""


LOADING = "the door is locked; networks and camera are being started"
GUARDING = "guarding the door"
NO_PICTURES = "the camera gives no pictures; it is tried again and again"
UNWATCHED = "nobody is recognised, and the exit button is served; the log says why"
"""What the service manager is told"""


@contextmanager
def started(door: Door, *, thread: bool) -> Iterator[Door]:
    """A door that is locked before anything else happens, and locked again however this ends."""
    with closing(door):
        door.start(thread=thread)
        yield door


def run(config: Config, stopping: Callable[[Stop], None]) -> None:
    """Guard the door until told to stop.

    With an exit button the door stays in service for those inside, whatever else is broken, and the rest is tried again
    and again. Without one nothing is served by staying: the first error ends the run.

    Args:
        config: all of it.
        stopping: is given what stops the daemon, before anything is begun. No exception stops it: one that is raised
            within a library's own code may come out as a fault of that library, which would be tried again.
    """
    stop = Stop()
    stopping(stop)
    steady_opencv()
    patient = config.door.inputs.exit is not None
    with ExitStack() as stack:
        hardware = stack.enter_context(closing(hardware_of(config.door)))  # locked from here on, whatever else fails
        _write_lines(config)
        this_run = stack.enter_context(marked(Run(config.access.standing_file.with_name("run.json"), present())))
        standing = StandingFile(config.access.standing_file, config.access, monotonic)

        def report_journal(broken: bool) -> None:  # noqa: FBT001 - the one thing it is told
            door.report_fault("the journal cannot be written", active=broken)

        recorder = stack.enter_context(closing(Recorder(lambda: journal_of(config.journal), monotonic, report_journal)))
        # A kiosk has no lock that could be locked or unlocked.
        note = note_nothing if config.door.driver == "none" else recorder.note
        door = Door(config.door, hardware, note, monotonic, config.access.max_frame_age, mode=standing.standing.mode)
        stack.enter_context(started(door, thread=True))
        if not patient:
            recorder.open_now()
        recorder.start()
        warn_of_gaps(config)
        voice = _voice_of(config, stack)
        dashboard = _dashboard_of(config, standing, door, this_run, stop, voice)
        stack.callback(dashboard.window.close)
        screen = Screen(config.speech, door.status, monotonic)
        reception = stack.enter_context(_attended(config, door, recorder, standing, dashboard, screen))
        moved = stack.enter_context(supervised(door.check, LOADING, monotonic))

        def watch() -> None:
            say = in_turn(screen.show, voice.show if voice else show_nothing)
            _watch(config, door, recorder, reception, say, dashboard, stop, moved)

        if patient:
            keep_going(
                watch, stop, lambda: door.report_fault(NOBODY_WATCHES, active=True), resting=lambda: moved(UNWATCHED)
            )
        else:
            watch()


def _dashboard_of(  # noqa: PLR0913, PLR0917 - each is a part of what it tells
    config: Config, standing: StandingFile, door: Door, this_run: Run, stop: Stop, voice: Voice | None
) -> Dashboard:
    gallery = Gallery(config.people.store, config.people.key_file)

    def tell(cue: Cue) -> None:
        door.cue(cue)
        if voice is not None:
            voice.cue(cue)

    return Dashboard(
        this_run,
        stop,
        Settings(config, standing, door.release_for),
        Vitals(monotonic),
        Snapshots(config.bridge.snapshot, present),
        EnrolmentWindow(monotonic, lambda: [person.name for person in gallery.people()]),
        EnrolmentSession(monotonic, tell),
        partial(bundle_folder, config.vision),
    )


def _write_lines(config: Config) -> None:
    """For whoever locks the door after all of this was killed."""
    if config.door.driver != "gpiozero":
        return
    try:
        write_lines(config.control.socket.with_name("lock.json"), LockLines.of(config.door))
    except OSError as error:
        _log.warning("after a kill the door will be locked by `faceplate secure`, a little later: %s", error)


def _watch(  # noqa: PLR0913, PLR0917 - each is one word of the loop's sentence
    config: Config,
    door: Door,
    recorder: Recorder,
    reception: Reception,
    voice: Show,
    dashboard: Dashboard,
    stop: Stop,
    moved: Callable[[str], None],
) -> None:
    """Recognise people until told to stop."""
    moved(LOADING)
    second = config.camera.second.kind if config.camera.second else None
    recognition = Recognition(config.vision, config.people, dashboard.settings.thresholds, second)
    show = in_turn(voice, dashboard.watching(recognition), lambda *_: moved(GUARDING))
    people = recognition.recogniser(recorder.note)
    moved(LOADING)
    if stop.told:  # loading takes seconds, and a camera more
        return
    with lit(config.door) as ring, stop.ends(door_camera(config.camera, partial(_blind, ring, moved))) as camera:
        door.report_fault(NOBODY_WATCHES, active=False)
        guard(camera, recognition.watchful_eyes(ring), people, reception, recorder, door, show)


def _blind(ring: Ring | None, moved: Callable[[str], None]) -> None:
    """While the camera gives no pictures nobody is looked at."""
    moved(NO_PICTURES)
    if ring is not None:
        with suppress(DoorError):  # who looks at what it shines will say so
            ring.shine(Colour())


@contextmanager
def _attended(  # noqa: PLR0913, PLR0917 - each is asked, or told, by what is ordered
    config: Config, door: Door, recorder: Recorder, standing: StandingFile, dashboard: Dashboard, screen: Screen
) -> Iterator[Reception]:
    """A reception that faces, keypad and control socket may turn to."""
    gallery = Gallery(config.people.store, config.people.key_file)
    reception = Reception(
        config.access,
        monotonic,
        door=door.status,
        calendar=Calendar(present, _latest_known(config.journal, standing)),
        standing=standing,
        people=lambda: {person.name: person.rights for person in gallery.people()},
        liveness=config.vision.liveness,
        narrowest=config.vision.quality.min_size,
        enrolling=dashboard.session.is_open,
    )

    def remember(mode: DoorMode) -> None:
        standing.change(lambda now: replace(now, mode=mode))

    door_orders = DoorOrders(door, reception, recorder, remember, screen.tell)
    household = Household(gallery, {ALWAYS, NEVER, *config.access.schedules})
    report = StatusReport(door, reception, household.count, config.people.store, monotonic, more=dashboard.facts)
    rows = rows_of(config.journal.path)
    commands = door_commands(door_orders, report) | people_commands(household)
    commands |= journal_commands(config.journal.path, recorder.changes)
    commands |= bundle_commands(
        BundleStore(config.vision.bundle_store), recorder.note, dashboard.restart, named_bundle(config.vision)
    )
    commands |= enrolment_commands(dashboard)
    commands |= remote_commands(config.bridge.commands, door_orders, dashboard, rows)
    commands |= screen_command(lambda: screen.words(locked_out=reception.status().locked_out > 0).facts())
    ranks = Ranks.of(config.control.operators, config.control.bridge, config.control.kiosk)
    orders = Orders(commands, recorder, ranks)
    with ExitStack() as stack:
        stack.enter_context(_under_orders(config, orders))
        if config.access.pin.keypad is not None:
            keypad = Keypad(config.access.pin.keypad, door_orders.answer_pin, monotonic)
            stack.callback(keypad.close)
            keypad.start()
        yield reception


@contextmanager
def _under_orders(config: Config, orders: Orders) -> Iterator[None]:
    """Serve the control socket. A door that cannot be ordered still does its work."""
    try:
        server = ControlServer(config.control.socket, orders.answer, monotonic)
    except ControlError as error:
        _log.error("nobody can give orders: %s", error)
        yield
        return
    with closing(server):
        server.start()
        yield


def journal_of(config: JournalConfig) -> Journal:
    """The journal the configuration names, opened for writing."""
    return Journal(config.path, config.key_file, Retention(config.keep_days, config.keep_rows))


def _latest_known(config: JournalConfig, standing: StandingFile) -> datetime | None:
    """The latest time the clock on the wall is known to have shown."""
    known = [standing.standing.latest]
    with suppress(StoreError, ValueError):  # a journal that is not there yet, or damaged: said elsewhere
        known += [datetime.fromisoformat(row.ts).astimezone(UTC) for row in reader.read_last(config.path, 1)]
    return max(filter(None, known), default=None)


def warn_of_gaps(config: Config) -> None:
    """Say what this door cannot do."""
    if config.vision.liveness == "off":
        _log.warning("no liveness: a photograph can open this door")
    if config.door.driver == "simulated":
        _log.warning("the lock is simulated: no door will open")
    if config.door.ring is not None:
        _warn_of_the_ring(config)


def _warn_of_the_ring(config: Config) -> None:
    after = config.access.challenge.after
    if config.door.driver == "simulated":
        _log.warning("the ring of light is simulated: no face answers it, and none opens without a challenge")
    if config.vision.liveness == "motion" and after < TAKES:
        _log.warning(
            "access.challenge.after (%g) is less than the ring of light takes (%g): all are asked", after, TAKES
        )


def show_nothing(frame: Frame, matches: Sequence[Match], decision: Decision) -> None:
    """Nobody watches."""


def _voice_of(config: Config, stack: ExitStack) -> Voice | None:
    if not (config.speech.greeting or config.speech.hints):
        return None
    return stack.enter_context(closing(Voice(config.speech, monotonic)))


def note_nothing(event: DoorEvent) -> None:
    """There is no door to tell of."""
