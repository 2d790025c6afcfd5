# ruff: noqa: E402 - what the trainer needs may be absent, and is asked for first
from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytestmark = pytest.mark.trainer

import keras
from ai_edge_litert import schema_py_generated as schema

from faceplate.errors import ModelError
from faceplate_trainer.exporting import gates
from faceplate_trainer.exporting.convert import convert, scaling_of
from faceplate_trainer.exporting.forms import EXPECTED, FORMS
from faceplate_trainer.exporting.network import Network, Scaling
from faceplate_trainer.exporting.siamese import network_from
from faceplate_trainer.measuring.head import Head, uniform_head
from faceplate_trainer.towers.initial_weights import read_initial_weights
from faceplate_trainer.towers.sface import embed, sface_tower
from smooth_pictures import pictures
from tiny_networks import EMBEDDING, tiny_sface

HEAD = uniform_head(5.0, 4.0, size=EMBEDDING, prior=0.5)
INTEGERS = {schema.TensorType.INT8, schema.TensorType.UINT8, schema.TensorType.INT32}


@pytest.fixture(scope="module")
def prelu_tower(tmp_path_factory):
    return sface_tower(read_initial_weights(tiny_sface(tmp_path_factory.mktemp("network") / "tiny.onnx")))


@pytest.fixture(scope="module")
def relu_tower():
    """Of every kind of layer that our towers have, but PReLU."""
    keras.utils.set_random_seed(3)
    layers = keras.layers
    inputs = keras.Input((112, 112, 3))
    features = layers.Rescaling(1 / 128, -127.5 / 128)(inputs)
    for stride in (2, 1):
        features = layers.ZeroPadding2D(1)(features)
        features = layers.Conv2D(8, 3, stride, use_bias=False)(features)
        features = layers.ReLU()(layers.BatchNormalization()(features))
    short = features
    features = layers.ReLU()(layers.BatchNormalization()(layers.DepthwiseConv2D(3, padding="same")(features)))
    features = layers.Add()([short, layers.Conv2D(8, 1)(features)])
    features = layers.MaxPooling2D(4)(features)
    features = layers.Dense(24, activation="sigmoid")(layers.Flatten()(features))
    return keras.Model(inputs, layers.Dense(EMBEDDING)(features), name="tower")


def graph_of(content, signature):
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    return next(
        model.subgraphs[entry.subgraphIndex] for entry in model.signatureDefs if entry.signatureKey == signature
    )


@pytest.mark.parametrize("form", [form for form in FORMS if form != "full-int8"])
def test_every_form_of_a_prelu_tower_embeds_as_the_tower_does(prelu_tower, form):
    content = network_from(prelu_tower, HEAD, form, pictures(20))

    network = Network(content)
    mean = gates.check_agreement(network.embed(pictures(12)), embed(prelu_tower, pictures(12)), form)
    assert mean >= EXPECTED[form].cosine
    assert network_from(prelu_tower, HEAD, form, pictures(20)) == content


def test_a_tower_with_prelu_has_no_full_integer_form(prelu_tower):
    with pytest.raises(ModelError, match=r"received one with PRELU\. Train a tower with activation: relu, or export"):
        network_from(prelu_tower, None, "full-int8", pictures(2))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_relu_tower_passes_its_gates(relu_tower, form):
    content = network_from(relu_tower, HEAD, form, pictures(40))

    network = Network(content, scaling_of(relu_tower))
    gates.check_agreement(network.embed(pictures(12)), embed(relu_tower, pictures(12)), form)
    np.testing.assert_allclose(
        network.compare(np.eye(2, EMBEDDING, dtype=np.float32), np.eye(2, EMBEDDING, dtype=np.float32)),
        1 / (1 + np.exp(-4)),
        atol=1e-6,
    )


def test_full_integer_form_holds_nothing_but_integers_up_to_the_embedding(relu_tower):
    content = network_from(relu_tower, HEAD, "full-int8", pictures(20))

    assert {tensor.type for tensor in graph_of(content, b"embed").tensors} <= INTEGERS
    assert schema.TensorType.INT8 not in {tensor.type for tensor in graph_of(content, b"compare").tensors}
    assert network_from(relu_tower, HEAD, "full-int8", pictures(20)) == content


def test_full_integer_form_leaves_a_head_with_a_logistic_float_though_the_tower_has_one(relu_tower):
    head = Head(np.linspace(0, 9, EMBEDDING), 4.0, 2, 0.5)

    network = Network(network_from(relu_tower, head, "full-int8", pictures(20)), scaling_of(relu_tower))

    gates.check_compare(network, head, EMBEDDING)


def test_quantised_pixels_need_their_scaling(relu_tower):
    content = network_from(relu_tower, None, "full-int8", pictures(20))

    assert Network(content, Scaling(1 / 128, -127.5 / 128)).tensor(pictures(1)[0]).dtype == np.uint8
    with pytest.raises(ModelError, match="expected to be told how they are scaled"):
        Network(content).embed(pictures(1))


def test_scaling_is_read_from_the_tower(relu_tower, prelu_tower):
    assert scaling_of(relu_tower) == Scaling(1 / 128, -127.5 / 128)
    assert scaling_of(prelu_tower) == Scaling(0.0078125, -0.99609375)


def test_a_tower_that_does_not_scale_its_pixels_is_refused():
    inputs = keras.Input((112, 112, 3))
    tower = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(inputs))

    with pytest.raises(ModelError, match=r"first layer is keras\.layers\.Rescaling, received .*GlobalAveragePooling2D"):
        network_from(tower, None, "fp32", pictures(1))


def test_a_tower_that_scales_colours_differently_is_refused():
    inputs = keras.Input((112, 112, 3))
    scaled = keras.layers.Rescaling([1 / 128, 1 / 127, 1 / 126])(inputs)

    with pytest.raises(ModelError, match="expected one scale and one offset for all colours"):
        scaling_of(keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(scaled)))


def test_float_file_is_four_times_the_int8_one_and_twice_the_half_one(prelu_tower):
    full = len(convert(prelu_tower, None))

    halves = len(network_from(prelu_tower, None, "fp16", pictures(1)))

    assert halves < 0.75 * full
    assert len(network_from(prelu_tower, None, "dynamic-int8", pictures(1))) < 0.85 * halves
