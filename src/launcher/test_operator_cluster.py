"""Plain callables and commands on the operator's cluster. How to run: see conftest.py."""

import signal
import sys

import distributed
import pytest

from conftest import WHERE, wait_until


def test_a_scheduler_that_never_answers_ends_with_3(bench, dask_cluster):
    bench.write(flow="def main(): pass")
    ended = bench.run("flow.py:main", executor={"type": "DaskExecutor"}, cluster=dask_cluster.spec(seconds=1))
    assert (ended.code, getattr(ended, "class"), ended.reason) == (3, "Infrastructure", "SchedulerUnreachable")
    assert dask_cluster.address in ended.message


def test_plain_code_finds_the_operators_cluster(bench, running_cluster):
    bench.write(
        helper="def double(x):\n    print('doubling', x)\n    return 2 * x",
        flow="""
        import dask, distributed, os
        from helper import double
        def main():
            with distributed.Client() as client:
                elsewhere = client.submit(os.getpid).result() != os.getpid()
            return [dask.compute(*[dask.delayed(double)(i) for i in range(3)]), elsewhere]
        def second():
            distributed.Client(n_workers=2)
        """,
    )
    ended = bench.run("flow.py:main", executor={"type": "DaskExecutor"}, cluster=running_cluster.spec())
    assert (ended.code, ended.value) == (0, [[0, 2, 4], True]), ended.output
    assert "[pod-0 double] doubling 2\n" in ended.output
    assert running_cluster.result() == [ended.result, True]

    ended = bench.run("flow.py:second", executor={"type": "DaskExecutor"}, cluster=running_cluster.spec())
    assert ended.code == 1 and "already has a cluster" in ended.message


def test_a_worker_that_dies_under_a_task_is_named(bench, dask_cluster):
    scheduler = dask_cluster.start_scheduler()
    for number in range(4):
        dask_cluster.start_worker("pod-%d" % number)
    bench.write(
        flow="""
        import distributed, os
        def main():
            client = distributed.default_client()
            client.wait_for_workers(4)
            return client.submit(os._exit, 1, key="fatal").result()
        """
    )
    ended = bench.run("flow.py:main", executor={"type": "DaskExecutor"}, cluster=dask_cluster.spec())
    assert (ended.code, getattr(ended, "class"), ended.reason) == (3, "Infrastructure", "KilledWorker"), ended.output
    assert "fatal" in ended.message and "pod-" in ended.message
    assert scheduler.poll() is None


def test_a_command_reports_through_the_scheduler_too(bench, running_cluster):
    # A command that ends before the launcher has connected beside it is known by the pod's end alone.
    script = """
import distributed, time
def launchers(dask_scheduler):
    return [name for name in dask_scheduler.clients if "flowrun-launcher" in name]
with distributed.Client() as client:
    while not client.run_on_scheduler(launchers):
        time.sleep(0.05)
    print("sum", client.submit(sum, [1, 2]).result())
"""
    ended = bench.run(command=[sys.executable, "-c", script], cluster=running_cluster.spec(), executor={"type": "DaskExecutor"})
    assert ended.code == 0 and "sum 3" in ended.output, ended.output
    assert running_cluster.result()[0] == ended.result


def test_a_worker_that_dies_while_workers_are_made_ready_ends_nothing(bench, dask_cluster):
    dask_cluster.start_scheduler(DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT="3s")
    dask_cluster.start_worker("pod-0")
    frozen = dask_cluster.start_worker("pod-1")
    asked = lambda dask_scheduler: "flowrun" in dask_scheduler.worker_plugins  # noqa: E731 - goes by value
    with distributed.Client(dask_cluster.address, set_as_default=False) as client:
        client.wait_for_workers(2)
        frozen.send_signal(signal.SIGSTOP)
        bench.write(flow=FLOW_ON_WORKERS)
        process = bench.start("flow.py:adds", executor={"type": "DaskExecutor"}, cluster=dask_cluster.spec())
        wait_until(lambda: client.run_on_scheduler(asked) or process.poll() is not None, "the workers are asked")
        frozen.kill()
        ended = bench.end(process)
    assert (ended.code, getattr(ended, "value", None)) == (0, 3), ended.output
    assert "a worker was lost" in ended.output


