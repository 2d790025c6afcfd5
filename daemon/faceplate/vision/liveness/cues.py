"""Which cues are asked, for each mode."""

from __future__ import annotations

from faceplate.liveness import LivenessMode
from faceplate.model.bundle import Bundle
from faceplate.vision.liveness.evidence import LivenessCue
from faceplate.vision.liveness.liveness import LivenessCheck
from faceplate.vision.liveness.motion import Motion
from faceplate.vision.liveness.network import PassiveCue, passive_network
from faceplate.vision.liveness.screen import Screen
from faceplate.vision.liveness.stream import Stream
from faceplate.vision.runtime import Runtime


def check_for(mode: LivenessMode, bundle: Bundle, runtime: Runtime, threads: int) -> LivenessCheck | None:
    """The check of a mode, that has seen nobody yet; None: nobody looks.

    Raises:
        ModelError: the bundle has no liveness network, or the runtime cannot run it.
    """
    if mode == "off":
        return None
    cues: list[LivenessCue] = [PassiveCue(passive_network(bundle, runtime=runtime, threads=threads)), Stream(), Screen()]
    return LivenessCheck(cues if mode == "passive" else [*cues, Motion()])
