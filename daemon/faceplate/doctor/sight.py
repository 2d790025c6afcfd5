"""The camera and the networks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any, Final

import cv2
import numpy as np

from faceplate.config import CameraConfig, CaptureConfig, QualityConfig
from faceplate.doctor.finding import NO_ANSWER, Case, Finding, Level, fault, ok, warning
from faceplate.equipment import live_camera
from faceplate.errors import CameraError
from faceplate.model.bundle import Bundle
from faceplate.recognition import bundle_of
from faceplate.types import Flaw, Frame, Image, Look, Seconds
from faceplate.vision.detector import FaceDetector
from faceplate.vision.eyes import Eyes
from faceplate.vision.network import SiameseNetwork

CONNECT = "Check cable, power and camera.source (docs/cameras.md), and stop other programs that use the camera"
FASTER = "Give it more light (cameras slow down in the dark), ask for smaller frames, or for a lower camera.frame_rate"
LIGHT = "Mind the light: a lamp that falls on the visitor, no sun or lamp behind them, nothing over the lens"
FOCUS = "Clean the lens, take off its film, and focus at the distance at which visitors stand"
STAND = "Mend what is named first: come closer or turn the camera for size and turn, light for dark and bright faces"
REAL = "Name a real camera: camera.driver and camera.source"
CAMERA_CURES: Final = (CONNECT, FASTER, LIGHT, FOCUS, STAND, REAL, NO_ANSWER)

REINSTALL = "Install Faceplate anew, or put back the bundle that vision.bundle names, whole"
MODEL_CURES: Final = (REINSTALL,)

_FAST_ENOUGH = 0.6
"""Of the frames a second that were asked for"""

_ENOUGH_FACES = 5
"""Frames with a face, before a rate means anything"""

_USABLE = 0.5


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen through the camera."""

    frames: int
    seconds: Seconds
    brightness: float
    """Mean luma of all frames, 0..255"""
    sharpness: float
    """Median variance of the Laplacian of the frames; a picture out of focus has hardly any"""
    faces: int = 0
    """Frames with a face"""
    usable: int = 0
    """Frames whose largest face is good enough to be recognised"""
    flaws: Sequence[Flaw] = field(default=())
    """Of the largest faces, the most frequent first"""

    @property
    def fps(self) -> float:
        """Frames a second."""
        return (self.frames - 1) / self.seconds if self.seconds else 0.0

    def __str__(self) -> str:
        """In one line."""
        words = f"{self.fps:.1f} frames/s, brightness {self.brightness:.0f} of 255, sharpness {self.sharpness:.0f}"
        if not self.faces:
            return f"{words}; nobody stood before it"
        flaws = f" ({', '.join(self.flaws)})" if self.flaws else ""
        return f"{words}; a face in {self.faces} frames, usable in {100 * self.usable / self.faces:.0f} %{flaws}"


def camera(case: Case) -> Finding:
    """Look through the camera, or, while the daemon does, ask how it fares."""
    if case.status is not None:
        return as_told(case.status, case.config.camera)
    if case.runs:
        return fault("the daemon has it, and says nothing", NO_ANSWER)
    bundle = bundle_of(case.config.vision)
    eyes = _eyes(case, bundle)
    finding = _looked_through(case, case.config.camera, eyes)
    second = case.config.camera.second
    return finding if second is None or finding.level is not Level.OK else _with_second(finding, case, second, eyes)


def _looked_through(case: Case, config: CaptureConfig, eyes: Eyes) -> Finding:
    with closing(live_camera(config, _impatient(config))) as opened:
        sight = watched(opened.frames(), eyes.look, case.seconds)
    return judged(sight, config, case.config.vision.quality)


def _with_second(first: Finding, case: Case, second: CaptureConfig, eyes: Eyes) -> Finding:
    """The same of the second camera, where the first is well: without it everybody is challenged."""
    try:
        finding = _looked_through(case, second, eyes)
    except CameraError as error:
        return fault(f"the second camera: {error}", CONNECT)
    return replace(finding, found=f"{first.found}; the second camera: {finding.found}")


