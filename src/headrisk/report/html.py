"""The public report as one self-contained HTML page without script or outside request."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from headrisk.findings.cost import attack_costs
from headrisk.findings.deidentified import Treatment
from headrisk.findings.records import MeasureResult, ModalitySection, Report, RunRecord
from headrisk.report import figures
from headrisk.report.svg import own_names
from headrisk.report.treated_part import before_after_table, trade_table
from headrisk.report.words import (
    annex,
    cost,
    first_page,
    fixed,
    metadata,
    people,
    phrases,
    presence,
    summary,
)
from headrisk.report.words import deidentified as treated
from headrisk.report.words import follows as follow_words
from headrisk.report.words import risk as risk_words
from headrisk.report.words.boards import boards
from headrisk.report.words.captions import CAPTIONS, Caption, caption
from headrisk.report.words.follows import points
from headrisk.report.words.metadata_kinds import title as kind_title
from headrisk.report.words.paragraphs import paragraphs
from headrisk.statistics.forecast.records import FEWEST_PEOPLE


def public_html(report: Report, run: RunRecord, digest: str) -> str:
    """The page for release committees.

    Parameters
    ----------
    report
        A report from which small cells are already withheld.
    run
        Versions and costs of the run.
    digest
        Short digest of ``report.json``, printed so that page and figures can be matched.
    """
    views = [section_view(section) for section in report.modalities]
    facts, answers = first_page.which_data(report, run, digest), first_page.answers(report)
    rows, shown = first_page.that_fit(points(report), facts, answers, report)
    drawings = treatment_figures(report.treatments)
    return render(
        "findings.html.j2" if counts_alone(report) else "public.html.j2",
        report=report,
        run=run,
        digest=digest,
        sections=views,
        facts=facts,
        answers=answers,
        follows=rows,
        shown=shown,
        annex=annex.annex(report, follows=bool(rows)),
        drawn=explained(views, drawings),
        boards=boards(report, run),
        costs=attack_costs(report, run),
        drawings=drawings,
    )


def counts_alone(report: Report) -> bool:
    """Whether a report holds nothing but counts of identifying metadata: nobody was searched for.

    >>> counts_alone(Report((), {}, "0"))
    False
    """
    if len(report.modalities) != 1 or report.inventory is not None:
        return False
    (section,) = report.modalities
    return section.name == "metadata" and not section.measures and bool(section.panels)


def texts_html(report: Report, run: RunRecord, digest: str) -> str:
    """Questions of boards, and paragraphs to copy; parameters are those of :func:`public_html`."""
    return render(
        "texts.html.j2",
        report=report,
        digest=digest,
        boards=boards(report, run),
        paragraphs=paragraphs(report, run, digest),
    )


def explained(
    views: Sequence[Mapping[str, Any]], drawings: Mapping[str, Markup | None]
) -> list[tuple[str, Caption]]:
    """How to read each kind of figure that a page holds, each kind once."""
    kinds = [name for name in CAPTIONS if any(name in view["figures"] for view in views)]
    found = [(name, CAPTIONS[name]) for name in kinds]
    return found + [(name, treated.CAPTIONS[name]) for name, svg in drawings.items() if svg]


def treatment_figures(treatments: Sequence[Treatment]) -> Mapping[str, Markup | None]:
    """Both figures of treatments by name; None where the data carry none."""
    tables = {"before-after": before_after_table(treatments), "trade": trade_table(treatments)}
    draw = {"before-after": figures.before_after_figure, "trade": figures.trade_figure}
    return {
        name: Markup(draw[name](table)) if table.rows else None  # noqa: S704
        for name, table in tables.items()
    }


def render(template: str, **values: Any) -> str:
    """Fill a template; every value is escaped unless it is the package's own markup."""
    css = Markup(_style_sheet())  # noqa: S704
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return labelled(
        _environment()
        .get_template(template)
        .render(
            css=css,
            style_hash=f"sha256-{digest}",
            caption=caption,
            wording=summary,
            explained=explained,
            first_words=first_page,
            annex_words=annex,
            fixed=fixed,
            counted_as=phrases.counted,
            people_words=people,
            words=risk_words,
            cost=cost,
            treated=treated,
            metadata_words=metadata,
            presence_words=presence,
            follow_words=follow_words,
            kind_title=kind_title,
            **values,
        )
    )


_TABLE = re.compile(r"<table\b.*?</table>", re.DOTALL)
_HEADING = re.compile(r'<th scope="col"[^>]*>(.*?)</th>', re.DOTALL)
_ROW = re.compile(r"<tr[^>]*>.*?</tr>", re.DOTALL)
_CELL = re.compile(r"<(td|th scope=\"row\")")


def labelled(page: str) -> str:
    """Each cell of a table with its column's heading, which narrow windows show beside it.

    >>> labelled('<table><tr><th scope="col">A</th></tr><tr><td>1</td></tr></table>')
    '<table><tr><th scope="col">A</th></tr><tr><td data-label="A">1</td></tr></table>'
    """

    def of_table(table: re.Match[str]) -> str:
        names = [re.sub(r"<[^>]+>", "", name) for name in _HEADING.findall(table[0])]
        if not names:
            return table[0]

        def of_row(row: re.Match[str]) -> str:
            columns = iter(names)
            return _CELL.sub(lambda cell: f'<{cell[1]} data-label="{next(columns, "")}"', row[0])

        return _ROW.sub(of_row, table[0])

    return _TABLE.sub(of_table, page)


