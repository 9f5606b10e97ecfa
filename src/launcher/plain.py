"""Plain callables."""

from __future__ import annotations

import asyncio

from .cluster_class import ClusterFactory
from .executor import cpu_limit, no_dask
from .faults import Fault
from .job import finish_value
from .outcome import flow_error, succeeded
from .parameters import bind
from .pickling import travels_by_value
from .tracebacks import headline


def check_plain(job):
    bind(job.flow, job.parameters)


def run_plain(job):
    positional, keyword = bind(job.flow, job.parameters)
    with PlainExecutor(job):
        try:
            value = finish_value(job.flow(*positional, **keyword))
        except (Exception, SystemExit) as error:
            return flow_error(error)
    return succeeded(value)


class PlainExecutor:
    """The executor of code that knows nothing of one: dask's configuration, or a default Client."""

    def __init__(self, job):
        self.job = job
        self.open = []

    def __enter__(self):
        executor = self.job.executor
        if executor is None or self.job.cluster is not None:
            return self
        try:
            import dask
        except ImportError as error:
            if executor.type == "LocalExecutor":
                return self
            raise no_dask(executor, error) from error
        if executor.type == "LocalExecutor":
            self.open.append(dask.config.set(scheduler="synchronous"))
        elif executor.type == "LocalDaskExecutor":
            # Dask would give six tasks at a time to one process, Prefect 1 gives one: neither shall the others wait.
            settings = dict({"num_workers": cpu_limit(), "chunksize": 1}, **executor.kwargs)
            self.open.append(dask.config.set(dict(settings, scheduler=executor.scheduler)))
        else:
            self.connect(executor)
        return self

    def connect(self, executor):
        try:
            from distributed import Client
        except ImportError as error:
            raise no_dask(executor, error) from error
        travels_by_value(self.job.module)
        target = executor.address
        if not target:
            target = ClusterFactory(executor)()
            self.open.append(target)
            if executor.adapt_kwargs:
                target.adapt(**executor.adapt_kwargs)
        try:
            self.open.append(Client(target, **dict({"timeout": self.job.run.start_seconds}, **executor.client_kwargs)))
        except (OSError, asyncio.TimeoutError) as error:
            raise Fault("SchedulerUnreachable", "the scheduler at %s: %s" % (target, headline(error))) from error

    def __exit__(self, *details):
        for item in reversed(self.open):
            if hasattr(item, "close"):
                item.close()
            else:
                item.__exit__(*details)
