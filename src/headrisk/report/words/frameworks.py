"""What an audit says to the questions of the law and of the standards. It answers none for good.

Sources: Article 29 Working Party, Opinion 05/2014 (WP216); GDPR, Recital 26; 45 CFR 164.514(b)(1)
and the guidance of the HHS Office for Civil Rights of 2012; ISO/IEC 27559:2022; EMA Policy 0070
and Health Canada, Public Release of Clinical Information.
"""

from __future__ import annotations

from dataclasses import dataclass

from headrisk.findings.cost import attack_costs
from headrisk.findings.records import ModalitySection, Report, RunRecord
from headrisk.report.words import phrases, summary
from headrisk.report.words import risk as risk_words

REGULATORS_LINE = 0.09


@dataclass(frozen=True)
class Framework:
    """A text, what it asks for, and what this audit measured on each of its points."""

    key: str
    name: str
    asks: str
    rows: tuple[tuple[str, str], ...]


def frameworks(report: Report, run: RunRecord) -> tuple[Framework, ...]:
    """The points of each text beside the figures that bear on them."""
    rated = tuple(s for s in report.modalities if s.risk is not None)
    return (
        _wp216(rated),
        _recital26(report, rated, run),
        _hipaa(report, rated),
        _iso27559(report, rated),
        _regulators(report, rated),
    )


def _each(rated: tuple[ModalitySection, ...], say: dict[str, str]) -> str:
    """One text for each modality, its name first; a sentence where there is none."""
    texts = [f"{summary.title(one)}: {say[one.name]}" for one in rated if say.get(one.name)]
    return " ".join(texts) or "Too little data to say."


def _linked(rated: tuple[ModalitySection, ...]) -> str:
    return _each(rated, {one.name: summary.headline(one) for one in rated})


def _singled(rated: tuple[ModalitySection, ...]) -> str:
    said = {
        one.name: " ".join(risk_words.singling_out(found) for found in one.risk.singling_out)
        for one in rated
        if one.risk is not None
    }
    return _each(rated, said)


def _attackers(rated: tuple[ModalitySection, ...]) -> str:
    said = {
        one.name: " ".join(
            f"{phrases.capital(item.attacker.title)}: {risk_words.of_attacker(item)}"
            for item in one.risk.attackers
        )
        for one in rated
        if one.risk is not None
    }
    return _each(rated, said)


def _wp216(rated: tuple[ModalitySection, ...]) -> Framework:
    return Framework(
        "wp216",
        "WP216, Opinion 05/2014 of the Article 29 Working Party",
        "Can a person still be singled out, can records of a person be linked, can facts about a "
        "person be inferred?",
        (
            ("Singling out", _singled(rated)),
            ("Linkability", _linked(rated)),
            (
                "Inference",
                "Not measured: nothing was predicted from the images, such as age, sex or disease.",
            ),
        ),
    )


def _recital26(report: Report, rated: tuple[ModalitySection, ...], run: RunRecord) -> Framework:
    cost = " ".join(
        f"{summary.title(one)}: {one.cpu_seconds:,.0f} CPU seconds for "
        f"{phrases.counted(one.scans, 'scan')} in this run. Needs {one.needs.hardware}; "
        f"{one.needs.data}. Skill: {one.needs.skill}."
        for one in attack_costs(report, run)
    )
    return Framework(
        "recital26",
        "GDPR, Recital 26",
        "Which means are reasonably likely to be used, given cost, time and technology?",
        (
            ("Who might use them", _attackers(rated)),
            ("Cost and time", cost or "No cost was recorded."),
            (
                "Technology now and later",
                "The methods are those named below. Later ones may find more people, and a data "
                "set that was shared stays shared: repeat the test when methods change.",
            ),
        ),
    )


def _hipaa(report: Report, rated: tuple[ModalitySection, ...]) -> Framework:
    replicable = _each(
        rated,
        {
            one.name: "" if one.headline is None else summary.against_control(one.headline)
            for one in rated
        },
    )
    untested = " ".join(report.not_tested or summary.not_tested(report.modalities))
    return Framework(
        "hipaa",
        "HIPAA, expert determination, 45 CFR 164.514(b)(1)",
        "Is the risk very small that an anticipated recipient identifies a person, alone or with "
        "other reasonably available information? The expert decides; these are figures to use.",
        (
            ("Replicability: does the trait recur?", replicable),
            ("Availability: who holds something to compare?", _attackers(rated)),
            ("Distinguishability: does it tell people apart?", _linked(rated)),
            ("Not covered here", untested),
        ),
    )


def _iso27559(report: Report, rated: tuple[ModalitySection, ...]) -> Framework:
    tested = " ".join(summary.tested(section) for section in report.modalities)
    return Framework(
        "iso27559",
        "ISO/IEC 27559:2022, de-identification framework",
        "Context, data, identifiability, governance.",
        (
            (
                "Context assessment",
                "The attackers above are stated assumptions: replace them by yours "
                "(--attackers FILE).",
            ),
            ("Data assessment", tested or "Nothing was tested."),
            ("Identifiability assessment", _linked(rated)),
            (
                "Governance",
                "Not part of this audit: contracts, access control and monitoring are yours to "
                "state.",
            ),
        ),
    )


def _regulators(report: Report, rated: tuple[ModalitySection, ...]) -> Framework:
    line = report.settings.get("risk_line")
    said = {}
    for one in rated:
        if one.risk is not None:
            said[one.name] = " ".join(risk_words.exposure(one.risk.exposure))
    chosen = (
        f"The line chosen for this report is {line:g}."
        if line is not None
        else "No line was chosen for this report; --risk-line 0.09 draws this one."
    )
    return Framework(
        "regulators",
        "EMA Policy 0070 and Health Canada",
        f"Both name {REGULATORS_LINE:g} as the largest risk for public release of clinical "
        f"reports. It was made for tables, not for images. {chosen}",
        (("Risk of people", _each(rated, said)),),
    )
