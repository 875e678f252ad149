"""DICOM elements are read and written as pydicom reads and writes them, in every plain coding."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pydicom
import pytest
from planted import dicom_file
from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from headrisk.errors import ScanError
from headrisk.metadata.dicom_elements import file_bytes, parse_dataset, parse_file
from headrisk.metadata.dicom_hits import file_hits
from headrisk.metadata.fix_dicom import Person, clean_dicom
from headrisk.metadata.known import NOBODY
from headrisk.metadata.pseudonyms import PseudonymKey
from headrisk.metadata.uids import NewUids

PERSON = Person(PseudonymKey(bytes(32)).pseudonym("x"), timedelta(days=42000, seconds=3600))
SYNTAXES = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)


def _stored(syntax: UID) -> bytes:
    inner, outer = Dataset(), Dataset()
    inner.PatientName = "HIDDEN^DEEP"
    inner.CodeValue = "113100"
    outer.ReferencedSOPInstanceUID = "1.2.3.4.5.6.7.8"
    outer.ContentSequence = [inner, Dataset()]
    made = dicom_file(
        PatientName="DOE^JOHN",
        ReferencedStudySequence=[outer],
        ProcedureCodeSequence=[],
        WindowCenter=["40", "80"],
        SliceThickness="1.5",
    )
    made.file_meta.TransferSyntaxUID = syntax
    packed = BytesIO()
    pydicom.dcmwrite(
        packed,
        made,
        implicit_vr=syntax.is_implicit_VR,
        little_endian=syntax.is_little_endian,
        force_encoding=True,
    )
    return packed.getvalue()


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_what_is_read_and_written_again_is_the_same_to_pydicom(syntax: UID) -> None:
    stored = _stored(syntax)
    again = file_bytes(parse_file(stored))
    first, second = (pydicom.dcmread(BytesIO(raw)) for raw in (stored, again))
    assert first == second
    assert first.file_meta.TransferSyntaxUID == second.file_meta.TransferSyntaxUID == syntax


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_nested_identifiers_are_found_and_removed(syntax: UID) -> None:
    file = parse_file(_stored(syntax))
    values = {hit.value for hit in file_hits(file, NOBODY)}
    assert {"HIDDEN^DEEP", "DOE^JOHN", "1.2.3.4.5.6.7.8"} <= values
    uids = NewUids(bytes(32))
    raw = file_bytes(clean_dicom(file, NOBODY, uids, [], PERSON))
    for value in ("HIDDEN", "DOE^JOHN", "1.2.3.4.5.6.7.8"):
        assert value.encode() not in raw
    made = pydicom.dcmread(BytesIO(raw))
    assert made.PixelData == bytes(32)
    assert [float(x) for x in made.WindowCenter] == [40, 80]
    assert list(file_hits(parse_file(raw), NOBODY)) == []


def test_equal_uids_get_equal_new_ones_and_keys_tell_copies_apart() -> None:
    one, other = NewUids(bytes(32)), NewUids(b"\1" * 32)
    assert one.replace("1.2.3") == one.replace("1.2.3") != one.replace("1.2.4")
    assert one.replace("1.2.3") != other.replace("1.2.3")
    assert one.replace("1.2.840.10008.1.2") == "1.2.840.10008.1.2"
    assert UID(one.replace("1.2.3")).is_valid


@pytest.mark.parametrize(
    "raw", [b"", b"\0" * 131, b"\0" * 128 + b"DICM", b"\x08\0\x05\0\xff\xff\xff\x7f", b"no DICOM"]
)
def test_bytes_that_are_no_elements_are_refused(raw: bytes) -> None:
    with pytest.raises(ScanError):
        parse_file(raw)
    if raw.strip(b"\0"):  # padding alone is an empty extension
        with pytest.raises(ScanError):
            parse_dataset(raw)
