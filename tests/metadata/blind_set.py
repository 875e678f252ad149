# ruff: noqa: E501
"""Data sets with planted identifiers and harmless look-alikes, written without sight of the rules.

Every spelling (a kind, a carrier, a field name, a notation) falls by a digest of itself into half A
or half B. The rules may be mended on what half A shows; half B is only measured.

``python tests/metadata/blind_set.py FOLDER --half A`` writes the data sets, looks through and cleans
each, and prints recall, false findings, destroyed cells, changed voxels and values left.
"""

import argparse
import contextlib
import csv
import datetime as dt
import gzip
import hashlib
import io
import json
import random
import re
import subprocess
import sys
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

sys.path.insert(0, str(Path(__file__).parent))

import blind_notations as notations
import blind_words as words

PEOPLE = 12
DIRECT = {"name", "birth", "record", "national", "phone", "mail", "postcode", "address", "secret"}
QUASI = {"date", "age", "text"}
TECHNICAL = {"time", "path", "serial", "uid"}
CONSISTENT = {"date", "birth", "age", "time", "record", "national", "postcode", "serial", "uid"}


@dataclass(frozen=True)
class Spelling:
    """One way to write one kind of thing: where, under which name, in which notation."""

    kind: str
    carrier: str
    name: str
    notation: str
    number: int

    @property
    def half(self) -> str:
        key = "|".join((self.kind, self.carrier, self.name, self.notation))
        return "AB"[hashlib.sha256(key.encode()).digest()[0] % 2]


@dataclass
class Truth:
    """What was planted where."""

    spelling: Spelling
    file: str
    field: str
    values: list[str] = field(default_factory=list)

    @property
    def severity(self) -> str:
        kind = self.spelling.kind
        return (
            "direct"
            if kind in DIRECT
            else "quasi"
            if kind in QUASI
            else "technical"
            if kind in TECHNICAL
            else "harmless"
        )


FIELDS = {
    "name": words.NAME_FIELDS,
    "birth": words.BIRTH_FIELDS,
    "date": words.DATE_FIELDS,
    "age": words.AGE_FIELDS,
    "time": words.TIME_FIELDS,
    "record": words.RECORD_FIELDS,
    "national": words.NATIONAL_FIELDS,
    "phone": words.PHONE_FIELDS,
    "mail": words.MAIL_FIELDS,
    "postcode": words.POST_FIELDS,
    "address": words.ADDRESS_FIELDS,
    "text": words.TEXT_FIELDS,
    "secret": words.SECRET_FIELDS,
    "path": words.PATH_FIELDS,
    "serial": words.SERIAL_FIELDS,
    "uid": words.UID_FIELDS,
}

# Sentences in which a value stands; the first ones tell what it is, those behind || do not.
TEMPLATES = {
    "name": "Patient: {}|Name: {}|Dear {}, thank you for coming|Probandin: {}|The participant {} left early"
    "|seen by Dr. {}|Frau {} wurde um zehn abgeholt|Signed: {}|scanned with the help of {}|subject name = {}"
    "|Mr {} called again|paziente {}|patiente : {}||{} moved a lot|asked {} to come back|T1 {} repeat"
    "|redo of {}|# {}|sub-05 is {}|mprage_{}|video of {}",
    "birth": "DOB: {}|born {}|born on {} in the village|geb. {}|* {}|née le {}|nacido el {}|nato il {}"
    "|date of birth {}|birthday: {}|Geburtsdatum: {}|(d.o.b. {})|Patient, f. {}|D.O.B {}|ur. {}|geboren am {}",
    "date": "scanned on {}|Scan date: {}|{}: repeated T1|Last changed {}|visit of {}|untersucht am {}"
    "|examen du {}|see mail of {}|[{}] started|consent signed {}|fecha: {}|- {} coil changed|MRI {} ok"
    "|surgery in the week of {}|admitted {}, discharged later|appointment moved to {}",
    "age": "The participant was {} old|aged {}|a {}-year-old man|Age: {}|age at scan {}|{} years of age"
    "|{} Jahre alt|Patientin, {} J.|homme de {} ans|mujer de {} años|uomo di {} anni|{} y/o female|at age {}"
    "|she turned {} last week|died at {}|a woman of {}|{} yo m|at the age of {} years",
    "time": "Scan started at {}|start: {}|arrived {}|Uhrzeit: {}|Beginn {}|went to bed at {}|à {} début"
    "|injection at {}|[{}] trigger received|{} - scanner on|time of scan: {}|woke up at {} today",
    "record": "MRN {}|MRN: {}|Hospital number {}|patient id: {}|Pat.-Nr. {}|Fallnummer {}|chart no {}"
    "|accession number {}|PatID={}|IPP {}|NHC: {}|record no. {}|case number {}|Patient No: {}|PACS id {}"
    "|insurance number {}",
    "national": "SSN {}|national id: {}|NHS number {}|Personnummer: {}|codice fiscale {}|her ID number is {}"
    "|PESEL {}|cpr {}|CPF: {}|identity no. {}|DNI {}|social security number {}||{}|code {}|see {}",
    "phone": "Tel. {}|phone: {}|call {}|reach her on {}|Handy: {}|mobile {}|tél. {}|móvil {}|Fax {}|Ph: {}"
    "|WhatsApp {}|emergency contact {}|rings back from {}|telefonisch unter {}|cell {}||{}|({})",
    "mail": "mail: {}|write to {}|contact {} for details|E-Mail {}|cc {}|from {} on Monday|correo {}"
    "|courriel : {}|reminder sent to {}|user {}|owner: {}|{}|({})|reply-to={}|shared with {}",
    "address": "lives at {}|Address: {}|Anschrift: {}|sent to {}|taxi to {}|wohnhaft {}|home: {}|pick up: {}"
    "|demeurant {}|domicilio: {}|residente in {}|posted to {}",
    "postcode": "postcode: {}|ZIP {}|zip code {}|PLZ {}|Postleitzahl: {}|code postal {}|CAP {}|CEP: {}"
    "|post code {}|lives in {} area|postal code = {}|c.p. {}|postnummer {}|PSČ {}",
    "secret": "password={}|password: {}|PASSWORD = '{}'|passwd {}|export API_KEY={}|token: {}|pwd='{}'"
    "|curl -u scan:{} https://pacs.example.org|https://bob:{}@xnat.example.org/data|Authorization: Bearer {}"
    '|api_key = "{}"|mysql -p{} -h db|sshpass -p {} ssh host|secret_key: {}|Passwort: {}|login scan / {}'
    "|set REDCAP_TOKEN={}|mot de passe : {}|wget --password={} ftp://host/x",
    "path": "read {}|cd {}|input: {}|{}|File '{}', line 12, in main|saved to {}|error: {} not found|ls {}"
    "|addpath('{}')|rsync {} host:|BIDS_DIR={}|loading \"{}\"",
    "serial": "Serial number {}|S/N {}|S/N: {}|SN {}|scanner serial no. {}|Seriennummer {}|serial: {}"
    "|device serial {}|coil serial number {}|Ser.No. {}|numéro de série {}|No. de serie: {}|matricola {}",
    "uid": "SeriesInstanceUID {}|study {}|uid: {}|{}|converted from {}|source={}|folder {} done|UID={}"
    "|(0020,000d) UI [{}]|series {}: 176 images",
}

