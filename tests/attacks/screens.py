"""Simulated replays: a live recording shown on a phone or a monitor before the camera."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from attacks.camera import HEIGHT, Surface, flat, put, seen
from attacks.clip import Clip
from attacks.paths import Lean, Track, hand, still
from attacks.rooms import room
from attacks.stage import Stage, staged
from attacks.viewpoints import FIRST, Viewpoint
from faceplate.types import Image


@dataclass(frozen=True, slots=True)
class Screen:
    """A kind of display."""

    species: str
    width: float
    """Millimetres"""
    pitch: tuple[float, float]
    """Millimetres from pixel to pixel, least and most"""
    far: tuple[float, float]
    """Millimetres to the camera"""
    bezel: float
    """Millimetres"""
    held: bool


PHONE = Screen("simulated phone replay", 70, (0.055, 0.09), (150, 260), 4, held=True)
MONITOR = Screen("simulated monitor replay", 480, (0.23, 0.31), (450, 800), 15, held=False)


NEAR = Screen("simulated near monitor replay", 480, (0.23, 0.31), (220, 380), 15, held=False)
"""A monitor so near that a camera pixel sees hardly more than one of its pixels: where moire is to be expected"""


def phone_replay(recording: Clip, seed: int, view: Viewpoint = FIRST) -> Clip:
    """A recording on a phone in a hand."""
    return _replayed(recording, PHONE, seed, view)


def monitor_replay(recording: Clip, seed: int, view: Viewpoint = FIRST) -> Clip:
    """A recording on a monitor that stands."""
    return _replayed(recording, MONITOR, seed, view)


def near_monitor_replay(recording: Clip, seed: int, view: Viewpoint = FIRST) -> Clip:
    """A recording on a monitor close to the camera, whose edges are out of the picture."""
    return _replayed(recording, NEAR, seed, view)


def _replayed(recording: Clip, screen: Screen, seed: int, view: Viewpoint) -> Clip:
    lasts = recording.times[-1] - recording.times[0]
    times = view.times(1 + int(lasts * view.rate + 1e-6))
    return on_screen(
        lambda frame: recording.at(float(times[frame])), recording.subject, screen, seed, times, view
    ).clip()


def on_screen(  # noqa: PLR0913, PLR0917 - what is shown, and from where it is seen
    picture: Callable[[int], Image], subject: str, screen: Screen, seed: int, times: Track, view: Viewpoint = FIRST
) -> Stage:
    """Show `picture` of each frame of the stage. Recordings keep whatever relief they have.

    Modelled: the sub-pixel grid as its three lowest harmonics, damped by lens and pixel, and so aliased where the
    camera is too coarse for it; black level, gamut, gamma and colour of the backlight; bands of refresh or dimming
    against a rolling shutter (on half of the screens); bezel; a reflection; exposure anew. Not modelled: viewing angle,
    local dimming, scaling artefacts of the player, focus on the screen's plane.
    """
    rng = np.random.default_rng([seed, 3])
    path = hand(rng, times, rng.uniform(*screen.far), tilt=6, reach=8)
    if not screen.held:
        path = still(times, path)
    behind, look = view.behind(room(rng)), Look.some(rng)
    pitch = rng.uniform(*screen.pitch)

    def scene(frame: int, lean: Lean) -> NDArray[np.float32]:
        image = picture(frame)
        sheet, size = with_bezel(look.dark(image) if view.infrared else look.shown(image), screen)
        x, y = seen(sheet, *view.of(*path.at(frame, lean)))
        lit = put(behind, sheet, x, y)
        inside = cv2.remap(_inside(sheet), x, y, cv2.INTER_LINEAR)[..., None]
        grid = _grid(x * size / pitch, y * size / pitch, look)
        bands = look.bands(frame)[:, None, None]
        return (lit * (1 - inside + inside * grid * bands) + look.reflection * inside).astype(np.float32)

    return staged(screen.species, subject, behind, scene, times, seed, rng, view)


@dataclass(frozen=True, slots=True)
class Look:
    """How one screen shows pictures."""

    gamma: float
    black: float
    tint: NDArray[np.float64]
    mix: float
    contrast: float
    """Of the sub-pixel grid"""
    band: tuple[float, float, float]
    """Depth, cycles a picture, phase a frame"""
    reflection: NDArray[np.float32]
    lens: float
    """Of the camera before it: blur in pixels, standard deviation"""
    fill: float
    """Share of a pixel's width that sees light"""

    @classmethod
    def some(cls, rng: np.random.Generator) -> Look:
        banded = rng.uniform() < 0.5
        y, x = np.mgrid[:HEIGHT, :640].astype(np.float32)
        spot = np.exp(-(((x - rng.uniform(100, 540)) / 90) ** 2) - ((y - rng.uniform(50, 430)) / 60) ** 2)
        return cls(
            gamma=rng.uniform(0.85, 1.25),
            black=rng.uniform(4, 22),
            tint=np.array([rng.uniform(0.88, 1.0), 1.0, rng.uniform(1.0, 1.12)]),
            mix=rng.uniform(0.0, 0.15),
            contrast=rng.uniform(0.5, 0.9),
            band=(rng.uniform(0.03, 0.15) * banded, rng.uniform(1, 5), rng.uniform(0.3, 2.5)),
            reflection=(spot * rng.uniform(0, 40))[..., None].astype(np.float32),
            lens=rng.uniform(0.12, 0.3),
            fill=rng.uniform(0.5, 1.0),
        )

    def shown(self, image: Image) -> NDArray[np.float32]:
        linear = 255 * (image.astype(np.float32) / 255) ** self.gamma
        grey = linear.mean(axis=2, keepdims=True)
        return np.asarray((linear * (1 - self.mix) + grey * self.mix) * self.tint + self.black, np.float32)

    def dark(self, image: Image) -> NDArray[np.float32]:
        """As infra-red light sees it: backlights have none, and what shines on the glass is all."""
        return np.full(image.shape, self.black, np.float32)

    def passed(self, cycles: float) -> float:
        """Share of a ripple of so many cycles a camera pixel that lens and pixel let through."""
        return float(abs(np.sinc(cycles * self.fill)) * np.exp(-2 * (np.pi * self.lens * cycles) ** 2))

    def bands(self, frame: int) -> NDArray[np.float32]:
        depth, cycles, step = self.band
        rows = np.arange(HEIGHT) / HEIGHT
        return (1 + depth * np.sin(2 * np.pi * cycles * rows + step * frame)).astype(np.float32)


