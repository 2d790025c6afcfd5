"""The crops of a prepared dataset, embedded."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from tqdm import tqdm

from faceplate.model.template import template
from faceplate.types import Embedding, Image
from faceplate_trainer.data.labelled import DatasetError, Embedded
from faceplate_trainer.data.prepared import Crop, Prepared, people_of


def embed_crops(prepared: Prepared, crops: Sequence[Crop], embed: Callable[[Image], Embedding]) -> Embedded:
    """Embed crops one after the other; only the embeddings are kept in memory.

    Args:
        prepared: the dataset they are of.
        crops: such as `prepared.of("calibration")`.
        embed: RGB uint8 (112, 112, 3) -> unit vector float32 (D,).

    Raises:
        DatasetError: there are no crops.
        PictureError: a crop is missing or damaged.
    """
    if not crops:
        raise DatasetError(f"{prepared.folder}: expected crops to embed, received none")
    embeddings, templates = [], []
    for crop in tqdm(crops, desc="embedding", unit="crops", disable=None):
        pixels = prepared.pixels(crop)
        embeddings.append(embed(pixels))
        templates.append(template(pixels, embed))
    return Embedded(np.array(embeddings, np.float32), people_of(crops), (), np.array(templates, np.float32))
