"""`faceplate bridge`: the MQTT side."""

from __future__ import annotations

import argparse
import signal
import threading
from functools import partial
from pathlib import Path

from faceplate.bridge.bridge import Bridge
from faceplate.bridge.messages import OFFLINE, Topics
from faceplate.bridge.outage import Outage
from faceplate.bridge.outbox import CursorFile, Outbox
from faceplate.bridge.paho_link import Identity, PahoLink
from faceplate.bridge.rows import LOCK_STATES
from faceplate.bridge.security import password_of, tls_of, warn_of_plain_text
from faceplate.commands.common import ExitCode, Subparsers, config_of, set_up_logging
from faceplate.config import Config
from faceplate.events import JournalRow
from faceplate.journal import reader


def register(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "bridge",
        parents=[common],
        help="deliver the journal over MQTT",
        description="Publish every row of the journal to the MQTT broker of the configuration, in order and at least "
        "once, until told to stop (SIGTERM or Ctrl-C). It only reads the journal and takes no commands: nothing that "
        "arrives over MQTT can reach the lock.",
    )
    parser.set_defaults(run=_run)


def bridge_of(config: Config, stop: threading.Event) -> Bridge:
    """The bridge of the configuration; `run()` it until `stop` is set.

    Raises:
        BridgeError: the password or a certificate cannot be used.
        StoreError: the cursor cannot be read.
    """
    topics = Topics(f"{config.bridge.base_topic}/{config.device.id}")
    warn_of_plain_text(config.bridge)
    link = PahoLink(
        config.bridge,
        Identity(
            f"{config.bridge.base_topic}-{config.device.id}", password_of(config.bridge), tls_of(config.bridge.tls)
        ),
        will=topics.availability(OFFLINE),
    )
    journal = config.journal.path
    outbox = Outbox(
        partial(reader.read, journal), partial(_last_door_row, journal), CursorFile(config.bridge.cursor_file)
    )
    return Bridge(link, topics, outbox, Outage(), stop)


def _last_door_row(journal: Path) -> JournalRow | None:
    return next(iter(reader.read_last(journal, 1, tuple(LOCK_STATES))), None)


def _run(arguments: argparse.Namespace) -> ExitCode:
    config = config_of(arguments)
    set_up_logging(config.log)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        # From a thread of its own: a handler interrupts the main thread, which may hold the event's inner lock.
        signal.signal(number, lambda *_: threading.Thread(target=stop.set).start())
    bridge_of(config, stop).run()
    return ExitCode.OK
