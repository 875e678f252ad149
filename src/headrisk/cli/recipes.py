"""List published studies, and write the manifest of one from the folder as it is downloaded.

Without NAME the studies are listed; with NAME alone that one is described. With FOLDER and OUT.tsv
the manifest is written, and the audit command and the published figures to compare with are
printed. Nothing is downloaded. Exit code 4: the folder lacks parts, which are named.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from headrisk.errors import UsageError

if TYPE_CHECKING:
    from headrisk.commands.studies import Study

EXAMPLES = (
    "headrisk recipes",
    "headrisk recipes oasis3",
    "headrisk recipes oasis3 /data/oasis3 oasis3.tsv",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help="which study")
    parser.add_argument(
        "folder", nargs="?", type=Path, metavar="FOLDER", help="the study as it was downloaded"
    )
    parser.add_argument(
        "out",
        nargs="?",
        type=Path,
        metavar="OUT.tsv",
        help="the manifest to be written, a new file",
    )


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    from headrisk.commands.recipes import find_study, read_folder, recipe_lines, write_manifest
    from headrisk.commands.studies import STUDIES

    if not arguments.name:
        for study in STUDIES.values():
            sys.stdout.write(f"{study.name}: {study.title}\n    {study.about}\n")
        return 0
    study = find_study(arguments.name)
    if arguments.folder is None:
        for line in described(study):
            sys.stdout.write(line + "\n")
        return 0
    if arguments.out is None:
        raise UsageError(
            f"headrisk recipes {study.name} {arguments.folder}",
            found="no file for the manifest",
            expected="FOLDER and OUT.tsv",
        )
    recipe = read_folder(study, arguments.folder)
    photos = write_manifest(recipe, arguments.folder, arguments.out)
    for line in recipe_lines(recipe):
        sys.stdout.write(line + "\n")
    sys.stdout.write(f"Manifest (holds labels, do not share): {arguments.out}\n")
    if photos is not None:
        sys.stdout.write(f"Photographs (fill in consent_id and expires): {photos}\n")
    command = study.audit.format(
        manifest=shlex.quote(str(arguments.out)),
        out=shlex.quote(str(arguments.out.with_name(f"{study.name}-audit"))),
        photos=shlex.quote(str(photos)),
    )
    sys.stdout.write(f"Audit: {command}\n")
    for line in published_lines(study):
        sys.stdout.write(line + "\n")
    return 4 if recipe.lacks else 0


def described(study: Study) -> Iterator[str]:
    """What a study is, where it comes from, how it lies and what was published of it."""
    yield f"{study.title}: {study.about}."
    yield f"From: {study.access}."
    for layout in study.layouts:
        yield f"Lies as: {layout.shape}"
    yield from published_lines(study)


def published_lines(study: Study) -> Iterator[str]:
    """The figures to compare with, each with its source."""
    yield "To compare with:"
    for row in study.published:
        yield f"  {row.what}: {row.figure}; people: {row.people} ({row.source})"
    if study.remark:
        yield study.remark
