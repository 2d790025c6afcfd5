"""Augmentation: pure, within bounds, and every strength in the recipe does what its name says."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate_trainer.training.augmentation import (
    augment,
    blur,
    brightness,
    contrast,
    jpeg,
    low_light,
    motion_blur,
    saturation,
    shrink,
)
from faceplate_trainer.training.recipe import AugmentationRecipe
from smooth_pictures import pictures

FACE = pictures(1)[0]
NOISE = np.random.default_rng(3).integers(0, 256, (112, 112, 3)).astype(np.uint8)
STRONGEST = {
    "brightness": 1.0,
    "contrast": 1.0,
    "saturation": 1.0,
    "low_light": 1.0,
    "blur": 10.0,
    "motion_blur": 31,
    "shrink": 0.01,
    "jpeg": 1,
}
IMAGES = st.sampled_from([FACE, NOISE, np.zeros_like(FACE), np.full_like(FACE, 255)])


def recipes():
    fields = {
        "chance": st.floats(0, 1),
        "flip": st.floats(0, 1),
        "brightness": st.floats(0, 1),
        "contrast": st.floats(0, 1),
        "saturation": st.floats(0, 1),
        "low_light": st.floats(0, 1),
        "blur": st.floats(0, 10),
        "motion_blur": st.integers(0, 31),
        "shrink": st.floats(0.001, 1),
        "jpeg": st.integers(1, 100),
    }
    assert set(fields) == set(AugmentationRecipe.model_fields)
    return st.builds(AugmentationRecipe, **fields)


@given(recipes(), st.integers(0, 2**32), IMAGES)
def test_a_crop_stays_a_crop_the_same_draw_gives_the_same_and_the_original_is_left_alone(recipe, seed, image):
    before = image.copy()
    changed = augment(image, recipe, np.random.default_rng(seed))
    assert changed.shape == image.shape
    assert changed.dtype == np.uint8
    assert changed.flags["C_CONTIGUOUS"]
    assert np.array_equal(changed, augment(image, recipe, np.random.default_rng(seed)))
    assert np.array_equal(image, before)


@pytest.mark.parametrize("recipe", [AugmentationRecipe(flip=0), AugmentationRecipe(flip=0, chance=0, **STRONGEST)])
def test_without_strength_or_chance_nothing_changes(recipe):
    for seed in range(20):
        assert np.array_equal(augment(FACE, recipe, np.random.default_rng(seed)), FACE)


@pytest.mark.parametrize("name", sorted(set(AugmentationRecipe.model_fields) - {"chance", "flip"}))
def test_every_strength_has_an_effect_of_its_own(name):
    recipe = AugmentationRecipe(flip=0, chance=1, **{name: STRONGEST[name]})
    changed = [augment(FACE, recipe, np.random.default_rng(seed)) for seed in range(5)]
    assert all((each != FACE).any() for each in changed)


def test_turning_one_effect_on_leaves_the_draws_of_the_others():
    for seed in range(10):
        alone = augment(FACE, AugmentationRecipe(chance=1, brightness=0.3), np.random.default_rng(seed))
        blurred = AugmentationRecipe(chance=1, brightness=0.3, blur=1e-9)
        assert np.array_equal(alone, augment(FACE, blurred, np.random.default_rng(seed)))


def test_a_flip_is_a_mirror():
    mirrored = augment(FACE, AugmentationRecipe(flip=1), np.random.default_rng(1))
    assert np.array_equal(mirrored, FACE[:, ::-1])


def test_half_the_crops_are_mirrored_at_a_chance_of_a_half():
    flips = [(augment(FACE, AugmentationRecipe(), np.random.default_rng(i)) != FACE).any() for i in range(400)]
    assert 150 < sum(flips) < 250


def luma(image):
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(float)


def each(effect, image, strength):
    return [effect(image, strength, np.random.default_rng(seed)) for seed in range(30)]


@pytest.mark.parametrize(("effect", "strength"), [(blur, 3.0), (motion_blur, 15), (shrink, 0.2)])
def test_blur_motion_and_distance_take_detail_and_keep_the_light(effect, strength):
    for changed in each(effect, NOISE, strength):
        assert changed.std() <= NOISE.std() + 0.1
        assert changed.mean() == pytest.approx(NOISE.mean(), abs=2)
    assert min(changed.std() for changed in each(effect, NOISE, strength)) < NOISE.std() / 2


def test_motion_smears_along_its_way_only():
    dot = np.zeros((61, 61, 3), np.uint8)
    dot[30, 30] = 255
    longest = max(each(motion_blur, dot, 21), key=lambda image: np.count_nonzero(image[:, :, 0]))
    rows, columns = np.nonzero(longest[:, :, 0])
    assert 12 < np.hypot(np.ptp(rows), np.ptp(columns)) < 24
    assert np.count_nonzero(longest[:, :, 0]) < 45, "a line, not a blot"


def test_brightness_moves_both_ways_within_its_strength():
    shifts = [changed.mean() - 128 for changed in each(brightness, np.full_like(FACE, 128), 0.2)]
    assert min(shifts) < -20
    assert max(shifts) > 20
    assert max(map(abs, shifts)) <= 51.5


def test_contrast_keeps_the_mean_and_changes_the_spread():
    changed = [luma(image) for image in each(contrast, FACE // 4 + 96, 0.5)]
    before = luma(FACE // 4 + 96)
    assert all(image.mean() == pytest.approx(before.mean(), abs=1) for image in changed)
    assert min(image.std() for image in changed) < before.std() * 0.8
    assert max(image.std() for image in changed) > before.std() * 1.2


def test_saturation_keeps_luma_and_grey_stays_grey():
    assert all(np.abs(luma(image) - luma(FACE // 2 + 64)).max() <= 2 for image in each(saturation, FACE // 2 + 64, 0.4))
    grey = np.repeat(FACE[:, :, :1], 3, axis=2)
    assert all(np.ptp(image, axis=2).max() <= 1 for image in each(saturation, grey, 1.0))


def test_low_light_is_darker_and_noisier():
    flat = np.full_like(FACE, 120)
    changed = each(low_light, flat, 1.0)
    assert all(image.mean() < 121 for image in changed)
    assert min(image.mean() for image in changed) < 60
    assert max(image.std() for image in changed) > 8


def test_jpeg_loses_a_little_and_keeps_colours():
    for changed in each(jpeg, FACE, 30):
        assert np.abs(changed.astype(float) - FACE).mean() < 6
        assert changed.mean(axis=(0, 1)) == pytest.approx(FACE.mean(axis=(0, 1)), abs=3)
