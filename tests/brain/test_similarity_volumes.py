"""SSIM, multi-scale SSIM, local correlation, GMSD, mutual information and correlation ratio.

Oracles: scikit-image, scikit-learn, SciPy and plain loops, in double precision, on phantoms with
three unequal sides and an irregular mask.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage, stats
from skimage.metrics import structural_similarity
from sklearn.metrics import mutual_info_score

from headrisk.brain.similarity import PairFamily, select
from headrisk.settings import DEFAULT_MEASURES
from headrisk.types import BoolArray, Float32Array, FloatArray, Grid

PAIRWISE = [n for n, found in select(DEFAULT_MEASURES).items() if isinstance(found, PairFamily)]
SHAPES = [(7, 8, 9), (13, 11, 17), (22, 27, 20)]
WANG = np.array([0.0448, 0.2856, 0.3001])


def irregular_grid(shape: tuple[int, int, int], seed: int = 0) -> Grid:
    """A lopsided blob with a hole, off-centre in a larger field of view."""
    rng = np.random.default_rng(seed)
    noise = ndimage.gaussian_filter(rng.standard_normal(shape), 1.5)
    mask = np.zeros(tuple(np.add(shape, (3, 5, 2))), bool)
    mask[1:-2, 4:-1, 0:-2] = noise > np.quantile(noise, 0.35)
    return Grid(mask, np.diag([4.0, 4, 4, 1]))


def images(seed: int, count: int, grid: Grid) -> Float32Array:
    rng = np.random.default_rng(seed)
    common = ndimage.gaussian_filter(np.random.default_rng(99).standard_normal(grid.mask.shape), 2)
    out = []
    for _ in range(count):
        own = ndimage.gaussian_filter(rng.standard_normal(grid.mask.shape), 1.2)
        noise = rng.standard_normal(grid.mask.shape)
        voxels = (common / common.std() + own / own.std() + 0.2 * noise)[grid.mask]
        voxels[rng.random(grid.size) < 0.05] = 0
        out.append(np.clip((voxels - voxels.mean()) / voxels.std(), -4, 4))
    return np.array(out, dtype=np.float32)


def block(name: str, a: Float32Array, b: Float32Array, grid: Grid) -> FloatArray:
    family = select([name])[name]
    return family.block(family.prepare(a, grid), family.prepare(b, grid), {name})[name]


def padded(vector: Float32Array, grid: Grid) -> tuple[FloatArray, BoolArray]:
    """The volume and mask in double precision, with room for any window around them."""
    return np.pad(grid.volume(vector).astype(float), 8), np.pad(grid.mask, 8)


def every_pair(oracle, a: Float32Array, b: Float32Array, grid: Grid) -> FloatArray:  # type: ignore[no-untyped-def]
    return np.array([[oracle(*padded(x, grid), padded(y, grid)[0]) for y in b] for x in a])


def ssim_oracle(x: FloatArray, mask: BoolArray, y: FloatArray) -> float:
    _, found = structural_similarity(x, y, win_size=7, data_range=8, full=True)
    return float(found[mask].mean())


def windowed(x: FloatArray, y: FloatArray) -> FloatArray:
    """Sample covariance of the 7 x 7 x 7 windows."""
    mean = [ndimage.uniform_filter(v, 7) for v in (x, y, x * y)]
    return (mean[2] - mean[0] * mean[1]) * 343 / 342


def local_ncc_oracle(x: FloatArray, mask: BoolArray, y: FloatArray) -> float:
    values = []
    for i, j, k in np.argwhere(mask):
        window = np.s_[i - 3 : i + 4, j - 3 : j + 4, k - 3 : k + 4]
        u, v = x[window].ravel(), y[window].ravel()
        flat = min(u.var(ddof=1), v.var(ddof=1)) < 1e-3
        values.append(0.0 if flat else np.corrcoef(u, v)[0, 1])
    return float(np.mean(values))


def ms_ssim_oracle(x: FloatArray, mask: BoolArray, y: FloatArray, shape: tuple[int, ...]) -> float:
    """Composed from skimage's SSIM map and its contrast-structure factor."""
    x, y, mask = (crop_even(v, mask) for v in (x, y, mask))
    terms = []
    share = mask.astype(float)
    for _ in range(3):
        inside = np.pad(share, 8) >= 0.5
        if not inside.any():
            break
        u, v = np.pad(x, 8), np.pad(y, 8)
        c2 = (0.03 * 8) ** 2
        contrast = (2 * windowed(u, v) + c2) / (windowed(u, u) + windowed(v, v) + c2)
        ssim = ssim_oracle(u, inside, v)
        terms.append((contrast[inside].mean(), ssim))
        x, y, share = halved(x), halved(y), halved((share >= 0.5).astype(float))
    values = np.maximum([t[0] for t in terms[:-1]] + [terms[-1][1]], 0)
    weights = WANG[: len(values)] / WANG[: len(values)].sum()
    return float(np.prod(values**weights))


