"""Forms, exports and logs about one person, in many languages and layouts, and what stays whole."""

from __future__ import annotations

import struct
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from headrisk.metadata.cues import announced_accounts
from headrisk.metadata.fields import bears_out, kind_of_field
from headrisk.metadata.file_text import CODE_SKIPS, file_spans, redacted_file
from headrisk.metadata.fix import write_nifti
from headrisk.metadata.formats import read_header
from headrisk.metadata.headers import patched, patches
from headrisk.metadata.known import NOBODY
from headrisk.metadata.learn import with_names
from headrisk.metadata.look import look_into
from headrisk.metadata.notations import clock_of, notations, years_of
from headrisk.metadata.open_texts import open_in_json
from headrisk.metadata.patterns import matches
from headrisk.metadata.sidecars import json_hits, judge
from headrisk.metadata.text import MEANT
from tests.metadata.records import LAYOUTS, left, people


@pytest.mark.parametrize("layout", LAYOUTS)
def test_hardly_a_value_of_a_record_is_left(layout: str) -> None:
    records = people(seed=20261201, count=12)
    missed = [one for record in records for one in left(record, layout)]
    assert len(missed) <= 0.02 * 12 * len(records), missed


@pytest.mark.parametrize(
    ("key", "text", "kind"),
    [
        ("demographics_plz_ort", "77984", "address"),
        ("c.p.", "28001", "address"),
        ("lahetenumero_1", "4784-MR-8016", "accession-number"),
        ("numer_zlecenia", "22887463.1", "accession-number"),
        ("numerPolisy", "KELA-534757320", "patient-id"),
        ("ptNomDeLaStation", "ws-irm-3.chu.example", "host-name"),
        ("AE_TITLE", "PRISMA_NORTH", "host-name"),
        ("messung_durch", "Quellimund", "staff-name"),
        ("cle_api", "Gato2002_mri", "credential"),
        ("sexAtBirth", "girl", "demographic"),
        ("ålder_vid_undersökning", "15y6m", "demographic"),
        ("session start", "075248.214017", "acquisition-time"),
    ],
)
def test_a_field_is_understood_in_its_language(key: str, text: str, kind: str) -> None:
    assert kind_of_field(key) == kind
    assert bears_out(kind, text, key)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("Genre", "classical"),
        ("server", "yes"),
        ("memory", "12"),
        ("cp", "0.45"),
        ("AgeRange", "18-35"),
        ("TaskDescription", "Reading passages by Viktor Frankl"),
        ("node", "left"),
        ("sessionStart", "-32.5"),
        ("Instructions", "Press start"),
        ("member", "3"),
        ("FunctionalRegister", "LPS"),
        ("server_count", "4"),
        ("storage", "raw"),
    ],
)
def test_a_word_with_another_use_says_nothing(key: str, text: str) -> None:
    assert judge(key, text, NOBODY) == []


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("90;11", 90),
        ("P93Y", 93),
        ("101 yr 6 mo", 101),
        ("830 months", 830 / 12),
        ("022Y", 22),
        ("39 Jahre", 39),
        ("55y9m", 55),
        ("18-35", None),
        ("1;2;3", None),
        ("T1w", None),
        ("300 years", None),
    ],
)
def test_ages_are_read_in_any_notation(text: str, years: float | None) -> None:
    assert years_of(text) == years


@pytest.mark.parametrize(
    "text",
    [
        "klo 10.05",
        "20h39min36s",
        "T164148Z",
        "08:51 uur",
        "17 h 15",
        "godz. 17:24",
        "ore 08:29",
        "12:22:54,172",
    ],
)
def test_times_of_day_are_read_as_people_write_them(text: str) -> None:
    assert clock_of(text) == int("".join(c for c in text.replace("T", "") if c.isdigit())[:2])


@pytest.mark.parametrize("text", ["2013:04:03", "06.03. 2010", "20 XI 2012", "2 IV 2018"])
def test_dates_are_read_as_cameras_and_clinics_write_them(text: str) -> None:
    assert notations(text)
    assert [kind for kind, _, _ in matches(f"done {text}, again")] == ["date"]


