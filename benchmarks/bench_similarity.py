"""Time of every similarity measure, beside other packages doing the same work in the same run.

Run: ``python benchmarks/bench_similarity.py [--side 100]``. Synthetic fingerprints on a 4 mm grid
(about 28,000 voxels). CPU time is given for one core; the extrapolation comes from a run over
side x side pairs, all measures, in two processes.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from measuring import record
from scipy import ndimage
from skimage.metrics import normalized_mutual_information, structural_similarity
from sklearn.metrics import mutual_info_score
from threadpoolctl import threadpool_limits

from headrisk.brain.similarity import Reference, select
from headrisk.linkage.compare import compare
from headrisk.settings import DEFAULT_MEASURES
from headrisk.types import Float32Array, Grid

PROCESSES = 2
TARGET_MINUTES = 15.0
TARGET_RATIO = 1.3
MILLION = 1_000_000


def head_grid() -> Grid:
    """An ellipsoid as large as the brain at 4 mm."""
    x, y, z = np.ogrid[-1:1:38j, -1:1:46j, -1:1:38j]
    return Grid(x**2 + y**2 + z**2 < 0.9, np.diag([4.0, 4, 4, 1]))


def fingerprints(rng: np.random.Generator, count: int, grid: Grid) -> Float32Array:
    """Smooth random volumes, standardised and clipped as fingerprints are."""
    out = np.empty((count, grid.size), np.float32)
    for row in out:
        noise = rng.standard_normal(grid.mask.shape, dtype=np.float32)
        voxels = ndimage.gaussian_filter(noise, 1)[grid.mask]
        row[:] = np.clip((voxels - voxels.mean()) / voxels.std(), -4, 4)
    return out


def reference(grid: Grid) -> Reference:
    """As many directions to remove as the shipped reference has."""
    directions = fingerprints(np.random.default_rng(1), 18, grid)
    basis = np.linalg.qr(directions.T)[0].T
    return Reference(directions[0], np.ascontiguousarray(basis, np.float32))


def cpu_seconds(work: Callable[[], object], repeats: int) -> float:
    """Least CPU time of a few repeats."""
    found = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found)


def scores(
    a: Float32Array,
    b: Float32Array,
    names: Sequence[str],
    grid: Grid,
    *,
    shared: Reference | None = None,
    run: Any = map,
) -> object:
    """All scores of these measures."""
    usable = np.ones((len(a), len(b)), bool)
    people = np.arange(len(a)), np.arange(len(a), len(a) + len(b))
    return compare(a, b, *people, usable, select(names), grid, reference=shared, run=run)


def alternatives(grid: Grid, x: Float32Array, y: Float32Array) -> dict[str, tuple[str, Any]]:
    """One pair by another package; keyed by the measure it stands beside."""
    u, v = grid.volume(x), grid.volume(y)
    edges = np.linspace(-4, 4, 33)[1:-1]

    def gmsd() -> Any:
        m = [np.sqrt(sum(ndimage.prewitt(w, k) ** 2 for k in range(3))) / 9 for w in (u, v)]
        return ((2 * m[0] * m[1] + 0.1673) / (m[0] ** 2 + m[1] ** 2 + 0.1673))[grid.mask].std()

    def local_ncc() -> Any:
        f = [ndimage.uniform_filter(w, 7) for w in (u, v, u * u, v * v, u * v)]
        variance = (f[2] - f[0] ** 2) * (f[3] - f[1] ** 2)
        return ((f[4] - f[0] * f[1]) / np.sqrt(np.maximum(variance, 1e-6)))[grid.mask].mean()

    def ssim() -> Any:
        found: Any = structural_similarity(u, v, win_size=7, data_range=8, full=True)
        return found[1][grid.mask].mean()

    return {
        "mae": ("numpy", lambda: np.abs(x - y).mean()),
        "rmse": ("numpy", lambda: np.sqrt(((x - y) ** 2).mean())),
        "ncc": ("numpy.corrcoef", lambda: np.corrcoef(x, y)),
        "local-ncc": ("scipy.ndimage", local_ncc),
        "ssim": ("scikit-image", ssim),
        "gmsd": ("scipy.ndimage", gmsd),
        "mutual-information": (
            "scikit-learn",
            lambda: mutual_info_score(np.digitize(x, edges), np.digitize(y, edges)),
        ),
        "normalised-mutual-information": (
            "scikit-image",
            lambda: normalized_mutual_information(x, y, bins=32),
        ),
    }


def per_measure(grid: Grid, vectors: Float32Array) -> dict[str, float]:
    """Print the CPU time of a pair, each measure alone and each alternative; returns ratios."""
    ratios = {}
    a, b = vectors[:64], vectors[64:128]
    others, shared = alternatives(grid, a[0], b[0]), reference(grid)
    print(f"{'measure':32}{'us/pair':>10}   another package, us/pair (ratio)")
    for name in DEFAULT_MEASURES:
        work = partial(scores, a, b, [name], grid, shared=shared)
        own = cpu_seconds(work, 2) / (len(a) * len(b)) * 1e6
        line = f"{name:32}{own:10.1f}"
        if name in others:
            package, pair = others[name]
            other = cpu_seconds(lambda pair=pair: [pair() for _ in range(10)], 2) / 10 * 1e6  # type: ignore[misc]
            line += f"   {package}: {other:.0f} ({other / own:.0f} x)"
            ratios[f"{name} over {package}"] = own / other
        print(line, flush=True)
    return ratios


def matrix_product(grid: Grid, rng: np.random.Generator, side: int = 1000) -> float:
    """Print and return NCC's CPU time over that of the bare matrix product."""
    a = rng.standard_normal((side, grid.size), dtype=np.float32)
    b = rng.standard_normal((side, grid.size), dtype=np.float32)
    ratios = []
    for _ in range(4):
        bare = cpu_seconds(lambda: a @ b.T, 1)
        ncc = cpu_seconds(lambda: scores(a, b, ["ncc"], grid), 1)
        ratios.append(ncc / bare)
    print(f"\nNCC of {side} x {side}: {ncc:.2f} s; bare matrix product {bare:.2f} s (last of 4)")
    print(f"ratio: {', '.join(f'{r:.2f}' for r in ratios)} (target at most {TARGET_RATIO})")
    return float(np.median(ratios))


