"""The highest of all measures is told beside the headline after a de-identification."""

from __future__ import annotations

from headrisk.findings.deidentified import Arrival, Effect, Treatment
from headrisk.report.words.deidentified import answer, headlines
from headrisk.types import Estimate


def effect(modality: str, measure: str, found: int) -> Effect:
    before, after = (Estimate(n / 12, 0.0, 1.0, 12) for n in (12, found))
    return Effect(modality, measure, "naive", 12, 12, 0, untreated=before, found=after)


def test_headline_and_highest_and_how_many_were_tried() -> None:
    effects = (
        effect("face-scans", "headrisk", 3),
        effect("face-scans", "dlib-mean", 5),
        effect("face", "headrisk", 1),
        effect("face", "dlib-sum", 0),
        effect("face", "faceres-svm-raw", 4),
    )
    treatment = Treatment("x", Arrival(*([0] * 12)), effects)
    told = answer(treatment)
    assert "highest of 3 measures, faceres-svm-raw" in told[0]
    assert "headrisk finds 1 of 12" in told[0]
    assert told[1].startswith("Faces in original scans of another session find")
    assert "highest of 2 measures, dlib-mean" in told[1]
    assert [one.measure for one in headlines(treatment)] == ["faceres-svm-raw", "dlib-mean"]


def test_the_strongest_attack_stands_for_all_where_it_was_chosen() -> None:
    effects = (
        effect("brain", "strongest", 2),
        effect("brain", "headrisk", 1),
        effect("brain", "cosine", 4),
        effect("face", "strongest", 3),
        effect("face", "headrisk", 1),
        effect("face", "dlib-sum", 5),
    )
    treatment = Treatment("x", Arrival(*([0] * 12)), effects)
    assert treatment.effect("brain") == effects[0]
    assert treatment.effect("face") == effects[3]
    told = answer(treatment)[0]
    assert "3 of 12" in told
    assert "strongest attack of 2 measures before and after, chosen on other people" in told
