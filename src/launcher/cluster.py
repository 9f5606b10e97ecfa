"""The cluster that the operator made for the run."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import threading
import time

from .conditions import UNUSED
from .faults import Fault
from .tracebacks import headline
from .words import say

HANDOVER_SECONDS = 3.0
PROGRESS_SECONDS = 5.0


class Cluster:
    """The cluster that the operator made for this run: wait for it, hold one default Client, hand over the result.

    Waiting needs no Dask and goes on in a thread from the start, beside the import of the user's code.
    """

    def __init__(self, run):
        self.address = run.cluster["schedulerAddress"]
        self.workers = run.cluster.get("workers") or 0
        self.name = "flowrun-launcher-%s-%s" % (run.uid, run.attempt)  # the preload knows the launcher by it
        self.seconds = run.start_seconds
        self.deadline = time.monotonic() + self.seconds
        os.environ.setdefault("DASK_SCHEDULER_ADDRESS", self.address)  # what a bare `Client()` connects to
        self.client = None
        self.answered = threading.Event()
        self.problem = "no answer yet"
        threading.Thread(target=self.knock, name="flowrun-scheduler-wait", daemon=True).start()

    def knock(self):
        """Until something accepts at the scheduler's address."""
        host, _, port = self.address.split("://", 1)[-1].rpartition(":")
        while time.monotonic() < self.deadline:
            try:
                socket.create_connection((host.strip("[]"), int(port)), timeout=1).close()
                return self.answered.set()
            except OSError as error:  # refused, no such name yet, no route yet: all of them pass
                self.problem = str(error)
                time.sleep(0.05)

    def wait(self):
        """Returns when the scheduler listens; says every few seconds that it does not."""
        started = time.monotonic()
        while not self.answered.wait(min(PROGRESS_SECONDS, max(0.01, self.deadline - time.monotonic()))):
            if time.monotonic() >= self.deadline:
                raise Fault(
                    "SchedulerUnreachable",
                    "the scheduler at %s did not answer within %g s (%s): see the scheduler pod"
                    % (self.address, self.seconds, self.problem),
                )
            say("waiting for the scheduler at %s (%d s: %s)" % (self.address, time.monotonic() - started, self.problem))

    def connect(self, default=True):
        """The Client that is held until the end. As the default one, `dask.compute()` and DaskTaskRunner find it."""
        self.wait()
        from distributed import Client

        try:
            left = max(5.0, self.deadline - time.monotonic())
            self.client = Client(self.address, name=self.name, timeout=left, set_as_default=default)
        except Exception as error:
            raise Fault("SchedulerUnreachable", "the scheduler at %s: %s" % (self.address, headline(error))) from error
        return self.client

    def wait_for_worker(self):
        """Plain code may `scatter` or `run` at once, which fails on a cluster without workers; flows submit tasks, which wait."""
        started = time.monotonic()
        while self.workers:
            try:
                return self.client.wait_for_workers(1, timeout=PROGRESS_SECONDS)
            except (TimeoutError, asyncio.TimeoutError):
                if time.monotonic() >= self.deadline:
                    raise Fault("NoWorkers", "no worker joined the scheduler within %g s: see the condition WorkersPending and the worker pods" % self.seconds) from None
                say("waiting for a first worker (%d s)" % (time.monotonic() - started))

    def check_use(self, conditions):
        """Says so when the flow never gave the cluster a task: it ran for nothing."""
        if self.client is None:
            return
        try:
            for _ in range(2):  # a sample may be some milliseconds old: a second one is not
                sample = self.client.sync(
                    self.client.scheduler.flowrun_sample, after=-1, wait=0, callback_timeout=HANDOVER_SECONDS
                )
                if sample["tasks"]["total"]:
                    return
                time.sleep(0.1)
        except Exception as error:  # no preload, or no answer: nothing is known
            say("the scheduler was not asked for its tasks: %s" % headline(error))
            return
        conditions.add(
            UNUSED,
            "NoTask",
            "the run's cluster never got a task: Prefect 2 and 3 send it what is called by `.submit()` or `.map()`, plain code"
            " uses `dask.compute()` or `Client().submit()`; a flow that needs no cluster has executor LocalExecutor, or none",
        )

    def hand_over(self, run, data):
        """The result to the preload, which shows it to the operator before this process has ended. An old scheduler or
        one without the preload does not know the operation, and a dead one does not answer: the exit goes on."""
        if self.client is None:
            return
        try:
            self.client.sync(
                self.client.scheduler.flowrun_result,
                uid=run.uid,
                attempt=run.attempt,
                result=json.loads(data.decode()),
                callback_timeout=HANDOVER_SECONDS,
            )
        except BaseException as error:
            say("the result could not be handed to the scheduler: %s" % headline(error))

    def close(self):
        if self.client is not None:
            try:
                self.client.close(timeout=1)
            except Exception:  # it ends with the process anyway
                pass
