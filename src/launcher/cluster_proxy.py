"""A cluster as Prefect 1's executor sees it."""

from __future__ import annotations


class ClusterProxy:
    """What Prefect 1's DaskExecutor gets from `cluster_class`: it makes the executor treat the cluster as a temporary
    one, whose end is the end of its tasks. Others scale and end it, so those calls do nothing; it stays for a retry.

    `cluster` is the object that a class of the user's made, or None for the operator's cluster."""

    def __init__(self, address, cluster):
        from distributed.core import Status

        self.scheduler_address = address
        self.status = Status.running
        self.dashboard_link = getattr(cluster, "dashboard_link", None)
        self.security = getattr(cluster, "security", None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def __await__(self):
        async def self_again():
            return self

        return self_again().__await__()

    def adapt(self, **_):
        return None

    def close(self, *_, **__):
        return None


def proxy_of(address, cluster=None):
    """A `cluster_class` for Prefect, whose log shows the name of the class that made the cluster."""

    def make(**_):
        return ClusterProxy(address, cluster)

    kind = type(cluster)
    known = ("flowrun", "KubeCluster") if cluster is None else (kind.__module__, kind.__qualname__)
    make.__module__, make.__qualname__ = known
    return make