@cache
def _environment() -> Environment:
    """Templates are compiled once, however many pages a run writes."""
    environment = Environment(
        loader=PackageLoader("headrisk.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=phrases.percent,
        rate=phrases.rate,
        percentage=phrases.percentage,
        number=number,
        people=phrases.people,
        natural=phrases.natural_frequency,
        with_commands=with_commands,
        with_blanks=with_blanks,
        with_code=with_code,
    )
    return environment


_PAGE = re.compile(r"\btexts\.html\b")
_COMMAND = re.compile(r"headrisk [a-z]+(?: (?:--[a-z-]+|[A-Z]{2,}))+")


def with_commands(text: str) -> Markup:
    """The text, escaped, with commands to type as code and the page beside it as a link.

    The words of a command are kept whole, since a browser breaks lines at hyphens.

    >>> str(with_commands("Try it (headrisk metadata OUT --fix COPY) & look."))
    'Try it (<code>headrisk metadata OUT <span class="whole">--fix</span> COPY</code>) &amp; look.'
    """

    def command(found: re.Match[str]) -> str:
        words = (
            f'<span class="whole">{word}</span>' if "-" in word else word
            for word in found[0].split(" ")
        )
        return f"<code>{' '.join(words)}</code>"

    marked = _COMMAND.sub(command, str(escape(text)))
    return Markup(_PAGE.sub(r'<a href="\g<0>">\g<0></a>', marked))  # noqa: S704


_CODE = re.compile(r"`([^`]+)`")


def with_code(text: str) -> Markup:
    """The text, escaped, with what stands between backticks as code.

    >>> str(with_code("See `methods.md` & more."))
    'See <code>methods.md</code> &amp; more.'
    """
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704


_BLANK = re.compile(r"\[[^\]\[]+\]|\u2610")


def with_blanks(text: str) -> Markup:
    """The text, escaped, with what is to be filled in or ticked marked.

    >>> str(with_blanks("Shared through [repository] & kept."))
    'Shared through <mark>[repository]</mark> &amp; kept.'
    """
    return Markup(_BLANK.sub(r"<mark>\g<0></mark>", str(escape(text))))  # noqa: S704


def section_view(section: ModalitySection) -> dict[str, Any]:
    """What the template needs of one modality: the section, its sentences and its figures."""
    first = section.headline
    return {
        "section": section,
        "title": summary.title(section),
        "first": first,
        "figures": section_figures(section, first) if first else {},
    }


def section_figures(section: ModalitySection, first: MeasureResult) -> Mapping[str, Markup]:
    """The figures that the data suffice for, by caption name."""
    drawn: dict[str, str] = {}
    tables = section.tables
    if f"scores-{first.name}" in tables:
        density = tables.get(f"density-{first.name}")
        drawn["scores"] = figures.distribution_figure(
            tables[f"scores-{first.name}"], density, first
        )
    if f"cmc-{first.name}" in tables:
        curve = tables[f"cmc-{first.name}"]
        drawn["cmc"] = figures.cmc_figure(curve, first.name, section.counts.gallery_size)
    curves = {
        m.name: tables[f"det-{m.name}"] for m in section.measures if f"det-{m.name}" in tables
    }
    if first.name in curves:
        drawn["det"] = figures.det_figure({first.name: curves[first.name], **curves})
    if sum(m.rank1 is not None for m in section.measures) > 0:
        drawn["measures"] = figures.measures_figure(section.measures, first.luck)
    conditions = tuple(c for c in section.conditions if not summary.of_everybody(c, section))
    if first.rank1 is not None and any(c.rank1 is not None for c in conditions):
        drawn["conditions"] = figures.conditions_figure(conditions, first.rank1.value)
    if section.risk is not None and "linkability" in tables:
        measured, beyond = tables["linkability"], tables.get("forecast")
        if any(row[0] == section.risk.measure and row[2] is not None for row in measured.rows):
            drawn["forecast"] = figures.fan_figure(measured, beyond, section.risk.measure)
    many = section.risk is not None and section.risk.people >= FEWEST_PEOPLE
    if many and section.risk and "open-set" in tables and tables["open-set"].rows:
        prior = section.risk.open_set.prior
        drawn["open-set"] = figures.open_set_figure(tables["open-set"], prior, section.risk.measure)
    return {name: Markup(own_names(svg, section.name)) for name, svg in drawn.items()}  # noqa: S704


def number(value: float | None) -> str:
    """Three significant digits, or a dash."""
    if value is None:
        return "–"
    whole = isinstance(value, int) or (value.is_integer() and abs(value) < 1e9)
    text = f"{int(value):,}" if whole else f"{value:.3g}"
    return text.replace("-", "\u2212", 1) if value < 0 else text


def _style_sheet() -> str:
    return (resources.files("headrisk.report") / "templates" / "report.css").read_text("utf-8")
