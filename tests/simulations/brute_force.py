"""How often a stranger may try in a day, and how likely one of the tries succeeds.

    PYTHONPATH=tests python tests/simulations/brute_force.py

A stranger stands at the door for 24 hours and does nothing else: shows a face, is refused, waits for the lock-out to
end, shows another; walks away before the answer; pulls the plug; sets the clock. Every attempt is a real one, at the
rules of access as they ship. The table is the one in docs/door.md.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from faceplate.config import PeopleConfig
from faceplate.model.bundle import DEFAULT_BUNDLE
from faceplate.standing import StandingFile
from faceplate.types import Reason, Seconds
from reception_desk import ADAS_PIN, World, access_rules, with_pin
from strategies_access import unknown, unusable, verified

A_DAY = 86400.0
BOOT = 10.0
"""Seconds from the plug to the first frame; a real device takes longer"""


class Stranger:
    """Somebody at the door, and what they have tried."""

    def __init__(self, folder: Path, seed: int = 0) -> None:
        self.path = folder / f"standing-{seed}.json"
        self.chance = random.Random(seed)  # noqa: S311 - to repeat, not to hide
        self.world = World(access_rules(), {"Ada": with_pin()})
        self.uptime = 0.0
        self.elapsed = 0.0
        self.attempts = 0
        self.boot()
        self.elapsed = 0.0

    def boot(self) -> None:
        """Pull the plug and put it in again: the monotonic clock begins anew."""
        self.elapsed += self.world.now - self.uptime + (BOOT if self.uptime else 0.0)
        self.world.now = self.uptime = BOOT
        self.world.store = StandingFile(self.path, self.world.rules, lambda: Seconds(self.world.now))
        self.world.restart()

    @property
    def time(self) -> float:
        """Since the stranger came."""
        return self.elapsed + self.world.now - self.uptime

    def look(self, frames: int) -> None:
        """Show a face that was not shown before, for so many frames at eight a second."""
        face = unknown(self.chance.randrange(10**9))
        is_answered = self.world.reception.status().locked_out == 0
        self.world.watch(face, frames=frames)
        # With fewer frames than a grant takes no face could have been let in.
        self.attempts += is_answered and frames >= self.world.rules.frames_needed

    def type_pin(self) -> None:
        """Try a PIN."""
        self.attempts += self.world.enter("9513").reason is Reason.INVALID_PIN

    def wait_for_faces(self) -> None:
        """Until faces are answered again."""
        self.world.wait(self.world.reception.status().locked_out)

    def wait_for_pins(self) -> None:
        """Until PINs are answered again."""
        self.world.wait(self.world.reception.status().pin_locked_out)


def patiently(stranger: Stranger) -> None:
    """Each face until it is refused."""
    stranger.wait_for_faces()
    stranger.look(frames=9)


def in_a_hurry(stranger: Stranger) -> None:
    """Each face only as long as it may open."""
    stranger.wait_for_faces()
    stranger.look(frames=3)


def pulling_the_plug(stranger: Stranger) -> None:
    """Before every answer, and at times in a lock-out."""
    stranger.wait_for_faces()
    stranger.look(frames=3)
    stranger.boot()


def setting_the_clock(stranger: Stranger) -> None:
    """By years, forward and back."""
    stranger.world.wall += timedelta(days=stranger.chance.choice((-3650, 3650, -1, 1)))
    stranger.wait_for_faces()
    stranger.look(frames=3)


def anyhow(stranger: Stranger) -> None:
    """Whatever comes to mind."""
    what = stranger.chance.randrange(6)
    if what == 0:
        stranger.boot()
    elif what == 1:
        stranger.world.see(unusable(), wait=stranger.chance.uniform(0.1, 12.0))
    elif what == 2:
        stranger.world.wall += timedelta(days=stranger.chance.choice((-3650, 3650)))
    else:
        stranger.wait_for_faces()
        stranger.look(frames=stranger.chance.choice((2, 3, 5, 9)))


def typing(stranger: Stranger) -> None:
    """One PIN after the other."""
    stranger.wait_for_pins()
    stranger.type_pin()
    stranger.world.wait(1.0)


def typing_and_pulling_the_plug(stranger: Stranger) -> None:
    """After every PIN."""
    typing(stranger)
    stranger.boot()


FACES: dict[str, Callable[[Stranger], None]] = {
    "patiently": patiently,
    "walking away before the answer": in_a_hurry,
    "pulling the plug before the answer": pulling_the_plug,
    "setting the clock": setting_the_clock,
    "any of these at random": anyhow,
}
PINS: dict[str, Callable[[Stranger], None]] = {
    "patiently": typing,
    "pulling the plug after each": typing_and_pulling_the_plug,
}


def attempts_in_a_day(way: Callable[[Stranger], None], folder: Path, seed: int = 0, arrivals: int = 0) -> int:
    """How often that stranger may try in 24 hours.

    Args:
        way: what they do, again and again.
        folder: where what outlasts a restart is kept.
        seed: of their choices.
        arrivals: how often in the day somebody of the household comes home; that forgets what failed.
    """
    stranger = Stranger(folder, seed)
    came = 0
    while stranger.time < A_DAY:
        if came < arrivals and stranger.time >= (came + 1) * A_DAY / (arrivals + 1):
            came += 1
            stranger.wait_for_faces()
            stranger.world.wait(11)
            stranger.world.watch(verified("Ada", 10**9 + came), frames=3)
            stranger.world.enter(ADAS_PIN)
        way(stranger)
    return stranger.attempts


def chance_of_a_pin(attempts: int, digits: int, people: int) -> float:
    """That one of so many different PINs is one of those people's two each."""
    return min(1.0, attempts * 2 * people / 10**digits)


def chance_of_a_face(attempts: int, people: int) -> float:
    """That one of so many faces passes for one of those people, at the rate that ships (a bound: the sum)."""
    return attempts * people * PeopleConfig().false_accept_rate


def main() -> None:
    """Print the table."""
    bundle = json.loads((DEFAULT_BUNDLE / "bundle.json").read_text())["name"]
    print(f"In 24 hours, at the defaults; false-accept rate {PeopleConfig().false_accept_rate:g} ({bundle})\n")  # noqa: T201 - this is a program
    print("| a stranger tries | attempts | with 5 people | with 20 people |\n|---|---|---|---|")  # noqa: T201 - this is a program
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [(f"faces, {way}", attempts_in_a_day(FACES[way], folder, seed)) for seed, way in enumerate(FACES)]
        busy = attempts_in_a_day(patiently, folder, seed=50, arrivals=20)
        rows.append(("faces, patiently, while the household comes home 20 times", busy))
        for title, attempts in rows:
            shares = [f"{chance_of_a_face(attempts, people):.2%}" for people in (5, 20)]
            print(f"| {title} | {attempts} | {' | '.join(shares)} |")  # noqa: T201 - this is a program
        for seed, way in enumerate(PINS, 100):
            attempts = attempts_in_a_day(PINS[way], folder, seed)
            for digits in (4, 6):
                shares = [f"{chance_of_a_pin(attempts, digits, people):.2%}" for people in (5, 20)]
                print(f"| PINs of {digits} digits, {way} | {attempts} | {' | '.join(shares)} |")  # noqa: T201 - this is a program


if __name__ == "__main__":
    main()
