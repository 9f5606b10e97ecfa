"""What an exception says to the author of the flow."""

from __future__ import annotations

import os
import pickle
import traceback

from .places import is_user_code, shorten
from .words import cut


def explain(error):
    """`ValueError: bad row`, then where in the user's code, then the end of the traceback there."""
    lines = [headline(error)]
    frames = traceback.extract_tb(error.__traceback__)
    own = {(frame.filename, frame.lineno): frame for frame in frames if is_user_code(frame.filename)}
    for frame in reversed(list(own.values())[-3:]):
        lines.append("  %s:%s in %s: %s" % (shorten(frame.filename), frame.lineno, frame.name, frame.line or ""))
    if error.__cause__ is not None:
        lines.append("caused by " + headline(error.__cause__))
    hint = hint_for(error, frames)
    if hint:
        lines.append(hint)
    return "\n".join(lines)


def headline(error):
    try:
        text = str(error).strip()
    except Exception:  # an exception of the user's may fail to say what it is
        text = ""
    return cut("%s: %s" % (type(error).__name__, text) if text else type(error).__name__, 800)


def hint_for(error, frames):
    """What to do about a mistake that this way of running makes likely."""
    last = frames[-1].filename.replace(os.sep, "/") if frames else ""
    if isinstance(error, ValueError) and str(error).startswith("Unexpected keyword arguments") and last.endswith("distributed/client.py"):
        return "this run already has a cluster: use `Client()`, and put n_workers and the like into executor.clusterKwargs"
    if isinstance(error, EOFError) and any("input(" in (frame.line or "") for frame in frames[-3:]):
        return "nobody can answer `input()` here: stdin is closed; use parameters"
    if isinstance(error, (TypeError, AttributeError, pickle.PicklingError)) and "pickle" in headline(error):
        return "what goes to another process or comes from it is pickled: make such a thing inside of the task that needs it"
    return None


def cause_of(error, name):
    """The first exception of that class name in the chain of causes, or None."""
    seen = set()
    while error is not None and id(error) not in seen:
        if type(error).__name__ == name:
            return error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None
