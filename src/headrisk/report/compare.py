"""The difference between two reports, from their public files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from headrisk.errors import InputError
from headrisk.findings.records import ModalitySection, Report, Table, Value
from headrisk.report.columns import COLUMNS_FILE, columns_text, folder_headers, headers_of
from headrisk.report.html import render
from headrisk.report.read import read_report
from headrisk.report.tsv import table_text
from headrisk.report.words.summary import MODALITY_NAMES
from headrisk.report.write import write_public
from headrisk.types import Estimate


@dataclass(frozen=True)
class Difference:
    """One figure in both reports; None where a report does not have it.

    ``apart`` is True where the two intervals do not overlap, None where one is missing.
    """

    modality: str
    figure: str
    old: Estimate | None
    new: Estimate | None

    @property
    def change(self) -> float | None:
        """New minus old."""
        if self.old is None or self.new is None:
            return None
        return self.new.value - self.old.value

    @property
    def apart(self) -> bool | None:
        """Whether the two intervals leave a gap."""
        if self.old is None or self.new is None:
            return None
        return self.new.low > self.old.high or self.old.low > self.new.high


@dataclass(frozen=True)
class Comparison:
    """All differences, and what makes the two reports hard to compare."""

    differences: tuple[Difference, ...]
    remarks: tuple[str, ...]


def compare_folders(old: Path, new: Path) -> tuple[Comparison, Path]:
    """Compare two output folders; writes ``compare.html`` and ``tables/compare.tsv`` into ``new``.

    Raises
    ------
    InputError
        A folder holds no report, a damaged one, or one of another schema version; or both are
        one folder.
    """
    if os.path.realpath(old) == os.path.realpath(new):
        raise InputError(
            f"OLD and NEW are both {old}",
            found="one output folder",
            expected="two",
            remedy="Name the folder of the earlier audit first, then that of the later one.",
        )
    before, after = read_report(old)[0], read_report(new)[0]
    found = compare_reports(before, after)
    page = render("compare.html.j2", report=after, old=before, found=found)
    table = table_text(difference_table(found)).encode()
    headers = folder_headers(new / "tables") | headers_of({"compare.tsv": table})
    about = columns_text(headers, "tables").encode()
    write_public(
        new,
        {
            "tables/compare.tsv": table,
            f"tables/{COLUMNS_FILE}": about,
            "compare.html": page.encode(),
        },
    )
    return found, new / "compare.html"


def compare_reports(old: Report, new: Report) -> Comparison:
    """Every figure of the two reports side by side. They are unpaired: see ``change`` for people
    who are in both."""
    names = list(dict.fromkeys(s.name for s in (*old.modalities, *new.modalities)))
    before = {section.name: dict(_figures(section)) for section in old.modalities}
    after = {section.name: dict(_figures(section)) for section in new.modalities}
    rows = tuple(
        Difference(name, figure, before.get(name, {}).get(figure), after.get(name, {}).get(figure))
        for name in names
        for figure in dict.fromkeys((*before.get(name, {}), *after.get(name, {})))
    )
    return Comparison(rows, tuple(_remarks(old, new)))


def difference_table(found: Comparison) -> Table:
    """``tables/compare.tsv``."""
    columns = (
        "modality", "figure", "old", "old_low", "old_high", "new", "new_low", "new_high",
        "change", "intervals_apart",
    )  # fmt: skip
    said = {True: "yes", False: "no", None: None}
    rows = tuple(
        (one.modality, one.figure, *_ends(one.old), *_ends(one.new), one.change, said[one.apart])
        for one in found.differences
    )
    return Table(columns, rows)


def _ends(estimate: Estimate | None) -> tuple[Value, Value, Value]:
    return (estimate.value, estimate.low, estimate.high) if estimate else (None, None, None)


def _figures(section: ModalitySection) -> Iterator[tuple[str, Estimate | None]]:
    for measure in section.measures:
        yield f"{measure.name}: linked at rank 1", measure.rank1
        yield f"{measure.name}: within 5", measure.rank5
        yield f"{measure.name}: AUC", measure.auc
    risk = section.risk
    if risk is None:
        return
    if risk.open_set.strictest is not None and risk.open_set.budget is not None:
        searches = round(1 / risk.open_set.budget)
        yield (
            f"FNIR at 1 false-positive identification in {searches:,} searches",
            risk.open_set.strictest.fnir,
        )
    for point in risk.forecast.points:
        most = Estimate(point.most, point.low, point.high, risk.people)
        yield f"forecast of rank 1 among {point.size:,} people", most
    for outcome in risk.attackers:
        yield f"named by {outcome.attacker.name}", outcome.success


def _remarks(old: Report, new: Report) -> Iterator[str]:
    if old.version != new.version:
        yield f"Made by different versions of headrisk: {old.version} and {new.version}."
    names = sorted(set(old.settings) | set(new.settings))
    unlike = [name for name in names if old.settings.get(name) != new.settings.get(name)]
    if unlike:
        yield f"Settings differ: {', '.join(unlike)}. Part of a change may come from them."
    earlier = {section.name: section for section in old.modalities}
    for section in new.modalities:
        before = earlier.get(section.name)
        title = MODALITY_NAMES.get(section.name, (section.name, ""))[0]
        if before is None:
            yield f"{title}: not in the old report."
        elif before.counts.gallery_size != section.counts.gallery_size:
            yield (
                f"{title}: the galleries hold {before.counts.gallery_size:,} and "
                f"{section.counts.gallery_size:,} people. Rank rates fall as galleries grow, "
                "whatever else changed."
            )
    later = {section.name for section in new.modalities}
    for name in sorted(set(earlier) - later):
        yield f"{MODALITY_NAMES.get(name, (name, ''))[0]}: not in the new report."
