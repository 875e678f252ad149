"""What the figures mean for people: one table over all attacks, so that nothing is said twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from headrisk.findings.records import ModalitySection
from headrisk.report.words import risk as risk_words
from headrisk.report.words import summary
from headrisk.report.words.phrases import capital, listed, percent, percentage, rate
from headrisk.statistics.assessment import Arm, Assessment

Row = tuple[str, tuple[str, ...]]
LargerRow = tuple[int, tuple[str, ...], bool]
LINKABILITY_SHOWN = 3
_NO_LINE = "no line was chosen"
_NOTHING = ("–", _NO_LINE, "not tested")


def rated(sections: Sequence[ModalitySection]) -> tuple[ModalitySection, ...]:
    """The sections with figures about people."""
    return tuple(one for one in sections if one.risk is not None and one.sufficient)


def titles(sections: Sequence[ModalitySection]) -> tuple[str, ...]:
    """A column's heading for each section."""
    return tuple(summary.title(one) for one in rated(sections))


def people_rows(sections: Sequence[ModalitySection]) -> list[Row]:
    """Rows of the table; those that no section has a figure for are left out."""
    own = [one for one in rated(sections) if one.risk is not None]
    rows = [(name, tuple(_cell(one, say) for one in own)) for name, say in _ROWS]
    rows += _singled(own)
    rows += _arms(own)
    return [(name, cells) for name, cells in rows if any(cell not in _NOTHING for cell in cells)]


def _cell(section: ModalitySection, say: Callable[[ModalitySection, Assessment], str]) -> str:
    return say(section, section.risk) if section.risk is not None else "–"


def _up_to(rate: float | None) -> str:
    return "–" if rate is None else f"up to {percent(rate, 1)}"


def _few(_: ModalitySection, risk: Assessment) -> str:
    return "yes" if risk.few_errors else "no"