def crop_even(volume: FloatArray, mask: BoolArray) -> FloatArray:
    """The mask's bounding box, filled up with 0 to a multiple of 4."""
    box = volume[ndimage.find_objects(mask.astype(int))[0]]
    return np.pad(box, [(0, -size % 4) for size in box.shape])


def halved(volume: FloatArray) -> FloatArray:
    return ndimage.uniform_filter(volume, 2, origin=-1)[::2, ::2, ::2]


def gmsd_oracle(x: FloatArray, mask: BoolArray, y: FloatArray) -> float:
    m = [np.sqrt(sum(ndimage.prewitt(v, k) ** 2 for k in range(3))) / 9 for v in (x, y)]
    c = 170 / 255**2 * 64
    similarity = (2 * m[0] * m[1] + c) / (m[0] ** 2 + m[1] ** 2 + c)
    return -float(similarity[mask].std())


def joint(x: FloatArray, y: FloatArray) -> FloatArray:
    return np.histogram2d(x, y, bins=32, range=[[-4, 4], [-4, 4]])[0]


def nmi_oracle(x: FloatArray, mask: BoolArray, y: FloatArray) -> float:
    counts = joint(x[mask], y[mask])
    marginals = stats.entropy(counts.sum(0)) + stats.entropy(counts.sum(1))
    return float(marginals / stats.entropy(counts.ravel()))


def mi_oracle(x: FloatArray, mask: BoolArray, y: FloatArray) -> float:
    edges = np.linspace(-4, 4, 33)[1:-1]
    return float(mutual_info_score(np.digitize(x[mask], edges), np.digitize(y[mask], edges)))


def correlation_ratio_oracle(x: FloatArray, mask: BoolArray, y: FloatArray) -> float:
    """1 - mean variance within bins over variance, on bin centres, mean of both directions."""
    edges = np.linspace(-4, 4, 33)
    codes = [np.digitize(v[mask], edges[1:-1]) for v in (x, y)]
    centres = [(edges[:-1] + 0.125)[code] for code in codes]
    shares = []
    for by, of in ((0, 1), (1, 0)):
        groups = [centres[of][codes[by] == k] for k in range(32)]
        within = sum(len(group) * group.var() for group in groups if len(group))
        shares.append(1 - within / (len(centres[of]) * centres[of].var()))
    return float(np.mean(shares))


ORACLES = {
    "ssim": ssim_oracle,
    "local-ncc": local_ncc_oracle,
    "gmsd": gmsd_oracle,
    "mutual-information": mi_oracle,
    "normalised-mutual-information": nmi_oracle,
    "correlation-ratio": correlation_ratio_oracle,
}


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.parametrize("shape", SHAPES)
def test_against_an_independent_implementation(name: str, shape: tuple[int, int, int]) -> None:
    grid = irregular_grid(shape)
    a, b = images(1, 2, grid), images(2, 3, grid)
    count = 1 if name == "local-ncc" and shape == SHAPES[-1] else 3
    expected = every_pair(ORACLES[name], a[:count], b[:count], grid)
    assert np.abs(block(name, a[:count], b[:count], grid) - expected).max() < 1e-5
    assert np.ptp(np.append(expected, block(name, a[:1], a[:1], grid))) > 1e-3


@pytest.mark.parametrize("shape", SHAPES)
def test_ms_ssim_against_a_composition_of_skimage(shape: tuple[int, int, int]) -> None:
    grid = irregular_grid(shape)
    a, b = images(1, 2, grid), images(2, 3, grid)
    volumes = [[grid.volume(x).astype(float) for x in block] for block in (a, b)]
    expected = [[ms_ssim_oracle(x, grid.mask, y, shape) for y in volumes[1]] for x in volumes[0]]
    assert np.abs(block("ms-ssim", a, b, grid) - expected).max() < 1e-5


