"""Commands instead of Python objects. How to run: see conftest.py."""

import os
import signal
import subprocess

import pytest
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


def test_the_message_has_the_last_lines_and_the_log_is_as_without_it(bench):
    script = "for n in 1 2 3 4 5 6 7 8 9 10 11 12; do echo line $n; done; echo no table sales >&2; exit 3"
    ended = bench.run(command=["sh", "-c", script])
    lines = ["line %d" % n for n in range(1, 13)] + ["no table sales"]
    said = "the command exited with code 3: sh -c %s" % script
    assert ended.message == "\n".join([said, "It wrote last:", *lines[-10:]])
    assert ended.output == "\n".join([*lines, "flowrun: Failed: FlowFailed: %s" % said, ""])


def test_a_command_that_succeeds_or_writes_nothing_has_no_last_lines(bench):
    assert bench.run(command=["echo", "fine"]).message == ""
    assert bench.run(command=["false"]).message == "the command exited with code 1: false"


def test_the_streams_of_a_command_stay_apart(bench):
    process = bench.start(command=["sh", "-c", "echo fine; echo bad >&2; exit 1"], stderr=subprocess.PIPE)
    errors = process.stderr.read().decode()
    ended = bench.end(process)
    assert (ended.output, errors.split("\n")[0]) == ("fine\n", "bad")
    assert sorted(ended.message.split("\n")[-2:]) == ["bad", "fine"]


def test_all_that_a_command_writes_gets_into_the_log_byte_by_byte(bench):
    script = "import os, sys; sys.stdout.buffer.write(bytes(range(256)) * 8192); os.write(2, b'\\xffend'); sys.exit(1)"
    ended = bench.run(command=["python3", "-c", script])
    with open(bench.output, "rb") as output:
        written = output.read()
    # sys.stdout flushes what is left of it at the exit, which may be after the write past it.
    assert written.split(b"flowrun:")[0].replace(b"\xffend", b"", 1) == bytes(range(256)) * 8192
    assert "end" in ended.message and len(ended.message) < 2000


@pytest.mark.parametrize(
    "written, shown",
    [
        ("\033[1;31mred\033[0m\tand plain\n\n", "red\tand plain"),
        ("\033]0;title\007 10%\r 50%\r100%\r\n", "100%"),
        ("a\000b\377c\n", "abc"),
        ("x" * 300 + "\n", "x" * 199 + "…"),
        ("first\n" + "y" * 9000 + "\nlast", "last"),
        ("z" * 9000, "z" * 199 + "…"),
        (("é" * 180 + "\n") * 9, "\n".join(["é" * 180] * 2)),
    ],
)
def test_the_last_lines_are_as_people_read_them(bench, written, shown):
    data = written.encode("latin-1" if "\377" in written else "utf-8")
    script = "import os, sys; os.write(1, %r); sys.exit(1)" % data
    ended = bench.run(command=["python3", "-c", script])
    assert ended.message.split("It wrote last:\n")[1] == shown


def test_a_process_that_leaves_the_commands_group_and_keeps_its_output_open_is_not_waited_for(bench):
    ended = bench.run(command=["sh", "-c", "setsid sleep 1000 & echo $!; exit 1"])
    os.kill(int(ended.message.split("\n")[-1]), signal.SIGKILL)


def test_what_a_command_wrote_before_it_was_killed_is_in_the_log(bench):
    process = bench.start(command=["sh", "-c", "trap '' TERM; echo ready; sleep 1000"], grace=2)
    ended = bench.stop(process)
    assert (ended.outcome, ended.output.split("\n")[0]) == ("Cancelled", "ready")
