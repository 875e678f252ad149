"""What of a table takes part: gaps, constants, units, duplicates, names, and clear refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cohorts import aparc_text, names, people, session, two_sessions, write_subjects, write_wide

from headrisk.errors import InputError
from headrisk.table.clean import choose_rows, read_table, share_columns
from headrisk.table.features import FeatureTable
from headrisk.table.wide import holds_table
from headrisk.types import FloatArray

LABELS = [(f"sub-{k:02d}", "ses-1") for k in range(8)]


def values(columns: int = 6) -> FloatArray:
    rng = np.random.default_rng(1)
    return session(rng, people(rng, 8, columns))


def table(tmp_path: Path, rows: FloatArray, columns: list[str] | None = None) -> FeatureTable:
    columns = columns or names(rows.shape[1])
    return read_table(write_wide(tmp_path / "t.tsv", rows, columns, LABELS))


def reasons(found: FeatureTable) -> dict[str, str]:
    return {one.name: one.reason for one in found.dropped}


def test_gaps_and_constants_in_columns(tmp_path: Path) -> None:
    rows = values(7)
    rows[:, 0] = 5
    rows[:5, 1] = np.nan
    rows[:3, 2] = np.nan
    found = table(tmp_path, rows)
    one, two = names(7)[:2]
    assert reasons(found) == {
        one.lower(): "the same in every row",
        two.lower(): "missing in 5 rows",
    }
    assert len(found.keys) == 5
    assert np.isnan(found.values[:3, 0]).all()


def test_rows_with_gaps_and_in_another_unit_fail_with_a_reason(tmp_path: Path) -> None:
    rows = values(9)
    rows[2, :5] = np.nan
    rows[4] /= 1000  # this line in ml
    found = table(tmp_path, rows)
    assert [scan.status for scan in found.scans].count("failed") == 2
    assert found.scans[2].reason == "4 of 9 measurements are there"
    assert "another unit" in found.scans[4].reason
    assert "line 6" in found.scans[4].path


def test_impossible_values_count_as_missing(tmp_path: Path) -> None:
    rows = values(6)
    rows[1, 2] = -7
    rows[2, 5] = 0  # an intracranial volume of nothing
    found = table(tmp_path, rows)
    assert np.isnan(found.values[1, 2])
    assert np.isnan(found.values[2, 5])
    assert "2 values" in found.notes[0]


def test_facts_and_text_are_no_measurements(tmp_path: Path) -> None:
    path = two_sessions(tmp_path / "t.tsv", 8, 6)
    lines = path.read_text().splitlines()
    extra = ["age\tqc\tcomment\tbraak"] + [f"{30 + k}\t1\tfine\t{k}" for k in range(16)]
    path.write_text("\n".join(f"{a}\t{b}" for a, b in zip(lines, extra, strict=True)) + "\n")
    found = read_table(path)
    assert {"age", "qc", "comment"} <= set(reasons(found))
    assert "line 2 holds text" in reasons(found)["comment"]
    assert "braak" in found.keys
    assert found.scans[3].age == 33


def test_repeated_and_contradicting_rows(tmp_path: Path) -> None:
    rows = values(6)
    again = write_wide(tmp_path / "t.tsv", rows[[0, 1, 2, 0]], names(6), LABELS[:3] + LABELS[:1])
    found = read_table(again)
    assert len(found.scans) == 3
    assert "1 rows that repeat" in found.notes[0]
    unlike = write_wide(tmp_path / "u.tsv", rows[:3], names(6), [LABELS[0], LABELS[1], LABELS[0]])
    with pytest.raises(
        InputError, match=r"two unlike rows of one person in one session \(.*line 2; .*line 4\)"
    ):
        read_table(unlike)
    nameless = write_wide(tmp_path / "n.tsv", rows[:2], names(6), [("a", ""), ("a", "")])
    with pytest.raises(InputError, match="with no session_id"):
        read_table(nameless)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "no header"),
        ("participant_id\tLeft-Hippocampus\n", "no rows below"),
        ("who\tLeft-Hippocampus\na\t3\n", "no column participant_id"),
        ("participant_id\tage\n1\t30\n", "no column of numbers"),
        ("participant_id,Left-Hippocampus\n1,3\n", "no tab"),
        ("participant_id\ta\tb\n1\t2\n", "line 2 has 2 cells"),
        ("participant_id\ta\tb\tc\n\t2\t3\t4\n", "line 2 has no participant_id"),
        ("participant_id\ta\ta\tc\n1\t2\t3\t4\n", "more than once"),
        ("participant_id\ta\tb\n1\t2\t3\n2\t4\t5\n", "2 usable columns"),
        ("participant_id\ta\tb\tc\nAb\t2\t3\t4\naB\t3\t4\t5\n", "differ only in case"),
    ],
)
def test_tables_that_cannot_be_used(text: str, found: str, tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text(text)
    with pytest.raises(InputError, match=found):
        read_table(path)


def test_a_table_of_asegstats2table(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    lines = [
        "Measure:volume\tLeft-Hippocampus\tRight-Hippocampus\tCSF\tEstimatedTotalIntraCranialVol"
    ]
    lines += [
        f"sub-{p}_ses-{s}\t" + "\t".join(f"{v:.1f}" for v in rng.uniform(3000, 4000, 4))
        for p in "abc"
        for s in (1, 2)
    ]
    path = tmp_path / "aseg.txt"
    path.write_text("\n".join(lines) + "\n")
    assert holds_table(path)
    found = read_table(path)
    assert [(s.participant_id, s.session_id) for s in found.scans][:3] == [
        ("a", "1"),
        ("a", "2"),
        ("b", "1"),
    ]
    assert found.kinds == ("volume", "volume", "volume", "size")


def test_two_tables_share_columns_by_meaning_and_unit(tmp_path: Path) -> None:
    rows = values(6)
    plain = names(6)
    first = read_table(write_wide(tmp_path / "a.tsv", rows, [*plain[:-1], "etiv"], LABELS), "a")
    other = [f"lh_{one.removeprefix('Left-').split('-')[0].lower()}_volume" for one in plain[:-1]]
    order = [5, 2, 1, 0, 3]
    second = read_table(
        write_wide(
            tmp_path / "b.tsv",
            (rows / 1000)[:, order],
            [[*other, "ICV"][k] for k in order],
            LABELS,
        ),
        "b",
    )
    shared = share_columns(first, second)
    assert shared.probe.keys == shared.gallery.keys
    assert len(shared.probe.keys) == 5
    np.testing.assert_allclose(shared.probe.values, shared.gallery.values, rtol=1e-4)
    assert sum("another unit" in note for note in shared.notes) == 2
    assert reasons(shared.probe) == {plain[4].lower(): "not in the second table"}
    strange = read_table(
        write_wide(tmp_path / "c.tsv", rows, [f"x{k}" for k in range(6)], LABELS), "c"
    )
    with pytest.raises(InputError, match="0 columns in common"):
        share_columns(first, strange)


def test_rows_of_chosen_people_and_sessions(tmp_path: Path) -> None:
    found = read_table(two_sessions(tmp_path / "t.tsv", 8, 6))
    some = choose_rows(found, tmp_path, ["sub-0001", "0003"], ["2"])
    assert [s.scan_id for s in some.scans] == ["0001/2", "0003/2"]
    assert some.values.shape == (2, 6)
    with pytest.raises(InputError, match="no row with participant_id 9"):
        choose_rows(found, tmp_path, ["9"], [])


@pytest.mark.parametrize(
    "layout",
    [
        "sub-{p}_ses-{s}",
        "sub-{p}/ses-{s}",
        "freesurfer/sub-{p}_ses-{s}",
        "sub-{p}_ses-{s}.long.sub-{p}",
    ],
)
def test_folders_of_stats(layout: str, tmp_path: Path) -> None:
    folder = write_subjects(tmp_path / "fs", 3, layout=layout)
    assert holds_table(folder)
    found = read_table(folder)
    assert {(s.participant_id, s.session_id) for s in found.scans} == {
        (f"{p:03d}", s) for p in range(3) for s in "12"
    }
    assert found.software == "mri_segstats.c 1.121"
    assert len(found.keys) == 51
    assert any("longitudinal" in note for note in found.notes) == (".long." in layout)


def test_folders_without_bids_names(tmp_path: Path) -> None:
    folder = write_subjects(tmp_path / "fs", 3, layout="P{p}_{s}")
    found = read_table(folder)
    assert len({s.participant_id for s in found.scans}) == 6
    assert "taken for a person" in found.notes[0]
    rows = [f"P{p:03d}_{s}\t{p}\t{s}" for p in range(3) for s in (1, 2)]
    (folder / "subjects.tsv").write_text(
        "\n".join(["subject\tparticipant_id\tsession_id", *rows]) + "\n"
    )
    assert len({s.participant_id for s in read_table(folder).scans}) == 3
    (folder / "subjects.tsv").write_text(
        "\n".join(["subject\tparticipant_id\tsession_id", *rows[1:]])
    )
    with pytest.raises(InputError, match="no line for the folder P000_1"):
        read_table(folder)


def test_longitudinal_results_give_way_to_independent_ones(tmp_path: Path) -> None:
    folder = write_subjects(tmp_path / "fs", 3)
    for name in ("sub-000_ses-1.long.sub-000", "sub-000", "fsaverage"):
        (folder / name / "stats").mkdir(parents=True)
        text = (folder / "sub-001_ses-1" / "stats" / "aseg.stats").read_text()
        (folder / name / "stats" / "aseg.stats").write_text(text)
    found = read_table(folder)
    assert len(found.scans) == 6
    assert "2 longitudinal results and person templates" in found.notes[0]


def test_damaged_and_partial_subjects_fail_alone(tmp_path: Path) -> None:
    folder = write_subjects(tmp_path / "fs", 4)
    (folder / "sub-000_ses-1" / "stats" / "aseg.stats").write_text("cut")
    (folder / "sub-001_ses-1" / "scripts").mkdir()
    stamp = "freesurfer-linux-centos7_x86_64-7.1.1-20200723-8b40551\n"
    (folder / "sub-001_ses-1" / "scripts" / "build-stamp.txt").write_text(stamp)
    (folder / "sub-002_ses-1" / "stats" / "lh.aparc.stats").write_text(aparc_text("lh", {}))
    found = read_table(folder)
    failed = {s.scan_id: s.reason for s in found.scans if s.status == "failed"}
    assert set(failed) == {"sub-000_ses-1", "sub-002_ses-1"}
    assert "no # ColHeaders" in failed["sub-000_ses-1"]
    assert "FreeSurfer 7.1.1" in found.software
    assert any("several versions" in note for note in found.notes)


def test_a_folder_without_stats(tmp_path: Path) -> None:
    assert not holds_table(tmp_path)
    assert not holds_table(tmp_path / "none")
    with pytest.raises(InputError, match="no folder named stats"):
        read_table(tmp_path)
