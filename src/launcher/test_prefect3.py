"""Prefect 3 flows under each executor. How to run: see conftest.py."""

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


def test_failed_tasks_are_named_with_their_cause(bench, running_cluster):
    bench.write(flow=SUMS)
    ended = bench.run("flow.py:sums", {"xs": [1, 77]}, {"type": "DaskExecutor"}, running_cluster.spec())
    assert (ended.code, ended.reason) == (1, "FlowFailed"), ended.output
    lines = ended.message.split("\n")
    assert lines[0] == "ValueError: seventy-seven"
    assert lines[1].startswith("  flow.py:12 in inc")
    assert ended.tasks["succeeded"] == 1 and ended.tasks["failed"] == 1
    assert ended.tasks["failedNames"][0].startswith("inc")


def test_a_pydantic_model_becomes_its_fields(bench):
    bench.write(
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
    assert bench.run("flow.py:main").value == [{"city": "Bern", "score": "Infinity"}]


def test_an_async_flow_runs_in_the_caller_too(bench):
    bench.write(flow=SUMS)
    assert bench.run("flow.py:asynchronous", {"x": 2}, {"type": "LocalExecutor"}).value == 3


def test_resource_tags_reach_dask(bench, running_cluster):
    bench.write(
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
    ended = bench.run("flow.py:main", executor={"type": "DaskExecutor"}, cluster=running_cluster.spec())
    assert ended.value == {"GPU": 1.0}, ended.output


@pytest.mark.parametrize(
    "parameters, reason, words",
    [
        ({"xss": [1]}, "UnknownParameter", "did you mean 'xs'"),
        ({}, "MissingParameter", "'xs'"),
        ({"xs": "many"}, "BadParameter", "xs"),
    ],
)
def test_parameters_are_checked_before_anything_runs(bench, parameters, reason, words):
    bench.write(flow=SUMS)
    ended = bench.run("flow.py:sums", parameters)
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
