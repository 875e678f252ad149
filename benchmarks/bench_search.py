"""Exact search of large galleries beside FAISS: time, share passed over, and matches lost.

    python benchmarks/bench_search.py [--size 100000] [--pass 1000000] [--folder FOLDER]

The galleries are simulated and have the length of real fingerprints of 4 mm (30,274 numbers).
Each vector is a Gaussian random field with the power spectrum of real residual fingerprints
(``POWER``: 40 T1w scans of 28 people from three collections), cut to the brain, plus directions
that people share, such that strangers correlate with a standard deviation of about 0.04. A mate
correlates with its gallery vector as stated in each row; what differs between two scans has the
same spectrum. Fields are made once and moved about by steps of 16 mm, so that any vector can be
made again from its number: a million full vectors (121 GB) are not stored, but made when one is
compared in full. Everything that the search reads otherwise is on disk.

First a small gallery beside FAISS, both on one thread: flat (exact), and IVF and HNSW with the
matches that they lose. Then ``--size`` vectors, with two threads: 1,000,000 take 33 GB in FOLDER,
and making them takes longest. ``--pass`` times the coarse pass alone over so many descriptions
drawn at random, which needs no vectors: what a search costs that the coarse bounds settle.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from measuring import Clock, memory_megabytes, record
from threadpoolctl import threadpool_limits

from headrisk.brain.template import template_grid
from headrisk.linkage.search import Found, compare_all, search
from headrisk.linkage.search_index import (
    Coarse,
    Fine,
    SearchIndex,
    build_index,
    coarse_cells,
)

POWER = (  # mean power of frequencies up to so many cycles a voxel
    (0.05, 2.17),
    (0.1, 2.39),
    (0.15, 4.99),
    (0.2, 5.70),
    (0.25, 4.91),
    (0.3, 3.71),
    (0.35, 2.23),
    (0.4, 1.31),
    (0.45, 0.76),
    (0.5, 0.45),
    (0.6, 0.22),
    (0.9, 0.10),
)
MOVE = 4  # voxels between two places of a field
SHARED, DIRECTIONS = 0.12, 20  # energy in directions common to the population
MATES = (0.85, 0.55)  # the same scanner some weeks later; tumour patients months apart (median)
THRESHOLD = 0.3
SMALL, PROBES = 4000, 20
EXTRA = 2000  # vectors beyond the gallery, for what differs between two scans


class Gallery:
    """Vectors that are made when they are asked for; float32, of length 1 or nearly."""

    dtype, ndim = np.dtype(np.float32), 2

    def __init__(self, count: int, rng: np.random.Generator) -> None:
        mask = template_grid(4).mask
        self.shape, self.size = (count, int(mask.sum())), count * int(mask.sum())
        places, sides = np.argwhere(mask).T, np.array(mask.shape)[:, None]
        moves = np.indices([side // MOVE for side in mask.shape]).reshape(3, -1) * MOVE
        self.index = np.stack(
            [
                np.ravel_multi_index(tuple((places + move[:, None]) % sides), mask.shape)
                for move in moves.T
            ]
        ).astype(np.int32)
        needed = -(-(count + EXTRA) // len(self.index))
        self.fields = np.stack([field(mask.shape, rng).ravel() for _ in range(needed)])
        self.fields *= np.float32(np.sqrt((1 - SHARED) / mask.sum()))
        common = np.stack([field(mask.shape, rng)[mask] for _ in range(DIRECTIONS)])
        self.common = np.linalg.qr(common.T)[0].T.astype(np.float32)
        weight = 1 / np.arange(1, DIRECTIONS + 1)
        spread = np.sqrt(SHARED * weight / weight.sum()).astype(np.float32)
        people = (needed * len(self.index), DIRECTIONS)
        self.part = rng.standard_normal(people, dtype=np.float32) * spread

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        numbers = np.arange(self.shape[0])[rows] if isinstance(rows, slice) else np.asarray(rows)
        return self.whole(numbers)

    def whole(self, numbers: np.ndarray) -> np.ndarray:
        """(n, values) float32 vectors, also those beyond the gallery."""
        out = self.part[numbers] @ self.common
        for row, number in zip(out, numbers, strict=True):
            row += self.fields[number // len(self.index)][self.index[number % len(self.index)]]
        return out

    def mates(self, numbers: np.ndarray, score: float) -> np.ndarray:
        """Other scans of these people, which correlate with the first ones by about ``score``."""
        beyond = self.whole(len(self) + np.arange(len(numbers)))
        return score * self.whole(numbers) + np.float32(np.sqrt(1 - score**2)) * beyond


def field(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """A periodic Gaussian field with the measured power, variance 1."""
    steps = [np.fft.fftfreq(side) for side in shape[:-1]] + [np.fft.rfftfreq(shape[-1])]
    length = np.sqrt(sum(f**2 for f in np.meshgrid(*steps, indexing="ij")))
    edges, power = np.array(POWER).T
    filtered = np.fft.rfftn(rng.standard_normal(shape))
    filtered *= np.sqrt(power)[np.searchsorted(edges[:-1], length)]
    found = np.fft.irfftn(filtered, s=shape, axes=(0, 1, 2))
    return (found / found.std()).astype(np.float32)


def left_open(found: list[Found], gallery: int) -> str:
    """Share that each step could not pass over."""
    parts = [[one.open_coarse, one.open_fine, one.compared] for one in found]
    coarse, fine, full = np.mean(parts, axis=0)
    return (
        f"open after coarse {100 * coarse / gallery:.3g} %, after fine {100 * fine / gallery:.3g} %"
        f"; {full:.0f} compared in full"
    )


def beside_faiss(count: int, rng: np.random.Generator) -> dict[str, float]:
    """Exact search, FAISS flat, IVF and HNSW, all on one thread; CPU seconds over FAISS flat's."""
    source = Gallery(count, rng)
    vectors = source[:count]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    places = np.linspace(0, count - 1, PROBES).astype(np.int64)
    print(f"{count} vectors of {vectors.shape[1]} numbers, {PROBES} probes, one thread")
    faiss.omp_set_num_threads(1)
    with Clock() as clock:
        index = build_index(vectors, cells=coarse_cells(template_grid(4)))
    print(f"  index built: {clock}")
    others = indices_of_faiss(vectors)
    ratios: dict[str, float] = {}
    for score in MATES:
        probes = source.mates(places, score)
        unit = probes / np.linalg.norm(probes, axis=1, keepdims=True)
        ours = []
        for _ in range(3):
            with Clock() as clock:
                found = search(index, probes, k=5)
            ours.append(clock.cpu)
        check(index, probes[:4], found[:4], 5)
        cost = float(np.median(ours))
        print(f"  mates {score}, first 5: {cost:.2f} s CPU; {left_open(found, count)}")
        for name, other in others.items():
            times = []
            for _ in range(3):
                with Clock() as clock:
                    _, rows = other.search(unit, 5)
                times.append(clock.cpu)
            theirs = float(np.median(times))
            lost = missing(found, rows)
            print(f"    FAISS {name}: {theirs:.2f} s CPU; loses {lost} of {rows.size}", flush=True)
            if name == "flat":
                ratios[f"search, mates {score}, over FAISS flat"] = cost / theirs
    return ratios