TEXT_FILES = [
    "README",
    "README.md",
    "CHANGES",
    "notes.txt",
    "run.log",
    "code/run.py",
    "code/prep.m",
    "code/job.sh",
    "config.yml",
    "export.html",
    "paper.tex",
    "data.xml",
    "notebook.ipynb",
    "letter.docx",
    "sheet.xlsx",
    "subject.cfg",
    "list.dat",
    "setup.ini",
    ".hidden",
    "sub-01/func/sub-01_physio.txt",
    "scan.out",
    "script.R",
    "notes.rst",
    "utf16.txt",
    "latin.txt",
    "bom.txt",
    "code/x.js",
]

FILE_NAMES = """
sub-01_{}_T1w.txt {}.txt scan_{}.json {}_notes.txt docs/{}/readme.txt {}/list.tsv BDI_{}.tsv
consent-{}.md Report {}.txt t1_{}_v2.txt sub-{}/info.txt {}-rest.log
""".strip().splitlines()

FILE_NAMES = [n for line in FILE_NAMES for n in line.replace("Report {}", "Report~{}").split()]

DICOM_FIELDS = {
    "name": "PatientName OtherPatientNames ReferringPhysicianName PatientComments ProtocolName "
    "SeriesDescription StudyDescription ImageComments PatientMotherBirthName ResponsiblePerson "
    "RequestAttributesSequence.RequestedProcedureDescription private.UN private.LO private.UT "
    "ContentSequence.PersonName ContentSequence.TextValue OriginalAttributesSequence.nested.PatientName "
    "AdditionalPatientHistory AcquisitionComments VerifyingObserverName InterpretationAuthor",
    "birth": "PatientBirthDate ContentSequence.Date private.DA PatientComments OtherPatient.PatientBirthDate",
    "date": "StudyDate SeriesDate AcquisitionDateTime ContentDate PerformedProcedureStepStartDate "
    "private.LO private.DT ContentSequence.DateTime DateOfLastCalibration SeriesDescription",
    "age": "PatientAge private.AS ContentSequence.TextValue PatientComments",
    "time": "StudyTime AcquisitionTime ContentTime PerformedProcedureStepStartTime private.TM",
    "record": "PatientID AccessionNumber OtherPatientIDs AdmissionID StudyID private.LO PatientComments "
    "OtherPatient.PatientID RequestAttributesSequence.ScheduledProcedureStepID IssuerOfPatientID",
    "phone": "PatientTelephoneNumbers PatientComments private.SH ReferringPhysicianTelephoneNumbers",
    "mail": "PatientTelecomInformation ImageComments private.LO",
    "address": "PatientAddress InstitutionAddress PatientComments ReferringPhysicianAddress",
    "national": "PatientID PatientComments OtherPatientIDs MilitaryRank private.LO",
    "text": "PatientComments ImageComments AdditionalPatientHistory ContentSequence.TextValue private.UT "
    "AcquisitionComments RequestedProcedureComments StudyComments Allergies",
    "serial": "DeviceSerialNumber private.LO DetectorID CassetteID PlateID GantryID",
    "uid": "StudyInstanceUID FrameOfReferenceUID private.UI DeviceUID ContentSequence.UID",
    "path": "private.LO ImageComments private.UT ProtocolName",
    "secret": "private.UT ImageComments",
}


def _sample(options: Sequence[tuple[str, str]], count: int, key: str) -> list[tuple[str, str]]:
    """Return `count` options, each field name once before any comes twice."""
    rng = random.Random(f"blind-{key}")
    shuffled = list(options)
    rng.shuffle(shuffled)
    seen: Counter[str] = Counter()
    ranked = []
    for name, notation in shuffled:
        ranked.append((seen[name], name, notation))
        seen[name] += 1
    ranked.sort(key=lambda r: r[0])
    return [(name, notation) for _, name, notation in ranked[:count]]


def _notations(kind: str, loose: bool) -> list[str]:
    if kind == "name":
        return [n for n in notations.NAMES if not (loose and n == "family")]
    if kind in ("birth", "date"):
        return [n for n in notations.DATES if not (loose and n in notations.NUMERIC_DATES)]
    if kind == "age":
        return ["whole", "whole", "decimal"] if loose else list(notations.AGES)
    if kind == "time":
        return [
            n for n in notations.TIMES if not (loose and n in {"dicom", "dicom-fraction", "dotted"})
        ]
    if kind == "national":
        return list(notations.NATIONAL)
    return [str(n) for n in range(50)]


