"""Clusters that a class of the user's choice makes in the flow pod."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import inspect
import logging

from .faults import Fault, SpecFault
from .tracebacks import cause_of, explain, headline
from .words import did_you_mean, say


def import_cluster_class(path):
    """`module.Class` or `module:name`, any callable that returns a cluster."""
    module_name, _, name = path.rpartition(":") if ":" in path else path.rpartition(".")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise not_found(path, "there is no module %r in this image: add the package it comes from" % error.name) from error
    except Exception as error:  # the user's own module may raise anything
        raise not_found(path, explain(error)) from error
    found = getattr(module, name, None)
    if found is None:
        raise not_found(path, "module %s has no %r%s" % (module_name, name, did_you_mean(name, dir(module))))
    if not callable(found):
        raise SpecFault("ClusterClassNotFound", "executor.clusterClass %s is a %s: name a class, or a function that returns a cluster" % (path, type(found).__name__))
    return found


def not_found(path, why):
    return SpecFault("ClusterClassNotFound", "executor.clusterClass %s: %s" % (path, why))


@contextlib.contextmanager
def made_cluster(executor):
    """Makes the executor's cluster, lets it adapt, and leaves it as the context manager that it is: whatever still runs
    there is killed. How leaving went is said, and changes nothing about the outcome."""
    path = executor.cluster_class
    make = import_cluster_class(path)
    kwargs = dict(executor.cluster_kwargs or {})
    if is_local_cluster(make):
        kwargs.setdefault("silence_logs", logging.WARNING if executor.debug else logging.CRITICAL)
    say("making a cluster with %s.%s" % (getattr(make, "__module__", "?"), getattr(make, "__qualname__", path)))
    try:
        made = make(**kwargs)
        if not hasattr(made, "scheduler_address"):
            raise SpecFault(
                "ClusterFailed",
                "executor.clusterClass %s gave an object of type %s, which is no Dask cluster (it has no scheduler_address): name a class of one" % (path, type(made).__name__),
            )
        cluster = made.__enter__() if hasattr(made, "__enter__") else made
    except Fault:
        raise
    except Exception as error:
        raise cluster_failed(path, "could not make a cluster", error) from error
    try:
        if executor.adapt_kwargs:
            adapt(path, cluster, executor.adapt_kwargs)
        yield cluster
    finally:
        leave(path, made)


def is_local_cluster(make):
    """The very class, as upstream: a subclass chooses for itself what its logs say."""
    from distributed import LocalCluster

    return make is LocalCluster


def adapt(path, cluster, kwargs):
    try:
        adaptive = cluster.adapt(**kwargs)
        if inspect.isawaitable(adaptive):  # dask_kubernetes' clusters
            asyncio.run(awaited(adaptive))
    except Exception as error:
        raise cluster_failed(path, "does not take adaptKwargs %s" % ", ".join(sorted(kwargs)), error) from error


async def awaited(value):
    return await value


def leave(path, made):
    try:
        if hasattr(made, "__exit__"):
            made.__exit__(None, None, None)
        elif hasattr(made, "close"):
            made.close()
    except Exception as error:
        say("the cluster of %s could not be closed, something of it may be left: %s" % (path, headline(error)))


def cluster_failed(path, what, error):
    """A wrong argument is the spec's fault, even where a class found it in a child process and wrapped it."""
    wrong_argument = cause_of(error, "TypeError")
    message = "executor.clusterClass %s %s\n%s" % (path, what, explain(wrong_argument or error))
    return SpecFault("ClusterFailed", message) if wrong_argument else Fault("ClusterFailed", message)
