"""Pairs of a name and a value in texts: XML metadata of GIFTI, lines of settings and logs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from headrisk.metadata.cues import is_ordinary, names_illness
from headrisk.metadata.fields import bears_out, kind_of_field, kind_of_value, plain_name
from headrisk.metadata.name_words import ALSO_WORDS, NO_FAMILY
from headrisk.metadata.notations import is_over_89, notations
from headrisk.metadata.people import family_names, folded, given_names, split_words
from headrisk.metadata.words import concepts, field_words, topics

_CDATA = r"\s*(?:<!\[CDATA\[)?"
_END = r"(?:\]\]>)?\s*"
_PAIR = re.compile(
    rf"<Name>{_CDATA}([^<>\[\]]{{1,80}}?){_END}</Name>\s*"
    rf"<(Value|Data)\b[^<>]{{0,80}}>{_CDATA}(.{{0,4096}}?){_END}</\2>",
    re.DOTALL | re.IGNORECASE,
)

# PatientName: Jane Doe / dob = 15031961 / "phone": "040 ..." / - **PLZ**: 80331
# INFO set vorname -> "Jane" / export WORK="..." / SET @laborant = '...'; / geboren ..... 1961
_LINE = re.compile(
    r"(?m)^[ \t#;*.\"'>%/-]{0,12}(?:\[?\d[\d:.,TZ /+-]{3,30}\]?[ \t]+)?"
    r"(?:(?:export|set|let|const|var|my|local|declare|setenv|reading|read|INFO|DEBUG|WARN(?:ING)?"
    r"|NOTICE|SET)[: \t]+){0,2}[@$]?[*_`\"']{0,3}"
    r"(?P<name>[^\W\d_](?:[\w .()/-]|['’](?=\w)){1,46}?)[*_`\"'\]]{0,3}[ \t]*"
    r"(?:=>|->|<-|:?=|:|\.{3,})[ \t]*[*_`]{0,2}[ \t]*"
    r"(?:\"(?P<double>[^\n\"]{1,300})\"|'(?P<single>[^\n']{1,300})'"
    r"|(?P<bare>[^\s\"'][^\n\"]{0,300}?))[\"',;]*[ \t\r]*$"
)


def line_pairs(text: str) -> Iterator[tuple[str, int, int]]:
    """Names of values and where the values stand, in lines that hold one pair each.

    >>> text = "INFO set vorname -> \\"Jane\\""
    >>> [(name, text[a:b]) for name, a, b in line_pairs(text)]
    [('vorname', 'Jane')]
    """
    if not _SEPARATED.search(text):
        return
    for line in _LINE.finditer(text):
        start, end = line.span(line.lastgroup or "bare")
        end -= len(text[start:end]) - len(text[start:end].rstrip(" \t\r*_`"))
        if end > start:
            yield line["name"].strip(" .-"), start, end


_SEPARATED = re.compile(r"[:=]|<-|->|\.{3}")


def braced_pairs(text: str) -> Iterator[tuple[str, int, int]]:
    """Pairs in the braces of YAML: ``{street: 'High Street 3', pos: '51.50735, -0.12776'}``.

    >>> text = "{street: 'High Street 3', no: 4}"
    >>> [(name, text[a:b]) for name, a, b in braced_pairs(text)]
    [('street', 'High Street 3'), ('no', '4')]
    """
    if not text.startswith("{"):
        return
    for pair in _BRACED.finditer(text):
        yield pair["name"], *pair.span(pair.lastgroup or "bare")


_BRACED = re.compile(
    r"(?<=[{,])[ ]*[\"']?(?P<name>[^\W\d_][\w -]{0,30})[\"']?[ ]*:[ ]*"
    r"(?:\"(?P<double>[^\"]{1,200})\"|'(?P<single>[^']{1,200})'"
    r"|(?P<bare>[^,{}\"']{1,100}?))[ ]*(?=[,}])"
)


def table_pairs(text: str) -> Iterator[tuple[str, int, int]]:
    """Cells of tables that are drawn with bars (Markdown), under their headings."""
    for table in _DRAWN.finditer(text):
        heads = [head.strip(" *_`") for head in table["head"].strip(" |").split("|")]
        for row in re.finditer(r"[^\n]+", text[table.start("rows") : table.end("rows")]):
            at = table.start("rows") + row.start() + len(row[0]) - len(row[0].lstrip(" |"))
            cells = row[0].strip().strip("|").split("|")
            if len(cells) != len(heads):
                continue
            at = table.start("rows") + row.start() + row[0].index("|") + 1
            for head, cell in zip(heads, cells, strict=True):
                inner = cell.strip()
                if head and inner:
                    start = at + cell.index(inner)
                    yield head, start, start + len(inner)
                at += len(cell) + 1


_DRAWN = re.compile(
    r"(?m)^[ \t]*(?P<head>\|[^\n]+\|)[ \t\r]*\n[ \t]*\|[ :|-]+\|[ \t\r]*\n"
    r"(?P<rows>(?:[ \t]*\|[^\n]+\|[ \t\r]*(?:\n|\Z))+)"
)


def is_record(text: str, pairs: Sequence[tuple[str, int, int]]) -> bool:
    """Whether a text is a record of somebody: mostly pairs, two of which lead to a person.

    A form, an export or a log of one patient. Settings and headers of programs are none.
    """
    lines = sum(bool(line.strip()) for line in text.splitlines())
    if len(pairs) < _FEWEST_PAIRS or 2 * len(pairs) < lines:
        return False
    of_people = {
        name
        for name, start, end in pairs
        if kind_of_value(name, text[start:end].strip()) in _OF_SOMEBODY
    }
    return len(of_people) > 1


_FEWEST_PAIRS = 3
_OF_SOMEBODY = frozenset(
    {
        "person-name",
        "patient-id",
        "national-id",
        "birth-date",
        "phone",
        "email",
        "address",
        "accession-number",
        "demographic",
        "staff-name",
    }
)
_DIRECT = frozenset(
    {
        "person-name",
        "patient-id",
        "birth-date",
        "phone",
        "address",
        "email",
        "accession-number",
        "staff-name",
        "user-path",
    }
)


# JCAMP-DX (Bruker): ##$SUBJECT_name_string=( 64 ) and <Doe Jane> in the next line; Varian's
# procpar: operator_ 2 2 8 0 0 and 1 "doe" in the next; Turtle: foaf:familyName "Doe".
_OTHER_LINES = (
    re.compile(r"(?m)^##\$?(?P<name>\w+)= ?\( ?\d+ ?\)[ \t]*\n<(?P<value>[^>\n]{2,200})>"),
    re.compile(r"(?m)^(?P<name>[A-Za-z]\w*?)_? [\d. e+-]+\n\d+ \"(?P<value>[^\"\n]{2,200})\""),
    re.compile(
        r"\b(?P<name>[A-Za-z][\w-]{1,20}:[A-Za-z]\w{2,30})[ \t]+\"(?P<value>[^\"\n]{2,200})\""
    ),
)


def named_lines(text: str) -> Iterator[tuple[str, int, int]]:
    """Kind, start and end of values in lines whose name says that they identify directly."""
    for other in _OTHER_LINES:
        for pair in other.finditer(text):
            name = pair["name"].rpartition(":")[2]
            kind = kind_of_field(name)
            if (
                not kind
                and plain_name(name) == "name"
                and _OWN_NAME.fullmatch(pair["value"].replace("_", " "))
            ):
                kind = "person-name"
            if kind in _DIRECT and bears_out(kind, pair["value"]):
                yield kind, *pair.span("value")
    for subject in _FREESURFER.finditer(text):  # a label has digits, and fsaverage no capital
        yield "person-name", *subject.span("value")
    for name, start, end in line_pairs(text):
        value = text[start:end]
        kind = kind_of_field(name) or kind_of_field(_in_section(text, start, name))
        if not kind and names_person(name, value):
            kind = "person-name"
        if is_over_89(name, value):
            kind = "age-over-89"
        if kind == "staff-name" and not may_name_staff(value):
            continue
        if (
            (kind in _DIRECT or kind in _ALSO_TOLD)
            and value.lower() not in _NOTHING
            and bears_out(kind, value, name)
        ):
            yield kind, start, end


_FREESURFER = re.compile(
    r"(?m)(?:^# subjectname +|^# cmdline .*? (?:--subject|--s|-s|-subjid|-subject) +)"
    r"(?P<value>[^\W\d_a-z][^\W\d_]{2,}(?:[_.-][^\W\d_]{2,}){0,2})(?=\s)"
)
_TWO_SMALL = re.compile(r"[^\W\d_]{2,}[ ,]{1,2}[^\W\d_]{2,}")
_ALSO_TOLD = frozenset(
    {"age-over-89", "demographic", "credential", "serial-number", "host-name", "network-address"}
)


def may_name_staff(value: str) -> bool:
    """Whether a value of ``operator`` is a name: capitalised, a login, on the lists; not *plus*."""
    words = [word for word, _, _ in split_words(value)]
    listed = any(word in given_names() or word in family_names() for word in words)
    return listed or not value.islower() or not value.isalpha() or len(words) > 3


def code_lines(text: str) -> Iterator[tuple[str, int, int]]:
    """Kind, start and end of values that code or settings give to a name that tells.

    Only plain values count (``mtra = "Jane Doe"``, ``dob: 1961-03-15``), no expressions.
    """
    for name, start, stop in line_pairs(text):
        value = text[start:stop]
        if _EXPRESSION.search(value) or _ON_PURPOSE.intersection(field_words(name)):
            continue
        kind = kind_of_field(name) or kind_of_field(_in_section(text, start, name))
        if not kind and names_person(name, value):
            kind = "person-name"
        if is_over_89(name, value):
            kind = "age-over-89"
        if kind in ("person-name", "staff-name"):
            lone = "own-name" in concepts(name) and _is_lone_name(value)
            if concepts(name) >= {"person", "name"}:
                lone = lone or _TWO_SMALL.fullmatch(value) is not None
            if lone or _CAPITALISED.fullmatch(value) or _OWN_NAME.fullmatch(value):
                yield kind, start, stop
        elif value.lower() not in _NOTHING and _is_plain_value(kind, value, name):
            yield kind, start, stop


def _is_lone_name(value: str) -> bool:
    return _LONE.fullmatch(value) is not None and not is_ordinary(folded(value))


def _is_plain_value(kind: str, value: str, name: str) -> bool:
    """Whether a value written in code is such a one, and no name of a variable or a word."""
    digits = sum(map(str.isdigit, value))
    if kind in ("accession-number", "patient-id"):
        return digits >= _LEAST_DIGITS and len(value) < 30
    if kind == "phone":
        return digits >= 6 and len(value) < 24
    if kind == "address":
        return digits > 0 and (len(value) > 8 or _POSTCODE_LIKE.fullmatch(value) is not None)
    if kind in ("date", "birth-date"):
        return bool(notations(value)) and bears_out(kind, value)
    if kind in ("demographic", "institution"):
        said = _SAID.fullmatch(value) is not None or names_illness(value)
        return bears_out(kind, value, name) and said
    return kind in (
        "email",
        "age-over-89",
        "acquisition-time",
        "serial-number",
        "uid",
        "credential",
        "host-name",
        "network-address",
    ) and bears_out(kind, value, name)


_EXPRESSION = re.compile(r"[()\[\]{}$@%]|\w\.\w+\(|->|==|\\|^\w+\.\w+$|::|<-")
_ON_PURPOSE = frozenset(
    """author authors maintainer maintainers version release released created modified updated
    license licence copyright build contact funding title url doi cff format""".split()  # noqa: SIM905
)
_POSTCODE_LIKE = re.compile(r"[A-Z\d][A-Z\d -]{3,9}")
_SAID = re.compile(r"[^\W\d_][^\W\d_ ,.'’&-]*(?:[ ,.'’&-]+[^\W\d_]+){0,6}\.?")


def named_people(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of full names in lines that begin with a word for people.

    For code and papers, where nothing else of a line tells: ``# Probandin: Mordhorst, Sakura``.
    """
    for name, start, end in line_pairs(text):
        value = text[start:end]
        said = concepts(name)
        if "person" not in said or "staff" in said:
            continue
        if _OTHER_SCRIPT.fullmatch(value):
            yield start, end
            continue
        if not _CAPITALISED.fullmatch(value):
            continue
        if NO_FAMILY.isdisjoint(word.lower() for word in _LETTERS.findall(value)):
            yield start, end


