"""Training: it learns, tells how it goes, ends in time, and an interrupted run ends as the one that was not."""

from __future__ import annotations

import csv
import dataclasses
import itertools
import json
import os
import subprocess
import sys
from contextlib import nullcontext

import numpy as np
import pytest

from faceplate.errors import ConfigError, ModelError
from faceplate_trainer.data.labelled import DatasetError
from faceplate_trainer.training.checkpoint import CHECKPOINT, read_checkpoint
from faceplate_trainer.training.errors import TrainingError
from faceplate_trainer.training.recipe import Recipe, load_recipe
from faceplate_trainer.training.run_folder import load_tower, read_run
from faceplate_trainer.training.schedule import learning_rate_at
from faceplate_trainer.training.validation import choose_pairs, confusion
from tiny_dataset import tiny_dataset

pytestmark = pytest.mark.trainer

PEOPLE = {
    "train": {f"train {i}": 4 for i in range(6)} | {"loner": 1},
    "validation": {f"validation {i}": 3 for i in range(4)},
}

# Small enough for a second; determinism is a switch for the whole process, so tests within this one leave it off.
TINY = [
    "tower.width=0.03",
    "tower.embedding_size=8",
    "batch.pairs=4",
    "validation.pairs=12",
    "optimiser.learning_rate=1e-3",
    "training.epochs=2",
    "training.steps_per_epoch=5",
    "training.checkpoint_every=2",
]
HERE = [*TINY, "training.deterministic=false"]
OF_PEOPLE = ["batch.pairs=null", "batch.people=3", "batch.pictures=2", "loss.power=null"]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return tiny_dataset(tmp_path_factory.mktemp("data"), PEOPLE)


def fit(recipe, prepared, folder, *, resume=False):
    from faceplate_trainer.training import fit as module  # noqa: PLC0415 - TensorFlow, only where it is used

    return module.fit(recipe, prepared, folder, resume=resume, command="a test")


def recipe_with(*overrides: str) -> Recipe:
    return load_recipe("koch", [*HERE, *overrides])


def start(prepared, folder, *more, trap="", check=None):
    """Run the command in a process of its own; `trap` is code that lies in wait for it."""
    words = ["fit", "koch", "--data", str(prepared.folder), "--out", str(folder), *more]
    words += [word for override in TINY for word in ("--set", override)]
    program = f"import sys\n{trap}\nfrom faceplate_trainer.__main__ import main\nsys.exit(main({words!r}))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
    )
    assert done.returncode == check, done.stderr
    return done


def trap_at(step: int, deed: str) -> str:
    """Code that does something in the middle of a step."""
    return f"""
import os, resource, signal
from faceplate_trainer.training.learner import Learner
whole, taken = Learner.step, []
def step(learner, *given, **named):
    taken.append(None)
    if len(taken) == {step}:
        {deed}
    return whole(learner, *given, **named)
Learner.step = step
"""


KILLED = "os.kill(os.getpid(), signal.SIGKILL)"
ASKED = "os.kill(os.getpid(), signal.SIGTERM)"
NO_ROOM = "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))"
BETWEEN_WEIGHTS_AND_CHECKPOINT = """
import os, signal
from faceplate_trainer.training import loop
whole = loop.write_weights
def write_weights(*given):
    whole(*given)
    os.kill(os.getpid(), signal.SIGKILL)
loop.write_weights = write_weights
"""


def weights_of(folder):
    return [np.asarray(each) for each in load_tower(read_run(folder)).get_weights()]


def history_of(folder):
    with (folder / "history.csv").open() as lines:
        return [
            {key: value for key, value in row.items() if key not in ("seconds", "images_per_second")}
            for row in csv.DictReader(lines)
        ]


