"""Every page in a real browser: no network, no script, no console error, readable, printable."""

from __future__ import annotations

import base64
import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from simulated_pages import PAGES

pytestmark = pytest.mark.allow_hosts(["127.0.0.1", "::1", "localhost"])

LARGEST = 2 * 1024 * 1024
AXE = files("axe_core_python").joinpath("axe.min.js").read_text("utf-8")
RUN_AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ["violations"]}).then(
  found => done(found.violations.map(v => [
    v.impact, v.id, v.nodes.slice(0, 3).map(n => n.html.slice(0, 150))])),
  error => done([["critical", "axe failed", [String(error)]]]));
"""
TOO_WIDE = """
const width = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth <= width) { return []; }
return [...document.querySelectorAll("main *, header *")]
  .filter(e => e.getBoundingClientRect().right > width + 1 && !e.parentElement.closest(".table"))
  .map(e => e.outerHTML.slice(0, 120));
"""
CAPTION = ["What it shows", "A good result", "A bad result", "What to do"]
FIGURES = """
return [...document.querySelectorAll("figure")].filter(
  f => f.querySelector(".plot")).map(f => {
    const how = f.querySelector("figcaption a[href^='#how-']");
    const said = how ? document.querySelector(how.getAttribute("href") + " + dl") : f;
    return {
      title: f.querySelector("h3") ? f.querySelector("h3").innerText : "",
      parts: [...said.querySelectorAll("dt")].map(e => e.innerText),
      words: [...said.querySelectorAll("dd")].map(e => e.innerText),
      alt: (f.querySelector("img") || {}).alt || f.querySelector(".plot").ariaLabel,
      tables: [...f.querySelectorAll("figcaption code")].map(e => e.innerText)};
  });
"""
OPEN_ALL = "document.querySelectorAll('details').forEach(one => { one.open = true; });"
CUT_OFF = """
return [...document.querySelectorAll(".table, .plot, main")]
  .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.outerHTML.slice(0, 200));
"""
NOT_PRINTED = """
return [...document.querySelectorAll("details p, details td, details li, details dd")]
  .filter(e => e.textContent.trim() && e.getBoundingClientRect().height === 0)
  .map(e => e.outerHTML.slice(0, 200));
"""
PRINTED_WIDTH, PRINTED_HEIGHT = 680, 1012  # CSS pixels of an A4 page inside its margins


def resize(browser: webdriver.Chrome, width: int) -> None:
    """A window of this many CSS pixels, whatever the least width of a real one."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def visit(browser: webdriver.Chrome, path: Path, width: int = 1200) -> None:
    resize(browser, width)
    browser.get(path.as_uri())


@pytest.mark.parametrize("name", PAGES)
def test_page_opens_alone(browser: webdriver.Chrome, pages: Path, name: str) -> None:
    """No request but for the file itself, and no word on the console."""
    for kind in ("browser", "performance"):
        browser.get_log(kind)  # of earlier pages
    visit(browser, pages / name)
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = [
        e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"
    ]
    assert (pages / name).as_uri() in urls  # the log does record
    asked = [u for u in urls if u != (pages / name).as_uri() and not u.startswith("data:")]
    assert asked == []
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("name", PAGES)
def test_page_needs_no_script(browser: webdriver.Chrome, pages: Path, name: str) -> None:
    """What is laid out with JavaScript off holds the title and every heading."""
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        visit(browser, pages / name)
        browser.execute_cdp_cmd("DOMSnapshot.enable", {})
        shot = browser.execute_cdp_cmd("DOMSnapshot.captureSnapshot", {"computedStyles": []})
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    laid_out = [i for i in shot["documents"][0]["layout"]["text"] if i >= 0]
    text = " ".join(shot["strings"][i] for i in laid_out)
    page = (pages / name).read_text()
    headings = re.findall(r"<h2[^>]*>([^<&]+)</h2>", page)
    assert headings
    assert [h for h in headings if h.strip() not in text] == []
    assert len(text) > 800


