"""The steps of a brain audit on arrays in memory, for scripts and notebooks.

An audit of a data set (:func:`headrisk.audit`) runs the same code and adds what a data set needs:
inventory, store, engines, report.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from headrisk.brain.prepare import T1_LIKE, PrepareTask, align_head
from headrisk.brain.prepare import fingerprint as fingerprint_of
from headrisk.brain.quality import judge
from headrisk.brain.reference import reference
from headrisk.brain.similarity import select
from headrisk.brain.template import template_grid
from headrisk.errors import InputError, ScanError
from headrisk.io.nifti import load_volume
from headrisk.io.volume import Volume
from headrisk.linkage.compare import compare as compare_all
from headrisk.settings import Settings
from headrisk.statistics.summary import MeasureSummary, summarise
from headrisk.types import BoolArray, Float32Array, FloatArray, IntArray, PairScores

RESOLUTIONS = (2, 3, 4)


def load_image(path: str | os.PathLike[str]) -> Volume:
    """Read a three-dimensional image, with every check that an audit makes.

    Parameters
    ----------
    path
        NIfTI-1 or -2 (single file or pair, gzipped or not) or MGH/MGZ.

    Returns
    -------
    Volume
        float32 voxels in RAS+ order, their affine in mm, and what was repaired.

    Raises
    ------
    ScanError
        The file cannot be read as one image; says what was found.

    Notes
    -----
    The formats are those of https://nifti.nimh.nih.gov and
    https://surfer.nmr.mgh.harvard.edu/fswiki/FsTutorial/MghFormat.

    Examples
    --------
    >>> from headrisk import load_image
    >>> load_image("nowhere.nii.gz")
    Traceback (most recent call last):
    ...
    headrisk.errors.ScanError: nowhere.nii.gz: ...
    """
    return load_volume(Path(path))


def fingerprint(
    image: Volume, *, suffix: str = "T1w", settings: Settings | None = None
) -> Float32Array:
    """Describe the brain of a head by its locally normalised intensities in template space.

    The brain is cut out by a network, aligned to the ICBM 152 template, normalised within 6 mm
    (standard deviation) and sampled on a regular grid.

    Parameters
    ----------
    image
        A whole head or a skull-stripped brain, RAS+; see :func:`headrisk.load_image`.
    suffix
        BIDS suffix, which tells the contrast: ``T1w``, ``T2w``, ``FLAIR``, ...
    settings
        ``resolution_mm``, ``alignment``, ``accurate`` and ``mutual_information`` are used.

    Returns
    -------
    numpy.ndarray
        (voxels,) float32; 28,000 voxels or so at 4 mm. Comparable with those of the same settings.

    Raises
    ------
    ScanError
        No brain was found, or it could not be aligned.

    Notes
    -----
    The networks are those of deepbet (Fisch and others 2024, Comput Biol Med 179:108845), the
    template is ICBM 152 nonlinear symmetric 2009a (Fonov and others 2011, NeuroImage 54:313-327).

    Examples
    --------
    >>> import numpy as np
    >>> from headrisk import Volume, fingerprint
    >>> air = np.random.default_rng(0).normal(size=(7, 8, 9)).astype(np.float32)
    >>> fingerprint(Volume(air, np.eye(4)))
    Traceback (most recent call last):
    ...
    headrisk.errors.ScanError: the image: ...
    """
    chosen = settings or Settings()
    task = PrepareTask(
        scan_id="the image",
        path="",
        suffix=suffix,
        resolution_mm=chosen.resolution_mm,
        alignment=chosen.alignment,
        accurate=chosen.accurate,
        mutual_information=chosen.mutual_information,
    )
    aligned = align_head(image, task)
    quality = judge(aligned.volume_ml, aligned.alignment, t1_like=suffix in T1_LIKE)
    if quality.verdict == "failed":
        raise ScanError(
            "the image",
            found="; ".join(quality.reasons),
            expected="a head whose brain can be found and aligned",
            remedy="Look at the image, and check its affine and its suffix.",
        )
    return fingerprint_of(aligned, chosen.resolution_mm)


def compare(
    probes: Float32Array,
    probe_people: Sequence[Hashable],
    gallery: Float32Array | None = None,
    gallery_people: Sequence[Hashable] | None = None,
    *,
    usable: BoolArray | None = None,
    measures: Sequence[str] = ("residual-correlation",),
) -> dict[str, PairScores]:
    """Score every probe against every gallery fingerprint under each measure.

    Parameters
    ----------
    probes, gallery
        (p, voxels) and (g, voxels) float32 from :func:`headrisk.fingerprint`. Without a gallery
        the probes are compared with each other, and none with itself.
    probe_people, gallery_people
        Whom each row shows: labels of any kind; equal labels are one person.
    usable
        (p, g), False where two rows must not be compared, such as images of one session.
    measures
        Names of similarity measures: those of headrisk, registered ones, and plug-ins.

    Returns
    -------
    dict
        Measure name to :class:`headrisk.PairScores`, larger is more similar.

    Raises
    ------
    UsageError
        An unknown measure.
    InputError
        Shapes that do not fit, or values that are not finite.

    Notes
    -----
    Each measure's source stands in its file of :mod:`headrisk.brain.similarity`, such as Wang and
    others (2004, IEEE Trans Image Process 13:600-612) for ``ssim``.

    Examples
    --------
    >>> import numpy as np
    >>> from headrisk import compare
    >>> from headrisk.brain.template import template_grid
    >>> rng = np.random.default_rng(0)
    >>> people = rng.normal(size=(5, template_grid(4).size))
    >>> scans = (np.tile(people, (2, 1)) + rng.normal(size=(10, people.shape[1])))
    >>> scores = compare(scans.astype(np.float32), "ABCDEABCDE", measures=["ncc"])["ncc"]
    >>> bool(scores.values[scores.mated].min() > scores.values[scores.nonmated].max())
    True
    """
    rows = np.asarray(probes)
    columns = rows if gallery is None else np.asarray(gallery)
    people = probe_people if gallery_people is None else gallery_people
    probe_person, gallery_person = _numbered(probe_people, people)
    if usable is None:
        usable = ~np.eye(len(rows), dtype=bool) if gallery is None else _all(rows, columns)
    grid_mm = _resolution(rows)
    return dict(
        compare_all(
            rows,
            columns,
            probe_person,
            gallery_person,
            usable,
            select(measures),
            template_grid(grid_mm),
            reference=reference(grid_mm),
        )
    )


def pair_scores(
    values: FloatArray,
    probe_people: Sequence[Hashable],
    gallery_people: Sequence[Hashable] | None = None,
    *,
    usable: BoolArray | None = None,
    measure: str = "own",
) -> PairScores:
    """Scores computed elsewhere, ready for :func:`headrisk.evaluate_scores`.

    Parameters
    ----------
    values
        (p, g), larger is more similar.
    probe_people, gallery_people
        Whom each row and column shows. Without the second, columns are the same images as rows,
        and none is compared with itself.
    usable
        (p, g), False where two images must not be compared; so are the masked entries of a masked
        array.
    measure
        Its name in what comes out.

    Returns
    -------
    PairScores
        The matrix as float64, the pairs that may be compared, and people as numbers.

    Raises
    ------
    InputError
        The labels do not fit the matrix or are missing, or scores are no real numbers.

    Notes
    -----
    Similarity scores in the sense of ISO/IEC 19795-1:2021; turn the sign of distances.

    Examples
    --------
    >>> import numpy as np
    >>> from headrisk import pair_scores
    >>> scores = pair_scores(np.eye(3)[:, [1, 0, 2]], "ABC", "BAC")
    >>> int(scores.mated.sum()), int(scores.nonmated.sum())
    (3, 6)
    """
    subject = f"scores of {measure}"
    given = np.asarray(values)
    if given.dtype.kind not in "fiub":
        raise InputError(
            subject,
            found=f"an array of {given.dtype}",
            expected="real numbers, larger meaning more alike",
            remedy="Give one number for each pair.",
        )
    matrix = given.astype(np.float64)
    people = probe_people if gallery_people is None else gallery_people
    if matrix.shape != (len(probe_people), len(people)):
        raise InputError(
            subject,
            found=f"a matrix of shape {matrix.shape}",
            expected=f"({len(probe_people)}, {len(people)}), a row and a column for each label",
            remedy="Give one label for each row and each column.",
        )
    probe_person, gallery_person = _numbered(probe_people, people)
    allowed = np.ones(matrix.shape, bool) if usable is None else np.asarray(usable)
    if not np.isin(allowed, (0, 1)).all():
        raise InputError(
            subject,
            found=f"a mask of {allowed.dtype} with other values than 0 and 1",
            expected="True for pairs that may be compared, else False",
            remedy="Correct the mask.",
        )
    allowed = allowed.astype(bool)
    if usable is None and gallery_people is None:
        np.fill_diagonal(allowed, False)
    if isinstance(values, np.ma.MaskedArray) and allowed.shape == matrix.shape:
        allowed &= ~np.ma.getmaskarray(values)
    return PairScores(measure, matrix, allowed, probe_person, gallery_person)


def evaluate_scores(
    scores: PairScores, *, settings: Settings | None = None, seed: int | None = None
) -> MeasureSummary:
    """Rates of an attack with their 95 % intervals over people, its control and chance.

    Parameters
    ----------
    scores
        From :func:`headrisk.compare` or :func:`headrisk.pair_scores`.
    settings
        ``mated_prior``, ``folds``, ``bootstrap`` and ``one_to_one`` are used.
    seed
        Of the random generator; ``settings.seed`` where not given.

    Returns
    -------
    MeasureSummary
        ``rank1``, ``rank5``, ``auc``, ``eer``, ``d_prime`` (each an :class:`headrisk.Estimate`, or
        None where there is too little data), ``thresholds`` tested on other people than they were
        fitted on, the control attack ``shuffled`` and ``chance_rank1``.

    Raises
    ------
    InputError
        The arrays' shapes disagree, or a usable score is not a number.

    Notes
    -----
    Rates as ISO/IEC 19795-1:2021 defines them, over people: of a person searched for several
    times the mean counts. Intervals are Wilson's, or exact where few are found or missed, widened
    for searches that share people; see :mod:`headrisk.statistics.intervals`.

    Examples
    --------
    Twelve people, each found by an attack that is always right:

    >>> import numpy as np
    >>> from headrisk import evaluate_scores, pair_scores
    >>> noise = np.random.default_rng(0).normal(size=(12, 12))
    >>> found = evaluate_scores(pair_scores(noise + 9 * np.eye(12), range(12), range(12)))
    >>> found.rank1.value, round(found.rank1.low, 2), found.rank1.n
    (1.0, 0.78, 12)
    """
    chosen = settings or Settings()
    if seed is not None:
        chosen = replace(chosen, seed=seed)  # refused where it is no seed
    rng = np.random.default_rng(chosen.seed)
    return summarise(scores, settings=chosen, rng=rng)


def _numbered(probes: Sequence[Hashable], gallery: Sequence[Hashable]) -> tuple[IntArray, IntArray]:
    """One number for each person, the same on both sides.

    Raises
    ------
    InputError
        A label is missing, or is no label but a list.
    """
    numbers: dict[Hashable, int] = {}
    for place, one in enumerate([*probes, *gallery]):
        if one is None or one != one or not isinstance(one, Hashable):
            raise InputError(
                "labels of people",
                found=f"label {place + 1}, rows before columns, is {type(one).__name__}"
                + ("" if isinstance(one, Hashable) else ", which cannot be compared"),
                expected="who is shown: a text or a number",
                remedy="Give a label of their own to people who are not known.",
            )
    rows, columns = (
        np.array([numbers.setdefault(one, len(numbers)) for one in side], dtype=np.int64)
        for side in (probes, gallery)
    )
    return rows, columns


def _all(rows: Float32Array, columns: Float32Array) -> BoolArray:
    return np.ones((len(rows), len(columns)), bool)


def _resolution(rows: Float32Array) -> int:
    """The voxel size in mm of fingerprints with so many voxels."""
    sizes = {template_grid(mm).size: mm for mm in RESOLUTIONS}
    found = rows.shape[1] if rows.ndim == 2 else 0
    if found not in sizes:
        raise InputError(
            "fingerprints",
            found=f"an array of shape {rows.shape}",
            expected=f"(scans, voxels) with {', '.join(map(str, sizes))} voxels",
            remedy="Give fingerprints as headrisk.fingerprint returns them, one in each row.",
        )
    return sizes[found]
