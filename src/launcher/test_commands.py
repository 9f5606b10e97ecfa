"""Commands instead of Python objects. How to run: see conftest.py."""

import os

from conftest import wait_until


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
