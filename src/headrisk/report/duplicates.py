"""The output of a search for duplicates: public counts, and an internal table and page."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from headrisk.dataset.description import DESCRIPTION
from headrisk.findings.duplicates import DuplicatesReport
from headrisk.findings.records import SCHEMA_VERSION, Internal, ScanRow, Table
from headrisk.io.canonical import canonical_json
from headrisk.report.html import render
from headrisk.report.internal import png, scans_table
from headrisk.report.tsv import table_text
from headrisk.report.words import duplicates as words
from headrisk.report.words import inventory as looked
from headrisk.report.words.inventory import with_reasons
from headrisk.report.words.phrases import capital
from headrisk.report.write import describe_internal, described, write_public
from headrisk.run.scratch import write_private

JSON_NAME, PAGE_NAME, TABLE_NAME = "duplicates.json", "duplicates.html", "duplicates.tsv"
COLUMNS = (
    "number",
    "finding",
    "verdict",
    "probability",
    "chance_bound",
    "measure",
    "score",
    "first_participants",
    "first_scans",
    "second_participants",
    "second_scans",
    "belongs_to",
    "explanation",
)
JUDGEMENTS = ("certain", "likely", "look at it")


def summary_sentence(report: DuplicatesReport) -> str:
    """What was found, in one sentence without names."""
    counts = Counter(item.what for item in report.suspicions)
    return words.summary_sentence(
        len(report.scans) - report.failed,
        len({row.participant_id for row in report.scans}),
        compared=report.compared,
        counts=counts,
    )


def public_summary(report: DuplicatesReport) -> dict[str, Any]:
    """``duplicates.json``: counts alone, no label, path or score."""
    return {
        "schema_version": SCHEMA_VERSION,
        "version": report.version,
        "settings": report.settings,
        "counts": {
            "participant_ids": len({row.participant_id for row in report.scans}),
            "scans": len(report.scans),
            "failed": report.failed,
            "compared_pairs": report.compared,
            "examined_pairs": report.examined,
        },
        "inventory": None if report.inventory is None else with_reasons(asdict(report.inventory)),
        "findings": {
            what: {
                judgement: sum(
                    item.what == what and item.judgement == judgement for item in report.suspicions
                )
                for judgement in JUDGEMENTS
            }
            for what in words.TITLES
        },
    }


def duplicates_table(report: DuplicatesReport) -> Table:
    """``internal/duplicates.tsv``, one row for each finding."""
    return Table(
        COLUMNS,
        tuple(
            (
                number,
                item.what,
                item.judgement,
                round(item.probability, 6),
                item.bound,
                item.measure,
                round(item.score, 6),
                *_names(item.first),
                *_names(item.second),
                item.belongs_to,
                item.explanation,
            )
            for number, item in enumerate(report.suspicions, start=1)
        ),
    )


def write_duplicates(report: DuplicatesReport, out: Path) -> Path:
    """Write the findings below ``out``; return the path of the internal page.

    ``internal/`` is for the owner alone (0700, files 0600); only counts are public.
    """
    out.mkdir(parents=True, exist_ok=True)
    internal = out / "internal"
    internal.mkdir(mode=0o700, exist_ok=True)
    page = render("duplicates.html.j2", report=report, **_page_values(report))
    scans = scans_table(Internal(scans=report.scans))
    write_private(internal / TABLE_NAME, table_text(duplicates_table(report)).encode())
    write_private(internal / "scans.tsv", table_text(scans).encode())
    if report.images is not None:
        write_private(internal / "images.tsv", table_text(report.images).encode())
    write_private(internal / PAGE_NAME, page.encode("utf-8", "backslashreplace"))
    describe_internal(internal)
    files = {JSON_NAME: canonical_json(public_summary(report)).encode()}
    if not (out / DESCRIPTION).exists():  # an audit's stays
        what = "Counts of duplicates and wrong labels, without labels"
        description = described(report.title or words.TITLE, report.version, what, report.data)
        files[DESCRIPTION] = canonical_json(description).encode()
    write_public(out, files)
    return internal / PAGE_NAME


def _page_values(report: DuplicatesReport) -> dict[str, Any]:
    groups = [
        (
            capital(title),
            [(n, s) for n, s in enumerate(report.suspicions, start=1) if s.what == what],
        )
        for what, title in words.TITLES.items()
    ]
    return {
        "sentence": summary_sentence(report),
        "looked": looked,
        "groups": groups,
        "images": {
            number: png(item.picture)
            for number, item in enumerate(report.suspicions, start=1)
            if item.picture is not None
        },
        "failed": [row for row in report.scans if row.status == "failed"],
        "probability": words.probability_text,
        "bound": words.bound_text,
    }


def _names(rows: tuple[ScanRow, ...]) -> tuple[str, str]:
    people = dict.fromkeys(row.participant_id for row in rows)
    return "; ".join(people), "; ".join(row.scan_id for row in rows)