_LETTERS = re.compile(r"[^\W\d_]+")


_CAPITALISED = re.compile(r"[^\W\d_a-z][^\W\d_A-Z]+(?:,? |_|\^)[^\W\d_a-z][^\W\d_A-Z]+")
_SECTION = re.compile(r"\[([A-Za-z][\w ]{2,30})\][ \t\r]*$")


def _in_section(text: str, at: int, name: str) -> str:
    """The name of a setting with that of its section, ``[Patient]``, where that is of people."""
    start = text.rfind("\n[", 0, at)
    start = start + 1 if start >= 0 else (0 if text.startswith("[") else -1)
    if start < 0:
        return name
    stop = text.find("\n", start)
    section = _SECTION.fullmatch(text[start : stop if stop > 0 else None])
    return f"{section[1]} {name}" if section and "person" in concepts(section[1]) else name


def names_person(name: str, value: str) -> bool:
    """Whether a value under a word for people is a name: ``Probandin: Mordhorst, Sakura``."""
    said = concepts(name) - {"record", "fill"}
    if said == {"person"} and (_OWN_NAME.fullmatch(value) or _OTHER_SCRIPT.fullmatch(value)):
        return True
    return _is_of_person(name) and _is_one_name(value)


def _is_of_person(name: str) -> bool:
    said = concepts(name) - {"fill"}
    return bool(said) and said <= {"person", "record", "name"} and "person" in said


