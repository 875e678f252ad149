"""What may leave: the one place where figures are made coarse or withheld for every public view.

Page, ``report.json``, ``tables/`` and the comparison of two reports are all made from the report
that ``withhold`` returns. Figures of people are put in bins (``coarse``); whatever else is public
is computed from those bins, rounded to round numbers, or left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from html import unescape
from itertools import groupby
from math import floor, isfinite

from headrisk.dataset.description import DataSetName
from headrisk.errors import InputError
from headrisk.findings.coarse import (
    DIGITS,
    FEWEST_FOR_EXTREMES,
    GRAIN,
    SMALLEST_CELL,
    TINY,
    Count,
    coarse_model,
    coarse_share,
    counts_of,
    interval,
    ranged,
    ranged_parts,
    rung,
    share_above,
    share_below,
    stepped,
)
from headrisk.findings.deidentified import (
    Arrival,
    Change,
    CostFigure,
    Effect,
    FaceLeft,
    Treatment,
)
from headrisk.findings.records import (
    Condition,
    Internal,
    MeasureResult,
    ModalitySection,
    Reading,
    Report,
    Table,
    Threshold,
    Value,
)
from headrisk.findings.risk_tables import public_risk_tables
from headrisk.linkage.label_check import LabelCheck
from headrisk.statistics.assessment import Arm, Assessment, Exposure, SizedRate
from headrisk.statistics.attackers import AttackOutcome
from headrisk.statistics.baselines import ArmComparison
from headrisk.statistics.choice import Choice
from headrisk.statistics.forecast.records import (
    Forecast,
    ForecastPoint,
    HiddenGallery,
    ModelForecast,
    distribution_free_floor,
)
from headrisk.statistics.intervals import FEW_ERRORS
from headrisk.statistics.openset import OpenPoint, OpenSet
from headrisk.types import Estimate

P_VALUES = (0.001, 0.01, 0.05, 0.1, 1.0)
SMALL_LEVELS = "small levels, merged"
WITHHELD = "withheld"


def withhold_small_cells(report: Report) -> Report:
    """The report that may leave: no figure of it gives back one person, alone or beside another.

    Rates over people become bins of three counts, curves are drawn from bars of at least five
    people, levels of a condition with fewer than five people are merged, and extremes are rounded
    outward and withheld below ten people. What that guarantees stands in ``coarse``.
    """
    return replace(
        report,
        modalities=tuple(withhold_section(section) for section in report.modalities),
        treatments=tuple(withhold_treatment(one) for one in report.treatments),
    )


def withhold_section(section: ModalitySection) -> ModalitySection:
    """One modality as it may leave."""
    headline = section.headline
    rated = (*section.measures, *([] if headline is None else [headline]))
    people = {m.name: m.rank1.n for m in rated if m.rank1 is not None}
    risk = None if section.risk is None else _risk(section.risk)
    overall = None if headline is None else coarse_share(headline.rank1)
    return replace(
        section,
        measures=tuple(_measure(m) for m in section.measures),
        strongest=None if section.strongest is None else _measure(section.strongest),
        choice=None if section.choice is None else _choice(section.choice),
        labels=None if section.labels is None else _labels(section.labels),
        conditions=_conditions(section.conditions, overall),
        tables=_tables(section.tables, people) | public_risk_tables(risk, section.tables),
        risk=risk,
    )


def merge_small_levels(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """Conditions with small levels merged, level order kept.

    Levels with fewer than five people become one row without names, number and figures. The next
    smallest level joins them until the row stands for five people, since what it stands for can be
    had by subtraction from the total; how many levels it holds is not told either, so that each
    may have had one to four.
    """
    merged: list[Condition] = []
    for name, group in groupby(conditions, key=lambda condition: condition.name):
        levels = list(group)
        hidden = [c for c in levels if (c.persons or 0) < SMALLEST_CELL]
        rest = [c for c in levels if c not in hidden]
        while hidden and rest and sum(c.persons or 0 for c in hidden) < SMALLEST_CELL:
            nearest = min(rest, key=lambda c: c.persons or 0)
            hidden.append(nearest)
            rest.remove(nearest)
        merged += rest
        if hidden:
            merged.append(Condition(name, SMALL_LEVELS, None, withheld=True))
    return tuple(merged)


def without_labels(data: DataSetName | None, internal: Internal) -> DataSetName | None:
    """A data set's name as it may leave: "" where a person's label stands in it as a word."""
    if data is None:
        return None
    labels = {row.participant_id.casefold() for row in internal.scans}
    labels |= {f"sub-{label}" for label in labels}

    def told(name: str) -> str:
        words = {name.casefold(), *re.split(r"[\s_.]+", name.casefold())}
        return name if words.isdisjoint(labels) else ""

    return replace(data, name=told(data.name), against=tuple(map(told, data.against)))


def refuse_leaks(files: Mapping[str, bytes], internal: Internal) -> None:
    """Stop before publishing when a public file holds a scan's path, scan id or long label.

    A second line of defence: no public file is made from ``Internal`` in the first place. Short
    labels such as ``01`` cannot be told from figures and are not searched for.

    Raises
    ------
    InputError
        Names the file, never the string that was found in it.
    """
    labels, paths = _identifying(internal)
    for name, content in files.items():
        text = unescape(content.decode())
        words = set(re.findall(r"[\w-]+", text))
        if not words.isdisjoint(labels) or any(path in text for path in paths):
            raise InputError(
                name,
                found="a label, scan id or path of the scan table in a public file",
                expected="none",
                remedy="Rename the site, scanner, setting or title that repeats a person's label.",
            )


def _identifying(internal: Internal) -> tuple[set[str], set[str]]:
    """Labels and paths that are long enough to be nothing but a label or path."""
    named = {row.participant_id for row in internal.scans}
    labels = {text for text in named if len(text) >= 8 and any(c.isdigit() for c in text)}
    labels |= {f"sub-{text}" for text in named}
    paths = {text for row in internal.scans for text in (row.path, row.scan_id)}
    return labels, {text for text in paths if len(text) >= 6 and ("/" in text or "\\" in text)}


def _conditions(
    conditions: tuple[Condition, ...], overall: Estimate | None
) -> tuple[Condition, ...]:
    """Levels with bins for rates; without rates where the total of all would narrow a bin."""
    found: list[Condition] = []
    for _, group in groupby(merge_small_levels(conditions), key=lambda one: one.name):
        levels = [
            level
            if level.withheld
            else replace(
                level,
                rank1=coarse_share(level.rank1),
                auc=None if level.auc is None else share_above(level.auc, level.persons or 1),
            )
            for level in group
        ]
        if _told_by_total(levels, overall):
            levels = [replace(level, rank1=None, auc=None) for level in levels]
        found += levels
    return tuple(found)


def _told_by_total(levels: list[Condition], overall: Estimate | None) -> bool:
    """Whether the bin of all people leaves less than a bin of choice to one of the levels.

    Each level's count lies in its bin, that of the merged row anywhere up to its people, and their
    sum in the bin of all; what the others and the sum leave to a level must not be less than its
    own bin.
    """
    if overall is None or overall.most is None or overall.fewest is None:
        return False
    shown = [level for level in levels if not level.withheld]
    rates = [level.rank1 for level in shown if level.rank1 is not None]
    hidden = overall.n - sum(rate.n for rate in rates)
    merged = len(shown) < len(levels)
    if len(rates) < len(shown) or hidden < 0 or (hidden > 0 and not merged):
        return False
    bins = [(rate.fewest or 0, rate.most or 0) for rate in rates] + [(0, hidden)] * merged
    lowest, highest = (sum(ends) for ends in zip(*bins, strict=True))
    for fewest, most in bins:
        low = max(fewest, overall.fewest - (highest - most))
        high = min(most, overall.most - (lowest - fewest))
        if high - low < min(GRAIN - 1, most - fewest):
            return True
    return False


def _tables(tables: Mapping[str, Table], people: Mapping[str, int]) -> dict[str, Table]:
    """Tables of figures as they may leave: curves from bins, nothing that was fitted finely."""
    found: dict[str, Table] = {}
    for name, table in tables.items():
        kind, _, measure = name.partition("-")
        if kind == "public":
            found[measure] = table
        elif kind == "cmc" and measure in people:
            found[name] = _coarse_column(table, "rate", people[measure])
        elif kind not in ("scores", "density", "det", "cmc"):
            found[name] = table
    if "linkability" in found:
        found["linkability"] = _linkability(found["linkability"], people)
    return found


def _coarse_column(table: Table, column: str, people: int) -> Table:
    place = table.columns.index(column)
    return Table(
        table.columns,
        tuple(
            (*row[:place], share_above(float(row[place] or 0.0), people), *row[place + 1 :])
            for row in table.rows
        ),
    )


def _linkability(table: Table, people: Mapping[str, int]) -> Table:
    rows: list[tuple[Value, ...]] = []
    for measure, size, rate, *_ in table.rows:
        n = people.get(str(measure))
        if rate is None or n is None:
            rows.append((measure, size, None, None, None))
            continue
        ends = coarse_share(Estimate(float(rate), float(rate), float(rate), n))
        rows.append((measure, size, *((ends.value, ends.low, ends.high) if ends else (None,) * 3)))
    return Table(table.columns, tuple(rows))


def _measure(measure: MeasureResult) -> MeasureResult:
    rank1 = measure.rank1
    if rank1 is None:
        return replace(measure, mated_min=None, nonmated_max=None)
    n = rank1.n
    many = n >= FEWEST_FOR_EXTREMES
    public = replace(
        measure,
        auc=_pairs(measure.auc, n, up=True),
        eer=_pairs(measure.eer, n, up=False),
        d_prime=_distance(measure.d_prime) if many else None,
        rank1=coarse_share(rank1),
        rank5=coarse_share(measure.rank5),
        one_to_one=coarse_share(measure.one_to_one),
        mated_min=None,
        nonmated_max=None,
        thresholds={
            rule: _threshold(item, n, many=many) for rule, item in measure.thresholds.items()
        },
        control=_luck_of(measure.control, n),
        extra=_extra(measure.extra, n),
    )
    return replace(public, reading=_reading(public))


def _choice(choice: Choice) -> Choice:
    """How the attack was chosen; its rate, control and p value as those of a measure."""
    rank1, high = coarse_share(choice.rank1), choice.control_high
    people = 0 if rank1 is None else rank1.n
    fewest, _ = counts_of(choice.share * people, people) if people else (0, 0)
    return replace(
        choice,
        rank1=rank1,
        share=fewest / people if people else 1.0,
        control=_digit(choice.control),
        control_high=None if high is None else _whole_people(high, people),
        p_value=None,  # would tell the counts of a bin apart
    )


def _labels(labels: LabelCheck) -> LabelCheck:
    """What the images say of labels: upper ends of bins, of those confirmed the lower."""
    clear, same, other = (
        counts_of(count, labels.people)[1]
        for count in (labels.clear, labels.same_label, labels.other_label)
    )
    confirmed = counts_of(labels.confirmed, labels.labelled)[0] if labels.labelled else 0
    return replace(
        labels,
        clear=clear,
        same_label=same,
        other_label=other,
        p_value=_p_bound(labels.p_value),
        confirmed=confirmed,
    )


def _reading(measure: MeasureResult) -> Reading:
    """What follows from the public figures, so that it tells no more than they do.

    An attack links people where luck reaches no count of the bin and the interval of the highest
    one lies above luck. On the highest count alone six people of pure noise were said to be linked
    in one case of ten, as their bin of 3 to 6 may be all of them. Whoever links people by the exact
    count does so by the bin, but for six people who are all found: nothing tells them from three.
    """
    rate = measure.rank1
    if rate is None or measure.reading == "too little data":
        return measure.reading
    luck = measure.luck or 0.0
    whole_bin = (rate.fewest or 0) / rate.n > luck + TINY
    if whole_bin and interval(rate.most or 0, rate.n)[0] > luck:
        return "links"
    return "unclear" if rate.value > luck else "does not link"


def _extra(extra: Mapping[str, Value], people: int) -> dict[str, Value]:
    found = dict(extra) | ({"p_value": None} if "p_value" in extra else {})
    for name in ("one_to_one_found", "d_sys", "d_sys_low", "d_sys_high"):
        share = extra.get(name)
        if isinstance(share, int | float) and isfinite(share):
            outward = share_below if name.endswith("_low") else share_above
            found[name] = outward(float(share), people)
    return found


def _p_bound(p_value: float) -> float:
    """The least of the usual levels that a p value does not exceed."""
    return next(level for level in P_VALUES if p_value <= level + 1e-12)


def _pairs(rate: Estimate | None, people: int, *, up: bool) -> Estimate | None:
    """A rate over pairs, a mean over people of shares, put in the bins of so many people."""
    if rate is None:
        return None
    fewest, most = counts_of(rate.value * people, people)
    return Estimate(
        (most if up else fewest) / people,
        share_below(min(rate.low, rate.value), people),
        share_above(max(rate.high, rate.value), people),
        people,
        rate.method,
        fewest,
        most,
    )


def _distance(rate: Estimate | None) -> Estimate | None:
    if rate is None:
        return None
    return replace(
        rate,
        value=stepped(rate.value, 0.5, up=True),
        low=stepped(rate.low, 0.5, up=False),
        high=stepped(rate.high, 0.5, up=True),
    )


def _luck_of(rate: Estimate | None, people: int) -> Estimate | None:
    """The rate of a control to one significant digit, its upper end to whole people, both down."""
    if rate is None:
        return None
    return replace(
        rate,
        value=rung(rate.value, up=False, steps=DIGITS),
        low=rung(rate.low, up=False, steps=DIGITS),
        high=_whole_people(rate.high, people),
    )


def _whole_people(share: float, people: int) -> float:
    """A share of so many people, down to whole people: a count exceeds both or neither."""
    return floor(share * people + TINY) / people if people else share


def _digit(value: float | None) -> float | None:
    return None if value is None else rung(value, up=False, steps=DIGITS)


def _threshold(item: Threshold, people: int, *, many: bool) -> Threshold:
    """A threshold of one digit; its rates outward, and the value of each to the risk's side."""
    fmr = item.fmr
    if fmr is not None:
        fmr = replace(
            fmr,
            value=rung(fmr.value, up=False),
            low=rung(fmr.low, up=False),
            high=min(rung(fmr.high, up=True), 1.0),
        )
    value = item.value if many else None
    return Threshold(
        None if value is None else rung(value, up=True, steps=DIGITS),
        fmr,
        _pairs(item.fnmr, people, up=False),
        item.missing,
        item.few,
        withheld=item.withheld or (item.value is not None and not many),
    )


