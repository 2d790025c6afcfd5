"""Float TFLite file -> the form that ships.

The default is dynamic-range int8: a quarter of the size, a third of the time, no accuracy lost. The others are there
to compare with, and for machines that do other arithmetic faster.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_quantizer.algorithm_manager import AlgorithmName
from ai_edge_quantizer.qtyping import (
    ComputePrecision,
    OpQuantizationConfig,
    QuantGranularity,
    TensorDataType,
    TensorQuantizationConfig,
    TFLOperationName,
)
from ai_edge_quantizer.quantizer import Quantizer
from numpy.typing import NDArray

from faceplate.errors import ModelError
from faceplate_trainer.exporting.forms import Form
from faceplate_trainer.exporting.network import Scaling

_LOG = logging.getLogger(__name__)

ALL = ".*"
BITS = 8

# What int8 kernels exist for, of the operations that towers consist of. PReLU is not among them.
_INTEGER = frozenset(
    {
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "FULLY_CONNECTED",
        "ADD",
        "MUL",
        "PAD",
        "MAX_POOL_2D",
        "AVERAGE_POOL_2D",
        "MEAN",
        "RESHAPE",
        "RELU",
        "LOGISTIC",
    }
)
_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


def quantize(content: bytes, form: Form, samples: NDArray[np.uint8], scaling: Scaling) -> bytes:
    """Turn a float file into one of `form`; the `compare` head always stays float. Same input, same bytes.

    Args:
        content: a float TFLite file; for "full-int8" one converted with `scaled_input`.
        form: what to make of it.
        samples: aligned faces, RGB uint8 (N, side, side, 3), some hundred: ranges of activations are measured on them
            in the forms static-int8 and full-int8.
        scaling: of the tower.

    Raises:
        ModelError: the tower has operations that the form has none for.
    """
    _LOG.info("quantising %.1f MB to %s", len(content) / 1e6, form)
    if form == "fp32":
        return content
    quantizer = Quantizer(content)
    if form == "fp16":
        _halves(quantizer)
    elif form == "weight-only-int8":
        for operation in _WEIGHTED:
            quantizer.add_weight_only_config(ALL, TFLOperationName(operation), BITS, _granularity(operation))
    elif form == "dynamic-int8":
        _dynamic(quantizer)
    elif form == "static-int8":
        for operation in _WEIGHTED:
            quantizer.add_static_config(ALL, TFLOperationName(operation), BITS, BITS, _granularity(operation))
    else:
        _integers(quantizer, content)
    with warnings.catch_warnings():
        # It keeps all tensors to look at them, and LiteRT warns everybody who does.
        warnings.filterwarnings("ignore", "Warning: Enabling `experimental_preserve_all_tensors`", UserWarning)
        measured = _measure(quantizer, samples, scaling if form == "full-int8" else None)
        result = quantizer.quantize(measured, enable_progress_bar=False, enable_progress_report=False)
    return bytes(result.quantized_model)


def _granularity(operation: str) -> QuantGranularity:
    # One scale for the whole dense layer: with one per channel tflite-runtime 2.14 computes garbage and says nothing.
    return QuantGranularity.TENSORWISE if operation == "FULLY_CONNECTED" else QuantGranularity.CHANNELWISE


def _halves(quantizer: Quantizer) -> None:
    for operation in _WEIGHTED:
        quantizer.add_weight_only_config(
            ALL, TFLOperationName(operation), 16, QuantGranularity.TENSORWISE, AlgorithmName.FLOAT_CASTING
        )


def _dynamic(quantizer: Quantizer) -> None:
    for operation in ("CONV_2D", "FULLY_CONNECTED"):
        quantizer.add_dynamic_config(ALL, TFLOperationName(operation), BITS, _granularity(operation))
    # Depthwise convolutions are small, fast and sensitive: only their storage shrinks.
    quantizer.add_weight_only_config(ALL, TFLOperationName.DEPTHWISE_CONV_2D, BITS, QuantGranularity.CHANNELWISE)


def _integers(quantizer: Quantizer, content: bytes) -> None:
    """Every operation of `embed`, and its input and output; those of `compare` are told apart by their names."""
    graph, operations = _embed_graph(content)
    if strange := sorted(set(operations) - _INTEGER):
        raise ModelError(
            f"full-int8: expected a tower of operations that have int8 kernels, received one with {', '.join(strange)}."
            " Train a tower with activation: relu, or export another form (dynamic-int8 is the default)."
        )
    inside = _names(graph, (output for operator in graph.operators for output in operator.outputs))
    for operation in sorted(set(operations)):
        quantizer.add_static_config(inside, TFLOperationName(operation), BITS, BITS, _granularity(operation))
    quantizer.add_static_config(_names(graph, graph.outputs), TFLOperationName.OUTPUT, BITS, BITS)
    pixels = OpQuantizationConfig(  # a camera's pixels are unsigned
        TensorQuantizationConfig(BITS, symmetric=False, dtype=TensorDataType.UINT),
        TensorQuantizationConfig(BITS),
        compute_precision=ComputePrecision.INTEGER,
    )
    quantizer.update_quantization_recipe(_names(graph, graph.inputs), TFLOperationName.INPUT, pixels)


def _embed_graph(content: bytes) -> tuple[Any, list[str]]:
    """The graph behind the signature `embed`, and the kinds of its operations in order."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = next(
        model.subgraphs[entry.subgraphIndex] for entry in model.signatureDefs if entry.signatureKey == b"embed"
    )
    kinds = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
    return graph, [kinds[model.operatorCodes[each.opcodeIndex].builtinCode] for each in graph.operators]


def _names(graph: Any, tensors: Iterable[int]) -> str:  # noqa: ANN401 - the schema has no types
    """A pattern for exactly these tensors; the quantiser ends the names it looks for with a semicolon."""
    names = (re.escape(graph.tensors[tensor].name.decode()) for tensor in tensors)
    return f"^({'|'.join(names)});?$"


def _measure(quantizer: Quantizer, samples: NDArray[np.uint8], scaling: Scaling | None) -> dict[str, Any] | None:
    """Ranges of the activations, where the recipe needs them; `scaling` where the file takes scaled pixels."""
    if not quantizer.need_calibration:
        return None
    crops: NDArray[np.generic] = samples[:, None]
    if scaling is not None:
        crops = samples[:, None].astype(np.float32) * np.float32(scaling.scale) + np.float32(scaling.offset)
    measured: dict[str, Any] = quantizer.calibrate({"embed": [{"crop": crop} for crop in crops]}, num_threads=2)
    return measured
