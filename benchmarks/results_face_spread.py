"""Faces at the spread of published surveys, half and twice it: a table of results-face.md.

    python benchmarks/results_face_spread.py --work face-spread --out docs

How many synthetic people are found by five photographs depends on how far they differ. Here the
same people (60, seed 7201, looked at once) are made to differ as published surveys of adults found
(:mod:`headrisk.synthetic.people.anthropometry`), half and twice as much. What is made of a person
stays in the folder, so that a broken-off run goes on.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from kept import write_between
from results_face import (
    PAGE,
    PROTOCOLS,
    SHOWN,
    T1W,
    Task,
    cohort_parser,
    faces_by,
    hits_of,
    interval,
    scores_of,
)

from headrisk.statistics.intervals import share_of_people

MARK = "spread"
SPREADS = {
    "published": 1.0,
    "half the published": 0.5,
    "twice the published": 2.0,
}


def lines(seed: int, options: argparse.Namespace) -> Iterable[str]:
    """One row for each spread."""
    yield "| spread of shapes | " + " | ".join(f"`{name}`" for name in SHOWN) + " |"
    yield "|" + "---|" * (len(SHOWN) + 1)
    for name, times in SPREADS.items():
        like = Task(seed, 0, T1W, PROTOCOLS[0], str(options.work / "store"), published=times)
        scores = scores_of(faces_by(like, options))
        found = {one: share_of_people(hits_of(scores[one], options.people)) for one in SHOWN}
        yield f"| {name} | " + " | ".join(interval(one) for one in found.values()) + " |"


def main() -> None:
    """Make what is missing, and write the table."""
    parser = cohort_parser(__doc__)
    parser.set_defaults(people=60)
    parser.add_argument("--seed", type=int, default=7201)
    options = parser.parse_args()
    text = []
    for line in lines(options.seed, options):
        print(line, flush=True)
        text.append(line)
    if options.out is not None:
        write_between(options.out / PAGE, MARK, [*text, ""])


if __name__ == "__main__":
    main()
