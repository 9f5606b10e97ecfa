"""Prefect 1 flows."""

from __future__ import annotations

from .cluster_class import ClusterFactory
from .cluster_proxy import proxy_of
from .executor import cpu_limit
from .outcome import MAX_FAILED_NAMES, failed, flow_error, succeeded
from .parameters import check_names
from .pickling import travels_by_value
from .words import cut, say


def check_prefect1(job):
    known = sorted(job.flow.parameters(), key=lambda item: item.name)
    required = [item.name for item in known if item.required]
    check_names(job.parameters, [item.name for item in known], required, False, "flow")


def run_prefect1(job):
    import prefect

    executor, factory = prefect1_executor(job)
    if executor is not None and job.flow.executor is not None:
        say("the flow's own %s is not used: the FlowRun has an executor" % type(job.flow.executor).__name__)
    options = {"executor": executor} if executor is not None else {}
    try:
        with prefect.context(loading_flow=False):
            state = job.flow.run(parameters=dict(job.parameters), run_on_schedule=False, **options)
    except (Exception, SystemExit) as error:
        return flow_error(error)
    if factory is not None and factory.fault is not None:
        raise factory.fault
    return prefect1_outcome(job.flow, state)


def prefect1_executor(job):
    """(executor or None, the cluster factory if a class of the FlowRun makes the cluster)"""
    from prefect import executors

    executor = job.executor
    if executor is None:
        return None, None
    if executor.type == "LocalExecutor":
        return executors.LocalExecutor(), None
    if executor.type == "LocalDaskExecutor":
        kwargs = dict({"num_workers": cpu_limit()}, **executor.kwargs)
        return executors.LocalDaskExecutor(scheduler=executor.scheduler, **kwargs), None
    common = {"client_kwargs": executor.client_kwargs, "debug": executor.debug}
    if job.cluster is not None:
        return executors.DaskExecutor(cluster_class=proxy_of(job.cluster.address), adapt_kwargs=executor.adapt_kwargs, **common), None
    travels_by_value(job.module)
    if executor.address:
        return executors.DaskExecutor(address=executor.address, **common), None
    factory = ClusterFactory(executor)
    return executors.DaskExecutor(cluster_class=factory, adapt_kwargs=executor.adapt_kwargs, **common), factory


def prefect1_outcome(flow, state):
    """A Prefect 1 run returns a state in every case. `Cancelled` and `Paused` are neither successful nor failed."""
    if state is None:
        return failed("the flow did not run: it was still being loaded")
    if isinstance(state.result, BaseException):
        return flow_error(state.result)
    states = state.result if isinstance(state.result, dict) else {}
    runs = [item for task, value in states.items() for item in prefect1_runs(task.name, value)]
    bad = [(name, item) for name, item in runs if item.is_failed()]
    tasks = {
        "succeeded": sum(1 for _, item in runs if item.is_successful()),
        "failed": len(bad),
        "failedNames": [cut(name, 200) for name, _ in bad[:MAX_FAILED_NAMES]],
    }
    if state.is_successful():
        return succeeded(prefect1_value(flow, states), tasks, str(state.message or ""))
    # A task whose upstream failed fails too (TriggerFailed): the cause is one that failed by itself.
    causes = [(name, item) for name, item in bad if type(item).__name__ != "TriggerFailed"] or bad
    summary = "%d of %d tasks failed: %s" % (len(bad), len(runs), ", ".join(name for name, _ in bad[:MAX_FAILED_NAMES]))
    if not causes:
        return failed("the flow ended as %s: %s" % (type(state).__name__, state.message), tasks)
    name, item = causes[0]
    if isinstance(item.result, BaseException):
        outcome = flow_error(item.result, tasks)
        return outcome._replace(message="%s\ntask %r failed; %s" % (outcome.message, name, summary))
    return failed("task %r failed: %s\n%s" % (name, item.message, summary), tasks)


def prefect1_runs(name, state):
    """The state of a task, or those of its children if it was mapped."""
    if not getattr(state, "map_states", None):
        return [(name, state)]
    return [("%s[%d]" % (name, index), child) for index, child in enumerate(state.map_states) if child is not None]


def prefect1_value(flow, states):
    """What the last tasks returned: the one's result, or a mapping from task name to result."""
    ends = [task for task in flow.terminal_tasks() if task in states]
    results = {task.name: states[task].result for task in ends}
    return next(iter(results.values())) if len(ends) == 1 else (results or None)
