"""Prefect 3 flows under each executor. How to run: see conftest.py."""

import os

import prefect
import pytest

assert prefect.__version__.startswith("3."), "these tests are for the prefect3 environment"

SUMS = """
import os, threading
from prefect import flow, get_run_logger, task

LAUNCHER = os.getpid()

@task
def inc(x):
    print("inc", x)
    get_run_logger().info("increasing %s", x)
    if x == 77:
        raise ValueError("seventy-seven")
    return x + 1, os.getpid() == LAUNCHER, threading.get_ident()

@flow
def sums(xs: list[int]):
    here = threading.get_ident()
    done = [future.result() for future in [inc.submit(x) for x in xs]]
    return [sum(d[0] for d in done), all(d[1] for d in done), all(d[2] == here for d in done)]

@flow
async def asynchronous(x: int = 1):
    return inc.submit(x).result()[0]
"""


@pytest.mark.parametrize(
    "executor, value",
    [
        (None, [11, True, False]),
        ({"type": "LocalExecutor"}, [11, True, True]),
        ({"type": "LocalDaskExecutor", "kwargs": {"num_workers": 2}}, [11, True, False]),
    ],
)
def test_a_flow_runs_in_its_own_pod(bench, executor, value):
    bench.write(flow=SUMS)
    ended = bench.run("flow.py:sums", {"xs": [4, 5]}, executor)
    assert (ended.code, ended.value) == (0, value), ended.output
    assert ended.tasks == {"succeeded": 2, "failed": 0, "failedNames": []}
    assert "increasing 4" in ended.output


def test_a_flow_runs_on_the_operators_cluster(bench, running_cluster):
    bench.write(flow=SUMS)
    executor = {"type": "DaskExecutor", "adaptKwargs": {"minimum": 1, "maximum": 3}}
    ended = bench.run("flow.py:sums", {"xs": [1, 2]}, executor, running_cluster.spec())
    assert (ended.code, ended.value) == (0, [5, False, False]), ended.output
    assert "[pod-0 inc] inc 1\n" in ended.output
    assert "increasing 2" in ended.output
    assert ended.tasks == {"succeeded": 2, "failed": 0, "failedNames": []}
    assert running_cluster.result() == [ended.result, True]


def test_failed_tasks_are_named_with_their_cause(cloud_bench, running_cluster):
    cloud_bench.write(flow=SUMS)
    ended = cloud_bench.run("flow.py:sums", {"xs": [1, 77]}, {"type": "DaskExecutor"}, running_cluster.spec())
    assert (ended.code, ended.reason) == (1, "FlowFailed"), ended.output
    lines = ended.message.split("\n")
    assert lines[0] == "ValueError: seventy-seven"
    assert lines[1].startswith("  flow.py:12 in inc")
    assert ended.tasks["succeeded"] == 1 and ended.tasks["failed"] == 1
    assert ended.tasks["failedNames"][0].startswith("inc")


def test_a_pydantic_model_becomes_its_fields(cloud_bench):
    cloud_bench.write(
        flow="""
        from prefect import flow
        from pydantic import BaseModel
        class Answer(BaseModel):
            city: str
            score: float
        @flow
        def main():
            return [Answer(city="Bern", score=float("inf"))]
        """
    )
    assert cloud_bench.run("flow.py:main").value == [{"city": "Bern", "score": "Infinity"}]


def test_an_async_flow_runs_in_the_caller_too(cloud_bench):
    cloud_bench.write(flow=SUMS)
    assert cloud_bench.run("flow.py:asynchronous", {"x": 2}, {"type": "LocalExecutor"}).value == 3


def test_resource_tags_reach_dask(cloud_bench, running_cluster):
    cloud_bench.write(
        flow="""
        import distributed
        from prefect import flow, task
        @task(tags=["Dask-Resource:GPU=1"])
        def needs_gpu():
            worker = distributed.get_worker()
            key = worker.get_current_task()
            return worker.state.tasks[key].resource_restrictions
        @flow
        def main():
            return needs_gpu.submit().result()
        """
    )
    ended = cloud_bench.run("flow.py:main", executor={"type": "DaskExecutor"}, cluster=running_cluster.spec())
    assert ended.value == {"GPU": 1.0}, ended.output


@pytest.mark.parametrize(
    "parameters, reason, words",
    [
        ({"xss": [1]}, "UnknownParameter", "did you mean 'xs'"),
        ({}, "MissingParameter", "'xs'"),
        ({"xs": "many"}, "BadParameter", "xs"),
    ],
)
def test_parameters_are_checked_before_anything_runs(cloud_bench, parameters, reason, words):
    cloud_bench.write(flow=SUMS)
    ended = cloud_bench.run("flow.py:sums", parameters)
    assert (ended.code, ended.reason) == (2, reason) and words in ended.message, ended.output


def test_sigterm_cancels_a_flow_on_the_cluster(bench, running_cluster):
    bench.write(
        flow="""
        import time
        from prefect import flow, task
        @task
        def slow():
            print("ready")
            time.sleep(20)
        @flow
        def main():
            slow.submit().result()
        """
    )
    ended = bench.stop(bench.start("flow.py:main", executor={"type": "DaskExecutor"}, cluster=running_cluster.spec()))
    assert (ended.code, ended.outcome) == (143, "Cancelled"), ended.output
    assert running_cluster.result()[0]["outcome"] == "Cancelled"


def test_a_flow_runs_in_processes(cloud_bench):
    cloud_bench.write(flow=SUMS)
    executor = {"type": "LocalDaskExecutor", "scheduler": "processes", "kwargs": {"num_workers": 1}}
    ended = cloud_bench.run("flow.py:sums", {"xs": [4, 5]}, executor)
    assert (ended.code, ended.value[:2]) == (0, [11, False]), ended.output


