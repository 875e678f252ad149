"""The worked example: a messy release, audited, cleaned, de-identified, audited again."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "messy_release.py"


def example() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("messy_release", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a whole worked example in coarse voxels."""
    folder = tmp_path_factory.mktemp("worked")
    example().worked_example(folder, people=5, voxel_mm=2.5)
    return folder


def report(folder: Path) -> dict[str, object]:
    return json.loads((folder / "report.json").read_text("utf-8"))  # type: ignore[no-any-return]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_second_release_holds_no_face_and_no_name(told: Path) -> None:
    before, after = (example().figures(told / name) for name in ("before", "after"))
    assert int(before["images with a face"]) > 0
    assert int(before["archives beside them"]) == 1
    assert int(before["failed"]) >= 1
    for gone in ("images with a face", "images with a part of a face", "archives beside them"):
        assert after[gone] == "0"
    assert after["images in the data set"] == after["looked at"]
    for path in (told / "second").rglob("*"):
        if path.is_file() and not path.name.endswith(".nii.gz"):
            text = path.read_text("utf-8")
            for name in ("Doe", "Miller", "Silva", "7946", "Example Hospital"):
                assert name not in text, path


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_what_was_wrong_was_told_and_the_brain_still_links(told: Path) -> None:
    found = report(told / "metadata")["modalities"]
    assert "direct identifier" in json.dumps(found)
    before, after = (example().figures(told / name) for name in ("before", "after"))
    assert before["linked by brain"][0] != "t"
    assert after["linked by brain"][0] != "t"
    page = (told / "after" / "compare.html").read_text("utf-8")
    assert "other images were looked at" in page
    assert "less risk" not in page.split('id="differences"')[0]
    assert (told / "summary.md").read_text("utf-8").startswith("| figure | before | after |")
