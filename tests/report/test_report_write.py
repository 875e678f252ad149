"""The output folder: what is in it, who may read it, and that it comes back the same."""

from __future__ import annotations

import csv
import json
import shutil
import stat
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from simulated_report import RUN, SETTINGS, simulated_report

from headrisk.errors import InputError, UsageError
from headrisk.findings.records import Internal, Report, ScanRow
from headrisk.report.read import read_report
from headrisk.report.withhold import withhold_small_cells
from headrisk.report.write import rebuild_html, write_internal_table, write_report

PUBLIC = {
    "report.html",
    "texts.html",
    "report.json",
    "report-run.json",
    "report-files.json",
    "methods.md",
    "settings.toml",
    "dataset_description.json",
}


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_folder_holds_the_contract(written: Path) -> None:
    assert {p.name for p in written.iterdir()} == PUBLIC | {"internal", "tables"}
    assert {p.name for p in (written / "internal").iterdir()} == {
        "columns.json",
        "report.html",
        "report.json",
        "links.tsv",
        "pairs.parquet",
        "run.json",
        "scans.tsv",
        "tables",
    }


def test_only_the_owner_reads_internal(written: Path) -> None:
    folder = written / "internal"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in folder.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_same_input_gives_same_bytes(written: Path, tmp_path: Path) -> None:
    write_report(*simulated_report(), tmp_path, RUN)
    assert files_below(tmp_path) == files_below(written)


def test_times_stand_in_the_run_record_alone(written: Path, tmp_path: Path) -> None:
    later = replace(RUN, started="2027-01-01", cost=(replace(RUN.cost[0], cpu_seconds=999.25),))
    write_report(*simulated_report(), tmp_path, later)
    before, after = files_below(written), files_below(tmp_path)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {
        *("report.html", "texts.html", "report-run.json", "report-files.json", "tables/cost.tsv"),
        "internal/run.json",
    }
    assert "999.25" in (tmp_path / "tables" / "cost.tsv").read_text()


def test_written_over_an_earlier_report(tmp_path: Path) -> None:
    report, internal = simulated_report(people=3, sites=False)
    write_report(report, internal, tmp_path, RUN)
    stale = tmp_path / "tables" / "stale.tsv"
    stale.write_text("old")
    (tmp_path / "audit.jsonl").write_text("{}\n")
    write_report(replace(report, title="Second title"), Internal(), tmp_path, RUN)
    assert not stale.exists()
    assert (tmp_path / "audit.jsonl").read_text() == "{}\n"
    assert json.loads((tmp_path / "report.json").read_text())["title"] == "Second title"
    assert (tmp_path / "internal" / "links.tsv").read_text().count("\n") == 1
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".report-")]


def test_a_data_set_is_never_overwritten(tmp_path: Path) -> None:
    description = tmp_path / "dataset_description.json"
    description.write_text('{"Name": "raw data", "BIDSVersion": "1.9.0"}')
    with pytest.raises(UsageError, match="another output folder"):
        write_report(*simulated_report(), tmp_path, RUN)
    assert {p.name for p in tmp_path.iterdir()} == {description.name}


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    place = tmp_path / "out"
    place.write_text("")
    with pytest.raises(UsageError, match="a file"):
        write_report(*simulated_report(), place, RUN)


def test_rebuilt_page_is_the_same_page(written: Path, tmp_path: Path) -> None:
    out = tmp_path / "copy"
    shutil.copytree(written, out)
    page = (out / "report.html").read_bytes()
    (out / "report.html").unlink()
    shutil.rmtree(out / "internal")
    assert rebuild_html(out).read_bytes() == page


