"""A name, a postcode or an age under an unknown key keeps a file from being called clean.

Whatever the format: it is not called clean, or the value is gone from the copy.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrisk.cli.main import main
from headrisk.metadata.file_text import file_spans
from headrisk.metadata.fix import CALLED_CLEAN
from headrisk.metadata.known import NOBODY
from headrisk.metadata.scan import scan_metadata

_GIFTI = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE GIFTI SYSTEM '
    '"http://www.nitrc.org/frs/download.php/115/gifti.dtd">\n'
    '<GIFTI Version="1.0" NumberOfDataArrays="0"><MetaData><MD><Name>{0}{2}{1}</Name>'
    "<Value>{0}{3}{1}</Value></MD></MetaData><LabelTable/></GIFTI>"
)
FORMATS: dict[str, Callable[[str, str], tuple[str, str]]] = {
    "sidecar": lambda k, v: ("sub-01_bold.json", json.dumps({"EchoTime": 0.03, k: v})),
    "nested": lambda k, v: ("a.json", json.dumps({"items": [{k: {"value": [v]}}]})),
    "table": lambda k, v: ("a.tsv", f"onset\t{k}\n1\t{v}\n"),
    "semicolons": lambda k, v: ("a.csv", f"index;{k}\n1;{v}\n"),
    "notes": lambda k, v: ("a.txt", f"{k}: {v}\n"),
    "settings": lambda k, v: ("a.yml", f"{k}: {v}\n"),
    "code": lambda k, v: ("a.py", f'{k} = "{v}"\n'),
    "page": lambda k, v: ("a.html", f"<table><tr><th>{k}</th><td>{v}</td></tr></table>"),
    "element": lambda k, v: ("a.xml", f'<?xml version="1.0"?><data><{k}>{v}</{k}></data>'),
    "attribute": lambda k, v: ("a.xml", f'<?xml version="1.0"?><data {k}="{v}"/>'),
    "named attribute": lambda k, v: (
        "a.xml",
        f'<?xml version="1.0"?><data><item ItemOID="I.{k}" Value="{v}"/></data>',
    ),
    "CDATA": lambda k, v: (
        "a.xml",
        f"<?xml version='1.0'?><data><{k}><![CDATA[{v}]]></{k}></data>",
    ),
    "XML remark": lambda k, v: ("a.xml", f'<?xml version="1.0"?><data/><!-- {k} {v} -->'),
    "GIFTI": lambda k, v: ("a.surf.gii", _GIFTI.format("", "", k, v)),
    "GIFTI, CDATA": lambda k, v: ("a.surf.gii", _GIFTI.format("<![CDATA[", "]]>", k, v)),
    "NRRD": lambda k, v: (
        "a.nhdr",
        f"NRRD0004\ntype: short\ndimension: 1\nsizes: 1\nencoding: raw\n{k}:={v}\n",
    ),
}
_SYLLABLES = st.sampled_from(("bra", "gru", "klo", "nol", "pra", "sto", "tru", "vau", "zei", "fli"))
_WORD = st.lists(_SYLLABLES, min_size=2, max_size=4).map("".join)
# Keys on no list, and words for age, town and trade in some languages.
KEYS = st.one_of(
    _WORD, st.sampled_from(("ika", "vozrast", "umur", "postnr", "PSC", "Functie", "avdelning"))
)
VALUES = st.one_of(
    _WORD.map(lambda w: (w + "nner").capitalize()),
    st.builds(lambda a, b: f"{a} {b}", st.integers(1000, 9999), st.sampled_from(("JZ", "AB"))),
    st.builds(lambda a, b: f"{a} {b}", st.integers(100, 999), st.integers(10, 99)),
    st.sampled_from(("SW1A 2AA", "EH3 9QN", "K1A 0B6")),
    st.builds(
        lambda n, u: f"{n}{u}",
        st.integers(18, 99),
        st.sampled_from((" y", "Y", " yrs", " years", " ans", " Jahre", " vuotta", "y4m")),
    ),
)


@pytest.mark.parametrize("layout", list(FORMATS))
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(key=KEYS, value=VALUES)
def test_no_unknown_key_is_called_clean_with_a_detail_under_it(
    layout: str, key: str, value: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    base = tmp_path_factory.mktemp("keys")
    name, text = FORMATS[layout](key, value)
    source = base / "in"
    source.mkdir()
    (source / name).write_text(text, encoding="utf-8")
    assert name not in scan_metadata(source).clean
    main(["metadata", str(source), str(base / "out"), "--fix", str(base / "copy"), "-q"])
    with (base / "out" / "internal" / "copy.tsv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    for row in rows:
        if row["called"] == CALLED_CLEAN:
            assert value not in (base / "copy" / row["copy"]).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('<a><ItemData ItemOID="I.postnr" Value="954 77"/></a>', "954 77"),
        ('<a><field name="patient_name" value="Birnbaum, Ida"/></a>', "Birnbaum, Ida"),
        ('<a><entry key="phone" value="040 1234567"/></a>', "040 1234567"),
    ],
)
def test_attributes_are_judged_by_the_one_that_names_them(text: str, value: str) -> None:
    found = [text[a:b] for _, a, b in file_spans(text, "a.xml", NOBODY)]
    assert value in found
