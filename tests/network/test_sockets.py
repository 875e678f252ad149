"""No command opens a socket, by Python or below it, and none leaves anything in the home folder."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from coarse_scanner import COARSE
from made_once import Once
from traced import NO_STRACE, PROGRAM, STRACE, Trace, faults_of, trace

from headrisk.brain.template import load_template
from headrisk.synthetic.people.cohort import PeopleSettings, write_people
from headrisk.synthetic.people.photo_settings import PhotoSettings
from headrisk.synthetic.people.volume import PersonScanSettings
from headrisk.synthetic.phantom import PhantomSettings, write_cohort

pytestmark = pytest.mark.timeout(1800)
needs_strace = pytest.mark.skipif(STRACE is None, reason=NO_STRACE)
SMALL = PeopleSettings(
    photos=1,
    scan=PersonScanSettings(voxel_mm=(2.0, 2.0, 2.0), rotation_deg=2.0, shift_mm=2.0),
    photo=PhotoSettings(size=(256, 280), lights=0.0, glasses=0.0),
)
INFERENCE = """
import numpy as np
from headrisk.brain.strip import DIGESTS, network
opened = network(next(name for name in DIGESTS if "small" in name))
(head,) = opened.get_inputs()
opened.run(None, {head.name: np.zeros((1, *(s if s == 1 else 32 for s in head.shape[1:])), "f4")})
print("answered")
"""
ELSEWHERE = "192.0.2.1"  # reserved for documentation: nobody is there
OUTWARD = {
    "datagram": f"import socket; socket.socket(type=socket.SOCK_DGRAM).connect(('{ELSEWHERE}', 9))",
    "look-up": "import socket\ntry: socket.getaddrinfo('example.org', 443)\nexcept OSError: pass",
    "listening to all": "import socket; socket.create_server(('0.0.0.0', 0))",
    "in a child": "import subprocess, sys; subprocess.run([sys.executable, '-c', "
    f"\"import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'', ('{ELSEWHERE}', 9))\"])",
    "in a thread": "import socket, threading\ndef reach():\n"
    f"    socket.socket(type=socket.SOCK_DGRAM).connect(('{ELSEWHERE}', 9))\n"
    "one = threading.Thread(target=reach); one.start(); one.join()",
    "below Python": "import ctypes; ctypes.CDLL(None).socket(10, 2, 0); raise SystemExit",
}
HERE = (
    "import socket\nserver = socket.create_server(('127.0.0.1', 0))\n"
    "socket.create_connection(server.getsockname())"
)


def silent(found: Trace, codes: Sequence[int] = (0,)) -> None:
    """The command worked, opened nothing and left nothing behind."""
    assert found.code in codes, found.said
    assert found.faults == ()
    assert found.home == ()
    assert found.left == ()


@needs_strace
def test_the_doctor_opens_nothing(tmp_path: Path) -> None:
    """It opens every shipped network, and imports every recogniser."""
    found = trace([*PROGRAM, "doctor"], tmp_path)
    silent(found)
    assert "ORT_DISABLE_TELEMETRY: off" in found.said


@needs_strace
def test_a_library_user_who_starts_with_a_submodule(tmp_path: Path) -> None:
    found = trace(["-c", INFERENCE], tmp_path)
    silent(found)
    assert found.said == "answered\n"


@needs_strace
@pytest.mark.parametrize("way", OUTWARD)
def test_the_trace_sees(way: str, tmp_path: Path) -> None:
    """The control: what a test above must not miss."""
    found = trace(["-I", "-c", OUTWARD[way]], tmp_path)
    assert found.code == 0, found.said
    assert found.faults
    if way != "below Python":  # which opens a socket and connects it to nothing
        loose = trace(["-I", "-c", OUTWARD[way]], tmp_path / "again", loopback=True)
        assert loose.faults


@needs_strace
def test_this_machine_may_talk_to_itself_where_that_is_needed(tmp_path: Path) -> None:
    assert trace(["-I", "-c", HERE], tmp_path / "dask", loopback=True).faults == ()
    assert trace(["-I", "-c", HERE], tmp_path / "other").faults


def test_lines_of_a_trace() -> None:
    """Split lines, IPv6, resolvers behind a Unix socket, and what comes in."""
    inward = [
        "1 socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0) = 3",
        '1 connect(3, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT',
        "1 socketpair(AF_UNIX, SOCK_STREAM, 0, [3, 4]) = 0",
    ]
    own = [
        "1 socket(AF_INET6, SOCK_STREAM <unfinished ...>",
        '1 connect(3, {sa_family=AF_INET6, inet_pton(AF_INET6, "::1", &sin6_addr)}, 28) = 0',
        '1 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("127.0.0.1")}, 16)',
    ]
    outward = [
        "1 socket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, NETLINK_ROUTE) = 3",
        "1 socket(AF_PACKET, SOCK_RAW, 0) = 3",
        '1 connect(3, {sa_family=AF_INET6, inet_pton(AF_INET6, "2001:db8::1", &x)}, 28) = 0',
        '1 connect(3, {sa_family=AF_INET, sin_addr=inet_addr("198.51.100.1")}, 16 <unfinished ...>',
        '1 sendto(3, "x", 1, 0, {sa_family=AF_INET, sin_addr=inet_addr("198.51.100.1")}, 16) = 1',
        '1 sendmsg(3, {msg_name={sa_family=AF_INET, sin_addr=inet_addr("192.0.2.7")}}, 0) = 1',
        '1 bind(3, {sa_family=AF_INET, sin_addr=inet_addr("0.0.0.0")}, 16) = 0',
        '1 connect(3, {sa_family=AF_UNIX, sun_path="/run/systemd/resolve/io.systemd.Resolve"}, 42)',
        "1 io_uring_setup(8, {flags=0}) = 3",
    ]
    assert faults_of([*inward, *own, *outward], loopback=True) == tuple(outward)
    assert faults_of([*inward, *own], loopback=False) == (own[0],)


@needs_strace
@pytest.mark.slow
def test_onnxruntime_by_itself_would_be_seen(tmp_path: Path) -> None:
    """The control of the whole: the same library without headrisk's switch."""
    version = importlib.metadata.version("onnxruntime")
    if tuple(map(int, version.split(".")[:2])) < (1, 29):
        pytest.skip(f"onnxruntime {version} sends nothing from Linux")
    code = "import onnxruntime, time; onnxruntime.SessionOptions(); time.sleep(12)"
    found = trace(["-c", code], tmp_path)
    assert found.faults or found.home


