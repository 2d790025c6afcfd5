"""A prepared dataset of people who are noise: quick to write, and told apart by the network all the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from faceplate_trainer.data.prepared import CROPS, FORMAT, MANIFEST, TABLE, Crop, Use, table_of


def noise_dataset(folder: Path, people: Mapping[Use, int], *, pictures: int) -> Path:
    """Write so many people of each use, with so many crops each; gives the dataset's folder."""
    draw = np.random.default_rng(0)
    folder = folder / "dataset"
    crops = []
    for use, count in people.items():
        for number in range(count):
            person = f"{use} {number}"
            (folder / CROPS / person).mkdir(parents=True)
            face = cv2.resize(draw.integers(0, 256, (7, 7, 3), np.uint8), (112, 112), interpolation=cv2.INTER_CUBIC)
            for i in range(pictures):
                seen = np.clip(face + draw.normal(0, 25, face.shape), 0, 255).astype(np.uint8)
                content = cv2.imencode(".png", seen)[1].tobytes()
                file = f"{CROPS}/{person}/{i}.png"
                (folder / file).write_bytes(content)
                crops.append(Crop(file, person, use, "noise", file, hashlib.sha256(content).hexdigest()))
    table = table_of(crops)
    (folder / TABLE).write_bytes(table)
    manifest = {"format": FORMAT, "crops_sha256": hashlib.sha256(table).hexdigest()}
    (folder / MANIFEST).write_text(json.dumps(manifest))
    return folder
