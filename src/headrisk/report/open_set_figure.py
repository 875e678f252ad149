"""Open-set rates against threshold and gallery size, and precision under the membership prior."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from headrisk.findings.records import Table
from headrisk.report.figures import CHANCE, INK, MATED, NONMATED, WIDTH
from headrisk.report.svg import new_figure, style, svg_text
from headrisk.report.words.captions import LABELS
from headrisk.types import FloatArray

DASHES = ("-", "--", ":")


@style
def open_set_figure(curve: Table, prior: float, name: str) -> str:
    """FPIR and FNIR against threshold, and names that are right against people named.

    Parameters
    ----------
    curve
        The table ``open-set``: gallery, threshold, FPIR, FNIR, precision.
    prior
        Share of the people sought who are in the gallery.
    name
        The measure whose scores the thresholds are.
    """
    figure, upper = new_figure(WIDTH, 6.0)
    upper.remove()
    upper, lower = figure.subplots(2, 1)
    columns = {c: np.array(curve.column(c), dtype=float) for c in curve.columns}
    for gallery, dashes in zip(dict.fromkeys(curve.column("gallery")), DASHES, strict=False):
        of_size = {c: values[columns["gallery"] == gallery] for c, values in columns.items()}
        _rates(upper, of_size, dashes, band=dashes == "-")
        _precision(lower, of_size, dashes, LABELS["of"].format(gallery=gallery))
    upper.set(ylim=(0, 104), xlabel=LABELS["threshold"].format(measure=name))
    upper.set_ylabel(LABELS["searches"])
    lower.set(xlim=(-2, 104), ylim=(0, 104), xlabel=LABELS["identified"])
    lower.set_ylabel(LABELS["right"].format(share=100 * prior))
    for axes in (upper, lower):
        axes.grid(True, color="#E3E7EB", lw=0.6)
    sizes = [line for line in lower.lines if not str(line.get_label()).startswith("_")]
    labels = [LABELS["fpir"], LABELS["fnir"]]
    figure.legend(
        [upper.lines[0], upper.lines[1], *sizes], labels + [str(one.get_label()) for one in sizes],
        loc="outside upper center", ncols=1, frameon=False, fontsize=8.5, handlelength=2.2,
        columnspacing=1.4, borderaxespad=0.1,
    )  # fmt: skip
    return svg_text(figure, f"open-set-{name}")


def _precision(axes: Axes, rows: dict[str, FloatArray], dashes: str, label: str) -> None:
    """Names that are right; pale where no false one was seen: the figure is a lower bound."""
    found, right = 100 * (1 - rows["fnir"]), 100 * rows["precision"]
    known = np.isfinite(right) & (found > 0)
    seen = known & (rows["fpir"] > 0)
    first = int(np.argmax(seen)) if seen.any() else seen.size
    bound = known & (np.arange(seen.size) <= first)
    axes.plot(found[bound], right[bound], color=CHANCE, ls=dashes, lw=0.9, alpha=0.6)
    axes.plot(
        found[seen], right[seen], color=INK, ls=dashes, lw=1.7, marker="o", ms=2.8, label=label
    )


def _rates(axes: Axes, rows: dict[str, FloatArray], dashes: str, *, band: bool) -> None:
    """Both rates of one gallery size; the 95 % interval as a band where asked for."""
    for rate, colour in (("fpir", NONMATED), ("fnir", MATED)):
        axes.plot(
            rows["threshold"], 100 * rows[rate], color=colour, ls=dashes, lw=1.7,
            marker="o", ms=2.8,
        )  # fmt: skip
        if band:
            axes.fill_between(
                rows["threshold"], 100 * rows[f"{rate}_low"], 100 * rows[f"{rate}_high"],
                color=colour, alpha=0.15, lw=0,
            )  # fmt: skip
