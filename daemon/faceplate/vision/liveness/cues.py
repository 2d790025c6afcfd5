"""Which cues are asked, for each mode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from faceplate.liveness import LivenessMode, SecondKind
from faceplate.model.bundle import Bundle
from faceplate.types import Seconds
from faceplate.vision.liveness.beside import Find
from faceplate.vision.liveness.blink import Blink
from faceplate.vision.liveness.edges import Edges
from faceplate.vision.liveness.evidence import LivenessCue, Watchman
from faceplate.vision.liveness.glance import Glance
from faceplate.vision.liveness.glare import Glare
from faceplate.vision.liveness.infrared import Infrared
from faceplate.vision.liveness.liveness import AT_ONCE, LivenessCheck
from faceplate.vision.liveness.motion import Motion
from faceplate.vision.liveness.network import PassiveCue, PassiveNetwork, passive_network
from faceplate.vision.liveness.ring_light import RingLight
from faceplate.vision.liveness.scene import Scene
from faceplate.vision.liveness.screen import Screen
from faceplate.vision.liveness.stereo import Stereo
from faceplate.vision.liveness.stream import Stream
from faceplate.vision.liveness.surroundings import CutOnce
from faceplate.vision.liveness.turn import Turn
from faceplate.vision.runtime import Runtime

LOOKS: Final = frozenset({"network"})
MOVES: Final = frozenset({"relief", "parallax"})
"""What confirms that a face looks like a living one, and that it moves like one"""

EYES: Final = frozenset({"blink", "glance"})
"""What confirms that its eyes are alive, where that is asked for"""

DEPTH: Final = frozenset({"turn", "stereo"})
"""What shows to a challenge that the head which was turned is no sheet, flat, bent or worn"""

WATCHED: Final = Seconds(2.0)
"""Where looks alone confirm, the movement of a picture in somebody's hand has so long to deny"""


@dataclass(frozen=True, slots=True)
class Added:
    """A cue of something that a door has besides its camera, or looks at: where it does, that must confirm, too."""

    cue: LivenessCue
    confirms: frozenset[str]
    """Its name where it confirms, and those of others that may do so in its place"""
    watchman: Watchman | None = None
    """The same cue, if it looks while nobody is there, too"""


def check_for(
    mode: LivenessMode, bundle: Bundle, runtime: Runtime, threads: int, added: Sequence[Added] = ()
) -> LivenessCheck | None:
    """The check of a mode, that has seen nobody yet; None: nobody looks.

    `added` are the cues of what the door has besides its camera, or looks at besides.

    Raises:
        ModelError: the bundle has no liveness network, or the runtime cannot run it.
    """
    if mode == "off":
        return None
    return check_with(passive_network(bundle, runtime=runtime, threads=threads), mode, added)


def check_with(network: PassiveNetwork, mode: LivenessMode, added: Sequence[Added] = ()) -> LivenessCheck:
    """The check of a mode that looks, with this network, and with what the door has besides its camera."""
    cut = CutOnce()
    cues: list[LivenessCue] = [PassiveCue(network), Motion(cut), Turn(cut), Edges(), Stream(), Screen(), Glare()]
    cues += [each.cue for each in added]
    needed = [LOOKS, *(each.confirms for each in added)]
    watchmen = [each.watchman for each in added if each.watchman is not None]
    if mode == "passive":
        return LivenessCheck(cues, needed, WATCHED, watchmen, DEPTH)
    scene = Scene()
    # It denies nobody, and what only doubts is for those who may be challenged
    return LivenessCheck([*cues, scene], [*needed, MOVES], AT_ONCE, [*watchmen, scene], DEPTH)


def added_by_second(kind: SecondKind, find: Find) -> Added:
    """What looks at the pictures of a second camera, with a detector of their own."""
    match kind:
        case "view":
            return Added(Stereo(find), frozenset({"stereo"}))
        case "infrared":
            return Added(Infrared(find), frozenset({"infrared"}))


def added_by_eyes() -> list[Added]:
    """What looks at the state of eyes that comes with a sighting."""
    return [Added(Blink(), EYES), Added(Glance(), EYES)]


def added_by_ring(light: RingLight) -> Added:
    """What shines a ring of light, and looks at how faces answer it."""
    return Added(light, frozenset({"light"}), light)
