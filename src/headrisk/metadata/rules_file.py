"""A custodian's own rules: a TOML file that says what becomes of single attributes.

.. code-block:: toml

    [dicom]
    ProtocolName = "keep"
    "(0018,0015)" = "remove"
    '(0051,xx0F,"SIEMENS MR HEADER")' = "keep"

Steps are ``keep``, ``remove``, ``empty``, ``dummy`` and ``uid``. Own rules go before those of the
profile and of its options.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from headrisk.errors import InputError
from headrisk.metadata.dicom_dictionary import is_pixels
from headrisk.metadata.dicom_options import STEPS, own_key

_LARGEST = 1024 * 1024
_SECTION = "dicom"


def read_rules(path: Path) -> dict[int | tuple[int, int, str], str]:
    """Steps by attribute, as ``Policy.own`` holds them.

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
        if name != _SECTION:
            raise InputError(
                subject,
                found=f"a section or key that is not known: {name}",
                expected=f"the section [{_SECTION}] alone",
            )
    section = content.get(_SECTION, {})
    if not isinstance(section, dict) or not section:
        raise InputError(
            subject, found="no rule", expected=f"a section [{_SECTION}] with attributes and steps"
        )
    return dict(_rule(name, step, subject) for name, step in section.items())


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
