from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrisk.attacks.presence import asked_images
from headrisk.dataset.gather import Source
from headrisk.dataset.index import index_dataset
from headrisk.dataset.inventory import take_inventory
from headrisk.dataset.scans import SCAN_SCHEMA, Scan, scan_rows
from headrisk.errors import InputError
from headrisk.intake import index_all
from headrisk.job import Job

HEAD = "participant_id\tsession_id\tpath"


def manifest(folder: Path, *lines: str, head: str = HEAD, end: str = "\n") -> Path:
    path = folder / "manifest.tsv"
    path.write_bytes((end.join((head, *lines)) + end).encode())
    for name in ("a.nii.gz", "b.nii", "c.mgz"):
        (folder / name).write_bytes(b"")
    return path


def rows(path: Path, **options: object) -> list[Scan]:
    return scan_rows(index_dataset(path, **options))  # type: ignore[arg-type]


def test_relative_absolute_and_missing_paths(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "x.nii.gz").write_bytes(b"")
    inner = tmp_path / "inner"
    inner.mkdir()
    path = manifest(
        inner, "sub-1\tses-1\ta.nii.gz", f"1\t2\t{other / 'x.nii.gz'}", "2\t\tgone.nii", "3\t\t."
    )
    found = rows(path, name="M")
    assert [(s.participant_id, s.session_id, s.status) for s in found] == [
        ("1", "1", "ok"),
        ("1", "2", "ok"),
        ("2", "", "failed"),
        ("3", "", "failed"),
    ]
    assert found[0].path == str(inner / "a.nii.gz")
    assert found[0].scan_id == "M/a"
    assert found[2].reason == "no such file (line 4 of manifest.tsv)"


def test_relative_to_the_manifest_not_to_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest(tmp_path, "1\t\ta.nii.gz")
    monkeypatch.chdir(tmp_path)
    (scan,) = rows(Path("manifest.tsv"))
    assert scan.path == str(tmp_path / "a.nii.gz")


def test_optional_columns(tmp_path: Path) -> None:
    path = manifest(
        tmp_path,
        '1\t\ta.nii.gz\tFLAIR\t40\t"m"\tX\tGE\t2020-02-03\tF',
        "2\t\tb.nii\tn/a\tn/a\tn/a\tn/a\tn/a\tn/a\tn/a",
        head=f"{HEAD}\tSuffix\tAge\tsex\tsite\tscanner\tacq_date\tfamily_id",
    )
    one, two = rows(path, contrasts=("T1w", "FLAIR"))
    assert (one.suffix, one.age, one.sex, one.site) == ("FLAIR", 40.0, "M", "X")
    assert (one.scanner, one.acq_date, one.family_id) == ("GE", "2020-02-03", "F")
    assert (two.suffix, two.age, two.sex, two.acq_date) == ("T1w", None, "", "")
    assert [s.participant_id for s in rows(path)] == ["2"]


