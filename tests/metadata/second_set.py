"""A second set of planted identifiers, written without sight of the rules or of the first set.

About 110 files in the shape of public BIDS data sets. ``build(folder, plant=True)`` writes
the set with identifiers in it and returns them; ``plant=False`` writes the same set with
harmless text in the same places, so that every finding there is a false alarm.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SUBJECTS = [f"{number:02d}" for number in range(1, 13)]


@dataclass(frozen=True)
class Planted:
    """One identifier: its kind, the file, a part of the field's name, what must not remain."""

    kind: str
    file: str
    field: str
    value: str
    beyond: bool = False  # in a file format that head MRI data seldom hold


@dataclass
class Builder:
    root: Path
    plant: bool
    planted: list[Planted] = field(default_factory=list)

    def p(
        self, kind: str, file: str, where: str, value: str, harmless: Any = "", **how: bool
    ) -> Any:
        """The identifier if this set is planted, else the harmless value in its place."""
        if not self.plant:
            return harmless
        secret = value.split("«")[-1].split("»")[0]
        self.planted.append(Planted(kind, file, where, secret, **how))
        return value.replace("«", "").replace("»", "")

    def write(self, file: str, content: bytes | str) -> None:
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def json(self, file: str, content: dict[str, Any]) -> None:
        kept = {key: value for key, value in content.items() if value not in (None, "")}
        self.write(file, json.dumps(kept, indent=2, ensure_ascii=False) + "\n")

    def tsv(self, file: str, rows: list[list[str]]) -> None:
        self.write(file, "".join("\t".join(row) + "\n" for row in rows))


def packed(content: bytes) -> bytes:
    """Gzip without name and time."""
    return gzip.compress(content, mtime=0)


def scanner_t1w() -> dict[str, Any]:
    """What dcm2niix leaves in a sidecar when told to leave out personal details."""
    return {
        "Modality": "MR",
        "MagneticFieldStrength": 3,
        "Manufacturer": "Siemens",
        "ManufacturersModelName": "Prisma_fit",
        "BodyPartExamined": "BRAIN",
        "PatientPosition": "HFS",
        "SoftwareVersions": "syngo MR E11",
        "MRAcquisitionType": "3D",
        "SeriesDescription": "T1w_MPR",
        "ProtocolName": "T1w_MPR",
        "ScanningSequence": "GR\\IR",
        "SequenceVariant": "SK\\SP\\MP",
        "ScanOptions": "IR\\WE",
        "SequenceName": "*tfl3d1_16ns",
        "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND", "NORM"],
        "SeriesNumber": 3,
        "AcquisitionNumber": 1,
        "SliceThickness": 0.8,
        "EchoTime": 0.00222,
        "RepetitionTime": 2.5,
        "InversionTime": 1,
        "FlipAngle": 8,
        "PartialFourier": 1,
        "BaseResolution": 320,
        "ReceiveCoilName": "Head_32",
        "ReceiveCoilActiveElements": "HEA;HEP",
        "PulseSequenceDetails": "%SiemensSeq%\\tfl",
        "CoilCombinationMethod": "Adaptive Combine",
        "ConsistencyInfo": "N4_VE11E_LATEST_20181129",
        "PercentPhaseFOV": 93.75,
        "ParallelReductionFactorInPlane": 2,
        "PixelBandwidth": 220,
        "DwellTime": 7.1e-06,
        "ImageOrientationPatientDICOM": [0, 1, 0, 0, 0, -1],
        "ImageOrientationText": "Sag",
        "InPlanePhaseEncodingDirectionDICOM": "ROW",
        "ConversionSoftware": "dcm2niix",
        "ConversionSoftwareVersion": "v1.0.20211006  GCC7.3.0",
    }


