"""Running an exported Siamese network before there is a bundle around it, through LiteRT as on the device."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from faceplate.errors import ModelError


class Head(Protocol):
    """The calibrated Siamese head: score = sigmoid(bias - weight * squared distance)."""

    @property
    def weight(self) -> float:
        """Above 0: the further apart, the lower the score."""

    @property
    def bias(self) -> float:
        """Log odds of two equal embeddings."""


class Network:
    """A TFLite file with the signature `embed`, and `compare` if its head has been calibrated."""

    def __init__(self, content: bytes, threads: int = 2) -> None:
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
        return np.concatenate([runner(crop=crop[None])["embedding"] for crop in crops])

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
