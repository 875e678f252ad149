"""DICOM in generated variants: nothing identifying stays, no voxel changes, however it is stored.

pydicom, which headrisk does not use, writes the files and reads the copies.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from io import BytesIO
from itertools import product
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.datadict import DicomDictionary, RepeatersDictionary
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    MRImageStorage,
    SecondaryCaptureImageStorage,
)

from headrisk.errors import ScanError
from headrisk.metadata.dicom_dictionary import dictionary_entry, is_pixels
from headrisk.metadata.dicom_elements import file_bytes, parse_file
from headrisk.metadata.dicom_hits import file_hits, is_shifted
from headrisk.metadata.dicom_options import BASIC, OPTIONS, Policy
from headrisk.metadata.fix import LEFT_OUT, REFUSED, plan_copy, write_copy
from headrisk.metadata.fix_dicom import Person, clean_dicom
from headrisk.metadata.known import NOBODY, known_identifiers
from headrisk.metadata.pseudonyms import PseudonymKey, is_pseudonym, read_key
from headrisk.metadata.scan import scan_metadata
from headrisk.metadata.uids import NewUids, harmless_uid
from headrisk.metadata.voxels import same_voxels

KEY = PseudonymKey(bytes(range(32)))
PERSON = Person(KEY.pseudonym("1"), timedelta(days=42000, hours=5))
UIDS = NewUids(KEY.uid_key)
SYNTAXES = (
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
)
# One attribute of each text VR that the profile does not list, with a value that gives a name away.
FREE = {
    "LO": "ContrastBolusRoute",
    "SH": "SequenceName",
    "ST": "CodingSchemeName",
    "UT": "TextValue",
    "PN": "NamesOfIntendedRecipientsOfResults",
    "UC": "LongCodeValue",
}


def made(syntax: UID = ExplicitVRLittleEndian, **values: object) -> Dataset:
    """An MR image with voxels that hold every byte, and what a test asks for."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = MRImageStorage
    meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    file = Dataset()
    file.file_meta = meta
    file.SOPClassUID, file.SOPInstanceUID = MRImageStorage, "1.2.3.4"
    file.Rows, file.Columns, file.BitsAllocated = 16, 24, 16
    file.BitsStored, file.HighBit, file.PixelRepresentation = 16, 15, 1
    file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
    voxels = np.arange(16 * 24, dtype="<i2") * 171
    file.PixelData = voxels.astype(">i2" if syntax == ExplicitVRBigEndian else "<i2").tobytes()
    file["PixelData"].VR = "OW"
    for keyword, value in values.items():
        setattr(file, keyword, value)
    return file


def stored(file: Dataset) -> bytes:
    packed = BytesIO()
    pydicom.dcmwrite(packed, file, enforce_file_format=True)
    return packed.getvalue()


def cleaned(raw: bytes, policy: Policy = BASIC) -> bytes:
    return file_bytes(clean_dicom(parse_file(raw), NOBODY, UIDS, [], PERSON, policy))


def inside(depth: int, item: Dataset) -> Dataset:
    """The item, so many sequences deep that the profile keeps."""
    for _ in range(depth):
        outer = Dataset()
        outer.ReferencedImageSequence = [Dataset(), item]
        item = outer
    return item


