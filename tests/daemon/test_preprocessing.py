"""Where pixels become the network's input: the similarity, and a face put on the template."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.model.preprocessing import CROP_SIZE, TEMPLATE, align, colour, similarity_transform, surroundings
from faceplate.types import Box

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


def coordinates(width, height):
    """A picture that says of each pixel where it is: red is x, green is y."""
    y, x = np.mgrid[:height, :width]
    return np.dstack([x, y, np.zeros_like(x)]).astype(np.uint8)


def test_squares_lie_about_the_face_one_behind_the_other():
    cut = surroundings(coordinates(200, 160), Box(80, 50, 40, 60), (1.0, 2.0), 30)
    assert cut.shape == (30, 30, 6)
    assert cut.dtype == np.uint8
    near, far = cut[..., :3], cut[..., 3:]
    # 60 pixels about (100, 80), and 120: each pixel of the square is the mean of 2 x 2, and of 4 x 4.
    assert near[0, 0, :2] == pytest.approx([70.5, 50.5], abs=0.51)
    assert far[0, 0, :2] == pytest.approx([41.5, 21.5], abs=0.51)
    assert near[-1, -1, :2] == pytest.approx([128.5, 108.5], abs=0.51)


def test_a_square_of_its_own_size_is_the_picture_itself():
    image = coordinates(64, 64)
    assert (surroundings(image, Box(16, 16, 32, 32), (1.0,), 32) == image[16:48, 16:48]).all()


def test_beyond_the_edge_the_last_row_and_column_go_on():
    image = coordinates(64, 48)
    cut = surroundings(image, Box(-16, -16, 32, 32), (1.0,), 32)
    assert (cut[:17, :17] == image[0, 0]).all()
    assert (cut[16:, 16:] == image[:16, :16]).all()


@given(
    x=st.floats(-300, 300),
    y=st.floats(-300, 300),
    width=st.floats(0.1, 400),
    height=st.floats(0.1, 400),
    scale=st.floats(0.3, 4),
)
def test_any_box_gives_squares_of_the_pictures_own_colours(x, y, width, height, scale):
    image = np.full((48, 64, 3), (10, 200, 90), np.uint8)
    cut = surroundings(image, Box(x, y, width, height), (scale, 1.0), 24)
    assert cut.shape == (24, 24, 6)
    assert (cut == np.tile(image[0, 0], 2)).all()


def test_colour_is_what_no_tint_explains_and_noise_is_none():
    draw = np.random.default_rng(0)
    grey = np.repeat(draw.integers(0, 200, (12, 12, 1)).repeat(8, axis=0).repeat(8, axis=1), 3, axis=2)
    assert colour(grey.astype(np.uint8)) == 0
    assert colour(np.full((96, 96, 3), (200, 150, 90), np.uint8)) == 0
    assert colour((grey * (1.2, 1, 0.7)).astype(np.uint8)) < 1
    assert colour((grey + draw.integers(0, 30, grey.shape)).astype(np.uint8)) < 3
    halves = np.full((96, 96, 3), 100, np.uint8)
    halves[:48, :, 0] = 140
    assert colour(halves) == pytest.approx(20)
