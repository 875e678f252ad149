"""The questions of law, standards and archives by name: what each asks, what here speaks to it.

headrisk answers none of them for good. Every answer names what is missing, and none says more than
the figures carry. What each text asks was taken from the sources that stand beside it; they were
looked up in November 2026, and some of them will change.
"""

from __future__ import annotations

from dataclasses import dataclass

from headrisk.findings.coverage import all_faces_gone, face_may_be_left
from headrisk.findings.records import Report, RunRecord
from headrisk.report.words import risk as risk_words
from headrisk.report.words.evidence import (
    REGULATORS_LINE,
    Fact,
    against_line,
    evidence,
    faces_left,
)
from headrisk.statistics.attackers import PUBLIC_INTERNET_USER


@dataclass(frozen=True)
class Point:
    """One point of a question; ``facts`` are the keys of what speaks to it, ``text`` adds to them.

    Where neither is there, nothing here speaks to it, and the question's ``missing`` says so.
    """

    name: str
    facts: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Question:
    """What somebody asks of a release.

    Attributes
    ----------
    key
        An anchor.
    asker
        Who asks, by the name of the text.
    source
        Where the text stands, with its date.
    asks
        The question, in our words.
    points
        Its points, with what speaks to them.
    missing
        What headrisk does not speak to.
    """

    key: str
    asker: str
    source: str
    asks: str
    points: tuple[Point, ...]
    missing: str


@dataclass(frozen=True)
class Boards:
    """The facts of an audit, each once, and the questions that refer to them by key."""

    facts: tuple[Fact, ...]
    questions: tuple[Question, ...]

    def fact(self, key: str) -> Fact | None:
        """The fact of a key, None where the audit has nothing to say on it."""
        return next((fact for fact in self.facts if fact.key == key), None)


def boards(report: Report, run: RunRecord) -> Boards:
    """Every board's question beside what the audit has to say to it.

    Parameters
    ----------
    report
        A report from which small cells are withheld.
    run
        What the run cost.
    """
    return Boards(
        evidence(report, run),
        (
            _recital26(),
            _wp216(),
            _tehdas(),
            _ico(report),
            _hipaa(),
            _nih(report),
            _iso27559(),
            _regulators(report),
            _tcia(report),
            _openneuro(report),
        ),
    )


def _recital26() -> Question:
    return Question(
        "recital26",
        "GDPR, Recital 26",
        "Regulation (EU) 2016/679",
        "Can anybody be identified by means reasonably likely to be used, given their cost, the "
        "time they take and the technology there is?",
        (
            Point("Means at hand today", ("linked", "faces", "metadata")),
            Point("Who might use them", ("attackers",)),
            Point("Cost and time", ("cost",)),
        ),
        "Means that were not tried, what else a recipient holds, and later methods: what is shared "
        "stays shared. Data that are only pseudonymised remain personal data. Whether a means is "
        "reasonably likely to be used is for you to judge.",
    )


def _wp216() -> Question:
    return Question(
        "wp216",
        "WP216",
        "Article 29 Working Party, Opinion 05/2014",
        "Can a person still be singled out, can records of one person be linked, can something "
        "about a person be inferred?",
        (
            Point("Singling out", ("singled",)),
            Point("Linkability", ("linked",)),
            Point("Inference", (), "Not measured: nothing was predicted, such as age or disease."),
        ),
        "Inference, and every record outside the data that were compared.",
    )


def _tehdas() -> Question:
    return Question(
        "tehdas2",
        "TEHDAS2 D7.2, European Health Data Space",
        "Guideline for health data access bodies, 2026, on Regulation (EU) 2025/327",
        "Are the data needed for the purpose, at this level of detail, and is the risk of "
        "re-identification and inference justified and mitigated?",
        (
            Point("Residual risk of re-identification", ("linked", "faces", "metadata")),
            Point("Effect of mitigation", ("change",)),
        ),
        "Need and proportion, inference, the processing environment, and synthetic data.",
    )


def _intruder(report: Report) -> str:
    """The modelled attacker who comes nearest to a motivated intruder, or that none does."""
    nearest = [
        outcome
        for section in report.modalities
        if section.risk is not None
        for outcome in section.risk.attackers
        if outcome.success is not None and outcome.attacker.name == PUBLIC_INTERNET_USER.name
    ]
    if not nearest:
        return (
            "No such intruder was modelled: the attackers of this report hold scans, tables or "
            "photographs with names."
        )
    worst = max(nearest, key=lambda one: one.success.high if one.success else 0.0)
    return (
        f"The nearest that was modelled is {worst.attacker.title}. {risk_words.of_attacker(worst)}"
    )


