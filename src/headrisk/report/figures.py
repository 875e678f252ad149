"""The report's figures as inline SVG, drawn from nothing but the tables written beside them.

Colours are those of Okabe and Ito (2008), which stay apart under colour-blindness; line style
or position carries the same distinction. The SVG is the same byte for byte for the same table.
"""

from __future__ import annotations

from textwrap import wrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from scipy.special import ndtri

from headrisk.findings.records import Condition, MeasureResult, Table
from headrisk.report.svg import label_text, new_figure, style, svg_text
from headrisk.report.words.captions import LABELS

MATED = "#D55E00"
NONMATED = "#0072B2"
CHANCE = "#5B6570"
CONTROL = "#009E73"
INK = "#1B2733"
GUESSING = LABELS["guessing"]
THRESHOLD_STYLES = {"kde": "--", "fmr_1e-2": "-.", "fmr_1e-3": ":"}
WIDTH = 4.3  # inches: narrow enough to be read in a window of 390 pixels
WIDE = 26  # letters of a label on one line
DET_TICKS = (0.001, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999)


@style
def distribution_figure(bins: Table, density: Table | None, measure: MeasureResult) -> str:
    """Scores of mated and non-mated pairs with their density curves and the thresholds."""
    figure, axes = new_figure(WIDTH, 2.9)
    for kind, colour, label in (
        ("nonmated", NONMATED, LABELS["nonmated"]),
        ("mated", MATED, LABELS["mated"]),
    ):
        rows = [row for row in bins.rows if row[0] == kind]
        if not rows:
            continue
        places = (bins.columns.index(name) for name in ("low", "high", "density"))
        low, high, height = (np.array([row[i] for row in rows], dtype=float) for i in places)
        axes.stairs(
            height, np.append(low, high[-1]), fill=True, color=colour, alpha=0.28, label=label
        )
        if density is not None:
            axes.plot(density.column("score"), density.column(kind), color=colour, lw=1.6)
    top = axes.get_ylim()[1]
    axes.set_ylim(0, top * 1.12)
    for rule, dashes in THRESHOLD_STYLES.items():
        item = measure.thresholds.get(rule)
        if item is not None and item.value is not None:
            axes.axvline(item.value, color=INK, ls=dashes, lw=1.1, label=LABELS[rule])
    axes.set_xlabel(LABELS["similarity"].format(measure=measure.name))
    axes.set_ylabel(LABELS["density"])
    axes.set_yticks([])
    _legend_above(axes)
    return svg_text(figure, f"scores-{measure.name}")


@style
def det_figure(curves: dict[str, Table]) -> str:
    """False non-match rate against false match rate on normal-deviate axes, one line each."""
    figure, axes = new_figure(WIDTH, 4.1)
    floor = ndtri(DET_TICKS[0]) - 0.15
    for index, (name, table) in enumerate(curves.items()):
        fmr, fnmr = (np.clip(ndtri(np.array(table.column(c), dtype=float)), floor, -floor)
                     for c in ("fmr", "fnmr"))  # fmt: skip
        first = index == 0
        axes.plot(
            fmr,
            fnmr,
            color=MATED if first else CHANCE,
            lw=2.0 if first else 0.8,
            alpha=1.0 if first else 0.6,
            zorder=3 if first else 2,
            label=name if first else (LABELS["other"] if index == 1 else None),
            clip_on=False,
        )
    axes.plot([floor, -floor], [-floor, floor], color=CHANCE, ls=":", lw=1.0, label=GUESSING)
    ticks = ndtri(np.array(DET_TICKS))
    labels = [f"{100 * tick:g} %" for tick in DET_TICKS]
    axes.set(xlim=(floor, -floor), ylim=(floor, -floor))
    axes.set_xticks(ticks, labels, rotation=35)
    axes.set_yticks(ticks, labels)
    axes.set_xlabel(LABELS["fmr"])
    axes.set_ylabel(LABELS["fnmr"])
    axes.grid(True, color="#E3E7EB", lw=0.6)
    _legend_above(axes)
    return svg_text(figure, "det-" + "-".join(curves))


