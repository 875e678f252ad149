"""What follows from the findings: fixed rules, each with a stable code and a fixed condition.

The rules read nothing but the report that may leave, so that they tell no more than it does. Each
is documented with its evidence in ``docs/report.md``. None of them reassures: where no rule
applies nothing is said. The sentences stand in ``headrisk.report.words.follows``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from headrisk.dataset.inventory import NOT_USED, KindRow
from headrisk.dataset.magic import MAY_SHOW
from headrisk.findings.attacks import CODES, facts_of
from headrisk.findings.coarse import Count, added, count_of, least, most
from headrisk.findings.coverage import (
    MAY_BE_LEFT,
    by_kind,
    dates_compared,
    face_counts,
    scan_faces,
    standing_out,
    told,
    tried_images,
)
from headrisk.findings.deidentified import Effect, Treatment
from headrisk.findings.records import (
    SOURCE_FOLDER,
    CopyRow,
    FileRow,
    ModalitySection,
    Report,
    Table,
    Value,
)
from headrisk.statistics.forecast.records import FEWEST_PEOPLE
from headrisk.statistics.intervals import zero_event_bound
from headrisk.types import Estimate

LINE = 0.05  # a share of people: the upper bound that the rules ask a sample to be able to show
LARGE_COST = 0.01  # share of brain voxels cut, or of the brain mask's overlap lost
DECIDES = (
    "labels_disagree",
    "labels_unconfirmed",
    "brains_link",
    "together_link",
    "faces_there",
    "photographs_link",
    "face_scans_link",
    "metadata_direct",
    "metadata_link",
    "tables_link",
    "attack_link",
    "source_folder",
    "copy_holds_removed_values",
    "deidentified_faces",
    "deidentified_still_links",
)
"""Codes that decide whether and how data may leave, in the order in which pages tell them."""
NOT_KNOWN = (
    "faces_unclear",
    "faces_not_searched",
    "faces_to_check",
    "images_not_looked_at",
    "images_failed",
    "images_not_compared",
    "faces_not_looked_at",
    "files_beside_images",
    "files_unread",
    "metadata_to_read",
    "people_failed",
    "folders_unread",
    "tables_unused",
    "metadata_not_searched",
    "not_asked",
    "people_stand_out",
    "copy_findings",
    "deidentified_unchanged",
    "deidentified_missing",
    "deidentified_doubtful",
    "deidentified_to_check",
    "deidentified_failed",
)
"""Codes of what nobody knows yet, or of few people: told next."""
WARNINGS = (
    *(f"{word}_{end}" for word in CODES for end in ("not_shown", "too_few")),
    "simulated",
    "forecast_ends",
    "deidentified_no_difference",
)
"""Codes that give nothing to do, but say how not to read a figure: no steps, told last."""


def weight(code: str) -> tuple[int, int]:
    """Where a page tells a code: 0 decides, 1 not known, 2 lesser steps, 3 warnings; then a place.

    >>> weight("brains_link") < weight("people_stand_out") < weight("metadata_quasi")
    True
    >>> weight("metadata_quasi") < weight("brains_not_shown")
    True
    """
    if code in DECIDES:
        return 0, DECIDES.index(code)
    return (1 if code in NOT_KNOWN else 3 if code in WARNINGS else 2), 0


@dataclass(frozen=True)
class Follow:
    """One rule that applies, and the figures its sentence needs.

    Attributes
    ----------
    code
        Of the rule; never changes its meaning.
    about
        What it is about where that is not clear from the code: a method, an attack, questions.
    count, of
        How many, and out of how many.
    kinds
        Kinds of images by suffix, of files, or codes of reasons.
    rate
        The rate that it rests on.
    limit
        A number of people; of images, how many another rule has told already.
    counts
        How many of each kind, where that is told.
    """

    code: str
    about: str = ""
    count: Count = 0
    of: Count = 0
    kinds: tuple[str, ...] = ()
    rate: Estimate | None = None
    limit: int = 0
    counts: tuple[Count, ...] = ()


def people_needed(line: float = LINE) -> int:
    """How many people, none of them linked, bring the upper bound below ``line``.

    >>> people_needed(0.05)
    59
    """
    people = 1
    while zero_event_bound(people) >= line:
        people += 1
    return people


def follows(report: Report) -> tuple[Follow, ...]:
    """All rules that apply to a report that may leave, in the order in which they are told."""
    return tuple(found for rule in RULES for found in rule(report))


def _labels(report: Report) -> Iterator[Follow]:
    for section in report.modalities:
        if section.labels is not None and section.labels.in_doubt:
            yield Follow(section.labels.code, section.name)
            return


def _images(report: Report) -> Iterator[Follow]:
    counts = report.inventory
    if counts is None:
        return
    if counts.left_out or counts.failed:
        why = sum((Counter(row.reasons) for row in told(report)), Counter[str]()).most_common()
        yield Follow(
            "images_not_looked_at",
            count=counts.left_out + counts.failed,
            of=counts.images,
            kinds=tuple(code for code, _ in why),
            counts=tuple(images for _, images in why),
        )
    if counts.failed:
        kinds = _kinds(counts.kinds, lambda row: row.failed)
        yield Follow("images_failed", count=counts.failed, of=counts.images, kinds=kinds)


def _beside(report: Report) -> Iterator[Follow]:
    counts = report.inventory
    if counts is None:
        return
    if counts.unread_folders:
        yield Follow("folders_unread", count=counts.unread_folders)
    unused = sum(
        n for codes in counts.unused.values() for code, n in codes.items() if code in NOT_USED
    )
    if unused:
        yield Follow("tables_unused", count=unused, kinds=tuple(counts.unused))
    in_part = sum(n for codes in counts.unused.values() for n in codes.values()) - unused
    if in_part:
        yield Follow("tables_used_in_part", count=in_part)
    beside = {kind: n for kind, n in counts.other.items() if n and kind in MAY_SHOW}
    if beside:
        yield Follow("files_beside_images", count=sum(beside.values()), kinds=tuple(beside))
    if counts.copies:
        yield Follow("images_copied", count=counts.copies)


def _not_compared(report: Report) -> Iterator[Follow]:
    """Images that no attack compared, by why, where some of them were looked at for a face."""
    counts = report.inventory
    if counts is None or not tried_images(report):
        return
    why = sum((Counter(row.apart) for row in told(report)), Counter[str]())
    if why.total() > counts.failed + counts.left_out:
        codes, images = zip(*why.most_common(), strict=True)
        yield Follow(
            "images_not_compared",
            count=why.total(),
            of=counts.images,
            kinds=codes,
            counts=images,
            limit=counts.failed + counts.left_out,
        )


def _kinds(rows: tuple[KindRow, ...], count: Callable[[KindRow], int]) -> tuple[str, ...]:
    """Suffixes with any of a count, the most frequent first."""
    found = sorted((row for row in by_kind(rows) if count(row)), key=lambda row: -count(row))
    return tuple(row.suffix for row in found)


def _scans(report: Report) -> Iterator[Follow]:
    for section in report.modalities:
        if section.counts.doubtful:
            yield Follow(
                "scans_doubtful", section.name, section.counts.doubtful, section.counts.scans
            )


def _faces(report: Report) -> Iterator[Follow]:
    left = report.faces_left
    if left is None:
        yield from _faces_in_scans(report)
        return
    seen = face_counts(report)
    if seen is None:
        yield Follow("faces_not_looked_at", count=left.images, of=left.images)
        return
    kinds = tuple(
        suffix
        for suffix, counts in seen.kinds.items()
        if suffix and most(counts.get("face", 0)) + most(counts.get("part", 0))
    )
    listed = report.inventory
    before = listed.failed + listed.left_out if seen.unseen and listed else 0  # by rules of images
    face, part, unclear, failed = (seen.counts.get(name, 0) for name in MAY_BE_LEFT)
    yield from _face_rules(
        face,
        part,
        unclear,
        max(failed - before, 0) if isinstance(failed, int) else failed,
        of=seen.images,
        kinds=kinds,
    )


def _faces_in_scans(report: Report) -> Iterator[Follow]:
    """The same of the scans whose faces were compared, where no image was looked at for it."""
    seen = scan_faces(report)
    if seen is None:
        if report.inventory is not None and "faces" not in report.not_asked:
            yield Follow("faces_not_searched")
        return
    there = (seen.face, seen.part, seen.unclear, seen.failed)
    yield from _face_rules(*there, of=most(seen.scans), kinds=())


def _face_rules(
    face: Count, part: Count, unclear: Count, failed: Count, *, of: int, kinds: tuple[str, ...]
) -> Iterator[Follow]:
    if most(face) + most(part):
        count = added(face, part, of)
        yield Follow("faces_there", count=count, of=of, kinds=kinds, counts=(face, part))
    if least(unclear):
        yield Follow("faces_unclear", count=unclear, of=of)
    if least(failed):
        yield Follow("faces_not_looked_at", count=failed, of=of)
    perhaps = [count for count in (unclear, failed) if most(count) and not least(count)]
    if perhaps:
        yield Follow("faces_to_check", count=max(most(count) for count in perhaps), of=of)


def _attacks(report: Report) -> Iterator[Follow]:
    """What each attack shows; that it shows nothing only where labels are not in doubt."""
    doubt = any(one.labels is not None and one.labels.in_doubt for one in report.modalities)
    for section in report.modalities:
        name, first = facts_of(section.name).code, section.headline
        if not (section.measures or section.strongest):
            continue
        kinds = (section.name,) if name == "attack" else ()
        if not section.sufficient or first is None:
            yield Follow(
                f"{name}_too_few",
                count=section.counts.searched,
                kinds=kinds,
                limit=people_needed(),
            )
        elif first.reading == "links":
            tried = _measured_after(report, section)
            yield Follow(f"{name}_link", tried, kinds=kinds, rate=first.rank1)
        elif not doubt:
            unclear = "unclear" if first.reading == "unclear" else ""
            yield Follow(
                f"{name}_not_shown", unclear, kinds=kinds, rate=first.rank1, limit=people_needed()
            )
        if section.simulated:
            yield Follow("simulated", section.name)


def _measured_after(report: Report, section: ModalitySection) -> str:
    """``measured`` where the attack was tried on a de-identified copy too, else ""."""
    tried = any(
        effect is not None and (effect.rank1 is not None or effect.found is not None)
        for one in report.treatments
        for effect in (one.effect(section.name),)
    )
    return "measured" if tried else ""


def _people(report: Report) -> Iterator[Follow]:
    for section in report.modalities:
        people = section.counts.people
        alone = people.not_searched.get("one_session", 0) if people else 0
        if people and alone:
            yield Follow("people_not_searchable", section.name, alone, people.people)
        if section.counts.unsearched:
            of = section.counts.unsearched + section.counts.searched
            yield Follow("people_failed", section.name, section.counts.unsearched, of)


def _forecast(report: Report) -> Iterator[Follow]:
    """Where forecasts end; attacks for which they end alike are told together."""
    ends: dict[tuple[int, int], list[str]] = {}
    for section in report.modalities:
        if section.risk is None or not section.sufficient:
            continue
        found = section.risk.forecast
        if not found.points:
            few = FEWEST_PEOPLE if found.reason == "few people" else 0
            ends.setdefault((few, found.gallery), []).append(section.name)
        elif found.reach is not None or found.bound_only:
            reach = found.gallery if found.bound_only else found.reach or found.gallery
            ends.setdefault((0, max(reach, found.gallery)), []).append(section.name)
    for (needed, limit), names in ends.items():
        yield Follow("forecast_ends", count=needed, kinds=tuple(names), limit=limit)


def _searched_text(report: Report) -> ModalitySection | None:
    """The section of what was found in sidecars, tables and headers."""
    return next((one for one in report.modalities if "kinds" in one.tables), None)


def _direct(report: Report) -> Iterator[Follow]:
    """What names a person without any image, and who is alone by a few details."""
    section = _searched_text(report)
    if section is None:
        return
    kinds = section.tables["kinds"].rows
    source = [row for row in kinds if row[0] in SOURCE_FOLDER and most(count_of(row[2]))]
    rest = [row for row in kinds if row not in source]
    yield from _severity(rest, "direct identifier", "metadata_direct")
    if source:
        yield Follow("source_folder", count=sum(most(count_of(row[2])) for row in source))
    people = standing_out(report)
    if people is not None:
        yield Follow("people_stand_out", count=people[0], of=people[1])


def _metadata(report: Report) -> Iterator[Follow]:
    section = _searched_text(report)
    if section is None:
        if report.inventory is not None:
            yield Follow("metadata_not_searched")
        return
    for severity, code in SEVERITY_CODES.items():
        yield from _severity(section.tables["kinds"].rows, severity, code)
    dates = dates_compared(section)
    if dates:
        yield Follow("metadata_dates", count=len(dates), kinds=dates)
    unread = _cells(section.tables.get("unread"))
    left = most(unread.get(FileRow.SEARCHED, 0)) + most(unread.get(FileRow.UNREAD, 0))
    if left:
        parts = unread.get(FileRow.SEARCHED, 0), unread.get(FileRow.UNREAD, 0)
        yield Follow("files_unread", count=left, of=unread.get(FileRow.ALL, 0), counts=parts)
    judge = unread.get(FileRow.TO_READ, 0)
    if most(judge):
        yield Follow("metadata_to_read", count=judge)
    copy = _cells(section.tables.get("copy"))
    if most(copy.get(CopyRow.REMAINING, 0)):
        yield Follow("copy_holds_removed_values", count=copy[CopyRow.REMAINING])
    if most(copy.get(CopyRow.FINDINGS, 0)):
        yield Follow("copy_findings", count=copy[CopyRow.FINDINGS])


SEVERITY_CODES = {
    "quasi-identifier": "metadata_quasi",
    "technical link": "metadata_technical",
    "notice": "metadata_notice",
}


def _severity(kinds: Sequence[Sequence[Value]], severity: str, code: str) -> Iterator[Follow]:
    rows = [row for row in kinds if row[1] == severity and most(count_of(row[2]))]
    if rows:
        count = sum(most(count_of(row[2])) for row in rows)
        yield Follow(
            code,
            count=count,
            kinds=tuple(str(row[0]) for row in rows),
            counts=tuple(count_of(row[2]) for row in rows),
        )


def _cells(table: Table | None) -> dict[str, Count]:
    """Names to counts of a table of two columns; empty without one."""
    return {} if table is None else {str(row[0]): count_of(row[1]) for row in table.rows}


def _deidentified(report: Report) -> Iterator[Follow]:
    for one in report.treatments:
        name, arrival = one.name, one.arrival
        perhaps = []
        for code, count in (
            ("deidentified_unchanged", arrival.unchanged),
            ("deidentified_missing", arrival.missing),
            ("deidentified_doubtful", arrival.doubtful),
        ):
            if least(count):
                yield Follow(code, name, count, arrival.scans)
            elif most(count):
                perhaps.append(most(count))
        if perhaps:
            yield Follow("deidentified_to_check", name, max(perhaps), arrival.scans)
        yield from _faces_after(one)
        effects = one.strongest()
        for code, applies in (
            ("deidentified_still_links", _still),
            ("deidentified_no_difference", _no_difference),
        ):
            attacks = tuple(dict.fromkeys(e.modality for e in effects if applies(e)))
            if attacks:
                yield Follow(code, name, kinds=attacks)
        failed = max((e.failed for e in effects), key=most, default=0)
        if most(failed):
            yield Follow("deidentified_failed", name, failed)
        cost = _cost(one)
        if cost >= LARGE_COST:
            yield Follow("deidentified_cost", name, rate=Estimate(cost, cost, cost, 0))


def _faces_after(one: Treatment) -> Iterator[Follow]:
    left = one.face_left
    if left is None:
        return
    worst = [left.verdicts.get(name, 0) for name in ("face", "part", "unclear", "yes")]
    seen = [count for count in worst if most(count)]
    if seen:  # in ranges the worst answer that may be there
        yield Follow("deidentified_faces", one.name, max(seen, key=most), left.scans)


def _still(effect: Effect) -> bool:
    """Whether the attack finds people after it, beyond guessing."""
    found = effect.found or (effect.rank1.after if effect.rank1 else None)
    return found is not None and found.value > (effect.chance or 0.0) and most_found(found) > 0


def most_found(rate: Estimate) -> int:
    """How many people a rate stands for at most."""
    return rate.most if rate.most is not None else round(rate.value * rate.n)


def _no_difference(effect: Effect) -> bool:
    """Whether the interval of the paired change takes in zero, or there is none."""
    return effect.rank1 is None or effect.rank1.difference.low <= 0


def _cost(one: Treatment) -> float:
    """The larger of the share of brain voxels cut and of the overlap lost, as means over people."""
    cut, overlap = one.figure("brain voxels cut"), one.figure("overlap of brain masks")
    return max(
        cut.mean.value if cut and cut.mean else 0.0,
        1.0 - overlap.mean.value if overlap and overlap.mean else 0.0,
    )


def _not_asked(report: Report) -> Iterator[Follow]:
    if report.not_asked:
        yield Follow("not_asked", kinds=report.not_asked)


RULES: tuple[Callable[[Report], Iterator[Follow]], ...] = (  # in the order in which they are told
    _labels,
    _faces,
    _direct,
    _not_asked,
    _images,
    _not_compared,
    _beside,
    _attacks,
    _deidentified,
    _metadata,
    _scans,
    _people,
    _forecast,
)
