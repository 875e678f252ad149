"""A seeded generator of records of invented people, in languages and layouts of its own.

``python tests/metadata/records.py SEED`` prints how many planted values each kind loses. The names
of fields are of languages and registers that the rules were not written from (Czech, Danish, Dutch
as spoken in Belgium, Hungarian, Norwegian, Romanian, Slovak, Croatian, Catalan, Turkish, Greek and
Japanese in Latin letters among them) beside English and German ones; names of people are made of
syllables, so that no list holds them.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from dataclasses import dataclass

from headrisk.metadata.file_text import redacted_file
from headrisk.metadata.known import NOBODY
from headrisk.metadata.sidecars import clean_json

KEYS: dict[str, str] = {
    "name": """Jméno a příjmení|Meno pacienta|Beteg neve|Pasientens navn|Patientens navn
        |Numele pacientului|Ime i prezime|Nom i cognoms|Hastanın adı soyadı|Naam patiënt
        |Full name of child|Name des Kindes|Prénom et nom|Onoma asthenous|Participant full name""",
    "birth": """datum narození|dátum narodenia|születési dátum|fødselsdato|data nașterii
        |datum rođenja|data de naixement|doğum tarihi|geboortedatum|date of birth|Geburtsdatum
        |né(e) le|birth_dt|syntymäaika""",
    "patient-id": """číslo pacienta|rodné číslo pacienta|TAJ szám|pasientnummer|cpr-nr|nr foaie
        |broj pacijenta|número d'història clínica|hasta no|patiëntnr|hospital_no|MRN|KIS-Nr
        |dossiernummer patiënt|chart no""",
    "insurance": """číslo pojištěnce|forsikringsnummer|sigorta no|verzekeringsnummer|policy no
        |Versichertennummer|numéro d'assuré|numero tessera sanitaria|Medicare no|insurance id
        |vakuutusnumero|número de póliza|nr polisy|försäkringsnr|número do seguro""",
    "order": """číslo žádanky|rekvisisjonsnummer|henvisningsnummer|accession no|order no
        |Auftragsnummer|numéro de demande|numero richiesta|aanvraagnummer|nr zlecenia
        |remissnummer|lähetenumero|número de petición|numero di accettazione|Anforderungsnummer""",
    "phone": """telefonní číslo|telefonszám|mobilnummer|telefon|telefonnr|nr telefon|broj telefona
        |telèfon|cep telefonu|gsm-nummer|mobile phone|Rückrufnummer|téléphone|telefono""",
    "email": """e-mailová adresa|e-mail cím|e-post|adresă e-mail|e-adresa|correu electrònic
        |e-posta|mailadres|contact email|E-Mail-Adresse|courriel|correo electrónico""",
    "address": """adresa bydliště|lakcím|bostedsadresse|adresse|domiciliu|adresa|adreça|ev adresi
        |woonadres|home address|Wohnanschrift|adresse postale|domicilio|gatuadress|kotiosoite""",
    "postcode": """PSČ|irányítószám|postnummer|cod poștal|poštanski broj|codi postal|posta kodu
        |postcode|ZIP code|PLZ|code postal|CAP|kod pocztowy|CEP|postinumero""",
    "staff": """vyšetřující|laborant|vizsgáló|undersøker|operatør|tehnician|tehničar|tècnic
        |teknisyen|uitgevoerd door|scanned by|MTRA|manipulateur|operatore|röntgenhoitaja
        |radiographer|gemessen von|réalisé par""",
    "physician": """ošetřující lékař|kezelőorvos|fastlege|praktiserende læge|medic curant|liječnik
        |metge|hekim|huisarts|referring doctor|überweisender Arzt|médecin traitant|medico curante
        |remitterande läkare|lekarz prowadzący""",
    "diagnosis": """diagnóza|kórisme|diagnose|diagnostic|dijagnoza|diagnòstic|tanı|hoofddiagnose
        |clinical diagnosis|Hauptdiagnose|diagnostic principal|diagnosi|huvuddiagnos|päädiagnoosi
        |rozpoznanie""",
    "job": """povolání|zaměstnání|foglalkozás|yrke|stilling|ocupație|zanimanje|professió|meslek
        |beroep|occupation|Beruf|profession|professione|ammatti|zawód""",
    "institution": """nemocnice|kórház|sykehus|afdeling|spital|bolnica|hospital|hastane|ziekenhuis
        |referring hospital|zuweisende Klinik|établissement|struttura|sjukhus|sairaala|szpital""",
    "device": """výrobní číslo|sorozatszám|serienummer|număr de serie|serijski broj|seri no
        |número de sèrie|scanner serial no|Seriennummer|numéro de série|numero di serie
        |sarjanumero|numer seryjny""",
    "host": """název počítače|számítógép neve|datamaskin|computernaam|nume computer|ime računala
        |bilgisayar adı|workstation|Rechnername|nom de l'ordinateur|nome computer|dator|työasema""",
    "credential": """heslo|jelszó|passord|adgangskode|parolă|lozinka|contrasenya|şifre|wachtwoord
        |password|Passwort|mot de passe|parola d'ordine|lösenord|salasana|hasło|api key""",
}
_ONSETS = "b br d dr f fj g gr h j k kl kv l m n p pr r s sk st t tr v vl z zv".split()  # noqa: SIM905
_VOWELS = "a e i o u ai ei oa y ø ö".split()  # noqa: SIM905
_ENDS = "l m n r s t nd rk lsen vik mund".split()  # noqa: SIM905
_ILL = (
    "morbus {n}",
    "{n}-Syndrom",
    "maladie de {n}",
    "{n} disease",
    "hereditary {n} ataxia",
    "mitochondriopathy",
    "neuroborreliosis",
    "leukodystrophy",
    "craniopharyngioma",
)
_JOBS = (
    "harpsichord tuner",
    "Leuchtturmwärter",
    "bell ringer",
    "taxidermist",
    "apicultrice",
    "skipsbygger",
    "organ builder",
    "glass eye maker",
)


