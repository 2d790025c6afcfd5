"""The same photograph twice: told by a perceptual hash of the aligned crop.

Of the crop, not of the picture: behind one camera the background is always the same, and would make pictures of
different people alike. And a photograph that was cut or scaled again still gives the same crop.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from faceplate.types import Image

SIDE = 16
"""The hash has SIDE * SIDE bits. Of 64, the least usual, look-alikes differ in 4 and the same photograph in 2."""

LARGEST_DISTANCE = 24
"""Bits in which two hashes of one photograph may differ.

Measured on 4,480 pictures of LFW: the five photographs that are in it twice (one under two names) differ in 16 to 24
bits, the nearest different photographs of one person in 46, of two people in 58. Of neighbouring frames of a
webcam, one in five is this near: those in which nothing moved.
"""

_BANDS = LARGEST_DISTANCE + 1


def fingerprint(crop: Image) -> bytes:
    """The perceptual hash of a crop RGB uint8 (112, 112, 3): signs of a cosine transform's low frequencies."""
    from imagehash import phash  # noqa: PLC0415 - it loads SciPy, which the other commands do without
    from PIL.Image import fromarray  # noqa: PLC0415

    return np.packbits(phash(fromarray(crop), hash_size=SIDE).hash).tobytes()


def repeated(hashes: NDArray[np.uint8], people: Sequence[str]) -> dict[int, int]:
    """Pictures that repeat an earlier one of the same person -> that earlier one, which is none itself.

    Args:
        hashes: uint8 (N, SIDE * SIDE / 8).
        people: who each shows, (N,).
    """
    of_person: dict[str, list[int]] = {}
    for number, person in enumerate(people):
        of_person.setdefault(person, []).append(number)
    return {later: first for own in of_person.values() for later, first in _repeated(hashes, own)}


def under_two_names(hashes: NDArray[np.uint8], people: Sequence[str]) -> dict[int, int]:
    """Pictures that are also there as somebody else's -> the first such other.

    Two hashes that differ in at most k bits agree in one of k + 1 bands at least (the pigeonhole principle), so only
    pictures that agree in a band are compared.
    """
    _, who = np.unique(np.array(people, dtype=np.str_), return_inverse=True)
    found: dict[int, int] = {}
    for band in tqdm(_bands(hashes), desc="two names", total=_BANDS, unit="bands", disable=None):
        for pairs in _neighbours(band):
            one, other = pairs[:, who[pairs[0]] != who[pairs[1]]]
            near = _distance(hashes[one], hashes[other]) <= LARGEST_DISTANCE
            for a, b in zip(one[near].tolist(), other[near].tolist(), strict=True):
                found[a], found[b] = min(b, found.get(a, b)), min(a, found.get(b, a))
    return found


def _repeated(hashes: NDArray[np.uint8], own: Sequence[int]) -> Iterator[tuple[int, int]]:
    kept: list[int] = []
    of_kept = np.empty((len(own), hashes.shape[1]), np.uint8)
    for number in own:
        near = _distance(of_kept[: len(kept)], hashes[number]) <= LARGEST_DISTANCE
        if near.any():
            yield number, kept[int(near.argmax())]
        else:
            of_kept[len(kept)] = hashes[number]
            kept.append(number)


def _bands(hashes: NDArray[np.uint8]) -> Iterator[NDArray[np.int64]]:
    """The hashes' bits in bands, each as a number, (N,). Neighbouring bits, which are alike, go to different bands."""
    bits = np.unpackbits(hashes, axis=1)
    for start in range(_BANDS):
        band = bits[:, start::_BANDS].astype(np.int64)
        yield band @ (1 << np.arange(band.shape[1]))


def _neighbours(band: NDArray[np.int64]) -> Iterator[NDArray[np.intp]]:
    """All pairs of places with the same number, (2, M), in portions no longer than the band."""
    order = np.argsort(band, kind="stable")
    band = band[order]
    starts, step = np.arange(len(band)), 1
    while len(starts := starts[: np.searchsorted(starts, len(band) - step)]):
        starts = starts[band[starts] == band[starts + step]]
        yield np.stack([order[starts], order[starts + step]])
        step += 1


def _distance(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Bits in which hashes differ (the Hamming distance), (N,)."""
    ones = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1, dtype=np.uint8)
    return np.asarray(ones[one ^ other].sum(axis=1, dtype=np.intp))


def hashes_of(fingerprints: Sequence[bytes]) -> NDArray[np.uint8]:
    """Fingerprints as the array that the searches take, uint8 (N, SIDE * SIDE / 8)."""
    return np.frombuffer(b"".join(fingerprints), np.uint8).reshape(len(fingerprints), SIDE * SIDE // 8)
