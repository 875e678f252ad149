"""Figures of the risk section, drawn from the tables written beside them."""

from __future__ import annotations

from math import ceil

import numpy as np
from matplotlib.axes import Axes

from headrisk.findings.records import Table
from headrisk.report.figures import CHANCE, INK, MATED, WIDTH
from headrisk.report.svg import new_figure, style, svg_text
from headrisk.report.words.captions import LABELS

BEYOND = "#C9CFD5"
MOST_TICKS = 4  # labels of sizes that fit side by side
LINE = 0.16  # inches of a line of the legend
LONG_LABEL = 24
RANGE = "range over models"


@style
def fan_figure(measured: Table, forecast: Table | None, name: str) -> str:
    """Rank-1 rate against gallery size: measured, then the range over the forecast models.

    Sizes beyond 100 times the data are grey.
    """
    figure, axes = new_figure(WIDTH, 3.5)
    rows = [row for row in measured.rows if row[0] == name and row[2] is not None]
    size, value, low, high = (np.array([row[i] for row in rows], dtype=float) for i in (1, 2, 3, 4))
    axes.fill_between(size, 100 * low, 100 * high, color=MATED, alpha=0.25, lw=0)
    axes.plot(size, 100 * value, color=MATED, lw=1.9, marker="o", ms=3.2, label=LABELS["measured"])
    largest = size[-1]
    if forecast is not None:
        found = [row for row in forecast.rows if row[1] == RANGE]
        far = np.array([row[0] for row in found], dtype=float)
        ends = np.array([[row[3], row[4]] for row in found], dtype=float)
        grey = np.array([row[6] == "yes" for row in found])
        start = [(float(largest), float(low[-1]), float(high[-1]))]
        points = start + [(x, a, b) for x, (a, b) in zip(far, ends, strict=True)]
        _band(axes, points, [False, *grey])
        _models(axes, forecast, (float(largest), float(value[-1])))
        largest = far[-1]
    sizes = np.geomspace(2, largest, 200)
    axes.plot(sizes, 100 / sizes, color=CHANCE, ls=":", lw=1.4, label=LABELS["guessing"])
    axes.set_xscale("log")
    axes.set(ylim=(0, 104), xlim=(1.8, largest * 1.15))
    ticks = [10**k for k in range(1, 9) if 10**k <= largest * 1.15]
    ticks = ticks[1::2] if len(ticks) > MOST_TICKS else ticks
    axes.set_xticks([2, *ticks], ["2", *(f"{tick:,}" for tick in ticks)], fontsize=8.5)
    axes.set_xticks([], minor=True)
    axes.set_xlabel(LABELS["gallery"])
    axes.set_ylabel(LABELS["linked"])
    axes.grid(True, axis="y", color="#E3E7EB", lw=0.6)
    handles, labels = axes.get_legend_handles_labels()
    columns = 1 if max(map(len, labels)) > LONG_LABEL else min(len(labels), 2)
    figure.set_size_inches(WIDTH, 2.9 + LINE * ceil(len(labels) / columns))
    figure.legend(
        handles, labels, loc="outside upper center", ncols=columns, frameon=False,
        fontsize=8.5, handlelength=1.8, columnspacing=1.4, borderaxespad=0.1,
    )  # fmt: skip
    return svg_text(figure, f"forecast-{name}")


def _band(axes: Axes, points: list[tuple[float, float, float]], grey: list[bool]) -> None:
    """The range between successive sizes, grey where the far end is beyond the data."""
    labelled = set()
    for (x0, a0, b0), (x1, a1, b1), far in zip(points, points[1:], grey[1:], strict=False):
        label = LABELS["beyond" if far else "forecast"]
        axes.fill_between(
            [x0, x1],
            [100 * a0, 100 * a1],
            [100 * b0, 100 * b1],
            color=BEYOND if far else "#E69F00",
            alpha=0.55 if far else 0.35,
            lw=0,
            label=None if label in labelled else label,
        )
        labelled.add(label)


def _models(axes: Axes, forecast: Table, start: tuple[float, float]) -> None:
    names = [name for name in dict.fromkeys(forecast.column("model")) if name != RANGE]
    for name, dashes in zip(names, ("-", "--", "-.", (0, (1, 1.5))), strict=False):
        rows = [row for row in forecast.rows if row[1] == name]
        sizes, rates = np.array([[row[0], row[2]] for row in rows], dtype=float).T
        x, y = np.append(start[0], sizes), 100 * np.append(start[1], rates)
        axes.plot(x, y, color=INK, lw=0.9, ls=dashes, label=name)
