"""National identity numbers, told by their form and their check digits.

The check digits are python-stdnum's (https://arthurdejong.org/python-stdnum/), which cites each
country's own rule. In running text a number counts if its form is telling and its date and check
digits hold; in a column, if every value holds. Denmark's numbers carry no check digit since 2007,
so there the date decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib import import_module

from headrisk.metadata.words import concepts, field_words

# Numbers in rows, such as indices of voxels, are no number written in groups.
# Forms that tell by themselves in running text, with the register whose check must hold.
_IN_TEXT = tuple(
    (re.compile(rf"(?<![\w.-])(?<!\d\s)(?:{pattern})(?![\w-]|\.\d|\s+\d)"), registers.split())
    for pattern, registers in (
        (r"\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]", "fi.hetu"),
        (r"(?:19|20)?\d{6}[-+]\d{4}", "se.personnummer dk.cpr is_.kennitala"),
        (r"[1-9]\d{5}(?:19|20)\d{9}[\dXx]", "cn.ric"),
        (r"\d{3}[ -]\d{3}[ -]\d{4}", "gb.nhs"),
        (r"\d{6} ?\d{5}", "no.fodselsnummer"),
        (r"\d{8}-?[A-HJ-NP-TV-Z]|[XYZ]-?\d{7}-?[A-Z]", "es.dni es.nie"),
        (
            r"[A-Z]{6}[\dLMNPQRSTUV]{2}[A-EHLMPR-T][\dLMNPQRSTUV]{2}[A-Z][\dLMNPQRSTUV]{3}[A-Z]",
            "it.codicefiscale",
        ),
        (r"\d{11}", "pl.pesel tr.tckimlik ee.ik lt.asmens"),
        (r"[12][ .]?\d\d[ .]?\d\d[ .]?\d[\dAB][ .]?\d{3}[ .]?\d{3}[ .]?\d\d", "fr.nir"),
        (r"\d\d\.\d\d\.\d\d-\d{3}[.-]\d\d", "be.nn"),
        (r"\d{6}/\d{3,4}", "cz.rc"),
        (r"[1-8]\d{12}", "ro.cnp"),
        (r"\d{6}-[0-8]\d{6}", "kr.rrn"),
        (r"[A-Z]{4}\d{6}[A-Z]{6}[A-Z\d]\d", "mx.curp"),
        (r"\d{1,2}\.\d{3}\.\d{3}-[\dkK]", "cl.rut"),
        (r"(?!(?:19|20)\d{6})\d{7,8}-[\dkK]", "cl.rut"),
        (r"\d{3}\.\d{3}\.\d{3}-\d\d", "br.cpf"),
        (r"756\.\d{4}\.\d{4}\.\d\d", "ch.ssn"),
        (r"\d{4} \d{6}", "at.vnr"),
        (r"\d{4} \d{4} \d{4}", "in_.aadhaar"),
        (r"[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z]", "in_.pan"),
        (r"\d{7}[A-W][AHWTX]?", "ie.pps"),
        (r"\d\d \d{3} \d{3} \d{3}", "de.idnr"),
        (r"\d{3}[ -]\d{3}[ -]\d{3}", "ca.sin"),
        (r"\d{13}", "za.idnr"),
        (r"\d{6}-\d\d-\d{4}", "my.nric"),
        (r"\d{5}-\d{7}-\d", "pk.cnic"),
        (r"\d{3}-\d{7}-\d", "do.cedula"),
    )
)
# Registers a column is tried for, with words of its name that call one by itself.
_IN_COLUMNS: dict[str, str] = {
    "fi.hetu": "hetu henkilotunnus",
    "se.personnummer": "personnummer pnr",
    "no.fodselsnummer": "fodselsnummer fnr",
    "dk.cpr": "cpr",
    "is_.kennitala": "kennitala",
    "pl.pesel": "pesel",
    "cn.ric": "ric shenfenzheng",
    "gb.nhs": "nhs",
    "es.dni": "dni nif",
    "es.nie": "nie",
    "it.codicefiscale": "codicefiscale fiscale cf",
    "tr.tckimlik": "kimlik tc",
    "ee.ik": "isikukood",
    "lt.asmens": "asmens",
    "fr.nir": "nir insee",
    "be.nn": "rijksregister nn",
    "nl.bsn": "bsn burgerservicenummer",
    "cz.rc": "rodne rc",
    "ro.cnp": "cnp",
    "bg.egn": "egn",
    "kr.rrn": "rrn",
    "mx.curp": "curp",
    "cl.rut": "rut",
    "br.cpf": "cpf",
    "ch.ssn": "ahv avs",
    "at.vnr": "svnr vnr",
    "in_.aadhaar": "aadhaar",
    "in_.pan": "pan",
    "ie.pps": "pps ppsn",
    "de.idnr": "steuer idnr",
    "hr.oib": "oib",
    "gr.amka": "amka",
    "za.idnr": "rsaid",
    "ca.sin": "sin",
    "au.tfn": "tfn",
    "us.ssn": "ssn",
    "pt.nif": "nif contribuinte",
    "il.idnr": "teudat",
    "si.emso": "emso jmbg",
    "do.cedula": "cedula",
    "ec.ci": "",
    "th.pin": "",
    "my.nric": "nric mykad",
    "pk.cnic": "cnic",
    "bg.pnf": "lnch",
    "lv.pvn": "",
}
# Too short, or with another use, to speak of a register by themselves.
_AMBIGUOUS = frozenset(
    """pnr fnr ric cf nir nie nn rc avs vnr pan pps idnr sin fiscal nif dni tc nhs contribuinte
    steuer rodne insee rut""".split()  # noqa: SIM905
)
REGISTER_WORDS = frozenset(
    word for own in _IN_COLUMNS.values() for word in own.split() if word not in _AMBIGUOUS
) | {"chi"}
_FEWEST = 6  # values that must all hold in a column whose name says nothing
_NUMBER = re.compile(r"[\dA-Za-z][\dA-Za-z .+/-]{6,22}")


def national_ids(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each national identity number in a text."""
    if sum(map(str.isdigit, text)) < 6:
        return
    for pattern, registers in _IN_TEXT:
        for match in pattern.finditer(text):
            if any(is_valid(register, match[0]) for register in registers):
                yield match.span()
    yield from _told_of_people(text)


