"""What the operator needs of a scheduler, beside distributed's own operations.

    flowrun_sample(after, wait, drain, drain_seconds)   all that scaling and status need; lets workers go
    flowrun_result(uid, attempt, result)                the launcher's result, kept and repeated in every sample

Costs: nothing per task. A tick compares a few lengths, a sample is O(workers + task prefixes + task groups) with
bounded looks into the task sets, and a pass that turns out slow is cached for a hundred times as long as it took.
Nothing is ever pushed: a push on a comm that also replies would corrupt the WebSocket framing.
"""

from __future__ import annotations

import os
import sys
import types

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGE = "flowrun_scheduler"
SOURCES = "/flow"
TICK_MILLISECONDS = 100

# The files beside this one are modules of a package, so that nothing of their folder can hide the user's modules.
if PACKAGE not in sys.modules:
    sys.modules[PACKAGE] = types.ModuleType(PACKAGE)
    sys.modules[PACKAGE].__path__ = [HERE]


def dask_setup(scheduler):
    from flowrun_scheduler.scheduler_run import FlowRun
    from tornado.ioloop import PeriodicCallback

    # Newer releases unpickle the task graph here: functions of the user's sources must be importable.
    if os.path.isdir(SOURCES) and SOURCES not in sys.path:
        sys.path.insert(0, SOURCES)
    flow_run = FlowRun(scheduler)
    scheduler.handlers["flowrun_sample"] = flow_run.sample
    scheduler.handlers["flowrun_result"] = flow_run.take_result
    scheduler.handlers["terminate"] = flow_run.terminate
    scheduler.handlers["scatter"] = flow_run.counting(scheduler.handlers["scatter"])
    scheduler.stream_handlers["worker-status-change"] = flow_run.drains.worker_says
    # The scheduler starts it right after the preloads and stops it when it closes.
    scheduler.periodic_callbacks["flowrun"] = PeriodicCallback(flow_run.tick, TICK_MILLISECONDS)
