"""People's names: as read from folders and tables, and as folders of a dataset."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence

from faceplate_trainer.data.labelled import DatasetError

_LONGEST = 200
"""Bytes of a folder's name; file systems allow 255"""

# LFW names its pictures Firstname_Lastname_0001.jpg; a few people have one name only, as has Frame_0001.jpg.
_LFW = re.compile(r"([A-Z][a-z][^_]*|[A-Z][^_]*(?:_[^_]+)+)_\d{4}")
_SURELY_LFW = re.compile(r"([A-Z][^_]*(?:_[^_]+)+)_\d{4}")


def name_of(words: str) -> str:
    """A person's name as a dataset holds it: composed Unicode (NFC), so that a Mac's and a Linux's folder agree.

    Raises:
        DatasetError: there is no name, or it holds control characters.
    """
    name = unicodedata.normalize("NFC", printable(words)).strip()
    if not name or any(unicodedata.category(character) == "Cc" for character in name):
        raise DatasetError(f"expected a person's name, received {words!r}: rename the folder or mend the table's row")
    return name


def printable(path: str) -> str:
    r"""A path as text; bytes of it that are no UTF-8 become `\xNN`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def folder_of(person: str) -> str:
    """The folder of a person's crops: readable, safe as a file name, and no two people's the same.

    Letters and digits of any script stay, as do spaces and a few signs; all else becomes %NN, and so does a first
    full stop, which would make the folder hidden or `..`.

    Raises:
        DatasetError: the name is too long for a folder.
    """
    safe = re.sub(r"[^\w \-.,'()+@&]|^\.", _encoded, person)
    if len(safe.encode()) > _LONGEST:
        raise DatasetError(f"expected a person's name of at most {_LONGEST} bytes, received {person!r}; shorten it")
    return safe


def people_in_lfw(stems: Sequence[str]) -> list[str | None]:
    """Whom LFW's file names (without their endings) name, None where it is nobody.

    A name of one word only counts among others of which most have two.
    """
    sure = sum(_SURELY_LFW.fullmatch(stem) is not None for stem in stems)
    pattern = _LFW if 2 * sure > len(stems) else _SURELY_LFW
    return [found[1] if (found := pattern.fullmatch(stem)) else None for stem in stems]


def _encoded(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode())
