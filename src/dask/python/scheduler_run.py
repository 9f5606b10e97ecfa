"""The scheduler of one attempt: what the operator asks of it, and how it ends when nobody needs it."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time

from .scheduler_bell import Bell, Numbers
from .scheduler_describe import Describer
from .scheduler_drains import Drains

logger = logging.getLogger("distributed.flowrun")

MAX_WAIT_SECONDS = 60.0
MAX_RESULT_BYTES = 16 * 1024
LAUNCHER = "flowrun-launcher-"


def env_number(name, default):
    try:
        return float(os.environ.get(name) or default)
    except ValueError:
        return default


class FlowRun:
    def __init__(self, scheduler):
        self.scheduler = scheduler
        self.uid = os.environ.get("FLOWRUN_UID", "")
        self.attempt = int(env_number("FLOWRUN_ATTEMPT", 0))
        # Without its launcher, or without a polling operator if there never was one, a scheduler ends by itself.
        self.abandoned_seconds = max(env_number("FLOWRUN_ABANDONED_SECONDS", 600), env_number("FLOWRUN_KEEP_SECONDS", 0))
        self.result = None
        self.launcher_seen = False
        self.needed_at = self.busy_at = time.monotonic()
        self.transitions = 0
        self.polls = 0
        # Calls of `scatter` that go on, and how many of them wait for a first worker.
        self.scatters = set()
        self.scatters_waiting = 0
        self.drains = Drains(scheduler, self.scatters)
        self.describer = Describer(scheduler, self.drains)
        self.bell = Bell()

    def numbers(self):
        scheduler = self.scheduler
        processing = sum(len(ws.processing) for ws in scheduler.workers.values())
        return Numbers(
            workers=len(scheduler.workers),
            running=len(scheduler.running),
            demand=processing + len(scheduler.queued) + len(scheduler.unrunnable),
            launcher=self.launcher_seen,
            scatters=self.scatters_waiting,
            drains=self.drains.changes,
        )

    def tick(self):
        now = time.monotonic()
        present = any(LAUNCHER in client for client in self.scheduler.clients)
        if present and not self.launcher_seen:
            # A flow that has just come is about to use its cluster.
            self.launcher_seen = True
            self.busy_at = now
        # A kept cluster is polled on after its launcher has gone, so polls count only where there was none.
        if present or (self.polls and not self.launcher_seen):
            self.needed_at = now
        elif now - self.needed_at > self.abandoned_seconds:
            self.needed_at = now
            logger.warning("Closing: nobody has needed this scheduler for %g seconds", self.abandoned_seconds)
            self.closing = asyncio.ensure_future(self.scheduler.close())
        self.drains.refresh()
        numbers = self.numbers()
        self.look_busy(now, numbers)
        self.bell.look(now, numbers)

    def look_busy(self, now, numbers):
        """Tasks that came and went between two looks show in the number of transitions."""
        transitions = self.scheduler.transition_counter
        unpacking = getattr(self.scheduler, "_active_graph_updates", 0)
        if numbers.demand or self.scatters or unpacking or transitions != self.transitions:
            self.busy_at = now
        self.transitions = transitions

    async def sample(self, comm, after=-1, wait=0, drain=None, drain_seconds=None):
        """Answers at once when `seq` has passed `after`, else when it does or after `wait` seconds.

        `drain` names the workers that shall leave, all of them; without it, nothing changes. A worker that is still
        there `drain_seconds` after it was told to leave is given back.
        """
        if drain is not None:
            self.drains.want(drain, drain_seconds)
        self.polls += 1
        try:
            await self.bell.wait(comm, after, min(max(float(wait), 0.0), MAX_WAIT_SECONDS))
        finally:
            self.polls -= 1
        now, numbers = time.monotonic(), self.numbers()
        self.look_busy(now, numbers)
        self.bell.tell(comm, numbers)
        return {
            **self.describer.describe(),
            "uid": self.uid,
            "attempt": self.attempt,
            "seq": self.bell.seq,
            "idle_seconds": now - self.busy_at,
            "scatters_waiting": self.scatters_waiting,
            "result": self.result,
            "launcher_seen": self.launcher_seen,
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
        self.launcher_seen = True  # it may have come and gone between two ticks
        if self.result is None:
            self.result = result
            self.bell.ring()
        return {"accepted": self.result == result}

    async def terminate(self, **kwargs):
        logger.warning("Ignored a request to shut the cluster down: it ends with its flow run")

    def counting(self, scatter):
        """Scatter waits for a worker without becoming a task, so waiting ones are counted here."""

        async def wrapped(**kwargs):
            call = object()
            self.scatters.add(call)
            waiting = not self.scheduler.running
            self.scatters_waiting += waiting
            try:
                return await scatter(**kwargs)
            finally:
                self.scatters.discard(call)
                self.scatters_waiting -= waiting

        return wrapped
