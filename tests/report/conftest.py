"""One written report for the tests that only read it, and figures drawn once."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from simulated_report import RUN, simulated_report

sys.path.append(str(Path(__file__).parents[1] / "browser"))
from simulated_pages import write_pages

from headrisk.report import html, internal
from headrisk.report.write import write_report

_DRAWN: dict[bytes, Any] = {}


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of a simulated audit; do not change it."""
    out = tmp_path_factory.mktemp("audit") / "out"
    write_report(*simulated_report(), out, RUN)
    return out


@pytest.fixture(scope="session")
def all_pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of every page that headrisk writes, from simulated results."""
    folder = tmp_path_factory.mktemp("pages")
    write_pages(folder)
    return folder


@pytest.fixture
def drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures of equal results are drawn once for all tests that look at something else."""

    def remembered(draw: Callable[..., Any]) -> Callable[..., Any]:
        def again(*results: Any) -> Any:
            key = pickle.dumps((draw.__name__, results))
            if key not in _DRAWN:
                _DRAWN[key] = draw(*results)
            return _DRAWN[key]

        return again

    monkeypatch.setattr(html, "section_figures", remembered(html.section_figures))
    monkeypatch.setattr(internal, "matrix_png", remembered(internal.matrix_png))
