"""Generated spellings of identifying fields and columns: names, styles, waves, notations, nesting.

Names are put together from what people of several languages call such a field, and every name is
written in several styles. ``harmless`` holds columns and keys of the same make that tell nobody.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

PEOPLE = 12
STYLES = ("snake", "camel", "pascal", "lower", "upper", "kebab", "spaced")
WAVES = ("", "_w2", "W1", "2", "_baseline", "_t1", "_ses-01", "_v3")


@dataclass(frozen=True)
class Variant:
    """A column: its kind, its name, a value for each of twelve people."""

    kind: str
    name: str
    values: tuple[str, ...]


def written(words: str, style: str) -> str:
    """A name in one of seven styles."""
    parts = words.split()
    if style == "camel":
        return parts[0] + "".join(part.capitalize() for part in parts[1:])
    if style == "pascal":
        return "".join(part.capitalize() for part in parts)
    sign = {"snake": "_", "kebab": "-", "spaced": " ", "upper": "_"}.get(style, "")
    name = sign.join(parts)
    return name.upper() if style == "upper" else name


_BIRTH = """date of birth|birth date|dob|patient dob|participant birth date|geburtsdatum|syntymäaika
    |fecha nacimiento|date naissance|data di nascita|födelsedatum|geboortedatum|child dob|birthday
    |data urodzenia|fødselsdato|mother date of birth|pt birth dt|born on|birth year""".split("|")  # noqa: SIM905
_NAMES = """patient name|participant name|surname|last name|first name|family name|given name
    |nachname|vorname|sukunimi|etunimi|apellidos|nom de famille|prénom|cognome|efternamn|achternaam
    |nazwisko|mother name|child full name|maiden name|emergency contact name|subj lastname
    |caregiver first name""".split("|")  # noqa: SIM905
_RECORDS = """mrn| medical record number| hospital id| hospital number| patient id| patient
    number| chart no| clinic id| pat nr| patientennummer| potilasnumero| medical record no|
    hospital no| insurance number| passport no| national id| health card number| original
    subject id| old id| xnat id| redcap record id| screening code| hospital label| source
    id""".split("|")  # noqa: SIM905
_PHONES = """phone|phone number|mobile|mobile number|telephone|telefon|telefonnummer|puhelin|tel
    |contact phone|home phone|cell phone number|handynummer|teléfono|mother mobile|parent phone 2
    |work telephone|fax""".split("|")  # noqa: SIM905
_EMAILS = """email|e mail|email address|mail|contact email|sähköposti|parent email|correo|courriel
    |participant email|epost""".split("|")  # noqa: SIM905
_ADDRESSES = """address|home address|street|postcode|zip|zip code|postal code|plz|postinumero|city
    |home town|town of residence|adresse|anschrift|wohnort|dirección|zipcode|residence|osoite
    |place of residence|patient address|mailing address""".split("|")  # noqa: SIM905
_AGES = """age|age at scan|age at visit|scan age|patient age|participant age|age years|age mri|alter
    |ikä|edad|âge|leeftijd|ålder|mri age|visit age|age cog|age at baseline|age at death
    |interview age|subject age in years|father age""".split("|")  # noqa: SIM905
_DATES = """date|visit date|scan date|mri date|date of scan|exam date|assessment date|session date
    |datum|untersuchungsdatum|fecha|päivämäärä|pvm|scan dt|visit dt|acquisition date|interview date
    |consent date|date enrolled|surgery date|mri date mmddyy|blood draw date|test day date
    |date of death|admission date""".split("|")  # noqa: SIM905
_TEXTS = """comments| notes| remarks| other specify| free text| reason| bemerkungen|
    huomautukset| observaciones| visit notes| q12 other| hq14s| anamnesis| why left job|
    additional information| feedback| scan comment| opmerkingen| kommentar| rater notes|
    interview answer""".split("|")  # noqa: SIM905
_FIRST = """Anna Zelda Hugo Marek Ingrid Yusuf Chidi Paolo Tuuli Beatriz Oskar Leila""".split()  # noqa: SIM905
_LAST = """Quellimund Ostrander Zarvokka Brindlemoor Haverkampf Thistlewood Okparaebo Castrignano
    Pehkonlahti Villafranqueza Szczepkowski Abdelmoumni""".split()  # noqa: SIM905
_SENTENCES = (
    "fell off a ladder at the harbour",
    "works as a lighthouse keeper",
    "ok",
    "moved during run two",
    "husband was in hospital last week",
    "n/a",
    "had a stroke after the wedding",
    "claustrophobic, stopped early and came back",
    "his twin was scanned here too",
    "wears a hearing aid on the left",
    "took a painkiller this morning",
    "n/a",
)
NOTATIONS = (
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%Y%m%d",
    "%d%m%Y",
    "%m%d%Y",
    "%d-%b-%Y",
    "%d%b%Y",
    "%B %d, %Y",
    "%Y/%m/%d",
    "%d.%m.%y",
    "%m/%d/%y",
    "%d%m%y",
    "%y%m%d",
    "%m%d%y",
    "%d-%b-%y",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%a, %d %b %Y",
    "epoch",
    "serial",
)


def _days(rng: np.random.Generator, first: int, last: int) -> list[date]:
    low, high = date(first, 1, 1).toordinal(), date(last, 12, 31).toordinal()
    return [date.fromordinal(int(n)) for n in rng.integers(low, high, PEOPLE)]


def _written_day(day: date, notation: str) -> str:
    if notation == "epoch":
        return str((day - date(1970, 1, 1)).days * 86400 + 36_000)
    if notation == "serial":
        return str((day - date(1899, 12, 30)).days)
    return day.strftime(notation)


def _named(
    words: list[str], rng: np.random.Generator, least: int = 210
) -> Iterator[tuple[int, str]]:
    """At least ``least`` names: every one in every style, waves added in turn."""
    pairs = list(itertools.product([word.strip() for word in words], STYLES))
    number = 0
    while number < least:
        for word, style in pairs:
            wave = "" if number < len(pairs) // 2 else WAVES[int(rng.integers(len(WAVES)))]
            yield number, written(word, style) + wave
            number += 1


def variants(seed: int = 0) -> list[Variant]:
    """At least 200 columns of each kind."""
    rng = np.random.default_rng(seed)
    out: list[Variant] = []

    def add(kind: str, words: list[str], make: Any) -> None:
        for number, name in _named(words, rng):
            out.append(Variant(kind, name, tuple(make(number, name))))

    def birth(number: int, name: str) -> list[str]:
        if "year" in name.lower():
            return [str(day.year) for day in _days(rng, 1935, 2005)]
        forms = NOTATIONS[:17]
        return [_written_day(day, forms[number % len(forms)]) for day in _days(rng, 1935, 2005)]

    def visit(number: int, name: str) -> list[str]:
        form = "%m%d%y" if "mmddyy" in name.lower() else NOTATIONS[number % len(NOTATIONS)]
        return [_written_day(day, form) for day in _days(rng, 2009, 2024)]

    def people(number: int, name: str) -> list[str]:
        full = [f"{first} {last}" for first, last in zip(_FIRST, _LAST, strict=True)]
        caret = [f"{last}^{first}" for first, last in zip(_FIRST, _LAST, strict=True)]
        comma = [f"{last}, {first}" for first, last in zip(_FIRST, _LAST, strict=True)]
        return (full, caret, comma, list(_LAST), list(_FIRST))[number % 5]

    def records(number: int, name: str) -> list[str]:
        codes = rng.permutation(90_000)[:PEOPLE] + 10_000
        form = ("H{}", "{}", "QZ-{}-ELL", "00{}7", "NHS{}X")[number % 5]
        return [form.format(code) for code in codes]

    def phones(number: int, name: str) -> list[str]:
        forms = ("+358 40 {}", "040{}", "(555) {}", "0{}", "+1-555-{}", "0049 761 {}")
        return [forms[number % len(forms)].format(n) for n in rng.integers(1e6, 9e6, PEOPLE)]

    def mails(number: int, name: str) -> list[str]:
        return [f"{f}.{last}@posti.example".lower() for f, last in zip(_FIRST, _LAST, strict=True)]

    def places(number: int, name: str) -> list[str]:
        codes = [f"{n:05d}" for n in rng.integers(1000, 99999, PEOPLE)]
        if any(word in name.lower() for word in ("post", "zip", "plz")):
            return codes
        return [f"{last}ville" for last in _LAST]

    def ages(number: int, name: str) -> list[str]:
        years = [*rng.integers(60, 89, PEOPLE - 1).tolist(), int(rng.integers(91, 104))]
        form = ("{}", "{}.0", "0{}Y", "{} years", "{}.37")[number % 5]
        return [form.format(n) for n in years]

    def texts(number: int, name: str) -> list[str]:
        return [_SENTENCES[i] for i in rng.permutation(PEOPLE)]

    add("birth-date", _BIRTH, birth)
    add("person-name", _NAMES, people)
    add("patient-id", _RECORDS, records)
    add("phone", _PHONES, phones)
    add("email", _EMAILS, mails)
    add("address", _ADDRESSES, places)
    add("age-over-89", _AGES, ages)
    add("date", _DATES, visit)
    add("free-text", _TEXTS, texts)
    return out


def nested(name: str, value: Any, number: int) -> Any:
    """A value under its key in one of eight shapes of JSON."""
    shapes: tuple[Any, ...] = (
        {name: value},
        {"EchoTime": 0.003, name: value},
        {"global": {"const": {name: value}}},
        {name: {"Value": [value], "vr": "LO"}},
        {"Tasks": [{"Name": "rest"}, {name: value}]},
        {name: [value]},
        {"Fields": [{"name": name, "value": value}]},
        {"acquisition": {"meta": {"info": {name: {"text": value}}}}},
    )
    return shapes[number % len(shapes)]


def harmless(seed: int = 1) -> list[Variant]:
    """Columns that identify nobody, of the kinds that studies of the brain hold."""
    rng = np.random.default_rng(seed)
    out = []
    plain = {
        "image|stage|percentage|voltage|dosage|average|usage|message count|language": "{:.1f}",
        "reaction time|response latency|rt|duration|sleep duration|tmt time|gait speed": "{:.3f}",
        "bdi total|wais digit span forward|moca score|age adjusted score|brain age|iq": "{:.0f}",
        "birth weight|birth order|gestational age score|head circumference at birth": "{:.0f}",
        "days since scan|weeks to follow up|session number|trial number|block|run": "{:.0f}",
        "hippocampus volume|etiv|cortical thickness|white matter hyperintensities": "{:.2f}",
        "data quality|motion rating|snr|tsnr|fd mean|framewise displacement": "{:.2f}",
        "systolic|diastolic|heart rate|temperature|hba1c|cholesterol|crp": "{:.1f}",
    }
    for words, form in plain.items():
        for word, style, wave in itertools.product(words.split("|"), STYLES[:4], WAVES[:4]):
            values = tuple(form.format(v) for v in rng.uniform(1, 88, PEOPLE))
            out.append(Variant("", written(word, style) + wave, values))
    coded = {
        "group|arm|condition|diagnosis|task name|site name": ("control", "patient"),
        "handedness|dominant hand|response side": ("left", "right"),
        "exclude|qc pass|consented|completed|email sent|phone interview done": ("yes", "no"),
        "rater|visit type|time of day|birth mode|scan day": ("a", "b"),
        "file name|stimulus file|drug name|sequence name": ("mprage_p2", "bold_mb4"),
    }
    for words, (one, two) in coded.items():
        for word, style, wave in itertools.product(words.split("|"), STYLES[:4], WAVES[:3]):
            values = tuple(one if rng.random() < 0.5 else two for _ in range(PEOPLE))
            out.append(Variant("", written(word, style) + wave, values))
    clocks = tuple(f"00:{m:02d}:{s:02d}" for m, s in rng.integers(0, 59, (PEOPLE, 2)))
    for word, style in itertools.product(
        ("mr time1", "reaction time", "completion time", "trail making", "task time", "scan time"),
        STYLES,
    ):
        out.append(Variant("", written(word, style), clocks))
    return out
