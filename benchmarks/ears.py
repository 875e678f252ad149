"""What a de-identification leaves of ears, and whom an attacker finds who compares nothing else.

    python benchmarks/ears.py --people 20

Ears tell people apart nearly as faces do (Iannarelli A., "Ear Identification", 1989; Pflug A. and
Busch C., IET Biometrics 1:114-129, 2012). Synthetic people (seed 6021) are scanned on two days as
in results_face_scans.py, with ears that lie free on both. The attacker cuts a box beside the head
where the average head has each ear, as the brain's alignment gives it, blurs what is solid there,
moves it by up to one grid step, takes away the gallery's mean and correlates. Told for each tool:
the share of the ear's surface that no change touched, heads with a piece of tissue left floating,
and the share found at rank 1 in the other day's untouched scans. Nothing was chosen on them.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

import numpy as np
from scipy import ndimage

from headrisk.deidentify.head import Head, coarse_size, find_head
from headrisk.deidentify.tools import tool_of
from headrisk.heads.boxes import block_mean, linear
from headrisk.heads.identity import draw_identity, pose_head
from headrisk.heads.shapes import HeadShapes, load_shapes
from headrisk.heads.threshold import find_levels, positive
from headrisk.io.volume import Volume
from headrisk.run.engine import mapper
from headrisk.statistics.intervals import share_of_people
from headrisk.synthetic.people.kinds import Kind, render_kind
from headrisk.synthetic.people.session import OTHER_DAY, draw_visit
from headrisk.types import BoolArray, Float32Array, FloatArray

TOOLS = ("template", "reface", "quickshear")
_STEP_MM, _RIM_MM, _SAG_MM = 1.5, 6.0, 2.0
_BESIDE_MM = (
    80.0  # from the middle of the template: beyond it lies ear, not bone that tells people apart
)
_SPECK = 30  # blocks of 1.5 mm; noise makes pieces of up to 10
_SHIFTS = list(product((-1, 0, 1), repeat=3))


@dataclass(frozen=True)
class Ears:
    """What one person's scans gave.

    ``first`` and ``after`` (by tool) are the boxes around both ears on the first day, ``second``
    those of the other day at every shift; ``left`` is the share of the ears' surface left by each
    tool, ``floating`` whether pieces stayed beside the head.
    """

    first: Float32Array
    second: Float32Array
    after: Mapping[str, Float32Array]
    left: Mapping[str, float]
    floating: Mapping[str, bool]


def boxes(shapes: HeadShapes) -> list[FloatArray]:
    """Template mm of the grids around the average head's ears, each (x, y, z, 3)."""
    ear = shapes.reference[shapes.regions["ear"] > 0.5]
    found = []
    for side in (-1, 1):
        own = ear[side * ear[:, 0] > 0]
        low, high = own.min(axis=0) - _RIM_MM, own.max(axis=0) + _RIM_MM
        if side < 0:
            high[0] = -_BESIDE_MM
        else:
            low[0] = _BESIDE_MM
        lines = [np.arange(a, b, _STEP_MM) for a, b in zip(low, high, strict=True)]
        found.append(np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1))
    return found


def at(data: Float32Array, affine: FloatArray, places: FloatArray) -> Float32Array:
    """Values at scanner mm (..., 3)."""
    back = np.linalg.inv(affine)
    index = places.reshape(-1, 3) @ back[:3, :3].T + back[:3, 3]
    return linear(data, list(index.T)).reshape(places.shape[:-1])


def seen(volume: Volume, head: Head, level: float, shifts: bool) -> Float32Array:
    """Blurred shape of what is solid around both ears, (shifts, voxels)."""
    solid = ndimage.gaussian_filter((volume.data > level).astype(np.float32), 1.0)
    to_scan = head.alignment.affine
    rows = []
    for shift in _SHIFTS if shifts else [(0, 0, 0)]:
        parts = []
        for grid in boxes(load_shapes()):
            places = grid + _STEP_MM * np.array(shift)
            parts.append(at(solid, volume.affine, places @ to_scan[:3, :3].T + to_scan[:3, 3]))
        rows.append(np.concatenate([part.ravel() for part in parts]))
    return np.stack(rows)


