"""What became better or worse over several releases, from their public reports.

The reports are compared as separate samples. The interval of a change is that of two independent
rates by recovered variances (MOVER; Newcombe 1998, Statistics in Medicine 17:873-890, method 10;
Zou and Donner 2008, Statistics in Medicine 27:1693-1702). A public rate is a bin of counts, so the
change is taken from whichever counts of both bins make it widest: the interval holds whatever the
exact counts were. Where no sampling interval is known (forecasts, bounds) a change has none.

Nothing is called a difference that its interval does not carry, and nothing is called "no
difference" whose interval would allow a large one: where it reaches further than ``LARGE`` to
either side, the data could not tell. *Better* asks for more: the same
settings and version, the same kinds of images looked at and no more of them missed, a gallery no
larger, and people who could not be searched for counted against the later release.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import sqrt
from pathlib import Path

from headrisk.errors import InputError, UsageError
from headrisk.findings.coarse import interval, least, most
from headrisk.findings.coverage import MAY_BE_LEFT, by_kind, face_counts
from headrisk.findings.records import (
    ModalitySection,
    Report,
    RunRecord,
    Table,
    cells_of,
)
from headrisk.report.columns import COLUMNS_FILE, columns_text, folder_headers, headers_of
from headrisk.report.html import render
from headrisk.report.read import read_report
from headrisk.report.tsv import table_text
from headrisk.report.words import compare as words
from headrisk.report.words.compare import Reading
from headrisk.report.words.inventory import kind
from headrisk.report.write import require_own_folder, write_public
from headrisk.run.seal import read_seal
from headrisk.statistics.intervals import counted_as_found
from headrisk.types import Estimate

LARGE = 0.1  # a change of a share that an interval must leave out before "no difference" is said
ON_ANALYSIS = ("seed", "bootstrap", "folds", "risk_line")  # settings that change no attack


@dataclass(frozen=True)
class Release:
    """One report of the comparison; ``name`` is its number on the page."""

    name: str
    report: Report
    started: str = ""
    sealed: bool = True


@dataclass(frozen=True)
class Figure:
    """A figure of one release.

    Attributes
    ----------
    value
        With its interval; None where the release does not have it.
    gallery
        People in the gallery it holds for, 0 where that does not matter.
    sampled
        Whether the interval is one of sampling, so that a change can have one.
    higher_is_worse
        Which way risk grows.
    """

    value: Estimate | None
    gallery: int = 0
    sampled: bool = True
    higher_is_worse: bool = True


@dataclass(frozen=True)
class Change:
    """One figure in two releases: new minus old, with its interval where there is one."""

    old: str
    new: str
    value: float | None
    low: float | None
    high: float | None
    reading: Reading


@dataclass(frozen=True)
class Row:
    """One figure over all releases, and how it changed from each to the next.

    With more than two releases the last change is that from the first to the last.
    """

    modality: str
    figure: str
    values: tuple[Estimate | None, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Comparison:
    """All figures, what each release holds, and what makes the releases hard to compare."""

    releases: tuple[Release, ...]
    remarks: tuple[str, ...]
    held: tuple[tuple[str, tuple[str, ...]], ...]
    rows: tuple[Row, ...]

    @property
    def open(self) -> tuple[tuple[Row, Change], ...]:
        """The strongest attacks' changes of which the data could not tell."""
        return tuple(
            (row, one)
            for row in self.rows
            if row.figure == words.STRONGEST
            for one in row.changes
            if one.reading == "cannot tell"
        )

    @property
    def with_interval(self) -> int:
        """How many changes have an interval."""
        return sum(one.low is not None for row in self.rows for one in row.changes)

    def summary(self) -> tuple[str, ...]:
        """What the changes come to, where it is not that a figure rose or fell."""
        open_pairs: dict[str, list[Change]] = {}
        for row, one in self.open:
            open_pairs.setdefault(row.modality, []).append(one)
        said = [
            words.cannot_tell(
                name,
                [(one.old, one.new) for one in found],
                min(one.low for one in found if one.low is not None),
                max(one.high for one in found if one.high is not None),
            )
            for name, found in open_pairs.items()
        ]
        readings = Counter(one.reading for row in self.rows for one in row.changes)
        if readings["not alike"]:
            said.append(words.not_alike(readings["not alike"]))
        if not self.with_interval:
            said.append(words.NOTHING_COMPARED)
        elif not self.told and not said:
            said.append(words.NO_CHANGE_TOLD if readings["cannot tell"] else words.NO_CHANGE_SHOWN)
        if self.with_interval:
            said.append(words.chance_of_luck(self.with_interval))
        return tuple(said)

    @property
    def unsealed(self) -> tuple[str, ...]:
        """That nobody can tell whether figures were changed since: said before any of them."""
        return tuple(words.unsealed(one.name) for one in self.releases if not one.sealed)

    @property
    def counts(self) -> tuple[str, ...]:
        """The counts that are not the same in all releases: they are exact, so they stand first."""
        return tuple(
            words.count_changed(name, counts)
            for name, counts in self.held
            if len(set(counts)) > 1 and name in words.COUNTS_TOLD
        )

    @property
    def told(self) -> tuple[tuple[Row, Change], ...]:
        """The changes that are called better or worse, the worse ones first."""
        found = [
            (row, one)
            for row in self.rows
            for one in row.changes
            if one.reading in ("better", "worse")
        ]
        return tuple(sorted(found, key=lambda pair: pair[1].reading == "better"))


