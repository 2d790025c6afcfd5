"""Every check, in order: what the door needs to run first, what it is to run like last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from faceplate.doctor import hardware, machine, network, sight, storage
from faceplate.doctor.finding import NO_ANSWER, Case, Check, Finding, fault, ok, warning
from faceplate.liveness import LivenessMode

START = "Start it: sudo systemctl start faceplate"
SEE = "See `faceplate status`, and `faceplate journal show` for when it began (docs/door.md)"
DAEMON_CURES: Final = (START, SEE, NO_ANSWER)

PHOTOGRAPH = "Set vision.liveness to motion, or ask for a PIN besides the face: access.roles, docs/access.md"
LIVENESS_CURES: Final = (PHOTOGRAPH,)
_ASKED: Final[Mapping[LivenessMode, str]] = {
    "passive": "how a face looks",
    "motion": "how a face looks and moves, and a challenge when that leaves a doubt",
    "challenge": "whoever is known is asked to move",
}
"""What a face must show to be taken for alive"""

WIRE_A_LOCK = "Wire a lock (docs/wiring.md), and set door.driver to gpiozero"
LOCK_CURES: Final = (WIRE_A_LOCK,)


def daemon(case: Case) -> Finding:
    """Whether it runs, and what it complains of."""
    if case.status is None:
        return fault(case.silence, NO_ANSWER) if case.runs else warning(case.silence, START)
    if complaints := [*case.status.get("faults", ()), *case.status.get("alarms", ())]:
        return fault(f"it runs, and complains: {', '.join(map(str, complaints))}", SEE)
    status = case.status
    return ok(f"version {status.get('version')} runs, {status.get('mode')}, the lock is {status.get('lock')}")


def liveness(case: Case) -> Finding:
    """Whether a photograph opens."""
    chosen = case.config.vision.liveness
    if chosen == "off":
        return warning("the liveness check is off: a photograph can open this door", PHOTOGRAPH)
    return ok(f"the mode is {chosen}: {_ASKED[chosen]}")


def lock(case: Case) -> Finding:
    """Whether there is one."""
    driver = case.config.door.driver
    if driver == "simulated":
        return warning("the lock is simulated: no door will open", WIRE_A_LOCK)
    return ok("a kiosk, without a lock" if driver == "none" else f"a {case.config.door.lock} on real lines")


CHECKS: Final[tuple[Check, ...]] = (
    Check("daemon", "runs, and complains of nothing", daemon, DAEMON_CURES),
    Check(
        "permissions",
        "nobody else reads keys and faces, or writes the configuration",
        storage.permissions,
        storage.PERMISSION_CURES,
    ),
    Check("models", "every file of the bundle, and the golden embedding", sight.models, sight.MODEL_CURES),
    Check("camera", "opens; frames a second, light, focus, share of usable faces", sight.camera, sight.CAMERA_CURES),
    Check("pins", "the chip has the lines, and nobody else holds them", hardware.pins, hardware.PIN_CURES),
    Check("gallery", "the key, and every record opens", storage.gallery, storage.GALLERY_CURES),
    Check("journal", "the last thousand rows are intact; it can be written", storage.journal, storage.JOURNAL_CURES),
    Check("clock", "set over the network, and trusted by the daemon", machine.clock, machine.CLOCK_CURES),
    Check("disk", "room, and not read-only", storage.disk, storage.DISK_CURES),
    Check("temperature", "of the processor", hardware.temperature, hardware.HEAT_CURES),
    Check("power", "no under-voltage (Raspberry Pi)", hardware.power, hardware.POWER_CURES),
    Check("broker", "reached, proves itself, takes user and password", network.broker, network.BROKER_CURES),
    Check(
        "home_assistant", "the door is announced; online, where it says so", network.home_assistant, network.HOME_CURES
    ),
    Check("units", "enabled, running, watched, confined", machine.units, machine.UNIT_CURES),
    Check("liveness", "whether a photograph opens", liveness, LIVENESS_CURES),
    Check("lock", "a real one", lock, LOCK_CURES),
)


def table() -> str:
    """All of them and their cures, as docs/doctor.md shows them."""
    rows = ["| check | what is looked at | what to do |", "|---|---|---|"]
    rows += [f"| `{check.name}` | {check.looks_at} | {'<br>'.join(check.cures)} |" for check in CHECKS]
    return "\n".join(rows)