def _is_one_name(value: str) -> bool:
    """Whether a value is one capitalised word that is no ordinary one: a surname alone."""
    word = value.lower()
    return (
        _LONE.fullmatch(value) is not None
        and word not in NO_FAMILY | _ORDINARY
        and (not concepts(value) - {"fill"})
    )


# Names in scripts without capitals: Arabic, Hebrew, Indic, Chinese, Japanese, Korean, Thai.
_SIGNS = r"\u0590-\u06ff\u0900-\u0e7f\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_OTHER_SCRIPT = re.compile(rf"[{_SIGNS}][{_SIGNS} A-Z.·・]{{1,40}}")
_LONE = re.compile(r"[^\W\d_a-z][^\W\d_]{3,}")
_ORDINARY = ALSO_WORDS | frozenset(
    """unknown anonymous none removed control healthy patient male female adult child human mouse
    phantom animal appointment hello data information request update report meeting invitation
    default template standard average example your""".split()  # noqa: SIM905
)
_VALUE = re.compile(
    r"(?<![\w.+/-])[〒#]?(?=[\w./°-]{0,24}\d)[\w][\w./°-]{1,40}"
    r"(?: (?:\d{2,8}|\d[A-Z]{2}|\d[A-Z]\d|[A-Z]{2}))?(?![\w-])"
)
_BEFORE = re.compile(
    r"(?:(?<![^\W_])[nN][°º.] ?)?(?:[^\W\d_][^\W\d_'’.°-]*[ ._/-]{1,2}){0,3}"
    r"[^\W\d_]+[.°º]?[ ]*[:=#]?[ \"'(\[]{0,3}$"
)
_CUED = frozenset(
    {
        "patient-id",
        "serial-number",
        "accession-number",
        "national-id",
        "address",
        "birth-date",
        "host-name",
    }
)
_FUNDS = re.compile(r"(?i:grant|fund|award|nih\b|dfg\b|erc\b|doi\b|https?:)")
_LEAST_DIGITS = 4
_REACH = 44
# Words that stand before numbers of other things: source code 2019a, original size, local label.
_LOOSE = frozenset(
    """source original orig old real dicom previous former local screening code key label clinical
    site history status sin link linking legacy lab test""".split()  # noqa: SIM905
)


