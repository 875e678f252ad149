"""What a de-identification costs: brain cut away, tissue volumes, what changes for analysts.

Everything is measured by this package's own brain extraction and alignment, run on the scan before
and after, so a figure above zero holds the noise of both. Where the two images lie on different
grids, the treated one is brought onto the other's by straight lines between voxels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrisk.brain.align import Brain
from headrisk.brain.template import load_template
from headrisk.deidentify.head import Head, brain_mask, find_head
from headrisk.heads.average import on_grid
from headrisk.heads.view import moved
from headrisk.io.geometry import corner_displacement
from headrisk.io.volume import Volume
from headrisk.types import BoolArray, Float32Array, FloatArray

# ----------------------------------------------------------------------
# Volumes of fluid, grey and white matter by a simple clustering of intensities.
# ----------------------------------------------------------------------

_BINS = 512
_STEPS = 100


@dataclass(frozen=True)
class Tissues:
    """Volumes inside the brain mask, mL."""

    csf_ml: float
    gm_ml: float
    wm_ml: float


def tissue_volumes(brain: Brain, *, white_bright: bool) -> Tissues:
    """Split a bias-flattened brain into three classes of intensity by 1-D k-means.

    An estimate that follows the treatment's effect on intensities; it is no segmentation: partial
    volume, vessels and lesions go to whichever class is nearest (Lloyd, IEEE Trans Inf Theory
    28:129, 1982; started from the 10th, 45th and 80th percentile).

    Parameters
    ----------
    brain
        About 2 mm, flattened.
    white_bright
        White matter is brighter than grey, as on T1w; else fluid is the brightest class.
    """
    values = np.minimum(brain.data[brain.mask], np.float32(3))
    counts, edges = np.histogram(values, bins=_BINS, range=(0, 3))
    middles = (edges[1:] + edges[:-1]) / 2
    labels = np.searchsorted(_borders(counts.astype(np.float64), middles, values), middles)
    voxel_ml = abs(float(np.linalg.det(brain.affine[:3, :3]))) / 1000
    low, middle, high = (float(counts[labels == k].sum()) * voxel_ml for k in range(3))
    return Tissues(low, middle, high) if white_bright else Tissues(high, middle, low)


def _borders(counts: FloatArray, middles: FloatArray, values: Float32Array) -> FloatArray:
    """The two intensities that part the classes."""
    centres = np.quantile(values, [0.10, 0.45, 0.80])
    for _ in range(_STEPS):
        borders = (centres[1:] + centres[:-1]) / 2
        labels = np.searchsorted(borders, middles)
        weight = np.bincount(labels, counts, minlength=3)
        total = np.bincount(labels, counts * middles, minlength=3)
        moved = np.where(weight > 0, total / np.maximum(weight, 1), centres)
        if np.allclose(moved, centres, atol=1e-6):
            break
        centres = moved
    return np.asarray((centres[1:] + centres[:-1]) / 2, np.float64)


# ----------------------------------------------------------------------
# What a treatment costs: brain cut away, and what changes for those who analyse the scan.
# ----------------------------------------------------------------------

_SAME_GRID_MM = 0.01
_SAME_SHARE = 1e-4  # of the brain's mean intensity: smaller differences are rounding
_EMPTY_SHARE = 0.02  # of it: a brain voxel that falls below is cut


@dataclass(frozen=True)
class Damage:
    """Cost of a treatment for one scan. The brain is that of the untreated scan.

    Attributes
    ----------
    brain_voxels
        Voxels in the brain.
    cut_voxels, cut_ml
        Those of them that the treatment emptied (to below 2 % of the brain's mean), and their
        volume, mL. Voxels that were as dark before do not count.
    changed_voxels
        Those whose value changed at all.
    dice
        Overlap of the brain masks found before and after, 0 to 1.
    volume_before_ml, volume_after_ml
        Volumes of the two masks.
    tissues_before, tissues_after
        Fluid, grey and white matter by :func:`headrisk.deidentify.damage.tissue_volumes`, each in
        the mask of its own scan.
    mean_before, mean_after, sd_before, sd_after
        Intensity inside the untreated scan's brain, in the images' own units.
    shift_mm
        Mean distance over the brain between the places that the two alignments to the template
        give to a point of it.
    same_grid
        The two images share their voxel grid.
    """

    brain_voxels: int
    cut_voxels: int
    cut_ml: float
    changed_voxels: int
    dice: float
    volume_before_ml: float
    volume_after_ml: float
    tissues_before: Tissues
    tissues_after: Tissues
    mean_before: float
    mean_after: float
    sd_before: float
    sd_after: float
    shift_mm: float
    same_grid: bool

    @property
    def cut_share(self) -> float:
        """Share of the brain's voxels that were cut."""
        return self.cut_voxels / max(self.brain_voxels, 1)

    @property
    def volume_change(self) -> float:
        """Relative change of the brain mask's volume."""
        return self.volume_after_ml / self.volume_before_ml - 1


def damage(
    before: Volume,
    after: Volume,
    *,
    subject: str,
    suffix: str = "T1w",
    accurate: bool = False,
) -> Damage:
    """Measure what a treatment did to a scan's brain.

    Parameters
    ----------
    before, after
        The untreated and the treated scan.
    subject
        The scan's name for error messages.
    suffix
        BIDS suffix of both.
    accurate
        Use the larger brain-extraction network.

    Raises
    ------
    ScanError
        No brain is found, or cannot be aligned, in one of the two.
    """
    return damage_between(
        find_head(before, subject, suffix=suffix, accurate=accurate),
        find_head(after, f"{subject}, treated", suffix=suffix, accurate=accurate),
    )


def damage_between(before: Head, after: Head) -> Damage:
    """The same for scans whose brains have been found already."""
    first, second = before.volume, after.volume
    same = first.shape == second.shape and bool(
        corner_displacement(first.affine, second.affine, first.shape) < _SAME_GRID_MM
    )
    mask = brain_mask(before)
    old = first.data[mask]
    new = second.data[mask] if same else _resampled(second, first)[mask]
    level = float(old.mean())
    empty = _EMPTY_SHARE * level
    cut = int(np.count_nonzero((new < empty) & (old >= empty)))
    changed = int(np.count_nonzero(np.abs(new - old) > _SAME_SHARE * level))
    again = brain_mask(after) if same else _moved_mask(after, first)
    shared = int(np.count_nonzero(mask & again))
    sizes = int(np.count_nonzero(mask)), int(np.count_nonzero(again))
    bright = before.alignment.contrast >= 0
    return Damage(
        brain_voxels=sizes[0],
        cut_voxels=cut,
        cut_ml=cut * float(np.prod(first.voxel_mm)) / 1000,
        changed_voxels=changed,
        dice=2 * shared / max(sum(sizes), 1),
        volume_before_ml=before.brain_ml,
        volume_after_ml=after.brain_ml,
        tissues_before=tissue_volumes(before.brain, white_bright=bright),
        tissues_after=tissue_volumes(after.brain, white_bright=bright),
        mean_before=level,
        mean_after=float(new.mean()),
        sd_before=float(old.std()),
        sd_after=float(new.std()),
        shift_mm=alignment_shift(before.alignment.affine, after.alignment.affine),
        same_grid=same,
    )


def alignment_shift(first: FloatArray, second: FloatArray) -> float:
    """Mean distance in mm over the template brain between two alignments (template to scanner)."""
    template = load_template()
    points = moved(template.affine, np.argwhere(template.mask).astype(np.float64))
    apart = moved(first, points) - moved(second, points)
    return float(np.linalg.norm(apart, axis=1).mean())


def _resampled(volume: Volume, onto: Volume) -> Float32Array:
    return on_grid(volume.data, np.linalg.inv(volume.affine) @ onto.affine, onto.shape)


def _moved_mask(head: Head, onto: Volume) -> BoolArray:
    share = brain_mask(head).astype(np.float32)
    moved_share = on_grid(share, np.linalg.inv(head.volume.affine) @ onto.affine, onto.shape)
    return np.asarray(moved_share > 0.5, bool)
