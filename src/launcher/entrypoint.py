"""Where the entrypoint is, found without running anything of it."""

from __future__ import annotations

import os
import typing

from .faults import SpecFault
from .places import SOURCES
from .words import listing


class Entry(typing.NamedTuple):
    """A resolved entrypoint: `path` is the file's or None, `module` the name it is registered under."""

    path: typing.Optional[str]
    module: str
    name: str


def resolve(entrypoint, directory):
    """Finds the entrypoint without running anything of it. Relative files are looked up in /flow, then in `directory`."""
    left, colon, name = entrypoint.rpartition(":")
    if not colon or not left or not name:
        raise SpecFault(
            "BadEntrypoint",
            "entrypoint %r names no object: write `path/file.py:object` or `package.module:object`" % entrypoint,
        )
    if not left.endswith(".py") and "/" not in left:
        return Entry(None, left, name)
    roots = [""] if os.path.isabs(left) else [SOURCES, directory]
    for root in roots:
        path = os.path.abspath(os.path.join(root, left))
        if os.path.isfile(path):
            return Entry(path, os.path.splitext(os.path.basename(path))[0], name)
    places = [os.path.dirname(left)] if os.path.isabs(left) else roots
    raise SpecFault(
        "EntrypointNotFound",
        "there is no file %r; %s" % (left, "; ".join(listing(place or "/") for place in places)),
    )


def import_paths(entry, directory):
    """What comes first on sys.path, here and on the workers."""
    paths = [os.path.dirname(entry.path)] if entry and entry.path else []
    return list(dict.fromkeys(paths + [SOURCES, directory]))