def _risk(risk: Assessment) -> Assessment:
    people = risk.people
    forecast = _forecast(risk.forecast)
    mean = coarse_share(risk.exposure.mean)
    fewest, most = (mean.fewest or 0, mean.most or 0) if mean else (0, 0)
    return replace(
        risk,
        few_errors=min(fewest, people - most) < FEW_ERRORS,
        linkability=tuple(
            SizedRate(point.size, rate)
            for point in risk.linkability
            if (rate := coarse_share(point.rate)) is not None
        ),
        open_set=_open_set(risk.open_set),
        singling_out=tuple(replace(one, rate=coarse_share(one.rate)) for one in risk.singling_out),
        exposure=_exposure(risk.exposure, people),
        arms=tuple(_arm(one) for one in risk.arms),
        forecast=forecast,
        attackers=tuple(_outcome(one, people, forecast) for one in risk.attackers),
    )


def _open_set(found: OpenSet) -> OpenSet:
    """Rates in bins, without the thresholds at the curve's ends and with none below ten people.

    The ends lie beside the highest and the lowest score, and so beside those of one pair each: of
    two reports the one without that person tells whose it was, however they are rounded.
    """
    limits = [one.threshold for one in found.curve if one.threshold is not None]
    ends = {min(limits), max(limits)} if limits else set()
    many = found.people >= FEWEST_FOR_EXTREMES
    curve = found.curve if many and set(limits) - ends else ()
    return replace(
        found,
        target=_open_point(found.target),
        strictest=_open_point(found.strictest),
        curve=tuple(
            replace(one, threshold=None if point.threshold in ends else point.threshold)
            for point in curve
            if (one := _open_point(point)) is not None
        ),
    )


