from __future__ import annotations

import pytest

from headrisk.dataset.contrast import guess_suffix


@pytest.mark.parametrize(
    ("description", "suffix"),
    [
        ("t1_mprage_sag_p2_iso", "T1w"),
        ("MPRAGE", "T1w"),
        ("Ax T1 FLAIR", "T1w"),
        ("3D BRAVO", "T1w"),
        ("FSPGR 3D", "T1w"),
        ("t2_tse_tra", "T2w"),
        ("T2 FLAIR SPACE", "FLAIR"),
        ("t2_spc_da-fl_irprep_sag", "FLAIR"),
        ("tirm_dark-fluid_cor", "FLAIR"),
        ("localizer", ""),
        ("AAHead_Scout_64ch", ""),
        ("ep2d_bold_rest", ""),
        ("DTI_64dir", ""),
        ("ToF_3D_multi-slab", ""),
        ("T2*_gre", ""),
    ],
)
def test_names(description: str, suffix: str) -> None:
    assert guess_suffix({"SeriesDescription": description})[0] == suffix


@pytest.mark.parametrize(
    ("repetition", "echo", "inversion", "suffix"),
    [
        (2.3, 0.003, 0.9, "T1w"),
        (0.5, 0.010, 0.0, "T1w"),
        (4.0, 0.1, 0.0, "T2w"),
        (9.0, 0.12, 2.5, "FLAIR"),
        (2.0, 0.03, 0.0, ""),
        (0.0, 0.0, 0.0, ""),
    ],
)
def test_timing(repetition: float, echo: float, inversion: float, suffix: str) -> None:
    values = {"RepetitionTime": repetition, "EchoTime": echo, "InversionTime": inversion}
    assert guess_suffix(values)[0] == suffix


@pytest.mark.parametrize("value", [None, "x", [1], {}])
def test_odd_values(value: object) -> None:
    keys = ("SeriesDescription", "RepetitionTime", "EchoTime", "InversionTime")
    assert guess_suffix(dict.fromkeys(keys, value))[0] == ""
