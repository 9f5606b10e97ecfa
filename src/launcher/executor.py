"""The executor of the FlowRun."""

from __future__ import annotations

from .faults import SpecFault
from .words import did_you_mean


class Executor:
    """The executor of the FlowRun. `cluster_kwargs` is None when absent: upstream tells that from an empty mapping."""

    def __init__(self, document):
        self.type = document.get("type")
        self.scheduler = document.get("scheduler")
        self.kwargs = document.get("kwargs") or {}
        self.address = document.get("address")
        self.cluster_class = document.get("clusterClass")
        self.cluster_kwargs = document.get("clusterKwargs")
        self.adapt_kwargs = document.get("adaptKwargs") or {}
        self.client_kwargs = client_arguments(document.get("clientKwargs") or {})
        self.debug = bool(document.get("debug"))
        self.allows_version_mismatch = (self.cluster_kwargs or {}).get("allow_version_mismatch") is True
        if self.type not in ("LocalExecutor", "LocalDaskExecutor", "DaskExecutor"):
            raise SpecFault(
                "UnknownExecutor",
                "executor.type %r is none of LocalExecutor, LocalDaskExecutor, DaskExecutor" % (self.type,),
            )
        if self.type == "LocalDaskExecutor":
            self.scheduler = local_scheduler(self.scheduler)


LOCAL_SCHEDULERS = {
    "threads": "threads",
    "threading": "threads",
    "processes": "processes",
    "multiprocessing": "processes",
    "sync": "synchronous",
    "synchronous": "synchronous",
    "single-threaded": "synchronous",
}


def local_scheduler(name):
    """Upstream's aliases, in any case. Dask's own word `threaded` is not among them, upstream either."""
    known = LOCAL_SCHEDULERS.get((name or "threads").lower())
    if known is None:
        raise SpecFault(
            "UnknownScheduler",
            "executor.scheduler %r is unknown%s: LocalDaskExecutor knows %s"
            % (name, did_you_mean(name.lower(), LOCAL_SCHEDULERS), ", ".join(LOCAL_SCHEDULERS)),
        )
    return known


def client_arguments(kwargs):
    """clientKwargs as `distributed.Client` takes them: `security` may be a mapping of Security's arguments."""
    if isinstance(kwargs.get("security"), dict):
        from distributed.security import Security

        try:
            return dict(kwargs, security=Security(**kwargs["security"]))
        except TypeError as error:
            close = [did_you_mean(name, Security.__slots__) for name in kwargs["security"] if name not in Security.__slots__]
            raise SpecFault("BadClientKwargs", "clientKwargs.security: %s%s" % (error, "".join(close[:1]))) from error
    return kwargs


def no_dask(executor, error):
    return SpecFault("DaskMissing", "executor %s needs Dask, and the image has none (%s): add `distributed` to it" % (executor.type, error))