def test_the_dictionary_is_that_of_pydicom() -> None:
    for tag, (vr, _, _, _, keyword) in DicomDictionary.items():
        assert dictionary_entry(tag) == (vr.replace(" or ", "/"), keyword) or tag & 0xFFFF == 0
    for mask, (_, _, _, _, keyword) in RepeatersDictionary.items():
        entry = dictionary_entry(int(mask.replace("x", "2"), 16))
        assert entry is not None
        assert entry[1] == keyword


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize(("vr", "keyword"), FREE.items())
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_a_name_is_found_and_goes_from_any_place(
    syntax: UID, vr: str, keyword: str, depth: int
) -> None:
    value = "Smith^Johanna" if vr == "PN" else "see Dr. Johanna Smith"
    item = Dataset()
    setattr(item, keyword, value)
    file = made(syntax)
    if depth:
        file.update(inside(depth, item))
    else:
        setattr(file, keyword, value)
    raw = stored(file)
    assert any("Smith" in hit.value for hit in file_hits(parse_file(raw), NOBODY))
    new = cleaned(raw)
    again = pydicom.dcmread(BytesIO(new))
    assert b"Johanna" not in (
        new if syntax != DeflatedExplicitVRLittleEndian else str(again).encode()
    )
    assert again.PixelData == file.PixelData
    assert list(file_hits(parse_file(new), NOBODY)) == []


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_what_the_profile_lists_goes_at_every_depth(syntax: UID) -> None:
    values = {
        "PatientName": "Zarv^Q",
        "PatientID": "Q7",
        "PatientBirthDate": "19610203",
        "OperatorsName": "Z",
        "InstitutionName": "St. E",
        "AccessionNumber": "A1",
        "DeviceSerialNumber": "99",
        "StationName": "MR1",
        "PatientComments": "tall",
        "StudyInstanceUID": "2.25.19610203",
        "SeriesInstanceUID": "1.2.3.9",
    }
    for depth in (0, 1, 2):
        file = made(syntax)
        item = Dataset()
        for keyword, value in values.items():
            setattr(item, keyword, value)
        file.update(inside(depth, item))
        raw = stored(file)
        found = {hit.value for hit in file_hits(parse_file(raw), NOBODY)}
        assert set(values.values()) <= found
        again = pydicom.dcmread(BytesIO(cleaned(raw)))
        left = {str(e.value) for e in again.iterall() if e.VR not in ("OW", "SQ")}
        assert not left & set(values.values())
        assert again.PixelData == file.PixelData


def test_sequences_that_the_profile_removes_are_reported_and_go() -> None:
    text, icon, patient = Dataset(), Dataset(), Dataset()
    text.TextValue = "a lighthouse keeper of Port Ellery"
    icon.PixelData, icon.Rows, icon.Columns = bytes(16), 4, 4
    icon["PixelData"].VR = "OB"
    patient.PatientName = "Q^Z"
    for keyword, item in (
        ("ContentSequence", text),
        ("IconImageSequence", icon),
        ("ReferencedPatientSequence", patient),
        ("GraphicAnnotationSequence", text),
    ):
        raw = stored(made(**{keyword: [item]}))
        notes = [hit.note for hit in file_hits(parse_file(raw), NOBODY)]
        assert "a sequence of 1 item" in notes, keyword
        again = pydicom.dcmread(BytesIO(cleaned(raw)))
        assert len(again.get(keyword) or []) == 0


def test_overlays_curves_and_what_stands_beside_them_go() -> None:
    file = made()
    for group in (0x6000, 0x601E):
        file.add_new(group << 16 | 0x0022, "LO", "Quellimund")
        file.add_new(group << 16 | 0x1500, "LO", "Quellimund")
        file.add_new(group << 16 | 0x3000, "OW", bytes(8))
    file.add_new(0x50000022, "LO", "Quellimund")
    raw = stored(file)
    assert sum("Quellimund" in hit.value for hit in file_hits(parse_file(raw), NOBODY)) == 5
    again = pydicom.dcmread(BytesIO(cleaned(raw)))
    assert not [e for e in again if e.tag.group >> 8 in (0x50, 0x60)]