def test_suffix_of_a_bids_name(tmp_path: Path) -> None:
    (tmp_path / "sub-1_T2w.nii.gz").write_bytes(b"")
    path = manifest(tmp_path, "1\t\tsub-1_T2w.nii.gz", "1\t\ta.nii.gz")
    assert [s.suffix for s in rows(path, contrasts=("T1w", "T2w"))] == ["T1w", "T2w"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_mark(tmp_path: Path, end: str, mark: str) -> None:
    path = manifest(tmp_path, "1\t\ta.nii.gz", "", "2\t\tb.nii", head=mark + HEAD, end=end)
    assert [s.participant_id for s in rows(path)] == ["1", "2"]


def test_same_stem_gets_two_ids(tmp_path: Path) -> None:
    (tmp_path / "b.nii.gz").write_bytes(b"")
    path = manifest(tmp_path, "1\t\tb.nii", "2\t\tb.nii.gz")
    assert len({s.scan_id for s in rows(path)}) == 2


@pytest.mark.parametrize(
    ("lines", "head", "words"),
    [
        ([], HEAD, "no rows"),
        (["1\ta.nii.gz"], "participant_id\tpath", "no column session_id"),
        (["1"], "subject", "no column participant_id, session_id, path"),
        (["1\t\ta.nii.gz\t1"], f"{HEAD}\tpath", "column path more than once"),
        (["1,,a.nii.gz"], HEAD.replace("\t", ","), "no tab"),
        (["1\t\ta\0.nii.gz"], HEAD, "binary"),
    ],
)
def test_refusals(tmp_path: Path, lines: list[str], head: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        index_dataset(manifest(tmp_path, *lines, head=head))


BAD = {  # a line, and what is said of it
    b"2\tb.nii": "has 2 cells, the header 3",
    b"2\t\tb.nii\tx": "has 4 cells, the header 3",
    b"\t\tb.nii": "has no participant_id",
    b"n/a\t\tb.nii": "has no participant_id",
    b"2\tses-1\t": "has no path",
    b"\t1\t": "has no participant_id and no path",
    b"2\t\t\xe4.nii": "is not UTF-8",
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_line_fails_alone(tmp_path: Path, bad: bytes) -> None:
    path = manifest(tmp_path, "1\t\ta.nii.gz", "3\t\tc.mgz")
    head, first, last = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join((head, first, bad, last)))
    scans = rows(path)
    good = [scan.participant_id for scan in scans if scan.status == "ok"]
    assert good == ["1", "3"]
    assert f"line 3 of manifest.tsv {BAD[bad]}" in [scan.reason for scan in scans]
    nobodies = [scan.participant_id for scan in scans if "line 3" in scan.reason]
    assert nobodies == ["line 3"]
    if BAD[bad] == "has no participant_id":
        return  # its file is there, and a face may be looked for
    listed = [row for row in take_inventory(path).images if row.code == "line"]
    assert [row.status for row in listed] == ["failed"]
    assert BAD[bad] in listed[0].reason


@pytest.mark.parametrize(
    ("lines", "reasons"),
    [
        (["1\t\ta.nii.gz", "1\t\tb.nii", "2\t\t./a.nii.gz"], ["different people", "", "different"]),
        (["1\t\ta.nii.gz", "1\t\ta.nii.gz"], ["", "lines 2 and 3 list the same file"]),
        (["1\t1\ta.nii.gz", "1\t2\ta.nii.gz"], ["different people or sessions"] * 2),
    ],
)
def test_a_file_listed_twice(tmp_path: Path, lines: list[str], reasons: list[str]) -> None:
    for name in ("a.nii.gz", "b.nii"):
        (tmp_path / name).write_bytes(b"")
    scans = rows(manifest(tmp_path, *lines))
    assert len(scans) == len(lines)
    said = sorted(scan.reason for scan in scans)
    assert all(any(text in one for one in said) for text in reasons if text)
    assert sum(scan.status == "failed" for scan in scans) == sum(map(bool, reasons))


@pytest.mark.parametrize(
    ("blob", "words"),
    [
        (b"", "no header"),
        (b"\n\n", "no header"),
        ("participant_id\tsession_id\tpath\n1\t\ta".encode("utf-16"), "UTF-16"),
        (b"\x1f\x8b\x08\0\0\0", "binary"),
    ],
)
def test_not_a_table(tmp_path: Path, blob: bytes, words: str) -> None:
    path = tmp_path / "manifest.tsv"
    path.write_bytes(blob)
    with pytest.raises(InputError, match=words):
        index_dataset(path)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda t: f"{HEAD}\n{t}".encode()))
)
def test_any_bytes_give_rows_or_a_refusal(tmp_path: Path, blob: bytes) -> None:
    path = tmp_path / "manifest.tsv"
    path.write_bytes(blob)
    with contextlib.suppress(InputError):
        table = index_dataset(path)
        assert table.schema.equals(SCAN_SCHEMA)
        assert table.num_rows > 0


def test_a_face_is_looked_for_in_every_image_of_a_manifest(tmp_path: Path) -> None:
    path = manifest(
        tmp_path,
        "1\t\ta.nii.gz\tT1w",
        "1\t\tb.nii\tbold",
        "2\t\tc.mgz\tFLAIR",
        "\t\td\t",
        head=f"{HEAD}\tsuffix",
    )
    job = Job((Source(path),), tmp_path / "out", faces_left=True)
    scans, series, _ = index_all(job, take_inventory(path))
    assert [scan.suffix for scan in scans] == ["T1w", "T1w"]
    assert sorted(one.suffix for one in asked_images(job, (*scans, *series))) == [
        "FLAIR",
        "T1w",
        "T1w",
        "bold",
    ]
