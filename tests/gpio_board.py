"""A fake chip for real processes: see `fake_modules/gpiod`."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

FAKE_MODULES = Path(__file__).parent / "fake_modules"
CHIP = "gpiochip0"


def fake_gpiod() -> ModuleType:
    """The stand-in, under another name than that of the real package, which stays what `import gpiod` gives."""
    folder = FAKE_MODULES / "gpiod"
    spec = importlib.util.spec_from_file_location(
        "fake_modules_gpiod", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where it looks for its own submodules
    spec.loader.exec_module(module)
    return module


def environment(folder: Path) -> dict[str, str]:
    """The environment in which a process has the fake chip; `folder` is made where it is missing."""
    (folder / CHIP).mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join(filter(None, [str(FAKE_MODULES), os.environ.get("PYTHONPATH")]))
    return os.environ | {"PYTHONPATH": path, "FAKE_GPIO_DIR": str(folder)}


def board_in(folder: Path):
    """The fake chip as the test sees it."""
    return fake_gpiod().Board(folder / CHIP)
