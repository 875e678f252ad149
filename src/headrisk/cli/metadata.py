"""Find identifying metadata: headers, sidecars, tables, DICOM, names of files, leftovers.

Values are never written in full, not even to OUT/internal. Only counts are public. Exit code 4: a
file was not read, or a removed value still stands in the copy.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from headrisk.cli.dry_run import cost_line
from headrisk.cli.linking import ABOVE_LIMIT, DONE, FAILED_SCANS
from headrisk.cli.options import (
    add_dataset,
    add_progress_options,
    add_title_option,
    with_progress,
)

if TYPE_CHECKING:
    from headrisk.metadata.dicom_options import Policy
    from headrisk.metadata.rules_file import OwnRules
    from headrisk.run.events import Listener


EXAMPLES = (
    "headrisk metadata /data/study /data/metadata",
    "# write a cleaned copy, and check it",
    "headrisk metadata /data/study /data/metadata --known-identifiers names.txt --fix /data/clean",
    "# in a pipeline: exit with 5 if a direct identifier is found",
    "headrisk metadata /data/study /data/metadata --fail-on direct",
)
# Options of DICOM PS3.15 by name, as headrisk.metadata.dicom_options knows them.
RETAIN = (
    "safe-private",
    "uids",
    "device-identity",
    "institution-identity",
    "patient-characteristics",
    "longitudinal-full-dates",
    "longitudinal-modified-dates",
)
CLEAN = ("descriptors", "structured-content", "graphics")
LEVELS = {"direct": 1, "quasi": 2, "technical": 3, "notice": 4}  # severities, gravest first


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
    add_dataset(parser)
    parser.add_argument(
        "--known-identifiers",
        type=Path,
        metavar="FILE",
        help="names and numbers that must not be shared, one in each line, found in any spelling",
    )
    for rule, does in (
        ("keep", "report these fields and columns, but leave them in the copy"),
        ("ignore", "neither report nor remove these fields and columns"),
        ("remove", "take these fields and columns out of the copy, whatever they hold"),
    ):
        parser.add_argument(f"--{rule}", nargs="+", action="extend", metavar="FIELD", help=does)
    parser.add_argument(
        "--fix",
        type=Path,
        metavar="DIR",
        help="write a cleaned copy to DIR, a new or empty folder outside DATASET, and check it",
    )
    parser.add_argument(
        "--retain",
        nargs="+",
        action="extend",
        metavar="OPTION",
        help="with --fix, keep in DICOM what these options of PS3.15 keep: " + ", ".join(RETAIN),
    )
    parser.add_argument(
        "--clean",
        nargs="+",
        action="extend",
        metavar="OPTION",
        help="with --fix, clean in DICOM instead of removing: " + ", ".join(CLEAN),
    )
    parser.add_argument(
        "--remove-dates",
        action="store_true",
        help="with --fix, empty the dates of DICOM and drop those of sidecars; without it they "
        "are shifted",
    )
    parser.add_argument(
        "--rules",
        type=Path,
        metavar="TOML",
        help="own rules: [fields] keep, ignore or remove for fields and columns; with --fix, "
        "[dicom] for single DICOM attributes",
    )
    parser.add_argument(
        "--key",
        type=Path,
        metavar="FILE",
        help="with --fix, the key.json of an earlier run: the same people get the same "
        "pseudonyms and date shifts",
    )
    parser.add_argument(
        "--keep-unread",
        nargs="*",
        metavar="NAME",
        help="with --fix, copy files of these names or paths (with *) although they were not "
        "read; without a name all of them",
    )
    parser.add_argument(
        "--fail-on",
        choices=tuple(LEVELS),
        help="exit with 5 if anything this grave or graver is found; with --fix, in the copy",
    )
    parser.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help="random seed of date shifts and new labels in the copy; whoever knows it can undo "
        "them, so leave it out for data to be shared",
    )
    add_title_option(parser)
    parser.add_argument("--dry-run", action="store_true", help="count the files and stop")
    add_progress_options(parser)


def require_fix(arguments: argparse.Namespace) -> None:
    """Refuse options that say how a copy is made where none is asked for.

    Raises
    ------
    UsageError
        Names the option.
    """
    from headrisk.errors import UsageError

    for name in ("retain", "clean", "remove_dates", "key", "keep_unread"):
        if arguments.fix is None and getattr(arguments, name) not in (None, False):
            raise UsageError(
                f"option --{name.replace('_', '-')}",
                found="no --fix",
                expected="--fix DIR, which writes the copy that the option is about",
            )


def own_rules(arguments: argparse.Namespace) -> OwnRules:
    """What the file of ``--rules`` says, with the fields of the command line added.

    Raises
    ------
    UsageError
        Rules for DICOM without a copy, or a field under two rules.
    InputError
        The file cannot be read or names something unknown.
    """
    from headrisk.errors import UsageError
    from headrisk.metadata.known import field_rules
    from headrisk.metadata.rules_file import NO_RULES, OwnRules, read_rules

    said = NO_RULES if arguments.rules is None else read_rules(arguments.rules)
    if said.dicom and arguments.fix is None:
        raise UsageError(
            "option --rules",
            found="rules for DICOM attributes and no --fix",
            expected="--fix DIR, which writes the copy that they are about",
        )
    given = {"keep": arguments.keep, "ignore": arguments.ignore, "remove": arguments.remove}
    fields = field_rules(
        *(
            [*(given[rule] or ()), *(n for n, r in said.fields.items() if r == rule)]
            for rule in ("keep", "ignore", "remove")
        )
    )
    return OwnRules(said.dicom, fields)


def policy_of(arguments: argparse.Namespace, own: OwnRules) -> Policy:
    """The options of PS3.15 that a command line asks for, with own rules.

    Raises
    ------
    UsageError
        There is no such option, or two contradict each other.
    """
    from headrisk.errors import UsageError
    from headrisk.metadata.dicom_options import FULL_DATES, MODIFIED, Policy

    retain = {name.replace("_", "-") for name in arguments.retain or ()}
    clean = {name.replace("_", "-") for name in arguments.clean or ()}
    for option, names, known in (("--retain", retain, RETAIN), ("--clean", clean, CLEAN)):
        for name in sorted(names - set(known)):
            raise UsageError(
                f"{option} {name}", found="no such option", expected=f"of {', '.join(known)}"
            )
    if arguments.remove_dates and retain & {FULL_DATES, MODIFIED}:
        raise UsageError(
            "--remove-dates", found="an option that retains dates beside it", expected="one of both"
        )
    if not arguments.remove_dates and FULL_DATES not in retain:
        retain.add(MODIFIED)
    return Policy(frozenset(retain), frozenset(clean), own.dicom)


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""

    def command(listen: Listener) -> int:
        import numpy as np

        from headrisk.attacks.identifying_text import copy_sentence, summary_sentence
        from headrisk.commands.costs import Work
        from headrisk.commands.metadata import audit_metadata
        from headrisk.dataset.gather import name_sources
        from headrisk.dataset.inventory import take_inventory
        from headrisk.job import Job, require_out
        from headrisk.metadata.dicom_options import BASIC
        from headrisk.metadata.findings import SEVERITIES
        from headrisk.metadata.scan import list_entries

        job = Job(
            name_sources([arguments.dataset]),
            arguments.out.absolute(),
            listen=listen,
            title=arguments.title,
        )
        if arguments.dry_run:
            require_out(job)
            files = [e for e in list_entries(arguments.dataset) if e.state != "folder"]
            sys.stdout.write(f"{len(files):,} files, {sum(e.size for e in files):,} bytes\n")
            inventory = take_inventory(arguments.dataset)
            sys.stdout.write(f"Images among them: {len(inventory.images):,}.\n")
            sys.stdout.write("Nobody is searched for: every file is read or said not to be.\n")
            sys.stdout.write(cost_line(Work(files=len(files))) + "\n")
            return DONE
        require_fix(arguments)
        own = own_rules(arguments)
        policy = policy_of(arguments, own) if arguments.fix is not None else BASIC
        names = arguments.keep_unread
        unread = () if names is None else tuple(names) or ("*",)
        rng = None if arguments.seed is None else np.random.default_rng(arguments.seed)
        page, report = audit_metadata(
            job,
            known_identifiers=arguments.known_identifiers,
            fix=arguments.fix,
            rng=rng,
            rules=own.fields,
            key=arguments.key,
            policy=policy,
            keep_unread=unread,
        )
        sys.stdout.write(summary_sentence(report) + "\n")
        if report.copy is not None:
            sys.stdout.write(copy_sentence(report.copy) + "\n")
        sys.stdout.write(f"Report: {page}\n")
        sys.stdout.write(f"Places (internal, do not share): {page.parent / 'internal'}\n")
        if arguments.fail_on is not None and report.has(SEVERITIES[: LEVELS[arguments.fail_on]]):
            sys.stdout.write(f"Findings reach --fail-on {arguments.fail_on}.\n")
            return ABOVE_LIMIT
        return FAILED_SCANS if report.incomplete else DONE

    return with_progress(command, arguments)
