"""Questions of boards and paragraphs to copy: none says more than the figures carry."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_report import RUN, simulated_report
from simulated_treatment import treatment
from test_report_grammar import caught

from headrisk.dataset.inventory import InventoryCounts, KindRow
from headrisk.findings.coverage import all_faces_gone, upper_end
from headrisk.findings.records import (
    Counts,
    FacesLeft,
    MeasureResult,
    ModalitySection,
    PeopleRow,
    Report,
    Table,
)
from headrisk.report.html import public_html, texts_html
from headrisk.report.withhold import withhold_small_cells
from headrisk.report.words.boards import boards
from headrisk.report.words.evidence import (
    REGULATORS_LINE,
    against_line,
    evidence,
    gaps,
    linked,
)
from headrisk.report.words.first_page import compared, not_compared
from headrisk.report.words.paragraphs import committee_paragraph, consent_paragraph, paragraphs
from headrisk.report.words.presence import LEFT
from headrisk.statistics.attackers import CLINICAL_INSIDER, PUBLIC_INTERNET_USER
from headrisk.statistics.intervals import wilson

PROMISES = re.compile(r"\b(anonymous|safe|certified|secure|no risk|below the line)\b", re.I)
ASKERS = (
    "Recital 26",
    "WP216",
    "TEHDAS2 D7.2",
    "motivated intruder",
    "HIPAA",
    "NIH",
    "ISO/IEC 27559",
    "EMA Policy 0070",
    "TCIA",
    "OpenNeuro",
)


def section(name: str, found: int, people: int, unsearched: int = 0) -> ModalitySection:
    rank1 = wilson(found, people)
    measure = MeasureResult("m", rank1=rank1, chance=1 / max(people, 2))
    counts = Counts(people, 2 * people, unsearched, people, 9, people, people, unsearched)
    return ModalitySection(name, counts, (measure,))


def inventory(images: int, failed: int = 0, left_out: int = 0, **other: int) -> InventoryCounts:
    looked = images - failed - left_out
    row = KindRow("anat", "T1w", images, looked, failed, left_out, {"archive": failed + left_out})
    return InventoryCounts(images, looked, failed, left_out, (row,), other)


def faces(total: int, **counts: int) -> FacesLeft:
    return FacesLeft(True, total, dict.fromkeys(LEFT, 0) | counts)


def report(*sections: ModalitySection, **fields: object) -> Report:
    return Report(sections, {}, "0.1.0", **fields)  # type: ignore[arg-type]


def whole(*found: int, people: int = 4000) -> Report:
    """Everything that boards ask about was looked at, and no face is left."""
    named = zip(("brain", "face", "metadata"), found, strict=True)
    return report(
        *(section(name, hits, people) for name, hits in named),
        inventory=inventory(people),
        faces_left=faces(people, gone=people),
    )


def words(one: Report) -> str:
    told = boards(one, RUN)
    said = [fact.text for fact in told.facts]
    for question in told.questions:
        said += [question.asks, question.missing, *(point.text for point in question.points)]
    for text in paragraphs(one):
        said += text.texts
    return "\n".join(filter(None, said))


@pytest.fixture(scope="module")
def audited() -> Report:
    found, _ = simulated_report()
    return withhold_small_cells(replace(found, treatments=(treatment("refaced"),)))


def test_every_board_is_named_with_its_source_and_what_is_missing(audited: Report) -> None:
    told = boards(audited, RUN)
    for name in ASKERS:
        assert any(name in question.asker for question in told.questions), name
    keys = {
        "looked",
        "linked",
        "singled",
        "attackers",
        "larger",
        "faces",
        "metadata",
        "change",
        "cost",
    }
    assert {fact.key for fact in told.facts} <= keys
    for question in told.questions:
        assert question.source
        assert question.missing
        assert question.points
        for point in question.points:
            assert set(point.facts) <= keys
            assert point.text or point.facts


def test_the_page_holds_each_question_once_and_links_lead_somewhere(audited: Report) -> None:
    page, texts = public_html(audited, RUN, "0"), texts_html(audited, RUN, "0")
    for one in (page, texts):
        ids = re.findall(r'id="([^"]+)"', one)
        assert len(ids) == len(set(ids))
        assert set(re.findall(r'href="#([^"]+)"', one)) <= set(ids)
    for question in boards(audited, RUN).questions:
        assert question.asker in page
        assert question.key in ids
    for title in ("Ethics board", "Consent form", "Data access committee"):
        assert title in texts
    assert "texts.html" in page


@pytest.mark.parametrize("people", [3, 4, 6, 12, 40])
def test_sentences_fall_into_no_trap_and_promise_nothing(people: int) -> None:
    made, _ = simulated_report(people=people, sites=False)
    text = words(withhold_small_cells(made))
    assert not PROMISES.search(text)
    assert caught(text) == []


@pytest.mark.parametrize("bare", [report(), whole(0, 0, 0), whole(9, 4000, 1, people=4000)])
def test_reports_without_much_to_say_still_read(bare: Report) -> None:
    text = words(bare)
    assert not PROMISES.search(text)
    assert caught(text) == []
    assert (
        caught(words(replace(bare, inventory=inventory(1, 1), faces_left=FacesLeft(False, 1))))
        == []
    )


@given(
    people=st.integers(5, 3000),
    hits=st.tuples(*[st.integers(0, 3000)] * 3),
    unsearched=st.integers(0, 60),
    missed=st.integers(0, 3),
    archives=st.integers(0, 1),
    face=st.integers(0, 2),
    line=st.sampled_from([0.05, 0.09, 0.2, 1.0]),
)
def test_a_line_is_kept_only_where_every_upper_end_keeps_it_and_nothing_is_missing(
    people: int,
    hits: tuple[int, ...],
    unsearched: int,
    missed: int,
    archives: int,
    face: int,
    line: float,
) -> None:
    one = report(
        *(
            section(name, min(found, people), people, unsearched)
            for name, found in zip(("brain", "face", "metadata"), hits, strict=True)
        ),
        inventory=inventory(50, missed, archive=archives),
        faces_left=faces(50, gone=50 - face, face=face),
    )
    said = against_line(one, line)
    worst = max(
        (wilson(min(found, people), people).high * people + unsearched) / (people + unsearched)
        for found in hits
    )
    assert max(upper_end(s) or 0 for s in one.modalities) == pytest.approx(worst)
    clean = worst <= line and not (missed or archives or unsearched)
    if said.startswith("In what was tested"):
        assert clean
    if 1 / max(people, 2) > line:
        assert said.startswith("With ")
        assert "cannot be applied" in said
    elif max(wilson(min(found, people), people).low for found in hits) > line:
        assert said.startswith("Over ")
    elif worst > line:
        assert said.startswith("Not shown to keep to")
    assert "below" not in said


def test_the_most_exposed_person_counts_too(audited: Report) -> None:
    found = audited.modalities[0]
    assert found.risk is not None
    exposed = replace(found.risk, exposure=replace(found.risk.exposure, highest=0.5))
    good = whole(0, 0, 0)
    brain = replace(good.modalities[0], risk=exposed)
    one = replace(good, modalities=(brain, *good.modalities[1:]))
    assert against_line(one, REGULATORS_LINE).startswith("Not shown to keep to")


@given(
    counts=st.dictionaries(
        st.sampled_from(["face", "part", "gone", "unclear", "outside", "failed"]),
        st.integers(0, 2),
    ),
    failed=st.integers(0, 1),
    left_out=st.integers(0, 1),
    archive=st.integers(0, 1),
)
def test_all_faces_are_called_gone_on_positive_evidence_of_every_image_alone(
    counts: dict[str, int], failed: int, left_out: int, archive: int
) -> None:
    total = sum(counts.values())
    one = report(
        inventory=inventory(total + failed + left_out, failed, left_out, archive=archive),
        faces_left=faces(total, **counts),
    )
    evident = total and not any(counts.get(k) for k in ("face", "part", "unclear", "failed"))
    assert all_faces_gone(one) == bool(evident and not (failed or left_out or archive))
    openneuro = next(q for q in boards(one, RUN).questions if q.key == "openneuro")
    assert ("cannot be made" in openneuro.points[0].text) != all_faces_gone(one)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"inventory": inventory(9, 1, 2)}, "3 images that nobody looked at"),
        ({"inventory": inventory(9, archive=1)}, "1 archive, document"),
        ({"inventory": None}, "were not listed"),
        ({"faces_left": None}, "faces, which were not looked for"),
        (
            {"modalities": (section("brain", 1, 10),)},
            "by photographs and by headers and sidecar files alone",
        ),
        ({"modalities": (section("brain", 1, 10, 2),)}, "2 people who could not be searched for"),
    ],
)
def test_gaps_are_named_to_those_who_decide(changed: dict[str, object], named: str) -> None:
    one = replace(whole(0, 0, 0), **changed)  # type: ignore[arg-type]
    assert gaps(whole(0, 0, 0)) == ()
    assert named in "; ".join(gaps(one))
    texts = {text.key: " ".join(text.texts) for text in paragraphs(one)}
    for key in ("dpia", "ethics", "committee"):
        assert named in texts[key]


def test_participants_are_told_the_upper_end(audited: Report) -> None:
    ends = [upper_end(one) for one in audited.modalities]
    most = -int(-max(end for end in ends if end) * 10 // 1)
    text = " ".join(consent_paragraph(audited))
    assert (f"up to {most} of 10 people" if most < 10 else "everybody might be found") in text
    few = withhold_small_cells(simulated_report(people=4, sites=False)[0])
    assert "We could not measure on enough people" in " ".join(consent_paragraph(few))
    assert "[conditions of access]" in text


def test_nothing_but_what_may_leave_is_told() -> None:
    """Two audits whose public figures are equal are told in the same words."""
    exact, _ = simulated_report(people=12, sites=False)
    public = withhold_small_cells(exact)
    assert words(withhold_small_cells(public)) == words(public) or public != exact
    told = linked(public)
    rate = exact.modalities[0].headline
    assert rate is not None
    assert rate.rank1 is not None
    assert f"{round(rate.rank1.value * 12)} of 12" not in re.sub(r"\d+ to \d+ of", "", told)


def test_people_who_could_not_be_searched_for_are_counted_as_found() -> None:
    one = report(section("brain", 0, 40, 10))
    assert "if the 10 people who could not be searched for count as found" in linked(one)
    end = upper_end(one.modalities[0])
    assert end is not None
    assert end >= 10 / 50


def test_participants_are_promised_nothing_that_the_files_contradict() -> None:
    """That a name is not shared is said to them on no condition that the audit saw broken."""
    kinds = Table(
        ("kind", "severity", "findings", "files"),
        (("Name of a person", "direct identifier", 3, 2),),
    )
    named = replace(section("metadata", 0, 40), tables={"kinds": kinds})
    found = " ".join(consent_paragraph(report(section("brain", 9, 40), named)))
    assert "the files still held names" in found
    unasked = " ".join(consent_paragraph(report(section("brain", 9, 40))))
    assert "was not looked for" in unasked
    for text in (found, unasked):
        assert "Among many more people" not in text
        assert "was not tested. They may." in text
    searched = " ".join(consent_paragraph(report(section("face", 9, 40))))
    assert "photographs" in searched


def test_participants_of_an_audit_of_tables_are_told_of_nothing_else() -> None:
    """No scan was compared and no image looked at, so nothing is said of what these showed."""
    one = report(section("table", 27, 30))
    told = " ".join(consent_paragraph(one))
    assert "We tested this on tables of measurements of 30 people." in told
    assert "on the scans of" not in told
    assert "We have not checked in every image" not in told
    assert "Whether scans, the faces in them or photographs lead to you was not tested." in told
    texts = {text.key: " ".join(text.texts) for text in paragraphs(one)}
    assert "identified again from tables of measurements" in texts["dpia"]
    with_scans = " ".join(
        consent_paragraph(report(section("table", 27, 30), section("brain", 9, 30)))
    )
    assert "on the scans of 30 people" in with_scans


def test_a_part_of_a_face_and_what_is_unclear_are_told_in_short_too() -> None:
    one = report(
        section("brain", 9, 40), faces_left=faces(26, face=19, part=1, unclear=4, failed=2)
    )
    facts = {fact.key: fact for fact in boards(one, RUN).facts}
    assert facts["faces"].short == "20 of 26 images, 6 more not excluded"


@pytest.mark.parametrize(
    ("face", "said"), [(50, "In all of"), (26, "In most of"), (25, "In some of")]
)
def test_all_is_said_of_faces_where_it_is_all(face: int, said: str) -> None:
    one = report(section("brain", 9, 40), faces_left=faces(50, face=face, gone=50 - face))
    assert said in " ".join(consent_paragraph(one))


def test_each_attack_is_told_with_what_it_compared() -> None:
    kinds = (
        KindRow("anat", "T1w", 12, 12, 0, 0),
        KindRow("anat", "FLAIR", 12, 12, 0, 0),
    )
    counts = InventoryCounts(24, 24, 0, 0, kinds)
    brain = replace(section("brain", 3, 6), contrasts=("T1w",))
    both = replace(section("face-scans", 3, 6), contrasts=("T1w", "FLAIR"))
    one = report(brain, both, inventory=counts)
    assert compared(one) == ("Brains: 12 T1w. Faces between scans: 12 images (T1w, FLAIR).")
    assert not_compared(one) == ("Not compared: FLAIR by brains.",)
    assert "FLAIR by brains" in " ".join(committee_paragraph(one))


def test_singling_out_among_few_does_not_hide_that_the_search_links(audited: Report) -> None:
    """A rate among few people that luck explains stands beside what the full search shows."""
    section = next(one for one in audited.modalities if one.risk and one.headline)
    assert section.headline is not None
    for reading, told in (("links", True), ("unclear", False)):
        strongest = replace(section.headline, reading=reading)
        report = replace(audited, modalities=(replace(section, strongest=strongest),))
        fact = next(one for one in evidence(report, RUN) if one.key == "singled")
        assert ("the full search links people" in fact.text) is told


def test_the_nearest_to_a_motivated_intruder_is_named_where_one_was_modelled(
    audited: Report,
) -> None:
    def of_intruder(one: Report) -> str:
        (ico,) = (question for question in boards(one, RUN).questions if question.key == "ico")
        return next(point.text for point in ico.points if point.name == "A motivated intruder")

    section = next(one for one in audited.modalities if one.risk and one.risk.attackers)
    assert section.risk is not None
    (outcome, *_) = [one for one in section.risk.attackers if one.success is not None]
    public = replace(outcome, attacker=PUBLIC_INTERNET_USER)
    modelled = replace(section, risk=replace(section.risk, attackers=(public,)))
    text = of_intruder(replace(audited, modalities=(modelled,)))
    assert text.startswith(f"The nearest that was modelled is {PUBLIC_INTERNET_USER.title}. ")
    other = replace(public, attacker=CLINICAL_INSIDER)
    without = replace(section, risk=replace(section.risk, attackers=(other,)))
    assert "No such intruder" in of_intruder(replace(audited, modalities=(without,)))


def test_who_stands_out_by_details_is_singled_out() -> None:
    people = Table(("what", "people"), ((PeopleRow.ALL, 12), (PeopleRow.IN_SMALL, "9 to 12")))
    one = report(replace(section("metadata", 0, 40), tables={"people": people}))
    facts = {fact.key: fact.text for fact in boards(one, RUN).facts}
    assert "9 to 12 of 12 people are alone, or with at most three others" in facts["singled"]
    assert "singled" not in {
        fact.key for fact in boards(report(section("brain", 9, 40)), RUN).facts
    }