@settings(max_examples=60, deadline=None)
@given(
    voxels=st.binary(min_size=2, max_size=400),
    text=st.sampled_from([b"", b"DOE^JOHN ", b"19610203", b"jane@uni.org ", b"\\\\Users\\\\jdoe "]),
    syntax=st.sampled_from(SYNTAXES),
    keyword=st.sampled_from(["PixelData", "FloatPixelData", "DoubleFloatPixelData"]),
)
def test_voxels_that_look_like_text_stay(
    voxels: bytes, text: bytes, syntax: UID, keyword: str
) -> None:
    file = made(syntax, PatientName="DOE^JOHN")
    del file.PixelData
    data = (voxels + text) * 8
    setattr(file, keyword, data)
    if keyword == "PixelData":
        file[keyword].VR = "OW"
    raw = stored(file)
    assert {hit.kind for hit in file_hits(parse_file(raw), NOBODY)} == {"person-name", "uid"}
    again = pydicom.dcmread(BytesIO(cleaned(raw)))
    assert again[keyword].value == pydicom.dcmread(BytesIO(raw))[keyword].value


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(min_size=2, max_size=60), min_size=1, max_size=5))
def test_fragments_of_encapsulated_pixels_stay(frames: list[bytes]) -> None:
    file = made(JPEGBaseline8Bit, PatientName="DOE^JOHN", NumberOfFrames=len(frames))
    file.PixelData = encapsulate([frame + b"DOE^JOHN" for frame in frames])
    file["PixelData"].VR = "OB"
    file["PixelData"].is_undefined_length = True
    raw = stored(file)
    assert (
        pydicom.dcmread(BytesIO(cleaned(raw))).PixelData == pydicom.dcmread(BytesIO(raw)).PixelData
    )


def test_a_changed_voxel_a_lost_slope_and_another_size_are_noticed(tmp_path: Path) -> None:
    source, copy = tmp_path / "a.dcm", tmp_path / "b.dcm"
    source.write_bytes(stored(made(RescaleSlope="2.5")))
    copy.write_bytes(stored(made(RescaleSlope="2.5")))
    assert same_voxels(source, copy, "dicom", NOBODY)
    for change in (
        {"RescaleSlope": "2.6"},
        {"Rows": 8},
        {"PixelData": bytes(768)},
        {"PixelRepresentation": 0},
    ):
        copy.write_bytes(stored(made(**{"RescaleSlope": "2.5", **change})))
        assert not same_voxels(source, copy, "dicom", NOBODY), change


def test_a_file_whose_voxels_would_change_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from headrisk.metadata import fix

    (tmp_path / "ds").mkdir()
    (tmp_path / "copy").mkdir()
    (tmp_path / "ds" / "a.dcm").write_bytes(stored(made(PatientName="DOE^JOHN")))
    monkeypatch.setattr(fix, "file_bytes", lambda file: stored(made(PixelData=bytes(768))))
    rows, _ = write_copy(tmp_path / "ds", tmp_path / "copy", NOBODY, np.random.default_rng(0))
    assert [(row.action, row.reason) for row in rows] == [(LEFT_OUT, REFUSED)]
    assert not list((tmp_path / "copy").iterdir())


@pytest.mark.parametrize("syntax", SYNTAXES[:2])
@pytest.mark.parametrize("meta", [True, False])
def test_files_without_preamble_are_read(tmp_path: Path, syntax: UID, meta: bool) -> None:
    file = made(syntax, PatientName="Quenberg Zelda", PatientID="ABX7Q", StudyDate="20200101")
    packed = BytesIO()
    if meta:
        packed.write(stored(file)[132:])
    else:
        del file.file_meta
        file.save_as(packed, implicit_vr=syntax.is_implicit_VR, little_endian=True)
    (tmp_path / "IM01").write_bytes(packed.getvalue())
    scan = scan_metadata(tmp_path)
    assert scan.count("read") == 1
    assert {"person-name", "patient-id", "date"} <= {finding.kind for finding in scan.findings}


@pytest.mark.parametrize("uid", ["2.25.19610203", "2.25.1", f"2.25.{2**127}", "1.2.3.4.5.6", "0.1"])
def test_no_uid_is_harmless_for_its_root(uid: str) -> None:
    assert not harmless_uid(uid)
    new = UIDS.replace(uid)
    assert new != uid
    assert UID(new).is_valid
    assert harmless_uid(new)
    assert UIDS.replace(new) == new


