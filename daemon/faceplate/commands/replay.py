"""`faceplate replay`: the whole daemon over a recording, with a simulated door."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path

from faceplate import app, playback
from faceplate.access.standing import Forgetful, NoLockout
from faceplate.camera.recording import PICTURES, Stills
from faceplate.camera.replay import ReplayCamera
from faceplate.commands.annotate import Photographer
from faceplate.commands.common import ExitCode, Subparsers, config_of, set_up_logging
from faceplate.commands.narrator import Narrator
from faceplate.config import AccessConfig
from faceplate.types import Seconds


def register(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "replay",
        parents=[common],
        help="show what the door would have done",
        description="Run the whole daemon over a clip, a gif, a picture or a folder of pictures, with the enrolled "
        "people and a simulated door. Prints a line for each decision that changed something and for each door event.",
    )
    parser.add_argument("source", type=Path, metavar="SOURCE", help="video, gif, picture or folder of pictures")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--all", action="store_true", help="also a line for each frame on which nothing was decided")
    parser.add_argument(
        "--visits",
        action="store_true",
        help="each picture of a folder is a visit of its own: somebody who stands still for as long as a decision "
        "takes, and goes; without it a folder is the frames of one film",
    )
    parser.add_argument(
        "--at",
        type=_moment,
        metavar="TIME",
        help="when the recording begins, for schedules, such as 2026-12-24T18:00 (default: now)",
    )
    parser.add_argument(
        "--lockout",
        action=argparse.BooleanOptionalAction,
        help="whether failed visits lock out (default: yes; with --visits no: each picture is judged by itself)",
    )
    parser.add_argument(
        "--realtime", action="store_true", help="play as fast as it was recorded, not as fast as possible"
    )
    parser.add_argument(
        "--pictures", type=Path, metavar="DIR", help="write an annotated picture of each decision there"
    )
    parser.set_defaults(run=_replay)


def _replay(arguments: argparse.Namespace) -> ExitCode:
    config = config_of(arguments)
    set_up_logging(config.log)
    alone = arguments.source.suffix.lower() in PICTURES
    by_itself = arguments.visits or alone
    stills = visits(config.access) if by_itself else Stills(config.camera.frame_rate)
    lockout = not by_itself if arguments.lockout is None else arguments.lockout
    camera = ReplayCamera(arguments.source, paced=arguments.realtime, stills=stills)
    narrator = Narrator(
        camera.clock,
        as_json=arguments.json,
        every_frame=arguments.all,
        name_of=camera.name_of if arguments.source.is_dir() else None,
    )
    photographer = Photographer(arguments.pictures) if arguments.pictures else None
    playback.replay(
        config,
        camera,
        narrator,
        photographer.show if photographer else app.show_nothing,
        standing=Forgetful() if lockout else NoLockout(),
        at=arguments.at,
    )
    return ExitCode.OK


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone()


def visits(rules: AccessConfig) -> Stills:
    """Pictures held just long enough to be decided on, and far enough apart to be visits of their own."""
    frames = rules.frames_considered
    # A little longer than patience, which a sum of rounded times might miss by a hair.
    lasting = max(rules.patience * 1.05, 0.1)
    return Stills(frame_rate=max(frames - 1, 1) / lasting, frames=max(frames, 2), gap=Seconds(rules.visit_window + 1))
