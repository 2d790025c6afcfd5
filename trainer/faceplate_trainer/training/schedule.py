"""The learning rate of each step."""

from __future__ import annotations

import math

from faceplate_trainer.training.recipe import OptimiserRecipe


def learning_rate_at(step: int, steps: int, recipe: OptimiserRecipe) -> float:
    """Risen from zero over the warm-up, then constant, or falling along half a cosine (Loshchilov, Hutter 2017).

    Args:
        step: from 0.
        steps: of the whole training.
        recipe: rate, warm-up and schedule.
    """
    if step < recipe.warm_up:
        return recipe.learning_rate * (step + 1) / recipe.warm_up
    if recipe.schedule == "constant":
        return recipe.learning_rate
    done = (step - recipe.warm_up) / max(1, steps - recipe.warm_up)
    return recipe.learning_rate * (1 + math.cos(math.pi * done)) / 2
