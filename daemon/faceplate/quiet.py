"""OpenCV and FFmpeg write to standard error on their own; the daemon says what happened in its own words."""

from __future__ import annotations

import os

import cv2

AV_LOG_QUIET = "-8"


def quiet_opencv() -> None:
    """Stop OpenCV and FFmpeg from writing to standard error. FFmpeg's lines would show a stream's password.

    FFmpeg's level is read once, when OpenCV opens the first video, so this comes before.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", AV_LOG_QUIET)
    logging = getattr(cv2.utils, "logging", cv2)  # OpenCV 5 moved setLogLevel there
    logging.setLogLevel(0)


def steady_opencv() -> None:
    """Keep OpenCV to the thread that calls it.

    Its workers are woken for each picture that is converted, and then wait for more by spinning: at an idle door that
    is a quarter of all work. YuNet gains nothing by them at our sizes. (The Siamese network has threads of its own.)
    """
    cv2.setNumThreads(1)