_BARE = re.compile(r"(?<![\w./:-])[A-Z]{0,4}\d{8,13}[A-Z]?(?![\w:-]|[./]\d)")
_OF_PEOPLE = frozenset({"person", "record", "staff"})


def _told_of_people(text: str) -> Iterator[tuple[int, int]]:
    """Bare numbers that some register accepts, in a sentence that speaks of a person or a card.

    A tenth of all numbers has a valid check digit, so the form alone says nothing.
    """
    for match in _BARE.finditer(text):
        start = text.rfind("\n", 0, match.start()) + 1
        stop = text.find("\n", match.end())
        line = text[start : stop if stop >= 0 else len(text)]
        words = _PROSE_WORD.findall(line)
        said = any(concepts(word) & _OF_PEOPLE or word.lower() in _CARDS for word in words)
        if len(words) < 2 or not said:
            continue
        if any(is_valid(register, match[0]) for register in _IN_PROSE):
            yield match.span()


_CARDS = frozenset({"card", "passport", "identity", "ausweis", "carte", "tarjeta", "tessera"})
_PROSE_WORD = re.compile(r"[^\W\d_]{2,}")
_IN_PROSE = tuple(name for name in _IN_COLUMNS if name not in ("us.ssn", "ca.sin"))


@lru_cache(maxsize=16384)
def is_valid(register: str, number: str) -> bool:
    """Whether a number's date and check digits hold in a register (``fi.hetu``).

    >>> is_valid("it.codicefiscale", "RSSMRA85T10A562S"), is_valid("gb.nhs", "943 476 5918")
    (True, False)
    """
    digits = [char for char in number if char.isdigit()]
    if len(set(digits)) < 3 and register not in ("it.codicefiscale", "mx.curp"):
        return False  # 111111111 is nobody's
    return bool(import_module(f"stdnum.{register}").is_valid(number))


def register_of(name: str, values: Sequence[str]) -> str:
    """The register whose numbers a column, or a field of one value, holds; "" if none.

    A name that calls the register needs one valid value in two; one that speaks of identifiers
    needs them all; without either, six different values must all be valid.
    """
    different = sorted(set(values))[:200]
    if not different or not all(
        _NUMBER.fullmatch(v) and sum(map(str.isdigit, v)) >= 6 for v in different[:3]
    ):
        return ""
    words = frozenset(field_words(name))
    said = concepts(name)
    general = bool(said & {"id", "record"}) or "person" in said
    for register, own in _IN_COLUMNS.items():
        called = not words.isdisjoint(own.split())
        if not called and not general and len(different) < _FEWEST:
            continue
        if not called and not is_valid(register, different[0]):
            continue
        valid = sum(is_valid(register, value) for value in different)
        if valid == len(different) and (called or len(different) >= (3 if general else _FEWEST)):
            return register
        if called and 2 * valid >= len(different):
            return register
    return ""
