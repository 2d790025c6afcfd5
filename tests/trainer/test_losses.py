# ruff: noqa: E402 - what the trainer needs may be absent, and is asked for first
from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.trainer

from faceplate.errors import ConfigError
from faceplate_trainer.training.losses import DEFAULTS, build_loss

SIZE = 6
PEOPLE = 4
VARIANTS = [
    ("siamese_bce", {}),
    ("siamese_bce", {"power": 2}),
    ("contrastive", {}),
    ("contrastive", {"margin": 2.0}),
    ("triplet", {}),
    ("triplet", {"mining": "batch_hard"}),
    ("triplet", {"mining": "batch_hard", "margin": "soft"}),
    ("triplet", {"margin": 1e6}),
    ("arcface", {}),
    ("arcface", {"margin": math.pi / 2}),
    ("distillation", {}),
]
PARAMETERS = {"margin": 0.3, "scale": 30.0, "mining": "batch_hard", "power": 2}

variants = pytest.mark.parametrize(("name", "parameters"), VARIANTS)


def loss_of(name, parameters):
    return build_loss(name, people=PEOPLE, embedding_size=SIZE, **parameters)


def batch(seed, rows=8):
    """Random embeddings, labels and a teacher's embeddings, as any loss takes them."""
    random = np.random.default_rng(seed)
    embeddings = random.normal(0, random.uniform(0.1, 10), (rows, SIZE)).astype(np.float32)
    targets = random.normal(0, 1, (rows, SIZE)).astype(np.float32)
    return embeddings, random.integers(0, PEOPLE, rows).astype(np.int32), targets


def unit(vectors):
    vectors = vectors.astype(np.float64)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


# Each reference is written from the paper's formula, row by row, in float64.


def siamese_bce(embeddings, labels, *, weights, bias, power):
    total = 0.0
    for one, two in zip(range(0, len(labels), 2), range(1, len(labels), 2), strict=True):
        a, b = unit(embeddings)[[one, two]]
        score = 1 / (1 + np.exp(-(bias - sum(w * abs(x - y) ** power for w, x, y in zip(weights, a, b, strict=True)))))
        total -= np.log(score if labels[one] == labels[two] else 1 - score)
    return total / (len(labels) // 2)


def contrastive(embeddings, labels, margin):
    losses = []
    for one in range(0, len(labels), 2):
        distance = np.linalg.norm(unit(embeddings)[one] - unit(embeddings)[one + 1])
        same = labels[one] == labels[one + 1]
        losses.append(distance**2 / 2 if same else max(0.0, margin - distance) ** 2 / 2)
    return np.mean(losses)


def semi_hard_triplets(embeddings, labels, margin):
    vectors, losses = unit(embeddings), []
    squared = [[float(((a - b) ** 2).sum()) for b in vectors] for a in vectors]
    for a in range(len(labels)):
        for p in range(len(labels)):
            if a == p or labels[a] != labels[p]:
                continue
            farther = [squared[a][n] for n in range(len(labels)) if labels[n] != labels[a]]
            farther = [distance for distance in farther if squared[a][p] < distance < squared[a][p] + margin]
            if farther:
                losses.append(squared[a][p] - min(farther) + margin)
    return np.mean(losses) if losses else 0.0


def batch_hard_triplets(embeddings, labels, margin):
    vectors, losses = unit(embeddings), []
    for a in range(len(labels)):
        distance = [float(np.linalg.norm(vectors[a] - vector)) for vector in vectors]
        positives = [distance[p] for p in range(len(labels)) if p != a and labels[p] == labels[a]]
        negatives = [distance[n] for n in range(len(labels)) if labels[n] != labels[a]]
        if positives and negatives:
            excess = max(positives) - min(negatives)
            losses.append(np.log1p(np.exp(excess)) if margin == "soft" else max(0.0, excess + margin))
    return np.mean(losses) if losses else 0.0


def arcface(embeddings, labels, *, people, margin, scale):
    losses = []
    for vector, label in zip(unit(embeddings), labels, strict=True):
        angles = np.arccos(np.clip(unit(people) @ vector, -1, 1))
        logits = scale * np.cos(angles)
        angle = angles[label]
        fits = angle + margin < math.pi
        logits[label] = scale * (math.cos(angle + margin) if fits else math.cos(angle) - margin * math.sin(margin))
        losses.append(np.log(np.exp(logits - logits.max()).sum()) + logits.max() - logits[label])
    return np.mean(losses)


def reference(name, loss, values, rows):
    embeddings, labels, targets = rows
    weights = loss.get_weights()
    if name == "siamese_bce":
        head = np.log1p(np.exp(weights[0].astype(np.float64)))
        return siamese_bce(embeddings, labels, weights=head, bias=weights[1], power=values["power"])
    if name == "contrastive":
        return contrastive(embeddings, labels, values["margin"])
    if name == "triplet":
        triplets = {"semi_hard": semi_hard_triplets, "batch_hard": batch_hard_triplets}
        return triplets[values["mining"]](embeddings, labels, values["margin"])
    if name == "arcface":
        return arcface(embeddings, labels, people=weights[0], margin=values["margin"], scale=values["scale"])
    return 1 - (unit(embeddings) * unit(targets)).sum(axis=1).mean()


@variants
@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), pairs=st.integers(1, 6))
def test_computes_its_formula(name, parameters, seed, pairs):
    loss = loss_of(name, parameters)
    random = np.random.default_rng(seed)
    loss.set_weights([random.normal(0, 1, weight.shape).astype(np.float32) for weight in loss.weights])
    rows = batch(seed, 2 * pairs)

    received = loss(*map(tf.constant, rows))

    assert received.shape == ()
    expected = reference(name, loss, {**DEFAULTS[name], **parameters}, rows)
    assert float(received) == pytest.approx(float(expected), rel=1e-4, abs=1e-4)


