"""The command: what it writes where, what never leaves, exit codes, and the checked copy."""

from __future__ import annotations

import json
import stat
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from clean_set import write_clean_set
from planted import LISTED, Planted, plant

from headrisk.cli.main import main


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Planted], int]:
    """Folder with data set, output and copy; what was planted; the exit code."""
    folder = tmp_path_factory.mktemp("run")
    planted = plant(write_clean_set(folder / "ds"))
    (folder / "list.txt").write_text("# not to be shared\n" + "\n".join(LISTED) + "\n")
    words = ["--known-identifiers", str(folder / "list.txt"), "--fix", str(folder / "copy")]
    code = main(["metadata", str(folder / "ds"), str(folder / "out"), *words])
    return folder, planted, code


def test_the_output_folder_keeps_the_contract(run: tuple[Path, list[Planted], int]) -> None:
    folder, _, code = run
    out = folder / "out"
    assert code == 4  # leftovers are listed, but not read
    content = json.loads((out / "report.json").read_text())
    schema = json.loads(files("headrisk.report").joinpath("schema/report.schema.json").read_text())
    jsonschema.validate(content, schema)
    section = content["modalities"]["metadata"]
    assert [panel["name"] for panel in section["panels"]] == ["kinds", "people", "unread", "copy"]
    assert stat.S_IMODE((out / "internal").stat().st_mode) == 0o700
    for path in (out / "internal").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    assert {path.name for path in (out / "internal").iterdir()} >= {
        "report.html",
        "metadata.tsv",
        "unread.tsv",
        "copy.tsv",
    }
    rows = (out / "tables" / "metadata-kinds.tsv").read_text().splitlines()
    assert rows[0] == "kind\tseverity\tfindings\tfiles"
    assert len(rows) > 25
    log = [json.loads(line) for line in (out / "audit.jsonl").read_text().splitlines()]
    assert [line["action"] for line in log] == ["start", "stage", "stage", "stage", "finish"]


def test_no_value_stands_anywhere_in_the_output(run: tuple[Path, list[Planted], int]) -> None:
    folder, planted, _ = run
    values = {one.value.lower() for one in planted if len(one.value) > 4} | {
        name.lower() for name in LISTED
    }
    for path in (folder / "out").rglob("*"):
        if path.is_file():
            text = path.read_bytes().decode("utf-8", "replace").lower()
            assert [value for value in values if value in text] == [], path.name


def test_the_public_files_hold_no_place(run: tuple[Path, list[Planted], int]) -> None:
    folder, _, _ = run
    out = folder / "out"
    for path in [*out.glob("*.*"), *out.glob("tables/*")]:
        text = path.read_text()
        assert "sub-0" not in text, path.name
        assert str(folder) not in text
        assert "_T1w" not in text


def test_the_report_is_rebuilt_to_the_same_page(run: tuple[Path, list[Planted], int]) -> None:
    folder, _, _ = run
    page = (folder / "out" / "report.html").read_bytes()
    assert main(["report", str(folder / "out")]) == 0
    assert (folder / "out" / "report.html").read_bytes() == page


def test_the_copy_is_clean_by_a_run_of_its_own(
    run: tuple[Path, list[Planted], int], tmp_path: Path
) -> None:
    folder, _, _ = run
    words = ["--known-identifiers", str(folder / "list.txt")]
    assert main(["metadata", str(folder / "copy"), str(tmp_path / "out"), *words]) == 0
    content = json.loads((tmp_path / "out" / "report.json").read_text())
    answer = content["modalities"]["metadata"]["panels"][0]["answer"]
    # the shim; few people alike is a range
    assert "In 107 files: 1 value that ties a file to a device, day or place." in answer


@pytest.fixture
def small(tmp_path: Path) -> Path:
    root = tmp_path / "ds"
    root.mkdir()
    (root / "a.json").write_text('{"StationName": "AWP66012"}')
    return root


def test_fail_on_looks_at_severities(small: Path, tmp_path: Path) -> None:
    def code(*words: str) -> int:
        return main(["metadata", str(small), str(tmp_path / "out"), *words])

    assert code("--fail-on", "quasi") == 0
    assert code("--fail-on", "technical") == 5
    assert code("--fail-on", "technical", "--fix", str(tmp_path / "copy")) == 0


def test_an_unread_file_gives_exit_code_4(small: Path, tmp_path: Path) -> None:
    (small / "b.json").write_text("{")
    assert main(["metadata", str(small), str(tmp_path / "out")]) == 4


@pytest.mark.parametrize("where", ["ds", "ds/copy", ".", "full"])
def test_a_copy_never_goes_where_it_must_not(where: str, small: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("keep")
    before = sorted(tmp_path.rglob("*"))
    words = ["--fix", str(tmp_path / where)]
    assert main(["metadata", str(small), str(tmp_path / "out"), *words]) == 2
    assert sorted(tmp_path.rglob("*")) == before


def test_a_failing_write_leaves_no_half_written_copy(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("headrisk.commands.metadata.search_copy", full)
    words = ["--fix", str(tmp_path / "copy")]
    assert main(["metadata", str(small), str(tmp_path / "out"), *words]) == 2
    assert not (tmp_path / "copy").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_bad_lists_are_refused(small: Path, tmp_path: Path) -> None:
    bad = tmp_path / "list.txt"
    for content in (b"\xff\xfe\xfa", b"", b"ab\n"):
        bad.write_bytes(content)
        words = ["--known-identifiers", str(bad)]
        assert main(["metadata", str(small), str(tmp_path / "out"), *words]) == 3
    assert main(["metadata", str(small), str(tmp_path / "out"), "--known-identifiers", "no"]) == 3
    assert not (tmp_path / "out").exists()


def test_rules_for_fields_and_learnt_names_on_the_command_line(tmp_path: Path) -> None:
    data = tmp_path / "ds"
    (data / "sub-01" / "anat").mkdir(parents=True)
    sidecar = data / "sub-01" / "anat" / "sub-01_T1w.json"
    sidecar.write_text(
        json.dumps(
            {
                "PatientName": "Quellimund^Anna",
                "ProtocolName": "quellimund_p2",
                "StationName": "AWP166012",
                "EchoTime": 0.003,
                "RepetitionTime": 2,
            }
        )
    )
    copy = tmp_path / "copy"
    words = ["--fix", str(copy), "--keep", "station_name", "--remove", "echo-time"]
    assert main(["metadata", str(data), str(tmp_path / "out"), *words]) == 0
    new = json.loads((copy / "sub-01" / "anat" / "sub-01_T1w.json").read_text())
    assert new == {
        "ProtocolName": "[removed]_p2",
        "StationName": "AWP166012",
        "RepetitionTime": 2,
    }
    table = (tmp_path / "out" / "internal" / "metadata-fields.tsv").read_text()
    assert "StationName" in table
    assert "uellimund" not in table
    public = (tmp_path / "out" / "report.json").read_text()
    assert "uellimund" not in public.lower()
    again = ["metadata", str(data), str(tmp_path / "out2"), "--keep", "a", "--ignore", "A"]
    assert main(again) == 2
