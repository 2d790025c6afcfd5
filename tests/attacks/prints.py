"""Simulated prints: a picture on paper, held before the camera."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from attacks.camera import Surface, flat, put, seen
from attacks.clip import Clip
from attacks.gloss import some_lamp
from attacks.heads import Still, head
from attacks.paths import Lean, Track, hand, still
from attacks.rooms import room
from attacks.stage import Stage, staged
from attacks.viewpoints import FIRST, Viewpoint
from attacks.visitors import FRAMES

_SKIN = (np.array([110.0, 75, 55]), np.array([225.0, 180, 155]))
"""RGB, the darkest and the lightest hand"""


@dataclass(frozen=True, slots=True)
class Print:
    """A way to show a picture on paper."""

    species: str
    moves: bool = True
    bends: bool = False
    mirrors: bool = False


STANDING = Print("simulated still print", moves=False)
SHAKEN = Print("simulated shaken print")
BENT = Print("simulated bent print", bends=True)
GLOSSY = Print("simulated glossy print", mirrors=True)


def still_print(picture: Still, seed: int, frames: int = FRAMES, view: Viewpoint = FIRST) -> Clip:
    """A print on a stand: nothing moves but the sensor's noise."""
    return on_paper(picture, STANDING, seed, view.times(frames), view).clip()


def shaken_print(picture: Still, seed: int, frames: int = FRAMES, view: Viewpoint = FIRST) -> Clip:
    """A flat print in a hand, with a paper border, fingers, sway, tilt and tremor.

    Not modelled: gloss (`glossy_print` has some), the shadow on what is behind, the arm's owner.
    """
    return on_paper(picture, SHAKEN, seed, view.times(frames), view).clip()


def bent_print(picture: Still, seed: int, frames: int = FRAMES, view: Viewpoint = FIRST) -> Clip:
    """The same, bent round an upright or lying cylinder of 90 to 200 mm radius that itself gives a little."""
    return on_paper(picture, BENT, seed, view.times(frames), view).clip()


def glossy_print(picture: Still, seed: int, frames: int = FRAMES, view: Viewpoint = FIRST) -> Clip:
    """What `shaken_print` shows, of paper that mirrors a lamp or a window.

    Not modelled: what else of the room it mirrors, its sheen in light from all sides, light in colours.
    """
    return on_paper(picture, GLOSSY, seed, view.times(frames), view).clip()


def mask(  # noqa: PLR0913, PLR0917 - what a mask is, and from where it is seen
    picture: Still, wearer: Still, points: NDArray[np.float32], seed: int, frames: int = FRAMES, view: Viewpoint = FIRST
) -> Clip:
    """A face cut out of paper, eyes cut out too, held before the face of a living wearer; half of them bent.

    `points` are the wearer's, as `heads.meshed` gives them. The wearer turns with the mask, and the room is real. Not
    modelled: paper that slips on the face, the wearer's blinking.
    """
    return worn(picture, wearer, points, seed, view.times(frames), view).clip()


def worn(  # noqa: PLR0913, PLR0917 - what a mask is, and from where it is seen
    picture: Still, wearer: Still, points: NDArray[np.float32], seed: int, times: Track, view: Viewpoint = FIRST
) -> Stage:
    """A `mask` for as long as it takes."""
    rng = np.random.default_rng([seed, 5])
    path = hand(rng, times, rng.uniform(500, 750), tilt=8, reach=25)
    paper = cut_out(picture, rng)
    if rng.uniform() < 0.5:
        paper = bent(paper, rng.uniform(100, 200), upright=True)
    person, behind = head(wearer, points), view.behind(room(rng))

    def scene(frame: int, lean: Lean) -> NDArray[np.float32]:
        rotation, shift = path.at(frame, lean)
        wearing = put(behind, person, *seen(person, *view.of(rotation, shift)))
        before = shift + rotation @ np.array([0, 0, -25.0])
        return put(wearing, paper, *seen(paper, *view.of(rotation, before)))

    return staged("simulated cut-out mask", picture.subject, behind, scene, times, seed, rng, view)


def bent(sheet: Surface, radius: float, *, upright: bool) -> Surface:
    """A sheet round a cylinder, its middle nearest to the camera."""
    place = sheet.place.copy()
    axis = 0 if upright else 1
    angle = sheet.place[..., axis] / radius
    place[..., axis] = radius * np.sin(np.clip(angle, -1.4, 1.4))
    place[..., 2] = radius * (1 - np.cos(np.clip(angle, -1.4, 1.4)))
    return Surface(sheet.texture, sheet.alpha, place)


def on_paper(picture: Still, kind: Print, seed: int, times: Track, view: Viewpoint = FIRST) -> Stage:
    """A print for as long as it takes."""
    rng = np.random.default_rng([seed, 2])
    size = picture.millimetres * rng.uniform(0.8, 1.1)
    paper = in_hand(printed(picture, rng), size, rng, held=kind.moves)
    path = hand(rng, times, rng.uniform(420, 800) * size / picture.millimetres, tilt=10)
    if not kind.moves:
        path = still(times, path)
    behind = view.behind(room(rng))
    radius, upright = rng.uniform(90, 200), rng.uniform() < 0.75
    gives = 1 + 0.05 * np.sin(2 * np.pi * rng.uniform(0.3, 1) * times)
    lamp = some_lamp(np.random.default_rng([seed, 10]), path.at(0)[0]) if kind.mirrors else None

    def scene(frame: int, lean: Lean) -> NDArray[np.float32]:
        sheet = bent(paper, radius * float(gives[frame]), upright=upright) if kind.bends else paper
        turned, where = path.at(frame, lean)
        x, y = seen(sheet, *view.of(turned, where))
        shown = put(behind, sheet, x, y)
        if lamp is None:
            return shown
        return lamp.over(shown, cv2.remap(sheet.alpha, x, y, cv2.INTER_LINEAR), turned)

    return staged(kind.species, picture.subject, behind, scene, times, seed, rng, view)