def compare_folders(folders: Sequence[Path], out: Path | None = None) -> tuple[Comparison, Path]:
    """Compare output folders in the order given, the oldest first.

    Writes ``compare.html`` and ``tables/compare.tsv``.

    Parameters
    ----------
    folders
        Two or more.
    out
        Where the comparison goes: a new folder, or an output folder of headrisk; None writes it
        into the last one of ``folders``.

    Raises
    ------
    InputError
        A folder holds no report, a damaged or edited one, or one of another schema version; or two
        are one folder.
    UsageError
        Fewer than two folders, or ``out`` is not headrisk's own.
    """
    if len(folders) < 2:
        raise UsageError(
            "--compare",
            found="one output folder",
            expected="two or more",
            remedy="Name the folder of the earliest audit first.",
        )
    seen: dict[str, Path] = {}
    for folder in folders:
        real = os.path.realpath(folder)
        if real in seen:
            raise InputError(
                f"{seen[real]} and {folder}",
                found="one output folder, named twice",
                expected="another one for each release",
                remedy="Name the folder of the earliest audit first, then the later ones.",
            )
        seen[real] = folder
    place = folders[-1] if out is None else out
    require_own_folder(place)
    found = compare_reports([_release(k, folder) for k, folder in enumerate(folders, 1)])
    page = render(
        "compare.html.j2",
        report=found.releases[-1].report,
        found=found,
        say=words,
    )
    table = table_text(difference_table(found)).encode()
    place.mkdir(parents=True, exist_ok=True)
    headers = folder_headers(place / "tables") | headers_of({"compare.tsv": table})
    write_public(
        place,
        {
            "tables/compare.tsv": table,
            f"tables/{COLUMNS_FILE}": columns_text(headers, "tables").encode(),
            "compare.html": page.encode(),
        },
    )
    return found, place / "compare.html"


def _release(number: int, folder: Path) -> Release:
    report, run = read_report(folder)
    return release(str(number), report, run, sealed=read_seal(folder) is not None)


def release(name: str, report: Report, run: RunRecord, *, sealed: bool = True) -> Release:
    """A report of the comparison under a name."""
    return Release(name, report, run.started[:10], sealed)


def compare_reports(releases: Sequence[Release]) -> Comparison:
    """Every figure of the releases side by side. They are unpaired: see ``deidentify`` for people
    who are in both."""
    figures = [_figures(one.report) for one in releases]
    names = list(dict.fromkeys(name for found in figures for name in found))
    steps = list(pairwise(range(len(releases))))
    if len(releases) > 2:
        steps.append((0, len(releases) - 1))
    rows = []
    for modality, figure in names:
        own = [found.get((modality, figure), Figure(None)) for found in figures]
        changes = tuple(
            _change(releases[old], releases[new], modality, own[old], own[new])
            for old, new in steps
        )
        rows.append(Row(modality, figure, tuple(one.value for one in own), changes))
    return Comparison(
        tuple(releases),
        tuple(dict.fromkeys(_remarks(releases))),
        tuple(_held(releases)),
        tuple(rows),
    )


def difference_table(found: Comparison) -> Table:
    """``tables/compare.tsv``: a row for each figure and each two releases that are compared."""
    columns = (
        "modality",
        "figure",
        "from",
        "to",
        "old",
        "old_low",
        "old_high",
        "new",
        "new_low",
        "new_high",
        "change",
        "change_low",
        "change_high",
        "reading",
    )
    place = {one.name: k for k, one in enumerate(found.releases)}
    rows = tuple(
        (
            row.modality,
            row.figure,
            one.old,
            one.new,
            *cells_of(row.values[place[one.old]]),
            *cells_of(row.values[place[one.new]]),
            one.value,
            one.low,
            one.high,
            one.reading,
        )
        for row in found.rows
        for one in row.changes
    )
    return Table(columns, rows)


