"""DeepFace beside face_recognition's network: the table between the marks of results-face.md.

    python benchmarks/results_face_deepface.py --work face-deepface --out docs

As in the repetition of the published attack with open packages (Mayo Clinic, 2024): 81 renders of
every head, plain similarities and a support vector machine. DeepFace is the package itself, with
SFace's own file, which headrisk ships and which is handed over under the name that DeepFace gives
it; ``dlib`` is the network of face_recognition; ``sface`` is the same file with headrisk's own way
of cutting faces. Needs the extra ``deepface``. People of seed 7101, looked at once; what is made of
a person stays in the folder, so that a broken-off run goes on.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from kept import write_between
from results_face import (
    PAGE,
    T1W,
    Task,
    cohort_parser,
    faces_by,
    hits_of,
    interval,
    scores_of,
)

from headrisk.face.weights import DIGESTS
from headrisk.io.weights import shipped_bytes
from headrisk.settings import FaceProtocol, Settings
from headrisk.statistics.intervals import share_of_people
from headrisk.statistics.rates import cumulative_match, mate_ranks
from headrisk.statistics.summary import summarise

MARK = "deepface"
PROTOCOL: FaceProtocol = "mayo2024"
NAMES = ("deepface", "sface", "dlib")
FILE = "face_recognition_sface_2021dec.onnx"


def weights(work: Path) -> Path:
    """SFace's file under the name that DeepFace gives it."""
    work.mkdir(parents=True, exist_ok=True)
    path = work / FILE
    path.write_bytes(shipped_bytes("headrisk.face", "sface.onnx", DIGESTS))
    return path


def lines(seed: int, options: argparse.Namespace) -> Iterable[str]:
    """One row for each recogniser and way of matching."""
    given = (("deepface", str(weights(options.work))),)
    like = Task(seed, 0, T1W, PROTOCOL, str(options.work / "store"), NAMES, given)
    faces = faces_by(like, options)
    failed = sum(photo.status != "ok" for photo in faces.photos)
    yield f"{options.people} people, {failed} of {len(faces.photos)} photographs failed."
    yield ""
    yield "| measure | rank 1 (95 %) | top 5 | AUC |"
    yield "|---|---|---|---|"
    for name, one in scores_of(faces, NAMES, given).items():
        if name == "headrisk":  # of dlib and sface alone, not the default's
            continue
        found = interval(share_of_people(hits_of(one, options.people)))
        summary = summarise(one, settings=Settings(bootstrap=200), rng=np.random.default_rng(0))
        ranks = cumulative_match(mate_ranks(one))
        five = float(ranks[min(5, len(ranks)) - 1])
        area = "-" if summary.auc is None else f"{summary.auc.value:.3f}"
        yield f"| `{name}` | {found} | {five:.3f} | {area} |"


def main() -> None:
    """Make what is missing, and write the table."""
    parser = cohort_parser(__doc__)
    parser.add_argument("--seed", type=int, default=7101)
    options = parser.parse_args()
    text = list(lines(options.seed, options))
    print(*text, sep="\n", flush=True)
    if options.out is not None:
        write_between(options.out / PAGE, MARK, [*text, ""])


if __name__ == "__main__":
    main()
