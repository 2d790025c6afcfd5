"""Small recordings for tests, made on the spot."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

CLEAR, END = 128, 129
"""LZW codes of a gif with 128 colours"""


def noise(seed: int) -> NDArray[np.uint8]:
    """A picture that compresses badly. BGR uint8 (96, 128, 3)."""
    return np.random.default_rng(seed).integers(0, 255, (96, 128, 3), dtype=np.uint8)


def write_video(path: Path, frames: Iterable[NDArray[np.uint8]], rate: float = 10.0, code: str = "mp4v") -> Path:
    """A video of these pictures (BGR)."""
    pictures = list(frames)
    height, width = pictures[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*code), rate, (width, height))
    assert writer.isOpened()
    for picture in pictures:
        writer.write(picture)
    writer.release()
    return path


def write_gif(path: Path, delays: Sequence[int]) -> Path:
    """A gif of 16 x 16 red and blue pictures by turns, shown for so many milliseconds each.

    By hand, since OpenCV before 4.12 writes no gifs. The LZW codes (GIF89a, appendix F) are kept to whole bytes by
    clearing the table before it would outgrow them.
    """
    palette = bytes((255, 0, 0, 0, 0, 255)) + bytes(126 * 3)
    content = b"GIF89a" + struct.pack("<HHBBB", 16, 16, 0xF6, 0, 0) + palette
    for number, delay in enumerate(delays):
        content += b"\x21\xf9\x04\x00" + struct.pack("<H", delay // 10) + b"\x00\x00"
        content += b"\x2c" + struct.pack("<HHHHB", 0, 0, 16, 16, 0) + b"\x07"
        for _ in range(4):
            content += bytes((65, CLEAR)) + bytes([number % 2]) * 64
        content += bytes((1, END, 0))
    path.write_bytes(content + b";")
    return path


def cut(path: Path, share: float = 0.5) -> Path:
    """Only the first part of the file is left."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path