@pytest.mark.parametrize("width", [1100, 768, 390])
@pytest.mark.parametrize("name", PAGES)
def test_page_is_accessible(browser: webdriver.Chrome, pages: Path, name: str, width: int) -> None:
    """Nothing that axe calls serious or critical; nothing sticks out of the window."""
    visit(browser, pages / name, width)
    browser.execute_script(OPEN_ALL)
    assert browser.execute_script(TOO_WIDE) == []
    browser.execute_script(AXE)
    found: list[list[Any]] = browser.execute_async_script(RUN_AXE)
    assert [one for one in found if one[0] in ("serious", "critical")] == []


@pytest.mark.parametrize("name", PAGES)
def test_page_prints(browser: webdriver.Chrome, pages: Path, name: str) -> None:
    """A4 pages come out, and not a sheet for every line."""
    visit(browser, pages / name)
    paper = {"paperWidth": 8.27, "paperHeight": 11.69, "preferCSSPageSize": True}
    answer = browser.execute_cdp_cmd("Page.printToPDF", paper)
    content = base64.b64decode(answer["data"])
    assert content.startswith(b"%PDF-")
    assert 0 < len(re.findall(rb"/Type\s*/Page\b", content)) <= 60


@pytest.mark.parametrize("name", [name for name in PAGES if "internal" not in name])
def test_nothing_is_cut_off_in_a_narrow_window(
    browser: webdriver.Chrome, pages: Path, name: str
) -> None:
    """At 390 pixels no table or figure has to be moved sideways."""
    visit(browser, pages / name, 390)
    browser.execute_script(OPEN_ALL)
    assert browser.execute_script(CUT_OFF) == []


@pytest.mark.parametrize("name", ["audit/report.html", "few/report.html", "metadata/report.html"])
def test_print_holds_what_is_folded_and_begins_with_two_pages(
    browser: webdriver.Chrome, pages: Path, name: str
) -> None:
    visit(browser, pages / name, PRINTED_WIDTH)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert browser.execute_script(NOT_PRINTED) == []
        end = "return document.querySelector('.decide').getBoundingClientRect().bottom"
        assert (
            browser.execute_script(end) + browser.execute_script("return window.scrollY")
            <= 2 * PRINTED_HEIGHT
        )
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


@pytest.mark.parametrize("name", PAGES)
def test_page_is_small_and_admits_nothing(pages: Path, name: str) -> None:
    """Needs no browser: file size, language, and a policy that starts from none."""
    assert (pages / name).stat().st_size <= LARGEST
    page = (pages / name).read_text()
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert set(rules) == {"default-src", "img-src", "style-src", "base-uri", "form-action"}
    assert rules["img-src"] == "data:"
    assert "unsafe" not in policy


@pytest.mark.parametrize("name", PAGES)
def test_a_script_would_be_refused(
    browser: webdriver.Chrome, pages: Path, name: str, tmp_path: Path
) -> None:
    """The policy works: a script and a picture from elsewhere, put into the page, do nothing."""
    planted = '<script>document.title = "ran"</script><img alt="" src="http://127.0.0.1:9/x.png">'
    page = (pages / name).read_text().replace("</main>", planted + "</main>")
    (tmp_path / "page.html").write_text(page)
    browser.get_log("browser")
    visit(browser, tmp_path / "page.html")
    assert browser.title != "ran"
    said = " ".join(entry["message"] for entry in browser.get_log("browser"))
    assert said.count("Content Security Policy") >= 2


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("audit/report.html", 10),
        ("audit/internal/report.html", 1),
        ("duplicates/internal/duplicates.html", 2),
    ],
)
def test_each_figure_is_explained(
    browser: webdriver.Chrome, pages: Path, name: str, least: int
) -> None:
    """A title, a caption in four parts, a text alternative and the table of its numbers."""
    visit(browser, pages / name)
    figures: list[dict[str, Any]] = browser.execute_script(FIGURES)
    assert len(figures) >= least
    for one in figures:
        assert one["title"], one
        assert one["parts"] == CAPTION, one["title"]
        assert min(len(words) for words in one["words"]) > 10, one["title"]
        assert len(one["alt"] or "") > 20, one["title"]
        assert one["tables"], one["title"]
        for table in one["tables"]:
            assert ((pages / name).parent / table).stat().st_size > 0