@style
def cmc_figure(curve: Table, name: str, gallery_size: int) -> str:
    """Share of searched people whose true match is among the first k, beside guessing."""
    figure, axes = new_figure(WIDTH, 2.8)
    rank = np.array(curve.column("rank"), dtype=float)
    rate = np.array(curve.column("rate"), dtype=float)
    chance = np.array(curve.column("chance"), dtype=float)
    axes.plot(
        rank,
        100 * rate,
        color=MATED,
        lw=1.9,
        marker="o",
        ms=3.2,
        label=LABELS["attack"].format(measure=name),
    )
    axes.plot(rank, 100 * chance, color=CHANCE, ls=":", lw=1.4, label=GUESSING)
    axes.set(ylim=(0, 104), xlim=(0.6, rank[-1] + 0.4))
    axes.set_xlabel(LABELS["rank"].format(gallery=gallery_size))
    axes.set_ylabel(LABELS["within"])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(True, axis="y", color="#E3E7EB", lw=0.6)
    _legend_above(axes)
    return svg_text(figure, f"cmc-{name}")


@style
def measures_figure(measures: tuple[MeasureResult, ...]) -> str:
    """Rank-1 rate of every measure with its 95 % interval, beside control and chance."""
    shown = [measure for measure in measures if measure.rank1 is not None]
    figure, axes = new_figure(WIDTH, 1.0 + 0.24 * len(shown))
    for row, measure in enumerate(shown):
        _interval(axes, row, measure.rank1, MATED)
        if measure.control is not None:
            axes.plot(100 * measure.control.value, row, "D", color=CONTROL, ms=4,
                      label=LABELS["control"] if row == 0 else None)  # fmt: skip
    chance = [m.chance for m in shown if m.chance is not None]
    if chance:
        axes.axvline(100 * chance[0], color=CHANCE, ls=":", lw=1.4, label=GUESSING)
    _forest_axes(axes, [label_text(measure.name, 30) for measure in shown], LABELS["rank1"])
    return svg_text(figure, "measures")


@style
def conditions_figure(conditions: tuple[Condition, ...], overall: float) -> str:
    """Rank-1 rate by condition as a forest plot; the dashed line is the whole data set."""
    shown = [c for c in conditions if c.rank1 is not None and not c.withheld]
    texts = [wrap(label_text(f"{c.name}: {c.level}", 3 * WIDE), WIDE) for c in shown]
    lines = 1 + max(map(len, texts), default=1)
    figure, axes = new_figure(WIDTH, 1.0 + max(0.4, 0.17 * lines) * len(shown))
    for row, condition in enumerate(shown):
        _interval(axes, row, condition.rank1, MATED)
    axes.axvline(100 * overall, color=INK, ls="--", lw=1.0, label=LABELS["whole"])
    names = ["\n".join((*text, f"(n = {c.persons})")) for text, c in zip(texts, shown, strict=True)]
    _forest_axes(axes, names, LABELS["rank1"])
    return svg_text(figure, "conditions")


def _interval(axes: Axes, row: int, estimate: object, colour: str) -> None:
    value, low, high = (100 * getattr(estimate, part) for part in ("value", "low", "high"))
    axes.plot([low, high], [row, row], color=colour, lw=1.6, solid_capstyle="butt")
    axes.plot(value, row, "s", color=colour, ms=5, label=LABELS["interval"] if not row else None)


def _forest_axes(axes: Axes, names: list[str], label: str) -> None:
    axes.set_yticks(range(len(names)), names, fontsize=8.5)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(-2, 102)
    axes.set_xlabel(label)
    axes.grid(True, axis="x", color="#E3E7EB", lw=0.6)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    _legend_above(axes)


def _legend_above(axes: Axes) -> None:
    """The legend over the axes, two entries in a row."""
    handles, labels = axes.get_legend_handles_labels()
    axes.figure.legend(
        handles, labels, loc="outside upper center", ncols=min(max(1, len(labels)), 2),
        frameon=False, fontsize=8.5, handlelength=1.8, columnspacing=1.4, borderaxespad=0.1,
    )  # fmt: skip
