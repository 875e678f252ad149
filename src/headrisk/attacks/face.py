"""Face recognition: look at heads, read photographs, match, evaluate, describe.

Each function is one stage; it takes what the stages before it gave. A row of the score tables is
one person's set of photographs, a column one scan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from headrisk.attacks.attack import Answer, Context, Lineup, Tested
from headrisk.attacks.face_panels import (
    DEPTH,
    claims_panel,
    claims_table,
    face_panels,
    face_tables,
    portraits,
    scan_rows,
)
from headrisk.attacks.presence import asked_images, lenders_of
from headrisk.attacks.rates import Scores
from headrisk.dataset.people import number_people
from headrisk.dataset.scans import Scan
from headrisk.errors import PluginError, StoreError
from headrisk.face.cohort import (
    HEAD_STAGE,
    PHOTO_STAGE,
    Run,
    look_at_heads,
    read_photos,
    with_reason,
)
from headrisk.face.head import PET, HeadResult
from headrisk.face.photo_table import Photo, list_photos
from headrisk.face.photos import PhotoResult
from headrisk.face.recognise.protocol import Recogniser
from headrisk.face.recognise.registry import recognisers
from headrisk.face.scores import FaceScores, all_scores
from headrisk.intake import Intake
from headrisk.job import Job, recorded, tell_damage, tell_failed, tell_sentences
from headrisk.report.words.cost import photo_needs
from headrisk.report.words.face import (
    NAME,
    NO_PHOTOGRAPHS,
    PLUGIN_FAILED,
    REFERENCES,
    compared_sentence,
    method_sentences,
)
from headrisk.run.events import stage
from headrisk.run.provenance import CostLog
from headrisk.run.store import open_store
from headrisk.types import IntArray, PairScores


@dataclass(frozen=True)
class Faces:
    """Everything that was looked at: heads of the scans, photographs with their results.

    ``results`` are those of the photographs with status ``ok`` or ``unknown person``, in order;
    ``notes`` say which stored results were damaged.
    """

    scans: tuple[Scan, ...]
    heads: tuple[HeadResult, ...]
    photos: tuple[Photo, ...]
    results: tuple[PhotoResult, ...]
    notes: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[str, ...]:
        """Errors of plug-ins at heads and photographs, each once."""
        return errors_of((*self.heads, *self.results))

    @property
    def readable(self) -> tuple[int, ...]:
        """Positions of the photographs that a recogniser could describe."""
        return tuple(k for k, photo in enumerate(self.photos) if photo.usable)


@dataclass(frozen=True)
class Search:
    """Who is searched for among which scans.

    ``sets`` are the labels of the photograph sets, ``gallery`` positions of the usable scans; the
    two arrays of people are numbered alike.
    """

    sets: tuple[str, ...]
    gallery: tuple[int, ...]
    probe_person: IntArray
    gallery_person: IntArray


@dataclass(frozen=True)
class Matched:
    """Tables with confidences by measure, and recognisers of plug-ins that could not compare."""

    tables: Mapping[str, FaceScores]
    failed: Mapping[str, PluginError]


@dataclass(frozen=True)
class FaceAttack:
    """Photographs of people are searched among renders of the faces in scans."""

    name: str = NAME
    assessed: bool = True

    def prepare(self, context: Context) -> Faces:
        """Look at every head and every photograph."""
        return look(context.intake, context.job, context.log)

    def design(self, material: Faces, context: Context) -> Lineup[Search]:
        """Every person with a readable photograph among all scans with a face."""
        del context
        search = plan(material)
        probes = tuple(_probe(label, material.scans) for label in search.sets)
        return Lineup(search, probes, tuple(material.scans[k] for k in search.gallery))

    def score(
        self, material: Faces, lineup: Lineup[Search], context: Context
    ) -> tuple[Mapping[str, Scores], Matched]:
        """Scores of sets with scans; and the tables with confidences."""
        asked = recognisers(context.job.settings.recognisers, context.job.weights)
        return match(material, lineup.plan, asked, context.job, context.log)

    def find(
        self, material: Faces, lineup: Lineup[Search], tested: Tested, context: Context
    ) -> Answer:
        """The face's part of the report; conditions are those of the strongest attack."""
        faces, search, job = material, lineup.plan, context.job
        asked = recognisers(job.settings.recognisers, job.weights)
        scores = {n: one for n, one in tested.scores.items() if isinstance(one, PairScores)}
        matched = {name: scores[name] for name in tested.made.tables}
        failed = (*faces.failed, *map(str, tested.made.failed.values()))
        sizes = [faces.heads[k].voxel_mm for k in search.gallery]
        return Answer(
            rows=scan_rows(faces.scans, faces.heads),
            unsearched=_unsearched(faces, search if scores else replace(search, sets=())),
            compared=compared_sentence(len(search.sets), len(search.gallery)),
            contrasts=tuple(dict.fromkeys(scan.suffix for scan in faces.scans)),
            method=(
                *method_sentences(job.settings, asked, searched=bool(scores)),
                *([PLUGIN_FAILED] if failed else []),
            ),
            references=REFERENCES,
            needs=photo_needs(len(faces.results), len(search.sets)),
            panels=face_panels(faces.heads, faces.photos, asked, scores)
            | claims_panel(faces.scans, faces.heads),
            too_little="" if job.photos else NO_PHOTOGRAPHS,
            voxels=([None] * len(search.sets), sizes),
            notes=(*faces.notes, *failed),
            tables=face_tables(
                faces.scans, faces.heads, faces.photos, search, matched, tested.made.tables
            )
            | claims_table(faces.scans, faces.heads),
            pictures=portraits(faces.scans, faces.heads),
            depth=DEPTH,
            digests=tuple(one.digest for one in asked if one.digest),
            photos_unused=sum(not photo.usable for photo in faces.photos),
        )


