"""Labels of people and sessions: the one place where they are cut out of names and compared.

Every form of input (BIDS folders, manifests, tables, photographs, copies made by other tools,
DICOM) goes through here, so that one person has one label. Labels are brought to one spelling:
Unicode's composed form (macOS hands file names out decomposed), full-width digits and letters as
plain ones (NFKC), no characters that nobody sees (zero-width spaces, marks of direction). The
entity before a label (``sub-``, ``ses-``) is taken off once.

BIDS allows letters, digits and ``+`` in a label; letters here are those of any script. What else
folders and tables hold is kept where nothing but the label stands (:func:`plain_label`,
:func:`folder_label`); in names and running text a label ends at the first other sign.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import PurePosixPath

_IN_NAME = {
    entity: re.compile(rf"(?:^|_){entity}-([^_./\s-]+)", re.IGNORECASE) for entity in ("sub", "ses")
}


# Signs that end a label in running text: all of ASCII but "+", and quotation marks of print.
_SIGN = r"[^\s!-*,-/:-@\[-`{-~\u00ab\u00bb\u2018-\u201f]"
WRITTEN = {entity: rf"{entity}-{_SIGN}+" for entity in ("sub", "ses")}
"""Pattern of a label with its entity in running text, by entity; for texts in one spelling."""
_IN_TEXT = {entity: re.compile(rf"(?<![^\W_]){label}") for entity, label in WRITTEN.items()}


def plain_label(label: str, entity: str) -> str:
    """A label without its entity: ``sub-01`` and ``01`` are the same participant.

    >>> plain_label(" sub-01 ", "sub"), plain_label("Zoe\u0308", "sub") == "Zo\u00eb"
    ('01', True)
    >>> plain_label("\uff10\uff13\u200b", "sub")
    '03'
    """
    return one_spelling(label).removeprefix(f"{entity}-")


def one_spelling(text: str) -> str:
    """The text in the one spelling that all writings which look alike have."""
    seen = (one for one in unicodedata.normalize("NFKC", text) if unicodedata.category(one) != "Cf")
    return "".join(seen).strip()


def folder_label(name: str, entity: str) -> str:
    """The label that a folder's whole name is (``sub-01``), or "" where it is none."""
    label = plain_label(name, entity)
    return label if label != one_spelling(name) else ""


def name_label(name: str, entity: str) -> str:
    """The label that a file's name, or a folder's such as ``sub-01_ses-2``, holds; "" if none.

    >>> name_label("sub-01_ses-2_T1w.nii.gz", "ses"), name_label("brain.nii", "sub")
    ('2', '')
    """
    match = _IN_NAME[entity].search(one_spelling(name))
    return match[1] if match else ""


def path_label(path: str, entity: str) -> str:
    """The label that a relative path tells: the innermost folder that is one, else a name.

    ``path`` is separated by slashes. A file name counts where no folder tells, from the file
    upward.

    >>> path_label("sub-01/ses-2/anat/sub-01_ses-2_T1w.nii.gz", "sub")
    '01'
    >>> path_label("out/sub-01_ses-2/stats", "ses")
    '2'
    """
    parts = PurePosixPath(path).parts
    folders = (folder_label(part, entity) for part in reversed(parts[:-1]) if "_" not in part)
    names = (name_label(part, entity) for part in reversed(parts))
    return next((label for found in (folders, names) for label in found if label), "")


def written_labels(text: str, entity: str) -> Iterator[str]:
    """The labels that running text, a line or a path names after their entity, in order.

    >>> list(written_labels("Jane (sub-01, twin of sub-A+2): see sub-03_T1w.nii.gz", "sub"))
    ['01', 'A+2', '03']
    """
    if "-" in text:  # as nearly every label's line has, and few others
        for match in _IN_TEXT[entity].finditer(one_spelling(text)):
            yield match[0].removeprefix(f"{entity}-")
