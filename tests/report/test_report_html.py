"""The pages: self-contained, plain about too little data, deaf to hostile labels."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from simulated_report import RUN, SETTINGS, scan_rows, simulated_report, with_labels

from headrisk.attacks.section import modality_section
from headrisk.findings.linkage import candidate_links
from headrisk.findings.records import Condition, Counts, Internal, ModalitySection, Report
from headrisk.report.words.captions import CAPTIONS
from headrisk.report.write import write_report
from headrisk.settings import DEFAULT_MEASURES
from headrisk.statistics.summary import summarise
from headrisk.types import Estimate, PairScores

pytestmark = pytest.mark.usefixtures("drawn_once")

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</svg></div><h1>own</h1>",
    "{{ 7 * 191 }}{% raw %}",
    r"$\frac{1}{$",
    "tab\there\nline",
    "]]>&amp;' onload='x",
    "javascript:alert(1)",
]
FORBIDDEN = re.compile(r"\b(un)?safe(ly|ty)?\b|anonym|certif", re.IGNORECASE)
PAGES = ["report.html", "internal/report.html"]


class Page(HTMLParser):
    """Tags with their attributes, and the visible text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page(out: Path, name: str = "report.html") -> Page:
    return Page((out / name).read_text())


@pytest.mark.parametrize("name", PAGES)
def test_page_asks_for_nothing_from_outside(written: Path, name: str) -> None:
    text = re.sub(r"base64,[\w+/=]+", "base64,", (written / name).read_text())
    assert re.search(r"https?:|//[a-z]|@import|url\((?!#)", text) is None
    found = page(written, name)
    assert {tag for tag, _ in found.tags}.isdisjoint(
        {"script", "link", "iframe", "object", "embed", "form", "base", "image", "foreignobject"}
    )
    for _, attributes in found.tags:
        assert not [key for key in attributes if key.startswith("on")]
        for key in ("src", "href"):
            value = attributes.get(key) or "#"
            beside = (
                "#",
                "texts.html",
                "methods.md",
                "data:image/png;base64,",
                "data:image/jpeg;base64,",
            )
            assert value.startswith(beside)