def errors_of(results: Sequence[HeadResult | PhotoResult]) -> tuple[str, ...]:
    """What plug-ins failed at, each sentence once."""
    return tuple(dict.fromkeys(text for one in results for text in one.failed))


def _unsearched(faces: Faces, search: Search) -> int:
    """People with a photograph of theirs whose scans cannot be searched, though a face is there."""
    listed = {
        p.participant_id for p in faces.photos if p.status not in ("unknown person", "refused")
    }
    reached = set(search.sets) & {faces.scans[k].participant_id for k in search.gallery}
    known = {scan.participant_id for scan in faces.scans}
    faceless = known - {
        scan.participant_id
        for scan, head in zip(faces.scans, faces.heads, strict=True)
        if head.sight is None or head.sight.verdict not in ("gone", "outside")
    }  # a result, not a failure to search
    return len((listed & known) - reached - faceless)


def own_scans(intake: Intake, job: Job) -> tuple[Scan, ...]:
    """Scans of the first data set, which photographs are compared with."""
    return tuple(scan for scan in intake.scans if scan.dataset == job.sources[0].name)


def face_run(intake: Intake, job: Job, damage: list[StoreError], protocol: str = "") -> Run:
    """What looking at heads has in common in a job; damaged stored results come to ``damage``."""
    pets = any(scan.suffix == PET for scan in (*own_scans(intake, job), *intake.beside))
    return Run(
        job.settings,
        tuple((name, str(path)) for name, path in sorted(job.weights.items())),
        open_store(job.out / "store"),
        job.processes,
        damage.append,
        protocol,
        intake.failed,
        lenders_of(asked_images(job, intake.pictured, intake.inventory)) if pets else {},
    )


def look(intake: Intake, job: Job, log: CostLog) -> Faces:
    """Look at every head of the data set, and read every photograph that may be used."""
    damage: list[StoreError] = []
    run = face_run(intake, job, damage)
    scans = own_scans(intake, job)
    people = frozenset(scan.participant_id for scan in scans)
    photos = () if job.photos is None else list_photos(job.photos, people, job.today)
    with stage(HEAD_STAGE, len(scans), log, recorded(job)) as listen:
        heads = look_at_heads(scans, run, listen)
    log.recalled(sum(head.seconds for head in heads))
    tell_sentences(errors_of(heads), job)
    wanted = [k for k, photo in enumerate(photos) if photo.usable]
    if not wanted:
        return Faces(scans, heads, photos, (), tell_damage(damage, job))
    with stage(PHOTO_STAGE, len(wanted), log, recorded(job)) as listen:
        results = read_photos([photos[k] for k in wanted], run, listen)
    told = list(photos)
    for k, result in zip(wanted, results, strict=True):
        told[k] = with_reason(photos[k], result)
    good = tuple(result for result in results if not result.reason)
    tell_sentences(errors_of(results), job)
    return Faces(scans, heads, tuple(told), good, tell_damage(damage, job))


def plan(faces: Faces) -> Search:
    """Every person with a readable photograph is searched for among all scans with a face.

    Photographs of people who are not in the data set are searched for too: they have no mate.
    """
    sets = tuple(dict.fromkeys(faces.photos[k].participant_id for k in faces.readable))
    gallery = tuple(k for k, head in enumerate(faces.heads) if head.searchable)
    labels = [*(scan.participant_id for scan in faces.scans), *sets]
    person = number_people(labels)
    return Search(
        sets, gallery, person[len(faces.scans) :], person[np.array(gallery, dtype=np.int64)]
    )


def match(
    faces: Faces, search: Search, asked: Sequence[Recogniser], job: Job, log: CostLog
) -> tuple[Mapping[str, PairScores], Matched]:
    """Score every set with every scan under every measure; also the tables with confidences."""
    if not search.sets or not search.gallery:
        return {}, Matched({}, {})
    failed: dict[str, PluginError] = {}
    place = {label: k for k, label in enumerate(search.sets)}
    photo_set = np.array(
        [place[faces.photos[k].participant_id] for k in faces.readable], dtype=np.int64
    )
    with stage("match", len(search.sets) * len(search.gallery), log, recorded(job)):
        found = all_scores(
            [faces.heads[k] for k in search.gallery],
            search.gallery_person,
            faces.results,
            photo_set,
            len(search.sets),
            asked,
            failed,
        )
    tell_failed(failed, job)
    scores = {
        name: PairScores(name, one.values, one.usable, search.probe_person, search.gallery_person)
        for name, one in found.items()
    }
    return scores, Matched(found, failed)


def _probe(label: str, scans: tuple[Scan, ...]) -> Scan:
    """A photograph set as a row of conditions: whose it is, and what is known of the person."""
    own = next((scan for scan in scans if scan.participant_id == label), None)
    return Scan(
        scan_id=f"photographs of {label}",
        participant_id=label,
        path="",
        suffix="photographs",
        age=own.age if own else None,
        sex=own.sex if own else "",
    )
