"""Recipes: those that ship can be used, every key is checked, and two are told apart by their keys."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from faceplate.errors import ConfigError
from faceplate_trainer.data.recipes import shipped
from faceplate_trainer.eyelids.recipe import load_eyelids_recipe
from faceplate_trainer.liveness.recipe import load_liveness_recipe
from faceplate_trainer.training.recipe import Recipe, differing_keys, load_recipe


def write(folder: Path, text: str) -> str:
    file = folder / "mine.yaml"
    file.write_text(text)
    return str(file)


def complaint_about(folder: Path, text: str, *overrides: str) -> str:
    with pytest.raises(ConfigError) as refused:
        load_recipe(write(folder, text), overrides)
    return str(refused.value)


def test_the_recipes_of_the_tutorial_the_gpu_the_small_and_the_given_weights_ship():
    assert set(shipped()) == {"tutorial", "koch", "mobilefacenet-arcface", "sface-finetune", "distil-relu"}


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_recipe_can_be_read_and_says_what_each_section_is(name):
    recipe = load_recipe(name)
    tree = yaml.safe_load(shipped()[name].read_text())
    assert set(tree) == set(Recipe.model_fields)
    assert recipe.optimiser.learning_rate == tree["optimiser"]["learning_rate"] or isinstance(
        tree["optimiser"]["learning_rate"],
        str,  # 1e-4 is a string to plain YAML 1.1
    )


@pytest.mark.parametrize("name", shipped())
def test_a_resolved_recipe_reads_as_the_same(name, tmp_path):
    recipe = load_recipe(name, ["tower.weights=weights.onnx"])
    text = yaml.safe_dump(recipe.model_dump(mode="json"))
    assert load_recipe(write(tmp_path, text)) == recipe


def test_overrides_are_laid_over_a_shipped_recipe_and_start_where_the_user_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recipe = load_recipe("koch", ["loss.power=2", "tower.weights=mine.weights.h5", "validation.early_stopping=null"])
    assert recipe.loss.power == 2
    assert recipe.tower.weights == tmp_path / "mine.weights.h5"
    assert recipe.validation.early_stopping is None


def test_paths_in_a_recipe_start_at_the_recipe(tmp_path):
    recipe = load_recipe(write(tmp_path, "loss: {teacher: teachers/old}"))
    assert recipe.loss.teacher == tmp_path / "teachers/old"
    assert load_recipe(write(tmp_path, "loss: {teacher: default}")).loss.teacher == "default"


def test_all_faults_are_reported_together(tmp_path):
    text = "tower: {name: vgg, widht: 2}\nbatch: {pairs: 3}\nvalidation: {early_stopping: {patience: 0}}\ncolour: red"
    complaint = complaint_about(tmp_path, text, "training.epochs=0", "augmentation.jpeg=0")
    assert "has 7 faults" in complaint
    for key in (
        "tower.name",
        "tower.widht",
        "batch.pairs",
        "validation.early_stopping.patience",
        "colour",
        "training.epochs",
        "augmentation.jpeg",
    ):
        assert f"  {key}: " in complaint


@pytest.mark.parametrize("train", ["all", "dense", 3])
def test_what_learns_is_a_word_or_a_number_of_blocks(train, tmp_path):
    assert load_recipe(write(tmp_path, f"tower: {{train: {train}}}")).tower.train == train


@pytest.mark.parametrize("train", ["some", 0, -1, 1.5])
def test_what_learns_is_nothing_else(train, tmp_path):
    assert "tower.train" in complaint_about(tmp_path, f"tower: {{train: {train}}}")


def test_a_recipe_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(ConfigError, match=r"there is no recipe 'kock'.*distil-relu, koch"):
        load_recipe("kock")
    with pytest.raises(ConfigError, match="cannot read the recipe"):
        load_recipe("nowhere/mine.yaml")
    with pytest.raises(ConfigError, match=r"there is no recipe 'passiv'.*one of passive$"):
        load_liveness_recipe("passiv")
    with pytest.raises(ConfigError, match=r"there is no recipe 'tutorial'.*one of eyelids$"):
        load_eyelids_recipe("tutorial")


def test_keys_that_differ_are_named_with_both_values():
    a, b = load_recipe("koch"), load_recipe("koch", ["training.seed=7", "validation.early_stopping=null"])
    assert differing_keys(a, a) == {}
    differing = differing_keys(a, b)
    assert differing["training.seed"] == (1, 7)
    assert {key.rpartition(".")[0] for key in differing} == {"training", "validation.early_stopping"}
