from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.model.template import template


def first_pixels(crop):
    """A network of its own: the colours of the left edge, as a unit vector."""
    vector = crop[:, 0].astype(np.float32).ravel() + 1
    return vector / np.linalg.norm(vector)


@given(seed=st.integers(0, 2**32 - 1))
def test_it_lies_between_a_face_and_its_mirror_image_nearer_to_the_face(seed):
    crop = np.random.default_rng(seed).integers(0, 256, (112, 112, 3), np.uint8)
    face, mirror = first_pixels(crop), first_pixels(crop[:, ::-1])
    kept = template(crop, first_pixels)
    assert np.linalg.norm(kept) == pytest.approx(1, abs=1e-6)
    assert kept @ face > kept @ mirror > face @ mirror
    assert np.linalg.matrix_rank(np.stack([kept, face, mirror]).astype(np.float64), tol=1e-5) == 2


def test_a_symmetric_face_is_kept_as_it_is():
    crop = np.full((112, 112, 3), 90, np.uint8)
    assert template(crop, first_pixels) == pytest.approx(first_pixels(crop), abs=1e-6)


def test_the_network_is_given_whole_arrays():
    """A runtime reads a view with negative strides wrongly, or not at all."""
    given_to_it = []

    def embed(crop):
        given_to_it.append(crop.flags["C_CONTIGUOUS"])
        return first_pixels(crop)

    template(np.zeros((112, 112, 3), np.uint8), embed)
    assert given_to_it == [True, True]
