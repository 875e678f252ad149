"""The documentation: what is made from the code is whole; pages load nothing from outside."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote, urlsplit

import pytest

import headrisk
from headrisk.cli.main import COMMANDS
from headrisk.report.columns import TABLES
from headrisk.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
WORDS_IN_README = 900


@pytest.fixture(scope="module")
def site() -> Iterator[ModuleType]:
    """``tools/docs_site.py``."""
    path, columns = list(sys.path), os.environ.get("COLUMNS")
    sys.path.insert(0, str(ROOT / "tools"))
    yield importlib.import_module("docs_site")
    sys.path[:] = path
    if columns is None:
        os.environ.pop("COLUMNS", None)


def test_every_option_of_every_command_is_in_the_reference(site: ModuleType) -> None:
    page = site.commands_page()
    for name in COMMANDS:
        parser = argparse.ArgumentParser()
        importlib.import_module(f"headrisk.cli.{name}").add_arguments(parser)
        part = page.split(f"## headrisk {name}\n", 1)[1].split("\n## ", 1)[0]
        for action in parser._actions:
            for option in action.option_strings:
                if option not in ("-h", "--help"):
                    assert re.search(rf"`{re.escape(option)}\b", part), (name, option)


def test_every_setting_has_a_meaning_and_its_default(site: ModuleType) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+)$", site.settings_page(), re.MULTILINE))
    assert set(rows) == {field.name for field in dataclasses.fields(Settings)}
    assert rows["resolution_mm"].endswith("| `4` |")
    assert all(len(row.split(" | ")[0]) > 10 for row in rows.values())


def test_every_column_is_in_the_data_dictionary(site: ModuleType) -> None:
    page = site.columns_page()
    for kind in TABLES:
        for name in kind.columns:
            assert f"`{name}`" in page
        assert f"`{site._file(kind.name)}`" in page


def test_every_public_name_is_in_the_python_reference(site: ModuleType) -> None:
    page = site.python_page()
    for name in headrisk.__all__:
        if name != "__version__":
            assert re.search(rf"^::: [\w.]+\.{name}$", page, re.MULTILINE)


def test_the_readme_is_short() -> None:
    words = (ROOT / "README.md").read_text("utf-8").split()
    assert len(words) <= WORDS_IN_README


class _Loads(HTMLParser):
    """What a page loads without being asked to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        if tag == "link" and values.get("rel") in ("canonical", "next", "prev"):
            return
        for key in ("href",) if tag in ("link", "use") else ("src", "srcset", "data", "poster"):
            if tag != "a" and values.get(key):
                self.found.append(str(values[key]))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly without a network."""
    pytest.importorskip("mkdocs")
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "-d", str(out)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.slow
def test_pages_load_nothing_from_outside(built: Path) -> None:
    pages = sorted(built.rglob("*.html"))
    assert len(pages) > 25
    for path in pages:
        loads = _Loads()
        loads.feed(path.read_text("utf-8"))
        assert loads.found
        for address in loads.found:
            parts = urlsplit(address)
            assert parts.scheme in ("", "data"), (path.name, address)
            assert not parts.netloc, (path.name, address)
            if parts.path and not parts.scheme and path.name != "404.html":
                assert (path.parent / unquote(parts.path)).exists(), (path.name, address)


@pytest.mark.slow
def test_scripts_and_styles_know_no_other_host(built: Path) -> None:
    for path in sorted(built.rglob("assets/**/*")):
        if path.suffix in (".js", ".css"):
            text = path.read_text("utf-8")
            assert not re.search(r"unpkg|jsdelivr|cdnjs|googleapis|@import", text), path.name