def test_ms_ssim_of_opposed_images_is_zero() -> None:
    grid = irregular_grid((13, 11, 17))
    a = images(1, 1, grid)
    assert block("ms-ssim", a, -a, grid)[0, 0] == 0


def test_single_precision_is_enough_at_full_size() -> None:
    """A whole head at 4 mm with strong common signal, against double precision."""
    x, y, z = np.ogrid[-1:1:38j, -1:1:46j, -1:1:38j]
    grid = Grid(x**2 + y**2 + z**2 < 0.93, np.eye(4))
    a, b = images(1, 1, grid), images(2, 1, grid)
    u, mask = padded(a[0], grid)
    v, _ = padded(b[0], grid)
    covariance, variances = windowed(u, v), windowed(u, u) * windowed(v, v)
    local = np.where(variances > 0, covariance / np.sqrt(np.maximum(variances, 1e-12)), 0)
    assert block("local-ncc", a, b, grid)[0, 0] == pytest.approx(local[mask].mean(), abs=1e-5)
    for name in ("ssim", "gmsd"):
        expected = ORACLES[name](u, mask, v)
        assert block(name, a, b, grid)[0, 0] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", PAIRWISE)
def test_the_field_of_view_around_the_mask_does_not_matter(name: str) -> None:
    grid = irregular_grid((9, 11, 10))
    wider = Grid(np.pad(grid.mask, ((3, 0), (0, 6), (2, 1))), grid.affine)
    a, b = images(1, 2, grid), images(2, 2, grid)
    assert np.abs(block(name, a, b, grid) - block(name, a, b, wider)).max() < 1e-6


@pytest.mark.parametrize("name", PAIRWISE)
def test_constant_and_empty_images_give_finite_scores(name: str) -> None:
    grid = irregular_grid((7, 8, 9))
    flat = np.stack([np.zeros(grid.size), np.full(grid.size, 4.0), np.full(grid.size, -1.7)])
    vectors = np.concatenate([flat.astype(np.float32), images(1, 2, grid)])
    assert np.isfinite(block(name, vectors, vectors, grid)).all()


TINY = irregular_grid((4, 5, 6))
VECTORS = hnp.arrays(np.float32, (4, TINY.size), elements=st.floats(-4, 4, width=16))


@settings(max_examples=25, deadline=None)
@given(VECTORS, st.sampled_from(PAIRWISE))
def test_symmetric_and_never_above_self(vectors: Float32Array, name: str) -> None:
    scores = block(name, vectors, vectors, TINY)
    assert np.abs(scores - scores.T).max() < 1e-6
    assert np.all(scores <= scores.diagonal()[:, None] + 1e-5)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 99), st.permutations(range(4)), st.sampled_from(PAIRWISE))
def test_images_do_not_influence_each_other(seed: int, order: list[int], name: str) -> None:
    a, b = images(seed, 4, TINY), images(seed + 100, 3, TINY)
    whole = block(name, a, b, TINY)
    assert np.abs(block(name, a[order], b, TINY) - whole[order]).max() < 1e-6
    assert np.abs(block(name, a[1:2], b[2:], TINY) - whole[1:2, 2:]).max() < 1e-6


@pytest.mark.parametrize(
    "name", ["mutual-information", "normalised-mutual-information", "correlation-ratio"]
)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 99))
def test_reversed_contrast_keeps_the_information(name: str, seed: int) -> None:
    """Bin centres times -1 are the same bins in another order."""
    rng = np.random.default_rng(seed)
    a = (rng.integers(-8, 8, (2, TINY.size)) * 0.25 + 0.125).astype(np.float32)
    b = images(seed, 2, TINY)
    assert np.abs(block(name, a, b, TINY) - block(name, -a, b, TINY)).max() < 1e-9


def test_every_default_measure_is_registered() -> None:
    assert list(select(DEFAULT_MEASURES)) == list(DEFAULT_MEASURES)


def test_one_measure_alone_equals_the_family() -> None:
    grid = irregular_grid((9, 8, 10))
    a, b = images(1, 2, grid), images(2, 3, grid)
    for name in PAIRWISE:
        family = select([name])[name]
        together = family.block(family.prepare(a, grid), family.prepare(b, grid), set(family.names))
        assert set(together) == set(family.names)
        assert np.array_equal(together[name], block(name, a, b, grid))
