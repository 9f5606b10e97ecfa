"""What all kinds of flows have in common."""

from __future__ import annotations

import asyncio
import inspect

from .conditions import EXECUTOR
from .tally import TaskTally
from .version_check import VersionCheck


class Job:
    """All that a kind of flow needs to run. `entry`, `module`, `flow` and `worker_options` are known once it is loaded;
    `cluster` is the operator's, or None."""

    def __init__(self, run, cluster, conditions):
        self.run = run
        self.cluster = cluster
        self.conditions = conditions
        self.executor = run.executor
        self.parameters = run.parameters
        self.tally = TaskTally()
        self.versions = VersionCheck(conditions, bool(run.executor and run.executor.allows_version_mismatch))
        self.entry = self.module = self.flow = None
        self.worker_options = {"paths": [], "environ": {}, "warm": []}

    def replaces(self, own):
        """Says that the FlowRun's executor is used instead of the flow's own one."""
        message = "the flow's own %s is not used: spec.executor of the FlowRun replaces it" % type(own).__name__
        self.conditions.add(EXECUTOR, "FlowExecutorReplaced", message)


def finish_value(value):
    """The value of what a callable returned: coroutines are awaited, generators exhausted to their last value."""
    if inspect.isawaitable(value):
        return asyncio.run(awaited(value))
    if inspect.isasyncgen(value):
        return asyncio.run(last_of(value))
    if inspect.isgenerator(value):
        last = None
        for last in value:
            pass
        return last
    return value


async def awaited(value):
    return await value


async def last_of(values):
    last = None
    async for last in values:
        pass
    return last
