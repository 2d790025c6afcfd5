"""Who is used for what: every person has one use, by the rank of a hash of the name."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Mapping

from faceplate_trainer.data.labelled import DatasetError
from faceplate_trainer.data.prepared import USES, Use

DEFAULT_SHARES = "train=.5,validation=.1,head=.1,calibration=.15,report=.15"


def shares_from(words: str) -> dict[Use, float]:
    """Read `train=.5,report=.5`; a use that is not named gets nobody.

    Raises:
        DatasetError: a word is not a use with its share, or the shares do not make up everybody.
    """
    shares: dict[Use, float] = dict.fromkeys(USES, 0.0)
    for word in words.split(","):
        name, _, number = word.partition("=")
        use = next((use for use in USES if use == name.strip()), None)
        if use is None:
            raise DatasetError(f"expected shares of {', '.join(USES)}, such as train=.5,report=.5; received {word!r}")
        shares[use] = _share(number, word)
    if not math.isclose(total := sum(shares.values()), 1.0, abs_tol=1e-6):
        raise DatasetError(f"expected shares that add up to 1, received {words!r}, which add up to {total:g}")
    return shares


def split_people(
    people: Collection[str], shares: Mapping[Use, float], to_train: Collection[str] = ()
) -> dict[str, Use]:
    """Give every person one use.

    The number of people of a use is within one of its share, however few they are. Nobody's use depends on the order
    of the names or on the machine.

    Args:
        people: everybody's name.
        shares: of each use, adding up to 1.
        to_train: those who are trained with, whatever their rank.
    """
    ranked = sorted(people, key=lambda person: (person not in to_train, *_rank(person)))
    uses: dict[str, Use] = {}
    share = 0.0
    for use in USES:
        share += shares.get(use, 0.0)
        # Whoever is left over by the rounding of the last sum is used like the last.
        end = len(ranked) if use == USES[-1] else math.floor(share * len(ranked) + 0.5)
        uses |= dict.fromkeys(ranked[len(uses) : end], use)
    return uses | dict.fromkeys(set(to_train) & set(people), "train")


def _rank(person: str) -> tuple[int, bytes, str]:
    """By SHA-256 of the name; those with an odd first byte last, and the last are reported on.

    So the people that `labelled.in_split` keeps for calibration are not reported on while others are left.
    """
    value = hashlib.sha256(person.encode()).digest()
    return value[0] & 1, value, person


def _share(number: str, word: str) -> float:
    try:
        share = float(number)
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        raise DatasetError(f"expected a share from 0 to 1, received {word!r}")
    return share
