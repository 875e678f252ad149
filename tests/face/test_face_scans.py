"""Scans searched among scans by their faces: scores on made templates, and whole runs on heads."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrisk.cli import options
from headrisk.cli.main import main
from headrisk.face.head import HeadResult
from headrisk.face.packed import pack
from headrisk.face.recognise.protocol import FaceTemplate, Recogniser
from headrisk.face.recognise.registry import recognisers
from headrisk.face.scores import scan_scores
from headrisk.heads.identity import draw_identity, neutral, pose_head
from headrisk.heads.shapes import load_shapes
from headrisk.synthetic.people.cohort import PeopleSettings, write_people
from headrisk.synthetic.people.session import OTHER_DAY, SessionChange, draw_visit, heavier
from headrisk.synthetic.people.volume import PersonScanSettings

ASKED: list[Recogniser] = list(recognisers(("dlib", "sface"), {}))
RENDERS = 3


def head(name: str, who: np.ndarray, visit: float, rng: np.random.Generator) -> HeadResult:
    """A head whose templates lie about ``who``; ``visit`` is how far one session lies off."""
    day = who + visit * rng.normal(size=who.shape)
    found = {
        one.name: pack(
            [
                FaceTemplate(
                    (day + 0.2 * rng.normal(size=day.shape)).astype(np.float32),
                    inner=np.float16(day) if one.name == "dlib" else None,
                )
                for _ in range(RENDERS)
            ]
        )
        for one in ASKED
    }
    return HeadResult(name, "ok", "", 0.0, templates=found)


def two_visits(people: int, visit: float, seed: int) -> tuple[list[HeadResult], list[HeadResult]]:
    """The same people on two days."""
    rng = np.random.default_rng(seed)
    everybody = 1.0 + rng.normal(size=(people, 128))
    first, second = (
        [head(f"{k}", who, visit, rng) for k, who in enumerate(everybody)] for _ in range(2)
    )
    return first, second


@settings(max_examples=8)
@given(st.integers(5, 20), st.integers(0, 2**31))
def test_people_are_found_by_every_measure(people: int, seed: int) -> None:
    first, second = two_visits(people, 0.3, seed)
    found = scan_scores(first, second, np.ones((people, people), bool), ASKED)
    assert list(found) == ["headrisk", "dlib-mean", "dlib-centred", "sface-mean", "sface-centred"]
    for name, one in found.items():
        assert one.usable.all()
        right = np.argmax(one.values, axis=1) == np.arange(people)
        assert right.mean() == 1.0 if name == "headrisk" else right.mean() > 0.8


def test_the_mean_is_the_mean_over_all_pairs_of_renders() -> None:
    first, second = two_visits(4, 0.5, 1)
    found = scan_scores(first, second, np.ones((4, 4), bool), ASKED)["sface-mean"].values
    for i, one in enumerate(first):
        for j, other in enumerate(second):
            left, right = (h.templates["sface"].rows.astype(float) for h in (one, other))
            pairs = [a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a in left for b in right]
            np.testing.assert_allclose(found[i, j], np.mean(pairs), atol=1e-9)


def test_other_people_are_at_chance() -> None:
    first, _ = two_visits(60, 0.3, 2)
    _, second = two_visits(60, 0.3, 3)
    values = scan_scores(first, second, np.ones((60, 60), bool), ASKED)["headrisk"].values
    assert np.mean(np.argmax(values, axis=1) == np.arange(60)) < 0.12


def test_what_may_not_be_compared_changes_no_score() -> None:
    """A scan's likeness with itself, which no attacker has, must not scale the others."""
    first, second = two_visits(8, 0.3, 4)
    both = [*first, *second]
    usable = ~np.eye(16, dtype=bool)
    one = scan_scores(both, both, usable, ASKED)["headrisk"]
    assert not one.usable.diagonal().any()
    others = np.where(usable, one.values, -np.inf)
    assert (np.argmax(others, axis=1) == (np.arange(16) + 8) % 16).all()
    rows = np.array([row[keep] for row, keep in zip(one.values, usable, strict=True)])
    parts = rows.mean(axis=1)
    np.testing.assert_allclose(parts, 0.0, atol=1e-9)  # each row is centred without it


