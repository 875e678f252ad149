"""Every kind of image, with and without a face, through the whole look."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from headrisk.brain.prepare import PrepareTask
from headrisk.deidentify.head import Head, find_head
from headrisk.deidentify.tools import tool_of
from headrisk.errors import ScanError
from headrisk.face.head import SightTask, sight_of
from headrisk.face.placing import (
    CT_LEVELS,
    Placed,
    ends_in_tissue_behind,
    more_than_a_brain,
    place_head,
    with_more_face,
    with_quiet_air,
)
from headrisk.face.presence import Look, Sight, is_phase, judge_face
from headrisk.face.sight import look_at_image, without_head
from headrisk.heads.identity import Identity, draw_identity
from headrisk.heads.shapes import load_shapes
from headrisk.heads.sightlines import FRONT, SkinLevels, skin_levels
from headrisk.heads.skin_align import head_of_ct
from headrisk.io.volume import Volume
from headrisk.synthetic.people.kinds import KINDS, Kind, render_kind

pytest.importorskip("dlib")
pytest.importorskip("embreex")
QUICK = {
    "T1w": Kind("T1w", (2.0, 2.0, 2.0)),
    "fdg": Kind("fdg", (3.0, 3.0, 3.0), bias=0.0, finish="pet"),
    "CT": Kind("CT", (2.0, 2.0, 2.0), noise=8.0, bias=0.0, finish="ct"),
}


def person(seed: int) -> Identity:
    return draw_identity(load_shapes(), np.random.default_rng((seed, 7)))


@cache
def image(kind: str, seed: int, *, quick: bool) -> Volume:
    made = QUICK[kind] if quick else KINDS[kind]
    data, affine = render_kind(person(seed), load_shapes(), made, np.random.default_rng(seed))
    return Volume(data, affine)


def sight(volume: Volume) -> Sight:
    placed = place_head(volume, PrepareTask("image", "", "", 4, "affine", False))
    return sight_of(placed, "image").sight


def without_face(volume: Volume, method: str) -> Volume:
    head: Head = find_head(volume, "image")
    return tool_of(method).apply(head, "image", np.random.default_rng(0)).volume


@cache
def bare_head(kind: str) -> Volume:
    return without_face(image(kind, 3, quick=True), "template")


@pytest.mark.parametrize("kind", QUICK)
def test_a_face_is_seen_and_a_removed_one_is_gone(kind: str) -> None:
    whole = image(kind, 3, quick=True)
    assert sight(whole).verdict == "face"
    assert sight(bare_head(kind)).verdict == "gone"


def test_a_head_whose_face_a_poor_alignment_turned_out_of_the_image_is_aligned_anew() -> None:
    """A scalp is round: it confirms an alignment that is turned nose up, too."""
    whole = image("T1w", 3, quick=True)
    task = PrepareTask("image", "", "", 4, "affine", False)
    placed = place_head(whole, task)
    assert placed.skin is not None
    hidden = replace(placed.skin, there=dict.fromkeys(placed.skin.there, 0.0))
    better = with_more_face(replace(placed, skin=hidden), task)
    assert better.by == "skin"
    assert better.skin is not None
    assert min(better.skin.there.values()) > 0.85
    assert with_more_face(better, task) is better


def test_units_and_offsets_change_no_answer() -> None:
    whole = image("T1w", 3, quick=True)
    for gain, offset in ((1e-3, -0.5), (40.0, 500.0), (1.0, -300.0)):
        moved = Volume((whole.data * gain + offset).astype(np.float32), whole.affine)
        assert sight(moved).verdict == "face", (gain, offset)


@pytest.mark.parametrize("shape", ["shell", "half", "turned", "solid"])
def test_a_mask_of_a_head_is_never_taken_for_protection(shape: str) -> None:
    """A shell of skin shows the face; nothing vouches for where a mask without intensities ends."""
    whole = image("T1w", 3, quick=True)
    solid = ndimage.binary_fill_holes(whole.data > 0.15 * np.quantile(whole.data, 0.99))
    data = {
        "shell": solid & ~ndimage.binary_erosion(solid),
        "half": solid[:, :, : solid.shape[2] // 2],
        "turned": np.rot90(solid, axes=(1, 2)),
        "solid": solid,
    }[shape].astype(np.float32)
    mask = Volume(np.ascontiguousarray(data), whole.affine)
    try:
        found = sight(mask)
    except ScanError as error:
        found = without_head(mask, error)
    assert found.verdict not in ("gone", "outside")


def test_an_ordinary_background_is_left_as_it_is() -> None:
    whole = image("T1w", 3, quick=True)
    assert with_quiet_air(whole) is whole


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_image_is_answered_rightly(kind: str) -> None:
    """Never gone where a face is; found removed by the template's region; another's face is one."""
    whole = image(kind, 20, quick=False)
    assert sight(whole).verdict == "face"
    assert sight(without_face(whole, "template")).verdict in ("gone", "unclear")
    assert sight(without_face(whole, "reface")).verdict == "face"
    if kind != "CT":  # a bare brain in Hounsfield units is no head that can be found
        assert sight(without_face(whole, "skullstrip")).verdict in ("gone", "unclear")


# ----------------------------------------------------------------------
# Air in the place of a face that says nothing of a face that was removed.
# ----------------------------------------------------------------------


def emptied(volume: Volume, share: float = 0.12) -> Volume:
    """All around the head one value, as many scanners and masks leave it."""
    solid = ndimage.gaussian_filter(volume.data, 1) > share * np.percentile(volume.data, 99)
    labels, _ = ndimage.label(solid)
    largest = labels == np.argmax(np.bincount(labels.ravel())[1:]) + 1
    return replace(volume, data=np.where(ndimage.binary_fill_holes(largest), volume.data, 0))


def ball(shells: dict[float, float], axes: tuple[float, float, float]) -> Volume:
    """Ellipsoids in each other: the value inside of each share of the axes, mm; air is zero."""
    shape, size = np.array((66, 78, 70)), 3.0
    affine = np.diag([size, size, size, 1.0])
    affine[:3, 3] = -size * (shape - 1) / 2
    places = [(np.arange(n) - (n - 1) / 2) * size for n in shape]
    x, y, z = np.meshgrid(*places, indexing="ij")
    radius = np.sqrt((x / axes[0]) ** 2 + (y / axes[1]) ** 2 + (z / axes[2]) ** 2)
    data = np.zeros(shape, np.float32)
    for share, value in shells.items():
        data[radius < share] = value
    return Volume(data, affine)


BALLS = {
    "an egg with shell, water and yolk": (
        {1: 800, 0.93: 60, 0.85: 200, 0.82: 600, 0.6: 900},
        (75, 95, 75),
    ),
    "a sphere of one substance": ({1: 700}, (80, 80, 80)),
}


@pytest.mark.parametrize("name", BALLS)
def test_what_is_no_head_has_lost_no_face(name: str) -> None:
    shells, axes = BALLS[name]
    try:
        found = sight(ball({float(k): float(v) for k, v in shells.items()}, axes))
    except ScanError:
        return
    assert found.verdict in ("unclear", "failed"), (found.verdict, found.code)


def test_a_cut_is_seen_where_all_air_has_one_value() -> None:
    whole = emptied(image("T1w", 3, quick=True))
    assert sight(whole).verdict == "face"
    assert sight(emptied(bare_head("T1w"))).verdict == "gone"


@pytest.mark.parametrize("left", [1.0, 3.0])
def test_a_face_left_as_a_faint_constant_is_not_gone(left: float) -> None:
    """Whoever turns up the brightness sees its outline."""
    whole = emptied(image("T1w", 3, quick=True))
    bare = without_face(whole, "template")
    faint = np.where((bare.data == 0) & (whole.data > 0), np.float32(left), bare.data)
    found = sight(replace(bare, data=faint))
    assert found.verdict not in ("gone", "part", "outside"), found.code


@pytest.mark.parametrize(
    ("whole", "answer"),
    [
        (Sight("face", "skin"), ("face", "skin")),
        (Sight("part", "partly_removed"), ("part", "partly_removed")),
        (Sight("gone", "removed"), ("gone", "removed")),
        (Sight("outside", "out_of_view"), ("unclear", "other_volumes")),
        (Sight("unclear", "elsewhere"), ("unclear", "other_volumes")),
        (ScanError("a", found="no head"), ("unclear", "other_volumes")),
    ],
)
def test_what_any_volume_shows_is_the_answer_of_a_series(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    whole: Sight | ScanError,
    answer: tuple[str, str],
) -> None:
    answers = iter([Sight("gone", "removed"), whole])

    def told(placed: object, name: str) -> Look:
        one = next(answers)
        if isinstance(one, ScanError):
            raise one
        return Look(one)

    monkeypatch.setattr("headrisk.face.sight.find_head", lambda volume, task: volume)
    monkeypatch.setattr("headrisk.face.sight.sight_of", told)
    path = tmp_path / "a_bold.nii.gz"
    values = np.arange(7 * 8 * 9 * 2, dtype=np.int16).reshape(7, 8, 9, 2)
    nib.save(nib.Nifti1Image(values, np.eye(4)), path)
    found = look_at_image(SightTask("a", str(path), "bold")).sight
    assert (found.verdict, found.code) == answer
    one = tmp_path / "b_T1w.nii.gz"
    nib.save(nib.Nifti1Image(values[..., 0], np.eye(4)), one)
    answers = iter([Sight("gone", "removed")])
    assert look_at_image(SightTask("b", str(one), "T1w")).sight.verdict == "gone"


@pytest.mark.slow
def test_a_series_is_judged_by_its_most_revealing_volume(tmp_path: Path) -> None:
    whole = image("T1w", 3, quick=True)
    bare = without_face(whole, "template")
    for name, volumes, verdict in (
        ("cut", (bare.data, whole.data), "face"),
        ("both", (bare.data, 0.9 * bare.data), "gone"),
    ):
        path = tmp_path / f"{name}_T1w.nii.gz"
        nib.save(nib.Nifti1Image(np.stack(volumes, axis=3), whole.affine), path)
        assert look_at_image(SightTask(name, str(path), "T1w")).sight.verdict == verdict
    broken = (tmp_path / "cut_T1w.nii.gz").read_bytes()[:-40_000]
    path = tmp_path / "broken_T1w.nii.gz"
    path.write_bytes(broken)
    assert look_at_image(SightTask("broken", str(path), "T1w")).sight.code == "other_volumes"


@pytest.mark.parametrize("where", ["after", "extension"])
def test_bytes_beside_an_image_without_a_face_are_doubted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """The original may lie packed behind the voxels, or in a header extension."""
    monkeypatch.setattr("headrisk.face.sight.find_head", lambda volume, task: volume)
    monkeypatch.setattr(
        "headrisk.face.sight.sight_of", lambda placed, name: Look(Sight("gone", "removed"))
    )
    rng = np.random.default_rng(1)
    plain = nib.Nifti1Image(rng.integers(1, 99, (40, 60, 50)).astype(np.int16), np.eye(4))
    hidden = rng.bytes(100_000)
    path = tmp_path / "a_T1w.nii"
    for kept, code in ((hidden, "more_bytes"), (hidden[:2000], "removed"), (b"\0" * 90_000, "")):
        nib.save(plain, path)
        if where == "after":
            path.write_bytes(path.read_bytes() + kept)
        elif code:
            extended = nib.Nifti1Image(np.asarray(plain.dataobj), np.eye(4))
            extended.header.extensions.append(nib.nifti1.Nifti1Extension("comment", kept))
            nib.save(extended, path)
        found = look_at_image(SightTask("a", str(path), "T1w")).sight
        assert found.code == (code or "removed")


def orb(size: int, radius: float, centre: int) -> NDArray[np.bool_]:
    grid = np.indices((size,) * 3) - size // 2
    grid[1] += size // 2 - centre
    return np.sqrt(np.square(grid).sum(axis=0)) <= radius


def test_lines_and_dust_beside_a_brain_are_seen() -> None:
    brain = orb(100, 28, 46)
    shell = orb(100, 45, 50) & ~orb(100, 44, 50)
    dust = orb(100, 45, 50) & (np.random.default_rng(0).random(brain.shape) < 0.03)
    stub = np.zeros_like(brain)
    stub[49:51, 44:48, 10:22] = True  # of a brain stem
    for beside, answer in ((0 * brain, False), (shell, True), (dust, True), (stub, False)):
        data = np.where(brain, 100, 5 * beside).astype(np.float32)
        affine = np.diag([2.0, 2.0, 2.0, 1.0])
        assert more_than_a_brain(Volume(data, affine)) is answer


@pytest.mark.parametrize(("back", "answer"), [(0.0, False), (40.0, True)])
def test_a_nose_that_is_folded_to_the_back_is_doubted(back: float, answer: bool) -> None:
    data = np.zeros((30, 40, 30), np.float32)
    data[5:25, 8:, 5:25] = 100  # a head that ends with the image in front
    data[12:18, 0, 12:18] = back
    volume = Volume(data, np.diag([4.0, 4.0, 4.0, 1.0]))
    parts = dict.fromkeys(FRONT, 0.0)
    skin = SkinLevels(parts, parts, parts, dict.fromkeys(FRONT, 1.0), 1.0, 1.0, good=(10.0,))
    turned = Placed(volume, np.diag([1.0, 1.0, 1.0, 1.0]), skin, False, "brain", False)
    assert ends_in_tissue_behind(turned) is answer
    other = Placed(volume, np.diag([-1.0, -1.0, 1.0, 1.0]), skin, False, "brain", False)
    assert ends_in_tissue_behind(other)  # a face that looks the other way: this end is cut open


# ----------------------------------------------------------------------
# Masks that lie beside the face: gone takes the face away, not some skin.
# ----------------------------------------------------------------------


def mask_at(
    region: NDArray[np.bool_], spacing: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """The region of a face moved by up to 100 mm, turned, mirrored or made smaller about itself."""
    centre = np.argwhere(region).mean(axis=0)
    turn, away = np.eye(3), rng.normal(size=3)
    away *= rng.uniform(0, 100) / np.linalg.norm(away)
    kind = rng.integers(5)
    if kind == 1:
        axis = rng.integers(3)
        turn[axis, axis] = -1
        away *= 0.3
    elif kind == 2:
        turn, away = np.diag(1 / rng.uniform(0.4, 0.95, 3)), 0.2 * away
    elif kind >= 3:
        i, j = rng.choice(3, 2, replace=False)
        angle = rng.uniform(-1, 1)
        turn[[i, j], [i, j]] = np.cos(angle)
        turn[i, j], turn[j, i] = -np.sin(angle), np.sin(angle)
        away *= 0.3 * (kind - 3)
    start = centre - turn @ (centre + away / spacing)
    return ndimage.affine_transform(region.astype(np.float32), turn, start, order=1) > 0.5


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        ("T1w", 12),
        *(pytest.param(name, 120, marks=pytest.mark.slow) for name in ("T1w", "fdg", "CT")),
    ],
)
def test_a_mask_beside_a_face_does_not_make_it_gone(kind: str, count: int) -> None:
    """Judged without detectors, which would only doubt more."""
    whole = image(kind, 3, quick=True)
    bare = bare_head(kind)
    placed = place_head(whole, PrepareTask("image", "", "", 4, "affine", False))
    air = float(bare.data.min())
    head = ndimage.binary_fill_holes(
        whole.data > (-300 if kind == "CT" else 0.12 * whole.data.max())
    )
    region = bare.data != whole.data
    skin = region & head & ~ndimage.binary_erosion(head)
    front = np.flatnonzero(skin.any(axis=(0, 2)))[-1] - round(65 / whole.voxel_mm[1])
    skin[:, :front] = False
    rng = np.random.default_rng(17)
    answers = []
    for _ in range(count):
        mask = mask_at(region, whole.voxel_mm[0], rng)
        data = np.where(mask, np.float32(air), whole.data)
        found = skin_of(replace(whole, data=data), placed)
        verdict = judge_face(found, {}, fades=kind != "CT").verdict
        kept = 1 - float(mask[skin].mean())
        answers.append(verdict)
        assert verdict != "gone" or kept < 0.35, kept  # temples and the angle of the jaw
    assert len(set(answers)) > 1


def skin_of(volume: Volume, placed: Placed) -> SkinLevels:
    if placed.hounsfield:
        return skin_levels(
            head_of_ct(volume),
            placed.alignment,
            air_hint=-1000.0,
            levels=CT_LEVELS,
            stored=volume,
        )
    return skin_levels(volume, placed.alignment)


@pytest.mark.slow
def test_the_front_of_a_face_before_a_gap_is_not_gone() -> None:
    """In a CT what is not joined to the head goes with the table; it shows a face all the same."""
    whole = image("CT", 3, quick=True)
    region = bare_head("CT").data != whole.data
    steps = round(30 / whole.voxel_mm[1])
    behind = np.roll(region, -steps, axis=1)
    behind[:, -steps:] = False
    found = sight(replace(whole, data=np.where(behind, np.float32(-1000), whole.data)))
    assert found.verdict not in ("gone", "outside"), found.code


# ----------------------------------------------------------------------
# Series whose first volume tells nothing, and images that are no pictures of tissue.
# ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suffix", "firsts", "answer"),
    [
        ("bold", ("empty",), ("face", True)),
        ("dwi", ("nan",), ("face", True)),
        ("asl", ("noise",), ("face", True)),  # no head in the first one
        ("bold", ("whole",), ("face", False)),
        ("pet", ("empty", "noise"), ("face", True)),
        ("pet", ("whole",), ("face", True)),
    ],
)
def test_a_series_is_looked_at_where_it_shows_something(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    suffix: str,
    firsts: tuple[str, ...],
    answer: tuple[str, bool],
) -> None:
    """What is seen stands in for the look: bright is a face, noise is no head."""

    def found(volume: Volume, task: SightTask) -> Volume:
        if volume.data.max() < 10:
            raise ScanError("a", found="no head")
        return volume

    monkeypatch.setattr("headrisk.face.sight.find_head", found)
    monkeypatch.setattr(
        "headrisk.face.sight.sight_of", lambda placed, name: Look(Sight("face", "skin"))
    )
    rng = np.random.default_rng(1)
    shape = (17, 18, 19)
    made = {
        "empty": np.zeros(shape),
        "nan": np.full(shape, np.nan),
        "noise": rng.normal(0, 1, shape),
        "whole": rng.uniform(0, 900, shape),
    }
    volumes = [made[name] for name in (*firsts, "whole", "whole")]
    path = tmp_path / f"a_{suffix}.nii.gz"
    nib.save(nib.Nifti1Image(np.stack(volumes, 3).astype("f4"), np.eye(4)), path)
    seen = look_at_image(SightTask("a", str(path), suffix)).sight
    assert (seen.verdict, seen.mean) == answer


@pytest.mark.slow
def test_a_series_of_noise_alone_stays_a_failure(tmp_path: Path) -> None:
    noise = np.random.default_rng(3).normal(0, 1, (24, 25, 26, 3)).astype("f4")
    path = tmp_path / "a_bold.nii.gz"
    nib.save(nib.Nifti1Image(noise, np.diag([7, 7, 7, 1.0])), path)
    assert look_at_image(SightTask("a", str(path), "bold")).sight.verdict == "failed"


@pytest.mark.parametrize("scale", [np.pi, 4096.0, 180.0])
@pytest.mark.parametrize("air", ["noise", "empty"])
def test_a_phase_image_is_told_by_its_values(scale: float, air: str) -> None:
    rng = np.random.default_rng(8)
    grid = np.indices((30, 33, 36), dtype=np.float64)
    phase = np.angle(np.exp(1j * (0.3 * grid[1] + 0.02 * grid[2] ** 2)))
    ball = np.square(grid - 16).sum(axis=0) < 150
    around = rng.uniform(-np.pi, np.pi, phase.shape) if air == "noise" else 0 * phase
    data = (np.where(ball, phase, around) * scale / np.pi).astype(np.float32)
    told = is_phase(data)
    assert told is (air == "noise" or scale == np.pi)
    magnitude = np.hypot(rng.normal(0, 9, phase.shape) + 300 * ball, rng.normal(0, 9, phase.shape))
    assert not is_phase(magnitude.astype(np.float32))
    found = without_head(Volume(data, np.eye(4)), ScanError("a", found="no head"), "phase")
    assert (found.verdict, found.code) == ("unclear", "phase")