def spellings() -> list[Spelling]:
    """Return every spelling of the set, in a fixed order."""
    found: list[Spelling] = []

    def add(kind: str, carrier: str, options: Sequence[tuple[str, str]], count: int) -> None:
        for name, notation in _sample(options, count, f"{kind}-{carrier}"):
            found.append(Spelling(kind, carrier, name, notation, len(found)))

    for kind, names in FIELDS.items():
        columns = list(product(names, _notations(kind, False)))
        add(kind, "column", columns, 90)
        add(kind, "key", columns, 75)
        if kind in TEMPLATES:
            telling, _, silent = TEMPLATES[kind].partition("||")
            for carrier, templates in (("line", telling), ("silent-line", silent)):
                lines = [t for t in templates.split("|") if t]
                add(
                    kind,
                    carrier,
                    list(product(lines, _notations(kind, True))),
                    65 if carrier == "line" else 20,
                )
        if kind in ("name", "record", "date", "birth", "phone", "mail", "national", "uid"):
            add(kind, "file-name", list(product(FILE_NAMES, _notations(kind, True))), 20)
        if kind in DICOM_FIELDS:
            options = list(product(DICOM_FIELDS[kind].split(), _notations(kind, False)))
            add(kind, "dicom", options, 30)
        if kind in ("name", "date", "record", "path", "text", "mail", "phone", "uid"):
            places = [
                "descrip",
                "aux_file",
                "intent_name",
                "db_name",
                "extension",
                "gzip-name",
                "trailing",
            ]
            add(kind, "nifti", list(product(places, _notations(kind, True))), 12)
    keys = [
        "old_id",
        "original_label",
        "orig_subject",
        "linking_code",
        "link_id",
        "code_lab",
        "xnat_subject",
        "alt_id",
        "pseudonym",
        "real_id",
        "internal_code",
        "source_subject",
        "subj_code",
        "former_label",
        "id_old",
        "id_hospital_key",
        "kuerzel",
        "Probandencode",
        "código_antiguo",
        "ancien_code",
        "codice",
        "kod_badania",
        "被験者コード",
        "dicom_folder_name",
        "biobank_code",
        "randomisation_no",
        "screening_no",
        "enrolment_code",
        "twin_pair_code",
        "siteSubjectCode",
        "MatchID",
    ]
    add("record", "key-table", list(product(keys, ["K", "XY", "num", "init", "hex", "mixed"])), 60)
    for name in words.HARMLESS:
        for notation in ("plain", "camel", "suffix", "prefix"):
            found.append(Spelling("harmless", "column", name, notation, len(found)))
    for name in words.HARMLESS_KEYS:
        for notation in ("top", "nested"):
            found.append(Spelling("harmless", "key", name, notation, len(found)))
    for number, line in enumerate(words.HARMLESS_TEXTS):
        for name in ("README.md", "code/run.py", "run.log", "notes.txt", "Description"):
            found.append(Spelling("harmless", "line", line, f"{name}|{number}", len(found)))
    for module in notations.NATIONAL:
        found.append(Spelling("harmless", "column", "counts_total", f"wrong-{module}", len(found)))
    return found


# --- values --------------------------------------------------------------------------------------


class People:
    """Hands out people of a data set, none twice."""

    def __init__(self, rng: random.Random) -> None:
        self.given = rng.sample(words.GIVEN, len(words.GIVEN))
        self.family = rng.sample(words.FAMILY, len(words.FAMILY))
        self.next = 0

    def __call__(self) -> tuple[str, str]:
        self.next += 1
        return self.given[self.next % len(self.given)], self.family[self.next % len(self.family)]


def _day(rng: random.Random, first: int, last: int) -> dt.datetime:
    start = dt.datetime(first, 1, 1)
    days = (dt.datetime(last, 12, 31) - start).days
    return start + dt.timedelta(
        days=rng.randrange(days),
        hours=rng.randint(7, 19),
        minutes=rng.randrange(60),
        seconds=rng.randrange(60),
        microseconds=rng.randrange(1, 10**6),
    )


def value(spelling: Spelling, rng: random.Random, people: People, row: int = 0) -> str:
    """Return one value of a spelling; rows of one column share the notation."""
    kind, notation = spelling.kind, spelling.notation
    fixed = int(notation) if notation.isdigit() else 0
    if kind == "name":
        given, family = people()
        lowered = spelling.name.lower()
        if notation == "family" and any(w in lowered for w in ("first", "given", "prenom", "vorn")):
            return given
        return notations.NAMES[notation](given, family)
    if kind == "birth":
        return notations.DATES[notation](_day(rng, 1931, 2004))
    if kind == "date":
        return notations.DATES[notation](_day(rng, 2011, 2023))
    if kind == "age":
        old = rng.randint(90, 104)
        return notations.AGES[notation](old if row in (0, 5, 9) else rng.randint(34, 88))
    if kind == "time":
        return notations.TIMES[notation](_day(rng, 2011, 2023))
    if kind == "national":
        return notations.national(notation, rng)
    if kind == "mail":
        return notations.mail(rng, *people(), fixed + row)
    if kind == "path":
        user = rng.choice(words.USERS)
        return words.PATHS[fixed % len(words.PATHS)].format(u=user)
    if kind == "text":
        return notations.sentence(rng, fixed + row)
    if kind == "record" and spelling.carrier == "key-table":
        forms = {
            "K": f"K{rng.randint(100, 999)}",
            "XY": f"XY-{rng.randint(1, 99):03}{rng.choice('abcd')}",
            "num": str(rng.randint(20000, 99999)),
            "init": f"{people()[1][:2].upper()}{rng.randint(10, 99)}",
            "hex": f"{rng.getrandbits(32):08x}",
            "mixed": f"{rng.choice('MFK')}{rng.randint(1, 99)}_{rng.randint(100, 999)}",
        }
        return forms[notation]
    makers = {
        "record": notations.record,
        "phone": notations.phone,
        "postcode": notations.postcode,
        "address": notations.address,
        "secret": notations.secret,
        "serial": notations.serial,
        "uid": notations.uid,
    }
    return makers[kind](rng, fixed if kind in CONSISTENT else fixed + row)


# --- files ---------------------------------------------------------------------------------------


