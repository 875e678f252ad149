"""The methods text: what ran, in sentences that can be pasted into a paper or an assessment."""

from __future__ import annotations

from headrisk.findings.records import ModalitySection, Report, RunRecord
from headrisk.report.words import deidentified, phrases, summary
from headrisk.report.words.paragraphs import dpia_paragraph
from headrisk.statistics.assessment import Assessment

RISK_REFERENCES = (
    "ISO/IEC 19795-1:2021 and NIST FRVT part 2: open-set identification, FPIR and FNIR.",
    "Gomez-Barrero M, Galbally J, Rathgeb C, Busch C (2018). General framework to evaluate "
    "unlinkability in biometric template protection systems. IEEE TIFS 13:1406-1420.",
    "Cohen A, Nissim K (2020). Towards formalizing the GDPR's notion of singling out. PNAS "
    "117:8344-8352.",
    "Rocher L, Hendrickx JM, de Montjoye Y-A (2025). A scaling law to model the effectiveness of "
    "identification techniques. Nature Communications 16:347.",
    "Pickands J (1975). Statistical inference using extreme order statistics. Annals of "
    "Statistics 3:119-131.",
)
REFERENCES = (
    "Wilson EB (1927). Probable inference, the law of succession, and statistical inference. "
    "Journal of the American Statistical Association 22:209-212.",
    "Martin A, Doddington G, Kamm T, Ordowski M, Przybocki M (1997). The DET curve in assessment "
    "of detection task performance. Eurospeech 1997:1895-1898.",
    "ISO/IEC 19795-1:2021. Information technology: biometric performance testing and reporting.",
    "Silverman BW (1986). Density estimation for statistics and data analysis. Chapman and Hall.",
)


def methods_text(report: Report, run: RunRecord) -> str:
    """Markdown made from what ran, with references."""
    lines = [
        "# Methods",
        "",
        f"The data were tested with headrisk {report.version}.{_seed(report)}",
    ]
    for section in report.modalities:
        lines += ["", f"## {summary.title(section)}", ""]
        lines += _section_lines(section)
    if report.treatments:
        lines += ["", "## De-identification methods", "", " ".join(deidentified.METHOD)]
    lines += ["", "## Paragraph for a data protection impact assessment", ""]
    lines += ["\n\n".join(dpia_paragraph(report))]
    lines += ["", "## Privacy of this output", "", *PRIVACY]
    if run.provenance is not None:
        made = run.provenance
        listed = ", ".join(
            f"{name} {version}" for name, version in sorted(made.dependencies.items())
        )
        lines += ["", "## Software", "", f"Python {made.python} on {made.platform}; {listed}."]
    further = RISK_REFERENCES if any(s.risk for s in report.modalities) else ()
    own = (deidentified.REFERENCE,) if report.treatments else ()
    references = dict.fromkeys(
        (*REFERENCES, *further, *(r for s in report.modalities for r in s.references), *own)
    )
    lines += ["", "## References", "", *(f"{i}. {r}" for i, r in enumerate(references, 1))]
    return "\n".join(lines) + "\n"


def _seed(report: Report) -> str:
    seed = report.settings.get("seed")
    return "" if seed is None else f" All randomness came from one generator with seed {seed}."


PRIVACY = (
    "Public files hold no labels, paths, pictures or scores of single pairs. Histogram bars are "
    "merged until each stands for at least five people. Levels of a condition with fewer than "
    "five people are merged and their figures withheld. With fewer than five people to be found, "
    "score densities and extreme scores are withheld.",
)


def _section_lines(section: ModalitySection) -> list[str]:
    counts = section.counts
    lines = [summary.tested(section)]
    lines += list(section.method)
    if section.name == "metadata" and not section.measures:
        return [" ".join(section.method)]
    lines.append(
        f"Each searched scan was compared with every scan of a gallery of "
        f"{phrases.people(counts.gallery_size)}; no approximate search was used. Measures: "
        f"{', '.join(measure.name for measure in section.measures) or 'none'}."
    )
    first = section.headline
    if first is None or first.rank1 is None or not section.sufficient:
        lines.append(f"Too little data for rates. {section.too_little}".strip())
        return [" ".join(lines)]
    lines.append(
        f"With {first.name} the true match was first for {phrases.share(first.rank1)} "
        f"(interval: {first.rank1.method or '95 %'}). "
        f"{summary.failures_sentence(first.rank1, counts)}"
    )
    lines.append(
        "Thresholds were fitted on some people and their error rates counted on others. "
        "The control attack is the same search with person labels shuffled."
    )
    if section.risk is not None:
        lines += _risk_lines(section.risk)
    return [" ".join(lines)]


def _risk_lines(risk: Assessment) -> list[str]:
    """How the figures about people were made, as far as they were."""
    lines = [
        f"All figures about people are of {risk.measure}. Linkability in smaller galleries is the "
        "exact expectation over random galleries (hypergeometric). Singling out uses a threshold "
        "set on one half of the other people and tested on the other half.",
    ]
    if risk.open_set.strictest is not None and risk.open_set.budget is not None:
        lines.append(
            f"Open-set thresholds keep FPIR to {risk.open_set.budget:g}, the mate of an absent "
            f"person being hidden; precision assumes a membership prior of {risk.open_set.prior:g}."
        )
    if risk.forecast.models:
        lines.append(
            "Larger galleries were forecast by "
            f"{', '.join(model.model for model in risk.forecast.models)} models, each with a "
            "Bayesian bootstrap over people and weighed by how it predicts hidden galleries; the "
            "upper end of the mixture is quoted."
        )
    if risk.attackers:
        listed = "; ".join(
            f"{one.attacker.name} (gallery {one.attacker.gallery_size:,}, prior "
            f"{one.attacker.prior:g}, "
            + (
                "no false-match budget"
                if one.attacker.false_match_budget is None
                else f"false-match budget {one.attacker.false_match_budget:g}"
            )
            + ")"
            for one in risk.attackers
        )
        lines.append(f"Attackers: {listed}.")
    return lines
