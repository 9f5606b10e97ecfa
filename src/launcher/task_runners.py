"""Task runners for Prefect 2 and 3 that upstream lacks."""

from __future__ import annotations

import asyncio
import re
import threading

# Workers lack this package: what is of `__main__` goes to them with its code, whatever the version of cloudpickle.
__name__ = "__main__"


def inline_runner():
    """A runner whose `.submit` runs the task at once, in the caller: LocalExecutor's meaning."""
    from prefect import task_runners

    if not hasattr(task_runners, "ThreadPoolTaskRunner"):
        return task_runners.SequentialTaskRunner()

    class InlineTaskRunner(task_runners.ThreadPoolTaskRunner):
        def __enter__(self):
            super().__enter__()
            self._executor.shutdown()
            self._executor = InlineExecutor()
            return self

    return InlineTaskRunner(max_workers=1)


class InlineExecutor:
    """A concurrent.futures executor that runs each call before `submit` returns."""

    def submit(self, function, *args, **kwargs):
        from concurrent.futures import Future

        future = Future()

        def call():
            try:
                future.set_result(function(*args, **kwargs))
            except Exception as error:
                future.set_exception(error)

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            call()
        else:  # an async task runs its own event loop, which a thread can have only one of
            thread = threading.Thread(target=call)
            thread.start()
            thread.join()
        return future

    def shutdown(self, *_, **__):
        return None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


def tagged_runner(base):
    """DaskTaskRunner that also honours Prefect 1's `dask-resource:KEY=N` tags; `dask.annotate` works as upstream."""

    class FlowRunTaskRunner(base):
        def submit(self, task, parameters, wait_for=None, dependencies=None):
            import dask

            resources = tag_resources(getattr(task, "tags", ()))
            more = {} if dependencies is None else {"dependencies": dependencies}
            if not resources:
                return super().submit(task, parameters, wait_for=wait_for, **more)
            with dask.annotate(resources=resources):
                return super().submit(task, parameters, wait_for=wait_for, **more)

    return FlowRunTaskRunner


def tag_resources(tags):
    """{'GPU': 1.0} of the tag `dask-resource:GPU=1`: the prefix in any case, the key's case kept."""
    resources = {}
    for tag in tags:
        if not tag.lower().startswith("dask-resource"):
            continue
        found = re.match(r"[^:=]*:([^=]+)=([^=]+)$", tag)
        try:
            resources[found.group(1)] = float(found.group(2))
        except (AttributeError, ValueError):
            raise ValueError("the tag %r is none of the form dask-resource:KEY=NUMBER" % tag) from None
    return resources
