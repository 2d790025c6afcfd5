"""Picture files -> pixels, and pixels -> JPEG of a bounded size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from faceplate.errors import PictureError
from faceplate.types import Image, Pixels


def read_picture(file: Path) -> Image:
    """A picture file as RGB uint8 (H, W, 3), turned upright.

    Raises:
        PictureError: it is not there, or is not a whole picture.
    """
    try:
        # Decoded from memory, a picture cut short is refused; from a file OpenCV would fill it up with grey.
        content = file.read_bytes()
    except OSError as error:
        raise PictureError(f"cannot read the picture {file}: {error.strerror}") from error
    return decoded(content, str(file))


def decoded(content: bytes, name: str) -> Image:
    """The content of a picture file as RGB uint8 (H, W, 3), turned upright; `name` is what to call it.

    Raises:
        PictureError: it is not a whole picture.
    """
    try:
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
    except cv2.error as error:
        raise PictureError(f"{name} is not a picture this program can use: {error}") from error
    if picture is None:
        raise PictureError(
            f"{name} ({len(content)} bytes) is not a whole picture of a known kind (JPEG, PNG, WebP, ...)"
        )
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def jpeg_of(image: Image, longest_side: Pixels, most_bytes: int, qualities: Sequence[int]) -> bytes:
    """A picture as a JPEG.

    Args:
        image: RGB uint8 (H, W, 3).
        longest_side: pixels it may have; a larger picture is made smaller.
        most_bytes: it should have; the first of the qualities with which it is so small is used.
        qualities: JPEG's, 0..100, falling; the last is used if none is small enough.
    """
    scale = min(1.0, longest_side / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
    picture = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
    encoded = b""
    for quality in qualities:
        encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(encoded) <= most_bytes:
            break
    return encoded
