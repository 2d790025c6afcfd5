"""The Siamese network on the runtime chosen: the same numbers as its trainer's, or a refusal that says what to do."""

from __future__ import annotations

import dataclasses
import sys
import types
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from faceplate.errors import ModelError
from faceplate.model.bundle import DEFAULT_BUNDLE, Bundle, load_bundle
from faceplate.model.quantisation import quantise
from faceplate.vision.network import SiameseNetwork


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle(DEFAULT_BUNDLE)


@pytest.fixture(scope="module")
def network(bundle, runtime) -> SiameseNetwork:
    return SiameseNetwork(bundle, runtime=runtime)


def directions(count: int, seed: int = 0) -> NDArray[np.float32]:
    """Unit vectors, float32 (count, 128)."""
    vectors = np.random.default_rng(seed).normal(size=(count, 128))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def towards(a: NDArray[np.float32], b: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    mixed = a * share + b * (1 - share)
    return np.asarray(mixed / np.linalg.norm(mixed, axis=1, keepdims=True), np.float32)


def test_the_golden_crop_has_the_golden_embedding(bundle, network):
    embedding = network.embed(bundle.golden_crop)
    golden = np.array(bundle.manifest.golden_embedding, np.float32)
    assert embedding.dtype == np.float32
    assert embedding.shape == (bundle.manifest.embedding_size,)
    assert np.linalg.norm(embedding) == pytest.approx(1.0, abs=1e-5)
    assert float(embedding @ golden) > 0.99


def test_the_order_of_the_colours_matters(bundle, network):
    swapped = np.ascontiguousarray(bundle.golden_crop[:, :, ::-1])
    assert float(network.embed(swapped) @ network.embed(bundle.golden_crop)) < 0.98


@pytest.mark.parametrize("count", [0, 1, 5, 1000])
def test_any_number_of_pairs_is_scored(network, count):
    scores = network.compare(directions(count, 1), directions(count, 2))
    assert scores.shape == (count,)
    assert scores.dtype == np.float32
    assert ((scores >= 0) & (scores <= 1)).all()


def test_a_score_does_not_depend_on_the_order_or_the_company(network):
    a, b = directions(5, 1), towards(directions(5, 1), directions(5, 2), 0.7)
    together = network.compare(a, b)
    assert network.compare(b, a) == pytest.approx(together, abs=1e-6)
    alone = np.concatenate([network.compare(a[i : i + 1], b[i : i + 1]) for i in range(5)])
    assert alone == pytest.approx(together, abs=1e-5)


@settings(deadline=None, max_examples=30)
@given(st.floats(0, 1), st.integers(0, 1000))
def test_the_head_is_a_logistic_function_of_the_squared_distance(bundle, network, share, seed):
    a = directions(4, seed)
    b = towards(a, directions(4, seed + 1), share)
    head = bundle.manifest.trainer["head"]
    squared_distance = ((a.astype(np.float64) - b) ** 2).sum(axis=1)
    assert head["form"] == "cosine"
    expected = 1 / (1 + np.exp(head["highest_weight"] * squared_distance - head["bias"]))
    assert network.compare(a, b) == pytest.approx(expected, abs=1e-4)


def test_a_face_is_most_like_itself(network):
    a = directions(3)
    scores = [float(network.compare(a, towards(a, directions(3, 9), share)).min()) for share in (1.0, 0.8, 0.6, 0.3)]
    assert scores[0] > 0.99
    assert scores == sorted(scores, reverse=True)


def test_a_runtime_that_is_not_there_is_named_with_its_cure(bundle, monkeypatch):
    # `None` is how Python itself marks a module that cannot be imported; there is no other way to take one away.
    for module in ("tflite_runtime.interpreter", "ai_edge_litert.interpreter"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ModelError, match=r"vision\.runtime is 'tflite-runtime'.*Install faceplate\[tflite-runtime\]"):
        SiameseNetwork(bundle, runtime="tflite-runtime")
    with pytest.raises(ModelError, match=r"vision\.runtime is 'litert'.*Install ai-edge-litert"):
        SiameseNetwork(bundle, runtime="litert")


def test_a_bundle_with_another_golden_embedding_is_refused(bundle, runtime):
    turned = tuple(-number for number in bundle.manifest.golden_embedding)
    foreign = dataclasses.replace(bundle, manifest=dataclasses.replace(bundle.manifest, golden_embedding=turned))
    with pytest.raises(ModelError, match=r"another embedding.*expected a cosine of at least 0\.98, found -"):
        SiameseNetwork(foreign, runtime=runtime)


def test_a_bundle_that_promises_another_size_is_refused(bundle, runtime):
    short = dataclasses.replace(bundle.manifest, golden_embedding=bundle.manifest.golden_embedding[:64])
    with pytest.raises(ModelError, match="gives 128 numbers, the bundle says 64"):
        SiameseNetwork(dataclasses.replace(bundle, manifest=short), runtime=runtime)


@pytest.mark.parametrize("content", [b"", b"not a TFLite file", b"\0" * 64])
def test_a_file_that_is_no_network_is_refused(bundle, runtime, content):
    files = bundle.files | {bundle.manifest.siamese: content}
    with pytest.raises(ModelError, match="cannot run"):
        SiameseNetwork(dataclasses.replace(bundle, files=files), runtime=runtime)


@dataclass
class Tensor:
    """What a tiny network takes or gives."""

    dtype: Any
    scale: float = 0.0
    zero_point: int = 0


class TinyRuntime:
    """A TFLite runtime whose `embed` gives the mean of each colour, and which takes only what its file asks for."""

    def __init__(self, given: Tensor, out: Tensor, side: int = 112) -> None:
        self.given, self.out, self.side = given, out, side
        self.allocated = False
        self.pixels: NDArray[Any] | None = None

    def __call__(self, model_content: bytes, num_threads: int) -> TinyRuntime:
        assert model_content
        assert num_threads >= 1
        return self

    def allocate_tensors(self) -> None:
        self.allocated = True

    def get_signature_runner(self, name: str) -> Any:
        assert self.allocated, "tflite-runtime runs without XNNPACK unless tensors are allocated first"
        return Embed(self) if name == "embed" else lambda a, b: {"score": np.einsum("nd,nd->n", a, b)}


class Embed:
    """The `embed` signature of a tiny network."""

    def __init__(self, runtime: TinyRuntime) -> None:
        self.runtime = runtime

    def get_input_details(self) -> dict[str, Any]:
        given, side = self.runtime.given, self.runtime.side
        shape = np.array([1, side, side, 3], np.int32)
        return {"crop": {"shape": shape, "dtype": given.dtype, "quantization": (given.scale, given.zero_point)}}

    def get_output_details(self) -> dict[str, Any]:
        out = self.runtime.out
        return {"embedding": {"dtype": out.dtype, "quantization": (out.scale, out.zero_point)}}

    def __call__(self, crop: NDArray[Any]) -> dict[str, NDArray[Any]]:
        given, out = self.runtime.given, self.runtime.out
        assert crop.shape == (1, self.runtime.side, self.runtime.side, 3)
        assert crop.dtype == given.dtype
        self.runtime.pixels = crop
        real = (crop.astype(np.float64) - given.zero_point) * given.scale if given.scale else crop
        means = real.mean(axis=(1, 2))
        return {"embedding": quantise(means, out.scale, out.zero_point, out.dtype) if out.scale else means}


def tiny(bundle: Bundle, monkeypatch: pytest.MonkeyPatch, runtime: TinyRuntime) -> SiameseNetwork:
    """A network on a tiny runtime. Which runtime runs is a word for a module, so the fake takes the module's place."""
    module = types.ModuleType("ai_edge_litert.interpreter")
    module.Interpreter = runtime  # type: ignore[attr-defined]  # what the real module has
    monkeypatch.setitem(sys.modules, module.__name__, module)
    manifest = dataclasses.replace(
        bundle.manifest, golden_embedding=(0.1, 0.1, 0.1), embedding_size=3, golden_cosine=-1.0
    )
    return SiameseNetwork(dataclasses.replace(bundle, manifest=manifest), runtime="litert")


CROP = np.tile(np.array([0, 127, 255], np.uint8), (112, 112, 1))
SCALED = np.array([-0.99609375, -0.00390625, 0.99609375])
"""Of the default bundle: pixel / 128 - 0.99609375"""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (Tensor(np.uint8), [0, 127, 255]),
        (Tensor(np.float32), SCALED),
        (Tensor(np.int8, 1 / 128, 0), [-128, 0, 127]),
        (Tensor(np.int8, 1 / 256, 3), [-128, 2, 127]),
        (Tensor(np.uint8, 1 / 128, 128), [0, 128, 255]),
    ],
    ids=["pixels", "float", "int8", "clipped", "uint8"],
)
def test_a_crop_becomes_what_the_file_asks_for(bundle, monkeypatch, given, expected):
    runtime = TinyRuntime(given, Tensor(np.float32))
    network = tiny(bundle, monkeypatch, runtime)
    network.embed(CROP)
    assert runtime.pixels is not None
    assert runtime.pixels[0, 0, 0].tolist() == pytest.approx(list(expected))
    assert runtime.pixels[0, 55, 80].tolist() == runtime.pixels[0, 0, 0].tolist()


