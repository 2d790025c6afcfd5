# ruff: noqa: E402 - what the trainer needs may be absent, and is asked for first
from __future__ import annotations

import dataclasses
import logging
from dataclasses import dataclass

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytestmark = pytest.mark.trainer

import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema

from faceplate.errors import ModelError
from faceplate.model.preprocessing import align
from faceplate_trainer.exporting import gates
from faceplate_trainer.exporting.convert import convert
from faceplate_trainer.exporting.export import network_from, tower_from
from faceplate_trainer.exporting.network import Network
from faceplate_trainer.towers.initial_weights import read_initial_weights
from faceplate_trainer.towers.onnx_file import read_onnx, to_bytes, without_weight_inputs
from faceplate_trainer.towers.sface import embed, sface_tower
from tiny_networks import EMBEDDING, pictures, tiny_sface


@dataclass(frozen=True)
class Head:
    weight: float = 5.0
    bias: float = 4.0


@pytest.fixture(scope="module")
def crops():
    return pictures(12)


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "block-quantised"])
def original(request, tmp_path_factory):
    return tiny_sface(tmp_path_factory.mktemp("network") / "tiny.onnx", quantised=request.param)


@pytest.fixture(scope="module")
def tower(tmp_path_factory):
    return sface_tower(read_initial_weights(tiny_sface(tmp_path_factory.mktemp("network") / "tiny.onnx")))


@pytest.fixture(scope="module")
def exported(tower, crops):
    return network_from(tower, Head(), crops)


@pytest.fixture(scope="module")
def network(exported):
    return Network(exported)


def test_tower_computes_what_the_original_computes(original, crops, caplog):
    with caplog.at_level(logging.INFO):
        tower = tower_from(read_initial_weights(original), original, crops)

    assert tower.output_shape == (None, EMBEDDING)
    assert "comparing the tower with tiny.onnx on 12 crops" in caplog.text


def test_parity_fails_when_the_flatten_order_is_swapped(original, crops):
    weights = read_initial_weights(original)
    channels_first = weights.dense_kernel.reshape(49, 16, EMBEDDING).transpose(1, 0, 2).reshape(-1, EMBEDDING)

    with pytest.raises(ModelError, match=r"expected the tower within 0\.0001 of the original network, received"):
        tower_from(dataclasses.replace(weights, dense_kernel=channels_first), original, crops)


def test_parity_fails_when_colours_are_swapped(original, crops):
    tower = sface_tower(read_initial_weights(original))

    with pytest.raises(ModelError, match="parity"):
        gates.check_parity(embed(tower, crops), gates.original_embeddings(original, crops[..., ::-1]))


@pytest.mark.parametrize("received", [np.zeros((0, 4)), np.ones((2, 3)), np.full((2, 4), np.nan)])
def test_parity_fails_on_nothing_another_shape_and_no_numbers(received):
    with pytest.raises(ModelError, match="parity"):
        gates.check_parity(received.astype(np.float32), np.ones((len(received), 4), np.float32))


def test_network_has_the_contracts_signatures(network):
    assert network.signatures() == {
        "embed": {"crop": ([1, 112, 112, 3], "uint8"), "embedding": ([1, EMBEDDING], "float32")},
        "compare": {"a": ([-1, EMBEDDING], "float32"), "b": ([-1, EMBEDDING], "float32"), "score": ([-1], "float32")},
    }


def test_weights_are_int8_and_the_head_is_float(exported, tower):
    model = schema.ModelT.InitFromPackedBuf(exported, 0)
    graphs = {signature.signatureKey: model.subgraphs[signature.subgraphIndex] for signature in model.signatureDefs}
    sizes = [int(np.prod(tensor.shape)) for tensor in graphs[b"embed"].tensors if tensor.type == schema.TensorType.INT8]

    assert sum(sizes) > 0.9 * tower.count_params()
    floats = {schema.TensorType.FLOAT32, schema.TensorType.INT32}  # the axis of the sum is an integer
    assert {tensor.type for tensor in graphs[b"compare"].tensors} <= floats
    assert len(exported) < 0.75 * len(convert(tower, Head()))


def test_same_tower_gives_same_bytes(exported, crops, tmp_path):
    again = sface_tower(read_initial_weights(tiny_sface(tmp_path / "tiny.onnx")))

    assert network_from(again, Head(), crops) == exported


def test_head_does_not_change_the_embeddings(exported, tower, crops):
    draft = Network(network_from(tower, None, crops))

    assert list(draft.signatures()) == ["embed"]
    np.testing.assert_array_equal(draft.embed(crops), Network(exported).embed(crops))
    with pytest.raises(ModelError, match="no signature 'compare'"):
        draft.compare(np.zeros((1, EMBEDDING), np.float32), np.zeros((1, EMBEDDING), np.float32))


@pytest.mark.parametrize("count", [1, 3, 1000])
def test_compare_scores_any_number_of_pairs(network, count):
    a, b = np.random.default_rng(count).normal(0, 0.2, (2, count, EMBEDDING)).astype(np.float32)

    expected = 1 / (1 + np.exp(5 * np.square(a - b).sum(axis=1) - 4))

    np.testing.assert_allclose(network.compare(a, b), expected, atol=1e-6)


