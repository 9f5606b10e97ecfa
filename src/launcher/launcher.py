"""Runs one flow with its FlowRun's executor, reports how it ended, and exits with a code that says so.

    python3 -u launcher.py run.json

`run.json` says what to run (an entrypoint `path/file.py:object` or `package.module:object`, or a command), with which
parameters and which executor, and where the Dask cluster is that was made for it, if any. An entrypoint may be a
Prefect 1 flow, a Prefect 2 or 3 flow, or any callable; it runs in the main thread.

The result is one JSON object of at most 4096 bytes, written as the pod's termination message and handed to the
scheduler preload: {version, uid, attempt, outcome, exitCode, class, reason, message, value, tasks, versions}.

Exit codes: 0 success, 1 the flow failed, 2 bad entrypoint, parameters or executor, 3 infrastructure, 130 and 143
cancelled by SIGINT and SIGTERM. A command's own code is in the result's exitCode; the process ends with 0 or 1.

The file has no dependencies beyond the standard library of Python 3.8 and does nothing when imported: children that
multiprocessing spawns import it again. Dask and Prefect are imported when a run needs them, and only then.

For tests and other places than a pod: FLOWRUN_SOURCE_DIR (default /flow), FLOWRUN_TERMINATION_LOG (default
/dev/termination-log), FLOWRUN_PREFECT_DATABASE (default /opt/flowrun/prefect/prefect.db).

In this file, from top to bottom: faults, run.json, values, the report, tracebacks, loading, parameters, the cluster,
what runs on workers, executors, the three kinds of flows, Prefect's API server, commands, signals, the exit.
"""

from __future__ import annotations

import asyncio
import atexit
import collections
import datetime
import decimal
import difflib
import enum
import importlib
import importlib.util
import inspect
import json
import logging
import math
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import typing
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.environ.get("FLOWRUN_SOURCE_DIR", "/flow")

MAX_RESULT_BYTES = 4096
MAX_MESSAGE_CHARS = 1500
MAX_FAILED_NAMES = 10
EXIT_SECONDS = 5.0
HANDOVER_SECONDS = 3.0
PROGRESS_SECONDS = 5.0


def say(text):
    """One line about the run itself; the flow's own output stays what it is."""
    print("flowrun: " + text, file=sys.stderr, flush=True)


# ---------------------------------------------------------------------------------------------------------- faults


class Fault(Exception):
    """An end that is not the flow's own doing: `code` and `kind` go into the result with the reason and message."""

    code, kind = 3, "Infrastructure"

    def __init__(self, reason, message):
        super().__init__(message)
        self.reason = reason


class SpecFault(Fault):
    """The FlowRun says something that cannot work; a retry would end the same way."""

    code, kind = 2, "Spec"


# -------------------------------------------------------------------------------------------------------- run.json


class Run:
    """The content of run.json. Absent fields are None, or empty where a mapping or list is meant."""

    def __init__(self, document):
        if not isinstance(document, dict) or document.get("version") != 1:
            raise Fault("UnknownRunVersion", "run.json is not of version 1: operator and launcher do not match")
        identity = document["flowRun"]
        self.name = identity["name"]
        self.uid = identity["uid"]
        self.attempt = identity["attempt"]
        self.entrypoint = document.get("entrypoint")
        self.command = list(document.get("command") or [])
        self.args = list(document.get("args") or [])
        self.parameters = document.get("parameters") or {}
        self.executor_document = document.get("executor")
        self.executor = None
        self.cluster = document.get("cluster")
        self.grace_seconds = float(document.get("gracePeriodSeconds") or 30)

    def read_executor(self):
        """Apart from the rest, since what is wrong with it belongs into the result, which needs the rest."""
        self.executor = Executor(self.executor_document) if self.executor_document else None

    @property
    def start_seconds(self):
        return float((self.cluster or {}).get("startTimeoutSeconds") or 300)


class Executor:
    """The executor of the FlowRun. `cluster_kwargs` is None when absent: upstream tells that from an empty mapping."""

    def __init__(self, document):
        self.type = document.get("type")
        self.scheduler = document.get("scheduler")
        self.kwargs = document.get("kwargs") or {}
        self.address = document.get("address")
        self.cluster_class = document.get("clusterClass")
        self.cluster_kwargs = document.get("clusterKwargs")
        self.adapt_kwargs = document.get("adaptKwargs") or {}
        self.client_kwargs = client_arguments(document.get("clientKwargs") or {})
        self.debug = bool(document.get("debug"))
        if self.type not in ("LocalExecutor", "LocalDaskExecutor", "DaskExecutor"):
            raise SpecFault(
                "UnknownExecutor",
                "executor.type %r is none of LocalExecutor, LocalDaskExecutor, DaskExecutor" % (self.type,),
            )
        if self.type == "LocalDaskExecutor":
            self.scheduler = local_scheduler(self.scheduler)


LOCAL_SCHEDULERS = {
    "threads": "threads",
    "threading": "threads",
    "processes": "processes",
    "multiprocessing": "processes",
    "sync": "synchronous",
    "synchronous": "synchronous",
    "single-threaded": "synchronous",
}


def local_scheduler(name):
    """Upstream's aliases, in any case. Dask's own word `threaded` is not among them, upstream either."""
    known = LOCAL_SCHEDULERS.get((name or "threads").lower())
    if known is None:
        raise SpecFault(
            "UnknownScheduler",
            "executor.scheduler %r is unknown%s: LocalDaskExecutor knows %s"
            % (name, did_you_mean(name.lower(), LOCAL_SCHEDULERS), ", ".join(LOCAL_SCHEDULERS)),
        )
    return known


def client_arguments(kwargs):
    """clientKwargs as `distributed.Client` takes them: `security` may be a mapping of Security's arguments."""
    if isinstance(kwargs.get("security"), dict):
        from distributed.security import Security

        try:
            return dict(kwargs, security=Security(**kwargs["security"]))
        except TypeError as error:
            raise SpecFault("BadClientKwargs", "clientKwargs.security: %s" % error) from error
    return kwargs


def did_you_mean(name, known):
    near = difflib.get_close_matches(str(name), [str(other) for other in known], n=1)
    return "; did you mean %r?" % near[0] if near else ""


# ---------------------------------------------------------------------------------------------------------- values


def plain(value, depth=0):
    """The value as strict JSON holds it. NaN is null, infinities are strings, numpy and pandas scalars are Python's,
    tables and whatever else JSON lacks become a short description. Integers keep all their digits."""
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
    library = type(value).__module__.split(".")[0]
    if library == "numpy" and getattr(value, "shape", None) == () and hasattr(value, "item"):
        item = value.item()
        return describe(value) if type(item) is type(value) else plain(item, depth + 1)
    if library == "numpy" and hasattr(value, "tolist") and getattr(value, "size", 1000) <= 100:
        return plain(value.tolist(), depth + 1)
    if library == "pandas" and type(value).__name__ in ("NAType", "NaTType"):
        return None
    return describe(value)


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


