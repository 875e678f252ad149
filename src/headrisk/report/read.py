"""Read a report back from its output folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headrisk.errors import InputError, UsageError
from headrisk.findings.codec import record, report_from_dict
from headrisk.findings.older import READABLE, upgraded
from headrisk.findings.records import SCHEMA_VERSION, Report, RunRecord, Table
from headrisk.io.digests import open_regular
from headrisk.report.tsv import parse_table
from headrisk.run.seal import require_one_run

NEEDED = ("report.json", "report-run.json", "tables")


def read_report(out: Path) -> tuple[Report, RunRecord]:
    """Read the public report back from ``report.json``, ``tables/`` and ``report-run.json``.

    Raises
    ------
    InputError
        A file is missing or damaged, was changed, or was written by another run than the rest
        or under another schema version.
    """
    _require_report(out)
    content = read_json(out / "report.json")
    version = content.get("schema_version")
    if version not in (SCHEMA_VERSION, *READABLE):
        raise InputError(
            str(out / "report.json"),
            found=f"schema version {version!r}",
            expected=f"{SCHEMA_VERSION!r}, or {' or '.join(map(repr, READABLE))}",
            remedy="Run the audit again with this version of headrisk.",
        )
    require_one_run(out)
    try:
        if version != SCHEMA_VERSION:
            content = upgraded(content)
        names = [
            f"{modality}-{table}"
            for modality, section in content["modalities"].items()
            for table in section["tables"]
        ]
        tables = {name: _read_table(out / "tables" / f"{name}.tsv") for name in names}
        return report_from_dict(content, tables), run_from(read_json(out / "report-run.json"))
    except (KeyError, TypeError, AttributeError, ValueError, UsageError) as error:
        raise InputError(
            str(out / "report.json"),
            found=f"schema version {version!r}, and a field missing or of another kind: {error}",
            expected=f"a report as headrisk writes it in version {SCHEMA_VERSION!r}, or wrote it "
            f"in {' or '.join(map(repr, READABLE))}",
            remedy="Run the audit again with this version of headrisk.",
        ) from error


def _require_report(out: Path) -> None:
    """Say in a sentence what is missing of a folder that is absent or half deleted."""
    if not out.is_dir():
        raise InputError(
            str(out),
            found="no such folder" if not out.exists() else "a file",
            expected="the output folder of a finished audit",
            remedy="Check the path.",
        )
    missing = [name for name in NEEDED if not (out / name).exists()]
    if missing:
        whole = len(missing) == len(NEEDED)
        raise InputError(
            str(out),
            found="no report" if whole else f"a report without {' and '.join(missing)}",
            expected="the output folder of a finished audit, with " + ", ".join(NEEDED),
            remedy="Run the audit again with the same output folder: finished work is reused.",
        )


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file; InputError where there is none."""
    try:
        with open_regular(path) as stream:
            content = json.load(stream)
    except (OSError, ValueError) as error:
        raise InputError(
            str(path),
            found=str(error),
            expected="a readable JSON file",
            remedy="Run the audit again, or give the folder of a finished audit.",
        ) from error
    if not isinstance(content, dict):
        raise InputError(str(path), found="no JSON object", expected="a JSON object")
    return content


def _read_table(path: Path) -> Table:
    try:
        return parse_table(path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            str(path), found=str(error), expected="a TSV table", remedy="Run the audit again."
        ) from error


def run_from(content: Mapping[str, Any]) -> RunRecord:
    """A run's record from what ``report-run.json`` holds."""
    return record(RunRecord, {"machine": None, **content})
