"""The contract of the output folder: what lies where, who may read it, and what never leaves."""

from __future__ import annotations

import csv
import json
import os
import platform
import shutil
import stat
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import jsonschema

PUBLIC = {
    "report.html",
    "texts.html",
    "report.json",
    "report-run.json",
    "report-files.json",
    "dataset_description.json",
    "settings.toml",
    "methods.md",
    "audit.jsonl",
}
INTERNAL = {"report.html", "links.tsv", "pairs.parquet", "scans.tsv"}


def public_paths(out: Path) -> list[Path]:
    """Everything that is not below ``internal`` or ``store``, which only the owner can enter."""
    return [
        path
        for path in out.rglob("*")
        if path.is_file() and path.relative_to(out).parts[0] not in ("internal", "store")
    ]


def test_what_lies_where(audited: Path) -> None:
    assert {path.name for path in audited.iterdir()} == PUBLIC | {"internal", "tables", "store"}
    assert {path.name for path in (audited / "internal").iterdir()} >= INTERNAL
    assert (audited / "tables" / "cost.tsv").is_file()


def test_only_the_owner_reads_what_is_internal(audited: Path) -> None:
    for name in ("internal", "store"):
        assert stat.S_IMODE((audited / name).stat().st_mode) == 0o700
        for path in (audited / name).rglob("*"):
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_the_report_keeps_its_schema(audited: Path) -> None:
    schema = json.loads((files("headrisk.report") / "schema" / "report.schema.json").read_text())
    content = json.loads((audited / "report.json").read_text())
    jsonschema.validate(content, schema)
    section = content["modalities"]["brain"]
    assert next(iter(section["measure_order"])) == "residual-correlation"
    assert len(section["measures"]) == 14  # the fusion of the thirteen among them
    for measure in section["measures"].values():
        assert {"auc", "eer", "d_prime", "rank1", "rank5", "mated_min", "nonmated_max"} <= set(
            measure
        )
        assert {"kde", "fmr_1e-2", "fmr_1e-3"} <= set(measure["threshold"])


def test_the_internal_tables_have_their_columns(audited: Path) -> None:
    def columns(name: str) -> list[str]:
        with (audited / "internal" / name).open() as lines:
            return next(csv.reader(lines, delimiter="\t"))

    assert {"probe", "gallery", "measure", "score", "rank", "decision"} <= set(columns("links.tsv"))
    assert {
        "participant_id",
        "session_id",
        "path",
        "status",
        "reason",
        "seconds",
        "quality",
    } <= set(columns("scans.tsv"))


def test_costs_stand_beside_the_report(audited: Path) -> None:
    stages = [row["stage"] for row in json.loads((audited / "report-run.json").read_text())["cost"]]
    own = ["index", "prepare", "compare", "evaluate", "assess"]
    assert stages == [*own, "read metadata", "compare metadata", "evaluate", "evaluate", "look"]
    assert "cpu_seconds" not in (audited / "report.json").read_text()


def test_the_log_tells_the_story_in_counts_and_digests(audited: Path) -> None:
    lines = [json.loads(line) for line in (audited / "audit.jsonl").read_text().splitlines()]
    details = [line["detail"] for line in lines if line["action"] == "stage"]
    assert [line["action"] for line in lines] == ["start", *["stage"] * len(details), "finish"]
    stages = [detail["stage"] for detail in details[5:]]
    assert stages == ["read metadata", "compare metadata", "evaluate", "evaluate", "look"]
    assert details[:5] == [
        {"stage": "index", "done": 1, "failed": 0},
        {"stage": "prepare", "done": 12, "failed": 0},
        {"stage": "compare", "done": 12 * 10 + 12, "failed": 0},
        {"stage": "evaluate", "done": 14, "failed": 0},  # 13 measures and their fusion
        {"stage": "assess", "done": 1, "failed": 0},
    ]
    assert set(lines[0]["detail"]) == {
        *("data_sets", "treated_sets", "headrisk", "scans", "settings_sha256"),
    }
    assert set(lines[-1]["detail"]) == {"scans", "failed", "report_sha256", "files_sha256"}