def scanner_bold() -> dict[str, Any]:
    return {
        "Modality": "MR",
        "MagneticFieldStrength": 3,
        "Manufacturer": "Philips",
        "ManufacturersModelName": "Achieva dStream",
        "SeriesDescription": "WIP fMRI_rest SENSE",
        "ProtocolName": "WIP fMRI_rest SENSE",
        "SequenceName": "epse2d1_86",
        "EchoTime": 0.03,
        "RepetitionTime": 2.0,
        "FlipAngle": 77,
        "SliceTiming": [round(0.0625 * (i * 7 % 32), 4) for i in range(32)],
        "EffectiveEchoSpacing": 0.000569995,
        "TotalReadoutTime": 0.0484496,
        "PhaseEncodingDirection": "j-",
        "TaskName": "Stroop",
        "TaskDescription": "Colour words after Stroop (1935), button box in the right hand",
        "Instructions": "Lie still, look at the cross and name the colour, not the word.",
        "CogAtlasID": "https://www.cognitiveatlas.org/task/id/trm_4c8991fadfe01/",
        "B0FieldSource": "pepolar_b0s",
    }


def top_level(b: Builder) -> None:
    source = b.p(
        "home folder",
        "dataset_description.json",
        "SourceDatasets",
        "file:///home/«mlaaksonen»/ucl_backup",
        "https://openneuro.org/datasets/ds000117",
    )
    b.json(
        "dataset_description.json",
        {
            "Name": "Colour naming and rest at 3 T",
            "BIDSVersion": "1.9.0",
            "DatasetType": "raw",
            "Authors": ["Daniel G Wakeman", "Henson, RN", "Sigrid Öhman"],
            "License": "CC0",
            "Acknowledgements": "We thank Andre van der Kouwe (Martinos Center) for the sequence.",
            "Funding": ["UK Medical Research Council (MC_A060_5PR10)"],
            "EthicsApprovals": ["Ethics Committee of Copenhagen, protocol H-KF-2006-20"],
            "ReferencesAndLinks": ["https://www.ncbi.nlm.nih.gov/pubmed/25977808"],
            "DatasetDOI": "doi:10.18112/openneuro.ds004332.v1.0.2",
            "SourceDatasets": [{"URL": source}],
        },
    )
    b.write(
        "README",
        "# Colour naming and rest\n\nHealthy adults were recruited by advertisement. "
        "Wakeman, D.G. & Henson, R.N. (2010). Effective connectivity. Frontiers. "
        "doi:10.3389/conf.fnins.2010.06.00404\n\nDefacing was done with pydeface 2.0.0.\n\n"
        "Atlases: Desikan-Killiany, Schaefer 2018. Version 20181129 of the protocol.\n\n"
        + b.p(
            "name in README",
            "README",
            "",
            "sub-05 («Katri Niemelä») asked to be left out.",
            "sub-05 has no second session.",
        )
        + "\n",
    )
    b.write(
        "CHANGES",
        "1.0.2 2022-11-30\n  - Added all subjects\n  - "
        + b.p(
            "name in CHANGES",
            "CHANGES",
            "",
            "Removed run 2 of Mr. «Dombrowski»",
            "Removed run 2 of sub-07",
        )
        + "\n1.0.0 2022-11-09\n  - Initial release\n",
    )
    b.write("LICENSE", "CC0 1.0 Universal. No Copyright.\n")
    b.write(".bidsignore", "*_ignore.tsv\n")
    b.json(
        "participants.json",
        {
            "group": {"Description": "Group", "Levels": {"c": "control", "p": "patient"}},
            "handedness": {"Description": "Edinburgh Handedness Inventory (Oldfield 1971)"},
        },
    )
    b.json(
        "task-stroop_events.json",
        {
            "response": {"Description": "Key pressed", "Levels": {"r": "red", "b": "blue"}},
            "trial_type": {
                "Description": "Kind of trial",
                "HED": "Sensory-event, Visual-presentation",
            },
        },
    )
    file = "participants.tsv"
    notes = b.p("name in free text column", file, "notes", "prefers to be called «Urpo»", "n/a")
    born = b.p("date of birth column", file, "date_of_birth", "1961-04-03", "")
    rows = [["participant_id", "sex", "group", "handedness", "notes"]]
    if born:
        rows[0] += ["date_of_birth", "age", "zip", "email", "first_name", "hospital_no"]
    for i, subject in enumerate(SUBJECTS):
        row = [f"sub-{subject}", "FM"[i % 2], "c", "right", notes if i == 7 else "n/a"]
        if born:
            row += [
                born if i == 2 else f"19{60 + i}-0{1 + i % 9}-1{i % 9}",
                str(30 + i),
                f"79{100 + i}",
                "n/a",
                f"Nimi{i}",
                f"H{55210 + 17 * i}",
            ]
        rows.append(row)
    if b.plant:
        rows[4][6] = b.p("age of 89 and over", file, "age", "94")
        rows[5][7] = b.p("postcode column", file, "zip", "20521")
        rows[6][8] = b.p("e-mail address", file, "email", "irma.saarela@posti-esimerkki.fi")
        rows[7][9] = b.p("first name column", file, "first_name", "Wolfgang")
        rows[8][10] = b.p("hospital number column", file, "hospital_no", "H7719820")
    b.tsv(file, rows)
    b.tsv(
        "phenotype/bdi.tsv",
        [["participant_id", "bdi_total", "bdi_q1", "bdi_q2"]]
        + [[f"sub-{s}", str(i % 5 + 3), str(i % 3), str(i % 2)] for i, s in enumerate(SUBJECTS)],
    )
    b.json(
        "phenotype/bdi.json",
        {
            "MeasurementToolMetadata": {
                "Description": "Beck Depression Inventory II",
                "TermURL": "https://www.cognitiveatlas.org/trm_55a6a8e81b7f4",
            },
            "bdi_total": {"LongName": "BDI total (question ID 140032)", "Description": "0 to 63"},
        },
    )
    if b.plant:
        f = "phenotype/interview.tsv"
        b.tsv(
            f,
            [
                ["participant_id", "assessment_date", "free_text", "employer", "city"],
                [
                    "sub-01",
                    b.p("assessment date column", f, "assessment_date", "14.03.2019"),
                    "n/a",
                    "n/a",
                    "n/a",
                ],
                [
                    "sub-02",
                    "n/a",
                    b.p("telephone number", f, "free_text", "call her on «040 512 3388» after six"),
                    "n/a",
                    "n/a",
                ],
                [
                    "sub-03",
                    "n/a",
                    "n/a",
                    b.p("employer column", f, "employer", "Meyer Turku Oy"),
                    "n/a",
                ],
                [
                    "sub-04",
                    "n/a",
                    "n/a",
                    "n/a",
                    b.p("place of residence column", f, "city", "Kustavi"),
                ],
            ],
        )


