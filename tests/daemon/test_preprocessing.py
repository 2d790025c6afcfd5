"""Where pixels become the network's input: the similarity, and a face put on the template."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.model.preprocessing import CROP_SIZE, TEMPLATE, align, similarity_transform

angles = st.floats(-np.pi, np.pi)
scales = st.floats(0.1, 10)
shifts = st.floats(-500, 500)


def similarity(angle, scale, dx, dy):
    """The 2 x 3 matrix, from its four numbers."""
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[cos, -sin, dx], [sin, cos, dy]])


def moved(points, transform):
    return (points @ transform[:, :2].T + transform[:, 2]).astype(np.float32)


def dots_at(points, size):
    """A black picture with a soft white dot at each point."""
    y, x = np.mgrid[: size[0], : size[1]]
    light = sum(np.exp(-((x - px) ** 2 + (y - py) ** 2) / 8) for px, py in points)
    return np.repeat(np.clip(light * 255, 0, 255).astype(np.uint8)[..., np.newaxis], 3, axis=2)


def centre_of_light(picture, near, radius=8):
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    weight = picture[..., 0] * ((x - near[0]) ** 2 + (y - near[1]) ** 2 < radius**2)
    return np.array([(x * weight).sum(), (y * weight).sum()]) / weight.sum()


@given(angle=angles, scale=scales, dx=shifts, dy=shifts)
def test_a_similarity_is_recovered_from_the_points_it_moved(angle, scale, dx, dy):
    wanted = similarity(angle, scale, dx, dy)
    assert np.allclose(similarity_transform(TEMPLATE, moved(TEMPLATE, wanted)), wanted, atol=1e-2, rtol=1e-4)


@given(angle=angles, scale=scales, dx=shifts, dy=shifts)
def test_there_and_back_is_where_it_began(angle, scale, dx, dy):
    there = moved(TEMPLATE, similarity(angle, scale, dx, dy))
    assert np.allclose(moved(there, similarity_transform(there, TEMPLATE)), TEMPLATE, atol=0.02)


@given(st.lists(st.floats(-20, 20), min_size=10, max_size=10), st.integers(0, 3), st.sampled_from([-1e-3, 1e-3]))
def test_no_neighbouring_similarity_fits_better(noise, which, step):
    source = TEMPLATE + np.array(noise, np.float32).reshape(5, 2)
    best = similarity_transform(source, TEMPLATE)
    numbers = [best[0, 0], best[1, 0], best[0, 2], best[1, 2]]

    def error(a, b, dx, dy):
        fitted = source.astype(float) @ np.array([[a, b], [-b, a]]) + (dx, dy)
        return float(((fitted - TEMPLATE) ** 2).sum())

    other = list(numbers)
    other[which] += step
    assert error(*numbers) <= error(*other) + 1e-9


def test_it_never_mirrors():
    mirrored = TEMPLATE * np.array([-1, 1], np.float32)
    assert np.linalg.det(similarity_transform(mirrored, TEMPLATE)[:, :2]) > 0


@pytest.mark.parametrize(
    ("angle", "scale", "dx", "dy"), [(0, 1, 0, 0), (0, 2, 30, 10), (0.4, 1.5, 120, 20), (-0.5, 0.8, 40, 110)]
)
def test_align_puts_the_landmarks_on_the_template(angle, scale, dx, dy):
    landmarks = moved(TEMPLATE, similarity(angle, scale, dx, dy))
    crop = align(dots_at(landmarks, (360, 360)), landmarks)
    assert (crop.shape, crop.dtype) == ((CROP_SIZE, CROP_SIZE, 3), np.uint8)
    for point in TEMPLATE:
        assert centre_of_light(crop, point) == pytest.approx(point, abs=0.5)


def test_align_keeps_the_order_of_colours():
    picture = np.zeros((200, 200, 3), np.uint8)
    picture[..., 0] = 250
    assert align(picture, TEMPLATE + 20)[50, 50].tolist() == [250, 0, 0]


def test_beyond_the_edge_of_the_picture_a_crop_is_black():
    picture = np.full((200, 200, 3), 255, np.uint8)
    crop = align(picture, TEMPLATE - np.array([56, 0], np.float32))
    assert (crop[:, :54] == 0).all()
    assert (crop[:, 58:] == 255).all()


def test_the_template_is_the_one_the_shipped_weights_were_trained_with():
    # insightface, `arcface_dst`
    assert (
        TEMPLATE.tolist()
        == np.float32(
            [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
        ).tolist()
    )
