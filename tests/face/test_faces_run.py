"""The face route from scans and photographs on disk to the report, on synthetic twins."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import shutil
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from made_once import Once
from PIL import Image

from headrisk.cli.main import main
from headrisk.face.photos import read_photo
from headrisk.synthetic.people.cohort import PeopleSettings, write_people
from headrisk.synthetic.people.photo_settings import PhotoSettings
from headrisk.synthetic.people.volume import PersonScanSettings

pytestmark = pytest.mark.timeout(1200)  # one run over a cohort serves all tests
PEOPLE, DEFACED = 4, "005"
ONE = ("--recognisers", "dlib")  # of the networks, to keep the run short
SMALL = PeopleSettings(
    photos=1,
    scan=PersonScanSettings(voxel_mm=(2.0, 2.0, 2.0), rotation_deg=2.0, shift_mm=2.0),
    photo=PhotoSettings(size=(256, 280), lights=0.0, glasses=0.0),
)
BAD = {  # name of the file: person, consent, last day, status, reason
    "unasked.jpg": ("sub-001", "", "2100-01-01", "refused", "no consent_id"),
    "old.jpg": ("sub-002", "C2", "2001-01-01", "refused", "consent expired on 2001-01-01"),
    "grey.png": ("sub-003", "C3", "2100-01-01", "failed", "no face found"),
    "pair.jpg": ("sub-003", "C3", "2100-01-01", "failed", "two faces"),
    "torn.jpg": ("sub-004", "C4", "2100-01-01", "failed", "a damaged image"),
    "gone.jpg": ("sub-004", "C4", "2100-01-01", "failed", "no such file"),
    "bomb.png": ("sub-004", "C4", "2100-01-01", "failed", "pixels"),
    "stranger.jpg": ("sub-777", "C7", "2100-01-01", "unknown person", "nobody of this name"),
    "faceless.jpg": ("sub-005", "C8", "2100-01-01", "ok", ""),  # whose scan has no face
}


@dataclass(frozen=True)
class Audited:
    """Input, words of the command line, and what the run gave."""

    data: Path
    table: Path
    out: Path
    words: tuple[str, ...]
    code: int
    said: str


def face(out: Path) -> dict[str, Any]:
    section: dict[str, Any] = json.loads((out / "report.json").read_text())["modalities"]["face"]
    return section


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def spoil(table: Path) -> None:
    """Add a photograph of every kind that cannot be used, a stranger's and a faceless head's."""
    folder = table.parent
    first = {row["participant_id"]: folder / row["path"] for row in reversed(rows(table))}
    shutil.copy(first["sub-001"], folder / "unasked.jpg")
    shutil.copy(first["sub-002"], folder / "old.jpg")
    faces = [read_photo(first[f"sub-00{k}"]) for k in (1, 2, 3)]
    Image.fromarray(faces[1][:, ::-1]).save(folder / "stranger.jpg")
    Image.fromarray(faces[2][:, ::-1]).save(folder / "faceless.jpg")
    high = min(len(face) for face in faces)
    Image.fromarray(np.hstack([face[:high] for face in faces[:2]])).save(folder / "pair.jpg")
    Image.fromarray(np.full((200, 180), 90, np.uint8)).save(folder / "grey.png")
    (folder / "torn.jpg").write_bytes(first["sub-004"].read_bytes()[:3000])
    (folder / "bomb.png").write_bytes(bomb())
    with table.open("a", encoding="utf-8") as stream:
        for name, (person, consent, last, *_) in BAD.items():
            stream.write(f"{person}\t{name}\t{consent}\t{last}\n")


def bomb() -> bytes:
    """A PNG of a few hundred bytes that says it has 3.6 thousand million pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + crc

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(999))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def add_scans(data: Path) -> None:
    """A second session of one person, and somebody whose face was cut away."""
    (first,) = (data / "sub-001").rglob("*T1w.nii.gz")
    (second,) = (data / "sub-002").rglob("*T1w.nii.gz")
    image: Any = nibabel.load(first)
    values = np.asarray(image.dataobj).copy()
    index = np.stack(np.meshgrid(*map(np.arange, values.shape), indexing="ij"), -1)
    _, y, z = np.moveaxis(index @ image.affine[:3, :3].T + image.affine[:3, 3], -1, 0)
    wound = (z < y - 70) & (y > -15)
    values[wound] = np.abs(np.random.default_rng(0).normal(0, 30, int(wound.sum())))
    write(data / f"sub-{DEFACED}/ses-1/anat/sub-{DEFACED}_ses-1_T1w.nii.gz", values, image.affine)
    image = nibabel.load(second)
    louder = np.asarray(image.dataobj) * 1.1 + np.random.default_rng(1).normal(0, 9, image.shape)
    write(data / "sub-002/ses-2/anat/sub-002_ses-2_T1w.nii.gz", np.abs(louder), image.affine)