T1W_FIELDS: dict[str, list[tuple[str, str, Any]]] = {
    "01": [
        ("patient name key", "PatientName", "Laaksonen^Aino-Kaisa"),
        ("birth date key", "PatientBirthDate", "19470923"),
        ("patient id key", "PatientID", "TYKS-0048213"),
        ("acquisition date-time key", "AcquisitionDateTime", "2019-03-14T13:12:11.402500"),
    ],
    "02": [
        ("device serial number key", "DeviceSerialNumber", "66044"),
        ("station name key", "StationName", "AWP66044"),
        ("institution name key", "InstitutionName", "Turku University Hospital"),
        ("institution address key", "InstitutionAddress", "Kiinamyllynkatu 4-8,Turku,FI,20520"),
        ("operator key", "OperatorsName", "shakala"),
    ],
    "03": [
        ("referring physician key", "ReferringPhysicianName", "Dr. Salmela"),
        ("accession number key", "AccessionNumber", "RAD2019-118273"),
        (
            "series UID key",
            "SeriesInstanceUID",
            "1.3.12.2.1107.5.2.43.66044.2019031413114577712345.0.0.0",
        ),
        ("acquisition time key", "AcquisitionTime", "13:12:11.402500"),
    ],
    "04": [
        ("name in a description", "SeriesDescription", "t1_mprage_«Virtanen_Matti»"),
        ("record number in protocol name", "ProtocolName", "Brain_MRN«00482137»"),
        ("free text with a birth date", "ProcedureStepDescription", "MK aivot, s. «23.9.1947»"),
    ],
    "05": [
        ("telephone number", "ImageComments", "Rueckruf +49 «761 203 55512»"),
        ("Chinese romanised name", "SeriesDescription", "«zhang wei» t1 run2"),
        ("German name", "ProtocolName", "MPRAGE Jürgen «Großkopf»"),
    ],
    "06": [
        ("Finnish personal identity code", "ImageComments", "hetu «131052-308T»"),
        ("German address", "Comment", "«Hauptstraße 17», 79104 Freiburg"),
        ("date in protocol name", "ProtocolName", "T1w_MPR_«20190326»"),
    ],
    "07": [
        ("UK NHS number", "Comment", "NHS «943 476 5919»"),
        ("US social security number", "ImageComments", "SSN «078-05-1120»"),
        ("local key for a birth date", "Geburtsdatum", "03.04.1961"),
    ],
    "08": [
        ("passport number", "Comment", "passport «C01X00T47»"),
        ("Chinese resident identity number", "ImageComments", "11010519491231002X"),
        ("home folder", "InputPath", "C:\\Users\\«anna.schmidt»\\Desktop\\dicom"),
    ],
    "09": [
        ("date written out", "Comment", "seen on «3. huhtikuuta 2018»"),
        ("date written out", "ImageComments", "repeat of «April 3rd, 2018»"),
        ("local key for a name", "patient_surname", "Kowalczyk"),
    ],
    "10": [
        ("date with a month name", "SeriesDescription", "T1w «03-APR-2018»"),
        ("Swedish personal identity number", "Comment", "pnr «811218-9876»"),
        ("e-mail address", "ImageComments", "pdf to «p.korhonen@klinikka.example»"),
    ],
    "11": [
        ("age of 89 and over", "PatientAge", "093Y"),
        ("patient comments key", "PatientComments", "claustrophobic"),
        ("weight key", "PatientWeight", "71.35"),
    ],
    "12": [
        ("geographic position", "Comment", "home at «60.45148, 22.26869»"),
        ("computer name", "HostName", "tykslab03.utu.example"),
        ("insurance number", "ImageComments", "Versichertennummer «A123456780»"),
    ],
}


