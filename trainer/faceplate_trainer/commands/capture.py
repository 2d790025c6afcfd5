"""`faceplate-train capture`: pictures of one person from a webcam or a clip."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from faceplate.camera.opencv import OpenCvCamera
from faceplate.camera.replay import ReplayCamera
from faceplate.config import CameraConfig
from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate_trainer.commands.common import eyes_that_only_cut
from faceplate_trainer.data.capture import Album, capture
from faceplate_trainer.data.controls import controls_for

if TYPE_CHECKING:
    from faceplate.camera.camera import Camera
    from faceplate_trainer.commands.common import Subparsers


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "capture",
        help="take anchors and positives of one person with a webcam",
        description="Save the square around a face from a camera or clip: key a saves it to OUT/anchor, p to "
        "OUT/positive, q quits. A frame without a face, or with several, is refused. Keys from a pipe are taken one "
        "for each frame, and any other character lets a frame go by.",
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="the folder for anchor/ and positive/")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--camera", default="0", metavar="N", help="camera number or device (default: %(default)s)")
    source.add_argument("--clip", metavar="SOURCE", help="a video, a folder of pictures, or a stream such as rtsp://")
    parser.add_argument("--window", action="store_true", help="show the picture; needs an OpenCV with windows")
    parser.set_defaults(run=_capture)


def _capture(arguments: argparse.Namespace) -> None:
    eyes = eyes_that_only_cut(load_bundle(DEFAULT_BUNDLE).detector)
    live = arguments.window or sys.stdin.isatty()
    with closing(_camera(arguments, live=live)) as camera, controls_for(window=arguments.window) as controls:
        album = Album(arguments.out)
        capture(camera.frames(), eyes.look, controls, album, live=live)
    print(f"{arguments.out}: " + ", ".join(f"{count} {kind}" for kind, count in album.counts.items()))


def _camera(arguments: argparse.Namespace, *, live: bool) -> Camera:
    source = arguments.clip or arguments.camera
    if arguments.clip and "://" not in source:
        return ReplayCamera(Path(source), paced=live)
    return OpenCvCamera(CameraConfig(source=int(source) if source.isdecimal() else source))
