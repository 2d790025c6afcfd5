"""The Siamese network."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from faceplate.errors import ModelError
from faceplate.model.bundle import Bundle
from faceplate.model.quantisation import dequantise, quantise
from faceplate.types import Embedding, Image
from faceplate.vision.runtime import Runtime, interpreter, only

Scores: TypeAlias = NDArray[np.float32]
"""float32 (N,), 0..1."""


class SiameseNetwork:
    """Embeds faces, and scores how alike two embeddings are."""

    def __init__(self, bundle: Bundle, *, runtime: Runtime = "litert", threads: int = 1) -> None:
        """Load the network and check that this runtime computes what the bundle says it should.

        Raises:
            ModelError: the runtime is not installed, cannot read the network, or gives another golden embedding.
        """
        self._manifest = bundle.manifest
        try:
            self._interpreter = interpreter(bundle.siamese, runtime, threads)
            self._embed = self._interpreter.get_signature_runner("embed")
            self._compare = self._interpreter.get_signature_runner("compare")
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"{runtime} cannot run {bundle.folder / bundle.manifest.siamese}: {error}") from error
        self._input_name, self._input = only(self._embed.get_input_details(), "input of embed")
        self._output_name, self._output = only(self._embed.get_output_details(), "output of embed")
        self._check(bundle, runtime)

    def embed(self, crop: Image) -> Embedding:
        """Embed an aligned face, RGB uint8 (112, 112, 3), as a unit vector float32 (D,)."""
        embedding = self._embed(**{self._input_name: self._tensor(crop)})[self._output_name][0]
        if np.issubdtype(embedding.dtype, np.integer):
            embedding = dequantise(embedding, *self._output["quantization"])
        return np.asarray(embedding / np.linalg.norm(embedding), dtype=np.float32)

    def compare(self, a: NDArray[np.float32], b: NDArray[np.float32]) -> Scores:
        """Score pairs of embeddings, row by row.

        Args:
            a: float32 (N, D), unit vectors.
            b: float32 (N, D), unit vectors.

        Returns:
            float32 (N,), 0 (somebody else) .. 1 (the same person); does not depend on the order of the two.
        """
        if len(a) == 0:
            return np.empty(0, np.float32)
        _, scores = only(self._compare(a=a, b=b), "output of compare")
        return np.asarray(scores, dtype=np.float32).reshape(len(a))

    def _tensor(self, crop: Image) -> NDArray[Any]:
        """The crop as the network's input: pixels, scaled floats, or quantised integers, as the file asks for."""
        dtype, (scale, zero_point) = self._input["dtype"], self._input["quantization"]
        if dtype is np.uint8 and not scale:
            return crop[np.newaxis]
        real = crop[np.newaxis].astype(np.float32) * self._manifest.input_scale + self._manifest.input_offset
        return real if dtype is np.float32 else quantise(real, scale, zero_point, dtype)

    def _check(self, bundle: Bundle, runtime: Runtime) -> None:
        side = self._manifest.input_size
        shape = tuple(map(int, self._input["shape"]))
        if shape != (1, side, side, 3):
            raise ModelError(f"embed expects {shape}, the bundle says (1, {side}, {side}, 3)")
        embedding = self.embed(bundle.golden_crop)
        golden = np.array(bundle.manifest.golden_embedding, np.float32)
        if embedding.shape != golden.shape:
            raise ModelError(f"embed gives {embedding.shape[0]} numbers, the bundle says {golden.shape[0]}")
        cosine = float(embedding @ golden / np.linalg.norm(golden))
        if not cosine >= bundle.manifest.golden_cosine:
            raise ModelError(
                f"{runtime} computes another embedding of the bundle's golden crop than its trainer did: expected a "
                f"cosine of at least {bundle.manifest.golden_cosine:g}, found {cosine:.4f}. Use another runtime or "
                "bundle."
            )
