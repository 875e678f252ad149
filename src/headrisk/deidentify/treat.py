"""One scan from file to file: read, de-identify, write, read again, check, look for a face."""

from __future__ import annotations

import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrisk import __version__
from headrisk.deidentify.damage import Damage, damage_between
from headrisk.deidentify.deface import NOTHING_LEFT, Treated
from headrisk.deidentify.head import Head, find_head
from headrisk.deidentify.sidecar import mask_sidecar, source_sidecar, treated_sidecar
from headrisk.deidentify.tools import tool_of
from headrisk.errors import MissingExtraError, ScanError
from headrisk.face.presence import FEWEST_SEEN, FaceVerdict, Sight, look_for_face
from headrisk.io.geometry import to_ras
from headrisk.io.nifti import Stored, load_volume, read_stored, to_volume
from headrisk.io.nifti_header import nifti_bytes
from headrisk.metadata.sidecars import json_bytes
from headrisk.run.scratch import put_in_place
from headrisk.types import Float32Array, Status

# ----------------------------------------------------------------------
# Treated scans as files: changed voxels replaced in the stored image, all others bit for bit.
# ----------------------------------------------------------------------

# Noise does not repeat, so only runs are looked for: 3 % larger files, in 60 % of the time.
_LEVEL, _MEMORY = 1, 9
_GZIP_BITS = 31  # the largest window, and a gzip header without name and time


def treated_image(stored: Stored, treated: Treated) -> bytes:
    """The stored image with the changed voxels replaced, as a packed NIfTI file.

    Geometry, type and scaling are those of the stored image; voxels that were not changed are the
    same bit for bit. Text fields of the header, extensions, and name and time of the gzip header
    are left out.
    """
    layout = stored.layout
    voxels = stored.voxels.copy(order="F")
    view, _ = to_ras(voxels, layout.affine)
    values = treated.volume.data[treated.changed]
    view[treated.changed] = _encoded(values, layout.slope, layout.intercept, layout.dtype)
    return _packed(nifti_bytes(layout, voxels))


def changed_image(stored: Stored, treated: Treated) -> bytes:
    """1 where a voxel was changed, else 0, on the stored image's grid, as a packed NIfTI file."""
    mask = np.zeros(stored.layout.shape, np.uint8, order="F")
    view, _ = to_ras(mask, stored.layout.affine)
    view[...] = treated.changed
    return _packed(nifti_bytes(stored.layout, mask, scaled=False))