def interval_of_change(old: Estimate, new: Estimate) -> tuple[float, float]:
    """95 % interval of new minus old, whatever counts of their bins are the exact ones.

    Examples
    --------
    56 of 70 and 48 of 80 (Newcombe 1998, example a) differ by 0.2, 0.0524 to 0.3339:

    >>> from headrisk.statistics.intervals import wilson
    >>> low, high = interval_of_change(wilson(48, 80), wilson(56, 70))
    >>> round(low, 4), round(high, 4)
    (0.0524, 0.3339)
    """
    ends = [
        (
            last - first - sqrt((last - least) ** 2 + (highest - first) ** 2),
            last - first + sqrt((most - last) ** 2 + (first - lowest) ** 2),
        )
        for first, lowest, highest in _possible(old)
        for last, least, most in _possible(new)
    ]
    return max(min(low for low, _ in ends), -1.0), min(max(high for _, high in ends), 1.0)


def _possible(rate: Estimate) -> list[tuple[float, float, float]]:
    """Each share that a public rate may stand for, with the interval of that share."""
    if rate.fewest is None or rate.most is None or not rate.n:
        value = min(max(rate.value, rate.low), rate.high)
        return [(value, min(rate.low, value), max(rate.high, value))]
    counts = range(rate.fewest, rate.most + 1)
    return [(count / rate.n, *interval(count, rate.n)) for count in counts]


def _change(old: Release, new: Release, modality: str, first: Figure, last: Figure) -> Change:
    before, after = first.value, last.value
    if before is None or after is None:
        return Change(old.name, new.name, None, None, None, "one only")
    value = after.value - before.value
    if not (first.sampled and last.sampled):
        return Change(old.name, new.name, value, None, None, "no interval")
    low, high = interval_of_change(before, after)
    worse, better = (low > 0, high < 0) if first.higher_is_worse else (high < 0, low > 0)
    reading: Reading = "not shown" if max(-low, high) <= LARGE else "cannot tell"
    if worse:  # a smaller gallery raises rank rates by itself
        reading = "worse" if last.gallery >= first.gallery else "not alike"
    elif better:
        reading = "not alike"
        if _alike(old, new, modality, first, last) and _better_at_worst(new, modality, first, last):
            reading = "better"
    return Change(old.name, new.name, value, low, high, reading)


def _alike(old: Release, new: Release, modality: str, first: Figure, last: Figure) -> bool:
    """Whether a lower figure of the later release can be one of less risk."""
    sections = [_section(one.report, modality) for one in (old, new)]
    return (
        old.report.version == new.report.version
        and not _unlike_settings(old.report, new.report)
        and not _less_looked_at(old.report, new.report)
        and all(section is not None for section in sections)
        and sections[0].simulated == sections[1].simulated  # type: ignore[union-attr]
        and last.gallery <= first.gallery
    )


def _better_at_worst(new: Release, modality: str, first: Figure, last: Figure) -> bool:
    """Whether it is still better if all whom the later release could not search for were found."""
    section = _section(new.report, modality)
    lost = section.counts.unsearched if section else 0
    if not lost or first.value is None or last.value is None:
        return True
    tested = last.value.n
    n = tested + lost
    if not last.higher_is_worse:
        shrunk = [share * tested / n for share in (last.value.value, last.value.low)]
        worst = replace(last.value, value=shrunk[0], low=shrunk[1], n=n, fewest=None, most=None)
        return interval_of_change(first.value, worst)[0] > 0
    ends = (last.value.value, last.value.low, last.value.high)
    grown = [counted_as_found(share, tested, lost) for share in ends]
    worst = replace(
        last.value, value=grown[0], low=grown[1], high=grown[2], n=n, fewest=None, most=None
    )
    return interval_of_change(first.value, worst)[1] < 0


def _section(report: Report, modality: str) -> ModalitySection | None:
    return next((one for one in report.modalities if one.name == modality), None)


def _figures(report: Report) -> dict[tuple[str, str], Figure]:
    found: dict[tuple[str, str], Figure] = {}
    for section in report.modalities:
        for figure, value in _of_section(section):
            found[section.name, figure] = value
    return found