def sidecars(b: Builder) -> None:
    for subject in SUBJECTS:
        file = f"sub-{subject}/anat/sub-{subject}_T1w.json"
        content = scanner_t1w()
        for kind, key, value in T1W_FIELDS[subject]:
            content[key] = b.p(kind, file, key, value, content.get(key, ""))
        b.json(file, content)
        file = f"sub-{subject}/func/sub-{subject}_task-stroop_bold.json"
        content = scanner_bold()
        bold_extras(b, subject, file, content)
        b.json(file, content)


def bold_extras(b: Builder, subject: str, file: str, content: dict[str, Any]) -> None:
    """Nested values, lists, numbers, and harmless keys with telling content."""
    if subject == "01":
        content["Provenance"] = {
            "Tool": {
                "Version": "0.9.6",
                "Contact": b.p(
                    "nested e-mail address", file, "Contact", "s.hakala@tyks.example", "n/a"
                ),
            }
        }
        content["Notes"] = [
            "ok",
            b.p("name in a list", file, "Notes", "patient «Großmann» coughed", "moved a little"),
        ]
    elif subject == "02":
        content["global"] = {
            "const": {
                "EchoTime": 30.0,
                "PatientName": b.p(
                    "nested patient name", file, "PatientName", "OKONKWO^RUTH", "n/a"
                ),
            }
        }
        content["VisitDay"] = int(b.p("date as a number", file, "VisitDay", "20190317", 2))
    elif subject == "03":
        content["CreatedAt"] = int(b.p("seconds since 1970", file, "CreatedAt", "1552569131", 0))
        content["TaskDescription"] = b.p(
            "birth date in free text",
            file,
            "TaskDescription",
            "Stroop, participant born «3.4.1961»",
            content["TaskDescription"],
        )
    elif subject == "04":
        content["Instructions"] = b.p(
            "form of address with a name",
            file,
            "Instructions",
            "Instructions were read to Mrs. «Haapasalo» in Finnish.",
            content["Instructions"],
        )
        content["StudyInstanceUID"] = b.p(
            "study UID key",
            file,
            "StudyInstanceUID",
            "1.2.276.0.7230010.3.1.2.8323329.77123.1552569131.9321",
            "",
        )
    elif subject == "05":
        content["PerformedProcedureStepStartDate"] = b.p(
            "procedure date key", file, "PerformedProcedureStepStartDate", "20190318", ""
        )
        content["TaskDescription"] = b.p(
            "date and time in free text",
            file,
            "TaskDescription",
            "Stroop; restarted «2019-03-18T11:22»",
            content["TaskDescription"],
        )
    elif subject == "06":
        content["Operator"] = b.p("local key for an operator", file, "Operator", "J. Peltola", "")
        content["ScanDate"] = b.p("local key for a date", file, "ScanDate", "18/03/2019", "")
    elif subject == "07":
        content["SeriesDescription"] = b.p(
            "name in a description",
            file,
            "SeriesDescription",
            "fMRI «SALONEN^HEIKKI»",
            content["SeriesDescription"],
        )


