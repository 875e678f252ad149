"""Names in BIDS: what file and folder names say, known suffixes, which sidecars apply."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# ----------------------------------------------------------------------
# The datatypes and suffixes of BIDS that images carry, and what near misses of them mean.
#
# Taken from the BIDS specification 1.10 (https://bids-specification.readthedocs.io), with ``ct``
# and ``CT`` as the proposal for computed tomography names them.
# ----------------------------------------------------------------------

BIDS_VERSION = "1.10.0"  # which the data sets say that headrisk writes

DATATYPES = (
    "anat",
    "func",
    "dwi",
    "fmap",
    "perf",
    "pet",
    "ct",
    "mrs",
    "meg",
    "eeg",
    "ieeg",
    "nirs",
    "emg",
    "motion",
    "micr",
    "beh",
    "eyetrack",
    "xfm",
    "figures",
)

_SUFFIXES = {
    "anat": (
        "T1w T2w T1rho T1map T2map T2star T2starmap T2starw FLAIR FLASH PD PDw PDT2 PDmap UNIT1 "
        "inplaneT1 inplaneT2 angio MP2RAGE MPRAGE MPM MTS MTR MTw MEGRE MESE VFA IRT1 R1map R2map "
        "R2starmap MTVmap MTRmap MTsat Chimap S0map M0map MWFmap T1wCE SWI defacemask localizer "
        "scout mask dseg probseg"
    ),
    "func": "bold cbv sbref noRF boldref",
    "dwi": "dwi ADC FA MD trace colFA expADC",
    "fmap": (
        "phasediff phase1 phase2 phase magnitude magnitude1 magnitude2 fieldmap epi m0scan TB1AFI "
        "TB1TFL TB1RFM TB1DAM TB1EPI TB1SRGE TB1map RB1COR RB1map"
    ),
    "perf": "asl deltam cbf cbv asllabeling",
    "pet": "pet",
    "ct": "CT",
    "mrs": "svs mrsi unloc mrsref",
    "meg": "meg headshape",
    "eeg": "eeg",
    "ieeg": "ieeg",
    "micr": ("TEM SEM uCT BF DF PC DIC FLUO CONF PLI CARS 2PE MPE SR NLO OCT SPIM XPCT photo"),
}
SUFFIX_TYPES = {
    suffix: kind for kind, text in reversed(_SUFFIXES.items()) for suffix in text.split()
}
_FOLDED = {suffix.casefold(): suffix for suffix in reversed(SUFFIX_TYPES)}
_OTHER_NAMES = (  # what names outside BIDS say; the first that fits
    ("FLAIR", r"flair|dark.?fluid"),
    ("T2starw", r"t2.?(?:star|\*)"),
    ("T1w", r"t1|mp2?.?rage|spgr|bravo|mdeft"),
    ("T2w", r"t2|haste"),
    ("PDw", r"(?:^|[_.\W])pd(?:w|[_.\W]|$)|proton"),
    ("bold", r"bold|fmri|(?:^|[_.\W])rest(?:ing)?(?:[_.\W]|$)|(?:^|[_.\W])func"),
    ("dwi", r"dwi|dti|diffusion"),
    ("asl", r"(?:^|[_.\W])(?:pc|p)?asl(?:[_.\W]|$)"),
    ("angio", r"angio|(?:^|[_.\W])tof(?:[_.\W]|$)"),
    ("fieldmap", r"field.?map"),
    ("pet", r"(?:^|[_.\W])pet(?:[_.\W]|$)|(?:^|[_.\W])fdg"),
    ("CT", r"(?:^|[_.\W])ct(?:[_.\W]|$)"),
)


def known_suffix(text: str) -> str:
    """The BIDS suffix that a text is, whatever its case, or "".

    >>> known_suffix("t1W"), known_suffix("backup")
    ('T1w', '')
    """
    return text if text in SUFFIX_TYPES else _FOLDED.get(text.casefold(), "")


def guessed_suffix(stem: str) -> str:
    """The suffix that the name of an image suggests where it is none of BIDS, or "".

    >>> guessed_suffix("old_mprage-2"), guessed_suffix("lunch")
    ('T1w', '')
    """
    lower = stem.casefold()
    return next((suffix for suffix, pattern in _OTHER_NAMES if re.search(pattern, lower)), "")


# ----------------------------------------------------------------------
# File and folder names of BIDS: what a name says, which sidecars apply, what a folder holds.
# ----------------------------------------------------------------------

# In order of preference where one image is stored in two formats.
IMAGE_ENDINGS = (".nii.gz", ".nii", ".mgz", ".mgh", ".hdr", ".hdr.gz", ".img", ".img.gz")
# Those of which each is one image: of a header and its voxels, the header.
ONE_IMAGE = tuple(ending for ending in IMAGE_ENDINGS if not ending.startswith(".img"))


@dataclass(frozen=True)
class BidsName:
    """A file name taken apart: entities beyond participant and session, suffix, ending."""

    entities: dict[str, str]
    suffix: str
    ending: str


def image_ending(name: str) -> str:
    """The ending by which a name is that of an image, in lower case, or "".

    >>> image_ending("Sub-01_T1w.NII.GZ"), image_ending("sub-01_T1w.json")
    ('.nii.gz', '')
    """
    lower = name.lower()
    return next((ending for ending in IMAGE_ENDINGS if lower.endswith(ending)), "")


def parse_name(file_name: str) -> BidsName:
    """Take ``sub-01_ses-2_acq-x_T1w.nii.gz`` apart; participant and session are left to folders."""
    ending = image_ending(file_name) or Path(file_name.lower()).suffix
    parts = file_name[: len(file_name) - len(ending)].split("_")
    pairs = (part.partition("-") for part in parts[:-1])
    entities = {key: value for key, dash, value in pairs if dash}
    return BidsName(entities, parts[-1], ending)


def sidecar_files(entries: list[os.DirEntry[str]]) -> list[tuple[BidsName, Path]]:
    """JSON files of one level, the least specific first."""
    names = [(parse_name(e.name), Path(e.path)) for e in entries if e.name.endswith(".json")]
    return sorted(names, key=lambda item: (len(item[0].entities), item[1].name))


def applicable(name: BidsName, sidecars: list[tuple[BidsName, Path]]) -> Iterator[Path]:
    """Sidecars with the image's suffix and no entity that the image lacks."""
    for other, path in sidecars:
        if other.suffix == name.suffix and other.entities.items() <= name.entities.items():
            yield path


def listing(folder: Path) -> tuple[list[os.DirEntry[str]], str]:
    """Entries by name without hidden ones, and why the folder cannot be read ("" if it can)."""
    try:
        with os.scandir(folder) as found:
            entries = [entry for entry in found if not entry.name.startswith(".")]
    except OSError as error:
        return [], f"folder cannot be read ({error.strerror or error})"
    return sorted(entries, key=lambda entry: entry.name), ""


def is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