def floating(volume: Volume, level: float) -> bool:
    """Whether anything larger than a speck lies apart from the largest part."""
    solid = block_mean(positive(volume.data)[0], coarse_size(volume)) > level
    labels, _ = ndimage.label(solid)
    return bool((np.sort(np.bincount(labels.ravel())[1:])[:-1] >= _SPECK).any())


def look(seed: int, person: int) -> Ears:
    """Scan a person on two days, treat the first scan by every tool, and look at the ears."""
    shapes = load_shapes()
    identity = draw_identity(shapes, np.random.default_rng((seed, person)))
    scans, heads, skins = [], [], []
    for day in (0, 1):
        of_visit, of_scan = np.random.default_rng((seed, person, day)).spawn(2)
        visit = draw_visit(shapes, identity, _SAG_MM, 0.0, OTHER_DAY, of_visit)
        visit = replace(visit, surface_error_mm=0.0)
        data, affine = render_kind(identity, shapes, Kind("T1w", (1.25,) * 3), of_scan, visit)
        scans.append(Volume(np.round(data).astype(np.float32), affine))
        heads.append(find_head(scans[-1], f"person {person}"))
        skins.append(
            pose_head(
                shapes,
                visit.identity,
                expression=visit.expression,
                ears_pressed=visit.ears_pressed,
                sag_mm=visit.sag_mm,
            )
        )
    levels = [find_levels(scan.data, "head").skin for scan in scans]
    ear: BoolArray = shapes.regions["ear"] > 0.5
    to_scan = heads[0].alignment.affine
    surface = skins[0].vertices[ear] @ to_scan[:3, :3].T + to_scan[:3, 3]
    after, left, pieces = {}, {}, {}
    for tool in TOOLS:
        rng = np.random.default_rng((seed, person, 9))
        treated = tool_of(tool).apply(heads[0], "head", rng)
        after[tool] = seen(treated.volume, heads[0], levels[0], shifts=False)[0]
        changed = at(treated.changed.astype(np.float32), scans[0].affine, surface)
        left[tool] = float((changed < 0.5).mean())
        pieces[tool] = floating(treated.volume, levels[0])
    return Ears(
        seen(scans[0], heads[0], levels[0], shifts=False)[0],
        seen(scans[1], heads[1], levels[1], shifts=True),
        after,
        left,
        pieces,
    )


def found_at_rank_1(probes: Float32Array, gallery: Float32Array) -> FloatArray:
    """1 for each probe (people, voxels) whose own row of (people, shifts, voxels) is nearest."""
    mean = gallery[:, _SHIFTS.index((0, 0, 0))].mean(axis=0)
    a, b = probes - probes.mean(axis=0), gallery - mean
    a /= np.maximum(np.linalg.norm(a, axis=1, keepdims=True), 1e-6)
    b /= np.maximum(np.linalg.norm(b, axis=2, keepdims=True), 1e-6)
    scores = np.einsum("pv,gsv->pgs", a, b).max(axis=2)
    own = np.diag(scores)[:, None]
    return np.asarray((scores >= own).sum(axis=1) == 1, dtype=np.float64)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--seed", type=int, default=6021)
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    everybody = list(
        mapper(options.processes)(partial(look, options.seed), list(range(options.people)))
    )
    gallery = np.stack([one.second for one in everybody])
    print("| first day | ear's surface left, mean (most) | pieces floating | found by ears |")
    print("|---|---|---|---|")
    for tool in ("", *TOOLS):
        probes = np.stack([one.after[tool] if tool else one.first for one in everybody])
        share = share_of_people(found_at_rank_1(probes, gallery))
        left = np.array([one.left[tool] if tool else 1.0 for one in everybody])
        floats = sum(one.floating[tool] for one in everybody) if tool else 0
        told = "-" if share is None else f"{share.value:.3f} ({share.low:.3f}-{share.high:.3f})"
        print(
            f"| {tool or 'untouched'} | {left.mean():.3f} ({left.max():.3f}) "
            f"| {floats} of {len(everybody)} | {told} |"
        )


if __name__ == "__main__":
    main()
