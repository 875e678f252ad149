"""Clean is said only of files whose every text is in a closed form, which no name is in."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from clean_set import write_clean_set
from hypothesis import given, settings
from hypothesis import strategies as st

from headrisk.cli.main import main
from headrisk.metadata.closed import is_closed_remark, open_words, vocabulary
from headrisk.metadata.fix import CALLED_CLEAN, TO_READ, write_copy
from headrisk.metadata.known import NOBODY
from headrisk.metadata.scan import MetadataScan, scan_metadata

# Names on no list, made of syllables: nothing but the absence of other words can tell them.
_SYLLABLES = ("bra", "gru", "klo", "mei", "nol", "pra", "sto", "tru", "vau", "zei", "drou", "fli")
_ENDS = ("nner", "ska", "lzt", "rmann", "tova", "ckx")
INVENTED = st.builds(
    lambda parts, end: ("".join(parts) + end).capitalize(),
    st.lists(st.sampled_from(_SYLLABLES), min_size=1, max_size=3),
    st.sampled_from(_ENDS),
)


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _tsv(*rows: str) -> bytes:
    return ("\n".join(rows) + "\n").encode()


def _mail(name: str) -> bytes:
    return f"we met {name.lower()} again and all went well\n".encode()


# A place for a name, as path and content; what is beside it is in a closed form.
PLACES: dict[str, Callable[[str], tuple[str, bytes]]] = {
    "prose of a README": lambda n: ("README", _mail(n)),
    "prose of a change log": lambda n: ("CHANGES", _mail(n)),
    "notes": lambda n: ("notes.txt", _mail(n)),
    "log": lambda n: ("task.log", _mail(n)),
    "comment in code": lambda n: ("code/run.py", b"# " + _mail(n) + b"x = 1\n"),
    "settings": lambda n: ("code/config.yml", f"step: {n.lower()}\n".encode()),
    "page": lambda n: ("report.html", b"<p>" + _mail(n) + b"</p>"),
    "notebook": lambda n: (
        "code/a.ipynb",
        _json({"cells": [{"cell_type": "markdown", "source": [_mail(n).decode()]}]}),
    ),
    "description": lambda n: ("task-rest_bold.json", _json({"TaskDescription": _mail(n).decode()})),
    "level of a column": lambda n: (
        "participants.json",
        _json({"group": {"Levels": {"a": n.lower(), "b": "control"}}}),
    ),
    "value of an unknown key": lambda n: ("x.json", _json({"room": n.lower()})),
    "key": lambda n: ("x.json", _json({n.lower(): 3})),
    "value of a known key": lambda n: ("x_T1w.json", _json({"ProtocolName": f"t1 {n.lower()}"})),
    "column": lambda n: ("measures.tsv", _tsv(f"onset\t{n.lower()}", "1.5\t2.5", "3.5\t4.5")),
    "cell": lambda n: ("task_events.tsv", _tsv("onset\tduration\ttrial_type", f"1\t1\t{n}")),
    "label": lambda n: (f"sub-{n.lower()}/x.json", _json({"EchoTime": 0.03})),
    "name of a file": lambda n: (f"{n.lower()}.json", _json({"EchoTime": 0.03})),
    "name of a folder": lambda n: (f"set_{n.lower()}/x.json", _json({"EchoTime": 0.03})),
    "element": lambda n: ("a.xml", f"<set><room>{n.lower()}</room></set>".encode()),
}


def _found_clean(scan: MetadataScan, path: str) -> bool:
    return path in scan.clean


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=12, deadline=None)
@given(name=INVENTED)
def test_no_file_with_a_name_on_no_list_is_called_clean(
    place: str, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("set")
    path, content = PLACES[place](name)
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(content)
    scan = scan_metadata(root)
    assert scan.count("read") == 1
    assert not _found_clean(scan, path)
    assert all(
        name.lower() not in str(one).lower()
        for one in scan.to_read
        if place not in ("column", "key", "label", "name of a file", "name of a folder")
    )


@pytest.mark.parametrize("place", PLACES)
def test_the_same_places_are_clean_with_words_of_the_field(place: str, tmp_path: Path) -> None:
    path, content = PLACES[place]("Cortex")
    words = {b"we met ": b"", b" again and all went well": b""}
    for old, new in words.items():
        content = content.replace(old, new)
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_bytes(content)
    scan = scan_metadata(tmp_path)
    documents = place == "notebook"  # never called clean
    assert _found_clean(scan, path) is not documents, scan.to_read


def test_the_usual_files_of_a_data_set_are_called_clean(tmp_path: Path) -> None:
    scan = scan_metadata(write_clean_set(tmp_path))
    open_files = {one.file for one in scan.to_read}
    assert {name for name in open_files if name.endswith((".nii.gz", ".bval", ".bvec"))} == set()
    assert "participants.tsv" in scan.clean
    sidecars = [one for one in scan.clean if one.endswith(("_bold.json", "_T1w.json"))]
    assert len(sidecars) >= 15
    assert len(scan.clean) >= 0.75 * scan.files
    assert {"README.md", "CHANGES", "dataset_description.json"} <= open_files


def test_a_copy_tells_what_is_called_clean(tmp_path: Path) -> None:
    root = tmp_path / "ds"
    (root / "sub-01").mkdir(parents=True)
    (root / "README").write_text("This was written by hand.\n")
    (root / "sub-01" / "sub-01_T1w.json").write_text(
        '{"EchoTime": 0.03, "InstitutionName": "Kraulitz Klinik"}'
    )
    before = (root / "README").read_bytes()
    code = main(["metadata", str(root), str(tmp_path / "out"), "--fix", str(tmp_path / "copy")])
    assert code == 0
    assert (tmp_path / "copy" / "README").read_bytes() == before  # nothing is removed for it
    with (tmp_path / "out" / "internal" / "copy.tsv").open(newline="") as stream:
        rows = {row["file"]: row["called"] for row in csv.DictReader(stream, delimiter="\t")}
    assert rows == {"README": TO_READ, "sub-01/sub-01_T1w.json": CALLED_CLEAN}
    listed = (tmp_path / "out" / "internal" / "to-read-in-copy.tsv").read_text().splitlines()
    assert [line.split("\t")[1] for line in listed] == ["file", "README"]
    answer = (tmp_path / "out" / "report.json").read_text()
    assert "a person has to" in answer
    assert "README" not in answer


def test_a_word_that_several_people_share_tells_none_of_them(tmp_path: Path) -> None:
    for person in range(1, 6):
        folder = tmp_path / f"sub-{person:02d}" / "func"
        folder.mkdir(parents=True)
        name = f"sub-{person:02d}_task-grumpfel"
        (folder / f"{name}_events.tsv").write_text("onset\tduration\ttrial_type\n1\t1\tsplonk\n")
        own = "Nolzetska" if person == 3 else "grumpfel"
        (folder / f"{name}_bold.json").write_text(_json({"SeriesDescription": f"{own} x"}).decode())
    scan = scan_metadata(tmp_path)
    assert {one.file for one in scan.to_read} == {"sub-03/func/sub-03_task-grumpfel_bold.json"}


@pytest.mark.parametrize("number", ["7990991", "73326", "95", "203910", "88311912"])
def test_a_bare_number_in_an_image_header_is_anybodys(number: str, tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.zeros((2, 2, 2), np.int16), np.eye(4))
    image.header["descrip"] = number.encode()
    nib.save(image, tmp_path / "x.nii.gz")
    (tmp_path / "copy").mkdir()
    write_copy(tmp_path, tmp_path / "copy", NOBODY, np.random.default_rng(1))
    assert number.encode() not in gzip.decompress((tmp_path / "copy" / "x.nii.gz").read_bytes())


def test_a_folder_without_files_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ds" / "sub-01").mkdir(parents=True)
    assert main(["metadata", str(tmp_path / "ds"), str(tmp_path / "out")]) == 3
    assert "without any file" in capsys.readouterr().err


def test_a_folder_of_which_nothing_could_be_read_is_no_good_news(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ds").mkdir()
    (tmp_path / "ds" / "a.json").write_text("{")
    assert main(["metadata", str(tmp_path / "ds"), str(tmp_path / "out")]) == 4
    said = capsys.readouterr().out
    assert "nothing is known" in said
    assert "Nothing was found" not in said


@given(st.text(max_size=40))
def test_every_open_word_stands_in_its_text_and_in_no_vocabulary(text: str) -> None:
    for word in open_words(text):
        assert word not in vocabulary() or not word.islower() or word.isdigit()
    assert not (is_closed_remark(text) and open_words(text))


@pytest.mark.parametrize(
    "text",
    [
        "8322 LX",
        "80331",
        "02 82 58 99 32",
        "5E94A018DE1AAADF",
        "60.45148, 22.26869",
        "20:55",
        "Young",
        "A186971",
        "1992-03-04",
        "jane.doe",
    ],
)
def test_codes_and_numbers_of_people_are_open(text: str) -> None:
    assert open_words(text)


@pytest.mark.parametrize(
    "text",
    [
        "0.03",
        "n/a",
        "1877-06-15T13:45:30",
        "left hand",
        "T1w",
        "run-2",
        "[removed]",
        "EEG Fp1",
        "go",
        "89+",
        "stimuli/face 3",
    ],
)
def test_values_of_the_field_are_closed(text: str) -> None:
    assert not open_words(text)
