"""Whether scheduler and workers have what the flow has."""

from __future__ import annotations

import sys

from .conditions import VERSIONS
from .faults import SpecFault

LIBRARIES = ("dask", "distributed")
DIFFER = {"scheduler": "SchedulerVersionsDiffer", "worker": "WorkerVersionsDiffer"}


def versions_of(report):
    """{python: `3.11`, dask, distributed} of what `distributed.versions.get_versions` says about one place."""
    packages = dict((report or {}).get("packages") or {})
    python = str(((report or {}).get("host") or {}).get("python") or "")
    return {"python": ".".join(python.split(".")[:2]), **{name: packages.get(name) for name in LIBRARIES}}


class VersionCheck:
    """Compares each place with the flow. A difference is a condition; one of Python's minor version ends the attempt
    unless the FlowRun allows it, for pickled code does not run on another."""

    def __init__(self, conditions, allowed):
        self.conditions = conditions
        self.allowed = allowed
        self.mine = None

    def see(self, role, name, report, binding=True):
        """`role`: `scheduler` or `worker`. Returns the fault that ends the attempt, or None."""
        if self.mine is None:
            from distributed.versions import get_versions

            self.mine = versions_of(get_versions())
        theirs = versions_of(report)
        differing = [key for key in self.mine if theirs[key] and theirs[key] != self.mine[key]]
        if not differing:
            return None
        shown = "; ".join("%s: %s there, %s in the flow" % (key, theirs[key], self.mine[key]) for key in differing)
        message = "%s has other versions than the flow (%s)" % (name, shown)
        if "python" in differing and binding and not self.allowed:
            return SpecFault(
                "VersionMismatch",
                "%s: code that Python %s pickles cannot run there. Use one image for flow and cluster, or set clusterKwargs.allow_version_mismatch: true"
                % (message, "%d.%d" % sys.version_info[:2]),
            )
        self.conditions.add(VERSIONS, DIFFER[role], message + ": use one image for flow and cluster")
        return None
