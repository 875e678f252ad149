"""The store: round trips, damage, killed and competing writers, closed and full disks."""

from __future__ import annotations

import errno
import hashlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from headrisk.errors import InputError, StoreError
from headrisk.io.digests import entry_key
from headrisk.run.scratch import ENTRY, scratch_folder
from headrisk.run.store import Entry, Store, failed, open_store

KEY = entry_key("test", 1, {}, ["input"])


def sample(seed: int = 0) -> Entry:
    rng = np.random.default_rng(seed)
    arrays = {
        "vector": rng.normal(size=1000).astype(np.float32),
        "volume": np.asfortranarray(rng.integers(0, 9, size=(7, 8, 9), dtype=np.int16)),
        "empty": np.zeros((0, 3)),
    }
    return Entry(arrays, {"seed": seed, "notes": ["a", "ü"], "quality": 0.1})


def assert_same(found: Entry | None, expected: Entry) -> None:
    assert found is not None
    assert found.metadata == expected.metadata
    assert found.arrays.keys() == expected.arrays.keys()
    for name, array in expected.arrays.items():
        assert found.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(found.arrays[name], array)


def in_child(work: Callable[[], None]) -> int:
    """Run ``work`` in a forked process; its exit code, negative where a signal ended it."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def visible_keys(store: Store) -> list[str]:
    return [p.name for p in store.root.glob("??/*")]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store")


@pytest.mark.parametrize("mapped", [False, True])
def test_what_was_written_is_read(store: Store, mapped: bool) -> None:
    assert store.read(KEY, mapped=mapped) is None
    store.write(KEY, sample())
    found = store.read(KEY, mapped=mapped)
    assert_same(found, sample())
    assert found is not None
    assert isinstance(found.arrays["vector"], np.memmap) == mapped
    assert found.arrays["vector"].flags.writeable != mapped
    assert list((store.root / "tmp").iterdir()) == []


@settings(max_examples=40, deadline=None)
@given(
    hnp.arrays(
        hnp.boolean_dtypes() | hnp.integer_dtypes() | hnp.floating_dtypes(),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    ),
    st.booleans(),
)
def test_any_array_survives(
    tmp_path_factory: pytest.TempPathFactory, array: np.ndarray, mapped: bool
) -> None:
    store = open_store(tmp_path_factory.mktemp("store"))
    store.write(KEY, Entry({"a": array}, {}))
    assert_same(store.read(KEY, mapped=mapped), Entry({"a": array}, {}))


def test_first_entry_stays(store: Store) -> None:
    store.write(KEY, sample(0))
    store.write(KEY, sample(1))
    assert_same(store.read(KEY), sample(0))


def test_objects_and_odd_names_are_refused_and_leave_nothing(store: Store) -> None:
    with pytest.raises(ValueError, match="Object arrays"):
        store.write(KEY, Entry({"a": np.array([object()])}, {}))
    for name in ("../a", "A", "", "a/b", "entry.json"):
        with pytest.raises(ValueError, match="array name"):
            store.write(KEY, Entry({name: np.zeros(3)}, {}))
    with pytest.raises(TypeError):
        store.write(KEY, Entry({}, {"when": object()}))
    assert visible_keys(store) == []
    assert list((store.root / "tmp").iterdir()) == []


def test_only_the_owner_may_look(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = open_store(tmp_path / "store")
        store.write(KEY, sample())
    finally:
        os.umask(before)
    paths = [store.root, *store.root.rglob("*")]
    assert len(paths) == 8
    for path in paths:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.parametrize("name", ["vector.npy", "volume.npy", "empty.npy", "entry.json"])
@pytest.mark.parametrize("mapped", [False, True])
def test_every_flipped_or_missing_byte_is_noticed(store: Store, name: str, mapped: bool) -> None:
    store.write(KEY, sample())
    path = store.root / KEY[:2] / KEY / name
    intact = path.read_bytes()
    rng = np.random.default_rng(1)
    for place in {0, len(intact) - 1, *map(int, rng.integers(0, len(intact), 40))}:
        damaged = bytearray(intact)
        damaged[place] ^= 1 << int(rng.integers(0, 8))
        path.write_bytes(damaged)
        with pytest.raises(StoreError, match="damaged entry"):
            store.read(KEY, mapped=mapped)
    for content in (b"", intact[:-1], intact + b"\0", b"[]", b'{"sha256": 1}', b"[" * 100_000):
        path.write_bytes(content)
        with pytest.raises(StoreError, match="damaged entry"):
            store.read(KEY, mapped=mapped)
    path.unlink()
    with pytest.raises(StoreError, match=f"{name} is missing"):
        store.read(KEY, mapped=mapped)


def test_an_entry_under_a_wrong_address_is_noticed(store: Store) -> None:
    other = KEY[:2] + "0" * 62
    store.write(KEY, sample())
    shutil.copytree(store.root / KEY[:2] / KEY, store.root / KEY[:2] / other)
    with pytest.raises(StoreError, match="address"):
        store.read(other)


def test_damage_is_reported_and_computed_again(store: Store) -> None:
    calls: list[str] = []
    damage: list[StoreError] = []

    def compute() -> Entry:
        calls.append("computed")
        return sample()

    for _ in range(2):
        assert_same(store.get_or_compute(KEY, compute, on_damage=damage.append), sample())
    assert (len(calls), len(damage)) == (1, 0)
    with (store.root / KEY[:2] / KEY / "vector.npy").open("r+b") as stream:
        stream.seek(200)
        stream.write(b"oops")
    for _ in range(2):
        assert_same(store.get_or_compute(KEY, compute, on_damage=damage.append), sample())
    assert (len(calls), len(damage)) == (2, 1)
    assert "vector.npy does not match its digest" in str(damage[0])


def test_a_writer_killed_at_any_step_leaves_all_or_nothing(store: Store) -> None:
    """SIGKILL at the 1st, 2nd, ... operation on a file, until the writer gets through."""

    def write_and_die(step: int) -> None:
        count = 0

        def hook(event: str, args: tuple[object, ...]) -> None:
            nonlocal count
            if event.startswith(("open", "os.", "shutil.", "tempfile.")):
                count += 1
                if count == step:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        store.write(KEY, sample())

    steps = 0
    outcomes = []
    while True:
        steps += 1
        code = in_child(partial(write_and_die, steps))
        found = store.read(KEY)
        outcomes.append(found is not None)
        if found is not None:
            assert_same(found, sample())
            store.discard(KEY)
        if code == 0:
            break
        assert code == -signal.SIGKILL
    assert steps > 8
    assert outcomes == sorted(outcomes)
    assert outcomes[-1]
    assert len(list((store.root / "tmp").iterdir())) > 3


def test_a_writer_killed_at_any_moment_repeats_nothing_finished(store: Store) -> None:
    keys = [entry_key("test", 1, {}, [str(n)]) for n in range(40)]
    rng = np.random.default_rng(2)

    def fill() -> None:
        for n, key in enumerate(keys):
            store.get_or_compute(key, lambda n=n: sample(n), on_damage=_unexpected)  # type: ignore[misc]

    done_before: dict[str, int] = {}
    for _ in range(20):
        child = os.fork()
        if child == 0:
            fill()
            os._exit(0)
        time.sleep(float(rng.uniform(0, 0.02)))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        now = {p.name: p.stat().st_ino for p in store.root.glob("??/*")}
        assert done_before.items() <= now.items()
        for key in now:
            assert_same(store.read(key), sample(keys.index(key)))
        done_before = now
    fill()
    assert sorted(visible_keys(store)) == sorted(keys)


def test_two_writers_at_once(store: Store) -> None:
    keys = [entry_key("test", 1, {}, [str(n)]) for n in range(60)]
    children = []
    for _ in range(3):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                for n, key in enumerate(keys):
                    store.write(key, sample(n))
                    assert_same(store.read(key), sample(n))
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    for n, key in enumerate(keys):
        assert_same(store.read(key), sample(n))
    assert list((store.root / "tmp").iterdir()) == []


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that a process without privileges can reach."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    for path in folder.rglob("*"):
        if path.is_dir():
            path.chmod(0o777)
    shutil.rmtree(folder)


def test_a_read_only_store_gives_what_it_has_and_refuses_the_rest(open_folder: Path) -> None:
    other = entry_key("test", 1, {}, ["other"])

    def as_ordinary_user() -> None:
        if os.geteuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        root = open_folder / "store"
        open_store(root).write(KEY, sample())
        for folder in (root, root / "tmp", root / KEY[:2]):
            folder.chmod(0o500)
        store = open_store(root)
        assert_same(store.read(KEY), sample())
        with pytest.raises(StoreError, match="cannot write: the folder is read-only for you"):
            store.write(other, sample())
        with pytest.raises(StoreError, match="cannot remove: the folder is read-only"):
            store.discard(KEY)
        assert_same(store.read(KEY), sample())
        with pytest.raises(StoreError, match="cannot open: the folder is read-only"):
            open_store(root / "deeper")

    assert in_child(as_ordinary_user) == 0


def test_a_write_that_fails_half_way_leaves_nothing(store: Store) -> None:
    def with_small_files_only() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
        with pytest.raises(StoreError, match="cannot write: the disk is full"):
            store.write(KEY, sample())

    assert in_child(with_small_files_only) == 0
    assert store.read(KEY) is None
    assert visible_keys(store) == []
    assert list((store.root / "tmp").iterdir()) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_named(code: int) -> None:
    error = failed(Path("store"), OSError(code, os.strerror(code)), "write")
    assert "the disk is full or the quota is used up" in str(error)
    assert "Free space" in error.remedy


def test_a_store_where_a_file_stands_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("no folder")
    with pytest.raises(StoreError, match="cannot open"):
        open_store(tmp_path / "store")


def test_a_dead_writers_scratch_is_cleared_and_a_living_ones_is_not(store: Store) -> None:
    def die() -> None:
        with scratch_folder(store.root / "tmp", ENTRY) as scratch:
            (scratch / "part.npy").touch()
            os._exit(7)

    assert in_child(die) == 7
    (dead,) = (store.root / "tmp").iterdir()
    with scratch_folder(store.root / "tmp", ENTRY) as living:
        open_store(store.root)
        assert not dead.exists()
        assert living.exists()


def test_file_digest_is_remembered_until_the_file_changes(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "scan.nii"
    path.write_bytes(b"one")

    def digest() -> str:
        return store.file_digest(path, on_damage=_unexpected)

    one = hashlib.sha256(b"one").hexdigest()
    assert digest() == one
    assert visible_keys(store) == []  # too fresh to be remembered
    time.sleep(2.1)
    assert digest() == one
    (key,) = visible_keys(store)
    store.discard(key)
    store.write(key, Entry({}, {"sha256": "planted"}))
    assert digest() == "planted"  # so the file is not read again
    stat = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # same size, same mtime
    assert digest() == hashlib.sha256(b"two").hexdigest()


def test_digest_of_a_missing_file(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        store.file_digest(tmp_path / "absent", on_damage=_unexpected)


def _unexpected(error: StoreError) -> None:
    raise AssertionError from error


@pytest.mark.parametrize("code", [errno.EIO, errno.ESTALE, errno.ENOENT, errno.ENOTEMPTY])
def test_a_rename_whose_answer_is_lost_counts_if_the_entry_is_there(
    store: Store, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network file system may repeat a rename that was done and report that it failed."""
    rename = Path.rename

    def lost(self: Path, target: Path) -> Path:
        rename(self, target)
        raise OSError(code, os.strerror(code), str(self))

    monkeypatch.setattr(Path, "rename", lost)
    store.write(KEY, sample())
    monkeypatch.undo()
    assert_same(store.read(KEY), sample())
    assert list((store.root / "tmp").iterdir()) == []


