"""The paired change of an attack against naive loops; brains by scan, faces by photograph."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from headrisk.brain.cohort import Cohort
from headrisk.brain.template import template_grid
from headrisk.dataset.scans import Scan
from headrisk.deidentify.comparison_brain import (
    FALSE_ALARMS,
    Copies,
    brain_effects,
    measure_change,
    own_scan,
)
from headrisk.deidentify.comparison_face import Looks, Pictures, face_effects, face_left
from headrisk.face.head import HeadResult
from headrisk.face.packed import Packed
from headrisk.face.photo_table import Photo
from headrisk.face.photos import PhotoResult
from headrisk.face.presence import FaceVerdict, Sight
from headrisk.face.recognise.registry import recognisers
from headrisk.job import Job
from headrisk.linkage.design import within
from headrisk.run.provenance import CostLog
from headrisk.settings import Settings
from headrisk.statistics.change import paired_difference
from headrisk.types import PairScores, ScanResult


def scores(rng: np.random.Generator, people: int, strength: float) -> PairScores:
    """Two probes of each person among one gallery scan of each."""
    probe = np.repeat(np.arange(people), 2)
    values = rng.normal(size=(probe.size, people)) + strength * (
        probe[:, None] == np.arange(people)
    )
    return PairScores("m", values, np.ones(values.shape, bool), probe, np.arange(people))


def without(given: PairScores, people: list[int]) -> PairScores:
    """The same scores with the gallery scans of some people gone."""
    kept = [k for k, person in enumerate(given.gallery_person) if person not in people]
    return replace(
        given,
        values=given.values[:, kept],
        usable=given.usable[:, kept],
        gallery_person=given.gallery_person[kept],
    )


def naive_rank1(given: PairScores) -> dict[int, float]:
    """Share of each person's probes whose own scan beats every other one."""
    hits: dict[int, list[bool]] = {}
    for row, person in enumerate(given.probe_person):
        named = dict(zip(given.gallery_person.tolist(), given.values[row].tolist(), strict=True))
        if person in named:
            own = named.pop(int(person))
            hits.setdefault(int(person), []).append(own > max(named.values()))
    return {person: float(np.mean(found)) for person, found in hits.items()}


@pytest.mark.parametrize("lost", [[], [2, 5, 11]])
def test_rank_1_and_failures_equal_a_naive_loop(lost: list[int]) -> None:
    rng = np.random.default_rng(0)
    before, after = scores(rng, 14, 2.5), without(scores(rng, 14, 1.0), lost)
    found = measure_change("brain", "naive", before, after, np.random.default_rng(1))
    both = [p for p in range(14) if p not in lost]
    old, new = naive_rank1(without(before, lost)), naive_rank1(after)
    gap = np.array([old[p] - new[p] for p in both])
    assert (found.people, found.failed, found.gallery) == (len(both), len(lost), len(both))
    assert found.rank1 is not None
    assert found.rank1.before.value == pytest.approx(np.mean([old[p] for p in both]))
    assert found.rank1.after.value == pytest.approx(np.mean([new[p] for p in both]))
    expected = paired_difference(gap)
    assert found.rank1.difference.low == pytest.approx(expected.low)
    assert found.rank1.difference.high == pytest.approx(expected.high)
    assert (found.rank1.lost, found.rank1.gained) == (int((gap > 0).sum()), int((gap < 0).sum()))
    assert found.untreated is not None
    assert found.untreated.value == pytest.approx(np.mean(list(naive_rank1(before).values())))
    assert found.found is not None
    assert found.found.value == pytest.approx(sum(new.values()) / 14)
    assert found.chance == pytest.approx(1 / len(both))


@pytest.mark.parametrize(("people", "fpir"), [(9, None), (10, 0.1), (40, 0.03), (120, 0.01)])
def test_the_false_alarm_rate_follows_from_the_number_of_people(
    people: int, fpir: float | None
) -> None:
    rng = np.random.default_rng(0)
    before, after = scores(rng, people, 3.0), scores(rng, people, 1.0)
    found = measure_change("face", "naive", before, after, np.random.default_rng(1))
    assert found.fpir == fpir
    assert (found.fnir is None) == (fpir is None)
    assert fpir is None or fpir in FALSE_ALARMS


def test_a_gallery_that_is_gone_is_no_rate_but_a_count() -> None:
    before = scores(np.random.default_rng(0), 8, 3.0)
    gone = PairScores(
        "m",
        np.zeros((16, 0)),
        np.zeros((16, 0), bool),
        before.probe_person,
        before.gallery_person[:0],
    )
    found = measure_change("face", "naive", before, gone, np.random.default_rng(1))
    assert (found.people, found.failed, found.rank1) == (0, 8, None)
    assert found.reason
    assert found.found is not None
    assert found.found.value == 0.0
    assert found.found.high > 0.2
    assert found.bounds == (0.0, 1.0)


GRID = template_grid(4)
NCC = Settings(measures=("ncc",))


def brains(rng: np.random.Generator, people: int, noise: float) -> tuple[Cohort, np.ndarray]:
    """Two sessions of each person: the person's own pattern and noise."""
    own = rng.normal(size=(people, GRID.size)).astype(np.float32)
    vectors = np.repeat(own, 2, axis=0) + noise * rng.normal(size=(2 * people, GRID.size))
    scans = tuple(
        Scan(f"{p}-{s}", str(p), f"/{p}-{s}", session_id=str(s))
        for p in range(people)
        for s in (1, 2)
    )
    return cohort(scans, vectors.astype(np.float32)), vectors


