"""Versions of what a run uses, and the generation of Prefect, found without importing anything."""

from __future__ import annotations

import pathlib
import re
import sys


def versions():
    """Versions of what the run used; a library that was not imported is looked up, not imported."""
    found = {"python": "%d.%d.%d" % sys.version_info[:3]}
    for library in ("dask", "distributed", "prefect"):
        loaded = getattr(sys.modules.get(library), "__version__", None)
        found[library] = loaded if isinstance(loaded, str) else installed(library)
    return found


def installed(library):
    from importlib import metadata

    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def generation(value=None):
    """1, 2 or 3 for a Prefect flow of that generation, 0 for anything else. Without a value: of the installed Prefect."""
    if value is not None and not is_flow(value):
        return 0
    text = getattr(sys.modules.get("prefect"), "__version__", None) or installed("prefect")
    major = int(re.match(r"\d*", text or "").group() or 0) if text else 0
    return 0 if text is None else max(major, 1)  # 0.14 and 1.x are one generation


def is_flow(value):
    """An instance of Prefect's Flow, found by name so that nothing has to be imported."""
    return any(
        base.__name__ == "Flow" and base.__module__.split(".")[0] == "prefect" for base in type(value).__mro__
    )


def mentions_prefect(entry):
    """Whether loading the entry may bring a Prefect flow. A file cannot if neither it nor one beside it says `prefect`;
    of modules nothing is known before they are imported."""
    if not entry.path:
        return True
    folder = pathlib.Path(entry.path).parent
    for path in [pathlib.Path(entry.path), *sorted(folder.glob("*.py"))[:100]]:
        try:
            if b"prefect" in path.read_bytes():
                return True
        except OSError:
            return True
    return False
