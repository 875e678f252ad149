"""What a column of a table holds, judged by its name, its values and the table it stands in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from headrisk.dataset.labels import WRITTEN, one_spelling
from headrisk.io.values import known as known_value
from headrisk.metadata.fields import (
    bears_out,
    is_exact_name,
    kind_of_field,
    plain_name,
    tells_times,
    tells_versions,
)
from headrisk.metadata.name_words import NO_FAMILY
from headrisk.metadata.national_ids import register_of
from headrisk.metadata.notations import (
    are_times_of_day,
    clock_of,
    column_notation,
    hour_of,
    is_column_of_dates,
    notations,
    sure_notation,
)
from headrisk.metadata.patterns import matches
from headrisk.metadata.people import family_names, given_names, split_words
from headrisk.metadata.remarks import is_shifted
from headrisk.metadata.text import LIVES, SHOWN
from headrisk.metadata.words import concepts, field_words

Place = Literal["people", "scans", "trials", "sensors", "other"]
# In tables of people these kinds are what a study is about; rare combinations are counted apart.
_STUDY_KINDS = frozenset({"demographic", "body-measure", "session-setting", "command-line"})
_PEOPLE_COLUMNS = frozenset(
    {
        "participantid",
        "subjectid",
        "subject",
        "participant",
        "sub",
        "subjid",
        "participantlabel",
        "recordid",
        "id",
        "subid",
        "pid",
        "srcsubjectid",
        "subjectkey",
    }
)
# BIDS says what these columns hold, in the tables that are named.
_BIDS_COLUMNS: dict[Place, frozenset[str]] = {
    "people": frozenset({"participantid", "sessionid", "samplename", "sampleid"}),
    "scans": frozenset({"filename", "sessionid", "participantid", "sampleid", "hed"}),
    "trials": frozenset(
        {
            "onset",
            "duration",
            "trialtype",
            "responsetime",
            "value",
            "stimfile",
            "sample",
            "hed",
            "identifier",
            "database",
            "eventtype",
            "trial",
            "feedback",
            "accuracy",
        }
    ),
    "sensors": frozenset(
        {
            "name",
            "type",
            "units",
            "description",
            "reference",
            "group",
            "status",
            "statusdescription",
            "statusdesc",
            "manufacturer",
            "material",
            "hemisphere",
            "index",
            "label",
            "abbreviation",
            "mapping",
            "color",
            "component",
            "placement",
            "trackedpoint",
            "xcoord",
            "ycoord",
            "zcoord",
            "source",
            "detector",
            "network",
            "region",
            "regions",
            "hemi",
            "atlas",
            "labelname",
        }
    ),
    "other": frozenset(),
}
_TRIALS = ("_events.", "_beh.", "_stim.", "_physio.", "_physioevents.")
_SENSORS = (
    "_channels.",
    "_electrodes.",
    "_optodes.",
    "_markers.",
    "_dseg.",
    "_probseg.",
    "_motion.",
    "_regressors.",
    "_timeseries.",
    "_mixing.",
    "_lut.",
    "_aseg.",
    "_blood.",
    "_metrics.",
    "_atlas.",
    "_morph.",
)
_STIMULI = (
    "stim",
    "trial",
    "condition",
    "word",
    "image",
    "item",
    "cue",
    "target",
    "event",
    "picture",
    "face",
    "sentence",
    "probe",
    "distractor",
    "correct",
)
# Columns of a list of a questionnaire's items, and what else stands in such.
_ITEMS = frozenset(
    {"item", "itemnumber", "itemno", "itemnr", "itemid", "question", "questionnumber", "questionid"}
)
_OF_ITEMS = frozenset(
    {
        "text",
        "itemtext",
        "questiontext",
        "wording",
        "statement",
        "prompt",
        "label",
        "scale",
        "subscale",
        "factor",
        "domain",
        "reverse",
        "reversed",
        "reversescored",
        "keyed",
        "scoring",
        "responses",
        "minimum",
        "maximum",
        "language",
        "options",
        "instrument",
        "section",
        "description",
        "maxscore",
        "points",
        "order",
        "levels",
    }
)
_VARIABLES = frozenset(
    {"variable", "variablename", "variablefieldname", "fieldname", "columnname", "field", "item"}
)
_EXPLAINED = frozenset(
    {
        "label",
        "fieldlabel",
        "description",
        "meaning",
        "definition",
        "fieldtype",
        "valuelabels",
        "choices",
    }
)
_MOST_JUDGED = 2000
_SENTENCE = 3  # words from which on a cell is a sentence
_LIVES = frozenset(
    """my his her their twin wife husband mother father son daughter brother sister
    boss works worked job born triplets twins
    lives lived married divorced widow widowed neighbour neighbor
    colleague pregnant arrested accident newspaper newspapers mayor village refugee prison
    roof""".split()  # noqa: SIM905
)
_CODE = re.compile(r"(?=[\w./°-]*[^\W\d_])(?=[\w./°-]*\d[\w./-]*\d)[\w./°-]{4,40}")
_PARTED = re.compile(r"\d+(?:[-/ ]\d+)+|\d+(?:\.\d+){2,}")  # 32/81816, 6926 2132
# Postcodes whose form tells: British, Canadian, Dutch.
_POSTCODE = re.compile(r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d|\d{4} ?[A-Z]{2}")
_COMPACT_DATE = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_MONTHS_OF_YEARS = re.compile(r"(?:19|20)\d\d[-/](?:0[1-9]|1[0-2])")
_BIDS_NAME = re.compile(rf"(?:[\w.-]+/)*{WRITTEN['sub']}(?:_|/|$)")
_FIVE = re.compile(r"\d{4,5}")
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_ID_WORDS = frozenset(
    """id ids identifier number no nr num code label key guid uuid tunnus kennung
    pseudonym alias barcode kode codigo numero name ref reference accession lookup linkage
    study codice code codes kood cislo szam broj linking link matching match source subject
    orig original former old legacy screening enrolment enrollment randomisation randomization
    kuerzel probandencode ancien antiguo badania""".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Column:
    """What a column was found to hold.

    Attributes
    ----------
    kind
        Kind of finding of its values; "" where they are judged one by one.
    notation
        How its dates are written, "" where it has none.
    skip
        Forms that mean nothing in it.
    free
        Its cells are sentences.
    rare
        Values that one person alone has, in a column of diagnoses, trades and the like.
    """

    kind: str
    notation: str = ""
    skip: frozenset[str] = frozenset()
    free: bool = False
    rare: frozenset[str] = frozenset()


def place_of(name: str, columns: Sequence[str]) -> Place:
    """What a table is about, by the file's name as BIDS sets it and by its columns.

    An exemption that BIDS gives a column holds only in the tables that it gives it for.
    """
    lower = "_" + name.lower()
    if any(ending in lower for ending in _TRIALS):
        return "trials"
    if any(ending in lower for ending in _SENSORS):
        return "sensors"
    if "_scans." in lower or "_sessions." in lower:
        return "scans"
    if any(plain_name(column) in _PEOPLE_COLUMNS for column in columns):
        return "people"
    plain = {plain_name(column) for column in columns}
    if {"onset", "duration"} <= plain:
        return "trials"
    if len(plain) > 1 and plain & _ITEMS and plain <= _ITEMS | _OF_ITEMS:
        return "trials"  # what a questionnaire asks, the same for all who fill it in
    if not columns:
        return "people"  # a list without a header line
    if plain & _VARIABLES and plain & _EXPLAINED:
        return "trials"  # a data dictionary: names of variables and what they mean
    if {"index", "name"} <= plain and plain <= _BIDS_COLUMNS["sensors"]:
        return "sensors"  # labels of an atlas
    return "other"


def owner_place(columns: Sequence[str]) -> int | None:
    """The column that says whose row each is, None without one."""
    plain = [plain_name(column) for column in columns]
    for name in ("participantid", *sorted(_PEOPLE_COLUMNS - {"participantid"})):
        if name in plain:
            return plain.index(name)
    return None


def judge_column(
    name: str, cells: Sequence[str], place: Place, owners: Sequence[str] = ()
) -> Column:
    """Judge a column as a whole.

    Parameters
    ----------
    name
        As it stands in the header line, "" where there is none.
    cells
        Its values, quotes removed.
    place
        What the table is about (``place_of``).
    owners
        Whose row each cell stands in, "" or nothing where the table does not say.
    """
    values = [text for cell in cells if (text := known_value(cell))]
    if not values or (plain_name(name) in _BIDS_COLUMNS[place] and place != "other"):
        return Column("", skip=_bids_skip(place))
    if len(values) > 2 * _MOST_JUDGED:  # every so many of a long column tell what it holds
        values = values[:: len(values) // _MOST_JUDGED]
    kind = kind_of_field(name)
    of_people = place == "people" or (place == "other" and kind == "demographic")
    if kind in _STUDY_KINDS or (place == "sensors" and kind in ("free-text", "staff-name")):
        kind = ""
    if plain_name(name) in ("cap", "cp", "pc4", "pc5") and all(map(_FIVE.fullmatch, values)):
        return Column("address")  # codice di avviamento postale, código postal
    by_name = _named(name, kind, values, place)
    if by_name is not None:
        return by_name
    if place == "people" and len(set(values)) > 2 and all(map(_POSTCODE.fullmatch, values)):
        return Column("address")
    if place == "people" and _names_people(name, values):
        return Column("person-name")
    if place == "people" and (told := _tells_apart(name, values, owners)):
        return Column(told)
    if of_people and not _free_text(values) and (alone := _held_by_one(name, values)):
        return Column("rare-detail", rare=alone)
    register = register_of(name, values)
    if register:
        return Column("national-id")
    skip = frozenset({"acquisition-time"} if _durations(name, values) else ())
    if place == "sensors" or not name:
        return Column("", skip=skip)
    if _files_shown(values):
        return Column("", skip=skip | _SHOWN)
    if place != "trials" and (formed := _of_one_form(values)):
        return Column(formed)
    if place != "trials":
        if not tells_versions(name) and _are_dates(name, values):
            return Column("date", sure_notation(name, values), skip)
        clocks = all(hour_of(value) is not None for value in values) and tells_times(name)
        if clocks and not skip and are_times_of_day(values):
            return Column("acquisition-time")
        if _identifies(name, values, place, cells, owners):
            return Column("patient-id", skip=skip)
    if place == "trials" and not _words(name).isdisjoint(_ANSWERED) and _own_sentences(values):
        return Column("free-text", free=True)
    shown = plain_name(name).startswith("stim")
    if shown or (place == "trials" and plain_name(name).startswith(_STIMULI)):
        return Column("", skip=skip | _SHOWN)
    free = place in ("people", "other", "scans") and _free_text(values)
    return Column("free-text" if free else "", skip=skip, free=free)


def _held_by_one(name: str, values: list[str]) -> frozenset[str]:
    """Diagnoses, trades and origins that one person alone has; codes and scores are none."""
    if not _about_people(name):
        return frozenset()
    counts = Counter(values)
    return frozenset(
        value
        for value, count in counts.items()
        if count == 1
        and sum(1 + 3 * bool(_CJK.match(char)) for char in value if char.isalpha()) >= 4
        and value.lower() not in _COMMON
    )


def _about_people(name: str) -> bool:
    """Whether a column is of diagnoses, trades, origins, languages or faiths."""
    words = frozenset(field_words(name))
    said = concepts(name)
    told = (
        said & {"background", "illness"}
        or words & _ABOUT_PEOPLE
        or words >= {"medical", "history"}
        or (words & {"language", "tongue"} and words & {"native", "mother", "first", "home"})
        or plain_name(name) in ("ethnicgroup", "nativelanguage", "mothertongue")
    )
    said -= {"measure"} if "ethnic" in words else frozenset()
    return bool(told) and not said & {"measure", "id", "date", "duration", "age"}


_ABOUT_PEOPLE = frozenset(
    {"race", "occupation", "ethnic", "origin", "work", "condition", "disorder"}
)
_COMMON = frozenset(
    """retired student students unemployed employed teacher nurse engineer worker housewife
    schizophrenia depression autism epilepsy stroke dementia alzheimer alzheimers parkinson
    parkinsons asthma migraine adhd mdd asd ptsd psychosis
    white black asian hispanic caucasian european german french english italian spanish dutch
    control controls healthy none normal other unknown patient patients left right yes no true
    false male female high low mild moderate severe""".split()  # noqa: SIM905
)
_FILE = re.compile(
    r"[^/\\]+(?:[/\\][^/\\]+)*\.(?:png|jpe?g|bmp|gif|tiff?|wav|mp3|mp4|avi|ogg)", re.I
)


def _files_shown(values: list[str]) -> bool:
    """Whether a column lists pictures, sounds and films, which bear names of what they show."""
    return all(map(_FILE.fullmatch, values))


def _bids_skip(place: Place) -> frozenset[str]:
    """Forms that mean nothing in the columns of BIDS: times in file names, durations."""
    common = {"date", "acquisition-time", "patient-id", "host-name", "uid"}
    return frozenset(common if place in ("people", "scans") else common | _SHOWN)


# What was shown to people bears names, and kinds of trials are words: "Miss Cue", a famous face.
_SHOWN = frozenset(
    {SHOWN, "unlabelled-name", "person-name", "staff-name", "address", "url", "institution", LIVES}
)


def _named(name: str, kind: str, values: list[str], place: Place) -> Column | None:
    """What the name says, if the values bear it out; None where nothing follows from it."""
    if not kind:
        return None
    if kind in ("date", "birth-date"):
        notation = column_notation(values)
        if kind == "birth-date" or is_exact_name(name):
            return Column(kind, sure_notation(name, values))
        if notation in ("serial", "year", "epoch", "my") and len(set(values)) > 1:
            # day counts and years under a name with a plain word such as "day" or "data"
            strong = tells_times(name) or says_date(name)
            return Column(kind, sure_notation(name, values)) if strong else None
        if notation:
            weak = _digits_only(values) and not says_date(name)
            if weak and not is_column_of_dates(values):
                return None
            return Column(kind, sure_notation(name, values))
        return Column(kind) if any(_telling(value) for value in values) else None
    if kind == "acquisition-time":
        clocks = [value for value in values if clock_of(value) is not None]
        if is_exact_name(name) and place != "trials":
            return Column(kind) if not clocks or are_times_of_day(clocks) else None
        marked = [value for value in clocks if hour_of(value) is not None]
        sure = len(clocks) >= 0.8 * len(values) and (marked or len(set(clocks)) > 1)
        return Column(kind) if sure and are_times_of_day(clocks) else None
    if kind == "serial-number" and not is_exact_name(name):
        borne = sum(bears_out(kind, value) for value in values) >= 0.8 * len(values)
        return Column(kind) if borne and place != "trials" else None
    if kind == "free-text" and all(_is_number(value) for value in values):
        return None
    if kind == "acquisition-time" and place == "trials":
        return None
    if place == "trials" and kind in ("institution", "staff-name", "date", "phone", "address"):
        return None
    bearing = sum(bears_out(kind, value, name) for value in values)
    weak = kind in ("email", "phone", "user-path", "staff-name")
    if weak and not is_exact_name(name) and 2 * bearing < len(values):
        return None  # the part of an address before the sign, answers on calls
    return Column(kind)


def _are_dates(name: str, values: list[str]) -> bool:
    """Whether values are dates whatever their column is called."""
    if len(set(values)) > 2 and (
        all(map(_MONTHS_OF_YEARS.fullmatch, values)) or all(map(_COMPACT_DATE.fullmatch, values))
    ):
        return True
    if not _numbers_only(values) and is_column_of_dates(values):
        return True
    counted = not _digits_only(values) or concepts(name) & {"id", "measure", "duration"}
    return not counted and is_column_of_dates(values)


def _telling(value: str) -> bool:
    return any(kind == "date" for kind, _, _ in matches(value))


def says_date(name: str) -> bool:
    """Whether a name says *date* in so many words, so that bare digits are believed to be one."""
    words = set(field_words(name))
    if not name.isascii() and "date" in concepts(name):
        return True
    if any(word.endswith("datum") for word in words):
        return True
    return bool(
        words
        & {
            "date",
            "dates",
            "datum",
            "dato",
            "fecha",
            "pvm",
            "paivamaara",
            "dt",
            "doa",
            "dos",
            "dov",
            "doe",
            "dod",
            "mmddyy",
            "ddmmyy",
            "yymmdd",
            "mmddyyyy",
            "ddmmyyyy",
            "yyyymmdd",
            "dmy",
            "mdy",
            "ymd",
            "timestamp",
            "datetime",
        }
    )


def _durations(name: str, values: list[str]) -> bool:
    """Whether clock values are durations (or habits such as bedtimes) rather than times of day."""
    clocks = [value for value in values if hour_of(value) is not None]
    if not clocks:
        return False
    return "duration" in concepts(name) or not are_times_of_day(clocks)


def _identifies(
    name: str, values: list[str], place: Place, cells: Sequence[str], owners: Sequence[str]
) -> bool:
    """Whether a column gives each person a code that is not the label: a key, a record number."""
    if len(values) < 2 or len(set(values)) < max(2, 0.9 * len(values)):
        return False
    if place == "people" and len(set(owners)) < 0.9 * len(owners):
        return False  # several rows a person
    if place not in ("people", "other") or (place == "other" and not _ID_WORDS & _words(name)):
        return False
    if all(_UUID.fullmatch(value) for value in values):
        return True
    if all(_BIDS_NAME.match(one_spelling(value)) for value in values):
        return False  # names of files, whose labels are the rows' own
    if any(_label(cell) == _label(owner) for cell, owner in zip(cells, owners, strict=False)):
        return False
    bear = sum(len(owner) > 4 and owner in cell for cell, owner in zip(cells, owners, strict=False))
    if bear >= 0.8 * len(values):
        return False  # names of files, which bear the label
    said = concepts(name)
    named = bool(_ID_WORDS & _words(name) or said & {"id", "record"}) and "measure" not in said
    if _digits_only(values):
        counted = sorted(map(int, values)) == list(
            range(min(map(int, values)), min(map(int, values)) + len(values))
        )
        if counted or min(map(len, values)) < 3:
            return False
        return named or (place == "people" and _long_alike(values))
    if all(map(_PARTED.fullmatch, values)) and not any(map(notations, values)):
        digits = min(sum(map(str.isdigit, value)) for value in values)
        return len(set(values)) > 2 and (named or (digits >= 6 and _shaped(values)))
    coded = sum(
        _CODE.fullmatch(value.replace(" ", "")) is not None
        and not notations(value)
        and not _is_number(value)
        for value in values
    )
    return coded >= 0.8 * len(values) and (named or _shaped(values))


_TWO_NAMES = re.compile(
    r"[^\W\d_a-z][^\W\d_]+(?:['’-][^\W\d_]+)*(?:[ ,^]+[^\W\d_a-z][\w'’.-]*){1,3}"
)


# In a column of people (guardian, spouse) also Doe_Jane and doe.jane.
_TWO_NAMES_JOINED = re.compile(
    r"[^\W\d_]+(?:['’-][^\W\d_]+)*(?:[._^][^\W\d_]+(?:['’-][^\W\d_]+)*){1,3}"
)


def _names_people(name: str, values: list[str]) -> bool:
    """Whether a column holds a name for each person: two or three capitalised words, all different.

    Under a heading such as *name* one word does.
    """
    if len(values) < 3 or len(set(values)) < 0.9 * len(values):
        return False
    words = [{word for word, _, _ in split_words(value)} for value in values]
    if any(not own.isdisjoint(NO_FAMILY) for own in words):
        return False
    if concepts(name) == {"name"} and _words(name) <= {"name", "names", "nimi", "nom", "naam"}:
        return all(bears_out("person-name", value) for value in values)
    people = "person" in concepts(name) and "type" not in _words(name)
    return all(
        _TWO_NAMES.fullmatch(value) or (people and _TWO_NAMES_JOINED.fullmatch(value))
        for value in values
    )


def _tells_apart(name: str, values: list[str], owners: Sequence[str]) -> str:
    """What a column of words is that gives nearly every person another: names, trades, places.

    Names if words of the lists are among them, else answers of people, which single out as well.
    """
    about = _about_people(name)
    fewest = _FEWEST_ANSWERS if about else _FEWEST_PEOPLE
    if len(values) < fewest or len(set(values)) < 0.9 * len(values):
        return ""
    if any(owners) and len(set(owners)) < 0.9 * len(owners):
        return ""  # several rows a person
    if (concepts(name) & _NO_ANSWERS and not about) or not all(
        _WORDS.fullmatch(_IN_BRACKETS.sub("", value)) for value in values
    ):
        return ""
    words = [{word for word, _, _ in split_words(value)} for value in values]
    if sum(not own.isdisjoint(NO_FAMILY) for own in words) > 0.1 * len(values):
        return "free-text"
    listed = given_names() | family_names()
    raised = sum(value[0].isupper() for value in values) >= 0.9 * len(values)
    named = sum(not own.isdisjoint(listed) for own in words)
    return "person-name" if raised and named >= 0.2 * len(values) else "free-text"


_FEWEST_PEOPLE = 5
_FEWEST_ANSWERS = 4  # to a question about origin, language, faith or trade
_IN_BRACKETS = re.compile(r" ?\([^()]*\)$")
# What people said themselves, in tables of events.
_ANSWERED = frozenset(
    """response responses answer answers answered reply replies said says transcript transcription
    utterance utterances spoken speech recall recalled report reported verbal verbatim antwort
    antworten respuesta respuestas réponse reponse reponses risposta risposte resposta respostas
    vastaus vastaukset svar odpowiedz antwoord antwoorden narrative retelling""".split()  # noqa: SIM905
)


def _own_sentences(values: list[str]) -> bool:
    """Whether cells are sentences that people made up, and no choice among a few.

    >>> _own_sentences(["we lived in Ajvo then", "ich war Köhler", "I told her about it"])
    True
    >>> _own_sentences(["a bit more", "a lot more", "a bit more", "a lot more", "a bit more"])
    False
    """
    long = [value for value in values if is_sentence(value)]
    different = len(set(long))
    return different > 1 and different > 0.7 * len(long) and len(long) >= 0.3 * len(values)


_WORDS = re.compile(r"(?:[^\W\d_]\.? ?)?[^\W\d_]{2,}(?:[ ,.'’/_^-]{1,2}[^\W\d_]+)*\.?")
_NO_ANSWERS = frozenset({"measure", "duration"})


def named_owners(values: Sequence[str]) -> bool:
    """Whether what stands for people in a table are names: words of letters, no labels.

    >>> named_owners(["Quellimund", "Zarvok"]), named_owners(["sub-01", "P2"])
    (True, False)
    """
    words = {value for cell in values if (value := known_value(cell))}
    return bool(words) and all(
        _LONE_WORDS.fullmatch(word) and NO_FAMILY.isdisjoint(w for w, _, _ in split_words(word))
        for word in words
    )


_LONE_WORDS = re.compile(r"(?!sub-|ses-)[^\W\d_a-z][^\W\d_]{3,}(?:[ ,._^-]{1,2}[^\W\d_]{2,})*")


def _words(name: str) -> frozenset[str]:
    return frozenset(field_words(name))


def _long_alike(values: list[str]) -> bool:
    """Whether digits are as many in each value, and too many to count anything.

    Telephone, record and card numbers; nine digits and more, or eight with a zero before them.
    """
    length = len(values[0])
    alike = len(values) > 2 and all(len(value) == length for value in values)
    return alike and (length >= 9 or (length == 8 and all(v[0] == "0" for v in values)))


def _shaped(values: list[str]) -> bool:
    """Whether codes are all built alike: letters, digits and signs in the same places."""
    shapes = {re.sub(r"\d", "0", re.sub(r"[A-Za-z]", "a", value)) for value in values}
    return len(shapes) <= 2 and len(values) >= 3 and all("0" in shape[:24] for shape in shapes)


def _label(text: str) -> str:
    return re.sub(r"^0+", "", re.sub(r"[\W_]+", "", text.lower()).removeprefix("sub"))


_FORMED = frozenset({"email", "phone", "national-id", "credential", "address", "user-path", "uid"})


def _of_one_form(values: list[str]) -> str:
    """The kind whose form half of the values and more have, from end to end; "" if none.

    Where most cells are telephone numbers, so are the few in a notation that says nothing.
    """
    different = list(dict.fromkeys(values))[:200]
    counts: dict[str, int] = {}
    for value in different:
        for kind, start, end in matches(value):
            if kind in _FORMED and 2 * (end - start) > len(value):
                counts[kind] = counts.get(kind, 0) + 1
                break
    best = max(counts, key=lambda kind: counts[kind], default="")
    return best if best and counts[best] >= max(3, len(different) / 2) else ""


def _free_text(values: list[str]) -> bool:
    """Whether cells are sentences of people: many different ones, or words about a life."""
    long = [value for value in values if is_sentence(value)]
    if not long:
        return False
    if any(
        len(value) > 16 and len(_LIVES.intersection(w for w, _, _ in split_words(value))) > 1
        for value in long
    ):
        return True
    different = len(set(long))
    return different >= 2 and different >= 0.5 * len(long) and len(long) >= 0.2 * len(values)


def is_prose_of_people(text: str) -> bool:
    """Whether a text is a sentence about a person: what he or she did, said or lived through.

    >>> is_prose_of_people("She said the noise reminded her of the fire")
    True
    >>> is_prose_of_people("Press the left button whenever a face appears on the screen")
    False
    """
    words = [word for word, _, _ in split_words(text)]
    if len(words) < 4:
        return False
    if len(words) < 5:
        return len(_LIVES.intersection(words)) > 1
    lived = len(_LIVES.intersection(words)) > 1 or tells_of_a_life(text)
    return lived or not _ABOUT.isdisjoint(words)


def tells_of_a_life(text: str) -> bool:
    """Whether a sentence among others tells of somebody's life: kin, work, fame, misfortune.

    >>> tells_of_a_life("Her twin brother lost his job"), tells_of_a_life("She moved her head")
    (True, False)
    """
    plain = _TONGUE.sub("", text)
    words = frozenset(word for word, _, _ in split_words(plain))
    told = len(words & _LIFE)
    return len(words) >= 4 and told > 0 and told + len(words & _CIRCUMSTANCES) > 1


_TONGUE = re.compile(r"(?i:mother[ -]tongues?|twin[ -](?:stud(?:y|ies)|registry|pairs?))")
_LIFE = frozenset(
    """twin wife husband mother father son daughter brother sister boss triplets twins married
    divorced widow widowed neighbour neighbor pregnant arrested adopted newspaper newspapers
    marathon drowned famous celebrity prison refugee mayor vicar bishop church village bankrupt
    suicide murdered burglary lottery grandmother grandfather cousin uncle aunt orphan homeless
    orchestra politician minister keeper pilot astronomer violinist farmer wrestler driver
    teacher nurse lawyer actor actress singer footballer""".split()  # noqa: SIM905
)
_CIRCUMSTANCES = frozenset(
    """my his her their boss works worked job born lives lived accident crash fell rescued affair
    fire suffers suffered complained retired killed abroad parents lost woman known treated
    television tv team champion colleague opera""".split()  # noqa: SIM905
)
_ABOUT = frozenset({"she", "he", "her", "his", "him", "herself", "himself"})
_CJK = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")


def is_sentence(value: str) -> bool:
    if len(_CJK.findall(value)) >= 8:  # written without spaces
        return True
    words = [word for word in value.split() if sum(map(str.isalpha, word)) >= 2]
    return len(words) >= _SENTENCE


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True


def _numbers_only(values: list[str]) -> bool:
    return all(map(_is_number, values))


def _digits_only(values: list[str]) -> bool:
    return all(value.isdigit() for value in values)


def holds(column: Column, name: str, text: str) -> bool:
    """Whether a cell of a judged column is such a value, and not an answer among them."""
    if column.kind == "date":
        return not is_shifted(text) and (bool(notations(text)) or bears_out("date", text))
    if column.kind == "rare-detail":
        return text in column.rare
    if column.free:
        return is_sentence(text)
    return is_exact_name(name) or column.kind == "patient-id" or bears_out(column.kind, text, name)
