"""The result of a run, as operator and kubelet get it."""

from __future__ import annotations

import json
import os
import threading

from .outcome import MAX_FAILED_NAMES
from .values import safely_plain
from .versions import versions
from .words import cut, say

MAX_RESULT_BYTES = 4096
MAX_MESSAGE_CHARS = 1500


def encode(run, outcome, conditions=()):
    """The result as UTF-8 JSON that fits: first the value is described, then names, conditions and the message are cut."""
    message = cut(outcome.message, MAX_MESSAGE_CHARS)
    if outcome.last_lines:
        message += "\nIt wrote last:\n" + outcome.last_lines
    tasks = outcome.tasks and dict(outcome.tasks, failedNames=outcome.tasks["failedNames"][:MAX_FAILED_NAMES])
    result = {
        "version": 1,
        "uid": run.uid,
        "attempt": run.attempt,
        "outcome": outcome.outcome,
        "exitCode": outcome.code,
        "class": outcome.kind,
        "reason": outcome.reason,
        "message": message,
        "value": safely_plain(outcome.value),
        "tasks": tasks,
        "versions": versions(),
        "conditions": [dict(item, message=cut(item["message"], 500)) for item in conditions],
    }
    data = dump(result)
    if len(data) > MAX_RESULT_BYTES:
        result["value"] = describe_large(outcome.value, len(dump(result["value"])))
        data = dump(result)
    if len(data) > MAX_RESULT_BYTES and tasks:
        tasks["failedNames"] = [cut(name, 60) for name in tasks["failedNames"][:5]]
        data = dump(result)
    if len(data) > MAX_RESULT_BYTES:
        result["conditions"] = [dict(item, message=cut(item["message"], 150)) for item in result["conditions"]]
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


class Report:
    """The run's one result: the first outcome settled is the one that counts, whichever thread comes first."""

    def __init__(self, run, conditions):
        self.run = run
        self.conditions = conditions
        self.outcome = None
        self.data = b""
        self.lock = threading.Lock()

    def settle(self, outcome):
        """Writes the termination message. Returns the outcome that counts."""
        with self.lock:
            if self.outcome is None:
                self.outcome = outcome
                self.data = encode(self.run, outcome, self.conditions.items)
                path = os.environ.get("FLOWRUN_TERMINATION_LOG", "/dev/termination-log")
                try:
                    with open(path, "wb") as log:
                        log.write(self.data)
                except OSError as error:
                    say("the termination message could not be written: %s" % error)
        return self.outcome
