"""Results of real FreeSurfer versions: their wording, their names, their longitudinal stream."""

from __future__ import annotations

from pathlib import Path

import pytest
from cohorts import write_subjects
from stats_of_versions import CVS, aparc, aseg

from headrisk.table.features import column
from headrisk.table.folder import read_folder, read_stats, streams
from headrisk.table.wide import is_wide_table, read_wide


@pytest.mark.parametrize("version", CVS)
def test_every_version_is_read(version: str, tmp_path: Path) -> None:
    (tmp_path / "aseg.stats").write_text(aseg(version))
    (tmp_path / "lh.aparc.stats").write_text(aparc(version))
    whole, cortex = (read_stats(tmp_path / n) for n in ("aseg.stats", "lh.aparc.stats"))
    keys = {column(name).key: value for name, value in whole.values.items()}
    assert keys["lh thalamus volume"] == 8178.8
    assert keys["3rdventricle volume"] == 741.0
    assert keys["etiv"] == (1218205.205907 if version == "5.1" else 1420434.160521)
    assert "lh cerebralwhitematter volume" in keys
    assert not any("etiv" in name.lower() and "-to-" in name for name in whole.values)
    assert "lhSurfaceHoles" not in whole.values
    assert cortex.values["lh_insula_thickness"] == 3.08
    assert cortex.values["lh_bankssts_area"] == 929
    assert cortex.values["lh_MeanThickness"] == 2.4817
    assert ("CortexVol" in cortex.values) == (version != "5.1")
    assert not any("planted" in str(one) for one in (whole, cortex))


def test_versions_share_their_columns(tmp_path: Path) -> None:
    keys = []
    for version in CVS:
        (tmp_path / "aseg.stats").write_text(aseg(version))
        values = read_stats(tmp_path / "aseg.stats").values
        keys.append({column(name).key for name in values})
    assert keys[1] == keys[2] == keys[3]
    assert keys[0] < keys[1]


def test_which_results_of_the_longitudinal_stream_take_part() -> None:
    found = streams(["T1_05", "T1_05.long.05", "T3_05.long.05", "05", "T1_07"], "here")
    assert found.kept == {"T1_05", "T3_05.long.05", "T1_07"}
    assert found.person("T1_05") == ("05", "T1_05")
    assert found.person("T3_05.long.05") == ("05", "T3_05")
    assert found.person("T1_07") == ("T1_07", "")
    assert "2 longitudinal results and person templates" in found.notes[0]
    assert "share a template" in found.notes[1]


def wide(path: Path, subjects: list[str], first: str = "Measure:volume") -> Path:
    """A table as asegstats2table writes it."""
    lines = [f"{first}\tLeft-Hippocampus\tCSF\tBrainSegVol-to-eTIV\tEstimatedTotalIntraCranialVol"]
    lines += [
        f"{s}\t{4000.5 + k}\t{900 - k}.0\t0.77\t14{k:02d}000.0" for k, s in enumerate(subjects)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("subjects", "who"),
    [
        (["T1_05", "T1_05.long.05", "T2_05", "T2_05.long.05"], [("05", "T1_05"), ("05", "T2_05")]),
        (["9_01.long.9_base", "9_02.long.9_base"], [("9_base", "9_01"), ("9_base", "9_02")]),
        (["sub-1_ses-1", "sub-1_ses-1.long.sub-1", "sub-1_ses-2"], [("1", "1"), ("1", "2")]),
        (["sub-1_ses-1.long.sub-1", "sub-1_ses-2.long.sub-1"], [("1", "1"), ("1", "2")]),
    ],
)
def test_tables_of_the_longitudinal_stream(
    subjects: list[str], who: list[tuple[str, str]], tmp_path: Path
) -> None:
    path = wide(tmp_path / "aseg_stats.txt", subjects)
    assert is_wide_table(path)
    found = read_wide(path, "")
    assert [(s.participant_id, s.session_id) for s in found.scans] == who
    assert any("longitudinal" in note for note in found.notes)
    assert len(found.values) == len(who)


def test_a_table_whose_names_do_not_say_whose_the_sessions_are(tmp_path: Path) -> None:
    found = read_wide(wide(tmp_path / "t.txt", ["T1_05", "T2_05"]), "")
    assert [s.participant_id for s in found.scans] == ["T1_05", "T2_05"]
    assert "each row was taken for a person" in found.notes[0]
    assert not read_wide(wide(tmp_path / "t.txt", ["sub-1", "sub-2"]), "").notes


def test_folders_named_by_the_longitudinal_stream(tmp_path: Path) -> None:
    folder = write_subjects(tmp_path / "fs", 3, layout="T{s}_{p}.long.P{p}")
    found = read_folder(folder, "")
    assert {s.participant_id for s in found.scans} == {"P000", "P001", "P002"}
    assert {s.session_id for s in found.scans} >= {"T1_000", "T2_000"}
    assert not any("taken for a person" in note for note in found.notes)
