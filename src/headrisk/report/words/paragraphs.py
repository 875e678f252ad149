"""Paragraphs to copy: for an impact assessment, an ethics board, a consent form, a committee.

They are made from what ran and from public figures. Brackets are for the reader to fill in, boxes
to tick: what headrisk cannot know, and every decision.
"""

from __future__ import annotations

from dataclasses import dataclass

from headrisk.findings.coverage import (
    MAY_BE_LEFT,
    all_faces_gone,
    face_counts,
    face_may_be_left,
    upper_end,
)
from headrisk.findings.records import SOURCE_FOLDER, Report, RunRecord
from headrisk.report.words import phrases, summary
from headrisk.report.words.evidence import (
    attackers,
    change,
    faces_left,
    gaps,
    larger,
    linked_in_text,
    looked_at,
    metadata,
)
from headrisk.report.words.first_page import compared, is_synthetic, not_compared
from headrisk.report.words.metadata_kinds import title as kind_title
from headrisk.statistics.intervals import FEWEST_PEOPLE

BOX = "\u2610"  # to be ticked by whoever hands the text out


@dataclass(frozen=True)
class Paragraphs:
    """Text for one reader; ``fields`` are left blank under it, for hand and pen."""

    key: str
    title: str
    texts: tuple[str, ...]
    fields: tuple[str, ...]


def paragraphs(
    report: Report, run: RunRecord | None = None, digest: str = ""
) -> tuple[Paragraphs, ...]:
    """The paragraphs for all readers, from a report whose small cells are withheld.

    ``run`` tells when the audit was made, ``digest`` is the short one of ``report.json``.
    """
    audited = audit_of(run or RunRecord(), digest)
    return (
        Paragraphs(
            "dpia",
            "Data protection impact assessment",
            dpia_paragraph(report, audited),
            ("Controller", "Data protection officer", "Accepted or not, and why", "Date"),
        ),
        Paragraphs(
            "ethics",
            "Ethics board",
            ethics_paragraph(report, audited),
            ("Study", "Chair", "Decision and conditions", "Date"),
        ),
        Paragraphs(
            "consent",
            "Consent form",
            consent_paragraph(report),
            ("Name of the participant", "Signature", "Date"),
        ),
        Paragraphs(
            "committee",
            "Data access committee",
            committee_paragraph(report, audited),
            ("Data set and version", "Access granted to", "Conditions", "Date"),
        ),
    )


def dpia_paragraph(report: Report, audited: str = "") -> tuple[str, ...]:
    """For an assessment: what was done, what came out, what it does not say."""
    untested = report.not_tested or summary.not_tested(
        report.modalities, defacing=bool(report.treatments)
    )
    texts = [
        _text(
            "The risk that people in the data set are identified again from "
            f"{'tables of measurements' if tables_alone(report) else 'their images'} was "
            f"measured with headrisk {report.version}.",
            *(summary.tested(section) for section in report.modalities),
            looked_at(report),
            _compared(report),
            audited,
        ),
        _text(linked_in_text(report), larger(report), attackers(report)),
        _text(faces_left(report), metadata(report), change(report)),
        _text(*untested, _not_in_it(report))
        + " The figures hold for these data and these methods; they are "
        "measurements with intervals and not a statement that nobody can be identified. Whether "
        "the remaining risk can be accepted, and under which conditions, is decided by: [name, "
        "role, date].",
        "Necessity and proportion of the sharing, severity for those concerned, and the measures "
        "(Article 35(7) GDPR) are for the controller: [necessity], [severity], [measures].",
    ]
    return _example(report, texts)


