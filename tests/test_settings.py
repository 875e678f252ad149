"""Settings: what a file may hold, and what a wrong one is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from headrisk.errors import UsageError
from headrisk.settings import Settings, read_settings

VALID = st.builds(
    Settings,
    seed=st.integers(0, 2**63 - 1),
    resolution_mm=st.sampled_from([2, 3, 4]),
    alignment=st.sampled_from(["affine", "rigid"]),
    accurate=st.booleans(),
    contrasts=st.lists(st.text("abcT12w", min_size=1), min_size=1, max_size=3).map(tuple),
    mated_prior=st.floats(0, 1, exclude_min=True, exclude_max=True),
    folds=st.integers(2, 50),
    bootstrap=st.integers(100, 10_000),
    one_to_one=st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(chosen=VALID)
def test_settings_survive_a_file(tmp_path_factory: pytest.TempPathFactory, chosen: Any) -> None:
    path = tmp_path_factory.mktemp("settings") / "settings.toml"
    path.write_text(tomli_w.dumps(chosen.as_dict()), "utf-8")
    assert read_settings(path) == chosen


def test_an_empty_file_means_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("")
    assert read_settings(path) == Settings()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("seed = 'one'", "seed = 'one'; expected a whole number, such as 0"),
        ("seed = true", "seed = True; expected a whole number"),
        ("seed = 1.5", "seed = 1.5; expected a whole number"),
        ("seed = -1", "-1; expected 0 or more"),
        ("accurate = 1", "accurate = 1; expected true or false"),
        ("alignment = 3", "alignment = 3; expected text"),
        ("alignment = 'elastic'", "'elastic'; expected affine or rigid"),
        ("mated_prior = 'half'", "mated_prior = 'half'; expected a number"),
        ("mated_prior = nan", "nan; expected between 0 and 1"),
        ("mated_prior = 1", "1; expected between 0 and 1"),
        ("contrasts = 'T1w'", "contrasts = 'T1w'; expected a list of texts"),
        ("contrasts = [1]", r"contrasts = \[1\]; expected a list of texts"),
        ("contrasts = []", "expected at least one suffix"),
        ("resolution_mm = 5", "5; expected 2, 3 or 4"),
        ("resolution = 4", "unknown setting 'resolution'; expected one of seed, "),
        ("[seed]\nvalue = 1", "expected a whole number"),
        ("seed = ", "expected a TOML file"),
    ],
)
def test_a_wrong_line_is_told_what_was_expected(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(line)
    with pytest.raises(UsageError, match=message):
        read_settings(path)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\0", None])
def test_what_is_no_text_file(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "settings.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match="expected a TOML file"):
        read_settings(path)
