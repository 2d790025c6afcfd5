"""Running an exported Siamese network before there is a bundle around it, through LiteRT as on the device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from tqdm import tqdm

from faceplate.errors import ModelError
from faceplate.model.quantisation import dequantise, quantise
from faceplate.types import Embedding, Image

_MANY = 100
"""Crops that take long enough to be watched"""


@dataclass(frozen=True, slots=True)
class Scaling:
    """The tower computes on `pixel * scale + offset`."""

    scale: float
    offset: float


class Network:
    """A TFLite file with the signature `embed`, and `compare` if its head has been fitted."""

    def __init__(self, content: bytes, scaling: Scaling | None = None, *, threads: int = 2) -> None:
        """Load the file; `scaling` is needed only where it takes quantised pixels.

        Raises:
            ModelError: LiteRT cannot load it.
        """
        self._scaling = scaling
        try:
            self.interpreter = Interpreter(model_content=content, num_threads=threads)
            self.interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"LiteRT cannot load the network of {len(content)} bytes: {error}") from error
        self._runners: dict[str, Any] = {}

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed aligned crops, one after the other.

        Args:
            crops: RGB uint8 (N, side, side, 3).

        Returns:
            float32 (N, D), each row of unit norm.
        """
        runner = self._runner("embed")
        shown = tqdm(crops, desc="embedding", unit="crops", disable=None if len(crops) > _MANY else True)
        return self.unit(np.concatenate([runner(crop=self.tensor(crop))["embedding"] for crop in shown]))

    def embed_one(self, crop: Image) -> Embedding:
        """Embed one aligned crop: RGB uint8 (side, side, 3) -> unit vector float32 (D,)."""
        return np.asarray(self.embed(crop[None])[0], np.float32)

    def tensor(self, crop: NDArray[np.uint8]) -> NDArray[Any]:
        """One crop, RGB uint8 (side, side, 3), as what the file takes, as the daemon would give it: (1, side, side, 3).

        That is the pixels themselves, or scaled and quantised integers where the input has a scale.
        """
        details = self._runner("embed").get_input_details()["crop"]
        scale, zero_point = details["quantization"]
        if not scale:
            return crop[None]
        if self._scaling is None:
            raise ModelError("this network takes quantised pixels: expected to be told how they are scaled")
        real = crop[None].astype(np.float32) * self._scaling.scale + self._scaling.offset
        return quantise(real, scale, zero_point, details["dtype"])

    def unit(self, outputs: NDArray[Any]) -> NDArray[np.float32]:
        """Raw outputs of `embed` (N, D) as float32 vectors of unit norm, as the daemon reads them."""
        if np.issubdtype(outputs.dtype, np.integer):
            details = self._runner("embed").get_output_details()["embedding"]
            outputs = dequantise(outputs, *details["quantization"])
        return np.asarray(outputs / np.linalg.norm(outputs, axis=1, keepdims=True), np.float32)

    def compare(self, a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score rows of `a` against rows of `b`: float32 (N, D) twice -> float32 (N,), 0..1."""
        return np.array(self._runner("compare")(a=a, b=b)["score"])

    def signatures(self) -> dict[str, dict[str, tuple[list[int], str]]]:
        """Shape (-1 where any size goes) and dtype of every input and output of every signature."""
        found = {}
        for signature in self.interpreter.get_signature_list():
            runner = self._runner(signature)
            details = runner.get_input_details() | runner.get_output_details()
            found[signature] = {
                name: (tensor["shape_signature"].tolist(), np.dtype(tensor["dtype"]).name)
                for name, tensor in details.items()
            }
        return found

    def _runner(self, signature: str) -> Any:  # noqa: ANN401 - the runtime has no types
        if signature not in self._runners:
            try:
                self._runners[signature] = self.interpreter.get_signature_runner(signature)
            except ValueError as error:
                raise ModelError(f"the network has no signature {signature!r}; export it again") from error
        return self._runners[signature]
