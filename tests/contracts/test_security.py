"""Labels are text: whatever a table calls people and sessions, results stay in their folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from headrisk.dataset.scans import Scan
from headrisk.deidentify.sidecar import stems

HOSTILE = ("../../x", "/etc/passwd", "..", "a/../../b", "~root", "$(id)", "`id`", "a\nb", "-rf",
           "C:\\x", "<script>", "=1+1", "\u202egpj", "a" * 300)  # fmt: skip
OUT = Path("/out")


def stays_inside(label: str, session: str, name: str) -> None:
    scans = [Scan("x", label, f"/data/{name}", session_id=session)] * 2
    found = stems(scans)
    assert len({stem.lower() for stem in found}) == 2
    for stem in found:
        assert os.path.normpath(OUT / stem).startswith("/out/sub-")
        assert ".." not in stem
        assert stem.isprintable()
        assert stem.isascii()
        assert not set(stem) & set("\\$`~;|&<>'\" ")


@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_labels_of_treated_scans(label: str) -> None:
    stays_inside(label, label, f"sub-{label.replace('/', '')}_acq-{label.replace('/', '')}_T1w.nii")


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=30))
@example("", "", "")
@example("..", "..", "sub-.._..-.._T1w.nii")
def test_any_label_of_a_treated_scan(label: str, session: str, name: str) -> None:
    stays_inside(label, session, name.replace("/", ""))
