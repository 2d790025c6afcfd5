"""Reading ahead: in order, bounded, and without threads left behind."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from faceplate.errors import PictureError
from faceplate_trainer.data.prepared import people_of
from faceplate_trainer.training.batches import PairBatches, crowd_of, left_people
from faceplate_trainer.training.reading import BatchReader, read_ahead
from faceplate_trainer.training.recipe import AugmentationRecipe
from tiny_dataset import tiny_dataset


def readers():
    return [thread for thread in threading.enumerate() if thread.name.startswith("read-ahead")]


def test_what_is_read_comes_in_order():
    with read_ahead(lambda step: step * step, 3, 50) as squares:
        assert list(squares) == [step * step for step in range(3, 50)]
    assert not readers()


def test_only_a_few_are_read_ahead():
    started = []
    with read_ahead(started.append, 0, 1000) as given:
        next(given)
        next(given)
    assert len(started) < 20
    assert not readers()


def test_an_error_comes_out_at_its_turn_and_stops_the_threads():
    def read(step):
        if step == 5:
            raise PictureError("damaged")
        return step

    with read_ahead(read, 0, 1000) as given:
        assert [next(given) for _ in range(5)] == [0, 1, 2, 3, 4]
        with pytest.raises(PictureError, match="damaged"):
            next(given)
    assert not readers()


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    prepared = tiny_dataset(tmp_path_factory.mktemp("data"), {"train": {"ada": 3, "ben": 2, "cyd": 1}})
    crops = prepared.of("train")
    crowd = crowd_of(people_of(crops))
    targets = np.arange(len(crops) * 2, dtype=np.float32).reshape(-1, 2)
    recipe = AugmentationRecipe(brightness=0.3, low_light=0.5)
    return BatchReader(
        prepared, crops, crowd.owner, PairBatches(crowd, left_people(crowd, "training"), 4, 7), recipe, 7, targets
    )


def test_a_batch_is_pictures_with_their_people_and_targets(reader):
    batch = reader.read(2, 0, 1)
    chosen = reader.batches.at(2)
    assert batch.images.shape == (8, 112, 112, 3)
    assert batch.images.dtype == np.uint8
    assert np.array_equal(batch.labels, reader.owner[chosen])
    assert np.array_equal(batch.targets, reader.targets[chosen])


def test_the_shares_of_two_workers_are_the_whole_batch_pixel_for_pixel(reader):
    whole, first, second = reader.read(9, 0, 1), reader.read(9, 0, 2), reader.read(9, 1, 2)
    assert np.array_equal(whole.images, np.concatenate([first.images, second.images]))
    assert np.array_equal(whole.labels, np.concatenate([first.labels, second.labels]))


def test_a_picture_is_changed_anew_in_each_step(reader):
    batches = [reader.read(step, 0, 1) for step in range(12)]
    crops = np.concatenate([reader.batches.at(step) for step in range(12)])
    images = np.concatenate([batch.images for batch in batches])
    shown = [images[i].tobytes() for i in np.flatnonzero(crops == crops[0])]
    assert len(shown) > 3
    assert len(set(shown)) > len(shown) / 2
