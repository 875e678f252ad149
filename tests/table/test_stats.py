"""Stats files: values, versions, and everything that can be wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from cohorts import aparc_text, aseg_text
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrisk.errors import ScanError
from headrisk.table.folder import StatsFile, read_stats

VOLUMES = {"Left-Hippocampus": 4012.3, "Right-Hippocampus": 4150.8, "3rd-Ventricle": 880.0}
ASEG = aseg_text("sub-01", VOLUMES, 1_500_000.0)
APARC = aparc_text("lh", {"bankssts": (882, 2894, 2.51), "insula": (2100, 6000, 3.0)})


def read(tmp_path: Path, text: str | bytes, name: str = "aseg.stats") -> StatsFile:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_stats(path)


def test_a_segmentation_file(tmp_path: Path) -> None:
    found = read(tmp_path, ASEG)
    expected = {
        **VOLUMES,
        "eTIV": 1_500_000.0,
        "BrainSegVol": sum(VOLUMES.values()),
        "CortexVol": sum(VOLUMES.values()) / 2,  # its line lacks a comma, as old versions wrote it
    }
    assert dict(found.values) == pytest.approx(expected)
    assert found.software == "mri_segstats.c 1.121"
    assert not any("canary" in str(one) for one in (found.values, found.software))


def test_a_parcellation_file(tmp_path: Path) -> None:
    found = read(tmp_path, APARC, "lh.aparc.stats")
    assert found.values["lh_bankssts_area"] == 882
    assert found.values["lh_bankssts_volume"] == 2894
    assert found.values["lh_bankssts_thickness"] == 2.51
    assert found.values["lh_MeanThickness"] == 2.47
    assert found.values["lh_WhiteSurfArea"] == 84567.1
    assert len(found.values) == 8
    assert found.software == "mris_anatomical_stats 7.4.1"


def test_the_hemisphere_comes_from_the_name_where_the_file_does_not_say(tmp_path: Path) -> None:
    text = APARC.replace("# hemi lh\n", "")
    assert "rh_insula_area" in read(tmp_path, text, "rh.aparc.stats").values


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("", "aseg.stats", "no # ColHeaders"),
        ("# ColHeaders Index Name\n1 a\n", "aseg.stats", "no # ColHeaders"),
        (ASEG.replace("# ColHeaders", "# Columns"), "aseg.stats", "no # ColHeaders"),
        (ASEG.replace("4012.3", "4012,3"), "aseg.stats", "'4012,3'"),
        (ASEG.replace("4012.3", "nan"), "aseg.stats", "'nan'"),
        (ASEG.replace("  Left-Hippocampus", ""), "aseg.stats", "has 9 cells"),
        (ASEG.replace("Right-Hippocampus", "Left-Hippocampus"), "aseg.stats", "again"),
        (ASEG.replace("Units     mm^3", "Units     ml"), "aseg.stats", "Volume_mm3 in ml"),
        (ASEG[: ASEG.rindex("  3 ")], "aseg.stats", "2 regions"),
        (ASEG.replace("1500000.000000", "x"), "aseg.stats", "'x'"),
        (ASEG.replace("# Measure BrainSeg, ", "# Measure "), "aseg.stats", ""),
        (APARC.replace("# hemi lh\n", ""), "aparc.stats", "no hemisphere"),
        (b"\xff\xfe\x00" * 40, "aseg.stats", "not UTF-8"),
        (APARC[: APARC.index("bankssts")], "lh.aparc.stats", "0 regions"),
    ],
)
def test_damaged_files_say_what_is_wrong(
    text: str | bytes, name: str, found: str, tmp_path: Path
) -> None:
    if not found:  # four parts are enough: name, description, value, unit
        assert read(tmp_path, text, name).values
        return
    with pytest.raises(ScanError) as error:
        read(tmp_path, text, name)
    assert found in error.value.found
    assert str(tmp_path / name) in str(error.value)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.stats", tmp_path):
        with pytest.raises(ScanError):
            read_stats(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, len(ASEG)))
def test_a_file_cut_off_anywhere_is_read_or_refused(tmp_path: Path, length: int) -> None:
    try:
        found = read(tmp_path, ASEG[:length])
    except ScanError:
        return
    assert set(VOLUMES) <= set(found.values)
