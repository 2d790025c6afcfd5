"""The fit itself."""

from __future__ import annotations

import keras
import tensorflow as tf
from tqdm import tqdm

from faceplate_trainer.eyelids.network import network
from faceplate_trainer.eyelids.recipe import FitRecipe
from faceplate_trainer.eyelids.views import Views


def fit(views: Views, recipe: FitRecipe) -> keras.Model:
    """A network as `network.network` makes it, fitted. Same views, same recipe: same weights.

    Args:
        views: all that is fitted on.
        recipe: how.
    """
    keras.utils.set_random_seed(recipe.seed)
    if recipe.deterministic:
        tf.config.experimental.enable_op_determinism()
    model = network()
    steps = recipe.epochs * -(-len(views.shut) // recipe.batch)
    falling = keras.optimizers.schedules.CosineDecay(recipe.rate, steps)
    model.compile(
        keras.optimizers.AdamW(falling, weight_decay=recipe.decay),
        keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=recipe.smoothing),
    )
    with tqdm(total=recipe.epochs, desc="fit", unit="epochs", disable=None) as bar:
        told = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: bar.update())
        model.fit(
            views.views,
            views.shut,
            sample_weight=views.weight,
            batch_size=recipe.batch,
            epochs=recipe.epochs,
            verbose=0,
            callbacks=[told],
        )
    return model
