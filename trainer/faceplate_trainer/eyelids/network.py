"""The eyelids' network: four small convolutions and a layer that looks at the whole eye."""

from __future__ import annotations

from typing import Final

import keras

from faceplate.model.eye_view import HEIGHT, WIDTH

_HALVED: Final = (12, 20, 32)
"""Channels of the layers after which the view is half as large"""

_LAST, _WHOLE = 32, 24
"""Channels of the layer after them, and of the one that looks at the whole"""


def network() -> keras.Model:
    """Unfitted: float32 (N, HEIGHT, WIDTH, 1), as `eye_view.normalised` gives it -> logit (N, 1), positive: shut."""
    views = keras.Input((HEIGHT, WIDTH, 1), name="view")
    seen = views
    for number, channels in enumerate((*_HALVED, _LAST)):
        seen = keras.layers.Conv2D(channels, 3, padding="same", use_bias=False, name=f"look_{number}")(seen)
        seen = keras.layers.ReLU(name=f"found_{number}")(keras.layers.BatchNormalization(name=f"even_{number}")(seen))
        if number < len(_HALVED):
            seen = keras.layers.MaxPooling2D(name=f"half_{number}")(seen)
    seen = keras.layers.Dense(_WHOLE, activation="relu", name="whole")(keras.layers.Flatten(name="flat")(seen))
    return keras.Model(views, keras.layers.Dense(1, name="logit")(seen), name="eyelids")