@pytest.fixture(scope="module")
def twins(once: Once) -> Path:
    """Three synthetic people with a photograph each, in 2 mm voxels; do not change it."""

    def make(place: Path) -> None:
        write_people(place / "data", place / "photos", 3, SMALL, np.random.default_rng(5))

    return once("network-twins", make)


@pytest.fixture(scope="module")
def other_cohort(once: Once) -> Path:
    """Three more synthetic people; do not change it."""
    settings, rng = PhantomSettings(scanners=(COARSE,)), np.random.default_rng(6)
    return (
        once(
            "network-other",
            lambda place: write_cohort(place / "data", 3, 1, settings, rng, load_template()),
        )
        / "data"
    )


COMMANDS: dict[str, tuple[str, ...]] = {
    "audit, 2 processes": (
        "audit",
        "COHORT",
        "out",
        "--nprocs",
        "2",
        "--no-faces",
        "--settings",
        "QUICK",
    ),
    "audit, Dask": (
        *("audit", "COHORT", "out", "--nprocs", "2", "--no-faces", "--settings", "QUICK"),
        *("--engine", "dask"),
    ),
    "faces with photographs": ("faces", "TWINS", "out", "--photos", "PHOTOS", "--nprocs", "2"),
    "faces": ("faces", "TWINS", "out", "--nprocs", "1"),
    "deface": ("deface", "TWINS", "out", "--tool", "template", "--nprocs", "1"),
    "deface, quickshear": ("deface", "TWINS", "out", "--tool", "quickshear", "--nprocs", "1"),
    "metadata, and a copy": ("metadata", "COHORT", "out", "--fix", "copy"),
    "link": ("link", "COHORT", "OTHER", "out", "--nprocs", "1", "--settings", "QUICK"),
    "link, search": ("link", "COHORT", "OTHER", "out", "--nprocs", "1", "--search", "2"),
    "duplicates": ("duplicates", "COHORT", "out", "--nprocs", "2", "--settings", "QUICK"),
    "demo": (
        *("demo", "out", "--people", "4", "--no-faces", "--nprocs", "2"),
        *("--resolution", "4", "--settings", "QUICK"),
    ),
}


@needs_strace
@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_opens_nothing(
    name: str, cohort: Path, other_cohort: Path, twins: Path, quick: str, tmp_path: Path
) -> None:
    places = {
        "COHORT": str(cohort),
        "OTHER": str(other_cohort),
        "TWINS": str(twins / "data"),
        "PHOTOS": str(next((twins / "photos").glob("*.tsv"))),
        "QUICK": quick,
    }
    words = [places.get(word, word) for word in COMMANDS[name]]
    found = trace([*PROGRAM, *words], tmp_path, loopback="dask" in words)
    silent(found, (0, 4))
    if "dask" in words:
        assert found.calls > 20
    assert (tmp_path / "out").is_dir()


@needs_strace
@pytest.mark.slow
def test_a_folder_of_dicom_opens_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """dcm2niix runs as a child."""
    pytest.importorskip("pydicom", reason="pydicom writes the series of this test")
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "dataset"))
    series = import_module("dicom_series")
    voxels = np.random.default_rng(0).integers(0, 1000, (14, 16, 18)).astype(np.int16)
    for session in ("a", "b"):
        place = tmp_path / "in" / "sub-01" / f"ses-{session}"
        series.write_series(place, voxels, series.Series(patient="X"))
    found = trace([*PROGRAM, "metadata", str(tmp_path / "in"), "out"], tmp_path)
    silent(found, (0, 4))
    found = trace([*PROGRAM, "audit", str(tmp_path / "in"), "out2"], tmp_path / "audit")
    silent(found, (3, 4))  # noise is no head
    assert any(program.endswith("dcm2niix") for program in found.programs)
