"""Locked versions against OSV records, without the network."""

from __future__ import annotations

import importlib.util
import json
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

ROOT = Path(__file__).parents[1]
NOW = datetime.now(UTC)


def load() -> ModuleType:
    """The script as a module; tools are no package."""
    spec = importlib.util.spec_from_file_location(
        "check_advisories", ROOT / "tools" / "check_advisories.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["check_advisories"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


tool = load()


def record(name: str = "Some_Package", **more: Any) -> dict[str, Any]:
    """An OSV record of versions from 1.2 on, before 1.5.1."""
    events = more.pop("events", [{"introduced": "1.2"}, {"fixed": "1.5.1"}])
    ranges = [{"type": more.pop("type", "ECOSYSTEM"), "events": events}]
    affected = {
        "package": {"ecosystem": more.pop("ecosystem", "PyPI"), "name": name},
        "ranges": ranges,
        "versions": more.pop("versions", []),
    }
    return {
        "id": "PYSEC-2026-1",
        "aliases": ["CVE-2026-1"],
        "modified": NOW.isoformat().replace("+00:00", "Z"),
        "summary": "Runs what a stranger sent.",
        "affected": [affected],
        **more,
    }


def ask(tmp_path: Path, found: Any, lock: str, *words: str) -> int:
    """The exit code of the script for one record (or several) and one line of a lock file."""
    advisories, locks = tmp_path / "a.json", tmp_path / "core.txt"
    advisories.write_text(json.dumps(found))
    locks.write_text(f"# by make lock\n--only-binary :all:\n{lock} \\\n    --hash=sha256:00\n")
    code: int = tool.main([str(advisories), str(locks), *words])
    return code


@pytest.mark.parametrize(
    ("version", "code"),
    [("1.1", 0), ("1.2rc1", 0), ("1.2", 1), ("1.5", 1), ("1.5.1rc1", 1), ("1.5.1", 0), ("2", 0)],
)
def test_a_range(
    version: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(tmp_path, record(), f"some-package=={version}") == code
    said = capsys.readouterr().out
    named = f"core.txt: some-package=={version}: PYSEC-2026-1, CVE-2026-1: Runs what"
    assert (named in said) == bool(code)
    assert "1 locked versions, 1 advisories" in said


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ({"ecosystem": "npm"}, 2),  # nothing about PyPI: nothing was compared
        ({"withdrawn": "2026-01-01T00:00:00Z"}, 2),
        ({"name": "other"}, 0),
        ({"events": [{"introduced": "0"}]}, 1),
        ({"events": [{"introduced": "0"}, {"last_affected": "1.4"}]}, 1),
        ({"events": [{"introduced": "0"}, {"last_affected": "1.3"}]}, 0),
        ({"events": [{"fixed": "2"}]}, 1),  # a range without a beginning
        ({"events": [{"introduced": "0"}, {"fixed": "2004-fall"}]}, 1),  # no version: in doubt
        ({"events": [{"introduced": "9"}], "versions": ["1.4.0"]}, 1),
        ({"events": [{"introduced": "9"}], "versions": ["1.4.1", "fall"]}, 0),
        ({"type": "GIT"}, 1),  # says nothing about versions
        ({"type": "GIT", "versions": ["1.3"]}, 0),
    ],
)
def test_what_a_record_may_say(what: dict[str, Any], code: int, tmp_path: Path) -> None:
    assert ask(tmp_path, record(**what), "some.package[extra]==1.4 ; python_version > '3'") == code


RELEASES = st.lists(st.integers(0, 40), min_size=1, max_size=3)
VERSIONS = RELEASES.map(lambda parts: Version(".".join(map(str, parts))))