def test_the_operators_cluster_gets_the_users_client_too(bench, running_cluster):
    bench.write(flow=WHERE)
    executor = {"type": "DaskExecutor", "clientKwargs": {"name": "mine"}}
    assert bench.run("flow.py:main", executor=executor, cluster=running_cluster.spec()).value == [True, True]
    executor = {"type": "DaskExecutor", "clientKwargs": {"nmae": "mine"}}
    ended = bench.run("flow.py:main", executor=executor, cluster=running_cluster.spec())
    assert (ended.code, ended.reason) == (2, "BadClientKwargs")


def test_a_cluster_that_never_got_a_task_is_a_condition(bench, running_cluster):
    bench.write(flow="import distributed\ndef idle(): return 1\ndef busy(): return distributed.default_client().submit(sum, [1]).result()")
    kinds = []
    for name in ("idle", "busy"):
        ended = bench.run("flow.py:%s" % name, executor={"type": "DaskExecutor"}, cluster=running_cluster.spec())
        assert (ended.code, ended.value) == (0, 1), ended.output
        kinds.append([item["type"] for item in ended.conditions])
    assert kinds == [["ClusterUnused"], []]


def test_modules_beside_an_entry_file_in_a_folder_are_found_by_scheduler_and_workers(bench, running_cluster):
    bench.write(folder="flows/sales", helper="class Row:\n    def __init__(self, x): self.x = x\ndef double(row): return row.x * 2")
    bench.write(
        folder="flows/sales",
        flow="""
        import dask
        from helper import Row, double
        def main():
            return dask.compute(*[dask.delayed(double)(Row(x)) for x in range(3)])
        """,
    )
    ended = bench.run("flows/sales/flow.py:main", executor={"type": "DaskExecutor"}, cluster=running_cluster.spec())
    assert (ended.code, ended.value) == (0, [0, 2, 4]), ended.output


FLOW_ON_WORKERS = """
import distributed
def main():
    client = distributed.default_client()
    client.wait_for_workers(2)
    return client.submit(sum, [1, 2]).result()
def adds():
    return distributed.default_client().submit(sum, [1, 2]).result()
def waits():
    import time
    print("ready", flush=True)
    time.sleep(100)
"""


@pytest.mark.parametrize(
    "versions, kwargs, code, reason, told",
    [
        ({"distributed": "2020.1.0"}, {}, 0, "Succeeded", ["distributed: 2020.1.0 there"]),
        ({"python": "3.9.1.final.0"}, {}, 2, "VersionMismatch", []),
        ({"python": "3.9.1.final.0"}, {"allow_version_mismatch": True}, 0, "Succeeded", ["python: 3.9 there"]),
    ],
)
def test_a_worker_of_other_versions_is_told_and_of_another_python_refused(bench, dask_cluster, versions, kwargs, code, reason, told):
    dask_cluster.start_scheduler()
    dask_cluster.start_worker("pod-0")
    dask_cluster.start_other_worker("pod-1", **versions)
    bench.write(flow=FLOW_ON_WORKERS)
    ended = bench.run("flow.py:main", executor={"type": "DaskExecutor", "clusterKwargs": kwargs}, cluster=dask_cluster.spec())
    assert (ended.code, ended.reason) == (code, reason), ended.output
    found = [item["message"] for item in ended.conditions if item["type"] == "VersionMismatch"]
    assert len(found) == len(told) and all(word in text for word, text in zip(told, found)), found
    if code:
        assert "worker pod-1" in ended.message and "allow_version_mismatch" in ended.message


def test_a_worker_of_another_python_that_comes_later_ends_a_running_flow(bench, running_cluster):
    bench.write(flow=FLOW_ON_WORKERS)
    process = bench.start("flow.py:waits", executor={"type": "DaskExecutor"}, cluster=running_cluster.spec())
    bench.wait_for("ready", process)
    running_cluster.start_other_worker("pod-7", python="3.9.1.final.0")
    ended = bench.end(process)
    assert (ended.code, ended.outcome, ended.reason) == (2, "Failed", "VersionMismatch"), ended.output
    assert "pod-7" in ended.message