def _open_point(point: OpenPoint | None) -> OpenPoint | None:
    """Rates in bins, each by its dangerous end; precision as those give it."""
    if point is None:
        return None
    n = point.fnir.n if point.fnir else 0
    return replace(
        point,
        fpir=coarse_share(point.fpir, up=False),
        fnir=coarse_share(point.fnir, up=False),
        wrong=coarse_share(point.wrong, up=False),
        precision=None if point.precision is None or not n else share_above(point.precision, n),
    )


def _exposure(found: Exposure, people: int) -> Exposure:
    many = people >= FEWEST_FOR_EXTREMES
    return replace(
        found,
        mean=coarse_share(found.mean),
        highest=min(rung(found.highest, up=True), 1.0) if many else 1.0,
        share_above=coarse_share(found.share_above),
        without=coarse_share(found.without),
    )


def _arm(found: Arm) -> Arm:
    one = found.comparison
    if one is None:
        return found
    shares = {
        name: None if value is None else share_above(value, one.people)
        for name, value in (("auc_shared", one.auc_shared), ("auc_leak", one.auc_leak))
    }
    return replace(
        found,
        comparison=ArmComparison(
            shares["auc_shared"], shares["auc_leak"], one.shared_pairs, one.other_pairs, one.people
        ),
    )


