"""Ended task runs."""

from __future__ import annotations

from .outcome import MAX_FAILED_NAMES, failures
from .words import cut


class TaskTally:
    """Ended Prefect 2 and 3 task runs, each counted once however often it is told."""

    def __init__(self):
        self.ends = {}
        self.lost = False

    def add(self, run, name, ok, state):
        self.ends[run] = None if ok else (name, state)

    def failed(self):
        """(name, state) of each failed one."""
        return [end for end in list(self.ends.values()) if end]

    def summary(self):
        """None when nothing is known: ends in processes without our filter, or below the log level, are not told."""
        if not self.ends or self.lost:
            return None
        bad = self.failed()
        names = [cut(name, 200) for name, _ in bad[:MAX_FAILED_NAMES]]
        return {"succeeded": len(self.ends) - len(bad), "failed": len(bad), "failedNames": names}

    def failures(self):
        """The failed ones as lines of a message; empty when there is none."""
        return failures(self.failed(), len(self.ends))
