"""An SFace-shaped ONNX file -> the weights of our tower.

SFace (Zhong et al., "SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face Recognition", IEEE TIP 2021) in the
OpenCV Zoo is one chain: scaling, convolutions each with batch norm and PReLU, batch norm, flatten, dense, batch norm.
Every batch norm is folded into the layer beside it, so that the tower is convolutions, PReLUs and one dense layer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from faceplate.errors import ModelError
from faceplate_trainer.towers.onnx_file import attribute, plain, read_onnx

Weights = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Convolution:
    """One convolution and the PReLU behind it."""

    kernel: Weights = field(repr=False)
    """float32 (height, width, in, out); of a depthwise one (height, width, channels, 1)"""

    bias: Weights = field(repr=False)
    """float32 (out,)"""

    slope: Weights = field(repr=False)
    """float32 (out,): what negative values are multiplied by"""

    stride: int
    depthwise: bool


@dataclass(frozen=True, slots=True)
class TowerWeights:
    """All weights of one tower, and with them its shape."""

    input_size: int
    """Side of the crop in pixels"""

    input_scale: float
    input_offset: float
    """The first convolution sees `pixel * input_scale + input_offset`"""

    convolutions: tuple[Convolution, ...]

    dense_kernel: Weights = field(repr=False)
    """float32 (height * width * channels, embedding size): rows in Keras's order, channels last"""

    dense_bias: Weights = field(repr=False)
    """float32 (embedding size,)"""


def read_initial_weights(path: Path) -> TowerWeights:
    """Read the weights of an SFace-shaped network.

    Raises:
        ModelError: the file cannot be read, or holds a network of another shape.
    """
    chain = _Chain(plain(read_onnx(path)), path)
    size = chain.input_size()
    scale, offset = _scaling(chain)
    convolutions = [_convolution(chain)]
    while chain.next_is("Conv"):
        convolutions.append(_convolution(chain))
    kernel, bias = _dense(chain, channels=len(convolutions[-1].bias))
    chain.end()
    return TowerWeights(size, scale, offset, tuple(convolutions), kernel, bias)


class _Chain:
    """A network's nodes one after the other, each taken once and expected to be of a certain kind."""

    def __init__(self, model: onnx.ModelProto, path: Path) -> None:
        self._path = path
        self._graph = model.graph
        self._nodes = [node for node in model.graph.node if node.op_type not in ("Constant", "Dropout", "Identity")]
        self._weights = {weight.name: numpy_helper.to_array(weight) for weight in model.graph.initializer}
        self._source = {
            node.output[0]: node.input[0] for node in model.graph.node if node.op_type in ("Dropout", "Identity")
        }
        self._at = model.graph.input[0].name if len(model.graph.input) == 1 else ""

    def input_size(self) -> int:
        if len(self._graph.input) != 1:
            raise self.fault("one input", f"{len(self._graph.input)}")
        shape = [axis.dim_value for axis in self._graph.input[0].type.tensor_type.shape.dim]
        if len(shape) != 4 or shape[1] != 3 or shape[2] != shape[3] or shape[2] <= 0:  # noqa: PLR2004 - NCHW
            raise self.fault("an input of shape (1, 3, side, side)", str(shape))
        return int(shape[2])

    def next_is(self, kind: str) -> bool:
        return bool(self._nodes) and self._nodes[0].op_type == kind

    def take(self, kind: str) -> onnx.NodeProto:
        if not self.next_is(kind):
            raise self.fault(f"a {kind} node next", self._nodes[0].op_type if self._nodes else "the end")
        node: onnx.NodeProto = self._nodes.pop(0)
        before = self._source.get(node.input[0], node.input[0])
        if before != self._at:
            raise self.fault(f"{node.name} to take {self._at}", f"{before}: this is not one chain")
        self._at = node.output[0]
        return node

    def end(self) -> None:
        if self._nodes:
            raise self.fault("the end of the network", f"a {self._nodes[0].op_type} node")

    def weight(self, node: onnx.NodeProto, index: int) -> NDArray[np.float64]:
        """The weight that is a node's input number `index`."""
        name = node.input[index]
        if name not in self._weights:
            raise self.fault(f"a weight as input {index} of {node.name}", f"{name}, which the file does not hold")
        return np.asarray(self._weights[name], np.float64)

    def fault(self, expected: str, received: str) -> ModelError:
        return ModelError(
            f"{self._path} is not an SFace-shaped network: expected {expected}, found {received}. "
            "Name the file face_recognition_sface_2021dec_int8bq.onnx of the OpenCV Zoo."
        )