def _forecast(found: Forecast) -> Forecast:
    """A forecast in bins of the people measured; a bound where all may have been linked."""
    people = found.people
    observed = coarse_share(found.observed)
    if not found.points or observed is None:
        return replace(found, observed=observed, few_errors=True)
    if observed.most == observed.n:
        floors = [
            distribution_free_floor(observed.low, found.gallery, one.size) for one in found.points
        ]
        return replace(
            found,
            observed=observed,
            models=(),
            points=tuple(
                ForecastPoint(one.size, 1.0, 1.0, floor, 1.0, floor, one.beyond)
                for one, floor in zip(found.points, floors, strict=True)
            ),
            bound_only=True,
            few_errors=True,
            reason="nearly all linked",
        )
    return replace(
        found,
        observed=observed,
        models=tuple(
            ModelForecast(
                one.model,
                tuple(coarse_model(estimate, people) for estimate in one.estimates),
                _hidden(one.hidden, people),
            )
            for one in found.models
        ),
        points=tuple(
            replace(
                one,
                least=share_below(one.least, people),
                most=share_above(one.most, people),
                low=share_below(one.low, people),
                high=share_above(one.high, people),
                floor=distribution_free_floor(observed.low, found.gallery, one.size),
            )
            for one in found.points
        ),
        few_errors=people - (observed.most or 0) < FEW_ERRORS,
    )