def _column(
    spelling: Spelling, rng: random.Random, people: People
) -> tuple[str, list[str], list[str]]:
    """Return the name, the twelve cells and the planted values of a column."""
    if spelling.kind == "harmless":
        if spelling.notation.startswith("wrong-"):
            module = spelling.notation.removeprefix("wrong-")
            cells = [str(rng.randint(10**5, 10**6 - 1)) for _ in range(PEOPLE)]
            return f"{spelling.name}_{module[:2]}", cells, cells
        pool = words.HARMLESS[spelling.name].split()
        cells = [pool[i % len(pool)].replace("_noise", " noise") for i in range(PEOPLE)]
        parts = spelling.name.split("_")
        name = {
            "plain": spelling.name,
            "camel": parts[0] + "".join(p.title() for p in parts[1:]),
            "suffix": spelling.name + "_w2",
            "prefix": "task_" + spelling.name,
        }[spelling.notation]
        return name, cells, sorted(set(cells))
    if spelling.kind == "serial":
        few = [value(spelling, rng, people) for _ in range(3)]
        cells = [few[i % 3] for i in range(PEOPLE)]
        return spelling.name, cells, sorted(set(few))
    cells = [value(spelling, rng, people, row) for row in range(PEOPLE)]
    if spelling.kind == "text":
        cells = [c if row % 3 else "n/a" for row, c in enumerate(cells)]
        return spelling.name, cells, [c for c in cells if c != "n/a"]
    planted = [cells[i] for i in (0, 5, 9)] if spelling.kind == "age" else cells
    return spelling.name, cells, planted


