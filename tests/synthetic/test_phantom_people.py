"""People: what identity changes, what its absence leaves equal, and ageing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from headrisk.errors import InputError, UsageError
from headrisk.synthetic.phantom.atlas import Atlas, build_atlas
from headrisk.synthetic.phantom.people import (
    WARP_STEP_MM,
    Person,
    draw_person,
    draw_warp,
    tissue_fractions,
    ventricle_shift,
)
from headrisk.synthetic.phantom.settings import PhantomSettings
from headrisk.types import Float32Array

NOBODY = replace(PhantomSettings(), identity=0.0)


def _brain_points(atlas: Atlas) -> Float32Array:
    index = np.indices(atlas.gm.shape, dtype=np.float32).reshape(3, -1)
    points = 2 * index + atlas.affine[:3, 3:].astype(np.float32)
    return points[:, atlas.ventricle.ravel() < 60]


def _ventricle_ml(atlas: Atlas, person: Person, growth: float) -> float:
    """Fluid in a box around the lateral ventricles, on the template grid."""
    points = _brain_points(atlas)
    box = (np.abs(points[0]) < 30) & (points[1] > -45) & (points[1] < 40)
    box &= (points[2] > 2) & (points[2] < 34)
    fluid = tissue_fractions(atlas, person, points[:, box], growth=growth, widening_mm=0.0)[0]
    return float(fluid.sum()) * 8e-3


def test_without_identity_everybody_has_the_same_anatomy(atlas: Atlas) -> None:
    one = draw_person(atlas, NOBODY, np.random.default_rng(1))
    other = draw_person(atlas, NOBODY, np.random.default_rng(2))
    assert one.age != other.age  # the draws differ; the anatomy must not
    assert np.array_equal(one.scale, other.scale)
    assert np.array_equal(one.warp, other.warp)
    assert np.array_equal(one.fold, other.fold)
    assert np.array_equal(one.tissue, other.tissue)
    assert one.ventricles == other.ventricles == 1


@pytest.mark.parametrize("strength", [0.3, 1.0])
def test_identity_scales_how_far_people_lie_apart(atlas: Atlas, strength: float) -> None:
    settings = replace(PhantomSettings(), identity=strength)
    one, other = (draw_person(atlas, settings, np.random.default_rng(i)) for i in (1, 2))
    rms = float(np.sqrt(np.mean(one.warp**2)))
    expected = np.sqrt(np.sum(np.square(settings.warp_rms_mm)))
    assert rms == pytest.approx(strength * expected, rel=0.4)
    correlation = np.corrcoef(one.fold.ravel(), other.fold.ravel())[0, 1]
    assert correlation == pytest.approx(1 - (strength * settings.folding) ** 2, abs=0.1)
    assert one.ventricles != other.ventricles


def test_default_warp_never_folds_over() -> None:
    settings = PhantomSettings()
    for seed in range(3):
        rng = np.random.default_rng(seed)
        warp = draw_warp(settings.warp_sigma_mm, settings.warp_rms_mm, rng)
        jacobian = np.stack([np.stack(np.gradient(component, WARP_STEP_MM)) for component in warp])
        jacobian += np.eye(3)[:, :, None, None, None]
        assert np.linalg.det(np.moveaxis(jacobian, (0, 1), (-2, -1))).min() > 0.2


def test_fractions_are_a_partition(atlas: Atlas) -> None:
    person = draw_person(atlas, PhantomSettings(), np.random.default_rng(4))
    fractions = tissue_fractions(atlas, person, _brain_points(atlas), growth=1, widening_mm=0)
    assert fractions.min() >= -1e-6
    assert np.allclose(fractions.sum(axis=0), 1, atol=1e-5)
    assert np.all(fractions.mean(axis=1) > 0.1)  # fluid, grey and white all occur


@pytest.mark.parametrize("factor", [0.7, 1.0, 1.6])
def test_ventricle_shift_gives_the_volume_asked_for(atlas: Atlas, factor: float) -> None:
    shift = ventricle_shift(atlas, factor)
    wanted = factor * np.count_nonzero(atlas.ventricle < 0)
    assert np.count_nonzero(atlas.ventricle < shift) == pytest.approx(wanted, rel=0.1)


def test_ventricles_grow_with_age(atlas: Atlas) -> None:
    person = draw_person(atlas, NOBODY, np.random.default_rng(1))
    volumes = [_ventricle_ml(atlas, person, 1.03**years) for years in (0, 5, 10, 20)]
    assert np.all(np.diff(volumes) > 0)
    # The box holds other fluid too, so the whole grows by less than the ventricles do.
    assert 1.2 < volumes[-1] / volumes[0] < 1.03**20


def test_sulci_widen(atlas: Atlas) -> None:
    person = draw_person(atlas, PhantomSettings(), np.random.default_rng(5))
    points = _brain_points(atlas)
    fluid = [
        tissue_fractions(atlas, person, points, growth=1, widening_mm=w)[0].mean() for w in (0, 0.5)
    ]
    assert fluid[1] > 1.02 * fluid[0]


def test_other_grid_is_refused(atlas: Atlas) -> None:
    class Coarse:
        gm, wm, mask = atlas.gm, atlas.wm, atlas.gm > 0
        affine = np.diag([3.0, 3, 3, 1])

    with pytest.raises(InputError, match="2 mm"):
        build_atlas(Coarse(), np.random.default_rng(0))


@pytest.mark.parametrize(
    "wrong",
    [
        {"identity": -1.0},
        {"folding": 1.5},
        {"bias": 2.0},
        {"warp_rms_mm": (1.0,)},
        {"contrasts": ("PDw",)},
        {"contrasts": ()},
        {"scanners": ()},
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        replace(PhantomSettings(), **wrong)  # type: ignore[arg-type]