def _hidden(found: HiddenGallery | None, people: int) -> HiddenGallery | None:
    """How far a model missed, to a twentieth, upward."""
    if found is None:
        return None
    return replace(
        found,
        predicted=share_above(found.predicted, people),
        observed=share_above(found.observed, people),
        error=stepped(found.error, 0.05, up=found.error > 0),
        rms=stepped(found.rms, 0.05, up=True),
    )


def _outcome(found: AttackOutcome, people: int, forecast: Forecast) -> AttackOutcome:
    """An attacker's success in bins; a bound where the public forecast is one."""
    success, prior = found.success, found.attacker.prior
    if success is None:
        return found
    bound = found.bound_only or (not found.measured and forecast.bound_only)
    if bound:
        success = Estimate(prior, 0.0, prior, success.n, success.method)
    else:
        share = coarse_model(
            replace(
                success,
                value=success.value / prior,
                low=success.low / prior,
                high=success.high / prior,
            ),
            people,
        )
        success = replace(
            share,
            value=prior * share.value,
            low=prior * share.low,
            high=prior * min(share.high, 1.0),
        )
    precision = found.precision
    return replace(
        found,
        success=success,
        precision=None if precision is None else share_above(precision, people),
        bound_only=bound,
        reason="nearly all linked" if bound and forecast.bound_only else found.reason,
    )


def withhold_treatment(treatment: Treatment) -> Treatment:
    """A de-identified data set's figures as they may leave.

    People who became easier or harder to find are withheld: with both rates and an exact test they
    could be solved for. The p value becomes a bound.
    """
    own = treatment.own_scan
    return replace(
        treatment,
        arrival=_arrival(treatment.arrival),
        effects=tuple(_effect(effect) for effect in treatment.effects),
        own_scan=None if own is None else replace(own, found=_enough(own.found)),
        face_left=None if treatment.face_left is None else _face_left(treatment.face_left),
        cost=tuple(_cost(figure) for figure in treatment.cost),
    )


