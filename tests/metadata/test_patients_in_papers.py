"""On a line that speaks of a patient a name is the patient's, also where authors are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrisk.metadata.people import labelled_people
from headrisk.metadata.scan import scan_metadata

SAID = {
    "The name of the patient is Anna Schmidt, seen in spring.": "Anna Schmidt",
    "PATIENT JOHN SMITH came late": "JOHN SMITH",
    "the patient was called Ottoline Quillfeather": "Ottoline Quillfeather",
    "Die Patientin Anna Schmidt kam zu spät.": "Anna Schmidt",
}
MEANT = (
    "Authors: Anna Schmidt and John Smith",
    "Each patient completed the Beck Depression Inventory at John Radcliffe Hospital.",
    "The patient is Left Handed.",
    "Thanks to our patient colleague Anna Schmidt",
)


@pytest.mark.parametrize("line", SAID)
def test_a_patient_is_found(line: str) -> None:
    text = f"# A data set\n\n{line}\n"
    found = [text[start:end] for start, end in labelled_people(text)]
    assert any(SAID[line] in one for one in found)


@pytest.mark.parametrize("line", MEANT)
def test_who_stands_there_on_purpose_is_left_alone(line: str) -> None:
    assert labelled_people(f"# A data set\n\n{line}\n") == ()


def test_a_patient_in_a_readme_is_told(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("The name of the patient is Anna Schmidt.\n")
    (finding,) = scan_metadata(tmp_path).findings
    assert finding.kind == "person-name"
