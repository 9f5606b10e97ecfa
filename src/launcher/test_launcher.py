"""What holds for plain callables, commands and the process itself. How to run: see conftest.py."""

import os
import signal
import sys

import pytest

from conftest import wait_until


def test_a_callable_gets_its_parameters_and_returns_a_value(bench):
    bench.write(
        flow="""
        import datetime, enum, os, sys, typing

        class Size(enum.Enum):
            SMALL = "s"

        def main(n: int, day: datetime.date, size: Size, pause: typing.Optional[datetime.timedelta] = None, **more):
            assert sys.argv == [__file__] and sys.stdin.read() == ""
            assert isinstance(day, datetime.date) and size is Size.SMALL
            return {"n": n, "day": day, "pause": pause.total_seconds(), "more": more, "nan": float("nan"), "inf": float("inf")}
        """
    )
    parameters = {"n": 9007199254740993, "day": "2020-02-29", "size": "s", "pause": "1m30s", "x": 1.0}
    ended = bench.run("flow.py:main", parameters)
    assert (ended.code, ended.outcome, ended.exitCode, ended.reason) == (0, "Succeeded", 0, "Succeeded"), ended.output
    assert ended.value == {
        "n": 9007199254740993,
        "day": "2020-02-29",
        "pause": 90.0,
        "more": {"x": 1.0},
        "nan": None,
        "inf": "Infinity",
    }
    assert (ended.uid, ended.attempt) == ("0a1b2c3d", 2)
    assert ended.versions["python"] == "%d.%d.%d" % sys.version_info[:3]


def test_tables_and_scalars_of_numpy_and_pandas_become_json(bench):
    bench.write(
        flow="""
        import numpy, pandas
        def main():
            table = pandas.DataFrame({"a": [1, 2, 3], "b": [1.5, 2, 3]})
            return [numpy.int64(2**63 - 1), numpy.float64("nan"), pandas.NaT, numpy.bool_(True), table, numpy.zeros((20, 20)),
                    pandas.Timestamp("2020-01-01"), object]
        """
    )
    value = bench.run("flow.py:main").value
    assert value[:4] == [2**63 - 1, None, None, True]
    assert value[4] == "DataFrame with 3 rows, columns a, b"
    assert value[5] == "ndarray (20, 20) of float64"
    assert value[6] == "2020-01-01T00:00:00"


def test_data_classes_become_their_fields(bench):
    bench.write(
        flow="""
        import dataclasses, datetime
        @dataclasses.dataclass
        class Leg:
            day: datetime.date
            miles: float
        @dataclasses.dataclass
        class Trip:
            legs: list
            kind: type = Leg
        def main():
            return Trip([Leg(datetime.date(2013, 1, 1), float("nan"))])
        """
    )
    assert bench.run("flow.py:main").value == {"legs": [{"day": "2013-01-01", "miles": None}], "kind": "<class 'flow.Leg'>"}


@pytest.mark.parametrize(
    "value, expected",
    [("'x' * 10000", "a str of length 10000"), ("list(range(5000))", "a list of length 5000"), ("'\\ud800'", "?")],
)
def test_a_result_always_fits_and_is_valid(bench, value, expected):
    bench.write(flow="def main(): return %s" % value)
    assert expected in bench.run("flow.py:main").value


@pytest.mark.parametrize(
    "body, value",
    [
        ("async def main(): return 1", 1),
        ("def main():\n yield 1\n yield 2", 2),
        ("async def main():\n yield 1\n yield 3", 3),
        ("class C:\n def run(self): return 4\nmain = C().run", 4),
    ],
)
def test_coroutines_and_generators_run_to_their_last_value(bench, body, value):
    bench.write(flow=body)
    assert bench.run("flow.py:main").value == value


def test_a_module_of_the_sources_is_an_entrypoint_too(bench):
    bench.write(helper="def twice(n): return 2 * n", flow="from helper import twice")
    assert bench.run("flow:twice", {"n": 4}).value == 8


def test_the_launchers_own_modules_hide_none_of_the_users(bench):
    names = ["launcher", "main", "report", "run", "values", "scheduler", "worker_preload"]
    bench.write(flow="import %s\ndef everything(): return [%s]" % (", ".join(names), ", ".join(name + ".MINE" for name in names)))
    bench.write(**{name: "MINE = %r" % name for name in names})
    assert bench.run("flow.py:everything").value == names


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_children_of_multiprocessing_run_functions_of_the_flow(bench, method):
    bench.write(
        flow="""
        import multiprocessing, os
        from concurrent.futures import ProcessPoolExecutor
        def square(x):
            return x * x, os.getpid()
        def main(method):
            context = multiprocessing.get_context(method)
            with ProcessPoolExecutor(2, mp_context=context) as pool:
                found = list(pool.map(square, range(4)))
            return [[x for x, _ in found], os.getpid() in {pid for _, pid in found}]
        """
    )
    ended = bench.run("flow.py:main", {"method": method})
    assert ended.value == [[0, 1, 4, 9], False], ended.output


