"""Writes small MR series as DICOM files, for tests (pydicom is a test dependency only)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid


@dataclass(frozen=True)
class Series:
    """One series: axial slices, columns to the patient's left, rows to the back, 2 x 1.5 x 3 mm."""

    description: str = "t1_mprage_sag"
    patient: str = "P1"
    date: str = "20200131"
    number: int = 1
    repetition_ms: float = 2300.0
    echo_ms: float = 2.98
    inversion_ms: float | None = 900.0
    age: str = "034Y"
    sex: str = "F"
    image_type: tuple[str, ...] = ("ORIGINAL", "PRIMARY", "M")
    modality: str = "MR"
    name: str = ""
    missing: tuple[int, ...] = ()  # slices that are not written
    preamble: bool = True
    units: str = ""
    rescale_type: str = ""


def write_series(folder: Path, voxels: NDArray[np.int16], series: Series) -> None:
    """Write ``voxels`` (columns x, rows y, slices z; DICOM's LPS directions) into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    study, uid = generate_uid(), generate_uid()
    for k in set(range(voxels.shape[2])) - set(series.missing):
        slice_uid = generate_uid()
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = MRImageStorage
        meta.MediaStorageSOPInstanceUID = slice_uid
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
        ds.SOPClassUID, ds.SOPInstanceUID = MRImageStorage, slice_uid
        ds.StudyInstanceUID, ds.SeriesInstanceUID = study, uid
        ds.Modality, ds.ImageType = series.modality, list(series.image_type)
        ds.PatientID, ds.PatientName = series.patient, series.name or series.patient
        ds.PatientAge, ds.PatientSex = series.age, series.sex
        ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = series.date
        ds.StudyTime = ds.SeriesTime = ds.AcquisitionTime = "101500"
        ds.Manufacturer, ds.ManufacturerModelName = "SIEMENS", "Prisma"
        ds.InstitutionName = "Test Hospital"
        ds.SeriesDescription = ds.ProtocolName = series.description
        ds.SeriesNumber, ds.InstanceNumber = series.number, k + 1
        ds.RepetitionTime, ds.EchoTime = series.repetition_ms, series.echo_ms
        if series.units:
            ds.Units = series.units
        if series.rescale_type:
            ds.RescaleIntercept, ds.RescaleSlope = -1024, 1
            ds.RescaleType = series.rescale_type
        if series.inversion_ms is not None:
            ds.InversionTime = series.inversion_ms
        ds.PixelSpacing, ds.SliceThickness = [1.5, 2.0], 3.0
        ds.SpacingBetweenSlices = 3.0
        ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        ds.ImagePositionPatient = [-10.0, -20.0, -30.0 + 3.0 * k]
        ds.SliceLocation = -30.0 + 3.0 * k
        ds.Columns, ds.Rows = voxels.shape[:2]
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.BitsAllocated = ds.BitsStored = 16
        ds.HighBit, ds.PixelRepresentation = 15, 1
        ds.PixelData = np.ascontiguousarray(voxels[:, :, k].T, dtype="<i2").tobytes()
        if series.preamble:
            ds.save_as(folder / f"{k:03d}.dcm", enforce_file_format=True)
            continue
        del ds.file_meta
        ds.save_as(folder / f"{k:03d}", implicit_vr=True, little_endian=True)