def edge_cases():
    embeddings, labels, targets = batch(3)
    one_person, strangers = np.zeros(8, np.int32), np.arange(8, dtype=np.int32) % PEOPLE
    return {
        "equal embeddings": (np.ones_like(embeddings), labels, targets),
        "embeddings of nothing": (np.zeros_like(embeddings), labels, targets),
        "opposite embeddings": (np.outer([1, -1] * 4, np.ones(SIZE)).astype(np.float32), labels, targets),
        "tiny embeddings": (embeddings * 1e-20, labels, targets),
        "largest of half precision": (np.sign(embeddings) * 65504, labels, targets),
        "one person": (embeddings, one_person, targets),
        "one person, equal embeddings": (np.ones_like(embeddings), one_person, targets),
        "two of each, alike": (np.ones_like(embeddings), strangers, np.ones_like(targets)),
        "two rows of two people": (embeddings[:2], strangers[:2], targets[:2]),
    }


@variants
@pytest.mark.parametrize("case", edge_cases())
def test_loss_and_slopes_are_finite_at_the_edges(name, parameters, case):
    embeddings, labels, targets = edge_cases()[case]
    loss, embeddings = loss_of(name, parameters), tf.Variable(embeddings)

    with tf.GradientTape() as tape:
        received = loss(embeddings, tf.constant(labels), tf.constant(targets))
    slopes = tape.gradient(received, [embeddings, *[weight.value for weight in loss.trainable_weights]])

    assert math.isfinite(received)
    assert all(np.isfinite(tf.convert_to_tensor(slope)).all() for slope in slopes)


@pytest.mark.parametrize("mining", ["semi_hard", "batch_hard"])
@pytest.mark.parametrize("labels", [[1, 1, 1, 1], [0, 1, 2, 3]], ids=["one person", "no two pictures of anybody"])
def test_without_a_triplet_the_loss_is_nothing(mining, labels):
    embeddings, _, targets = batch(1, 4)

    loss = loss_of("triplet", {"mining": mining})

    assert float(loss(tf.constant(embeddings), tf.constant(labels), tf.constant(targets))) == 0


def test_a_place_with_an_equal_embedding_pulls_with_arcface_exactly_at_its_person():
    """The slope of the sine has no bounds where the angle is 0; the loss's must have."""
    loss = loss_of("arcface", {})
    embeddings = tf.Variable(loss.get_weights()[0] * 100)

    with tf.GradientTape() as tape:
        received = loss(embeddings, tf.range(PEOPLE), tf.zeros((PEOPLE, 0)))

    assert np.isfinite(tape.gradient(received, embeddings)).all()


@given(st.floats(0, math.pi / 2))
def test_arcface_never_rises_with_the_angle(margin):
    cosines = np.cos(np.linspace(0, math.pi, 500)).astype(np.float32)

    harder = np.array(loss_of("arcface", {"margin": margin})._harder(tf.constant(cosines)))

    assert (np.diff(harder) < 1e-5).all()
    assert (harder <= cosines + 1e-5).all()


@variants
def test_is_float32_and_the_same_in_a_graph_and_in_mixed_precision(name, parameters):
    embeddings, labels, targets = map(tf.constant, batch(5))
    plain = loss_of(name, parameters)(embeddings, labels, targets)
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        mixed = loss_of(name, parameters)
        received = tf.function(mixed)(embeddings, labels, targets)
        halved = mixed(tf.cast(embeddings, tf.float16), labels, targets)
    finally:
        keras.mixed_precision.set_global_policy("float32")

    assert received.dtype == halved.dtype == tf.float32
    assert all(weight.dtype == "float32" for weight in mixed.weights)
    assert float(received) == pytest.approx(float(plain), rel=1e-5, abs=1e-6)


