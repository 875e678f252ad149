"""Many mutations of images, photographs, tables and sidecars: ``make fuzz``.

Each mutation has its own seed, so that ``--start N --count 1`` repeats number N. The file that
ended a run, by a fault, by a signal or by taking too long, stays in ``build/fuzz``.
"""

from __future__ import annotations

import argparse
import faulthandler
import gc
import gzip
import resource
import shutil
import signal
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from types import FunctionType

import numpy as np
from images import nifti, voxels
from mutate import BASES, Base, check, mutated, mutated_gzip
from other_files import TABLE_HEAD, photo
from test_other_files import ENDINGS, MEMORY_MB, SECONDS, said

from headrisk.errors import ScanError
from headrisk.io.nifti import load_volume

PACKED = gzip.compress(nifti(voxels("u1")), mtime=0)
TEXTS = {
    "table": TABLE_HEAD + b"sub-01\tses-1\tx.nii.gz\nsub-02\tn/a\ty.nii\n",
    "sidecar": b'{"EchoTime": 0.003, "PatientAge": "034Y", "StudyDate": "2020-01-31", "a": [1]}',
    "settings": b'seed = 3\nmeasures = ["ncc"]\nfpir = 0.01\n',
}
READERS = ("headrisk.io", "nibabel")  # whose branches guide the search
PHOTOS = tuple(photo(kind) for kind in ("PNG", "JPEG", "TIFF", "GIF", "WEBP", "BMP"))


def read_one(number: int, seed: int, folder: Path) -> None:
    """Make and read mutation ``number``."""
    rng = np.random.default_rng((seed, number))
    kind = number % 10
    if kind < 6:
        base = BASES[int(rng.integers(0, len(BASES)))]
        for name, blob in base.files.items():
            (folder / name).write_bytes(blob)
        first, content = next(iter(base.files.items()))
        check(folder / first, base, mutated(content, base.header, rng))
    elif kind < 8:
        read_packed(folder / "a.nii.gz", mutated_gzip(PACKED, rng))
    else:
        reader = ("photo", "photo", *TEXTS)[int(rng.integers(0, 5))]
        content = PHOTOS[int(rng.integers(0, 6))] if reader == "photo" else TEXTS[reader]
        path = folder / f"a{ENDINGS[reader]}"
        path.write_bytes(mutated(content, len(content), rng))
        said(reader, path)


def read_packed(path: Path, content: bytes) -> None:
    """A gzip file is refused, or its voxels are those of the sound one."""
    path.write_bytes(content)
    try:
        volume = load_volume(path)
    except ScanError:
        return
    assert np.array_equal(np.sort(volume.data, axis=None), np.sort(voxels("u1"), axis=None))


def too_slow(*_: object) -> None:
    """Called by the timer."""
    raise AssertionError(f"more than {SECONDS:g} s")


def guided(folder: Path, seconds: int) -> None:
    """Coverage-guided: libFuzzer chooses the bytes, the readers' branches are its feedback."""
    import atheris  # type: ignore[import-not-found]

    base = Base(BASES[0].files, BASES[0].header, nifti1=False)
    corpus = folder / "corpus"
    corpus.mkdir(exist_ok=True)
    for number, other in enumerate(BASES):
        (corpus / str(number)).write_bytes(next(iter(other.files.values())))
    path = folder / "a.nii"

    def one(content: bytes) -> None:
        if content:
            check(path, base, content)

    readers = [
        thing
        for thing in gc.get_objects()
        if isinstance(thing, FunctionType) and str(thing.__module__).startswith(READERS)
    ]
    for reader in readers:
        atheris.instrument_func(reader)
    atheris.Setup([sys.argv[0], str(corpus), f"-max_total_time={seconds}", "-max_len=8192"], one)
    atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--guided", type=int, default=0, metavar="SECONDS")
    given = parser.parse_args()
    folder = Path("build") / "fuzz"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    faulthandler.enable()
    if given.guided:
        if find_spec("atheris") is None:
            print("no coverage-guided run: .venv/bin/python -m pip install atheris")
            return 0
        guided(folder, given.guided)
        return 0
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY_MB * 2**20,) * 2)
    signal.signal(signal.SIGVTALRM, too_slow)
    before = time.process_time()
    for number in range(given.start, given.start + given.count):
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        try:
            read_one(number, given.seed, folder)
        except BaseException:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            print(f"mutation {number} of seed {given.seed}; the file is in {folder}")
            raise
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    print(f"{given.count} mutations in {time.process_time() - before:.0f} s of CPU: each refused")
    print("by name, or read with the voxels that are stored")
    return 0


if __name__ == "__main__":
    sys.exit(main())
