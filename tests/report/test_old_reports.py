"""Folders that earlier versions wrote are rendered, or refused with a sentence of the version.

``old_reports/`` holds what two earlier versions wrote of three synthetic people; pages, lists of
costs and internal files are left out.
"""

from __future__ import annotations

import html
import json
import re
import shutil
from pathlib import Path

import pytest

from headrisk.cli.main import main
from headrisk.findings.older import READABLE
from headrisk.findings.records import SCHEMA_VERSION
from headrisk.report.read import read_report
from headrisk.run.seal import SEAL

OLD = Path(__file__).parent / "old_reports"
VERSIONS = sorted(path.name for path in OLD.iterdir())


def copied(version: str, place: Path) -> Path:
    shutil.copytree(OLD / version, place)
    return place


def edited(out: Path, **changes: object) -> Path:
    """The folder with other values at the top of its report, and no seal that would tell."""
    path = out / "report.json"
    content = json.loads(path.read_text("utf-8"))
    for name, value in changes.items():
        if value is None:
            del content[name]
        else:
            content[name] = value
    path.write_text(json.dumps(content), "utf-8")
    (out / SEAL).unlink()
    return out


def test_there_is_a_folder_of_each_version_that_is_read() -> None:
    assert tuple(VERSIONS) == READABLE


@pytest.mark.parametrize("version", VERSIONS)
def test_a_folder_of_an_earlier_version_is_rendered(tmp_path: Path, version: str) -> None:
    out = copied(version, tmp_path / "out")
    old = json.loads((out / "report.json").read_text("utf-8"))
    assert old["schema_version"] == version
    assert main(["report", str(out)]) == 0
    report, _ = read_report(out)
    assert [section.name for section in report.modalities] == list(old["modalities"])
    for section in report.modalities:
        told = old["modalities"][section.name]
        assert section.contrasts == ("T1w",)
        assert section.counts.persons == told["counts"]["persons"] == 3
        assert [one.name for one in section.measures] == told["measure_order"]
        assert set(section.tables) == set(told["tables"])
    page = re.sub("<[^>]+>", " ", html.unescape((out / "report.html").read_text("utf-8")))
    assert "3 people" in " ".join(page.split())
    again = json.loads((out / "report.json").read_text("utf-8"))
    assert again["schema_version"] == SCHEMA_VERSION
    assert main(["report", str(out)]) == 0
    assert json.loads((out / "report.json").read_text("utf-8")) == again


def test_folders_of_two_versions_are_compared(tmp_path: Path) -> None:
    first, second = (copied(version, tmp_path / version) for version in VERSIONS)
    assert main(["report", "--compare", str(first), str(second)]) == 0
    assert (second / "compare.html").is_file()
    assert (second / "tables" / "compare.tsv").is_file()


REFUSED = {"version unknown": {"schema_version": "1.0"}, "field gone": {"inventory": None}}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("compare", [False, True])
def test_what_cannot_be_read_is_refused_by_its_version(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, object], compare: bool
) -> None:
    out = edited(copied("1.1", tmp_path / "out"), **changes)
    before = sorted(tmp_path.rglob("*"))
    other = [str(copied("1.2", tmp_path / "other"))] if compare else []
    options = ["--compare", *other] if compare else []
    assert main(["report", *options, str(out)]) == 3
    said = capsys.readouterr().err
    assert "report.json: schema version " in said
    assert f"'{changes.get('schema_version', '1.1')}'" in said
    assert f"'{SCHEMA_VERSION}', or" in said
    assert "Run the audit again with this version of headrisk." in said
    if not compare:
        assert sorted(tmp_path.rglob("*")) == before
