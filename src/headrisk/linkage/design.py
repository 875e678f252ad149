"""Which scans are searched for and among which, which pairs say something, and who is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

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
    probe_person, gallery_person
        Person numbers, shared by both sides; equal participant labels are the same person.
    session, labelled, content, contrast
        Of each scan in the list: number of its session, whether that has a label, digest of its
        file, suffix.
    given
        (probes, gallery) takes the place of these rules where somebody knows better, or None.
    two_sets
        Whether probes and gallery are of two data sets. A copy of an image in the other set is
        then a link, not a repetition, and is compared like any other.
    """

    probes: IntArray
    gallery: IntArray
    probe_person: IntArray
    gallery_person: IntArray
    session: IntArray
    labelled: BoolArray
    content: NDArray[np.str_]
    contrast: NDArray[np.str_]
    given: BoolArray | None = None
    two_sets: bool = False

    @property
    def pairs(self) -> int:
        """Number of pairs, usable or not."""
        return int(self.probes.size) * int(self.gallery.size)

    @cached_property
    def usable(self) -> BoolArray:
        """(probes, gallery), False for a scan with itself, for two images of one session, and
        for copies of one image in one data set: those are not two measurements of a person. Where
        a person's scans bear no session label, images of unlike contrast count as one session,
        images of one contrast as a repetition."""
        return self.usable_block(np.arange(self.probes.size), np.arange(self.gallery.size))

    def usable_block(self, rows: IntArray, columns: IntArray) -> BoolArray:
        """(rows, columns) of ``usable``, without making all of it."""
        return self.may_compare(rows[:, None], columns[None, :])

    def may_compare(self, rows: IntArray, columns: IntArray) -> BoolArray:
        """``usable`` at these positions, which are broadcast against one another."""
        if self.given is not None:
            known: BoolArray = self.given[rows, columns]
            return known
        i, j = self.probes[rows], self.gallery[columns]
        left_out: BoolArray = (i == j) | self._together(i, j)
        return ~left_out if self.two_sets else ~(left_out | self._same_bytes(i, j))

    @cached_property
    def copies(self) -> int:
        """Pairs of identical files that are left out and that a session does not rule out."""
        if self.two_sets:
            return 0
        repeated = 0
        digests = self.content[self.gallery]
        order = np.argsort(digests, kind="stable")
        for probe in self.probes if self._repeats else ():
            low, high = (
                int(np.searchsorted(digests, self.content[probe], side, sorter=order))
                for side in ("left", "right")
            )
            other = self.gallery[order[low:high]]
            same = self._same_bytes(probe, other) & ~self._together(probe, other)
            repeated += int(np.count_nonzero(same))
        return repeated // 2 if self.probes is self.gallery else repeated

    def verbatim(self, content: Sequence[str] | None = None) -> BoolArray:
        """(probes, gallery) usable pairs of one and the same image.

        ``content`` takes the place of the digests of the files, for instance digests of voxels; ""
        equals no other.
        """
        known = self.content if content is None else np.array(content, dtype=np.str_)
        one, other = known[self.probes][:, None], known[self.gallery][None, :]
        same: BoolArray = (one == other) & (one != "")
        return same & self.usable

    def people_of(self, pairs: BoolArray) -> int:
        """Number of people with a mated pair among these (probes, gallery)."""
        mated = self.probe_person[:, None] == self.gallery_person[None, :]
        return int(np.unique(self.probe_person[(pairs & mated).any(axis=1)]).size)

    @property
    def _repeats(self) -> bool:
        """Whether any two scans that take part have the same file at all."""
        part = np.union1d(self.probes, self.gallery)
        known = self.content[part][self.content[part] != ""]
        return bool(np.unique(known).size < known.size)

    def _together(self, i: IntArray, j: IntArray) -> BoolArray:
        either = self.labelled[i] | (self.contrast[i] != self.contrast[j])
        together: BoolArray = (self.session[i] == self.session[j]) & either
        return together

    def _same_bytes(self, i: IntArray, j: IntArray) -> BoolArray:
        same: BoolArray = (self.content[i] == self.content[j]) & (self.content[i] != "") & (i != j)
        return same


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
    sides = (np.flatnonzero(asked), np.flatnonzero(~asked))
    return replace(_design(scans, digests, *sides, person), two_sets=True)


def _design(
    scans: Sequence[Scan],
    digests: Sequence[str],
    probes: IntArray,
    gallery: IntArray,
    person: IntArray,
) -> Design:
    return Design(
        probes=probes,
        gallery=gallery,
        probe_person=person[probes],
        gallery_person=person[gallery],
        session=number_sessions(scans),
        labelled=np.array([scan.session_id != "" for scan in scans], dtype=bool),
        content=np.array(digests, dtype=np.str_),
        contrast=np.array([scan.suffix for scan in scans], dtype=np.str_),
    )


# ----------------------------------------------------------------------
# People who should have been searched for, but could not be.
# ----------------------------------------------------------------------


def searchable(scans: Sequence[Scan], design: Design) -> frozenset[str]:
    """Labels of the people who have, by label, a comparable scan on both sides of a design.

    With the design of all scans less that of the usable ones this gives the people whom failed
    scans kept out of the search.
    """
    columns = np.argsort(design.gallery_person, kind="stable")
    people = design.gallery_person[columns]
    low, high = (np.searchsorted(people, design.probe_person, side) for side in ("left", "right"))
    row = np.repeat(np.arange(low.size), high - low)
    place = np.arange(row.size) - np.repeat(np.cumsum(high - low) - high, high - low)
    searched = row[design.may_compare(row, columns[place])]
    return frozenset(scans[k].participant_id for k in design.probes[np.unique(searched)])


@dataclass(frozen=True)
class PeopleCounts:
    """Who was searched for: the counts add up to ``people``.

    Attributes
    ----------
    people
        People with a scan among those that search.
    two_sessions
        Those of them who, by label, have a comparable scan to be found: another session, or a scan
        in the other data set.
    searched
        Those of them who were searched for.
    not_searched
        All others by why: ``one_session`` (nothing to be found by), ``copies`` (the scans are
        copies of one image), ``failed`` (the scans could not be used), ``no_scan`` (no image of
        the kinds that are compared).
    """

    people: int
    two_sessions: int
    searched: int
    not_searched: Mapping[str, int]


def with_absent(counts: PeopleCounts, absent: int) -> PeopleCounts:
    """The counts with people of whom there are images, but none that is compared."""
    if not absent:
        return counts
    return replace(
        counts,
        people=counts.people + absent,
        not_searched={**counts.not_searched, "no_scan": absent},
    )


def count_people(
    scans: Sequence[Scan], planned: Design, usable: Sequence[Scan], design: Design
) -> PeopleCounts:
    """Count who was searched for, and why others were not.

    Parameters
    ----------
    scans, planned
        Every scan, failed ones included, and the design that would compare them all.
    usable, design
        The scans that were compared, and how.
    """
    there = {scans[k].participant_id for k in planned.probes}
    unlike = replace(planned, content=np.full(len(scans), "", dtype=np.str_))
    labelled = searchable(scans, unlike)
    wanted = searchable(scans, planned)
    searched = searchable(usable, design)
    why = {
        "one_session": len(there - labelled),
        "copies": len(labelled - wanted - searched),
        "failed": len(wanted - searched),
    }
    return PeopleCounts(
        people=len(there),
        two_sessions=len(labelled),
        searched=len(searched),
        not_searched={code: count for code, count in why.items() if count},
    )
