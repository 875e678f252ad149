"""Which pairs are compared: sessions, copies, several data sets, numbering of people."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from headrisk.dataset.scans import Scan
from headrisk.linkage.design import Design, against, within
from headrisk.linkage.pairs import copies_first
from headrisk.types import PairScores


def scan(person: str, session: str = "", dataset: str = "", suffix: str = "T1w") -> Scan:
    name = f"{dataset}/{person}/{session}/{suffix}"
    return Scan(name, person, f"/{name}.nii", dataset, session, suffix)


def unlike(scans: list[Scan]) -> list[str]:
    return [f"digest-{k}" for k in range(len(scans))]


def test_every_scan_meets_every_other_but_not_itself() -> None:
    scans = [scan("01", "a"), scan("01", "b"), scan("02", "a")]
    found = within(scans, unlike(scans))
    assert found.probes is found.gallery
    assert found.usable.tolist() == (~np.eye(3, dtype=bool)).tolist()
    assert found.probe_person.tolist() == found.gallery_person.tolist() == [0, 0, 1]
    assert found.copies == 0


def test_images_of_one_session_say_nothing_about_linking() -> None:
    scans = [
        scan("01", "a", suffix="T1w"),
        scan("01", "a", suffix="FLAIR"),
        scan("01", "b"),
        scan("02", "a"),  # the same session label, but another person
    ]
    usable = within(scans, unlike(scans)).usable
    assert not usable[0, 1]
    assert not usable[1, 0]
    assert usable[0, 2]
    assert usable[0, 3]
    assert usable[1, 3]


def test_without_session_labels_one_contrast_twice_is_a_repetition() -> None:
    scans = [scan("01"), scan("01"), scan("02")]
    assert within(scans, unlike(scans)).usable[0, 1]


def test_without_session_labels_unlike_contrasts_are_one_session() -> None:
    scans = [scan("01"), scan("01", suffix="FLAIR"), scan("02", suffix="FLAIR")]
    usable = within(scans, unlike(scans)).usable
    assert not usable[0, 1]
    assert usable[0, 2]


def test_identical_files_are_left_out_and_counted_once_per_pair() -> None:
    scans = [scan("01", "a"), scan("01", "b"), scan("02", "a"), scan("03", "a")]
    found = within(scans, ["x", "x", "x", "y"])
    assert found.copies == 3
    assert not found.usable[:3, :3].any()
    assert found.usable[3, :3].all()
    assert found.usable[:3, 3].all()


def test_copies_within_a_session_are_not_counted_as_left_out_pairs() -> None:
    scans = [scan("01", "a"), scan("01", "a", suffix="FLAIR"), scan("02", "a")]
    found = within(scans, ["x", "x", "y"])
    assert found.copies == 0
    assert not found.usable[0, 1]


def test_unknown_digests_are_not_alike() -> None:
    scans = [scan("01", "a"), scan("02", "a"), scan("03", "a")]
    found = within(scans, ["", "", "z"])
    assert found.copies == 0
    assert found.usable[0, 1]


def test_one_data_set_against_the_others() -> None:
    scans = [
        scan("01", "a", "shared"),
        scan("02", "a", "shared"),
        scan("02", "a", "held"),
        scan("07", "a", "held"),
        scan("01", "b", "other"),
    ]
    found = against(scans, unlike(scans), "shared")
    assert found.probes.tolist() == [0, 1]
    assert found.gallery.tolist() == [2, 3, 4]
    assert found.probe_person.tolist() == [0, 1]
    assert found.gallery_person.tolist() == [1, 2, 0]  # labels mean the same person everywhere
    assert found.usable.all()  # one session label in two data sets is not one session


def test_identical_files_in_two_data_sets_are_links() -> None:
    scans = [scan("01", "", "A"), scan("02", "", "A"), scan("01", "", "B"), scan("09", "", "B")]
    found = against(scans, ["x", "y", "x", "y"], "A")
    assert found.usable.all()
    assert found.copies == 0
    assert found.verbatim().tolist() == [[True, False], [False, True]]
    assert found.people_of(found.verbatim()) == 1  # of the other pair the labels are not equal


def test_copies_by_another_digest_and_unknown_ones() -> None:
    scans = [scan("01", "", "A"), scan("02", "", "A"), scan("01", "", "B"), scan("02", "", "B")]
    found = against(scans, ["p", "q", "r", "s"], "A")  # no file has the bytes of another
    assert not found.verbatim().any()
    same_voxels = found.verbatim(["v", "", "v", ""])
    assert same_voxels.tolist() == [[True, False], [False, False]]
    assert found.people_of(same_voxels) == 1


def test_copies_come_first_whatever_a_measure_made_of_them() -> None:
    values = np.array([[0.1, 0.9, 0.3], [0.4, -0.2, 0.5]])
    person = np.arange(3)
    scores = PairScores("m", values, np.ones((2, 3), np.bool_), person[:2], person)
    verbatim = np.zeros((2, 3), np.bool_)
    assert copies_first(scores, verbatim) is scores
    verbatim[1, 1] = True
    assert copies_first(scores, verbatim).values.tolist() == [[0.1, 0.9, 0.3], [0.4, 0.9, 0.5]]


def test_a_data_set_that_nobody_is_in_gives_no_pairs() -> None:
    scans = [scan("01", "a", "A"), scan("02", "a", "A")]
    found = against(scans, unlike(scans), "A")
    assert found.usable.shape == (2, 0)
    nothing = within([], [])
    assert nothing.usable.shape == (0, 0)
    assert nothing.copies == 0


SCANS = st.lists(
    st.builds(
        scan,
        st.sampled_from(["01", "02", "03"]),
        st.sampled_from(["", "a", "b"]),
        st.sampled_from(["A", "B"]),
    ),
    min_size=1,
    max_size=8,
)


def _same(one: Scan, other: Scan) -> bool:
    fields = ("dataset", "participant_id", "session_id")
    return one.session_id != "" and all(getattr(one, f) == getattr(other, f) for f in fields)


def _check(found: Design, scans: list[Scan], digests: list[str]) -> int:
    copies = 0
    for row, i in enumerate(found.probes):
        for column, j in enumerate(found.gallery):
            copy = bool(digests[i] and digests[i] == digests[j] and i != j)
            together = _same(scans[i], scans[j])
            left_out = copy and not found.two_sets
            assert found.usable[row, column] == (i != j and not together and not left_out)
            assert found.verbatim()[row, column] == (found.usable[row, column] and copy)
            copies += copy and not together
            people = found.probe_person[row] == found.gallery_person[column]
            assert people == (scans[i].participant_id == scans[j].participant_id)
    return copies


@settings(max_examples=80, deadline=None)
@given(SCANS, st.data())
def test_both_designs_against_a_plain_loop(scans: list[Scan], data: st.DataObject) -> None:
    digests = [data.draw(st.sampled_from(["", "p", "q", "r"])) for _ in scans]
    inner = within(scans, digests)
    assert _check(inner, scans, digests) == 2 * inner.copies
    outer = against(scans, digests, "A")
    assert _check(outer, scans, digests) == np.count_nonzero(outer.verbatim())
    assert outer.copies == 0
    assert [scans[k].dataset for k in outer.probes] == ["A"] * len(outer.probes)
    assert {scans[k].dataset for k in outer.gallery} <= {"B"}
    assert len(outer.probes) + len(outer.gallery) == len(scans)
