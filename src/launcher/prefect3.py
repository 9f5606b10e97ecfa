"""Prefect 2 and 3 flows."""

from __future__ import annotations

from .cluster_class import ClusterFactory
from .executor import cpu_limit
from .faults import SpecFault
from .job import finish_value
from .outcome import flow_error, succeeded
from .parameters import check_signature
from .pickling import travels_by_value
from .task_runners import inline_runner, tagged_runner
from .versions import generation
from .words import cut, say


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
    runner, factory = prefect3_runner(job)
    flow = job.flow
    if runner is not None:
        own = getattr(flow, "task_runner", None)
        if own is not None and type(own).__name__ not in ("ThreadPoolTaskRunner", "ConcurrentTaskRunner", "DaskTaskRunner"):
            say("the flow's own %s is not used: the FlowRun has an executor" % type(own).__name__)
        flow = flow.with_options(task_runner=runner)
    try:
        value = finish_value(flow(**job.parameters))
    except (Exception, SystemExit) as error:
        if factory is not None and factory.fault is not None:
            raise factory.fault from error
        return flow_error(error, job.tally.summary())
    return succeeded(value, job.tally.summary())


def prefect3_runner(job):
    """(task runner or None, the cluster factory if a class of the FlowRun makes the cluster)"""
    executor = job.executor
    if executor is None:
        own = type(getattr(job.flow, "task_runner", None)).__name__
        job.tally.lost = own not in ("ThreadPoolTaskRunner", "ConcurrentTaskRunner", "SequentialTaskRunner")
        return None, None
    if executor.type == "LocalExecutor":
        return inline_runner(), None
    if executor.type == "LocalDaskExecutor":
        return prefect3_pool(job, executor), None
    try:
        from prefect_dask import DaskTaskRunner
    except ImportError as error:
        raise SpecFault(
            "PrefectDaskMissing",
            "DaskExecutor with a Prefect %d flow needs the package prefect-dask, and the image has none (%s): add `prefect-dask` to it"
            % (generation(), error),
        ) from error
    runner = tagged_runner(DaskTaskRunner)
    client_kwargs = dict(executor.client_kwargs)
    if job.cluster is not None:
        return runner(address=job.cluster.address, client_kwargs=client_kwargs), None
    job.tally.lost = True  # nothing of ours on those workers tells of ends
    travels_by_value(job.module)
    if executor.address:
        return runner(address=executor.address, client_kwargs=client_kwargs), None
    factory = ClusterFactory(executor)
    return runner(cluster_class=factory, adapt_kwargs=executor.adapt_kwargs, client_kwargs=client_kwargs), factory


def prefect3_pool(job, executor):
    import dask
    from prefect import task_runners

    workers = int(executor.kwargs.get("num_workers") or cpu_limit())
    others = {key: value for key, value in executor.kwargs.items() if key != "num_workers"}
    dask.config.set(dict(others, scheduler=executor.scheduler, num_workers=workers))  # for dask collections in the flow
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
