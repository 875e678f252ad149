"""Figures of de-identification methods: before and after, and gain against cost."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from headrisk.findings.records import Table
from headrisk.report.figures import CHANCE, CONTROL, INK, MATED, NONMATED, WIDTH
from headrisk.report.svg import label_text, new_figure, style, svg_text
from headrisk.report.words.captions import LABELS

MODALITIES = ("face", "face-scans", "brain")
_MARKS = ("o", "s", "^", "D", "v", "P", "X", "p")
_COLOURS = (NONMATED, MATED, CONTROL, "#CC79A7", "#E69F00", "#56B4E9", INK)


@style
def before_after_figure(table: Table) -> str:
    """Found at rank 1 before and after, one line for each treatment and modality."""
    rows = _records(table)
    figure, axes = new_figure(WIDTH, 1.0 + 0.42 * len(rows))
    for place, row in enumerate(rows):
        values = [row[key] for key in ("before", "naive", "adaptive") if row[key] is not None]
        axes.plot(
            [100 * min(values), 100 * max(values)], [place, place], color="#C9D0D6", lw=5,
            solid_capstyle="round", zorder=1,
        )  # fmt: skip
        _point(axes, row, "before", place - 0.16, INK, "o", LABELS["original"], hollow=True)
        _point(axes, row, "naive", place, NONMATED, "s", LABELS["naive"])
        _point(axes, row, "adaptive", place + 0.16, MATED, "D", LABELS["adaptive"])
        if row["chance"] is not None:
            axes.plot(
                100 * row["chance"], place, "|", color=CHANCE, ms=13, mew=1.6,
                label=LABELS["guessing"] if not _has(axes, LABELS["guessing"]) else None,
            )  # fmt: skip
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
    shown = [name for name in MODALITIES if any(row["modality"] == name for row in rows)]
    names = list(dict.fromkeys(str(row["treatment"]) for row in rows))
    figure = Figure(figsize=(WIDTH, 0.6 + 2.8 * len(shown)), layout="constrained")
    FigureCanvasSVG(figure)
    panels = figure.subplots(len(shown), 1, squeeze=False)[:, 0]
    for axes, modality in zip(panels, shown, strict=True):
        own = [row for row in rows if row["modality"] == modality]
        before = [row["found_untreated"] for row in own if row["found_untreated"] is not None]
        if before:
            axes.plot(
                0, 100 * max(before), "o", ms=7, mfc="white", mec=INK, mew=1.4,
                label=LABELS["original"], zorder=3,
            )  # fmt: skip
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
        x, y,
        xerr=[[x - 100 * row["overlap_lost_low"]], [100 * row["overlap_lost_high"] - x]],
        yerr=[[y - 100 * row["found_low"]], [100 * row["found_high"] - y]],
        fmt=_MARKS[number % len(_MARKS)], color=colour, ms=6.5, elinewidth=1.2,
        label=label_text(str(row["treatment"]), 24), zorder=4,
    )  # fmt: skip


def _point(
    axes: Axes, row: dict[str, Any], key: str, place: float, colour: str, mark: str, label: str,
    *, hollow: bool = False,
) -> None:  # fmt: skip
    """A rate with its 95 % interval; nothing where it is unknown."""
    if row[key] is None:
        return
    value, low, high = (100 * row[name] for name in (key, f"{key}_low", f"{key}_high"))
    axes.plot([low, high], [place, place], color=colour, lw=1.3, solid_capstyle="butt", zorder=2)
    axes.plot(
        value, place, mark, ms=5.5, color=colour, mfc="white" if hollow else colour, zorder=3,
        label=label if not _has(axes, label) else None,
    )  # fmt: skip


def _has(axes: Axes, label: str) -> bool:
    return label in axes.get_legend_handles_labels()[1]


def _legend(axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    axes.figure.legend(
        handles, labels, loc="outside upper center", ncols=min(2, max(1, len(labels))),
        frameon=False, fontsize=8.5, handlelength=1.6, columnspacing=1.4, borderaxespad=0.1,
    )  # fmt: skip