def test_a_run_interrupted_in_every_way_ends_as_the_one_that_was_not(prepared, tmp_path):
    start(prepared, tmp_path / "whole", check=0)
    folder = tmp_path / "interrupted"
    asked = start(prepared, folder, trap=trap_at(1, ASKED), check=130)
    assert "interrupted; the checkpoint is in" in asked.stderr
    assert read_checkpoint(folder)[1].step == 2, "it is asked in the first step, and known to all in the next"
    kept = (folder / CHECKPOINT).read_bytes()
    full = start(prepared, folder, "--resume", trap=trap_at(1, NO_ROOM), check=1)
    assert "The checkpoint before is whole: make room, then go on with --resume" in full.stderr
    assert (folder / CHECKPOINT).read_bytes() == kept
    start(prepared, folder, "--resume", trap=BETWEEN_WEIGHTS_AND_CHECKPOINT, check=-9)
    assert read_checkpoint(folder)[1].step == 4
    start(prepared, folder, "--resume", trap=trap_at(5, KILLED), check=-9)
    assert read_checkpoint(folder)[1].step == 8, "half-way through the second epoch"
    start(prepared, folder, "--resume", check=0)

    assert history_of(folder) == history_of(tmp_path / "whole")
    for resumed, uninterrupted in zip(weights_of(folder), weights_of(tmp_path / "whole"), strict=True):
        assert resumed.tobytes() == uninterrupted.tobytes()
    variables, _ = read_checkpoint(folder)
    for name, value in read_checkpoint(tmp_path / "whole")[0].items():
        assert variables[name].tobytes() == value.tobytes(), name
    left = [sorted(file.name for file in each.iterdir()) for each in (folder, tmp_path / "whole")]
    assert left[0] == left[1]
    assert read_run(folder).finished


