"""What the operator needs of a scheduler, beside distributed's own operations.

    flowrun_sample(after, wait)           one message with all that scaling and status need (shape: Sample)
    flowrun_result(uid, attempt, result)  the launcher's result, kept and repeated in every sample

Costs: nothing per task. A tick compares a few lengths, a sample is O(workers + task prefixes + task groups) with
bounded looks into the task sets, and a pass that turns out slow is cached for a hundred times as long as it took.
Nothing is ever pushed: a push on a comm that also replies would corrupt the WebSocket framing.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import platform
import sys
import time
from itertools import islice

import dask
import distributed
import msgpack
import tornado
from tornado.ioloop import PeriodicCallback

logger = logging.getLogger("distributed.flowrun")

TICK_MILLISECONDS = 100
# The doorbell rings at most this often, so that a flow of many tiny tasks cannot keep the operator busy.
RING_SECONDS = 0.5
MAX_WAIT_SECONDS = 60.0
MAX_WORKERS = 500
MAX_PREFIXES = 100
MAX_GROUPS = 50
MAX_RESULT_BYTES = 16 * 1024
LOOKS_PER_WORKER = 32
LOOKS = 5000
LAUNCHER = "flowrun-launcher-"
SOURCES = "/flow"


def env_number(name, default):
    try:
        return float(os.environ.get(name) or default)
    except ValueError:
        return default


def some(tasks, looks):
    """At most about `looks` of the tasks. A set iterates in the order of hashes, so its first are as good as a random
    choice; a dict (tasks without a worker, in newer releases) has the order of arrival and is strided."""
    if isinstance(tasks, dict):
        return islice(tasks, 0, None, max(1, len(tasks) // looks))
    return islice(tasks, looks)


def text(value):
    return str(value)[:256]


class Numbers:
    """What the doorbell compares; every field is a length or a flag."""

    __slots__ = ("workers", "running", "demand", "launcher", "scatters")

    def __init__(self, workers, running, demand, launcher, scatters):
        self.workers = workers
        self.running = running
        self.demand = demand
        self.launcher = launcher
        self.scatters = scatters

    def worth_telling(self, told):
        """Workers came or went; work arrived, doubled or ended; a launcher or a scatter turned up."""
        return (
            (self.workers, self.running, self.launcher) != (told.workers, told.running, told.launcher)
            or (self.demand == 0) != (told.demand == 0)
            or self.demand >= 2 * told.demand > 0
            or self.scatters > told.scatters
        )


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
        states = dict.fromkeys(("waiting", "queued", "no-worker", "processing", "memory", "erred"), 0)
        for group in list(self.scheduler.task_groups.values()):
            for state, number in group.states.items():
                if state in states:
                    states[state] += number
        unfinished = states["waiting"] + states["queued"] + states["no-worker"] + states["processing"]
        self.tasks = {
            "total": unfinished + finished + failed,
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
        states = prefix.states
        active = sum(states.get(state, 0) for state in ("waiting", "queued", "no-worker", "processing"))
        return {"finished": finished, "erred": erred, "active": active}


class Demand:
    """Unfinished runnable tasks by what they demand of a worker, with the seconds they should still take."""

    def __init__(self, scheduler):
        self.scheduler = scheduler
        self.groups = {}

    def duration(self, prefix):
        """Seconds of one task: learnt, else twice the longest that has run so far, else what distributed assumes."""
        if prefix.duration_average >= 0:
            return prefix.duration_average
        return 2 * prefix.max_exec_time if prefix.max_exec_time > 0 else self.scheduler.UNKNOWN_TASK_DURATION

    def add(self, resources, tasks, seconds, unknown=0):
        key = tuple(sorted((text(name), float(amount)) for name, amount in resources))
        if key not in self.groups and len(self.groups) >= MAX_GROUPS:
            return
        row = self.groups.setdefault(key, [0.0, 0.0, 0.0])
        row[0] += tasks
        row[1] += seconds
        row[2] += unknown

    def add_all(self, tasks, looks, executing=None):
        """Lets each task looked at stand for its share of all; `executing` is what has elapsed of those that run.
        Returns whether one is bound to a worker or host."""
        kinds = {}
        bound = False
        looked = 0
        for ts in some(tasks, looks):
            restrictions = ts.resource_restrictions
            kind = (tuple(restrictions.items()) if restrictions else (), ts.prefix)
            kinds[kind] = kinds.get(kind, 0) + 1
            bound = bound or bool(ts.worker_restrictions or ts.host_restrictions)
            looked += 1
        for (resources, prefix), number in kinds.items():
            share = number * len(tasks) / looked
            self.add(resources, share, share * self.duration(prefix), share if prefix.duration_average < 0 else 0)
        for ts, elapsed in (executing or {}).items():
            self.add((ts.resource_restrictions or {}).items(), 0, -min(elapsed, self.duration(ts.prefix)))
        return bound

    def rows(self):
        return [
            {"resources": dict(key), "tasks": round(tasks), "unknown": round(unknown), "seconds": max(seconds, 0.0)}
            for key, (tasks, seconds, unknown) in self.groups.items()
            if tasks
        ]


class FlowRun:
    def __init__(self, scheduler):
        self.scheduler = scheduler
        self.uid = os.environ.get("FLOWRUN_UID", "")
        self.attempt = int(env_number("FLOWRUN_ATTEMPT", 0))
        # Without its launcher, or without a polling operator if there never was one, a scheduler ends by itself.
        self.abandoned_seconds = max(env_number("FLOWRUN_ABANDONED_SECONDS", 600), env_number("FLOWRUN_KEEP_SECONDS", 0))
        self.result = None
        self.launcher_seen = False
        self.needed_at = time.monotonic()
        self.polls = 0
        self.scatters = 0
        self.seq = 1
        self.rung_at = 0.0
        self.bell = asyncio.Event()
        self.tally = Tally(scheduler)
        self.told = self.numbers()
        self.versions = {
            "python": platform.python_version(),
            "dask": dask.__version__,
            "distributed": distributed.__version__,
            "tornado": tornado.version,
            "msgpack": ".".join(map(str, msgpack.version)),
        }

    # -- doorbell

    def numbers(self):
        scheduler = self.scheduler
        processing = sum(len(ws.processing) for ws in scheduler.workers.values())
        return Numbers(
            len(scheduler.workers),
            len(scheduler.running),
            processing + len(scheduler.queued) + len(scheduler.unrunnable),
            self.launcher_seen,
            self.scatters,
        )

    def tick(self):
        now = time.monotonic()
        present = any(LAUNCHER in client for client in self.scheduler.clients)
        self.launcher_seen = self.launcher_seen or present
        # A kept cluster is polled on after its launcher has gone, so polls count only where there was none.
        if present or (self.polls and not self.launcher_seen):
            self.needed_at = now
        elif now - self.needed_at > self.abandoned_seconds:
            self.needed_at = now
            logger.warning("Closing: nobody has needed this scheduler for %g seconds", self.abandoned_seconds)
            self.closing = asyncio.ensure_future(self.scheduler.close())
        if now - self.rung_at >= RING_SECONDS:
            numbers = self.numbers()
            if numbers.worth_telling(self.told):
                self.told = numbers
                self.ring(now)

    def ring(self, now):
        self.rung_at = now
        self.seq += 1
        self.bell.set()
        self.bell = asyncio.Event()

    # -- operations

    async def sample(self, after=-1, wait=0):
        """Answers at once when `seq` has passed `after`, else when it does or after `wait` seconds."""
        wait = min(max(float(wait), 0.0), MAX_WAIT_SECONDS)
        if self.seq <= after and wait > 0:
            self.polls += 1
            try:
                await asyncio.wait_for(self.bell.wait(), wait)
            except asyncio.TimeoutError:
                pass
            finally:
                self.polls -= 1
        self.told = self.numbers()
        return self.describe()

    def describe(self):
        scheduler = self.scheduler
        self.tally.refresh()
        demand = Demand(scheduler)
        workers = [self.worker(ws, demand) for ws in islice(scheduler.workers.values(), MAX_WORKERS)]
        demand.add_all(scheduler.unrunnable, LOOKS)
        demand.add_all(scheduler.queued, LOOKS_PER_WORKER)
        return {
            "version": 1,
            "uid": self.uid,
            "attempt": self.attempt,
            "seq": self.seq,
            "time": time.time(),
            "workers": workers,
            "workers_total": len(scheduler.workers),
            "tasks": self.tally.tasks,
            "prefixes": self.tally.prefixes,
            "demand": demand.rows(),
            "keys_wanted": any(client.wants_what for client in scheduler.clients.values()),
            "scatters_waiting": self.scatters,
            "result": self.result,
            "launcher_seen": self.launcher_seen,
            "versions": self.versions,
        }

    def worker(self, ws, demand):
        bound = demand.add_all(ws.processing, LOOKS_PER_WORKER, ws.executing)
        return {
            "name": text(ws.name),
            "address": text(ws.address),
            "nthreads": ws.nthreads,
            "processing": len(ws.processing),
            "executing": len(ws.executing),
            "long_running": len(ws.long_running),
            "status": ws.status.name,
            "resources": {text(name): float(amount) for name, amount in islice(ws.resources.items(), 16)},
            "nbytes": ws.nbytes,
            "pinned": bool(ws.actors) or bound,
        }

    async def take_result(self, uid=None, attempt=None, result=None):
        """Keeps the first result of this very attempt. A repetition of the same one is accepted again."""
        if str(uid) != self.uid or attempt != self.attempt:
            return {"accepted": False, "reason": "another attempt's result"}
        try:
            encoded = json.dumps(result, allow_nan=False)
        except (TypeError, ValueError) as error:
            return {"accepted": False, "reason": "not strict JSON: %s" % error}
        if not isinstance(result, dict) or len(encoded) > MAX_RESULT_BYTES:
            return {"accepted": False, "reason": "not an object of at most %d bytes" % MAX_RESULT_BYTES}
        result = json.loads(encoded)
        if self.result is None:
            self.result = result
            self.ring(time.monotonic())
        return {"accepted": self.result == result}

    async def terminate(self, **kwargs):
        logger.warning("Ignored a request to shut the cluster down: it ends with its flow run")

    def counting(self, scatter):
        """Scatter waits for a worker without becoming a task, so waiting ones are counted here."""

        async def wrapped(**kwargs):
            waiting = not self.scheduler.running
            self.scatters += waiting
            try:
                return await scatter(**kwargs)
            finally:
                self.scatters -= waiting

        return wrapped


def dask_setup(scheduler):
    # Newer releases unpickle the task graph here: functions of the user's sources must be importable.
    if os.path.isdir(SOURCES) and SOURCES not in sys.path:
        sys.path.insert(0, SOURCES)
    flow_run = FlowRun(scheduler)
    scheduler.handlers["flowrun_sample"] = flow_run.sample
    scheduler.handlers["flowrun_result"] = flow_run.take_result
    scheduler.handlers["terminate"] = flow_run.terminate
    scheduler.handlers["scatter"] = flow_run.counting(scheduler.handlers["scatter"])
    # The scheduler starts it right after the preloads and stops it when it closes.
    scheduler.periodic_callbacks["flowrun"] = PeriodicCallback(flow_run.tick, TICK_MILLISECONDS)
