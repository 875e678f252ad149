"""Every file of a messy data set is accounted for, and told for what it is."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from messy import Right, build, nifti

from headrisk.dataset.inventory import (
    FileRow,
    Inventory,
    Looked,
    counted,
    explained,
    files_table,
    judged,
    take_inventory,
)
from headrisk.dataset.labels import path_label, plain_label
from headrisk.dataset.magic import tell
from headrisk.dataset.scans import Scan
from headrisk.intake import beyond, dicom_within
from headrisk.io.image_copies import with_copies
from headrisk.job import Job
from headrisk.report.words.inventory import REASONS


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Inventory, dict[str, Right]]:
    root = tmp_path_factory.mktemp("messy") / "data"
    root.mkdir()
    right = build(root)
    return take_inventory(root), right


def test_each_file_is_told_for_what_it_is(messy: tuple[Inventory, dict[str, Right]]) -> None:
    inventory, right = messy
    found = {row.path: row for row in inventory.rows}
    wanted = {path: what for path, what in right.items() if what.kind != "body"}
    assert found.keys() == wanted.keys()
    wrong = {}
    for path, what in wanted.items():
        row = found[path]
        seen = (row.kind, row.status, row.code)
        meant = (what.kind, what.status, what.code)
        if what.kind == "image":
            seen += (row.datatype, row.suffix, row.participant_id, row.where)
            meant += (what.datatype, what.suffix, what.person, what.where)
        if seen != meant:
            wrong[path] = (seen, meant)
    assert not wrong
    assert found["sub-04/anat/sub-04_PDw.hdr"].files == 2
    assert all(
        "fetch the content" in r.reason or "fetch it" in r.reason
        for r in inventory.images
        if r.code == "pointer"
    )


def test_counts_add_up(messy: tuple[Inventory, dict[str, Right]]) -> None:
    inventory, right = messy
    counts = counted(inventory)
    images = sum(what.kind == "image" for what in right.values())
    assert counts.images == images >= 70
    assert counts.images == counts.looked_at + counts.failed + counts.left_out
    for row in counts.kinds:
        assert row.images == row.looked_at + row.failed + row.left_out
        assert sum(row.reasons.values()) == row.failed + row.left_out
    assert sum(row.images for row in counts.kinds) == images
    assert counts.failed == sum(what.status == "failed" for what in right.values())


def test_what_checks_came_to(messy: tuple[Inventory, dict[str, Right]]) -> None:
    inventory, _ = messy
    folder = inventory.root / "sub-01/ses-a/anat"
    one, two, three = (
        str(folder / f"sub-01_ses-a_{name}.nii.gz") for name in ("T1w", "T2w", "FLAIR")
    )
    done = judged(
        inventory,
        [
            Looked("brain", one),
            Looked("face", one, problem="no skin"),
            Looked("brain", two, problem="no brain"),
            Looked("metadata", three),
        ],
    )
    done = explained(done, ("T1w",), ("sub-01",))
    found = {row.path: row for row in done.rows}
    rows = [found[os.path.relpath(path, inventory.root)] for path in (one, two, three)]
    assert [row.status for row in rows] == ["looked_at", "failed", "left_out"]
    assert rows[0].checks == ("brain", "face")
    assert "no skin" in rows[0].reason
    assert rows[2].code == "contrast"
    assert found["sub-02/ses-a/anat/sub-02_ses-a_T1w.nii.gz"].code == "person"
    before, after = counted(inventory), counted(done)
    assert after.images == before.images
    assert (after.looked_at, after.failed) == (1, before.failed + 1)


def test_unreadable_folder_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = tmp_path / "sub-01"
    closed.mkdir()
    (tmp_path / "sub-02_T1w.nii").write_bytes(nifti(1))
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    inventory = take_inventory(tmp_path)
    counts = counted(inventory)
    assert (counts.unread_folders, counts.images) == (1, 1)
    assert "not known" in inventory.notes[0]


def test_copies_by_bytes_and_by_voxels(tmp_path: Path) -> None:
    folder = tmp_path / "sub-01" / "anat"
    folder.mkdir(parents=True)
    first = folder / "sub-01_T1w.nii.gz"
    first.write_bytes(gzip.compress(nifti(1), mtime=0))
    (tmp_path / "again.nii.gz").write_bytes(first.read_bytes())
    voxels = np.asanyarray(nib.load(first).dataobj)
    nib.save(nib.Nifti1Image(voxels.astype(np.float32), 2 * np.eye(4)), tmp_path / "other.nii")
    (tmp_path / "different.nii").write_bytes(nifti(2))
    found = {row.path: row.copy_of for row in with_copies(take_inventory(tmp_path)).rows}
    original = "sub-01/anat/sub-01_T1w.nii.gz"
    assert found == {
        original: "",
        "again.nii.gz": original,
        "other.nii": original,
        "different.nii": "",
    }


def test_copies_that_were_not_looked_for_are_told(tmp_path: Path) -> None:
    for n in range(3):
        (tmp_path / f"{n}.nii").write_bytes(nifti(n))
    inventory = with_copies(take_inventory(tmp_path), most_bytes=100)
    assert not any(row.copy_of for row in inventory.rows)
    assert [note for note in inventory.notes if note.startswith("3 images")]


def test_images_of_another_data_set_that_nothing_looks_at_are_told(tmp_path: Path) -> None:
    for n in range(3):
        (tmp_path / f"{n}.nii").write_bytes(nifti(n))
    listed = take_inventory(tmp_path)
    scans = [Scan(str(n), str(n), str(tmp_path / f"{n}.nii"), dataset="b") for n in range(3)]
    assert beyond("b", listed, scans) == ""
    assert "3 images" in beyond("b", listed, scans[:2])
    assert "1 of them" in beyond("b", listed, scans[:2])
    assert "3 of them" in beyond("other", listed, scans)


@pytest.mark.slow
def test_ten_thousand_files_take_a_second_or_two(tmp_path: Path) -> None:
    for n in range(100):
        folder = tmp_path / f"sub-{n:03d}"
        folder.mkdir()
        for k in range(100):
            (folder / f"note{k}.txt").write_bytes(b"words")
    start = time.process_time()
    assert len(take_inventory(tmp_path).rows) == 10_000
    assert time.process_time() - start < 8


@given(st.binary(max_size=700), st.sampled_from(["a.nii", "a.nii.gz", "a.dcm", "a", "a.json"]))
@settings(max_examples=300)
def test_any_bytes_are_told(content: bytes, name: str) -> None:
    told = tell(name, content, len(content))
    if name.endswith((".nii", ".gz", ".dcm")):
        assert told.kind == "image"
        assert told.form or told.problem


@pytest.mark.parametrize(
    ("path", "person", "session"),
    [
        ("sub-01/ses-2/anat/sub-01_ses-2_T1w.nii.gz", "01", "2"),
        ("out/sub-Zoe\u0308/x.nii", "Zo\u00eb", ""),
        ("sub-01_ses-2/stats", "01", "2"),
        ("sub-01_T1w_defaced.nii.gz", "01", ""),
        ("x/brain.nii", "", ""),
        ("sub-A-B/anat/T1.nii", "A-B", ""),
    ],
)
def test_labels_of_paths(path: str, person: str, session: str) -> None:
    assert (path_label(path, "sub"), path_label(path, "ses")) == (person, session)


@given(st.text("abcé\u0308Z019", min_size=1, max_size=8))
def test_one_person_has_one_label(text: str) -> None:
    from unicodedata import normalize

    forms = {
        plain_label(f"{start}{normalize(form, text)}", "sub")
        for start in ("", "sub-", " sub-")
        for form in ("NFC", "NFD")
    }
    assert len(forms) == 1


def test_rows_of_a_manifest(tmp_path: Path) -> None:
    (tmp_path / "a.nii").write_bytes(nifti(1))
    (tmp_path / "m.tsv").write_text(
        "participant_id\tsession_id\tpath\tsuffix\n01\t1\ta.nii\tT2w\n02\t1\tnone.nii\tT1w\n"
    )
    one, two = sorted(take_inventory(tmp_path / "m.tsv").rows, key=lambda row: row.path)
    assert (one.suffix, one.participant_id, one.status) == ("T2w", "01", "left_out")
    assert (two.status, two.code) == ("failed", "missing")
    assert isinstance(one, FileRow)


def test_names_that_scans_spell_otherwise_are_not_counted_twice(tmp_path: Path) -> None:
    folder = tmp_path / "sub-01" / "anat"
    folder.mkdir(parents=True)
    odd = Path(os.fsdecode(bytes(folder) + b"/sub-01_acq-\xe9_T1w.nii"))
    for path in (folder / "sub-01_T1w.nii", odd):
        path.write_bytes(nifti(1))
    escaped = str(odd).encode("utf-8", "backslashreplace").decode()
    looked = [
        Looked("brain", str(folder) + "/./sub-01_T1w.nii"),
        Looked("brain", escaped, problem="not UTF-8"),
    ]
    counts = counted(judged(take_inventory(tmp_path), looked))
    assert (counts.images, counts.looked_at, counts.failed) == (2, 1, 1)


UNUSED = {  # bytes of a table that describes, and what is told of it
    b"": "empty",
    b"\n \n": "empty",
    b"subject\tage\n01\t33\n": "no_key",
    b"\0\1\2" * 9: "unreadable",
    b"participant_id\tage\tage\nsub-01\t3\t4\n": "columns",
    b"participant_id\tage\nsub-01\t3\nsub-02\n": "lines",
    b"participant_id\tage\nsub-01\t3\n": "",
    "participant_id\tage\nsub-01\tf\xfcnf\n".encode("latin-1"): "",
    "participant_id,age\nsub-01,3\n".encode("utf-16"): "",
}


@pytest.mark.parametrize("raw", UNUSED)
def test_tables_that_cannot_be_used_are_counted(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "participants.tsv").write_bytes(raw)
    (tmp_path / "dataset_description.json").write_text("{}")
    counts = counted(take_inventory(tmp_path))
    assert counts.unused == ({"table": {UNUSED[raw]: 1}} if UNUSED[raw] else {})


def test_links_and_sidecars_that_cannot_be_used_are_counted(tmp_path: Path) -> None:
    folder = tmp_path / "sub-01" / "anat"
    folder.mkdir(parents=True)
    (folder.parent / "sub-01_scans.tsv").symlink_to("gone.tsv")
    (tmp_path / "participants.tsv").symlink_to(".git/annex/objects/aa/bb/k/k")
    for name, text in (("a", "[1]"), ("b", "{"), ("c", '{"EchoTime": 1}')):
        (folder / f"sub-01_acq-{name}_T1w.json").write_text(text)
    counts = counted(take_inventory(tmp_path))
    assert counts.unused == {"sidecar": {"damaged": 2}, "table": {"link": 1, "pointer": 1}}


@pytest.mark.timeout(30)
def test_links_to_the_whole_file_system_are_not_followed(tmp_path: Path) -> None:
    person = tmp_path / "data" / "sub-01"
    person.mkdir(parents=True)
    for name, target in (("sub-02", "/"), ("sub-03", "/proc/self"), ("sub-04", str(tmp_path))):
        (tmp_path / "data" / name).symlink_to(target)
    (person / "ses-1").symlink_to("..")
    (person / "anat").symlink_to("/dev")
    rows = take_inventory(tmp_path / "data").rows
    assert {row.path: (row.kind, row.code) for row in rows} == {
        f"{name}": ("link", "link")
        for name in ("sub-01/anat", "sub-01/ses-1", "sub-02", "sub-03", "sub-04")
    }


def test_every_file_on_disk_has_a_row(messy: tuple[Inventory, dict[str, Right]]) -> None:
    inventory, right = messy
    columns, rows = files_table(inventory, REASONS)
    table = {row[0]: dict(zip(columns, row, strict=True)) for row in rows}
    assert len(table) == len(rows)
    outside_archives = {path for path in table if "!/" not in str(path)}
    on_disk = {path for path, what in right.items() if what.kind != "body" and "!/" not in path}
    assert outside_archives == on_disk
    for row in inventory.rows:
        assert table[row.path]["kind"] == row.kind
        if row.status in ("failed", "left_out"):
            assert table[row.path]["reason"], row.path


def test_archives_in_archives_are_named_and_told(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("head.nii.gz", gzip.compress(nifti(3)))
    with zipfile.ZipFile(tmp_path / "scans.zip", "w") as archive:
        archive.writestr("deep/inner.zip", inner.getvalue())
        archive.writestr("one.nii.gz", gzip.compress(nifti(3)))
    inventory = take_inventory(tmp_path)
    rows = {row[0]: row for row in files_table(inventory, REASONS)[1]}
    assert set(rows) == {"scans.zip", "scans.zip!/deep/inner.zip", "scans.zip!/one.nii.gz"}
    assert "1 archives inside, whose files are not listed" in str(rows["scans.zip"][-1])
    assert counted(inventory).other["archive"] == 2


def test_links_that_lead_out_are_counted_folders_too(tmp_path: Path) -> None:
    away = tmp_path / "away" / "anat"
    away.mkdir(parents=True)
    (away / "sub-02_T1w.nii").write_bytes(nifti(3))
    (tmp_path / "away" / "note.txt").write_text("n")
    data = tmp_path / "data"
    (data / "sub-01").mkdir(parents=True)
    (data / "sub-02").symlink_to(tmp_path / "away")  # followed: a person
    (data / "extra").symlink_to(tmp_path / "away")  # not followed
    (data / "sub-01" / "note.txt").symlink_to(tmp_path / "away" / "note.txt")
    (data / "sub-01" / "again").symlink_to(data / "sub-01")  # leads nowhere else
    notes = take_inventory(data).notes
    (note,) = [note for note in notes if "outside" in note]
    assert note.startswith("3 links lead to files or folders outside the data set")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["no_check", "derivatives", "name", "archive"]),
            st.dictionaries(
                st.sampled_from(["brain", "face", "face-scans", "faces", "metadata"]),
                st.sampled_from(["", "cut off"]),
            ),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_images_that_no_attack_compared_and_those_compared_add_up(
    images: list[tuple[str, dict[str, str]]],
) -> None:
    """A look for a face, or at a header, compares no image; a failed comparison is none."""
    rows = tuple(
        FileRow(f"sub-{k}_T1w.nii.gz", "image", suffix="T1w", status="left_out", code=code)
        for k, (code, _) in enumerate(images)
    )
    looked = [
        Looked(check, f"/data/{row.path}", problem=problem)
        for row, (_, checks) in zip(rows, images, strict=True)
        for check, problem in checks.items()
    ]
    (kind,) = counted(judged(Inventory(Path("/data"), rows), looked)).kinds
    attacks = ("brain", "face", "face-scans")
    done = [{a for a in attacks if checks.get(a) == ""} for _, checks in images]
    assert sum(kind.apart.values()) == sum(not own for own in done)
    assert dict(kind.compared) == {a: n for a in attacks if (n := sum(a in own for own in done))}
    assert sum(kind.reasons.values()) == kind.failed + kind.left_out
    tried = sum(
        not own and bool({*attacks} & {*checks})
        for own, (_, checks) in zip(done, images, strict=True)
    )
    assert kind.apart.get("unusable", 0) >= tried


@pytest.mark.parametrize(
    ("name", "pack", "form"),
    [
        ("a_T1w.nii.bz2", bz2.compress, "packed NIfTI"),
        ("a_T1w.nii.xz", lzma.compress, "packed NIfTI-1"),
        ("a_T1w.nii.zst", lambda raw: b"\x28\xb5\x2f\xfd" + raw, "packed NIfTI"),
        ("a_T1w.nii.lz4", lambda raw: b"\x04\x22\x4d\x18" + raw, "packed NIfTI"),
        ("a_T1w.nii.Z", lambda raw: b"\x1f\x9d" + raw, "packed NIfTI"),
    ],
)
def test_packed_images_are_images_in_a_form_that_is_not_read(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes], form: str
) -> None:
    noise = np.random.default_rng(0).integers(0, 999, (40, 40, 40)).astype(np.int16)
    raw = nib.Nifti1Image(noise, np.eye(4)).to_bytes()
    for folder in ("one", "two"):  # twice the same: they are compared as copies
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_bytes(pack(raw))
    (tmp_path / "two" / name).write_bytes(pack(raw + b"\0"))
    rows = with_copies(take_inventory(tmp_path)).images
    assert [(row.form, row.code) for row in rows] == [(form, "format")] * 2


def test_surfaces_without_an_ending_are_told(tmp_path: Path) -> None:
    """A scalp is a surface; curvature has the first bytes of one."""
    rng = np.random.default_rng(0)
    corners, faces = rng.random((50, 3)), rng.integers(0, 50, (90, 3))
    nib.freesurfer.write_geometry(tmp_path / "sub-01_outer_skin_surface", corners, faces)
    nib.freesurfer.write_geometry(tmp_path / "lh.seghead", corners, faces)
    nib.freesurfer.write_morph_data(tmp_path / "lh.curv", corners[:, 0])
    kinds = {row.path: row.kind for row in take_inventory(tmp_path).rows}
    assert kinds == {
        "sub-01_outer_skin_surface": "surface",
        "lh.seghead": "surface",
        "lh.curv": "other",
    }


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("raw.7z", b"7z\xbc\xaf\x27\x1c" + b"\1" * 99),
        ("disk.iso", bytes(32_769) + b"CD001" + bytes(9999)),
        ("old.tar.zst", b"\x28\xb5\x2f\xfd" + b"\2" * 99),
    ],
)
def test_an_archive_that_cannot_be_listed_is_not_said_to_hold_nothing(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    (row,) = take_inventory(tmp_path).rows
    assert (row.kind, row.status) == ("archive", "left_out")
    assert row.reason.startswith("what it holds is not known; ")


def test_dicom_in_an_archive_is_not_converted(tmp_path: Path) -> None:
    """Its rows say where it lies; no folder of that name is there."""
    (tmp_path / "dataset_description.json").write_text("{}")
    with zipfile.ZipFile(tmp_path / "raw.zip", "w") as archive:
        archive.writestr("a/IM0001", bytes(128) + b"DICM" + bytes(99))
    inventory = take_inventory(tmp_path)
    assert [row.path for row in inventory.images] == ["raw.zip!/a/IM0001"]
    job = cast(Job, SimpleNamespace(faces_left=True, work_dir=tmp_path / "work", out=tmp_path))
    assert dicom_within(job, inventory) == ()
