"""A Prefect 1 flow as people have it: the executor is in the file."""

import atexit
import os

from prefect import Flow, task
from prefect.executors import DaskExecutor


@task
def where():
    return os.getpid()


@task
def elsewhere(process, here):
    return process != here


with Flow("own") as flow:
    elsewhere(where(), os.getpid())

flow.executor = DaskExecutor(cluster_class="distributed.LocalCluster", cluster_kwargs={"n_workers": 1, "dashboard_address": None})


def at_exit():
    executor = flow.executor
    print("afterwards the client is %s and the cluster takes %s" % (executor.client, executor.cluster_kwargs.get("silence_logs")))


if os.environ.get("FLOWRUN_POD_NAME"):
    atexit.register(at_exit)