def tables(b: Builder) -> None:
    for i, subject in enumerate(SUBJECTS):
        file = f"sub-{subject}/sub-{subject}_scans.tsv"
        time = (
            b.p("scan date column", file, "acq_time", "2019-03-14T13:12:11", "1880-01-10T05:17:54")
            if i == 0
            else "1880-01-10T05:17:54"
        )
        remark = (
            b.p("name in a scans table", file, "comments", "redo, «Peltonen» sneezed", "good")
            if i == 1
            else "good"
        )
        b.tsv(
            file,
            [
                ["filename", "acq_time", "comments"],
                [f"anat/sub-{subject}_T1w.nii.gz", time, "good"],
                [f"func/sub-{subject}_task-stroop_bold.nii.gz", "1880-01-10T05:22:54", remark],
            ],
        )
        file = f"sub-{subject}/func/sub-{subject}_task-stroop_events.tsv"
        answer = {
            0: ("name in an answer", "I am «Heikki Salonen»"),
            1: ("e-mail address", "h.salonen@posti.example"),
            2: ("telephone number", "09 5053 3441"),
        }.get(i)
        said = b.p(answer[0], file, "response_text", answer[1], "red") if answer else "red"
        b.tsv(
            file,
            [
                ["onset", "duration", "trial_type", "response_text", "stim_file"],
                ["24.3065", "1", "congruent", "red", "images/word-red_color-red.jpg"],
                ["25.9465", "1", "incongruent", said, "images/word-red_color-blue.jpg"],
            ],
        )
    file = "sub-01/sub-01_sessions.tsv"
    b.tsv(
        file,
        [
            ["session_id", "pathology", "acq_time"],
            [
                "ses-1",
                "healthy",
                b.p("session date column", file, "acq_time", "2019-03-15T08:00:00", "n/a"),
            ],
        ],
    )
    file = "sub-01/func/sub-01_task-stroop_physio.tsv.gz"
    line = b.p("header line of a physio table", file, "", "# Subject: R. «Adeyemi»", "")
    b.write(file, packed(((line + "\n" if line else "") + "0.1\t0.2\n0.3\t0.4\n").encode()))
    b.json(
        "sub-01/func/sub-01_task-stroop_physio.json",
        {"SamplingFrequency": 100.0, "StartTime": -22.345, "Columns": ["cardiac", "respiratory"]},
    )
