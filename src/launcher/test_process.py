"""What holds for the process of a flow: its input, its signals and its end. How to run: see conftest.py."""

import signal

import pytest


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


@pytest.mark.parametrize("number, code", [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_an_asynchronous_flow_and_its_cleanup_runs(bench, number, code):
    bench.write(
        flow="""
        import asyncio
        async def main():
            try:
                print("ready", flush=True)
                await asyncio.sleep(1000)
            finally:
                print("cleaned up", flush=True)
        """
    )
    ended = bench.stop(bench.start("flow.py:main"), number)
    assert (ended.code, ended.outcome) == (code, "Cancelled") and "cleaned up" in ended.output, ended.output
