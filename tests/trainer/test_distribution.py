"""Several machines, or GPUs, learn as one: each with half of every batch, they come to what one process comes to."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack

import numpy as np
import pytest

from faceplate_trainer.training.run_folder import load_tower, read_run
from tiny_dataset import tiny_dataset

pytestmark = pytest.mark.trainer

PEOPLE = {"train": {f"train {i}": 4 for i in range(6)}, "validation": {f"validation {i}": 3 for i in range(4)}}

# Pairs do not look at one another, and Koch's tower has no batch norm: what a batch teaches is the mean of its shares.
RECIPE = {
    "tower.width": 0.03,
    "tower.embedding_size": 8,
    "batch.pairs": 8,
    "validation.pairs": 12,
    "optimiser.learning_rate": 1e-3,
    "optimiser.clip_norm": 0.05,
    "training.epochs": 2,
    "training.steps_per_epoch": 4,
}

# Each worker writes what it ends with to where the test can see it; the chief alone writes the run.
PROGRAM = """
import sys
import numpy as np
from faceplate_trainer.training.learner import Learner
from faceplate_trainer.training.loop import Training
whole = Training.run
def run(training, *given):
    ended = whole(training, *given)
    np.savez(sys.argv[1], **training.learner.variables())
    return ended
Training.run = run
from faceplate_trainer.__main__ import main
sys.exit(main(sys.argv[2:]))
"""


# A machine with two devices that MirroredStrategy can use.
TWO_DEVICES = """
import tensorflow as tf
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
strategy = tf.distribute.MirroredStrategy
tf.distribute.MirroredStrategy = lambda: strategy(["CPU:0", "CPU:1"])
"""


def free_ports(count):
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def start(ending, data, out, environment, *, prelude="", **recipe):
    words = ["fit", "koch", "--data", str(data), "--out", str(out)]
    words += [word for key, value in (RECIPE | recipe).items() for word in ("--set", f"{key}={value}")]
    return subprocess.Popen(
        [sys.executable, "-c", prelude + PROGRAM, str(ending), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""} | environment,
    )


def weights_in(ending):
    with np.load(ending) as content:
        return {name: content[name] for name in content.files if not name.startswith("optimiser")}


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """What one process and two workers ended with: their weights, and their runs' folders."""
    folder = tmp_path_factory.mktemp("workers")
    tiny_dataset(folder / "data", PEOPLE)
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(2)]}
    processes = [start(folder / "alone.npz", folder / "data", folder / "alone", {})]
    for number in range(2):
        task = {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": "worker", "index": number}})}
        # The second worker is another machine: it is given a folder of its own.
        out = folder / f"worker-{number}"
        together = {"training.distribute": "workers"}
        processes.append(start(folder / f"{number}.npz", folder / "data", out, task, **together))
    mirrored = {"prelude": TWO_DEVICES, "training.distribute": "mirrored"}
    processes.append(start(folder / "mirrored.npz", folder / "data", folder / "mirrored", {}, **mirrored))
    said = [process.communicate(timeout=300)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, "\n".join(said)
    return folder, said


def test_two_workers_end_with_the_same_weights_to_the_last_bit(ended):
    folder, _ = ended
    first, second = weights_in(folder / "0.npz"), weights_in(folder / "1.npz")
    assert first.keys() == second.keys()
    assert all(first[name].tobytes() == second[name].tobytes() for name in first)


@pytest.mark.parametrize(("ending", "run"), [("0.npz", "worker-0"), ("mirrored.npz", "mirrored")])
def test_two_learn_what_one_process_learns_from_the_same_batches(ended, ending, run):
    folder, _ = ended
    alone, together = weights_in(folder / "alone.npz"), weights_in(folder / ending)
    assert alone.keys() == together.keys()
    for name, value in alone.items():
        assert together[name] == pytest.approx(value, abs=2e-5), name
    one, two = (read_run(folder / name) for name in ("alone", run))
    assert [epoch.train_loss for epoch in two.history] == pytest.approx([each.train_loss for each in one.history], 1e-4)
    assert (one.facts["replicas"], two.facts["replicas"]) == (1, 2)


def test_it_did_learn(ended):
    from faceplate_trainer.towers.build import build_tower  # noqa: PLC0415 - Keras takes seconds

    folder, _ = ended
    untrained = build_tower("koch", embedding_size=8, width=0.03, activation="relu", seed=1).get_weights()
    trained = load_tower(read_run(folder / "alone")).get_weights()
    moved = [np.abs(after - before).max() for before, after in zip(untrained, trained, strict=True)]
    assert min(moved) > 1e-3, "far more than what the tests above allow for rounding"


def test_only_the_chief_writes_and_speaks(ended):
    folder, said = ended
    assert not (folder / "worker-1").exists()
    assert "epoch 2/2" in said[1]
    assert "epoch 2/2" not in said[2]
