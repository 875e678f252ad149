"""Frozen records back from their JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Record = TypeVar("Record")


def record(kind: type[Record], content: Mapping[str, Any]) -> Record:
    """Rebuild a frozen dataclass, and those inside it, from what ``asdict`` and JSON made of it.

    Raises
    ------
    KeyError, TypeError
        A field is missing, or of another kind than the record's.
    """
    hints = get_type_hints(kind)
    return kind(
        **{field.name: _value(hints[field.name], content[field.name]) for field in fields(kind)}  # type: ignore[arg-type]
    )


def _value(kind: Any, content: Any) -> Any:
    if get_origin(kind) in (Union, UnionType):
        if content is None and NoneType in get_args(kind):
            return None
        return _value(next(one for one in get_args(kind) if one is not NoneType), content)
    if get_origin(kind) is tuple:
        return tuple(_value(get_args(kind)[0], item) for item in content)
    if is_dataclass(kind):
        return record(kind, content)  # type: ignore[arg-type]
    if kind is float and content is None:
        return float("nan")  # JSON has no such number
    return float(content) if kind is float else content
