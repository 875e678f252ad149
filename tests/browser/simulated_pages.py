"""Every page that headrisk writes, made from simulated results."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path += [str(Path(__file__).parents[1] / name) for name in ("report", "deidentify", "metadata")]
from clean_set import write_clean_set
from planted import plant
from simulated_duplicates import report as duplicates_report
from simulated_duplicates import suspicion
from simulated_report import RUN, SETTINGS, random_scores, scan_rows, simulated_report
from simulated_treatment import treatment

from headrisk.attacks.section import modality_section
from headrisk.cli.main import main
from headrisk.findings.records import ModalitySection
from headrisk.report.compare import compare_folders
from headrisk.report.duplicates import write_duplicates
from headrisk.report.write import write_report
from headrisk.statistics.summary import summarise

PAGES = (
    "audit/report.html",
    "audit/compare.html",
    "audit/internal/report.html",
    "few/report.html",
    "few/internal/report.html",
    "duplicates/internal/duplicates.html",
    "metadata/report.html",
    "metadata/internal/report.html",
)


def write_pages(folder: Path) -> None:
    """Write all of ``PAGES`` with what belongs to them; no scan is audited."""
    brain, internal = simulated_report()
    treated = (treatment("refaced"), treatment("cut with a long name of its own"))
    both = replace(brain, modalities=(*brain.modalities, _faces()), treatments=treated)
    write_report(both, internal, folder / "audit", RUN)
    write_report(*simulated_report(people=30, seed=3), folder / "earlier", RUN)
    compare_folders([folder / "earlier", folder / "audit"])
    write_report(*simulated_report(people=4, sites=False), folder / "few", RUN)
    found = duplicates_report(suspicion(), suspicion("same-image", "likely"))
    write_duplicates(found, folder / "duplicates")
    plant(write_clean_set(folder / "set"))
    assert (
        main(["metadata", str(folder / "set"), str(folder / "metadata")]) == 4
    )  # archives are not read


def _faces(people: int = 40) -> ModalitySection:
    """Photographs searched among scans: a weaker attack than that by brains."""
    scores = [random_scores(people, 1.2, "face-distance", seed=9)]
    found = [summarise(scores[0], settings=SETTINGS, rng=np.random.default_rng(1))]
    return modality_section(
        "face",
        scan_rows([f"{i:03d}" for i in range(people)]),
        scores,
        found,
        (),
        compared="Photographs were searched for among the scans.",
        method=("Faces were rendered from the skin surface.",),
        references=(),
    )
