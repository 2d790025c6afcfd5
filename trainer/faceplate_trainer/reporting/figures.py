"""The figures: drawn by matplotlib, placed in the page as SVG that takes the page's own colours and fonts."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator
from numpy.typing import NDArray

from faceplate_trainer.measuring.curves import Curve, Histogram
from faceplate_trainer.reporting import wording

# Matplotlib takes no CSS variables, so it draws in colours of no other use, and these are put in their place.
_INK, _FAINT, _GOOD, _BAD, _OTHER = "#010101", "#010102", "#010103", "#010104", "#010105"
_IN_PAGE = {
    _INK: "currentColor",
    _FAINT: "var(--line)",
    _GOOD: "var(--good)",
    _BAD: "var(--bad)",
    _OTHER: "var(--accent)",
}
# Told apart by their dashes as well, for those who do not see colours, and on paper.
_SERIES = ((_OTHER, ":"), (_GOOD, "--"), (_INK, "-"))

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 8.5,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.grid": True,
    "grid.color": _FAINT,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.5,
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}
_SIZE = (4.4, 3.1)
_ODDS = (
    *((0.0, "0.5"), (-27.6, "1e-12"), (27.6, "1-1e-12"), (-55.3, "1e-24")),
    *((-13.8, "1e-6"), (13.8, "1-1e-6"), (-41.4, "1e-18"), (-4.6, "0.01"), (4.6, "0.99"), (-2.2, "0.1"), (2.2, "0.9")),
)
"""Log odds and the scores they are; the first have precedence where there is no room for all"""
_SHARES = (1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.05, 0.2, 0.5, 0.8)


def roc(curves: Mapping[int, Curve], lowest: float) -> str:
    """True-accept against false-accept rate, one curve a number of anchors; rates below `lowest` cannot be told."""
    with mpl.rc_context(_STYLE):
        figure, axes = _axes()
        for (anchors, curve), (colour, dash) in zip(curves.items(), _SERIES, strict=False):
            axes.plot(
                np.maximum(curve.false_match_rate, lowest / 3),
                curve.true_match_rate,
                color=colour,
                linestyle=dash,
                label=_anchors(anchors),
            )
        axes.set(xscale="log", xlim=(min(lowest / 3, 0.1), 1), ylim=(None, 1.005))
        axes.set(xlabel="false-accept rate (strangers let in)", ylabel="true-accept rate (owners let in)")
        axes.legend(loc="lower right")
        return _svg(figure, "roc", "ROC curve: share of owners let in against share of strangers let in")


def det(curves: Mapping[int, Curve], lowest: float) -> str:
    """False-reject against false-accept rate on normal deviate axes (Martin and others 1997).

    Empty where no threshold makes both kinds of mistakes, so that there is no trade-off to draw.
    """
    from scipy.special import ndtri  # noqa: PLC0415 - only here

    with mpl.rc_context(_STYLE):
        figure, axes = _axes()
        for (anchors, curve), (colour, dash) in zip(curves.items(), _SERIES, strict=False):
            accepts, rejects = curve.false_match_rate, curve.false_non_match_rate
            inside = (accepts >= lowest) & (accepts < 1) & (rejects > 0) & (rejects < 1)
            axes.plot(
                ndtri(accepts[inside]),
                ndtri(rejects[inside]),
                color=colour,
                linestyle=dash,
                label=_anchors(anchors),
            )
        if not any(len(line.get_xdata()) for line in axes.lines):  # type: ignore[arg-type] # arrays, as plotted
            return ""
        for axis, shares in ((axes.xaxis, [s for s in _SHARES if s >= lowest / 3]), (axes.yaxis, _SHARES[3:])):
            axis.set_major_locator(FixedLocator(ndtri(np.array(shares))))
            axis.set_ticklabels([f"{100 * share:g} %" for share in shares])
        axes.set(xlim=(ndtri(min(lowest / 2, 0.05)), ndtri(0.5)), ylim=(ndtri(5e-4), ndtri(0.6)))
        axes.tick_params(axis="x", rotation=45)
        axes.set(xlabel="false-accept rate", ylabel="false-reject rate")
        axes.legend(loc="upper right")
        return _svg(figure, "det", "DET curve: owners refused against strangers let in")


def histogram(counts: Histogram, threshold: float) -> str:
    """How often each score (log odds) was given to owners and to strangers, with the threshold."""
    with mpl.rc_context(_STYLE):
        figure, axes = _axes()
        for height, colour, name in ((counts.impostor, _BAD, "strangers"), (counts.genuine, _GOOD, "owners")):
            axes.stairs(height, counts.edges, color=colour, fill=True, alpha=0.28)
            axes.stairs(height, counts.edges, color=colour, label=name, linewidth=1.2)
        if np.isfinite(threshold):
            axes.axvline(threshold, color=_INK, linewidth=1.2, linestyle="--", label="threshold")
        axes.set(yscale="log", ylim=(0.7, None), ylabel="attempts")
        axes.set_xlim(counts.edges[0], counts.edges[-1])
        _score_axis(axes)
        axes.legend(loc="upper right")
        return _svg(figure, "histogram", "Histogram of the scores of owners and of strangers, with the threshold")


def mistakes(curve: Curve, threshold: float) -> str:
    """Both kinds of mistakes over the threshold (log odds)."""
    with mpl.rc_context(_STYLE):
        figure, axes = _axes()
        axes.plot(curve.thresholds, curve.false_match_rate, color=_BAD, label="strangers let in")
        axes.plot(curve.thresholds, curve.false_non_match_rate, color=_GOOD, linestyle="--", label="owners refused")
        finite = curve.thresholds[np.isfinite(curve.thresholds)]
        if np.isfinite(threshold):
            axes.axvline(threshold, color=_INK, linewidth=1.2, linestyle="--", label="threshold")
        axes.set(yscale="log", ylim=(None, 1.5), xlim=(finite.min(), finite.max() + 1e-6), ylabel="rate")
        _score_axis(axes)
        axes.legend(loc="lower left")
        return _svg(figure, "mistakes", "False-accept and false-reject rate over the threshold")


def epochs(history: Mapping[str, NDArray[np.floating]], columns: Sequence[tuple[str, str]], name: str) -> str:
    """Training curves: `columns` are pairs of a column and what people call it."""
    with mpl.rc_context(_STYLE):
        figure, axes = _axes()
        for (column, called), (colour, dash) in zip(columns, _SERIES, strict=False):
            axes.plot(history["epoch"], history[column], color=colour, linestyle=dash, label=called, marker=".")
        axes.set(xlabel="epoch", ylabel=name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        if len(columns) > 1:
            axes.legend(loc="best")
        return _svg(figure, "training-" + re.sub(r"\W+", "-", name), f"{name} by epoch")


def _score_axis(axes: Axes) -> None:
    """Log odds, written as the scores they are."""
    low, high = axes.get_xlim()
    shown: list[tuple[float, str]] = []
    for at, name in _ODDS:
        if low <= at <= high and all(abs(at - other) > (high - low) / 8 for other, _ in shown):
            shown.append((at, name))
    axes.xaxis.set_major_locator(FixedLocator([at for at, _ in shown]))
    axes.set_xticklabels([name for _, name in shown])
    axes.set_xlabel("score (evenly spaced in log odds)")


def _axes() -> tuple[Figure, Axes]:
    figure = Figure(figsize=_SIZE)
    return figure, figure.add_subplot()


def _anchors(number: int) -> str:
    return f"{wording.count(number)} anchor{'s' if number > 1 else ''}"


def _svg(figure: Figure, name: str, label: str) -> str:
    """The figure as an `<svg>` element: no addresses, names of its own, the page's colours and font."""
    out = io.StringIO()
    metadata: dict[str, Any] = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(out, format="svg", transparent=True, metadata=metadata)
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", text, flags=re.DOTALL)
    size = re.search(r'viewBox="[^"]+"', text)
    opening = f'<svg role="img" aria-label="{html.escape(label)}" {size.group() if size else ""}>'
    text = re.sub(r"<svg[^>]*>", opening, text, count=1)
    text = re.sub(r'id="([^"]+)"', rf'id="{name}-\1"', text)
    text = text.replace("url(#", f"url(#{name}-").replace('xlink:href="#', f'href="#{name}-')
    text = re.sub(r"font: (?:[a-z0-9]+ )*?([\d.]+px) [^;\"]+", r"font: \1 system-ui, sans-serif", text)
    for drawn, shown in _IN_PAGE.items():
        text = text.replace(drawn, shown)
    return text
