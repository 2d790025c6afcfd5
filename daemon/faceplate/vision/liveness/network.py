"""The passive network: what a face and its surroundings look like on one frame, and its cue over several."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from faceplate.errors import ModelError
from faceplate.model.bundle import Bundle
from faceplate.model.liveness_model import GOLDEN_BOX, LivenessModel
from faceplate.model.preprocessing import colour, surroundings
from faceplate.model.quantisation import dequantise
from faceplate.types import Box, Frame, Image, Seconds, Sighting
from faceplate.vision.liveness.evidence import Evidence, Tells
from faceplate.vision.per_track import PerTrack
from faceplate.vision.runtime import Runtime, interpreter, only

CUE: Final = "network"

SCORES: Final = 5
"""Of so many frames of a track, the newest, the median counts"""

ENOUGH: Final = 3
"""With fewer frames than this nothing is said: one may be blurred"""


EVERY: Final = Seconds(0.5)
"""Once there are enough, frames that come sooner after the last one are left out: they say little more"""


class PassiveNetwork:
    """Scores how much a face on one picture looks like a living one."""

    def __init__(self, content: bytes, model: LivenessModel, *, runtime: Runtime = "litert", threads: int = 1) -> None:
        """Load a TFLite file.

        Args:
            content: the file's.
            model: what is known of it.
            runtime: what runs it.
            threads: as many.

        Raises:
            ModelError: the runtime is not installed or cannot read it, or it is no network of the kind it should be.
        """
        self._model = model
        try:
            self._interpreter = interpreter(content, runtime, threads)
            self._score = self._interpreter.get_signature_runner("score")
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"{runtime} cannot run the liveness network {model.file}: {error}") from error
        self._input_name, given = only(self._score.get_input_details(), "input of score")
        self._output_name, self._output = only(self._score.get_output_details(), "output of score")
        _check_tensors(model, given, self._output)

    @property
    def model(self) -> LivenessModel:
        """What the bundle says of it."""
        return self._model

    def score(self, image: Image, box: Box) -> float | None:
        """Score a face, 0 (a picture of one) .. 1 (alive); None: it is too small, or has no colour to be judged by.

        Args:
            image: RGB uint8 (H, W, 3), the whole of it: what is around the face counts.
            box: where the face is.
        """
        if max(box.width, box.height) < self._model.smallest_face:
            return None
        squares = surroundings(image, box, self._model.crop_scales, self._model.input_size)
        return self.score_squares(squares) if colour(squares[..., :3]) >= self._model.least_colour else None

    def score_squares(self, squares: NDArray[np.uint8]) -> float:
        """The same of what `preprocessing.surroundings` cut, uint8 (side, side, 3 * squares), whatever it is."""
        found = self._score(**{self._input_name: squares[np.newaxis]})[self._output_name]
        if np.issubdtype(found.dtype, np.integer):
            found = dequantise(found, *self._output["quantization"])
        return float(found.item())


def passive_network(bundle: Bundle, *, runtime: Runtime = "litert", threads: int = 1) -> PassiveNetwork:
    """The bundle's network; this runtime is seen to compute what the bundle says it should.

    Raises:
        ModelError: the bundle has none, or the runtime cannot read it or gives another golden score.
    """
    model, content = bundle.manifest.liveness, bundle.liveness
    if model is None or content is None:
        raise ModelError(
            f"the bundle {bundle.folder} has no liveness network: install one that has, or add one with "
            "`faceplate-train add-liveness`"
        )
    network = PassiveNetwork(content, model, runtime=runtime, threads=threads)
    _check_golden(model, golden_score(network, bundle), runtime)
    return network


def golden_score(network: PassiveNetwork, bundle: Bundle) -> float:
    """What a network makes of the golden crop, taken for a picture with a face in its middle."""
    model = network.model
    return network.score_squares(surroundings(bundle.golden_crop, GOLDEN_BOX, model.crop_scales, model.input_size))


@dataclass(slots=True)
class _Scored:
    """What is remembered of a track."""

    scores: deque[float] = field(default_factory=lambda: deque(maxlen=SCORES))
    at: Seconds | None = None
    """When the newest frame was scored"""


class PassiveCue:
    """Denies or confirms by the median of the last scores of a track."""

    def __init__(self, network: PassiveNetwork) -> None:
        """Begin with nobody seen."""
        self._network = network
        self._tracks = PerTrack(_Scored)

    def observe(self, track: Sighting, frame: Frame) -> Evidence:
        """What the frames of this track say so far; those that cannot be judged are as if not seen."""
        scored = self._tracks.of(track.track, frame.time)
        if scored.at is None or len(scored.scores) < ENOUGH or frame.time - scored.at >= EVERY:
            score = None if track.look.flaws else self._network.score(frame.image, track.look.face.box)
            if score is None:
                return Evidence(CUE, Tells.NOTHING)
            scored.scores.append(score)
            scored.at = frame.time
        middle = float(np.median(scored.scores))
        told = tells(self._network.model, middle) if len(scored.scores) >= ENOUGH else Tells.NOTHING
        return Evidence(CUE, told, middle)


def tells(model: LivenessModel, score: float) -> Tells:
    """Which way a score points."""
    if score < model.deny_below:
        return Tells.DENIES
    return Tells.CONFIRMS if score > model.confirm_above else Tells.NOTHING


def _check_tensors(model: LivenessModel, given: dict[str, Any], out: dict[str, Any]) -> None:
    expected = (1, model.input_size, model.input_size, 3 * len(model.crop_scales))
    shape, kind = tuple(map(int, given["shape"])), np.dtype(given["dtype"])
    if shape != expected or kind != np.uint8:
        raise ModelError(f"the liveness network expects {kind} {shape}, the bundle says uint8 {expected}")
    if int(np.prod(out["shape"])) != 1:
        raise ModelError(f"the liveness network is to give one score, it gives {tuple(map(int, out['shape']))}")


def _check_golden(model: LivenessModel, found: float, runtime: Runtime) -> None:
    if not abs(found - model.golden_score) <= model.golden_tolerance:
        raise ModelError(
            f"{runtime} computes another liveness score of the bundle's golden crop than its trainer did: expected "
            f"{model.golden_score:.3f} to {model.golden_tolerance:g}, found {found:.3f}. Use another runtime or bundle."
        )
