"""What each attack is called and how it is told, in one record; a new attack adds one here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from headrisk.findings.records import Needs

_SCANS = "the shared scans, and for each person another scan"
_RENDERING = (
    "command line; freely available rendering and face recognition, nothing has to be trained"
)
_LAPTOP = "a laptop; no graphics card"
_SCRIPT = "a few lines of a script or a spreadsheet"
NO_NEEDS = Needs()


@dataclass(frozen=True)
class AttackWords:
    """The words for one attack.

    Attributes
    ----------
    title
        What it is called on every page.
    compared
        What it compares, as after "by": "by the shape of the brain".
    through
        The way it takes, as after "linked": "linked by the brain".
    found
        What became of people whom it finds, "linked to their other scan"; ``found_shortly`` on
        the first pages, where another is needed.
    attacker
        Who is assumed to attack, a sentence or two.
    untested
        How it is named in a list of what was not tested.
    rows
        What is compared with what, in the data dictionary.
    needs
        What it takes beside computer time; of the attacks put together those of its parts hold.
    """

    title: str
    compared: str
    through: str
    found: str
    attacker: str
    untested: str
    rows: str
    needs: Needs = NO_NEEDS
    found_shortly: str = ""


ATTACKS: Mapping[str, AttackWords] = {
    "brain": AttackWords(
        title="Brains",
        compared="the shape of the brain",
        through="by the brain",
        found="linked to their other scan",
        attacker="The attacker holds the shared scans, and other scans of the same people with "
        "their names, and compares every scan with every other. Each person searched for is known "
        "to be there.",
        untested="brains between scans",
        rows="brains",
        needs=Needs(
            data=f"{_SCANS} with a name, such as those in a clinical archive or an earlier release",
            skill="command line; every step is in freely available software, nothing has to be "
            "trained",
            hardware=_LAPTOP,
        ),
    ),
    "face": AttackWords(
        title="Photographs",
        compared="a face rendered from the scan",
        through="by photographs",
        found="found by their photographs",
        attacker="The attacker holds the shared scans and a few photographs of a person whose name "
        "is known, as from a social network, and knows that this person was scanned.",
        untested="photographs",
        rows="photographs and faces of scans",
        needs=Needs(
            data="the shared scans, and photographs of the person with a name, as on a social "
            "network",
            skill=_RENDERING,
            hardware=_LAPTOP,
        ),
    ),
    "face-scans": AttackWords(
        title="Faces between scans",
        compared="the faces rendered from both scans",
        through="by faces between scans",
        found="linked to their other scan by the face",
        found_shortly="linked to their other scan",
        attacker="The attacker holds the shared scans, and other scans of the same people with "
        "their names, and compares the faces that can be rendered from them. No photograph is "
        "needed.",
        untested="faces between scans",
        rows="faces of scans and faces of scans",
        needs=Needs(
            data=f"{_SCANS} of the head with a name; no photograph",
            skill=_RENDERING,
            hardware=_LAPTOP,
        ),
    ),
    "metadata": AttackWords(
        title="Headers",
        compared="headers and sidecar files alone",
        through="by headers and sidecar files alone",
        found="linked to their other scan by headers and sidecar files alone",
        found_shortly="linked by headers, the notes stored with images",
        attacker="The attacker holds the shared files, and other files of the same people with "
        "their names, and compares what is in headers and sidecars, never looking at an image.",
        untested="headers",
        rows="headers and sidecars",
        needs=Needs(
            data="the shared headers and sidecars, and those of other scans with names; no image",
            skill=_SCRIPT,
            hardware="any computer",
        ),
    ),
    "table": AttackWords(
        title="Tables",
        compared="a table of regional measurements",
        through="by a table of measurements",
        found="linked to their other row",
        attacker="The attacker holds the shared table, and a table of the same measurements of the "
        "same people with their names, from other sessions or another pipeline, and compares every "
        "row with every other.",
        untested="tables of brain measurements",
        rows="rows of derived tables",
        needs=Needs(
            data="the shared table, and a table of the same measurements with names to it; no "
            "image",
            skill=_SCRIPT,
            hardware="any computer",
        ),
    ),
    "combined": AttackWords(
        title="All together",
        compared="all modalities together",
        through="by all of it together",
        found="linked by all that is held of them together",
        found_shortly="linked by everything together",
        attacker="The attacker holds several of these of the same people, and weighs them "
        "together.",
        untested="several attacks combined",
        rows="several of these together",
    ),
}


def title_of(name: str) -> str:
    """What an attack is called on every page; one without words, by its name."""
    return ATTACKS[name].title if name in ATTACKS else name[:1].upper() + name[1:]