@dataclass(frozen=True)
class Planted:
    """A value that must not stand in the copy, and where it was put."""

    kind: str
    key: str
    value: str


def _word(rng: random.Random) -> str:
    syllables = rng.randint(1, 2)
    stem = "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) for _ in range(syllables))
    return (stem + rng.choice(_ENDS)).capitalize()


def _person(rng: random.Random) -> str:
    given, family = _word(rng) + "a", _word(rng) + "sen"
    forms = (
        f"{given} {family}",
        f"{family}, {given}",
        f"{family.upper()} {given}",
        f"{family}^{given}",
    )
    return rng.choice(forms)


def _value(kind: str, rng: random.Random) -> str:
    digits = "".join(rng.choice("0123456789") for _ in range(9))
    if kind in ("name", "staff", "physician"):
        return _person(rng)
    if kind == "birth":
        y, m, d = rng.randint(1931, 2012), rng.randint(1, 12), rng.randint(1, 28)
        return rng.choice(
            (
                f"{d:02}.{m:02}.{y}",
                f"{y}-{m:02}-{d:02}",
                f"{d}. {m}. {y}",
                f"{y}/{m:02}/{d:02}",
                f"{d:02}-{m:02}-{y}",
            )
        )
    if kind == "phone":
        return rng.choice(
            (
                f"+420 {digits[:3]} {digits[3:6]} {digits[6:]}",
                f"0{digits[:3]}-{digits[3:]}",
                f"+36 1 {digits[:3]} {digits[3:7]}",
                f"0{digits}",
            )
        )
    if kind == "email":
        return f"{_word(rng).lower()}.{_word(rng).lower()}@{_word(rng).lower()}.example"
    if kind == "address":
        street = rng.choice(
            (
                "{} 14",
                "ulice {} 7",
                "{}utca 3",
                "{}gata 22 B",
                "Strada {} nr. 5",
                "Carrer de {}, 18",
                "{}straße 9",
                "12 {} Road",
            )
        )
        return street.format(_word(rng))
    if kind == "postcode":
        return rng.choice(
            (
                f"{digits[:3]} {digits[3:5]}",
                digits[:5],
                digits[:4],
                "SW1A 2AB",
                f"{digits[:2]}-{digits[2:5]}",
                f"1{digits[:3]} KL",
            )
        )
    if kind in ("patient-id", "insurance", "order", "device"):
        return rng.choice(
            (
                digits,
                f"{digits[:6]}/{digits[6:]}",
                f"K{digits}",
                f"AB-{digits[:6]}",
                f"{digits[:4]}-{digits[4:8]}",
            )
        )
    if kind == "diagnosis":
        return rng.choice(_ILL).format(n=_word(rng))
    if kind == "job":
        return rng.choice(_JOBS)
    if kind == "institution":
        return rng.choice(
            (
                "{} Hospital",
                "Klinikum {}",
                "Nemocnice {}",
                "{} sykehus",
                "Spitalul {}",
                "Hôpital {}",
            )
        ).format(_word(rng))
    if kind == "host":
        return f"{rng.choice(('ws', 'PC', 'mri-rec'))}-{_word(rng).lower()}{rng.randint(1, 99)}"
    return rng.choice(
        (f"{_word(rng)}{rng.randint(1950, 2025)}!", f"s3cr-{digits}x", f"{digits}aB_q")
    )


