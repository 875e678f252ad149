"""Every attack of an audit has its words, and rules say what follows from it."""

import pytest

from headrisk.findings.attacks import FACTS
from headrisk.pipeline import ATTACKS as RUN
from headrisk.report.words import follows as said
from headrisk.report.words.attacks import ATTACKS, title_of


def test_every_attack_that_runs_has_words_and_a_rule() -> None:
    assert {*RUN, "combined"} == {*ATTACKS}
    assert {*FACTS} == {*ATTACKS}
    codes = {
        f"{one.code}_{end}" for one in FACTS.values() for end in ("link", "not_shown", "too_few")
    }
    assert codes <= {*said.SENTENCES}


@pytest.mark.parametrize("name", ATTACKS)
def test_words_fit_into_sentences(name: str) -> None:
    one = ATTACKS[name]
    assert title_of(name) == one.title
    assert one.through.startswith("by ")
    assert one.attacker.endswith(".")
    for part in (one.compared, one.found, one.untested, one.rows, one.found_shortly):
        assert not part.endswith(".")
        assert part == part.strip()
