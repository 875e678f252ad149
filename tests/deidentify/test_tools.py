"""What each tool removes, replaces and leaves alone, on a synthetic head."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from headrisk.deidentify.deface import NOTHING_LEFT, Treated
from headrisk.deidentify.head import Head, brain_mask, find_head
from headrisk.deidentify.skin import air_value
from headrisk.deidentify.tools import tool_of, tools
from headrisk.errors import MissingExtraError, UsageError
from headrisk.heads.view import moved
from headrisk.io.volume import Volume

NOSE, LIPS, EYE, CROWN = (0, 84, -75), (0, 70, -112), (31, 64, -46), (0, -18, 88)


_DONE: dict[tuple[str, int, int], Treated] = {}


def apply(name: str, head: Head, seed: int = 0) -> Treated:
    """The result of a tool; those for the shared head are computed once."""
    key = (name, id(head), seed)
    if key not in _DONE:
        _DONE[key] = tool_of(name).apply(head, "twin", np.random.default_rng(seed))
    return _DONE[key]


def around(head: Head, place: tuple[float, float, float], volume: Volume) -> float:
    """Mean intensity within 6 mm below a place given in template mm."""
    where = moved(head.alignment.affine, np.array([place], float))
    index = moved(np.linalg.inv(volume.affine), where)[0].round().astype(int)
    return float(volume.data[tuple(slice(max(i - 2, 0), i + 3) for i in index)].mean())


@pytest.mark.parametrize("name", list(tools()))
def test_nothing_but_what_is_marked_changes_and_never_the_brain(name: str, head: Head) -> None:
    treated = apply(name, head)
    assert treated.changed.shape == head.volume.shape
    np.testing.assert_array_equal(
        treated.volume.data[~treated.changed], head.volume.data[~treated.changed]
    )
    np.testing.assert_array_equal(treated.volume.affine, head.volume.affine)
    assert 0.02 < treated.changed.mean() < 0.98
    if name != "quickshear":  # its plane may touch the brain; ours keep away by construction
        assert not (treated.changed & brain_mask(head)).any()


def test_the_template_tool_empties_eyes_nose_and_mouth_and_leaves_the_crown(head: Head) -> None:
    after = apply("template", head).volume
    for place in (NOSE, LIPS, EYE):
        before = around(head, place, head.volume)
        assert before > 50
        assert around(head, place, after) < 0.3 * before
    assert around(head, CROWN, after) == around(head, CROWN, head.volume)


def test_the_cut_is_covered_by_a_smooth_plate(head: Head) -> None:
    treated = apply("template", head)
    plate = treated.volume.data[treated.changed]
    plate = plate[plate > 0]
    levels, counts = np.unique(np.round(plate), return_counts=True)
    assert levels[counts.argmax()] > 100
    assert counts.max() > 0.08 * plate.size  # the rest: edges, mixed over a voxel
    assert plate.size < 0.3 * np.count_nonzero(treated.changed)


def test_refacing_gives_flesh_of_the_scans_own_brightness(head: Head) -> None:
    """Within 15 mm: where nose and lips lie depends on the face that is drawn."""
    after = apply("reface", head).volume
    for x, y, z in (NOSE, LIPS):
        before = around(head, (x, y, z), head.volume)
        found = max(around(head, (x, y - depth, z), after) for depth in (0, 5, 10, 15))
        assert 0.3 * before < found < 3 * before
    assert around(head, CROWN, after) == around(head, CROWN, head.volume)


def test_refacing_draws_air_like_the_scans_own_and_can_be_repeated(head: Head) -> None:
    first = apply("reface", head)
    again = tool_of("reface").apply(head, "twin", np.random.default_rng(0))
    np.testing.assert_array_equal(first.volume.data, again.volume.data)
    corner = np.s_[:8, :8, -8:]
    assert first.changed[corner].all()
    new, old = first.volume.data[corner], head.volume.data[corner]
    assert abs(new.mean() / old.mean() - 1) < 0.15
    assert abs(new.std() / old.std() - 1) < 0.15


def test_stripping_leaves_the_brain_alone(head: Head) -> None:
    after = apply("skullstrip", head).volume
    mask = brain_mask(head)
    assert not after.data[~mask].any()
    np.testing.assert_array_equal(after.data[mask], head.volume.data[mask])


def test_quickshear_gives_what_the_package_gives(head: Head) -> None:
    package = pytest.importorskip("quickshear")
    # Isotropic and longer from front to back than high, as the package wants it.
    image = nib.Nifti1Image(head.volume.data, head.volume.affine)
    mask = nib.Nifti1Image(brain_mask(head).astype(np.uint8), head.volume.affine)
    pad = max(head.volume.shape[2] - head.volume.shape[1], 0)
    wide = [
        nib.Nifti1Image(np.pad(np.asarray(one.dataobj), ((0, 0), (pad, 0), (0, 0))), one.affine)
        for one in (image, mask)
    ]
    expected = np.asarray(package.quickshear(*wide, 5.0).dataobj)[:, pad:]
    np.testing.assert_array_equal(apply("quickshear", head).volume.data, expected)


@pytest.mark.parametrize("name", list(tools()))
def test_a_bare_brain_stays_as_it_is(name: str, head: Head) -> None:
    bare = find_head(apply("skullstrip", head).volume, "bare")
    assert bare.stripped
    again = apply(name, bare)
    assert not again.changed.any()
    assert again.volume.notes[-1] == NOTHING_LEFT


def test_a_ct_gets_its_own_air(head: Head) -> None:
    tissue = head.volume.data > 0.2 * np.quantile(head.volume.data, 0.995)
    bright = np.where(tissue, 1000 + head.volume.data / 20, 0)
    ct = Volume((bright - 1000).astype(np.float32), head.volume.affine)
    like = Head(ct, head.brain, head.alignment, head.brain_ml, stripped=False)
    after = apply("template", like).volume
    assert around(like, NOSE, after) == -1000
    assert after.data.min() >= -1000


def test_a_background_within_the_range_of_tissue_is_what_is_emptied_to() -> None:
    """A brain scaled to z-scores on an empty background: its darkest tissue is no air."""
    rng = np.random.default_rng(2)
    data = np.full((17, 19, 21), 3.0, np.float32)
    data[4:13, 4:15, 4:17] += rng.normal(size=(9, 11, 13))
    assert air_value(Volume(data, np.eye(4))) == 3


@pytest.mark.parametrize(("offset", "sign"), [(-1000, 1), (700, 1), (300, -1)])
def test_what_is_emptied_looks_like_air_wherever_air_is_stored(
    head: Head, offset: int, sign: int
) -> None:
    moved = Volume(sign * head.volume.data + np.float32(offset), head.volume.affine)
    like = Head(moved, head.brain, head.alignment, head.brain_ml, stripped=False)
    air = np.median(moved.data[:2])
    after = apply("template", like).volume
    assert abs(around(like, NOSE, after) - air) < 0.03 * np.ptp(moved.data)


def test_a_numpy_without_cross_products_in_the_plane_is_told_before_any_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else every scan would fail with words about planes."""
    pytest.importorskip("quickshear")
    assert tool_of("quickshear").name == "quickshear"

    def cross(*_: object) -> None:
        raise ValueError("Both input arrays must be (arrays of) 3-dimensional vectors")

    monkeypatch.setattr(np, "cross", cross)
    with pytest.raises(MissingExtraError, match="2-D vectors") as told:
        tool_of("quickshear")
    assert "pip install" in str(told.value)
    assert tool_of("template").name == "template"


def test_an_unknown_tool_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(UsageError, match="template, reface, quickshear, skullstrip"):
        tool_of("magic")