def cued_values(text: str) -> Iterator[tuple[str, int, int]]:
    """Kind, start and end of numbers behind words that say whose or what they are.

    ``Hospital number 03724149``, ``S/N: 144452``, ``PLZ 80331``, ``born 27-02-1997``: the words
    directly before a number are judged like the name of a column.
    """
    for value in _VALUE.finditer(text):
        if sum(map(str.isdigit, value[0])) < _LEAST_DIGITS - 1 and not (
            _POSTCODE.fullmatch(value[0]) or _COMPUTER.fullmatch(value[0])
        ):
            continue
        start = max(text.rfind("\n", 0, value.start()) + 1, value.start() - _REACH)
        before = _BEFORE.search(text[start : value.start()])
        if before is None or _FUNDS.search(text, start, value.end()):
            continue
        kind = _cue(before[0] + ("#" if value[0].startswith("#") else ""))
        if not kind and (
            _IN_RIS.match(text, value.end())
            or (_ORDER_NUMBER.fullmatch(value[0]) and "order" in topics(before[0].split()[-1]))
        ):
            kind = "accession-number"
        digits = sum(map(str.isdigit, value[0]))
        if (
            not kind
            and digits >= 6
            and _LONG_NUMBER.fullmatch(value[0])
            and not notations(value[0])
        ):
            told = topics(before[0].split()[-1])
            kind = "accession-number" if "order" in told else ""
            kind = "patient-id" if "insurance" in told else kind
        if kind == "host-name":
            if _COMPUTER.fullmatch(value[0]):
                yield kind, *value.span()
        elif kind == "address":
            if 4 <= digits <= 9 or _POSTCODE.fullmatch(value[0]):
                yield kind, *value.span()
        elif kind == "birth-date":
            first = value[0].partition(" ")[0]  # the time of day behind it stays out
            if notations(value[0]) or notations(first):
                yield kind, value.start(), value.start() + len(first)
        elif kind and digits >= _LEAST_DIGITS and bears_out(kind, value[0], before[0][-24:]):
            yield kind, *value.span()


