"""The run's hold on its cluster."""

from __future__ import annotations

import os
import threading

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


def prepare_workers(client, run, options, tally):
    """Registers the plugin with the scheduler and prints what comes back as `[pod task] line`."""
    topic = "flowrun-%s-%s" % (run.uid, run.attempt)

    def receive(event):
        message = event[1]
        for end in message["finished"]:
            tally.add(*end)
        for task, line in message["lines"]:
            print("[%s] %s" % (" ".join(filter(None, (message["pod"], task))), line), flush=True)
        if message["dropped"]:
            say("%s printed faster than can be shown: %d lines left out, its own log has them" % (message["pod"], message["dropped"]))

    client.run_on_scheduler(prepare_scheduler, topic=topic, paths=options["paths"], environ=options["environ"])
    client.subscribe_topic(topic, receive)
    plugin = worker_plugin(dict(options, topic=topic, launcher=os.getpid()))
    register = getattr(client, "register_plugin", None) or client.register_worker_plugin
    register(plugin, name="flowrun")


class Attachment:
    """The default Client and workers that are ready for this run, made in a thread beside the load of the user's code:
    workers import Prefect while the launcher does."""

    def __init__(self, run, cluster, options, tally):
        try:
            import distributed  # noqa: F401 - here, since two threads must not import it at the same time
        except ImportError as error:
            raise no_dask(run.executor, error) from error
        self.error = None
        self.thread = threading.Thread(target=self.attach, args=(run, cluster, options, tally), name="flowrun-attach", daemon=True)
        self.thread.start()

    def attach(self, run, cluster, options, tally):
        try:
            prepare_workers(cluster.connect(), run, options, tally)
        except Fault as fault:
            self.error = fault
        except Exception as error:
            self.error = Fault("ClusterFailed", "the workers could not be prepared: %s" % headline(error))

    def join(self):
        self.thread.join()
        if self.error is not None:
            raise self.error


def attach_beside(run, cluster):
    """For a command: a client that is held until the end, made beside it, if the image's Python has Dask."""
    try:
        cluster.connect(default=False)
    except (ImportError, Fault) as error:
        say("no connection to the scheduler: %s" % headline(error))
