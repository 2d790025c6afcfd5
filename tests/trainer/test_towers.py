# ruff: noqa: E402 - what the trainer needs may be absent, and is asked for first
from __future__ import annotations

import tempfile
from collections import Counter
from functools import cache

import numpy as np
import pytest

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")
pytest.importorskip("onnx")
pytestmark = pytest.mark.trainer

from ai_edge_litert import schema_py_generated as schema

from faceplate.errors import ConfigError, ModelError
from faceplate_trainer.towers.build import build_tower, choose_trainable, load_weights, summary_text
from faceplate_trainer.towers.initial_weights import read_initial_weights
from faceplate_trainer.towers.sface import embed, sface_tower
from smooth_pictures import pictures
from tiny_networks import EMBEDDING, tiny_sface

TOWERS = {"koch": 4, "mobilefacenet": 18, "sface": 14}
"""Each tower's number of blocks"""

towers = pytest.mark.parametrize("name", TOWERS)


def tiny(name, activation="prelu", *, size=5, width=0.02, seed=1):
    return build_tower(name, embedding_size=size, width=width, activation=activation, seed=seed)


@cache
def shared(name, activation="prelu"):
    """A tower for tests that do not change it."""
    return tiny(name, activation)


def crops(count=2):
    return pictures(count).astype(np.float32)


def same_weights(one, two):
    return [np.array_equal(a, b) for a, b in zip(one.get_weights(), two.get_weights(), strict=True)]


@towers
@pytest.mark.parametrize("activation", ["prelu", "relu"])
def test_crop_in_embedding_out(name, activation):
    tower = shared(name, activation)

    embeddings = np.asarray(tower(crops(3)))

    assert (tower.name, tower.input_shape, tower.output_shape) == ("tower", (None, 112, 112, 3), (None, 5))
    assert (tower.inputs[0].dtype, embeddings.dtype) == ("float32", np.float32)
    assert np.isfinite(embeddings).all()
    assert (np.ptp(embeddings, axis=0) > 0).all()
    assert not np.allclose(np.linalg.norm(embeddings, axis=1), 1)
    kinds = {type(layer).__name__ for layer in tower.layers}
    assert ("PReLU" in kinds, "ReLU" in kinds) == (activation == "prelu", activation == "relu")


@pytest.mark.parametrize(
    ("name", "low", "high"), [("koch", 0, 1), ("mobilefacenet", -127.5 / 128, 127.5 / 128), ("sface", -0.996, 0.996)]
)
def test_pixels_are_scaled_by_the_tower(name, low, high):
    scaling = shared(name).get_layer("scaling")

    received = scaling(np.array([0, 255], np.float32))

    assert np.asarray(received) == pytest.approx([low, high], abs=1e-3)


@pytest.mark.parametrize(
    ("name", "size", "weights"),
    [
        # 64 10x10x3 + 128 7x7x64 + 128 4x4x128 + 256 4x4x128 filters, then 6x6x256 to 4096
        ("koch", 4096, 19_264 + 401_536 + 262_272 + 524_544 + 37_752_832),
        # 0.99 million in the paper, which leaves out the batch norms' moving values
        ("mobilefacenet", 128, 1_022_720),
        ("sface", 128, 9_662_848),
    ],
)
def test_has_its_papers_size_unless_told_otherwise(name, size, weights):
    activation = "relu" if name == "koch" else "prelu"

    tower = build_tower(name, embedding_size=None, width=1.0, activation=activation, seed=0)

    assert tower.output_shape == (None, size)
    assert tower.count_params() == weights


@towers
def test_same_seed_gives_the_same_weights(name):
    tower = tiny(name)
    assert all(same_weights(tower, tiny(name)))
    assert not all(same_weights(tower, tiny(name, seed=2)))


def test_layers_of_one_shape_start_differently():
    tower = tiny("sface", width=0.1)
    kernels = [tower.get_layer(f"sface_{block}_depthwise").get_weights()[0] for block in (8, 9, 10)]

    assert kernels[0].shape == kernels[1].shape
    assert not np.array_equal(kernels[0], kernels[1])
    assert not np.array_equal(kernels[1], kernels[2])


@towers
@pytest.mark.parametrize("activation", ["prelu", "relu"])
def test_everything_in_it_learns(name, activation):
    tower = tiny(name, activation)

    with tf.GradientTape() as tape:
        total = tf.reduce_sum(tower(crops(4), training=True) * tf.random.stateless_normal((4, 5), (1, 2)))
    slopes = tape.gradient(total, [weight.value for weight in tower.trainable_weights])

    assert all(slope is not None and np.isfinite(slope).all() for slope in slopes)
    assert np.mean([np.any(slope) for slope in slopes]) > 0.9