def test_read_back_figures_are_those_written(written: Path) -> None:
    report, run = read_report(written)
    original, _ = simulated_report()
    assert run == RUN
    section, before = report.modalities[0], original.modalities[0]
    assert section.counts == before.counts
    assert [m.name for m in section.measures] == [m.name for m in before.measures]
    for new, old in zip(section.measures, before.measures, strict=True):
        assert new.rank1 is not None
        assert old.rank1 is not None
        assert 0 <= new.rank1.value - old.rank1.value <= 3 / old.rank1.n + 1e-9
        assert new.rank1.n == old.rank1.n
    for name, table in withhold_small_cells(original).modalities[0].tables.items():
        numbers = [x for row in table.rows for x in row if isinstance(x, int | float)]
        again = [x for row in section.tables[name].rows for x in row if isinstance(x, float)]
        np.testing.assert_allclose(again, numbers, rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("version", ["0.9", "2.0", None])
def test_other_schema_version_is_refused(written: Path, tmp_path: Path, version: object) -> None:
    out = tmp_path / "copy"
    shutil.copytree(written, out)
    content = json.loads((out / "report.json").read_text())
    (out / "report.json").write_text(json.dumps(content | {"schema_version": version}))
    with pytest.raises(InputError, match=r"schema version .* expected '1.3'"):
        read_report(out)


@pytest.mark.parametrize(
    "damage",
    [
        lambda out: (out / "report.json").unlink(),
        lambda out: (out / "report.json").write_text("{"),
        lambda out: (out / "report.json").write_text("[]"),
        lambda out: (out / "report.json").write_text('{"schema_version": "1.1"}'),
        lambda out: (out / "report-run.json").unlink(),
        lambda out: (out / "report-run.json").write_text('{"started": 1}'),
        lambda out: shutil.rmtree(out / "tables"),
        lambda out: (out / "tables" / "brain-det-mae.tsv").write_text("fmr\tfnmr\n0.5\n"),
        lambda out: (out / "tables" / "brain-det-mae.tsv").write_bytes(b"\xff\xfe"),
    ],
)
def test_half_deleted_folder_gives_a_sentence(written: Path, tmp_path: Path, damage) -> None:
    out = tmp_path / "copy"
    shutil.copytree(written, out)
    damage(out)
    with pytest.raises(InputError, match=r"Run the audit again|expected"):
        read_report(out)


def test_links_scans_and_pairs_hold_every_row(written: Path) -> None:
    _, internal = simulated_report()
    folder = written / "internal"
    links = list(csv.DictReader((folder / "links.tsv").open(), delimiter="\t"))
    assert list(links[0]) == ["probe", "gallery", "measure", "score", "rank", "decision", "attack"]
    assert len(links) == len(internal.links)
    scans = list(csv.DictReader((folder / "scans.tsv").open(), delimiter="\t"))
    assert list(scans[0])[:7] == [
        "participant_id",
        "session_id",
        "path",
        "status",
        "reason",
        "seconds",
        "quality",
    ]
    assert [row["status"] for row in scans] == [s.status for s in internal.scans]
    rows = pq.read_table(folder / "pairs.parquet").to_pylist()
    assert len(rows) == sum(m.scores.values.size for m in internal.matrices)
    matrix = internal.matrices[1]
    probes, gallery = matrix.scores.values.shape
    row = rows[probes * gallery + 3 * gallery + 7]
    assert row["score"] == matrix.scores.values[3, 7]
    assert (row["probe"], row["gallery"], row["measure"]) == (
        matrix.probe_ids[3],
        matrix.gallery_ids[7],
        "mae",
    )
    assert row["mated"] is False


def test_settings_and_description_say_what_made_it(written: Path) -> None:
    settings = tomllib.loads((written / "settings.toml").read_text())
    assert settings == SETTINGS.as_dict()
    description = json.loads((written / "dataset_description.json").read_text())
    assert description["DatasetType"] == "derivative"
    (by,) = description["GeneratedBy"]
    assert (by["Name"], by["Version"]) == ("headrisk", "0.1.0")


def test_methods_text_is_made_from_what_ran(written: Path) -> None:
    text = (written / "methods.md").read_text()
    assert "84 scans of 42 people (82 usable, 2 failed)" in text
    assert "seed 0" in text
    assert "residual-correlation, mae, rmse" in text
    assert "Takao H" in text
    assert "numpy 2.4.0" in text


def test_file_names_that_are_not_utf8_are_written_as_escapes(tmp_path: Path) -> None:
    name = b"/data/M\xfcller.nii.gz".decode("utf-8", "surrogateescape")
    internal = Internal(scans=(ScanRow(name, "01", "", name, "failed", name),))
    write_report(Report((), SETTINGS.as_dict(), "0.1.0"), internal, tmp_path, RUN)
    assert r"M\\udcfcller" in (tmp_path / "internal" / "scans.tsv").read_text()


def test_internal_table_is_added_for_the_owner_alone(tmp_path: Path) -> None:
    write_report(Report((), SETTINGS.as_dict(), "0.1.0"), Internal(), tmp_path, RUN)
    table = pa.table({"scan": ["a", "b"]})
    path = write_internal_table(table, tmp_path, "more.parquet")
    assert path == tmp_path / "internal" / "more.parquet"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert pq.read_table(path) == table
    write_internal_table(table.slice(1), tmp_path, "more.parquet")
    assert pq.read_table(path).num_rows == 1
    assert len(list((tmp_path / "internal").iterdir())) == 8
