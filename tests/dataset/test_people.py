from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrisk.dataset.labels import path_label, plain_label
from headrisk.dataset.people import (
    case_conflicts,
    day_gaps,
    number_conflicts,
    number_people,
    number_sessions,
    require_distinct_labels,
)
from headrisk.dataset.scans import Scan
from headrisk.errors import InputError


@given(st.lists(st.text(max_size=3)))
def test_numbers_agree_where_labels_do(labels: list[str]) -> None:
    codes = number_people(labels)
    assert codes.dtype == np.int64
    for i, first in enumerate(labels):
        for j, second in enumerate(labels):
            assert (codes[i] == codes[j]) == (first == second)
    assert sorted(set(codes.tolist())) == list(range(len(set(labels))))


def test_people_are_shared_by_data_sets_and_sessions_are_not() -> None:
    keys = [("A", "1", "x"), ("B", "1", "x"), ("A", "1", "x"), ("A", "1", "y"), ("A", "2", "x")]
    scans = [Scan("", p, "", dataset=d, session_id=s) for d, p, s in keys]
    assert number_people(s.participant_id for s in scans).tolist() == [0, 0, 0, 0, 1]
    assert number_sessions(scans).tolist() == [0, 1, 0, 2, 3]


def test_case_conflicts() -> None:
    assert case_conflicts(["a", "b", "A", "a", "Straße", "STRASSE"]) == [
        ("A", "a"),
        ("STRASSE", "Straße"),
    ]
    assert case_conflicts(["a", "a", "b", "1", "01"]) == []
    require_distinct_labels(["a", "b"], "A")
    with pytest.raises(InputError, match="A and a"):
        require_distinct_labels(["a", "A"], "A")


def test_days() -> None:
    gaps = day_gaps(["2020-01-01", ""], ["2021-01-01", "2020-01-01", ""])
    np.testing.assert_array_equal(gaps, [[366, 0, np.nan], [np.nan] * 3])


def test_plain_label() -> None:
    assert plain_label(" sub-01 ", "sub") == plain_label("01", "sub") == "01"
    assert plain_label("sub-sub-01", "sub") == "sub-01"


def test_labels_that_look_alike_are_one() -> None:
    """Full-width digits and characters that nobody sees; what differs to the eye stays apart."""
    for label in ("\uff10\uff13", "03\u200b", "\u206003", "sub-03\ufeff", " 03 "):
        assert plain_label(label, "sub") == "03", ascii(label)
    assert path_label("sub-0\u200b3/ses-\uff11/anat/x.nii", "sub") == "03"
    assert path_label("sub-0\u200b3/ses-\uff11/anat/x.nii", "ses") == "1"
    assert len({plain_label(label, "sub") for label in ("03", "3", "o3", "\u0456", "i")}) == 5


def test_numbers_with_more_or_fewer_zeros_are_told() -> None:
    assert number_conflicts(["1", "01", "1.0", "10", "100", "a1", "a01"]) == [("01", "1", "1.0")]
    assert number_conflicts(["1.5", "01.5", "0", "00"]) == [("0", "00")]
