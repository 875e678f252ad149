"""Time and memory of the brain chain on one head, beside other tools, in one run.

    OMP_NUM_THREADS=1 python benchmarks/bench_chain.py [HEAD.nii.gz] [--repeats 5] [--out FILE.tsv]

Without a path, a head is made on the spot: the shipped template's tissues at 1 mm inside a skull
and a scalp, with shading and noise. Every line is measured in a process of its own, on one thread,
after one warm-up; times are medians of CPU seconds, memory is the process's peak. The other tools
are optional: SimpleITK, picsl-greedy, antspyx, deepbet; those missing are named and skipped. The
large network of headrisk, whole chain as shipped with ``accurate``, stands in for a full stripper
where deepbet is missing.

Last, the 4 mm chain is measured beside that of the commit that ``recorded.json`` names, in turns,
so that a slow-down shows on any processor; it needs git and that commit.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from measuring import RECORDED, in_fresh_process, peak_megabytes, record, source_at
from scipy import ndimage

Stage = Callable[[], object]
CHAIN = {f"headrisk {mm} mm": mm for mm in (4, 3, 2)}
OTHERS = {  # line: package that must be importable
    "N4 bias correction (SimpleITK)": "SimpleITK",
    "affine NMI (picsl-greedy)": "picsl_greedy",
    "affine (antspyx)": "ants",
    "full stripper (deepbet)": "deepbet",
    "full stripper (headrisk, large network)": "onnxruntime",
}


def make_head(path: Path) -> None:
    """Write a 1 mm T1w-like head made from the template, turned by a few degrees."""
    from headrisk.brain.template import load_template

    template = load_template()
    step = np.linalg.inv(template.affine)
    turn = np.radians(5.0)
    spin = np.eye(4)
    spin[1:3, 1:3] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    shape, affine = (190, 230, 230), np.eye(4)
    affine[:3, 3] = (-95.0, -130.0, -110.0)
    m = step @ spin @ affine
    brain, mask = (
        ndimage.affine_transform(x, m[:3, :3], m[:3, 3], output_shape=shape, order=1)
        for x in (template.t1, template.mask.astype(np.float32))
    )
    distance = ndimage.distance_transform_edt(mask < 0.5)
    head = (
        400 * brain
        + 60 * ((distance > 6) & (distance < 9))
        + 300 * ((distance >= 9) & (distance < 14))
    )
    shading = 1 + 0.2 * np.linspace(-1, 1, shape[1])[None, :, None]
    rng = np.random.default_rng(0)
    image = np.hypot(head * shading + rng.normal(0, 8, shape), rng.normal(0, 8, shape))
    nibabel.save(nibabel.Nifti1Image(image.astype(np.int16), affine), path)


def chain_stages(path: Path, resolution_mm: int) -> dict[str, Stage]:
    """The stages of headrisk; each uses what the one before it left."""
    from headrisk.brain.align import align
    from headrisk.brain.normalise import cut_brain, flatten_bias
    from headrisk.brain.prepare import AlignedBrain, fingerprint
    from headrisk.brain.strip import find_brain
    from headrisk.io.nifti import load_volume

    left: dict[str, Any] = {}

    def sample() -> None:
        flat, fine = left["flat"], left["flat"]
        if resolution_mm == 2:
            fine = cut_brain(left["volume"], left["found"], 1.0, "head")
        aligned = AlignedBrain(flat, fine, left["alignment"], 0.0, ())
        left["vector"] = fingerprint(aligned, resolution_mm)

    return {
        "load": lambda: left.update(volume=load_volume(path)),
        "strip": lambda: left.update(found=find_brain(left["volume"], "head")),
        "flatten": lambda: left.update(
            flat=flatten_bias(cut_brain(left["volume"], left["found"], 2.0, "head"))
        ),
        "align": lambda: left.update(alignment=align(left["flat"])),
        "sample": sample,
    }


def other_stage(line: str, path: Path, folder: Path) -> Stage:
    """One tool's call on the same head, reading the file included."""
    if line.startswith("N4"):
        return lambda: _n4(path)
    if line.startswith("affine"):
        brain, template = _brain_files(path, folder)
        if "greedy" in line:
            return lambda: _greedy(brain, template)
        return lambda: _ants(brain, template)
    if "deepbet" in line:
        return lambda: _deepbet(path, folder)
    from headrisk.brain.strip import find_brain
    from headrisk.io.nifti import load_volume

    return lambda: find_brain(load_volume(path), "head", accurate=True)


