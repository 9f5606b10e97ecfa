"""One answer: all that scaling and status need of a scheduler (its shape is Sample, in sample.ts)."""

from __future__ import annotations

import platform
import time
from itertools import islice

import dask
import distributed
import msgpack
import tornado

from .scheduler_bounds import MAX_RESOURCES, MAX_WORKERS, text
from .scheduler_demand import Demand
from .scheduler_pins import STAYING
from .scheduler_tally import Tally

VERSIONS = {
    "python": platform.python_version(),
    "dask": dask.__version__,
    "distributed": distributed.__version__,
    "tornado": tornado.version,
    "msgpack": ".".join(map(str, msgpack.version)),
}


class Describer:
    """Its cost is O(workers + task prefixes + task groups), with bounded looks into the task sets."""

    def __init__(self, scheduler, drains):
        self.scheduler = scheduler
        self.drains = drains
        self.tally = Tally(scheduler)

    def describe(self):
        scheduler = self.scheduler
        self.tally.refresh()
        demand = Demand(scheduler)
        pinned = self.drains.vetoed() | self.drains.pins.bound()
        workers = [self.worker(ws, demand, pinned) for ws in islice(scheduler.workers.values(), MAX_WORKERS)]
        demand.add_waiting()
        return {
            "version": 1,
            "time": time.time(),
            "workers": workers + [self.gone(name, drain.ws) for name, drain in self.drains.retired().items()],
            "workers_total": len(scheduler.workers),
            "tasks": self.tally.tasks,
            "prefixes": self.tally.prefixes,
            "demand": demand.rows(),
            # Results that are held are wanted, by a client or by tasks to come; what is not is forgotten at once.
            "keys_wanted": any(ws.has_what for ws in scheduler.workers.values()),
            "versions": VERSIONS,
        }

    def worker(self, ws, demand, pinned):
        drain = self.drains.of(ws)
        leaving = ws.status not in STAYING
        bound = demand.add_worker(ws, leaving)
        return {
            "name": text(ws.name),
            "address": text(ws.address),
            "nthreads": ws.nthreads,
            "memory_limit": ws.memory_limit or 0,
            "processing": len(ws.processing),
            "executing": sum(ts not in ws.long_running for ts in ws.executing),
            "long_running": len(ws.long_running),
            "status": ws.status.name,
            "resources": {text(name): float(amount) for name, amount in islice(ws.resources.items(), MAX_RESOURCES)},
            "nbytes": ws.nbytes,
            "pinned": bool(ws.actors) or bound or ws.address in pinned,
            "drain": None if drain is None else drain.state,
            "drain_cause": "" if drain is None else drain.cause,
        }

    @staticmethod
    def gone(name, ws):
        """A worker that has been retired, for as long as it is named: it counts for nothing."""
        return {
            "name": name,
            "address": text(ws.address),
            "nthreads": ws.nthreads,
            "processing": 0,
            "status": "closed",
            "drain": "retired",
        }
