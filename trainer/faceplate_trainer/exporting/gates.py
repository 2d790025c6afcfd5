"""What an export must pass before it may open a door. Each gate raises ModelError and says what it expected."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from faceplate.errors import ModelError
from faceplate_trainer.exporting.forms import EXPECTED, Form
from faceplate_trainer.exporting.network import Network
from faceplate_trainer.measuring.head import Head
from faceplate_trainer.towers.onnx_file import read_onnx, to_bytes, without_weight_inputs

PARITY = 1e-4
"""Most that one number of a unit embedding may differ between two networks that are to be the same"""

SCORE_TOLERANCE = 1e-4

_COUNTS = (1, 3, 1000)
_SEED = 20260


def original_embeddings(path: Path, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the network in the ONNX file at `path` itself makes of `crops`, run by OpenCV.

    Args:
        path: the file that the initial weights were read from.
        crops: RGB uint8 (N, side, side, 3).

    Returns:
        float32 (N, D), each row of unit norm.
    """
    content = to_bytes(without_weight_inputs(read_onnx(path)))
    try:
        net = cv2.dnn.readNetFromONNX(np.frombuffer(content, np.uint8))
        rows = []
        for crop in crops:
            net.setInput(np.ascontiguousarray(crop.transpose(2, 0, 1)[None], np.float32))
            rows.append(net.forward().reshape(-1))
    except cv2.error as error:
        raise ModelError(
            f"OpenCV {cv2.__version__} cannot run {path}, which the tower is compared with: {error}. "
            "Use OpenCV 4.11 or newer."
        ) from error
    vectors = np.array(rows, np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def check_parity(received: NDArray[np.float32], original: NDArray[np.float32], *, what: str = "the tower") -> float:
    """`what` embeds real crops as the network does that it was made from; gives the largest difference.

    Args:
        received: float32 (N, D), each row of unit norm.
        original: float32 (N, D), each row of unit norm.
        what: whose embeddings `received` are.
    """
    if received.shape != original.shape or not len(received):
        raise ModelError(f"parity: expected embeddings of shape {original.shape}, received {received.shape}")
    worst = float(np.abs(received - original).max())
    if not worst <= PARITY:
        raise ModelError(
            f"parity: expected {what} within {PARITY:g} of the original network, received a difference "
            f"of {worst:.3g}; the weights were not read as the network uses them"
        )
    return worst


def check_agreement(
    quantised: NDArray[np.float32], tower: NDArray[np.float32], form: Form, least: float | None = None
) -> float:
    """The shipped file embeds as the tower does, on average over real crops; gives the mean cosine."""
    if quantised.shape != tower.shape or not len(tower):
        raise ModelError(f"agreement: expected embeddings of shape {tower.shape}, received {quantised.shape}")
    norms = np.linalg.norm(quantised, axis=1)
    if not np.allclose(norms, 1, atol=1e-4):
        raise ModelError(f"agreement: expected embeddings of norm 1, received {norms.min():.4f} to {norms.max():.4f}")
    mean = float((quantised * tower).sum(axis=1).mean())
    least = EXPECTED[form].cosine if least is None else least
    if not mean >= least:
        raise ModelError(
            f"agreement: expected {form} to have a mean cosine of at least {least} to full precision over "
            f"{len(tower)} crops, received {mean:.4f}; train it longer, choose another --form, or "
            "say with --least-cosine that so much may be lost"
        )
    return mean


def check_holds_weights(content: bytes, weights: int) -> None:
    """The file holds its `weights`, at a byte or more each, and does not wait for variables to be filled in."""
    if len(content) < weights:
        raise ModelError(
            f"weights: expected at least {weights} bytes for {weights} weights, received {len(content)}; "
            "the file is cut short, or was converted without its weights: export again"
        )
    Network(content)  # LiteRT verifies the file before anybody reads it
    model = schema.Model.GetRootAs(content, 0)
    used = {model.OperatorCodes(index).BuiltinCode() for index in range(model.OperatorCodesLength())}
    variables = {schema.BuiltinOperator.READ_VARIABLE, schema.BuiltinOperator.VAR_HANDLE} & used
    if variables:
        raise ModelError(
            "weights: expected constants, received a file that reads them from variables nobody fills; "
            "convert the tower with faceplate-train export"
        )


def check_signatures(network: Network, side: int, embedding_size: int, form: Form, *, compare: bool) -> None:
    """`embed`, and `compare` if it is to be there, take and give what the contract says, and nothing else is there."""
    vectors = ([-1, embedding_size], "float32")
    embedding = "int8" if form == "full-int8" else "float32"
    expected: dict[str, dict[str, tuple[list[int], str]]] = {
        "embed": {"crop": ([1, side, side, 3], "uint8"), "embedding": ([1, embedding_size], embedding)}
    }
    if compare:
        expected["compare"] = {"a": vectors, "b": vectors, "score": ([-1], "float32")}
    received = network.signatures()
    if received != expected:
        raise ModelError(
            f"signatures: expected {expected}, received {received}; the daemon runs nothing else, so export again "
            "with a tower of that input and output"
        )


def check_compare(network: Network, head: Head, embedding_size: int) -> None:
    """`compare` gives the head's score for any number of pairs, whichever of the two comes first."""
    if not (head.weights.any() and np.isfinite([*head.weights, head.bias]).all()):
        raise ModelError(
            "compare: expected a head whose score falls with distance (finite weights, some above 0), received "
            f"weights from {head.weights.min():g} to {head.weights.max():g}, bias {head.bias:g}; fit the head again "
            "on more people, or export with --head cosine"
        )
    random = np.random.default_rng(_SEED)
    for count in _COUNTS:
        a, b = (_unit(random.normal(size=(count, embedding_size))) for _ in range(2))
        b = _unit(a + random.uniform(0, 2, (count, 1)) * b)  # from the same vector to one as good as unrelated
        scores, expected = network.compare(a, b), head.scores(a, b)
        if scores.shape != expected.shape or not np.abs(scores - expected).max() <= SCORE_TOLERANCE:
            raise ModelError(
                f"compare: expected scores {expected[:3]}... for {count} pairs, received {scores[:3]}...; "
                "the head must stay in floating point and be the one that was fitted: export again"
            )
        if not np.array_equal(scores, network.compare(b, a)):
            raise ModelError(
                f"compare: expected the same score both ways for {count} pairs, received another; "
                "the head must only see the distance of two embeddings"
            )


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)
