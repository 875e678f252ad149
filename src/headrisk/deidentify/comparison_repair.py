"""The adaptive attacker looks at heads: the removed face is filled in first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from headrisk.brain.prepare import AlignedBrain, PrepareTask, align_head
from headrisk.dataset.scans import Scan
from headrisk.deidentify.repair import Donor, repair_face
from headrisk.face.cohort import Repairing, Run, look_at_heads
from headrisk.face.head import HeadResult, HeadTask, look_at_head
from headrisk.io.nifti import load_volume
from headrisk.io.volume import Volume
from headrisk.run.events import Listener

VERSION = 2  # raise when any result of this module changes: stored results are then renewed


def repaired_heads(
    scans: Sequence[Scan], heads: Sequence[HeadResult], run: Run, listen: Listener
) -> tuple[HeadResult, ...]:
    """What the adaptive attacker gets: each head after the repair of its face.

    A head whose whole face is there, as after a replacement, offers nothing to repair: the attacker
    takes it as it is.
    """
    lacking = to_repair(heads)
    donors = find_donors(scans, heads)
    how = Repairing(look_at_repaired, VERSION, tuple(donors[k] for k in lacking))
    found = list(heads)
    looked = look_at_heads([scans[k] for k in lacking], run, listen, how)
    for k, head in zip(lacking, looked, strict=True):
        found[k] = head
    return tuple(found)


def to_repair(heads: Sequence[HeadResult]) -> list[int]:
    """Places of the heads that lack a part of the face, or of which that is not known."""
    return [k for k, head in enumerate(heads) if not _whole(head)]


def _whole(head: HeadResult) -> bool:
    return head.coverage is not None and head.coverage.verdict == "full"


def look_at_repaired(task: HeadTask) -> HeadResult:
    """Fill in what is missing of a face, then look at the head as at any other.

    A scan that cannot be repaired is a failure to acquire, with the reason.
    """
    return look_at_head(task, repair=_fill_in)


def _fill_in(volume: Volume, aligned: AlignedBrain, task: HeadTask) -> Volume:
    donor = None
    if task.donor is not None:
        path, suffix = task.donor
        other = load_volume(Path(path))
        found = align_head(other, PrepareTask(path, path, suffix, 4, "affine", task.accurate))
        donor = Donor(other, found.alignment.affine)
    return repair_face(
        volume, aligned.alignment.affine, subject=task.scan_id, donor=donor, seed=task.seed
    )


def find_donors(scans: Sequence[Scan], heads: Sequence[HeadResult]) -> tuple[Scan | None, ...]:
    """For each scan without its whole face, another contrast of the same person that has one.

    Both are in the treated data set: whoever shares a defaced T1w beside a whole FLAIR gives the
    face away. Images of the same session come first.
    """
    whole = [k for k, head in enumerate(heads) if _whole(head)]
    found: list[Scan | None] = []
    for k, scan in enumerate(scans):
        others = [
            scans[j]
            for j in whole
            if k not in whole
            and scans[j].participant_id == scan.participant_id
            and scans[j].suffix != scan.suffix
        ]
        others.sort(key=lambda other: other.session_id != scan.session_id)
        found.append(others[0] if others else None)
    return tuple(found)
