"""Where pixels become the network's input: the only such place, for trainer and daemon alike."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

CROP_SIZE = 112
"""Side of an aligned crop in pixels"""

# The 112 x 112 template that ArcFace and SFace were trained with (insightface, `arcface_dst`): x, y of the eye,
# the eye, the nose, the mouth corner, the mouth corner; of each pair the one further left in the picture comes first.
# A template a tenth wider or tighter costs one to two points of true accepts at a false-accept rate of 1e-5.
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
    dtype=np.float32,
)


def similarity_transform(source: NDArray[np.float32], target: NDArray[np.float32]) -> NDArray[np.float64]:
    """Rotation, scale and shift that bring `source` nearest to `target` in the least-squares sense.

    In the plane, written with complex numbers, the similarity is z -> a z + b and the solution is in closed form
    (Umeyama 1991, without reflection).

    Args:
        source: float32 (N, 2), at least two different points.
        target: float32 (N, 2).

    Returns:
        float64 (2, 3), for `cv2.warpAffine`.
    """
    z = source.astype(np.float64) @ (1, 1j)
    w = target.astype(np.float64) @ (1, 1j)
    centred = z - z.mean()
    a = np.vdot(centred, w - w.mean()) / np.vdot(centred, centred).real
    b = w.mean() - a * z.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def align(image: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Cut a face out so that its landmarks lie on the template.

    Args:
        image: RGB uint8 (H, W, 3).
        landmarks: float32 (5, 2), in the order of `TEMPLATE`, in pixels of `image`.

    Returns:
        RGB uint8 (112, 112, 3); black where the face reaches over the picture's edge.
    """
    transform = similarity_transform(landmarks, TEMPLATE)
    return np.asarray(cv2.warpAffine(image, transform, (CROP_SIZE, CROP_SIZE), flags=cv2.INTER_LINEAR), dtype=np.uint8)
