"""A demonstration in a folder that holds something: an earlier one is replaced, or nothing goes."""

from pathlib import Path

import pytest

from headrisk.cli.demo import _clear
from headrisk.errors import UsageError


def _demo(out: Path) -> tuple[Path, Path]:
    data, photos = out / "data", out / "photos"
    for folder, mark in ((data, "sourcedata/truth.tsv"), (photos, "photos.tsv")):
        (folder / mark).parent.mkdir(parents=True)
        (folder / mark).write_text("participant_id\n")
    return data, photos


def test_data_and_photographs_of_an_earlier_demo_are_removed_together(tmp_path: Path) -> None:
    data, photos = _demo(tmp_path)
    (tmp_path / "report.html").write_text("")
    _clear(data, photos)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    _clear(data, photos)  # and a new folder is none to remove


@pytest.mark.parametrize("foreign", ["sourcedata/truth.tsv", "photos.tsv"])
def test_nothing_is_removed_where_one_of_them_is_no_demos(tmp_path: Path, foreign: str) -> None:
    data, photos = _demo(tmp_path)
    (data if "/" in foreign else photos).joinpath(foreign).unlink()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match="a folder that no demo made"):
        _clear(data, photos)
    assert sorted(tmp_path.rglob("*")) == before
