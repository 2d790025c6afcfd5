# ruff: noqa: E402 - what the trainer needs may be absent, and is asked for first
from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytestmark = pytest.mark.trainer

import tensorflow as tf

from faceplate.errors import ModelError
from faceplate_trainer.data.labelled import DatasetError
from faceplate_trainer.exporting import gates
from faceplate_trainer.exporting.accuracy import Accuracy, check_accuracy
from faceplate_trainer.exporting.forms import EXPECTED, FORMS
from faceplate_trainer.exporting.latency import Latency, check_latency, measure_latency
from faceplate_trainer.exporting.network import Network
from faceplate_trainer.exporting.siamese import network_from
from faceplate_trainer.measuring.head import Head, uniform_head
from faceplate_trainer.towers.initial_weights import read_initial_weights
from faceplate_trainer.towers.sface import embed, sface_tower
from smooth_pictures import pictures
from tiny_networks import EMBEDDING, tiny_sface

HEAD = uniform_head(5.0, 4.0, size=EMBEDDING, prior=0.5)


@pytest.fixture(scope="module")
def tower(tmp_path_factory):
    return sface_tower(read_initial_weights(tiny_sface(tmp_path_factory.mktemp("network") / "tiny.onnx")))


@pytest.fixture(scope="module")
def exact(tower):
    return embed(tower, pictures(12))


@pytest.fixture(scope="module")
def exported(tower):
    return network_from(tower, HEAD, "dynamic-int8", pictures(12))


@pytest.fixture(scope="module")
def network(exported):
    return Network(exported)


@pytest.mark.parametrize("received", [np.zeros((0, 4)), np.ones((2, 3)), np.full((2, 4), np.nan)])
def test_parity_fails_on_nothing_another_shape_and_no_numbers(received):
    with pytest.raises(ModelError, match="parity"):
        gates.check_parity(received.astype(np.float32), np.ones((len(received), 4), np.float32))


@pytest.mark.parametrize("form", FORMS)
def test_agreement_fails_on_coarse_embeddings(exact, form):
    coarse = exact + np.random.default_rng(1).normal(0, 0.12, exact.shape).astype(np.float32)
    coarse /= np.linalg.norm(coarse, axis=1, keepdims=True)

    with pytest.raises(
        ModelError, match=rf"expected {form} to have a mean cosine of at least .* 12 crops, received 0\.[89]"
    ):
        gates.check_agreement(coarse, exact, form)


def test_agreement_fails_on_embeddings_that_are_not_unit_vectors(exact):
    with pytest.raises(ModelError, match=r"expected embeddings of norm 1, received 2\.0"):
        gates.check_agreement(2 * exact, exact, "dynamic-int8")


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
        gates.check_signatures(network, 112, size, "dynamic-int8", compare=compare)


def test_signature_gate_fails_on_floats_where_integers_were_asked_for(network):
    with pytest.raises(ModelError, match=r"signatures: expected .*'int8'"):
        gates.check_signatures(network, 112, EMBEDDING, "full-int8", compare=True)


@pytest.mark.parametrize(
    "head",
    [
        uniform_head(4.9, 4.0, size=EMBEDDING, prior=0.5),
        uniform_head(5.0, 4.1, size=EMBEDDING, prior=0.5),
        Head(HEAD.weights, 4.0, 1, 0.5),
        Head(np.linspace(4, 6, EMBEDDING), 4.0, 2, 0.5),
    ],
    ids=["weight", "bias", "power", "one weight for all"],
)
def test_compare_gate_fails_on_another_head(network, head):
    gates.check_compare(network, HEAD, EMBEDDING)

    with pytest.raises(ModelError, match="compare: expected scores"):
        gates.check_compare(network, head, EMBEDDING)


@pytest.mark.parametrize(("weight", "bias"), [(0.0, 4.0), (np.inf, 4.0), (5.0, np.nan)])
def test_a_head_that_does_not_fall_with_distance_is_refused(network, weight, bias):
    with pytest.raises(ModelError, match="expected a head whose score falls with distance"):
        gates.check_compare(network, uniform_head(weight, bias, size=EMBEDDING, prior=0.5), EMBEDDING)


