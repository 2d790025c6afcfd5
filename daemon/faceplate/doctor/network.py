"""The broker, and Home Assistant behind it. Nothing is published."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from faceplate.config import BridgeConfig, Config
from faceplate.doctor.finding import CREDENTIALS, Case, Finding, fault, ok, warning
from faceplate.errors import BridgeError
from faceplate.types import Seconds

if TYPE_CHECKING:
    from faceplate.bridge.broker.link import Link

REACH = "Mend the section `bridge` of the configuration, or the broker's (docs/mqtt.md)"
NOT_SET_UP = "If you want MQTT, fill in the section `bridge` of the configuration; else let it be"
PLAIN = "Use TLS: bridge.tls.enabled and port 8883; in plain text everybody on the network reads along"
ASK_THE_BRIDGE = "See how the bridge does, which alone has the password: systemctl status faceplate-bridge"
BROKER_CURES: Final = (REACH, NOT_SET_UP, PLAIN, ASK_THE_BRIDGE)

FIRST_THE_BROKER = "Mend the connection to the broker first"
ALLOW = "Let this device's user read there, in the broker's access list"
ANNOUNCE = (
    "Start the bridge: sudo systemctl enable --now faceplate-bridge. If it runs, let this device's user read below "
    "homeassistant/, in the broker's access list"
)
HOME = "Start Home Assistant, and see that its MQTT integration uses the same broker"
HOME_CURES: Final = (FIRST_THE_BROKER, ALLOW, ANNOUNCE, HOME)

LISTEN: Final = Seconds(2.0)
"""What is retained comes at once"""

_LOCAL = {"localhost", "127.0.0.1", "::1"}


def broker(case: Case, credentials: tuple[Path, ...] = CREDENTIALS) -> Finding:
    """Connect as the bridge does, under another name so that it is not thrown out, and say goodbye."""
    bridge = case.config.bridge
    where = f"{bridge.host}:{bridge.port}"
    try:
        with _connected(case.config):
            pass
    except BridgeError as error:
        found = _plainly(error)
        if any((folder / "faceplate.mqtt.password").exists() for folder in credentials):
            return warning(f"{found}. The password is a credential that systemd hands to the bridge", ASK_THE_BRIDGE)
        return warning(found, NOT_SET_UP) if bridge == BridgeConfig() else fault(found, REACH)
    if not bridge.tls.enabled and bridge.host not in _LOCAL:
        return warning(f"{where} takes us, in plain text", PLAIN)
    return ok(f"{where} takes us{' over TLS' if bridge.tls.enabled else ''}, as {bridge.username or 'anybody'}")


def home_assistant(case: Case, listen: Seconds = LISTEN) -> Finding:
    """What is retained on the broker by Home Assistant and for it."""
    from faceplate.bridge.home_assistant.discovery import birth, topic  # noqa: PLC0415 - as below
    from faceplate.bridge.home_assistant.entities import Home  # noqa: PLC0415
    from faceplate.bridge.messages import Topics  # noqa: PLC0415

    config = case.config
    if not config.bridge.home_assistant.discovery:
        return ok("not asked for (bridge.home_assistant.discovery)")
    home = Home.of(config, Topics(f"{config.bridge.base_topic}/{config.device.id}"))
    try:
        with _connected(config) as link:
            return heard(link, topic(home), birth(home), listen)
    except BridgeError as error:
        return warning(f"cannot be told: {_plainly(error)}", FIRST_THE_BROKER)


def heard(link: Link, discovery: str, birth: str, listen: Seconds) -> Finding:
    """What is retained on these two topics. Not every broker says that it lets nobody read them."""
    if not all([link.subscribe(discovery), link.subscribe(birth)]):
        return warning(f"the broker does not let us read {discovery} or {birth}", ALLOW)
    kept = _kept(link, listen)
    return _judged(announced=bool(kept.get(discovery)), said=kept.get(birth))


def _judged(*, announced: bool, said: bytes | None) -> Finding:
    if not announced:
        return warning("the door has not been announced on this broker", ANNOUNCE)
    if said == b"offline":
        return warning("the door is announced, and Home Assistant says that it is offline", HOME)
    if said == b"online":
        return ok("the door is announced, and Home Assistant says that it is online")
    return ok("the door is announced; Home Assistant keeps no word of itself there, so it may or may not run")


def _plainly(error: BridgeError) -> str:
    """Without what the bridge would do next."""
    return str(error).removesuffix("; trying again")


def _kept(link: Link, listen: Seconds) -> dict[str, bytes]:
    """What comes in that time, by topic."""
    kept: dict[str, bytes] = {}
    end = time.monotonic() + listen
    while (left := end - time.monotonic()) > 0:
        link.wait(Seconds(left))
        kept |= {message.topic: message.payload for message in link.received()}
    return kept


@contextmanager
def _connected(config: Config) -> Iterator[Link]:
    # Only here: whoever asks for help, or has no broker, needs no MQTT.
    from faceplate.bridge.broker.paho_link import Identity, PahoLink  # noqa: PLC0415
    from faceplate.bridge.broker.security import password_of, tls_of  # noqa: PLC0415
    from faceplate.bridge.messages import Message  # noqa: PLC0415

    name = f"{config.bridge.base_topic}-{config.device.id}-doctor"
    identity = Identity(name, password_of(config.bridge), tls_of(config.bridge.tls))
    # Published only if we are killed in between; the bridge's own would say that the door is offline.
    nothing = Message(f"{config.bridge.base_topic}/{config.device.id}/doctor", "", retain=False)
    link = PahoLink(config.bridge, identity, will=nothing)
    link.open()
    try:
        yield link
    finally:
        link.close()
