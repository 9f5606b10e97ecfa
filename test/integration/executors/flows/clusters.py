"""Callables that a FlowRun names as its clusterClass."""

import distributed


class Recorder(distributed.LocalCluster):
    """Tells what it was made with and how it was asked to adapt."""

    def __init__(self, **kwargs):
        print("cluster made with %s" % sorted(kwargs.items()), flush=True)
        super().__init__(n_workers=2, threads_per_worker=1, dashboard_address=None, **kwargs)

    def adapt(self, **kwargs):
        print("adapt called with %s" % sorted(kwargs.items()), flush=True)
