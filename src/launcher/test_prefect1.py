"""Prefect 1 flows under each executor. How to run: see conftest.py."""

import os
import signal

import prefect
import pytest

from conftest import wait_until

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


def test_an_executor_of_the_flow_itself_is_used_unless_the_flowrun_has_one(bench):
    own = "flow.executor = DaskExecutor(cluster_kwargs={'n_workers': 1, 'processes': False, 'dashboard_address': None})"
    text = SUMS.replace("\nflow.run()", "\nfrom prefect.executors import DaskExecutor\n%s\n" % own)
    bench.write(flow=text)
    ended = bench.run("flow.py:flow", {"xs": [1]})
    assert (ended.code, ended.value[0], ended.conditions) == (0, 2, []), ended.output
    assert "Creating a new Dask cluster" in ended.output
    ended = bench.run("flow.py:flow", {"xs": [1]}, {"type": "LocalExecutor"})
    assert (ended.code, ended.value[0]) == (0, 2), ended.output
    assert "Creating a new Dask cluster" not in ended.output
    [condition] = ended.conditions
    assert (condition["type"], condition["reason"]) == ("ExecutorArguments", "FlowExecutorReplaced")
    assert "own DaskExecutor is not used" in condition["message"] and condition["message"] in ended.output


CLASS_EXECUTOR = {
    "type": "DaskExecutor",
    "clusterClass": "distributed.LocalCluster",
    "clusterKwargs": {"n_workers": 1, "threads_per_worker": 2, "processes": False, "dashboard_address": None},
}


@pytest.mark.parametrize("where", ["own cluster", "class"])
def test_retries_and_mapped_tasks_run_on_one_cluster_each_function_once(bench, running_cluster, where):
    bench.write(
        flow="""
        import datetime, os, prefect
        from prefect import Flow, Parameter, task, unmapped
        @task
        def numbers(n):
            return list(range(n))
        @task(max_retries=2, retry_delay=datetime.timedelta(seconds=0))
        def flaky(x, folder):
            path = os.path.join(folder, "run-%d" % x)
            with open(path, "a") as file:
                file.write(".")
            if x == 1 and os.path.getsize(path) < 2:
                raise ValueError("once")
            return x + 1
        @task
        def total(xs):
            return sum(xs)
        with Flow("retries") as flow:
            folder = Parameter("folder")
            total(flaky.map(numbers(3), unmapped(folder)))
        """
    )
    executor, cluster = ({"type": "DaskExecutor"}, running_cluster.spec()) if where == "own cluster" else (CLASS_EXECUTOR, None)
    ended = bench.run("flow.py:flow", {"folder": bench.work}, executor, cluster)
    assert (ended.code, ended.value) == (0, 6), ended.output
    runs = [os.path.getsize(os.path.join(bench.work, "run-%d" % x)) for x in range(3)]
    assert runs == [1, 2, 1]
    assert ended.tasks == {"succeeded": 6, "failed": 0, "failedNames": []}


def test_the_message_names_failed_tasks_with_their_first_lines(bench):
    bench.write(
        flow="""
        from prefect import Flow, task
        @task
        def bad(x):
            raise ValueError("no %d\\nsecond line" % x)
        @task
        def after(x):
            return x
        with Flow("failures") as flow:
            after(bad.map([1, 2]))
        """
    )
    ended = bench.run("flow.py:flow", executor={"type": "LocalExecutor"})
    assert ended.message.split("\n")[0] == "ValueError: no 1"
    assert "3 of 4 tasks failed\n  bad[0]: ValueError: no 1\n  bad[1]: ValueError: no 2" in ended.message, ended.message
    assert ended.tasks == {"succeeded": 1, "failed": 3, "failedNames": ["bad[0]", "bad[1]", "after"]}


def test_cancelling_on_an_address_lets_running_tasks_end_and_starts_no_more(bench, running_cluster):
    bench.write(
        flow="""
        import os, time
        from prefect import Flow, Parameter, task
        @task
        def slow(x, folder):
            open(os.path.join(folder, "began-%d" % x), "w").close()
            print("ready")
            time.sleep(4)
            open(os.path.join(folder, "ended-%d" % x), "w").close()
        with Flow("slow") as flow:
            folder = Parameter("folder")
            for x in range(6):
                slow(x, folder)
        """
    )
    executor = {"type": "DaskExecutor", "address": running_cluster.address}
    process = bench.start("flow.py:flow", {"folder": bench.work}, executor, grace=60)
    wait_until(lambda: len(os.listdir(bench.work)) >= 2, "two tasks run")
    process.send_signal(signal.SIGTERM)
    ended = bench.end(process)
    assert (ended.code, ended.outcome) == (143, "Cancelled"), ended.output
    assert "waiting for" in ended.output and "did not end" not in ended.message, ended.output
    began = {name for name in os.listdir(bench.work) if name.startswith("began")}
    assert len(began) < 6
    assert {name.replace("began", "ended") for name in began} <= set(os.listdir(bench.work))


@pytest.mark.parametrize("executor", [{"type": "LocalExecutor"}, {"type": "LocalDaskExecutor"}, CLASS_EXECUTOR])
def test_a_signal_ends_a_flow_of_each_local_executor_before_the_grace_period(bench, executor):
    bench.write(
        flow="""
        import time
        from prefect import Flow, task
        @task
        def slow():
            print("ready", flush=True)
            time.sleep(1000)
        with Flow("slow") as flow:
            slow()
        """
    )
    ended = bench.stop(bench.start("flow.py:flow", executor=executor, grace=8))
    assert (ended.code, ended.outcome, ended.exitCode) == (143, "Cancelled", 143), ended.output


def test_a_flow_may_run_another_one_inside_a_task(bench, running_cluster):
    bench.write(
        flow="""
        from prefect import Flow, Parameter, task
        @task
        def add(x):
            return x + 1
        with Flow("inner") as inner:
            x = Parameter("x")
            y = add(x)
        @task
        def outer(x):
            return inner.run(x=x).result[y].result
        with Flow("outer") as flow:
            outer(4)
        """
    )
    ended = bench.run("flow.py:flow", executor={"type": "DaskExecutor"}, cluster=running_cluster.spec())
    assert (ended.code, ended.value) == (0, 5), ended.output
