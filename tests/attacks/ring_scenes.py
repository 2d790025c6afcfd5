"""Simulated visitors and attacks under a ring light about the camera. Which colours it shines is up to whoever asks.

Skin, paper and cloth answer by Lambert's law and the square of the distance, times what they reflect of the light that
is there anyway; screens by a few percent, whatever they show.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from attacks import prints, screens
from attacks.camera import HEIGHT, WIDTH, Sensor, Surface, put, seen, some_sensor
from attacks.heads import Still, head
from attacks.paths import hand, still, visitor
from attacks.rooms import room
from faceplate.types import Image

NEAR = 500.0
"""Millimetres from the ring at which `Installation.ratio` is told"""

_THIN = 2
"""Light is reckoned with for every so-many-th pixel, it changes slowly"""
_COARSE = 3
"""And for every so-many-th texel"""

Map = NDArray[np.float32]
"""float32 (HEIGHT / _THIN, WIDTH / _THIN)"""

Times = NDArray[np.float64]
"""Seconds, float64 (N,)"""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is before the camera on one frame."""

    picture: NDArray[np.float32]
    """RGB float32 (HEIGHT, WIDTH, 3), 0..255, without the ring"""

    answer: Map
    """How much of the ring's light arrives where something reflects as much of it as of the other light; 1: facing the
    ring, `NEAR` it"""

    sheen: Map
    """What of it a screen reflects whatever it shows, in parts of the white of the room"""


Stage = Callable[[int], Scene]


@dataclass(frozen=True, slots=True)
class Installation:
    """One ring, one camera, and the light around them."""

    ratio: float
    """Of the ring's light to all other, at `NEAR`, for one colour"""
    mix: NDArray[np.float64]
    """(3, 3): what red, green and blue of the ring do to the camera's"""
    late: float
    """Seconds by which the time of a frame is too late"""
    exposure: float
    """Seconds for which a frame gathers light"""
    lag: float
    """Seconds in which exposure and white balance follow by two thirds"""
    balance: float
    """Share of a cast of colour that the white balance takes away"""
    slow: float
    """Seconds from a frame's time to the end of its being judged"""
    sensor: Sensor
    far: float
    """Millimetres to the room"""
    tint: NDArray[np.float64]
    """By how much of red, green and blue what looks to the left is lit more than what looks to the camera"""

    @classmethod
    def some(cls, rng: np.random.Generator) -> Installation:
        """As one may build it."""
        leak, gains = rng.uniform(0.03, 0.2), np.exp(rng.uniform(-0.4, 0.4, 3))
        return cls(
            ratio=rng.uniform(0.05, 0.3),
            mix=(np.eye(3) * (1 - leak) + leak / 3) * gains[:, None],
            late=rng.uniform(0.0, 0.08),
            exposure=rng.uniform(0.01, 0.033),
            lag=rng.uniform(0.4, 2.0),
            balance=float(rng.choice([0.0, rng.uniform(0.3, 1.0)])),
            slow=rng.uniform(0.03, 0.12),
            sensor=some_sensor(rng),
            far=rng.uniform(2000, 3000),
            tint=rng.uniform(0.0, 0.3) * (1 + rng.uniform(-0.15, 0.15, 3)),
        )


class Film:
    """A camera before a stage."""

    def __init__(self, stage: Stage, there: Installation, every: float, seed: int) -> None:
        """Begin with exposure and white balance as the first frame asks for; `every`: seconds from frame to frame."""
        self._stage, self._there = stage, there
        self._follows = 1 - np.exp(-every / there.lag)
        self._rng = np.random.default_rng([seed, 9])
        self._gain = np.ones(3)
        self._first: NDArray[np.float64] | None = None

    def take(self, frame: int, shone: NDArray[np.float64]) -> Image:
        """A frame; `shone`: red, green and blue of the ring, 0..1 each, while it was exposed."""
        scene = self._stage(frame)
        light = (self._there.mix @ shone * self._there.ratio).astype(np.float32)
        before = np.maximum(scene.picture[::_THIN, ::_THIN] / np.float32(255), np.float32(0.02)) ** np.float32(2.2)
        lit = before * (1 + scene.answer[..., None] * light) + scene.sheen[..., None] * light
        factor = cv2.resize((lit / before * self._gain.astype(np.float32)) ** np.float32(1 / 2.2), (WIDTH, HEIGHT))
        self._adapt(lit.mean(axis=(0, 1), dtype=np.float64))
        return self._there.sensor.take(scene.picture * factor, self._rng)

    def _adapt(self, mean: NDArray[np.float64]) -> None:
        """Exposure and white balance keep the mean of the picture as it was."""
        self._first = mean if self._first is None else self._first
        wanted = self._first / mean
        level = float(wanted.mean())
        self._gain = self._gain + (level * (wanted / level) ** self._there.balance - self._gain) * self._follows


def living(somebody: Still, points: NDArray[np.float32], there: Installation, seed: int, times: Times) -> Stage:
    """Somebody who comes to the door, as `visitors.live_like` has them; other light comes from one side more."""
    rng = np.random.default_rng([seed, 1])
    person, path, behind = head(somebody, points), visitor(rng, times), room(rng)
    first = _leftwards(person, path.at(0)[0])

    def at(frame: int) -> Scene:
        turned = (_leftwards(person, path.at(frame)[0]) - first)[..., None]
        shading = (1 + turned * there.tint).astype(np.float32) ** np.float32(1 / 2.2)
        shading = cv2.resize(shading, person.alpha.shape[::-1])
        return _of(_over(_empty(behind, there), replace(person, texture=person.texture * shading), *path.at(frame)))

    return at