def ethics_paragraph(report: Report, audited: str = "") -> tuple[str, ...]:
    """For people who weigh a study: what could happen to participants, and how it was tested."""
    texts = [
        "The data of [study] are to be shared with [recipients] through [repository], under "
        "[conditions of access]. Before that, it was measured how well participants can be found "
        f"again. {_text(linked_in_text(report), looked_at(report), _compared(report), audited)}",
        _text(
            faces_left(report),
            metadata(report),
            change(report),
            "Taking the face out of an image leaves the brain, and with it what the brain links. "
            "If somebody is identified, [what the data tell of a participant] becomes known with "
            "the name.",
            _not_in_it(report),
            "Participants were told [sentences of the consent form].",
        ),
    ]
    return _example(report, texts)


def consent_paragraph(report: Report) -> tuple[str, ...]:
    """For a participant: plain words, no term of statistics, nothing that calms without ground."""
    if tables_alone(report):
        return _example(report, [*_consent_to_tables(report), *_CONSENT_END])
    searched = {one.name for one in report.modalities if one.measures}
    texts = [
        "We would like to share your scans with other researchers, through [repository]. "
        f"{_name_for_participants(report)} A scan of a head may still lead to the person. Somebody "
        "who has another scan of you with your name on it might find "
        "yours among ours."
    ]
    if "face" in searched:
        texts.append(
            "We also tested whether photographs, such as those on the internet, lead to the scan "
            "of the person."
            + (" In the test they did." if _links(report, "face") else " They may.")
        )
    else:
        texts.append(
            "Whether photographs, such as those on the internet, lead to the scan of the person "
            "was not tested. They may."
        )
    texts += [_tested_on(report, "the scans"), _face_for_participants(report), *_CONSENT_END]
    return _example(report, texts)


def tables_alone(report: Report) -> bool:
    """Whether rows of tables were compared and nothing else was asked, no image least of all."""
    asked = {one.name for one in report.modalities}
    return asked == {"table"} and report.inventory is None and report.faces_left is None


def _consent_to_tables(report: Report) -> tuple[str, ...]:
    return (
        "We would like to share measurements that were taken from your scans with other "
        f"researchers, through [repository]. {_name_for_participants(report)} Measurements of a "
        "head may still lead to the person. Somebody who has such measurements of you with your "
        "name on them might find your row among ours.",
        _tested_on(report, "tables of measurements"),
        "Whether scans, the faces in them or photographs lead to you was not tested. They may.",
    )


