"""What a dataset cannot show, or would teach wrongly: said before anybody trains on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from faceplate_trainer.data.prepared import USES, Crop, Use


def doubts(crops: Sequence[Crop], shares: Mapping[Use, float], enrolled: Collection[str]) -> tuple[str, ...]:
    """Warnings about a dataset.

    Args:
        crops: the dataset's.
        shares: what was asked for.
        enrolled: people whom a tutorial's folders are about.
    """
    return (*_about_uses(crops, shares), *_about_enrolled(crops, enrolled), *_about_cameras(crops))


def _about_uses(crops: Sequence[Crop], shares: Mapping[Use, float]) -> Iterator[str]:
    for use in USES:
        pictures = Counter(crop.person for crop in crops if crop.split == use)
        if shares.get(use, 0.0) > 0 and not pictures:
            yield f"{use}: nobody; there are too few people for so many uses, give it a larger share or add people"
        elif pictures and max(pictures.values()) == 1:
            yield (
                f"{use}: nobody has two pictures, so there are no pairs of the same person; add pictures, or leave "
                "people with a single one out with --min-pictures 2"
            )


def _about_enrolled(crops: Sequence[Crop], enrolled: Collection[str]) -> Iterator[str]:
    for person in sorted({crop.person for crop in crops} & set(enrolled)):
        yield (
            f"{person!r} is trained with, so no figure can be reported on {person!r}: how well a door knows somebody "
            "enrolled is only seen on people whom the network has never met"
        )


def _about_cameras(crops: Sequence[Crop]) -> Iterator[str]:
    people: dict[str, set[str]] = {}
    uses: dict[str, set[Use]] = {}
    for crop in crops:
        people.setdefault(crop.camera, set()).add(crop.person)
        uses.setdefault(crop.camera, set()).add(crop.split)
    alone = sorted(camera for camera in people if len(people[camera]) == 1 and len(people) > 1)
    for camera in alone:
        yield (
            f"camera {camera!r} shows one person only: the network can tell that person's pairs from all others by the "
            "camera instead of the face; add pictures of other people from that camera"
        )
    for camera in sorted(set(uses).difference(alone)):
        trained, others = "train" in uses[camera], bool(uses[camera] - {"train"})
        if len(uses) > 1 and not (trained and others):
            seen, unseen = ("trained on", "measured on") if trained else ("measured on", "trained on")
            yield f"camera {camera!r} is {seen}, but not {unseen}: give more people's pictures from it"
