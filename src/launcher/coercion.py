"""JSON values as the standard types that a signature asks for."""

from __future__ import annotations

import datetime
import decimal
import enum
import pathlib
import re
import typing
import uuid

from .faults import SpecFault


def coerce(name, value, hint):
    """The value as the annotated standard type; None, other types and values that already fit stay as they are."""
    hint = optional_of(hint)
    if value is None or not isinstance(hint, type) or isinstance(value, hint):
        return value
    make = COERCIONS.get(hint) or (enum_member if issubclass(hint, enum.Enum) else None)
    if make is None:
        return value
    try:
        return make(hint, value)
    except (ValueError, TypeError, KeyError, ArithmeticError, AttributeError) as error:
        raise SpecFault("BadParameter", "parameter %r: %r is no %s: %s" % (name, value, hint.__name__, error)) from error


def optional_of(hint):
    """`X` of `Optional[X]` and `X | None`; other hints as they are."""
    arguments = [item for item in getattr(hint, "__args__", ()) or () if item is not type(None)]
    union = getattr(hint, "__origin__", None) is typing.Union or type(hint).__name__ == "UnionType"
    return arguments[0] if union and len(arguments) == 1 else hint


DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|min|s|m|h|d|w)")
UNITS = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}


def duration(_, value):
    """Seconds as a number, or text such as `90s`, `1h30m`, `2d`."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return datetime.timedelta(seconds=value)
    text = value.strip()
    if not text or DURATION.sub("", text).strip():
        raise ValueError("write seconds as a number, or `90s`, `1h30m`, `2d`")
    return datetime.timedelta(seconds=sum(float(number) * UNITS[unit] for number, unit in DURATION.findall(text)))


def instant(_, value):
    return datetime.datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", value))


def enum_member(hint, value):
    try:
        return hint(value)
    except ValueError:
        if isinstance(value, str) and value in hint.__members__:
            return hint[value]
        raise ValueError("it is one of %s" % ", ".join(repr(member.value) for member in hint)) from None


COERCIONS = {
    datetime.date: lambda hint, value: hint.fromisoformat(value),
    datetime.datetime: instant,
    datetime.timedelta: duration,
    pathlib.Path: lambda hint, value: hint(value),
    decimal.Decimal: lambda hint, value: hint(str(value)),
    uuid.UUID: lambda hint, value: hint(value),
}