def with_bezel(picture: NDArray[np.float32], screen: Screen) -> tuple[Surface, float]:
    """The screen with its bezel, and the millimetres of one of its texels; the middle of the picture fills it."""
    height, width = picture.shape[:2]
    if screen.held:  # upright, as phones are
        wide = min(width, int(height * 0.62))
        picture = picture[:, (width - wide) // 2 : (width + wide) // 2]
    size = screen.width / picture.shape[1]
    edge = max(2, int(screen.bezel / size))
    texture = cv2.copyMakeBorder(picture, *[edge] * 4, cv2.BORDER_CONSTANT, value=(14, 14, 16))
    texture = cv2.copyMakeBorder(texture, *[2] * 4, cv2.BORDER_REPLICATE)
    alpha = np.zeros(texture.shape[:2], np.float32)
    alpha[2:-2, 2:-2] = 1
    return flat(texture.astype(np.float32), alpha, size), size


def _inside(sheet: Surface) -> NDArray[np.float32]:
    lit = (sheet.texture.sum(axis=2) > 46) & (sheet.alpha > 0)
    return lit.astype(np.float32)


def _grid(x: NDArray[np.float32], y: NDArray[np.float32], look: Look) -> NDArray[np.float32]:
    """How bright each pixel sees the screen's grid, (HEIGHT, WIDTH, 3); `x`, `y` in the screen's own pixels.

    One period of a sub-pixel's light is a slit of a third of the pixel across and a gap between rows: harmonics of a
    box, each damped by the box of a camera's pixel and by its lens.
    """
    across = float(np.median(np.abs(np.diff(x, axis=1))))
    down = float(np.median(np.abs(np.diff(y, axis=0))))
    grid = np.ones((*x.shape, 3), np.float32)
    for order in (1, 2, 3):
        slit = 2 * np.sinc(order / 3) * look.contrast * look.passed(order * across)
        gap = 2 * np.sinc(order * 0.8) * look.contrast * 0.5 * look.passed(order * down)
        rows = gap * np.cos(2 * np.pi * order * y)
        for colour in range(3):
            grid[..., colour] += slit * np.cos(2 * np.pi * order * (x + colour / 3)) + rows
    return np.maximum(grid, 0)