def as_told(status: Mapping[str, Any], config: CameraConfig) -> Finding:
    """What the running daemon says of its camera."""
    fps, slowest = status.get("fps") or 0.0, status.get("decision_ms_p95")
    if status.get("camera") != "online":
        return fault("the daemon gets no pictures", CONNECT)
    answers = "nobody has come yet" if slowest is None else f"95 % of its answers came within {slowest} ms"
    found = f"the daemon judges {fps:g} frames/s; {answers}"
    if fps < _FAST_ENOUGH * config.frame_rate:
        return warning(f"{found}; {config.frame_rate:g} were asked for", FASTER)
    return _unless_recorded(found, config)


def watched(frames: Iterable[Frame], look: Callable[[Image], Sequence[Look]], lasting: Seconds) -> Sight:
    """Look at frames for so long.

    Raises:
        CameraError: there is none.
    """
    first = last = None
    brightness, sharpness, largest = list[float](), list[float](), list[Look]()
    for frame in frames:
        first, last = first or frame, frame
        grey = cv2.cvtColor(frame.image, cv2.COLOR_RGB2GRAY)
        brightness.append(float(grey.mean()))
        sharpness.append(float(cv2.Laplacian(grey, cv2.CV_32F).var()))
        largest.extend(look(frame.image)[:1])
        if frame.time - first.time >= lasting:
            break
    if first is None or last is None:
        raise CameraError("the camera was opened, and gave no picture at all")
    flaws = Counter(flaw for seen in largest for flaw in seen.flaws)
    return Sight(
        frames=len(brightness),
        seconds=Seconds(last.time - first.time),
        brightness=float(np.mean(brightness)),
        sharpness=float(np.median(sharpness)),
        faces=len(largest),
        usable=sum(not seen.flaws for seen in largest),
        flaws=[flaw for flaw, _ in flaws.most_common()],
    )


def judged(sight: Sight, config: CaptureConfig, limits: QualityConfig) -> Finding:
    """What that is worth."""
    found = str(sight)
    if not limits.min_brightness <= sight.brightness <= limits.max_brightness:
        return warning(f"too {'dark' if sight.brightness < limits.min_brightness else 'bright'}: {found}", LIGHT)
    if sight.sharpness < limits.min_sharpness:
        return warning(f"nothing in the picture is sharp: {found}", FOCUS)
    if sight.frames > 1 and sight.fps < _FAST_ENOUGH * config.frame_rate:
        return warning(f"slow, {config.frame_rate:g} were asked for: {found}", FASTER)
    if sight.faces >= _ENOUGH_FACES and sight.usable < _USABLE * sight.faces:
        return warning(f"faces are seen and cannot be used: {found}", STAND)
    return _unless_recorded(found, config)


def _unless_recorded(found: str, config: CaptureConfig) -> Finding:
    return warning(f"a recording, no camera: {found}", REAL) if config.driver == "replay" else ok(found)


def models(case: Case) -> Finding:
    """Load the bundle and the network; both check themselves, to the golden embedding."""
    bundle = bundle_of(case.config.vision)
    _eyes(case, bundle)
    return ok(f"{bundle.label}: every file as it was made, and {case.config.vision.runtime} gives the golden embedding")


def _eyes(case: Case, bundle: Bundle) -> Eyes:
    vision = case.config.vision
    network = SiameseNetwork(bundle, runtime=vision.runtime, threads=vision.threads)
    detector = FaceDetector(bundle.detector, face_threshold=vision.face_threshold, min_face=vision.min_face)
    return Eyes(detector, network.embed, vision.quality)


def _impatient(config: CaptureConfig) -> Callable[[], None]:
    """What ends the wait for a frame that does not come; called every second of it."""
    left = math.ceil(config.stall_timeout)

    def waiting() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise CameraError(f"the camera was opened, and no picture came for {config.stall_timeout:g} s")

    return waiting
