"""Options that several commands share, and what they make of a run."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from headrisk.errors import UsageError
from headrisk.run.events import Style
from headrisk.settings import (
    DEFAULT_MEASURES,
    FaceProtocol,
    Settings,
    Strength,
    TableMatch,
    TableSize,
    read_settings,
)

if TYPE_CHECKING:
    from headrisk.job import Job
    from headrisk.run.engine import Workers
    from headrisk.run.events import Listener
    from headrisk.statistics.attackers import Attacker

MEMORY_PER_PROCESS_GB = 0.6
FACE_MODULES = ("dlib", "embreex", "cv2", "skimage", "sklearn")
DEFAULTS = Settings()


def add_dataset(parser: argparse.ArgumentParser) -> None:
    """The data set and the output folder, which most commands begin with."""
    parser.add_argument(
        "dataset",
        type=Path,
        metavar="DATASET",
        help="BIDS folder, folder of DICOM series, or manifest TSV (participant_id, session_id, "
        "path)",
    )
    add_out(parser)


def add_out(parser: argparse.ArgumentParser) -> None:
    """The output folder."""
    parser.add_argument(
        "out",
        type=Path,
        metavar="OUT",
        help="folder for the results, outside the data set; new, or of an earlier run",
    )


def add_progress_options(parser: argparse.ArgumentParser) -> None:
    """How progress is shown on standard error."""
    group = parser.add_argument_group("progress")
    group.add_argument(
        "--progress",
        choices=get_args(Style),
        default="auto",
        help="bars; lines; json: one object a line, for programs; none; auto: bars on a terminal, "
        "lines elsewhere",
    )
    group.add_argument(
        "-q",
        "--quiet",
        action="store_const",
        const="none",
        dest="progress",
        help="no progress: errors, warnings and the results only",
    )


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """How a run is carried out: none of these changes a result."""
    group = parser.add_argument_group("running")
    group.add_argument(
        "--nprocs",
        type=at_least(0),
        default=0,
        metavar="N",
        help="worker processes; 0 (default): one for each core",
    )
    group.add_argument(
        "--mem-gb",
        type=memory,
        metavar="GB",
        help=f"memory limit: no more processes than fit, at {MEMORY_PER_PROCESS_GB:g} GB each",
    )
    group.add_argument(
        "--work-dir", type=Path, metavar="DIR", help="where DICOM is converted (default OUT/work)"
    )
    group.add_argument(
        "--dry-run",
        action="store_true",
        help="list the scans, say what would be looked at, who can be searched for and what it "
        "takes, and stop",
    )
    group.add_argument(
        "--engine",
        choices=("serial", "processes", "dask"),
        default="processes",
        help="how to run tasks; dask: on a cluster, of this machine without --scheduler",
    )
    group.add_argument(
        "--scheduler", metavar="ADDRESS", help="of a Dask scheduler, such as tls://10.0.0.1:8786"
    )
    add_progress_options(parser)


def add_setting_options(parser: argparse.ArgumentParser) -> None:
    """What is measured, and how."""
    group = parser.add_argument_group("measuring")
    group.add_argument("--settings", type=Path, metavar="FILE", help="settings TOML to start from")
    group.add_argument(
        "--seed", type=int, metavar="N", help=f"random seed (default {DEFAULTS.seed})"
    )
    group.add_argument(
        "--resolution",
        type=int,
        choices=(2, 3, 4),
        metavar="MM",
        help="side of the voxels that are compared: 2, 3 or 4 mm "
        f"(default {DEFAULTS.resolution_mm})",
    )
    group.add_argument(
        "--alignment",
        choices=("affine", "rigid"),
        help=f"of brains to the template (default {DEFAULTS.alignment})",
    )
    group.add_argument(
        "--accurate",
        action="store_true",
        default=None,
        help="cut brains out by the larger network, slower",
    )
    group.add_argument(
        "--mutual-information",
        action="store_true",
        default=None,
        help="refine the alignment of T2w, FLAIR and others by mutual information",
    )
    group.add_argument(
        "--contrasts",
        nargs="+",
        metavar="SUFFIX",
        help="BIDS suffixes of the images whose brains are compared "
        f"(default {' '.join(DEFAULTS.contrasts)}; where a data set has none, the kind that most "
        "people have twice)",
    )
    group.add_argument(
        "--measures",
        nargs="+",
        metavar="NAME",
        help=f"similarity measures, of {', '.join(DEFAULT_MEASURES)} (default these), or of "
        "plug-ins",
    )
    group.add_argument(
        "--prior",
        type=float,
        metavar="P",
        help="probability that a pair is mated, before it is compared "
        f"(default {DEFAULTS.mated_prior:g})",
    )
    group.add_argument(
        "--one-to-one",
        action="store_true",
        default=None,
        help="also assign people one to one, which finds more",
    )


def add_title_option(parser: argparse.ArgumentParser) -> None:
    """What the page is called."""
    parser.add_argument(
        "--title",
        type=_title,
        default="",
        metavar="TEXT",
        help="title of the page, such as the name of the release; at most 200 characters are kept",
    )


def _title(text: str) -> str:
    from headrisk.dataset.description import one_line

    return one_line(text)


def add_same_people_option(parser: argparse.ArgumentParser) -> None:
    """Who is who, where the labels of the data sets are not one key."""
    parser.add_argument(
        "--same-people",
        type=Path,
        metavar="TSV",
        help="columns participant_id_a (label in the first data set) and participant_id_b (label "
        "in the others): who is the same person; without it equal labels are",
    )


def add_risk_options(parser: argparse.ArgumentParser) -> None:
    """Whose success is estimated, and which risk counts as too high."""
    group = parser.add_argument_group("judging")
    group.add_argument(
        "--attackers",
        type=Path,
        metavar="FILE",
        help="TOML with a table [attackers.NAME] for each attacker to report on (default a vetted "
        "researcher, a member of the public, an insider)",
    )
    group.add_argument(
        "--risk-line",
        type=float,
        metavar="RISK",
        help="report the share of people whose risk is above this level, e.g. 0.09; no default",
    )


def attackers_of(path: Path | None) -> tuple[Attacker, ...]:
    """The attackers of a TOML file, or the three named ones.

    Raises
    ------
    UsageError
        The file cannot be read, or an attacker is incomplete, out of range or contradictory.
    """
    from headrisk.statistics.attackers import NAMED_ATTACKERS, parse_attackers

    if path is None:
        return NAMED_ATTACKERS
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"--attackers {path}",
            found=str(error),
            expected="a TOML file",
            remedy="Check the path.",
        ) from error
    return parse_attackers(text, str(path))


def add_face_options(parser: argparse.ArgumentParser) -> None:
    """How faces are rendered and recognised."""
    group = parser.add_argument_group("faces")
    group.add_argument(
        "--photos",
        type=Path,
        metavar="TSV",
        help="photographs: participant_id, path, consent_id, expires",
    )
    group.add_argument(
        "--protocol",
        choices=get_args(FaceProtocol),
        help=f"which renders are made of each head (default {DEFAULTS.face_protocol})",
    )
    group.add_argument(
        "--recognisers",
        nargs="+",
        metavar="NAME",
        help="selects the recognisers, of dlib, faceres, sface, deepface, orb, sift and plug-ins "
        f"(default {' '.join(DEFAULTS.recognisers)})",
    )
    group.add_argument(
        "--weights",
        type=_weights,
        action=_Weights,
        default={},
        metavar="NAME=PATH",
        help="a recogniser's file of weights on this machine, for those that ship none: "
        "deepface=facenet512_weights.h5; may be given several times",
    )


def add_table_options(parser: argparse.ArgumentParser) -> None:
    """Which derived tables are compared, and how they are brought together."""
    group = parser.add_argument_group("derived tables")
    group.add_argument(
        "--tables",
        type=Path,
        nargs="+",
        default=[],
        metavar="PATH",
        help="FreeSurfer subjects folder, or TSV with participant_id, session_id and a column for "
        "each measurement; with two, people of the first are searched in the second",
    )
    group.add_argument(
        "--table-match",
        choices=get_args(TableMatch),
        help="how tables of different software are brought together (default auto)",
    )
    group.add_argument(
        "--table-size",
        choices=get_args(TableSize),
        help=f"what volumes are divided by (default {DEFAULTS.table_size})",
    )


def add_rescan_option(parser: argparse.ArgumentParser) -> None:
    """What to do where nobody was scanned twice."""
    parser.add_argument(
        "--simulate-rescan",
        action="store_true",
        help="for people with one scan: simulate a second one; every figure is then labelled as "
        "simulated",
    )
    parser.add_argument(
        "--rescan-strength",
        choices=get_args(Strength),
        help=f"how much it differs (default {DEFAULTS.rescan_strength})",
    )


def add_choice_options(parser: argparse.ArgumentParser) -> None:
    """Which people and sessions of the first data set take part."""
    group = parser.add_argument_group("choosing")
    for option, what in (("--participant-label", "people"), ("--session-id", "sessions")):
        group.add_argument(
            option,
            nargs="+",
            default=(),
            metavar="LABEL",
            help=f"only these {what} of the first data set; the others stay whole",
        )


def settings_of(arguments: argparse.Namespace) -> Settings:
    """Settings from a file, if one is given, with the command line's on top."""
    base = read_settings(arguments.settings) if arguments.settings else Settings()
    given: dict[str, Any] = {
        "seed": arguments.seed,
        "resolution_mm": arguments.resolution,
        "alignment": arguments.alignment,
        "accurate": arguments.accurate,
        "mutual_information": arguments.mutual_information,
        "contrasts": _names(arguments.contrasts),
        "measures": _names(arguments.measures),
        "mated_prior": arguments.prior,
        "one_to_one": arguments.one_to_one,
        "face_protocol": getattr(arguments, "protocol", None),
        "risk_line": getattr(arguments, "risk_line", None),
        "recognisers": _names(getattr(arguments, "recognisers", None)),
        "rescan_strength": getattr(arguments, "rescan_strength", None),
        "table_match": getattr(arguments, "table_match", None),
        "table_size": getattr(arguments, "table_size", None),
    }
    return replace(base, **{name: value for name, value in given.items() if value is not None})