def _write_tables(
    folder: Path, items: list[Spelling], rng: random.Random, people: People
) -> Iterator[Truth]:
    events = {
        "trial_type",
        "condition",
        "stimulus",
        "stim_file",
        "word",
        "cue",
        "emotion",
        "response",
        "block",
        "duration",
        "onset",
        "response_time",
        "trigger",
        "event_code",
        "sample",
        "frame",
        "keypress",
        "phase",
        "letter",
        "digit",
        "picture_name",
        "sentence_id",
        "jitter",
        "actor",
        "face_identity",
        "repetition",
        "md5",
        "sha1",
    }
    for number, start in enumerate(range(0, len(items), 3)):
        group = items[start : start + 3]
        in_events = [s for s in group if s.kind == "harmless" and s.name in events]
        rest = [s for s in group if s not in in_events]
        for part, chosen in (("events", in_events), ("rest", rest)):
            if not chosen:
                continue
            columns: dict[str, list[str]] = {}
            planted = []
            if part == "rest":
                columns["participant_id"] = [f"sub-{i + 1:02}" for i in range(PEOPLE)]
                name, mark = f"phenotype/form{number:02}.tsv", "\t"
                if number % 5 == 4:
                    name, mark = f"exports/form{number:02}.csv", ",;"[number % 2]
            else:
                columns["onset"] = [f"{i * 12.5}" for i in range(PEOPLE)]
                columns["duration"] = ["10"] * PEOPLE
                name, mark = f"sub-01/func/sub-01_task-t{number}_events.tsv", "\t"
            for spelling in chosen:
                column, cells, values = _column(spelling, rng, people)
                columns[column] = cells
                planted.append(Truth(spelling, name, column, values))
            stream = io.StringIO()
            writer = csv.writer(stream, delimiter=mark, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
            encoding = "utf-8-sig" if number % 11 == 7 else "utf-8"
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(stream.getvalue(), encoding=encoding)
            yield from planted


def _merge(content: dict[str, Any], more: dict[str, Any]) -> None:
    """Add keys to an object, those of inner objects and lists too."""
    for key, held in more.items():
        there = content.get(key)
        if isinstance(there, dict) and isinstance(held, dict):
            _merge(there, held)
        elif isinstance(there, list) and key == "items":
            there += held
        else:
            content[key] = held


def _write_sidecars(
    folder: Path, items: list[Spelling], rng: random.Random, people: People
) -> Iterator[Truth]:
    for number, start in enumerate(range(0, len(items), 2)):
        content: dict[str, Any] = {"EchoTime": 0.03, "RepetitionTime": 2.0, "TaskName": "rest"}
        sub = number % PEOPLE + 1
        name = f"sub-{sub:02}/func/sub-{sub:02}_task-k{number}_bold.json"
        for spelling in items[start : start + 2]:
            if spelling.kind == "harmless":
                held = words.HARMLESS_KEYS[spelling.name]
                planted, shape = (
                    [json.dumps(held)],
                    0 if spelling.notation == "top" else rng.choice((1, 3)),
                )
            else:
                text = value(spelling, rng, people)
                held, planted, shape = text, [text], rng.randrange(6)
                if spelling.kind in ("age",) and spelling.notation in ("whole", "decimal"):
                    held = float(text) if "." in text else int(text)
                if spelling.kind == "date" and spelling.notation in ("epoch", "excel", "epoch-ms"):
                    held = int(text)
            key = spelling.name
            nested: dict[str, Any] = {
                0: {key: held},
                1: {"global": {"const": {key: held}}},
                2: {key: [held]},
                3: {"items": [{"index": 1}, {"index": 2, key: held}]},
                4: {"patient": {key: held}},
                5: {"samples": {key: {"Value": held}}},
            }[shape]
            _merge(content, nested)
            yield Truth(spelling, name, key, planted)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(
            json.dumps(content, indent=1, ensure_ascii=number % 2 == 0), "utf-8"
        )


DOCX = (
    '<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/'
    'wordprocessingml/2006/main"><w:body>{}</w:body></w:document>'
)
SHEET = (
    '<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats.org/'
    'spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _text_file(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join(lines) + "\n"
    suffix = path.suffix
    if suffix == ".docx":
        with zipfile.ZipFile(path, "w") as made:
            made.writestr(
                "[Content_Types].xml",
                '<?xml version="1.0"?><Types xmlns="http://schemas.'
                'openxmlformats.org/package/2006/content-types"/>',
            )
            body = "".join(f"<w:p><w:r><w:t>{_escape(line)}</w:t></w:r></w:p>" for line in lines)
            made.writestr("word/document.xml", DOCX.format(body))
    elif suffix == ".xlsx":
        with zipfile.ZipFile(path, "w") as made:
            made.writestr(
                "[Content_Types].xml",
                '<?xml version="1.0"?><Types xmlns="http://schemas.'
                'openxmlformats.org/package/2006/content-types"/>',
            )
            rows = "".join(
                f'<row r="{i}"><c r="A{i}" t="inlineStr"><is><t>{_escape(line)}</t></is></c></row>'
                for i, line in enumerate(lines, 1)
            )
            made.writestr("xl/worksheets/sheet1.xml", SHEET.format(rows))
    elif suffix == ".ipynb":
        cells = [{"cell_type": "markdown", "metadata": {}, "source": lines}]
        path.write_text(
            json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
        )
    elif suffix == ".xml":
        path.write_text(
            "<log>" + "".join(f"<entry>{_escape(x)}</entry>" for x in lines) + "</log>", "utf-8"
        )
    elif suffix in (".py", ".sh", ".R", ".yml"):
        path.write_text("".join(f"# {line}\n" for line in lines), "utf-8")
    elif suffix in (".m", ".tex"):
        path.write_text("".join(f"% {line}\n" for line in lines), "utf-8")
    elif suffix == ".html":
        path.write_text(
            "<html><body>" + "".join(f"<p>{_escape(x)}</p>" for x in lines) + "</body></html>",
            "utf-8",
        )
    elif path.stem.endswith("utf16"):
        path.write_bytes(text.encode("utf-16"))
    elif path.stem.endswith("bom"):
        path.write_bytes(text.encode("utf-8-sig"))
    elif path.stem.endswith("latin"):
        try:
            path.write_bytes(text.encode("latin-1"))
        except UnicodeEncodeError:
            path.write_text(text, "utf-8")
    else:
        path.write_text(text, "utf-8")


def _write_texts(
    folder: Path, items: list[Spelling], rng: random.Random, people: People
) -> Iterator[Truth]:
    for number, spelling in enumerate(items):
        if spelling.kind == "harmless":
            name, line = spelling.notation.split("|")[0], spelling.name
            planted: list[str] = [line]
        else:
            text = value(spelling, rng, people)
            name = TEXT_FILES[(number + spelling.number) % len(TEXT_FILES)]
            planted, line = [text], spelling.name.format(text)
        around = rng.sample(words.HARMLESS_TEXTS, 2)
        if name == "Description" or (number % 9 == 8 and spelling.kind != "harmless"):
            path = f"sub-02/func/sub-02_task-d{number}_events.json"
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(
                json.dumps({"onset": {"Description": line, "Units": "s"}}), "utf-8"
            )
            yield Truth(spelling, path, "Description", planted)
            continue
        path = f"part{number:03}/{name}"
        _text_file(folder / path, [around[0], line, around[1]])
        yield Truth(spelling, path, "", planted)


def _write_file_names(
    folder: Path, items: list[Spelling], rng: random.Random, people: People
) -> Iterator[Truth]:
    for number, spelling in enumerate(items):
        text = re.sub(r"[/\\:*?<>|\"\s]+", "-_"[number % 2], value(spelling, rng, people)).strip(
            "-_."
        )
        name = f"names{number:02}/" + spelling.name.replace("~", " ").format(text)
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {"json": '{"EchoTime": 0.03}', "tsv": "index\tscore\n1\t5\n2\t7\n"}
        path.write_text(content.get(path.suffix[1:], "nothing here\n"))
        yield Truth(spelling, name, "", [text])


def _dicom_base(rng: random.Random, number: int) -> Dataset:
    ds = Dataset()
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    ds.SOPInstanceUID = f"1.2.826.0.1.3680043.10.{rng.randint(1, 10**9)}"
    ds.StudyInstanceUID = f"1.2.826.0.1.3680043.11.{rng.randint(1, 10**9)}"
    ds.SeriesInstanceUID = f"1.2.826.0.1.3680043.12.{rng.randint(1, 10**9)}"
    ds.Modality = "MR"
    ds.PatientID = f"sub-{number % PEOPLE + 1:02}"
    ds.PatientName = ""
    ds.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND"]
    rows, columns = rng.randint(5, 12), rng.randint(5, 12)
    ds.Rows, ds.Columns, ds.BitsAllocated, ds.BitsStored, ds.HighBit = rows, columns, 16, 12, 11
    ds.SamplesPerPixel, ds.PixelRepresentation = 1, 0
    ds.PhotometricInterpretation = "MONOCHROME2"
    made = np.random.default_rng(number).integers(0, 4096, (rows, columns))
    ds.PixelData = made.astype("<u2").tobytes()
    ds["PixelData"].VR = "OW"
    return ds


def _charset(text: str) -> str:
    codecs = {
        "ISO_IR 100": "latin-1",
        "ISO_IR 144": "iso8859_5",
        "ISO_IR 101": "iso8859_2",
        "GB18030": "gb18030",
    }
    for name in ("ISO_IR 100", "ISO_IR 144", "ISO_IR 101", "GB18030"):
        with contextlib.suppress(UnicodeEncodeError):
            text.encode(codecs[name])
            return name
    return "ISO_IR 192"


def _write_dicom(
    folder: Path, items: list[Spelling], rng: random.Random, people: People
) -> Iterator[Truth]:
    for number, spelling in enumerate(items):
        text = value(spelling, rng, people)
        place = spelling.name
        ds = _dicom_base(rng, number)
        compact = {"birth": "%Y%m%d", "date": "%Y%m%d"}
        leaf = place.rsplit(".", 1)[-1]
        try:
            vr = pydicom.datadict.dictionary_VR(leaf)
        except (KeyError, ValueError):
            vr = leaf
        if vr == "DA":
            text = _day(
                rng, *((1931, 2004) if spelling.kind == "birth" else (2011, 2023))
            ).strftime(compact["date"])
        elif vr == "DT":
            text = f"{_day(rng, 2011, 2023):%Y%m%d%H%M%S}"
        elif vr == "TM":
            text = f"{_day(rng, 2011, 2023):%H%M%S}.{rng.randint(1, 99999):06}"
        elif vr == "AS":
            text = f"{rng.randint(90, 104):03}Y"
        elif vr == "PN" and spelling.kind == "name":
            given, family = people()
            text = f"{family}^{given}"
        elif vr in ("SH", "CS"):
            text = text[:16].strip()
        elif vr == "LO":
            text = text[:64].strip()
        if "\\" in text and vr not in ("UT", "LT", "ST"):
            text = text.replace("\\", "/")
        ds.SpecificCharacterSet = _charset(text) if number % 2 else "ISO_IR 192"
        field_name = leaf
        if place.startswith("private."):
            block = ds.private_block(
                0x0029 + 2 * (number % 5), f"ACME MR {number % 7}", create=True
            )
            raw: Any = text.encode("utf-8") if leaf == "UN" else text
            block.add_new(0x10, leaf, raw)
            field_name = f"{0x0029 + 2 * (number % 5):04x},1010"
        elif place.startswith("ContentSequence."):
            inner = Dataset()
            inner.ValueType = "TEXT"
            inner.RelationshipType = "CONTAINS"
            setattr(inner, leaf, text)
            ds.ContentSequence = [inner]
            field_name = "ContentSequence"
        elif "." in place:
            inner = Dataset()
            setattr(inner, leaf, text)
            if place.startswith("OriginalAttributesSequence"):
                outer = Dataset()
                outer.ModifiedAttributesSequence = [inner]
                ds.OriginalAttributesSequence = [outer]
                field_name = "OriginalAttributesSequence"
            elif place.startswith("OtherPatient"):
                ds.OtherPatientIDsSequence = [inner]
                field_name = "OtherPatientIDsSequence"
            else:
                setattr(ds, place.split(".")[0], [inner])
                field_name = place.split(".")[0]
        else:
            setattr(ds, place, text)
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = ds.SOPClassUID
        meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        syntaxes = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian)
        meta.TransferSyntaxUID = syntaxes[number % 3]
        name = f"dicom/{number:03}{('.dcm', '', '.IMA')[number % 3]}"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        little, implicit = number % 3 != 2, number % 3 == 1
        if not little:
            ds.PixelData = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
        ds.file_meta, ds.preamble = meta, b"\0" * 128
        pydicom.dcmwrite(
            folder / name, ds, implicit_vr=implicit, little_endian=little, enforce_file_format=True
        )
        yield Truth(spelling, name, field_name, [text])


def _write_nifti(
    folder: Path, items: list[Spelling], rng: random.Random, people: People
) -> Iterator[Truth]:
    for number, spelling in enumerate(items):
        text = value(spelling, rng, people)
        size = {"descrip": 79, "aux_file": 23, "intent_name": 15, "db_name": 17}.get(spelling.name)
        if size is not None:
            text = text.encode()[:size].decode("utf-8", "ignore").strip()
        shape = (rng.randint(4, 9), rng.randint(4, 9), rng.randint(4, 9))
        data = np.random.default_rng(number).integers(-500, 3000, shape).astype(np.int16)
        image = nib.Nifti1Image(data, np.diag([1.0, 1.1, 1.2, 1.0]))
        if spelling.name == "extension":
            image.header.extensions.append(nib.nifti1.Nifti1Extension(6, text.encode()))
        elif size is not None:
            image.header[spelling.name] = text.encode()
        raw = image.to_bytes()
        if spelling.name == "trailing":
            raw += b"note: " + text.encode() + b"\n"
        name = f"sub-03/anat/sub-03_run-{number:02}_T1w.nii.gz"
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        inner = re.sub(r"[/\\]", "_", text) + ".nii" if spelling.name == "gzip-name" else ""
        with (
            path.open("wb") as stream,
            gzip.GzipFile(inner, "wb", fileobj=stream, mtime=0) as packed,
        ):
            packed.write(raw)
        if spelling.name == "gzip-name":
            text = inner
        yield Truth(spelling, name, "", [text])


def write_study(folder: Path, items: list[Spelling], seed: str) -> list[Truth]:
    """Write one data set with the spellings, and return what stands where."""
    rng, people = random.Random(seed), None
    people = People(rng)
    folder.mkdir(parents=True)
    (folder / "dataset_description.json").write_text(
        json.dumps(
            {
                "Name": "A study",
                "BIDSVersion": "1.9.0",
                "License": "CC0",
                "Authors": ["A. Lovelace"],
            }
        )
    )
    (folder / "participants.tsv").write_text(
        "participant_id\tgroup\tscore\n"
        + "".join(f"sub-{i + 1:02}\t{'ab'[i % 2]}\t{i % 5}\n" for i in range(PEOPLE))
    )
    by_carrier: dict[str, list[Spelling]] = defaultdict(list)
    for spelling in items:
        by_carrier[spelling.carrier].append(spelling)
    truths: list[Truth] = []
    tables = by_carrier["column"] + by_carrier["key-table"]
    # A column name may stand once in a table.
    tables.sort(key=lambda s: hashlib.sha256(repr(s).encode()).digest())
    truths += _write_tables(folder, tables, rng, people)
    truths += _write_sidecars(folder, by_carrier["key"], rng, people)
    truths += _write_texts(folder, by_carrier["line"] + by_carrier["silent-line"], rng, people)
    truths += _write_file_names(folder, by_carrier["file-name"], rng, people)
    truths += _write_dicom(folder, by_carrier["dicom"], rng, people)
    truths += _write_nifti(folder, by_carrier["nifti"], rng, people)
    return truths


def studies(half: str, per_study: int = 90) -> list[list[Spelling]]:
    """Return the spellings of a half, mixed and dealt into data sets."""
    chosen = [s for s in spellings() if s.half == half]
    chosen.sort(key=lambda s: hashlib.sha256(f"deal {s}".encode()).digest())
    return [chosen[i : i + per_study] for i in range(0, len(chosen), per_study)]


# --- measuring -----------------------------------------------------------------------------------

REPORTED = ("direct identifier", "quasi-identifier", "technical link")


@dataclass
class Result:
    """What came of one planted thing."""

    study: str
    truth: Truth
    found: bool = False
    kinds: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    destroyed: int = 0
    left_out: bool = False
    unread: bool = False


@dataclass
class Measured:
    """What came of one data set."""

    results: list[Result]
    others: list[tuple[str, str, str]]
    files: int
    voxels_changed: list[str]
    images: int
    exit_code: int
    console: str


def _matches(truth: Truth, found_field: str) -> bool:
    if truth.spelling.carrier in ("column", "key-table"):
        return re.sub(r", (line|lines|row) .*$", "", found_field).strip() == truth.field
    if truth.spelling.carrier == "key":
        return truth.field.casefold() in found_field.casefold()
    if truth.spelling.carrier == "dicom":
        if "," in truth.field:
            return f"group {truth.field[:4].upper()}" in found_field
        tag = pydicom.tag.Tag(truth.field)
        return f"({tag.group:04X},{tag.element:04X})" in found_field
    return True


def _texts(path: Path) -> Iterator[bytes]:
    raw = path.read_bytes()
    yield raw
    if raw[:2] == b"\x1f\x8b":
        yield gzip.decompress(raw)
    if raw[:2] == b"PK":
        with zipfile.ZipFile(path) as packed:
            for name in packed.namelist():
                yield packed.read(name)


def _spelt(text: str) -> set[bytes]:
    forms = {json.dumps(text)[1:-1].encode(), json.dumps(text, ensure_ascii=False)[1:-1].encode()}
    for codec in ("utf-8", "latin-1", "utf-16-le", "gb18030", "iso8859_5", "iso8859_2"):
        with contextlib.suppress(UnicodeEncodeError):
            forms.add(text.encode(codec))
    forms.add(_escape(text).encode())
    return forms


def _cells(path: Path, column: str) -> list[str] | None:
    text = path.read_bytes().decode("utf-8-sig")
    mark = "\t" if path.suffix == ".tsv" else (";" if ";" in text.splitlines()[0] else ",")
    rows = list(csv.reader(io.StringIO(text), delimiter=mark))
    if column not in rows[0]:
        return None
    place = rows[0].index(column)
    return [row[place] for row in rows[1:]]


def _held(node: Any, key: str) -> Iterator[Any]:
    if isinstance(node, dict):
        for name, inner in node.items():
            if name == key:
                yield inner
            yield from _held(inner, key)
    elif isinstance(node, list):
        for inner in node:
            yield from _held(inner, key)


def _destroyed(truth: Truth, source: Path, copy: Path) -> int:
    carrier = truth.spelling.carrier
    if carrier == "column":
        before, after = _cells(source, truth.field), _cells(copy, truth.field)
        assert before is not None
        if after is None or len(after) != len(before):
            return len(before)
        return sum(a != b for a, b in zip(before, after, strict=True))
    if carrier == "key":
        before_keys = list(_held(json.loads(source.read_text("utf-8")), truth.field))
        return int(before_keys != list(_held(json.loads(copy.read_text("utf-8")), truth.field)))
    line = truth.values[0]
    return int(
        any(f in t for t in _texts(source) for f in _spelt(line))
        and not any(f in t for t in _texts(copy) for f in _spelt(line))
    )


def _same_voxels(source: Path, copy: Path) -> bool:
    if source.name.endswith(".nii.gz"):
        before, after = nib.load(source), nib.load(copy)
        return bool(np.array_equal(before.dataobj, after.dataobj)) and bool(
            np.allclose(before.affine, after.affine)
        )
    return bool(pydicom.dcmread(source).PixelData == pydicom.dcmread(copy).PixelData)


Call = Callable[[list[str]], tuple[int, str]]


def command_line(command: Sequence[str]) -> Call:
    """Return what runs headrisk by a command of its own, and gives its exit code and words."""

    def call(arguments: list[str]) -> tuple[int, str]:
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    return call


def in_process(arguments: list[str]) -> tuple[int, str]:
    """Run headrisk in this process."""
    from headrisk.cli.main import main as headrisk

    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = headrisk(arguments)
    return code, said.getvalue()


def measure(name: str, items: list[Spelling], folder: Path, call: Call) -> Measured:
    """Write a data set, look through and clean it, and say what came of every planted thing."""
    data, out, copy = folder / name / "data", folder / name / "out", folder / name / "copy"
    truths = write_study(data, items, name)
    before = _digests(data)
    code, said = call(["metadata", str(data), str(out), "--fix", str(copy), "--seed", "1"])
    assert before == _digests(data), "the source was touched"
    assert (out / "internal" / "metadata.tsv").exists(), f"{name}: exit code {code}\n{said}"
    return _judge(name, truths, data, out, copy, code, said, len(before))


def _digests(folder: Path) -> dict[Path, bytes]:
    return {p: hashlib.sha256(p.read_bytes()).digest() for p in folder.rglob("*") if p.is_file()}


def _judge(
    name: str,
    truths: list[Truth],
    data: Path,
    out: Path,
    copy: Path,
    code: int,
    console: str,
    files: int,
) -> Measured:
    with (out / "internal" / "metadata.tsv").open(encoding="utf-8", newline="") as stream:
        found = [
            r for r in csv.DictReader(stream, delimiter="\t") if r["kind"] != "rare-combination"
        ]
    with (out / "internal" / "copy.tsv").open(encoding="utf-8", newline="") as stream:
        copied = {r["file"]: r["copy"] for r in csv.DictReader(stream, delimiter="\t") if r["copy"]}
    with (out / "internal" / "unread.tsv").open(encoding="utf-8", newline="") as stream:
        unread = {r["file"] for r in csv.DictReader(stream, delimiter="\t")}
    blobs = [t for p in sorted(copy.rglob("*")) if p.is_file() for t in _texts(p)]
    names = "\n".join(str(p.relative_to(copy)) for p in copy.rglob("*")).encode()
    everything = b"\n\0".join([*blobs, names])
    by_file = defaultdict(list)
    real = sorted(str(p.relative_to(data)) for p in data.rglob("*") if p.is_file())
    for row in found:
        by_file[_real_name(row["file"], real)].append(row)
    copied = {_real_name(file, real): target for file, target in copied.items()}
    results: list[Result] = []
    used: set[int] = set()
    for truth in truths:
        result = Result(name, truth)
        hits = [r for r in by_file[truth.file] if _matches(truth, r["field"])]
        used.update(id(r) for r in hits)
        result.kinds = tuple(sorted({f"{r['kind']}" for r in hits}))
        result.found = any(r["severity"] in REPORTED for r in hits)
        target = copied.get(truth.file)
        result.left_out = target is None
        result.unread = truth.file in unread
        if truth.severity == "harmless":
            result.found = any(r["severity"] in REPORTED for r in hits)
            result.destroyed = _destroyed(truth, data / truth.file, copy / target) if target else 0
        else:
            result.left = tuple(_left(truth, copy / target if target else None, everything))
        results.append(result)
    others = [
        (r["kind"], r["file"], r["field"])
        for r in found
        if id(r) not in used and not r["file"].startswith("dicom/")
    ]
    images = [t for t in truths if t.spelling.carrier in ("dicom", "nifti") and t.file in copied]
    changed = [t.file for t in images if not _same_voxels(data / t.file, copy / copied[t.file])]
    return Measured(results, others, files, changed, len(images), code, console)


def _real_name(shown: str, names: list[str]) -> str:
    """Return the file of a name that may be shown with identifying stretches masked."""
    if shown in names or "\u2026" not in shown:
        return shown
    parts = re.split(r"\[?.?\u2026 \(\d+ characters\)\]?", shown)
    pattern = re.compile(".+".join(map(re.escape, parts)))
    fitting = [n for n in names if pattern.fullmatch(n)]
    return fitting[0] if fitting else shown


def _left(truth: Truth, copy: Path | None, everything: bytes) -> Iterator[str]:
    """Yield the planted values that still stand in the copy."""
    for text in truth.values:
        short = len(text.encode()) < 6 or truth.spelling.kind in ("time", "age", "postcode", "text")
        if not short:
            if any(f in everything for f in _spelt(text)):
                yield text
        elif copy is None:
            continue
        elif truth.spelling.carrier in ("column", "key-table"):
            if text in (_cells(copy, truth.field) or []):
                yield text
        elif truth.spelling.carrier == "key":
            held = json.dumps(list(_held(json.loads(copy.read_text("utf-8")), truth.field)))
            if re.search(rf"(?<![\d.]){re.escape(json.dumps(text)[1:-1])}(?![\d.])", held):
                yield text
        elif truth.spelling.carrier in ("line", "silent-line"):
            line = truth.spelling.name.format(text)
            if any(f in t for t in _texts(copy) for f in _spelt(line)):
                yield text


def summary(all_measured: list[Measured]) -> str:
    """Return the figures of a half as text."""
    results = [r for m in all_measured for r in m.results]
    rows = []
    by_kind: dict[tuple[str, str], list[Result]] = defaultdict(list)
    for result in results:
        if result.truth.severity == "harmless":
            continue
        kind = result.truth.spelling.kind
        silent = result.truth.spelling.carrier in ("silent-line", "file-name")
        by_kind[result.truth.severity, kind].append(result)
        by_kind[result.truth.severity, "(all)"].append(result)
        place = "silent text, file names" if silent else result.truth.spelling.carrier
        by_kind["by carrier", f"{result.truth.severity} {place}"].append(result)
        if kind == "name":
            by_kind["names", place].append(result)
    for (severity, kind), group in sorted(by_kind.items()):
        hit = sum(r.found for r in group)
        left = sum(bool(r.left) for r in group)
        left_found = sum(bool(r.left) and r.found for r in group)
        told = sum(not r.found and (r.unread or r.left_out) for r in group)
        rows.append(
            f"{severity:10} {kind:38} {len(group):5} found {hit:5} {hit / len(group):6.1%}  "
            f"left in copy {left:3} ({left_found} though found); missed in files left out {told}"
        )
    harmless = [r for r in results if r.truth.severity == "harmless"]
    files = sum(m.files for m in all_measured)
    false = sum(r.found for r in harmless)
    rows.append(
        f"harmless {len(harmless)}: found by mistake {false}, cells destroyed "
        f"{sum(r.destroyed for r in harmless)}, left out {sum(r.left_out for r in harmless)}; "
        f"false per 100 of {files} files: {100 * false / files:.2f}; "
        f"other findings {sum(len(m.others) for m in all_measured)}"
    )
    rows.append(
        f"images compared {sum(m.images for m in all_measured)}, with changed voxels "
        f"{sum(len(m.voxels_changed) for m in all_measured)}"
    )
    rows.append(f"exit codes {dict(Counter(m.exit_code for m in all_measured))}")
    return "\n".join(rows)


def details(all_measured: list[Measured]) -> Iterator[str]:
    """Yield one line for each thing that went wrong."""
    for measured in all_measured:
        for r in measured.results:
            s = r.truth.spelling
            place = f"{r.study}\t{r.truth.file}\t{s.kind}\t{s.carrier}\t{s.name}\t{s.notation}"
            if r.truth.severity == "harmless":
                if r.found or r.destroyed:
                    yield f"FALSE\t{place}\t{r.kinds}\tdestroyed {r.destroyed}\t{r.truth.values[:2]}"
            elif not r.found:
                yield f"{'UNREAD' if r.left_out else 'MISSED'}\t{place}\t{r.truth.field}\t{r.truth.values[:3]}\t{r.kinds}"
            elif r.left:
                yield f"LEFT\t{place}\t{r.truth.field}\t{r.left[:3]}\t{r.kinds}"
        for other in measured.others:
            yield f"OTHER\t{other}"
        for file in measured.voxels_changed:
            yield f"VOXELS\t{file}"


_RUN = "from headrisk.cli.main import run; run()"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--half", choices=("A", "B"), required=True)
    parser.add_argument("--per-study", type=int, default=180)
    parser.add_argument("--details", type=Path)
    parser.add_argument("--command", nargs="+", default=[sys.executable, "-c", _RUN])
    args = parser.parse_args()
    measured = [
        measure(f"{args.half}{i}", items, args.folder, command_line(args.command))
        for i, items in enumerate(studies(args.half, args.per_study))
    ]
    print(summary(measured))
    if args.details:
        args.details.write_text("\n".join(details(measured)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
