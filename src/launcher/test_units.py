"""The launcher's parts that need no process, no Prefect and no Dask. How to run: see conftest.py."""

import os

import pytest

import launcher  # noqa: F401 - makes the package known

from flowrun_launcher.cgroup import cpu_limit, out_of_memory_kills
from flowrun_launcher.conditions import Conditions
from flowrun_launcher.executor import Executor
from flowrun_launcher.faults import SpecFault
from flowrun_launcher.outcome import failures, succeeded
from flowrun_launcher.report import MAX_RESULT_BYTES, encode
from flowrun_launcher.run import Run
from flowrun_launcher.task_runners import tag_resources
from flowrun_launcher.version_check import VersionCheck
from flowrun_launcher.values import plain


def write_all(root, files):
    for name, text in files.items():
        path = os.path.join(str(root), name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)


HERE = len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    "files, cpus",
    [
        ({"cpu.max": "100000 100000"}, 1),
        ({"cpu.max": "50000 100000"}, 1),
        ({"cpu.max": "150000 100000"}, min(2, HERE)),
        ({"cpu.max": "6400000 100000"}, HERE),
        ({"cpu.max": "max 100000"}, HERE),
        ({"cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1),
        ({"cpu/cpu.cfs_quota_us": "150000\n", "cpu/cpu.cfs_period_us": "100000\n"}, min(2, HERE)),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, HERE),
        ({"cpu.max": "nonsense"}, HERE),
        ({}, HERE),
    ],
)
def test_the_cpu_limit_of_both_versions_of_cgroups_is_rounded_up(tmp_path, files, cpus):
    write_all(tmp_path, files)
    assert cpu_limit(str(tmp_path)) == cpus


@pytest.mark.parametrize(
    "files, kills",
    [
        ({"memory.events": "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n"}, 2),
        ({"memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n"}, 1),
        ({"memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\n"}, 0),
        ({"memory.events": "nonsense"}, 0),
        ({}, 0),
    ],
)
def test_processes_killed_for_their_memory_are_counted_in_both_versions_of_cgroups(tmp_path, files, kills):
    write_all(tmp_path, files)
    assert out_of_memory_kills(str(tmp_path)) == kills


@pytest.mark.parametrize(
    "name, known",
    [
        (None, "threads"),
        ("threads", "threads"),
        ("Threading", "threads"),
        ("processes", "processes"),
        ("MultiProcessing", "processes"),
        ("sync", "synchronous"),
        ("SYNCHRONOUS", "synchronous"),
        ("single-threaded", "synchronous"),
    ],
)
def test_every_alias_of_a_local_scheduler_is_known_in_any_case(name, known):
    assert Executor({"type": "LocalDaskExecutor", "scheduler": name}).scheduler == known


@pytest.mark.parametrize("name", ["threaded", "thread", "dask"])
def test_an_unknown_local_scheduler_is_refused_with_those_that_are_known(name):
    with pytest.raises(SpecFault, match="LocalDaskExecutor knows threads, threading, processes"):
        Executor({"type": "LocalDaskExecutor", "scheduler": name})


@pytest.mark.parametrize(
    "tags, resources",
    [
        (["dask-resource:GPU=1"], {"GPU": 1.0}),
        (["DASK-RESOURCE:gpu=2", "other"], {"gpu": 2.0}),
        (["dask-resources:MEM=20e9", "dask-resource:GPU=0.5"], {"MEM": 20e9, "GPU": 0.5}),
        (["resource:GPU=1"], {}),
    ],
)
def test_tags_are_read_as_prefect_1_reads_them(tags, resources):
    assert tag_resources(tags) == resources


@pytest.mark.parametrize("tag", ["dask-resource:GPU", "dask-resource:GPU=1=2", "dask-resource:GPU=many", "dask-resource=1"])
def test_a_tag_that_is_no_resource_is_refused_by_name(tag):
    with pytest.raises(ValueError, match="dask-resource:KEY=NUMBER"):
        tag_resources([tag])


@pytest.mark.parametrize(
    "value, expected",
    [
        (2**63 - 1, 2**63 - 1),
        (10**40, 10**40),
        (1.0, 1.0),
        (float("nan"), None),
        (float("-inf"), "-Infinity"),
        ({1: {2.5: "x"}, None: True}, {"1": {"2.5": "x"}, "None": True}),
        (b"bytes", "b'bytes'"),
        ({"b", "b"}, ["b"]),
    ],
)
def test_values_become_strict_json(value, expected):
    assert plain(value) == expected


def a_run():
    return Run({"version": 1, "flowRun": {"name": "n", "uid": "u", "attempt": 1}})


def test_a_report_fits_whatever_it_has_to_say():
    conditions = [{"type": "ExecutorArguments", "reason": "R%d" % n, "message": "ä" * 2000} for n in range(4)]
    tasks = {"succeeded": 1, "failed": 500, "failedNames": ["ü" * 200] * 500}
    outcome = succeeded("x" * 100000, tasks, "ö" * 5000)
    data = encode(a_run(), outcome, conditions)
    assert len(data) <= MAX_RESULT_BYTES
    assert data.startswith(b'{"version":1,"uid":"u"') and b"R3" in data


def test_failures_name_the_first_ones_and_count_the_rest():
    text = failures([("t[%d]" % n, "ValueError: no %d\nsecond line" % n) for n in range(13)], 20)
    lines = text.split("\n")
    assert lines[:2] == ["13 of 20 tasks failed", "  t[0]: ValueError: no 0"]
    assert lines[-1] == "  and 3 more" and len(lines) == 12
    assert failures([], 3) == ""


@pytest.fixture
def mine():
    return {"python": "3.11", "dask": "2026.8.0", "distributed": "2026.8.0"}


def report_of(python="3.11.4.final.0", **packages):
    return {"host": {"python": python}, "packages": dict({"dask": "2026.8.0", "distributed": "2026.8.0"}, **packages)}


@pytest.mark.parametrize(
    "report, allowed, fault, told",
    [
        (report_of(), False, False, []),
        (report_of(python="3.11.9.final.0"), False, False, []),
        (report_of(dask="2022.12.1"), False, False, ["dask: 2022.12.1 there, 2026.8.0 in the flow"]),
        (report_of(python="3.10.4.final.0"), False, True, []),
        (report_of(python="3.10.4.final.0"), True, False, ["python: 3.10 there, 3.11 in the flow"]),
        ({}, False, False, []),
        (None, False, False, []),
    ],
)
def test_versions_are_compared_and_only_another_python_ends_the_attempt(mine, report, allowed, fault, told):
    conditions = Conditions()
    check = VersionCheck(conditions, allowed)
    check.mine = mine
    found = check.see("worker", "worker pod-0", report)
    assert (found is not None) == fault
    if fault:
        assert (found.reason, found.kind) == ("VersionMismatch", "Spec") and "allow_version_mismatch" in str(found)
    check.see("worker", "worker pod-1", report)
    assert len(conditions.items) == len(told)
    for text, condition in zip(told, conditions.items):
        assert condition["type"] == "VersionMismatch" and text in condition["message"] and "pod-0" in condition["message"]
