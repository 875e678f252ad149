"""How often is the question "is a face left?" answered rightly, on synthetic people?

    python benchmarks/face_presence.py --people 10 --out rates.tsv

Every kind of image (``headrisk.synthetic.people.kinds.KINDS``) of every person is looked at as it
is and after each de-identification method; a row is written for each, and a table of the answers by
kind and method is printed. Rows that are in the file already are not computed again.

    python benchmarks/face_presence.py --first 1000 --people 480 --spread --out untouched.tsv

looks at one untouched image of each person, of the kinds in turn (``SPREAD``, those with a clipped
nose too), and says how often an untouched head was called "part" or "gone", with its exact
(Clopper-Pearson) 95 % interval.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import stats

from headrisk.brain.prepare import PrepareTask
from headrisk.deidentify.head import find_head
from headrisk.deidentify.tools import tool_of
from headrisk.errors import ScanError
from headrisk.face.head import sight_of
from headrisk.face.placing import place_head
from headrisk.heads.identity import draw_identity
from headrisk.heads.shapes import load_shapes
from headrisk.io.volume import Volume
from headrisk.synthetic.people.kinds import KINDS, render_kind

CLIPPED = "-clipped"
SPREAD = (
    "T1w",
    "CT",
    "fatsat",
    "fdg",
    "UNIT1",
    "FLAIR-thick",
    "T1w-clipped",
    "CT",
    "amyloid",
    "T1w-thick",
    "T2w",
    "FLAIR",
    "T2starw",
    "PDw-clipped",
    "T2w-coronal",
    "angio",
)
METHODS = ("none", "template", "reface", "quickshear", "skullstrip")
COLUMNS = ("person", "kind", "method", "verdict", "code", "seen", "seconds")


def answer(volume: Volume) -> tuple[str, str, str, float]:
    """Verdict, its code, who sees a face, CPU seconds."""
    begin = time.process_time()
    try:
        placed = place_head(volume, PrepareTask("image", "", "", 4, "affine", False))
        sight = sight_of(placed, "image").sight
    except ScanError:
        return "failed", "not_found", "", time.process_time() - begin
    seen = " ".join(name for name, share in sight.seen.items() if share >= 0.5)
    return sight.verdict, sight.code, seen, time.process_time() - begin


def clipped(volume: Volume, rng: np.random.Generator) -> Volume:
    """The volume with its field of view ending 3 to 15 mm behind the tip of the nose."""
    bright = volume.data > 0.15 * np.percentile(volume.data, 99)
    y = int(np.flatnonzero(bright.sum(axis=(0, 2)) > 20)[-1])
    end = y - round(float(rng.uniform(3, 15)) / volume.voxel_mm[1])
    return replace(volume, data=np.ascontiguousarray(volume.data[:, : end + 1]))


def images(person: int, kind: str, methods: list[str]) -> Iterator[tuple[str, Volume | None]]:
    """The image as it is and after each method; None where a method refuses it."""
    shapes = load_shapes()
    identity = draw_identity(shapes, np.random.default_rng((person, 7)))
    plain = kind.removesuffix(CLIPPED)
    rng = np.random.default_rng((person, list(KINDS).index(plain)))
    volume = Volume(*render_kind(identity, shapes, KINDS[plain], rng))
    volume = clipped(volume, rng) if kind.endswith(CLIPPED) else volume
    if "none" in methods:
        yield "none", volume
    try:
        head = find_head(volume, "image")
    except ScanError:
        yield from ((method, None) for method in methods if method != "none")
        return
    for method in methods:
        if method != "none":
            try:
                done = tool_of(method).apply(head, "image", np.random.default_rng(person))
                yield method, done.volume
            except ScanError:
                yield method, None


def main() -> None:
    """Measure, write rows, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=10)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--kinds", nargs="+", choices=tuple(KINDS), default=list(KINDS))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--spread", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    rows: list[dict[str, str]] = []
    if asked.out.exists():
        with asked.out.open(newline="") as stream:
            rows = list(csv.DictReader(stream, delimiter="\t"))
    known = {(row["person"], row["kind"], row["method"]) for row in rows}
    with asked.out.open("a", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, delimiter="\t")
        if not rows:
            writer.writeheader()
        for person in range(asked.first, asked.first + asked.people):
            turn = (SPREAD[person % len(SPREAD)],)
            for kind in turn if asked.spread else asked.kinds:
                methods = ["none"] if asked.spread else asked.methods
                wanted = [m for m in methods if (str(person), kind, m) not in known]
                for method, volume in images(person, kind, wanted) if wanted else ():
                    told = ("refused", "", "", 0.0) if volume is None else answer(volume)
                    values = (person, kind, method, *told[:3], f"{told[3]:.2f}")
                    row = dict(zip(COLUMNS, map(str, values), strict=True))
                    writer.writerow(row)
                    stream.flush()
                    rows.append(row)
    tell(rows)


def tell(rows: list[dict[str, str]]) -> None:
    """Print the answers by kind and method, and the rate of the worse error."""
    for method in METHODS:
        for kind in dict.fromkeys(row["kind"] for row in rows):
            own = [row for row in rows if (row["kind"], row["method"]) == (kind, method)]
            counts = Counter(row["verdict"] for row in own)
            if own:
                cost = np.mean([float(row["seconds"]) for row in own])
                told = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
                sys.stdout.write(f"{method}\t{kind}\t{len(own)}\t{told}\t{cost:.2f} s\n")
    own = [row["verdict"] for row in rows if row["method"] == "none"]
    wrong = sum(verdict in ("part", "gone") for verdict in own)
    if own:
        interval = stats.binomtest(wrong, len(own)).proportion_ci(method="exact")
        sys.stdout.write(
            f"untouched, called part or gone: {wrong} of {len(own)}, 95 % interval "
            f"{100 * interval.low:.2f} to {100 * interval.high:.2f} %\n"
        )


if __name__ == "__main__":
    main()