@pytest.mark.parametrize("name", PAGES)
def test_policy_allows_this_style_sheet_and_nothing_else(written: Path, name: str) -> None:
    text = (written / name).read_text()
    found = page(written, name)
    policy = next(m["content"] for m in found.named("meta") if "http-equiv" in m) or ""
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy
    (style,) = re.findall(r"<style>(.*?)</style>", text, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy
    assert not [attributes for _, attributes in found.tags if "style" in attributes]


def test_ids_are_unique_and_links_lead_somewhere(written: Path) -> None:
    for name in PAGES:
        tags = page(written, name).tags
        ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        targets = {(a.get("href") or "#")[1:] for _, a in tags if a.get("href", "")[:1] == "#"}
        assert targets <= set(ids)
        clips = set(re.findall(r"url\(#([^)]*)\)", (written / name).read_text()))
        assert clips <= set(ids)


def test_first_pages_say_which_data_what_was_found_and_what_follows(written: Path) -> None:
    text = page(written).text
    summary = text[: text.index("Annex: contents")]
    for heading in ("Data and findings", "What follows", "What was not tested", "Decision"):
        assert heading in summary
    assert re.search(
        r"\d+ to \d+ of 40 people were linked to their other scan \(\d+ to \d+\s%; "
        r"highest count \d+ to \d+\s%; luck [\d.]+\s%\)\.",
        summary,
    )
    assert "Count 2 of 42 people as linked by brains" in summary
    assert "2 of 42 people could not be searched for, as scans failed" in text
    assert "No copy without faces was given" in summary


def test_every_figure_has_alternative_explanation_and_numbers(written: Path) -> None:
    text = (written / "report.html").read_text()
    plots = re.findall(r"<figure id.*?</figure>", text, flags=re.DOTALL)
    assert len(plots) == 7
    for plot in plots:
        assert re.search(r'role="img" aria-label="[^"]{40,}"', plot)
        (how,) = re.findall(r'href="#(how-[a-z-]+)"', plot)
        (said,) = re.findall(rf'<h3 id="{how}">.*?</dl>', text, flags=re.DOTALL)
        for part in ("What it shows", "A good result", "A bad result", "What to do"):
            assert said.count(f"<dt>{part}</dt>") == 1
        names = re.findall(r"<code>(tables/[^<]+\.tsv)</code>", plot)
        assert names
        assert all((written / name).is_file() for name in names)


def test_nothing_is_promised(written: Path) -> None:
    for path in written.rglob("*"):
        if path.suffix in {".html", ".md", ".json", ".tsv", ".toml"}:
            text = re.sub(r"data:image/png;base64,[\w+/=]+", "", path.read_text())
            assert FORBIDDEN.search(text) is None, path.name
    for caption in CAPTIONS.values():
        assert FORBIDDEN.search(" ".join(vars(caption).values())) is None


def test_page_of_all_measures_stays_small(tmp_path: Path) -> None:
    report, _ = simulated_report()
    section = report.modalities[0]
    first, tables = section.measures[0], section.tables
    many = replace(
        section,
        measures=tuple(replace(first, name=name) for name in DEFAULT_MEASURES),
        tables={
            f"{kind}-{name}": tables[f"{kind}-{first.name}"]
            for kind in ("scores", "density", "det", "cmc")
            for name in DEFAULT_MEASURES
        },
    )
    write_report(replace(report, modalities=(many,)), Internal(), tmp_path, RUN)
    assert (tmp_path / "report.html").stat().st_size < 500_000


def test_hostile_labels_stay_text(tmp_path: Path) -> None:
    report, internal = simulated_report()
    rate = Estimate(0.5, 0.3, 0.7, 20)
    section = replace(
        report.modalities[0],
        conditions=tuple(
            Condition(f"{label} condition", label, 20, 20, rate, 0.9) for label in HOSTILE
        ),
        compared=HOSTILE[0],
    )
    hostile = replace(
        report, modalities=(section,), title=HOSTILE[1], attacker=HOSTILE[3], notes=(HOSTILE[2],)
    )
    labels = [f"{label} {i}" for i, label in enumerate(HOSTILE)]
    write_report(hostile, with_labels(internal, labels), tmp_path, RUN)
    assert "results in full" in page(tmp_path, "internal/report.html").text
    for name in PAGES:
        found = page(tmp_path, name)
        assert not found.named("script")
        assert all("onerror" not in attributes for _, attributes in found.tags)
        assert len(found.named("h1")) == 1
        assert "1337" not in found.text
        assert "<script>alert(1)</script>" in found.text
    assert HOSTILE[4] in page(tmp_path).text
    rows = (tmp_path / "internal" / "scans.tsv").read_text().splitlines()
    assert len(rows) == 1 + len(internal.scans)
    assert {row.count("\t") for row in rows} == {rows[0].count("\t")}


def section_of(scores: PairScores, labels: list[str]) -> ModalitySection:
    summary = summarise(scores, settings=SETTINGS, rng=np.random.default_rng(0))
    return modality_section("brain", scan_rows(labels), [scores], [summary])


def test_one_person_is_too_little_data(tmp_path: Path) -> None:
    one = np.zeros(1, dtype=np.int64)
    scores = PairScores("mae", np.ones((1, 1)), np.ones((1, 1), bool), one, one)
    report = Report((section_of(scores, ["01"]),), SETTINGS.as_dict(), "0.1.0")
    write_report(report, Internal(), tmp_path, RUN)
    text = page(tmp_path).text
    assert "Too few people" in text
    source = (tmp_path / "report.html").read_text()
    assert "<figure" not in source
    assert 'class="card' not in source
    assert " of 10" not in text


def test_no_mates_is_too_little_data(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    scores = PairScores(
        "mae", rng.normal(size=(6, 6)), np.ones((6, 6), bool), np.arange(6), np.arange(6) + 10
    )
    report = Report((section_of(scores, list("abcdef")),), SETTINGS.as_dict(), "0.1.0")
    write_report(report, Internal(), tmp_path, RUN)
    assert "Nobody has two comparable scans" in page(tmp_path).text


def test_nothing_at_all_still_makes_a_report(tmp_path: Path) -> None:
    empty = ModalitySection("brain", Counts(3, 3, 3, 0, 0, 0))
    for number, report in enumerate(
        (Report((), SETTINGS.as_dict(), "0.1.0"), Report((empty,), SETTINGS.as_dict(), "0.1.0"))
    ):
        out = tmp_path / str(number)
        write_report(report, Internal(), out, RUN)
        assert re.search("No attack could be tried|Too few people", page(out).text)
        assert "too little data" in page(out, "internal/report.html").text.lower()


def test_attack_that_does_not_beat_its_control_gets_a_banner(tmp_path: Path) -> None:
    report, internal = simulated_report()
    section = report.modalities[0]
    weak = replace(section, measures=section.measures[::-1])
    write_report(replace(report, modalities=(weak,)), internal, tmp_path, RUN)
    assert "not shown to link people here" in page(tmp_path).text
    assert 'class="notice alert"' in (tmp_path / "report.html").read_text()


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        ("#1b2733", "#ffffff"),
        ("#4a5763", "#ffffff"),
        ("#4a5763", "#fef8f4"),
        ("#3d4853", "#f8f9fb"),
        ("#0b5c94", "#f6f8fa"),
        ("#c9d8e4", "#10324a"),
        ("#8f3a00", "#fdf0e6"),
        ("#6b4a00", "#fff6e0"),
        ("#8c1d18", "#fdf1f0"),
        ("#ffffff", "#b84e00"),
        ("#1b2733", "#f0a36b"),
        ("#f6dcd2", "#5a1e12"),
        ("#5b6570", "#ffffff"),
    ],
)
def test_text_colours_meet_wcag_aa(ink: str, paper: str, written: Path) -> None:
    style = (written / "report.html").read_text().lower()
    light, dark = sorted((_luminance(ink), _luminance(paper)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5
    assert ink in style.replace("#fff;", "#ffffff;")


def test_internal_page_lists_links_of_the_headline_measure_alone(tmp_path: Path) -> None:
    report, internal = simulated_report()
    other = candidate_links(internal.matrices[1], 0.0, 1)
    links = (replace(link, attack="brain") for link in (*internal.links, *other))
    both = replace(internal, links=tuple(links))
    write_report(report, both, tmp_path, RUN)
    source = (tmp_path / "internal" / "report.html").read_text()
    cells = re.findall(r"<td[^>]*>(residual-correlation|mae)</td>", source)
    assert set(cells) == {"residual-correlation"}
    assert (tmp_path / "internal" / "links.tsv").read_text().count("\tmae\t") == len(other)