def _linkability(_: ModalitySection, risk: Assessment) -> str:
    points = risk.linkability
    if len(points) > LINKABILITY_SHOWN:
        points = (points[0], points[len(points) // 2], points[-1])
    return "; ".join(f"{rate(one.rate)} among {one.size:,}" for one in points) or "–"


def _highest(_: ModalitySection, risk: Assessment) -> str:
    return f"up to {percent(risk.exposure.highest, 1)}"


def _without(_: ModalitySection, risk: Assessment) -> str:
    found = risk.exposure
    return "–" if found.without is None else f"{percentage(found.without)} without {found.left_out}"


def _above(_: ModalitySection, risk: Assessment) -> str:
    found = risk.exposure
    if found.level is None or found.share_above is None:
        return _NO_LINE
    return f"{percentage(found.share_above)} above {found.level:g}"


def _missed(_: ModalitySection, risk: Assessment) -> str:
    found = risk.open_set
    if found.strictest is None or found.strictest.fnir is None or found.budget is None:
        return "–"
    return (
        f"{percentage(found.strictest.fnir)} at up to {percent(found.budget)} wrong names, among "
        f"{found.strictest.size:,}"
    )


def _right(_: ModalitySection, risk: Assessment) -> str:
    found = risk.open_set
    point = found.strictest
    if point is None or point.precision is None:
        return "–"
    return f"up to {percent(point.precision)} if {percent(found.prior)} are there"


def _needed(_: ModalitySection, risk: Assessment) -> str:
    return "–" if risk.open_set.target is not None else f"{risk.open_set.needed:,}"


def _d_sys(section: ModalitySection, _: Assessment) -> str:
    first = section.headline
    value = first.extra.get("d_sys") if first else None
    return f"{value:.2g}" if isinstance(value, int | float) else "–"


_ROWS: tuple[tuple[str, Callable[[ModalitySection, Assessment], str]], ...] = (
    ("People searched for", lambda _, risk: f"{risk.people:,}"),
    ("Not excluded even if nobody had been linked", lambda _, risk: _up_to(risk.smallest_risk)),
    ("Rests on fewer than 30 people linked, or not linked", _few),
    ("Linked at rank 1 in random galleries", _linkability),
    ("Risk of the most exposed person", _highest),
    ("Rate without the most exposed people", _without),
    ("People above the chosen line of risk", _above),
    ("Searches that miss a person who is there (FNIR)", _missed),
    ("Names returned that are right", _right),
    ("People needed to measure misses (FNIR) at 3 wrong names in 1,000 searches", _needed),
    ("Linkability of the scores (0 none, 1 full)", _d_sys),
)


def _singled(sections: Sequence[ModalitySection]) -> list[Row]:
    """Singling out, by the rule's width."""
    widths = dict.fromkeys(
        round(1 / one.weight) for s in sections if s.risk for one in s.risk.singling_out
    )
    rows = []
    for width in widths:
        cells = []
        for section in sections:
            found = (
                next((o for o in section.risk.singling_out if round(1 / o.weight) == width), None)
                if section.risk
                else None
            )
            if found is None or found.rate is None:
                cells.append("–")
                continue
            cells.append(
                f"{percentage(found.rate)} among {found.size:,}; luck {percent(found.baseline)}"
                f"{risk_words.above_luck(found)}"
            )
        rows.append(
            (f"Singled out alone by a rule set to fit 1 of {width:,} other people", tuple(cells))
        )
    return rows


def _arms(sections: Sequence[ModalitySection]) -> list[Row]:
    """Control arms: how often two people who share something score above two who do not."""
    names = dict.fromkeys(arm.name for s in sections if s.risk for arm in s.risk.arms)
    rows = []
    for name in names:
        found = [arm.comparison if (arm := _arm(one, name)) else None for one in sections]
        for what, part in (
            (f"Two people of one {name} more alike than two others (50 %: no effect)", "auc_leak"),
            (f"One person's scans more alike than those of two people of one {name}", "auc_shared"),
        ):
            cells = ["not tested" if one is None else percent(getattr(one, part)) for one in found]
            rows.append((what, tuple(cells)))
    return rows


def _arm(section: ModalitySection, name: str) -> Arm | None:
    arms = section.risk.arms if section.risk else ()
    return next((arm for arm in arms if arm.name == name), None)


def untested_arms(sections: Sequence[ModalitySection]) -> list[str]:
    """Why control arms were tested by no attack, those of one reason together."""
    arms = [arm for one in rated(sections) if one.risk for arm in one.risk.arms]
    tested = {arm.name for arm in arms if arm.comparison is not None}
    names: dict[str, list[str]] = {}
    for arm in arms:
        if arm.name not in tested and arm.name not in names.get(arm.reason, []):
            names.setdefault(arm.reason, []).append(arm.name)
    return [risk_words.untested_arms(found, reason) for reason, found in names.items()]


def larger_rows(sections: Sequence[ModalitySection]) -> tuple[tuple[str, ...], list[LargerRow]]:
    """Titles of the attacks with a forecast, and for each gallery size their ranges.

    A range runs from the lower to the upper end with sampling; where all people were linked there
    is no model and only a bound.
    """
    own = [
        (one, one.risk.forecast.points)
        for one in rated(sections)
        if one.risk is not None and one.risk.forecast.points
    ]
    rows = []
    for size in sorted({point.size for _, points in own for point in points}):
        found = [next((p for p in points if p.size == size), None) for _, points in own]
        beyond = any(point.beyond for point in found if point is not None)
        rows.append((size, tuple(map(risk_words.larger_range, found)), beyond))
    return tuple(summary.title(one) for one, _ in own), rows


def attacker_rows(sections: Sequence[ModalitySection]) -> list[Row]:
    """Each named attacker's figure by each attack; a dash where he or she holds nothing for it."""
    own = rated(sections)
    rows = []
    for attacker in risk_words.everybody(own):
        found = [
            next((o for o in one.risk.attackers if o.attacker == attacker), None)
            if one.risk
            else None
            for one in own
        ]
        rows.append((attacker.name, tuple(map(risk_words.attacker_cell, found))))
    return rows


def forecasts(sections: Sequence[ModalitySection]) -> list[str]:
    """What each forecast says; attacks of which the same is said stand together."""
    return grouped(
        (summary.title(one).lower(), risk_words.forecast(one.risk.forecast))
        for one in rated(sections)
        if one.risk
    )


def attacker_remarks(sections: Sequence[ModalitySection]) -> list[str]:
    """How figures of attackers came about, each remark once.

    Why there is no forecast stands above the figures, so that of it only the bound is told.
    """
    said: dict[str, dict[str, None]] = {}
    for one in rated(sections):
        for item in one.risk.attackers if one.risk else ():
            for text in risk_words.how_found(item):
                who = f"{item.attacker.name} by {summary.title(one).lower()}"
                said.setdefault(text, {})[who] = None
    total = sum(len(one.risk.attackers) for one in rated(sections) if one.risk)
    return [
        text if len(names) == total else f"{capital(listed(list(names)))}: {text}"
        for text, names in said.items()
    ]


def conditions_of_all(sections: Sequence[ModalitySection]) -> list[str]:
    """Conditions that hold for everybody, so that no figure compares them; attacks together."""
    return grouped(
        (summary.title(one).lower(), text)
        for one in sections
        if one.sufficient and (text := summary.same_for_all(one))
    )


def grouped(said: Iterable[tuple[str, str]]) -> list[str]:
    """``Brain and face: ...`` for each text, whoever it is said of."""
    return [f"{who}: {text}" for text, who in by_text(said).items()]


def by_text(said: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Each text once, with those of whom it is said: ``{"...": "Brain and face"}``."""
    found: dict[str, dict[str, None]] = {}
    for name, text in said:
        found.setdefault(text, {})[name] = None
    return {text: capital(listed(list(names))) for text, names in found.items()}


def lacking(views: Sequence[Mapping[str, Any]]) -> list[str]:
    """Which figures could not be drawn, what thresholds rest on, and which attack was not tried.

    Each remark is told once, those of the same attacks in one line.

    Parameters
    ----------
    views
        What the page holds of each attack: ``section``, ``title`` and its ``figures`` by name.
    """
    wanted = ("scores", "cmc", "det", "measures", "conditions")
    said: dict[str, list[str]] = {}
    for view in views:
        section = view["section"]
        if not section.sufficient or section.headline is None:
            continue
        told = ("conditions",) if summary.same_for_all(section) else ()
        remarks = [
            summary.why_missing(name, section)
            for name in wanted
            if name not in (*view["figures"], *told)
        ]
        remarks += [f"{capital(part)}." for part in summary.threshold_remarks(section.headline)]
        remarks += [summary.not_assigned(section)]
        for text in dict.fromkeys(filter(None, remarks)):
            said.setdefault(text, []).append(str(view["title"]).lower())
    lines: dict[tuple[str, ...], list[str]] = {}
    for text, names in said.items():
        lines.setdefault(tuple(names), []).append(text)
    return [f"{capital(listed(names))}: {' '.join(texts)}" for names, texts in lines.items()]
