"""Turns SIGTERM (node drain, preemption, `kubectl delete pod`) into a retirement that loses no result.

Distributed's own answer to SIGTERM leaves the scheduler at once: results held only here are recomputed, and each
running task's death counts against `allowed-failures`. A retirement first copies such results to other workers;
running tasks restart elsewhere and the loss is not counted.

Given as `--preload`, and with a nanny as `--preload-nanny` too: the process that gets the signal acts.
FLOWRUN_GRACE_SECONDS is the pod's termination grace period, 30 by default.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading

logger = logging.getLogger("distributed.flowrun")

RETRY_SECONDS = 0.5
# Left of the grace period for the close after the retirement. A process that is still there is then ended from
# inside: threads in user code would keep it until SIGKILL, which Kubernetes reports as a failure.
CLOSE_SECONDS = 4.0
SOURCES = "/flow"


def grace_seconds() -> float:
    try:
        return max(1.0, float(os.environ.get("FLOWRUN_GRACE_SECONDS", "30")))
    except ValueError:
        return 30.0


async def retire(member) -> None:
    """Until the worker is retired: a worker with results and no other to take them is not (the reply leaves it out),
    and another may come up within the grace period."""
    while True:
        address = member.worker_address
        if address is None:
            return
        retired = await member.scheduler.retire_workers(workers=[address], remove=True, close_workers=False)
        if address in retired or str(member.status).endswith(("closing", "closed")):
            return
        await asyncio.sleep(RETRY_SECONDS)


async def leave(member) -> None:
    grace = grace_seconds()
    last = threading.Timer(max(0.5, grace - 1.0), os._exit, args=(0,))
    last.daemon = True
    last.start()
    try:
        await asyncio.wait_for(retire(member), max(0.5, grace - CLOSE_SECONDS))
        logger.info("Retired after SIGTERM")
    except Exception as error:  # an unreachable scheduler or no time left: nothing more can be saved
        logger.warning("Leaving without having been retired: %r", error)
    options = {"timeout": 1.0}
    if not is_nanny(member):
        options.update(executor_wait=False, nanny=False)
    try:
        await member.close(**options)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # The closing worker ends its process by itself unless user code holds a thread.
        threading.Timer(1.0, os._exit, args=(0,)).start()


def is_nanny(member) -> bool:
    return type(member).__name__ == "Nanny"


def dask_setup(member) -> None:
    if os.path.isdir(SOURCES) and SOURCES not in sys.path:
        sys.path.insert(0, SOURCES)
    if getattr(member, "nanny", None):
        return  # the nanny gets the signal
    leaving = []

    def on_sigterm() -> None:
        if not leaving:
            logger.info("SIGTERM: retiring %s", member.worker_address)
            leaving.append(asyncio.ensure_future(leave(member)))

    # The command line sets its handler with signal.signal when its signal task first runs, which is before any
    # worker reaches its preloads; the loop's handler set here replaces it.
    asyncio.get_event_loop().add_signal_handler(signal.SIGTERM, on_sigterm)