@given(st.lists(VERSIONS, min_size=2, max_size=8, unique=True), VERSIONS, st.randoms())
def test_ranges_are_half_open_intervals(bounds: list[Version], wanted: Version, mix: Any) -> None:
    """Against the definition; events come in any order, and intervals do not overlap."""
    ordered = sorted(bounds)
    pairs = list(zip(ordered[::2], ordered[1::2], strict=False))
    events = [
        {what: str(at)}
        for pair in pairs
        for what, at in zip(("introduced", "fixed"), pair, strict=True)
    ]
    mix.shuffle(events)
    (one,) = tool.advisories([("x", record(events=events))])
    assert tool.affects(one, str(wanted)) == any(low <= wanted < high for low, high in pairs)


def test_what_was_judged_is_said_and_does_not_fail(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(tmp_path, record(), "some-package==1.3", "--ignore", "CVE-2026-1") == 0
    assert "(judged)" in capsys.readouterr().out


def test_an_old_file_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = record(modified=(NOW - timedelta(days=91)).isoformat())
    assert ask(tmp_path, old, "some-package==9") == 1
    assert "bring a newer file" in capsys.readouterr().out
    assert ask(tmp_path, [old, record()], "some-package==9") == 0


@pytest.mark.parametrize(
    ("lock", "found"),
    [("some-package>=1.3", "expected NAME==VERSION"), ("", "no pinned package")],
)
def test_a_lock_that_pins_nothing(
    lock: str, found: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(tmp_path, record(), lock) == 2
    assert found in capsys.readouterr().out


def test_folders_and_archives(tmp_path: Path) -> None:
    """As the two public sources are laid out: JSON in an archive, YAML in folders by package."""
    lock = tmp_path / "core.txt"
    lock.write_text("some-package==1.3\n")
    whole = tmp_path / "all.zip"
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("PYSEC-2026-1.json", json.dumps(record()))
        archive.writestr("PYSEC-2026-2.json", json.dumps(record("other")))
    assert tool.main([str(whole), str(lock)]) == 1
    yaml = pytest.importorskip("yaml", reason="PyYAML reads the advisory database's own form")
    place = tmp_path / "database" / "vulns" / "some-package"
    place.mkdir(parents=True)
    (place / "PYSEC-2026-1.yaml").write_text(yaml.safe_dump(record(modified=NOW)))
    (tmp_path / "database" / ".github").mkdir()
    (tmp_path / "database" / ".github" / "jobs.yml").write_text("on: push\n")
    assert tool.main([str(tmp_path / "database"), str(lock)]) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", "{"),
        ("a.json", "[1]"),
        ("a.json", '{"id": "X"}'),
        ("a.zip", "no archive"),
        (
            "a.json",
            '{"id": "X", "modified": "lately", "affected": [{"package": '
            '{"ecosystem": "PyPI", "name": "x"}}]}',
        ),
        ("gone.json", None),
        ("a.json", "[]"),
    ],
)
def test_a_damaged_file_is_no_clean_bill(
    name: str, content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    (tmp_path / "core.txt").write_text("some-package==1.3\n")
    assert tool.main([str(tmp_path / name), str(tmp_path / "core.txt")]) == 2
    assert name in capsys.readouterr().out


def test_the_lock_files_of_this_project_can_be_compared(tmp_path: Path) -> None:
    locks = sorted((ROOT / "requirements").glob("*.txt"))
    (tmp_path / "a.json").write_text(json.dumps(record("numpy", events=[{"introduced": "0"}])))
    assert tool.main([str(tmp_path / "a.json"), *map(str, locks)]) == 1
    for path in locks:
        lines = path.read_text("utf-8").splitlines()
        assert len(tool.locked("\n".join(lines), path.name)) == sum(
            line[:1].isalnum() for line in lines
        )


def test_two_versions_of_one_package(tmp_path: Path) -> None:
    """One for old Pythons and one for new ones: either may be the affected one."""
    for first, second in (("1.3", "2.0"), ("2.0", "1.3")):
        lock = f"some-package=={first} ; python_version < '3.12'\nsome-package=={second}"
        assert ask(tmp_path, record(), lock) == 1