@towers
def test_first_signal_neither_fades_nor_explodes(name):
    tower = tiny(name, width=0.25)

    deviation = np.asarray(tower(crops(4), training=True)).std()

    assert 1e-3 < deviation < 1e3


@towers
def test_gives_float32_in_mixed_precision(name):
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        tower = tiny(name)
    finally:
        keras.mixed_precision.set_global_policy("float32")

    embeddings = tower(crops())

    assert tower.get_layer(f"{name}_1_conv").compute_dtype == "float16"
    assert embeddings.dtype == tf.float32
    assert np.isfinite(embeddings).all()
    np.testing.assert_allclose(embeddings, shared(name)(crops()), rtol=0.1, atol=0.05)


def test_batch_norms_fold_into_the_layers_beside_them():
    """The file holds the convolutions, the shortcuts' additions and the scaling, and no further arithmetic."""
    tower = shared("mobilefacenet", "relu")
    kinds = Counter(type(layer).__name__ for layer in tower.layers)

    operations = operations_of(tower)

    assert operations["CONV_2D"] == kinds["Conv2D"]
    assert operations["DEPTHWISE_CONV_2D"] == kinds["DepthwiseConv2D"]
    assert operations["FULLY_CONNECTED"] == kinds["Dense"]
    assert operations["MUL"] <= 1
    assert operations["ADD"] <= 1 + kinds["Add"]
    others = {"PAD", "RESHAPE", "MUL", "ADD", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}
    assert operations.keys() <= others


def operations_of(tower):
    archive = keras.export.ExportArchive()
    archive.track(tower)
    archive.add_endpoint("embed", tower.call, [tf.TensorSpec((1, 112, 112, 3), tf.float32)])
    with tempfile.TemporaryDirectory() as folder:
        archive.write_out(folder, verbose=False)
        content = tf.lite.TFLiteConverter.from_saved_model(folder, ["embed"]).convert()
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    names = {code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    return Counter(names[codes[operator.opcodeIndex]] for graph in model.subgraphs for operator in graph.operators)


@towers
@pytest.mark.parametrize("train", ["all", "dense", 2])
def test_what_is_not_trained_stays_as_it_is(name, train):
    tower = tiny(name)
    choose_trainable(tower, train)
    before = {layer.name: layer.get_weights() for layer in tower.layers if layer.weights}

    optimizer = keras.optimizers.SGD(0.1)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tower(crops(4), training=True) * tf.random.stateless_normal((4, 5), (1, 2)))
    slopes = tape.gradient(loss, [weight.value for weight in tower.trainable_weights])
    optimizer.apply_gradients(list(zip(slopes, tower.trainable_weights, strict=True)))

    learned = {
        layer.name
        for layer in tower.layers
        if layer.weights
        and any(not np.array_equal(a, b) for a, b in zip(before[layer.name], layer.get_weights(), strict=True))
    }
    blocks = {"all": TOWERS[name], "dense": 0}.get(train, train)
    allowed = tuple(f"{name}_{block}_" for block in range(TOWERS[name] + 1 - blocks, TOWERS[name] + 1))
    for layer in before:
        # batch norms count among what stays: a frozen one keeps its moving mean and variance
        assert (layer in learned) <= layer.startswith(("embedding", *allowed))
    assert any(layer.startswith("embedding") for layer in learned)
    for prefix in allowed:
        assert any(layer.startswith(prefix) for layer in learned)


def test_frozen_batch_norms_use_what_they_have_learned_and_others_the_batch():
    tower = tiny("mobilefacenet")
    inner = keras.Model(tower.input, tower.get_layer("mobilefacenet_17_project_norm").output)

    at_rest = np.asarray(inner(crops(4), training=False))
    choose_trainable(tower, "dense")
    np.testing.assert_array_equal(inner(crops(4), training=True), at_rest)
    choose_trainable(tower, "all")
    assert not np.allclose(inner(crops(4), training=True), at_rest)


def test_choosing_again_opens_what_was_closed():
    tower = tiny("sface")
    everything = len(tower.trainable_weights)

    choose_trainable(tower, "dense")
    assert len(tower.trainable_weights) < everything
    choose_trainable(tower, "all")
    assert len(tower.trainable_weights) == everything


@towers
@pytest.mark.parametrize("train", [0, -1, 19, "none"])
def test_refuses_to_train_blocks_there_are_not(name, train):
    expected = f"expected all, dense, or a number of blocks from 1 to {TOWERS[name]}; received {train}"
    with pytest.raises(ConfigError, match=expected):
        choose_trainable(shared(name), train)


