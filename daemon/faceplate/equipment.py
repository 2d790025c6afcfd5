"""Cameras, lock and light, as the configuration names them: concrete classes that others know by their protocols."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from faceplate.camera.camera import Camera
from faceplate.camera.clock import monotonic
from faceplate.camera.live import LiveCamera, Source
from faceplate.camera.paired import PairedCamera, ReplaySource, opened_later
from faceplate.camera.replay import ReplayCamera
from faceplate.config import CameraConfig, CaptureConfig, DoorConfig, SecondCameraConfig
from faceplate.door.drivers.lock import no_hardware
from faceplate.door.drivers.simulated import SimulatedRing
from faceplate.door.drivers.simulated import hardware_of as simulated_hardware
from faceplate.door.hardware import Hardware, Ring
from faceplate.errors import CameraError, DoorError

_log = logging.getLogger(__name__)


def live_camera(config: CaptureConfig, waiting: Callable[[], None] = lambda: None) -> Camera:
    """The camera the configuration names; `waiting` is called while it gives no pictures, and goes on trying."""
    match config.driver:
        case "picamera2":
            from faceplate.camera.picamera2 import Picamera2Camera  # noqa: PLC0415 - imported when chosen

            return Picamera2Camera(config, waiting=waiting)
        case "opencv":
            from faceplate.camera.opencv import OpenCvCamera  # noqa: PLC0415 - imported when chosen

            return OpenCvCamera(config, waiting=waiting)
        case "replay":
            return ReplayCamera(Path(str(config.source)), paced=True)


def second_camera(config: SecondCameraConfig) -> LiveCamera:
    """The second camera, which need not be there yet: it is tried again and again, as one that was lost.

    Raises:
        CameraError: it can never be opened, as what drives it is missing.
    """
    return LiveCamera(opened_later(_source_of(config)), stall_timeout=config.stall_timeout)


def _source_of(config: CaptureConfig) -> Source:
    match config.driver:
        case "picamera2":
            from faceplate.camera.picamera2 import Picamera2Source, load_picamera2  # noqa: PLC0415 - imported when chosen

            return Picamera2Source(config, load_picamera2())
        case "opencv":
            from faceplate.camera.opencv import opencv_source  # noqa: PLC0415 - imported when chosen

            return opencv_source(config)
        case "replay":
            return ReplaySource(Path(str(config.source)))


def door_camera(config: CameraConfig, waiting: Callable[[], None]) -> Camera:
    """What the door looks through: one camera, or two whose frames go together."""
    first = live_camera(config, waiting)
    if config.second is None:
        return first
    try:
        return PairedCamera(first, second_camera(config.second))
    except CameraError:
        first.close()
        raise


def hardware_of(config: DoorConfig) -> Hardware:
    """The hardware the configuration names; never another in its place."""
    match config.driver:
        case "gpiozero":
            from faceplate.door.drivers.gpiozero_driver import hardware_of as real_hardware  # noqa: PLC0415 - imported when chosen

            return real_hardware(config)
        case "simulated":
            return simulated_hardware(config, monotonic)
        case "none":
            return no_hardware()


@contextmanager
def lit(config: DoorConfig) -> Iterator[Ring | None]:
    """The ring of light the configuration names, dark again however this ends; None: there is none."""
    match config.ring, config.driver:
        case None, _:
            yield None
            return
        case wired, "gpiozero":
            from faceplate.door.drivers.gpiod_factory import GpiodFactory  # noqa: PLC0415 - imported when chosen
            from faceplate.door.drivers.gpiozero_ring import GpiozeroRing  # noqa: PLC0415 - imported when chosen

            ring: Ring = GpiozeroRing(wired, partial(GpiodFactory, config.chip))
        case _:
            ring = SimulatedRing()
    try:
        yield ring
    finally:
        try:
            ring.close()
        except DoorError as error:
            _log.warning("the ring of light may still shine: %s", error)
