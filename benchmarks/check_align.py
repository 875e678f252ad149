"""Consistency of the affine over random warps, beside other tools on the same warps.

    OMP_NUM_THREADS=1 python benchmarks/check_align.py [HEAD ...] [--warps 20] [--others 3]

Each head is stripped and aligned once as it is. Then it is turned by up to 45 degrees about a
random axis, moved by up to 150 mm along each axis, resampled to random voxel sizes (1 to 5 mm, at
most one axis above 2.5 mm), shaded, and given Rician noise, and aligned again. Both alignments
must name the same place: the error of a warp is the largest distance in template mm over the
brain. A warp whose error exceeds 5 mm counts as failed. The mask travels with the head; with
``--strip`` the network finds it anew. Without paths, synthetic heads are made. Other tools
(picsl-greedy, antspyx), where installed, align the same brains for the first warps.

Read their lines with care. They are called with a centred start and no search over rotations,
while headrisk searches all of them, so their failures show the reach of that start and not their
accuracy; compare medians, or give them a search (``-search`` in greedy) before judging them.
SimpleITK is not among them: no settings were found that use it fairly. Its first ones failed on
every turned head, and a rigid stage before the affine mended 10 degrees but not 40.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
from bench_chain import make_head
from measuring import record
from scipy import ndimage
from scipy.spatial.transform import Rotation

from headrisk.brain.align import Brain, align
from headrisk.brain.mutual import refine
from headrisk.brain.normalise import cut_brain, flatten_bias
from headrisk.brain.strip import BrainMap, find_brain
from headrisk.brain.template import load_template
from headrisk.io.nifti import load_volume
from headrisk.io.volume import Volume
from headrisk.types import Float32Array, FloatArray

FAILED_MM = 5.0
Tool = Callable[[Brain], FloatArray]


def warp(
    volume: Volume, found: BrainMap, rng: np.random.Generator
) -> tuple[Volume, BrainMap, FloatArray]:
    """A turned, moved, resampled, shaded and noisy copy; its mask; old to new scanner mm."""
    axis = rng.normal(size=3)
    angle = np.radians(rng.uniform(0, 45))
    move = np.eye(4)
    move[:3, :3] = Rotation.from_rotvec(axis / np.linalg.norm(axis) * angle).as_matrix()
    move[:3, 3] = rng.uniform(-150, 150, 3)
    voxel = rng.choice(
        [1.0, 1.2, 1.5, 2.0, 3.0, 5.0], size=3, p=[0.25, 0.25, 0.25, 0.15, 0.05, 0.05]
    )
    if np.count_nonzero(voxel > 2.5) > 1:
        voxel[np.argsort(voxel)[:2]] = 1.2
    brain = np.argwhere(found.logit > 0).mean(axis=0)
    centre = move @ found.affine @ np.array([*brain, 1.0])
    shape = np.ceil(220 / voxel).astype(int)
    affine = np.diag([*voxel, 1.0])
    affine[:3, 3] = centre[:3] - voxel * (shape - 1) / 2 + rng.uniform(-5, 5, 3)
    data = _shade(_resample(volume, move, affine, shape), rng)
    spread = float(np.percentile(data, 98)) * rng.uniform(0.01, 0.05)
    noise = rng.normal(0, spread, (2, *data.shape))
    noisy = np.hypot(data + noise[0], noise[1]).astype(np.float32)
    return Volume(noisy, affine), replace(found, affine=move @ found.affine), move


def _resample(
    volume: Volume, move: FloatArray, affine: FloatArray, shape: FloatArray
) -> Float32Array:
    """Mean over each new voxel, from as many points as old voxels fit into it."""
    m = np.linalg.inv(volume.affine) @ np.linalg.inv(move) @ affine
    counts = np.ceil(np.diag(affine)[:3] / np.array(volume.voxel_mm)).astype(int)
    offsets = [(np.arange(k) + 0.5) / k - 0.5 for k in counts]
    total = np.zeros(shape, np.float32)
    for place in itertools.product(*offsets):
        start = m[:3, :3] @ np.array(place) + m[:3, 3]
        total += ndimage.affine_transform(
            volume.data, m[:3, :3], start, output_shape=tuple(shape), order=1
        )
    return total / np.float32(np.prod(counts))


def _shade(data: Float32Array, rng: np.random.Generator) -> Float32Array:
    x, y, z = (np.linspace(-1, 1, n) for n in data.shape)
    x, y, z = x[:, None, None], y[None, :, None], z[None, None, :]
    terms = (x, y, z, x * x, y * y, z * z, x * y)
    field = sum(c * t for c, t in zip(rng.uniform(-0.25, 0.25, len(terms)), terms, strict=True))
    shaded: Float32Array = (data * np.exp(field)).astype(np.float32)
    return shaded


def distances(first: FloatArray, second: FloatArray, move: FloatArray) -> FloatArray:
    """Template mm between the places that two alignments name, over the brain."""
    template = load_template()
    points = np.argwhere(template.mask)[::50] @ template.affine[:3, :3].T + template.affine[:3, 3]
    loop = np.linalg.inv(second) @ move @ first
    moved = points @ loop[:3, :3].T + loop[:3, 3]
    lengths: FloatArray = np.linalg.norm(moved - points, axis=1)
    return lengths


def tools(t1_like: bool, mutual: bool, folder: Path) -> dict[str, Tool]:
    """Alignment tools by name; those that are not installed are named and left out."""

    def own(brain: Brain) -> FloatArray:
        found = align(brain, t1_like=t1_like)
        return (refine(brain, found) if mutual else found).affine

    found: dict[str, Tool] = {"headrisk": own}
    template = load_template()
    target = folder / "template.nii.gz"
    inside = (template.t1 * template.mask).astype(np.float32)
    nibabel.save(nibabel.Nifti1Image(inside, template.affine), target)
    for name, make in (("picsl-greedy", _greedy), ("antspyx", _ants)):
        try:
            found[name] = make(target, folder)
        except ImportError as error:
            print(f"{name}: skipped, {error}.")
    return found


def _saved(brain: Brain, folder: Path) -> Path:
    path = folder / "brain.nii"
    nibabel.save(nibabel.Nifti1Image(brain.data, brain.affine), path)
    return path


def _greedy(target: Path, folder: Path) -> Tool:
    from picsl_greedy import Greedy3D

    def run(brain: Brain) -> FloatArray:
        greedy = Greedy3D()
        greedy.execute(
            f"-V 0 -d 3 -threads 1 -a -dof 12 -m NMI -ia-image-centers -n 40x20x0 "
            f"-i {target} {_saved(brain, folder)} -o pose",
            pose=None,
        )
        return np.asarray(greedy["pose"], float)

    return run


_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def _affine(matrix: object, shift: object, centre: object) -> FloatArray:
    """An ITK affine as 4 x 4 in RAS+."""
    pose = np.eye(4)
    pose[:3, :3] = np.reshape(matrix, (3, 3))
    middle = np.asarray(centre, float)
    pose[:3, 3] = np.asarray(shift, float) + middle - pose[:3, :3] @ middle
    return _LPS @ pose @ _LPS


def _ants(target: Path, folder: Path) -> Tool:
    import ants

    def run(brain: Brain) -> FloatArray:
        fixed = ants.image_read(str(target))
        moving = ants.image_read(str(_saved(brain, folder)))
        done = ants.registration(fixed, moving, type_of_transform="Affine")
        found = ants.read_transform(done["fwdtransforms"][0])
        return _affine(found.parameters[:9], found.parameters[9:], found.fixed_parameters)

    return run


def check(
    heads: list[Path], arguments: argparse.Namespace, chosen: dict[str, Tool]
) -> dict[str, list[tuple[float, float, float]]]:
    """Mean error, largest error and CPU seconds of each warp, by tool."""
    rng = np.random.default_rng(arguments.seed)
    results: dict[str, list[tuple[float, float, float]]] = {name: [] for name in chosen}
    for number, path in enumerate(heads):
        volume = load_volume(path)
        found = find_brain(volume, str(path))
        plain = flatten_bias(cut_brain(volume, found, 2.0, str(path)))
        first = {name: tool(plain) for name, tool in chosen.items()}
        for k in range(number, arguments.warps, len(heads)):
            moved, mask, move = warp(volume, found, rng)
            if arguments.strip:
                mask = find_brain(moved, str(path))
            brain = flatten_bias(cut_brain(moved, mask, 2.0, str(path)))
            for name, tool in chosen.items():
                if name != "headrisk" and k >= arguments.others:
                    continue
                start = time.process_time()
                pose = tool(brain)
                seconds = time.process_time() - start
                error = distances(first[name], pose, move)
                results[name].append((float(error.mean()), float(error.max()), seconds))
    return results


def main() -> None:
    """Run all warps and print one line for each tool."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("heads", type=Path, nargs="*", help="heads; synthetic if absent")
    parser.add_argument("--warps", type=int, default=20)
    parser.add_argument("--others", type=int, default=3, help="warps for the other tools")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--strip", action="store_true", help="find the brain anew in each warp")
    parser.add_argument("--other-contrast", action="store_true", help="heads are not T1-like")
    parser.add_argument("--mutual", action="store_true", help="refine by mutual information")
    parser.add_argument("--out", type=Path, help="write every warp as TSV")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        heads = list(arguments.heads)
        if not heads:
            heads = [folder / "head.nii.gz"]
            make_head(heads[0])
        chosen = tools(not arguments.other_contrast, arguments.mutual, folder)
        if arguments.others == 0:
            chosen = {"headrisk": chosen["headrisk"]}
        results = check(heads, arguments, chosen)
    medians = {name: float(np.median([row[2] for row in rows])) for name, rows in results.items()}
    own = medians.pop("headrisk")
    ratios = {f"align over {name}": own / seconds for name, seconds in medians.items()}
    worst = max(row[1] for row in results["headrisk"])
    record(__file__, ratios, {"align, CPU s": own, "worst error, mm": worst})
    lines = ["tool\twarp\tmean_mm\tmax_mm\tseconds"]
    print(f"{'tool':14}{'warps':>7}{'median':>9}{'worst':>9}{'failed':>8}{'CPU s':>8}   (mm, mm)")
    for name, rows in results.items():
        _, largest, seconds = np.array(rows).T
        failed = int(np.count_nonzero(largest > FAILED_MM))
        print(
            f"{name:14}{len(rows):7}{np.median(largest):9.2f}{largest.max():9.2f}"
            f"{failed:8}{np.median(seconds):8.2f}"
        )
        lines += [f"{name}\t{k}\t" + "\t".join(f"{v:.4f}" for v in r) for k, r in enumerate(rows)]
    if arguments.out is not None:
        arguments.out.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
