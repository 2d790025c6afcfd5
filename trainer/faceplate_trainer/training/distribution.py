"""One process, several GPUs, or several machines: who computes what, and how all come to the same decision."""

from __future__ import annotations

import json
import logging
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from faceplate_trainer.training.errors import TrainingError

_WHERE = (" ", "Graph execution error", "Detected at node", "<stack traces")
"""Beginnings of the lines of TensorFlow's messages that lead to a place in the code"""


_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Distribution:
    """The replicas of the tower that learn together. Each sees its share of every batch, gradients are summed."""

    strategy: tf.distribute.Strategy

    chief: bool
    """Whether this process writes the files and judges the tower"""

    @property
    def replicas(self) -> int:
        """Of all processes together."""
        return int(self.strategy.num_replicas_in_sync)

    @property
    def local_replicas(self) -> tuple[int, ...]:
        """Numbers of this process's replicas among all."""
        numbers: list[int] = []

        def note(context: tf.distribute.ValueContext) -> tf.Tensor:
            numbers.append(int(context.replica_id_in_sync_group))
            return tf.constant(0)

        self.strategy.experimental_distribute_values_from_function(note)
        return tuple(numbers)

    def spread(self, values: Sequence[Any]) -> Any:  # noqa: ANN401 - a tensor, or one for each replica
        """One value for each local replica, in order, as `strategy.run` takes them."""
        given = iter(values)
        return self.strategy.experimental_distribute_values_from_function(lambda _: tf.constant(next(given)))

    def first(self, value: Any) -> Any:  # noqa: ANN401 - a tensor, or one for each replica
        """The value of the first local replica."""
        return self.strategy.experimental_local_results(value)[0]

    def from_chief(self, numbers: Callable[[], NDArray[np.float64]], size: int) -> NDArray[np.float64]:
        """What the chief computes, known to all; the others wait for it.

        Args:
            numbers: computes float64 (size,); only called on the chief.
            size: how many numbers there are.
        """
        mine = numbers() if self.chief else np.zeros(size)
        return mine if self.replicas == 1 else self._sum(mine)

    def total(self, number: float) -> float:
        """The sum of one number of each process."""
        return float(self._sum(np.array([number]))[0])

    def _sum(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum over processes: only the first replica of each brings its numbers."""
        shares = [numbers if i == 0 else np.zeros_like(numbers) for i in range(len(self.local_replicas))]

        def add(given: Any) -> Any:  # noqa: ANN401 - a tensor, or one for each replica
            return self.strategy.run(lambda each: all_sum([each])[0], (given,))

        with telling_what_to_do():
            return np.asarray(self.first(tf.function(add)(self.spread(shares))), np.float64)


def distribution_of(kind: Literal["none", "mirrored", "workers"]) -> Distribution:
    """Join the replicas the recipe asks for.

    Raises:
        TrainingError: workers are asked for, and TF_CONFIG does not say who they are, or they cannot be reached.
    """
    if kind == "none":
        return Distribution(tf.distribute.get_strategy(), chief=True)
    if kind == "mirrored":
        return Distribution(tf.distribute.MirroredStrategy(), chief=True)
    workers, number = _workers_and_own_number()
    # TensorFlow waits for as long as it takes: whoever starts machines by hand should see for whom.
    _log.info("waiting until all these workers are there: %s", ", ".join(workers))
    # It does not look at Python's signals meanwhile: Ctrl-C ends the program by itself.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        return Distribution(tf.distribute.MultiWorkerMirroredStrategy(), chief=number == 0)
    except tf.errors.OpError as error:
        raise TrainingError(
            "this worker cannot speak to the others; see that its address in TF_CONFIG is HOST:PORT, its own, and not "
            "in use. TensorFlow says: " + _gist(error)
        ) from error
    finally:
        signal.signal(signal.SIGINT, before)


def all_sum(tensors: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """Sum tensors over all replicas; called inside a replica."""
    # An argument of the step has no device of its own, and TensorFlow refuses to sum such; its copy has one.
    placed = [tf.identity(tensor) for tensor in tensors]
    return list(tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, placed))


@contextmanager
def telling_what_to_do() -> Iterator[None]:
    """TensorFlow's errors that whoever trains can do something about, as errors that say what."""
    try:
        yield
    except (tf.errors.ResourceExhaustedError, MemoryError) as error:
        raise TrainingError(
            "memory is full. Make batch.people (or batch.pairs) smaller, choose a smaller tower.width, or, on a GPU, "
            "set training.mixed_precision=true. TensorFlow says: " + _gist(error)
        ) from error
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.DeadlineExceededError) as error:
        raise TrainingError(
            "another worker is gone or cannot be reached; start all workers again with --resume. TensorFlow says: "
            + _gist(error)
        ) from error


def _gist(error: tf.errors.OpError | MemoryError) -> str:
    """The first line of a message that says something: it begins with where in our code the operation was made."""
    lines = [line for line in str(error).splitlines() if line and not line.startswith(_WHERE)]
    return lines[0] if lines else type(error).__name__


def _workers_and_own_number() -> tuple[list[str], int]:
    """The addresses of all workers, and which of them this one is, from TF_CONFIG."""
    advice = (
        'training.distribute is "workers", so TF_CONFIG must name them all, and this one, such as '
        '{"cluster": {"worker": ["10.0.0.1:2222", "10.0.0.2:2222"]}, "task": {"type": "worker", "index": 0}}'
    )
    try:
        config = json.loads(os.environ["TF_CONFIG"])
        workers, task = list(map(str, config["cluster"]["worker"])), config["task"]
        number = int(task["index"])
    except (KeyError, ValueError, TypeError) as error:
        raise TrainingError(f"{advice}; it is missing or malformed: {error!r}") from error
    if task.get("type") != "worker" or not 0 <= number < len(workers) or len(config["cluster"]) != 1:
        raise TrainingError(f"{advice}; found {os.environ['TF_CONFIG']}")
    return workers, number