def test_a_head_without_a_face_for_one_network_is_judged_by_the_other() -> None:
    first, second = two_visits(6, 0.3, 5)
    first[2].templates["sface"] = pack([None] * RENDERS)  # type: ignore[index]
    found = scan_scores(first, second, np.ones((6, 6), bool), ASKED)
    assert not found["sface-mean"].usable[2].any()
    assert found["headrisk"].usable.all()
    assert np.argmax(found["headrisk"].values[2]) == 2


def test_visits_differ_and_stay_the_person() -> None:
    shapes, rng = load_shapes(), np.random.default_rng(6)
    identity = draw_identity(shapes, rng)
    days = [draw_visit(shapes, identity, 2.0, 0.7, OTHER_DAY, rng) for _ in range(40)]
    assert len({day.sag_mm for day in days}) > 30
    assert all(0 <= day.ears_pressed <= 1 and day.sag_mm >= 0 for day in days)
    assert all(day.expression.eyes_closed == 1.0 for day in days)
    still = draw_visit(shapes, identity, 2.0, 0.7, SessionChange(), rng)
    assert still.identity is not None
    np.testing.assert_array_equal(still.identity.coefficients, identity.coefficients)
    assert (still.sag_mm, still.ears_pressed, still.surface_error_mm) == (2.0, 0.7, 0.0)


def test_weight_moves_the_cheeks_and_not_the_skull() -> None:
    shapes = load_shapes()
    still = neutral(shapes, eyes_closed=1.0)
    for seed in range(4):
        identity = draw_identity(shapes, np.random.default_rng(seed))
        surfaces = [
            pose_head(shapes, heavier(shapes, identity, change), expression=still).vertices
            for change in (-0.3, 0.0, 0.3)
        ]
        away = np.linalg.norm(surfaces[2] - surfaces[0], axis=1)
        assert 2.0 < away.max() < 15.0
        skull = surfaces[1][:, 2] > np.quantile(surfaces[1][:, 2], 0.9)
        assert away[skull].max() < away.max() / 4


@pytest.fixture
def with_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Audits and links compare faces, as they do by default."""
    for command in ("audit", "link"):
        monkeypatch.setattr(f"headrisk.cli.{command}.searches_faces", options.searches_faces)


def section(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "report.json").read_text())["modalities"]
    return found["face-scans"]


def test_nobody_is_rendered_where_nobody_came_twice(
    cohort: Path,
    tmp_path: Path,
    with_faces: None,
    quick: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    once = tmp_path / "once"
    shutil.copytree(cohort, once)
    for second in once.glob("sub-*/ses-2"):
        shutil.rmtree(second)
    out = tmp_path / "out"
    words = ["--participant-label", "001", "002", "--settings", quick, "--nprocs", "1"]
    assert main(["audit", str(once), str(out), *words]) == 0
    told = section(out)
    assert told["counts"]["scans"] == 0
    assert "nobody has images of two sessions" in capsys.readouterr().out
    assert not (out / "internal" / "face-scans").exists()


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_people_are_found_by_their_faces_in_an_audit_and_a_link(
    tmp_path: Path, with_faces: None, quick: str
) -> None:
    people = 6
    twins = PeopleSettings(
        sessions=2, photos=0, change=OTHER_DAY, scan=PersonScanSettings(voxel_mm=(2.0, 2.0, 2.0))
    )
    data = tmp_path / "data"
    write_people(data, tmp_path / "none", people, twins, np.random.default_rng(2204))
    out, more = tmp_path / "out", ["--settings", quick]
    assert main(["audit", str(data), str(out), *more, "--nprocs", "1"]) == 0
    told = section(out)
    assert told["counts"]["searched"] == people
    assert told["measures"]["headrisk"]["rank1"]["value"] == 1.0
    again = tmp_path / "again"
    assert main(["audit", str(data), str(again), *more, "--nprocs", "2"]) == 0
    assert (again / "report.json").read_bytes() == (out / "report.json").read_bytes()

    first, second = tmp_path / "first", tmp_path / "second"
    for folder, gone in ((first, "ses-2"), (second, "ses-1")):
        shutil.copytree(data, folder)
        for place in folder.glob(f"sub-*/{gone}"):
            shutil.rmtree(place)
    linked = tmp_path / "linked"
    assert main(["link", str(first), str(second), str(linked), *more, "--nprocs", "1"]) == 0
    told = section(linked)
    assert told["counts"]["searched"] == people
    assert told["measures"]["headrisk"]["rank1"]["value"] == 1.0
    assert told["counts"]["gallery_size"] == people
