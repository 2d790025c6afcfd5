# ruff: noqa: E402 - what the trainer needs may be absent, and is asked for first
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytestmark = pytest.mark.trainer

from onnx import TensorProto, helper, numpy_helper

from faceplate.errors import ModelError
from faceplate_trainer.towers.onnx_file import plain, read_onnx, to_bytes, without_weight_inputs
from smooth_pictures import pictures
from tiny_networks import tiny_sface


def run(content: bytes) -> np.ndarray:
    net = cv2.dnn.readNetFromONNX(np.frombuffer(content, np.uint8))
    net.setInput(cv2.dnn.blobFromImages(list(pictures(1))))
    return net.forward()


@pytest.mark.parametrize("quantised", [False, True])
def test_plain_network_computes_the_same(tmp_path, quantised):
    model = read_onnx(tiny_sface(tmp_path / "tiny.onnx", quantised=quantised))

    np.testing.assert_allclose(run(to_bytes(plain(model))), run(to_bytes(without_weight_inputs(model))), atol=1e-5)


def test_plain_network_holds_float_weights_and_asks_for_the_picture_only(tmp_path):
    model = read_onnx(tiny_sface(tmp_path / "tiny.onnx", quantised=True))
    assert len(model.graph.input) > 1

    graph = plain(model).graph

    assert [value.name for value in graph.input] == ["data"]
    assert {weight.data_type for weight in graph.initializer} == {TensorProto.FLOAT}
    assert "DequantizeLinear" not in {node.op_type for node in graph.node}


def test_same_network_gives_same_bytes(tmp_path):
    path = tiny_sface(tmp_path / "tiny.onnx", quantised=True)

    assert to_bytes(plain(read_onnx(path))) == to_bytes(plain(read_onnx(path)))


@pytest.mark.parametrize(
    ("scale", "zero_point", "attributes", "expected"),
    [
        (np.float32(0.5), np.int8(2), {}, [[-1, -0.5, 0], [0.5, 1, 1.5]]),
        (np.float32([1, 10]), np.int8([0, 1]), {"axis": 0}, [[0, 1, 2], [20, 30, 40]]),
        (np.float32([1, 10, 100]), None, {}, [[0, 10, 200], [3, 40, 500]]),
        (np.float32([[1, 10], [100, 1000]]), None, {"block_size": 2}, [[0, 1, 20], [300, 400, 5000]]),
    ],
)
def test_dequantises_per_tensor_axis_and_block(scale, zero_point, attributes, expected):
    weights = {"x": np.arange(6, dtype=np.int8).reshape(2, 3), "scale": scale}
    weights |= {} if zero_point is None else {"zero_point": zero_point}
    nodes = [
        helper.make_node("DequantizeLinear", list(weights), ["w"], **attributes),
        helper.make_node("Add", ["data", "w"], ["sum"]),
    ]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3]) for name in ("data", "sum")]
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()]
    model = helper.make_model(helper.make_graph(nodes, "one", values[:1], values[1:], tensors))

    (weight,) = plain(model).graph.initializer

    assert numpy_helper.to_array(weight).tolist() == expected


@pytest.mark.parametrize("content", [b"", b"no network at all", None])
def test_refuses_what_is_no_network(tmp_path, content):
    path: Path = tmp_path / "file.onnx"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ModelError, match=r"file\.onnx is not a readable ONNX network"):
        read_onnx(path)


def test_refuses_half_a_file(tmp_path):
    path = tiny_sface(tmp_path / "tiny.onnx")
    path.write_bytes(path.read_bytes()[:-2000])

    with pytest.raises(ModelError, match="not a readable ONNX network"):
        read_onnx(path)
