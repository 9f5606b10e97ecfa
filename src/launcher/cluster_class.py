"""Clusters that a class of the user's choice makes in the flow pod."""

from __future__ import annotations

import importlib
import logging

from .faults import Fault, SpecFault
from .tracebacks import cause_of, explain, headline
from .words import did_you_mean


def import_cluster_class(path):
    """`module.Class` or `module:name`, any callable that returns a cluster."""
    module_name, _, name = path.rpartition(":") if ":" in path else path.rpartition(".")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise SpecFault(
            "ClusterClassNotFound",
            "executor.clusterClass %s: there is no module %r in this image: add the package it comes from" % (path, error.name),
        ) from error
    except ImportError as error:
        raise SpecFault("ClusterClassNotFound", "executor.clusterClass %s: %s" % (path, headline(error))) from error
    found = getattr(module, name, None)
    if found is None:
        raise SpecFault(
            "ClusterClassNotFound",
            "executor.clusterClass %s: module %s has no %r%s" % (path, module_name, name, did_you_mean(name, dir(module))),
        )
    if not callable(found):
        raise SpecFault("ClusterClassNotFound", "executor.clusterClass %s is a %s, not a class or function" % (path, type(found).__name__))
    return found


class ClusterFactory:
    """The cluster class of the FlowRun as the executors call it. What it raises is kept, for Prefect wraps it."""

    def __init__(self, executor):
        self.path = executor.cluster_class
        self.make = import_cluster_class(self.path)
        self.kwargs = dict(executor.cluster_kwargs or {})
        self.fault = None
        from distributed import LocalCluster

        if self.make is LocalCluster:
            self.kwargs.setdefault("silence_logs", logging.WARNING if executor.debug else logging.CRITICAL)
        self.__name__ = self.__qualname__ = getattr(self.make, "__name__", "cluster")
        self.__module__ = getattr(self.make, "__module__", __name__)

    def __call__(self, **more):
        try:
            return self.make(**dict(self.kwargs, **more))
        except Exception as error:
            wrong_argument = cause_of(error, "TypeError")  # a class may find it in a child process and wrap it
            kind = SpecFault if wrong_argument else Fault
            message = "executor.clusterClass %s could not make a cluster\n%s" % (self.path, explain(wrong_argument or error))
            self.fault = kind("ClusterFailed", message)
            raise self.fault from error
