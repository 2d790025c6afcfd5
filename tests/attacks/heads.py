"""The depth and the outline of a person in a still, so that the picture can be turned as a head turns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from attacks.camera import Surface
from faceplate.types import Face, Image
from faceplate.vision.face_mesh import FaceMesh
from faceplate_trainer.eyelids.eye import LIDS

EYES_APART = 62.0
"""Millimetres between the middles of the eyes of an adult (Dodgson 2004)"""

_MESH = 468
"""Points of the package's face mesh"""

_BACK = 70.0
"""Millimetres that the back of the hair lies behind the outline of the face"""


@dataclass(frozen=True, slots=True)
class Still:
    """A picture with one person in it."""

    subject: str
    image: Image
    face: Face

    @property
    def millimetres(self) -> float:
        """Of one pixel, at the eyes."""
        left, right = self.face.landmarks[:2]
        return EYES_APART / max(float(np.linalg.norm(right - left)), 1.0)


def meshed(still: Still) -> NDArray[np.float32]:
    """The points of a face, by the package's face mesh, float32 (468, 3).

    x and y are in the picture's pixels, z is in the same unit, away from the camera.
    """
    return _mesh().points(still.image, still.face)


@cache
def _mesh() -> FaceMesh:
    return FaceMesh()


def generic(still: Still) -> NDArray[np.float32]:
    """Points of an average head on the five landmarks, for where a person's own do not matter; as `meshed`."""
    left, right, nose = still.face.landmarks[:3]
    apart = float(np.linalg.norm(right - left))
    middle, across = (left + right) / 2, (right - left) / apart
    down = np.array([-across[1], across[0]])
    v, u = np.mgrid[-1.1:1.9:21j, -1.15:1.15:21j]
    inside = (u / 1.15) ** 2 + ((v - 0.35) / 1.45) ** 2 < 1
    u, v = u[inside], v[inside]
    bulge = 1.1 * np.sqrt(np.maximum(1 - (u / 1.25) ** 2 - ((v - 0.35) / 1.9) ** 2, 0))
    tip = float((nose - middle) @ down) / apart
    ridge = 0.38 * np.exp(-((u / 0.2) ** 2)) * np.exp(-(((v - tip) / 0.3) ** 2)) * (v > -0.3)
    sockets = 0.12 * sum(np.exp(-(((u - side) / 0.2) ** 2) - (v / 0.15) ** 2) for side in (-0.5, 0.5))
    plane = middle + apart * (u[:, None] * across + v[:, None] * down)
    return np.column_stack([plane, -apart * (bulge + ridge - sockets)]).astype(np.float32)


def head(still: Still, points: NDArray[np.float32]) -> Surface:
    """The person of a still, cut out and with depth.

    The face's depth is the mesh's; hair, neck and shoulders fall back behind its outline. The whole turns as one.
    """
    height, width = still.image.shape[:2]
    depth, inside = _depth(points, (height, width))
    size = still.millimetres
    y, x = np.mgrid[:height, :width].astype(np.float32)
    centre = np.array(still.face.landmarks[:3].mean(axis=0))
    place = np.dstack([(x - centre[0]) * size, (y - centre[1]) * size, depth * size])
    away = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 5) * size
    place[..., 2] += _BACK * np.sqrt(1 - (1 - np.minimum(away / _BACK, 1)) ** 2) * 0.6
    place[..., 2] -= np.median(place[inside][:, 2])
    return _with_body(Surface(still.image.astype(np.float32), outline(still, inside), place.astype(np.float32)), size)


