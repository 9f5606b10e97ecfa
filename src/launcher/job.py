"""What all kinds of flows have in common."""

from __future__ import annotations

import asyncio
import inspect


class Job:
    """All that a kind of flow needs to run: the run, its object, cluster and the tally of task runs."""

    def __init__(self, run, entry, module, flow, cluster, tally):
        self.run = run
        self.entry = entry
        self.module = module
        self.flow = flow
        self.executor = run.executor
        self.parameters = run.parameters
        self.cluster = cluster
        self.tally = tally


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
