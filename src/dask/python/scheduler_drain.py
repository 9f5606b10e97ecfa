"""The way of one worker out of the cluster."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time

from distributed import Status

from .scheduler_bounds import text
from .scheduler_copies import Copies
from .scheduler_moves import Moves
from .scheduler_pins import STAYING

logger = logging.getLogger("distributed.flowrun")

LOOK_SECONDS = 0.05
MAX_LOOK_SECONDS = 0.5
# Results that a pause between two looks is made longer for, as distributed does it.
RESULTS_PER_SECOND = 400
PINS_SECONDS = 1.0


class NotNow(Exception):
    """The worker must stay after all; the text says why."""


class Drain:
    """Lets one worker go without losing a result and without running a task twice, or gives it back to the scheduler.

    The worker is told to start nothing more. Its unstarted tasks are moved to others ("moving"), what runs is waited
    for ("executing"), its results are copied to others ("retiring") from the beginning on. When nothing is left on it
    it is removed and told to close ("retired"). Each look starts from what there is, so whatever comes in between is
    dealt with. When that cannot be, it goes on as an ordinary worker ("failed"; `cause` says why).
    """

    def __init__(self, drains, ws):
        self.drains = drains
        self.scheduler = drains.scheduler
        self.ws = ws
        self.before = ws.status
        self.state = "moving"
        self.cause = ""
        self.since = time.monotonic()
        self.given_back = False
        self.scatters = set(drains.scatters)
        self.moves = Moves(self.scheduler, ws)
        self.copies = Copies(drains.memory, ws)
        self.hold()
        self.departing = None
        self.task = asyncio.ensure_future(self.run())

    @property
    def over(self):
        return self.state in ("retired", "failed")

    @property
    def present(self):
        return self.scheduler.workers.get(self.ws.address) is self.ws

    @property
    def coming_back(self):
        """Given back, and the worker has not confirmed it yet."""
        return self.given_back and self.present and self.ws.status == Status.closing_gracefully

    def stop(self):
        """It is not wanted any more. Once the worker has been removed, that is too late and nothing happens."""
        if self.over or not self.present:
            return
        self.cancel()
        self.give_back()

    def cancel(self):
        self.task.cancel()
        if self.departing is not None:
            self.departing.cancel()

    async def run(self):
        try:
            while self.present:
                pause = self.look()
                if pause is None:
                    pause = await self.try_to_depart()
                await asyncio.sleep(pause)
        except NotNow as reason:
            self.fail(str(reason))
        except Exception as error:
            logger.exception("Cannot retire worker %s", self.ws.address)
            if self.present:
                self.fail(repr(error))
        if not self.over:
            self.drains.lost(self)

    def look(self):
        """One step on. Returns the seconds until the next look, None when nothing is left on the worker.
        Raises NotNow."""
        self.check()
        self.hold()
        unstarted, stuck = self.moves.ask()
        if stuck is not None and not self.drains.somebody_comes_back(self):
            raise NotNow("no other worker may run %.100s" % (stuck.key,))
        unsafe = not self.copies.safe()
        # That nobody could take them is known from a while ago: somebody may have come since.
        refused = unsafe and self.copies.go_on() and not self.scheduler.running
        if refused and not self.drains.somebody_comes_back(self) and not self.somebody_pauses():
            raise NotNow("no other worker can take its results")
        if unstarted or self.moves.incoming():
            self.enter("moving")
        elif self.ws.processing or self.scatters & self.drains.scatters:
            self.enter("executing")
        else:
            self.enter("retiring")
            if not unsafe:
                return None
        return max(LOOK_SECONDS, min(MAX_LOOK_SECONDS, len(self.ws.has_what) / RESULTS_PER_SECOND))

    def check(self, pins_seconds=PINS_SECONDS):
        """Raises NotNow when the worker must not leave."""
        if self.seconds_left() <= 0:
            raise NotNow("still %s after %g seconds" % (self.state, self.drains.seconds))
        if self.ws.actors:
            raise NotNow("it holds an actor")
        if self.ws.address in self.drains.vetoed():
            raise NotNow("a scheduler plugin needs it (P2P shuffle)")
        self.drains.pins.refresh(pins_seconds)
        if self.drains.pins.binds(self.ws):
            raise NotNow("unfinished tasks are bound to it")

    def somebody_pauses(self):
        """One that is paused takes results when it has memory again. Whoever needs this worker meanwhile names it no more."""
        return any(ws.status == Status.paused for ws in self.scheduler.workers.values() if ws is not self.ws)

    def seconds_left(self):
        return self.since + self.drains.seconds - time.monotonic()

    async def try_to_depart(self):
        """Waits for the lock until the time is over, but for the removal itself until it is done."""
        self.departing = asyncio.ensure_future(self.depart())
        await asyncio.wait({self.departing}, timeout=max(LOOK_SECONDS, self.seconds_left()))
        if self.present and not self.departing.done():
            self.departing.cancel()
            raise NotNow("rebalance or replicate took too long")
        await self.departing
        return LOOK_SECONDS

    async def depart(self):
        """Removes the worker if there is still nothing on it; rebalance and replicate are kept out meanwhile.
        Between the look and the removal nothing else runs."""
        async with exclusive(self.scheduler):
            if not self.present or self.look() is not None:
                return
            self.check(pins_seconds=0)
            self.copies.stop()
            logger.info("Worker %s is retired", self.ws.address)
            try:
                await self.scheduler.remove_worker(
                    self.ws.address, close=True, stimulus_id=stimulus("retire"), **expected(self.scheduler)
                )
            finally:
                if not self.present:
                    self.enter("retired")

    def hold(self):
        """The worker starts nothing more and is given nothing more."""
        if self.ws.status in STAYING or self.ws.status == Status.init:
            self.before = Status.running if self.ws.status == Status.init else self.ws.status
            stimulus_id = stimulus("drain")
            self.scheduler.handle_worker_status_change(Status.closing_gracefully, self.ws, stimulus_id)
            self.tell(Status.closing_gracefully, stimulus_id)

    def give_back(self):
        """The worker works on; the scheduler counts on it again as soon as it says so."""
        self.copies.stop()
        if self.present and self.ws.status == Status.closing_gracefully:
            self.given_back = True
            self.tell(self.before, stimulus("give-back"))

    def tell(self, status, stimulus_id):
        message = {"op": "worker-status-change", "status": status.name, "stimulus_id": stimulus_id}
        self.scheduler.stream_comms[self.ws.address].send(message)

    def fail(self, cause):
        logger.warning("Worker %s stays: %s", self.ws.address, cause)
        self.give_back()
        self.cause = text(cause)
        self.enter("failed")

    def enter(self, state):
        if self.state != state:
            self.state = state
            self.drains.changes += 1


def stimulus(what):
    return "flowrun-%s-%s" % (what, time.time())


def exclusive(scheduler):
    """The lock under which results are moved; which of the two it is depends on the release."""
    lock = getattr(scheduler, "_replica_lock", None)
    return scheduler._lock if lock is None else lock("retire-workers")


def expected(scheduler):
    """What says that the worker's tasks are not to blame; until 2024.6 it was called `safe`."""
    parameters = inspect.signature(scheduler.remove_worker).parameters
    return {"expected" if "expected" in parameters else "safe": True}
