"""One small synthetic cohort and one audit of it, and no network, for all tests."""

from __future__ import annotations

import os
import runpy
import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from coarse_scanner import COARSE
from made_once import Once, fill_once

from headrisk.brain.template import load_template
from headrisk.cli.main import main
from headrisk.synthetic.phantom import PhantomSettings, write_cohort

PEOPLE, SESSIONS = 6, 2
OFFLINE = Path(__file__).parent / "offline"
ATTEMPTS = "HEADRISK_TEST_NETWORK"

hypothesis.settings.register_profile("unhurried", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("unhurried")


def pytest_configure() -> None:
    """Refuse and note every connection beyond this machine, in subprocesses too.

    pytest-socket refuses sockets in this process; tests/offline/sitecustomize.py does so in every
    Python that a test starts, and notes the attempt where nobody can swallow it.
    """
    guarded = bool(os.environ.get(ATTEMPTS))  # a worker of pytest-xdist: its parent set this
    handle, name = tempfile.mkstemp(prefix="headrisk-network-")
    os.close(handle)
    os.environ[ATTEMPTS] = name
    if not guarded:
        others = [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one]
        os.environ["PYTHONPATH"] = os.pathsep.join([str(OFFLINE), *others])
        runpy.run_path(str(OFFLINE / "sitecustomize.py"))


def pytest_unconfigure() -> None:
    Path(os.environ[ATTEMPTS]).unlink(missing_ok=True)


@pytest.fixture(autouse=True)
def offline() -> Iterator[None]:
    """Fail the test during which anything reached for the network."""
    place = Path(os.environ[ATTEMPTS])
    before = place.stat().st_size
    yield
    attempts = place.read_bytes()[before:]
    assert not attempts, f"reached for the network: {attempts.decode()}"


@pytest.fixture(scope="session", autouse=True)
def faces_left_out() -> Iterator[None]:
    """Audits do not compare faces unless a test asks for it: that is most of an audit's time."""
    with pytest.MonkeyPatch.context() as patch:
        for command in ("audit", "link"):
            patch.setattr(f"headrisk.cli.{command}.searches_faces", lambda arguments: False)
        yield


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Fills a folder once for all workers of a run."""
    own = tmp_path_factory.getbasetemp()
    return partial(fill_once, own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)


@pytest.fixture(scope="session")
def cohort(once: Once) -> Path:
    """Six synthetic people, two sessions each, in 4 mm voxels; do not change it."""
    settings = PhantomSettings(scanners=(COARSE,))
    rng = np.random.default_rng(4)
    made = once(
        "cohort",
        lambda place: write_cohort(
            place / "data", PEOPLE, SESSIONS, settings, rng, load_template()
        ),
    )
    return made / "data"


@pytest.fixture(scope="session")
def audited(cohort: Path, once: Once) -> Path:
    """The output folder of a whole audit of the cohort with default settings; do not change it."""

    def audit(place: Path) -> None:
        assert main(["audit", str(cohort), str(place / "out"), "--no-faces", "--nprocs", "1"]) == 0

    return once("audited", audit) / "out"


@pytest.fixture
def warm(audited: Path, tmp_path: Path) -> Path:
    """An output folder that knows the cohort's fingerprints and nothing else."""
    out = tmp_path / "out"
    shutil.copytree(audited / "store", out / "store")
    return out


@pytest.fixture(scope="session")
def quick(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Path of a settings file with two measures and few repetitions."""
    path = tmp_path_factory.mktemp("settings") / "quick.toml"
    path.write_text('measures = ["residual-correlation", "ncc"]\nbootstrap = 100\n')
    return str(path)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A BIDS folder of three people with two sessions each, whose images are no images."""
    data = tmp_path / "broken"
    for person in ("01", "02", "03"):
        for session in ("a", "b"):
            folder = data / f"sub-{person}" / f"ses-{session}" / "anat"
            folder.mkdir(parents=True)
            name = f"sub-{person}_ses-{session}_T1w.nii.gz"
            (folder / name).write_bytes(f"no image {person} {session}".encode())
    (data / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.9.0"}')
    return data
