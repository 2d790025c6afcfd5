# ruff: noqa: E402 - what the trainer needs may be absent, and is asked for first
from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("imagehash")
pytestmark = pytest.mark.trainer

from faceplate.pictures import read_picture
from faceplate_trainer.data.duplicates import (
    LARGEST_DISTANCE,
    SIDE,
    fingerprint,
    hashes_of,
    repeated,
    under_two_names,
)

BITS = SIDE * SIDE


@st.composite
def collections(draw):
    """Hashes near a few centres, some at the limit to the bit, and whose they are."""
    centres = np.random.default_rng(draw(st.integers(0, 2**32 - 1))).integers(0, 2, (3, BITS), dtype=np.uint8)
    hashes, people = [], []
    for _ in range(draw(st.integers(1, 14))):
        bits = centres[draw(st.integers(0, 2))].copy()
        turned = draw(st.sampled_from([0, 1, 2, LARGEST_DISTANCE - 1, LARGEST_DISTANCE, LARGEST_DISTANCE + 1]))
        start = draw(st.integers(0, BITS - 1))
        bits[np.arange(start, start + turned * 7, 7) % BITS] ^= 1
        hashes.append(np.packbits(bits))
        people.append(draw(st.sampled_from(["Anna", "Boris", "Chloe"])))
    return np.array(hashes), people


def distance(one, other) -> int:
    return int(np.unpackbits(one ^ other).sum())


@given(collections())
def test_finds_the_repeated_as_comparing_all_with_all_does(collection) -> None:
    hashes, people = collection
    kept, expected = [], {}
    for number, person in enumerate(people):
        firsts = [k for k in kept if people[k] == person and distance(hashes[k], hashes[number]) <= LARGEST_DISTANCE]
        if firsts:
            expected[number] = firsts[0]
        else:
            kept.append(number)
    assert repeated(hashes, people) == expected


@given(collections())
def test_finds_two_names_as_comparing_all_with_all_does(collection) -> None:
    hashes, people = collection
    expected = {}
    for a in range(len(people)):
        others = [
            b
            for b in range(len(people))
            if people[a] != people[b] and distance(hashes[a], hashes[b]) <= LARGEST_DISTANCE
        ]
        if others:
            expected[a] = others[0]
    assert under_two_names(hashes, people) == expected


def test_finds_the_one_pair_among_thousands() -> None:
    hashes = np.random.default_rng(3).integers(0, 256, (5000, BITS // 8), dtype=np.uint8)
    bits = np.unpackbits(hashes[17])
    bits[:: BITS // LARGEST_DISTANCE][:LARGEST_DISTANCE] ^= 1
    hashes[4321] = np.packbits(bits)
    assert under_two_names(hashes, [str(number) for number in range(5000)]) == {17: 4321, 4321: 17}


def test_nothing_repeats_nothing() -> None:
    none = hashes_of([])
    assert repeated(none, []) == {}
    assert under_two_names(none, []) == {}


@pytest.mark.research_data
def test_tells_the_same_photograph_from_another_of_the_same_person(research_data) -> None:
    def crop(number):
        image = read_picture(research_data / f"lfw_dev/images/Ari_Fleischer/Ari_Fleischer_{number:04d}.jpg")
        return cv2.resize(image[75:187, 75:187], (112, 112))

    first, same, other = (np.frombuffer(fingerprint(crop(number)), np.uint8) for number in (6, 11, 1))
    assert distance(first, same) <= LARGEST_DISTANCE < distance(first, other)


def test_saving_a_photograph_again_does_not_hide_it() -> None:
    smooth = cv2.resize(np.random.default_rng(5).integers(0, 255, (14, 14, 3), dtype=np.uint8), (112, 112))
    again = cv2.imdecode(cv2.imencode(".jpg", smooth, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_COLOR)
    one, other = (np.frombuffer(fingerprint(crop), np.uint8) for crop in (smooth, again))
    assert distance(one, other) <= LARGEST_DISTANCE