def _encoded(
    values: Float32Array, slope: float, intercept: float, dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Values as they are stored, cut off at the limits of the type."""
    exact = slope == 1 and intercept == 0 and dtype.itemsize <= 2  # in 32 bits already
    plain = values if exact else (values.astype(np.float64) - intercept) / slope
    if dtype.kind == "f":
        return plain.astype(dtype)
    limits = np.iinfo(dtype)
    out: NDArray[Any] = np.clip(np.round(plain), limits.min, limits.max).astype(dtype)
    return out


def _packed(content: bytes) -> bytes:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_BITS, _MEMORY, zlib.Z_RLE)
    return packer.compress(content) + packer.flush()


# ----------------------------------------------------------------------
# Is there still a face in a scan that was treated? The same answer as for any image.
# ----------------------------------------------------------------------


@dataclass(frozen=True)
class Presence:
    """What is left of a face.

    Attributes
    ----------
    sight
        What was seen; None where nothing could be looked at.
    skipped
        Why nothing could be looked at; "" if it was.
    """

    sight: Sight | None
    skipped: str = ""

    @property
    def answer(self) -> FaceVerdict | None:
        """Whether a face is left, by :func:`headrisk.face.presence.judge_face`; None if unknown."""
        return self.sight.verdict if self.sight else None

    @property
    def seen(self) -> Mapping[str, float]:
        """By detector, the share of the presence renders in which it saw a face, 0 to 1."""
        return self.sight.seen if self.sight else {}

    @property
    def seen_by(self) -> tuple[str, ...]:
        """Detectors that see a face in at least half of the renders."""
        return tuple(name for name, share in self.seen.items() if share >= FEWEST_SEEN)


def face_presence(head: Head, subject: str) -> Presence:
    """Look for a face in a head that was found already.

    Without the extra ``faces`` nothing is looked at, and the result says so.
    """
    try:
        look = look_for_face(
            head.volume, head.alignment.affine, None, subject, stripped=head.stripped
        )
    except MissingExtraError as error:
        return Presence(None, str(error))
    except ScanError as error:
        return Presence(Sight("failed", "not_found", reason=str(error)))
    return Presence(look.sight)


# ----------------------------------------------------------------------
# One scan from file to file: read, find the brain, treat, write, read again and check.
# ----------------------------------------------------------------------


@dataclass(frozen=True)
class TreatTask:
    """What a worker needs to treat one scan.

    Attributes
    ----------
    path, root
        The source image; the BIDS data set it belongs to, "" if none.
    out, stem
        The treated data set, and the place in it without suffix and ending.
    seed
        Of the noise that a tool may draw; the scan's own.
    """

    scan_id: str
    path: str
    root: str
    suffix: str
    out: str
    stem: str
    tool: str
    accurate: bool
    seed: tuple[int, int]


@dataclass(frozen=True)
class TreatResult:
    """What became of one scan.

    Attributes
    ----------
    status, reason
        ``failed`` where nothing was written, and why.
    image
        Path of the treated image in the treated data set; "" where there is none.
    changed_share
        Share of the image's voxels that were changed.
    removed_fields
        Identifying values left out of the sidecar.
    seconds
        CPU time of the treatment, from reading to writing; the check is not in it.
    presence, damage
        The check of the file that was written; None where it could not be checked.
    problem
        Why the written file could not be checked; "" if it was.
    """

    scan_id: str
    status: Status
    reason: str
    image: str = ""
    changed_share: float = 0.0
    removed_fields: int = 0
    seconds: float = 0.0
    presence: Presence | None = None
    damage: Damage | None = None
    problem: str = ""
    notes: tuple[str, ...] = ()


def treated_files(task: TreatTask) -> tuple[Path, ...]:
    """The files that a scan gets: mask and its sidecar, sidecar, and last the image."""
    stem = Path(task.out) / task.stem
    mask = f"{stem.name}_mod-{task.suffix}_defacemask"
    image = f"{stem.name}_{task.suffix}"
    names = (f"{mask}.nii.gz", f"{mask}.json", f"{image}.json", f"{image}.nii.gz")
    return tuple(stem.with_name(name) for name in names)


def treat(task: TreatTask) -> TreatResult:
    """Treat one scan; what cannot be treated leaves no file, and says why."""
    try:
        head, written = treat_file(task)
    except ScanError as error:
        return TreatResult(task.scan_id, "failed", str(error))
    except OSError as error:
        said = f"{task.stem}: cannot be written ({error.strerror or error})."
        return TreatResult(task.scan_id, "failed", f"{said} Check the folder and its disk.")
    return _checked(task, head, written)


def treat_file(task: TreatTask) -> tuple[Head, TreatResult]:
    """Read, treat and write one scan, without the check of what was written.

    Raises
    ------
    ScanError
        The scan cannot be treated.
    OSError
        The result cannot be written; nothing of it is left.
    """
    begin = time.process_time()
    tool = tool_of(task.tool)
    path = Path(task.path)
    stored = read_stored(path)
    if stored.layout.dtype.kind not in "iuf":
        raise ScanError(
            task.scan_id,
            found="complex numbers" if stored.layout.dtype.kind == "c" else "colours",
            expected="one grey value per voxel, which a face can be taken from",
            remedy="De-identify its magnitude, or leave it out of what is shared.",
        )
    volume = to_volume(stored, task.scan_id)
    head = find_head(volume, task.scan_id, suffix=task.suffix, accurate=task.accurate)
    treated = tool.apply(head, task.scan_id, np.random.default_rng(task.seed))
    done = tool.what if treated.changed.any() else NOTHING_LEFT
    method = f"headrisk {__version__}, tool {tool.name}: {done}"
    values, notes = source_sidecar(path, Path(task.root) if task.root else None)
    stripped = head.stripped or tool.name == "skullstrip"
    sidecar, removed = treated_sidecar(values, method, stripped=stripped)
    mask, mask_json, image_json, image = treated_files(task)
    put_in_place(
        {
            mask: changed_image(stored, treated),
            mask_json: json_bytes(mask_sidecar(method)),
            image_json: json_bytes(sidecar),
            image: treated_image(stored, treated),
        },
        Path(task.out),
    )
    return head, TreatResult(
        task.scan_id,
        "ok",
        "",
        image.relative_to(task.out).as_posix(),
        float(treated.changed.mean()),
        removed,
        time.process_time() - begin,
        notes=(*treated.volume.notes, *head.notes, *notes),
    )


def _checked(task: TreatTask, before: Head, result: TreatResult) -> TreatResult:
    """The result with what the written file shows."""
    try:
        volume = load_volume(Path(task.out) / result.image)
        after = find_head(volume, task.scan_id, suffix=task.suffix, accurate=task.accurate)
    except ScanError as error:
        return replace(result, problem=str(error))
    presence = face_presence(after, task.scan_id)
    damage = damage_between(before, after)
    return replace(result, presence=presence, damage=damage)
