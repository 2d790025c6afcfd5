"""The same file in LiteRT's predecessor: a door on Python 3.11 may still run tflite-runtime 2.14."""

from __future__ import annotations

import logging
import subprocess
import tempfile
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceplate.errors import ModelError
from faceplate_trainer.exporting.network import Network

LEAST_COSINE = 0.99
"""Mean over real crops, for a network that bears rounding. One that computes garbage is far below"""

_APART = 2
"""Times as far from each other as from full precision two runtimes may be: their kernels round differently"""

SCORE_TOLERANCE = 1e-3

_LOG = logging.getLogger(__name__)
_SCRIPT = "run_in_tflite_runtime.py"
_PATIENCE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a runtime made of the same inputs."""

    embeddings: NDArray[np.float32]
    """float32 (N, D), each row of unit norm"""

    scores: NDArray[np.float32]
    """float32 (N,)"""


def check_in_tflite_runtime(
    content: bytes, network: Network, crops: NDArray[np.uint8], python: Path, mean_cosine: float = 1.0
) -> float:
    """tflite-runtime embeds and compares as LiteRT does; gives the mean cosine between them.

    Args:
        content: the TFLite file.
        network: the same file in LiteRT.
        crops: aligned faces, RGB uint8 (N, side, side, 3), two at least.
        python: an interpreter whose environment has tflite-runtime.
        mean_cosine: of the network in LiteRT to the one in full precision.

    Raises:
        ModelError: it cannot run the file there, or gets something else.
    """
    _LOG.info("running the network in tflite-runtime of %s on %d crops", python, len(crops))
    embeddings = network.embed(crops)
    a, b = embeddings, np.roll(embeddings, 1, axis=0)
    tensors = {"crops": np.concatenate([network.tensor(crop) for crop in crops]), "a": a, "b": b}
    there = _outputs_there(content, tensors, python)
    theirs = Outputs(network.unit(there["embeddings"]), there["scores"])
    return check_runtimes_agree(theirs, Outputs(embeddings, network.compare(a, b)), mean_cosine)


def check_interpreter(python: Path) -> None:
    """There is an interpreter that has tflite-runtime.

    Raises:
        ModelError: there is not.
    """
    said = _run([str(python), "-I", "-c", "import tflite_runtime; print(tflite_runtime.__version__)"], python)
    if not said.strip():
        raise ModelError(
            f"--tflite-runtime {python}: expected a Python interpreter, received a program that says nothing"
        )


def check_runtimes_agree(theirs: Outputs, ours: Outputs, mean_cosine: float = 1.0) -> float:
    """Two runtimes get the same from one file, as far as its `mean_cosine` to full precision lets them."""
    least = min(LEAST_COSINE, 1 - _APART * (1 - mean_cosine))
    cosine = float((theirs.embeddings * ours.embeddings).sum(axis=1).mean())
    if not cosine >= least:
        raise ModelError(
            f"runtimes: expected tflite-runtime to embed as LiteRT does, with a mean cosine of at least {least:.4g},"
            f" received {cosine:.4f}; this form is not for tflite-runtime: export another --form, or leave "
            "--tflite-runtime out and run the door on LiteRT only"
        )
    worst = float(np.abs(theirs.scores - ours.scores).max())
    if not worst <= SCORE_TOLERANCE:
        raise ModelError(
            f"runtimes: expected tflite-runtime's scores within {SCORE_TOLERANCE:g} of LiteRT's, received a difference "
            f"of {worst:.3g}; run the door on LiteRT only"
        )
    return cosine


def _outputs_there(content: bytes, tensors: dict[str, NDArray[Any]], python: Path) -> dict[str, NDArray[Any]]:
    script = resources.files("faceplate_trainer.exporting").joinpath(_SCRIPT)
    with tempfile.TemporaryDirectory() as name, resources.as_file(script) as path:
        folder = Path(name)
        (folder / "network.tflite").write_bytes(content)
        np.savez(folder / "inputs.npz", **tensors)  # type: ignore[arg-type] # no array is called allow_pickle
        files = [str(folder / each) for each in ("network.tflite", "inputs.npz", "outputs.npz")]
        _run([str(python), "-I", str(path), *files], python)
        with np.load(folder / "outputs.npz") as given:
            return dict(given)


def _run(command: list[str], python: Path) -> str:
    """What the program printed."""
    try:
        # The interpreter is the one that the caller named on the command line.
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ModelError(
            f"--tflite-runtime {python}: expected a Python interpreter that runs, received: {error}"
        ) from error
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise ModelError(
            f"--tflite-runtime {python}: expected an environment with tflite-runtime 2.14 that can run the network, "
            f"received: {said}. Make one with Python 3.11: pip install 'faceplate[tflite-runtime]'"
        )
    return done.stdout