def cut(text, limit):
    return text if len(text) <= limit else text[: limit - 1] + "…"


# ------------------------------------------------------------------------------------------------------ the report


class Outcome(typing.NamedTuple):
    """How the run ended. `code` is the result's exitCode, `status` the process's when it differs (a command)."""

    outcome: str
    code: int
    kind: typing.Optional[str]
    reason: str
    message: str
    value: typing.Any = None
    tasks: typing.Optional[dict] = None
    status: typing.Optional[int] = None

    @property
    def process_code(self):
        return self.code if self.status is None else self.status


def succeeded(value=None, tasks=None, message=""):
    return Outcome("Succeeded", 0, None, "Succeeded", message, value, tasks)


def failed(message, tasks=None, reason="FlowFailed"):
    return Outcome("Failed", 1, "Flow", reason, message, None, tasks)


def faulted(fault):
    return Outcome("Failed", fault.code, fault.kind, fault.reason, str(fault))


def cancelled(number, message=None):
    name = signal.Signals(number).name
    return Outcome("Cancelled", 128 + number, None, "Cancelled", message or "stopped by %s" % name)


def encode(run, outcome):
    """The result as UTF-8 JSON that fits: first the value is described, then the message and names are cut."""
    tasks = outcome.tasks and dict(outcome.tasks, failedNames=outcome.tasks["failedNames"][:MAX_FAILED_NAMES])
    result = {
        "version": 1,
        "uid": run.uid,
        "attempt": run.attempt,
        "outcome": outcome.outcome,
        "exitCode": outcome.code,
        "class": outcome.kind,
        "reason": outcome.reason,
        "message": cut(outcome.message, MAX_MESSAGE_CHARS),
        "value": safely_plain(outcome.value),
        "tasks": tasks,
        "versions": versions(),
    }
    data = dump(result)
    if len(data) > MAX_RESULT_BYTES:
        result["value"] = describe_large(outcome.value, len(dump(result["value"])))
        data = dump(result)
    if len(data) > MAX_RESULT_BYTES and tasks:
        tasks["failedNames"] = [cut(name, 60) for name in tasks["failedNames"][:5]]
        data = dump(result)
    while len(data) > MAX_RESULT_BYTES and result["message"]:
        result["message"] = cut(result["message"], len(result["message"]) * 3 // 4)
        data = dump(result)
    return data


def dump(value):
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")  # a lone surrogate is no UTF-8


def describe_large(value, size):
    if isinstance(value, (dict, list, tuple, set, frozenset, str, bytes)):
        return "a %s of length %d, too large for a result (%d bytes as JSON)" % (type(value).__name__, len(value), size)
    return "a %s, too large for a result (%d bytes as JSON)" % (type(value).__name__, size)


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


class Report:
    """The run's one result: the first outcome settled is the one that counts, whichever thread comes first."""

    def __init__(self, run):
        self.run = run
        self.outcome = None
        self.data = b""
        self.lock = threading.Lock()

    def settle(self, outcome):
        """Writes the termination message. Returns the outcome that counts."""
        with self.lock:
            if self.outcome is None:
                self.outcome = outcome
                self.data = encode(self.run, outcome)
                path = os.environ.get("FLOWRUN_TERMINATION_LOG", "/dev/termination-log")
                try:
                    with open(path, "wb") as log:
                        log.write(self.data)
                except OSError as error:
                    say("the termination message could not be written: %s" % error)
        return self.outcome


# ------------------------------------------------------------------------------------------------------ tracebacks


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
    text = str(error).strip()
    return cut("%s: %s" % (type(error).__name__, text) if text else type(error).__name__, 800)


def is_user_code(path):
    path = os.path.abspath(path)
    if path == os.path.abspath(__file__) or "site-packages" in path or "dist-packages" in path:
        return False
    library = os.path.dirname(os.path.abspath(os.__file__))
    return os.path.isabs(path) and not path.startswith(library + os.sep) and "<" not in os.path.basename(path)


def shorten(path):
    for root in (SOURCES, os.getcwd()):
        if os.path.abspath(path).startswith(root + os.sep):
            return os.path.relpath(path, root)
    return path


def hint_for(error, frames):
    """What to do about a mistake that this way of running makes likely."""
    last = frames[-1].filename.replace(os.sep, "/") if frames else ""
    if isinstance(error, ValueError) and str(error).startswith("Unexpected keyword arguments") and last.endswith("distributed/client.py"):
        return "this run already has a cluster: use `Client()`, and put n_workers and the like into executor.clusterKwargs"
    if isinstance(error, EOFError) and any("input(" in (frame.line or "") for frame in frames[-3:]):
        return "nobody can answer `input()` here: stdin is closed; use parameters"
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


def flow_error(error, tasks=None):
    """The outcome of a flow that raised."""
    killed = cause_of(error, "KilledWorker")
    if killed is not None and len(killed.args) >= 2:
        worker = getattr(killed.args[1], "name", None) or killed.args[1]
        message = "KilledWorker: task %s was running on workers that died, the last one was %s" % (killed.args[0], worker)
        return Outcome("Failed", 3, "Infrastructure", "KilledWorker", message, None, tasks)
    if isinstance(error, SystemExit):
        code = error.code
        if code is None or code == 0:
            return succeeded(tasks=tasks)
        return failed("SystemExit: the flow exited with %s" % ("code %d" % code if isinstance(code, int) else cut(str(code), 500)), tasks)
    return failed(explain(error), tasks)


# --------------------------------------------------------------------------------------------------------- loading


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


def listing(directory):
    try:
        names = sorted(name + ("/" if os.path.isdir(os.path.join(directory, name)) else "") for name in os.listdir(directory))
    except OSError:
        return "%s does not exist" % directory
    return "in %s there is %s" % (directory, cut(", ".join(names[:20]) or "nothing", 400))


def import_paths(entry, directory):
    """What comes first on sys.path, here and on the workers."""
    paths = [os.path.dirname(entry.path)] if entry and entry.path else []
    return list(dict.fromkeys(paths + [SOURCES, directory]))


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
            "%s has no object %r%s; it has %s"
            % (entry.path or entry.module, entry.name, did_you_mean(entry.name, names), cut(", ".join(own), 300) or "no function or flow"),
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
        reason = "ImportError" if isinstance(error, ImportError) else "EntrypointFailed"
        raise SpecFault(reason, "%s could not be loaded\n%s" % (shown, explain(error))) from error


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


# ------------------------------------------------------------------------------------------------------ parameters


def check_names(parameters, known, required, open_ended, what):
    """Refuses parameters that the flow does not take, and the lack of those it needs, before anything runs."""
    unknown = [] if open_ended else [name for name in parameters if name not in known]
    if unknown:
        raise SpecFault(
            "UnknownParameter",
            "the %s takes no parameter %s%s; it takes %s"
            % (what, ", ".join(map(repr, unknown)), did_you_mean(unknown[0], known), ", ".join(known) or "none"),
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
        return hint[value]


COERCIONS = {
    datetime.date: lambda hint, value: hint.fromisoformat(value),
    datetime.datetime: instant,
    datetime.timedelta: duration,
    pathlib.Path: lambda hint, value: hint(value),
    decimal.Decimal: lambda hint, value: hint(str(value)),
    uuid.UUID: lambda hint, value: hint(value),
}


# ----------------------------------------------------------------------------------------------------- the cluster


class Cluster:
    """The cluster that the operator made for this run: wait for it, hold one default Client, hand over the result.

    Waiting needs no Dask and goes on in a thread from the start, beside the import of the user's code.
    """

    def __init__(self, run):
        self.address = run.cluster["schedulerAddress"]
        self.workers = run.cluster.get("workers") or 0
        self.name = "flowrun-launcher-%s-%s" % (run.uid, run.attempt)  # the preload knows the launcher by it
        self.seconds = run.start_seconds
        self.deadline = time.monotonic() + self.seconds
        os.environ.setdefault("DASK_SCHEDULER_ADDRESS", self.address)  # what a bare `Client()` connects to
        self.client = None
        self.answered = threading.Event()
        self.problem = "no answer yet"
        threading.Thread(target=self.knock, name="flowrun-scheduler-wait", daemon=True).start()

    def knock(self):
        """Until something accepts at the scheduler's address."""
        host, _, port = self.address.split("://", 1)[-1].rpartition(":")
        while time.monotonic() < self.deadline:
            try:
                socket.create_connection((host.strip("[]"), int(port)), timeout=1).close()
                return self.answered.set()
            except OSError as error:  # refused, no such name yet, no route yet: all of them pass
                self.problem = str(error)
                time.sleep(0.05)

    def wait(self):
        """Returns when the scheduler listens; says every few seconds that it does not."""
        started = time.monotonic()
        while not self.answered.wait(min(PROGRESS_SECONDS, max(0.01, self.deadline - time.monotonic()))):
            if time.monotonic() >= self.deadline:
                raise Fault(
                    "SchedulerUnreachable",
                    "the scheduler at %s did not answer within %g s (%s): see the scheduler pod"
                    % (self.address, self.seconds, self.problem),
                )
            say("waiting for the scheduler at %s (%d s: %s)" % (self.address, time.monotonic() - started, self.problem))

    def connect(self, default=True):
        """The Client that is held until the end. As the default one, `dask.compute()` and DaskTaskRunner find it."""
        self.wait()
        from distributed import Client

        try:
            left = max(5.0, self.deadline - time.monotonic())
            self.client = Client(self.address, name=self.name, timeout=left, set_as_default=default)
        except Exception as error:
            raise Fault("SchedulerUnreachable", "the scheduler at %s: %s" % (self.address, headline(error))) from error
        return self.client

    def wait_for_worker(self):
        """Plain code may `scatter` or `run` at once, which fails on a cluster without workers; flows submit tasks, which wait."""
        started = time.monotonic()
        while self.workers:
            try:
                return self.client.wait_for_workers(1, timeout=PROGRESS_SECONDS)
            except (TimeoutError, asyncio.TimeoutError):
                if time.monotonic() >= self.deadline:
                    raise Fault("NoWorkers", "no worker joined the scheduler within %g s: see the worker pods" % self.seconds) from None
                say("waiting for a first worker (%d s)" % (time.monotonic() - started))

    def hand_over(self, run, data):
        """The result to the preload, which shows it to the operator before this process has ended. An old scheduler or
        one without the preload does not know the operation, and a dead one does not answer: the exit goes on."""
        if self.client is None:
            return
        try:
            self.client.sync(
                self.client.scheduler.flowrun_result,
                uid=run.uid,
                attempt=run.attempt,
                result=json.loads(data.decode()),
                callback_timeout=HANDOVER_SECONDS,
            )
        except BaseException as error:
            say("the result could not be handed to the scheduler: %s" % headline(error))

    def close(self):
        if self.client is not None:
            try:
                self.client.close(timeout=1)
            except Exception:  # it ends with the process anyway
                pass


class ClusterProxy:
    """What Prefect 1's DaskExecutor gets from `cluster_class`: it makes the executor treat the operator's cluster as a
    temporary one, whose end is the end of its tasks. The operator scales and ends it, so those calls do nothing."""

    dashboard_link = None

    def __init__(self, address):
        from distributed.core import Status

        self.scheduler_address = address
        self.status = Status.running

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def __await__(self):
        async def self_again():
            return self

        return self_again().__await__()

    def adapt(self, **_):
        return None

    def close(self, *_, **__):
        return None


def proxy_of(address):
    def cluster(**_):
        return ClusterProxy(address)

    cluster.__module__, cluster.__qualname__ = "flowrun", "KubeCluster"  # as Prefect's log shows it
    return cluster


# ------------------------------------------------------------------------------------------------ what runs on workers


class Tee:
    """A worker's stdout or stderr that also hands whole lines to `sink`. Everything else is the original stream's."""

    def __init__(self, stream, sink):
        self.flowrun_stream = stream
        self.sink = sink
        self.partial = threading.local()

    def write(self, text):
        written = self.flowrun_stream.write(text)
        *lines, rest = (getattr(self.partial, "text", "") + str(text)).split("\n")
        self.partial.text = rest[-2000:]
        for line in lines:
            self.sink(line)
        return written

    def __getattr__(self, name):
        return getattr(self.flowrun_stream, name)


def worker_plugin(options):
    """The plugin that prepares every worker, present or future, for this run: import paths and environment as in the
    flow pod, and the lines that tasks print, in batches over the scheduler.

    `options`: {topic, paths, environ, warm, launcher}. Made in a function since its base class is Dask's; pickled by value, as this
    file is `__main__` here and nothing on a worker.
    """
    from distributed.diagnostics.plugin import WorkerPlugin

    class FlowRunWorker(WorkerPlugin):
        name = "flowrun"
        max_lines, max_chars, interval_milliseconds = 2000, 256 * 1024, 200

        def setup(self, worker):
            import collections
            import os
            import sys

            from tornado.ioloop import PeriodicCallback

            for path in reversed(options["paths"]):
                if path in sys.path:
                    sys.path.remove(path)
                sys.path.insert(0, path)
            os.environ.update(options["environ"])
            self.warm()
            self.worker, self.streams = worker, {}
            self.lines, self.chars, self.dropped, self.finished = collections.deque(), 0, 0, []
            if os.getpid() == options["launcher"]:  # a worker in the launcher's own process: its lines are there already
                return
            for name in ("stdout", "stderr"):
                self.streams[name] = getattr(sys, name)
                setattr(sys, name, Tee(getattr(sys, name), self.take))
            self.redirect_loggers()
            watch_task_runs(lambda *run: self.finished.append(list(run)))
            self.timer = PeriodicCallback(self.flush, self.interval_milliseconds)
            self.timer.start()

        def warm(self):
            """Imports what tasks need, in the event loop: while it imports, no task can start. Two tasks that import
            Prefect 1 at the same time see it half initialized."""
            for module in options["warm"]:
                try:
                    importlib.import_module(module)
                except Exception:  # the task that needs it says so
                    return

        def redirect_loggers(self):
            """A handler that was made before keeps the stream it was made with."""
            import logging

            for name in ("", "prefect"):
                for handler in logging.getLogger(name).handlers:
                    for tee in (getattr(sys, name) for name in self.streams):
                        if getattr(handler, "stream", None) is tee.flowrun_stream:
                            handler.setStream(tee)

        def take(self, line):
            from distributed.worker import thread_state

            line = line[:2000]
            if len(self.lines) >= self.max_lines or self.chars + len(line) > self.max_chars:
                self.dropped += 1
                return
            self.chars += len(line)
            self.lines.append((getattr(thread_state, "key", None), line))

        def flush(self):
            """Runs in the event loop, so that nothing overtakes it."""
            from dask.utils import key_split

            if not (self.lines or self.dropped or self.finished):
                return
            rows, self.chars = [], 0
            while self.lines:
                key, line = self.lines.popleft()
                rows.append([key_split(key) if key is not None else "", line])
            dropped, self.dropped = self.dropped, 0
            finished, self.finished = self.finished, []
            # Not `worker`: the scheduler puts the address there.
            message = {"pod": str(self.worker.name), "lines": rows, "dropped": dropped, "finished": finished}
            self.worker.log_event(options["topic"], message)

        def transition(self, key, start, finish, **_):
            # A finished task is told to the scheduler after this, over the same connection: its lines arrive first.
            if self.streams and start in ("executing", "long-running") and finish != start:
                self.flush()

        def teardown(self, worker):
            if self.streams:
                self.timer.stop()
                self.flush()
                for name, stream in self.streams.items():
                    setattr(sys, name, stream)

    return FlowRunWorker()


def watch_task_runs(tell):
    """Calls `tell(task run id, name, ok, state)` when a Prefect 2 or 3 task run of this process has ended.

    A filter, not a handler: Prefect configures its logging when the first task runs, and that removes handlers."""
    import logging

    class Ends(logging.Filter):
        def filter(self, record):
            message = record.getMessage()
            if message.startswith("Finished in state "):
                state = message[len("Finished in state ") :].split("\n")[0]
                name = str(getattr(record, "task_run_name", None) or getattr(record, "task_name", "task"))
                tell(str(getattr(record, "task_run_id", name)), name, record.levelno < logging.ERROR, state[:300])
            return True

    logging.getLogger("prefect.task_runs").addFilter(Ends())


class TaskTally:
    """Ended Prefect 2 and 3 task runs, each counted once however often it is told."""

    def __init__(self):
        self.ends = {}
        self.lost = False

    def add(self, run, name, ok, state):
        self.ends[run] = None if ok else (name, state)

    def summary(self):
        """None when nothing is known: ends in processes without our filter, or below the log level, are not told."""
        if not self.ends or self.lost:
            return None
        bad = [end for end in list(self.ends.values()) if end]
        return {"succeeded": len(self.ends) - len(bad), "failed": len(bad), "failedNames": [cut(name, 200) for name, _ in bad[:MAX_FAILED_NAMES]]}


# What a task of each generation of Prefect imports.
WARM = {
    1: ["prefect", "prefect.engine.flow_runner"],
    2: ["prefect", "prefect.engine"],
    3: ["prefect", "prefect.task_engine", "prefect_dask"],
}


def prepare_workers(client, run, options, tally):
    """Registers the plugin with the scheduler and prints what comes back as `[pod task] line`."""
    topic = "flowrun-%s-%s" % (run.uid, run.attempt)

    def receive(event):
        message = event[1]
        for end in message["finished"]:
            tally.add(*end)
        for task, line in message["lines"]:
            print("[%s] %s" % (" ".join(filter(None, (message["pod"], task))), line), flush=True)
        if message["dropped"]:
            say("%s printed faster than can be shown: %d lines left out, its own log has them" % (message["pod"], message["dropped"]))

    client.run_on_scheduler(prepare_scheduler, topic=topic, paths=options["paths"], environ=options["environ"])
    client.subscribe_topic(topic, receive)
    plugin = worker_plugin(dict(options, topic=topic, launcher=os.getpid()))
    register = getattr(client, "register_plugin", None) or client.register_worker_plugin
    register(plugin, name="flowrun")


def prepare_scheduler(dask_scheduler=None, topic=None, paths=(), environ=None):
    """Since 2023.4 the scheduler too unpickles task graphs, so it imports the user's modules where it has them. And it
    remembers the last 100 000 events of each topic: of lines that are printed already it needs none."""
    import collections
    import os
    import sys

    sys.path[:0] = [path for path in paths if path not in sys.path and os.path.isdir(path)]
    os.environ.update({key: value for key, value in (environ or {}).items() if key.startswith("PREFECT__")})
    nothing = collections.deque(maxlen=0)
    try:
        broker = getattr(dask_scheduler, "_broker", None)
        if broker is not None:
            broker._topics[topic].events = nothing
        else:
            dask_scheduler.events[topic] = nothing
    except Exception:  # another version keeps them in another way: memory, no more
        pass


# ------------------------------------------------------------------------------------------------------- executors


def cpu_limit():
    """CPUs this container may use: its cgroup's quota (version 2, then 1), at most those it may be scheduled on."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for quota_path, period_path in (
        ("/sys/fs/cgroup/cpu.max", None),
        ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us"),
    ):
        try:
            with open(quota_path) as file:
                words = file.read().split()
            if period_path:
                with open(period_path) as file:
                    words.append(file.read().strip())
            if words[0] not in ("max", "-1"):
                return max(1, min(available, math.ceil(int(words[0]) / int(words[1]))))
        except (OSError, ValueError, IndexError, ZeroDivisionError):
            continue
    return available


def import_cluster_class(path):
    """`module.Class` or `module:name`, any callable that returns a cluster."""
    module_name, _, name = path.rpartition(":") if ":" in path else path.rpartition(".")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise SpecFault(
            "ClusterClassNotFound",
            "executor.clusterClass %s: there is no module %r in this image: add the package it comes from" % (path, error.name),
        ) from error
    except ImportError as error:
        raise SpecFault("ClusterClassNotFound", "executor.clusterClass %s: %s" % (path, headline(error))) from error
    found = getattr(module, name, None)
    if found is None:
        raise SpecFault(
            "ClusterClassNotFound",
            "executor.clusterClass %s: module %s has no %r%s" % (path, module_name, name, did_you_mean(name, dir(module))),
        )
    if not callable(found):
        raise SpecFault("ClusterClassNotFound", "executor.clusterClass %s is a %s, not a class or function" % (path, type(found).__name__))
    return found


class ClusterFactory:
    """The cluster class of the FlowRun as the executors call it. What it raises is kept, for Prefect wraps it."""

    def __init__(self, executor):
        self.path = executor.cluster_class
        self.make = import_cluster_class(self.path)
        self.kwargs = dict(executor.cluster_kwargs or {})
        self.fault = None
        from distributed import LocalCluster

        if self.make is LocalCluster:
            self.kwargs.setdefault("silence_logs", logging.WARNING if executor.debug else logging.CRITICAL)
        self.__name__ = self.__qualname__ = getattr(self.make, "__name__", "cluster")
        self.__module__ = getattr(self.make, "__module__", __name__)

    def __call__(self, **more):
        try:
            return self.make(**dict(self.kwargs, **more))
        except Exception as error:
            wrong_argument = cause_of(error, "TypeError")  # a class may find it in a child process and wrap it
            kind = SpecFault if wrong_argument else Fault
            message = "executor.clusterClass %s could not make a cluster\n%s" % (self.path, explain(wrong_argument or error))
            self.fault = kind("ClusterFailed", message)
            raise self.fault from error


def no_dask(executor, error):
    return SpecFault("DaskMissing", "executor %s needs Dask, and the image has none (%s): add `distributed` to it" % (executor.type, error))


# -------------------------------------------------------------------------------------------------- kinds of flows


class Job:
    """All that a kind of flow needs to run: the run, its object, cluster and the tally of task runs."""

    def __init__(self, run, entry, module, flow, cluster, tally):
        self.run = run
        self.entry = entry
        self.module = module
        self.flow = flow
        self.executor = run.executor
        self.parameters = run.parameters
        self.cluster = cluster
        self.tally = tally


def finish_value(value):
    """The value of what a callable returned: coroutines are awaited, generators exhausted to their last value."""
    if inspect.isawaitable(value):
        return asyncio.run(awaited(value))
    if inspect.isasyncgen(value):
        return asyncio.run(last_of(value))
    if inspect.isgenerator(value):
        last = None
        for last in value:
            pass
        return last
    return value


async def awaited(value):
    return await value


async def last_of(values):
    last = None
    async for last in values:
        pass
    return last


def travels_by_value(module):
    """Workers that are not ours do not have the entry's file: its functions go with their code."""
    try:
        import cloudpickle

        cloudpickle.register_pickle_by_value(module)
    except (ImportError, AttributeError, ValueError):  # cloudpickle before 2.0, or a module that is no longer known
        pass


# Plain callables


def check_plain(job):
    bind(job.flow, job.parameters)


def run_plain(job):
    positional, keyword = bind(job.flow, job.parameters)
    with PlainExecutor(job):
        try:
            value = finish_value(job.flow(*positional, **keyword))
        except (Exception, SystemExit) as error:
            return flow_error(error)
    return succeeded(value)


class PlainExecutor:
    """The executor of code that knows nothing of one: dask's configuration, or a default Client."""

    def __init__(self, job):
        self.job = job
        self.open = []

    def __enter__(self):
        executor = self.job.executor
        if executor is None or self.job.cluster is not None:
            return self
        try:
            import dask
        except ImportError as error:
            if executor.type == "LocalExecutor":
                return self
            raise no_dask(executor, error) from error
        if executor.type == "LocalExecutor":
            self.open.append(dask.config.set(scheduler="synchronous"))
        elif executor.type == "LocalDaskExecutor":
            settings = dict({"num_workers": cpu_limit()}, **executor.kwargs)
            self.open.append(dask.config.set(dict(settings, scheduler=executor.scheduler)))
        else:
            self.connect(executor)
        return self

    def connect(self, executor):
        try:
            from distributed import Client
        except ImportError as error:
            raise no_dask(executor, error) from error
        travels_by_value(self.job.module)
        target = executor.address
        if not target:
            target = ClusterFactory(executor)()
            self.open.append(target)
            if executor.adapt_kwargs:
                target.adapt(**executor.adapt_kwargs)
        try:
            self.open.append(Client(target, **dict({"timeout": self.job.run.start_seconds}, **executor.client_kwargs)))
        except (OSError, asyncio.TimeoutError) as error:
            raise Fault("SchedulerUnreachable", "the scheduler at %s: %s" % (target, headline(error))) from error

    def __exit__(self, *details):
        for item in reversed(self.open):
            if hasattr(item, "close"):
                item.close()
            else:
                item.__exit__(*details)


# Prefect 1


def check_prefect1(job):
    known = sorted(job.flow.parameters(), key=lambda item: item.name)
    required = [item.name for item in known if item.required]
    check_names(job.parameters, [item.name for item in known], required, False, "flow")


def run_prefect1(job):
    import prefect

    executor, factory = prefect1_executor(job)
    if executor is not None and job.flow.executor is not None:
        say("the flow's own %s is not used: the FlowRun has an executor" % type(job.flow.executor).__name__)
    options = {"executor": executor} if executor is not None else {}
    try:
        with prefect.context(loading_flow=False):
            state = job.flow.run(parameters=dict(job.parameters), run_on_schedule=False, **options)
    except (Exception, SystemExit) as error:
        return flow_error(error)
    if factory is not None and factory.fault is not None:
        raise factory.fault
    return prefect1_outcome(job.flow, state)


def prefect1_executor(job):
    """(executor or None, the cluster factory if a class of the FlowRun makes the cluster)"""
    from prefect import executors

    executor = job.executor
    if executor is None:
        return None, None
    if executor.type == "LocalExecutor":
        return executors.LocalExecutor(), None
    if executor.type == "LocalDaskExecutor":
        kwargs = dict({"num_workers": cpu_limit()}, **executor.kwargs)
        return executors.LocalDaskExecutor(scheduler=executor.scheduler, **kwargs), None
    common = {"client_kwargs": executor.client_kwargs, "debug": executor.debug}
    if job.cluster is not None:
        return executors.DaskExecutor(cluster_class=proxy_of(job.cluster.address), adapt_kwargs=executor.adapt_kwargs, **common), None
    travels_by_value(job.module)
    if executor.address:
        return executors.DaskExecutor(address=executor.address, **common), None
    factory = ClusterFactory(executor)
    return executors.DaskExecutor(cluster_class=factory, adapt_kwargs=executor.adapt_kwargs, **common), factory


def prefect1_outcome(flow, state):
    """A Prefect 1 run returns a state in every case. `Cancelled` and `Paused` are neither successful nor failed."""
    if state is None:
        return failed("the flow did not run: it was still being loaded")
    if isinstance(state.result, BaseException):
        return flow_error(state.result)
    states = state.result if isinstance(state.result, dict) else {}
    runs = [item for task, value in states.items() for item in prefect1_runs(task.name, value)]
    bad = [(name, item) for name, item in runs if item.is_failed()]
    tasks = {
        "succeeded": sum(1 for _, item in runs if item.is_successful()),
        "failed": len(bad),
        "failedNames": [cut(name, 200) for name, _ in bad[:MAX_FAILED_NAMES]],
    }
    if state.is_successful():
        return succeeded(prefect1_value(flow, states), tasks, str(state.message or ""))
    # A task whose upstream failed fails too (TriggerFailed): the cause is one that failed by itself.
    causes = [(name, item) for name, item in bad if type(item).__name__ != "TriggerFailed"] or bad
    summary = "%d of %d tasks failed: %s" % (len(bad), len(runs), ", ".join(name for name, _ in bad[:MAX_FAILED_NAMES]))
    if not causes:
        return failed("the flow ended as %s: %s" % (type(state).__name__, state.message), tasks)
    name, item = causes[0]
    if isinstance(item.result, BaseException):
        outcome = flow_error(item.result, tasks)
        return outcome._replace(message="%s\ntask %r failed; %s" % (outcome.message, name, summary))
    return failed("task %r failed: %s\n%s" % (name, item.message, summary), tasks)


def prefect1_runs(name, state):
    """The state of a task, or those of its children if it was mapped."""
    if not getattr(state, "map_states", None):
        return [(name, state)]
    return [("%s[%d]" % (name, index), child) for index, child in enumerate(state.map_states) if child is not None]


def prefect1_value(flow, states):
    """What the last tasks returned: the one's result, or a mapping from task name to result."""
    ends = [task for task in flow.terminal_tasks() if task in states]
    results = {task.name: states[task].result for task in ends}
    return next(iter(results.values())) if len(ends) == 1 else (results or None)


# Prefect 2 and 3


def check_prefect3(job):
    """Names against the signature, then types by Prefect's own validation."""
    check_signature(job.flow.fn, job.parameters, "flow")
    if getattr(job.flow, "should_validate_parameters", False):
        from prefect.exceptions import ParameterTypeError

        try:
            job.flow.validate_parameters(dict(job.parameters))
        except ParameterTypeError as error:
            raise SpecFault("BadParameter", "the flow's parameters do not fit: %s" % cut(str(error), 800)) from error


def run_prefect3(job):
    runner, factory = prefect3_runner(job)
    flow = job.flow
    if runner is not None:
        own = getattr(flow, "task_runner", None)
        if own is not None and type(own).__name__ not in ("ThreadPoolTaskRunner", "ConcurrentTaskRunner", "DaskTaskRunner"):
            say("the flow's own %s is not used: the FlowRun has an executor" % type(own).__name__)
        flow = flow.with_options(task_runner=runner)
    try:
        value = finish_value(flow(**job.parameters))
    except (Exception, SystemExit) as error:
        if factory is not None and factory.fault is not None:
            raise factory.fault from error
        return flow_error(error, job.tally.summary())
    return succeeded(value, job.tally.summary())


def prefect3_runner(job):
    """(task runner or None, the cluster factory if a class of the FlowRun makes the cluster)"""
    executor = job.executor
    if executor is None:
        own = type(getattr(job.flow, "task_runner", None)).__name__
        job.tally.lost = own not in ("ThreadPoolTaskRunner", "ConcurrentTaskRunner", "SequentialTaskRunner")
        return None, None
    if executor.type == "LocalExecutor":
        return inline_runner(), None
    if executor.type == "LocalDaskExecutor":
        return prefect3_pool(job, executor), None
    try:
        from prefect_dask import DaskTaskRunner
    except ImportError as error:
        raise SpecFault(
            "PrefectDaskMissing",
            "DaskExecutor with a Prefect %d flow needs the package prefect-dask, and the image has none (%s): add `prefect-dask` to it"
            % (generation(), error),
        ) from error
    runner = tagged_runner(DaskTaskRunner)
    client_kwargs = dict(executor.client_kwargs)
    if job.cluster is not None:
        return runner(address=job.cluster.address, client_kwargs=client_kwargs), None
    job.tally.lost = True  # nothing of ours on those workers tells of ends
    travels_by_value(job.module)
    if executor.address:
        return runner(address=executor.address, client_kwargs=client_kwargs), None
    factory = ClusterFactory(executor)
    return runner(cluster_class=factory, adapt_kwargs=executor.adapt_kwargs, client_kwargs=client_kwargs), factory


def prefect3_pool(job, executor):
    import dask
    from prefect import task_runners

    workers = int(executor.kwargs.get("num_workers") or cpu_limit())
    others = {key: value for key, value in executor.kwargs.items() if key != "num_workers"}
    dask.config.set(dict(others, scheduler=executor.scheduler, num_workers=workers))  # for dask collections in the flow
    if executor.scheduler == "synchronous":
        return inline_runner()
    if generation() == 2:
        return task_runners.ConcurrentTaskRunner()
    if executor.scheduler == "threads":
        return task_runners.ThreadPoolTaskRunner(max_workers=workers)
    if not hasattr(task_runners, "ProcessPoolTaskRunner"):
        raise SpecFault("UnknownScheduler", "this Prefect has no ProcessPoolTaskRunner: use scheduler `threads`, or Prefect 3.4.25 or later")
    job.tally.lost = True  # the ends of task runs stay in the pool's processes
    return task_runners.ProcessPoolTaskRunner(max_workers=workers)


def inline_runner():
    """A runner whose `.submit` runs the task at once, in the caller: LocalExecutor's meaning."""
    from prefect import task_runners

    if not hasattr(task_runners, "ThreadPoolTaskRunner"):
        return task_runners.SequentialTaskRunner()

    class InlineTaskRunner(task_runners.ThreadPoolTaskRunner):
        def __enter__(self):
            super().__enter__()
            self._executor.shutdown()
            self._executor = InlineExecutor()
            return self

    return InlineTaskRunner(max_workers=1)


class InlineExecutor:
    """A concurrent.futures executor that runs each call before `submit` returns."""

    def submit(self, function, *args, **kwargs):
        from concurrent.futures import Future

        future = Future()

        def call():
            try:
                future.set_result(function(*args, **kwargs))
            except Exception as error:
                future.set_exception(error)

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            call()
        else:  # an async task runs its own event loop, which a thread can have only one of
            thread = threading.Thread(target=call)
            thread.start()
            thread.join()
        return future

    def shutdown(self, *_, **__):
        return None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


def tagged_runner(base):
    """DaskTaskRunner that also honours Prefect 1's `dask-resource:KEY=N` tags; `dask.annotate` works as upstream."""

    class FlowRunTaskRunner(base):
        def submit(self, task, parameters, wait_for=None, dependencies=None):
            import dask

            resources = tag_resources(getattr(task, "tags", ()))
            more = {} if dependencies is None else {"dependencies": dependencies}
            if not resources:
                return super().submit(task, parameters, wait_for=wait_for, **more)
            with dask.annotate(resources=resources):
                return super().submit(task, parameters, wait_for=wait_for, **more)

    return FlowRunTaskRunner


def tag_resources(tags):
    """{'GPU': 1.0} of the tag `dask-resource:GPU=1`: the prefix in any case, the key's case kept."""
    resources = {}
    for tag in tags:
        if not tag.lower().startswith("dask-resource"):
            continue
        found = re.match(r"[^:=]*:([^=]+)=([^=]+)$", tag)
        try:
            resources[found.group(1)] = float(found.group(2))
        except (AttributeError, ValueError):
            raise ValueError("the tag %r is none of the form dask-resource:KEY=NUMBER" % tag) from None
    return resources


# kind of flow -> (check its parameters, run it to an outcome)
KINDS = {
    0: (check_plain, run_plain),
    1: (check_prefect1, run_prefect1),
    2: (check_prefect3, run_prefect3),
    3: (check_prefect3, run_prefect3),
}


# --------------------------------------------------------------------------------------------- Prefect's API server


class PrefectServer:
    """Prefect's API for one run, started beside the import when nothing else is configured.

    Workers reach it by the pod's address, so it asks for a password (Prefect 3). It starts from a database that was
    migrated when the image was built, where there is one: from scratch that takes many seconds.
    """

    def __init__(self, run):
        self.home = tempfile.mkdtemp(prefix="flowrun-prefect-")
        database = os.environ.get("FLOWRUN_PREFECT_DATABASE", "/opt/flowrun/prefect/prefect.db")
        migrated = os.path.isfile(database)
        if migrated:
            shutil.copyfile(database, os.path.join(self.home, "prefect.db"))
        host = (os.environ.get("FLOWRUN_POD_IP") if run.cluster else None) or "127.0.0.1"
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.bind((host, 0))
            port = probe.getsockname()[1]
        self.url = "http://%s:%d/api" % ("[%s]" % host if ":" in host else host, port)
        self.environ = {
            "PREFECT_API_URL": self.url,
            "PREFECT_API_AUTH_STRING": "flowrun:" + os.urandom(24).hex(),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
        }
        own = {
            "PREFECT_HOME": self.home,
            "PREFECT_SERVER_API_AUTH_STRING": self.environ["PREFECT_API_AUTH_STRING"],
            "PREFECT_UI_ENABLED": "false",
            "PREFECT_SERVER_UI_ENABLED": "false",
            "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
            "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
            "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_ENABLED": "false",
            "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_ENABLED": "false",
            "PREFECT_SERVER_SERVICES_FOREMAN_ENABLED": "false",
            "PREFECT_SERVER_SERVICES_REPOSSESSOR_ENABLED": "false",
            "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
            "PREFECT_API_DATABASE_MIGRATE_ON_START": "false" if migrated else "true",
        }
        inherited = {key: value for key, value in os.environ.items() if key != "PREFECT_API_URL"}
        self.log = os.path.join(self.home, "server.log")
        arguments = ["--factory", "prefect.server.api.server:create_app", "--host", host, "--port", str(port)]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "uvicorn", *arguments, "--log-level", "error", "--lifespan", "on"],
                env=dict(inherited, **self.environ, **own),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.home,  # not where the user's files could hide modules of the server
                start_new_session=True,
            )

    def wait(self, seconds):
        """Until the API answers."""
        import urllib.error
        import urllib.request

        started = said = time.monotonic()
        while True:
            if self.process.poll() is not None:
                raise Fault("PrefectApiFailed", "Prefect's API server ended at its start\n%s" % self.last_lines())
            try:
                urllib.request.urlopen(self.url + "/health", timeout=2).close()
                return
            except urllib.error.HTTPError:
                return  # it answers, if only to ask for the password
            except OSError:
                pass
            now = time.monotonic()
            if now - started > seconds:
                raise Fault("PrefectApiFailed", "Prefect's API server did not answer within %g s\n%s" % (seconds, self.last_lines()))
            if now - said > PROGRESS_SECONDS:
                said = now
                say("waiting for Prefect's API (%d s)" % (now - started))
            time.sleep(0.05)

    def last_lines(self):
        with open(self.log, errors="replace") as log:
            return "".join(log.readlines()[-8:])

    def stop(self):
        """Kills: the database goes too, so there is nothing to close well."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except OSError:
            pass
        self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)


def needs_prefect_server(entry):
    if generation() < 2 or os.environ.get("PREFECT_API_URL") or not mentions_prefect(entry):
        return False
    home = os.environ.get("PREFECT_HOME") or os.path.expanduser("~/.prefect")
    try:
        with open(os.path.join(home, "profiles.toml")) as file:
            return "PREFECT_API_URL" not in file.read()
    except OSError:
        return True


# -------------------------------------------------------------------------------------------------------- commands


def run_command(run, signals):
    """Runs the command as a child with its own process group, hands signals on to that group, and reaps whatever is
    orphaned in the meantime. The child's exit code decides the outcome, unless it was told to stop."""
    arguments = run.command + run.args
    adopt_orphans()
    try:
        child = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, start_new_session=True)
    except FileNotFoundError as error:
        if shutil.which(arguments[0]):
            raise SpecFault("CommandFailed", "the command could not be started: %s" % error) from error
        raise SpecFault("CommandNotFound", "there is no program %r in this image (PATH=%s)" % (arguments[0], os.environ.get("PATH", ""))) from error
    except OSError as error:
        raise SpecFault("CommandFailed", "the command could not be started: %s" % error) from error
    signals.forward_to(child.pid)
    status = reap_until(child.pid)
    child.returncode = 0  # reaped here, not by subprocess
    signals.forward_to(None)
    kill_group(child.pid, signal.SIGKILL)
    code = 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    said = "killed by %s" % signal_name(os.WTERMSIG(status)) if os.WIFSIGNALED(status) else "exited with code %d" % code
    if signals.received:
        return cancelled(signals.received, "the command was sent %s and was then %s" % (signal_name(signals.received), said))
    if code == 0:
        return succeeded()
    return Outcome("Failed", code, "Flow", "FlowFailed", "the command %s: %s" % (said, cut(" ".join(arguments), 300)), status=1)


