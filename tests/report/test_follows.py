"""Each rule of what follows, on both sides of its condition; that no rule reassures."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_report import simulated_report
from simulated_treatment import effect, share, treatment

from headrisk.dataset.inventory import InventoryCounts, KindRow, OtherCounts
from headrisk.dataset.magic import MAY_SHOW, Kind
from headrisk.findings.attacks import FACTS
from headrisk.findings.coarse import least, most
from headrisk.findings.coverage import face_counts
from headrisk.findings.deidentified import CostFigure, FaceLeft, Treatment
from headrisk.findings.records import (
    FacesLeft,
    FileRow,
    MeasureResult,
    ModalitySection,
    Report,
    Table,
)
from headrisk.linkage.design import PeopleCounts
from headrisk.linkage.label_check import LabelCheck
from headrisk.report.follows import (
    SOURCE_FOLDER,
    follows,
    people_needed,
    weight,
)
from headrisk.report.withhold import withhold_small_cells
from headrisk.report.words.first_page import answers, coverage, left_to_annex, that_fit
from headrisk.report.words.follows import (
    SENTENCES,
    SHORT,
    follows_rows,
    points,
    sentence,
)
from headrisk.report.words.inventory import OTHER_NAMES, beside
from headrisk.types import Estimate

DOCS = Path(__file__).parents[2] / "docs" / "report.md"
REASSURING = r"\bsafe|anonym|no risk|may be shared|can be shared|nothing to do"
EMPTY = Report((), {}, "0")
SECTION: ModalitySection = simulated_report()[0].modalities[0]


def inventory(**changed: Any) -> Report:
    counts = InventoryCounts(
        images=10,
        looked_at=10,
        failed=0,
        left_out=0,
        kinds=(KindRow("anat", "T1w", 10, 10, 0, 0),),
    )
    return replace(EMPTY, inventory=replace(counts, **changed))


def measured(name: str = "brain", **changed: Any) -> Report:
    return replace(EMPTY, modalities=(replace(SECTION, name=name, **changed),))


def reading(name: str, word: str, n: int = 40) -> Report:
    rate = Estimate(0.5, 0.3, 0.7, n)
    first = MeasureResult("mae", rank1=rate, reading=word)  # type: ignore[arg-type]
    return measured(name, measures=(first,), strongest=None, risk=None, too_little="")


def counted(**changed: Any) -> Report:
    return measured(counts=replace(SECTION.counts, **{"doubtful": 0, "unsearched": 0, **changed}))


def searched(one_session: int) -> Report:
    return counted(people=PeopleCounts(42, 40, 40, {"one_session": one_session, "failed": 2}))


def labelled(code: str) -> Report:
    return measured(labels=LabelCheck(code, "mae", 6, 0, 0, 0, 1.0, 6, 0))  # type: ignore[arg-type]


def faces(**counts: int) -> Report:
    by_suffix = {"T1w": {"face": counts.get("face", 0), "part": counts.get("part", 0)}}
    known = {"face": 0, "part": 0, "unclear": 0, "failed": 0, "gone": 9, **counts}
    return replace(EMPTY, faces_left=FacesLeft(True, 9, known, by_suffix))


def presence(face: str, unclear: str) -> Report:
    rows = (
        ("hog", 24, face, 1.0),
        ("together: face", 24, face, None),
        ("together: unclear", 24, unclear, None),
    )
    table = Table(("detector", "scans_looked_at", "scans_with_a_face", "share"), rows)
    section = ModalitySection("face", SECTION.counts, tables={"presence": table})
    return replace(EMPTY, modalities=(section,))


def forecast(**changed: Any) -> Report:
    assert SECTION.risk is not None
    found = replace(SECTION.risk.forecast, reach=None, bound_only=False, **changed)
    return measured(risk=replace(SECTION.risk, forecast=found))


def metadata(
    severity: str = "",
    people: str = "0",
    unread: int = 0,
    standing: int = 0,
    found: int = 0,
    to_read: int = 0,
    kind: str = "Name of a person",
) -> Report:
    rows = ((kind, severity, 3, 2),) if severity else ()
    tables = {
        "kinds": Table(("kind", "severity", "findings", "files"), rows),
        "people": Table(
            ("what", "people"),
            (("people in the table", 20), ("in classes of fewer than 5", people)),
        ),
        "unread": Table(
            ("what", "files"), (("all", 30), ("not read", unread), (FileRow.TO_READ, to_read))
        ),
        "copy": Table(
            ("what", "count"),
            (("removed values that still stand in it", standing), ("findings in the copy", found)),
        ),
    }
    section = ModalitySection("metadata", SECTION.counts, tables=tables)
    return replace(EMPTY, modalities=(section,))


def with_dates(report: Report) -> Report:
    (section,) = report.modalities
    fields = Table(("field", "pairs"), (("AcquisitionDate", 4), ("EchoTime", 9)))
    one = replace(section, tables={**section.tables, "fields": fields})
    return replace(report, modalities=(one,))


def deidentified(change: Callable[[Treatment], Treatment]) -> Report:
    one = treatment("template")
    quiet = replace(
        one,
        arrival=replace(one.arrival, unchanged=0, missing=0, doubtful=0),
        face_left=FaceLeft(43, {"gone": 43}),
        effects=(harmless("face"), harmless("brain")),
        cost=(CostFigure("brain voxels cut", "share", share(0.0), 0.0),),
    )
    return replace(EMPTY, treatments=(change(quiet),))


def harmless(modality: str) -> Any:
    """An effect after which nobody is found, clearly fewer than before, and nothing failed."""
    one = effect(modality, "naive", 0.1)
    assert one.rank1 is not None
    return replace(one, found=share(0.0), chance=0.02, failed=0)


def arrival(**changed: Any) -> Report:
    return deidentified(lambda one: replace(one, arrival=replace(one.arrival, **changed)))


def effects(**changed: Any) -> Report:
    return deidentified(lambda one: replace(one, effects=(replace(harmless("face"), **changed),)))


def no_drop(low: float) -> Report:
    change = effect("face", "naive", 0.1).rank1
    assert change is not None
    return effects(rank1=replace(change, difference=Estimate(0.2, low, 0.4, 40)))


def cost(value: float) -> Report:
    return deidentified(
        lambda one: replace(one, cost=(CostFigure("brain voxels cut", "share", share(value), 0.2),))
    )


def cut_overlap(value: float) -> Report:
    return deidentified(
        lambda one: replace(
            one, cost=(CostFigure("overlap of brain masks", "Dice", share(value), 0.2),)
        )
    )


def apart(**tallies: dict[str, int]) -> Report:
    """Ten images that were looked at for a face, and what attacks came to."""
    row = KindRow("anat", "T1w", 10, 10, 0, 0, **tallies)
    return replace(inventory(kinds=(row,)), modalities=measured().modalities)


def left(verdicts: dict[str, Any]) -> Report:
    return deidentified(lambda one: replace(one, face_left=FaceLeft(43, verdicts)))


CASES: list[tuple[str, Report, Report]] = [  # code, where it applies, the nearest where it does not
    ("labels_disagree", labelled("labels_disagree"), labelled("labels_agree")),
    ("labels_unconfirmed", labelled("labels_unconfirmed"), labelled("labels_disagree")),
    ("tables_unused", inventory(unused={"table": {"empty": 1}}), inventory()),
    ("tables_used_in_part", inventory(unused={"table": {"lines": 1}}), inventory()),
    ("images_not_looked_at", inventory(failed=1, looked_at=9), inventory()),
    ("images_failed", inventory(failed=1, looked_at=9), inventory(left_out=1, looked_at=9)),
    ("folders_unread", inventory(unread_folders=1), inventory()),
    ("files_beside_images", inventory(other={"archive": 1}), inventory(other={"sidecar": 9})),
    ("images_copied", inventory(copies=1), inventory()),
    (
        "images_not_compared",
        apart(compared={"brain": 9}, apart={"name": 1}),
        apart(compared={"brain": 10}),
    ),
    ("scans_doubtful", counted(doubtful=1), counted()),
    ("faces_there", faces(face=1), faces(unclear=1)),
    ("faces_there", faces(part=1), faces()),
    ("faces_there", presence("1 to 3", "0"), presence("0", "0")),
    ("faces_unclear", faces(unclear=1), faces(face=1)),
    ("faces_unclear", presence("0", "1 to 3"), presence("0", "0 to 2")),
    ("faces_to_check", presence("0", "0 to 2"), presence("0", "0")),
    ("faces_not_looked_at", faces(failed=1), faces()),
    ("faces_not_looked_at", replace(EMPTY, faces_left=FacesLeft(False, 9)), faces()),
    ("faces_not_searched", inventory(), replace(inventory(), not_asked=("faces",))),
    ("faces_not_searched", inventory(), replace(inventory(), faces_left=faces().faces_left)),
    ("simulated", measured(simulated=True), measured()),
    ("people_not_searchable", searched(1), searched(0)),
    ("people_failed", counted(unsearched=1), counted()),
    ("forecast_ends", forecast(points=()), forecast()),
    ("metadata_not_searched", inventory(), metadata()),
    ("metadata_direct", metadata("direct identifier"), metadata("quasi-identifier")),
    (
        "source_folder",
        metadata("direct identifier", kind=SOURCE_FOLDER[0]),
        metadata("direct identifier"),
    ),
    ("metadata_quasi", metadata("quasi-identifier"), metadata("direct identifier")),
    ("metadata_technical", metadata("technical link"), metadata("notice")),
    ("metadata_notice", metadata("notice"), metadata("technical link")),
    ("metadata_dates", with_dates(metadata()), with_dates(metadata("notice", kind="date"))),
    ("metadata_dates", with_dates(metadata()), metadata()),
    ("people_stand_out", metadata(people="0 to 2"), metadata(people="0")),
    ("files_unread", metadata(unread=1), metadata()),
    ("metadata_to_read", metadata(to_read=1), metadata(unread=1)),
    ("copy_holds_removed_values", metadata(standing=1), metadata(found=1)),
    ("copy_findings", metadata(found=1), metadata(standing=1)),
    ("deidentified_unchanged", arrival(unchanged=1), arrival(missing=1)),
    ("deidentified_missing", arrival(missing=1), arrival(unchanged=1)),
    ("deidentified_doubtful", arrival(doubtful=1), arrival()),
    ("deidentified_to_check", arrival(unchanged="0 to 2"), arrival(unchanged="1 to 3")),
    ("deidentified_faces", left({"gone": 42, "part": 1}), left({"gone": 43})),
    ("deidentified_faces", left({"gone": "41 to 43", "face": "0 to 2"}), left({"gone": 43})),
    ("deidentified_still_links", effects(found=share(0.1)), effects(found=share(0.02))),
    ("deidentified_no_difference", no_drop(0.0), no_drop(0.01)),
    ("deidentified_no_difference", effects(rank1=None), effects()),
    (
        "deidentified_still_links",
        effects(modality="face-scans", found=share(0.1)),
        effects(modality="face-scans", found=share(0.02)),
    ),
    ("deidentified_still_links", effects(modality="metadata", found=share(0.1)), effects()),
    ("deidentified_still_links", effects(attacker="adaptive", found=share(0.1)), effects()),
    ("deidentified_failed", effects(failed=1), effects()),
    ("deidentified_cost", cost(0.01), cost(0.009)),
    ("deidentified_cost", cut_overlap(0.98), cut_overlap(0.995)),
    ("not_asked", replace(EMPTY, not_asked=("faces",)), EMPTY),
]
for modality, word in (*((name, one.code) for name, one in FACTS.items()), ("gait", "attack")):
    CASES += [
        (f"{word}_link", reading(modality, "links"), reading(modality, "unclear")),
        (f"{word}_not_shown", reading(modality, "unclear"), reading(modality, "links")),
        (f"{word}_not_shown", reading(modality, "does not link"), reading(modality, "links")),
        (f"{word}_too_few", measured(modality, too_little="Few."), reading(modality, "unclear")),
    ]


def codes(report: Report) -> set[str]:
    return {one.code for one in follows(report)}


@pytest.mark.parametrize(("code", "applies", "spared"), CASES)
def test_a_rule_on_both_sides_of_its_condition(code: str, applies: Report, spared: Report) -> None:
    assert code in codes(applies)
    assert code not in codes(spared)


def test_every_code_has_a_case_a_sentence_and_a_line_in_the_docs() -> None:
    assert {code for code, *_ in CASES} == set(SENTENCES) == set(SHORT)
    listed = set(re.findall(r"^\| `([a-z_]+)`", DOCS.read_text(), flags=re.MULTILINE))
    assert listed == set(SENTENCES)


@pytest.mark.parametrize(("code", "applies", "_spared"), CASES)
def test_no_sentence_reassures(code: str, applies: Report, _spared: Report) -> None:
    for one in follows(applies):
        text = sentence(one)
        assert text[0].isupper() or text.startswith(("template", "gait: ")) or text[0].isdigit()
        assert text.endswith(".")
        assert not re.search(
            r"\bsafe|anonym|no risk|may be shared|can be shared|nothing to do", text
        )
        assert len(text.split()) <= 60


def test_nothing_at_all_says_nothing() -> None:
    assert follows_rows(EMPTY) == []


def test_a_small_sample_is_told_how_many_people_would_do() -> None:
    few, many, unclear = (
        next(o for o in follows(reading("brain", word, n)) if o.code == "brains_not_shown")
        for word, n in (("does not link", 12), ("does not link", 90), ("unclear", 12))
    )
    assert 1 - 0.05 ** (1 / people_needed()) < 0.05 <= 1 - 0.05 ** (1 / (people_needed() - 1))
    assert "at least 59 people are needed, none of them linked" in sentence(few)
    assert "59" not in sentence(many)
    assert "up to 70\u00a0%" in sentence(few)
    assert sentence(unclear).startswith("Brains may link people")
    assert "Treat it as a link" in sentence(unclear)


@pytest.mark.parametrize("treated", [False, True])
def test_what_was_not_measured_of_brains_is_called_so(treated: bool) -> None:
    report = reading("brain", "links")
    if treated:
        report = replace(report, treatments=(treatment("template"),))
    (one,) = (o for o in follows(report) if o.code == "brains_link")
    measured_after = any(e.modality == "brain" for t in report.treatments for e in t.effects)
    assert ("not measured here" in sentence(one)) != measured_after


def test_every_kind_of_identifier_is_told_with_its_count() -> None:
    kinds = [(f"Kind {i}", "direct identifier", i + 1, 1) for i in range(6)]
    (section,) = metadata().modalities
    table = Table(("kind", "severity", "findings", "files"), tuple(kinds))
    section = replace(section, tables={**section.tables, "kinds": table})
    (one,) = (
        o for o in follows(replace(EMPTY, modalities=(section,))) if o.code == "metadata_direct"
    )
    assert all(f"kind {i} {i + 1}" in sentence(one) for i in range(6))
    assert sentence(one).startswith("21 direct identifiers")


def test_points_of_one_cause_are_told_together_and_lose_no_count() -> None:
    lost = counted(unsearched=1, searched=5).modalities
    two = (*lost, *counted(unsearched=2, searched=4).modalities)
    named = zip(two, ("brain", "face"), strict=True)
    sections = tuple(replace(one, name=name) for one, name in named)
    report = replace(inventory(failed=1, looked_at=9, copies=1), modalities=sections)
    found = {one.codes: one for one in points(report)}
    first = found["images_not_looked_at", "images_failed", "people_failed"]
    assert all(
        said in first.text for said in ("Brains: 1 of 6", "Photographs: 2 of 6", "1 of 10 images")
    )
    assert first.text.count("leave it out") == 1
    for said in (
        "Count 1 of 6 people as linked by brains",
        "2 of 6 people",
        "1 image not looked",
    ):
        assert said in first.brief
    assert ("images_copied",) in found
    told = [code for one in points(report) for code in one.codes]
    assert sorted(told) == sorted(row["code"] for row in follows_rows(report))


def test_images_that_no_attack_compared_are_counted_with_why() -> None:
    report = apart(compared={"brain": 7}, apart={"derivatives": 2, "name": 1})
    (one,) = (o for o in follows(report) if o.code == "images_not_compared")
    assert sentence(one).startswith("3 of 10 images were compared by no image attack")
    assert "2 derived from another image; 1 misnamed" in sentence(one)
    facts = dict(coverage(report))
    assert "No image attack compared 3 of 10" in facts["Compared"]
    assert facts["Looked at"] == "10 of 10."


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["T1w", "FLAIR", ""]),
            st.sampled_from(["face", "part", "unclear", "failed", "gone", "outside", ""]),
        ),
        min_size=1,
    )
)
def test_faces_are_counted_over_all_images_and_add_up(images: list[tuple[str, str]]) -> None:
    """Whatever was not looked at counts beside what was: no kind and no image is left out."""
    kinds = tuple(
        KindRow(
            "anat",
            suffix,
            len(own),
            len(own),
            0,
            0,
            faces={face: own.count(face) for face in sorted(set(own) - {""})},
        )
        for suffix in sorted({suffix for suffix, _ in images})
        for own in [[face for kind, face in images if kind == suffix]]
    )
    report = replace(
        EMPTY,
        faces_left=FacesLeft(True, 1, {}),
        inventory=InventoryCounts(len(images), len(images), 0, 0, kinds),
    )
    found = face_counts(report)
    assert found is not None
    if not any(face for _, face in images):
        return
    assert sum(found.counts.values()) == found.images == len(images)
    assert found.counts["failed"] == sum(face in ("", "failed") for _, face in images)
    assert {kind: sum(own.values()) for kind, own in found.kinds.items()} == {
        row.suffix: row.images for row in kinds
    }


def test_a_forecast_that_ends_says_where() -> None:
    assert SECTION.risk is not None
    found = replace(SECTION.risk.forecast, reach=500)
    report = measured(risk=replace(SECTION.risk, forecast=found))
    (one,) = (o for o in follows(report) if o.code == "forecast_ends")
    assert "among more than 500 people cannot be said (brains)" in sentence(one)


def test_rules_read_what_may_leave() -> None:
    """The withheld report gives sentences too, with ranges in the place of counts."""
    report = replace(simulated_report()[0], treatments=(treatment("template"),))
    rows = follows_rows(withhold_small_cells(report))
    assert {"brains_link", "deidentified_still_links", "people_failed"} <= {r["code"] for r in rows}
    assert all("template: " in r["text"] for r in rows if r["code"].startswith("deidentified"))


@pytest.mark.parametrize(("count", "ends"), [(3, (3, 3)), ("0 to 2", (0, 2)), ("withheld", (0, 1))])
def test_ranges_of_counts(count: int | str, ends: tuple[int, int]) -> None:
    assert (least(count), most(count)) == ends


def test_labels_that_disagree_come_first() -> None:
    report = replace(
        inventory(left_out=3, looked_at=7), modalities=labelled("labels_disagree").modalities
    )
    assert next(iter(follows(report))).code == "labels_disagree"


@pytest.mark.parametrize("kind", get_args(Kind))
def test_whatever_may_show_a_person_beside_the_images_is_told(kind: str) -> None:
    """One list says which kinds those are; the console, the page and this rule follow it."""
    counts = inventory(other={kind: 1})
    told = "files_beside_images" in {one.code for one in follows(counts)}
    assert counts.inventory is not None
    assert told == (kind in MAY_SHOW) == bool(beside(counts.inventory))
    for row in follows_rows(counts):
        assert row["text"]
    assert set(OTHER_NAMES) == set(MAY_SHOW)


@pytest.mark.parametrize("code", ["labels_disagree", "labels_unconfirmed"])
def test_nothing_is_called_not_shown_where_labels_are_in_doubt(code: str) -> None:
    (section,) = reading("brain", "unclear").modalities
    check = LabelCheck(code, "mae", 6, 0, 0, 0, 1.0, 6, 0)  # type: ignore[arg-type]
    for sections in ((replace(section, labels=check),), (section, replace(section, labels=check))):
        found = codes(replace(EMPTY, modalities=sections))
        assert code in found
        assert "brains_not_shown" not in found
        tiles = [one for one in answers(replace(EMPTY, modalities=sections)) if one.rate]
        assert all(one.verdict == "labels in doubt" and one.alarm for one in tiles)
        assert tiles


def test_images_of_other_data_sets_are_not_counted_as_compared_here() -> None:
    """Scans of an attack may be of two data sets; the first page speaks of the audited one."""
    row = KindRow("anat", "T1w", 10, 10, 0, 0, compared={"brain": 8}, apart={"name": 2})
    others = (OtherCounts("against", images=40, looked_at=40),)
    report = replace(
        inventory(kinds=(row,), others=others),
        modalities=measured(counts=replace(SECTION.counts, scans=50, failed=2)).modalities,
    )
    facts = dict(coverage(report))
    assert facts["Compared"].startswith("Brains: 8 T1w")
    assert "No image attack compared 2 of 10" in facts["Compared"]
    assert "40 images" in facts["Other data sets"]
    headers = replace(report, modalities=(replace(report.modalities[0], name="metadata"),))
    assert "Headers: 48 images of all data sets" in dict(coverage(headers))["Compared"]


@pytest.mark.parametrize("room", ["much", "none"])
def test_what_decides_stands_in_front_and_the_rest_is_named(room: str) -> None:
    """Whatever the room: links and what was not read come first, and nothing is cut unnamed."""
    report = replace(
        inventory(left_out=2, failed=1, looked_at=7, copies=1),
        modalities=(
            *reading("brain", "links").modalities,
            *reading("face", "does not link").modalities,
        ),
        faces_left=faces(face=3).faces_left,
    )
    rows = points(report)
    assert [one.weight for one in rows] == sorted(one.weight for one in rows)
    assert rows[0].codes == ("brains_link",)
    facts = [("x", "word " * (900 if room == "none" else 1))]
    shown, count = that_fit(rows, facts, [], report)
    front, behind = shown[:count], shown[count:]
    decides = {code for one in rows for code in one.codes if weight(code)[0] == 0}
    assert {"brains_link", "faces_there"} <= decides <= {c for one in front for c in one.codes}
    assert any("images_not_looked_at" in one.codes for one in front)
    said = left_to_annex(behind)
    assert bool(behind) == bool(said) == (room == "none")
    assert all(one.subject in said for one in behind)


def test_images_that_nothing_looked_at_are_one_count_with_its_cause() -> None:
    row = KindRow(
        "anat", "T1w", 10, 7, 1, 2, {"archive": 2, "unusable": 1}, faces={"face": 7, "failed": 1}
    )
    report = replace(
        inventory(kinds=(row,), looked_at=7, failed=1, left_out=2),
        faces_left=FacesLeft(True, 8, {"face": 7, "failed": 1}, {}, {"unreadable": 1}),
    )
    (one,) = (o for o in follows(report) if o.code == "images_not_looked_at")
    assert sentence(one).startswith("3 of 10 images were not looked at")
    assert "2 inside an archive; 1 damaged" in sentence(one)
    looked = dict(coverage(report))["Looked at"]
    assert looked.startswith("7 of 10. Not: 2 inside an archive (T1w); 1 damaged")
    seen = face_counts(report)
    assert seen is not None
    assert seen.counts["failed"] == 3
    assert "faces_not_looked_at" not in codes(report)  # the same three images


@pytest.mark.parametrize(
    ("found", "advice"),
    [(("date", "institution"), "Shift dates"), (("demographic",), "Coarsen ages")],
)
def test_advice_names_only_kinds_that_were_found(found: tuple[str, ...], advice: str) -> None:
    (section,) = metadata().modalities
    rows = tuple((name, "quasi-identifier", 3, 2) for name in found)
    table = Table(("kind", "severity", "findings", "files"), rows)
    section = replace(section, tables={**section.tables, "kinds": table})
    (one,) = (
        o for o in follows(replace(EMPTY, modalities=(section,))) if o.code == "metadata_quasi"
    )
    assert advice in sentence(one)
    assert ("dates" in sentence(one)) == ("date" in found)
    assert ("ages" in sentence(one)) == ("demographic" in found)
