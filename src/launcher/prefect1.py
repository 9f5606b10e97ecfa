"""Prefect 1 flows."""

from __future__ import annotations

import contextlib

from .cluster_proxy import proxy_of
from .dask_client import connected
from .cgroup import cpu_limit
from .outcome import MAX_FAILED_NAMES, failed, failures, flow_error, succeeded, with_failures
from .parameters import check_names
from .tracebacks import headline
from .words import cut


def check_prefect1(job):
    known = sorted(job.flow.parameters(), key=lambda item: item.name)
    required = [item.name for item in known if item.required]
    check_names(job.parameters, [item.name for item in known], required, False, "flow")


def run_prefect1(job):
    import prefect

    with contextlib.ExitStack() as stack:
        executor = prefect1_executor(job, stack)
        options = {"executor": executor} if executor is not None else {}
        if executor is not None and job.flow.executor is not None:
            job.replaces(job.flow.executor)
        try:
            with prefect.context(loading_flow=False):
                state = job.flow.run(parameters=dict(job.parameters), run_on_schedule=False, **options)
        except (Exception, SystemExit) as error:
            return flow_error(error)
        return prefect1_outcome(job.flow, state)


def prefect1_executor(job, stack):
    """Upstream's executor for the FlowRun's, None where it has none. What it needs stays open as long as the stack."""
    from prefect import executors

    executor = job.executor
    if executor is None:
        return None
    if executor.type == "LocalExecutor":
        return executors.LocalExecutor()
    if executor.type == "LocalDaskExecutor":
        kwargs = dict({"num_workers": cpu_limit()}, **executor.kwargs)
        return executors.LocalDaskExecutor(scheduler=executor.scheduler, **kwargs)
    connection = stack.enter_context(connected(job))
    common = {"client_kwargs": executor.client_kwargs, "debug": executor.debug}
    if executor.address:
        return patient(executors.DaskExecutor)(address=executor.address, **common)
    make = proxy_of(connection.address, connection.cluster)
    return executors.DaskExecutor(cluster_class=make, adapt_kwargs=executor.adapt_kwargs, **common)


def patient(base):
    """Upstream means to wait for running tasks when it leaves an address, but with the default Client, which these
    futures are not of: so it waits for nobody. Here the executor's own Client is the default one meanwhile."""

    class DaskExecutor(base):
        def _post_start_yield(self):
            with self.client.as_current():
                super()._post_start_yield()

    return DaskExecutor


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
    causes = [(name, item) for name, item in bad if type(item).__name__ != "TriggerFailed"]
    if not bad:
        return failed("the flow ended as %s: %s" % (type(state).__name__, state.message), tasks)
    cause = (causes or bad)[0][1]
    outcome = flow_error(cause.result, tasks) if isinstance(cause.result, BaseException) else failed(str(cause.message), tasks)
    return with_failures(outcome, failures([(name, why_failed(item)) for name, item in causes or bad], len(runs), len(bad)))


def why_failed(state):
    return headline(state.result) if isinstance(state.result, Exception) else state.message


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
