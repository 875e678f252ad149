"""What a run of some size would cost on this machine, from a short run of synthetic scans.

Scans are prepared (and faces looked at) one by one, so those costs grow with their number; every
pair costs the same, so comparing grows with its square. Times are CPU seconds of one core; shared
out over workers they are a lower bound of what the clock will show.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from headrisk.brain.cohort import Cohort, prepare_scans, prepare_task
from headrisk.brain.reference import reference
from headrisk.brain.similarity import select
from headrisk.brain.template import load_template, template_grid
from headrisk.dataset.gather import gather, name_sources
from headrisk.errors import HeadriskError
from headrisk.io.digests import entry_key
from headrisk.linkage.compare import compare
from headrisk.run.events import ignore
from headrisk.run.store import Store, open_store
from headrisk.settings import Settings
from headrisk.synthetic.phantom import PhantomSettings, write_cohort
from headrisk.synthetic.phantom.settings import SCANNERS

VOXEL_MM = (1.0, 1.0, 1.0)
# CPU seconds of one core; measured by the scripts that docs/performance.md names.
TYPICAL_SCAN_SECONDS = 0.65  # a head of 1 mm read, its brain found and aligned
TYPICAL_SIGHT_SECONDS = 0.5  # looking for a face in it, once it is aligned
TYPICAL_HEAD_SECONDS = 1.7  # the skin of one head, ready for rays
TYPICAL_RENDER_SECONDS = 0.036  # one render of it, described by the three default recognisers
TYPICAL_PHOTO_SECONDS = 0.16  # one photograph, described by them
TYPICAL_REWRITE_SECONDS = 2.7  # one image de-identified, written and looked at
TYPICAL_DAMAGE_SECONDS = 1.0  # two brains cut out and compared
TYPICAL_FILE_SECONDS = 0.01  # identifying metadata of one file
TYPICAL_PAIR_SECONDS = 8e-5  # one measure of one pair
TYPICAL_MADE_SCAN_SECONDS = 1.5  # one synthetic scan of the demonstration
TYPICAL_MADE_PHOTO_SECONDS = 0.6  # one synthetic photograph
TYPICAL_END_SECONDS = 4.0  # start, lists, report
TYPICAL_RATES_SECONDS = 2.5  # rates and intervals of one attack, by all of its measures
TYPICAL_PHOTO_RATES_SECONDS = 7.0  # the same by photographs, which have the most measures
SIDE = 96  # scans on each side of the comparison that is timed
PAIR_BYTES = 8 * 4  # a score kept, and what making and writing it needs besides


@dataclass(frozen=True)
class Rates:
    """Costs measured on this machine.

    Attributes
    ----------
    prepare_seconds, face_seconds
        CPU seconds for each scan; ``face_seconds`` is what faces add, the look for one left and
        the renders of the settings' protocol, and 0 where faces were not timed.
    pair_seconds
        CPU seconds for each pair of scans under all measures of the settings.
    scan_bytes
        Disk that one scan takes in the store.
    vector_bytes
        Memory that one fingerprint takes.
    base_bytes
        Memory of this process, which every worker needs too.
    measures
        Number of measures.
    """

    prepare_seconds: float
    face_seconds: float
    pair_seconds: float
    scan_bytes: float
    vector_bytes: int
    base_bytes: float
    measures: int


@dataclass(frozen=True)
class Plan:
    """What a run of ``scans`` scans would cost: seconds of CPU, bytes of memory and of disk."""

    scans: int
    pairs: int
    prepare: float
    faces: float
    compare: float
    memory: float
    disk: float
    summarised: bool


@dataclass(frozen=True)
class Work:
    """How much a run has to do.

    Attributes
    ----------
    aligned
        Images whose brain is found and aligned, whatever is asked of them.
    compared
        Pairs of scans, times the measures.
    sighted
        Images in which a face is looked for.
    rendered, renders
        Heads that are rendered for face recognition, and all renders of them.
    photographs
        Photographs that are read.
    rewritten
        Images that are de-identified.
    treated
        De-identified images that are compared with their originals.
    files
        Files that are searched for identifying metadata.
    made_scans, made_photographs
        Of synthetic people, for the demonstration.
    """

    aligned: int = 0
    compared: int = 0
    sighted: int = 0
    rendered: int = 0
    renders: int = 0
    photographs: int = 0
    rewritten: int = 0
    treated: int = 0
    files: int = 0
    made_scans: int = 0
    made_photographs: int = 0

    @property
    def face_seconds(self) -> float:
        """CPU seconds of what is done for faces, in scans that are aligned anyhow."""
        by_scans = TYPICAL_RATES_SECONDS if self.rendered else 0.0
        by_photos = TYPICAL_PHOTO_RATES_SECONDS if self.photographs else 0.0
        return (
            self.sighted * TYPICAL_SIGHT_SECONDS
            + self.rendered * TYPICAL_HEAD_SECONDS
            + self.renders * TYPICAL_RENDER_SECONDS
            + self.photographs * TYPICAL_PHOTO_SECONDS
            + by_scans
            + by_photos
        )


def typical_seconds(work: Work) -> float:
    """CPU seconds of a run by the times of docs/performance.md, without measuring anything."""
    return (
        (work.aligned + work.treated) * TYPICAL_SCAN_SECONDS
        + work.face_seconds
        + work.rewritten * TYPICAL_REWRITE_SECONDS
        + work.treated * TYPICAL_DAMAGE_SECONDS
        + work.files * TYPICAL_FILE_SECONDS
        + work.compared * TYPICAL_PAIR_SECONDS
        + (TYPICAL_RATES_SECONDS if work.compared else 0.0)
        + work.made_scans * TYPICAL_MADE_SCAN_SECONDS
        + work.made_photographs * TYPICAL_MADE_PHOTO_SECONDS
        + TYPICAL_END_SECONDS
    )


def measure_rates(settings: Settings, *, faces: bool, scans: int = 3) -> Rates:
    """Prepare a few synthetic 1 mm scans and compare some fingerprints, and time both.

    The first scan warms caches up and is not counted.

    Raises
    ------
    HeadriskError
        A synthetic scan could not be prepared.
    MissingExtraError
        Faces are asked for and the extra ``faces`` is not installed.
    """
    scanner = replace(SCANNERS[0], voxel_mm=VOXEL_MM)
    with TemporaryDirectory() as place:
        data = Path(place) / "data"
        phantom = PhantomSettings(scanners=(scanner,))
        write_cohort(data, scans, 1, phantom, np.random.default_rng(0), load_template())
        found, _ = gather(
            name_sources([data]),
            contrasts=("T1w",),
            work_dir=Path(place) / "work",
            participants=(),
            sessions=(),
        )
        store = open_store(Path(place) / "store")

        def prepare(k: int) -> Cohort:
            return prepare_scans(
                found[k : k + 1],
                settings,
                store,
                processes=1,
                listen=ignore,
                on_damage=lambda error: None,
            )

        first = prepare(0)
        if first.results[0].vector is None:
            raise HeadriskError(
                "planning", found=f"a synthetic scan failed: {first.results[0].reason}"
            )
        seconds = _cpu(lambda: [prepare(k) for k in range(1, scans)]) / (scans - 1)
        face = (
            max(_face_seconds(settings, Path(place), scans, store) - seconds, 0.0) if faces else 0.0
        )
        held = _folder_bytes(store) / scans
    vector = first.results[0].vector
    return Rates(
        prepare_seconds=seconds,
        face_seconds=face,
        pair_seconds=_pair_seconds(settings, len(vector)),
        scan_bytes=held,
        vector_bytes=int(vector.nbytes),
        base_bytes=_peak_bytes(),
        measures=len(settings.measures),
    )


def plan(scans: int, rates: Rates, settings: Settings, processes: int) -> Plan:
    """What ``scans`` scans, each compared with every other, would cost."""
    pairs = scans * scans
    summarised = pairs > settings.most_pairs
    kept = 8 * pairs if summarised else pairs * (PAIR_BYTES + 8 * rates.measures)
    files = 0 if summarised else 6 * pairs * rates.measures
    memory = rates.base_bytes * (processes + 1) + 3 * scans * rates.vector_bytes
    return Plan(
        scans=scans,
        pairs=pairs,
        prepare=scans * rates.prepare_seconds,
        faces=scans * rates.face_seconds,
        compare=pairs * rates.pair_seconds,
        memory=memory + (min(kept, 8 * scans * 512) if summarised else kept),
        disk=scans * rates.scan_bytes + files,
        summarised=summarised,
    )


def _face_seconds(settings: Settings, place: Path, scans: int, store: Store) -> float:
    """CPU seconds for everything that is asked of one scan, from synthetic people's of 1 mm.

    What the heads gave is left in the store, as a run leaves it.
    """
    from headrisk.face.cohort import Run, head_task
    from headrisk.face.examine import ImageTask, examine
    from headrisk.face.head import SightTask
    from headrisk.face.stored import HEADS
    from headrisk.synthetic.people.cohort import PeopleSettings, write_people
    from headrisk.synthetic.people.volume import PersonScanSettings

    folder = place / "people"
    made = PeopleSettings(photos=0, scan=PersonScanSettings(voxel_mm=VOXEL_MM))
    write_people(folder, place / "photos", scans, made, np.random.default_rng(0))
    found, _ = gather(
        name_sources([folder]),
        contrasts=("T1w",),
        work_dir=place / "work",
        participants=(),
        sessions=(),
    )
    run = Run(settings, (), store, 1, lambda error: None)
    tasks = [
        ImageTask(
            scan.path,
            prepare_task(scan, settings),
            SightTask(scan.scan_id, scan.path, scan.suffix, settings.accurate),
            head_task(scan, run),
        )
        for scan in found
    ]
    seen = [examine(tasks[0])]
    seconds = _cpu(lambda: seen.extend(map(examine, tasks[1:]))) / (scans - 1)
    for number, one in enumerate(seen):
        entry = None if one.head is None else HEADS.entry(one.head)
        if entry is not None:
            store.write(entry_key("plan", 1, {"head": number}, []), entry)
    return seconds


def _pair_seconds(settings: Settings, voxels: int) -> float:
    """CPU seconds of a pair, from a small comparison of random fingerprints."""
    rng = np.random.default_rng(0)
    sides = rng.standard_normal((2, SIDE, voxels), dtype=np.float32)
    grid = template_grid(settings.resolution_mm)
    shared = reference(settings.resolution_mm)
    people = np.arange(SIDE), np.arange(SIDE, 2 * SIDE)

    def work() -> object:
        usable = np.ones((SIDE, SIDE), np.bool_)
        wanted = select(settings.measures)
        return compare(sides[0], sides[1], *people, usable, wanted, grid, reference=shared)

    return _cpu(work) / SIDE**2


def _cpu(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _folder_bytes(store: Store) -> float:
    return float(sum(path.stat().st_blocks * 512 for path in store.root.rglob("*")))


def _peak_bytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak) * (1 if sys.platform == "darwin" else 1024)
