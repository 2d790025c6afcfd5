"""Networks with random weights, shaped and written like those of the OpenCV Zoo, a thousandth of their size."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SIDE = 112
EMBEDDING = 16
BLOCK = 8

# Channels of the pointwise convolution and stride of the depthwise one before it: 112 -> 7 pixels.
BLOCKS = ((8, 1), (8, 2), (16, 2), (16, 2), (16, 2))


@dataclass
class Builder:
    """Collects the nodes and weights of one chain."""

    quantised: bool
    random: np.random.Generator
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    weights: dict[str, NDArray[np.generic]] = field(default_factory=dict)
    at: str = "data"

    def add(self, kind: str, name: str, *weights: str, **attributes: object) -> None:
        self.nodes.append(helper.make_node(kind, [self.at, *weights], [name], name, **attributes))
        self.at = name

    def weight(self, name: str, value: NDArray[np.floating]) -> str:
        self.weights[name] = value.astype(np.float32)
        return name

    def big_weight(self, name: str, value: NDArray[np.floating]) -> str:
        """A weight stored as blocks of int8 behind DequantizeLinear and Reshape, as the Zoo's int8bq files do."""
        if not self.quantised:
            return self.weight(name, value)
        rows = value.reshape(len(value), -1)
        block = BLOCK if rows.shape[1] % BLOCK == 0 else rows.shape[1]
        scale = np.abs(rows).reshape(len(rows), -1, block).max(axis=2) / 100
        zero_point = self.random.integers(-5, 6, scale.shape)
        spread = [np.repeat(part, block, axis=1) for part in (scale, zero_point)]
        self.weights[f"{name}_quantized"] = (np.rint(rows / spread[0]) + spread[1]).astype(np.int8)
        self.weights[f"{name}_scales"] = scale.astype(np.float32)
        self.weights[f"{name}_zero_point"] = zero_point.astype(np.int8)
        self.weights[f"{name}_shape"] = np.array(value.shape, np.int64)
        parts = [f"{name}_{part}" for part in ("quantized", "scales", "zero_point")]
        self.nodes.insert(0, helper.make_node("Reshape", [f"{name}_rows", f"{name}_shape"], [name]))
        self.nodes.insert(0, helper.make_node("DequantizeLinear", parts, [f"{name}_rows"], axis=1, block_size=block))
        return name

    def batch_norm(self, name: str, channels: int, epsilon: float) -> None:
        values = {
            "gamma": self.random.uniform(0.5, 1.5, channels),
            "beta": self.random.normal(0, 0.3, channels),
            "mean": self.random.normal(0, 0.3, channels),
            "variance": self.random.uniform(0.5, 1.5, channels),
        }
        weights = [self.weight(f"{name}_{part}", value) for part, value in values.items()]
        self.add("BatchNormalization", name, *weights, epsilon=epsilon)

    def convolution(self, name: str, shape: tuple[int, int, int, int], stride: int = 1) -> None:
        """With batch norm and PReLU; `shape` is out, in, height, width, and depthwise where in is 1."""
        channels, inputs, size, _ = shape
        kernel = self.random.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape)
        pad = size // 2
        self.add(
            "Conv",
            f"{name}_conv2d",
            self.big_weight(f"{name}_weight", kernel),
            group=channels if inputs == 1 else 1,
            kernel_shape=[size, size],
            pads=[pad] * 4,
            strides=[stride, stride],
            dilations=[1, 1],
        )
        self.batch_norm(f"{name}_batchnorm", channels, 1e-3)
        slope = self.weight(f"{name}_relu_gamma", self.random.uniform(0.1, 0.4, (channels, 1, 1)))
        self.add("PRelu", f"{name}_relu", slope)

    def save(self, path: Path, outputs: dict[str, list[int]], side: int) -> Path:
        """Write the file; its weights are listed as inputs too, as SFace's file does."""
        inputs = {"data": [1, 3, side, side]} | {
            name: list(value.shape) for name, value in self.weights.items() if value.dtype == np.float32
        }
        graph = helper.make_graph(
            self.nodes,
            "tiny",
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
            [numpy_helper.from_array(value, name) for name, value in self.weights.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
        onnx.save(model, path)
        return path


def tiny_sface(path: Path, *, quantised: bool = False) -> Path:
    """Write an SFace-shaped network: scaling, convolutions with batch norm and PReLU, dense layer, batch norms."""
    net = Builder(quantised, np.random.default_rng(7))
    net.add("Sub", "minus", net.weight("scalar_op1", np.array([127.5])))
    net.add("Mul", "times", net.weight("scalar_op2", np.array([0.0078125])))
    net.convolution("conv_1", (4, 3, 3, 3))
    channels = 4
    for number, (filters, stride) in enumerate(BLOCKS, start=2):
        net.convolution(f"conv_{number}_dw", (channels, 1, 3, 3), stride)
        net.convolution(f"conv_{number}", (filters, channels, 1, 1))
        channels = filters
    net.batch_norm("bn1", channels, 2e-5)
    net.add("Dropout", "dropout")
    net.add("Flatten", "flatten")
    kernel = net.random.normal(0, 1 / 28, (EMBEDDING, channels * 49))
    bias = net.weight("pre_fc1_bias", net.random.normal(0, 0.1, EMBEDDING))
    net.add("Gemm", "pre_fc1", net.big_weight("pre_fc1_weight", kernel), bias, transB=1)
    net.batch_norm("fc1", EMBEDDING, 2e-5)
    return net.save(path, {"fc1": [1, EMBEDDING]}, SIDE)


def tiny_yunet(path: Path, *, quantised: bool = False) -> Path:
    """Write a network with YuNet's twelve outputs, each one convolution deep; it finds no faces."""
    net = Builder(quantised, np.random.default_rng(8))
    outputs = {}
    for stride in (8, 16, 32):
        for kind, channels in {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}.items():
            name = f"{kind}_{stride}"
            net.at = "data"
            kernel = net.random.normal(0, 1e-5, (channels, 3, stride, stride))
            net.add("Conv", f"{name}_conv", net.big_weight(f"{name}_weight", kernel), strides=[stride, stride])
            net.add("Transpose", f"{name}_last", perm=[0, 2, 3, 1])
            net.weights[f"{name}_flat"] = np.array([1, -1, channels], np.int64)
            net.add("Reshape", name, f"{name}_flat")
            outputs[name] = [1, (320 // stride) ** 2, channels]
    return net.save(path, outputs, 320)