def indices_of_faiss(vectors: np.ndarray) -> dict[str, Any]:
    """FAISS's flat index, and two approximate ones."""
    count, values = vectors.shape
    flat = faiss.IndexFlatIP(values)
    flat.add(vectors)
    with Clock() as clock:
        cells = int(np.sqrt(count))
        near = faiss.IndexIVFFlat(faiss.IndexFlatIP(values), values, cells, 0)
        near.cp.niter, near.cp.max_points_per_centroid, near.nprobe = 4, 16, 8
        near.train(vectors)
        near.add(vectors)
    print(f"  FAISS IVF built, {cells} cells: {clock}")
    with Clock() as clock:
        graph = faiss.IndexHNSWFlat(values, 16, faiss.METRIC_INNER_PRODUCT)
        graph.add(vectors)
    print(f"  FAISS HNSW built: {clock}")
    return {"flat": flat, f"IVF, 8 of {cells} cells": near, "HNSW": graph}


def missing(found: list[Found], rows: np.ndarray) -> int:
    """How many of the true matches another answer does not hold."""
    pairs = zip(found, rows, strict=True)
    return sum(len(set(one.rows.tolist()) - set(other.tolist())) for one, other in pairs)


def check(index: SearchIndex, probes: np.ndarray, found: list[Found], k: int) -> None:
    """Compare with everything; the answers must be the same."""
    for probe, one in zip(probes, found, strict=True):
        full = compare_all(index, probe, k=k)
        assert np.array_equal(full.rows, one.rows)
        assert np.array_equal(full.scores, one.scores)


