# ruff: noqa: E402 - what the trainer needs may be absent, and is asked for first
from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytestmark = pytest.mark.trainer

from ai_edge_quantizer.qtyping import QuantGranularity, TFLOperationName
from ai_edge_quantizer.quantizer import Quantizer

from faceplate.errors import ModelError
from faceplate_trainer.exporting.convert import convert
from faceplate_trainer.exporting.network import Network
from faceplate_trainer.exporting.runtimes import Outputs, check_in_tflite_runtime, check_runtimes_agree
from faceplate_trainer.exporting.siamese import network_from
from faceplate_trainer.measuring.head import uniform_head
from faceplate_trainer.towers.initial_weights import read_initial_weights
from faceplate_trainer.towers.sface import sface_tower
from smooth_pictures import pictures
from tiny_networks import EMBEDDING, tiny_sface

HEAD = uniform_head(5.0, 4.0, size=EMBEDDING, prior=0.5)


@pytest.fixture(scope="module")
def tflite_runtime():
    """An interpreter whose environment has tflite-runtime 2.14."""
    python = os.environ.get("FACEPLATE_TFLITE_RUNTIME")
    if not python:
        pytest.skip("FACEPLATE_TFLITE_RUNTIME names no interpreter with tflite-runtime")
    return Path(python)


@pytest.fixture(scope="module")
def tower(tmp_path_factory):
    return sface_tower(read_initial_weights(tiny_sface(tmp_path_factory.mktemp("network") / "tiny.onnx")))


@pytest.fixture(scope="module")
def exported(tower):
    return network_from(tower, HEAD, "dynamic-int8", pictures(12))


def outputs(count=8, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(count, EMBEDDING))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Outputs(vectors.astype(np.float32), np.linspace(0, 1, count, dtype=np.float32))


def test_runtimes_that_agree_pass():
    assert check_runtimes_agree(outputs(), outputs()) == pytest.approx(1)


def test_runtimes_may_be_twice_as_far_apart_as_quantisation_turned_the_network():
    turned = Outputs(outputs().embeddings * np.float32(0.975), outputs().scores)

    assert check_runtimes_agree(turned, outputs(), mean_cosine=0.983) == pytest.approx(0.975)
    with pytest.raises(ModelError, match=r"at least 0\.99, received 0\.9750"):
        check_runtimes_agree(turned, outputs(), mean_cosine=0.999)


def test_garbage_embeddings_fail():
    with pytest.raises(ModelError, match=r"runtimes: expected .* mean cosine of at least 0\.99, received .*--form"):
        check_runtimes_agree(Outputs(outputs(seed=1).embeddings, outputs().scores), outputs())


def test_other_scores_fail():
    with pytest.raises(ModelError, match=r"runtimes: expected tflite-runtime's scores within 0\.001"):
        check_runtimes_agree(Outputs(outputs().embeddings, outputs().scores + np.float32(0.01)), outputs())


def test_no_numbers_fail():
    with pytest.raises(ModelError, match="runtimes"):
        check_runtimes_agree(Outputs(outputs().embeddings, np.full(8, np.nan, np.float32)), outputs())


def test_says_when_there_is_no_such_interpreter(exported, tmp_path):
    with pytest.raises(ModelError, match=r"expected a Python interpreter that runs, received: .*No such file"):
        check_in_tflite_runtime(exported, Network(exported), pictures(2), tmp_path / "python")


def test_says_when_the_interpreter_has_no_tflite_runtime(exported, tmp_path):
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    python.chmod(python.stat().st_mode | stat.S_IXUSR)

    with pytest.raises(ModelError, match=r"received: ModuleNotFoundError.*pip install 'faceplate\[tflite-runtime\]'"):
        check_in_tflite_runtime(exported, Network(exported), pictures(2), python)


@pytest.mark.parametrize("form", ["fp32", "fp16", "weight-only-int8", "dynamic-int8", "static-int8"])
def test_tflite_runtime_gets_the_same(tower, tflite_runtime, form):
    content = network_from(tower, HEAD, form, pictures(20))

    assert check_in_tflite_runtime(content, Network(content), pictures(12), tflite_runtime) > 0.99


def test_tflite_runtime_computes_garbage_with_a_scale_for_each_channel_of_a_dense_layer(tower, tflite_runtime):
    quantizer = Quantizer(convert(tower, HEAD))
    quantizer.add_dynamic_config(".*", TFLOperationName.FULLY_CONNECTED, 8, QuantGranularity.CHANNELWISE)
    content = bytes(quantizer.quantize(enable_progress_bar=False, enable_progress_report=False).quantized_model)

    with pytest.raises(ModelError, match="runtimes: expected tflite-runtime to embed as LiteRT does"):
        check_in_tflite_runtime(content, Network(content), pictures(12), tflite_runtime)
