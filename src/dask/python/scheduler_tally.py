"""Counts over all tasks ever seen."""

from __future__ import annotations

import time

from .scheduler_bounds import MAX_PREFIXES, text

UNFINISHED = ("waiting", "queued", "no-worker", "processing")


class Tally:
    """Counts over all tasks ever seen, from the counters that distributed keeps per task prefix.

    `prefix.state_counts[state]` grows by one each time a task enters the state and never falls, also when tasks are
    released or forgotten (the same in 2022.12.1 and 2026.8.0). A task that computed entered `processing` and then
    `memory`; scattered data only the latter; so min(memory, processing) is the number of computed results. A result
    lost and computed again counts twice. `erred` is entered after the last retry, by dependents of a failed task
    too. `client.restart()` replaces all prefixes, so those seen before are kept and still counted.
    """

    def __init__(self, scheduler):
        self.scheduler = scheduler
        self.retired = []
        self.known = {}
        self.tasks = {}
        self.prefixes = {}
        self.valid_until = 0.0

    def refresh(self):
        """Counts again, unless that took so long that it would use more than a hundredth of the time."""
        start = time.monotonic()
        if start < self.valid_until:
            return
        present = self.scheduler.task_prefixes
        for name, prefix in self.known.items():
            if present.get(name) is not prefix:
                self.retired.append(prefix)
        self.known = dict(present)
        finished = failed = 0
        rows = []
        for prefix in self.retired:
            counts = prefix.state_counts
            finished += min(counts["memory"], counts["processing"])
            failed += counts["erred"]
        for name, prefix in self.known.items():
            counts = prefix.state_counts
            done, erred = min(counts["memory"], counts["processing"]), counts["erred"]
            finished += done
            failed += erred
            if counts["waiting"] or counts["processing"]:
                rows.append((counts["waiting"], name, prefix, done, erred))
        states = dict.fromkeys((*UNFINISHED, "memory", "erred"), 0)
        for group in list(self.scheduler.task_groups.values()):
            for state, number in group.states.items():
                if state in states:
                    states[state] += number
        self.tasks = {
            "total": sum(states[state] for state in UNFINISHED) + finished + failed,
            "waiting": states["waiting"],
            "queued": states["queued"],
            "no_worker": states["no-worker"],
            "processing": states["processing"],
            "memory": states["memory"],
            "erred": states["erred"],
            "finished": finished,
            "failed": failed,
        }
        rows.sort(key=lambda row: -row[0])
        self.prefixes = {text(name): self.row(prefix, done, erred) for _, name, prefix, done, erred in rows[:MAX_PREFIXES]}
        now = time.monotonic()
        self.valid_until = now + 100 * (now - start)

    @staticmethod
    def row(prefix, finished, erred):
        active = sum(prefix.states.get(state, 0) for state in UNFINISHED)
        return {"finished": finished, "erred": erred, "active": active}