def _n4(path: Path) -> object:
    import SimpleITK as sitk  # noqa: N813

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    image = sitk.ReadImage(str(path), sitk.sitkFloat32)
    small = sitk.Shrink(image, [4, 4, 4])
    return sitk.N4BiasFieldCorrection(small, sitk.OtsuThreshold(small, 0, 1, 200))


def _brain_files(path: Path, folder: Path) -> tuple[Path, Path]:
    """The brain at 2 mm and the template as files, for tools that align."""
    from headrisk.brain.normalise import cut_brain, flatten_bias
    from headrisk.brain.strip import find_brain
    from headrisk.brain.template import load_template
    from headrisk.io.nifti import load_volume

    volume, template = load_volume(path), load_template()
    flat = flatten_bias(cut_brain(volume, find_brain(volume, "head"), 2.0, "head"))
    brain_file, template_file = folder / "brain.nii.gz", folder / "template.nii.gz"
    nibabel.save(nibabel.Nifti1Image(flat.data, flat.affine), brain_file)
    inside = (template.t1 * template.mask).astype(np.float32)
    nibabel.save(nibabel.Nifti1Image(inside, template.affine), template_file)
    return brain_file, template_file


def _greedy(brain: Path, template: Path) -> object:
    from picsl_greedy import Greedy3D

    return Greedy3D().execute(
        f"-V 0 -d 3 -threads 1 -a -dof 12 -m NMI -ia-image-centers -n 40x20x0 "
        f"-i {template} {brain} -o affine",
        affine=None,
    )


def _ants(brain: Path, template: Path) -> object:
    import ants

    fixed, moving = ants.image_read(str(template)), ants.image_read(str(brain))
    return ants.registration(fixed, moving, type_of_transform="Affine")


def _deepbet(path: Path, folder: Path) -> object:
    import torch
    from deepbet import run_bet

    torch.set_num_threads(1)
    out = [str(folder / name) for name in ("b.nii.gz", "m.nii.gz", "t.csv")]
    return run_bet([str(path)], [out[0]], [out[1]], [out[2]], threshold=0.5, no_gpu=True)


def measure(line: str, path: Path, repeats: int) -> dict[str, Any]:
    """Median CPU seconds of each stage and peak memory of this process in MB."""
    with tempfile.TemporaryDirectory() as name:
        stages = (
            chain_stages(path, CHAIN[line])
            if line in CHAIN
            else {"total": other_stage(line, path, Path(name))}
        )
        times: dict[str, list[float]] = {stage: [] for stage in stages}
        for repeat in range(repeats + 1):
            for stage, work in stages.items():
                start = time.process_time()
                work()
                if repeat:
                    times[stage].append(time.process_time() - start)
        medians = {stage: float(np.median(found)) for stage, found in times.items()}
        if line in CHAIN:
            medians["total"] = float(np.median(np.sum(list(times.values()), axis=0)))
    peak = peak_megabytes()
    return {"line": line, "seconds": medians, "memory_mb": peak}