def adopt_orphans():
    """Makes this process the parent of its descendants' orphans where the system can (PID 1 is it anyway)."""
    try:
        import ctypes

        PR_SET_CHILD_SUBREAPER = 36
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        pass


def reap_until(wanted):
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == wanted:
            return status


def kill_group(group, number):
    try:
        os.killpg(group, number)
    except OSError:
        pass  # nothing left in it


def signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return "signal %d" % number


# --------------------------------------------------------------------------------------------------------- signals


class Signals:
    """SIGTERM and SIGINT stop the run: once, a KeyboardInterrupt in the main thread; for a command, the signal itself.

    A watchdog thread ends the process before the grace period does, with the result `Cancelled`: threads and C code
    may not unwind at all. It learns of signals from the wakeup descriptor, so also when Prefect has put its own
    handler in place of ours, or the main thread never gets to run one.
    """

    FORWARDED = ("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGQUIT", "SIGWINCH")

    def __init__(self, grace_seconds, expire):
        self.received = None
        self.group = None
        self.deaf = False
        self.seconds = max(0.5, grace_seconds - min(3.0, grace_seconds / 4))
        self.expire = expire
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        threading.Thread(target=self.watch, args=(reader,), name="flowrun-signals", daemon=True).start()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.handle)

    def watch(self, reader):
        stops = (signal.SIGTERM, signal.SIGINT)
        while True:
            number = os.read(reader, 1)[0]
            if number in stops:
                break
        self.received = self.received or number
        time.sleep(self.seconds)
        self.expire(self.received, self.group)

    def handle(self, number, _):
        self.received = self.received or number
        if self.group is not None:
            kill_group(self.group, number)
        elif not self.deaf:
            self.deaf = True  # once: a second one must not interrupt the unwinding
            raise KeyboardInterrupt

    def forward_to(self, group):
        """From now on signals go to that process group; None: nowhere."""
        self.group, self.deaf = group, True
        if group is None:
            return
        for name in self.FORWARDED:
            signal.signal(getattr(signal, name), self.pass_on)
        if self.received:  # came before there was a child
            kill_group(group, self.received)

    def pass_on(self, number, _):
        if self.group is not None:
            kill_group(self.group, number)