def test_a_task_runner_of_the_flow_itself_is_used_unless_the_flowrun_has_an_executor(cloud_bench):
    own = "@flow(task_runner=DaskTaskRunner(cluster_kwargs={'n_workers': 1, 'processes': False, 'dashboard_address': None}))"
    cloud_bench.write(flow="from prefect_dask import DaskTaskRunner\n" + SUMS.replace("@flow\ndef", own + "\ndef"))
    ended = cloud_bench.run("flow.py:sums", {"xs": [1]})
    assert (ended.code, ended.value[0], ended.conditions) == (0, 2, []), ended.output
    assert "Creating a new Dask cluster" in ended.output
    ended = cloud_bench.run("flow.py:sums", {"xs": [1]}, {"type": "LocalExecutor"})
    assert (ended.code, ended.value[0]) == (0, 2), ended.output
    assert "Creating a new Dask cluster" not in ended.output
    assert [item["reason"] for item in ended.conditions] == ["FlowExecutorReplaced"]
    assert "own DaskTaskRunner is not used" in ended.conditions[0]["message"]


def test_a_cluster_of_a_class_runs_tasks_and_tells_how_they_ended(cloud_bench):
    cloud_bench.write(flow=SUMS)
    executor = {
        "type": "DaskExecutor",
        "clusterClass": "distributed.LocalCluster",
        "clusterKwargs": {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": None},
        "clientKwargs": {"name": "mine"},
    }
    ended = cloud_bench.run("flow.py:sums", {"xs": [1, 77]}, executor)
    assert ended.code == 1, ended.output
    assert ended.message.split("\n")[0] == "ValueError: seventy-seven"
    assert ended.tasks["succeeded"] == 1 and ended.tasks["failed"] == 1
    assert "1 of 2 tasks failed\n  inc" in ended.message and "seventy-seven" in ended.message.split("tasks failed")[1]
    assert ended.output.count("\ninc 1\n") == 1, ended.output  # a child of this pod: its lines are here already


def test_retries_mapped_tasks_and_subflows_run_on_the_cluster(cloud_bench, running_cluster):
    cloud_bench.write(
        flow="""
        import os
        from prefect import flow, task, unmapped
        @task(retries=2)
        def flaky(x, folder):
            path = os.path.join(folder, "run-%d" % x)
            with open(path, "a") as file:
                file.write(".")
            if x == 1 and os.path.getsize(path) < 2:
                raise ValueError("once")
            return x + 1, os.getpid()
        @flow
        def inner(folder):
            return flaky.map([0, 1, 2], unmapped(folder)).result()
        @flow(retries=1)
        def main(folder):
            mark = os.path.join(folder, "flow")
            with open(mark, "a") as file:
                file.write(".")
            if os.path.getsize(mark) < 2:
                raise ValueError("once")
            future = flaky.submit(7, folder)
            found = inner(folder) + [future.result()]
            return [[x for x, _ in found], future.result()[1] != os.getpid()]
        """
    )
    ended = cloud_bench.run("flow.py:main", {"folder": cloud_bench.work}, {"type": "DaskExecutor"}, running_cluster.spec())
    assert (ended.code, ended.value) == (0, [[1, 2, 3, 8], True]), ended.output
    runs = [os.path.getsize(os.path.join(cloud_bench.work, "run-%d" % x)) for x in (0, 1, 2, 7)]
    assert runs == [1, 2, 1, 1]
    assert ended.tasks == {"succeeded": 4, "failed": 0, "failedNames": []}


@pytest.mark.parametrize(
    "body, value",
    [
        ("def main():\n    return one(1)", 1),
        ("def main():\n    return one(1, return_state=True)", 1),
        ("def main():\n    return one.submit(1)", 1),
        ("def main():\n    yield one(1)\n    yield one(2)", 2),
        ("async def main():\n    return one(3)", 3),
        ("async def main():\n    yield one(1)\n    yield one(4)", 4),
        ("def main():\n    return [one.submit(x).result() for x in (2**62, 1.0)]", [2**62, 1.0]),
        ("def main():\n    pass", None),
    ],
)
def test_every_kind_of_flow_has_the_value_that_it_means(cloud_bench, body, value):
    cloud_bench.write(flow="from prefect import flow, task\n@task\ndef one(x): return x\n@flow\n" + body)
    ended = cloud_bench.run("flow.py:main")
    assert (ended.code, ended.value) == (0, value), ended.output


def test_no_log_line_is_lost_when_a_flow_fails_at_once(cloud_bench):
    cloud_bench.write(
        flow="""
        from prefect import flow, get_run_logger
        @flow(log_prints=True)
        def main():
            for number in range(200):
                get_run_logger().info("line %d", number)
            print("last words")
            raise ValueError("at once")
        """
    )
    ended = cloud_bench.run("flow.py:main")
    assert ended.code == 1
    assert all("line %d\n" % number in ended.output for number in range(200)) and "last words" in ended.output
    assert "Finished in state Failed" in ended.output


def test_sigterm_interrupts_an_asynchronous_flow_and_its_cleanup_runs(cloud_bench):
    cloud_bench.write(
        flow="""
        import asyncio
        from prefect import flow
        @flow
        async def main():
            try:
                print("ready", flush=True)
                await asyncio.sleep(1000)
            finally:
                print("cleaned up", flush=True)
        """
    )
    ended = cloud_bench.stop(cloud_bench.start("flow.py:main"))
    assert (ended.code, ended.outcome) == (143, "Cancelled"), ended.output
    assert "cleaned up" in ended.output
