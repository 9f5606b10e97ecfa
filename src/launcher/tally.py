"""Ended task runs."""

from __future__ import annotations

from .outcome import MAX_FAILED_NAMES
from .words import cut


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