def _names(given: list[str] | None) -> tuple[str, ...] | None:
    return None if given is None else tuple(given)


def _weights(text: str) -> tuple[str, Path]:
    name, _, path = text.partition("=")
    if not name or not path:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=PATH")
    return name, Path(path)


class _Weights(argparse.Action):
    """Collects NAME=PATH in a mapping; a name stands once."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        name, path = values
        known = getattr(namespace, self.dest)
        if name in known:
            parser.error(f"argument {option_string}: {name} is given twice")
        setattr(namespace, self.dest, {**known, name: path})


def treatment(text: str) -> tuple[str, Path]:
    """``NAME=DATASET``: a de-identification method's name and the data set it gave."""
    name, equals, path = text.partition("=")
    if not equals or not path or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,39}", name):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not NAME=DATASET, with a name of at most 40 letters, digits and ._+-"
        )
    return name, Path(path)


def can_see_faces() -> bool:
    """Whether the extra ``faces`` is installed; if not, say what is left out."""
    missing = [name for name in FACE_MODULES if find_spec(name) is None]
    if missing:
        sys.stdout.write(
            f"Brains alone, since {', '.join(missing)} is not installed. For faces: "
            'pip install "headrisk[faces]"\n'
        )
    return not missing


def add_no_faces(parser: argparse.ArgumentParser) -> None:
    """The option that leaves out every look at faces that was not asked for by name."""
    parser.add_argument(
        "--no-faces",
        action="store_true",
        help="do not compare the faces in scans; where there are no photographs, do not look "
        "whether de-identified scans still show one either",
    )


