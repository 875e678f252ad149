"""Exact search of large galleries beside FAISS: time, share passed over, and matches lost.

Run: ``python benchmarks/bench_search.py [--gallery 4000] [--million FOLDER]``.

The galleries are simulated. Vectors are Gaussian with the spectrum of residual fingerprints at
4 mm (``CAPTURED`` and ``SHARED`` below, fitted to 40 scans of 28 people from three collections: the
mean power spectrum of the residual maps, plus shared directions such that unrelated people
correlate with the standard deviation seen in the data, 0.03). A mate correlates with its gallery
vector as stated in each row; what differs between two scans has the same spectrum, which is the
hardest case for a projection.

With ``--million`` a gallery of 1,000,000 vectors of 4,096 numbers (float16, 8.2 GB) is written into
FOLDER, searched from there by memory map, and removed. That is fewer numbers than a fingerprint of
4 mm has (30,274), so that the gallery fits a common disk; the spectrum is cut to them.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import faiss
import numpy as np

from headrisk.linkage.search import Found, compare_all, search
from headrisk.linkage.search_index import SearchIndex, build_index

VALUES = 30_274
CAPTURED = (  # share of the energy in the first so many spectral directions
    (1, 0.001),
    (32, 0.018),
    (128, 0.046),
    (512, 0.131),
    (1024, 0.223),
    (2048, 0.372),
    (4096, 0.577),
    (8192, 0.782),
    (VALUES, 1.0),
)
SHARED, SHARED_DIRECTIONS = 0.12, 100  # energy in directions common to the population
MATES = (0.55, 0.85)  # median of tumour patients months apart; patients rescanned alike
THRESHOLD = 0.3
PROBES = 20
MILLION, SHORT = 1_000_000, 4096


def spectrum(values: int) -> np.ndarray:
    """Standard deviation along each principal direction, (values,), of vectors of length 1."""
    places, shares = np.array(CAPTURED).T
    total = np.interp(np.log(np.arange(1, VALUES + 1)), np.log(places), shares)
    energy = (1 - SHARED) * np.diff(total, prepend=0.0)
    weight = 1 / np.arange(1, SHARED_DIRECTIONS + 1)
    energy[:SHARED_DIRECTIONS] += SHARED * weight / weight.sum()
    energy = np.sort(energy)[::-1][:values]
    return np.sqrt(energy / energy.sum()).astype(np.float32)


def draw(rng: np.random.Generator, count: int, scale: np.ndarray) -> np.ndarray:
    """Random vectors with this spectrum, length 1 on average."""
    return rng.standard_normal((count, len(scale)), dtype=np.float32) * scale


def mates_of(
    vectors: np.ndarray, score: float, scale: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Other scans of these people, which correlate with the first ones by about ``score``."""
    other = draw(rng, len(vectors), scale)
    return score * np.asarray(vectors, np.float32) + np.sqrt(1 - score**2) * other


class Clock:
    """Wall and CPU seconds of a ``with`` block."""

    def __enter__(self) -> Clock:
        self.wall, self.cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall = time.perf_counter() - self.wall
        self.cpu = time.process_time() - self.cpu

    def __str__(self) -> str:
        return f"{self.wall:.2f} s wall, {self.cpu:.2f} s CPU"


def pruned(found: list[Found], gallery: int) -> str:
    """Mean share of the gallery that each level and the full comparison left out."""
    levels = np.mean([one.passed for one in found], axis=0)
    full = np.mean([one.compared for one in found])
    shares = ", ".join(f"{100 * (1 - left / gallery):.2f} %" for left in levels)
    return f"passed over after each level {shares}; {full:.0f} compared in full"


def beside_faiss(gallery: int, rng: np.random.Generator) -> None:
    """Whole fingerprints: exact search, FAISS flat, FAISS IVF, all on one thread."""
    scale = spectrum(VALUES)
    vectors = draw(rng, gallery, scale)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    places = np.linspace(0, gallery - 1, PROBES).astype(np.int64)
    print(f"{gallery} fingerprints of {VALUES} numbers, {PROBES} probes, one thread")
    with Clock() as clock:
        index = build_index(vectors, numbers=(256, 1024))
    print(f"  index built: {clock}")
    faiss.omp_set_num_threads(1)
    flat = faiss.IndexFlatIP(VALUES)
    flat.add(vectors)
    cells = int(4 * np.sqrt(gallery))
    near = faiss.IndexIVFFlat(faiss.IndexFlatIP(VALUES), VALUES, cells, faiss.METRIC_INNER_PRODUCT)
    near.cp.niter, near.cp.max_points_per_centroid = 4, 16
    with Clock() as clock:
        near.train(vectors)
        near.add(vectors)
    print(f"  FAISS IVF built, {cells} cells: {clock}")
    for score in MATES:
        probes = mates_of(vectors[places], score, scale, rng)
        unit = probes / np.linalg.norm(probes, axis=1, keepdims=True)
        for k in (1, 5):
            for least in (-np.inf, THRESHOLD):
                with Clock() as clock:
                    found = search(index, probes, k=k, at_least=least)
                print(f"  mates {score}, first {k} at or above {least:g}: {clock}")
                print(f"    {pruned(found, gallery)}")
                check(index, probes[:10], found[:10], k, least)
            lost_matches(flat, near, unit, k, found=search(index, probes, k=k))


