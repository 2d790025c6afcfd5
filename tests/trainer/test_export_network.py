# ruff: noqa: E402 - what the trainer needs may be absent, and is asked for first
from __future__ import annotations

import dataclasses
import logging

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytestmark = pytest.mark.trainer

import keras
from ai_edge_litert import schema_py_generated as schema

from faceplate.errors import ModelError
from faceplate.model.preprocessing import align
from faceplate_trainer.data.labelled import DatasetError
from faceplate_trainer.exporting import gates, siamese
from faceplate_trainer.exporting.convert import convert
from faceplate_trainer.exporting.latency import Latency
from faceplate_trainer.exporting.network import Network
from faceplate_trainer.exporting.siamese import Faces, check_embeddings, network_from, tower_from
from faceplate_trainer.measuring.head import Head, uniform_head
from faceplate_trainer.towers.initial_weights import read_initial_weights
from faceplate_trainer.towers.onnx_file import read_onnx, to_bytes, without_weight_inputs
from faceplate_trainer.towers.sface import embed, sface_tower
from full_disk import files_limited_to
from smooth_pictures import pictures
from tiny_networks import EMBEDDING, tiny_sface

HEAD = uniform_head(5.0, 4.0, size=EMBEDDING, prior=0.5)


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
    return network_from(tower, HEAD, "dynamic-int8", crops)


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
    assert len(exported) < 0.75 * len(convert(tower, HEAD))


def test_same_tower_gives_same_bytes(exported, crops, tmp_path):
    again = sface_tower(read_initial_weights(tiny_sface(tmp_path / "tiny.onnx")))

    assert network_from(again, HEAD, "dynamic-int8", crops) == exported


def test_head_does_not_change_the_embeddings(exported, tower, crops):
    draft = Network(network_from(tower, None, "dynamic-int8", crops))

    assert list(draft.signatures()) == ["embed"]
    np.testing.assert_array_equal(draft.embed(crops), Network(exported).embed(crops))
    with pytest.raises(ModelError, match="no signature 'compare'"):
        draft.compare(np.zeros((1, EMBEDDING), np.float32), np.zeros((1, EMBEDDING), np.float32))


def test_a_full_disk_is_said(tower):
    with (
        pytest.raises(ModelError, match=r"cannot write the network .*File too large.* TMPDIR"),
        files_limited_to(20_000),
    ):
        convert(tower, None)


@pytest.mark.parametrize("count", [1, 3, 1000])
def test_compare_scores_any_number_of_pairs(network, count):
    a, b = np.random.default_rng(count).normal(0, 0.2, (2, count, EMBEDDING)).astype(np.float32)

    expected = 1 / (1 + np.exp(5 * np.square(a - b).sum(axis=1) - 4))

    np.testing.assert_allclose(network.compare(a, b), expected, atol=1e-6)


@pytest.mark.parametrize("power", [1, 2])
def test_a_head_with_a_weight_for_each_element_ships_too(tower, crops, power):
    weights = np.linspace(0, 9, EMBEDDING)
    network = Network(network_from(tower, Head(weights, 4.0, power, 0.5), "dynamic-int8", crops))
    a, b = np.random.default_rng(power).normal(0, 0.2, (2, 50, EMBEDDING)).astype(np.float32)

    expected = 1 / (1 + np.exp(np.abs(a - b) ** power @ weights - 4))

    np.testing.assert_allclose(network.compare(a, b), expected, atol=1e-6)


@pytest.fixture(scope="module")
def faces(crops):
    """Twelve pictures, each a second time a little brighter: twelve people."""
    brighter = np.minimum(crops.astype(int) + 8, 255).astype(np.uint8)
    return Faces(np.concatenate([crops, brighter]), np.array([f"person {i}" for i in range(12)] * 2))


def test_what_the_gates_found_is_told(exported, tower, faces):
    found = check_embeddings(exported, tower, faces, "dynamic-int8", latency_gate=False)

    assert found["crops"] == 24
    assert 0.998 <= found["mean_cosine_to_full_precision"] <= 1
    assert found["full_precision"]["genuine_pairs"] == 12
    assert found["quantised"]["impostor_pairs"] == 24 * 23 // 2 - 12
    assert found["time_relative_to_fp32"] == "not checked"