def write(path: Path, values: Any, affine: Any) -> None:
    path.parent.mkdir(parents=True)
    nibabel.save(nibabel.Nifti1Image(values.astype(np.int16), affine), path)


@pytest.fixture(scope="module")
def audited_faces(once: Once) -> Audited:
    """One run over good and bad scans and photographs; do not change it."""
    folder = once("faces", search)
    told = json.loads((folder / "run.json").read_text())
    return Audited(
        folder / "data",
        Path(told["table"]),
        folder / "out",
        tuple(told["words"]),
        told["code"],
        told["said"],
    )


def search(folder: Path) -> None:
    data, out = folder / "data", folder / "out"
    table = write_people(data, folder / "photos", PEOPLE, SMALL, np.random.default_rng(1003))
    spoil(table)
    add_scans(data)
    words = ["faces", str(data), str(out), "--photos", str(table), *ONE, "--nprocs", "1"]
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = main(words)
    told = {"table": str(table), "words": words, "code": code, "said": said.getvalue()}
    (folder / "run.json").write_text(json.dumps(told))


def run_again(audited: Audited, out: Path, table: Path | None, *more: str) -> int:
    """The same scans with other photographs; what is known of the heads is used again."""
    shutil.copytree(audited.out / "store", out / "store")
    photos = [] if table is None else ["--photos", str(table)]
    return main(["faces", str(audited.data), str(out), *photos, "--nprocs", "1", *ONE, *more])


def table_of(audited: Audited, place: Path, *kept: str) -> Path:
    """A table with some of the rows, by the name of the file."""
    head, *lines = audited.table.read_text().splitlines()
    absolute = [line.split("\t") for line in lines]
    chosen = [line for line in absolute if line[1] in kept]
    for line in chosen:
        line[1] = str(audited.table.parent / line[1])
    place.write_text("\n".join([head, *("\t".join(line) for line in chosen)]) + "\n")
    return place


def good(audited: Audited, person: str) -> str:
    """Name of the usable photograph of somebody."""
    return next(r["path"] for r in rows(audited.table) if r["participant_id"] == f"sub-{person}")


def test_the_face_route_from_end_to_end(audited_faces: Audited) -> None:
    assert audited_faces.code == 4
    assert "Who sees a face in the images that photographs are compared with?" in audited_faces.said
    assert audited_faces.said.startswith("Faces: of 6 images, 5 show a face; 1 ")
    assert "1 of 6 images could be compared by no attack" in audited_faces.said
    assert "7 of the photographs listed could not be used" in audited_faces.said
    section = face(audited_faces.out)
    counts = section["counts"]
    assert (counts["scans"], counts["failed"], counts["persons"]) == (PEOPLE + 2, 1, PEOPLE + 1)
    assert counts["searched"] == PEOPLE
    assert counts["unsearched"] == 1  # the person whose scan has no face
    assert counts["mated_pairs"] == PEOPLE + 1  # two MRIs of one person
    assert counts["nonmated_pairs"] == (PEOPLE + 2) * (PEOPLE + 1) - (PEOPLE + 1)
    assert section["measure_order"] == [
        "headrisk",
        *(f"dlib-{x}" for x in ("best", "mean", "sum", "svm-raw", "svm")),
        "fusion",
    ]
    assert section["measures"]["headrisk"]["rank1"] is None  # four people carry no rate
    first = [
        row
        for row in rows(audited_faces.out / "internal" / "links.tsv")
        if (row["measure"], row["rank"]) == ("headrisk", "1")
    ]
    found = [row["probe"].split()[-1] in row["gallery"] for row in first]
    assert sum(found) >= 3
    ranked = rows(audited_faces.out / "internal" / "candidates.tsv")
    assert len(ranked) == (PEOPLE + 2) * PEOPLE  # of each person the best scan alone
    assert all(0 <= float(row["confidence"]) <= 1 for row in ranked)


@pytest.mark.parametrize("name", list(BAD))
def test_no_photograph_is_lost_and_each_says_why(name: str, audited_faces: Audited) -> None:
    told = rows(audited_faces.out / "internal" / "photographs.tsv")
    assert len(told) == PEOPLE + len(BAD)
    (row,) = (one for one in told if Path(one["path"]).name == name)
    *_, status, reason = BAD[name]
    assert row["status"] == status
    assert reason in row["reason"]
    assert bool(reason) == bool(row["reason"])


