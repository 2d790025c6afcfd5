"""ONNX files as others publish them -> plain ones, that every reader understands.

The OpenCV Zoo's small files hold weights as blocks of int8 behind DequantizeLinear nodes, which OpenCV 4.10 cannot
read, and list weights among the graph's inputs, which OpenCV 5 then wants filled.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped] # protobuf ships no types
from numpy.typing import NDArray
from onnx import numpy_helper

from faceplate.errors import ModelError


def read_onnx(path: Path) -> onnx.ModelProto:
    """Read and check the ONNX file at `path`.

    Raises:
        ModelError: it cannot be read, or is not a valid ONNX network.
    """
    try:
        model = onnx.load_model(path, load_external_data=False)
        onnx.checker.check_model(model)
    except (OSError, DecodeError, onnx.checker.ValidationError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(f"{path} is not a readable ONNX network: {reason}. Download it again.") from error
    return model


def plain(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network with float32 weights only, and with no inputs but those that a picture goes into."""
    constants = {weight.name: numpy_helper.to_array(weight) for weight in model.graph.initializer}
    folded: dict[str, NDArray[np.generic]] = {}
    nodes = []
    for node in model.graph.node:
        value = _fold(node, constants)
        if value is None:
            nodes.append(node)
        else:
            constants[node.output[0]] = folded[node.output[0]] = value
    used = {name for node in nodes for name in node.input}
    weights = [weight for weight in model.graph.initializer if weight.name in used]
    weights += [numpy_helper.from_array(value, name) for name, value in folded.items() if name in used]
    return _with_graph(model, nodes, weights)


def without_weight_inputs(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network, not listing as inputs what the file itself holds or computes."""
    return _with_graph(model, list(model.graph.node), list(model.graph.initializer))


def to_bytes(model: onnx.ModelProto) -> bytes:
    """The file's content; the same network always gives the same bytes."""
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def attribute(node: onnx.NodeProto, name: str, default: object) -> object:
    """An attribute of a node, `default` where it is not written down."""
    for found in node.attribute:
        if found.name == name:
            value: object = onnx.helper.get_attribute_value(found)
            return value
    return default


def _fold(node: onnx.NodeProto, constants: dict[str, NDArray[np.generic]]) -> NDArray[np.generic] | None:
    """What a node computes, where that hangs on nothing but constants."""
    if node.op_type not in ("DequantizeLinear", "Reshape") or not all(name in constants for name in node.input):
        return None
    inputs = [constants[name] for name in node.input]
    if node.op_type == "Reshape":
        return inputs[0].reshape([int(size) for size in inputs[1]])
    axis = int(str(attribute(node, "axis", 1)))
    block = int(str(attribute(node, "block_size", 0)))
    return _dequantise(inputs, axis, block)


def _dequantise(inputs: list[NDArray[np.generic]], axis: int, block: int) -> NDArray[np.float32]:
    """(x - zero point) * scale, per tensor, per axis or per block of `block` values along `axis` (ONNX, opset 21)."""
    values, *parameters = inputs
    spread = [_spread(parameter, values, axis, block) for parameter in parameters]
    scale, zero_point = spread[0], spread[1] if len(spread) > 1 else np.zeros(1, np.int8)
    return ((values.astype(np.int32) - zero_point.astype(np.int32)) * scale.astype(np.float32)).astype(np.float32)


def _spread(parameter: NDArray[np.generic], values: NDArray[np.generic], axis: int, block: int) -> NDArray[np.generic]:
    """A scale or zero point, in a shape that goes with `values`."""
    if block:
        return np.repeat(parameter, block, axis).take(range(values.shape[axis]), axis)
    if parameter.size == 1:
        return parameter.reshape(())
    shape = [1] * values.ndim
    shape[axis] = parameter.size
    return parameter.reshape(shape)


def _with_graph(
    model: onnx.ModelProto, nodes: list[onnx.NodeProto], weights: list[onnx.TensorProto]
) -> onnx.ModelProto:
    """`model` with these nodes and weights, and only those of its inputs that nothing in the file gives."""
    given = {weight.name for weight in weights} | {name for node in nodes for name in node.output}
    used = {name for node in nodes for name in node.input}
    graph = onnx.helper.make_graph(
        nodes,
        model.graph.name,
        [value for value in model.graph.input if value.name in used - given],
        list(model.graph.output),
        weights,
    )
    return onnx.helper.make_model(
        graph, opset_imports=list(model.opset_import), ir_version=model.ir_version, producer_name="faceplate"
    )