# -------------------------------------------------------------------------------------------------------- the exit


def leave(code, cleanups):
    """Runs what a normal exit runs (threads, atexit, logging, stdio), under a deadline, then ends the process: a hung
    thread of the user's must not keep the pod, and a bare `os._exit` would lose every log line that Prefect 3 still holds."""

    def end():
        for cleanup in cleanups:
            cleanup()
        os._exit(code)

    timer = threading.Timer(EXIT_SECONDS, end)
    timer.daemon = True
    timer.start()
    for step in (threading._shutdown, atexit._run_exitfuncs, logging.shutdown, sys.stdout.flush, sys.stderr.flush):
        try:
            step()
        except BaseException:  # a hook of the user's; the result is out already
            traceback.print_exc()
    end()


def prepare_process(directory):
    """Nobody answers at stdin; a user id that the image does not know may have no home and no writable directory."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    scratch = None
    home = os.path.expanduser("~")
    if not os.access(home, os.W_OK):
        scratch = tempfile.mkdtemp(prefix="flowrun-home-")
        os.environ["HOME"] = scratch
    if not os.access(directory, os.W_OK):
        os.chdir(scratch or tempfile.mkdtemp(prefix="flowrun-work-"))


def run_entrypoint(run, cluster, cleanups, directory):
    """Loads the entrypoint, checks its parameters and runs it, with as much as possible at the same time."""
    entry = resolve(run.entrypoint, directory)
    paths = import_paths(entry, directory)
    sys.path[:0] = paths
    sys.argv = [entry.path or entry.module]
    server = PrefectServer(run) if needs_prefect_server(entry) else None
    if server:
        cleanups.append(server.stop)
        os.environ.update(server.environ)  # before Prefect is imported, for it reads its settings then
        if "PREFECT_HOME" not in os.environ and not os.access(os.path.expanduser("~"), os.W_OK):
            os.environ["PREFECT_HOME"] = server.home
    tally = TaskTally()
    attachment = None
    if cluster:
        environ = dict({"PREFECT__CONTEXT__LOADING_FLOW": "true"}, **(server.environ if server else {}))
        warm = WARM.get(generation(), []) if mentions_prefect(entry) else []
        attachment = Attachment(run, cluster, {"paths": paths, "environ": environ, "warm": warm}, tally)
    module, flow = load_quietly(entry)
    kind = generation(flow)
    check, execute = KINDS[min(kind, 3)]
    job = Job(run, entry, module, flow, cluster, tally)
    if kind >= 2:
        watch_task_runs(tally.add)
    check(job)
    if attachment:
        attachment.join()
        if kind == 0:
            cluster.wait_for_worker()
    if server and kind >= 2:
        server.wait(run.start_seconds)
    return execute(job)


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


class Attachment:
    """The default Client and workers that are ready for this run, made in a thread beside the load of the user's code:
    workers import Prefect while the launcher does."""

    def __init__(self, run, cluster, options, tally):
        try:
            import distributed  # noqa: F401 - here, since two threads must not import it at the same time
        except ImportError as error:
            raise no_dask(run.executor, error) from error
        self.error = None
        self.thread = threading.Thread(target=self.attach, args=(run, cluster, options, tally), name="flowrun-attach", daemon=True)
        self.thread.start()

    def attach(self, run, cluster, options, tally):
        try:
            prepare_workers(cluster.connect(), run, options, tally)
        except Fault as fault:
            self.error = fault
        except Exception as error:
            self.error = Fault("ClusterFailed", "the workers could not be prepared: %s" % headline(error))

    def join(self):
        self.thread.join()
        if self.error is not None:
            raise self.error


def attach_beside(run, cluster):
    """For a command: a client that is held until the end, made beside it, if the image's Python has Dask."""
    try:
        cluster.connect(default=False)
    except (ImportError, Fault) as error:
        say("no connection to the scheduler: %s" % headline(error))


