"""Write the output folder.

Every file is first written into a scratch folder beside its place and then renamed, and
``report.json`` comes last: whoever finds a new ``report.json`` finds all that belongs to it. What
a kill between two renames leaves is told by the digests of ``report-files.json``.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq
import tomli_w

from headrisk.dataset.bids_names import BIDS_VERSION
from headrisk.dataset.description import DataSetName
from headrisk.errors import InputError, UsageError
from headrisk.findings.codec import report_as_dict, report_from_dict
from headrisk.findings.cost import attack_costs, attack_table, cost_table
from headrisk.findings.records import (
    Internal,
    ModalitySection,
    Report,
    RunRecord,
    Table,
    Value,
    cells_of,
)
from headrisk.io.canonical import canonical_json
from headrisk.report.columns import COLUMNS_FILE, columns_text, folder_headers, headers_of
from headrisk.report.earlier import keep_earlier
from headrisk.report.html import counts_alone, public_html, texts_html
from headrisk.report.internal import PAIR_SCHEMA, encodable, internal_files, write_pairs
from headrisk.report.read import read_json, read_report, run_from
from headrisk.report.treated_part import treatment_tables
from headrisk.report.tsv import parse_table, table_text
from headrisk.report.withhold import refuse_leaks, withhold_small_cells, without_labels
from headrisk.report.words.follows import follows_rows
from headrisk.report.words.inventory import with_reasons
from headrisk.report.words.methods import methods_text
from headrisk.run.audit import LOG, append_audit
from headrisk.run.events import Listener, Noted, ignore
from headrisk.run.scratch import (
    UNFINISHED,
    put_in_place,
    scratch_folder,
    taking_turns,
    uninterrupted,
    write_private,
)
from headrisk.run.seal import INTERNAL_RUN, SEAL, internal_run, read_seal, run_id, seal_of


def write_report(
    report: Report,
    internal: Internal,
    out: Path,
    run: RunRecord | None = None,
    *,
    pages: Mapping[str, bytes] | None = None,
    listen: Listener = ignore,
) -> Path:
    """Write the whole output folder of an audit; return the path of the public page.

    ``report.html``, ``texts.html``, ``report.json``, ``report-run.json``, ``tables/``,
    ``methods.md``, ``settings.toml`` and ``dataset_description.json`` are public, and so is
    ``report-files.json`` with their digests; ``internal/`` (mode 0700, files 0600) is not. A
    report already in ``out`` that says something else is kept in ``out/earlier`` (see
    :mod:`headrisk.report.earlier`); other files there stay. ``pages`` are further internal files,
    or others in the place of those that are written of ``report``; ``listen`` is told where an
    earlier report went.

    Raises
    ------
    UsageError
        ``out`` is a file, or the folder of a data set that headrisk did not make.
    InputError
        A public file would have held a label or path of a scan; nothing is then published.
    """
    run = run or RunRecord()
    internal = encodable(internal)
    require_own_folder(out)
    public = withhold_small_cells(report)
    public = replace(public, data=without_labels(public.data, internal))
    files = public_files(public, run)
    refuse_leaks(files, internal)
    out.mkdir(parents=True, exist_ok=True)
    name = run_id(files)
    kept = _kept(out, files)
    earlier = keep_earlier(out, files["report.json"])
    if earlier is not None:
        listen(Noted(f"The report that was there says something else; it is kept in {earlier}."))
    with scratch_folder(out, UNFINISHED) as scratch:
        stage, old = scratch / "new", scratch / "old"
        stage.mkdir(mode=0o700)
        old.mkdir(mode=0o700)
        _write_all(stage, {**files, SEAL: seal_of(name, files, kept)}, mode=0o644)
        (stage / "internal").mkdir(mode=0o700)
        own = internal_files(report, internal, run) | {INTERNAL_RUN: internal_run(name)}
        own |= {f"tables/{of}.tsv": text for of, text in _exact_tables(report).items()}
        own |= _dictionary(own, "tables/") | _dictionary(own, "")
        _write_all(stage / "internal", {**own, **(pages or {})}, mode=0o600)
        with _new_file(stage / "internal" / "pairs.parquet", mode=0o600) as file:
            write_pairs(internal.matrices, file)
        with taking_turns(out), uninterrupted():
            _publish(stage, out, old)
    return out / "report.html"


def write_internal_table(table: pa.Table, out: Path, name: str) -> Path:
    """Add a Parquet file to ``internal/`` of a written report, readable by the owner alone."""
    folder = out / "internal"
    folder.mkdir(mode=0o700, exist_ok=True)
    with scratch_folder(folder, UNFINISHED) as stage:
        with _new_file(stage / name, mode=0o600) as file:
            pq.write_table(table, file)
        place = (stage / name).replace(folder / name)
    describe_internal(folder)
    return place


def describe_internal(folder: Path) -> None:
    """Write ``columns.json`` of the tables that stand in ``internal/``."""
    text = columns_text(folder_headers(folder), "internal")
    write_private(folder / COLUMNS_FILE, text.encode())


def rebuild_html(out: Path) -> Path:
    """Write ``report.html`` anew from the files of an earlier run; return its path.

    ``report.json`` is written too, in today's form, so that the page names its digest, and public
    files that are gone, but can be made from those left.
    """
    report, run = read_report(out)
    files = public_files(report, run)
    write_public(
        out,
        {
            name: content
            for name, content in files.items()
            if name in ("report.html", "texts.html", "report.json") or not (out / name).exists()
        },
    )
    return out / "report.html"


def write_public(out: Path, files: Mapping[str, bytes]) -> None:
    """Write files that others may read, put them in place, and list their digests.

    Parameters
    ----------
    out
        Output folder of a run; its log, where there is one, gets a line.
    files
        Path below ``out`` to content.
    """
    seal = read_seal(out)
    if seal is not None:
        kept = {name: digest for name, digest in seal.files.items() if name not in files}
        files = {**files, SEAL: seal_of(seal.run, files, kept)}
    with taking_turns(out):
        put_in_place({out / name: raw for name, raw in files.items()}, out, mode=0o644)
    if seal is not None and (out / LOG).is_file():
        digest = hashlib.sha256(files[SEAL]).hexdigest()
        append_audit(out / LOG, "write", {"files_sha256": digest}, when=datetime.now(UTC))


def content_of(public: Report) -> dict[str, Any]:
    """What ``report.json`` holds: the findings, what follows, and reasons in words beside codes."""
    content = {**report_as_dict(public), "follows": follows_rows(public)}
    if content["inventory"]:
        content["inventory"] = with_reasons(content["inventory"])
    return content


def public_files(public: Report, run: RunRecord) -> dict[str, bytes]:
    """Path below OUT to content, for every public file.

    The page is built from the JSON and the tables read back, so that ``headrisk report OUT``
    gives the same page as the audit did.
    """
    text = canonical_json(content_of(public))
    tables = report_tables(public)
    texts = {name: table_text(table) for name, table in tables.items()}
    again = report_from_dict(
        json.loads(text), {name: parse_table(tsv, name) for name, tsv in texts.items()}
    )
    run_text = canonical_json(asdict(run))
    run_again = run_from(json.loads(run_text))
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    files = {
        "report.html": public_html(again, run_again, digest),
        **({} if counts_alone(again) else {"texts.html": texts_html(again, run_again, digest)}),
        "report.json": text,
        "report-run.json": run_text,
        "methods.md": methods_text(again, run_again),
        "settings.toml": tomli_w.dumps({k: v for k, v in public.settings.items() if v is not None}),
        "dataset_description.json": canonical_json(
            described(
                public.title,
                public.version,
                "Figures of the data set as a whole, without labels",
                public.data,
            )
        ),
        "tables/cost.tsv": table_text(cost_table(run)),
        "tables/attack-cost.tsv": table_text(attack_table(attack_costs(again, run_again))),
    }
    files |= {f"tables/{name}.tsv": tsv for name, tsv in texts.items()}
    found = {name: content.encode() for name, content in files.items()}
    return found | _dictionary(found, "tables/")


def report_tables(report: Report) -> dict[str, Table]:
    """Every table of the report by its name under ``tables/``."""
    tables: dict[str, Table] = {}
    for section in report.modalities:
        named = dict(section.tables)
        named["measures"] = measures_table(section)
        named["thresholds"] = thresholds_table(section)
        named["conditions"] = conditions_table(section)
        tables |= {f"{section.name}-{name}": table for name, table in named.items()}
    return tables | treatment_tables(report.treatments)


def _exact_tables(report: Report) -> dict[str, bytes]:
    """All tables as they were measured, for ``internal/tables/``."""
    return {
        name: table_text(table).encode()
        for name, table in report_tables(report).items()
        if "-public-" not in name
    }


def _dictionary(files: Mapping[str, bytes], folder: str) -> dict[str, bytes]:
    """``columns.json`` beside the tables of a folder (a name that ends with a slash, or none)."""
    headers = headers_of(files, folder)
    if not folder:
        headers["pairs.parquet"] = list(PAIR_SCHEMA.names)
    if not headers:
        return {}
    text = columns_text(headers, "tables" if folder else "internal")
    return {folder + COLUMNS_FILE: text.encode()}


def described(
    name: str, version: str, what: str, data: DataSetName | None = None
) -> dict[str, Any]:
    """``dataset_description.json`` of an output folder, by BIDS a derivative.

    Its source is told by the DOI and version that the data set states, never by where it lies; a
    source of which neither is known is left out.
    """
    source = {}
    if data is not None and data.doi:
        source["DOI"] = f"doi:{data.doi}"
    if data is not None and data.release and not (data.doi and data.doi in data.release):
        source["Version"] = data.release
    return {
        "Name": name,
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [{"Name": "headrisk", "Version": version, "Description": what}],
        **({"SourceDatasets": [source]} if source else {}),
    }


def require_own_folder(out: Path) -> None:
    """Refuse a file, and a BIDS data set whose description another tool wrote."""
    if out.exists() and not out.is_dir():
        raise UsageError(str(out), found="a file", expected="a folder or nothing")
    description = out / "dataset_description.json"
    if not description.exists():
        return
    made_by = read_json(description).get("GeneratedBy", [])
    names = [item.get("Name") for item in made_by if isinstance(item, dict)]
    if "headrisk" not in names:
        raise UsageError(
            str(out),
            found="a data set that headrisk did not make",
            expected="an empty folder or an earlier output of headrisk",
            remedy="Give another output folder, so that no data set is overwritten.",
        )


def _write_all(folder: Path, files: Mapping[str, bytes], *, mode: int) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(mode=0o755 if mode & 0o077 else 0o700, exist_ok=True)
        with _new_file(path, mode=mode) as file:
            file.write(content)


def _new_file(path: Path, *, mode: int) -> IO[bytes]:
    """A file that nobody else can read even while it is being written."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb")


