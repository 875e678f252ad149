"""A custodian's own rules: a TOML file that says what becomes of single attributes and fields.

.. code-block:: toml

    [dicom]
    ProtocolName = "keep"
    "(0018,0015)" = "remove"
    '(0051,xx0F,"SIEMENS MR HEADER")' = "keep"

    [fields]
    handedness_notes = "keep"
    ScanRoom = "remove"

``[fields]`` names fields of sidecars and columns of tables, without regard to case and separators;
what becomes of them is ``keep``, ``ignore`` or ``remove``, as on the command line. ``[dicom]``
names attributes of DICOM files; its steps are ``keep``, ``remove``, ``empty``, ``dummy`` and
``uid``. Own rules go before those of the profile and of its options.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrisk.errors import InputError
from headrisk.metadata.dicom_dictionary import is_pixels
from headrisk.metadata.dicom_options import STEPS, own_key
from headrisk.metadata.known import FIELD_RULES, Rule

_LARGEST = 1024 * 1024
_DICOM, _FIELDS = "dicom", "fields"


@dataclass(frozen=True)
class OwnRules:
    """What a rules file says.

    Attributes
    ----------
    dicom
        Steps by attribute, as ``Policy.own`` holds them.
    fields
        ``keep``, ``ignore`` or ``remove`` by the name of a field or column.
    """

    dicom: Mapping[int | tuple[int, int, str], str]
    fields: Mapping[str, Rule]


NO_RULES = OwnRules({}, {})


def read_rules(path: Path) -> OwnRules:
    """Read a rules file.

    Raises
    ------
    InputError
        The file cannot be read, is no TOML, or names an attribute or a step that does not exist.
    """
    subject = f"rules file {path}"
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            raise InputError(
                subject,
                found="no such file" if not path.exists() else "no regular file of at most 1 MB",
                expected="a TOML file",
                remedy="Check the path.",
            )
        content = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise InputError(
            subject, found=f"cannot be read ({error.strerror})", expected="a TOML file"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            subject, found=f"byte {error.start} is not UTF-8", expected="UTF-8 text"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(subject, found=f"no TOML ({error})", expected="a TOML file") from None
    for name in content:
        if name not in (_DICOM, _FIELDS):
            raise InputError(
                subject,
                found=f"a section or key that is not known: {name}",
                expected=f"the sections [{_DICOM}] and [{_FIELDS}] alone",
            )
    dicom, fields = _section(content, _DICOM, subject), _section(content, _FIELDS, subject)
    if not dicom and not fields:
        raise InputError(
            subject, found="no rule", expected=f"a section [{_DICOM}] or [{_FIELDS}] with rules"
        )
    return OwnRules(
        dict(_rule(name, step, subject) for name, step in dicom.items()),
        {name: _field_rule(name, step, subject) for name, step in fields.items()},
    )


def _section(content: dict[str, Any], name: str, subject: str) -> dict[str, Any]:
    section = content.get(name, {})
    if not isinstance(section, dict):
        raise InputError(
            subject, found=f"{name} = {section!r}", expected=f"a section [{name}] with rules"
        )
    return section


def _field_rule(name: str, step: object, subject: str) -> Rule:
    if not any(map(str.isalnum, name)):
        raise InputError(
            subject, found=f"a name without letters: {name!r}", expected="a field or column"
        )
    for rule in FIELD_RULES:
        if step == rule:
            return rule
    raise InputError(
        subject, found=f"{name} = {step!r}", expected=f"one of {', '.join(FIELD_RULES)}"
    )


def _rule(name: str, step: object, subject: str) -> tuple[int | tuple[int, int, str], str]:
    key = own_key(name)
    if key is None:
        raise InputError(
            subject,
            found=f"an attribute that is not known: {name}",
            expected="a DICOM keyword, a tag such as (0018,1030), or for a private attribute "
            '(gggg,xxee,"creator")',
        )
    if step not in STEPS:
        raise InputError(subject, found=f"{name} = {step!r}", expected=f"one of {', '.join(STEPS)}")
    if isinstance(key, int) and is_pixels(key):
        raise InputError(
            subject, found=f"a rule for {name}", expected="no rule for pixels, which always stay"
        )
    return key, str(step)
