"""The rule lists: the DICOM profile against pydicom's dictionary, the documentation, forms."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.datadict import dictionary_description, dictionary_has_tag, dictionary_VR

from headrisk.metadata.dicom_dictionary import profile_table, rule_for
from headrisk.metadata.findings import SEVERITY, mask
from headrisk.metadata.known import NOBODY, known_identifiers
from headrisk.metadata.names import name_spans
from headrisk.metadata.national_ids import national_ids
from headrisk.metadata.patterns import matches
from headrisk.metadata.people import labelled_people, people_spans
from headrisk.metadata.remarks import is_moment, says_nothing
from headrisk.report.words.metadata_kinds import KINDS

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
    assert list(KINDS) == list(SEVERITY)
    for name, kind in KINDS.items():
        assert f"| {kind.title} | {SEVERITY[name]} |" in text


@pytest.mark.parametrize(
    "text",
    [
        "v1.0.20211006  (JP2:OpenJPEG) GCC9.3.0",
        "syngo MR E11",
        "27\\LX\\MR Software",
        "6.0.5",
        "1877-06-15T13:45:30",
        "doi:10.1038/s41592-018-0235-4",
        "HEAD^ROUTINE",
        "t:HEA;HEP",
        "ep2d_bold_mb4_PA",
        "Sag>Cor(-2.7)>Tra(1.3)",
        "MR T1 MPRAGE 1.0mm iso",
        "1.5 0.25 3",
        "2 x 2 x 2 mm, TR 2000 ms, TE 30 ms",
        "https://www.cognitiveatlas.org/task/id/trm_4f24",
    ],
)
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


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("t1_mprage_Nyman_Kaisa", "Nyman_Kaisa"),
        ("T1 liu jing run2", "liu jing"),
        ("WIP T2W NGUYEN MINH", "NGUYEN MINH"),
        ("JÄRVINEN LAURI T1", "JÄRVINEN LAURI"),
        ("KowalskaAgnieszka", "KowalskaAgnieszka"),
        ("read by O. Novak", "O. Novak"),
        ("redo for patient Petrov", "Petrov"),
        ("moved, B. Ortega says", "B. Ortega"),
    ],
)
def test_names_are_found_in_texts(text: str, name: str) -> None:
    spans = [text[a:b] for a, b in people_spans(text)]
    assert spans == [name]


@pytest.mark.parametrize(
    "text",
    [
        "Stroop Task",
        "Boston Naming Test",
        "Beck Depression Inventory II",
        "Simon Task",
        "Patient Position HFS",
        "subject A was moved",
        "below the circle of Willis",
        "Edinburgh Handedness Inventory",
        "DISCOVERY MR750",
        "Adaptive Combine",
        "TIM TRIO",
        "atlas-Schaefer2018",
        "https://github.com/jane_smith/tools",
        "green long short",
        "MPRAGE",
        "Siemens Prisma_fit",
        "G_and_S_frontomargin",
        "Sum of Squares",
        "Head Matrix Sense",
    ],
)
def test_ordinary_texts_name_nobody(text: str) -> None:
    assert people_spans(text) == ()


def test_where_authors_stand_only_names_beside_a_label_count() -> None:
    text = "By Jane Smith and Liu Wei (2019).\nsub-03 is Jane Smith.\nWe thank Mr. Jones.\n"
    assert [text[a:b] for a, b in labelled_people(text)] == ["Jane Smith"]
    assert labelled_people("Run 2 of Mrs. Dvorak was removed.") == ((9, 20),)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("sub-01_acq-Korhonen_T1w.nii.gz", ["Korhonen"]),
        ("Mäkelä_Sanna", ["Mäkelä_Sanna"]),
        ("tpl-MNI_atlas-Schaefer2018_dseg.tsv", []),
        ("Jankowski2019.pdf", []),
        ("IM000001", []),
        ("sub-01_task-stroop_bold.json", []),
        ("atlas-Jankowski_dseg.tsv", []),
    ],
)
def test_family_names_in_file_names(name: str, found: list[str]) -> None:
    assert [name[a:b] for _, a, b in name_spans(name, NOBODY)] == found


@pytest.mark.parametrize(
    "text",
    [
        "131052-308T",
        "811218-9876",
        "11010519491231002X",
        "943 476 5919",
        "070761-4285",
        "44051401359",
        "12345678Z",
        "RSSMRA85T10A562S",
        "01010750160",
    ],
)
def test_identity_numbers_are_found_and_mistyped_ones_are_not(text: str) -> None:
    assert list(national_ids(f"see {text}, please")) == [(4, 4 + len(text))]
    assert list(national_ids(text + "7")) == []
    if text not in ("070761-4285", "RSSMRA85T10A562S"):  # these have no check digit, or none read
        wrong = text[:3] + str((int(text[4 if text[3] in " -" else 3]) + 1) % 10) + text[4:]
        assert list(national_ids(wrong)) == []


@given(st.text(max_size=60))
def test_spans_of_any_text_are_in_order_and_within_it(text: str) -> None:
    for spans in (people_spans(text), labelled_people(text), tuple(national_ids(text))):
        assert all(0 <= a < b <= len(text) for a, b in spans)
    people = people_spans(text)
    assert all(one[1] < two[0] for one, two in pairwise(people))


def test_whole_numbers_that_are_dates() -> None:
    assert is_moment("20190314")
    assert is_moment("1552569131")
    assert is_moment("1552569131000")
    for number in ("20191314", "18770615", "2019", "45446", "9999999999", "-1552569131", "1.5"):
        assert not is_moment(number)


def test_ratings_and_programs_remarks_say_nothing() -> None:
    assert all(map(says_nothing, ("Good", "ok.", "V", "n", "Unaliased_MB6_PE3_LB_SENSE1")))
    assert not any(map(says_nothing, ("Anna", "moved a little", "call her", "Unaliased by Jo")))
