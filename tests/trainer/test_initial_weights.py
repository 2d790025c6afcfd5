# ruff: noqa: E402 - what the trainer needs may be absent, and is asked for first
from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytestmark = pytest.mark.trainer

from onnx import TensorProto, helper

from faceplate.errors import ModelError
from faceplate_trainer.towers.initial_weights import read_initial_weights
from tiny_networks import BLOCKS, EMBEDDING, tiny_sface, tiny_yunet


@pytest.fixture
def changed(tmp_path):
    """Read the tiny network after a change to its graph."""

    def read(change):
        path = tiny_sface(tmp_path / "tiny.onnx")
        model = onnx.load(path)
        change(model.graph)
        onnx.save(model, path)
        return read_initial_weights(path)

    return read


def node(graph, name):
    return next(node for node in graph.node if node.name == name)


def set_attribute(graph, name, key, value):
    found = node(graph, name)
    kept = [attribute for attribute in found.attribute if attribute.name != key]
    del found.attribute[:]
    found.attribute.extend([*kept, helper.make_attribute(key, value)])


@pytest.mark.parametrize("quantised", [False, True])
def test_reads_the_shape_of_the_tower(tmp_path, quantised):
    weights = read_initial_weights(tiny_sface(tmp_path / "tiny.onnx", quantised=quantised))

    assert weights.input_size == 112
    assert (weights.input_scale, weights.input_offset) == (0.0078125, -0.99609375)
    depthwise = [layer for layer in weights.convolutions if layer.depthwise]
    pointwise = [layer for layer in weights.convolutions[1:] if not layer.depthwise]
    assert [(len(layer.bias), stride.stride) for layer, stride in zip(pointwise, depthwise, strict=True)] == list(
        BLOCKS
    )
    assert weights.convolutions[0].kernel.shape == (3, 3, 3, 4)
    assert depthwise[1].kernel.shape == (3, 3, 8, 1)
    assert weights.dense_kernel.shape == (7 * 7 * 16, EMBEDDING)


def test_scaling_may_be_absent(changed):
    def unscaled(graph):
        graph.node.remove(node(graph, "minus"))
        graph.node.remove(node(graph, "times"))
        node(graph, "conv_1_conv2d").input[0] = "data"

    weights = changed(unscaled)

    assert (weights.input_scale, weights.input_offset) == (1.0, 0.0)


def remove_slope(graph):
    graph.node.remove(node(graph, "conv_2_relu"))
    node(graph, "conv_3_dw_conv2d").input[0] = "conv_2_batchnorm"


def branch(graph):
    node(graph, "conv_3_dw_conv2d").input[0] = "conv_1_relu"


def add_output_layer(graph):
    graph.node.append(helper.make_node("Relu", ["fc1"], ["more"], "more"))


def another_input(graph):
    graph.input.append(helper.make_tensor_value_info("second", TensorProto.FLOAT, [1]))
    node(graph, "minus").input[1] = "second"


def grey(graph):
    graph.input[0].type.tensor_type.shape.dim[1].dim_value = 1


FAULTS = {
    "no PReLU": (remove_slope, "expected a PRelu node next, found Conv"),
    "branch": (branch, "expected conv_3_dw_conv2d to take conv_2_relu, found conv_1_relu: this is not one chain"),
    "more layers": (add_output_layer, "expected the end of the network, found a Relu node"),
    "two inputs": (another_input, "expected one input, found 2"),
    "grey input": (grey, r"expected an input of shape \(1, 3, side, side\), found \[1, 1, 112, 112\]"),
    "no padding": (lambda graph: set_attribute(graph, "conv_3_dw_conv2d", "pads", [0] * 4), "'pads': \\[1, 1, 1, 1\\]"),
    "padding as TensorFlow's": (
        lambda graph: set_attribute(graph, "conv_3_dw_conv2d", "pads", [0, 0, 1, 1]),
        "'pads': \\[0, 0, 1, 1\\]",
    ),
    "uneven stride": (
        lambda graph: set_attribute(graph, "conv_3_dw_conv2d", "strides", [2, 1]),
        "'strides': \\[2, 1\\]",
    ),
    "dilated": (lambda graph: set_attribute(graph, "conv_1_conv2d", "dilations", [2, 2]), "'dilations': \\[2, 2\\]"),
    "kernel transposed": (lambda graph: set_attribute(graph, "pre_fc1", "transB", 0), "expected a Gemm with transB 1"),
}


@pytest.mark.parametrize(("change", "message"), FAULTS.values(), ids=FAULTS)
def test_refuses_what_the_tower_could_not_repeat(changed, change, message):
    with pytest.raises(ModelError, match=message):
        changed(change)


def test_refuses_another_network(tmp_path):
    with pytest.raises(ModelError, match=r"yunet\.onnx is not an SFace-shaped network: expected cls_8_conv"):
        read_initial_weights(tiny_yunet(tmp_path / "yunet.onnx"))


@pytest.mark.research_data
def test_reads_sface(research_data):
    weights = read_initial_weights(research_data.parent / "models" / "face_recognition_sface_2021dec_int8bq.onnx")

    assert len(weights.convolutions) == 27
    assert weights.dense_kernel.shape == (7 * 7 * 1024, 128)
    assert sum(layer.kernel.size for layer in weights.convolutions) == pytest.approx(3.18e6, rel=0.05)
    assert all(np.isfinite(layer.kernel).all() for layer in weights.convolutions)
