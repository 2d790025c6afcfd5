"""A prepared dataset of made-up faces, for tests that train."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from faceplate_trainer.data.prepared import CROPS, FORMAT, MANIFEST, TABLE, Crop, Prepared, read_prepared, table_of
from smooth_pictures import pictures


def tiny_dataset(folder: Path, people: Mapping[str, Mapping[str, int]]) -> Prepared:
    """Write a dataset: use -> person -> number of crops. Crops of a person are one picture with different noise."""
    faces = pictures(sum(map(len, people.values())))
    draw = np.random.default_rng(5)
    crops = []
    for use, counts in people.items():
        for person, count in counts.items():
            face, faces = faces[0], faces[1:]
            (folder / CROPS / person).mkdir(parents=True)
            for number in range(count):
                noisy = np.clip(face + draw.normal(0, 25, face.shape), 0, 255).astype(np.uint8)
                name = f"{CROPS}/{person}/{number}.png"
                cv2.imwrite(str(folder / name), noisy[:, :, ::-1])
                content = hashlib.sha256((folder / name).read_bytes()).hexdigest()
                crops.append(Crop(name, person, use, "camera", f"{person}-{number}.jpg", content))
    table = table_of(crops)
    (folder / TABLE).write_bytes(table)
    manifest = {"format": FORMAT, "crops_sha256": hashlib.sha256(table).hexdigest()}
    (folder / MANIFEST).write_text(json.dumps(manifest))
    return read_prepared(folder)
