"""What may not leave: small cells are withheld, and public files are searched for labels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from html import unescape
from itertools import groupby

from headrisk.errors import InputError
from headrisk.report.model import (
    Condition,
    Internal,
    MeasureResult,
    ModalitySection,
    Report,
)
from headrisk.report.treated_part import withhold_treatment

SMALLEST_CELL = 5
FIGURE_TABLES = ("scores", "density")


def withhold_small_cells(report: Report) -> Report:
    """The report without figures that stand for fewer than five people.

    Levels of a condition with fewer than five people become one row without figures and
    without their names. Where one level alone would be withheld, the next smallest joins it,
    since otherwise it could be had by subtraction. With fewer than five people to be found,
    the lowest mate, the highest non-mate and the curves would be scores of single people, so
    they are withheld too.
    """
    return replace(
        report,
        modalities=tuple(_withhold_section(section) for section in report.modalities),
        treatments=tuple(withhold_treatment(one) for one in report.treatments),
    )


def small(count: int) -> int | str:
    """A count, or ``<5`` where it stands for one to four."""
    return f"<{SMALLEST_CELL}" if 0 < count < SMALLEST_CELL else count


def merge_small_levels(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """Conditions with small levels merged, level order kept."""
    merged: list[Condition] = []
    for name, group in groupby(conditions, key=lambda condition: condition.name):
        levels = list(group)
        small = [c for c in levels if (c.persons or 0) < SMALLEST_CELL]
        rest = [c for c in levels if c not in small]
        if len(small) == 1 and rest:
            nearest = min(rest, key=lambda c: c.persons or 0)
            small.append(nearest)
            rest.remove(nearest)
        merged += rest
        if small:
            merged.append(Condition(name, _merged_name(len(small)), None, withheld=True))
    return tuple(merged)


def refuse_leaks(files: Mapping[str, bytes], internal: Internal) -> None:
    """Stop before publishing when a public file holds a scan's path, scan id or long label.

    A second line of defence: no public file is made from ``Internal`` in the first place. Short
    labels such as ``01`` cannot be told from figures and are not searched for.

    Raises
    ------
    InputError
        Names the file, never the string that was found in it.
    """
    labels, paths = _identifying(internal)
    for name, content in files.items():
        text = unescape(content.decode())
        words = set(re.findall(r"[\w-]+", text))
        if not words.isdisjoint(labels) or any(path in text for path in paths):
            raise InputError(
                name,
                found="a label, scan id or path of the scan table in a public file",
                expected="none",
                remedy="Rename the site, scanner or setting that repeats a person's label.",
            )


def _identifying(internal: Internal) -> tuple[set[str], set[str]]:
    """Labels and paths that are long enough to be nothing but a label or path."""
    named = {row.participant_id for row in internal.scans}
    labels = {text for text in named if len(text) >= 8 and any(c.isdigit() for c in text)}
    labels |= {f"sub-{text}" for text in named}
    paths = {text for row in internal.scans for text in (row.path, row.scan_id)}
    return labels, {text for text in paths if len(text) >= 6 and ("/" in text or "\\" in text)}


def _withhold_section(section: ModalitySection) -> ModalitySection:
    few_mates = all(m.rank1 is None or m.rank1.n < SMALLEST_CELL for m in section.measures)
    few_people = section.counts.persons < SMALLEST_CELL
    tables = dict(section.tables)
    if few_mates or few_people:
        tables = {k: v for k, v in tables.items() if k.split("-")[0] not in FIGURE_TABLES}
    return replace(
        section,
        measures=tuple(_withhold_extremes(m, few_mates, few_people) for m in section.measures),
        strongest=section.strongest
        and _withhold_extremes(section.strongest, few_mates, few_people),
        conditions=merge_small_levels(section.conditions),
        tables=tables,
    )


def _withhold_extremes(measure: MeasureResult, few_mates: bool, few_people: bool) -> MeasureResult:
    return replace(
        measure,
        mated_min=None if few_mates else measure.mated_min,
        nonmated_max=None if few_people else measure.nonmated_max,
    )


def _merged_name(count: int) -> str:
    return "1 small level" if count == 1 else f"{count} small levels, merged"