def test_agreement_fails_on_coarse_embeddings(tower, crops):
    exact = embed(tower, crops)
    coarse = exact + np.random.default_rng(1).normal(0, 0.05, exact.shape).astype(np.float32)
    coarse /= np.linalg.norm(coarse, axis=1, keepdims=True)

    with pytest.raises(ModelError, match=r"expected a mean cosine of at least 0\.998 .* over 12 crops, received 0\.9"):
        gates.check_agreement(coarse, exact)


def test_agreement_fails_on_embeddings_that_are_not_unit_vectors(tower, crops):
    exact = embed(tower, crops)

    with pytest.raises(ModelError, match=r"expected embeddings of norm 1, received 2\.0"):
        gates.check_agreement(2 * exact, exact)


@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_weights_gate_fails_on_a_truncated_file(exported, tower, share):
    with pytest.raises(ModelError, match=r"expected at least \d+ bytes|LiteRT cannot load"):
        gates.check_holds_weights(exported[: int(share * len(exported))], tower.count_params())


def test_weights_gate_fails_on_a_file_that_reads_variables(tmp_path):
    class Module(tf.Module):
        def __init__(self):
            super().__init__()
            self.kernel = tf.Variable(tf.random.normal((64, 64)))

        @tf.function(input_signature=[tf.TensorSpec((1, 64), tf.float32)])
        def embed(self, crop):
            return {"embedding": crop @ self.kernel.assign_add(tf.ones((64, 64)))}  # not frozen, since it changes

    module = Module()
    tf.saved_model.save(module, str(tmp_path), {"embed": module.embed})
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path), ["embed"])
    converter.experimental_enable_resource_variables = True
    content = converter.convert()

    with pytest.raises(ModelError, match="variables nobody fills"):
        gates.check_holds_weights(content, 1)


@pytest.mark.parametrize(("size", "compare"), [(EMBEDDING + 1, True), (EMBEDDING, False)])
def test_signature_gate_fails_on_another_size_and_on_what_is_not_asked_for(network, size, compare):
    with pytest.raises(ModelError, match=r"signatures: expected \{.*, received \{"):
        gates.check_signatures(network, 112, size, compare=compare)


@pytest.mark.parametrize("head", [Head(weight=4.9), Head(bias=4.1)])
def test_compare_gate_fails_on_another_head(network, head):
    gates.check_compare(network, Head(), EMBEDDING)

    with pytest.raises(ModelError, match="compare: expected scores"):
        gates.check_compare(network, head, EMBEDDING)


@pytest.mark.parametrize("head", [Head(weight=-5.0), Head(weight=0.0), Head(bias=float("nan"))])
def test_a_head_that_takes_distance_for_likeness_is_refused(network, head):
    with pytest.raises(ModelError, match="expected a head whose score falls with distance"):
        gates.check_compare(network, head, EMBEDDING)


def test_compare_gate_fails_on_a_score_that_depends_on_the_order():
    class Lopsided:
        def compare(self, a, b):
            score = 1 / (1 + np.exp(5 * np.square(a.astype(float) - b).sum(axis=1) - 4))
            return score + 1e-6 * a[:, 0]

    with pytest.raises(ModelError, match="the same score both ways"):
        gates.check_compare(Lopsided(), Head(), EMBEDDING)


@pytest.fixture(scope="module")
def faces(research_data):
    """Aligned faces of 60 people of LFW."""
    models = research_data.parent / "models"
    detector = cv2.FaceDetectorYN.create(str(models / "face_detection_yunet_2023mar_int8bq.onnx"), "", (250, 250), 0.8)
    folders = sorted((research_data / "lfw_dev" / "images").iterdir())[::28]
    crops = []
    for folder in folders:
        picture = cv2.imread(str(min(folder.iterdir())))
        _, found = detector.detect(picture)
        if found is not None:
            largest = max(found, key=lambda face: face[2] * face[3])
            crops.append(align(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), largest[4:14].reshape(5, 2)))
    return np.array(crops)


@pytest.mark.research_data
def test_sface_passes_every_gate(research_data, faces):
    path = research_data.parent / "models" / "face_recognition_sface_2021dec_int8bq.onnx"
    assert len(faces) >= 50

    tower = tower_from(read_initial_weights(path), path, faces)
    content = network_from(tower, Head(), faces)

    assert 9.6e6 < len(content) < 10e6


@pytest.mark.research_data
def test_opencvs_own_recogniser_agrees_with_the_tower(research_data, faces, tmp_path):
    path = research_data.parent / "models" / "face_recognition_sface_2021dec_int8bq.onnx"
    readable = tmp_path / "sface.onnx"
    readable.write_bytes(to_bytes(without_weight_inputs(read_onnx(path))))
    recogniser = cv2.FaceRecognizerSF.create(str(readable), "")
    tower = sface_tower(read_initial_weights(path))

    theirs = np.concatenate([recogniser.feature(cv2.cvtColor(face, cv2.COLOR_RGB2BGR)) for face in faces[:10]])

    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    np.testing.assert_allclose(embed(tower, faces[:10]), theirs, atol=gates.PARITY)