def _tested_on(report: Report, what: str) -> str:
    """How many people might be found, in words for one of them."""
    ends = [(one, upper_end(one)) for one in report.modalities]
    rated = [end for one, end in ends if end is not None and not one.simulated]
    tested = max(_people(report))
    if not rated or tested < FEWEST_PEOPLE:
        return (
            "We could not measure on enough people how often this would work, so please decide as "
            "if it would. Nobody can promise you that it will not happen."
        )
    in_ten = min(10, -int(-max(rated) * 10 // 1))
    how = "everybody" if in_ten == 10 else f"up to {in_ten} of 10 people"
    return (
        f"We tested this on {what} of {tested:,} people. By the test, {how} might be found. We "
        "cannot say how many would be found among more people. Nobody can promise you that it "
        "will not happen."
    )


_CONSENT_END = (
    "You may say no: your care does not depend on it. You may take your consent back by [how, "
    "and until when]. What others have already copied cannot be called back.",
    "Who may use the data, and for what: [conditions of access]. Where they are stored, and "
    "for how long: [place and years]. Countries they may go to: [countries]. Responsible for "
    "the data: [controller]. Legal basis: [legal basis]. Questions: [contact of the data "
    "protection officer]. Complaints: [supervisory authority].",
)


def _example(report: Report, texts: list[str]) -> tuple[str, ...]:
    """The texts, marked as nothing to use where the data are made up."""
    if is_synthetic(report):
        return ("[Example on made-up heads: do not use.]", *texts)
    return tuple(texts)


def _name_for_participants(report: Report) -> str:
    section = next((one for one in report.modalities if "kinds" in one.tables), None)
    if section is None:
        return (
            "Your files may also hold your name, dates or numbers that lead to you: that was not "
            f"looked for yet. {BOX} It has been looked for since, and what was found was taken out."
        )
    rows = [row for row in section.tables["kinds"].rows if row[0] not in SOURCE_FOLDER]
    direct = any(row[1] == "direct identifier" for row in rows)
    details = [
        kind_title(str(row[0])).lower()
        for row in rows
        if row[1] in ("quasi-identifier", "technical link")
    ]
    since = f"{BOX} These have been taken out since, and the files were searched again."
    misses = "Such a search misses some, so your name may still stand there."
    if direct:
        return (
            "When this was checked, the files still held names, dates or numbers that lead to a "
            f"person, or might. {since} {misses}"
        )
    none = "We searched the files for names and numbers that lead to you and found none."
    if details:
        return (
            f"{none} They did hold other details ({phrases.listed(list(dict.fromkeys(details)))}), "
            f"which narrow down who you are. {since} {misses}"
        )
    return f"{none} {misses}"


def _links(report: Report, name: str) -> bool:
    return any(
        one.name == name and one.headline is not None and one.headline.reading == "links"
        for one in report.modalities
    )


def committee_paragraph(report: Report, audited: str = "") -> tuple[str, ...]:
    """For those who grant access: what recipients could do, and what to bind them to."""
    name = (report.data.name if report.data else "") or "[data set]"
    version = (report.data.release if report.data else "") or "[version]"
    texts = [
        _text(
            f"Audited with headrisk {report.version}: {name}, {version}.",
            audited,
            linked_in_text(report),
            faces_left(report),
            metadata(report),
            change(report),
            _compared(report),
            _not_in_it(report),
        ),
        "Recipients with scans, photographs or tables of the same people could do the same. "
        "Consider binding them not to identify anybody, not to render faces or compare scans with "
        "data that bear names, not to pass the data on, and to report at once if somebody is "
        "recognised: [terms of the agreement]. Ask for a new audit when the data, the methods or "
        "the circle of recipients change.",
    ]
    return _example(report, texts)


def audit_of(run: RunRecord, digest: str) -> str:
    """When the audit was made, and by which digits its figures are known."""
    when = f"Audit of {run.started[:10]}" if run.started else "Audit of [date]"
    data = run.provenance.input_digest[:12] if run.provenance else ""
    files = f"; of the files compared: {data}" if data else ""
    return f"{when}; fingerprint of its report.json: {digest or '[fingerprint]'}{files}."


def _compared(report: Report) -> str:
    said = compared(report)
    start = f"Images compared by each attack: {said}" if said else ""
    return _text(start, *not_compared(report))


def _not_in_it(report: Report) -> str:
    missing = gaps(report)
    if not missing:
        return "Methods that were not tried, and later ones, may find more people."
    return (
        f"No statement is made on: {'; '.join(missing)}. Methods that were not tried, and later "
        "ones, may find more people."
    )


def _face_for_participants(report: Report) -> str:
    if all_faces_gone(report):
        return "We took the face out of the images; a program could not find one in any of them."
    since = f"{BOX} It is taken out before the data are shared."
    if face_may_be_left(report):
        seen = face_counts(report)
        images = seen.images if seen is not None else 0
        there = seen.counts.get("face", 0) if seen is not None else 0
        if there == images > 0:
            return f"In all of the images the face can still be made out. {since}"
        perhaps = sum(seen.counts.get(name, 0) for name in MAY_BE_LEFT) if seen else 0
        how = "most" if 2 * perhaps > images > 0 else "some"
        return (
            f"In {how} of the images the face, or a part of it, can or may still be made out. "
            f"{since}"
        )
    return f"We have not checked in every image whether your face can be made out. {since}"


def _people(report: Report) -> list[int]:
    firsts = [one.headline for one in report.modalities]
    return [first.rank1.n for first in firsts if first and first.rank1] or [0]


def _text(*sentences: str) -> str:
    """The sentences as one text; those that say nothing are left out."""
    return " ".join(filter(None, sentences))