def _ico(report: Report) -> Question:
    searched = any(one.name == "face" and one.measures for one in report.modalities)
    return Question(
        "ico",
        "UK ICO, motivated intruder test",
        "Guidance of the Information Commissioner's Office, 2025",
        "Would somebody competent and determined, without special skills or a crime, identify a "
        "person with what can be found in public?",
        (
            Point(
                "By face and photographs",
                ("faces", "linked") if searched else ("faces",),
                "" if searched else "No photograph was compared with a scan.",
            ),
            Point("A motivated intruder", (), _intruder(report)),
        ),
        "No person tried it: the attacks are programs. Searches of the web, social networks and "
        "the press, and what friends and colleagues know, were not part of it.",
    )


def _hipaa() -> Question:
    return Question(
        "hipaa",
        "HIPAA, expert determination",
        "45 CFR 164.514(b)(1); guidance of the HHS Office for Civil Rights, 2012",
        "Is the risk very small that an anticipated recipient identifies a person, alone or with "
        "other reasonably available information?",
        (
            Point("Replicability", ("linked",)),
            Point("Availability of something to compare", ("attackers",)),
            Point("Distinguishability", ("singled", "linked")),
            Point("Full-face photographs and comparable images", ("faces",)),
        ),
        "The determination itself, which an expert makes and documents. The rule names no figure "
        "for very small. Full faces are on the list of identifiers of 164.514(b)(2).",
    )


def _nih(report: Report) -> Question:
    still = f" {faces_left(report)}" if face_may_be_left(report) else ""
    return Question(
        "nih",
        "NIH, controlled-access data",
        "Draft policy NOT-OD-26-023, December 2025; standards for repositories NOT-OD-25-159, "
        "2025, and for users NOT-OD-24-157, 2024",
        "Do the data belong under controlled access, and do repository and users meet the "
        "security standards?",
        (
            Point(
                "Images of the face or head",
                ("faces",),
                "The draft names this kind of data as such, so a low figure here does not take "
                f"head images out of it.{still}",
            ),
            Point("Other identifiers", ("metadata",)),
        ),
        "Security of repositories and users (NIST SP 800-53 and 800-171), countries of concern, "
        "and whether a final policy has replaced the draft.",
    )


def _iso27559() -> Question:
    return Question(
        "iso27559",
        "ISO/IEC 27559",
        "Privacy enhancing data de-identification framework, 2022",
        "Were context, data and identifiability assessed, the risk mitigated, and is it governed?",
        (
            Point("Data and attack modelling (clause 7)", ("looked", "attackers")),
            Point("Identifiability, adversarial testing (clause 8)", ("linked", "faces")),
            Point("Mitigation (clause 8)", ("change",)),
        ),
        "Context (clause 6) and governance (clause 9): recipients, contracts, access, monitoring, "
        "incidents. The attackers are stated assumptions; give yours with --attackers FILE.",
    )


def _regulators(report: Report) -> Question:
    line = report.settings.get("risk_line")
    lines = dict.fromkeys([REGULATORS_LINE, *([] if line is None else [float(line)])])
    return Question(
        "regulators",
        "EMA Policy 0070 and Health Canada",
        "Guidance on clinical reports made public, from 2016 and 2019",
        f"Is the risk of a person to be re-identified at most {REGULATORS_LINE:g}? The line was "
        "made for clinical reports, not for images.",
        tuple(
            Point(f"Risk of people and {one:g}", ("linked",), against_line(report, one))
            for one in lines
        ),
        "The reference population that the line supposes: these figures are of the gallery "
        "searched here, and no other.",
    )


def _tcia(report: Report) -> Question:
    return Question(
        "tcia",
        "The Cancer Imaging Archive (TCIA)",
        "No controlled access since 8 July 2025; data usage policy",
        "Are identifiers removed from DICOM, and are head images defaced or masked before they "
        "are opened to all?",
        (
            Point("Faces", ("faces",), _faces_claim(report)),
            Point("DICOM attributes", ("metadata",)),
        ),
        "TCIA's own curation and its rules for private attributes; text burnt into pixels. Its "
        "users agree not to identify anybody, which no figure here relies on.",
    )


def _openneuro(report: Report) -> Question:
    return Question(
        "openneuro",
        "OpenNeuro",
        "Statement asked of every uploader; Markiewicz and others, eLife 2021, 10:e71774",
        "Either all structural scans are defaced, or participants consented and an ethics board "
        "agreed to share them with faces: which do you affirm?",
        (Point("All structural scans defaced", ("faces", "looked"), _faces_claim(report)),),
        "Consent and the ethics board. Defacing leaves the brain, which is shared with everybody.",
    )


def _faces_claim(report: Report) -> str:
    """Whether a report carries the sentence that all faces are gone."""
    if all_faces_gone(report):
        return (
            "No face was found, and no part of one, in any image; look at the pictures of the "
            "internal report before you affirm it."
        )
    return f"{faces_left(report)} The statement that all faces are gone cannot be made."