@given(st.from_regex(r"[012](\.(0|[1-9][0-9]{0,12})){1,8}", fullmatch=True))
def test_new_uids_are_valid_equal_for_equal_and_known_again(uid: str) -> None:
    new = UIDS.replace(uid)
    assert UID(new).is_valid
    assert new == UIDS.replace(uid)
    assert harmless_uid(new)


def test_images_that_may_show_text_are_reported_and_left_out(tmp_path: Path) -> None:
    source, copy = tmp_path / "ds", tmp_path / "copy"
    source.mkdir()
    copy.mkdir()
    capture = made()
    capture.SOPClassUID = SecondaryCaptureImageStorage
    for name, file, kind in (
        ("yes", made(BurnedInAnnotation="YES"), "burnt-in-text"),
        ("class", capture, "screen-capture"),
        ("type", made(ImageType=["DERIVED", "SECONDARY", "SCREEN SAVE"]), "screen-capture"),
        ("face", made(RecognizableVisualFeatures="YES"), "visible-features"),
        ("plain", made(BurnedInAnnotation="NO"), ""),
    ):
        (source / f"{name}.dcm").write_bytes(stored(file))
        kinds = {h.kind for h in file_hits(parse_file(stored(file)), NOBODY)} - {"uid"}
        assert kinds == ({kind} if kind else set()), name
    write_copy(source, copy, NOBODY, np.random.default_rng(0))
    assert {path.stem for path in copy.iterdir()} == {"face", "plain"}
    named = tmp_path / "named"
    named.mkdir()
    write_copy(source, named, NOBODY, np.random.default_rng(0), keep_unread=("yes.dcm",))
    assert {path.stem for path in named.iterdir()} == {"face", "plain", "yes"}


