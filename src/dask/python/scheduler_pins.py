"""Workers that must not leave."""

from __future__ import annotations

import logging
import time

from distributed import Status
from distributed.diagnostics.plugin import SchedulerPlugin

from .scheduler_tally import UNFINISHED

logger = logging.getLogger("distributed.flowrun")

STAYING = (Status.running, Status.paused)


def vetoed(scheduler):
    """Addresses of workers that a scheduler plugin keeps, such as those in a P2P shuffle."""
    if not hasattr(SchedulerPlugin, "valid_workers_downscaling"):
        return shuffling(scheduler)
    workers = list(scheduler.workers.values())
    valid = workers
    for plugin in list(scheduler.plugins.values()):
        try:
            valid = plugin.valid_workers_downscaling(scheduler, valid)
        except Exception:
            logger.exception("A scheduler plugin cannot tell which workers it needs")
    return {ws.address for ws in workers}.difference(ws.address for ws in valid)


def shuffling(scheduler):
    """What the veto of newer releases gives, from the state of the shuffle extension of those that have none: the
    loss of a participant fails the whole shuffle there, also after its data has been received."""
    shuffle = scheduler.extensions.get("shuffle")
    states = getattr(shuffle, "states", None) or getattr(shuffle, "active_shuffles", None) or {}
    return {address for state in list(states.values()) for address in getattr(state, "participating_workers", ())}


class Pins:
    """Unfinished tasks bound to workers or hosts, those included that wait for others and are on no worker yet.

    They are found by one pass over all tasks, made only when a worker is about to leave. What it found is believed
    for a while, so that one that must not leave is known as such in the samples too.
    """

    BELIEVED_SECONDS = 30.0

    def __init__(self, scheduler):
        self.scheduler = scheduler
        self.kinds = set()
        self.at = float("-inf")
        self.cost = 0.0

    def refresh(self, seconds):
        """Passes over the tasks if the last pass is older, and took less than a twentieth of the time since."""
        start = time.monotonic()
        if start - self.at < max(seconds, 20 * self.cost):
            return
        self.kinds = {
            (frozenset(ts.worker_restrictions or ()), frozenset(ts.host_restrictions or ()))
            for ts in self.scheduler.tasks.values()
            if (ts.worker_restrictions or ts.host_restrictions) and not ts.loose_restrictions and ts.state in UNFINISHED
        }
        self.at = time.monotonic()
        self.cost = self.at - start

    def binds(self, ws):
        """Whether there are tasks that no other worker may run, as of the last pass."""
        return any(self.only(kind, ws) for kind in self.kinds)

    def bound(self):
        """Addresses of all such workers; none when the last pass is too old."""
        if not self.kinds or time.monotonic() - self.at > self.BELIEVED_SECONDS:
            return set()
        found = set()
        for kind in self.kinds:
            staying = self.staying(kind)
            if len(staying) == 1:
                found.add(staying[0].address)
        return found

    def only(self, kind, ws):
        return self.allows(kind, ws) and not any(other is not ws for other in self.staying(kind))

    def allows(self, kind, ws):
        addresses, hosts = kind
        return ws.address in addresses or any(self.scheduler.coerce_hostname(host) == ws.host for host in hosts)

    def staying(self, kind):
        """The workers of a kind of restriction that are not leaving."""
        addresses, hosts = kind
        found = {self.scheduler.workers.get(address) for address in addresses}
        for host in hosts:
            known = self.scheduler.host_info.get(self.scheduler.coerce_hostname(host), {})
            found.update(self.scheduler.workers.get(address) for address in known.get("addresses", ()))
        return [ws for ws in found if ws is not None and ws.status in STAYING]
