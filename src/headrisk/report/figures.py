"""The report's figures as inline SVG, drawn from nothing but the tables written beside them.

Colours are those of Okabe and Ito (2008), which stay apart under colour-blindness; line style
or position carries the same distinction. The SVG is the same byte for byte for the same table.
"""

from __future__ import annotations

from math import ceil
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy.special import ndtri

from headrisk.findings.attacks import drawn
from headrisk.findings.records import Condition, MeasureResult, Table
from headrisk.report.svg import label_text, new_figure, style, svg_text
from headrisk.report.words.captions import LABELS
from headrisk.report.words.summary import judged
from headrisk.types import FloatArray

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
DASHES = ("-", "--", ":")
BEYOND = "#C9CFD5"
MOST_TICKS = 4  # labels of sizes that fit side by side
LINE = 0.16  # inches of a line of the legend
LONG_LABEL = 24
RANGE = "range over models"
_MARKS = ("o", "s", "^", "D", "v", "P", "X", "p")
_COLOURS = (NONMATED, MATED, CONTROL, "#CC79A7", "#E69F00", "#56B4E9", INK)


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
        fmr, fnmr = (
            np.clip(ndtri(np.array(table.column(c), dtype=float)), floor, -floor)
            for c in ("fmr", "fnmr")
        )
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
def measures_figure(measures: tuple[MeasureResult, ...], luck: float | None = None) -> str:
    """Rank-1 rate of every measure with its 95 % interval, beside luck and guessing.

    ``luck`` is that of the result. That of each single measure is drawn from its own shuffles, so
    that it lies a step higher or lower, and stands in the table of numbers.
    """
    shown = [measure for measure in measures if measure.rank1 is not None]
    figure, axes = new_figure(WIDTH, 1.0 + 0.24 * len(shown))
    for row, measure in enumerate(shown):
        _interval(axes, row, measure.rank1, MATED)
        ends = judged(measure)
        if ends is not None and measure.rank1 is not None and measure.rank1.most is not None:
            low, high = 100 * ends[0], 100 * ends[1]
            axes.plot(
                [low, high],
                [row, row],
                color=MATED,
                lw=4.2,
                solid_capstyle="butt",
                label=None if row else LABELS["judged"],
            )
    if luck is not None:
        axes.axvline(100 * luck, color=INK, lw=2.2, label=LABELS["control"])
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
        handles,
        labels,
        loc="outside upper center",
        ncols=min(max(1, len(labels)), 2),
        frameon=False,
        fontsize=8.5,
        handlelength=1.8,
        columnspacing=1.4,
        borderaxespad=0.1,
    )


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
        [upper.lines[0], upper.lines[1], *sizes],
        labels + [str(one.get_label()) for one in sizes],
        loc="outside upper center",
        ncols=1,
        frameon=False,
        fontsize=8.5,
        handlelength=2.2,
        columnspacing=1.4,
        borderaxespad=0.1,
    )
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
            rows["threshold"],
            100 * rows[rate],
            color=colour,
            ls=dashes,
            lw=1.7,
            marker="o",
            ms=2.8,
        )
        if band:
            axes.fill_between(
                rows["threshold"],
                100 * rows[f"{rate}_low"],
                100 * rows[f"{rate}_high"],
                color=colour,
                alpha=0.15,
                lw=0,
            )


@style
def fan_figure(measured: Table, forecast: Table | None, name: str) -> str:
    """Rank-1 rate against gallery size: measured, then the range over the forecast models.

    Sizes beyond 100 times the data are grey.
    """
    figure, axes = new_figure(WIDTH, 3.5)
    rows = [row for row in measured.rows if row[0] == name and row[2] is not None]
    size, value, low, high = (np.array([row[i] for row in rows], dtype=float) for i in (1, 2, 3, 4))
    axes.fill_between(
        size, 100 * low, 100 * high, color=MATED, alpha=0.25, lw=0, label=LABELS["interval"]
    )
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
    ticks = [2, *(ticks[1::2] if len(ticks) > MOST_TICKS else ticks)]
    if forecast is None and len(size) <= MOST_TICKS:
        ticks = [int(one) for one in size]
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks], fontsize=8.5)
    axes.set_xticks([], minor=True)
    axes.set_xlabel(LABELS["gallery"])
    axes.set_ylabel(LABELS["linked"])
    axes.grid(True, axis="y", color="#E3E7EB", lw=0.6)
    handles, labels = axes.get_legend_handles_labels()
    columns = 1 if max(map(len, labels)) > LONG_LABEL else min(len(labels), 2)
    figure.set_size_inches(WIDTH, 2.9 + LINE * ceil(len(labels) / columns))
    figure.legend(
        handles,
        labels,
        loc="outside upper center",
        ncols=columns,
        frameon=False,
        fontsize=8.5,
        handlelength=1.8,
        columnspacing=1.4,
        borderaxespad=0.1,
    )
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


