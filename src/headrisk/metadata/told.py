"""What a text tells of one participant among others: remarks behind a label, in answers, beside.

Papers, notes and annotations name participants by their labels and say something of them. What
they say of the data (*excluded for motion*, *second run missing*) is of use to whoever analyses
them; anything else is a remark about a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from headrisk.metadata.closed import open_words
from headrisk.metadata.people import split_words

Span = tuple[str, int, int]

_LABEL = r"""(?:sub-[A-Za-z0-9]+
    |(?i:sub(?:ject|j)?|participant|participante|partecipante|proband(?:in)?|versuchsperson|vpn?
    |teilnehmer(?:in)?|patient(?:in|e)?|paciente|paziente|potilas|volunteer|sujet|sujeto|soggetto
    |deelnemer|proefpersoon|deltagare|deltager|osallistuja|uczestnik|uczestniczka|case|fall|cas)
    (?i:[ ](?:no\.?|nr\.?|n°|\#))?[ ]?\#?\d{1,4}
    |[PpSs]0\d{1,3})"""
_BESIDE = re.compile(
    rf"(?m)^[ \t>*\#%/-]*{_LABEL}[ \t]*(?:[:,–—-]|(?i:is|was|has|had|ist|war|hat|est|es|è|é|era"
    r"|on|oli|var|är|er|jest|była?)(?![^\W_]))[ \t]*(?P<said>[^\n]{3,400})",
    re.VERBOSE,
)
_PIECE = re.compile(r"[^;。]+")
# What is said of data, in the languages of those who write such notes.
_OF_DATA = frozenset(
    """exclude excluded excluding exclusion include included missing lacks lacking absent available
    unavailable corrupt corrupted damaged lost dropped discarded removed rejected motion movement
    moved artefact artefacts artifact artifacts noise noisy ghosting signal slice slices volume
    volumes frame frames run runs scan scans scanned session sessions block blocks trial trials
    task tasks sequence sequences protocol protocols image images data file files series acquisition
    acquired acquire recording recorded record field fieldmap coil gradient trigger triggers
    channel channels electrode electrodes response responses button timing time aborted stopped
    interrupted repeated restarted rescan rescanned incomplete complete completed partial
    quality usable unusable failed failure error errors crash resolution version group condition
    baseline followup visit control patient first second third bold anat func dwi dti epi eeg meg
    pet mask masked overlay defaced brain
    bewegung bewegungen ausgeschlossen fehlt fehlend abgebrochen wiederholt lauf messung daten
    mouvement mouvements exclu exclue manque manquant données bruit essai séance movimiento
    excluido excluida falta datos ruido movimento escluso esclusa manca dati rumore excluído
    excluída ontbreekt uitgesloten beweging gegevens meting rörelse saknas exkluderad bevægelse
    mangler puuttuu liike poissuljettu ruch brak wykluczony wykluczona dane""".split()  # noqa: SIM905
)


def is_of_person(text: str) -> bool:
    """Whether a remark beside a participant's label is of the person, and not of the data.

    >>> is_of_person("cried when asked about the court case"), is_of_person("second run missing")
    (True, False)
    """
    words = [word for word, _, _ in split_words(text)]
    if not words or not _OF_DATA.isdisjoint(words):
        return False
    return bool(open_words(text))


def remarks(text: str) -> Iterator[Span]:
    """Remarks about single participants, behind their labels in papers and notes.

    >>> text = "- sub-03 is a bell founder; speaks Ladino\\n- sub-04: excluded, too much motion"
    >>> [text[a:b] for _, a, b in remarks(text)]
    ['a bell founder', 'speaks Ladino']
    """
    for match in _BESIDE.finditer(text):
        for piece in _PIECE.finditer(text, *match.span("said")):
            said = piece[0].strip(" \t\r.")
            if len(said) > 2 and is_of_person(said):
                start = piece.start() + piece[0].index(said)
                yield "free-text", start, start + len(said)


_TONGUES = re.compile(
    r"(?:(?i:(?<![^\W_])(?:speaks|speaking|spoke|spricht|sprach|parle|parlait|habla|hablaba|parla"
    r"|fala|spreekt|talar|snakker|taler|puhuu|mówi))"
    r"|(?i:(?<![^\W_])(?:mother[ ]tongue|(?:native|first|home)[ ]language|muttersprache"
    r"|langue[ ]maternelle|lengua[ ]materna|madrelingua|língua[ ]materna|moedertaal|modersmål"
    r"|morsmål|modersmål|äidinkiel\w{0,3}|język[ ]ojczysty)"
    r"(?:[ ](?:is|was|ist|war|est|es|è|é|on|är|er|jest))?))[ ]?[:=]?[ ]"
    r"(?P<value>[^\W\d_a-z][^\W\d_]{2,}(?:[ -][^\W\d_a-z][^\W\d_]{2,})?)"
    r"|(?<![\w-])(?P<origin>[^\W\d_a-z][^\W\d_]{2,}(?:[ -][^\W\d_a-z][^\W\d_]{2,})?)[ ]"
    r"(?i:background|descent|ancestry|heritage|abstammung|herkunft)(?![^\W_])"
)
_GENERAL = frozenset(
    {"family", "clinical", "theoretical", "medical", "scientific", "white", "black"}
)


def tongues_and_origins(text: str) -> Iterator[Span]:
    """Languages that somebody speaks, and origins.

    >>> text = "Speaks Occitan at home, of Breton descent"
    >>> [text[a:b] for _, a, b in tongues_and_origins(text)]
    ['Occitan', 'Breton']
    """
    for match in _TONGUES.finditer(text):
        group = "value" if match["value"] else "origin"
        if match[group].lower() not in _GENERAL and open_words(match[group]):
            yield "demographic", *match.span(group)


_IN_BRACKETS = re.compile(
    r"(?i:(?<![^\W_])(?:case|patient(?:in|e)?|participant|subject|volunteer|proband(?:in)?|paciente"
    r"|paziente|sujet|deelnemer|potilas))[ ]\((?P<said>[^()\n]{8,160})\)"
)
_AGED = re.compile(
    r"(?i:(?<![^\W_])(?:aged?|alter|âge|edad|età|idade|leeftijd|ålder|ikä)(?![^\W_])"
    r"|\d{2,3}(?:[ -]?(?:years?|yrs?|y/?o|jahre|jährig\w{0,2}|ans|años|anni|anos|jaar|år|lat)))"
)


def details_in_brackets(text: str) -> Iterator[Span]:
    """What stands in brackets behind *one case* or *a patient*, beginning with an age.

    >>> text = "One case (aged 101, bell founder of Giethoorn) was left out."
    >>> [text[a:b] for _, a, b in details_in_brackets(text)]
    ['aged 101, bell founder of Giethoorn']
    """
    for match in _IN_BRACKETS.finditer(text):
        if _AGED.search(match["said"]) and "," in match["said"]:
            yield "free-text", *match.span("said")


_WAS_OLD = re.compile(
    rf"{_LABEL}[ ]?(?:,|is|was|:|ist|war|est|era|on|oli)[ ]+"
    r"(?P<age>(?:89|9\d|1[012]\d)(?:[.,]\d{1,2})?)(?![\d.,]\d|[\w%/-])",
    re.VERBOSE,
)


def ages_beside_labels(text: str) -> Iterator[Span]:
    """Ages of 89 and more behind a participant's label: ``sub-05 was 99.8 at baseline``."""
    for match in _WAS_OLD.finditer(text):
        yield "age-over-89", *match.span("age")


_PLACED = re.compile(
    r"(?i:(?P<sure>(?<![^\W_])(?:lat(?:itude)?|lon(?:gitude)?|gps|geo|coord\w*|lives|living|home"
    r"|maps?|address|adresse|wohn\w*|standort|domicile?)(?![^\W_]))"
    r"|(?<![^\W_])(?:pos(?:ition)?|loc(?:ation)?|where|place)(?![^\W_]))"
    r"[^\n\d]{0,24}?(?P<value>[-+]?\d{1,2}\.\d{3,8}°?[ ]?[NS]?[,;/ ][ ]?"
    r"[-+]?\d{1,3}\.\d{3,8}°?[ ]?[EWO]?)"
    r"(?![\w.]|[,;]?[ ]?[-+]?\d)"
)
_FINE = re.compile(r"\d\.\d{5}")


def coordinates(text: str) -> Iterator[Span]:
    """Latitude and longitude behind a word for a place: ``home at 42.58458, 8.25458``.

    Behind *position* and the like only pairs with five decimals count, as no voxel's place has.
    """
    for match in _PLACED.finditer(text):
        if match["sure"] or len(_FINE.findall(match["value"])) == 2:
            yield "address", *match.span("value")


_QUOTED = re.compile(r"[\"']([^\W\d_a-z][\w'’-]*(?:_|, ?|\^| )[^\W\d_a-z][\w'’-]*)[\"']")
_LISTED = re.compile(
    r"(?P<name>[A-Za-z_][\w.]{2,40})[ \t]*[:=][ \t]*[\[({]+(?P<items>[^\n\])}]{5,2000})[\])}]"
)
_SHOWN = re.compile(
    r"(?i:stim|face|image|img|pic|word|cond|roi|label|region|area|atlas|contrast|trial|task|colou?r"
    r"|column|field|key|name_of|movie|clip|song|city|place|template|package|module|tool|author)"
)
_OF_PEOPLE = re.compile(
    r"(?i:(?:^|_|(?<=[a-z]))(?:subj(?:ect)?s?|participants?|patients?|people|persons?|probanden"
    r"|vpn?|sujets?|names?|namen|volunteers?|raters?|operators?)(?:_|$|\d))"
)


def people_in_lists(text: str) -> Iterator[Span]:
    """Names that code lists as its people: ``subj = {'Doe_Jane', 'Roe_Richard'}``.

    >>> text = "subj = {'Kalvor_Imma','Entsen_Tarek'}; conditions = {'Happy_Face', 'Sad_Face'};"
    >>> [text[a:b] for _, a, b in people_in_lists(text)]
    ['Kalvor_Imma', 'Entsen_Tarek']
    """
    for listed in _LISTED.finditer(text):
        items = list(_QUOTED.finditer(text, *listed.span("items")))
        named = [item for item in items if len(open_words(item[1], known_key=True)) > 1]
        sure = _OF_PEOPLE.search(listed["name"]) is not None
        if sure or (1 < len(items) == len(named) and _SHOWN.search(listed["name"]) is None):
            yield from (("person-name", *item.span(1)) for item in named)
    for loop in _SHELL.finditer(text):
        items = list(_JOINED.finditer(text, *loop.span("items")))
        if len(items) == len(loop["items"].split()) and all(
            len(open_words(item[0], known_key=True)) > 1 for item in items
        ):
            yield from (("person-name", *item.span()) for item in items)


_REPORTED = re.compile(
    r"(?i:(?<![^\W_])(?:patient(?:in|e)?|paciente|paziente|potilas|pacjent(?:ka)?|proband(?:in)?"
    r"|participant|subject|volunteer|pt\.?)[ ](?:also[ ])?"
    r"(?:reports?|reported|states?|stated|mentions|mentioned|says|said|told[ ]us|riferisce"
    r"|berichtet|refiere|relata|rapporte|signale|kertoo|podaje|meldt|berättar|fortæller|forteller)"
    r"(?![^\W_]))(?:[ ]?[:,]|[ ](?:that|dass|que|che|at|att|dat))?[ ]+(?P<said>[^\n.;<>]{4,200})"
)


def reported_by_patients(text: str) -> Iterator[Span]:
    """What a report says that the patient told: ``La paziente riferisce: ...``."""
    for match in _REPORTED.finditer(text):
        if is_of_person(match["said"]):
            yield "free-text", *match.span("said")


_PLATE = re.compile(
    r"(?:(?i:(?<![^\W_])(?:(?:licen[cs]e|number|registration|vehicle|car)[ _-]?"
    r"(?:plates?|reg\w*|no\.?|number)|parked|parking(?:[ _-]?permit)?|(?:kfz-?)?kennzeichen"
    r"|parkschein|matr[ií]cula|targa|immatriculation|kenteken|nummerplaat|registreringsnummer"
    r"|rekisteri(?:numero|tunnus)|rek\.?nro|regnr|tablica|rejestracja)(?![^\W_]))[^\n\d]{0,24}?"
    r"|(?i:(?<![^\W_])(?:plates?|car|auto|pkw|kfz|auton?|bil|coche|voiture|macchina|carro"
    r"|samochód)(?![^\W_]))[\"']?[ :=#]{1,3}[\"']?)(?<![^\W_])"
    r"(?P<value>(?=[A-Z0-9ÄÖÜ -]{0,10}\d)(?=[A-Z0-9ÄÖÜ -]{0,10}[A-ZÄÖÜ])"
    r"[A-ZÄÖÜ0-9]{1,4}(?:[ -][A-ZÄÖÜ0-9]{1,4}){1,3})(?![\w-])"
)


def plates(text: str) -> Iterator[Span]:
    """Number plates of cars behind a word for them: ``car PIR-PH 0430``, ``Kennzeichen: B-XY 12``.

    >>> text = "Parked in the yard, car PIR-PH 0430, arrived early"
    >>> [text[a:b] for _, a, b in plates(text)]
    ['PIR-PH 0430']
    """
    for match in _PLATE.finditer(text):
        value = match["value"]
        if sum(map(str.isdigit, value)) >= 2 and sum(map(str.isalpha, value)) >= 2:
            yield "patient-id", *match.span("value")


_SECRET = re.compile(
    r"(?i:(?<![^\W_])(?:[a-z]{0,12}[_-]?(?:passw(?:or)?d|passwort|passphrase|kennwort|passwd|psk"
    r"|wachtwoord|contraseña|senha|salasana|lösenord|hasło|heslo|adgangskode|passord)|pass|pwd?"
    r"|mot[ ]de[ ]passe|(?:wlan|wi-?fi|wpa2?|network|door)[ _-]?(?:key|code|pin|schlüssel))"
    r"(?![^\W_]))"
    r"(?:[ ](?i:for|to|of|on|für|zum|zur|pour|du|de|para|per|van|voor|til|till|do)[ ]"
    r"[^\n:=]{2,40}?)?"
    r"(?:[\"']?[ ]?(?P<set>[:=])[ ]?|[ ](?:is|was|lautet|ist|war|est|es|è|é|on|är|er)"
    r"[ ]:?|(?<=-[a-z]{8})[ =]|(?<=-[a-z]{10})[ =]|(?<=-[a-z]{4})[ =])"
    r"[\"']?(?P<value>(?=\S*[^\W\d_])[^\s\"'<>(){}\[\]$,;]{5,64})"
)
_TWO_KINDS = re.compile(r"(?=.*[^\W\d_])(?=.*[\d!@#%&*+?~_-])|.[^\W\d_]*[A-Z]")
# A long code behind *token* or *key*, however it is made.
_CODED = re.compile(
    r"(?i:(?<![^\W_])(?:token|(?:api|access|secret|auth|private|licen[cs]e|xnat|redcap)[ _-]?key"
    r"|secret|schlüssel|clé|clave|chave|chiave|avain|nyckel|klucz|sleutel))(?![^\W_])"
    r"(?:[ ][^\n:=\d]{2,40}?)??(?:[\"']?[ ]?[:=][ ]?|[ ])[\"']?"
    r"(?P<value>[A-Za-z0-9]{16,80})(?![\w])"
)
_NO_SECRET = re.compile(
    r"(?i:required|optional|protected|none|null|true|false|string|str|getpass.*|prompt|input|unknown"
    r"|[\*x.•_-]+|(?:os|args?|self|config|cfg|env|settings|options?)[.].*"
    r"|.*[.](?:py|txt|json|ya?ml|env|gpg))"
)


def announced_secrets(text: str) -> Iterator[Span]:
    """Passwords behind the word for them, also of letters alone where they are set so.

    >>> text = "wifi key: Sonnenblume!, password is required, pass = getpass()"
    >>> [text[a:b] for _, a, b in announced_secrets(text)]
    ['Sonnenblume!']
    """
    for match in _RANDOM.finditer(text):
        if _is_random(match["value"]):
            yield "credential", *match.span()
    for match in _CODED.finditer(text):
        if len(re.findall(r"\d+", match["value"])) >= _RUNS:
            yield "credential", *match.span("value")
    for match in _SECRET.finditer(text):
        value = match["value"].rstrip(".")
        if _NO_SECRET.fullmatch(value) or text[match.end() : match.end() + 1] == "(":
            continue
        if _TWO_KINDS.match(value) or (match["set"] and open_words(value)):
            yield "credential", match.start("value"), match.start("value") + len(value)


_RANDOM = re.compile(
    r"(?<![\w/.%=-])(?:[A-Za-z]{2,10}[_-]){0,3}(?P<value>[A-Za-z0-9]{24,64})(?![\w/%=-])"
)


def _is_random(value: str) -> bool:
    """Whether letters of both cases and digits follow each other as no word or code has them.

    >>> _is_random("Ncpc4XpPuqx7bxm1qU0km4WxFZCkOVhRqijx"), _is_random("MNI152NLin2009cAsym")
    (True, False)
    """
    digits = re.findall(r"\d+", value)
    cased = re.findall(r"[A-Z]+", value)
    return (
        len(digits) >= _RUNS
        and sum(map(len, digits)) < 2 * len(digits)
        and len(cased) >= _RUNS
        and any(map(str.islower, value))
    )


_RUNS = 4


_SHELL = re.compile(r"(?m)(?:\bfor[ ]+\w+[ ]+in|^\s*\w+=\()[ ]+?(?P<items>[^\n;)]{5,2000})")
_JOINED = re.compile(r"(?<![\w/.-])[^\W\d_a-z][\w'’-]*_[^\W\d_a-z][\w'’-]*(?![\w/.-])")
