"""Marked-up text and code as plain lines of the same length, so that places in both are equal.

HTML, XML and TeX part a name from its value with tags (``<th>DOB</th><td>1961-03-15</td>``), and
comments put signs before each line. What is read here is judged as if a person had typed
``DOB: 1961-03-15``, and cut out where it stands in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Pair = tuple[str, int, int]  # a name, and where its value stands

_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")
_SCRIPTS = re.compile(r"<(script|style|svg)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_NO_DRAWINGS = re.compile(r"<(script|style)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<(?:!--|/?[A-Za-z!?][^<>]*>)|-->")
_BLOCKS = re.compile(
    r"(?i)</?(?:p|div|br|tr|table|h\d|li|ul|ol|dl|dt|section|article|header|footer|hr|title|body"
    r"|head|html|pre|blockquote|form|fieldset|option|tbody|thead|caption)\b"
)
_BETWEEN = re.compile(r"(?i)</(?:th|dt|td|label)\s*>\s*<(?:td|dd|th|span|input)\b[^<>]*>")
_ROW = re.compile(r"(?is)<tr\b[^<>]*>(.*?)</tr\s*>")
_CELL = re.compile(r"(?is)<t([hd])\b[^<>]*>(.*?)</t[hd]\s*>")
_ATTRIBUTE = re.compile(r"([A-Za-z_][\w:.-]*)\s*=\s*(\"[^\"<>]*\"|'[^'<>]*')")
_TERM = re.compile(
    r"(?is)<(?:dt|label|strong|b)\b[^<>]*>([^<>]{2,60})</(?:dt|label|strong|b)\s*>\s*:?\s*"
    r"(?:<(?:dd|span|output)\b[^<>]*>)?([^<>]{1,300})(?=<)"
)
_IN_SCRIPT = re.compile(r"\"([A-Za-z_À-ÿ][^\"\\\n]{1,60})\"\s*:\s*\"((?:[^\"\\\n]|\\.){1,300})\"")
_META = re.compile(r"(?is)<meta\b[^<>]*>")
# Attributes of HTML and XML that say how, not what.
_PLUMBING = frozenset(
    """class id style href src rel type name content width height lang charset encoding version
    standalone xmlns http-equiv align colspan rowspan border target title alt media role""".split()  # noqa: SIM905
)


def _blank(text: str, sign: str = " ") -> str:
    """As many blanks, line breaks kept, ``sign`` first."""
    if not text:
        return ""
    blank = "".join("\n" if char == "\n" else " " for char in text)
    return sign + blank[1:] if sign != " " else blank


def plain_html(text: str) -> str:
    """What a page shows, and its comments, in as many characters.

    >>> plain_html("<p>born <b>1961</b></p>")
    '\\n  born    1961    \\n   '
    """
    out = _CDATA.sub(lambda match: _blank(match[0]), text)
    scripts = _NO_DRAWINGS if text.lstrip()[:200].lower().find("<svg") >= 0 else _SCRIPTS
    out = scripts.sub(lambda match: _blank(match[0]), out)
    out = _BETWEEN.sub(lambda match: _blank(match[0], ":"), out)
    out = _TAG.sub(
        lambda match: _blank(
            match[0],
            "\n" if match[0].startswith(("<!--", "-->")) or _BLOCKS.match(match[0]) else " ",
        ),
        out,
    )
    return out.replace("&nbsp;", "      ")


def html_pairs(text: str) -> Iterator[Pair]:
    """Cells of tables under their headings, pairs of attributes, and what ``<meta>`` says."""
    heads: list[str] = []
    for row in _ROW.finditer(text):
        cells = list(_CELL.finditer(text, row.start(1), row.end(1)))
        if len(cells) == 2 and cells[0][1].lower() == "h" and cells[1][1].lower() == "d":
            head = _TAG.sub(" ", cells[0][2]).strip()
            if head and "<" not in cells[1][2]:
                yield head, *_stripped(text, *cells[1].span(2))
            continue
        if cells and all(cell[1].lower() == "h" for cell in cells):
            heads = [_TAG.sub(" ", cell[2]).strip() for cell in cells]
            continue
        if len(cells) == len(heads):
            for head, cell in zip(heads, cells, strict=True):
                if "<" not in cell[2] and head:
                    yield head, *_stripped(text, *cell.span(2))
    for pair in _TERM.finditer(text):
        if pair[1].strip():
            yield _TAG.sub(" ", pair[1]).strip(" :"), *_stripped(text, *pair.span(2))
    yield from script_pairs(text)
    for meta in _META.finditer(text):
        said = {name.lower(): (value, at) for name, value, at in _attributes(text, *meta.span())}
        name = said.get("name", said.get("property", ("", 0)))[0].strip("\"'")
        if name and "content" in said:
            value, at = said["content"]
            yield name, at + 1, at + len(value) - 1


def script_pairs(text: str) -> Iterator[Pair]:
    """Pairs of JSON and JavaScript inside of other text: ``{"zip": "58411"}``."""
    for pair in _IN_SCRIPT.finditer(text):
        yield pair[1], *pair.span(2)


def xml_pairs(text: str) -> Iterator[Pair]:
    """Attributes of elements: ``<entry PLZ="76492"/>``, ``<item OID="plz" Value="76492"/>``."""
    for tag in _TAG.finditer(text):
        if tag[0].startswith(("<?", "<!", "</")):
            continue
        attributes = list(_attributes(text, *tag.span()))
        said = {name.rpartition(":")[2].lower(): (value, at) for name, value, at in attributes}
        naming = next((said[name][0] for name in _NAMING if name in said), "").strip("\"'")
        holding = next((said[name] for name in _HOLDING if name in said), None)
        if naming and holding is not None:
            value, at = holding
            yield naming.rpartition(".")[2], at + 1, at + len(value) - 1
        for name, value, at in attributes:
            plain = name.rpartition(":")[2]
            if plain.lower() not in _PLUMBING and not name.startswith("xmlns"):
                yield plain, at + 1, at + len(value) - 1


# Attributes that name what an element holds, and those that hold it.
_NAMING = (
    "itemoid",
    "oid",
    "key",
    "field",
    "property",
    "attribute",
    "keyword",
    "label",
    "code",
    "id",
    "name",
)
_HOLDING = ("value", "content", "val", "data")


def xml_texts(text: str) -> Iterator[tuple[str, str]]:
    """Every text of an XML file with what names it: attributes, and what stands between tags.

    >>> list(xml_texts('<a ika="87 y"><b>Quellimund</b></a>'))
    [('ika', '87 y'), ('b', 'Quellimund')]
    """
    above = ""
    at = 0
    for tag in _MARK.finditer(text):
        yield from _between(above, text[at : tag.start()])
        at = tag.end()
        if tag[0].startswith("<![CDATA["):
            yield from _between(above, tag[0][9:-3])
        elif tag[0].startswith("<!--"):
            yield from _between("comment", tag[0][4:-3])
        elif tag[0].startswith("<?xml "):
            continue
        elif tag[0].startswith(("<?", "<!")):
            yield from _between("", _PUBLIC_TYPE.sub("", tag[0][2:-1]))
        elif not tag[0].startswith("</"):
            above = _TAG_NAME.match(tag[0])[0][1:].rpartition(":")[2]  # type: ignore[index]
            for name, value, _ in _attributes(text, *tag.span()):
                if not name.startswith("xmlns"):
                    yield from _between(name.rpartition(":")[2], value[1:-1])
    yield from _between(above, text[at:])


def _between(name: str, value: str) -> Iterator[tuple[str, str]]:
    if value.strip():
        yield name, value.strip()


_MARK = re.compile(r"<!\[CDATA\[.*?\]\]>|<!--.*?-->|<[A-Za-z/?!][^<>]*>", re.DOTALL)
_TAG_NAME = re.compile(r"<[^\s/>]+")
_PUBLIC_TYPE = re.compile(r"^DOCTYPE GIFTI SYSTEM \"[^\"]*gifti\.dtd\"")


def _attributes(text: str, start: int, end: int) -> Iterator[tuple[str, str, int]]:
    for match in _ATTRIBUTE.finditer(text, start, end):
        yield match[1], match[2], match.start(2)


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


_AUTHOR = re.compile(r"\\(?:author|institute|affil(?:iation)?|thanks)\s*\{([^{}]{2,200})\}")
_TEX_SOURCE = re.compile(
    r"\\(?:bibitem|cite\w*|bibliography|usepackage|documentclass|label|ref|includegraphics|begin|end"
    r"|input)\b(?:\[[^\]]*\])?(?:\{[^{}]*\})?"
)
_TEX_COMMAND = re.compile(r"\\[A-Za-z]+\*?|[{}$~]|\\\\")


def plain_tex(text: str) -> str:
    """What a TeX document says, in as many characters: no commands, citations or sources."""
    out = _TEX_SOURCE.sub(lambda match: _blank(match[0]), text)
    return _TEX_COMMAND.sub(lambda match: _blank(match[0]), out)


def tex_authors(text: str) -> Iterator[tuple[int, int]]:
    """Where the authors of a TeX document stand."""
    for match in _AUTHOR.finditer(text):
        yield match.span(1)


_LEADER = re.compile(r"(?m)^[ \t]*(?:#+|//+|%+|\*+(?!/)|--|/\*+|;+|'''|\"\"\"|REM\b|C\b)[ \t]?")


def plain_comments(text: str) -> str:
    """Code without the signs that begin comments, in as many characters.

    >>> plain_comments("# Patient: Doe")
    '  Patient: Doe'
    """
    return _LEADER.sub(lambda match: _blank(match[0]), text)
