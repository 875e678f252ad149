"""From measured rates to the report's sections and to the tables behind its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from headrisk.findings.histogram import public_curves, score_histogram
from headrisk.findings.records import (
    Condition,
    Counts,
    Few,
    MeasureResult,
    ModalitySection,
    Needs,
    Panel,
    Reading,
    ScanRow,
    Table,
    Threshold,
)
from headrisk.findings.risk_tables import risk_tables
from headrisk.linkage.density import DensityCurves
from headrisk.report.words import summary as words
from headrisk.report.words.attacks import NO_NEEDS
from headrisk.statistics.assessment import Assessment
from headrisk.statistics.baselines import beats_control
from headrisk.statistics.choice import Evaluated
from headrisk.statistics.forecast.records import FEWEST_PEOPLE
from headrisk.statistics.rates import Det
from headrisk.statistics.strata import StratumRow
from headrisk.statistics.summary import MeasureSummary, ThresholdSummary
from headrisk.types import Estimate, FloatArray, PairScores

CMC_DEPTH = 50
DENSITY_STEP = 4


def modality_section(
    name: str,
    scans: Sequence[ScanRow],
    scores: Sequence[PairScores | None],
    summaries: Sequence[MeasureSummary],
    strata: Sequence[StratumRow] = (),
    *,
    unsearched: int | None = None,
    compared: str = "",
    contrasts: Sequence[str] = (),
    method: Sequence[str] = (),
    references: Sequence[str] = (),
    panels: Mapping[Panel, Table] | None = None,
    too_little: str = "",
    offer: str = "",
    simulated: bool = False,
    needs: Needs = NO_NEEDS,
    risk: Assessment | None = None,
    found: Evaluated | None = None,
) -> ModalitySection:
    """One modality's section.

    Parameters
    ----------
    name
        ``brain``, ``face`` or ``table``.
    scans
        Every scan that was to take part, failed ones included.
    scores, summaries
        One of each per measure, in the same order. None where the
        scores were not kept, which leaves their histogram out.
    strata
        Rows of the headline by condition.
    unsearched
        People that failed scans kept out of the search; counted from ``scans`` where not given.
    compared, method, references
        Sentences for the page and for the methods text.
    contrasts
        Suffixes of the images that were compared.
    panels
        Questions beside the linkage rates, with their tables.
    too_little
        Why there are no rates, where that is not for want of people.
    offer
        What else can be done where there are no rates.
    simulated
        Whether mates were simulated.
    needs
        What the attack takes beside computer time.
    risk
        What the headline means for people.
    found
        The strongest attack, where one was chosen: it is the headline then.
    """
    first = summaries[0] if summaries else None
    headline = None if found is None else found.headline
    first = first if headline is None else headline
    enough = first is not None and first.verdict.enough
    panels = panels or {}
    known = [one for one in scores if one is not None]
    own = {panel.name: table for panel, table in panels.items()}
    drawn = {
        key: table
        for item, summary in zip(scores, summaries, strict=True)
        for key, table in figure_tables(item, summary).items()
        if enough
    }
    apart = headline is not None and headline.measure not in {one.measure for one in summaries}
    if enough and found is not None and headline is not None and apart:
        drawn |= figure_tables(found.scores, headline)
    joined = {} if found is None or not enough else found.one_to_one
    return ModalitySection(
        name=name,
        counts=_counts(scans, first, unsearched),
        measures=tuple(
            replace(measure_result(one), one_to_one=joined.get(one.measure)) for one in summaries
        ),
        conditions=tuple(_condition(row) for row in strata) if enough else (),
        tables=drawn | risk_tables(risk if enough else None, known) | own,
        compared=compared,
        contrasts=tuple(contrasts),
        method=tuple(method),
        references=tuple(references),
        too_little="" if enough else f"{too_little or _too_little(first)} {offer}".rstrip(),
        simulated=simulated,
        needs=needs,
        panels=tuple(panels),
        risk=risk if enough else None,
        strongest=measure_result(headline) if enough and headline else None,
        choice=found.choice if enough and found else None,
    )


def measure_result(summary: MeasureSummary) -> MeasureResult:
    """The public figures of one measure; none where the data are too few to carry one."""
    if not summary.verdict.enough:
        remark = f"{words.TOO_LITTLE} {words.sample_sentence(_verdict(summary))}"
        return MeasureResult(name=summary.measure, remark=remark)
    control = None
    if summary.shuffled is not None:
        shuffled = summary.shuffled
        high = max(shuffled.rank1_high, shuffled.rank1)
        control = Estimate(
            shuffled.rank1, 0.0, high, summary.counts.tested, "95th percentile of shuffled labels"
        )
    extra = {"p_value": summary.shuffled.p_value if summary.shuffled else None}
    if summary.one_to_one is not None and summary.one_to_one.found is not None:
        extra["one_to_one_found"] = summary.one_to_one.found.value
    unlinkability = summary.d_sys
    extra |= {
        "d_sys": unlinkability.value if unlinkability else None,
        "d_sys_low": unlinkability.low if unlinkability else None,
        "d_sys_high": unlinkability.high if unlinkability else None,
        "chance_rank5": summary.chance_rank5,
    }
    return MeasureResult(
        name=summary.measure,
        auc=summary.auc,
        eer=summary.eer,
        d_prime=summary.d_prime,
        rank1=summary.rank1,
        rank5=summary.rank5,
        mated_min=summary.mated_min,
        nonmated_max=summary.nonmated_max,
        thresholds={rule: _threshold(item) for rule, item in summary.thresholds.items()},
        control=control,
        chance=summary.chance_rank1,
        reading=_reading(summary),
        remark=words.tested_sentence(_verdict(summary)),
        extra=extra,
    )


def figure_tables(scores: PairScores | None, summary: MeasureSummary) -> dict[str, Table]:
    """The tables behind a measure's figures; what the data do not carry is left out.

    Those named ``public-...`` take the place of the exact ones in what leaves.
    """
    name = summary.measure
    public = {} if scores is None else public_curves(scores)
    tables = {
        f"scores-{name}": None if scores is None else score_histogram(scores),
        f"density-{name}": _density_table(summary.densities),
        f"det-{name}": _det_table(summary.det),
        f"cmc-{name}": _cmc_table(summary.cmc, summary.counts.gallery_size),
    }
    tables |= {f"public-{kind}-{name}": table for kind, table in public.items()}
    return {key: table for key, table in tables.items() if table is not None}


def _counts(
    scans: Sequence[ScanRow], first: MeasureSummary | None, unsearched: int | None
) -> Counts:
    measured = first.counts if first else None
    return Counts(
        persons=len({scan.participant_id for scan in scans}),
        scans=len(scans),
        failed=sum(scan.status == "failed" for scan in scans),
        mated_pairs=measured.mated_pairs if measured else 0,
        nonmated_pairs=measured.nonmated_pairs if measured else 0,
        gallery_size=measured.gallery_size if measured else 0,
        searched=measured.tested if measured else 0,
        unsearched=_unsearched(scans) if unsearched is None else unsearched,
        doubtful=sum(scan.status == "ok" and scan.verdict != "ok" for scan in scans),
    )


def _unsearched(scans: Sequence[ScanRow]) -> int:
    """People with two scans or more of which failures left fewer than two."""
    total: dict[str, int] = {}
    usable: dict[str, int] = {}
    for scan in scans:
        total[scan.participant_id] = total.get(scan.participant_id, 0) + 1
        usable[scan.participant_id] = usable.get(scan.participant_id, 0) + (scan.status == "ok")
    return sum(total[person] >= 2 and usable[person] < 2 for person in total)


def _too_little(first: MeasureSummary | None) -> str:
    if first is None:
        return words.NOTHING_COMPARED
    return words.too_few_people(_verdict(first), FEWEST_PEOPLE)


def _verdict(summary: MeasureSummary) -> words.Sample:
    return words.Sample(
        summary.verdict.people, summary.verdict.gallery, summary.verdict.smallest_risk
    )


def _reading(summary: MeasureSummary) -> Reading:
    if not summary.verdict.enough or summary.rank1 is None or summary.shuffled is None:
        return "too little data"
    floor = max(summary.shuffled.rank1_high, summary.chance_rank1 or 0.0)
    if beats_control(summary.rank1, floor):
        return "links"
    return "does not link" if summary.rank1.value <= floor else "unclear"


def _threshold(item: ThresholdSummary) -> Threshold:
    few: dict[Few, bool] = {
        "false matches": item.fmr is not None and item.few_false_matches,
        "missed matches": item.fnmr is not None and item.few_false_nonmatches,
    }
    return Threshold(
        item.value,
        item.fmr,
        item.fnmr,
        item.reason or item.reason_untested,
        tuple(rates for rates, is_so in few.items() if is_so),
    )


def _condition(row: StratumRow) -> Condition:
    return Condition(row.condition, row.stratum, row.people, row.mated_pairs, row.rank1, row.auc)


def _density_table(curves: DensityCurves | None) -> Table | None:
    if curves is None:
        return None
    columns = (
        curves.x[::DENSITY_STEP],
        curves.mated[::DENSITY_STEP],
        curves.nonmated[::DENSITY_STEP],
    )
    return Table(("score", "mated", "nonmated"), _rows(*columns))


def _det_table(det: Det | None) -> Table | None:
    """Error rates without their thresholds, which would be scores of single pairs."""
    return None if det is None else Table(("fmr", "fnmr"), _rows(det.fmr, det.fnmr))


def _cmc_table(cmc: FloatArray, gallery: int) -> Table | None:
    if not cmc.size or gallery < 2:
        return None
    rank = np.arange(1, min(cmc.size, CMC_DEPTH) + 1)
    return Table(("rank", "rate", "chance"), _rows(rank, cmc[: rank.size], rank / gallery))


def _rows(*columns: np.ndarray) -> tuple[tuple[float, ...], ...]:
    return tuple(zip(*(column.tolist() for column in columns), strict=True))
