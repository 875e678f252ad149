"""The face route from scans and photographs on disk to the report, on synthetic twins."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from headrisk.cli.main import main
from headrisk.face.twins.cohort import TwinSettings, write_twins
from headrisk.face.twins.photo_settings import PhotoSettings
from headrisk.face.twins.volume import TwinScanSettings

PEOPLE = 5
SMALL = TwinSettings(
    photos=1,
    scan=TwinScanSettings(voxel_mm=(2.0, 2.0, 2.0)),
    photo=PhotoSettings(size=(256, 280), lights=0.0, glasses=0.0),
)
BAD = (
    ("sub-001", "unasked.jpg", "", "2100-01-01", "refused"),
    ("sub-002", "old.jpg", "C2", "2001-01-01", "refused"),
    ("sub-003", "grey.png", "C3", "2100-01-01", "failed"),
    ("sub-004", "torn.jpg", "C4", "2100-01-01", "failed"),
    ("sub-005", "gone.jpg", "C5", "2100-01-01", "failed"),
    ("sub-777", "stranger.jpg", "C7", "2100-01-01", "unknown person"),
)


def face(out: Path) -> dict[str, Any]:
    section: dict[str, Any] = json.loads((out / "report.json").read_text())["modalities"]["face"]
    return section


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def spoil(table: Path) -> None:
    """Add a row of every kind of photograph that cannot be used, and a stranger's."""
    folder = table.parent
    first = {row["participant_id"]: folder / row["path"] for row in reversed(rows(table))}
    shutil.copy(first["sub-001"], folder / "unasked.jpg")
    shutil.copy(first["sub-002"], folder / "old.jpg")
    with Image.open(first["sub-002"]) as picture:
        picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "stranger.jpg")
    Image.fromarray(np.full((200, 180), 90, np.uint8)).save(folder / "grey.png")
    (folder / "torn.jpg").write_bytes(first["sub-004"].read_bytes()[:3000])
    with table.open("a", encoding="utf-8") as stream:
        stream.writelines("\t".join(row[:4]) + "\n" for row in BAD)


def test_the_face_route_from_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every scan and photograph is accounted for; one or two processes give the same bytes."""
    data, photos, out = tmp_path / "data", tmp_path / "photos", tmp_path / "out"
    table = write_twins(data, photos, PEOPLE, SMALL, np.random.default_rng(1003))
    spoil(table)
    words = ["faces", str(data), str(out), "--photos", str(table)]
    assert main([*words, "--nprocs", "1"]) == 0
    assert "Is there a face left?" in capsys.readouterr().out
    section = face(out)
    assert section["counts"]["scans"] == section["counts"]["gallery_size"] == PEOPLE
    assert section["counts"]["mated_pairs"] == section["counts"]["searched"] == PEOPLE
    assert section["counts"]["nonmated_pairs"] == PEOPLE * (PEOPLE - 1) + PEOPLE  # and a stranger
    assert section["measure_order"] == [
        "headrisk",
        *(f"dlib-{x}" for x in ("best", "mean", "sum", "svm")),
    ]
    assert section["measures"]["headrisk"]["rank1"]["value"] > 0.5
    told = rows(out / "internal" / "photographs.tsv")
    assert len(told) == PEOPLE + len(BAD)
    assert [row["status"] for row in told[PEOPLE:]] == [row[4] for row in BAD]
    assert all(row["reason"] for row in told[PEOPLE:] if row["status"] != "unknown person")
    ranked = rows(out / "internal" / "candidates.tsv")
    assert len(ranked) == (PEOPLE + 1) * PEOPLE
    assert all(0 <= float(row["confidence"]) <= 1 for row in ranked)
    assert {row["seen_by_centerface"] for row in rows(out / "internal" / "faces.tsv")} == {"1"}
    for public in [*out.glob("*.html"), *out.glob("*.json"), *out.glob("tables/*")]:
        text = public.read_text("utf-8")
        assert "sub-00" not in text
        assert "photo-00" not in text
        assert "data:image" not in text

    again = tmp_path / "again"
    assert main(["faces", str(data), str(again), *words[3:], "--nprocs", "2"]) == 0
    assert (again / "report.json").read_bytes() == (out / "report.json").read_bytes()

    assert main([*words[:3], "--nprocs", "1"]) == 0
    assert "No photographs were given" in capsys.readouterr().out
    section = face(out)
    assert (section["measure_order"], section["counts"]["searched"]) == ([], 0)
    assert "in 5" in next(p["answer"] for p in section["panels"] if p["name"] == "presence")
    assert "No search." in (out / "report.html").read_text()


def test_a_table_that_cannot_be_read_is_refused(
    cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["faces", str(cohort), str(tmp_path / "out"), "--photos"]
    assert main([*words, str(tmp_path / "none.tsv"), "--nprocs", "1"]) == 3
    assert "none.tsv" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--recognisers", "eigenfaces"], "eigenfaces"),
        (["--protocol", "own"], "invalid choice"),
    ],
)
def test_what_cannot_be_asked_for_is_said_before_any_work(
    options: list[str], said: str, cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["faces", str(cohort), str(tmp_path / "out"), *options]
    try:
        code = main(words)
    except SystemExit as stop:
        code = int(str(stop.code))
    assert code == 2
    assert said in capsys.readouterr().err
