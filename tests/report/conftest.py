"""One written report for the tests that only read it."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulated_report import RUN, simulated_report

from headrisk.report.write import write_report


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of a simulated audit; do not change it."""
    out = tmp_path_factory.mktemp("audit") / "out"
    write_report(*simulated_report(), out, RUN)
    return out
