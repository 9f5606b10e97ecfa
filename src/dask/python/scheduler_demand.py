"""What the unfinished tasks ask of workers."""

from __future__ import annotations

from .scheduler_bounds import MAX_GROUPS, some, text

LOOKS_PER_WORKER = 32
LOOKS = 5000


class Demand:
    """Unfinished runnable tasks by what they demand of a worker, with the seconds they should still take.

    Two kinds of tasks demand nothing: seceded ones, which hold no thread, and those that run on a worker that is
    leaving, which end there.
    """

    def __init__(self, scheduler):
        self.scheduler = scheduler
        self.groups = {}

    def add_waiting(self):
        """Tasks that no worker has yet."""
        self.add_all(self.scheduler.unrunnable, len(self.scheduler.unrunnable), LOOKS)
        self.add_all(self.scheduler.queued, len(self.scheduler.queued), LOOKS_PER_WORKER)

    def add_worker(self, ws, leaving):
        """The tasks of one worker. Returns whether one of them is bound to a worker or host."""
        executing = {ts: seconds for ts, seconds in ws.executing.items() if ts in ws.processing and ts not in ws.long_running}
        ignored = ws.long_running.union(executing) if leaving else ws.long_running
        tasks = [ts for ts in some(ws.processing, LOOKS_PER_WORKER + len(ignored)) if ts not in ignored]
        bound = self.add_all(tasks, len(ws.processing) - len(ignored), LOOKS_PER_WORKER)
        if not leaving:
            for ts, elapsed in executing.items():
                duration = self.duration(ts.prefix)
                self.add((ts.resource_restrictions or {}).items(), seconds=remaining(duration, elapsed) - duration)
        return bound or any(is_bound(ts) for ts in some(ignored, LOOKS_PER_WORKER))

    def add_all(self, tasks, number, looks):
        """Lets each task looked at stand for its share of `number`. Returns whether one is bound to a worker or host."""
        kinds = {}
        bound = False
        looked = 0
        for ts in some(tasks, looks):
            restrictions = ts.resource_restrictions
            kind = (tuple(restrictions.items()) if restrictions else (), ts.prefix)
            kinds[kind] = kinds.get(kind, 0) + 1
            bound = bound or is_bound(ts)
            looked += 1
        for (resources, prefix), times in kinds.items():
            share = times * number / looked
            unknown = share if prefix.duration_average < 0 else 0
            self.add(resources, tasks=share, unknown=unknown, seconds=share * self.duration(prefix))
        return bound

    def add(self, resources, tasks=0.0, unknown=0.0, seconds=0.0):
        key = tuple(sorted((text(name), float(amount)) for name, amount in resources))
        if key not in self.groups and len(self.groups) >= MAX_GROUPS:
            return
        row = self.groups.setdefault(key, [0.0, 0.0, 0.0])
        row[0] += tasks
        row[1] += unknown
        row[2] += seconds

    def duration(self, prefix):
        """Seconds of one task: learnt, else twice the longest that has run so far, else what distributed assumes."""
        if prefix.duration_average >= 0:
            return prefix.duration_average
        return 2 * prefix.max_exec_time if prefix.max_exec_time > 0 else self.scheduler.UNKNOWN_TASK_DURATION

    def rows(self):
        return [
            {"resources": dict(key), "tasks": round(tasks), "unknown": round(unknown), "seconds": max(seconds, 0.0)}
            for key, (tasks, unknown, seconds) in self.groups.items()
            if tasks
        ]


def remaining(duration, elapsed):
    """Seconds that a task which has run for `elapsed` should still take. One that outlives its expectation is not as
    good as finished: the longer it runs, the longer it is expected to go on."""
    return max(duration - elapsed, elapsed / 4)


def is_bound(ts):
    return bool(ts.worker_restrictions or ts.host_restrictions)