def cohort(scans: tuple[Scan, ...], vectors: np.ndarray, failed: tuple[int, ...] = ()) -> Cohort:
    results = tuple(
        ScanResult(s.scan_id, "failed", "broken", 0.0, "failed", 0.0)
        if k in failed
        else ScanResult(s.scan_id, "ok", "", 0.0, "ok", 1.0, vector=vectors[k])
        for k, s in enumerate(scans)
    )
    return Cohort(scans, results, tuple(s.scan_id for s in scans), tuple(s.scan_id for s in scans))


def test_treated_brains_are_searched_among_untouched_scans_of_other_sessions() -> None:
    rng = np.random.default_rng(3)
    everything, vectors = brains(rng, 7, 12.0)
    of = tuple(range(0, 14, 2))  # first sessions; the fourth person's de-identified scan failed
    changed = (vectors[list(of)] + 20.0 * rng.normal(size=(7, GRID.size))).astype(np.float32)
    copies = Copies(cohort(tuple(everything.scans[k] for k in of), changed, (3,)), of)
    design = within(everything.scans, everything.digests)
    (found,) = brain_effects(everything, design, copies, NCC, np.random.default_rng(0), 1, {})
    hits = []
    for row, place in enumerate(of):
        if row == 3:
            continue
        person = everything.scans[place].participant_id
        best: dict[str, float] = {}
        for k, scan in enumerate(everything.scans):
            if scan.participant_id == person and scan.session_id == "1":
                continue
            value = float(np.corrcoef(changed[row], vectors[k])[0, 1])
            best[scan.participant_id] = max(best.get(scan.participant_id, -2.0), value)
        hits.append(max(best, key=lambda p: best[p]) == person)
    assert (found.people, found.failed) == (6, 1)
    assert found.rank1 is not None
    assert found.rank1.after.value == pytest.approx(np.mean(hits))

    own = own_scan(everything, copies, NCC, 1, {})
    assert own.found is not None
    assert (own.found.n, own.gallery) == (6, 7)
    assert own.found.value == 1.0
    assert own.chance == pytest.approx(1 / 7)


def sight(verdict: FaceVerdict) -> Sight:
    return Sight(verdict, "removed" if verdict == "gone" else "skin_and_detectors")


def head(name: str, rng: np.random.Generator, face: np.ndarray, noise: float) -> HeadResult:
    rows = (face + noise * rng.normal(size=(3, face.size))).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    packed = Packed(rows, np.ones(3, dtype=np.int64))
    seen = {name: np.full(9, 10.0) for name in ("hog", "centerface", "mtcnn")}
    return HeadResult(
        name, "ok", "", 0.0, seen=seen, templates={"dlib": packed}, sight=sight("face")
    )


def gone(name: str) -> HeadResult:
    seen = {name: np.full(9, -np.inf) for name in ("hog", "centerface", "mtcnn")}
    return HeadResult(name, "ok", "", 0.0, seen=seen, sight=sight("gone"))


def test_photographs_against_treated_scans(tmp_path: Path) -> None:
    """Four faces are gone for the naive attacker; the adaptive one sees a blurred face again."""
    pytest.importorskip("dlib")
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(5)
    people = 9
    faces = rng.normal(size=(people, 128))
    scans = tuple(Scan(f"s{p}", str(p), f"/{p}") for p in range(people))
    before = tuple(head(f"s{p}", rng, faces[p], 0.3) for p in range(people))
    after = tuple(gone(f"s{p}") if p < 4 else before[p] for p in range(people))
    repaired = tuple(
        head(f"s{p}", rng, rng.normal(size=128), 0.3) if p < 4 else before[p] for p in range(people)
    )
    photos = tuple(Photo(str(p), f"/{p}.jpg", "C", "ok") for p in range(people))
    results = tuple(
        PhotoResult(
            "",
            0.0,
            {
                "dlib": Packed(
                    (faces[p] / np.linalg.norm(faces[p])).astype(np.float32)[None],
                    np.ones(1, dtype=np.int64),
                )
            },
        )
        for p in range(people)
    )
    job, log = Job((), tmp_path), CostLog()
    looks = Looks(scans, before, after, repaired)
    effects = face_effects(
        looks,
        Pictures(photos, results),
        recognisers(("dlib",), {}),
        job,
        log,
        np.random.default_rng(0),
    )
    naive = next(e for e in effects if e.attacker == "naive" and e.measure == "dlib-best")
    adaptive = next(e for e in effects if e.attacker == "adaptive" and e.measure == "dlib-best")
    assert [one.measure for one in effects[:2]] == ["strongest", "headrisk"]
    assert (naive.people, naive.failed, naive.gallery) == (5, 4, 5)
    assert naive.found is not None
    assert naive.found.value == pytest.approx(5 / 9)
    assert naive.untreated is not None
    assert naive.untreated.value == 1.0
    assert (adaptive.people, adaptive.failed) == (9, 0)
    assert adaptive.found is not None
    assert adaptive.found.value < 0.8

    left = face_left(before, after)
    assert left.scans == people
    assert left.verdicts == {"gone": 4, "face": 5}
    assert left.seen["mtcnn"] == (people, 5)
