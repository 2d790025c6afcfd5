"""Picture files -> pixels."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from faceplate.errors import PictureError
from faceplate.types import Image


def read_picture(file: Path) -> Image:
    """A picture file as RGB uint8 (H, W, 3), turned upright.

    Raises:
        PictureError: it is not there, or is not a whole picture.
    """
    try:
        # Decoded from memory, a picture cut short is refused; from a file OpenCV would fill it up with grey.
        content = np.frombuffer(file.read_bytes(), np.uint8)
        picture = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
    except OSError as error:
        raise PictureError(f"cannot read the picture {file}: {error.strerror}") from error
    except cv2.error as error:
        raise PictureError(f"{file} is not a picture this program can use: {error}") from error
    if picture is None:
        raise PictureError(
            f"{file} ({content.size} bytes) is not a whole picture of a known kind (JPEG, PNG, WebP, ...)"
        )
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)
