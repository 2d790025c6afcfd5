"""Pictures for the eye: what the daemon saw at the moment of a decision."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from faceplate.errors import PictureError
from faceplate.types import Decision, Frame, Image, Likeness, Match, Outcome

_GREEN, _RED, _AMBER, _GREY = (60, 190, 80), (220, 60, 50), (240, 170, 40), (170, 170, 170)
_COLOURS = {
    Likeness.VERIFIED: _GREEN,
    Likeness.UNKNOWN: _RED,
    Likeness.AMBIGUOUS: _AMBER,
    Likeness.UNUSABLE: _GREY,
}
_BANNERS = {Outcome.GRANTED: _GREEN, Outcome.DENIED: _RED, Outcome.WARNED: _AMBER, Outcome.NOTHING: _GREY}
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_BANNER_HEIGHT = 34


class Photographer:
    """Writes an annotated picture of every frame on which something was decided."""

    def __init__(self, folder: Path, prefix: str = "") -> None:
        """Make the folder if there is none.

        Raises:
            PictureError: it cannot be made.
        """
        self._folder = folder
        self._prefix = prefix
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PictureError(f"cannot make the folder {folder}: {error.strerror}") from error

    def show(self, frame: Frame, matches: Sequence[Match], decision: Decision) -> None:
        """Keep the frame if it was decided on."""
        if decision.outcome is Outcome.NOTHING:
            return
        file = self._folder / f"{self._prefix}{frame.index:05d}-{decision.outcome}.png"
        if not cv2.imwrite(str(file), cv2.cvtColor(annotated(frame, matches, decision), cv2.COLOR_RGB2BGR)):
            raise PictureError(f"cannot write {file}")


def annotated(frame: Frame, matches: Sequence[Match], decision: Decision) -> Image:
    """The frame with a box and a name for each face, and the decision below: RGB uint8 (H + banner, W, 3)."""
    scale = max(1, round(720 / frame.image.shape[1]))
    picture = np.ascontiguousarray(np.repeat(np.repeat(frame.image, scale, axis=0), scale, axis=1))
    for match in matches:
        _draw(picture, match, scale)
    return np.vstack([picture, _banner(picture.shape[1], decision)])


def _draw(picture: Image, match: Match, scale: int) -> None:
    box, colour = match.sighting.look.face.box, _COLOURS[match.likeness]
    corner = (round(box.x * scale), round(box.y * scale))
    far = (round((box.x + box.width) * scale), round((box.y + box.height) * scale))
    cv2.rectangle(picture, corner, far, colour, 2)
    name = match.person if match.likeness is Likeness.VERIFIED else str(match.likeness)
    cv2.putText(picture, f"{name}  {match.score:.2f}", (corner[0], corner[1] - 8), _FONT, 0.6, colour, 2, cv2.LINE_AA)


def _banner(width: int, decision: Decision) -> Image:
    banner = np.full((_BANNER_HEIGHT, width, 3), _BANNERS[decision.outcome], dtype=np.uint8)
    words = " - ".join(filter(None, [f"access {decision.outcome}", decision.person, str(decision.reason)]))
    cv2.putText(banner, f"frame {decision.frame}  {words}", (10, 23), _FONT, 0.6, (255, 255, 255), 1, cv2.LINE_AA)
    return banner
