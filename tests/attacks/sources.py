"""Where living people come from: the package's footage, and the research pictures where they are at hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from attacks.clip import LIVE, RATE, Clip, clip, windows
from attacks.heads import Still
from faceplate.commands.demo import FOOTAGE
from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate.pictures import read_picture
from faceplate.types import Image, Pixels
from faceplate.vision.detector import FaceDetector

LENGTH, STEP = 18, 4
"""Frames of a presentation, and between the beginnings of two"""


def detector(min_face: float = 40.0) -> FaceDetector:
    """The bundle's, as the daemon has it."""
    return FaceDetector(load_bundle(DEFAULT_BUNDLE).detector, face_threshold=0.8, min_face=Pixels(min_face))


def film(path: Path, rate: float, seconds: tuple[float, float] = (0, 1e9)) -> list[Image]:
    """A part of a video's frames, thinned to about `RATE`. `rate` is the video's own."""
    capture = cv2.VideoCapture()
    assert capture.open(str(path), cv2.CAP_FFMPEG), path
    images: list[Image] = []
    number = 0
    while (read := capture.read())[0]:
        if seconds[0] <= number / rate < seconds[1] and int(number * RATE / rate) != int((number - 1) * RATE / rate):
            images.append(np.asarray(cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB), np.uint8))
        number += 1
    return images


def footage() -> list[Clip]:
    """Real recordings that come with the package, whole: at 12 frames a second as they are."""
    return [
        clip(LIVE, name, film(FOOTAGE / f"{name}.mp4", RATE), [i / 12 for i in range(count)])
        for name, count in (("woman", 23), ("man-and-woman", 56))
    ]


def recordings(data: Path) -> list[Clip]:
    """Real recordings of the research data, whole."""
    intel = data / "clips_dev" / "intel"
    nuaa = [read_picture(path) for path in sorted((data / "nuaa_seq_dev" / "0004_live").glob("*.jpg"))]
    hamilton = data / "clips_dev" / "hamilton" / "short_hamilton_clip.mp4"
    return [
        clip(LIVE, "nuaa-0004", nuaa[::2]),
        clip(LIVE, "nuaa-0004", nuaa[1::2]),
        clip(LIVE, "hamilton", film(hamilton, 29.97, (84 / 29.97, 212 / 29.97))),
        clip(LIVE, "intel-man", film(intel / "head-pose-face-detection-male.gif", RATE)),
        *footage(),
    ]


def presentations(whole: list[Clip], length: int = LENGTH, step: int = STEP) -> list[Clip]:
    """Every recording cut into presentations that overlap."""
    return [part for each in whole for part in windows(each, min(length, len(each.images)), step)]


def stills(data: Path, people: int, seed: int = 0) -> Iterator[Still]:
    """One picture each of so many people of LFW, drawn at random; only where one face is found, and is large enough."""
    folders = sorted((data / "lfw_dev" / "images").iterdir())
    find = detector()
    count = 0
    for number in np.random.default_rng(seed).permutation(len(folders)):
        pictures = sorted(folders[number].glob("*.jpg"))
        if count == people or not pictures:
            return
        still = still_of(read_picture(pictures[0]), folders[number].name, find)
        if still is not None and still.face.box.width > 70:
            count += 1
            yield still


def still_of(image: Image, subject: str, find: FaceDetector) -> Still | None:
    """A picture with exactly one face; None of any other."""
    faces = find.find(image)
    return Still(subject, image, faces[0]) if len(faces) == 1 else None