def _publish(stage: Path, out: Path, old: Path) -> None:
    """Move staged files and folders to their places, ``report.json`` last."""
    names = sorted((path.name for path in stage.iterdir()), key=lambda name: name == "report.json")
    for name in names:
        place = out / name
        if place.is_symlink() or place.is_dir() or (stage / name).is_dir():
            with suppress(FileNotFoundError):
                place.rename(old / name)
        (stage / name).replace(place)


def _kept(out: Path, files: Mapping[str, bytes]) -> dict[str, str]:
    """Digests of public files that another command wrote here and that stay."""
    try:
        seal = read_seal(out)
    except InputError:  # it is replaced
        return {}
    return {
        name: digest
        for name, digest in (seal.files.items() if seal else ())
        if name not in files and "/" not in name and (out / name).is_file()
    }


def measures_table(section: ModalitySection) -> Table:
    """All measures side by side."""
    columns = (
        "measure",
        "reading",
        "auc",
        "eer",
        "d_prime",
        "rank1",
        "rank1_low",
        "rank1_high",
        "rank5",
        "rank5_low",
        "rank5_high",
        "n",
        "control",
        "chance",
        "mated_min",
        "nonmated_max",
    )
    rows = tuple(
        (
            m.name,
            m.reading,
            *(e.value if e else None for e in (m.auc, m.eer, m.d_prime)),
            *cells_of(m.rank1),
            *cells_of(m.rank5),
            m.rank1.n if m.rank1 else None,
            m.control.value if m.control else None,
            m.chance,
            m.mated_min,
            m.nonmated_max,
        )
        for m in section.measures
    )
    return Table(columns, rows)


def thresholds_table(section: ModalitySection) -> Table:
    """Each measure's thresholds with the error rates on held-out people."""
    columns = (
        "measure",
        "rule",
        "threshold",
        "fmr",
        "fmr_low",
        "fmr_high",
        "fnmr",
        "fnmr_low",
        "fnmr_high",
    )
    rows = tuple(
        (m.name, rule, item.value, *cells_of(item.fmr), *cells_of(item.fnmr))
        for m in section.measures
        for rule, item in m.thresholds.items()
    )
    return Table(columns, rows)


def conditions_table(section: ModalitySection) -> Table:
    """The headline measure by condition; withheld cells read ``<5``."""
    columns = (
        "condition",
        "level",
        "persons",
        "mated_pairs",
        "rank1",
        "rank1_low",
        "rank1_high",
        "auc",
    )
    rows = []
    for c in section.conditions:
        cells: tuple[Value, ...] = (c.persons, c.mated_pairs, *cells_of(c.rank1), c.auc)
        rows.append((c.name, c.level, *(("<5",) * len(cells) if c.withheld else cells)))
    return Table(columns, tuple(rows))
