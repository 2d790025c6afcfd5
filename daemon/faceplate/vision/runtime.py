"""The one place where a TFLite runtime is imported."""

from __future__ import annotations

import importlib
from typing import Any, Literal, TypeAlias

from faceplate.errors import ModelError

Runtime: TypeAlias = Literal["litert", "tflite-runtime"]

_MODULES = {"litert": "ai_edge_litert.interpreter", "tflite-runtime": "tflite_runtime.interpreter"}
_PACKAGES = {"litert": "ai-edge-litert", "tflite-runtime": "faceplate[tflite-runtime], Python 3.11"}


def interpreter(content: bytes, runtime: Runtime, threads: int) -> Any:  # noqa: ANN401 - neither runtime has types
    """An interpreter of a TFLite file, its tensors allocated.

    Raises:
        ModelError: the runtime is not installed.
        ValueError, RuntimeError: it cannot read the file.
    """
    found = _interpreter_class(runtime)(model_content=content, num_threads=threads)
    # Before any signature runner is made: without it tflite-runtime 2.14 leaves XNNPACK out.
    found.allocate_tensors()
    return found


def only(named: dict[str, Any], what: str) -> tuple[str, Any]:
    """The one input or output there is.

    Raises:
        ModelError: there are none, or several.
    """
    if len(named) != 1:
        raise ModelError(f"expected one {what}, the network has {sorted(named)}")
    return next(iter(named.items()))


def _interpreter_class(runtime: Runtime) -> Any:  # noqa: ANN401 - neither runtime has types
    try:
        return importlib.import_module(_MODULES[runtime]).Interpreter
    except ImportError as error:
        raise ModelError(
            f"vision.runtime is {runtime!r}, and it cannot be loaded: {error}. Install {_PACKAGES[runtime]}."
        ) from error
