"""The methods text says what the settings say."""

from __future__ import annotations

from headrisk.report.words.brain import method_sentences
from headrisk.settings import Settings


def text(settings: Settings, **notes: str) -> str:
    return " ".join(method_sentences(settings, notes))


def test_settings_show_in_the_text() -> None:
    plain = text(Settings())
    assert "smaller network" in plain
    assert "affine (12 parameters)" in plain
    assert "at 4 mm" in plain
    other = text(Settings(accurate=True, alignment="rigid", resolution_mm=2))
    assert "larger network" in other
    assert "rigid (6 parameters)" in other
    assert "at 2 mm" in other


def test_what_was_removed_is_said_only_where_something_was() -> None:
    assert "residual correlation" not in text(Settings())
    said = text(Settings(), **{"residual-correlation": "mean of the gallery (23 people)"})
    assert "removed was the mean of the gallery (23 people)." in said
