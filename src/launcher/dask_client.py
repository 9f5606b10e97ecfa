"""The default Client that leads the flow to its executor's cluster."""

from __future__ import annotations

import contextlib
import inspect
import os
import typing

from .attachment import prepare_workers
from .cluster_class import made_cluster
from .executor import no_dask
from .faults import Fault, SpecFault
from .pickling import travel_by_value
from .tracebacks import headline
from .words import did_you_mean, say


class Connection(typing.NamedTuple):
    """`cluster` is what a class of the user's made, None for others; `client` is the launcher's own."""

    address: str
    cluster: typing.Any
    client: typing.Any


@contextlib.contextmanager
def connected(job):
    """While open, `dask.compute()`, a bare `Client()` and DaskTaskRunner find the cluster of a DaskExecutor: an address
    is connected to, a class makes one in this pod. The operator's cluster has the launcher's Client from the start."""
    executor = job.executor
    if job.cluster is not None:
        yield Connection(job.cluster.address, None, job.cluster.client)
        return
    import dask

    # Workers of a LocalCluster are children of this process, which import what it imports.
    travel_by_value(job, helpers=bool(executor.address) or not executor.cluster_class.endswith("LocalCluster"))
    with contextlib.ExitStack() as stack:
        cluster = None if executor.address else stack.enter_context(made_cluster(executor))
        client = open_client(cluster or executor.address, for_launcher(executor.client_kwargs))
        stack.callback(close_quietly, client)
        address = client.scheduler.address
        os.environ["DASK_SCHEDULER_ADDRESS"] = address  # for children; Dask has read the environment already
        stack.enter_context(dask.config.set({"scheduler-address": address}))
        compare_versions(job, client)
        if cluster is None:
            job.tally.lost = True  # nothing of ours on those workers tells of ends
        else:
            prepare_quietly(job, client)
        yield Connection(address, cluster, client)


def compare_versions(job, client):
    """Nobody asked for these workers to be like the flow: a difference is said, and ends nothing."""
    try:
        found = client.get_versions(check=False)
    except Exception as error:
        say("the versions of scheduler and workers are unknown: %s" % headline(error))
        return
    job.versions.see("scheduler", "the scheduler", found.get("scheduler"), binding=False)
    for name, report in (found.get("workers") or {}).items():
        job.versions.see("worker", "worker %s" % name, report, binding=False)


def prepare_quietly(job, client):
    """The workers of a class may be made of other images than the flow, where our code does not run."""
    try:
        prepare_workers(client, job.run, job.worker_options, job.tally, lambda *_: None)
    except Exception as error:
        job.tally.lost = True
        say("workers keep their lines and the ends of task runs to themselves: %s" % headline(error))


def for_launcher(kwargs):
    """Of clientKwargs, what it takes to get there; the rest concerns the flow's own Client."""
    return {key: value for key, value in kwargs.items() if key in ("timeout", "security")}


def check_client_kwargs(executor):
    """A Client hands what it does not know to a LocalCluster, or complains about clusters: here it is named."""
    try:
        from distributed import Client
    except ImportError as error:
        raise no_dask(executor, error) from error
    managed = ("address", "asynchronous", "loop", "self", "kwargs")
    known = [name for name in inspect.signature(Client.__init__).parameters if name not in managed]
    for name in executor.client_kwargs:
        if name not in known:
            raise SpecFault(
                "BadClientKwargs",
                "clientKwargs.%s: distributed.Client has no such argument that a run may set; there is %s%s"
                % (name, ", ".join(known), did_you_mean(name, known)),
            )
    timeout = executor.client_kwargs.get("timeout")
    if timeout is not None and not is_duration(timeout):
        raise SpecFault("BadClientKwargs", "clientKwargs.timeout: %r is no duration; write seconds, or text such as `500ms`, `30s`, `2m`" % (timeout,))


def is_duration(value):
    from dask.utils import parse_timedelta

    try:
        parse_timedelta(value)
    except (KeyError, ValueError, TypeError, AttributeError):
        return False
    return True


def open_client(target, kwargs):
    """`target` is an address or a cluster. A Fault says which scheduler did not answer, or why the arguments are wrong."""
    from distributed import Client

    shown = getattr(target, "scheduler_address", target)
    try:
        return Client(target, **kwargs)
    except FileNotFoundError as error:
        which = error.filename or "named there"  # the ssl module does not say
        raise SpecFault("BadClientKwargs", "clientKwargs.security: the file %s is not in the flow pod; mount it by flow.volumes" % which) from error
    except (TypeError, ValueError) as error:
        raise SpecFault("BadClientKwargs", "no Client for %s with clientKwargs %s: %s" % (shown, ", ".join(kwargs) or "none", headline(error))) from error
    except Exception as error:
        raise Fault("SchedulerUnreachable", "the scheduler at %s: %s" % (shown, headline(error))) from error


def close_quietly(client):
    try:
        client.close()
    except Exception as error:
        say("the client could not be closed: %s" % headline(error))
