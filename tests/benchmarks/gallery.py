"""What one more enrolled person costs: time to name a face in ever larger galleries, against one embedding."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import cv2
import numpy as np
from common import WHOLE, Laps, Task, interleaved, median, milliseconds, ratio, table, tell_machine, timed
from ours import configuration

from faceplate.people.person import Anchor, Person
from faceplate.recognition import Recognition
from faceplate.types import Box, Embedding, Face, Look, Pixels, Sighting, TrackId

ANCHORS = (1, 10, 100, 1000, 10000)
ANCHORS_PER_PERSON = 5
EMBEDDING = "one embedding"


def main() -> None:
    """Measure galleries of random faces."""
    parser = argparse.ArgumentParser(prog="python tests/benchmarks/gallery.py", description=__doc__)
    parser.add_argument("--rounds", type=int, default=60, help="default: %(default)s")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    tell_machine()
    with tempfile.TemporaryDirectory() as folder:
        config = configuration(Path(folder), threads=1)
        recognition = Recognition(config.vision, config.people)
        with recognition.gallery.changing():  # makes the key that embeddings are turned by
            pass
        measure(recognition, arguments.rounds)


def measure(recognition: Recognition, rounds: int) -> None:
    """Measure all sizes by turns and print them."""
    random = np.random.default_rng(0)
    galleries = {count: people(count, recognition, random) for count in ANCHORS}
    tasks: dict[str, Task] = {EMBEDDING: embedding_task(recognition)}
    tasks |= {str(count): matching_task(recognition, everybody) for count, everybody in galleries.items()}
    laps = interleaved(tasks, rounds)
    one = laps.pop(EMBEDDING)
    rows = [(EMBEDDING, "", milliseconds(median(one)), "1")]
    rows += [
        (name, str(len(galleries[int(name)])), milliseconds(median(each)), ratio(each, one))
        for name, each in laps.items()
    ]
    table(("anchors", "people", "time", "ratio to one embedding"), rows)
    few, many = ANCHORS[2], ANCHORS[-1]
    extra = (median(laps[str(many)]) - median(laps[str(few)])) / (len(galleries[many]) - len(galleries[few]))
    print(
        f"one more person: {1e6 * extra:.2f} us, {extra / median(one):.1e} of one embedding ({few} to {many} anchors)"
    )


def embedding_task(recognition: Recognition) -> Task:
    """Embed a face."""
    crop = recognition.bundle.golden_crop

    def embed(_: int) -> Laps:
        laps: Laps = {}
        timed(WHOLE, recognition.network.embed, laps)(crop)
        return laps

    return embed


def matching_task(recognition: Recognition, everybody: list[Person]) -> Task:
    """Name a face as one of `everybody`."""
    crop, matcher = recognition.bundle.golden_crop, recognition.matcher(everybody)
    probe = sighting(recognition.network.embed(crop))

    def match(_: int) -> Laps:
        laps: Laps = {}
        matcher.match(probe)  # the network lays itself out for this size of gallery, as the daemon's does once
        recognition.network.embed(crop)  # a match always follows an embedding, and finds the caches full of it
        timed(WHOLE, matcher.match, laps)(probe)
        return laps

    return match


def people(anchors: int, recognition: Recognition, random: np.random.Generator) -> list[Person]:
    """Strangers with random embeddings, five anchors each."""
    crop = np.zeros((112, 112, 3), np.uint8)
    size = recognition.bundle.manifest.embedding_size
    everything = [Anchor(crop, unit(random.normal(size=size))) for _ in range(anchors)]
    return [
        Person(f"{first}", f"Person {first}", "", recognition.bundle.id, tuple(everything[first:][:ANCHORS_PER_PERSON]))
        for first in range(0, anchors, ANCHORS_PER_PERSON)
    ]


def unit(vector: np.typing.NDArray[np.float64]) -> Embedding:
    """The vector's direction."""
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def sighting(embedding: Embedding) -> Sighting:
    """A face that is good enough, of which only the embedding matters here."""
    face = Face(Box(Pixels(0), Pixels(0), Pixels(100), Pixels(100)), np.zeros((5, 2), np.float32), 1.0)
    return Sighting(TrackId(1), Look(face, np.zeros((112, 112, 3), np.uint8), (), embedding))


if __name__ == "__main__":
    main()
