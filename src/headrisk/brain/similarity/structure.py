"""Measures over a sliding window: local correlation, SSIM and multi-scale SSIM, in one pass.

All three need the window's mean of the product of the two images, which is the costly part and
is taken once for each pair; means and variances are taken once for each image. Windows are cubes
of 7 voxels, centred at each voxel of the mask; voxels outside the mask are 0. Sums are in single
precision; scores agree with double precision to 1e-5.

- ``ssim``: Wang et al. 2004 with uniform windows, data range 8, K1 = 0.01, K2 = 0.03, sample
  covariance: the map of ``skimage.metrics.structural_similarity``, averaged over the mask.
- ``local-ncc``: the correlation of the two windows, averaged over the mask; a window with a
  variance below ``FLAT_VARIANCE`` in either image counts as 0.
- ``ms-ssim``: Wang et al. 2003 with the first three of the published weights, scaled to sum 1
  (small volumes have no room for five). Between scales volumes are averaged over 2 x 2 x 2
  voxels. A voxel is kept in a coarser mask if at least half of its volume was inside. Contrast
  and structure at all scales, luminance at the coarsest; means below 0 count as 0.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

import numpy as np

from headrisk.brain.similarity.difference import DATA_RANGE, PAIR_VOXELS
from headrisk.brain.similarity.registry import family
from headrisk.brain.similarity.windows import WindowLayout, box_volumes, mask_box
from headrisk.types import BoolArray, Float32Array, FloatArray, Grid

WIDTH = 7
C1 = (0.01 * DATA_RANGE) ** 2
C2 = (0.03 * DATA_RANGE) ** 2
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001)  # of Wang et al. 2003, before scaling to sum 1
FLAT_VARIANCE = 1e-3
SAMPLE = WIDTH**3 / (WIDTH**3 - 1)  # sample over population covariance


@dataclass(frozen=True)
class Scale:
    """Block of images at one scale. All but ``laid_out`` are (n, mask voxels)."""

    layout: WindowLayout
    laid_out: Float32Array  # (n, core)
    mean: Float32Array
    luminance: Float32Array  # (mean^2 + C1 / 2) / 2
    contrast: Float32Array  # (variance + C2 / 2) / 2
    inverse_sd: Float32Array  # 0 where the window is flat


@dataclass(frozen=True)
class PairMeans:
    """Means over the mask for every pair at one scale, each (a, b)."""

    ssim: FloatArray
    contrast_structure: FloatArray
    correlation: FloatArray


def scales(vectors: Float32Array, grid: Grid) -> list[Scale]:
    """Window means and variances of each fingerprint, at every scale that has voxels left."""
    mask = mask_box(grid)
    volumes = box_volumes(vectors, mask)
    out = [_scale(volumes, mask)]
    for _ in SCALE_WEIGHTS[1:]:
        share = _halve(mask[None].astype(np.float32))[0]
        mask, volumes = share >= 0.5, _halve(volumes)
        if not mask.any():
            break
        out.append(_scale(volumes, mask))
    return out


@family("ssim", "local-ncc", "ms-ssim", prepare=scales, bytes_per_voxel=40)
def structure(a: list[Scale], b: list[Scale], names: Set[str]) -> dict[str, FloatArray]:
    """Score every pair by its windows; see the module for the measures."""
    wanted = len(a) if "ms-ssim" in names else 1
    means = [_pair_means(x, y) for x, y in zip(a[:wanted], b[:wanted], strict=True)]
    scores = {"ssim": means[0].ssim, "local-ncc": means[0].correlation}
    if "ms-ssim" in names:
        scores["ms-ssim"] = _combine(means)
    return {name: scores[name] for name in scores if name in names}


def _combine(means: list[PairMeans]) -> FloatArray:
    weights = np.array(SCALE_WEIGHTS[: len(means)])
    terms = [scale.contrast_structure for scale in means[:-1]] + [means[-1].ssim]
    powers = zip(terms, weights / weights.sum(), strict=True)
    product: FloatArray = np.ones_like(terms[0])
    for term, weight in powers:
        product *= np.maximum(term, 0) ** weight
    return product


def _scale(volumes: Float32Array, mask: BoolArray) -> Scale:
    layout = WindowLayout(mask, WIDTH)
    laid_out = layout.lay_out(volumes)
    shape = (len(volumes), int(np.count_nonzero(mask)))
    mean, variance = np.empty(shape), np.empty(shape)
    ones = np.ones(layout.core)
    for row, image in enumerate(laid_out.astype(np.float64)):
        mean[row] = layout.window_sums(image, ones)[0] / WIDTH**3
        variance[row] = layout.window_sums(image, image)[0] / WIDTH**3 - mean[row] ** 2
    variance = np.maximum(variance * SAMPLE, 0)
    flat = variance < FLAT_VARIANCE
    return Scale(
        layout,
        laid_out.astype(np.float32),
        mean.astype(np.float32),
        ((mean**2 + C1 / 2) / 2).astype(np.float32),
        ((variance + C2 / 2) / 2).astype(np.float32),
        np.where(flat, 0, 1 / np.sqrt(np.where(flat, 1, variance))).astype(np.float32),
    )


def _pair_means(a: Scale, b: Scale) -> PairMeans:
    """Every image of ``a`` against every one of ``b`` at one scale."""
    shape = (len(a.mean), len(b.mean))
    voxels = a.mean.shape[1]
    ssim, contrast_structure, correlation = np.empty(shape), np.empty(shape), np.empty(shape)
    step = max(1, PAIR_VOXELS // a.layout.core)
    ones = np.ones(voxels, np.float32)
    for row in range(shape[0]):
        image = a.laid_out[row] * np.float32(SAMPLE / WIDTH**3)
        scaled_mean = a.mean[row] * np.float32(SAMPLE)
        for start in range(0, shape[1], step):
            columns = slice(start, start + step)
            s = a.layout.window_sums(b.laid_out[columns], image)
            work = b.mean[columns] * scaled_mean
            s -= work  # sample covariance
            np.multiply(s, b.inverse_sd[columns], out=work)
            correlation[row, columns] = work @ a.inverse_sd[row]
            s += np.float32(C2 / 2)
            np.add(b.contrast[columns], a.contrast[row], out=work)
            s /= work  # contrast and structure
            contrast_structure[row, columns] = s @ ones
            np.multiply(b.mean[columns], a.mean[row], out=work)
            work += np.float32(C1 / 2)
            s *= work
            np.add(b.luminance[columns], a.luminance[row], out=work)
            s /= work
            ssim[row, columns] = s @ ones
    return PairMeans(ssim / voxels, contrast_structure / voxels, correlation / voxels)


def _halve(volumes: Float32Array) -> Float32Array:
    """Average (n, x, y, z) volumes over 2 x 2 x 2 voxels; odd edges are filled with 0."""
    odd = [(0, 0), *((0, size % 2) for size in volumes.shape[1:])]
    even = np.pad(volumes, odd)
    n, x, y, z = even.shape
    cells = even.reshape(n, x // 2, 2, y // 2, 2, z // 2, 2)
    halved: Float32Array = cells.mean(axis=(2, 4, 6), dtype=np.float32)
    return halved