def _series(folder: Path, person: dict[str, str], day: str, number: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    uid = f"1.2.{sum(map(ord, ''.join(person.values())))}.{day}.{number}"
    file = made(
        StudyDate=day,
        StudyTime="233000.5",
        SeriesDate=day,
        AcquisitionDate=day,
        AcquisitionDateTime=f"{day}233001",
        StudyInstanceUID=uid,
        **person,
    )
    (folder / f"{uid}.dcm").write_bytes(stored(file))


def test_people_stay_apart_and_the_same_over_folders_runs_and_spellings(tmp_path: Path) -> None:
    doe = {"PatientID": "1", "PatientName": "DOE^JOHN", "PatientBirthDate": "19600101"}
    roe = {"PatientID": "1", "PatientName": "ROE^ANNA", "PatientBirthDate": "19710203"}
    zoe = {"PatientID": "2", "PatientName": "ZOE^MAX"}
    anybody = {"PatientID": "", "PatientName": ""}
    source = tmp_path / "ds"
    _series(source / "flat", doe, "20180302", 1)
    _series(source / "later", {**doe, "PatientName": "Doe^John^^Mr"}, "20190611", 2)
    _series(source / "flat", roe, "20180302", 3)
    _series(source / "flat", zoe, "20180304", 4)
    _series(source / "flat", anybody, "20180304", 5)
    runs = []
    key = None
    for name in ("one", "two"):
        copy = tmp_path / name
        copy.mkdir()
        plan = plan_copy(source, NOBODY, np.random.default_rng(7 if key is None else 8), key)
        write_copy(source, copy, NOBODY, np.random.default_rng(9), plan=plan)
        (tmp_path / "key.json").write_bytes(plan.key.to_bytes())
        key = read_key(tmp_path / "key.json")
        assert key == plan.key
        files = [pydicom.dcmread(p) for p in sorted(copy.rglob("*.dcm"))]
        runs.append({(f.PatientID, f.StudyDate, f.StudyTime, f.StudyInstanceUID) for f in files})
    assert runs[0] == runs[1]
    people = {row[0] for row in runs[0]}
    assert len(people) == 4  # John Doe once, Anna Roe, Max Zoe, and the one without a number
    assert all(is_pseudonym(person) for person in people if person)
    pairs = [sorted(row[1] for row in runs[0] if row[0] == person) for person in people]
    ((first, second),) = [dates for dates in pairs if len(dates) == 2]
    days = datetime.strptime(second, "%Y%m%d") - datetime.strptime(first, "%Y%m%d")
    assert days == datetime(2019, 6, 11) - datetime(2018, 3, 2)


def test_dates_and_times_of_one_file_move_together() -> None:
    file = made(
        StudyDate="20190611",
        StudyTime="233000.5",
        AcquisitionDate="20190612",
        AcquisitionTime="001500",
        AcquisitionDateTime="20190612001500.25",
        SeriesDate="20190611",
        PatientBirthDate="19230101",
    )
    again = pydicom.dcmread(BytesIO(cleaned(stored(file))))
    pairs = (again.StudyDate, again.StudyTime), (again.AcquisitionDate, again.AcquisitionTime)
    read = [datetime.strptime(a + b[:6], "%Y%m%d%H%M%S") for a, b in pairs]
    assert read[1] - read[0] == timedelta(minutes=45)
    assert read[0] == datetime(2019, 6, 11, 23, 30) - PERSON.shift
    assert again.AcquisitionDateTime == read[1].strftime("%Y%m%d%H%M%S") + ".25"
    assert again.SeriesDate == again.StudyDate
    assert again.StudyTime.endswith(".5")
    assert is_shifted(again.StudyDate)
    assert again.PatientBirthDate == ""
    assert again.LongitudinalTemporalInformationModified == "MODIFIED"


@pytest.mark.parametrize(
    "date",
    ["15031961", "2019-06-11", "20191345", "May 2019", "1903", "00010101", "99991231", "17500101"],
)
def test_dates_that_are_none_of_dicoms_are_emptied(date: str) -> None:
    raw = stored(made()).replace(b"1.2.3.4", b"1.2.3.4")
    file = parse_file(raw)
    element = type(file.elements[0])(0x00080020, "DA", date.encode())
    file = type(file)(file.preamble, file.meta, (element, *file.elements), file.coding)
    assert "date" in {hit.kind for hit in file_hits(file, NOBODY)}
    new = clean_dicom(file, NOBODY, UIDS, [], PERSON)
    assert new.text(0x00080020) == ""


FIELDS = {
    "device-identity": ("DeviceSerialNumber", "12345"),
    "institution-identity": ("InstitutionName", "St. Elsewhere"),
    "patient-characteristics": ("PatientAge", "045Y"),
    "longitudinal-full-dates": ("StudyDate", "20190611"),
    "uids": ("StudyInstanceUID", "1.2.3.4.5"),
}


@pytest.mark.parametrize("option", FIELDS)
def test_an_option_keeps_what_it_is_for_and_is_written_down(option: str) -> None:
    values = dict(FIELDS.values())
    raw = stored(made(PatientName="DOE^JOHN", **values))
    again = pydicom.dcmread(BytesIO(cleaned(raw, Policy(frozenset({option})))))
    for name, (keyword, value) in FIELDS.items():
        kept = str(again.get(keyword, "")) == value
        assert kept == (name == option), keyword
    codes = {item.CodeValue for item in again.DeidentificationMethodCodeSequence}
    assert codes == {"113100", OPTIONS[option][0]}
    assert again.PatientIdentityRemoved == "YES"
    assert "DOE" not in str(again)


def test_high_ages_go_even_where_characteristics_stay() -> None:
    policy = Policy(frozenset({"patient-characteristics"}))
    for age, kept in (("088Y", "088Y"), ("089Y", ""), ("101Y", "")):
        raw = stored(made(PatientAge=age))
        assert str(pydicom.dcmread(BytesIO(cleaned(raw, policy))).PatientAge or "") == kept


@pytest.mark.parametrize("syntax", SYNTAXES[:3])
def test_safe_private_attributes_stay_by_creator_not_by_number(syntax: UID) -> None:
    file = made(syntax)
    safe = file.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    safe.add_new(0x0C, "IS", "1000")
    safe.add_new(0x0E, "FD", [0.1, 0.2, 0.3])
    safe.add_new(0x0B, "LO", "Quellimund")
    other = file.private_block(0x0019, "ACME", create=True)
    other.add_new(0x0C, "IS", "777")
    raw = stored(file)
    assert not [e for e in pydicom.dcmread(BytesIO(cleaned(raw))) if e.tag.is_private]
    again = pydicom.dcmread(BytesIO(cleaned(raw, Policy(frozenset({"safe-private"})))))
    block = again.private_block(0x0019, "SIEMENS MR HEADER")
    assert int(block[0x0C].value) == 1000
    assert list(block[0x0E].value) == [0.1, 0.2, 0.3]
    assert len([e for e in again if e.tag.is_private]) == 3


def test_descriptions_are_cleaned_not_removed_where_asked() -> None:
    raw = stored(made(SeriesDescription="t1 of Dr. Johanna Smith", ProtocolName="t2_tse"))
    again = pydicom.dcmread(BytesIO(cleaned(raw, Policy(frozenset(), frozenset({"descriptors"})))))
    assert again.ProtocolName == "t2_tse"
    assert again.SeriesDescription.startswith("t1 of")
    assert "Smith" not in again.SeriesDescription


@pytest.mark.parametrize(
    ("step", "left"), [("keep", "t1 x"), ("remove", None), ("empty", ""), ("dummy", "REMOVED")]
)
def test_own_rules_go_before_the_profile(step: str, left: str | None) -> None:
    policy = Policy(own={0x0008103E: step})
    again = pydicom.dcmread(BytesIO(cleaned(stored(made(SeriesDescription="t1 x")), policy)))
    assert again.get("SeriesDescription") == left
    codes = {item.CodeValue for item in again.DeidentificationMethodCodeSequence}
    assert ("113100" in codes) == (step != "keep")


def test_pixels_are_told_in_every_form() -> None:
    assert all(map(is_pixels, (0x7FE00010, 0x7FE00008, 0x7FE00009, 0x7F020010)))
    assert not any(map(is_pixels, (0x7FE10010, 0x7FE00001, 0x00280010, 0x7F010010)))


def test_unknown_attributes_that_are_no_text_go_and_are_reported() -> None:
    for syntax, number in product(SYNTAXES[:2], (0x00187777, 0x7FE01111)):
        file = made(syntax)
        file.add_new(number, "UN", bytes(range(1, 31)))
        raw = stored(file)
        assert any(hit.kind == "dicom-attribute" for hit in file_hits(parse_file(raw), NOBODY))
        assert number not in pydicom.dcmread(BytesIO(cleaned(raw)))


@pytest.mark.parametrize(
    ("character_set", "name"),
    [
        ("ISO_IR 100", "Müller"),
        ("ISO_IR 101", "Łukasiewicz"),
        ("ISO_IR 144", "Люкceмбypг"),
        ("ISO_IR 126", "Διονυσιος"),
        ("ISO_IR 192", "Müller"),
        ("GB18030", "王小东"),
        (["", "ISO 2022 IR 87"], "山田太郎"),
        (["", "ISO 2022 IR 149"], "김희중"),
    ],
)
@pytest.mark.parametrize("depth", [0, 2])
def test_a_listed_name_is_found_in_every_character_set(
    character_set: str | list[str], name: str, depth: int
) -> None:
    item = Dataset()
    item.ContrastBolusRoute = f"by {name} x"
    file = made(SpecificCharacterSet=character_set)
    file.update(inside(depth, item) if depth else item)
    known = known_identifiers([name])
    raw = stored(file)
    assert "known-identifier" in {hit.kind for hit in file_hits(parse_file(raw), known)}
    new = clean_dicom(parse_file(raw), known, UIDS, [], PERSON)
    assert list(file_hits(new, known)) == []


def test_padding_behind_the_data_set_is_no_damage() -> None:
    raw = stored(made(PatientName="DOE^JOHN"))
    assert parse_file(raw + bytes(100)) == parse_file(raw)
    with pytest.raises(ScanError):
        parse_file(raw + b"DOE^JOHN" * 4)


def test_cleaned_structured_content_keeps_codes_and_numbers_and_no_free_text() -> None:
    code, number, text = Dataset(), Dataset(), Dataset()
    code.CodeValue, code.CodeMeaning = "121071", "Finding"
    number.NumericValue = "12.5"
    number.ConceptNameCodeSequence = [code]
    text.TextValue = "Quellimund lives in Port Ellery"
    outer = Dataset()
    outer.ContentSequence = [number, text]
    raw = stored(made(ContentSequence=[outer]))
    policy = Policy(clean=frozenset({"structured-content"}))
    again = pydicom.dcmread(BytesIO(cleaned(raw, policy)))
    kept, gone = again.ContentSequence[0].ContentSequence
    assert kept.NumericValue == 12.5
    assert kept.ConceptNameCodeSequence[0].CodeMeaning == "Finding"
    assert gone.TextValue == ""


@pytest.mark.parametrize("tag", [0x00187801, 0x00287803, 0x00400560])
@pytest.mark.parametrize(
    ("vr", "value", "kind"),
    [
        ("DA", "20190611", "date"),
        ("DT", "20190611101112", "date"),
        ("UI", "1.2.3.99", "uid"),
        ("TM", "101112", "acquisition-time"),
        ("PN", "Q^Z", "staff-name"),
    ],
)
def test_attributes_that_no_table_lists_are_judged_by_what_they_hold(
    tag: int, vr: str, value: str, kind: str
) -> None:
    file = made()
    file.add_new(tag, vr, value)
    raw = stored(file)
    assert (kind, value) in {(hit.kind, hit.value) for hit in file_hits(parse_file(raw), NOBODY)}
    new = cleaned(raw)
    assert str(pydicom.dcmread(BytesIO(new))[tag].value) != value
    assert list(file_hits(parse_file(new), NOBODY)) == []


def test_without_a_person_numbers_names_and_dates_are_emptied() -> None:
    raw = stored(made(PatientID="1", PatientName="A^B", StudyDate="20190611", StudyTime="101112"))
    again = pydicom.dcmread(BytesIO(file_bytes(clean_dicom(parse_file(raw), NOBODY, UIDS, []))))
    assert [again.PatientID, str(again.PatientName), again.StudyDate, again.StudyTime] == [""] * 4


def test_tables_and_dicom_files_of_one_person_are_shifted_alike(tmp_path: Path) -> None:
    source, copy = tmp_path / "ds", tmp_path / "copy"
    doe = {"PatientID": "77", "PatientName": "DOE^JOHN"}
    _series(source / "sub-01" / "dicom", doe, "20190611", 1)
    table = "filename\tacq_time\nanat/a.nii.gz\t2019-06-11T23:30:00\n"
    (source / "sub-01" / "sub-01_scans.tsv").write_text(table)
    copy.mkdir()
    write_copy(source, copy, NOBODY, np.random.default_rng(0))
    (file,) = copy.rglob("*.dcm")
    header = pydicom.dcmread(file)
    said = (copy / "sub-01" / "sub-01_scans.tsv").read_text().split()[-1]
    when = datetime.strptime(header.StudyDate + header.StudyTime[:6], "%Y%m%d%H%M%S")
    assert said == when.strftime("%Y-%m-%dT%H:%M:%S")
