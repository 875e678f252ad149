"""Spellings of one measurement give one key; different measurements give different keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrisk.table.features import column

SAME = [
    (
        "lh_bankssts_volume",
        "ctx-lh-bankssts",
        "lh_bankssts_grayvol",
        "lh.bankssts.volume",
        "left_bankssts_vol",
        "lh_bankssts_volume_mm3",
    ),
    (
        "lh_bankssts_thickness",
        "L_bankssts_thickavg",
        "lh.bankssts.thickness",
        "bankssts_left_thickness",
        "lh_bankssts_thickavg",
    ),
    (
        "rh_superiorfrontal_area",
        "R_superiorfrontal_surfavg",
        "rh_superior_frontal_area",
        "rh_superiorfrontal_surfarea",
    ),
    (
        "Left-Thalamus-Proper",
        "Left-Thalamus",
        "lh_thalamus_volume",
        "Left.Thalamus.Proper",
        "Lthal",
        "Thalamus_left",
    ),
    (
        "Right-Hippocampus",
        "Right.Hippocampus",
        "rhippo",
        "hippocampus_right_volume",
        "Right-Hippocampus_mm3",
    ),
    ("Left-Accumbens-area", "Laccumb", "left_accumbens_volume"),
    (
        "EstimatedTotalIntraCranialVol",
        "eTIV",
        "ICV",
        "TIV",
        "etiv_mm3",
        "Estimated_Total_Intracranial_Volume",
    ),
    ("lhCortexVol", "lh_cortex_volume", "lhCortex"),
    ("3rd-Ventricle", "X3rd.Ventricle", "3rd_ventricle_volume"),
]


@pytest.mark.parametrize("spellings", SAME, ids=lambda found: found[0])
def test_spellings_of_one_measurement(spellings: tuple[str, ...]) -> None:
    found = {name: column(name) for name in spellings}
    assert len({one.key for one in found.values()}) == 1, found
    assert len({one.kind for one in found.values()}) == 1, found


def test_different_measurements_stay_apart() -> None:
    keys = [column(group[0]).key for group in SAME]
    names = (
        "rh_bankssts_volume",
        "lh_bankssts_area",
        "wm-lh-bankssts",
        "Left-Hippocampus",
        "lh_MeanThickness_thickness",
        "rh_MeanThickness_thickness",
        "BrainSegVol",
        "BrainSegVolNotVent",
        "Left-Lateral-Ventricle",
        "Left-Inf-Lat-Vent",
        "4th-Ventricle",
        "CSF",
        "CC_Anterior",
        "CC_Mid_Anterior",
        "lh_bankssts_meancurv",
        "rh_area",
        "something",
    )
    keys += [column(name).key for name in names]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ctx-rh-insula", "volume"),
        ("Left-Amygdala", "volume"),
        ("Brain-Stem", "volume"),
        ("lh_insula_thickness", "thickness"),
        ("rh_WhiteSurfArea_area", "area"),
        ("eTIV", "size"),
        ("lh_MeanThickness", "thickness"),
        ("my_score", "other"),
        ("lh_insula_meancurv", "other"),
    ],
)
def test_kinds(name: str, kind: str) -> None:
    assert column(name).kind == kind


@given(st.text(max_size=40))
def test_any_name_has_a_key_that_depends_on_case_and_marks_only_a_little(name: str) -> None:
    one = column(name)
    assert column(name.upper() if name.isascii() else name) == one
    assert column(name.replace("_", "-")) == one
