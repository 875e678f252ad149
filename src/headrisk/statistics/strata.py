"""Rates within strata: time gap, site, scanner, voxel size, contrast pair, age band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from headrisk.dataset.people import day_gaps
from headrisk.dataset.scans import Scan
from headrisk.linkage.pairs import pair_sample, restrict
from headrisk.statistics.baselines import chance_of_rank, same_label
from headrisk.statistics.intervals import FEWEST_PEOPLE, share_of_people
from headrisk.statistics.rates import area_under_curve, equal_error_rate, mate_ranks, person_means
from headrisk.types import BoolArray, Estimate, FloatArray, IntArray, PairScores

Strangers = Literal["within", "all"]
UNKNOWN = -1


@dataclass(frozen=True)
class Condition:
    """A grouping of pairs.

    Attributes
    ----------
    name
        What is compared, for example "time gap" or "scanner".
    names
        Name of each stratum; code k is ``names[k]``.
    codes
        (probes, gallery) code of each pair, -1 where unknown. Unknown pairs are in no stratum.
    ordered
        Small strata merge with a neighbour if True, else with one another.
    strangers
        Non-mated pairs a stratum's mates are compared with: those with the same code ("within")
        or all ("all", where a non-mated pair has no such property, as with a time gap).
    """

    name: str
    names: tuple[str, ...]
    codes: IntArray
    ordered: bool = False
    strangers: Strangers = "within"


@dataclass(frozen=True)
class StratumRow:
    """A row of the condition table; None where the stratum cannot give the figure."""

    condition: str
    stratum: str
    people: int
    mated_pairs: int
    nonmated_pairs: int
    gallery_size: int
    auc: float | None
    eer: float | None
    rank1: Estimate | None
    chance_rank1: float | None
    mated_min: float | None
    nonmated_max: float | None


def by_bins(
    name: str, values: FloatArray, edges: Sequence[float], unit: str, *, strangers: Strangers
) -> Condition:
    """Strata from a number for each pair (probes, gallery), NaN where unknown.

    Stratum k holds edges[k - 1] <= value < edges[k]; the first and last are open.
    """
    known = np.isfinite(values)
    codes = np.where(known, np.searchsorted(edges, np.where(known, values, 0.0), "right"), UNKNOWN)
    if not len(edges):
        return Condition(name, (f"any {unit}",), codes.astype(np.int64), True, strangers)
    middle = [f"{a:g} to {b:g} {unit}" for a, b in pairwise(edges)]
    names = (f"under {edges[0]:g} {unit}", *middle, f"{edges[-1]:g} {unit} or more")
    return Condition(name, names, codes.astype(np.int64), ordered=True, strangers=strangers)


def same_or_different(name: str, probe: NDArray[np.str_], gallery: NDArray[np.str_]) -> Condition:
    """Two strata, "same" and "different", from a label of each scan; "" is unknown."""
    known = (probe != "")[:, None] & (gallery != "")[None, :]
    codes = np.where(known, np.where(probe[:, None] == gallery[None, :], 0, 1), UNKNOWN)
    return Condition(name, (f"same {name}", f"different {name}"), codes.astype(np.int64))


def by_label_pair(name: str, probe: NDArray[np.str_], gallery: NDArray[np.str_]) -> Condition:
    """A stratum for each unordered pair of labels, as "T1w - FLAIR"; "" is unknown."""
    labels, index = np.unique(np.concatenate([probe, gallery]), return_inverse=True)
    first, second = np.split(index, [probe.size])
    low = np.minimum(first[:, None], second[None, :])
    high = np.maximum(first[:, None], second[None, :])
    known = (probe != "")[:, None] & (gallery != "")[None, :]
    flat = np.where(known, low * labels.size + high, UNKNOWN)
    present = np.unique(flat[flat != UNKNOWN])
    codes = np.where(known, np.searchsorted(present, flat), UNKNOWN)
    names = tuple(f"{labels[p // labels.size]} - {labels[p % labels.size]}" for p in present)
    return Condition(name, names, codes.astype(np.int64))


def by_probe(name: str, codes: IntArray, names: Sequence[str], gallery: int) -> Condition:
    """Strata of probes (a code for each, -1 unknown) searched in the whole gallery."""
    spread = np.repeat(codes[:, None], gallery, axis=1).astype(np.int64)
    return Condition(name, tuple(names), spread)


def condition_rows(
    scores: PairScores, condition: Condition, fewest: int = FEWEST_PEOPLE
) -> tuple[StratumRow, ...]:
    """The condition's table rows, no row with fewer than ``fewest`` people with a mated pair.

    Small strata are merged and named together ("A, B"). Strata without any mated pair join the
    merge too. If all people together are fewer than ``fewest``, there are no rows.
    """
    if not condition.codes.size:
        return ()
    groups = _merge(_people_per_code(scores, condition), condition.ordered, fewest)
    return tuple(_row(scores, condition, group) for group in groups)


def _people_per_code(scores: PairScores, condition: Condition) -> list[set[int]]:
    mated = scores.mated
    person = np.broadcast_to(scores.probe_person[:, None], mated.shape)[mated]
    code = condition.codes[mated]
    return [set(person[code == k].tolist()) for k in range(len(condition.names))]


def _merge(people: list[set[int]], ordered: bool, fewest: int) -> list[tuple[int, ...]]:
    """Groups of codes, each with at least ``fewest`` distinct people."""
    if ordered:
        return _merge_neighbours(people, fewest)
    present = [k for k, who in enumerate(people) if who]
    large: list[tuple[int, ...]] = [(k,) for k in present if len(people[k]) >= fewest]
    small = [k for k in present if len(people[k]) < fewest]
    if not small:
        return large
    together: set[int] = set().union(*(people[k] for k in small))
    if len(together) >= fewest:
        return [*large, tuple(small)]
    if not large:
        return []
    least = min(large, key=lambda group: len(people[group[0]]))
    rest = [group for group in large if group != least]
    return [*rest, tuple(sorted((*least, *small)))]


def _merge_neighbours(people: list[set[int]], fewest: int) -> list[tuple[int, ...]]:
    groups: list[tuple[int, ...]] = []
    open_group: list[int] = []
    inside: set[int] = set()
    for code, who in enumerate(people):
        if not who:
            continue
        open_group.append(code)
        inside |= who
        if len(inside) >= fewest:
            groups.append(tuple(open_group))
            open_group, inside = [], set()
    if open_group and groups:
        groups[-1] = (*groups[-1], *open_group)
    return groups


def _row(scores: PairScores, condition: Condition, group: tuple[int, ...]) -> StratumRow:
    member: BoolArray = np.isin(condition.codes, group)
    keep = member
    if condition.strangers == "all":
        keep = member | scores.nonmated
    part = restrict(scores, keep)
    sample, ranks = pair_sample(part), mate_ranks(part)
    weights = (sample.mated_weight, sample.nonmated_weight)
    first = person_means(ranks.within(1), ranks.person)[1] if ranks.probe.size else np.zeros(0)
    several = bool(ranks.gallery.size) and int(ranks.gallery.max()) > 1
    return StratumRow(
        condition=condition.name,
        stratum=", ".join(condition.names[k] for k in group),
        people=sample.mated_people,
        mated_pairs=int(sample.mated.size),
        nonmated_pairs=int(sample.nonmated.size),
        gallery_size=int(ranks.gallery.max()) if ranks.gallery.size else 0,
        auc=area_under_curve(sample.mated, sample.nonmated, weights),
        eer=equal_error_rate(sample.mated, sample.nonmated, weights),
        rank1=share_of_people(first, ranks.probe.size) if several else None,
        chance_rank1=chance_of_rank(ranks, 1) if several else None,
        mated_min=float(sample.mated.min()) if sample.mated.size else None,
        nonmated_max=float(sample.nonmated.max()) if sample.nonmated.size else None,
    )


TIME_GAP_DAYS = (1, 31, 183, 366, 1827)
AGE_YEARS = (18, 40, 60, 80)
VOXEL_MM = (1.25, 2.0, 4.0)

VoxelSizes = Sequence[tuple[float, float, float] | None]


def known_conditions(
    probes: Sequence[Scan],
    gallery: Sequence[Scan],
    probe_voxels: VoxelSizes,
    gallery_voxels: VoxelSizes,
) -> tuple[Condition, ...]:
    """Strata of all pairs by everything that is known of at least some of them.

    Time between the scans, same or different site and scanner, the thicker of the two scans'
    slices, the pair of contrasts, and the age band of the person searched for. A condition that
    does not tell any two pairs apart is left out.
    """
    gaps = day_gaps([scan.acq_date for scan in probes], [scan.acq_date for scan in gallery])
    thick = np.maximum(_largest(probe_voxels)[:, None], _largest(gallery_voxels)[None, :])
    ages = np.array([np.nan if scan.age is None else scan.age for scan in probes], dtype=float)
    bands = np.where(np.isnan(ages), UNKNOWN, np.searchsorted(AGE_YEARS, ages, side="right"))
    names = ("under 18", "18 to 39", "40 to 59", "60 to 79", "80 and over")
    found = (
        by_bins("time between scans", gaps, TIME_GAP_DAYS, "days", strangers="all"),
        same_or_different("site", _labels(probes, "site"), _labels(gallery, "site")),
        same_or_different("scanner", _labels(probes, "scanner"), _labels(gallery, "scanner")),
        by_bins("largest voxel side", thick, VOXEL_MM, "mm", strangers="within"),
        by_label_pair("contrast", _labels(probes, "suffix"), _labels(gallery, "suffix")),
        by_probe("age", bands.astype(np.int64), names, len(gallery)),
    )
    return tuple(condition for condition in found if _tells_apart(condition))


def contrast_pairs(probes: Sequence[Scan], gallery: Sequence[Scan]) -> Condition | None:
    """Pairs of scans by their contrasts, such as "T1w - FLAIR"; None where all are alike."""
    found = by_label_pair("contrast", _labels(probes, "suffix"), _labels(gallery, "suffix"))
    return found if found.codes.size and _tells_apart(found) else None


def shared_labels(probes: Sequence[Scan], gallery: Sequence[Scan]) -> dict[str, BoolArray]:
    """(probes, gallery) where two scans are known to share a scanner, a site or a family."""
    return {
        name: same_label(_labels(probes, field), _labels(gallery, field))
        for name, field in (("scanner", "scanner"), ("site", "site"), ("family", "family_id"))
    }


def _labels(scans: Sequence[Scan], field: str) -> NDArray[np.str_]:
    return np.array([getattr(scan, field) for scan in scans], dtype=np.str_)


def _largest(voxels: VoxelSizes) -> NDArray[np.float64]:
    return np.array([np.nan if mm is None else max(mm) for mm in voxels], dtype=np.float64)


def _tells_apart(condition: Condition) -> bool:
    return np.unique(condition.codes[condition.codes != UNKNOWN]).size > 1
