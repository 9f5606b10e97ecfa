"""The run from its beginning to its end."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import threading
import traceback

from .attachment import Attachment, WARM, attach_beside
from .cluster import Cluster
from .command import run_command
from .entrypoint import import_paths, resolve
from .faults import Fault
from .job import Job
from .leave import leave
from .loading import load_quietly
from .on_workers import watch_task_runs
from .outcome import cancelled, failed, faulted
from .plain import check_plain, run_plain
from .prefect1 import check_prefect1, run_prefect1
from .prefect3 import check_prefect3, run_prefect3
from .prefect_server import PrefectServer, needs_prefect_server
from .report import Report
from .run import Run
from .signals import Signals, kill_group, signal_name
from .tally import TaskTally
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


def run_entrypoint(run, cluster, cleanups, directory):
    """Loads the entrypoint, checks its parameters and runs it, with as much as possible at the same time."""
    entry = resolve(run.entrypoint, directory)
    paths = import_paths(entry, directory)
    sys.path[:0] = paths
    sys.argv = [entry.path or entry.module]
    server = PrefectServer(run) if needs_prefect_server(entry) else None
    if server:
        cleanups.append(server.stop)
        os.environ.update(server.environ)  # before Prefect is imported, for it reads its settings then
        if "PREFECT_HOME" not in os.environ and not os.access(os.path.expanduser("~"), os.W_OK):
            os.environ["PREFECT_HOME"] = server.home
    tally = TaskTally()
    attachment = None
    if cluster:
        environ = dict({"PREFECT__CONTEXT__LOADING_FLOW": "true"}, **(server.environ if server else {}))
        warm = WARM.get(generation(), []) if mentions_prefect(entry) else []
        attachment = Attachment(run, cluster, {"paths": paths, "environ": environ, "warm": warm}, tally)
    module, flow = load_quietly(entry)
    kind = generation(flow)
    check, execute = KINDS[min(kind, 3)]
    job = Job(run, entry, module, flow, cluster, tally)
    if kind >= 2:
        watch_task_runs(tally.add)
    check(job)
    if attachment:
        attachment.join()
        if kind == 0:
            cluster.wait_for_worker()
    if server and kind >= 2:
        server.wait(run.start_seconds)
    return execute(job)


def perform(run, cluster, signals, cleanups, directory):
    """The whole run to its outcome; whatever is raised on the way becomes one."""
    try:
        try:
            run.read_executor()
            if run.command:
                if cluster:
                    cluster.wait()
                    threading.Thread(target=attach_beside, args=(run, cluster), daemon=True).start()
                return run_command(run, signals)
            outcome = run_entrypoint(run, cluster, cleanups, directory)
        except Fault as fault:
            outcome = faulted(fault)
        except (Exception, SystemExit) as error:
            traceback.print_exc()
            outcome = failed(explain(error), reason="LauncherFailed")
        signals.deaf = True
    except KeyboardInterrupt as error:
        if signals.received is None:
            return failed(explain(error))
        return cancelled(signals.received)
    # What a signal breaks may look like a failure of its own. A flow that finished well all the same has succeeded.
    if signals.received and outcome.outcome != "Succeeded":
        return cancelled(signals.received, "stopped by %s: %s" % (signal_name(signals.received), outcome.message))
    return outcome


def main(argv):
    try:
        with open(argv[1], encoding="utf-8") as file:
            run = Run(json.load(file))
    except (IndexError, OSError, ValueError, KeyError, TypeError, Fault) as error:
        say("no usable run.json: %s" % headline(error))
        sys.exit(Fault.code)
    directory = os.getcwd()
    report, cleanups = Report(run), []
    cluster = Cluster(run) if run.cluster else None

    def expire(number, group):
        """The grace period is about to end."""
        outcome = report.settle(cancelled(number, "stopped by %s; it did not end within the grace period" % signal_name(number)))
        if group is not None:
            kill_group(group, signal.SIGKILL)
        for cleanup in cleanups:
            cleanup()
        os._exit(outcome.process_code)

    prepare_process(directory)
    signals = Signals(run.grace_seconds, expire)
    outcome = report.settle(perform(run, cluster, signals, cleanups, directory))
    if outcome.outcome != "Succeeded":
        say("%s: %s: %s" % (outcome.outcome, outcome.reason, outcome.message))
    if cluster:
        cluster.hand_over(run, report.data)
        cluster.close()
    leave(outcome.process_code, cleanups)