def large(
    folder: Path, rng: np.random.Generator, count: int, batch: int, threads: int
) -> dict[str, float]:
    """One probe and a batch of probes against ``count`` vectors."""
    gallery = Gallery(count, rng)
    with Clock() as clock:
        index = build_index(
            gallery, cells=coarse_cells(template_grid(4)), folder=folder, threads=threads
        )
    sizes = [codes.nbytes / 1e9 for codes in (index.coarse.codes, index.fine.codes)]
    print(f"\n{count} vectors, {threads} threads; index built: {clock}")
    print(f"  on disk: coarse {sizes[0]:.2f} GB, fine {sizes[1]:.2f} GB", flush=True)
    places = np.linspace(0, count - 1, batch).astype(np.int64)
    figures: dict[str, float] = {}
    asks = [(score, -np.inf) for score in MATES]
    asks += [(0.0, 0.75), (0.0, THRESHOLD)]  # nobody's mate is there
    for score, least in asks:
        what = f"mates {score}" if score else f"no mate, at or above {least}"
        probes = gallery.mates(places, score)
        times, found = [], []
        for probe in probes[: 6 if score == MATES[0] or least > 0.5 else 2]:
            with Clock() as clock:
                found += search(index, probe[None], k=1, at_least=least, threads=threads)
            times.append((clock.wall, clock.cpu))
        wall, cpu = np.median(times[1:], axis=0)
        print(f"  {what}, one probe: {wall:.2f} s wall, {cpu:.2f} s CPU; ", end="")
        print(left_open(found, count), flush=True)
        figures[f"one probe, {what}, wall"], figures[f"one probe, {what}, CPU"] = wall, cpu
        if score == MATES[0] or count <= 200_000:
            with Clock() as clock:
                found = search(index, probes, k=1, at_least=least, threads=threads)
            print(f"    batch of {batch}: {clock}; {left_open(found, count)}", flush=True)
            figures[f"batch of {batch}, {what}, wall"] = clock.wall
            figures[f"batch of {batch}, {what}, CPU"] = clock.cpu
            right = sum(p in one.rows for p, one in zip(places, found, strict=True))
            if score:
                figures[f"batch of {batch}, {what}, mates missed"] = batch - right
                print(f"    mate found for {right} of {batch}", flush=True)
    held, mapped = memory_megabytes("RssAnon") / 1e3, memory_megabytes("RssFile") / 1e3
    simulation = (gallery.fields.nbytes + gallery.index.nbytes + gallery.part.nbytes) / 1e9
    print(f"  memory: {held:.2f} GB of its own, of which {simulation:.2f} GB make the vectors;")
    print(f"  {mapped:.2f} GB of mapped files, which the system can take back", flush=True)
    figures["memory without the simulation, GB"] = held - simulation
    return figures


def coarse_pass(count: int, batch: int, threads: int, rng: np.random.Generator) -> dict[str, float]:
    """Time the bounds of ``count`` descriptions that were drawn, not made from vectors."""
    small = Gallery(batch, rng)
    index = build_index(small, cells=coarse_cells(template_grid(4)))
    half, like = index.coarse.codes.shape[1], np.arange(count) % batch
    codes = np.empty((count, half), np.uint8)
    for part in range(0, count, 4096):
        rows = codes[part : part + 4096]
        rows[:] = np.frombuffer(rng.bytes(rows.size), np.uint8).reshape(rows.shape)
    codes[:batch] = index.coarse.codes
    held = index.coarse
    coarse = Coarse(codes, held.step[like], held.leak[like], held.rest[like])
    fine = Fine(
        np.broadcast_to(np.zeros(small.shape[1], np.int8), (count, small.shape[1])),
        index.fine.step[like],
        index.fine.error[like],
    )
    large = SearchIndex(Again(small, count), index.norms[like], index.means, coarse, fine)
    probes = small.mates(np.arange(batch), MATES[0])
    times = []
    for probe in probes[:7]:
        with Clock() as clock:
            search(large, probe[None], k=1, at_least=0.75, threads=threads)
        times.append((clock.wall, clock.cpu))
    wall, cpu = np.median(times[1:], axis=0)
    print(f"\ncoarse pass over {count} descriptions, {threads} threads: ", end="")
    print(f"one probe {wall:.2f} s wall, {cpu:.2f} s CPU", flush=True)
    with Clock() as clock:
        found = search(large, probes, k=1, at_least=0.75, threads=threads)
    print(f"  batch of {batch}: {clock}; {left_open(found, count)}")
    print(f"  memory: {memory_megabytes('RssAnon') / 1e3:.2f} GB", flush=True)
    return {
        f"coarse pass over {count}, one probe, wall": wall,
        f"coarse pass over {count}, one probe, CPU": cpu,
        f"coarse pass over {count}, batch of {batch}, wall": clock.wall,
        f"coarse pass over {count}, batch of {batch}, CPU": clock.cpu,
    }


class Again:
    """A few vectors that stand for many."""

    dtype, ndim = np.dtype(np.float32), 2

    def __init__(self, few: Gallery, count: int) -> None:
        self.few, self.shape = few, (count, few.shape[1])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        return self.few[np.asarray(rows) % len(self.few)]


def main() -> None:
    """Run all parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", type=int, default=SMALL, help="vectors beside FAISS")
    parser.add_argument("--size", type=int, default=100_000, help="vectors of the large gallery")
    parser.add_argument("--pass", type=int, default=0, dest="only", help="descriptions")
    parser.add_argument("--batch", type=int, default=200, help="probes searched together")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where the index of the large gallery lies")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    ratios: dict[str, float] = {}
    figures: dict[str, float] = {}
    with threadpool_limits(1):
        if options.small:
            ratios = beside_faiss(options.small, rng)
        if options.size:
            with tempfile.TemporaryDirectory(dir=options.folder) as folder:
                words = (options.size, min(options.batch, EXTRA), options.threads)
                figures = large(Path(folder), rng, *words)
        if options.only:
            figures |= coarse_pass(options.only, options.batch, options.threads, rng)
    record(__file__, ratios, figures)


if __name__ == "__main__":
    main()
