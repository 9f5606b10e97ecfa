"""Copying results off workers that are leaving."""

from __future__ import annotations

import asyncio

from distributed.active_memory_manager import ActiveMemoryManagerExtension, RetireWorker

from .scheduler_pins import STAYING

INTERVAL_SECONDS = 2.0


class MemoryManager:
    """The scheduler's own memory manager; while it is switched off, one for the leaving workers alone."""

    def __init__(self, scheduler):
        self.scheduler = scheduler
        self.own = None
        self.kicked = None

    def add(self, policy):
        """Adds the policy and runs soon, once for all that come in the same turn of the loop."""
        manager = self.current()
        manager.add_policy(policy)
        if self.kicked is None:
            self.kicked = asyncio.get_running_loop().call_soon(self.run)

    def current(self):
        registered = self.scheduler.extensions.get("amm")
        if registered is not None and registered.running:
            return registered
        if self.own is None:
            self.own = ActiveMemoryManagerExtension(
                self.scheduler, policies=set(), register=False, start=True, interval=INTERVAL_SECONDS
            )
        return self.own

    def run(self):
        self.kicked = None
        self.current().run_once()

    def release(self):
        """Nobody is leaving any more."""
        if self.own is not None:
            self.own.stop()
            self.own = None


class Copies:
    """Copies the results that one leaving worker holds to workers that stay."""

    def __init__(self, manager, ws):
        self.manager = manager
        self.ws = ws
        self.policy = None

    def safe(self):
        """Whether a worker that stays has each result too."""
        return all(
            ts.actor or any(holder.status in STAYING for holder in ts.who_has or () if holder is not self.ws)
            for ts in self.ws.has_what
        )

    def go_on(self):
        """Has them copied. Returns whether nobody could take one, as far as is known; asked again, it tries again."""
        policy = self.policy
        if policy is None or policy not in policy.manager.policies:
            refused = policy is not None and policy.no_recipients
            self.policy = RetireWorker(self.ws.address)
            self.manager.add(self.policy)
            return refused
        return False

    def stop(self):
        if self.policy is not None:
            self.policy.manager.policies.discard(self.policy)
