"""A BIDS data set of 100 files as a careful custodian would share it.

Fields and their forms are those that dcm2niix writes for Siemens, GE and Philips scanners and that
public data sets carry; what names a person, a device, a place or a session has been left out.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

SIEMENS: dict[str, Any] = {
    "Modality": "MR",
    "MagneticFieldStrength": 3,
    "ImagingFrequency": 123.249,
    "Manufacturer": "Siemens",
    "ManufacturersModelName": "Prisma_fit",
    "BodyPartExamined": "BRAIN",
    "PatientPosition": "HFS",
    "ProcedureStepDescription": "HEAD^ROUTINE",
    "SoftwareVersions": "syngo MR E11",
    "MRAcquisitionType": "3D",
    "SeriesDescription": "T1w_MPR",
    "ProtocolName": "T1w_MPR",
    "ScanningSequence": "GR\\IR",
    "SequenceVariant": "SK\\SP\\MP",
    "ScanOptions": "IR\\WE",
    "SequenceName": "*tfl3d1_16ns",
    "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND", "NORM"],
    "NonlinearGradientCorrection": False,
    "SeriesNumber": 3,
    "AcquisitionNumber": 1,
    "SliceThickness": 0.8,
    "SAR": 0.042424,
    "EchoTime": 0.00222,
    "RepetitionTime": 2.5,
    "InversionTime": 1,
    "FlipAngle": 8,
    "BaseResolution": 320,
    "ReceiveCoilName": "Head_32",
    "ReceiveCoilActiveElements": "HEA;HEP",
    "CoilString": "t:HEA;HEP",
    "PulseSequenceDetails": "%SiemensSeq%\\tfl",
    "CoilCombinationMethod": "Adaptive Combine",
    "ConsistencyInfo": "N4_VE11E_LATEST_20181129",
    "MatrixCoilMode": "GRAPPA",
    "DwellTime": 7.1e-06,
    "ImageOrientationPatientDICOM": [0, 1, 0, 0, 0, -1],
    "ImageOrientationText": "Sag>Cor(-2.7)>Tra(1.3)",
    "InPlanePhaseEncodingDirectionDICOM": "ROW",
    "BidsGuess": ["anat", "_acq-tfl3_run-3_T1w"],
    "ConversionSoftware": "dcm2niix",
    "ConversionSoftwareVersion": "v1.0.20211006  (JP2:OpenJPEG) (JP-LS:CharLS) GCC9.3.0",
    "WipMemBlock": "ca5ed2d0-83d5-4fdd-9d6e-4c9b0e51b7d1||Sequence: R016 ve11c/master r/9cf29dff",
}
GE: dict[str, Any] = {
    "Modality": "MR",
    "MagneticFieldStrength": 3,
    "ImagingFrequency": 127.697,
    "Manufacturer": "GE",
    "PulseSequenceName": "epiRT",
    "InternalPulseSequenceName": "EPI",
    "ManufacturersModelName": "DISCOVERY MR750",
    "PatientPosition": "HFS",
    "SoftwareVersions": "27\\LX\\MR Software release:DV26.0_R01_1725.a",
    "MRAcquisitionType": "2D",
    "SeriesDescription": "Axial EPI-FMRI (Interleaved I to S)",
    "ProtocolName": "Resting state fMRI",
    "ScanningSequence": "EP\\GR",
    "ScanOptions": "EPI_GEMS\\PFF",
    "ImageType": ["ORIGINAL", "PRIMARY", "EPI", "NONE"],
    "SeriesNumber": 4,
    "SliceThickness": 3,
    "EchoTime": 0.03,
    "RepetitionTime": 2,
    "PhaseEncodingPolarityGE": "Unflipped",
    "CoilString": "32Ch Head",
    "ASSET_R_factors": "1 2",
    "PrescanReuseString": "RN/s7",
    "DeidentificationMethod": ["0xx0 DEFACED", "pydeface 2.0.2"],
    "SliceTiming": [0, 0.0606, 0.1212, 0.1818],
    "TaskName": "rest",
    "ConversionSoftwareVersion": "v1.0.20230411",
    "CogAtlasID": "https://www.cognitiveatlas.org/task/id/trm_4c8a834779883",
    "B0FieldSource": "pepolar_fmap0",
}
PHILIPS: dict[str, Any] = {
    "Modality": "MR",
    "MagneticFieldStrength": 3,
    "Manufacturer": "Philips",
    "ManufacturersModelName": "Ingenia Elition X",
    "SoftwareVersions": "5.7.1\\5.7.1.2",
    "SeriesDescription": "WIP sT1W_3D_TFE SENSE",
    "ProtocolName": "WIP sT1W_3D_TFE SENSE",
    "ImageType": ["ORIGINAL", "PRIMARY", "M", "FFE", "M", "FFE"],
    "SeriesNumber": 301,
    "PhilipsRescaleSlope": 3.25201,
    "PhilipsRescaleIntercept": 0,
    "PhilipsScaleSlope": 0.00512346,
    "UsePhilipsFloatNotDisplayScaling": 1,
    "WaterFatShift": 11.4056,
    "IntendedFor": ["bids::sub-01/func/sub-01_task-rest_bold.nii.gz"],
    "EstimatedTotalReadoutTime": 0.0255,
    "ConversionSoftwareVersion": "v1.0.20220720",
}
README = """Rest and memory in 10 healthy adults
====================================
Two sessions each, recorded between 2015 and 2017 and shared with consent (protocol 2014-113).
Faces were removed with pydeface 2.0.2; dates are shifted by whole days.
Preprocessing: fMRIPrep 23.1.3 (doi:10.1038/s41592-018-0235-4), FreeSurfer 7.3.2.
Contact: data@imaging.example.org
"""


def write_clean_set(root: Path) -> Path:
    """Write the data set; returns its folder."""
    rng = np.random.default_rng(5)
    _papers(root)
    rows = ["participant_id\tage\tsex\thandedness\tgroup"]
    for number in range(1, 11):
        person = f"sub-{number:02d}"
        age = "20-29" if number <= 5 else "30-39"
        rows.append(f"{person}\t{age}\tF\tright\tcontrol")
        for session in ("ses-01", "ses-02"):
            _session(root / person / session, f"{person}_{session}", number, rng)
    _text(root / "participants.tsv", "\n".join(rows) + "\n")
    return root


def _session(folder: Path, stem: str, number: int, rng: np.random.Generator) -> None:
    vendor = (SIEMENS, GE, PHILIPS)[number % 3]
    image(folder / "anat" / f"{stem}_T1w.nii.gz", rng, "TE=2.2;Time=0.000;phase=1")
    _json(folder / "anat" / f"{stem}_T1w.json", vendor)
    lines = ["onset\tduration\ttrial_type\tresponse_time\tstim_file"]
    lines += [f"{t}.0\t2.5\tfamiliar face\t0.71\timages/james_01.png" for t in range(0, 40, 8)]
    if number > 6:
        return
    _text(folder / "func" / f"{stem}_task-rest_events.tsv", "\n".join(lines) + "\n")
    _text(
        folder / f"{stem}_scans.tsv",
        f"filename\tacq_time\nanat/{stem}_T1w.nii.gz\t1877-06-15T13:45:30\n",
    )
    if number <= 4:
        image(folder / "func" / f"{stem}_task-rest_bold.nii.gz", rng, "6.0.5:9e026117")
        _json(folder / "func" / f"{stem}_task-rest_bold.json", vendor | {"TaskName": "rest"})


def _papers(root: Path) -> None:
    _text(root / "README.md", README)
    _text(root / "CHANGES", "1.0.1 2019-03-14\n - Fixed the events of sub-03.\n1.0.0 2018-06-01\n")
    _text(root / "LICENSE", "CC0 1.0 Universal\nhttps://creativecommons.org/publicdomain/zero\n")
    _text(root / ".bidsignore", "*_notes.txt\nsub-*/beh/*_log.txt\n")
    _json(
        root / "dataset_description.json",
        {
            "Name": "Rest and memory",
            "BIDSVersion": "1.8.0",
            "Authors": ["Mary L. Poe", "Jane Q. Doe"],
            "DatasetDOI": "doi:10.18112/openneuro.ds000001.v1.0.0",
            "EthicsApprovals": ["Committee of the University, 2014-113"],
            "GeneratedBy": [{"Name": "heudiconv", "Version": "0.11.3"}],
        },
    )
    _json(
        root / "participants.json",
        {
            "age": {"LongName": "Age", "Description": "age in bands of ten years", "Units": "year"},
            "sex": {"Description": "self-reported", "Levels": {"F": "female", "M": "male"}},
            "group": {"Levels": {"control": "no known disease"}},
        },
    )
    _json(
        root / "task-rest_bold.json",
        {
            "TaskName": "rest",
            "RepetitionTime": 2.0,
            "Instructions": "Keep your eyes open and look at the cross.",
        },
    )
    _json(root / "phenotype" / "bdi.json", {"bdi_total": {"Description": "Beck depression sum"}})
    _text(root / "phenotype" / "bdi.tsv", "participant_id\tbdi_total\nsub-01\t4\nsub-02\t11\n")
    _text(root / "code" / "run.py", "from pathlib import Path\nprint(Path('.').name)\n")
    _text(root / "code" / "Dockerfile", "FROM python:3.11\nRUN pip install nibabel==5.3.2\n")
    _text(root / "participants_note.md", "Ages are bands of ten years.\n")
    _text(root / "code" / "requirements.txt", "nibabel==5.3.2\nnumpy==2.1.0\n")
    _text(root / "sub-01" / "ses-01" / "dwi" / "sub-01_ses-01_dwi.bval", "0 1000 1000 2000\n")
    _text(root / "sub-01" / "ses-01" / "dwi" / "sub-01_ses-01_dwi.bvec", "0 1 0 0\n0 0 1 0\n")
    physio = root / "sub-01" / "ses-01" / "func" / "sub-01_ses-01_task-rest_physio"
    physio.parent.mkdir(parents=True)
    physio.with_suffix(".tsv.gz").write_bytes(gzip.compress(b"0.12\t512\n0.13\t498\n", mtime=0))
    _json(
        physio.with_suffix(".json"),
        {"SamplingFrequency": 100.0, "StartTime": -22.345, "Columns": ["cardiac", "respiratory"]},
    )
    fsaverage = root / "derivatives" / "freesurfer" / "sub-01" / "mri"
    fsaverage.mkdir(parents=True)
    volume = np.ones((7, 8, 9), np.float32)
    nib.save(nib.MGHImage(volume, np.eye(4)), fsaverage / "T1.mgz")
    _repack(fsaverage / "T1.mgz")
    _text(
        root / "derivatives" / "freesurfer" / "sub-01" / "stats" / "aseg.stats",
        "# Title Segmentation Statistics\n# generating_program mri_segstats\n"
        "1 4 7231 7231.3 Left-Lateral-Ventricle 31.2 12.9\n",
    )


def image(path: Path, rng: np.random.Generator, descrip: str = "", **fields: str) -> None:
    """Write a NIfTI image of 7 x 8 x 9 voxels, packed without name and time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = nib.Nifti1Image(rng.integers(0, 900, (7, 8, 9)).astype(np.int16), np.eye(4))
    made.header["descrip"] = descrip.encode()
    for name, text in fields.items():
        made.header[name] = text.encode()
    raw = made.to_bytes()
    path.write_bytes(gzip.compress(raw, mtime=0) if path.name.endswith(".gz") else raw)


def _repack(path: Path) -> None:
    """Pack a file anew without name and time, as ``gzip -n`` does."""
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), mtime=0))


def _json(path: Path, content: dict[str, Any]) -> None:
    _text(path, json.dumps(content, indent=2))


def _text(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