def test_compare_gate_fails_on_a_score_that_depends_on_the_order():
    class Lopsided:
        def compare(self, a, b):
            return HEAD.scores(a, b) + 1e-6 * a[:, 0]

    with pytest.raises(ModelError, match="the same score both ways"):
        gates.check_compare(Lopsided(), HEAD, EMBEDDING)


def people(count, pictures_each, noise, seed=0):
    """Embeddings of people as unit vectors, their pictures scattered around them."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(count, 1, 32))
    vectors = (centres + noise * random.normal(size=(count, pictures_each, 32))).reshape(-1, 32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), np.repeat([f"person {i}" for i in range(count)], pictures_each)


def test_accuracy_is_that_of_the_best_threshold():
    right = Accuracy.of(*people(20, 4, 0.01))
    guess = Accuracy.of(people(20, 4, 0.01)[0], np.random.default_rng(3).permutation(people(20, 4, 0.01)[1]))

    assert right == Accuracy(1.0, 1.0, 20 * 6, 80 * 79 // 2 - 20 * 6)
    assert 0.4 < guess.area_under_roc < 0.6
    assert 0.5 <= guess.balanced_accuracy < 0.65


def test_accuracy_gate_lets_pass_what_is_as_good():
    assert check_accuracy(Accuracy.of(*people(40, 4, 0.5)), Accuracy.of(*people(40, 4, 0.5))) == 0


@pytest.mark.parametrize("noise", [0.8, 2.0])
def test_accuracy_gate_fails_when_people_are_told_apart_worse(noise):
    full, quantised = Accuracy.of(*people(40, 4, 0.5)), Accuracy.of(*people(40, 4, noise))

    with pytest.raises(ModelError, match=r"accuracy: expected the quantised network to lose at most 0\.20% .*--form"):
        check_accuracy(quantised, full)


def test_accuracy_gate_fails_on_a_lower_accuracy_alone():
    full = Accuracy(0.999, 0.99, 1000, 100_000)

    with pytest.raises(ModelError, match="accuracy"):
        check_accuracy(Accuracy(0.999, 0.987, 1000, 100_000), full)
    assert check_accuracy(Accuracy(0.9985, 0.9885, 1000, 100_000), full) == pytest.approx(0.0005)


@pytest.mark.parametrize("names", [["a", "b", "c"], ["a", "a", "a"], ["a"]])
def test_accuracy_cannot_be_said_of_one_kind_of_pair(names):
    with pytest.raises(DatasetError, match="run `faceplate-train prepare` with more people"):
        Accuracy.of(np.eye(3, dtype=np.float32)[: len(names)], np.array(names))


def test_latency_gate_fails_on_a_slow_form_and_says_what_to_do():
    assert check_latency(Latency(10.9, 10.0)) == pytest.approx(1.09)

    with pytest.raises(
        ModelError, match=r"at most 1\.1 times .* received 1\.20 times \(12\.0 ms against 10\.0 ms\).*--no-latency"
    ):
        check_latency(Latency(12.0, 10.0))
    with pytest.raises(ModelError, match="latency"):
        check_latency(Latency(float("nan"), 10.0))


def test_latency_is_the_median_of_runs_in_turns():
    now = [0.0]
    order = []

    class Timed:
        def __init__(self, name, durations):
            self.name, self.durations = name, iter(durations)

        def embed(self, crops):
            del crops
            order.append(self.name)
            now[0] += next(self.durations)

    form, full = Timed("form", [9, 1, 1, 7]), Timed("full", [9, 2, 50, 2])

    latency = measure_latency(form, full, pictures(1)[0], clock=lambda: now[0], rounds=3)

    assert latency == Latency(1000.0, 2000.0)
    assert latency.ratio == 0.5
    assert order == ["form", "full", "full", "form", "form", "full", "full", "form"]


def test_only_forms_that_compute_in_int8_claim_speed():
    assert {form for form in FORMS if EXPECTED[form].claims_speed} == {"dynamic-int8", "static-int8", "full-int8"}
