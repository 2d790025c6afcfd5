"""The door as an enrolment has it: the daemon's, or, where none runs, its camera opened here. One shape for both."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final, Protocol

from faceplate.camera.camera import Camera
from faceplate.camera.clock import monotonic
from faceplate.commands.asking import result_of
from faceplate.commands.either import daemon_runs
from faceplate.config import Config
from faceplate.control.client import Caller
from faceplate.enrolling.session import EnrolmentSession
from faceplate.enrolling.view import View, view_from
from faceplate.equipment import live_camera
from faceplate.errors import CameraError, FaceplateError
from faceplate.recognition import Recognition
from faceplate.types import Cue, Decision, Outcome, Reason, Seconds

SILENCE: Final = Seconds(15.0)
"""After so long without a picture there will be none"""


class EnrolmentDoor(Protocol):
    """What an enrolment needs of a door."""

    def look(self) -> View | None:
        """The newest frame, if it was not given before, or raise CameraError, ControlError or OrderRefusedError."""

    def hint(self, cue: Cue) -> None:
        """Tell whoever stands there."""

    def shut(self) -> None:
        """Look no more: from here on the network is the caller's."""


@contextmanager
def door_of(config: Config, recognition: Recognition, name: str) -> Iterator[EnrolmentDoor]:
    """The door for as long as `name` is enrolled there.

    Raises:
        OrderRefusedError: somebody else is being enrolled, or this user may not do that.
        CameraError: the daemon does not run, and the camera cannot be opened.
    """
    if daemon_runs(config):
        with _theirs(config, name) as door:
            yield door
    else:
        with _ours(config, recognition) as door:
            yield door


@contextmanager
def _theirs(config: Config, name: str) -> Iterator[EnrolmentDoor]:
    caller = Caller(config.control.socket)
    try:
        key = result_of(caller.ask("enrolment.begin", {"name": name}))["session"]
        try:
            yield _DaemonsDoor(caller, key)
        finally:
            with suppress(FaceplateError):  # it ends by itself
                caller.ask("enrolment.end", {"session": key})
    finally:
        caller.close()


class _DaemonsDoor:
    def __init__(self, caller: Caller, key: str) -> None:
        self._caller = caller
        self._key = key
        self._newest = _Newest(lambda seen: self._order("enrolment.look", after=seen))

    def look(self) -> View | None:
        return self._newest.look()

    def hint(self, cue: Cue) -> None:
        self._order("enrolment.hint", cue=cue.value)

    def shut(self) -> None:
        """The daemon has a network of its own."""

    def _order(self, command: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        return result_of(self._caller.ask(command, {"session": self._key, **arguments}))


@contextmanager
def _ours(config: Config, recognition: Recognition) -> Iterator[EnrolmentDoor]:
    door = _OwnDoor(live_camera(config.camera), recognition)
    try:
        yield door
    finally:
        door.shut()


class _OwnDoor:
    """Does what the daemon's loop does up to the names; there is nobody to let in, and nothing to tell them with."""

    def __init__(self, camera: Camera, recognition: Recognition) -> None:
        self._session = EnrolmentSession(monotonic, lambda _: None)
        self._key = self._session.begin()["session"]
        self._camera = camera
        self._newest = _Newest(lambda seen: self._session.look(self._key, seen))
        self._failure: FaceplateError | None = None
        self._thread = threading.Thread(target=self._watch, args=(camera, recognition), name="eyes", daemon=True)
        self._thread.start()

    def look(self) -> View | None:
        if self._failure is not None:
            raise self._failure
        return self._newest.look()

    def hint(self, cue: Cue) -> None:
        self._session.hint(self._key, cue)

    def shut(self) -> None:
        self._camera.close()
        self._thread.join()

    def _watch(self, camera: Camera, recognition: Recognition) -> None:
        eyes, people, show = recognition.eyes(), recognition.recogniser(), self._session.watching()
        try:
            for frame in camera.frames():
                matches = [people.name(sighting) for sighting in eyes.see(frame)]
                show(frame, matches, Decision(frame.index, frame.time, Outcome.NOTHING, Reason.LOOKING))
            self._failure = CameraError("the camera gives no more pictures; nobody was enrolled")
        except FaceplateError as error:
            self._failure = error


class _Newest:
    """Gives each frame once, and notices when there are none."""

    def __init__(self, ask: Callable[[int], Mapping[str, Any]]) -> None:
        """`ask` gives the newest frame with a number above the given one, as `view.tree_of`; empty: there is none."""
        self._ask = ask
        self._seen = 0
        self._heard = monotonic()

    def look(self) -> View | None:
        tree, now = self._ask(self._seen), monotonic()
        if not tree and now - self._heard > SILENCE:
            raise CameraError(
                f"the camera gave no picture for {SILENCE:g} s; nobody was enrolled. See `faceplate status` and "
                "`faceplate doctor`"
            )
        if not tree:
            return None
        view = view_from(tree)
        self._seen, self._heard = view.frame, now
        return view
