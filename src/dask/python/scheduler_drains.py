"""The workers that are to leave."""

from __future__ import annotations

import time

from distributed import Status

from .scheduler_bounds import text
from .scheduler_copies import MemoryManager
from .scheduler_drain import Drain
from .scheduler_pins import STAYING, Pins, vetoed

DEFAULT_SECONDS = 300.0
VETO_SECONDS = 0.1


class Drains:
    """Makes the workers that leave equal to those that the operator named last.

    The set is level-triggered: naming the same workers again changes nothing, a worker that is no longer named is
    given back, and one that is named before it has joined leaves once it has. With nobody to name them again, drains
    go on until they are done or their time is over.
    """

    def __init__(self, scheduler, scatters):
        self.scheduler = scheduler
        # Calls of `scatter` that go on, each of which may bring results to a worker.
        self.scatters = scatters
        self.memory = MemoryManager(scheduler)
        self.pins = Pins(scheduler)
        self.names = []
        self.seconds = DEFAULT_SECONDS
        self.drains = {}
        self.stopped = set()
        # Grows with each change of a state.
        self.changes = 0
        self.veto = (float("-inf"), set())

    def want(self, names, seconds=None):
        self.names = [text(name) for name in names]
        if seconds is not None:
            self.seconds = max(0.0, float(seconds))
        self.refresh()

    def refresh(self):
        """Cheap when nothing is named and nothing leaves."""
        if not self.names and not self.drains and not self.stopped:
            return
        wanted = set(self.names)
        for name, drain in list(self.drains.items()):
            if name not in wanted:
                del self.drains[name]
                drain.stop()
                self.stopped.add(drain)
                self.changes += 1
        if wanted:
            present = {text(ws.name): ws for ws in self.scheduler.workers.values()}
            for name in self.names:
                self.begin(name, present.get(name))
        self.stopped = {drain for drain in self.stopped if drain.coming_back}
        if all(drain.over for drain in self.drains.values()):
            self.memory.release()

    def worker_says(self, status=None, worker=None, **more):
        """In place of the scheduler's own handler. A named worker that has just come up leaves before it is given a first
        task: its pod may be deleted at any moment, since nobody has seen it join."""
        ws = self.scheduler.workers.get(worker)
        if ws is None or ws.status != Status.init or status != "running" or text(ws.name) not in self.names:
            self.scheduler.handle_worker_status_change(status=status, worker=worker, **more)
            return
        self.drains[text(ws.name)] = Drain(self, ws)
        self.changes += 1

    def begin(self, name, ws):
        drain = self.drains.get(name)
        if ws is None or ws.status not in STAYING or (drain is not None and drain.ws is ws):
            return
        self.drains[name] = Drain(self, ws)
        self.changes += 1

    def lost(self, drain):
        """The worker has left in another way."""
        self.drains = {name: other for name, other in self.drains.items() if other is not drain}
        self.changes += 1

    def of(self, ws):
        drain = self.drains.get(text(ws.name))
        return drain if drain is not None and drain.ws is ws else None

    def retired(self):
        """Those that are gone from the scheduler, by name, for as long as they are named."""
        return {name: drain for name, drain in self.drains.items() if drain.state == "retired"}

    def somebody_comes_back(self, drain):
        """Whether a worker will soon be there that is not there yet: then it is too early to despair."""
        others = [*self.stopped, *self.drains.values()]
        return any(other is not drain and other.coming_back for other in others)

    def vetoed(self):
        at, addresses = self.veto
        now = time.monotonic()
        if now - at > VETO_SECONDS:
            addresses = vetoed(self.scheduler)
            self.veto = (now, addresses)
        return addresses