@pytest.mark.parametrize(
    "entrypoint, files, parameters, reason, words",
    [
        ("flow.py", {}, {}, "BadEntrypoint", ["path/file.py:object"]),
        ("missing.py:main", {"other": ""}, {}, "EntrypointNotFound", ["missing.py", "other.py"]),
        ("missing:main", {}, {}, "EntrypointNotFound", ["no module 'missing'"]),
        ("flow.py:mian", {"flow": "def main(): pass"}, {}, "ObjectNotFound", ["did you mean 'main'"]),
        ("flow.py:main", {"flow": "main = 3"}, {}, "NotRunnable", ["main is a int"]),
        ("flow.py:main", {"flow": "x = 1\ndef main(:"}, {}, "SyntaxError", ["flow.py line 2"]),
        ("flow.py:main", {"flow": "import nonesuch"}, {}, "ImportError", ["'nonesuch'", "flow.py:1"]),
        ("flow.py:main", {"flow": "1 / 0"}, {}, "EntrypointFailed", ["ZeroDivisionError", "flow.py:1"]),
        ("dask.py:main", {"dask": "def main(): pass"}, {}, "EntrypointHidesModule", ["dask.py", "rename"]),
        ("flow.py:main", {"flow": "def main(year): pass"}, {"yaer": 1}, "UnknownParameter", ["'yaer'", "did you mean 'year'"]),
        ("flow.py:main", {"flow": "def main(a, b, c=1): pass"}, {"a": 1}, "MissingParameter", ["'b'"]),
        (
            "flow.py:main",
            {"flow": "import datetime\ndef main(day: datetime.date): pass"},
            {"day": "2020-13-01"},
            "BadParameter",
            ["'day'", "month"],
        ),
    ],
)
def test_a_spec_that_cannot_work_ends_with_2_and_says_what_to_change(bench, entrypoint, files, parameters, reason, words):
    bench.write(**files)
    ended = bench.run(entrypoint, parameters)
    assert (ended.code, ended.exitCode, getattr(ended, "class"), ended.reason) == (2, 2, "Spec", reason), ended.output
    for word in words:
        assert word in ended.message


def test_a_failure_names_the_exception_and_the_users_line(bench):
    bench.write(flow="def main():\n    return inner()\n\ndef inner():\n    raise ValueError('bad row 7')")
    ended = bench.run("flow.py:main")
    assert (ended.code, ended.outcome, getattr(ended, "class"), ended.reason) == (1, "Failed", "Flow", "FlowFailed")
    lines = ended.message.split("\n")
    assert lines[0] == "ValueError: bad row 7"
    assert lines[1].startswith("  flow.py:5 in inner")


@pytest.mark.parametrize("code, expected", [("0", 0), ("3", 1), ("'enough'", 1)])
def test_sys_exit_in_a_callable_is_its_outcome(bench, code, expected):
    bench.write(flow="import sys\ndef main(): sys.exit(%s)" % code)
    assert bench.run("flow.py:main").code == expected


def test_input_fails_instead_of_waiting(bench):
    bench.write(flow="def main(): return input('name? ')")
    ended = bench.run("flow.py:main")
    assert ended.code == 1 and ended.message.startswith("EOFError") and "stdin is closed" in ended.message


def test_exit_hooks_run_and_a_hung_thread_does_not_keep_the_process(bench):
    bench.write(
        flow="""
        import atexit, threading, time
        def main():
            atexit.register(print, "hook ran")
        def hang():
            threading.Thread(target=time.sleep, args=(1000,)).start()
        """
    )
    assert "hook ran" in bench.run("flow.py:main").output
    ended = bench.run("flow.py:hang")
    assert (ended.code, ended.outcome) == (0, "Succeeded")


