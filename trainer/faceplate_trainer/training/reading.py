"""Batches read from disk and augmented ahead of the step, by a few threads; pictures are never all in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from faceplate_trainer.data.prepared import Crop, Prepared
from faceplate_trainer.training.augmentation import augment
from faceplate_trainer.training.batches import Batches, augmentation_draw, share_of
from faceplate_trainer.training.recipe import AugmentationRecipe

_THREADS = 4
_AHEAD = 8
"""Batches that may wait to be used"""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Batch:
    """What one replica looks at in one step."""

    images: NDArray[np.uint8]
    """RGB uint8 (B, 112, 112, 3)"""

    labels: NDArray[np.int32]
    """Number of the person, (B,)"""

    targets: NDArray[np.float32]
    """What a teacher makes of each crop, (B, T); (B, 0) without one"""


@dataclass(frozen=True, slots=True)
class BatchReader:
    """Reads and augments the crops of a step."""

    prepared: Prepared
    crops: Sequence[Crop]
    owner: NDArray[np.intp]
    """Number of the person each crop shows, (N,)"""

    batches: Batches
    augmentation: AugmentationRecipe
    seed: int

    targets: NDArray[np.float32]
    """(N, T), may be mapped from a file; (N, 0) without a teacher"""

    def read(self, step: int, replica: int, replicas: int) -> Batch:
        """The share of one replica in a step.

        Raises:
            PictureError: a crop is missing or damaged.
        """
        chosen = self.batches.at(step)
        rows = share_of(self.batches.rows, self.batches.group, replica, replicas)
        images = [self._image(int(chosen[row]), step, int(row)) for row in rows]
        mine = chosen[rows]
        return Batch(np.stack(images), self.owner[mine].astype(np.int32), np.asarray(self.targets[mine], np.float32))

    def _image(self, crop: int, step: int, row: int) -> NDArray[np.uint8]:
        pixels = self.prepared.pixels(self.crops[crop])
        return augment(pixels, self.augmentation, augmentation_draw(self.seed, step, row))


@contextmanager
def read_ahead(read: Callable[[int], _T], first: int, end: int) -> Iterator[Iterator[_T]]:
    """Give `read(first)`, ..., `read(end - 1)` in order, a few of them ahead of time.

    Leaving the context stops the threads, whatever was still to be read. An error of `read` comes out at its turn.
    """
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="read-ahead") as pool:
        try:
            yield _in_order(pool, read, first, end)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _in_order(pool: ThreadPoolExecutor, read: Callable[[int], _T], first: int, end: int) -> Iterator[_T]:
    waiting: deque[Future[_T]] = deque()
    following = iter(range(first, end))
    for step in following:
        waiting.append(pool.submit(read, step))
        if len(waiting) == _AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
