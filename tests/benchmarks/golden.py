"""How near a runtime on this processor comes to the trainer's embedding: `golden.py [litert|tflite-runtime]`."""

from __future__ import annotations

import platform
import sys

import numpy as np

from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate.vision.network import SiameseNetwork

bundle = load_bundle(DEFAULT_BUNDLE)
runtime = "tflite-runtime" if sys.argv[1:] == ["tflite-runtime"] else "litert"
embedding = SiameseNetwork(bundle, runtime=runtime).embed(bundle.golden_crop)
cosine = float(embedding @ np.array(bundle.manifest.golden_embedding, dtype=np.float32))
print(f"{runtime} on {platform.machine()}: cosine {cosine:.5f} to the golden embedding")