def printed(picture: Still, rng: np.random.Generator) -> NDArray[np.float32]:
    """A picture as a printer gives it: less range, dots of ink, cut wider or narrower about the head."""
    height, width = picture.image.shape[:2]
    margin = int(rng.uniform(0, 0.12) * width)
    cut = picture.image[margin : height - margin or None, margin : width - margin or None].astype(np.float32)
    ink = 255 * (0.06 + 0.86 * (cut / 255) ** rng.uniform(0.85, 1.2)) * rng.uniform(0.92, 1.04, 3)
    return np.asarray(ink + rng.standard_normal(ink.shape, np.float32) * 3, np.float32)


def in_hand(ink: NDArray[np.float32], size: float, rng: np.random.Generator, *, held: bool) -> Surface:
    """A picture with its white border, and the hand that holds it, on a larger clear sheet."""
    border = int(rng.choice([0, 0, 6, 15]) / size)
    sheet = cv2.copyMakeBorder(ink, *[border] * 4, cv2.BORDER_CONSTANT, value=(235, 235, 230))
    high, wide = sheet.shape[:2]
    room_for = int(150 / size)
    texture = cv2.copyMakeBorder(sheet, 20, room_for, 20, 20, cv2.BORDER_REPLICATE)
    alpha = np.zeros(texture.shape[:2], np.float32)
    alpha[20 : 20 + high, 20 : 20 + wide] = 1
    if held:
        _fingers(texture, alpha, (20 + wide * rng.uniform(0.2, 0.8), 20 + high), size, rng)
    return flat(texture, cv2.GaussianBlur(alpha, (0, 0), 0.5), size)


def _fingers(
    texture: NDArray[np.float32],
    alpha: NDArray[np.float32],
    at: tuple[float, float],
    size: float,
    rng: np.random.Generator,
) -> None:
    """A thumb on the sheet, a fist below it and an arm downwards."""
    skin = _SKIN[0] + rng.uniform() * (_SKIN[1] - _SKIN[0])
    x, y = at
    arm = [(x - 30 / size, y + 30 / size), (x + 30 / size, y + 30 / size), (x + 50 / size, 9999), (x - 20 / size, 9999)]
    shapes = [((x, y + 25 / size), (38 / size, 28 / size), 0.0)]
    shapes += [((x + step / size, y + 8 / size), (9 / size, 22 / size), 8.0) for step in (-27, -9, 9, 27)]
    shapes += [((x - 12 / size, y - 6 / size), (11 / size, 24 / size), -15.0)]
    for target, value in ((texture, skin * 0.85), (alpha, 1.0)):
        colour = [float(each) for each in np.atleast_1d(value)]
        cv2.fillPoly(target, [np.array(arm, np.int32)], colour)
        for number, (middle, axes, angle) in enumerate(shapes):
            shade = [each * (1 if target is alpha else 0.9 + 0.06 * number / 2) for each in colour]
            place = (int(middle[0]), int(middle[1])), (max(1, int(axes[0])), max(1, int(axes[1])))
            cv2.ellipse(target, *place, angle, 0, 360, shade, -1, cv2.LINE_AA)


def cut_out(picture: Still, rng: np.random.Generator) -> Surface:
    """The face alone, without its eyes."""
    ink = 255 * (0.06 + 0.86 * (picture.image.astype(np.float32) / 255) ** rng.uniform(0.85, 1.2))
    alpha = np.zeros(ink.shape[:2], np.float32)
    left, right, _, *mouth = picture.face.landmarks.astype(float)
    apart = float(np.linalg.norm(right - left))
    middle = (left + right) / 2 * 0.45 + np.mean(mouth, axis=0) * 0.55
    tilt = float(np.degrees(np.arctan2(*(right - left)[::-1])))
    axes = (int(apart * 1.05), int(apart * 1.45))
    cv2.ellipse(alpha, (int(middle[0]), int(middle[1])), axes, tilt, 0, 360, 1.0, -1)
    for eye in (left, right):
        place = (int(eye[0]), int(eye[1])), (int(apart * 0.2), int(apart * 0.1))
        cv2.ellipse(alpha, *place, tilt, 0, 360, 0.0, -1)
    sheet = flat(ink.astype(np.float32), cv2.GaussianBlur(alpha, (0, 0), 0.6), picture.millimetres)
    place = sheet.place.copy()
    height, width = alpha.shape
    centre = picture.face.landmarks[:3].mean(axis=0) - np.array([width / 2, height / 2])
    place[..., :2] -= (centre * picture.millimetres).astype(np.float32)
    return Surface(sheet.texture, sheet.alpha, place)
