"""Running the entry's module and taking the object from it."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys

from .faults import Fault, SpecFault
from .places import SOURCES, shorten
from .tracebacks import explain
from .versions import generation, is_flow, mentions_prefect
from .words import cut, did_you_mean


def load(entry):
    """Runs the entry's module and returns (module, object)."""
    module = load_file(entry) if entry.path else load_module(entry)
    found = module
    for part in entry.name.split("."):
        found = getattr(found, part, None) if found is module or found is not None else None
    if found is None:
        found = flow_named(module, entry.name)
    if found is None:
        names = [name for name in vars(module) if not name.startswith("_")]
        own = [name for name in names if is_flow(getattr(module, name)) or is_own_function(module, getattr(module, name))]
        raise SpecFault(
            "ObjectNotFound",
            "%s has no object %r; it has %s%s"
            % (entry.path or entry.module, entry.name, cut(", ".join(own), 300) or "no function or flow", did_you_mean(entry.name, names)),
        )
    if not is_flow(found) and not callable(found):
        raise SpecFault(
            "NotRunnable",
            "%s is a %s: an entrypoint is a Prefect flow or a callable" % (entry.name, type(found).__name__),
        )
    return module, found


def is_own_function(module, value):
    return inspect.isfunction(value) and value.__module__ == module.__name__


def flow_named(module, name):
    """A Prefect 1 flow by its `name`, which is seldom the variable's."""
    for value in list(vars(module).values()):
        if is_flow(value) and getattr(value, "name", None) == name:
            return value
    return None


# Names that distributed and Prefect import themselves: a flow file of that name breaks them in ways hard to read.
TAKEN = ("dask", "distributed", "prefect", "prefect_dask", "tornado", "msgpack", "cloudpickle", "yaml", "click")


def load_file(entry):
    if entry.module in TAKEN or entry.module in sys.modules:
        raise SpecFault(
            "EntrypointHidesModule",
            "the file name %s.py hides the module %r of that name: rename the file" % (entry.module, entry.module),
        )
    spec = importlib.util.spec_from_file_location(entry.module, entry.path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[entry.module] = module  # pickled by reference, so workers import it by this name
    with loading(entry):
        spec.loader.exec_module(module)
    return module


def load_module(entry):
    with loading(entry):
        return importlib.import_module(entry.module)


class loading:
    """Turns what a module raises while it is imported into a fault that names file, line and what is missing."""

    def __init__(self, entry):
        self.entry = entry

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is None or isinstance(error, (KeyboardInterrupt, Fault)):
            return False
        shown = shorten(self.entry.path) if self.entry.path else self.entry.module
        if isinstance(error, SyntaxError):
            where = "%s line %s" % (shorten(error.filename or shown), error.lineno)
            raise SpecFault("SyntaxError", "%s: %s: %s\n  %s" % (where, type(error).__name__, error.msg, (error.text or "").rstrip())) from error
        if isinstance(error, ModuleNotFoundError) and error.name:
            if not self.entry.path and (self.entry.module + ".").startswith(error.name + "."):
                raise SpecFault(
                    "EntrypointNotFound",
                    "there is no module %r in this image, in %s or in %s" % (error.name, SOURCES, os.getcwd()),
                ) from error
            raise SpecFault(
                "ImportError",
                "%s needs the module %r, which is neither in this image nor among the run's sources\n%s" % (shown, error.name, explain(error)),
            ) from error
        raise SpecFault("ImportError" if isinstance(error, ImportError) else "EntrypointFailed", "%s could not be loaded\n%s" % (shown, explain(error))) from error


def load_quietly(entry):
    """Loads with Prefect 1's `loading_flow` set, which turns a stray `flow.run()` in the file into a warning. Processes
    that the run spawns load the file again and get it by the environment."""
    if generation() != 1 or not mentions_prefect(entry):
        return load(entry)
    with loading(entry):
        import prefect
    os.environ["PREFECT__CONTEXT__LOADING_FLOW"] = "true"
    with prefect.context(loading_flow=True):
        return load(entry)
