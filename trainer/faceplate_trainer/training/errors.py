"""What goes wrong in training."""

from __future__ import annotations

from faceplate.errors import FaceplateError


class TrainingError(FaceplateError):
    """Training cannot start, or cannot go on; the message says what to try."""
