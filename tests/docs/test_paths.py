"""What the pages for developers name is there: paths, functions of the text, and links."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "headrisk"
PAGES = ["CONTRIBUTING.md", "docs/architecture.md", "docs/api.md", "docs/development.md"]
# Of users' packages and outputs, and folders by another name than in this repository.
ELSEWHERE = re.compile(r"^(/|OUT/|mypackage|store/|tables/|internal/|build/|dist/|docs/reference/)")
_PATH = re.compile(r"`([\w./{}*-]+(?:\.py|\.toml|\.json|\.md|\.yml|/))`")


def named(page: str) -> list[str]:
    text = (ROOT / page).read_text("utf-8")
    return sorted({path for path in _PATH.findall(text) if not ELSEWHERE.match(path)})


def there(path: str) -> bool:
    """Whether it is a path from the root, from the package, or of one room of it."""
    starts = [
        ROOT,
        ROOT / "examples",
        ROOT / "src",
        SOURCE,
        *(one for one in SOURCE.iterdir() if one.is_dir()),
    ]
    starts += [one for one in SOURCE.glob("*/*/") if one.is_dir()]
    return any(next(start.glob(path.rstrip("/")), None) for start in starts)


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_exists(page: str) -> None:
    found = named(page)
    assert len(found) > (0 if page == "docs/api.md" else 3)
    made = {"report.json", "columns.json", "pyproject.toml", "headrisk.cdx.json"}  # by a run
    assert [path for path in found if not there(path) and path not in made] == []


def test_the_house_on_one_page_names_every_room() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    block = text.split("```")[1]
    rooms = {path.name for path in SOURCE.iterdir() if (path / "__init__.py").is_file()}
    told = set(chain.from_iterable(re.findall(r"\b([a-z]+)/", line) for line in block.splitlines()))
    assert rooms <= told
    alone = {path.stem for path in SOURCE.glob("*.py")} - {"__init__"}
    missing = {name for name in alone if f"{name}.py" not in block and name not in block}
    assert missing <= {"durations", "job", "intake", "testing"}


@pytest.mark.parametrize("page", PAGES)
def test_links_between_pages_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    for target, anchor in re.findall(r"\]\((?!https?:)([\w./-]*)(?:#([\w-]+))?\)", text):
        place = (ROOT / page).parent / target if target else ROOT / page
        assert place.exists(), target
        if anchor and place.suffix == ".md":
            heads = re.findall(r"^#+ (.+)$", place.read_text("utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}
            assert anchor in slugs, (target, anchor)
