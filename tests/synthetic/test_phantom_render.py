"""Rendered scans: geometry, noise, receive field, slices, contrast, and the known truth."""

from __future__ import annotations

from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest
from scipy import ndimage, stats

from headrisk.brain.template import load_template
from headrisk.synthetic.phantom.acquisition import (
    FIELD_OF_VIEW_MM,
    draw_acquisition,
    head_to_scanner,
    install,
)
from headrisk.synthetic.phantom.atlas import Atlas
from headrisk.synthetic.phantom.people import Person, draw_person, ellipsoid_phantom
from headrisk.synthetic.phantom.render import (
    add_rician_noise,
    receive_field,
    render,
    reorder,
    scan_grid,
)
from headrisk.synthetic.phantom.settings import PhantomSettings, Scanner
from headrisk.types import Float32Array, FloatArray

COARSE = Scanner("T", "Maker", "Model", "1", (2.0, 1.8, 1.9), "PSR")


def _scan(
    atlas: Atlas, settings: PhantomSettings, contrast: str = "T1w", scanner: Scanner = COARSE
) -> tuple[Person, FloatArray, Float32Array, FloatArray]:
    """A person, the true template-to-scanner affine, the image and its affine."""
    rng = np.random.default_rng(11)
    person = draw_person(atlas, settings, rng)
    acquisition = draw_acquisition(settings, install(scanner, rng), contrast, 0.0, rng)
    volume, affine = render(atlas, person, acquisition, settings, rng)
    return person, head_to_scanner(person, acquisition), volume, affine


def _in_template(truth: FloatArray, volume: Float32Array, affine: FloatArray) -> Float32Array:
    template = load_template()
    matrix = np.linalg.inv(affine) @ truth @ template.affine
    return ndimage.affine_transform(
        volume, matrix[:3, :3], matrix[:3, 3], output_shape=template.t1.shape, order=1
    )


def test_shape_affine_and_axes_are_the_scanners(atlas: Atlas) -> None:
    _, _, volume, affine = _scan(atlas, PhantomSettings())
    x, y, z = (round(f / v) for f, v in zip(FIELD_OF_VIEW_MM, COARSE.voxel_mm, strict=True))
    assert len({x, y, z}) == 3
    assert volume.shape == (y, z, x)
    assert nib.aff2axcodes(affine) == ("P", "S", "R")
    assert np.allclose(nib.affines.voxel_sizes(affine), (1.8, 1.9, 2.0))
    assert np.isfinite(volume).all()


def test_true_alignment_brings_the_brain_onto_the_template(atlas: Atlas) -> None:
    still = replace(PhantomSettings(), identity=0.0, session_warp_mm=0.0, bias=0.0, noise=0.01)
    template = load_template()
    _, truth, volume, affine = _scan(atlas, still)
    aligned = _in_template(truth, volume, affine)[template.mask]
    assert np.corrcoef(aligned, template.t1[template.mask])[0, 1] > 0.75
    wrong = truth.copy()
    wrong[:3, 3] += (0, 0, 12)
    shifted = _in_template(wrong, volume, affine)[template.mask]
    assert np.corrcoef(shifted, template.t1[template.mask])[0, 1] < 0.5


@pytest.mark.parametrize(("contrast", "order"), [("T1w", "fgw"), ("T2w", "wgf"), ("FLAIR", "fwg")])
def test_contrast_orders_the_tissues(atlas: Atlas, contrast: str, order: str) -> None:
    plain = replace(PhantomSettings(), identity=0.0, contrast_sd=0.0, bias=0.0, noise=0.01)
    template = load_template()
    _, truth, volume, affine = _scan(atlas, plain, contrast)
    aligned = _in_template(truth, volume, affine)
    where = {
        "f": ndimage.binary_erosion(atlas.ventricle < 0),
        "g": (template.gm > 0.9),
        "w": (template.wm > 0.98),
    }
    values = [float(np.median(aligned[where[tissue]])) for tissue in order]
    assert values == sorted(values)
    assert values[0] < 0.9 * values[1] < 0.81 * values[2]


