# ruff: noqa: E501
"""Simulated tables of regional measurements, with known people, sessions and pipelines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from headrisk.types import FloatArray

CORTEX = tuple(f"area{k:02d}" for k in range(34))
SUBCORTEX = ("Thalamus-Proper", "Caudate", "Putamen", "Pallidum", "Hippocampus", "Amygdala")


def names(columns: int) -> list[str]:
    """Column names in FreeSurfer's style: volumes, cortical measures, and last eTIV."""
    found = [f"{side}-{one}" for side in ("Left", "Right") for one in SUBCORTEX]
    for kind in ("volume", "thickness", "area"):
        found += [f"{side}_{one}_{kind}" for side in ("lh", "rh") for one in CORTEX]
    return [*found[: columns - 1], "EstimatedTotalIntraCranialVol"]


def people(rng: np.random.Generator, count: int, columns: int, factors: int = 12) -> FloatArray:
    """(count, columns) traits with mean 0 and standard deviation 1, correlated between columns."""
    loading = rng.standard_normal((factors, columns)) / np.sqrt(2 * factors)
    common = rng.standard_normal((count, factors)) @ loading
    return common + np.sqrt(0.5) * rng.standard_normal((count, columns))


def session(rng: np.random.Generator, traits: FloatArray, reliability: float = 0.8) -> FloatArray:
    """Measurements of one session: volumes in mm^3, thickness in mm, the eTIV last.

    ``reliability`` is the share of a measurement's variance that belongs to the person.
    """
    noise = np.sqrt(1 / reliability - 1) * rng.standard_normal(traits.shape)
    seen = traits + noise
    label = np.array(names(traits.shape[1]))
    thick = np.char.endswith(label, "thickness")
    values = np.where(thick, 2.5 + 0.15 * seen, 4000 + 400 * seen)
    values[:, -1] = 1_500_000 + 120_000 * (traits[:, -1] + 0.1 * noise[:, -1])
    return np.asarray(values)


def write_wide(
    path: Path,
    values: FloatArray,
    columns: Sequence[str],
    labels: Sequence[tuple[str, str]],
) -> Path:
    """A wide TSV with participant_id and session_id."""
    lines = ["\t".join(("participant_id", "session_id", *columns))]
    for (person, visit), row in zip(labels, values, strict=True):
        cells = ("n/a" if np.isnan(value) else f"{value:.6g}" for value in row)
        lines.append("\t".join((person, visit, *cells)))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def two_sessions(
    path: Path, count: int, columns: int = 40, reliability: float = 0.8, seed: int = 1
) -> Path:
    """A wide TSV of people with two sessions each."""
    rng = np.random.default_rng(seed)
    traits = people(rng, count, columns)
    values = np.concatenate([session(rng, traits, reliability) for _ in range(2)])
    labels = [(f"sub-{k:04d}", f"ses-{visit}") for visit in (1, 2) for k in range(count)]
    return write_wide(path, values, names(columns), labels)


ASEG = """# Title Segmentation Statistics
#
# generating_program mri_segstats
# cvs_version $Id: mri_segstats.c,v 1.121 2016/05/31 17:27:11 greve Exp $
# cmdline mri_segstats --seg mri/aseg.mgz
# sysname  Linux
# hostname canary-host
# user     canary-user
# subjectname {subject}
# Measure BrainSeg, BrainSegVol, Brain Segmentation Volume, {brain:.6f}, mm^3
# Measure Cortex, CortexVol Total cortical gray matter volume, {cortex:.6f}, mm^3
# Measure BrainSegVol-to-eTIV, BrainSegVol-to-eTIV, Ratio of BrainSegVol to eTIV, 0.77, unitless
# Measure EstimatedTotalIntraCranialVol, eTIV, Estimated Total Intracranial Volume, {etiv:.6f}, mm^3
# NRows {rows}
# NTableCols 10
# TableCol  4 ColHeader Volume_mm3
# TableCol  4 FieldName Volume
# TableCol  4 Units     mm^3
# ColHeaders  Index SegId NVoxels Volume_mm3 StructName normMean normStdDev normMin normMax normRange
"""
APARC = """# Table of FreeSurfer cortical parcellation anatomical statistics
#
# generating_program mris_anatomical_stats
# cvs_version 7.4.1
# hemi {hemi}
# Measure Cortex, NumVert, Number of Vertices, 127645, unitless
# Measure Cortex, WhiteSurfArea, White Surface Total Area, 84567.1, mm^2
# Measure Cortex, MeanThickness, Mean Thickness, 2.47, mm
# NTableCols 10
# ColHeaders StructName NumVert SurfArea GrayVol ThickAvg ThickStd MeanCurv GausCurv FoldInd CurvInd
"""


def aseg_text(subject: str, volumes: dict[str, float], etiv: float) -> str:
    """An ``aseg.stats`` file."""
    brain = sum(volumes.values())
    text = ASEG.format(subject=subject, brain=brain, cortex=brain / 2, etiv=etiv, rows=len(volumes))
    for k, (name, value) in enumerate(volumes.items(), 1):
        text += (
            f"{k:3d} {10 + k:3d} {round(value):8d} {value:10.1f}  {name}  80.1 10.2 20 120 100\n"
        )
    return text


def aparc_text(hemi: str, rows: dict[str, tuple[float, float, float]]) -> str:
    """A ``?h.aparc.stats`` file of (area, volume, thickness) by region."""
    text = APARC.format(hemi=hemi)
    for name, (area, volume, thickness) in rows.items():
        text += f"{name:30s} 1234 {area:.0f} {volume:.0f} {thickness:.3f} 0.5 0.12 0.02 14 1.6\n"
    return text


def write_subjects(
    folder: Path, count: int, sessions: int = 2, seed: int = 2, layout: str = "sub-{p}_ses-{s}"
) -> Path:
    """A FreeSurfer subjects folder with aseg and aparc stats of people with sessions."""
    rng = np.random.default_rng(seed)
    structures = [f"{side}-{one}" for side in ("Left", "Right") for one in SUBCORTEX]
    traits = rng.standard_normal((count, len(structures) + 2 * 3 * 6 + 1))
    for visit in range(1, sessions + 1):
        for k in range(count):
            seen = iter(traits[k] + 0.4 * rng.standard_normal(traits.shape[1]))
            stats = folder / layout.format(p=f"{k:03d}", s=visit) / "stats"
            stats.mkdir(parents=True)
            volumes = {name: 4000 + 400 * next(seen) for name in structures}
            etiv = 1.5e6 + 1e5 * next(seen)
            (stats / "aseg.stats").write_text(aseg_text(f"sub-{k:03d}", volumes, etiv))
            for hemi in ("lh", "rh"):
                rows = {
                    name: (900 + 80 * next(seen), 2500 + 200 * next(seen), 2.5 + 0.1 * next(seen))
                    for name in CORTEX[:6]
                }
                (stats / f"{hemi}.aparc.stats").write_text(aparc_text(hemi, rows))
    return folder