@pytest.mark.parametrize(
    ("path", "account"),
    [
        ("/imaging/quellimund/derivs/first", "quellimund"),
        ("/data/scratch/zeinab_haddad/fmriprep", "zeinab_haddad"),
        ("\\\\fileserver\\neuro\\quellimund\\raw", "quellimund"),
        ("D:/quellimund/MRT/nifti", "quellimund"),
        ("/data/openneuro/ds000114/sub-01/anat", ""),
        ("/opt/freesurfer/subjects/fsaverage", ""),
        ("/flywheel/v0/input/dicom", ""),
        ("bids/derivatives/fmriprep/sub-01", ""),
        ("/media/data/MyProject/raw", ""),
    ],
)
def test_a_step_of_a_path_that_is_no_word_is_an_account(path: str, account: str) -> None:
    assert [path[a:b] for _, a, b in announced_accounts(path)] == ([account] if account else [])


@pytest.mark.parametrize(
    "line",
    [
        "postgresql://quelli:glpat-ZDyYh4x8tPnwZYm1tCqZ@RADWS-EG78/study",
        "curl -u quelli:hf_vmbvmEhnrD99gw6212SIs9uETkrenacYPJ https://xnat.example.org/data",
        "db.example.org:5432:study:quelli:7L4JNtCIrTAC!kMY",
    ],
)
def test_a_credential_goes_with_its_account(line: str) -> None:
    copy = redacted_file(line, "upload.sh", NOBODY)
    assert "quelli" not in copy


def test_settings_are_no_record_of_a_person() -> None:
    text = "threads: 4\nmemory: 12\nserver: yes\nsex: both\noutput: /out\ncomment: keep all runs\n"
    assert file_spans(text, "settings.yaml", NOBODY) == []


def test_accounts_called_after_a_name_are_looked_for() -> None:
    known = with_names(["Quellimund^Zarvanka"], NOBODY)
    assert all(known.spans(f"by {login} at noon") for login in ("zquellimund", "quellimundz2"))


def test_stamps_of_templates_stay_and_names_beside_them_go(tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.zeros((2, 2, 2), np.float32), np.eye(4))
    image.header["descrip"] = b"FreeSurfer May 13 2013"
    image.header["intent_name"] = b"Brodmann"
    image.header["aux_file"] = b"Quellimund Anna"
    nib.save(image, tmp_path / "tpl.nii")
    write_nifti(tmp_path / "tpl.nii", tmp_path / "copy.nii")
    header = nib.Nifti1Header.from_fileobj((tmp_path / "copy.nii").open("rb"))
    assert header["descrip"].item() == b"FreeSurfer May 13 2013"
    assert header["intent_name"].item() == b"Brodmann"
    assert header["aux_file"].item() == b""


def _tag(kind: int, form: int, content: bytes) -> bytes:
    return struct.pack(">iiii", kind, form, len(content), 0) + content


def _fif() -> bytes:
    identity = struct.pack(">iiiii", 65537, 0x1A2B, 0x3C4D, 1_552_569_131, 7)
    samples = bytes(range(1, 201)) * 20
    return b"".join(
        [
            _tag(100, 31, identity),
            _tag(401, 10, b"Jane"),
            _tag(403, 10, b"Quellimund"),
            _tag(400, 3, struct.pack(">i", 4711234)),
            _tag(404, 6, struct.pack(">i", 2437000)),
            _tag(204, 3, struct.pack(">ii", 1_552_569_131, 0)),
            _tag(212, 10, b"zvarok"),
            _tag(300, 13, samples),
            _tag(206, 10, b"resting state"),
            _tag(108, -1 & 0x7F, b""),
        ]
    )


def test_a_recording_of_magnetic_fields_loses_its_people_and_keeps_its_samples(
    tmp_path: Path,
) -> None:
    path, copy = tmp_path / "sub-01_meg.fif", tmp_path / "copy.fif"
    raw = _fif()
    path.write_bytes(raw)
    look = look_into(path, path.name, len(raw), NOBODY)
    assert (look.role, look.state) == ("fif", "read")
    kinds = {hit.kind for hit in look.hits}
    assert {"person-name", "patient-id", "birth-date", "date", "staff-name"} <= kinds
    header = read_header("fif", path, path.name, len(raw))
    copy.write_bytes(patched(raw, patches(header, NOBODY)))
    after = copy.read_bytes()
    assert len(after) == len(raw)
    assert not any(name in after for name in (b"Jane", b"Quellimund", b"zvarok"))
    assert bytes(range(1, 201)) * 20 in after
    again = look_into(copy, path.name, len(raw), NOBODY)
    assert not again.hits