def _arrival(found: Arrival) -> Arrival:
    """Files by how they were matched add up; what else is told of them does not."""
    counts = {field.name: getattr(found, field.name) for field in fields(found)}
    numbers = {name: count for name, count in counts.items() if isinstance(count, int)}
    total = numbers.get("scans", 0)
    if len(numbers) < len(counts) or not total:
        return found
    matched = ("by_entities", "by_name", "by_image")
    parts = tuple(numbers[name] for name in matched)
    rest = max(total - sum(parts), 0)
    shown: dict[str, Count] = dict(
        zip(matched, ranged_parts((*parts, rest))[: len(matched)], strict=True)
    )
    return Arrival(
        **{
            name: total if name == "scans" else shown.get(name, ranged(count, max(count, total)))
            for name, count in numbers.items()
        }
    )


def _face_left(found: FaceLeft) -> FaceLeft:
    total = found.scans
    if not isinstance(total, int):
        return found
    answers = ("gone", "outside", "unclear", "part", "face")
    order = [name for name in answers if name in found.verdicts]
    order += sorted(set(found.verdicts) - set(order))
    counts = tuple(found.verdicts[name] for name in order)
    numbers = tuple(count for count in counts if isinstance(count, int))
    shown = ranged_parts(numbers) if len(numbers) == len(counts) else counts
    return FaceLeft(
        total,
        dict(zip(order, shown, strict=True)),
        {
            name: (_of_total(old, total), _of_total(new, total))
            for name, (old, new) in found.seen.items()
        },
    )


def _of_total(count: Count, total: int) -> Count:
    return ranged(count, total) if isinstance(count, int) and total else count


def _cost(figure: CostFigure) -> CostFigure:
    mean = figure.mean
    if mean is None or mean.n < FEWEST_FOR_EXTREMES:
        return replace(figure, mean=None, worst=None)
    up = figure.worst is None or figure.worst >= mean.value
    return replace(
        figure,
        mean=replace(
            mean,
            value=_outward(mean.value, up=up),
            low=_outward(mean.low, up=False),
            high=_outward(mean.high, up=True),
        ),
        worst=None if figure.worst is None else _outward(figure.worst, up=up),
    )


def _outward(value: float, *, up: bool) -> float:
    """One rung outward; a share near 1, such as an overlap, by its distance from 1."""
    if 0.5 < value <= 1.0:
        return 1.0 - rung(1.0 - value, up=not up)
    return rung(value, up=up)


def _effect(effect: Effect) -> Effect:
    asked = effect.untreated.n if effect.untreated else effect.people
    effect = replace(
        effect,
        failed=_of_total(effect.failed, max(asked, 1)),
        failure_share=_enough(effect.failure_share),
        untreated=_enough(effect.untreated),
        found=_enough(effect.found),
        bounds=None
        if effect.bounds is None or asked < SMALLEST_CELL
        else (share_below(effect.bounds[0], asked), share_above(effect.bounds[1], asked)),
    )
    if effect.people < SMALLEST_CELL and effect.rank1 is not None:
        return replace(
            effect, rank1=None, linkability={}, fnir=None, fpir=None, bounds=None, reason="withheld"
        )
    return replace(
        effect,
        rank1=_change(effect.rank1, up=True),
        linkability={
            size: coarse
            for size, change in effect.linkability.items()
            if (coarse := _change(change, up=True)) is not None
        },
        fnir=_change(effect.fnir, up=False),
    )


def _change(change: Change | None, *, up: bool) -> Change | None:
    """Before and after in bins; their difference as those bins give it, with its interval outward.

    ``up`` says whether a higher rate is more risk; a positive difference is less risk and is
    rounded down.
    """
    if change is None:
        return None
    before, after = coarse_share(change.before, up=up), coarse_share(change.after, up=up)
    if before is None or after is None:
        return None
    n = before.n
    difference = change.difference
    told = before.value - after.value if up else after.value - before.value
    return Change(
        before,
        after,
        replace(
            difference,
            value=told,
            low=min(stepped(difference.low, GRAIN / n, up=False), told),
            high=max(stepped(difference.high, GRAIN / n, up=True), told),
        ),
        WITHHELD,
        WITHHELD,
        None if change.p_value is None else _p_bound(change.p_value),
    )


def _enough(estimate: Estimate | None) -> Estimate | None:
    return coarse_share(estimate) if estimate is not None and estimate.n >= SMALLEST_CELL else None