@variants
def test_following_it_brings_pictures_of_one_person_together(name, parameters):
    labels = np.repeat(np.arange(PEOPLE), 4).astype(np.int32)
    if loss_of(name, parameters).batches == "pairs":
        labels = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 0], np.int32)
    centres = np.eye(PEOPLE, SIZE, dtype=np.float32)
    embeddings = tf.Variable(np.random.default_rng(2).normal(0, 1, (16, SIZE)).astype(np.float32))
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    with strategy.scope():
        loss, optimizer = loss_of(name, parameters), keras.optimizers.Adam(0.05)

    def losses():
        with tf.GradientTape() as tape:
            value = loss(embeddings, tf.constant(labels), tf.constant(centres[labels]))
        variables = [embeddings, *[weight.value for weight in loss.trainable_weights]]
        return value, tape.gradient(value, variables)

    @tf.function
    def step():
        value, slopes = losses()
        embeddings.assign_sub(0.05 * tf.math.l2_normalize(slopes[0], axis=-1))
        if loss.trainable_weights:
            optimizer.apply_gradients(list(zip(slopes[1:], loss.trainable_weights, strict=True)))
        return value

    pairs = np.kron(np.eye(8), [[0, 1], [1, 0]]) > 0
    judged = pairs if loss.batches == "pairs" else np.ones_like(pairs)
    before = gap(embeddings.numpy(), labels, judged)
    start = loss.get_weights()
    for _ in range(150):
        strategy.run(step)

    assert gap(embeddings.numpy(), labels, judged) > before + 0.3
    assert all(not np.array_equal(old, new) for old, new in zip(start, loss.get_weights(), strict=True))


def gap(embeddings, labels, judged):
    """How much higher, of the pairs to be judged, the mean cosine is of those of one person."""
    cosines, same = unit(embeddings) @ unit(embeddings).T, labels[:, None] == labels[None]
    return cosines[judged & same & ~np.eye(len(labels), dtype=bool)].mean() - cosines[judged & ~same].mean()


@pytest.mark.parametrize("size", [16, 4096])
@pytest.mark.parametrize("power", [1, 2])
def test_siamese_head_starts_sure_of_equal_embeddings_and_of_those_at_right_angles(power, size):
    loss = build_loss("siamese_bce", people=2, embedding_size=size, power=power)
    directions, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(size, 16)))
    vectors = tf.constant(directions.T, tf.float32)

    assert np.array(loss.logits(vectors, vectors)) == pytest.approx(3)
    assert np.mean(loss.logits(vectors[:8], vectors[8:])) == pytest.approx(-3, abs=0.8)


@pytest.mark.parametrize("name", DEFAULTS)
@pytest.mark.parametrize("parameter", PARAMETERS)
def test_refuses_parameters_of_other_losses(name, parameter):
    if parameter in DEFAULTS[name]:
        assert build_loss(name, people=9, embedding_size=SIZE, **{parameter: PARAMETERS[parameter]}).name == name
    else:
        with pytest.raises(ConfigError, match=rf"loss\.{parameter}: {name} has .*\. Leave {parameter} out"):
            build_loss(name, people=9, embedding_size=SIZE, **{parameter: PARAMETERS[parameter]})


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("softmax", {}, r"loss\.name: expected one of siamese_bce, .*received 'softmax'"),
        ("siamese_bce", {"power": 3}, r"loss\.power: expected 1 or 2; received 3"),
        ("contrastive", {"margin": 2.5}, r"loss\.margin: expected a distance above 0, up to 2; received 2\.5"),
        ("contrastive", {"margin": "soft"}, r"loss\.margin: expected a distance"),
        ("triplet", {"mining": "hardest"}, r"loss\.mining: expected semi_hard or batch_hard; received hardest"),
        ("triplet", {"margin": "soft"}, r"loss\.margin: expected a number above 0, or soft with batch_hard"),
        ("triplet", {"margin": math.nan}, r"loss\.margin: expected a number above 0"),
        ("arcface", {"margin": 28.6}, r"loss\.margin: expected an angle from 0 to pi/2 in radians; received 28\.6"),
        ("arcface", {"scale": 0.0}, r"loss\.scale: expected a number above 0; received 0"),
    ],
)
def test_refuses_values_that_make_no_loss(name, parameters, message):
    with pytest.raises(ConfigError, match=message):
        loss_of(name, parameters)


def test_arcface_wants_people_to_tell_apart():
    with pytest.raises(ConfigError, match="expected two people or more to tell apart with arcface; received 1"):
        build_loss("arcface", people=1, embedding_size=SIZE)


def test_distillation_refuses_a_teacher_with_longer_embeddings():
    embeddings, labels, _ = batch(0)
    loss = loss_of("distillation", {})

    assert loss.needs_teacher
    with pytest.raises(ConfigError, match="expected 9, as long as the teacher's embeddings; received 6"):
        loss.call(tf.constant(embeddings), tf.constant(labels), tf.zeros((8, 9)))


def test_same_seed_gives_same_arcface():
    one, same, other = (build_loss("arcface", people=3, embedding_size=SIZE, seed=seed) for seed in (1, 1, 2))

    np.testing.assert_array_equal(one.get_weights(), same.get_weights())
    assert not np.array_equal(one.get_weights(), other.get_weights())
