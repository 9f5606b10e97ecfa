"""Plain callables."""

from __future__ import annotations

import contextlib

from .dask_client import close_quietly, connected, open_client
from .cgroup import cpu_limit
from .executor import no_dask
from .job import finish_value
from .outcome import flow_error, succeeded
from .parameters import bind


def check_plain(job):
    bind(job.flow, job.parameters)


def run_plain(job):
    positional, keyword = bind(job.flow, job.parameters)
    with contextlib.ExitStack() as stack:
        configure(job, stack)
        try:
            value = finish_value(job.flow(*positional, **keyword))
        except (Exception, SystemExit) as error:
            return flow_error(error)
    return succeeded(value)


def configure(job, stack):
    """The executor of code that knows nothing of one: dask's configuration, or a default Client."""
    executor = job.executor
    if executor is None:
        return
    try:
        import dask
    except ImportError as error:
        if executor.type == "LocalExecutor":
            return
        raise no_dask(executor, error) from error
    if executor.type == "LocalExecutor":
        stack.enter_context(dask.config.set(scheduler="synchronous"))
    elif executor.type == "LocalDaskExecutor":
        # Dask would give six tasks at a time to one process, Prefect 1 gives one: neither shall the others wait.
        settings = dict({"num_workers": cpu_limit(), "chunksize": 1}, **executor.kwargs)
        stack.enter_context(dask.config.set(dict(settings, scheduler=executor.scheduler)))
    else:
        connection = stack.enter_context(connected(job))
        if executor.client_kwargs:  # the flow's own, which is the default one unless `set_as_default` says no
            stack.callback(close_quietly, open_client(connection.cluster or connection.address, executor.client_kwargs))
