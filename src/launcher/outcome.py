"""How a run ended."""

from __future__ import annotations

import signal
import typing

from .tracebacks import cause_of, explain
from .words import cut

MAX_FAILED_NAMES = 10


class Outcome(typing.NamedTuple):
    """How the run ended. `code` is the result's exitCode, `status` the process's when it differs (a command). `last_lines`
    of a command are in the log already."""

    outcome: str
    code: int
    kind: typing.Optional[str]
    reason: str
    message: str
    value: typing.Any = None
    tasks: typing.Optional[dict] = None
    status: typing.Optional[int] = None
    last_lines: str = ""

    @property
    def process_code(self):
        return self.code if self.status is None else self.status


def succeeded(value=None, tasks=None, message=""):
    return Outcome("Succeeded", 0, None, "Succeeded", message, value, tasks)


def failed(message, tasks=None, reason="FlowFailed"):
    return Outcome("Failed", 1, "Flow", reason, message, None, tasks)


def failures(causes, total, count=None):
    """`3 of 4 tasks failed`, then a line for each of the first: its name and why. `causes`: (name, why) pairs of those that
    failed by themselves; `count`: of all that failed."""
    if not causes:
        return ""
    lines = ["%d of %d tasks failed" % (len(causes) if count is None else count, total)]
    for name, why in causes[:MAX_FAILED_NAMES]:
        lines.append("  %s: %s" % (cut(name, 80), cut(str(why).strip().split("\n")[0], 160)))
    if len(causes) > MAX_FAILED_NAMES:
        lines.append("  and %d more" % (len(causes) - MAX_FAILED_NAMES))
    return "\n".join(lines)


def with_failures(outcome, text):
    return outcome._replace(message="%s\n%s" % (outcome.message, text)) if text and outcome.outcome == "Failed" else outcome


def faulted(fault):
    return Outcome("Failed", fault.code, fault.kind, fault.reason, str(fault))


def cancelled(number, message=""):
    said = "stopped by %s" % signal.Signals(number).name
    return Outcome("Cancelled", 128 + number, None, "Cancelled", "%s: %s" % (said, message) if message else said)


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
