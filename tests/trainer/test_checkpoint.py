"""Checkpoints: exact, whole or refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate_trainer.training.checkpoint import CHECKPOINT, Epoch, Progress, read_checkpoint, write_checkpoint
from faceplate_trainer.training.errors import TrainingError

pytestmark = pytest.mark.trainer


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
EPOCHS = st.builds(Epoch, st.integers(1, 1000), *[NUMBERS] * 7, *[NUMBERS | st.none()] * 4, NUMBERS)
PROGRESS = st.builds(
    Progress,
    step=st.integers(0, 10**9),
    loss_sum=NUMBERS,
    seconds=NUMBERS,
    best=NUMBERS | st.none(),
    best_epoch=st.integers(0, 1000),
    history=st.lists(EPOCHS, max_size=3).map(tuple),
)
VARIABLES = {
    "tower_0000_kernel": np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32),
    "optimiser_0000_iteration": np.array(2**40),
    "loss_0000_bias": np.array(0.1, np.float16),
}


@given(PROGRESS)
def test_what_was_written_is_read_to_the_last_bit(tmp_path_factory, progress):
    folder = tmp_path_factory.getbasetemp()
    write_checkpoint(folder, VARIABLES, progress)
    variables, read = read_checkpoint(folder)
    assert read == progress
    assert variables.keys() == VARIABLES.keys()
    for name, value in VARIABLES.items():
        assert variables[name].dtype == value.dtype
        assert variables[name].tobytes() == value.tobytes()


def test_without_a_checkpoint_there_is_nothing_to_resume(tmp_path):
    with pytest.raises(TrainingError, match="there is no checkpoint in"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "bit", "array", "no progress"])
def test_a_damaged_checkpoint_is_refused(tmp_path, damage):
    write_checkpoint(tmp_path, VARIABLES, Progress(step=3))
    file = tmp_path / CHECKPOINT
    content = file.read_bytes()
    match damage:
        case "cut":
            file.write_bytes(content[: len(content) // 2])
        case "empty":
            file.write_bytes(b"")
        case "text":
            file.write_text("not a checkpoint")
        case "bit":
            at = content.index(VARIABLES["tower_0000_kernel"].tobytes())
            file.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        case "array":
            with file.open("wb") as target:
                np.save(target, np.zeros(3))
        case "no progress":
            with file.open("wb") as target:
                np.savez(target, **VARIABLES)
    with pytest.raises(TrainingError, match="is damaged"):
        read_checkpoint(tmp_path)


def test_a_checkpoint_runs_no_code(tmp_path):
    np.savez(tmp_path / CHECKPOINT, progress=np.array([{"an": "object"}], dtype=object))
    with pytest.raises(TrainingError, match="is damaged"):
        read_checkpoint(tmp_path)
