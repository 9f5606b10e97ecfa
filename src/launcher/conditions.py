"""What the status of the run shall say beside its outcome."""

from __future__ import annotations

from .words import say

EXECUTOR, UNUSED, VERSIONS = "ExecutorArguments", "ClusterUnused", "VersionMismatch"


class Conditions:
    """Conditions of the FlowRun, by type: {type, reason, message}. Each is said in the log too, once."""

    def __init__(self):
        self.items = []

    def add(self, kind, reason, message):
        if all((item["type"], item["reason"]) != (kind, reason) for item in self.items):
            self.items.append({"type": kind, "reason": reason, "message": message})
            say(message)
