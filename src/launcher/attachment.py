"""The run's hold on its cluster: workers that are ready for it, and what they tell."""

from __future__ import annotations

import os
import threading
import time

from .executor import no_dask
from .faults import Fault
from .on_workers import prepare_scheduler, worker_plugin
from .tracebacks import headline
from .words import say

# What a task of each generation of Prefect imports.
WARM = {
    1: ["prefect", "prefect.engine.flow_runner"],
    2: ["prefect", "prefect.engine"],
    3: ["prefect", "prefect.task_engine", "prefect_dask"],
}
# Which launcher a process belongs to: its children inherit it, and what they print is in the flow's log already.
LAUNCHER = "FLOWRUN_LAUNCHER"


def prepare_workers(client, run, options, tally, joined):
    """Registers the plugin with the scheduler and prints what comes back as `[pod task] line`. `joined(pod, versions)`
    is called for each worker there is and each that comes. `options`: {paths, environ, warm}."""
    topic = "flowrun-%s-%s" % (run.uid, run.attempt)

    def receive(event):
        message = event[1]
        if "joined" in message:
            joined(message["joined"], message["versions"])
            return
        for end in message["finished"]:
            tally.add(*end)
        for task, line in message["lines"]:
            print("[%s] %s" % (" ".join(filter(None, (message["pod"], task))), line), flush=True)
        if message["dropped"]:
            say("%s printed faster than can be shown: %d lines left out, its own log has them" % (message["pod"], message["dropped"]))

    client.subscribe_topic(topic, receive)
    present = client.run_on_scheduler(
        prepare_scheduler, topic=topic, client=client.id, paths=options["paths"], environ=options["environ"]
    )
    for name, versions in present:
        joined(name, versions)
    register_plugin(client, worker_plugin(dict(options, topic=topic, pid=os.getpid(), launcher=os.environ.get(LAUNCHER))), run.start_seconds)


def register_plugin(client, plugin, seconds):
    """Returns when every worker has the plugin. One that dies meanwhile makes the scheduler give up on the others too,
    so they are asked again: a worker that has the plugin sets it up anew. Raises the last error after `seconds`."""
    register = getattr(client, "register_plugin", None) or client.register_worker_plugin
    deadline = time.monotonic() + seconds
    while True:
        try:
            return register(plugin, name="flowrun")
        except OSError as error:
            if time.monotonic() >= deadline:
                raise
            say("a worker was lost while it was made ready, the others are asked again: %s" % headline(error))
            time.sleep(0.2)


class Attachment:
    """The default Client and workers that are ready for this run, made in a thread beside the load of the user's code:
    workers import Prefect while the launcher does. `stop(fault)` ends a run that has begun."""

    def __init__(self, job, stop):
        try:
            import distributed  # noqa: F401 - here, since two threads must not import it at the same time
        except ImportError as error:
            raise no_dask(job.executor, error) from error
        self.job = job
        self.stop = stop
        self.begun = False
        self.fault = None
        self.thread = threading.Thread(target=self.attach, name="flowrun-attach", daemon=True)
        self.thread.start()

    def attach(self):
        job = self.job
        try:
            client = job.cluster.connect()
            self.fault = job.versions.see("scheduler", "the scheduler", client.sync(client.scheduler.versions))
            if self.fault is None:  # else it cannot run what prepares it
                prepare_workers(client, job.run, job.worker_options, job.tally, self.joined)
        except Fault as fault:
            self.fault = self.fault or fault
        except Exception as error:
            self.fault = self.fault or Fault("ClusterFailed", "the workers could not be prepared: %s" % headline(error))

    def joined(self, pod, versions):
        self.fault = self.fault or self.job.versions.see("worker", "worker %s" % pod, versions)
        if self.fault is not None and self.begun:
            self.stop(self.fault)

    def join(self):
        self.thread.join()
        self.begun = True
        if self.fault is not None:
            raise self.fault


def attach_beside(cluster):
    """For a command: a client that is held until the end, made beside it, if the image's Python has Dask."""
    try:
        cluster.connect(default=False)
    except (ImportError, Fault) as error:
        say("no connection to the scheduler: %s" % headline(error))