def printed(picture: Still, there: Installation, seed: int, times: Times, *, bends: bool) -> Stage:
    """A print in a hand, as `prints.shaken_print` and `prints.bent_print` have it."""
    rng = np.random.default_rng([seed, 2])
    size = picture.millimetres * rng.uniform(0.8, 1.1)
    paper = prints.in_hand(prints.printed(picture, rng), size, rng, held=True)
    path = hand(rng, times, rng.uniform(420, 800) * size / picture.millimetres, tilt=10)
    behind = room(rng)
    radius, upright = rng.uniform(90, 200), rng.uniform() < 0.75
    sheet = prints.bent(paper, radius, upright=upright) if bends else paper
    return lambda frame: _of(_over(_empty(behind, there), sheet, *path.at(frame)))


def masked(  # noqa: PLR0913, PLR0917 - who wears whose face, where and when
    picture: Still, wearer: Still, points: NDArray[np.float32], there: Installation, seed: int, times: Times
) -> Stage:
    """A face cut out of paper and worn, as `prints.mask` has it."""
    rng = np.random.default_rng([seed, 5])
    path = hand(rng, times, rng.uniform(500, 750), tilt=8, reach=25)
    paper = prints.cut_out(picture, rng)
    if rng.uniform() < 0.5:
        paper = prints.bent(paper, rng.uniform(100, 200), upright=True)
    person, behind = head(wearer, points), room(rng)

    def at(frame: int) -> Scene:
        rotation, shift = path.at(frame)
        worn = _over(_empty(behind, there), person, rotation, shift)
        return _of(_over(worn, paper, rotation, shift + rotation @ np.array([0, 0, -25.0])))

    return at


def replayed(  # noqa: PLR0913, PLR0917 - what is shown on what, where and when
    images: list[Image],
    kind: screens.Screen,
    there: Installation,
    seed: int,
    times: Times,
    reflects: tuple[float, float],
) -> Stage:
    """A recording on a screen as `screens` has them, without grid and bands; `reflects`: least and most of white."""
    rng = np.random.default_rng([seed, 3])
    path = hand(rng, times, rng.uniform(*kind.far), tilt=6, reach=8)
    if not kind.held:
        path = still(times, path)
    behind, look = room(rng), screens.Look.some(rng)
    share = np.float32(rng.uniform(*reflects))

    def at(frame: int) -> Scene:
        sheet, _ = screens.with_bezel(look.shown(images[frame]), kind)
        empty = _empty(behind, there)
        picture, arrives, seen_of_it = _over(empty, sheet, *path.at(frame))
        room_only = empty[1] * (1 - seen_of_it)
        return Scene(picture, room_only, (arrives - room_only) * share)

    return at


_Laid = tuple[NDArray[np.float32], Map, Map]
"""Picture, light of the ring that arrives, and how much is seen of what was laid over it last"""


def _of(laid: _Laid) -> Scene:
    return Scene(laid[0], laid[1], np.zeros_like(laid[1]))


def _empty(behind: NDArray[np.float32], there: Installation) -> _Laid:
    far = np.full((HEIGHT // _THIN, WIDTH // _THIN), (NEAR / there.far) ** 2, np.float32)
    return behind, far, np.zeros_like(far)


def _over(laid: _Laid, surface: Surface, rotation: NDArray[np.float64], shift: NDArray[np.float64]) -> _Laid:
    """Lay a surface over what is behind it."""
    x, y = seen(surface, rotation, shift)
    picture = put(laid[0], surface, x, y)
    x, y = x[::_THIN, ::_THIN], y[::_THIN, ::_THIN]
    alpha = cv2.remap(surface.alpha, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    there = (surface.place[::_COARSE, ::_COARSE] @ rotation.T + shift).astype(np.float32)
    far = np.linalg.norm(there, axis=2)
    cosine = -(_normal(there) * there).sum(axis=2) / far
    arrives = np.maximum(cosine, 0) * (NEAR / far) ** 2
    arrives = cv2.remap(arrives, x / _COARSE, y / _COARSE, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return picture, np.asarray(laid[1] * (1 - alpha) + arrives * alpha, np.float32), np.asarray(alpha, np.float32)


def _normal(place: NDArray[np.float32]) -> NDArray[np.float32]:
    """Unit vectors out of a surface, towards the camera where it faces it."""
    smooth = cv2.GaussianBlur(place, (0, 0), 1.0)
    normal = np.cross(np.gradient(smooth, axis=0), np.gradient(smooth, axis=1))
    return np.asarray(normal / np.maximum(np.linalg.norm(normal, axis=2, keepdims=True), 1e-6), np.float32)


def _leftwards(surface: Surface, rotation: NDArray[np.float64]) -> NDArray[np.float32]:
    """How much each of some texels looks to the picture's left, -1..1."""
    return -_normal((surface.place[::_COARSE, ::_COARSE] @ rotation.T).astype(np.float32))[..., 0]
