"""The folder of a run: begun once, read by others, resumed only with what it was begun with."""

from __future__ import annotations

import errno

import pytest

from faceplate_trainer.training.checkpoint import CHECKPOINT, Epoch
from faceplate_trainer.training.errors import TrainingError
from faceplate_trainer.training.recipe import load_recipe
from faceplate_trainer.training.run_folder import (
    FACTS,
    HISTORY,
    check_same_run,
    load_tower,
    read_run,
    start_run,
    write_history,
    writing,
)

RECIPE = load_recipe("koch")
FACTS_OF_RUN = {"finished": False, "dataset": "d" * 64}


@pytest.fixture
def folder(tmp_path):
    start_run(tmp_path / "run", RECIPE, FACTS_OF_RUN)
    return tmp_path / "run"


def test_a_run_is_read_as_it_was_begun(folder):
    run = read_run(folder)
    assert run.recipe == RECIPE
    assert (run.finished, run.dataset_id, run.history) == (False, "d" * 64, ())


def test_a_run_is_read_where_its_initial_weights_and_its_teacher_are_not(folder):
    begun_with = {"tower.weights": "/of/another/machine.onnx", "loss.teacher": "/of/another/bundle"}
    recipe = load_recipe("koch", [f"{key}={path}" for key, path in begun_with.items()])
    start_run(folder.parent / "copied", recipe, FACTS_OF_RUN)
    assert read_run(folder.parent / "copied").recipe == recipe


def test_history_is_read_as_it_was_written(folder):
    validated = Epoch(1, 2.5, 1e-4, 100.0, 0.5, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.123456789012345)
    without = Epoch(2, 2.5, 1e-4, 100.0, 0.5, 0.9, 0.8, 0.7, None, None, None, None, 0.2)
    write_history(folder, [validated, without])
    assert read_run(folder).history == (validated, without)


def test_a_run_is_not_begun_twice_nor_over_other_files(folder, tmp_path):
    with pytest.raises(TrainingError, match="already holds a run: give --resume"):
        start_run(folder, RECIPE, FACTS_OF_RUN)
    with pytest.raises(TrainingError, match="in use for something else"):
        start_run(tmp_path, RECIPE, FACTS_OF_RUN)
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match="in use for something else"):
        start_run(tmp_path / "file", RECIPE, FACTS_OF_RUN)


@pytest.mark.parametrize(
    ("overrides", "dataset", "says"),
    [
        (["loss.power=2"], "d" * 64, "loss.power was 1, now it is 2"),
        (["tower.width=0.5", "training.seed=9"], "d" * 64, "tower.width was 1.0.*training.seed was 1, now it is 9"),
        ([], "e" * 64, "the dataset was dddddddddddd, now it is eeeeeeeeeeee"),
    ],
)
def test_another_recipe_or_dataset_is_refused_by_its_keys(folder, overrides, dataset, says):
    with pytest.raises(TrainingError, match=says):
        check_same_run(read_run(folder), load_recipe("koch", overrides), dataset)


def test_the_same_recipe_and_dataset_sweep_up_and_go_on(folder):
    (folder / ".checkpoint.npz.1234.tmp").write_text("")
    (folder / ".unfinished.weights.h5").write_text("")
    check_same_run(read_run(folder), RECIPE, "d" * 64)
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 99}', "\xff"])
def test_what_is_no_run_is_refused(folder, text):
    (folder / FACTS).write_text(text, encoding="latin-1")
    with pytest.raises(TrainingError, match=r"run\.json: expected format 1|not the folder of a training run"):
        read_run(folder)


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(TrainingError, match=r"not the folder of a training run.*faceplate-train fit"):
        read_run(tmp_path)


@pytest.mark.parametrize("text", ["epoch\n1\n", "epoch,seconds\none,2\n"])
def test_a_damaged_history_is_refused(folder, text):
    (folder / HISTORY).write_text(text)
    with pytest.raises(TrainingError, match=r"history\.csv is damaged"):
        read_run(folder)


@pytest.mark.trainer
def test_before_its_first_epoch_a_run_has_no_tower(folder):
    with pytest.raises(TrainingError, match="no trained weights yet"):
        load_tower(read_run(folder))


@pytest.mark.parametrize("kept", [True, False])
def test_a_full_disk_is_told_with_what_is_still_there(folder, kept):
    if kept:
        (folder / CHECKPOINT).write_bytes(b"")
    says = "The checkpoint before is whole" if kept else "Make room, or choose another folder"
    with pytest.raises(TrainingError, match=rf"No space left.*{says}"), writing(folder):
        raise OSError(errno.ENOSPC, "No space left on device")