@pytest.mark.parametrize("out", [Tensor(np.float32), Tensor(np.int8, 1 / 64, 5), Tensor(np.uint8, 1 / 64, 128)])
def test_whatever_the_file_gives_an_embedding_is_a_unit_vector_of_floats(bundle, monkeypatch, out):
    network = tiny(bundle, monkeypatch, TinyRuntime(Tensor(np.float32), out))
    embedding = network.embed(CROP)
    assert embedding.dtype == np.float32
    assert embedding == pytest.approx(SCALED / np.linalg.norm(SCALED), abs=0.01)


def test_a_network_for_crops_of_another_size_is_refused(bundle, monkeypatch):
    with pytest.raises(ModelError, match=r"\(1, 96, 96, 3\), the bundle says \(1, 112, 112, 3\)"):
        tiny(bundle, monkeypatch, TinyRuntime(Tensor(np.float32), Tensor(np.float32), side=96))


def test_a_network_that_gives_no_numbers_is_refused(bundle, runtime):
    """A cosine that is not a number is no agreement."""
    lost = dataclasses.replace(bundle.manifest, golden_embedding=(float("nan"),) * 128)
    with pytest.raises(ModelError, match="found nan"):
        SiameseNetwork(dataclasses.replace(bundle, manifest=lost), runtime=runtime)