@pytest.fixture(scope="module")
def run(prepared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    fit(recipe_with("training.epochs=3"), prepared, folder)
    return read_run(folder)


def test_a_run_says_what_it_takes_to_repeat_it(run, prepared):
    assert run.finished
    assert run.dataset_id == prepared.id
    assert run.recipe == recipe_with("training.epochs=3")
    assert run.facts["weights"] == load_tower(run).count_params()
    assert run.facts["versions"]["tensorflow"]
    assert run.facts["command"] == "a test"
    assert "koch_1_conv" in run.facts["tower"]


def test_each_epoch_has_its_row_and_its_figures_in_tensorboard(run):
    assert [epoch.epoch for epoch in run.history] == [1, 2, 3]
    for epoch in run.history:
        assert epoch.train_loss > 0
        assert epoch.images_per_second > 0
        assert 0 <= epoch.validation_area_under_roc <= 1
    assert list((run.folder / "tensorboard").iterdir())


def test_the_best_epoch_is_the_one_with_the_largest_area(run):
    areas = [epoch.validation_area_under_roc for epoch in run.history]
    assert run.facts["best_epoch"] == 1 + areas.index(max(areas))


def test_a_finished_run_has_nothing_left_to_do(run, prepared):
    before = (run.folder / CHECKPOINT).read_bytes()
    assert fit(run.recipe, prepared, run.folder, resume=True).name == "LAST_EPOCH"
    assert (run.folder / CHECKPOINT).read_bytes() == before


def test_another_recipe_does_not_resume_it(run, prepared):
    with pytest.raises(TrainingError, match=r"training\.epochs was 3, now it is 4"):
        fit(recipe_with("training.epochs=4"), prepared, run.folder, resume=True)


def test_it_learns_people_it_knows(prepared, tmp_path):
    steps = ["training.epochs=3", "training.steps_per_epoch=40", "batch.pairs=8", "augmentation.chance=0"]
    fit(recipe_with(*steps, "tower.width=0.05"), prepared, tmp_path / "run")
    history = read_run(tmp_path / "run").history
    assert history[-1].train_loss < history[0].train_loss * 0.9
    assert history[-1].train_accuracy > 0.8


@pytest.mark.parametrize(
    ("loss", "more"),
    [
        ("contrastive", ["loss.power=null"]),
        ("triplet", OF_PEOPLE),
        ("arcface", [*OF_PEOPLE, "optimiser.clip_norm=1", "optimiser.name=sgd", "optimiser.weight_decay=1e-4"]),
        ("distillation", [*OF_PEOPLE, "loss.teacher=default", "tower.embedding_size=128"]),
        ("siamese_bce", ["training.mixed_precision=true", "optimiser.clip_norm=1", "optimiser.name=adamw"]),
        ("siamese_bce", ["training.distribute=mirrored", "loss.power=2"]),
    ],
)
def test_every_loss_and_way_of_computing_trains(loss, more, prepared, tmp_path):
    short = ["training.epochs=1", "training.steps_per_epoch=2", "validation.pairs=4"]
    fit(recipe_with(f"loss.name={loss}", *more, *short), prepared, tmp_path / "run")
    run = read_run(tmp_path / "run")
    tower = load_tower(run)
    assert np.isfinite(run.history[0].train_loss)
    assert tower.dtype_policy.name == "float32"
    assert all(layer.compute_dtype == "float32" for layer in tower.layers)
    assert np.isfinite(tower.predict(np.full((2, 112, 112, 3), 99, np.float32), verbose=0)).all()


def test_a_tutorials_pairs_are_of_the_enrolled_person(prepared, tmp_path):
    # The loner's one picture cannot be an anchor and a positive; train 2 has four.
    tutorial = [*HERE, "training.epochs=1", "training.steps_per_epoch=2", "validation.pairs=200"]
    with pytest.raises(DatasetError, match=r"no enrolled person.*anchor, positive and negative.*left=everybody"):
        fit(load_recipe("tutorial", tutorial), prepared, tmp_path / "run")
    for number, (person, trains) in enumerate({"loner": False, "train 2": True}.items()):
        inputs = [{"label": "lfw", "enrolled": None}, {"label": "tutorial", "enrolled": person}]
        named = dataclasses.replace(prepared, manifest=prepared.manifest | {"inputs": inputs})
        with nullcontext() if trains else pytest.raises(DatasetError, match="at least 1 enrolled person"):
            fit(load_recipe("tutorial", tutorial), named, tmp_path / str(number))
    assert read_run(tmp_path / "1").history[0].validation_area_under_roc is not None


def test_what_is_not_to_be_trained_keeps_its_weights(prepared, tmp_path):
    short = ["training.epochs=1", "training.steps_per_epoch=3", "validation.pairs=4"]
    fit(recipe_with(*short), prepared, tmp_path / "first")
    weights = tmp_path / "first" / "best.weights.h5"
    second = recipe_with(*short, f"tower.weights={weights}", "tower.train=dense")
    fit(second, prepared, tmp_path / "second")
    first, then = (load_tower(read_run(tmp_path / name)) for name in ("first", "second"))
    for layer, before in zip(then.layers, first.layers, strict=True):
        same = all(np.array_equal(a, b) for a, b in zip(layer.get_weights(), before.get_weights(), strict=True))
        assert same == (layer.name != "embedding"), layer.name


def test_training_stops_when_nothing_gets_better(prepared, tmp_path):
    # With so low a rate every epoch is worth the same, and the first stays the best.
    still = ["optimiser.learning_rate=1e-30", "validation.early_stopping.patience=2", "training.epochs=9"]
    ending = fit(recipe_with(*still, "training.steps_per_epoch=1"), prepared, tmp_path / "run")
    run = read_run(tmp_path / "run")
    assert ending.name == "NO_BETTER"
    assert (len(run.history), run.facts["best_epoch"]) == (3, 1)


def test_without_validation_people_early_stopping_must_be_given_up(tmp_path, caplog):
    lonely = tiny_dataset(tmp_path / "data", {"train": PEOPLE["train"], "validation": {"alone": 3}})
    with pytest.raises(DatasetError, match=r"pairs for validation.*early_stopping=null"):
        fit(recipe_with(), lonely, tmp_path / "run")
    fit(recipe_with("validation.early_stopping=null", "training.steps_per_epoch=1"), lonely, tmp_path / "run")
    run = read_run(tmp_path / "run")
    assert "the last epoch will count as the best" in caplog.text
    assert run.facts["best_epoch"] == 2
    assert run.history[0].validation_accuracy is None


def test_a_loss_that_is_no_number_ends_training_and_says_where_and_what_to_try(prepared, tmp_path):
    short = ["training.epochs=1", "training.steps_per_epoch=1"]
    fit(recipe_with(*short), prepared, tmp_path / "first")
    tower = load_tower(read_run(tmp_path / "first"))
    tower.set_weights([np.full_like(each, np.nan) for each in tower.get_weights()])
    tower.save_weights(tmp_path / "nan.weights.h5")
    with pytest.raises(TrainingError, match=r"the loss is nan at step 0 \(learning rate 0.001\).*clip_norm"):
        fit(recipe_with(f"tower.weights={tmp_path / 'nan.weights.h5'}"), prepared, tmp_path / "run")
    assert not (tmp_path / "run" / CHECKPOINT).exists()


def test_weights_that_are_no_numbers_are_not_kept(prepared, tmp_path, monkeypatch):
    # Patched: a gradient that is infinite while its loss is not cannot be had at will.
    from faceplate_trainer.training.learner import Learner  # noqa: PLC0415 - TensorFlow

    checked = []
    monkeypatch.setattr(Learner, "is_finite", lambda _: checked.append(None) or len(checked) < 2)
    with pytest.raises(TrainingError, match="no longer numbers at step 4"):
        fit(recipe_with(), prepared, tmp_path / "run")
    assert read_checkpoint(tmp_path / "run")[1].step == 2


def test_full_memory_and_a_lost_worker_are_told_with_what_to_do():
    import tensorflow as tf  # noqa: PLC0415 - takes seconds

    from faceplate_trainer.training.distribution import telling_what_to_do  # noqa: PLC0415 - the same

    where = 'Graph execution error:\n\nDetected at node Sum defined at (most recent call last):\n  File "a.py"\n\n'
    full = tf.errors.ResourceExhaustedError(None, None, where + "OOM when allocating\n\t [[{{node Tile}}]]")
    lost = tf.errors.UnavailableError(None, None, where + "socket closed\nand more")
    for error, says in (
        (full, r"memory is full.*batch\.people.*: OOM when allocating$"),
        (MemoryError("std::bad_alloc"), r"memory is full.*: std::bad_alloc$"),
        (lost, r"another worker is gone.*--resume.*: socket closed$"),
    ):
        with pytest.raises(TrainingError, match=says), telling_what_to_do():
            raise error


@pytest.mark.parametrize(
    ("overrides", "error", "says"),
    [
        (
            ["batch.pairs=null", "batch.people=2", "batch.pictures=2"],
            ConfigError,
            "give batch.pairs \\(and batch.left\\) only",
        ),
        (["loss.name=triplet", "loss.power=null"], ConfigError, "give batch.people and batch.pictures only"),
        (["loss.teacher=default"], ConfigError, "siamese_bce takes no teacher"),
        (["loss.name=distillation", *OF_PEOPLE], ConfigError, "distillation needs a teacher"),
        (["loss.margin=1"], ConfigError, "loss.margin"),
        (["tower.weights=nowhere.weights.h5"], ModelError, "nowhere"),
        (["tower.train=dense"], ConfigError, r"tower.weights: only a part.*\(tower.train=dense\).*tower.train=all"),
        (
            ["tower.name=sface", "tower.weights=any.onnx"],
            ConfigError,
            r"tower\.width: .*any.onnx has its own channels.*received {'width': 0.03, 'activation': 'relu'}",
        ),
        (["training.distribute=workers"], TrainingError, "TF_CONFIG must name them all"),
    ],
)
def test_what_does_not_go_together_is_refused(overrides, error, says, prepared, tmp_path):
    with pytest.raises(error, match=says):
        fit(recipe_with(*overrides), prepared, tmp_path / "run")


def test_a_run_that_came_to_no_checkpoint_is_resumed_from_its_beginning(prepared, tmp_path, monkeypatch):
    # Patched: it stands for a power cut before the first step.
    from faceplate_trainer.training.loop import Training  # noqa: PLC0415 - TensorFlow

    recipe = recipe_with("training.epochs=1")
    with monkeypatch.context() as cut:
        cut.setattr(Training, "run", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            fit(recipe, prepared, tmp_path / "run")
    assert not (tmp_path / "run" / CHECKPOINT).exists()
    fit(recipe, prepared, tmp_path / "run", resume=True)
    assert read_run(tmp_path / "run").finished


def test_a_teacher_of_another_size_is_refused_before_the_run_begins(prepared, tmp_path):
    wrong = recipe_with("loss.name=distillation", *OF_PEOPLE, "loss.teacher=default")
    with pytest.raises(ConfigError, match=r"have 128 numbers.*received 8"):
        fit(wrong, prepared, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_too_few_people_are_counted(tmp_path):
    few = tiny_dataset(tmp_path / "data", {"train": {"ada": 2, "ben": 1}, "validation": PEOPLE["validation"]})
    with pytest.raises(DatasetError, match=r"at least 3 training people with 2 or more pictures, there are 1 \(of 2\)"):
        fit(recipe_with("loss.name=triplet", *OF_PEOPLE), few, tmp_path / "run")


def test_pairs_to_judge_by_are_balanced_different_and_always_the_same(prepared):
    crops = prepared.of("validation")
    pairs = choose_pairs(crops, 20, seed=4, use="validation")
    again = choose_pairs(crops, 20, seed=4, use="validation")
    assert pairs.crops == again.crops
    assert np.array_equal(pairs.left, again.left)
    names = [(pairs.crops[a], pairs.crops[b]) for a, b in zip(pairs.left, pairs.right, strict=True)]
    assert [a.person == b.person for a, b in names] == pairs.same.tolist()
    assert pairs.same.sum() == (~pairs.same).sum() == 10
    assert len({frozenset((a.file, b.file)) for a, b in names}) == 20


def test_pairs_to_judge_a_tutorial_by_all_show_the_enrolled_person(prepared):
    pairs = choose_pairs(prepared.of("train"), 40, seed=1, use="training", only={"train 3"})
    names = [(pairs.crops[a].person, pairs.crops[b].person) for a, b in zip(pairs.left, pairs.right, strict=True)]
    assert all("train 3" in both for both in names)
    assert [a == b for a, b in names] == pairs.same.tolist() == [True] * 6 + [False] * 6


def test_there_are_no_more_pairs_to_judge_by_than_there_are_pictures(prepared):
    pairs = choose_pairs(prepared.of("validation"), 2000, seed=1, use="validation")
    assert pairs.same.sum() == (~pairs.same).sum() == 12, "4 people with 3 pairs each"


def test_confusion_counts_pairs():
    same = np.array([True, True, True, False, False])
    judged = confusion(np.array([0.9, 0.8, 0.1, 0.7, 0.2]), same, 0.5)
    assert (judged.accuracy, judged.precision, judged.recall) == (0.6, 2 / 3, 2 / 3)
    assert confusion(np.zeros(5), same, 0.5).precision == 0


def test_the_learning_rate_warms_up_and_falls():
    recipe = recipe_with("optimiser.schedule=cosine", "optimiser.warm_up=10", "optimiser.learning_rate=0.5").optimiser
    rates = [learning_rate_at(step, 110, recipe) for step in range(111)]
    assert rates[:10] == pytest.approx([0.05 * (i + 1) for i in range(10)])
    assert rates[10] == 0.5
    assert rates[60] == pytest.approx(0.25)
    assert rates[110] == pytest.approx(0)
    assert all(a >= b for a, b in itertools.pairwise(rates[9:]))
    constant = recipe_with("optimiser.warm_up=0").optimiser
    assert {learning_rate_at(step, 10, constant) for step in range(10)} == {constant.learning_rate}


def test_run_json_is_for_machines(run):
    facts = json.loads((run.folder / "run.json").read_text())
    assert facts["ending"] == "all epochs are done"
    assert facts["seconds"] > 0
