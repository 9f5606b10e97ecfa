"""Prefect 2 and 3 flows."""

from __future__ import annotations

import contextlib

from .dask_client import connected
from .cgroup import cpu_limit
from .faults import SpecFault
from .job import finish_value
from .outcome import flow_error, succeeded, with_failures
from .parameters import check_signature
from .task_runners import inline_runner, tagged_runner
from .versions import generation
from .words import cut

# What a flow has that was given no task runner, in the generations 2 and 3.
DEFAULTS = ("ConcurrentTaskRunner", "ThreadPoolTaskRunner")


def check_prefect3(job):
    """Names against the signature, then types by Prefect's own validation."""
    check_signature(job.flow.fn, job.parameters, "flow")
    if getattr(job.flow, "should_validate_parameters", False):
        from prefect.exceptions import ParameterTypeError

        try:
            job.flow.validate_parameters(dict(job.parameters))
        except ParameterTypeError as error:
            raise SpecFault("BadParameter", "the flow's parameters do not fit: %s" % cut(str(error), 800)) from error


def run_prefect3(job):
    with contextlib.ExitStack() as stack:
        runner = prefect3_runner(job, stack)
        flow = job.flow
        if runner is not None:
            own = getattr(flow, "task_runner", None)
            if own is not None and type(own).__name__ not in DEFAULTS:
                job.replaces(own)
            flow = flow.with_options(task_runner=runner)
        try:
            value = result_of(finish_value(flow(**job.parameters)))
        except (Exception, SystemExit) as error:
            return with_failures(flow_error(error, job.tally.summary()), job.tally.failures())
        return succeeded(value, job.tally.summary())


def result_of(value):
    """A flow may return a State, or the future of a task that Prefect then turned into one."""
    if type(value).__module__.split(".")[0] != "prefect" or not callable(getattr(value, "result", None)):
        return value
    return value.result()


def prefect3_runner(job, stack):
    """The task runner for the FlowRun's executor, None where it has none. What it needs stays open as long as the stack."""
    executor = job.executor
    if executor is None:
        own = type(getattr(job.flow, "task_runner", None)).__name__
        job.tally.lost = own not in (*DEFAULTS, "SequentialTaskRunner")
        return None
    if executor.type == "LocalExecutor":
        return inline_runner()
    if executor.type == "LocalDaskExecutor":
        return prefect3_pool(job, executor)
    try:
        from prefect_dask import DaskTaskRunner
    except ImportError as error:
        raise SpecFault(
            "PrefectDaskMissing",
            "DaskExecutor with a Prefect %d flow needs the package prefect-dask, and the image has none (%s): add `prefect-dask` to it"
            % (generation(), error),
        ) from error
    connection = stack.enter_context(connected(job))
    client_kwargs = dict(executor.client_kwargs)
    if getattr(connection.cluster, "security", None) is not None:
        client_kwargs.setdefault("security", connection.cluster.security)
    return tagged_runner(DaskTaskRunner)(address=connection.address, client_kwargs=client_kwargs)


def prefect3_pool(job, executor):
    """LocalDaskExecutor's words: `num_workers` threads or processes; whatever else is for Dask collections in the flow."""
    from prefect import task_runners

    workers = int(executor.kwargs.get("num_workers") or cpu_limit())
    try:
        import dask

        dask.config.set(dict(executor.kwargs, scheduler=executor.scheduler, num_workers=workers))
    except ImportError:
        pass  # then the flow has no Dask collections either
    if executor.scheduler == "synchronous":
        return inline_runner()
    if generation() == 2:
        return task_runners.ConcurrentTaskRunner()
    if executor.scheduler == "threads":
        return task_runners.ThreadPoolTaskRunner(max_workers=workers)
    if not hasattr(task_runners, "ProcessPoolTaskRunner"):
        raise SpecFault("UnknownScheduler", "this Prefect has no ProcessPoolTaskRunner: use scheduler `threads`, or Prefect 3.4.25 or later")
    job.tally.lost = True  # the ends of task runs stay in the pool's processes
    return task_runners.ProcessPoolTaskRunner(max_workers=workers)
