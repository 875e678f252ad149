"""An attack that nobody has written yet: a file of its own and its words, and all else follows."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from simulated_report import simulated_report

import headrisk
from headrisk.attacks import attack as attacks
from headrisk.attacks.attack import Answer, Attack, Context, Lineup, run_attack
from headrisk.dataset.scans import Scan
from headrisk.findings.attacks import FACTS
from headrisk.findings.deidentified import Arrival, Effect, Treatment
from headrisk.findings.records import Needs, RunRecord, ScanRow
from headrisk.intake import Intake
from headrisk.job import Job
from headrisk.report.follows import follows
from headrisk.report.withhold import withhold_small_cells
from headrisk.report.words import attacks as words
from headrisk.report.words.follows import SHORT, sentence
from headrisk.report.write import public_files
from headrisk.run.provenance import CostLog
from headrisk.settings import Settings
from headrisk.types import Estimate, PairScores

SCHEMA = json.loads(
    (Path(headrisk.__file__).parent / "report" / "schema" / "report.schema.json").read_text()
)
PEOPLE = 30


WORDS = words.AttackWords(  # the whole of a new file in ``report/words/``
    title="Walks",
    compared="the way of walking",
    through="by the walk",
    found="found by their walk",
    attacker="The attacker has a film of each person.",
    untested="walks",
    rows="walks",
    needs=Needs(data="films of the people with a name"),
)


@dataclass(frozen=True)
class GaitAttack:
    """People are found by how they walk: the whole of a new file in ``attacks/``."""

    shift: float
    name: str = "gait"
    assessed: bool = True

    def prepare(self, context: Context) -> np.ndarray:
        rng = np.random.default_rng(context.job.settings.seed)
        return rng.normal(size=(PEOPLE, PEOPLE)) + self.shift * np.eye(PEOPLE)

    def design(self, material: np.ndarray, context: Context) -> Lineup[None]:
        probes, gallery = (
            tuple(Scan(f"{p}-{s}", str(p), f"/{p}-{s}", session_id=s) for p in range(PEOPLE))
            for s in "ab"
        )
        return Lineup(None, probes, gallery)

    def score(
        self, material: np.ndarray, lineup: Lineup[None], context: Context
    ) -> tuple[dict[str, PairScores], None]:
        who = np.arange(PEOPLE)
        usable = np.ones(material.shape, dtype=bool)
        scores = (PairScores(name, material, usable, who, who) for name in ("step", "stride"))
        return {one.measure: one for one in scores}, None

    def find(
        self, material: np.ndarray, lineup: Lineup[None], tested: attacks.Tested, context: Context
    ) -> Answer:
        rows = tuple(
            ScanRow(scan.scan_id, scan.participant_id, scan.session_id, scan.path, "ok")
            for scan in (*lineup.probes, *lineup.gallery)
        )
        return Answer(
            rows,
            0,
            "Every walk was searched among all walks.",
            ("Walks were timed.",),
            needs=WORDS.needs,
        )


@pytest.mark.parametrize(
    ("shift", "end", "registered"),
    [(6.0, "link", True), pytest.param(0.0, "not_shown", False, marks=pytest.mark.slow)],
)
def test_an_attack_is_one_file_and_its_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shift: float, end: str, registered: bool
) -> None:
    monkeypatch.setitem(words.ATTACKS, "gait", WORDS)  # type: ignore[arg-type]
    if registered:
        facts = replace(FACTS["brain"], stream=(77,), risk_stream=1077, code="attack", drawn=3)
        monkeypatch.setitem(FACTS, "gait", facts)  # type: ignore[arg-type]
    attack: Attack[Any, Any] = GaitAttack(shift)
    job = Job((), tmp_path, Settings(bootstrap=100))
    measured = run_attack(attack, Context(Intake((), None, ()), job, CostLog()))  # type: ignore[arg-type]
    assert measured is not None
    found = measured.section.headline
    assert found is not None
    assert found.rank1 is not None
    assert (found.rank1.value > 0.9) == (end == "link")

    half = Estimate(0.5, 0.4, 0.6, PEOPLE)
    effect = Effect("gait", "step", "naive", PEOPLE, PEOPLE, 0, untreated=half, found=half)
    copy = Treatment("cut", Arrival(*[PEOPLE] * 12), (effect,))
    report, _ = simulated_report(12, settings=Settings(measures=("ncc",), bootstrap=100))
    report = replace(report, modalities=(*report.modalities, measured.section), treatments=(copy,))
    public = withhold_small_cells(report)
    codes = {one.code: one for one in follows(public)}
    told = codes[f"attack_{end}"]
    assert told.kinds == ("gait",)
    assert "Walks" in sentence(told)
    assert "Walks" in SHORT[told.code](told)

    files = public_files(public, RunRecord())
    jsonschema.validate(json.loads(files["report.json"]), SCHEMA)
    page = " ".join(re.sub("<[^>]+>", " ", html.unescape(files["report.html"].decode())).split())
    for said in (WORDS.title, WORDS.attacker, "Every walk was searched", "Walks were timed"):
        assert said in page + files["methods.md"].decode(), said
    assert "tables/gait-measures.tsv" in files
    assert "\tgait\t" in files["tables/treatments-before-after.tsv"].decode()
    section = json.loads(files["report.json"])["modalities"]["gait"]
    assert section["needs"]["data"] == WORDS.needs.data