@pytest.mark.parametrize("number, code", [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_interrupts_the_flow_once_and_its_cleanup_runs(bench, number, code):
    bench.write(
        flow="""
        import time
        def main():
            try:
                print("ready", flush=True)
                time.sleep(1000)
            finally:
                print("cleaned up", flush=True)
        """
    )
    ended = bench.stop(bench.start("flow.py:main"), number)
    assert (ended.code, ended.outcome, ended.exitCode, ended.reason) == (code, "Cancelled", code, "Cancelled")
    assert "cleaned up" in ended.output


def test_a_flow_that_does_not_unwind_is_ended_before_the_grace_period(bench):
    bench.write(
        flow="""
        import time
        def main():
            print("ready", flush=True)
            while True:
                try:
                    time.sleep(1000)
                except BaseException:
                    pass
        """
    )
    ended = bench.stop(bench.start("flow.py:main", grace=2))
    assert (ended.code, ended.outcome) == (143, "Cancelled")


def test_a_flow_that_finishes_in_spite_of_the_signal_has_succeeded(bench):
    bench.write(
        flow="""
        import time
        def main():
            try:
                print("ready", flush=True)
                time.sleep(1000)
            except KeyboardInterrupt:
                return "saved"
        """
    )
    ended = bench.stop(bench.start("flow.py:main"))
    assert (ended.code, ended.outcome, ended.value) == (0, "Succeeded", "saved")


def test_a_command_runs_and_its_exit_code_decides(bench):
    assert bench.run(command=["sh", "-c", "exit 0"]).code == 0
    ended = bench.run(command=["sh", "-c", "exit 7"])
    assert (ended.code, ended.exitCode, ended.reason) == (1, 7, "FlowFailed")
    assert "exited with code 7" in ended.message
    ended = bench.run(command=["sh", "-c", "kill -9 $$"])
    assert (ended.code, ended.exitCode) == (1, 137) and "SIGKILL" in ended.message
    ended = bench.run(command=["nonesuch"])
    assert (ended.code, ended.reason) == (2, "CommandNotFound")


def test_a_signal_reaches_the_commands_whole_group(bench):
    script = "trap 'echo got it; exit 5' TERM; echo ready; sleep 1000 & wait"
    ended = bench.stop(bench.start(command=["sh", "-c", script]))
    assert (ended.code, ended.exitCode, ended.outcome) == (143, 143, "Cancelled")
    assert "got it" in ended.output and "code 5" in ended.message


def test_nothing_of_a_command_outlives_it(bench):
    ended = bench.run(command=["sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo pid=$!"])
    pid = int(ended.output.split("pid=")[1].split()[0])
    wait_until(lambda: not os.path.exists("/proc/%d" % pid), "the command's child is gone", 10)


def test_dask_of_plain_code_runs_as_the_executor_says(bench):
    bench.write(
        flow="""
        import dask, os, threading
        def where():
            return os.getpid(), threading.get_ident()
        def main():
            found = dask.compute(*[dask.delayed(where)() for _ in range(4)])
            return [dask.config.get("num_workers", None), {p for p, _ in found} == {os.getpid()}, {t for _, t in found} == {threading.get_ident()}]
        """
    )
    assert bench.run("flow.py:main", executor={"type": "LocalExecutor"}).value == [None, True, True]
    threads = {"type": "LocalDaskExecutor", "scheduler": "Threading", "kwargs": {"num_workers": 2}}
    assert bench.run("flow.py:main", executor=threads).value == [2, True, False]


def test_tasks_of_plain_code_do_not_share_a_process_while_another_is_free(bench):
    bench.write(
        flow="""
        import dask, os, time
        def meet(own, other):
            open(own, "w").close()
            end = time.monotonic() + 60
            while not os.path.exists(other):
                assert time.monotonic() < end
                time.sleep(0.01)
            return os.getpid()
        def main():
            return len(set(dask.compute(dask.delayed(meet)("a", "b"), dask.delayed(meet)("b", "a"))))
        """
    )
    executor = {"type": "LocalDaskExecutor", "scheduler": "processes", "kwargs": {"num_workers": 2}}
    ended = bench.run("flow.py:main", executor=executor)
    assert (ended.code, ended.value) == (0, 2), ended.output


@pytest.mark.parametrize(
    "executor, reason, words",
    [
        ({"type": "LocalDaskExecutor", "scheduler": "threaded"}, "UnknownScheduler", ["'threaded'", "threads"]),
        ({"type": "DaskExecutor", "clusterClass": "nonesuch.Cluster"}, "ClusterClassNotFound", ["'nonesuch'"]),
        ({"type": "DaskExecutor", "clusterClass": "distributed.LocalClster"}, "ClusterClassNotFound", ["LocalCluster"]),
        ({"type": "DaskExecutor", "clusterClass": "distributed.LocalCluster", "clusterKwargs": {"n_wrokers": 1}}, "ClusterFailed", ["n_wrokers"]),
    ],
)
def test_an_executor_that_cannot_work_ends_with_2(bench, executor, reason, words):
    bench.write(flow="def main(): pass")
    ended = bench.run("flow.py:main", executor=executor)
    assert (ended.code, ended.reason) == (2, reason), ended.output
    for word in words:
        assert word in ended.message


def test_a_dotted_cluster_class_runs_inside_the_pod(bench):
    bench.write(
        flow="""
        import dask, distributed
        def main():
            assert distributed.default_client().cluster.name == "mine"
            return dask.compute(dask.delayed(sum)([1, 2]))[0]
        def small(**kwargs):
            return distributed.LocalCluster(processes=False, dashboard_address=None, name="mine", **kwargs)
        """
    )
    executor = {"type": "DaskExecutor", "clusterClass": "flow:small", "clusterKwargs": {"n_workers": 1}, "adaptKwargs": {"minimum": 1, "maximum": 2}}
    ended = bench.run("flow.py:main", executor=executor)
    assert (ended.code, ended.value) == (0, 3), ended.output


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


def test_the_entrys_code_travels_to_workers_that_are_not_ours(bench, running_cluster):
    bench.write(
        flow="""
        import dask, os
        def square(x):
            return x * x, os.getpid()
        def main():
            found = dask.compute(*[dask.delayed(square)(x) for x in (2, 3)])
            return [[value for value, _ in found], os.getpid() in [process for _, process in found]]
        """
    )
    ended = bench.run("flow.py:main", executor={"type": "DaskExecutor", "address": running_cluster.address})
    assert (ended.code, ended.value) == (0, [[4, 9], False]), ended.output


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