def test_a_time_that_was_checked_is_told_by_its_limit(tower, crops, faces, monkeypatch):
    content = network_from(tower, None, "dynamic-int8", crops)
    # Which of two networks of a millisecond is faster depends on what else the machine does.
    monkeypatch.setattr(siamese, "measure_latency", lambda *_: Latency(1.09, 1.0))

    assert check_embeddings(content, tower, faces, "dynamic-int8")["time_relative_to_fp32"] == "at most 1.1"

    monkeypatch.setattr(siamese, "measure_latency", lambda *_: Latency(1.2, 1.0))
    with pytest.raises(ModelError, match=r"latency: expected at most 1\.1 times"):
        check_embeddings(content, tower, faces, "dynamic-int8")


def test_a_file_of_another_tower_is_refused(exported, tower, faces):
    other = keras.models.clone_model(tower)  # with random weights

    with pytest.raises(ModelError, match="agreement: expected dynamic-int8 to have a mean cosine"):
        check_embeddings(exported, other, faces, "dynamic-int8", latency_gate=False)


def test_faces_nobody_of_whom_is_twice_there_judge_nothing(exported, tower, crops):
    strangers = Faces(crops, np.array([f"person {i}" for i in range(12)]))

    with pytest.raises(DatasetError, match="two pictures of one of them"):
        check_embeddings(exported, tower, strangers, "dynamic-int8", latency_gate=False)


@pytest.fixture(scope="module")
def lfw(research_data):
    """Aligned faces of 40 people of LFW, two of each."""
    models = research_data.parent / "models"
    detector = cv2.FaceDetectorYN.create(str(models / "face_detection_yunet_2023mar_int8bq.onnx"), "", (250, 250), 0.8)
    folders = [
        folder for folder in sorted((research_data / "lfw_dev" / "images").iterdir()) if len(list(folder.iterdir())) > 1
    ]
    crops, people = [], []
    for folder in folders[::8][:40]:
        for file in sorted(folder.iterdir())[:2]:
            picture = cv2.imread(str(file))
            _, found = detector.detect(picture)
            largest = max(found, key=lambda face: face[2] * face[3])
            crops.append(align(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), largest[4:14].reshape(5, 2)))
            people.append(folder.name)
    return Faces(np.array(crops), np.array(people))


@pytest.mark.research_data
@pytest.mark.parametrize(
    ("form", "megabytes", "cosine"),
    [("dynamic-int8", 9.9, 0.998), ("static-int8", 10.0, 0.99)],
)
def test_sface_passes_every_gate(research_data, lfw, form, megabytes, cosine):
    path = research_data.parent / "models" / "face_recognition_sface_2021dec_int8bq.onnx"
    assert len(lfw.crops) == 80

    tower = tower_from(read_initial_weights(path), path, lfw.few)
    content = network_from(tower, uniform_head(24.4, 26.2, size=128, prior=1e-3), form, lfw.crops)
    found = check_embeddings(content, tower, lfw, form, latency_gate=False)

    assert len(content) / 1e6 == pytest.approx(megabytes, abs=0.1)
    assert found["mean_cosine_to_full_precision"] >= cosine


@pytest.mark.research_data
def test_opencvs_own_recogniser_agrees_with_the_tower(research_data, lfw, tmp_path):
    path = research_data.parent / "models" / "face_recognition_sface_2021dec_int8bq.onnx"
    readable = tmp_path / "sface.onnx"
    readable.write_bytes(to_bytes(without_weight_inputs(read_onnx(path))))
    recogniser = cv2.FaceRecognizerSF.create(str(readable), "")
    tower = sface_tower(read_initial_weights(path))

    theirs = np.concatenate([recogniser.feature(cv2.cvtColor(face, cv2.COLOR_RGB2BGR)) for face in lfw.crops[:10]])

    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    np.testing.assert_allclose(embed(tower, lfw.crops[:10]), theirs, atol=gates.PARITY)