def test_every_scan_is_listed_with_what_is_left_of_its_face(audited_faces: Audited) -> None:
    scans = rows(audited_faces.out / "internal" / "scans.tsv")
    assert {row["modality"] for row in scans} == {"face"}
    assert [r["participant_id"] for r in scans if r["status"] == "failed"] == [DEFACED]
    heads = rows(audited_faces.out / "internal" / "faces.tsv")
    assert len(heads) == len(scans) == PEOPLE + 2
    for row in heads:
        whole = DEFACED not in row["scan_id"]
        # two detectors still fire on the rough cut: they and the skin disagree
        assert row["face_left"] == ("face" if whole else "unclear")
        assert row["coverage"] == ("full" if whole else "none")
        assert (row["status"], bool(row["reason"])) == (
            ("ok", False) if whole else ("failed", True)
        )
        # CenterFace marks middles of faces, on the rough cut too: no detector is trusted alone
        assert float(row["seen_by_centerface"]) == 1


def test_what_may_be_shared_holds_no_name_and_no_face(audited_faces: Audited) -> None:
    out = audited_faces.out
    public = [*out.glob("*.html"), *out.glob("*.json*"), *out.glob("tables/*"), *out.glob("*.md")]
    assert len(public) > 8
    for path in public:
        text = path.read_text("utf-8")
        for name in ("sub-00", "photo-00", "data:image", "stranger", str(audited_faces.data)):
            assert name not in text, path
    assert not [
        p
        for p in out.rglob("*")
        if p.suffix in (".png", ".jpg", ".npy", ".gif") and "store" not in p.parts
    ]


@pytest.mark.slow
def test_two_processes_give_the_same_bytes(audited_faces: Audited, tmp_path: Path) -> None:
    words = list(audited_faces.words)
    words[2], words[-1] = str(tmp_path / "out"), "2"
    assert main(words) == 4
    mine = (audited_faces.out / "report.json").read_bytes()
    assert (tmp_path / "out" / "report.json").read_bytes() == mine


def test_without_photographs_presence_alone_is_told(
    audited_faces: Audited, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_again(audited_faces, tmp_path, None) == 4
    assert "No photographs were given" in capsys.readouterr().out
    section = face(tmp_path)
    assert (section["measure_order"], section["counts"]["searched"]) == ([], 0)
    presence = next(p["answer"] for p in section["panels"] if p["name"] == "presence")
    assert presence.startswith("Of 6 such images with a skin surface, a face is seen by hog in 6")
    assert "No search." in (tmp_path / "report.html").read_text()
    assert not (tmp_path / "internal" / "photographs.tsv").exists()


def test_one_photograph_alone_is_searched_for(audited_faces: Audited, tmp_path: Path) -> None:
    table = table_of(audited_faces, tmp_path / "one.tsv", good(audited_faces, "001"))
    people = [f"{k:03d}" for k in range(1, PEOPLE + 1)]
    assert run_again(audited_faces, tmp_path, table, "--participant-label", *people) == 0
    counts = face(tmp_path)["counts"]
    assert (counts["searched"], counts["mated_pairs"], counts["failed"]) == (1, 1, 0)


def test_strangers_alone_have_no_mate(audited_faces: Audited, tmp_path: Path) -> None:
    table = table_of(audited_faces, tmp_path / "strangers.tsv", "stranger.jpg")
    people = [f"{k:03d}" for k in range(1, PEOPLE + 1)]
    assert run_again(audited_faces, tmp_path, table, "--participant-label", *people) == 0
    section = face(tmp_path)
    assert section["counts"]["mated_pairs"] == section["counts"]["searched"] == 0
    assert section["counts"]["nonmated_pairs"] == PEOPLE + 1
    assert section["measures"]["headrisk"]["rank1"] is None


@pytest.mark.parametrize("names", [("old.jpg", "unasked.jpg"), ("grey.png", "torn.jpg")])
def test_photographs_that_cannot_be_used_leave_exit_code_4(
    names: tuple[str, str], audited_faces: Audited, tmp_path: Path
) -> None:
    table = table_of(audited_faces, tmp_path / "bad.tsv", *names)
    people = [f"{k:03d}" for k in range(1, PEOPLE + 1)]
    assert run_again(audited_faces, tmp_path, table, "--participant-label", *people) == 4
    counts = face(tmp_path)["counts"]
    assert (counts["failed"], counts["searched"]) == (0, 0)
    assert counts["unsearched"] > 0 or "old.jpg" in names
    told = rows(tmp_path / "internal" / "photographs.tsv")
    assert len(told) == 2
    assert all(row["reason"] for row in told)


def test_a_table_that_cannot_be_read_is_refused(
    cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["faces", str(cohort), str(tmp_path / "out"), "--photos"]
    assert main([*words, str(tmp_path / "none.tsv"), "--nprocs", "1"]) == 3
    assert "none.tsv" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--recognisers", "eigenfaces"], "eigenfaces"),
        (["--protocol", "own"], "invalid choice"),
    ],
)
def test_what_cannot_be_asked_for_is_said_before_any_work(
    options: list[str], said: str, cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["faces", str(cohort), str(tmp_path / "out"), *options]
    try:
        code = main(words)
    except SystemExit as stop:
        code = int(str(stop.code))
    assert code == 2
    assert said in capsys.readouterr().err
