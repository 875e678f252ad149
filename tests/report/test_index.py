"""The index of the internal page: everybody is there once, without script, and it stays small."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_report import RUN, simulated_report

from headrisk.dataset.inventory import IMAGE_COLUMNS
from headrisk.findings.records import Internal, Link, Mosaic, Report, ScanRow, Table
from headrisk.report.index import FIRST, Seen, index_people, look_first, state_counts
from headrisk.report.internal import internal_html
from headrisk.report.words.internal import STATES, WHY


def scan(person: str, session: str = "1", **changed: object) -> ScanRow:
    name = f"sub-{person}/ses-{session}/anat/sub-{person}_ses-{session}_T1w"
    row = ScanRow(name, person, session, f"/data/{name}.nii.gz", "ok")
    return replace(row, **changed)  # type: ignore[arg-type]


def image(
    path: str, person: str, status: str = "looked_at", reason: str = "", face: str = ""
) -> tuple[str | int, ...]:
    return (path, "anat", "T1w", person, "1", "", status, reason, face, "raw", "NIfTI-1", 1, "")


def link(probe: ScanRow, gallery: ScanRow, score: float, **changed: object) -> Link:
    mated = probe.participant_id == gallery.participant_id
    row = Link(probe.scan_id, gallery.scan_id, "m", score, 1, "link", mated)
    return replace(row, **changed)  # type: ignore[arg-type]


def flat(internal: Internal) -> dict[str, Seen]:
    return {scan.name: scan for one in index_people(internal, (("", "m"),)) for scan in one.scans}


def test_scans_of_several_attacks_and_their_images_are_one_line() -> None:
    rows = (scan("01"), scan("01", modality="face", status="failed", reason="no skin"))
    table = Table(IMAGE_COLUMNS, (image(f"{rows[0].scan_id}.nii.gz", "01", face="part"),))
    (seen,) = flat(Internal(rows, tables={"images": table})).values()
    assert seen.states == ("failed", "face")
    assert seen.lines == ("photographs: no skin",)


def test_images_that_no_attack_looked_at_are_there_too() -> None:
    table = Table(
        IMAGE_COLUMNS,
        (
            image("sub-01/anat/sub-01_T2w.nii.gz", "01", "left_out", "another kind"),
            image("stray.nii.gz", "", "failed", "an empty file"),
        ),
    )
    found = flat(Internal((scan("01"),), tables={"images": table}))
    assert found["sub-01/anat/sub-01_T2w.nii.gz"].states == ("unseen",)
    assert found["stray.nii.gz"].states == ("failed",)
    assert found["stray.nii.gz"].lines == ("an empty file",)
    assert [
        one.label for one in index_people(Internal((scan("01"),), tables={"images": table}), ())
    ] == ["", "01"]


def test_a_link_to_somebody_else_marks_both_as_perhaps_wrongly_labelled() -> None:
    a, b, c = scan("01"), scan("02"), scan("03", "2")
    found = flat(
        Internal(
            (a, b, c),
            (
                link(a, b, 0.9),
                link(c, c, 0.7),
                link(b, c, 0.9, decision="no link"),
                link(c, a, 0.9, rank=2),
                link(c, a, 0.9, measure="other"),
            ),
        )
    )
    assert found[a.scan_id].states == ("label",)
    assert found[b.scan_id].states == ("label",)
    assert found[c.scan_id].states == ("linked",)


def test_an_attack_with_too_little_data_speaks_against_no_label() -> None:
    a, b = scan("01"), scan("02")
    (first, second) = index_people(
        Internal((a, b), (link(a, b, 0.9), link(b, b, 0.8))), (("", "m"),), ()
    )
    assert first.states == ()
    assert second.states == ("linked",)


def test_what_photographs_find_bears_the_mark() -> None:
    a, b = scan("01"), scan("02")
    photographs = Link("01", a.scan_id, "m", 0.4, 1, "link", True)
    found = flat(
        Internal((a, b), (photographs, replace(photographs, gallery=b.scan_id, mated=False)))
    )
    assert found[a.scan_id].states == ("linked",)
    assert found[b.scan_id].states == ("label",)


def test_faces_of_the_search_by_photographs_count() -> None:
    rows = (scan("01"), scan("02"), scan("03"))
    table = Table(
        ("scan_id", "face_left"),
        tuple((r.scan_id, w) for r, w in zip(rows, ("face", "unclear", "gone"), strict=True)),
    )
    found = flat(Internal(rows, tables={"faces": table}))
    assert [found[r.scan_id].states for r in rows] == [("face",), ("face",), ()]


@given(
    kinds=st.lists(
        st.tuples(
            st.integers(0, 9), st.sampled_from(["ok", "doubtful", "failed"]), st.floats(0, 1)
        ),
        max_size=60,
    )
)
def test_everybody_is_there_once_and_lists_agree_with_filters(
    kinds: list[tuple[int, str, float]],
) -> None:
    rows = tuple(
        scan(
            f"{person:02d}",
            str(number),
            status="failed" if kind == "failed" else "ok",
            verdict=kind,
        )
        for number, (person, kind, _) in enumerate(kinds)
    )
    links = tuple(link(row, row, score) for row, (_, _, score) in zip(rows, kinds, strict=True))
    people = index_people(Internal(rows, links), ("m",))
    names = [one.name for person in people for one in person.scans]
    assert sorted(names) == sorted(row.scan_id for row in rows)
    assert [one.label for one in people] == sorted({row.participant_id for row in rows})
    counts = state_counts(people)
    for group in look_first(people):
        assert group.total == counts[group.state]
        assert len(group.scans) == min(group.total, FIRST)
    linked = [group for group in look_first(people) if group.state == "linked"]
    for group in linked:
        scores = [one.score or 0 for one in group.scans]
        assert scores == sorted(scores, reverse=True)
    for person in people:
        assert set(person.states) == {s for one in person.scans for s in one.states}


def big(people: int) -> tuple[Report, Internal]:
    report, _ = simulated_report()
    rng = np.random.default_rng(3)
    rows = tuple(
        scan(f"{k:04d}", session, verdict="doubtful" if k % 50 == 7 else "ok")
        for k in range(people)
        for session in ("1", "2")
    )
    links = tuple(link(row, row, 0.5, measure="residual-correlation") for row in rows)
    smooth = np.kron(rng.integers(0, 255, (20, 60)), np.ones((16, 16))).astype(np.uint8)
    mosaics = tuple(Mosaic(row.scan_id, "ok", 0.8, smooth) for row in rows)
    return report, Internal(rows, links, mosaics)


@pytest.mark.usefixtures("drawn_once")
@pytest.mark.parametrize("people", [6, 600])
def test_the_page_serves_few_and_many_people(people: int) -> None:
    page = internal_html(*big(people), RUN)
    assert "<script" not in page
    assert len(page) < 12_000_000
    assert len(re.findall(r'<details class="item', page)) == people
    assert len(re.findall(r'<li class="item', page)) == 2 * people
    for state in STATES:
        assert f'id="show-{state}"' in page
        assert f"#show-{state}:checked ~ .index .item:not(.is-{state})" in page
    ids = re.findall(r'id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


def test_every_state_says_why_it_is_worth_a_look() -> None:
    assert set(STATES) == set(WHY)
