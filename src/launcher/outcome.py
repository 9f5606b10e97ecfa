"""How a run ended."""

from __future__ import annotations

import signal
import typing

from .tracebacks import cause_of, explain
from .words import cut

MAX_FAILED_NAMES = 10


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
        return failed("SystemExit: %s" % ("the flow exited with code %d" % code if isinstance(code, int) else cut(str(code), 500)), tasks)
    return failed(explain(error), tasks)