def searches_faces(arguments: argparse.Namespace) -> bool:
    """Whether scans are to be searched among scans by their faces."""
    return not arguments.no_faces and can_see_faces()


def at_least(least: int) -> Callable[[str], int]:
    """A parser for whole numbers from ``least`` upward."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} upward")
        return number

    return parse


def memory(text: str) -> float:
    """Gigabytes, at least as many as one process needs."""
    try:
        size = float(text)
    except ValueError:
        size = 0.0
    if not MEMORY_PER_PROCESS_GB <= size < float("inf"):
        least = f"at least {MEMORY_PER_PROCESS_GB:g} GB, which one process needs"
        raise argparse.ArgumentTypeError(f"{text!r} is not {least}")
    return size


def workers_of(arguments: argparse.Namespace) -> Workers:
    """Worker processes that cores and memory allow, or the cluster that was asked for."""
    if arguments.scheduler is not None and arguments.engine != "dask":
        raise UsageError(
            "--scheduler", found=f"--engine {arguments.engine}", expected="--engine dask"
        )
    if arguments.engine == "serial":
        return 1
    if arguments.scheduler is not None:
        from headrisk.run.cluster import Cluster

        return Cluster(arguments.nprocs, arguments.scheduler)
    wanted: int = arguments.nprocs or _cores()
    if arguments.mem_gb is not None:
        wanted = min(wanted, int(arguments.mem_gb / MEMORY_PER_PROCESS_GB))
    if arguments.engine == "dask":
        from headrisk.run.cluster import Cluster

        return Cluster(wanted)
    return wanted


def _cores() -> int:
    """Cores this process may use; macOS can only say how many there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def job_of(
    arguments: argparse.Namespace,
    paths: Iterable[Path],
    listen: Listener,
    modalities: tuple[str, ...] = ("brain",),
) -> Job:
    """The job that the shared options describe."""
    from headrisk.dataset.gather import name_deidentified, name_sources
    from headrisk.job import Job

    sources = name_sources(list(paths))
    return Job(
        sources=sources,
        out=arguments.out.absolute(),
        settings=settings_of(arguments),
        processes=workers_of(arguments),
        work_dir=arguments.work_dir,
        participants=tuple(arguments.participant_label),
        sessions=tuple(arguments.session_id),
        listen=listen,
        modalities=modalities,
        photos=getattr(arguments, "photos", None),
        same_people=getattr(arguments, "same_people", None),
        attackers=attackers_of(getattr(arguments, "attackers", None)),
        weights=getattr(arguments, "weights", {}),
        deidentified=name_deidentified(getattr(arguments, "treated", ()), sources),
        simulate_rescan=getattr(arguments, "simulate_rescan", False),
        tables=tuple(path.absolute() for path in getattr(arguments, "tables", ())),
        title=getattr(arguments, "title", ""),
    )


def with_progress(command: Callable[[Listener], int], arguments: argparse.Namespace) -> int:
    """Run a command with progress on standard error, as ``--progress`` asks for it."""
    from headrisk.run.events import show_progress

    with show_progress(sys.stderr, arguments.progress) as listen:
        return command(listen)
