"""What runs on workers and scheduler."""

from __future__ import annotations

import collections
import importlib
import logging
import os
import sys
import threading

# Workers lack this package: what is of `__main__` goes to them with its code, whatever the version of cloudpickle.
__name__ = "__main__"


class Tee:
    """A worker's stdout or stderr that also hands whole lines to `sink`. Everything else is the original stream's."""

    def __init__(self, stream, sink):
        self.flowrun_stream = stream
        self.sink = sink
        self.partial = threading.local()

    def write(self, text):
        written = self.flowrun_stream.write(text)
        *lines, rest = (getattr(self.partial, "text", "") + str(text)).split("\n")
        self.partial.text = rest[-2000:]
        for line in lines:
            self.sink(line)
        return written

    def __getattr__(self, name):
        return getattr(self.flowrun_stream, name)


def worker_plugin(options):
    """The plugin that prepares every worker, present or future, for this run: import paths and environment as in the
    flow pod, and the lines that tasks print, in batches over the scheduler.

    `options`: {topic, paths, environ, warm, pid, launcher}. Made in a function since its base class is Dask's.
    """
    from distributed.diagnostics.plugin import WorkerPlugin

    class FlowRunWorker(WorkerPlugin):
        name = "flowrun"
        max_lines, max_chars, interval_milliseconds = 2000, 256 * 1024, 200

        def setup(self, worker):
            import collections
            import os
            import sys

            from tornado.ioloop import PeriodicCallback

            for path in reversed(options["paths"]):
                if path in sys.path:
                    sys.path.remove(path)
                sys.path.insert(0, path)
            os.environ.update(options["environ"])
            self.warm()
            self.worker, self.streams, self.timer = worker, {}, None
            self.lines, self.chars, self.dropped, self.finished = collections.deque(), 0, 0, []
            if os.getpid() == options["pid"]:  # a worker in the launcher's own process: all of this is there already
                return
            if os.environ.get("FLOWRUN_LAUNCHER") != options["launcher"]:
                for name in ("stdout", "stderr"):
                    self.streams[name] = getattr(sys, name)
                    setattr(sys, name, Tee(getattr(sys, name), self.take))
                self.redirect_loggers()
            watch_task_runs(lambda *run: self.finished.append(list(run)))
            self.timer = PeriodicCallback(self.flush, self.interval_milliseconds)
            self.timer.start()

        def warm(self):
            """Imports what tasks need, in the event loop: while it imports, no task can start. Two tasks that import
            Prefect 1 at the same time see it half initialized."""
            for module in options["warm"]:
                try:
                    importlib.import_module(module)
                except Exception:  # the task that needs it says so
                    return

        def redirect_loggers(self):
            """A handler that was made before keeps the stream it was made with."""
            import logging

            for name in ("", "prefect"):
                for handler in logging.getLogger(name).handlers:
                    for tee in (getattr(sys, name) for name in self.streams):
                        if getattr(handler, "stream", None) is tee.flowrun_stream:
                            handler.setStream(tee)

        def take(self, line):
            from distributed.worker import thread_state

            line = line[:2000]
            if len(self.lines) >= self.max_lines or self.chars + len(line) > self.max_chars:
                self.dropped += 1
                return
            self.chars += len(line)
            self.lines.append((getattr(thread_state, "key", None), line))

        def flush(self):
            """Runs in the event loop, so that nothing overtakes it."""
            from dask.utils import key_split

            if not (self.lines or self.dropped or self.finished):
                return
            rows, self.chars = [], 0
            while self.lines:
                key, line = self.lines.popleft()
                rows.append([key_split(key) if key is not None else "", line])
            dropped, self.dropped = self.dropped, 0
            finished, self.finished = self.finished, []
            # Not `worker`: the scheduler puts the address there.
            message = {"pod": str(self.worker.name), "lines": rows, "dropped": dropped, "finished": finished}
            self.worker.log_event(options["topic"], message)

        def transition(self, key, start, finish, **_):
            # A finished task is told to the scheduler after this, over the same connection: its lines arrive first.
            if self.timer and start in ("executing", "long-running") and finish != start:
                self.flush()

        def teardown(self, worker):
            if self.timer:
                self.timer.stop()
                self.flush()
                for name, stream in self.streams.items():
                    setattr(sys, name, stream)

    return FlowRunWorker()


def watch_task_runs(tell):
    """Calls `tell(task run id, name, ok, state)` when a Prefect 2 or 3 task run of this process has ended."""
    import sys

    engine = getattr(sys.modules.get("prefect.task_engine"), "BaseTaskRunEngine", None)
    if hasattr(engine, "log_finished_message"):
        watch_engine(engine, tell)
    else:
        watch_logger(tell)


def watch_engine(engine, tell):
    """Prefect 3 calls it at the end of each task run, whatever the log level."""
    original = engine.log_finished_message

    def log_finished_message(self):
        run, state = getattr(self, "task_run", None), getattr(self, "state", None)
        if run is not None and state is not None:
            tell(str(run.id), str(run.name), state.is_completed(), str(state).split("\n")[0][:300])
        return original(self)

    engine.log_finished_message = log_finished_message


def watch_logger(tell):
    """A filter, not a handler: Prefect configures its logging when the first task runs, and that removes handlers."""
    import logging

    class Ends(logging.Filter):
        def filter(self, record):
            message = record.getMessage()
            if message.startswith("Finished in state "):
                state = message[len("Finished in state ") :].split("\n")[0]
                name = str(getattr(record, "task_run_name", None) or getattr(record, "task_name", "task"))
                tell(str(getattr(record, "task_run_id", name)), name, record.levelno < logging.ERROR, state[:300])
            return True

    logging.getLogger("prefect.task_runs").addFilter(Ends())


def prepare_scheduler(dask_scheduler=None, topic=None, client=None, paths=(), environ=None):
    """Since 2023.4 the scheduler too unpickles task graphs, so it imports the user's modules where it has them. And it
    remembers the last 100 000 events of each topic: of lines that are printed already it needs none.

    Returns (name, versions) of the workers that are there, and lets the topic tell the client of each that joins."""
    import collections
    import os
    import sys

    from distributed.diagnostics.plugin import SchedulerPlugin

    class FlowRunVersions(SchedulerPlugin):
        name = "flowrun-versions"

        def add_worker(self, scheduler=None, worker=None, **_):
            state = scheduler.workers[worker]
            scheduler.log_event(topic, {"joined": str(state.name), "versions": state.versions})

    sys.path[:0] = [path for path in paths if path not in sys.path and os.path.isdir(path)]
    os.environ.update({key: value for key, value in (environ or {}).items() if key.startswith("PREFECT__")})
    nothing = collections.deque(maxlen=0)
    try:
        broker = getattr(dask_scheduler, "_broker", None)
        if broker is not None:
            broker._topics[topic].events = nothing
        else:
            dask_scheduler.events[topic] = nothing
    except Exception:  # another version keeps them in another way: memory, no more
        pass
    # A client subscribes over its stream, which this call may overtake: who joins in between would be told to nobody.
    dask_scheduler.subscribe_topic(topic=topic, client=client)
    dask_scheduler.add_plugin(FlowRunVersions())
    return [(str(state.name), state.versions) for state in dask_scheduler.workers.values()]