def test_background_noise_is_rician_at_the_level_asked_for(atlas: Atlas) -> None:
    settings = replace(PhantomSettings(), noise=0.05, bias=0.0, gain=(1000.0, 1000.0))
    _, _, volume, _ = _scan(atlas, settings)
    corner = volume[-12:, -12:, :12]  # front, top: air
    assert corner.mean() == pytest.approx(50 * np.sqrt(np.pi / 2), rel=0.05)


@pytest.mark.parametrize("signal", [0.0, 0.1, 1.0])
def test_noise_follows_the_rice_distribution(signal: float) -> None:
    constant = np.full((30, 31, 32), signal, dtype=np.float32)
    noisy = add_rician_noise(constant, 0.1, np.random.default_rng(0)).ravel()
    rice = stats.rice(signal / 0.1, scale=0.1)
    assert stats.kstest(noisy, rice.cdf).pvalue > 1e-3
    assert noisy.mean() == pytest.approx(rice.mean(), rel=0.01)


@pytest.mark.parametrize("bias", [0.0, 0.3, 0.8])
def test_receive_field_spans_the_range_asked_for(bias: float) -> None:
    scanner = install(COARSE, np.random.default_rng(2))
    field = receive_field(scanner.field, (40, 50, 60), bias)
    assert field.shape == (40, 50, 60)
    assert float(np.ptp(field)) == pytest.approx(bias, abs=0.02 + 0.02 * bias)
    assert 1 - bias / 2 - 1e-5 <= field.min()
    assert field.max() <= 1 + bias / 2 + 1e-5
    steps = [np.abs(np.diff(field, axis=axis)).max() for axis in range(3)]
    assert max(steps) <= 0.15 * bias  # smooth


def test_thick_slices_are_averages_of_thin_ones(atlas: Atlas) -> None:
    quiet = replace(PhantomSettings(), noise=0.0, bias=0.0, gain=(1.0, 1.0))
    thick = Scanner("T", "Maker", "Model", "1", (2.0, 2.0, 4.0))
    thin = replace(thick, voxel_mm=(2.0, 2.0, 2.0))
    _, _, coarse, _ = _scan(atlas, quiet, scanner=thick)
    _, _, fine, _ = _scan(atlas, quiet, scanner=thin)
    mean = 0.5 * (fine[:, :, ::2] + fine[:, :, 1::2])
    assert coarse.shape == mean.shape
    assert np.abs(coarse - mean).max() < 0.02


@pytest.mark.parametrize("axes", ["RAS", "PSR", "LAS", "IPL", "SRA"])
def test_reorder_keeps_every_voxel_in_its_place(axes: str) -> None:
    volume, affine = ellipsoid_phantom((7, 8, 9))
    stored, matrix = reorder(volume, affine, axes)
    assert "".join(nib.aff2axcodes(matrix)) == axes
    back = nib.as_closest_canonical(nib.Nifti1Image(stored, matrix))
    assert np.array_equal(np.asarray(back.dataobj), volume)
    assert np.allclose(back.affine, affine)


def test_truth_is_a_rotation_and_a_scale(atlas: Atlas) -> None:
    person, truth, _, _ = _scan(atlas, replace(PhantomSettings(), rotation_deg=20.0))
    rotation = truth[:3, :3] @ np.diag(1 / person.scale)
    assert np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(rotation) == pytest.approx(1)
    assert 1 < np.rad2deg(np.arccos((np.trace(rotation) - 1) / 2)) < 20 * np.sqrt(3) + 1


def test_grid_is_centred() -> None:
    shape, affine = scan_grid(COARSE)
    middle = affine @ [*(0.5 * (np.array(shape) - 1)), 1]
    assert np.allclose(middle[:3], 0)
