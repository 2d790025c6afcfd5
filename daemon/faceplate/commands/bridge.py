"""`faceplate bridge`: the MQTT side."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial

from faceplate.bridge.board import Board
from faceplate.bridge.bridge import WAITING, Bridge
from faceplate.bridge.broker.outage import Outage
from faceplate.bridge.broker.paho_link import Identity, PahoLink
from faceplate.bridge.broker.security import password_of, tls_of, warn_of_plain_text
from faceplate.bridge.home_assistant.discovery import birth, discovery
from faceplate.bridge.home_assistant.entities import Home
from faceplate.bridge.home_assistant.removal import remove
from faceplate.bridge.intake.clerk import Clerk
from faceplate.bridge.intake.gate import Gate
from faceplate.bridge.intake.seen import SeenFile
from faceplate.bridge.messages import OFFLINE, Topics
from faceplate.bridge.outbox import CursorFile, Outbox
from faceplate.bridge.reporter import Kind, Reporter
from faceplate.camera.clock import monotonic
from faceplate.commands.bridge_daemon import AskedDaemon
from faceplate.commands.common import ExitCode, Subparsers, config_of, set_up_logging
from faceplate.commands.signals import heard_signals
from faceplate.config import Config
from faceplate.events import wall_clock
from faceplate.supervision import supervised


def register(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "bridge",
        parents=[common],
        help="speak MQTT: deliver the journal, show what the door is like, take orders",
        description="Publish every row of the journal to the MQTT broker of the configuration, in order and at least "
        "once, and what the door is like, until told to stop (SIGTERM or Ctrl-C). Orders that come over MQTT go to "
        "the daemon's control socket, as far as bridge.commands of the configuration lets them in.",
    )
    parser.add_argument(
        "--remove",
        action="store_true",
        help="take the door out of Home Assistant, and all that is retained of it off the broker, and end",
    )
    parser.set_defaults(run=_run)


@contextmanager
def bridge_of(config: Config, stop: threading.Event, moved: Callable[[str], None] = lambda _: None) -> Iterator[Bridge]:
    """The bridge of the configuration; `run()` it until `stop` is set. `moved` is told whenever it has done something.

    Raises:
        BridgeError: the password or a certificate cannot be used.
        StoreError: the cursor, or the record of commands, cannot be read.
    """
    warn_of_plain_text(config.bridge)
    topics = Topics(f"{config.bridge.base_topic}/{config.device.id}")
    link = link_of(config, topics)
    with closing(AskedDaemon(config.control.socket, config.journal.path)) as daemon:
        home = Home.of(config, topics) if config.bridge.home_assistant.discovery else None
        reporter = Reporter(daemon, topics, Board(link), _kind_of(config, home), monotonic, wall_clock)
        gate = Gate(SeenFile(config.bridge.seen_file, wall_clock()))
        clerk = Clerk(gate, daemon, topics, monotonic, wall_clock)
        outbox = Outbox(daemon.rows_after, CursorFile(config.bridge.cursor_file))
        told_again = birth(home) if home else None
        yield Bridge(link, topics, outbox, reporter, clerk, Outage(), monotonic, stop, told_again, moved)


def link_of(config: Config, topics: Topics, suffix: str = "") -> PahoLink:
    """The connection to the broker of the configuration, not yet made.

    Of two connections under the same name the broker ends the older; `suffix` makes it another.

    Raises:
        BridgeError: the password or a certificate cannot be used.
    """
    client_id = f"{config.bridge.base_topic}-{config.device.id}{suffix}"
    identity = Identity(client_id, password_of(config.bridge), tls_of(config.bridge.tls))
    return PahoLink(config.bridge, identity, will=topics.availability(OFFLINE))


def _kind_of(config: Config, home: Home | None) -> Kind:
    return Kind(
        has_contact=config.door.inputs.contact is not None,
        snapshots=config.bridge.snapshot != "off",
        discovery=partial(discovery, home) if home else None,
    )


def _remove(config: Config) -> None:
    warn_of_plain_text(config.bridge)
    topics = Topics(f"{config.bridge.base_topic}/{config.device.id}")
    remove(link_of(config, topics, "-remove"), Home.of(config, topics))
    print(f"{config.device.name} is no longer on the broker at {config.bridge.host}")


def _run(arguments: argparse.Namespace) -> ExitCode:
    config = config_of(arguments)
    set_up_logging(config.log)
    if arguments.remove:
        _remove(config)
        return ExitCode.OK
    stop = threading.Event()
    with heard_signals() as stopping:
        stopping(stop.set)
        # A broker that is not there keeps nothing from being ready: the bridge is there to wait for it.
        with supervised(lambda: None, WAITING, monotonic) as moved, bridge_of(config, stop, moved) as bridge:
            bridge.run()
    return ExitCode.OK
