"""What a treated data set says of itself: names, sidecars, description, after BIDS."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from headrisk.dataset.bids_names import BIDS_VERSION, applicable, listing, parse_name, sidecar_files
from headrisk.dataset.description import doi_in
from headrisk.dataset.scans import Scan
from headrisk.dataset.sidecar import read_sidecar
from headrisk.io.digests import open_regular
from headrisk.metadata.findings import Hit
from headrisk.metadata.known import known_identifiers
from headrisk.metadata.sidecars import clean_json, json_bytes

METHOD, CODES = "DeidentificationMethod", "DeidentificationMethodCodeSequence"
# DICOM PS3.16, context group 7050.
VISUAL_FEATURES = {
    "CodeValue": "113102",
    "CodingSchemeDesignator": "DCM",
    "CodeMeaning": "Clean Recognizable Visual Features Option",
}
_PLAIN = re.compile(r"[^A-Za-z0-9]")
_LABELS = ("sub", "ses", "desc", "run")


def plain_labels(labels: Iterable[str]) -> dict[str, str]:
    """For each label one of letters and digits alone, as BIDS wants it, and no two alike.

    Labels that are plain already are kept. Accents are taken off, and a number tells apart what
    would become one label: two people are never written under one.

    >>> plain_labels(["01", "Zo\u00e9", "Zoe", "P-1", "P1", "\u5f20"])["Zo\u00e9"]
    'Zoex1'
    """
    out: dict[str, str] = {}
    taken: set[str] = set()
    for label in sorted(set(labels), key=lambda one: (_PLAIN.search(one) is not None, one)):
        bare = _PLAIN.sub("", unicodedata.normalize("NFKD", label)) if label else ""
        plain, number = bare or ("x" if label else ""), 0
        while label and (plain.lower() in taken or not (bare or number)):
            number += 1
            plain = f"{bare}x{number}"
        taken.add(plain.lower())
        out[label] = plain
    return out


def bids_stem(scan: Scan, person: str, session: str) -> str:
    """Path of a scan in a treated data set, without suffix and ending.

    Entities of a BIDS name are kept; other files get their name from the scan's labels, given
    plain.
    """
    labels = [f"sub-{person}"] + ([f"ses-{session}"] if session else [])
    file = Path(scan.path).name
    entities = parse_name(file).entities if file.startswith("sub-") else {}
    plain = [(_PLAIN.sub("", key), _PLAIN.sub("", value)) for key, value in entities.items()]
    parts = [f"{key}-{value}" for key, value in plain if key]
    kept = [p for p in parts if p.split("-")[0] not in _LABELS[:3]]
    return "/".join([*labels, "anat", "_".join([*labels, *kept])])


def stems(scans: Sequence[Scan]) -> list[str]:
    """The same for all scans, with a run number where two would get one name."""
    taken: set[tuple[str, str]] = set()
    people = plain_labels(scan.participant_id for scan in scans)
    visits: dict[str, list[str]] = {}
    for scan in scans:
        visits.setdefault(scan.participant_id, []).append(scan.session_id)
    sessions = {person: plain_labels(labels) for person, labels in visits.items()}
    out = []
    for scan in scans:
        session = sessions[scan.participant_id][scan.session_id]
        stem, number = bids_stem(scan, people[scan.participant_id], session), 1
        wanted = stem
        while (stem.lower(), scan.suffix) in taken:
            number += 1
            stem = f"{wanted}_run-{number}"
        taken.add((stem.lower(), scan.suffix))
        out.append(stem)
    return out


def source_sidecar(path: Path, root: Path | None) -> tuple[dict[str, Any], list[str]]:
    """All that sidecars say of an image, and remarks on those that cannot be read.

    Parameters
    ----------
    root
        The BIDS data set, whose sidecars apply from the root down; None for the file beside the
        image alone.
    """
    name = parse_name(path.name)
    found: list[Path] = []
    if root is not None and path.is_relative_to(root):
        inner = [place for place in path.parents if place.is_relative_to(root)]
        for folder in reversed(inner):
            found += applicable(name, sidecar_files(listing(folder)[0]))
    else:
        beside = path.with_name(path.name.removesuffix(name.ending) + ".json")
        found += [beside] if beside.is_file() else []
    values: dict[str, Any] = {}
    notes = []
    for place in found:
        read, note = read_sidecar(place)
        values |= read
        notes += [note] if note else []
    return values, notes


def treated_sidecar(
    values: Mapping[str, Any], method: str, *, stripped: bool
) -> tuple[dict[str, Any], int]:
    """The sidecar of a treated image: nothing identifying, and how the image was treated.

    Parameters
    ----------
    values
        Of the source's sidecars. Treatments that they name already stay.
    method
        The treatment, in a sentence.
    stripped
        The image holds nothing but a brain.

    Returns
    -------
    The values, and how many identifying ones were left out.
    """
    removed: list[Hit] = []
    out = dict(clean_json(dict(values), known_identifiers(()), removed))
    earlier, codes = out.get(METHOD, []), out.get(CODES, [])
    earlier = [earlier] if isinstance(earlier, str) else earlier
    out[METHOD] = [*(earlier if isinstance(earlier, list) else []), method]
    codes = [code for code in codes if code != VISUAL_FEATURES] if isinstance(codes, list) else []
    out[CODES] = [*codes, VISUAL_FEATURES]
    out["Defaced"] = True
    out["SkullStripped"] = stripped
    return out, len(removed)


def mask_sidecar(method: str) -> dict[str, Any]:
    """The sidecar of a mask of changed voxels."""
    return {
        "Description": f"1 where a voxel was changed, 0 where it is as it was. {method}",
        "Type": "Face",
    }


def source_datasets(source: Path) -> list[dict[str, str]]:
    """``SourceDatasets`` of BIDS: the DOI that a data set states for itself, never where it lies.

    >>> source_datasets(Path("/nowhere"))
    []
    """
    stated = read_sidecar(source / "dataset_description.json")[0].get("DatasetDOI")
    found = doi_in(stated)
    return [{"DOI": f"doi:{found}"}] if found else []


def dataset_files(tool: str, version: str, source: Path | None = None) -> dict[str, bytes]:
    """Description, README and ignore list of a treated data set, by name.

    ``source`` is the folder of the data set that was treated.
    """
    sources = [] if source is None else source_datasets(source)
    description: dict[str, Any] = {
        "Name": f"Head scans de-identified with headrisk deface --tool {tool}",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [
            {"Name": "headrisk", "Version": version, "Description": f"deface --tool {tool}"}
        ],
    } | ({"SourceDatasets": sources} if sources else {})
    readme = (
        f"Anatomical images de-identified with the tool {tool} of headrisk {version}.\n\n"
        "Each image lies on the grid of its source, in the same type; voxels outside the mask of\n"
        "changed voxels (suffix defacemask) are as they were. Sidecars were cleaned of\n"
        "identifying values. tables/treatment.tsv says for each image what was done, what face is\n"
        "left and what it cost; it is for the custodian: leave tables/ out when you share.\n"
        "Tables of the source (participants.tsv, scans.tsv) and other images were not copied.\n"
    )
    return {
        "dataset_description.json": json_bytes(description),
        "README": readme.encode(),
        ".bidsignore": b"tables/\naudit.jsonl\nsummary.txt\n",
    }


def written_by_deface(folder: Path) -> bool:
    """Whether a folder is an earlier output of the command."""
    try:
        with open_regular(folder / "dataset_description.json") as stream:
            values = json.load(stream)
        made = values["GeneratedBy"][0]
        return bool(made["Name"] == "headrisk" and made["Description"].startswith("deface "))
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError):
        return False
