"""The page's templates and the words in them; every value is escaped unless this package drew it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from faceplate_trainer.reporting import wording


def render(values: Mapping[str, Any], template: str = "report.html") -> str:
    """A page of HTML."""
    pages = Environment(
        loader=PackageLoader("faceplate_trainer.reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters |= {
        "count": wording.count,
        "percent": wording.percent,
        "small": wording.small,
        "score": wording.score,
        "range": wording.bounds,
        "out_of": wording.out_of,
        "cell": wording.cell,
        "per_million": wording.per_million,
        "breakable": _breakable,
        "capitalize_first": lambda text: text[:1].upper() + text[1:],
    }
    pages.globals |= {"of_tries": wording.out_of_tries, "visit": wording.visits}
    return pages.get_template(template).render(values)


def _breakable(name: str) -> Markup:
    """A name, escaped, that a line may break after an underscore."""
    return Markup("_<wbr>").join(escape(part) for part in name.split("_"))