def lost_matches(
    flat: faiss.Index, near: faiss.IndexIVFFlat, unit: np.ndarray, k: int, found: list[Found]
) -> None:
    """Print FAISS's time and how many of the true first k each FAISS index loses."""
    with Clock() as clock:
        _, rows = flat.search(unit, k)
    lost = sum(
        len(set(a.rows.tolist()) - set(b.tolist())) for a, b in zip(found, rows, strict=True)
    )
    print(f"    FAISS flat: {clock}; differs in {lost} of {rows.size}")
    for cells in (1, 8, 32):
        near.nprobe = cells
        with Clock() as clock:
            _, rows = near.search(unit, k)
        lost = missing(found, rows)
        print(f"    FAISS IVF, {cells} cells looked at: {clock}; loses {lost} of {rows.size}")


def missing(found: list[Found], rows: np.ndarray) -> int:
    """How many of the true matches another answer does not hold."""
    pairs = zip(found, rows, strict=True)
    return sum(len(set(one.rows.tolist()) - set(other.tolist())) for one, other in pairs)


def check(index: SearchIndex, probes: np.ndarray, found: list[Found], k: int, least: float) -> None:
    """Compare with everything; the answers must be the same."""
    for probe, one in zip(probes, found, strict=True):
        full = compare_all(index, probe, k=k, at_least=least)
        assert np.array_equal(full.rows, one.rows)
        assert np.array_equal(full.scores, one.scores)


def written(folder: Path, rng: np.random.Generator, count: int) -> np.ndarray:
    """A memory-mapped gallery of ``count`` short vectors in float16."""
    scale = spectrum(SHORT)
    out = np.lib.format.open_memmap(folder / "gallery.npy", "w+", np.float16, (count, SHORT))
    for start in range(0, count, 4096):
        out[start : start + 4096] = draw(rng, min(4096, count - start), scale)
    out.flush()
    del out
    return np.load(folder / "gallery.npy", mmap_mode="r")


def million(folder: Path, rng: np.random.Generator, count: int, batch: int, threads: int) -> None:
    """One probe and a batch of probes against ``count`` vectors on disk."""
    with Clock() as clock:
        vectors = written(folder, rng, count)
    print(f"\n{count} vectors of {SHORT} numbers written: {clock}", flush=True)
    with Clock() as clock:
        index = build_index(vectors, numbers=(256, 1024), folder=folder)
    print(f"  index built: {clock}", flush=True)
    scale = spectrum(SHORT)
    places = np.linspace(0, count - 1, batch).astype(np.int64)
    for score in MATES:
        probes = mates_of(vectors[places], score, scale, rng)
        for least in (-np.inf, THRESHOLD, 0.7):
            times, found = [], []
            for probe in probes[:11]:
                with Clock() as clock:
                    found += search(index, probe[None], k=1, at_least=least, threads=threads)
                times.append((clock.wall, clock.cpu))
            wall, cpu = np.median(times[1:], axis=0)
            print(
                f"  mates {score}, first 1 at or above {least:g}, one probe (median of 10): ",
                end="",
            )
            print(f"{wall:.2f} s wall, {cpu:.2f} s CPU; {pruned(found, count)}", flush=True)
        with Clock() as clock:
            found = search(index, probes, k=1, at_least=THRESHOLD, threads=threads)
        right = sum(p in one.rows for p, one in zip(places, found, strict=True))
        print(
            f"  batch of {batch}, first 1 at or above {THRESHOLD}: {clock}; {pruned(found, count)}"
        )
        print(f"    mate found for {right} of {batch}", flush=True)
        approximate(index, probes, found, count)
    print(
        f"  peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB, "
        "of which pages of mapped files"
    )


def approximate(index: SearchIndex, probes: np.ndarray, found: list[Found], count: int) -> None:
    """FAISS IVF over the first coordinates: what an approximate search of this size loses."""
    codes = index.levels[0].codes
    width = codes.shape[1]
    near = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(width), width, 1024, faiss.ScalarQuantizer.QT_8bit,
        faiss.METRIC_INNER_PRODUCT,
    )  # fmt: skip
    near.cp.niter, near.cp.max_points_per_centroid = 4, 32
    with Clock() as clock:
        near.train(codes[:: max(1, count // 32768)].astype(np.float32))
        for part in blocks(count):
            near.add(codes[part].astype(np.float32))
    print(f"    FAISS IVF over {width} numbers, built: {clock}")
    short = (probes @ index.basis[:width].T).astype(np.float32)
    for cells in (8, 64):
        near.nprobe = cells
        with Clock() as clock:
            _, rows = near.search(short, 1)
        lost = missing(found, rows)
        print(f"    {cells} cells looked at: {clock}; loses {lost} of {len(found)}", flush=True)


def blocks(count: int, step: int = 16384) -> Iterator[slice]:
    """Consecutive slices."""
    for start in range(0, count, step):
        yield slice(start, start + step)


def main() -> None:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gallery", type=int, default=4000, help="fingerprints (default 4000)")
    parser.add_argument("--million", type=Path, metavar="FOLDER", help="where 15 GB are free")
    parser.add_argument("--count", type=int, default=MILLION, help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=int, default=1000, help="probes searched together")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    if options.gallery:
        beside_faiss(options.gallery, rng)
    if options.million:
        with tempfile.TemporaryDirectory(dir=options.million) as folder:
            million(Path(folder), rng, options.count, options.batch, options.threads)


if __name__ == "__main__":
    main()
