"""Crops inside the page."""

from __future__ import annotations

import base64

import cv2

from faceplate.errors import PictureError
from faceplate.types import Image

_QUALITY = 82
"""Of JPEG, 0..100: a face of 112 x 112 pixels takes about 4 kB"""


def data_uri(image: Image) -> str:
    """A picture, RGB uint8 (H, W, 3), as an address that holds it.

    Raises:
        PictureError: it cannot be written as JPEG.
    """
    done, encoded = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise PictureError(f"expected a picture that JPEG can hold, received shape {image.shape}, {image.dtype}")
    return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode()