def _with_body(person: Surface, size: float) -> Surface:
    """Shoulders in the colour of the lowest part of what was cut out, since a still ends at the neck."""
    more = int(220 / size)
    texture, alpha, place = (
        cv2.copyMakeBorder(each, 0, more, more, more, cv2.BORDER_REPLICATE)
        for each in (person.texture, person.alpha, person.place)
    )
    step = np.arange(more, dtype=np.float32) * size
    place[:, :more, 0] -= step[::-1]
    place[:, -more:, 0] += step + size
    place[-more:, :, 1] += (step + size)[:, None]
    x, y = place[..., 0], place[..., 1]
    shoulder = 110 + np.minimum(np.abs(x) / 3.5, 60) + (np.abs(x) > 45) * 10
    body = cv2.GaussianBlur(((y > shoulder) & (np.abs(x) < 230)).astype(np.float32), (0, 0), 1.2)
    lowest = person.alpha[-person.alpha.shape[0] // 5 :] > 0.9
    cloth = person.texture[-len(lowest) :][lowest].mean(axis=0) if lowest.any() else np.full(3, 90.0)
    folds = 1 + 0.15 * np.sin(x / 23 + y / 31)[..., None] * np.cos(x / 47)[..., None]
    under = (body * (1 - alpha))[..., None]
    texture = texture * (1 - under) + cloth * folds * under
    return Surface(texture.astype(np.float32), np.maximum(alpha, body), place)


def with_eyes_shut(person: Surface, still: Still, points: NDArray[np.float32]) -> Surface:
    """The same person with lids drawn over the eyes: the skin above them mirrored down, lashes along the lower lid.

    Otherwise than by the trainer, which draws them to train the network that is to see them.
    """
    if len(points) != _MESH:
        return person
    height, width = still.image.shape[:2]
    left = (person.texture.shape[1] - width) // 2
    texture = person.texture.copy()
    for upper, lower in LIDS:
        _shut(texture[:height, left : left + width], points[list(upper), :2], points[list(lower), :2])
    return Surface(texture, person.alpha, person.place)


def _shut(picture: NDArray[np.float32], upper: NDArray[np.float32], lower: NDArray[np.float32]) -> None:
    """Draw a lid down over one eye; the lids run from corner to corner."""
    height, width = picture.shape[:2]
    columns = np.arange(width, dtype=np.float32)
    top, bottom = (
        np.interp(columns, lid[order, 0], lid[order, 1]) for lid in (upper, lower) for order in [lid[:, 0].argsort()]
    )
    eye = float(np.hypot(*(upper[-1] - upper[0])))
    y = np.arange(height, dtype=np.float32)[:, None]
    from_lid = y - (top - 0.04 * eye)
    mirrored = np.where(from_lid > 0, y - 1.3 * from_lid - 0.06 * eye, y).astype(np.float32)
    skin = cv2.remap(
        picture, np.tile(columns, (height, 1)), mirrored, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    skin = cv2.GaussianBlur(skin, (0, 0), 0.03 * eye)
    inside = (from_lid > 0) & (y < bottom + 0.02 * eye) & (bottom - top > 0.02 * eye)
    soft = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 0.02 * eye + 0.3)[..., None]
    opening = bottom - top
    lashes = np.exp(-(((y - bottom) / (0.03 * eye + 0.4)) ** 2)) * (opening > 0.02 * eye)
    picture[...] = (picture * (1 - soft) + skin * soft) * (1 - 0.45 * lashes[..., None])


def outline(still: Still, face: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Where the person is, float32 (H, W): GrabCut (Rother et al. 2004) begun from the face's outline."""
    height, width = face.shape
    x, y, w, h = cv2.boundingRect(face.astype(np.uint8))
    middle = (x + w // 2, y + h // 2)
    mask = np.full(face.shape, cv2.GC_BGD, np.uint8)
    cv2.ellipse(mask, (middle[0], middle[1] - h // 8), (int(w * 0.85), int(h * 0.95)), 0, 0, 360, cv2.GC_PR_BGD, -1)
    cv2.ellipse(mask, (middle[0], middle[1] - h // 10), (int(w * 0.66), int(h * 0.78)), 0, 0, 360, cv2.GC_PR_FGD, -1)
    torso = [(middle[0] - w // 3, middle[1] + h // 3), (middle[0] + w // 3, middle[1] + h // 3)]
    torso += [(middle[0] + int(1.2 * w), height), (middle[0] - int(1.2 * w), height)]
    cv2.fillPoly(mask, [np.array(torso, np.int32)], cv2.GC_PR_FGD)
    mask[face] = cv2.GC_FGD
    small = (width // 2, height // 2)
    cut = cv2.resize(mask, small, interpolation=cv2.INTER_NEAREST)
    picture = cv2.cvtColor(cv2.resize(still.image, small, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2BGR)
    cv2.setRNGSeed(0)
    cv2.grabCut(picture, cut, None, np.zeros((1, 65)), np.zeros((1, 65)), 3, cv2.GC_INIT_WITH_MASK)  # type: ignore[call-overload]
    there = np.isin(cut, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    there = cv2.morphologyEx(there, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    _, parts = cv2.connectedComponents(there)
    whole = (parts == parts[middle[1] // 2, middle[0] // 2]).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(cv2.resize(whole, (width, height)), (0, 0), 1.2), np.float32)


def _depth(points: NDArray[np.float32], shape: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Depth everywhere, and where the face is: normalised convolution, coarse where points are far (Knutsson 1993)."""
    place = np.round(points[:, :2]).astype(int)
    within = (place >= 0).all(axis=1) & (place < np.array(shape[::-1])).all(axis=1)
    total, weight = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    np.add.at(total, (place[within, 1], place[within, 0]), points[within, 2])
    np.add.at(weight, (place[within, 1], place[within, 0]), 1.0)
    width = float(np.ptp(points[:, 0]))
    depth = np.full(shape, float(np.median(points[:, 2])), np.float32)
    for share in (0.5, 0.2, 0.08, 0.035):
        smooth = [cv2.GaussianBlur(each, (0, 0), share * width) for each in (total, weight)]
        trust = np.minimum(smooth[1] * (share * width) ** 2 * 6, 1)
        depth = depth * (1 - trust) + trust * smooth[0] / np.maximum(smooth[1], 1e-9)
    hull = cv2.convexHull(points[:, :2].astype(np.float32))
    inside = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(inside, np.round(hull).astype(np.int32), 1)
    return cv2.GaussianBlur(depth, (0, 0), 0.015 * width).astype(np.float32), inside.astype(bool)