def in_processes(function: Any, tasks: Sequence[Any]) -> Iterable[Any]:
    """Run tasks in two processes, one thread each, in order."""
    with ProcessPoolExecutor(PROCESSES, initializer=threadpool_limits, initargs=(1,)) as pool:
        yield from pool.map(function, tasks)


def cpu_of_all_processes() -> float:
    """CPU seconds of this process and of its children that have ended."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, who))


def million_pairs(grid: Grid, vectors: Float32Array, side: int) -> float:
    """Print and return the minutes that a million pairs take, from a run over side x side."""
    with tempfile.TemporaryDirectory() as folder:
        mapped = []
        for name, part in (("a", vectors[:side]), ("b", vectors[side : 2 * side])):
            np.save(Path(folder) / f"{name}.npy", part)
            mapped.append(np.load(Path(folder) / f"{name}.npy", mmap_mode="r"))
        start, cpu = time.perf_counter(), cpu_of_all_processes()
        shared = reference(grid)
        scores(mapped[0], mapped[1], DEFAULT_MEASURES, grid, shared=shared, run=in_processes)
        seconds, cpu = time.perf_counter() - start, cpu_of_all_processes() - cpu
    pairs = side * side
    minutes = seconds / pairs * MILLION / 60
    print(f"\n{pairs} pairs, all {len(DEFAULT_MEASURES)} measures, {PROCESSES} processes: ", end="")
    print(f"{seconds:.1f} s wall, {cpu:.1f} s CPU ({cpu / pairs * 1e3:.3f} ms CPU a pair)")
    print(
        f"1,000,000 pairs: {minutes:.1f} min wall (target at most {TARGET_MINUTES:.0f}),", end=" "
    )
    print(f"{cpu / pairs * MILLION / 60 / PROCESSES:.1f} min if both cores were free")
    return minutes


def main() -> None:
    """Run all parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=100, help="images on each side (default 100)")
    side = max(64, parser.parse_args().side)
    rng = np.random.default_rng(0)
    grid = head_grid()
    print(f"{grid.size} voxels at 4 mm")
    vectors = fingerprints(rng, 2 * side, grid)
    with threadpool_limits(1):
        ratios = per_measure(grid, vectors)
        ratios["ncc over the bare matrix product"] = matrix_product(grid, rng)
        minutes = million_pairs(grid, vectors, side)
    record(__file__, ratios, {"1,000,000 pairs, all measures, extrapolated, min": minutes})


if __name__ == "__main__":
    main()
