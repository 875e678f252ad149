"""Brain linkage of real scans with known pairs: the tables of docs/results.md.

    python benchmarks/results_brain.py --data ../shared/data --work results --out docs

The data (Brain-Tumor-Progression, open MS, IXI, AOMIC) are public; DATA is a folder that holds
them as described in docs/results.md. No threshold is fitted here. The smoothing width of the local
normalisation was chosen on the people of ``TUNED`` alone; tables say which people they show.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from headrisk.attacks.attack import Context, search
from headrisk.attacks.brain import BrainAttack, Brains, prepare
from headrisk.dataset.gather import Source
from headrisk.intake import take_in
from headrisk.job import Job
from headrisk.linkage.pairs import restrict
from headrisk.run.provenance import CostLog
from headrisk.settings import Settings
from headrisk.statistics.rates import mate_ranks
from headrisk.statistics.summary import MeasureSummary, summarise
from headrisk.types import PairScores

TUMOUR_DATES = {
    "01": ("1996-08-13", "1997-01-17"),
    "02": ("1996-12-10", "1997-02-11"),
    "03": ("1992-12-29", "1994-02-17"),
    "04": ("1992-05-20", "1992-06-18"),
    "05": ("1993-05-26", "1993-07-20"),
    "06": ("1997-02-03", "1997-04-02"),
    "07": ("1992-02-27", "1992-05-12"),
    "08": ("1991-08-20", "1991-10-17"),
    "09": ("1997-08-21", "1997-09-17"),
    "10": ("1991-07-04", "1991-10-02"),
    "11": ("1989-11-09", "1990-03-08"),
}
TUNED = {
    *(f"tumour{k:02d}" for k in range(1, 6)),
    "ms01",
    "ms03",
    "ms04",
    *(f"ixi{k}" for k in ("012", "013", "014", "015", "033")),
    "aomic0001",
}
CONTRAST_PAIRS = (
    ("T1w", "T1w"),
    ("T2w", "T2w"),
    ("FLAIR", "FLAIR"),
    ("FLAIR", "T1w"),
    ("T2w", "T1w"),
    ("T2w", "FLAIR"),
)


@dataclass(frozen=True)
class Scores:
    """Scores of one preparation with what is known of every scan."""

    by_measure: dict[str, PairScores]
    person: np.ndarray
    contrast: np.ndarray
    session: np.ndarray


def write_manifest(data: Path, path: Path) -> Path:
    """The scan list of all four data sets."""
    rows = []
    for number, dates in TUMOUR_DATES.items():
        for when, date in zip(("Pre", "Post"), dates, strict=True):
            file = data / "brain-tumor-progression" / number / f"{when}_Scan_T1.nii.gz"
            rows.append((f"tumour{number}", when, file, "T1w", "tumour", date))
    ixi = sorted((data / "ixi-2mm" / "nifti").glob("*.nii.gz"))
    rows += [(f"ixi{file.name[3:6]}", "1", file, "T1w", "ixi", "") for file in ixi]
    for name, suffix in (("T1W", "T1w"), ("T2W", "T2w"), ("FLAIR", "FLAIR")):
        for file in sorted((data / "open-ms" / "raw").glob(f"*/study?_{name}.nii.gz")):
            person = "ms" + file.parent.name.removeprefix("patient")
            rows.append((person, file.name[:6], file, suffix, "ms", ""))
    for number in ("0001", "0002"):
        file = data / "aomic-defaced" / f"sub-{number}" / "orig.mgz"
        rows.append((f"aomic{number}", "1", file, "T1w", "aomic", ""))
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter="\t")
        writer.writerow(("participant_id", "session_id", "path", "suffix", "site", "acq_date"))
        writer.writerows((p, s, f.resolve(), *rest) for p, s, f, *rest in rows)
    return path


def score(manifest: Path, work: Path, settings: Settings) -> Scores:
    """Prepare and compare; pairs of one session stay, where their contrasts differ."""
    job = Job((Source(manifest),), work, settings, processes=2)
    log = CostLog()
    intake = take_in(job, log)
    cohort, _ = prepare(intake, job, log)
    failed = [r.scan_id for r in cohort.results if r.status != "ok"]
    if failed:
        print("failed:", ", ".join(failed))
    usable = cohort.usable()
    lineup, scores, _ = search(BrainAttack(), Brains(usable), Context(intake, job, CostLog()))
    design = lineup.plan
    contrast = np.array([scan.suffix for scan in usable.scans])
    together = contrast[:, None] != contrast[None, :]
    allowed = design.usable | together
    return Scores(
        {
            name: replace(one, usable=allowed)
            for name, one in scores.items()
            if isinstance(one, PairScores)
        },
        np.array([scan.participant_id for scan in usable.scans]),
        contrast,
        np.array([f"{s.participant_id}/{s.session_id}" for s in usable.scans]),
    )


def summary(scores: PairScores) -> MeasureSummary:
    """Rates with person-level intervals."""
    return summarise(scores, settings=Settings(bootstrap=1000), rng=np.random.default_rng(0))


def measures_table(scores: Scores, keep: np.ndarray) -> list[str]:
    """One row for each measure, over the pairs to keep."""
    lines = [
        "| measure | rank-1 (95 %, people) | scans at rank 1 | AUC | EER | d' | lowest mate "
        "| highest non-mate |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, one in scores.by_measure.items():
        part = restrict(one, keep)
        found, ranks = summary(part), mate_ranks(part)
        first = int(np.count_nonzero(ranks.within(1) >= 1))
        rate = found.rank1
        lines.append(
            f"| {name} | {_interval(rate)} | {first} of {ranks.probe.size} | {_number(found.auc)} "
            f"| {_number(found.eer)} | {_number(found.d_prime, 2)} | {found.mated_min:.3f} "
            f"| {found.nonmated_max:.3f} |"
        )
    return lines


def contrast_table(scores: Scores, names: Iterable[str], *, across: bool) -> list[str]:
    """Rank-1 for each pair of contrasts; ``across`` leaves out pairs of one session."""
    lines = [
        "| measure | searched in | rank-1 scans | people | lowest best mate | highest non-mate |",
        "|---|---|---|---|---|---|",
    ]
    for name in names:
        one = scores.by_measure[name]
        for probe, gallery in CONTRAST_PAIRS:
            pairs = (scores.contrast[:, None] == probe) & (scores.contrast[None, :] == gallery)
            if across:
                pairs &= scores.session[:, None] != scores.session[None, :]
            part = restrict(one, pairs)
            ranks = mate_ranks(part)
            if not ranks.probe.size:
                continue
            best = np.where(part.mated, part.values, -np.inf).max(axis=1)
            first = int(np.count_nonzero(ranks.within(1) >= 1))
            lines.append(
                f"| {name} | {probe} in {gallery} | {first} of {ranks.probe.size} "
                f"| {np.unique(ranks.person).size} | {best[np.isfinite(best)].min():.3f} "
                f"| {part.values[part.nonmated].max():.3f} |"
            )
    return lines


def subset_table(scores: Scores, name: str) -> list[str]:
    """The headline measure among everybody, among the tuned people, and among the others."""
    tuned = np.isin(scores.person, sorted(TUNED))
    tumour = np.char.startswith(scores.person, "tumour")
    t1w = scores.contrast == "T1w"
    groups = (
        ("all people", t1w),
        ("people that set the smoothing width", t1w & tuned),
        ("the other people (test)", t1w & ~tuned),
        ("tumour patients alone", t1w & tumour),
    )
    lines = [
        "| gallery | people | rank-1 scans | mates | highest non-mate | margin |",
        "|---|---|---|---|---|---|",
    ]
    for label, group in groups:
        part = restrict(scores.by_measure[name], group[:, None] & group[None, :])
        ranks = mate_ranks(part)
        mates, others = part.values[part.mated], part.values[part.nonmated]
        first = int(np.count_nonzero(ranks.within(1) >= 1))
        lines.append(
            f"| {label} | {np.unique(scores.person[group]).size} | {first} of {ranks.probe.size} "
            f"| {mates.min():.3f} to {mates.max():.3f} | {others.max():.3f} "
            f"| {mates.min() - others.max():+.3f} |"
        )
    return lines


def _interval(rate: object) -> str:
    if rate is None:
        return "too little data"
    return f"{rate.value:.3f} ({rate.low:.3f} to {rate.high:.3f})"


def _number(estimate: object, digits: int = 3) -> str:
    return "-" if estimate is None else f"{estimate.value:.{digits}f}"


def sections(manifest: Path, work: Path) -> Iterable[tuple[str, Sequence[str]]]:
    """Title and lines of every table."""
    run: Callable[[Settings], Scores] = lambda settings: score(manifest, work, settings)  # noqa: E731
    every = Settings(contrasts=("T1w", "T2w", "FLAIR"))
    t1w = run(Settings())
    whole = np.ones_like(next(iter(t1w.by_measure.values())).usable)
    yield "T1w, 4 mm, affine: all measures", measures_table(t1w, whole)
    yield "T1w, 4 mm: residual correlation by gallery", subset_table(t1w, "residual-correlation")
    rigid = run(Settings(alignment="rigid"))
    yield "T1w, 4 mm, rigid: all measures", measures_table(rigid, whole)
    for mm in (3, 2):
        fine = run(Settings(resolution_mm=mm, measures=("residual-correlation", "ncc")))
        yield f"T1w, {mm} mm, affine", measures_table(fine, whole)
    mixed = run(every)
    names = tuple(mixed.by_measure)
    yield "Contrasts, all pairs of scans", contrast_table(mixed, names, across=False)
    yield (
        "Contrasts, different sessions only",
        contrast_table(mixed, ("residual-correlation", "self-similarity"), across=True),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    manifest = write_manifest(arguments.data, arguments.work / "scans.tsv")
    text = []
    for title, lines in sections(manifest, arguments.work):
        print(f"\n### {title}\n", *lines, sep="\n", flush=True)
        text += [f"### {title}", "", *lines, ""]
    (arguments.out / "results-tables.md").write_text("\n".join(text), encoding="utf-8")


if __name__ == "__main__":
    main()