@pytest.mark.parametrize("cut", [3, 17, 60, 130, 900])
def test_a_cut_recording_is_not_read(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "a.fif"
    path.write_bytes(_fif()[:-cut] if cut < 100 else _fif()[:cut])
    assert look_into(path, path.name, path.stat().st_size, NOBODY).state != "read"


def test_numbers_of_the_shim_do_not_stop_a_sidecar_from_being_clean() -> None:
    assert [kind for kind, _, _ in judge("ShimSetting", "-2150", NOBODY)] == ["session-setting"]
    assert [kind for kind, _, _ in judge("TableHeight", "Dr. Quellimund", NOBODY)] == ["staff-name"]


@pytest.mark.parametrize(
    ("line", "gone"),
    [
        ("Messung durch Vorka Paipurksen", "Vorka Paipurksen"),
        ("röntgensköterska KYVIKSEN Zvubreima", "Zvubreima"),
        ("MTRA: Kvymsen, Drairka", "Kvymsen"),
        ("lékař: MUDr. Zvubreima Kviksen", "Kviksen"),
        ("aanvraag 8354-MR-8886", "8354-MR-8886"),
        ("n° de demande K208089113", "K208089113"),
        ("polisa S974981185", "S974981185"),
        ("Rechner PC-nain54", "PC-nain54"),
        ("data sent to mri-rec-mund53", "mri-rec-mund53"),
        ("mora na Rua Dorf, 187", "Dorf"),
        ("V.a. Morbus Quellimund", "Quellimund"),
        ("pracuje jako ladič varhan", "varhan"),
        ("treated at Mund sykehus", "Mund sykehus"),
        ("hasło: Tulip2020!", "Tulip2020"),
        ("EEG by 4. 11. 1961, born then", "1961"),
        ("proband je 92-letni", "92"),
    ],
)
def test_words_before_a_value_tell_in_running_text(line: str, gone: str) -> None:
    text = f"# notes\n\nTwo runs were acquired.\n{line}\nFieldmaps were acquired.\n"
    copy = redacted_file(text, "note.txt", NOBODY)
    assert gone not in copy
    assert "Two runs were acquired." in copy
    assert "Fieldmaps were acquired." in copy


@pytest.mark.parametrize(
    "line",
    [
        "The order of conditions was random; order 12 was used twice.",
        "Scans were aligned by FLIRT and corrected by Topup.",
        "The known target word was shown; participants had normal vision.",
        "Preprocessing ran on node 12 with 16 threads.",
        "Rated by two raters; agreement was good.",
        "Data from 12:30 to 14:45 minutes were cut.",
        "Patients with schizophrenia and healthy controls took part.",
        "Copyright (c) 2007 The Developers, see LICENSE.",
        "The sex ratio was 1:1 and the age range 18-35 years.",
    ],
)
def test_ordinary_lines_of_notes_stay(line: str) -> None:
    text = f"# notes\n\n{line}\n"
    assert redacted_file(text, "README", NOBODY, MEANT) == text
    assert redacted_file(text, "analysis.py", NOBODY, CODE_SKIPS) == text


@pytest.mark.parametrize("number", ["22126751.1", "0772-MR-6168", "RAD83435143", "A4884254"])
@pytest.mark.parametrize("key", ["SeriesNumber", "ProtocolName", "badanie", "exame", "request"])
def test_a_number_of_an_order_is_never_clean(key: str, number: str) -> None:
    content = {key: number, "EchoTime": 0.03}
    assert list(json_hits(content, NOBODY)) or open_in_json(content)


@pytest.mark.parametrize("number", ["22126751.1", "0772-MR-6168", "E42287672824", "MR/2012/297847"])
def test_a_number_in_a_text_field_of_an_image_is_found(tmp_path: Path, number: str) -> None:
    image = nib.Nifti1Image(np.zeros((2, 2, 2), np.float32), np.eye(4))
    image.header["aux_file"] = number.encode()
    nib.save(image, tmp_path / "a.nii")
    path = tmp_path / "a.nii"
    assert look_into(path, path.name, path.stat().st_size, NOBODY).hits
