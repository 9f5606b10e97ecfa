"""When a waiting poll is answered."""

from __future__ import annotations

import asyncio
import time

# The doorbell rings at most this often, so that a flow of many tiny tasks cannot keep the operator busy.
RING_SECONDS = 0.5


class Numbers:
    """What the doorbell compares; every field is a length, a count of changes or a flag."""

    __slots__ = ("workers", "running", "demand", "launcher", "scatters", "drains")

    def __init__(self, workers, running, demand, launcher, scatters, drains):
        self.workers = workers
        self.running = running
        self.demand = demand
        self.launcher = launcher
        self.scatters = scatters
        self.drains = drains

    def worth_telling(self, told):
        """Workers came or went; a drain went on; work arrived, doubled or ended; a launcher or a scatter turned up."""
        return (
            (self.workers, self.running, self.drains, self.launcher)
            != (told.workers, told.running, told.drains, told.launcher)
            or (self.demand == 0) != (told.demand == 0)
            or self.demand >= 2 * told.demand > 0
            or self.scatters > told.scatters
        )


class Bell:
    """`seq` grows by one with each ring; a poll that has seen it waits for the next one.

    What is worth telling is judged by what each caller was told last: what one has heard, perhaps over a connection
    that is gone, another may not know.
    """

    def __init__(self):
        self.seq = 1
        self.rung_at = 0.0
        self.waiting = {}
        self.told = {}

    async def wait(self, comm, after, seconds):
        """Until `seq` has passed `after`, the time is over, or the caller is gone."""
        if self.seq > after or seconds <= 0:
            return
        rung = asyncio.get_running_loop().create_future()
        self.waiting[rung] = comm
        try:
            await asyncio.wait({rung}, timeout=seconds)
        finally:
            del self.waiting[rung]

    def tell(self, comm, numbers):
        """The caller is being answered."""
        self.told[comm] = numbers

    def look(self, now, numbers):
        """Rings if somebody waits to whom the numbers are worth it. Lets go of callers that have closed their connection."""
        for rung, comm in self.waiting.items():
            if comm.closed() and not rung.done():
                rung.set_result(None)
        for comm in [comm for comm in self.told if comm.closed()]:
            del self.told[comm]
        if now - self.rung_at >= RING_SECONDS and any(
            numbers.worth_telling(self.told.setdefault(comm, numbers)) for comm in self.waiting.values()
        ):
            self.ring()

    def ring(self):
        self.rung_at = time.monotonic()
        self.seq += 1
        for rung in self.waiting:
            if not rung.done():
                rung.set_result(None)
