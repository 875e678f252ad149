"""A paragraph for a data protection impact assessment, made from what ran."""

from __future__ import annotations

from headrisk.findings.records import ModalitySection, Report
from headrisk.report import risk_words, treated_words, wording


def dpia_paragraph(report: Report) -> tuple[str, ...]:
    """Text to copy: what was done, what came out, what it does not say."""
    lines = [
        f"The risk that people in the data set are identified again from their images was measured "
        f"with headrisk {report.version}. "
        + " ".join(wording.tested(section) for section in report.modalities)
    ]
    lines += [_modality(section) for section in report.modalities]
    lines += [f"Treatment {one.name}: {treated_words.brief(one)}" for one in report.treatments]
    untested = report.not_tested or wording.not_tested(report.modalities)
    lines.append(
        "Not tested: "
        + " ".join(untested)
        + " The figures hold for these data and these methods; they are measurements with "
        "intervals and not a statement that nobody can be identified. Whether the remaining risk "
        "can be accepted, and under which conditions, is decided by: [name, role, date]."
    )
    return tuple(lines)


def _modality(section: ModalitySection) -> str:
    title = wording.title(section)
    if not section.sufficient or section.headline is None or section.headline.rank1 is None:
        reason = section.too_little or wording.NEEDS
        return f"{title}: {wording.shortage(section).lower()}. {reason}"
    said = [
        wording.how_many(section),
        wording.against_control(section.headline),
        wording.failures_sentence(section.headline.rank1, section.counts),
    ]
    risk = section.risk
    if risk is not None:
        said.append(risk_words.sample(risk))
        said.append(risk_words.forecast(risk.forecast))
        said += [
            f"{item.attacker.title[:1].upper()}{item.attacker.title[1:]} "
            f"({risk_words.basis(item)}): {risk_words.of_attacker(item)}"
            for item in risk.attackers
        ]
    return f"{title}: {' '.join(text for text in said if text)}"