def perform(run, cluster, signals, cleanups, directory):
    """The whole run to its outcome; whatever is raised on the way becomes one."""
    try:
        try:
            run.read_executor()
            if run.command:
                if cluster:
                    cluster.wait()
                    threading.Thread(target=attach_beside, args=(run, cluster), daemon=True).start()
                return run_command(run, signals)
            outcome = run_entrypoint(run, cluster, cleanups, directory)
        except Fault as fault:
            outcome = faulted(fault)
        except (Exception, SystemExit) as error:
            traceback.print_exc()
            outcome = failed(explain(error), reason="LauncherFailed")
        signals.deaf = True
    except KeyboardInterrupt as error:
        if signals.received is None:
            return failed(explain(error))
        return cancelled(signals.received)
    # What a signal breaks may look like a failure of its own. A flow that finished well all the same has succeeded.
    if signals.received and outcome.outcome != "Succeeded":
        return cancelled(signals.received, "stopped by %s: %s" % (signal_name(signals.received), outcome.message))
    return outcome


def main(argv):
    # The folder of this file holds names such as `launcher` and `scheduler` that must not hide the user's modules.
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or os.curdir) != HERE]
    try:
        with open(argv[1], encoding="utf-8") as file:
            run = Run(json.load(file))
    except (IndexError, OSError, ValueError, KeyError, TypeError, Fault) as error:
        say("no usable run.json: %s" % headline(error))
        sys.exit(Fault.code)
    directory = os.getcwd()
    report, cleanups = Report(run), []
    cluster = Cluster(run) if run.cluster else None

    def expire(number, group):
        """The grace period is about to end."""
        outcome = report.settle(cancelled(number, "stopped by %s; it did not end within the grace period" % signal_name(number)))
        if group is not None:
            kill_group(group, signal.SIGKILL)
        for cleanup in cleanups:
            cleanup()
        os._exit(outcome.process_code)

    prepare_process(directory)
    signals = Signals(run.grace_seconds, expire)
    outcome = report.settle(perform(run, cluster, signals, cleanups, directory))
    if outcome.outcome != "Succeeded":
        say("%s: %s: %s" % (outcome.outcome, outcome.reason, outcome.message))
    if cluster:
        cluster.hand_over(run, report.data)
        cluster.close()
    leave(outcome.process_code, cleanups)


if __name__ == "__main__":
    main(sys.argv)