def _scaling(chain: _Chain) -> tuple[float, float]:
    """Scale and offset of `pixel * scale + offset`, from (pixel - mean) * scale; (1, 0) where there is none."""
    if not chain.next_is("Sub"):
        return 1.0, 0.0
    mean = chain.weight(chain.take("Sub"), 1)
    scale = chain.weight(chain.take("Mul"), 1)
    if mean.size != 1 or scale.size != 1:
        raise chain.fault("one mean and one scale for all colours", f"{mean.size} and {scale.size}")
    return float(scale.item()), float(-(mean * scale).item())


def _convolution(chain: _Chain) -> Convolution:
    node = chain.take("Conv")
    kernel = chain.weight(node, 1)
    bias = chain.weight(node, 2) if len(node.input) > 2 else np.zeros(len(kernel))  # noqa: PLR2004 - input, kernel, bias
    stride, depthwise = _geometry(chain, node, kernel.shape)
    if chain.next_is("BatchNormalization"):
        factor, shift = _batch_norm(chain)
        kernel, bias = kernel * factor[:, None, None, None], bias * factor + shift
    slope = chain.weight(chain.take("PRelu"), 1).reshape(-1)
    axes = (2, 3, 0, 1) if depthwise else (2, 3, 1, 0)
    return Convolution(
        kernel.transpose(axes).astype(np.float32),
        bias.astype(np.float32),
        np.broadcast_to(slope, bias.shape).astype(np.float32),
        stride,
        depthwise,
    )


def _geometry(chain: _Chain, node: onnx.NodeProto, shape: tuple[int, ...]) -> tuple[int, bool]:
    """Stride, and whether it is depthwise; anything the tower could not repeat is refused."""
    outputs, inputs, height, _ = shape
    stride = cast("list[int]", attribute(node, "strides", [1, 1]))
    group = cast("int", attribute(node, "group", 1))
    received = {
        "kernel": list(shape[2:]),
        "pads": attribute(node, "pads", [0, 0, 0, 0]),
        "strides": stride,
        "dilations": attribute(node, "dilations", [1, 1]),
    }
    expected = {
        "kernel": [height] * 2,
        "pads": [(height - 1) // 2] * 4,
        "strides": [stride[0]] * 2,
        "dilations": [1, 1],
    }
    depthwise = group == outputs and inputs == 1 and group > 1
    if received != expected or not (depthwise or group == 1):
        raise chain.fault(f"{node.name} with {expected}, dense or depthwise", f"{received} in {group} groups")
    return int(stride[0]), depthwise


def _dense(chain: _Chain, channels: int) -> tuple[Weights, Weights]:
    """The last batch norms and the dense layer as one kernel and bias, rows reordered for channels-last features."""
    before = _batch_norm(chain) if chain.next_is("BatchNormalization") else (np.ones(channels), np.zeros(channels))
    chain.take("Flatten")
    node = chain.take("Gemm")
    if not attribute(node, "transB", 0) or attribute(node, "alpha", 1.0) != 1 or attribute(node, "beta", 1.0) != 1:
        raise chain.fault("a Gemm with transB 1, alpha 1, beta 1", f"{node.name} with other values")
    kernel, bias = chain.weight(node, 1), chain.weight(node, 2)
    if kernel.shape[1] % channels:
        raise chain.fault(f"a dense layer on a multiple of {channels} values", f"one on {kernel.shape[1]}")
    blocks = kernel.reshape(len(kernel), channels, -1)  # flattened channels first: (out, channel, place)
    bias = bias + (blocks * before[1][None, :, None]).sum(axis=(1, 2))
    blocks = blocks * before[0][None, :, None]
    if chain.next_is("BatchNormalization"):
        factor, shift = _batch_norm(chain)
        blocks, bias = blocks * factor[:, None, None], bias * factor + shift
    rows = blocks.transpose(2, 1, 0).reshape(-1, len(kernel))  # channels last: (place, channel) -> out
    return rows.astype(np.float32), bias.astype(np.float32)


def _batch_norm(chain: _Chain) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Factor and shift per channel that the normalisation comes down to once trained."""
    node = chain.take("BatchNormalization")
    gamma, beta, mean, variance = (chain.weight(node, index) for index in (1, 2, 3, 4))
    factor = gamma / np.sqrt(variance + cast("float", attribute(node, "epsilon", 1e-5)))
    return factor, beta - mean * factor
