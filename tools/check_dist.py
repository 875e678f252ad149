"""Install what ``make dist`` built into empty environments, and run the demo from there.

Usage: ``python tools/check_dist.py DIST LOCK [ARCHIVE ...]``

For the wheel and for the source archive: check the SHA-256 sums, make an environment without any
development tool, install the locked dependencies and the archive, and run ``headrisk demo`` in an
empty folder, with nothing in the environment that leads back to the checkout.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

DEMO = ("demo", "out", "--people", "2", "--sessions", "1", "--no-faces", "--nprocs", "1")
KEPT = ("PATH", "LANG", "LC_ALL", "PIP_INDEX_URL", "PIP_CONFIG_FILE", "SSL_CERT_FILE", "TMPDIR")


def check_sums(dist: Path) -> None:
    """Every file of the folder is as ``SHA256SUMS`` says, and none is missing from it."""
    lines = (dist / "SHA256SUMS").read_text().splitlines()
    recorded = {name.lstrip("*"): digest for digest, name in (line.split() for line in lines)}
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in dist.iterdir()
        if path.name != "SHA256SUMS"
    }
    if recorded != found:
        raise SystemExit(f"SHA256SUMS does not fit the files of {dist}")


def try_out(archive: Path, lock: Path) -> None:
    """Install one archive and run the demo with it."""
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    environment["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory(prefix="headrisk-dist-") as place:
        folder = Path(place)
        venv, empty = folder / "venv", folder / "empty"
        empty.mkdir()
        environment["HOME"] = place

        def run(*words: str) -> str:
            done = subprocess.run(
                words, cwd=empty, env=environment, stdout=subprocess.PIPE, text=True, check=True
            )
            return done.stdout

        run(sys.executable, "-m", "venv", str(venv))
        python = str(venv / "bin" / "python")
        pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        run(*pip, "--only-binary", ":all:", "--require-hashes", "-r", str(lock))
        run(*pip, "--no-deps", str(archive))
        place_of = run(python, "-c", "import headrisk; print(headrisk.__file__)").strip()
        if not Path(place_of).is_relative_to(venv):
            raise SystemExit(f"headrisk came from {place_of}, not from {archive.name}")
        said = run(str(venv / "bin" / "headrisk"), *DEMO)
        report = Path(said.strip().splitlines()[-1].removeprefix("Report: "))
        if not (empty / report).is_file():
            raise SystemExit(f"{archive.name}: the demo wrote no report; it said: {said}")
        sys.stdout.write(f"{archive.name}: installed, and the demo wrote its report\n")


def main() -> None:
    dist, lock, *chosen = (Path(word).resolve() for word in sys.argv[1:])
    check_sums(dist)
    archives = chosen or [*dist.glob("*.whl"), *dist.glob("*.tar.gz")]
    for archive in archives:
        try_out(archive, lock)


if __name__ == "__main__":
    main()
