"""Prefect 1 flows under each executor. How to run: see conftest.py."""

import prefect
import pytest

assert prefect.__version__.startswith("1."), "these tests are for the prefect1 environment"

SUMS = """
import os
import prefect
from prefect import Flow, Parameter, task

LAUNCHER = os.getpid()

@task
def inc(x):
    print("inc", x)
    if x == 77:
        raise ValueError("seventy-seven")
    return x + 1

@task
def total(xs):
    prefect.context.logger.info("adding %s", xs)
    return sum(xs), os.getpid() == LAUNCHER, prefect.context.get("loading_flow")

with Flow("sums") as flow:
    xs = Parameter("xs", default=[1, 2, 3])
    total(inc.map(xs))

flow.run()
"""


@pytest.mark.parametrize("executor", [None, {"type": "LocalExecutor"}, {"type": "LocalDaskExecutor"}])
def test_a_flow_runs_in_its_own_pod(bench, executor):
    bench.write(flow=SUMS)
    ended = bench.run("flow.py:flow", {"xs": [4, 5]}, executor)
    assert (ended.code, ended.value) == (0, [11, True, False]), ended.output
    assert ended.tasks == {"succeeded": 4, "failed": 0, "failedNames": []}
    assert ended.versions["prefect"] == prefect.__version__
    assert ended.output.count("Beginning Flow run") == 1  # the module's own flow.run() did nothing


def test_a_flow_runs_in_processes(bench):
    bench.write(flow=SUMS)
    executor = {"type": "LocalDaskExecutor", "scheduler": "processes", "kwargs": {"num_workers": 1}}
    ended = bench.run("flow.py:sums", {"xs": [4, 5]}, executor)
    assert (ended.code, ended.value[:1]) == (0, [11]), ended.output
    assert ended.output.count("Beginning Flow run") == 1


def test_a_flow_runs_on_the_operators_cluster(bench, running_cluster):
    bench.write(flow=SUMS)
    executor = {"type": "DaskExecutor", "adaptKwargs": {"minimum": 1, "maximum": 3}, "clientKwargs": {"set_as_default": False}}
    ended = bench.run("flow.py:sums", {"xs": [1, 2]}, executor, running_cluster.spec())
    assert (ended.code, ended.value[0]) == (0, 5), ended.output
    assert "[pod-0 inc] inc 1\n" in ended.output
    assert "adding [2, 3]" in ended.output
    assert running_cluster.result() == [ended.result, True]


def test_failed_tasks_are_named_with_their_cause(bench, running_cluster):
    bench.write(flow=SUMS)
    ended = bench.run("flow.py:flow", {"xs": [1, 77]}, {"type": "DaskExecutor"}, running_cluster.spec())
    assert (ended.code, ended.reason) == (1, "FlowFailed"), ended.output
    lines = ended.message.split("\n")
    assert lines[0] == "ValueError: seventy-seven"
    assert lines[1].startswith("  flow.py:12 in inc")
    assert ended.tasks["failed"] == 2 and ended.tasks["failedNames"] == ["inc[1]", "total"]


def test_resource_tags_reach_dask(bench, running_cluster):
    bench.write(
        flow="""
        from prefect import Flow, task
        @task(tags=["dask-resource:GPU=1"])
        def needs_gpu():
            return 1
        with Flow("gpu") as flow:
            needs_gpu()
        """
    )
    assert bench.run("flow.py:flow", executor={"type": "DaskExecutor"}, cluster=running_cluster.spec()).value == 1


def test_an_address_is_used_without_a_cluster_of_the_operators(bench, running_cluster):
    bench.write(flow=SUMS)
    executor = {"type": "DaskExecutor", "address": running_cluster.address}
    ended = bench.run("flow.py:flow", {"xs": [1]}, executor)
    assert (ended.code, ended.value[0]) == (0, 2), ended.output
    assert "existing Dask cluster" in ended.output


def test_a_dotted_cluster_class_is_upstreams(bench):
    bench.write(flow=SUMS)
    executor = {
        "type": "DaskExecutor",
        "clusterClass": "distributed.LocalCluster",
        "clusterKwargs": {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": None},
    }
    ended = bench.run("flow.py:flow", {"xs": [1, 2]}, executor)
    assert (ended.code, ended.value[0]) == (0, 5), ended.output


@pytest.mark.parametrize(
    "parameters, reason, words",
    [({"xss": [1]}, "UnknownParameter", "did you mean 'xs'"), ({"xs": [1], "x": 1, "y": 2}, "UnknownParameter", "'x', 'y'")],
)
def test_parameters_are_checked_before_anything_runs(bench, parameters, reason, words):
    bench.write(flow=SUMS)
    ended = bench.run("flow.py:flow", parameters)
    assert (ended.code, ended.reason) == (2, reason) and words in ended.message, ended.output


def test_a_scheduled_flow_runs_once(bench):
    bench.write(flow=SUMS.replace('Flow("sums")', 'Flow("sums", schedule=prefect.schedules.IntervalSchedule(interval=__import__("datetime").timedelta(days=1)))'))
    assert bench.run("flow.py:flow").code == 0


def test_sigterm_cancels_a_flow_on_the_cluster(bench, running_cluster):
    bench.write(
        flow="""
        import time
        from prefect import Flow, task
        @task
        def slow():
            print("ready")
            time.sleep(20)
        with Flow("slow") as flow:
            slow()
        """
    )
    ended = bench.stop(bench.start("flow.py:flow", executor={"type": "DaskExecutor"}, cluster=running_cluster.spec()))
    assert (ended.code, ended.outcome) == (143, "Cancelled"), ended.output
    assert running_cluster.result()[0]["outcome"] == "Cancelled"
