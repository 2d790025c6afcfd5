"""The model card: what a bundle is good for and what not, from the values of its manifest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import resources
from string import Template
from typing import Any

from faceplate.model.bundle import Manifest
from faceplate.model.calibration import Calibration
from faceplate.model.liveness_model import LivenessModel
from faceplate.model.metrics import Rate


def model_card(manifest: Manifest) -> str:
    """The text of MODEL_CARD.md."""
    page = resources.files("faceplate_trainer.exporting").joinpath("model_card.template.md")
    calibration = manifest.calibration
    return Template(page.read_text(encoding="utf-8")).substitute(
        name=manifest.name,
        siamese=manifest.siamese,
        input_size=manifest.input_size,
        colour_order=manifest.colour_order,
        embedding_size=manifest.embedding_size,
        prior=f"{calibration.prior:g}",
        people=f"{calibration.people:,}",
        impostor_pairs=f"{calibration.impostor_pairs:,}",
        genuine_pairs=f"{calibration.genuine_pairs:,}",
        fusion=calibration.fusion,
        verification_threshold=f"{calibration.verification_threshold:g}",
        people_support=f"{calibration.people_support:.2g}",
        calibration=_calibration(calibration),
        visits=_visits(calibration),
        liveness=_liveness(manifest.liveness),
        sources="\n".join(_source(source) for source in manifest.provenance["sources"]),
        metrics=_measurements(manifest.metrics),
        checks=_values(manifest.trainer.get("checks", {})),
        trainer=_values({key: value for key, value in manifest.trainer.items() if key != "checks"}),
    )


def _liveness(model: LivenessModel | None) -> str:
    if model is None:
        return (
            "None. The network tells who a picture shows, not whether it is a person: a good photograph of an enrolled "
            "person passes."
        )
    page = resources.files("faceplate_trainer.exporting").joinpath("liveness.template.md")
    measured = model.measured
    rows = [(kind, _rate(measured.apcer[kind]), _rate(measured.denied[kind])) for kind in sorted(measured.apcer)]
    rows += [("a living person", _rate(measured.bpcer) + " not confirmed", _rate(measured.live_denied))]
    return (
        Template(page.read_text(encoding="utf-8"))
        .substitute(
            file=model.file,
            scales=" and ".join(f"{scale:g}" for scale in model.crop_scales),
            size=model.input_size,
            colour=f"{model.least_colour:g}",
            smallest=f"{model.smallest_face:g}",
            deny=f"{model.deny_below:.3f}",
            confirm=f"{model.confirm_above:.3f}",
            subjects=measured.subjects,
            live=f"{measured.live:,}",
            spoofs=f"{measured.spoofs:,}",
            table=_table(("shown", "confirmed", "denied"), rows),
            worst_apcer=f"{measured.worst_apcer:.2%}",
            worst_bpcer=f"{measured.worst_bpcer:.2%}",
        )
        .rstrip()
    )


def _rate(rate: Rate) -> str:
    return f"{rate.value:.2%} ({rate.low:.2%} .. {rate.high:.2%})"


def _calibration(calibration: Calibration) -> str:
    rows = (
        (
            str(point.anchors),
            f"{point.false_accept_rate:g}",
            f"{point.score:.4g}",
            f"{point.false_accept_bounds[0]:.2g} .. {point.false_accept_bounds[1]:.2g}",
            f"{point.false_reject_rate:.2%}",
            f"{point.false_reject_bounds[0]:.2%} .. {point.false_reject_bounds[1]:.2%}",
        )
        for point in calibration.table
    )
    return _table(("anchors", "false accepts", "score above", "95 % bounds", "false rejects", "95 % bounds"), rows)


def _visits(calibration: Calibration) -> str:
    rows = (
        (
            str(point.anchors),
            f"{point.score:.4g}",
            f"{point.impostor_visits:,}",
            _share(point.visit_false_accept_rate, point.visit_false_accept_bounds, ".2g"),
            f"{point.genuine_visits:,}",
            _share(point.visit_false_reject_rate, point.visit_false_reject_bounds, ".2%"),
        )
        for point in calibration.table
    )
    head = ("anchors", "score above", "visits of strangers", "let in", "visits of their own", "kept out")
    return _table(head, rows)


def _share(rate: float | None, bounds: tuple[float, float] | None, style: str) -> str:
    if rate is None or bounds is None:
        return "too few visits to say"
    return f"{rate:{style}} ({bounds[0]:{style}} .. {bounds[1]:{style}})"


def _measurements(metrics: Mapping[str, Any]) -> str:
    """What `evaluate.judge_people` found: a line of counts, and a table of true-accept rates."""
    if not metrics:
        return "None were given."
    counts = ", ".join(f"{key.replace('_', ' ')}: {value:,}" for key, value in metrics.items() if key != "anchors")
    rows = [
        (anchors, f"{measured['impostor_attempts']:,}", rate, *_true_accepts(point))
        for anchors, measured in metrics["anchors"].items()
        for rate, point in measured["at_false_accept_rate"].items()
    ]
    head = ("anchors", "comparisons of strangers", "false accepts", "score above", "true accepts", "95 % bounds")
    return f"{counts[:1].upper()}{counts[1:]}.\n\n{_table(head, rows)}"


def _true_accepts(point: Mapping[str, Any]) -> tuple[str, str, str]:
    if "unsupported" in point:
        return ("", "too few comparisons to say", "")
    rate = point["true_accept_rate"]
    return (f"{point['score']:.4g}", f"{rate['value']:.2%}", f"{rate['low']:.2%} .. {rate['high']:.2%}")


def _source(source: Mapping[str, str]) -> str:
    lines = [
        f"* **{source['role']}**: `{source['file']}`, SHA-256 `{source['sha256']}`",
        f"  * origin: {source['origin']}",
        f"  * licence: {source['licence']}" + (f", see `{source['licence_file']}`" if source["licence_file"] else ""),
    ]
    lines += [f"  * {key}: {source[key]}" for key in ("changes", "unknown") if source[key]]
    return "\n".join(lines)


def _values(tree: Mapping[str, Any]) -> str:
    rows = list(_flat(tree))
    return _table(("what", "value"), rows) if rows else "None were given."


def _flat(tree: Mapping[str, Any], path: str = "") -> Iterable[tuple[str, str]]:
    for key, value in tree.items():
        name = f"{path} {key}".strip().replace("_", " ")
        if isinstance(value, Mapping):
            yield from _flat(value, name)
        else:
            yield name, f"{value:.5g}" if isinstance(value, float) else str(value)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
