"""What holds for plain callables, commands and their executors. How to run: see conftest.py."""

import sys

import pytest


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


def test_a_cancelled_coroutine_is_a_failure(bench):
    bench.write(
        flow="""
        import asyncio
        async def main():
            asyncio.current_task().cancel()
            await asyncio.sleep(0)
        """
    )
    ended = bench.run("flow.py:main")
    assert (ended.code, ended.reason) == (1, "FlowFailed") and ended.message.startswith("CancelledError"), ended.output


@pytest.mark.parametrize("code, expected", [("0", 0), ("3", 1), ("'enough'", 1)])
def test_sys_exit_in_a_callable_is_its_outcome(bench, code, expected):
    bench.write(flow="import sys\ndef main(): sys.exit(%s)" % code)
    assert bench.run("flow.py:main").code == expected


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
        ({"type": "GreenExecutor"}, "UnknownExecutor", ["'GreenExecutor'", "LocalDaskExecutor"]),
    ],
)
def test_an_executor_that_cannot_work_ends_with_2(bench, executor, reason, words):
    bench.write(flow="def main(): pass")
    ended = bench.run("flow.py:main", executor=executor)
    assert (ended.code, ended.reason) == (2, reason), ended.output
    for word in words:
        assert word in ended.message