def main() -> None:
    """Measure every line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("head", type=Path, nargs="?", help="T1w head; made on the spot if absent")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5, help="beside the recorded commit")
    parser.add_argument("--out", type=Path, help="write the table as TSV")
    parser.add_argument("--line", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.line:
        print(json.dumps(measure(arguments.line, arguments.head, arguments.repeats)))
        return
    with tempfile.TemporaryDirectory() as name:
        head = arguments.head
        if head is None:
            head = Path(name) / "head.nii.gz"
            make_head(head)
        elif head.name.endswith((".mgz", ".mgh")):  # which the other tools cannot read
            image: Any = nibabel.load(head)
            head = Path(name) / "head.nii.gz"
            nibabel.save(nibabel.Nifti1Image(np.asarray(image.dataobj), image.affine), head)
        rows = [
            in_fresh_process(__file__, line, [head, "--repeats", arguments.repeats])
            for line in CHAIN
        ]
        for line, package in OTHERS.items():
            if importlib.util.find_spec(package) is None:
                print(f"{line}: skipped, the package {package} is not installed.")
                continue
            words = [head, "--repeats", min(arguments.repeats, 2)]
            rows.append(in_fresh_process(__file__, line, words))
        pairs = beside_itself(head, arguments.rounds)
    found = [row for row in rows if row]
    show(found, arguments.out)
    for line, ratios in pairs.items():
        print(f"{line}: {', '.join(f'{ratio:.3f}' for ratio in ratios)}")
    keep(found, pairs)


def beside_itself(head: Path, rounds: int) -> dict[str, list[float]]:
    """The 4 mm chain over that of the recorded commit, which runs its own copy of this script.

    The two take turns, and which goes first changes from round to round, so that a machine that
    gets slower or faster meanwhile favours neither.
    """
    commit = json.loads(RECORDED.read_text())["commit"]
    line, ratios = "headrisk 4 mm", []
    with tempfile.TemporaryDirectory() as name:
        old = Path(name) / "old"
        if not source_at(commit, old):
            print(f"{line} beside commit {commit}: skipped, git or the commit is not here.")
            return {}
        own = (__file__, Path(__file__).parent.parent / "src")
        sides = [own, (str(old / "benchmarks" / Path(__file__).name), old / "src")]
        for turn in range(rounds):
            order = sides if turn % 2 else sides[::-1]
            rows = [
                in_fresh_process(script, line, [head, "--repeats", 3], package)
                for script, package in order
            ]
            if all(rows):
                first, second = (row["seconds"]["total"] for row in rows if row)
                ratios.append(first / second if turn % 2 else second / first)
    return {f"{line} over itself at {commit}": ratios} if ratios else {}


STEPS = {  # another tool's line: the stage of headrisk that does the same work
    "N4 bias correction (SimpleITK)": "flatten",
    "affine NMI (picsl-greedy)": "align",
    "affine (antspyx)": "align",
    "full stripper (headrisk, large network)": "strip",
}


def keep(rows: list[dict[str, Any]], pairs: dict[str, list[float]]) -> None:
    """Record the chain's figures, and each stage over the tool that does the same work."""
    times = {row["line"]: row["seconds"] for row in rows}
    own = times["headrisk 4 mm"]
    ratios = {
        f"{stage} over {line}": own[stage] / times[line]["total"]
        for line, stage in STEPS.items()
        if line in times
    }
    figures = {f"{line}, CPU s": row["total"] for line, row in times.items()}
    figures |= {f"{row['line']}, MB": row["memory_mb"] for row in rows}
    record(__file__, ratios, figures, pairs)


def show(rows: list[dict[str, Any]], out: Path | None) -> None:
    """Print the table, with ratios to the 4 mm chain, and write it if asked."""
    names = ["load", "strip", "flatten", "align", "sample", "total"]
    base = rows[0]["seconds"]["total"]
    lines = ["\t".join(["tool", *names, "ratio", "memory_mb"])]
    for row in rows:
        cells = [f"{row['seconds'][n]:.3f}" if n in row["seconds"] else "" for n in names]
        ratio = f"{row['seconds']['total'] / base:.1f}"
        lines.append("\t".join([row["line"], *cells, ratio, f"{row['memory_mb']:.0f}"]))
    for text in lines:
        first, *rest = text.split("\t")
        print(f"{first:42}" + "".join(f"{cell:>10}" for cell in rest))
    others = {r["line"]: r["seconds"]["total"] for r in rows if r["line"] not in CHAIN}
    stripper = min((v for k, v in others.items() if k.startswith("full")), default=None)
    n4 = next((v for k, v in others.items() if k.startswith("N4")), None)
    for line, seconds in others.items():
        if line.startswith("affine") and stripper is not None and n4 is not None:
            total = stripper + n4 + seconds
            print(f"\nstripper + N4 + {line}: {total:.2f} s, {total / base:.1f} x headrisk at 4 mm")
    if out is not None:
        out.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
