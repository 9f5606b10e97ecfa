"""What the flows of this suite share, and what tasks find out about the place where they run. It lies beside the
entrypoint's file, so that a task which uses it shows that the sources of a run can be imported on its workers."""

import logging
import os
import re
import socket
import tempfile
import threading
import time
import uuid

PATIENCE_SECONDS = 100
UNIQUE = re.compile("-[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$")


class FileMark:
    """A mark that tasks of one pod set for each other."""

    def __init__(self, name):
        self.path = os.path.join(tempfile.gettempdir(), name)

    def set(self):
        open(self.path, "w").close()

    def wait(self, timeout):
        end = time.monotonic() + timeout
        while not os.path.exists(self.path):
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True


def mark(name):
    """Dask's own Event where the task runs on a Dask worker: workers may be in different pods."""
    try:
        from distributed import Event, get_worker

        get_worker()
    except (ImportError, ValueError):
        return FileMark(name)
    return Event(name)


def met(group, index, parties):
    """Whether `parties` tasks ran at the same time: each waits until it has seen all of them."""
    marks = [mark("%s-%d" % (group, other)) for other in range(parties)]
    if parties > 1:
        marks[index].set()
    return parties > 1 and all(each.wait(timeout=PATIENCE_SECONDS) for each in marks)


def dask_key():
    """The key of the running Dask task without what makes it unique, or None where no Dask worker runs it."""
    try:
        from distributed.worker import thread_state
    except ImportError:
        return None
    key = getattr(thread_state, "key", None)
    return None if key is None else UNIQUE.sub("", str(key))


def look(group, index, parties):
    """One task's view."""
    print("probe %d prints" % index)
    logging.getLogger("flows").warning("probe %d logs", index)
    return {
        "met": met(group, index, parties),
        "pod": socket.gethostname(),
        "process": os.getpid(),
        "thread": threading.get_ident(),
        "key": dask_key(),
        "nonce": uuid.uuid4().hex,
    }


def summary(rows, echo):
    """What the tasks saw, small enough for a result. `echo` comes back as Python
    writes it down, and its `id` as a number."""
    return {
        "met": all(row["met"] for row in rows),
        "pods": sorted({row["pod"] for row in rows}),
        "processes": len({(row["pod"], row["process"]) for row in rows}),
        "threads": len({(row["pod"], row["process"], row["thread"]) for row in rows}),
        "keys": [row["key"] for row in rows],
        "different": len({row["nonce"] for row in rows}),
        "echo": repr(echo),
        "id": echo["id"],
    }


RUNNING = []
MOST = []
LOCK = threading.Lock()


def alone(index):
    """How many calls of this function this process has seen running at the same time, at most."""
    with LOCK:
        RUNNING.append(index)
        MOST.append(len(RUNNING))
    time.sleep(0.2)
    with LOCK:
        RUNNING.remove(index)
    return max(MOST)


def clients_and_level():
    """Names of the clients that the scheduler has, without what makes them unique, and the log level of Dask here."""
    from distributed import get_client

    def names(dask_scheduler=None):
        return list(dask_scheduler.clients)

    found = {re.sub(r"-[0-9a-f]{8}-.*", "", name) for name in get_client().run_on_scheduler(names)}
    return {"clients": sorted(found), "level": logging.getLogger("distributed").level}
