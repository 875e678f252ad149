"""Compare locked versions with a file of known vulnerabilities, without the network.

    python tools/check_advisories.py ADVISORIES requirements/core.txt ...

ADVISORIES is what somebody with a network brought: a folder, a .zip or a single file of records in
the OSV format (https://ossf.github.io/osv-schema/), one JSON object a file. Two sources publish
PyPI's in that form: the archive ``PyPI/all.zip`` of https://osv.dev, and a checkout of the Python
Packaging Advisory Database, https://github.com/pypa/advisory-database, whose records are YAML and
need PyYAML here. Records of other ecosystems and withdrawn ones are passed over.

Exit code 0: no locked version is affected; 1: some are, or the file is older than ``--days``;
2: there is nothing that could be compared. Needs the package packaging.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)")
SUFFIXES = (".json", ".yaml", ".yml")


@dataclass(frozen=True)
class Advisory:
    """One package of one record.

    Attributes
    ----------
    name
        Canonical name of the package.
    identifier, aliases, summary
        Of the record; aliases are the same vulnerability's names elsewhere.
    versions
        Affected versions that are listed one by one.
    ranges
        Events of each range: (what, version), what being ``introduced``, ``fixed`` or
        ``last_affected``.
    modified
        When the record was changed last.
    """

    name: str
    identifier: str
    aliases: tuple[str, ...]
    summary: str
    versions: frozenset[str]
    ranges: tuple[tuple[tuple[str, str], ...], ...]
    modified: datetime


class UnusableError(Exception):
    """The advisories or the lock file cannot be compared; says which file and why."""


Pinned = frozenset[tuple[str, str]]
"""Canonical names and versions; a package may have one for old Pythons and one for new ones."""


def locked(text: str, name: str) -> Pinned:
    """What a lock file pins.

    Raises
    ------
    UnusableError
        A requirement has no exact version, so nothing can be said about it.
    """
    found = set()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line[0].isspace() or line.startswith(("#", "--")):
            continue
        match = PINNED.match(line)
        if match is None:
            raise UnusableError(f"{name}, line {number}: {line.strip()!r}; expected NAME==VERSION")
        found.add((canonicalize_name(match[1]), match[2]))
    if not found:
        raise UnusableError(f"{name}: no pinned package; expected lines NAME==VERSION")
    return frozenset(found)


def records(source: Path) -> Iterator[tuple[str, Any]]:
    """Name and content of every record in a folder, an archive or a file.

    Raises
    ------
    UnusableError
        The source is absent, or a file in it is no JSON or YAML.
    """
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            hidden = any(part.startswith(".") for part in path.relative_to(source).parts)
            if path.suffix in SUFFIXES and path.is_file() and not hidden:
                yield str(path), _content(str(path), path.read_bytes())
    elif source.suffix == ".zip":
        try:
            with zipfile.ZipFile(source) as archive:
                for name in sorted(archive.namelist()):
                    if name.endswith(SUFFIXES):
                        yield f"{source}: {name}", _content(name, archive.read(name))
        except (OSError, zipfile.BadZipFile) as error:
            raise UnusableError(f"{source}: cannot be read ({error}); expected a .zip") from error
    else:
        try:
            content = source.read_bytes()
        except OSError as error:
            raise UnusableError(
                f"{source}: cannot be read ({error}); expected a folder, .zip or .json of OSV "
                "records, see docs/development.md"
            ) from error
        whole = _content(str(source), content)
        for one in whole if isinstance(whole, list) else [whole]:
            yield str(source), one


def _content(name: str, content: bytes) -> Any:
    if name.endswith(".json"):
        try:
            return json.loads(content)
        except ValueError as error:
            raise UnusableError(f"{name}: no JSON ({error})") from error
    try:
        yaml = importlib.import_module("yaml")
    except ImportError as error:
        raise UnusableError(f"{name}: YAML, and PyYAML is not installed; give JSON") from error
    try:
        return yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise UnusableError(f"{name}: no YAML ({error})") from error


def advisories(found: Iterable[tuple[str, Any]]) -> Iterator[Advisory]:
    """Advisories about packages of PyPI.

    Raises
    ------
    UnusableError
        A record lacks what the format demands: left out, it would pass for no vulnerability.
    """
    for name, record in found:
        if not isinstance(record, Mapping) or not {"id", "modified"} <= set(record):
            raise UnusableError(f"{name}: no OSV record; expected an object with id and modified")
        if record.get("withdrawn"):
            continue
        for affected in record.get("affected", []):
            package = affected.get("package", {})  # absent where only commits are named
            if str(package.get("ecosystem", "")).split(":")[0] != "PyPI":
                continue
            ranges = [
                tuple((str(what), str(at)) for event in one["events"] for what, at in event.items())
                for one in affected.get("ranges", [])
                if one.get("type") in {"ECOSYSTEM", "SEMVER"}  # GIT names commits, not versions
            ]
            yield Advisory(
                canonicalize_name(str(package["name"])),
                str(record["id"]),
                tuple(record.get("aliases", [])),
                str(record.get("summary") or record.get("details") or "").strip().split("\n")[0],
                frozenset(map(str, affected.get("versions", []))),
                tuple(ranges),
                _time(name, str(record["modified"])),
            )


def _time(name: str, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise UnusableError(
            f"{name}: modified is {text!r}; expected a time as RFC 3339 has it"
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def affects(advisory: Advisory, version: str) -> bool:
    """Whether a version is listed or lies in a range.

    As the OSV schema evaluates a range: sorted by version, every event up to the version switches;
    ``introduced`` on, ``fixed`` off, ``last_affected`` off for whatever is newer. In doubt a
    version is affected: where a record says nothing about versions, where a range has no
    beginning, and where a version in it cannot be read.
    """
    wanted = Version(version)
    if any(_version(one) == wanted for one in advisory.versions):
        return True
    if not advisory.versions and not advisory.ranges:
        return True
    return any(_inside(wanted, events) for events in advisory.ranges)


def _version(text: str) -> Version | None:
    try:
        return Version("0.dev0" if text == "0" else text)  # "0" comes before every version
    except InvalidVersion:  # from before the rules
        return None


ORDER = ("introduced", "fixed", "last_affected")


def _inside(wanted: Version, events: tuple[tuple[str, str], ...]) -> bool:
    known = [(_version(at), what) for what, at in events if what in ORDER]
    inside = all(what != "introduced" for _, what in known)
    read = [(at, ORDER.index(what), what) for at, what in known if at is not None]
    if len(read) < len(known):
        return True
    for at, _, what in sorted(read):
        if what == "introduced" and at <= wanted:
            inside = True
        elif (what == "fixed" and at <= wanted) or (what == "last_affected" and at < wanted):
            inside = False
    return inside


def compare(pinned: Pinned, known: Mapping[str, list[Advisory]]) -> list[tuple[str, Advisory]]:
    """Locked packages (``name==version``) that are affected, with the advisory, sorted."""
    found = [
        (f"{name}=={version}", one)
        for name, version in pinned
        for one in known.get(name, [])
        if affects(one, version)
    ]
    return sorted(found, key=lambda pair: (pair[0], pair[1].identifier))


def main(argv: list[str] | None = None) -> int:
    """Compare and say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("advisories", type=Path)
    parser.add_argument("locks", type=Path, nargs="+", metavar="LOCK")
    parser.add_argument("--days", type=int, default=90, help="how old the newest record may be")
    parser.add_argument("--ignore", nargs="*", default=[], help="identifiers that were judged")
    arguments = parser.parse_args(argv)
    try:
        files = {path.name: locked(path.read_text("utf-8"), str(path)) for path in arguments.locks}
        known = list(advisories(records(arguments.advisories)))
    except (UnusableError, OSError) as error:
        print(error)
        return 2
    if not known:
        print(f"{arguments.advisories}: no record about a package of PyPI; nothing was compared")
        return 2
    return report(files, known, arguments.days, set(arguments.ignore))


def report(files: Mapping[str, Pinned], known: list[Advisory], days: int, ignored: set[str]) -> int:
    """Print what is affected by file; the exit code."""
    by_package: dict[str, list[Advisory]] = defaultdict(list)
    for one in known:
        by_package[one.name].append(one)
    bad = 0
    for name, pinned in files.items():
        for package, one in compare(pinned, by_package):
            judged = bool(ignored & {one.identifier, *one.aliases})
            bad += not judged
            names = ", ".join([one.identifier, *one.aliases])
            print(f"{name}: {package}: {names}{' (judged)' if judged else ''}: {one.summary}")
    newest = max(one.modified for one in known)
    age = (datetime.now(UTC) - newest).days
    versions = frozenset().union(*files.values())
    print(
        f"{len(versions)} locked versions, {len(known)} advisories, "
        f"the newest of {newest:%Y-%m-%d}; {bad} affected"
    )
    if age > days:
        print(f"the newest advisory is {age} days old, more than {days}: bring a newer file")
    return 1 if bad or age > days else 0


if __name__ == "__main__":
    sys.exit(main())