@style
def before_after_figure(table: Table) -> str:
    """Found at rank 1 before and after, one line for each treatment and modality."""
    rows = _records(table)
    figure, axes = new_figure(WIDTH, 1.0 + 0.42 * len(rows))
    for place, row in enumerate(rows):
        values = [row[key] for key in ("before", "naive", "adaptive") if row[key] is not None]
        axes.plot(
            [100 * min(values), 100 * max(values)],
            [place, place],
            color="#C9D0D6",
            lw=5,
            solid_capstyle="round",
            zorder=1,
        )
        _point(axes, row, "before", place - 0.16, INK, "o", LABELS["original"], hollow=True)
        _point(axes, row, "naive", place, NONMATED, "s", LABELS["naive"])
        _point(axes, row, "adaptive", place + 0.16, MATED, "D", LABELS["adaptive"])
        if row["chance"] is not None:
            axes.plot(
                100 * row["chance"],
                place,
                "|",
                color=CHANCE,
                ms=13,
                mew=1.6,
                label=LABELS["guessing"] if not _has(axes, LABELS["guessing"]) else None,
            )
    names = [f"{label_text(str(row['treatment']), 18)}: {row['modality']}" for row in rows]
    axes.set_yticks(range(len(rows)), names)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(-2, 102)
    axes.set_xlabel(LABELS["before"])
    axes.grid(True, axis="x", color="#E3E7EB", lw=0.6)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    _legend(axes)
    return svg_text(figure, "treatments-before-after")


@style
def trade_figure(table: Table) -> str:
    """One dot a treatment: overlap of brain masks lost, and people still found."""
    rows = _records(table)
    shown = drawn(str(row["modality"]) for row in rows)
    names = list(dict.fromkeys(str(row["treatment"]) for row in rows))
    figure = Figure(figsize=(WIDTH, 0.6 + 2.8 * len(shown)), layout="constrained")
    FigureCanvasSVG(figure)
    panels = figure.subplots(len(shown), 1, squeeze=False)[:, 0]
    for axes, modality in zip(panels, shown, strict=True):
        own = [row for row in rows if row["modality"] == modality]
        before = [row["found_untreated"] for row in own if row["found_untreated"] is not None]
        if before:
            axes.plot(
                0,
                100 * max(before),
                "o",
                ms=7,
                mfc="white",
                mec=INK,
                mew=1.4,
                label=LABELS["original"],
                zorder=3,
            )
        for row in own:
            _dot(axes, row, names.index(str(row["treatment"])))
        right = max([100 * float(row["overlap_lost_high"]) for row in own] + [1.0])
        axes.set(ylim=(-3, 103), xlim=(-0.05 * right, 1.1 * right))
        axes.set_title(LABELS[modality], fontsize=10)
        axes.grid(True, color="#E3E7EB", lw=0.6)
        axes.set_xlabel(LABELS["lost"])
    for axes in panels:
        axes.set_ylabel(LABELS["still"])
    _legend(panels[0])
    return svg_text(figure, "treatments-trade")


def _records(table: Table) -> list[dict[str, Any]]:
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def _dot(axes: Axes, row: dict[str, Any], number: int) -> None:
    x, y = 100 * row["overlap_lost"], 100 * row["found"]
    colour = _COLOURS[number % len(_COLOURS)]
    axes.errorbar(
        x,
        y,
        xerr=[[x - 100 * row["overlap_lost_low"]], [100 * row["overlap_lost_high"] - x]],
        yerr=[[y - 100 * row["found_low"]], [100 * row["found_high"] - y]],
        fmt=_MARKS[number % len(_MARKS)],
        color=colour,
        ms=6.5,
        elinewidth=1.2,
        label=label_text(str(row["treatment"]), 24),
        zorder=4,
    )


def _point(
    axes: Axes,
    row: dict[str, Any],
    key: str,
    place: float,
    colour: str,
    mark: str,
    label: str,
    *,
    hollow: bool = False,
) -> None:
    """A rate with its 95 % interval; nothing where it is unknown."""
    if row[key] is None:
        return
    value, low, high = (100 * row[name] for name in (key, f"{key}_low", f"{key}_high"))
    axes.plot([low, high], [place, place], color=colour, lw=1.3, solid_capstyle="butt", zorder=2)
    axes.plot(
        value,
        place,
        mark,
        ms=5.5,
        color=colour,
        mfc="white" if hollow else colour,
        zorder=3,
        label=label if not _has(axes, label) else None,
    )


def _has(axes: Axes, label: str) -> bool:
    return label in axes.get_legend_handles_labels()[1]


def _legend(axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    axes.figure.legend(
        handles,
        labels,
        loc="outside upper center",
        ncols=min(2, max(1, len(labels))),
        frameon=False,
        fontsize=8.5,
        handlelength=1.6,
        columnspacing=1.4,
        borderaxespad=0.1,
    )
