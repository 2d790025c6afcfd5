"""The daemon's end of the control socket."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final, TypeAlias

from faceplate.control.limits import Claims, Limits
from faceplate.control.peers import Peer, peer_of
from faceplate.control.protocol import (
    LONGEST_ANSWER,
    LONGEST_REQUEST,
    Answer,
    Fault,
    ProtocolError,
    Refused,
    Request,
    framed,
    parsed,
    receive,
    request_from,
    tree_of,
)
from faceplate.control.socket_file import listening
from faceplate.types import Clock, Seconds

_log = logging.getLogger(__name__)

_JOIN_TIMEOUT: Final = Seconds(2.0)
_AFTER_A_FAILURE: Final = Seconds(0.5)
"""Before another connection is awaited when one could not be taken, say for want of file descriptors"""

_DEAR: Final = frozenset({Fault.FORBIDDEN, Fault.UNKNOWN_COMMAND})
"""What those who may order nothing can have written in the journal"""

Respond: TypeAlias = Callable[[Peer, Request], Answer]


class ControlServer:
    """Takes connections in a thread of its own, and serves each in another, as many as `limits` allows.

    Whatever a peer sends, or does not send, or does not take: the others are served, and the daemon lives.
    """

    def __init__(self, path: Path, respond: Respond, clock: Clock, limits: Limits = Limits()) -> None:  # noqa: B008 - frozen
        """Open the socket; nobody is served before `start`.

        Args:
            path: of the socket.
            respond: does what is asked; called from several threads.
            clock: tells the time.
            limits: how much one peer may claim.

        Raises:
            ControlError: another daemon listens there, or the socket cannot be made.
        """
        self._path = path
        self._respond = respond
        self._clock = clock
        self._limits = limits
        self._listener = listening(path)
        self._inode = path.stat().st_ino
        self._stopping = threading.Event()
        self._guard = threading.Lock()
        self._claims = Claims(limits)
        self._serving: dict[threading.Thread, socket.socket] = {}
        self._acceptor = threading.Thread(target=self._accept, name="control", daemon=True)

    def start(self) -> None:
        """Serve from now on."""
        self._acceptor.start()

    def close(self) -> None:
        """Serve no longer, and take the socket away. What is being done is still answered, if that does not take long.

        A second call does nothing.
        """
        if self._stopping.is_set():
            return
        self._stopping.set()
        with contextlib.suppress(OSError):  # gone already, or made anew by somebody else
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()
        _shut(self._listener)
        if self._acceptor.ident is not None:
            self._acceptor.join(_JOIN_TIMEOUT)
        with self._guard:
            serving = dict(self._serving)
        for connection in serving.values():
            _shut(connection, socket.SHUT_RD)
        end = self._clock() + _JOIN_TIMEOUT
        for thread, connection in serving.items():
            thread.join(max(0.0, end - self._clock()))
            _shut(connection)
        self._listener.close()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError as error:
                if not self._stopping.is_set():
                    _log.warning("a control connection could not be taken: %s", error)
                    self._stopping.wait(_AFTER_A_FAILURE)
                continue
            try:
                self._admit(connection)
            except (OSError, RuntimeError) as error:  # RuntimeError: no further thread can be started
                connection.close()
                _log.warning("a control connection could not be served: %s", error)

    def _admit(self, connection: socket.socket) -> None:
        peer = peer_of(connection)
        with self._guard:
            admitted = not self._stopping.is_set() and self._claims.connect(peer.uid, self._clock())
        if not admitted:
            _log.debug("%s has too many control connections open, or opens them too fast", peer)
            connection.settimeout(0)  # whoever is refused is not waited for
            with closing(connection):
                _answer(connection, "", Refused(Fault.TOO_MANY, "too many connections; close some, or wait a moment"))
            return
        thread = threading.Thread(target=self._serve, args=(connection, peer), name=f"control {peer.pid}", daemon=True)
        with self._guard:
            self._serving[thread] = connection
        try:
            thread.start()
        except RuntimeError:
            self._forget(thread, peer)
            raise

    def _serve(self, connection: socket.socket, peer: Peer) -> None:
        try:
            while not self._stopping.is_set() and self._serve_one(connection, peer):
                pass
        except OSError as error:  # also when an answer was not taken in time: half of it may have been sent
            _log.debug("the control connection of %s broke: %s", peer, error)
        finally:
            connection.close()
            self._forget(threading.current_thread(), peer)

    def _serve_one(self, connection: socket.socket, peer: Peer) -> bool:
        """Answer one request; false when the connection is of no further use."""
        try:
            content = receive(
                connection, LONGEST_REQUEST, idle=self._limits.idle, patience=self._limits.patience, clock=self._clock
            )
            if content is None or self._stopping.is_set():
                return False
            self._claim_request(peer)
            request = request_from(parsed(content))
        except ProtocolError as error:
            # A connection that idles until it is closed is nothing to warn of.
            level = logging.DEBUG if error.reason is Fault.TOO_SLOW else logging.WARNING
            _log.log(level, "%s: %s (%s)", peer, error, error.reason)
            self._send(connection, "", Refused(error.reason, str(error)))
            return False
        answer = self._answer_to(peer, request)
        if isinstance(answer, Refused) and answer.reason in _DEAR:
            with self._guard:
                self._claims.refused(peer.uid, self._clock())
        self._send(connection, request.id, answer)
        return True

    def _claim_request(self, peer: Peer) -> None:
        with self._guard:
            if not self._claims.request(peer.uid, self._clock()):
                raise ProtocolError(Fault.TOO_MANY, "too many requests; wait a moment")

    def _answer_to(self, peer: Peer, request: Request) -> Answer:
        try:
            return self._respond(peer, request)
        except Exception as error:  # noqa: BLE001 - whatever a request sets off, its peer hears of it and the daemon lives
            # Its kind and place only: the words of an error could repeat a PIN.
            _log.error("a request failed unforeseen: %s", _place_of(error))
            return Refused(Fault.FAILED, f"an unforeseen error ({type(error).__name__}); the daemon's log tells more")

    def _send(self, connection: socket.socket, name: str, answer: Answer) -> None:
        connection.settimeout(self._limits.patience)
        _answer(connection, name, answer)

    def _forget(self, thread: threading.Thread, peer: Peer) -> None:
        with self._guard:
            self._serving.pop(thread, None)
            self._claims.disconnect(peer.uid)


def _answer(connection: socket.socket, name: str, answer: Answer) -> None:
    try:
        frame = framed(tree_of(name, answer), LONGEST_ANSWER)
    except ProtocolError as error:
        frame = framed(tree_of(name, Refused(error.reason, f"the answer is too long: {error}")), LONGEST_ANSWER)
    connection.sendall(frame)


def _shut(connection: socket.socket, how: int = socket.SHUT_RDWR) -> None:
    """Wake whoever waits on it."""
    with contextlib.suppress(OSError):
        connection.shutdown(how)


def _place_of(error: Exception) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return type(error).__name__ + where
