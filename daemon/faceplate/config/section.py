"""What every section of a configuration file has in common, and the kinds of values sections hold."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo
from pydantic.functional_validators import AfterValidator, BeforeValidator


def _path_from(value: object, info: ValidationInfo) -> object:
    """Relative paths are relative to the configuration file, `~` is the home folder."""
    if not isinstance(value, str):
        return value
    if not value or "\0" in value:
        raise ValueError("a path is neither empty nor holds null characters")
    base = (info.context or {}).get("base", Path())
    try:
        return base / Path(value).expanduser()
    except RuntimeError:
        raise ValueError("there is no such user, or the user has no home folder") from None


def _existing_file(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(f"there is no such file: {path}")
    return path


def _existing_folder(path: Path) -> Path:
    if not path.is_dir():
        raise ValueError(f"there is no such folder: {path}")
    return path


def tuple_from(value: object) -> object:
    """YAML has lists; what is frozen has tuples."""
    return tuple(value) if isinstance(value, list) else value


AnyPath = Annotated[Path, BeforeValidator(_path_from)]
ExistingFile = Annotated[AnyPath, AfterValidator(_existing_file)]
ExistingFolder = Annotated[AnyPath, AfterValidator(_existing_folder)]
Unit = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """What every section has in common: frozen, strict about types, no unknown keys."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)
