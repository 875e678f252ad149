"""The rule lists: the DICOM profile against pydicom's dictionary, the documentation, forms."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.datadict import dictionary_description, dictionary_has_tag, dictionary_VR

from headrisk.metadata.findings import KINDS, mask
from headrisk.metadata.known import known_identifiers
from headrisk.metadata.patterns import matches
from headrisk.metadata.profile import profile_table, rule_for

ROOT = Path(__file__).parents[2]


def test_the_profile_agrees_with_the_data_dictionary() -> None:
    table = profile_table()
    assert len(table) == 652
    in_both = [tag for tag in table if dictionary_has_tag(tag)]
    assert len(in_both) > 600
    wrong = [
        (f"{tag:08X}", table[tag])
        for tag in in_both
        if table[tag].vr != dictionary_VR(tag)
        or _words(table[tag].name) != _words(dictionary_description(tag))
    ]
    assert len(wrong) <= 12, wrong  # names that the standard has since reworded


def _words(name: str) -> str:
    return "".join(char for char in name.lower() if char.isalnum())


@pytest.mark.parametrize(
    ("tag", "step"),
    [
        (0x00100010, "empty"),  # Patient's Name: Z
        (0x00100020, "empty"),
        (0x00100030, "empty"),
        (0x00080018, "uid"),
        (0x00080080, "dummy"),  # Institution Name: X/Z/D
        (0x00081070, "dummy"),
        (0x00181000, "dummy"),
        (0x00204000, "remove"),
        (0x00291010, "remove"),  # private
        (0x60003000, "remove"),
        (0x50100010, "remove"),
    ],
)
def test_well_known_attributes_have_the_action_of_the_table(tag: int, step: str) -> None:
    rule = rule_for(tag)
    assert rule is not None
    assert rule.step == step


@pytest.mark.parametrize("tag", [0x00080060, 0x00180081, 0x00280010, 0x7FE00010])
def test_attributes_that_an_image_needs_are_left_alone(tag: int) -> None:
    assert rule_for(tag) is None


def test_the_documentation_lists_every_kind_with_its_severity() -> None:
    text = (ROOT / "docs" / "metadata.md").read_text()
    for kind in KINDS.values():
        assert f"| {kind.title} | {kind.severity} |" in text


@pytest.mark.parametrize(
    "text",
    [
        "v1.0.20211006  (JP2:OpenJPEG) GCC9.3.0", "syngo MR E11", "27\\LX\\MR Software", "6.0.5",
        "1877-06-15T13:45:30", "doi:10.1038/s41592-018-0235-4", "HEAD^ROUTINE", "t:HEA;HEP",
        "ep2d_bold_mb4_PA", "Sag>Cor(-2.7)>Tra(1.3)", "MR T1 MPRAGE 1.0mm iso", "1.5 0.25 3",
        "2 x 2 x 2 mm, TR 2000 ms, TE 30 ms", "https://www.cognitiveatlas.org/task/id/trm_4f24",
    ],
)  # fmt: skip
def test_ordinary_values_have_no_identifying_form(text: str) -> None:
    skip = frozenset({"date"}) if text.startswith("v1.0") else frozenset()
    assert matches(text, skip) == ()


@given(st.text(min_size=4, max_size=40))
def test_a_mask_never_holds_more_than_the_first_character(value: str) -> None:
    shown = mask(value)
    if len(value.strip()) > 3:
        assert value.strip()[1:] not in shown or value.strip()[1:].isdigit()


@pytest.mark.parametrize(
    "text",
    ["DOE^JOHN", "doe_john", "JohnDoe", "xx john doe yy", "John, Doe", "JOHNDOE01", "Jöhn-Döe"],
)
def test_a_listed_name_is_found_in_every_spelling(text: str) -> None:
    assert known_identifiers(["John Doe"]).spans(text)


@pytest.mark.parametrize("text", ["John Smith", "Johnson Doepfner", "adobe john", "doe"])
def test_a_listed_name_is_not_found_in_others(text: str) -> None:
    assert not known_identifiers(["John Doe"]).spans(text)