def test_a_rename_that_was_not_done_is_an_error(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: Path, target: Path) -> Path:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(self))

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(StoreError, match="cannot write"):
        store.write(KEY, sample())
    monkeypatch.undo()
    assert store.read(KEY) is None
    assert visible_keys(store) == []


def test_a_disk_that_fills_up_keeps_what_is_finished(tmp_path: Path) -> None:
    """A file system of 256 kB: entries fit until they do not; then a clear error, nothing half."""
    place = tmp_path / "small"
    place.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if os.geteuid() != 0 or mount is None or umount is None:
        pytest.skip("only root can mount a small file system")
    options = ["-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]
    if subprocess.run([mount, *options], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not allow mounting")
    try:
        store = open_store(place / "store")
        written: list[tuple[int, str]] = []

        def fill() -> None:
            for n in range(100):
                key = entry_key("test", 1, {}, [str(n)])
                store.write(key, sample(n))
                written.append((n, key))

        with pytest.raises(StoreError, match="the disk is full or the quota is used up"):
            fill()
        assert written
        assert sorted(visible_keys(store)) == sorted(key for _, key in written)
        for n, key in written:
            assert_same(store.read(key), sample(n))
        assert list((store.root / "tmp").iterdir()) == []
    finally:
        subprocess.run([umount, str(place)], check=True)
