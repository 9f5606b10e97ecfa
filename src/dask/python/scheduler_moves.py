"""Moving unstarted tasks off a worker that is leaving."""

from __future__ import annotations

import random
import time
from itertools import islice

from distributed.stealing import WorkStealing

# A worker that is asked for a task which it has started says no. It is asked again, since there are states (a result
# of the same key on its way to it) in which it says no and has not started.
AGAIN_SECONDS = 1.0
REQUESTS = 500
CANDIDATES = 16
# What a heartbeat says that comes so long after the worker was told to start nothing more holds until it is given back.
SETTLED_SECONDS = 1.0


def stealing_of(scheduler):
    """The work-stealing extension; where it is switched off, one that balances nothing of its own accord."""
    if "stealing" not in scheduler.extensions:
        scheduler.extensions["stealing"] = WorkStealing(scheduler)
    return scheduler.extensions["stealing"]


class Moves:
    """Moves unstarted tasks off one worker by the request protocol of work stealing: the worker itself gives a task
    up or says that it has started it, so that none is ever run twice."""

    def __init__(self, scheduler, ws):
        self.scheduler = scheduler
        self.stealing = stealing_of(scheduler)
        self.ws = ws
        self.since = time.time()
        self.asked = {}

    def ask(self):
        """Asks for tasks that may not have started.
        Returns how many may still have to go, and one of them that no other worker may run, if there is any."""
        now = time.monotonic()
        unstarted, stuck, requests = 0, None, 0
        running = list(self.scheduler.running)
        for ts in list(self.ws.processing):
            if ts in self.ws.long_running:
                continue
            if ts in self.stealing.in_flight:
                unstarted += 1
            elif now - self.asked.get(ts, float("-inf")) >= AGAIN_SECONDS:
                thief = self.thief(ts, running)
                if thief is None:
                    if ts not in self.ws.executing:
                        unstarted += 1
                        stuck = ts
                elif requests < REQUESTS:
                    self.asked[ts] = now
                    requests += 1
                    self.stealing.move_task_request(ts, self.ws, thief)
                    unstarted += 1
                else:
                    return unstarted + 1, None
        # Until then the scheduler may not have been told that it has started.
        if stuck is not None and self.ws.last_seen < self.since + SETTLED_SECONDS:
            stuck = None
        return unstarted, stuck

    def thief(self, ts, running):
        """A worker that may run the task, with little to do and much of what it needs."""
        allowed = self.scheduler.valid_workers(ts)
        if allowed is not None:
            allowed = [ws for ws in allowed if ws in self.scheduler.running]
            if not allowed and ts.loose_restrictions:
                allowed = None
        candidates = running if allowed is None else allowed
        if len(candidates) > CANDIDATES:
            holders = {ws for other in islice(ts.dependencies or (), 4) for ws in islice(other.who_has or (), 4)}
            candidates = [*random.sample(candidates, CANDIDATES), *holders.intersection(candidates)]
        return min(candidates, key=lambda ws: self.seconds(ts, ws), default=None)

    def seconds(self, ts, ws):
        """After how long the task would start there."""
        occupancy = ws.occupancy + self.stealing.in_flight_occupancy.get(ws, 0)
        return occupancy / ws.nthreads + self.scheduler.get_comm_cost(ts, ws)

    def incoming(self):
        """Whether a task may yet be moved here, by a request from before the worker was leaving."""
        return any(info["thief"] is self.ws for info in self.stealing.in_flight.values())
