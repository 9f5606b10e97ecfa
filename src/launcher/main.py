"""The run from its beginning to its end."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import threading
import traceback

from .attachment import LAUNCHER, WARM, Attachment, attach_beside
from .cluster import Cluster
from .command import run_command
from .conditions import Conditions
from .dask_client import check_client_kwargs
from .entrypoint import import_paths, resolve
from .faults import Fault
from .job import Job
from .leave import leave
from .loading import load_quietly
from .on_workers import watch_task_runs
from .outcome import failed, faulted
from .plain import check_plain, run_plain
from .prefect1 import check_prefect1, run_prefect1
from .prefect3 import check_prefect3, run_prefect3
from .prefect_server import PrefectServer, needs_prefect_server
from .report import Report
from .run import Run
from .signals import Signals, kill_group
from .tracebacks import explain, headline
from .versions import generation, mentions_prefect
from .words import say

# kind of flow -> (check its parameters, run it to an outcome)
KINDS = {
    0: (check_plain, run_plain),
    1: (check_prefect1, run_prefect1),
    2: (check_prefect3, run_prefect3),
    3: (check_prefect3, run_prefect3),
}


def prepare_process(directory):
    """Nobody answers at stdin; a user id that the image does not know may have no home and no writable directory."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    scratch = None
    home = os.path.expanduser("~")
    if not os.access(home, os.W_OK):
        scratch = tempfile.mkdtemp(prefix="flowrun-home-")
        os.environ["HOME"] = scratch
    if not os.access(directory, os.W_OK):
        os.chdir(scratch or tempfile.mkdtemp(prefix="flowrun-work-"))


def run_entrypoint(job, signals, cleanups, directory):
    """Loads the entrypoint, checks its parameters and runs it, with as much as possible at the same time."""
    run = job.run
    job.entry = entry = resolve(run.entrypoint, directory)
    if job.executor and job.executor.client_kwargs:
        check_client_kwargs(job.executor)
    paths = import_paths(entry, directory)
    sys.path[:0] = paths
    sys.argv = [entry.path or entry.module]
    server = PrefectServer(job) if needs_prefect_server(entry) else None
    if server:
        cleanups.append(server.stop)
        os.environ.update(server.environ)  # before Prefect is imported, for it reads its settings then
        if "PREFECT_HOME" not in os.environ and not os.access(os.path.expanduser("~"), os.W_OK):
            os.environ["PREFECT_HOME"] = server.home
    environ = dict({"PREFECT__CONTEXT__LOADING_FLOW": "true"}, **(server.environ if server else {}))
    warm = WARM.get(generation(), []) if mentions_prefect(entry) else []
    job.worker_options = {"paths": paths, "environ": environ, "warm": warm}
    attachment = Attachment(job, signals.stop_with) if job.cluster else None
    job.module, job.flow = load_quietly(entry)
    kind = generation(job.flow)
    check, execute = KINDS[min(kind, 3)]
    if kind >= 2:
        watch_task_runs(job.tally.add)
    check(job)
    if attachment:
        attachment.join()
        if kind == 0:
            job.cluster.wait_for_worker()
    if server and kind >= 2:
        server.wait(run.start_seconds)
    return execute(job)


def perform(run, cluster, conditions, signals, cleanups, directory):
    """The whole run to its outcome; whatever is raised on the way becomes one."""
    try:
        try:
            run.read_executor()
            if run.command:
                if cluster:
                    cluster.wait()
                    threading.Thread(target=attach_beside, args=(cluster,), daemon=True).start()
                return run_command(run, signals, cleanups)
            outcome = run_entrypoint(Job(run, cluster, conditions), signals, cleanups, directory)
        except Fault as fault:
            outcome = faulted(fault)
        except (Exception, SystemExit) as error:
            traceback.print_exc()
            outcome = failed("%s\nthe launcher failed, not the flow: report this with the log of the flow pod" % explain(error), reason="LauncherFailed")
        signals.deaf = True
    except BaseException as error:  # ours, Prefect's TerminationSignal, asyncio's CancelledError
        if signals.stopped_by(error):
            return signals.outcome()
        traceback.print_exc()
        return failed(explain(error))
    # What a signal breaks may look like a failure of its own. A flow that finished well all the same has succeeded.
    if signals.received and outcome.outcome != "Succeeded":
        return signals.outcome(outcome.message)
    return outcome


def main(argv):
    try:
        with open(argv[1], encoding="utf-8") as file:
            run = Run(json.load(file), argv[2:])
    except (IndexError, OSError, ValueError, KeyError, TypeError) as error:
        say("no usable run.json: %s" % headline(error))
        sys.exit(Fault.code)
    directory = os.getcwd()
    os.environ[LAUNCHER] = "%s-%s-%d" % (run.uid, run.attempt, os.getpid())
    conditions, cleanups = Conditions(), []
    report = Report(run, conditions)
    cluster = Cluster(run) if run.cluster else None

    def expire(group):
        """The grace period is about to end."""
        outcome = report.settle(signals.outcome("it did not end within the grace period"))
        if group is not None:
            kill_group(group, signal.SIGKILL)
        for cleanup in cleanups:
            cleanup()
        os._exit(outcome.process_code)

    prepare_process(directory)
    signals = Signals(run.grace_seconds, expire)
    outcome = perform(run, cluster, conditions, signals, cleanups, directory)
    if cluster and outcome.outcome == "Succeeded":
        cluster.check_use(conditions)
    outcome = report.settle(outcome)
    if outcome.outcome != "Succeeded":
        say("%s: %s: %s" % (outcome.outcome, outcome.reason, outcome.message))
    if cluster:
        cluster.hand_over(run, report.data)
        cluster.close()
    leave(outcome.process_code, cleanups)