_LONG_NUMBER = re.compile(r"[A-Z]{0,4}[-/]?\d[\d/.-]{4,}\d[A-Z]?")
_COMPUTER = re.compile(r"[A-Za-z][\w]*(?:[-_.][\w]+)+|[A-Z]{2,}\d{2,}")
_ORDER_NUMBER = re.compile(r"\d{4,}-[A-Z]{2}-\d{4,}|[A-Z]{1,4}\d{6,}|\d{2}[A-Z]\d{6,}|\d{7,}\.\d")
_IN_RIS = re.compile(r" (?:from|in|of)(?: the)? (?:RIS|PACS|KIS|EPIC)(?![^\W_])")
_POSTCODE = re.compile(r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d|\d{4} ?[A-Z]{2}")


@lru_cache(maxsize=16384)
def _cue(words: str) -> str:
    """What the last words before a number say that it is, "" if nothing."""
    plain = re.sub(r"(?i)\b(?:s/n|ser\. ?no)\b", "serial number", words)
    plain = re.sub(r"(?i)\bacc\b\.?", "accession", plain)
    plain = re.sub(r"(?i)(?<=[a-z])(?:[ .]*#|[ .]+(?:n°|nr\.?|no\.?))(?=[ :=]*$)", " number", plain)
    plain = re.sub(r"^[nN][°º.] ?(.*)$", r"\1 number", plain)
    plain = re.sub(r"(?i)\b(?:post(?:al)?|zip) code\b", "postcode", plain)
    parts = re.findall(r"[^\W\d_]+", plain)[-4:]
    for first in range(len(parts)):
        name = " ".join(parts[first:])
        kind = kind_of_field(name)
        if kind not in _CUED or (kind == "address" and "postcode" not in concepts(name)):
            continue
        if kind == "patient-id" and _LOOSE.intersection(field_words(name)):
            continue
        if kind == "serial-number" and "serial" not in concepts(" ".join(parts[-3:])):
            continue
        return kind
    return ""


_OWN_NAME = re.compile(
    r"[^\W\d_a-z]\. ?[^\W\d_a-z][^\W\d_]{2,}|"
    r"[^\W\d_a-z][^\W\d_]+(?:,? [^\W\d_a-z][\w'’.-]*){1,3}|[^\W\d_]{2,}\.[^\W\d_]{3,}"
)
_NOTHING = frozenset(
    {
        "",
        "n/a",
        "na",
        "none",
        "null",
        "unknown",
        "anonymous",
        "removed",
        "[removed]",
        "anonymized",
        "anonymised",
        "string",
        "str",
        "required",
    }
)


def named_values(text: str) -> Iterator[tuple[str, int, int]]:
    """Kind, start and end of values whose name says that they identify (``UserName``)."""
    if "<Name>" not in text and "<name>" not in text:
        return
    for pair in _PAIR.finditer(text):
        kind = kind_of_value(pair[1], pair[3].strip())
        if kind and pair[3].strip().lower() not in _NOTHING:
            yield kind, *pair.span(3)