def plant(cohort: Path, data: Path, canaries: list[str]) -> None:
    """Write the cohort under canary labels, folders, dates and sidecars."""
    words = iter(canaries)
    renamed = {f"sub-00{k}": f"sub-{next(words)}" for k in range(1, 7)}
    sessions = {f"ses-{k}": f"ses-{next(words)}" for k in (1, 2)}
    sidecar = {
        "PatientName": next(words),
        "PatientID": next(words),
        "InstitutionName": next(words),
        "InstitutionAddress": next(words),
        "Manufacturer": next(words),
        "ManufacturersModelName": next(words),
        "OperatorsName": next(words),
        "SeriesDescription": next(words),
        "DeviceSerialNumber": next(words),
        "StationName": next(words),
    }
    for image in sorted(cohort.glob("sub-*/ses-*/anat/*.nii.gz")):
        person, session = image.parts[-4], image.parts[-3]
        folder = data / renamed[person] / sessions[session] / "anat"
        folder.mkdir(parents=True)
        stem = f"{renamed[person]}_{sessions[session]}_acq-{canaries[18]}_T1w"
        shutil.copy(image, folder / f"{stem}.nii.gz")
        (folder / f"{stem}.json").write_text(json.dumps(sidecar))
    (data / "dataset_description.json").write_text(
        json.dumps({"Name": canaries[19], "BIDSVersion": "1.9.0", "Authors": [canaries[20]]})
    )
    rows = [f"{label}\t{canaries[21]}\t{canaries[22]}" for label in renamed.values()]
    (data / "participants.tsv").write_text(
        "\n".join(["participant_id\tsite\tfamily_id", *rows]) + "\n"
    )


def test_thirty_planted_strings_never_leave(
    cohort: Path, audited: Path, quick: str, tmp_path: Path
) -> None:
    """Labels, sessions, folders, sidecars, tables, user, host: in no public file, log or message.

    The data set's own name is public: it stands in ``data`` of ``report.json`` and on the pages.
    One scan is damaged, so that messages about a failure are among them.
    """
    canaries = [f"canary{k:02}{chr(97 + k % 26) * 4}" for k in range(30)]
    place = tmp_path / canaries[23] / canaries[24]
    data = place / canaries[25]
    data.mkdir(parents=True)
    plant(cohort, data, canaries)
    damaged = next((data / f"sub-{canaries[0]}").rglob("*.nii.gz"))
    damaged.write_bytes(damaged.read_bytes()[:-400])
    shutil.copytree(audited / "store", place / "out" / "store")
    user = {"USER": canaries[26], "LOGNAME": canaries[27], "HOME": f"/home/{canaries[28]}"}
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from headrisk.cli.main import run; run()"),
            *("audit", canaries[25], "out", "--no-faces", "--settings", quick, "--nprocs", "1"),
            *("--work-dir", canaries[29]),
        ],
        cwd=place,
        env={**os.environ, **user, "HOSTNAME": canaries[28]},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 4, done.stderr
    out = place / "out"
    assert any(path.name == "audit.jsonl" for path in public_paths(out))
    texts = {path.name: path.read_text() for path in public_paths(out)}
    assert len(texts) > 10
    texts |= {"standard output": done.stdout, "standard error": done.stderr}
    machine = [str(tmp_path), platform.node()]
    for name, text in texts.items():
        for word in (*canaries[:19], *canaries[20:], *machine):
            assert word not in text, f"{word} in {name}"
    named = [name for name, text in texts.items() if canaries[19] in text]
    assert sorted(named) == ["report.html", "report.json", "texts.html"]
    scans = (out / "internal" / "scans.tsv").read_text()
    assert all(canary in scans for canary in (*canaries[:8], *canaries[23:26]))
    assert "failed" in scans
