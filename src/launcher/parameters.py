"""The flow's parameters against its signature."""

from __future__ import annotations

import inspect
import typing

from .coercion import coerce
from .faults import SpecFault
from .words import did_you_mean


def check_names(parameters, known, required, open_ended, what):
    """Refuses parameters that the flow does not take, and the lack of those it needs, before anything runs."""
    unknown = [] if open_ended else [name for name in parameters if name not in known]
    if unknown:
        raise SpecFault(
            "UnknownParameter",
            "the %s takes no parameter %s; it takes %s%s"
            % (what, ", ".join(map(repr, unknown)), ", ".join(known) or "none", did_you_mean(unknown[0], known)),
        )
    missing = [name for name in required if name not in parameters]
    if missing:
        raise SpecFault(
            "MissingParameter",
            "the %s needs %s: give %s in flow.parameters"
            % (what, ", ".join(map(repr, missing)), "it" if len(missing) == 1 else "them"),
        )


def check_signature(function, parameters, what):
    """Checks names against the signature; returns the signature, or None if the callable has none to look at."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    named = [
        item for item in signature.parameters.values() if item.kind not in (item.VAR_POSITIONAL, item.VAR_KEYWORD)
    ]
    required = [item.name for item in named if item.default is item.empty]
    open_ended = any(item.kind is item.VAR_KEYWORD for item in signature.parameters.values())
    check_names(parameters, [item.name for item in named], required, open_ended, what)
    return signature


def bind(function, parameters):
    """(positional, keyword) arguments of a plain callable, with JSON values coerced where an annotation asks for it."""
    signature = check_signature(function, parameters, "function")
    if signature is None:
        return [], dict(parameters)
    try:
        hints = typing.get_type_hints(function)
    except Exception:  # annotations may name what exists only for type checkers
        hints = {}
    positional, keyword = [], {}
    for name, value in parameters.items():
        item = signature.parameters.get(name)
        hint = hints.get(name, item.annotation if item else None)
        keyword[name] = coerce(name, value, hint)
    for item in signature.parameters.values():
        if item.kind is item.POSITIONAL_ONLY and item.name in keyword:
            positional.append(keyword.pop(item.name))
    return positional, keyword
