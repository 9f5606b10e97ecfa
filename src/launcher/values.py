"""Python values as strict JSON."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import math
import pathlib
import uuid

from .words import cut


def plain(value, depth=0):
    """The value as strict JSON holds it. NaN is null, infinities are strings, numpy and pandas scalars are Python's,
    data classes and Pydantic models are their fields, tables and whatever else JSON lacks become a short description. Integers keep all their digits."""
    if value is None or isinstance(value, (bool, str)):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, enum.Enum):
        return plain(value.value, depth)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return float(value) if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")
    if depth > 20:
        return describe(value)
    if isinstance(value, dict):
        return {plain_key(key): plain(item, depth + 1) for key, item in list(value.items())[:2000]}
    if isinstance(value, (list, tuple, set, frozenset, collections.deque)):
        return [plain(item, depth + 1) for item in list(value)[:2000]]
    if isinstance(value, (datetime.date, datetime.time)):
        return None if str(value) == "NaT" else value.isoformat()
    if isinstance(value, (datetime.timedelta, decimal.Decimal, uuid.UUID, pathlib.PurePath)):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name), depth + 1) for field in dataclasses.fields(value)}
    if is_pydantic_model(value):
        return {name: plain(item, depth + 1) for name, item in value}
    library = type(value).__module__.split(".")[0]
    if library == "numpy" and getattr(value, "shape", None) == () and hasattr(value, "item"):
        item = value.item()
        return describe(value) if type(item) is type(value) else plain(item, depth + 1)
    if library == "numpy" and hasattr(value, "tolist") and getattr(value, "size", 1000) <= 100:
        return plain(value.tolist(), depth + 1)
    if library == "pandas" and type(value).__name__ in ("NAType", "NaTType"):
        return None
    return describe(value)


def is_pydantic_model(value):
    return any(base.__name__ == "BaseModel" and base.__module__.split(".")[0] == "pydantic" for base in type(value).__mro__)


def safely_plain(value):
    try:
        return plain(value)
    except Exception:  # a method of the user's classes may raise anything
        return describe(value)


def plain_key(key):
    return key if isinstance(key, str) else str(plain(key, 20))


def describe(value):
    """`DataFrame with 3 rows, columns a, b`, `ndarray (3, 4) of float64`, or the start of the repr."""
    name = type(value).__name__
    try:
        shape = getattr(value, "shape", None)
        if isinstance(shape, tuple):
            columns = getattr(value, "columns", None)
            if columns is not None and all(isinstance(size, int) for size in shape):
                listed = ", ".join(str(column) for column in list(columns)[:10])
                return "%s with %d rows, columns %s%s" % (name, shape[0], listed, ", …" if shape[1] > 10 else "")
            kind = getattr(value, "dtype", None)
            return "%s %s%s" % (name, tuple(shape), " of %s" % kind if kind is not None else "")
        return cut(repr(value), 200)
    except Exception:  # a repr of the user's may raise anything
        return "a %s" % name
