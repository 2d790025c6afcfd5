"""Where pixels become a network's input: the only such place, for trainer and daemon alike."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from faceplate.types import Box

CROP_SIZE = 112
"""Side of an aligned crop in pixels"""

# The 112 x 112 template that ArcFace and SFace were trained with (insightface, `arcface_dst`): x, y of the eye,
# the eye, the nose, the mouth corner, the mouth corner; of each pair the one further left in the picture comes first.
# A template a tenth wider or tighter costs one to two points of true accepts at a false-accept rate of 1e-5.
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
    dtype=np.float32,
)

_FIELDS = 12


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


def surroundings(image: NDArray[np.uint8], box: Box, scales: Sequence[float], side: int) -> NDArray[np.uint8]:
    """Cut squares about a face, for the liveness network: the skin's texture near by, what holds the picture around.

    Beyond the picture's edge its last row or column goes on: a camera sees no more of the living than of a photograph.
    Each pixel is the mean of those it covers; interpolating between few of them would change the texture.

    Args:
        image: RGB uint8 (H, W, 3).
        box: the face.
        scales: sides of the squares, in lengths of the box's longer side.
        side: of each square in the result, in pixels.

    Returns:
        RGB uint8 (side, side, 3 * len(scales)), the squares' channels one behind the other, in the order of `scales`.
    """
    return np.concatenate([_square(image, box, scale, side) for scale in scales], axis=2)


def colour(square: NDArray[np.uint8]) -> float:
    """How much there is of colour beyond a tint, whatever its noise: 0 for a grey picture under coloured light.

    Args:
        square: RGB uint8 (H, W, 3).

    Returns:
        Standard deviation of what is left of R, or of B, the larger, once it is explained by G as a straight line, over
        12 x 12 fields. Faces in colour have 6 to 20, black-and-white prints 1 to 3.
    """
    fields = cv2.resize(square, (_FIELDS, _FIELDS), interpolation=cv2.INTER_AREA).reshape(-1, 3).astype(np.float64)
    red, green, blue = (fields - fields.mean(axis=0)).T
    shares = green / max(float(green @ green), 1e-9)
    return float(max((one - (one @ shares) * green).std() for one in (red, blue)))


def _square(image: NDArray[np.uint8], box: Box, scale: float, side: int) -> NDArray[np.uint8]:
    length = max(1, round(max(box.width, box.height) * scale))
    height, width = image.shape[:2]
    left, top = (round(box.x + box.width / 2 - length / 2), round(box.y + box.height / 2 - length / 2))
    x = np.clip((left, left + length), 0, (width - 1, width))
    y = np.clip((top, top + length), 0, (height - 1, height))
    inside = image[y[0] : max(y[1], y[0] + 1), x[0] : max(x[1], x[0] + 1)]
    # Counted from what is inside: a square wholly beyond the edge is its last row or column alone.
    before_x, before_y = min(max(-left, 0), length - inside.shape[1]), min(max(-top, 0), length - inside.shape[0])
    after_x, after_y = length - inside.shape[1] - before_x, length - inside.shape[0] - before_y
    whole = cv2.copyMakeBorder(inside, before_y, after_y, before_x, after_x, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(whole, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)
