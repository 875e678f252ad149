"""Which scans are searched for, which are searched, and which pairs say something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from headrisk.dataset.people import number_people, number_sessions
from headrisk.dataset.scans import Scan
from headrisk.types import BoolArray, IntArray


@dataclass(frozen=True)
class Design:
    """The comparison's two sides, as positions in the list of scans.

    Attributes
    ----------
    probes, gallery
        Positions of the scans on either side; one and the same object where every scan is
        compared with every other.
    usable
        (probes, gallery), False for a scan with itself, for two images of one session, and for
        copies of one image: those are not two measurements of a person. Where a person's scans
        bear no session label, images of unlike contrast count as one session, images of one
        contrast as a repetition.
    probe_person, gallery_person
        Person numbers, shared by both sides; equal participant labels are the same person.
    copies
        Number of pairs left out because both files hold the same bytes.
    """

    probes: IntArray
    gallery: IntArray
    usable: BoolArray
    probe_person: IntArray
    gallery_person: IntArray
    copies: int


def within(scans: Sequence[Scan], digests: Sequence[str]) -> Design:
    """Every scan against every other one: the sessions of a data set are gallery and probe.

    ``digests`` are of the scans' files; "" is unknown and equals no other.
    """
    positions = np.arange(len(scans), dtype=np.int64)
    person = number_people(scan.participant_id for scan in scans)
    return _design(scans, digests, positions, positions, person)


def against(scans: Sequence[Scan], digests: Sequence[str], probes: str) -> Design:
    """The scans of the data set named ``probes`` against those of all other data sets."""
    asked = np.array([scan.dataset == probes for scan in scans], dtype=bool)
    person = number_people(scan.participant_id for scan in scans)
    return _design(scans, digests, np.flatnonzero(asked), np.flatnonzero(~asked), person)


def _design(
    scans: Sequence[Scan],
    digests: Sequence[str],
    probes: IntArray,
    gallery: IntArray,
    person: IntArray,
) -> Design:
    session = number_sessions(scans)
    labelled = np.array([scan.session_id != "" for scan in scans], dtype=bool)
    content = np.array(digests, dtype=np.str_)
    itself = probes[:, None] == gallery[None, :]
    contrast = np.array([scan.suffix for scan in scans], dtype=np.str_)
    unlike = contrast[probes][:, None] != contrast[gallery][None, :]
    together = session[probes][:, None] == session[gallery][None, :]
    together &= labelled[probes][:, None] | unlike
    same_bytes = (content[probes][:, None] == content[gallery][None, :]) & ~itself
    same_bytes &= (content != "")[probes][:, None]
    repeated = int(np.count_nonzero(same_bytes & ~together))
    return Design(
        probes=probes,
        gallery=gallery,
        usable=~(itself | together | same_bytes),
        probe_person=person[probes],
        gallery_person=person[gallery],
        copies=repeated // 2 if probes is gallery else repeated,
    )