def _styled(key: str, rng: random.Random) -> str:
    words = key.split()
    style = rng.randrange(5)
    if style == 0:
        return "_".join(words).lower()
    if style == 1:
        return words[0].lower() + "".join(word.capitalize() for word in words[1:])
    if style == 2:
        return key.upper()
    if style == 3:
        return f"{'-'.join(words).lower()}_{rng.randint(1, 3)}"
    return key


def people(seed: int, count: int) -> list[list[Planted]]:
    """Records of ``count`` people, twelve values in each."""
    rng = random.Random(seed)
    out = []
    for _ in range(count):
        kinds = rng.sample(sorted(KEYS), 12)
        record = []
        for kind in kinds:
            key = rng.choice([k.strip() for k in KEYS[kind].replace("\n", " ").split("|")])
            record.append(Planted(kind, _styled(key, rng), _value(kind, rng)))
        out.append(record)
    return out


def written(record: list[Planted], layout: str) -> tuple[str, str]:
    """A record as a file: its name and its text."""
    pairs = [(one.key, one.value) for one in record]
    if layout == "json":
        return "visit.json", json.dumps({"data": {"subject": dict(pairs)}}, ensure_ascii=False)
    if layout == "xml":
        body = "".join(f'<item name="{k}" value="{v}"/>\n' for k, v in pairs)
        return "export.xml", f'<?xml version="1.0"?>\n<list>\n{body}</list>\n'
    if layout == "html":
        body = "".join(f"<tr><th>{k}</th><td>{v}</td></tr>" for k, v in pairs)
        return "page.html", f"<html><body><table>{body}</table></body></html>"
    if layout == "markdown":
        return "note.md", "# Record\n\n" + "".join(f"* **{k}:** {v}\n" for k, v in pairs)
    if layout == "yaml":
        return "visit.yaml", "subject:\n" + "".join(f'  {k}: "{v}"\n' for k, v in pairs)
    if layout == "arrows":
        return "session.log", "".join(f"12:01 INFO {k} => {v}\n" for k, v in pairs)
    if layout == "drawn":
        heads, cells = " | ".join(k for k, _ in pairs), " | ".join(v for _, v in pairs)
        return "list.md", f"| {heads} |\n|{'---|' * len(pairs)}\n| {cells} |\n"
    return "form.txt", "".join(f"{k}: {v}\n" for k, v in pairs)


LAYOUTS = ("json", "xml", "html", "markdown", "yaml", "arrows", "drawn", "form")


def left(record: list[Planted], layout: str) -> list[Planted]:
    """What of a record still stands in its cleaned copy."""
    name, text = written(record, layout)
    if layout == "json":
        copy = json.dumps(clean_json(json.loads(text), NOBODY, []), ensure_ascii=False)
    else:
        copy = redacted_file(text, name, NOBODY)
    return [one for one in record if one.value in copy]


def main() -> None:
    """Print what stays of each kind, and the fields it stands under."""
    missed: Counter[str] = Counter()
    planted: Counter[str] = Counter()
    for number, record in enumerate(people(int(sys.argv[1]), 400)):
        layout = LAYOUTS[number % len(LAYOUTS)]
        planted.update(one.kind for one in record)
        for one in left(record, layout):
            missed[one.kind] += 1
            sys.stdout.write(f"{one.kind}\t{layout}\t{one.key}\t{one.value}\n")
    for kind, count in sorted(planted.items()):
        sys.stdout.write(f"{kind}: {count - missed[kind]} of {count} gone\n")


if __name__ == "__main__":
    main()