@towers
def test_weights_come_back_from_their_file(name, tmp_path):
    file = tmp_path / "best.weights.h5"
    saved = tiny(name)
    saved.save_weights(file)

    tower = tiny(name, seed=2)

    assert load_weights(tower, file) is tower
    assert all(same_weights(tower, saved))


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            {"size": 6},
            r"expected embedding with weights of \(1176, 6\), received embedding with weights of \(1176, 5\)",
        ),
        ({"width": 0.2}, r"expected embedding with .*, received embedding with "),
        ({"activation": "relu"}, r"expected no sface_10_conv_prelu, received sface_10_conv_prelu with weights of"),
    ],
)
def test_weights_of_another_tower_are_refused(other, message, tmp_path):
    file = tmp_path / "best.weights.h5"
    tiny("sface").save_weights(file)

    with pytest.raises(ModelError, match=f"best.weights.h5 was saved from another tower: {message}"):
        load_weights(tiny("sface", **other), file)


def test_folded_weights_do_not_fill_half_a_tower_with_batch_norms(tmp_path):
    file = tmp_path / "best.weights.h5"
    sface_tower(read_initial_weights(tiny_sface(tmp_path / "tiny.onnx"))).save_weights(file)
    tower = tiny("sface", size=EMBEDDING)
    before = tower.get_weights()

    with pytest.raises(ModelError, match="was saved from another tower"):
        load_weights(tower, file)

    assert all(np.array_equal(a, b) for a, b in zip(before, tower.get_weights(), strict=True))


def test_damaged_weights_are_refused(tmp_path):
    file, absent = tmp_path / "best.weights.h5", tmp_path / "absent.weights.h5"
    tiny("mobilefacenet").save_weights(file)
    file.write_bytes(file.read_bytes()[:-1000])

    for path in (file, absent):
        with pytest.raises(ModelError, match=f"{path.name} is not a readable weights file"):
            load_weights(shared("mobilefacenet"), path)


def test_onnx_weights_give_the_folded_tower(tmp_path):
    file = tiny_sface(tmp_path / "tiny.onnx")

    tower = load_weights(tiny("sface", size=EMBEDDING), file)

    np.testing.assert_array_equal(
        embed(tower, pictures(2)), embed(sface_tower(read_initial_weights(file)), pictures(2))
    )
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in tower.layers)
    choose_trainable(tower, 2)
    assert {layer.name for layer in tower.layers if layer.trainable and layer.weights} == {
        *("sface_5_depthwise", "sface_5_depthwise_prelu", "sface_5_conv", "sface_5_conv_prelu"),
        *("sface_6_depthwise", "sface_6_depthwise_prelu", "sface_6_conv", "sface_6_conv_prelu"),
        "embedding",
    }


def test_onnx_weights_of_another_embedding_size_are_refused(tmp_path):
    with pytest.raises(ModelError, match=r"expected a tower of .* -> \(5,\), received one of .* -> \(16,\)"):
        load_weights(shared("sface"), tiny_sface(tmp_path / "tiny.onnx"))


@pytest.mark.parametrize("name", ["koch", "mobilefacenet"])
def test_onnx_weights_are_for_sface_alone(name, tmp_path):
    with pytest.raises(ModelError, match="only the sface tower takes weights from an ONNX file"):
        load_weights(shared(name), tiny_sface(tmp_path / "tiny.onnx"))


def test_other_files_are_refused(tmp_path):
    with pytest.raises(ModelError, match=r"tower.keras: expected initial weights in a \.weights\.h5 file, or \.onnx"):
        load_weights(shared("sface"), tmp_path / "tower.keras")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "vgg"}, r"tower\.name: expected one of koch, mobilefacenet, sface; received 'vgg'"),
        ({"activation": "gelu"}, r"tower\.activation: expected prelu or relu; received 'gelu'"),
        ({"embedding_size": 0}, "expected embedding_size and width above 0; received 0 and 1"),
        ({"width": -1.0}, "expected embedding_size and width above 0"),
        ({"width": float("nan")}, "expected embedding_size and width above 0"),
    ],
)
def test_refuses_what_is_no_tower(change, message):
    usual = {"name": "koch", "embedding_size": 8, "width": 1.0, "activation": "relu", "seed": 0}
    with pytest.raises(ConfigError, match=message):
        build_tower(**{**usual, **change})


@towers
def test_summary_names_every_layer_and_counts_the_weights(name):
    tower = tiny(name)
    choose_trainable(tower, "dense")

    *table, sums = summary_text(tower).splitlines()

    assert [line.split()[0] for line in table] == ["layer", *[layer.name for layer in tower.layers]]
    learning = sum(int(np.prod(weight.shape)) for weight in tower.trainable_weights)
    assert 0 < learning < tower.count_params()
    assert sums == f"{tower.count_params():,} weights, {learning:,} of them learn"
    last = next(line for line in table if line.startswith("embedding "))
    assert last.split()[1:3] == ["Dense", "5"]
    assert last.endswith("yes")
    assert next(line for line in table if line.startswith(f"{name}_1_conv ")).endswith("no")