def _of_section(section: ModalitySection) -> Iterator[tuple[str, Figure]]:
    gallery = section.counts.gallery_size
    first = section.headline
    if first is not None and section.sufficient:
        yield words.STRONGEST, Figure(first.rank1, gallery)
    risk = section.risk
    if risk is not None:
        for point in risk.linkability:
            yield words.among(point.size), Figure(point.rate)
    for measure in section.measures:
        yield words.rank1(measure.name), Figure(measure.rank1, gallery)
        yield words.rank5(measure.name), Figure(measure.rank5, gallery)
        yield words.auc(measure.name), Figure(measure.auc)
    if risk is None:
        return
    strictest = risk.open_set.strictest
    if strictest is not None and risk.open_set.budget is not None:
        yield (
            words.fnir(round(1 / risk.open_set.budget)),
            Figure(strictest.fnir, strictest.size, higher_is_worse=False),
        )
    for forecast in risk.forecast.points:
        most = Estimate(forecast.most, forecast.low, forecast.high, risk.people)
        yield words.forecast(forecast.size), Figure(most, sampled=False)
    for outcome in risk.attackers:
        sampled = outcome.measured and not outcome.bound_only
        yield words.named_by(outcome.attacker.title), Figure(outcome.success, sampled=sampled)


def _held(releases: Sequence[Release]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What each release holds and what was looked at, row by row."""
    reports = [one.report for one in releases]
    for name in ("images", "looked_at", "failed", "left_out"):
        yield (
            words.HELD[name],
            tuple(
                "–" if one.inventory is None else f"{getattr(one.inventory, name):,}"
                for one in reports
            ),
        )
    for answer in MAY_BE_LEFT:
        yield (
            words.HELD[f"faces_{answer}"],
            tuple(
                words.NOT_LOOKED_FOR
                if (seen := face_counts(one)) is None
                else str(seen.counts.get(answer, 0))
                for one in reports
            ),
        )
    for severity in ("direct identifier", "quasi-identifier"):
        yield words.HELD[severity], tuple(_text_left(one, severity) for one in reports)


def _text_left(report: Report, severity: str) -> str:
    """How many findings of one severity stand in the files, or that nobody searched for them."""
    kinds = next((s.tables["kinds"] for s in report.modalities if "kinds" in s.tables), None)
    if kinds is None:
        return words.NOT_LOOKED_FOR
    cells = [row[2] for row in kinds.rows if row[1] == severity]
    counts = [int(cell) if isinstance(cell, int | float) else str(cell) for cell in cells]
    low, high = sum(map(least, counts)), sum(map(most, counts))
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _remarks(releases: Sequence[Release]) -> Iterator[str]:
    """What stands against comparing them."""
    for old, new in pairwise(releases):
        pair = (old.name, new.name)
        if old.report.version != new.report.version:
            yield words.versions(pair, old.report.version, new.report.version)
        unlike = _unlike_settings(old.report, new.report, every=True)
        if unlike:
            yield words.settings(pair, unlike)
        if _kinds(old.report) != _kinds(new.report):
            yield words.kinds(pair, _kinds(old.report), _kinds(new.report))
        if _missed(new.report) != _missed(old.report):
            yield words.missed(pair, _missed(old.report), _missed(new.report))
        names = dict.fromkeys(
            section.name for one in (old, new) for section in one.report.modalities
        )
        for name in names:
            first, last = _section(old.report, name), _section(new.report, name)
            if first is None or last is None:
                yield words.one_only(pair, name, old.name if last is None else new.name)
            elif few := _without_rates((old, first), (new, last)):
                yield words.too_few(name, few)
            elif first.simulated != last.simulated:
                yield words.simulated(pair, name)
            elif first.counts.gallery_size != last.counts.gallery_size:
                sizes = (first.counts.gallery_size, last.counts.gallery_size)
                yield words.galleries(pair, name, *sizes)


def _without_rates(*found: tuple[Release, ModalitySection]) -> list[str]:
    """Names of the releases in which people were to be searched for, but too few could be."""
    return [
        release.name
        for release, section in found
        if not section.sufficient and (section.measures or section.too_little)
    ]


def _unlike_settings(old: Report, new: Report, *, every: bool = False) -> list[str]:
    names = sorted(set(old.settings) | set(new.settings))
    return [
        name
        for name in names
        if old.settings.get(name) != new.settings.get(name) and (every or name not in ON_ANALYSIS)
    ]


def _kinds(report: Report) -> Mapping[str, int] | None:
    """Images looked at by kind; None where they were not listed."""
    if report.inventory is None:
        return None
    return {
        kind(row.suffix): row.looked_at for row in by_kind(report.inventory.kinds) if row.looked_at
    }


def _missed(report: Report) -> int | None:
    if report.inventory is None:
        return None
    return report.inventory.failed + report.inventory.left_out + report.inventory.unread_folders


def _less_looked_at(old: Report, new: Report) -> bool:
    """Whether the later audit saw fewer kinds of images, or missed more of them."""
    kinds, missed = (_kinds(old), _kinds(new)), (_missed(old), _missed(new))
    if kinds[0] is None or kinds[1] is None or missed[0] is None or missed[1] is None:
        return kinds[0] is not None or kinds[1] is not None
    return not set(kinds[0]) <= set(kinds[1]) or missed[1] > missed[0]
