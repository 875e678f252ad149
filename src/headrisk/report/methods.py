"""The methods text: what ran, in sentences that can be pasted into a paper or an assessment."""

from __future__ import annotations

from headrisk.report import wording
from headrisk.report.model import ModalitySection, Report, RunRecord

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
        lines += ["", f"## {wording.title(section)}", ""]
        lines += _section_lines(section)
    lines += ["", "## Privacy of this output", "", *PRIVACY]
    if run.provenance is not None:
        made = run.provenance
        listed = ", ".join(
            f"{name} {version}" for name, version in sorted(made.dependencies.items())
        )
        lines += ["", "## Software", "", f"Python {made.python} on {made.platform}; {listed}."]
    references = dict.fromkeys((*REFERENCES, *(r for s in report.modalities for r in s.references)))
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
    lines = [wording.tested(section)]
    lines += list(section.method)
    if section.name == "metadata" and not section.measures:
        return [" ".join(section.method)]
    lines.append(
        f"Each searched scan was compared with every scan of a gallery of "
        f"{wording.people(counts.gallery_size)}; no approximate search was used. Measures: "
        f"{', '.join(measure.name for measure in section.measures) or 'none'}."
    )
    first = section.headline
    if first is None or first.rank1 is None or not section.sufficient:
        lines.append(f"Too little data for rates. {section.too_little}".strip())
        return [" ".join(lines)]
    lines.append(
        f"With {first.name} the true match was first in {wording.rate(first.rank1)} of "
        f"{wording.people(first.rank1.n)} (interval: {first.rank1.method or '95 %'}). "
        f"{wording.failures_sentence(first.rank1, counts)}"
    )
    lines.append(
        "Thresholds were fitted on some people and their error rates counted on others. "
        "The control attack is the same search with person labels shuffled."
    )
    return [" ".join(lines)]
