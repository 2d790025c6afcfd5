"""Reading pictures: upright RGB, or a refusal that says what was there instead."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

import faceplate
from faceplate.errors import PictureError
from faceplate.pictures import read_picture

MAN = Path(faceplate.__file__).parent / "footage" / "man-1.jpg"

# Left half red, right half blue, a green line at the top; BGR uint8 (48, 64, 3).
PATTERN = np.zeros((48, 64, 3), np.uint8)
PATTERN[:, :32, 2] = PATTERN[:, 32:, 0] = 200
PATTERN[:8] = (0, 200, 0)


def written(path, picture, *options):
    assert cv2.imwrite(str(path), picture, options)
    return path


def with_orientation(jpeg, orientation):
    """The JPEG with an EXIF tag 0x0112, as a telephone writes it."""
    tiff = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    content = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content + jpeg[2:]


def png_of_size(width, height):
    """A PNG that claims a size, without the pixels."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["png", "bmp", "webp", "tiff"])
def test_a_picture_is_rgb(tmp_path, kind):
    options = (cv2.IMWRITE_WEBP_QUALITY, 101) if kind == "webp" else ()
    picture = read_picture(written(tmp_path / f"p.{kind}", PATTERN, *options))
    assert picture.dtype == np.uint8
    assert np.array_equal(picture, PATTERN[..., ::-1])


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(np.full((48, 64), 90, np.uint8), id="grey"),
        pytest.param(np.full((48, 64), 90 * 257, np.uint16), id="16 bits"),
        pytest.param(np.full((48, 64, 4), 90, np.uint8), id="transparent"),
    ],
)
def test_whatever_is_stored_becomes_eight_bits_in_three_colours(tmp_path, stored):
    picture = read_picture(written(tmp_path / "p.png", stored))
    assert picture.dtype == np.uint8
    assert picture.shape == (48, 64, 3)
    assert (picture == 90).all()


@pytest.mark.parametrize(
    ("orientation", "upright"),
    [(1, PATTERN), (3, np.rot90(PATTERN, 2)), (6, np.rot90(PATTERN, -1)), (8, np.rot90(PATTERN, 1))],
)
def test_a_picture_of_a_turned_telephone_is_upright(tmp_path, orientation, upright):
    _, jpeg = cv2.imencode(".jpg", PATTERN, (cv2.IMWRITE_JPEG_QUALITY, 100))
    (tmp_path / "p.jpg").write_bytes(with_orientation(jpeg.tobytes(), orientation))
    picture = read_picture(tmp_path / "p.jpg").astype(int)
    assert picture.shape == upright.shape
    assert np.abs(picture - upright[..., ::-1]).mean() < 10


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"", r"\(0 bytes\) is not a whole picture", id="empty"),
        pytest.param(b"not a picture", r"\(13 bytes\) is not a whole picture", id="text"),
        pytest.param(MAN.read_bytes()[:5000], r"\(5000 bytes\) is not a whole picture", id="cut short"),
        pytest.param(png_of_size(100_000, 100_000), "picture", id="too large to be true"),
    ],
)
def test_what_is_no_whole_picture_is_refused_by_name(tmp_path, content, says):
    (tmp_path / "p.jpg").write_bytes(content)
    with pytest.raises(PictureError, match=rf"p\.jpg.*{says}"):
        read_picture(tmp_path / "p.jpg")


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(PictureError, match=r"cannot read the picture .*nowhere\.jpg: No such file"):
        read_picture(tmp_path / "nowhere.jpg")
    with pytest.raises(PictureError, match="Is a directory"):
        read_picture(tmp_path)
