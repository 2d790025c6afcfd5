"""Which cues are asked, for each mode."""

from __future__ import annotations

from typing import Final

from faceplate.liveness import LivenessMode, SecondKind
from faceplate.model.bundle import Bundle
from faceplate.types import Seconds
from faceplate.vision.liveness.beside import Find
from faceplate.vision.liveness.edges import Edges
from faceplate.vision.liveness.evidence import LivenessCue
from faceplate.vision.liveness.infrared import Infrared
from faceplate.vision.liveness.liveness import LivenessCheck
from faceplate.vision.liveness.motion import Motion
from faceplate.vision.liveness.network import PassiveCue, PassiveNetwork, passive_network
from faceplate.vision.liveness.scene import Scene
from faceplate.vision.liveness.screen import Screen
from faceplate.vision.liveness.stereo import Stereo
from faceplate.vision.liveness.stream import Stream
from faceplate.vision.runtime import Runtime

LOOKS: Final = frozenset({"network"})
MOVES: Final = frozenset({"relief", "parallax"})
"""What confirms that a face looks like a living one, and that it moves like one"""

BESIDE: Final = frozenset({"stereo", "infrared"})
"""What confirms it by a second camera"""

WATCHED: Final = Seconds(2.0)
"""Where looks alone confirm, the movement of a picture in somebody's hand has so long to deny"""


def check_for(
    mode: LivenessMode, bundle: Bundle, runtime: Runtime, threads: int, beside: LivenessCue | None = None
) -> LivenessCheck | None:
    """The check of a mode, that has seen nobody yet; None: nobody looks.

    `beside` is the cue of a second camera, where there is one.

    Raises:
        ModelError: the bundle has no liveness network, or the runtime cannot run it.
    """
    if mode == "off":
        return None
    return check_with(passive_network(bundle, runtime=runtime, threads=threads), mode, beside)


def check_with(network: PassiveNetwork, mode: LivenessMode, beside: LivenessCue | None = None) -> LivenessCheck:
    """The check of a mode that looks, with this network; where there is a second camera, it must confirm, too."""
    cues: list[LivenessCue] = [PassiveCue(network), Motion(), Edges(), Stream(), Screen()]
    needed = [LOOKS] if beside is None else [LOOKS, BESIDE]
    cues += [] if beside is None else [beside]
    if mode == "passive":
        return LivenessCheck(cues, needed, WATCHED)
    scene = Scene()  # its doubts are for those who may be challenged
    return LivenessCheck([*cues, scene], [*needed, MOVES], watchmen=[scene])


def second_cue(kind: SecondKind, find: Find) -> LivenessCue:
    """What looks at the pictures of a second camera, with a detector of their own."""
    match kind:
        case "view":
            return Stereo(find)
        case "infrared":
            return Infrared(find)
