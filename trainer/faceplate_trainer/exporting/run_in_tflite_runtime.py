"""Run by another interpreter, one that has tflite-runtime and numpy and nothing of ours: tensors in, tensors out.

python run_in_tflite_runtime.py NETWORK.tflite INPUTS.npz OUTPUTS.npz
"""

import sys
from pathlib import Path

import numpy as np
from tflite_runtime.interpreter import Interpreter  # in that interpreter's environment, not in the trainer's


def main(network: str, inputs: str, outputs: str) -> None:
    """Embed every crop and score every pair of INPUTS (`crops`, `a`, `b`) into OUTPUTS (`embeddings`, `scores`)."""
    interpreter = Interpreter(model_content=Path(network).read_bytes(), num_threads=1)
    interpreter.allocate_tensors()  # before any runner, else XNNPACK is left out
    embed = interpreter.get_signature_runner("embed")
    compare = interpreter.get_signature_runner("compare")
    with np.load(inputs) as given:
        embeddings = [embed(crop=crop[None])["embedding"][0].copy() for crop in given["crops"]]
        scores = compare(a=given["a"], b=given["b"])["score"]
        np.savez(outputs, embeddings=np.array(embeddings), scores=scores)


if __name__ == "__main__":
    main(*sys.argv[1:])
