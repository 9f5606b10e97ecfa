"""DaskExecutor for plain callables: clusters of a class or of an address. How to run: see conftest.py."""

import os
import time

import pytest

from conftest import WHERE

LOCAL = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": None}


def of_class(name, kwargs=None, **more):
    return dict({"type": "DaskExecutor", "clusterClass": name, "clusterKwargs": LOCAL if kwargs is None else kwargs}, **more)


CLASSES = """
import distributed

class Watched(distributed.LocalCluster):
    def __init__(self, **kwargs):
        print("made with", sorted(kwargs), flush=True)
        super().__init__(**kwargs)
    def __enter__(self):
        print("entered", flush=True)
        return super().__enter__()
    def __exit__(self, *details):
        print("left", flush=True)
        return super().__exit__(*details)
    def adapt(self, **kwargs):
        print("adapts", sorted(kwargs.items()), flush=True)
        return super().adapt(**kwargs)

class Strict(distributed.LocalCluster):
    def adapt(self, minimum=0):
        return super().adapt(minimum=minimum)

def broken(**kwargs):
    raise OSError("no quota left")

def leaky(**kwargs):
    cluster = distributed.LocalCluster(**kwargs)
    cluster.__class__ = type("Leaky", (distributed.LocalCluster,), {"__exit__": lambda *_: 1 / 0})
    return cluster

NUMBER = 3
"""

ADD = "import dask\ndef main(): return dask.compute(dask.delayed(sum)([1, 2]))[0]"


def test_a_cluster_of_a_class_is_entered_adapted_and_left(bench):
    bench.write(classes=CLASSES, flow=ADD)
    executor = of_class("classes.Watched", adaptKwargs={"minimum": 1, "maximum": 2, "wait_count": 5})
    ended = bench.run("flow.py:main", executor=executor)
    assert (ended.code, ended.value) == (0, 3), ended.output
    words = ["made with %r" % sorted(LOCAL), "entered", "adapts [('maximum', 2), ('minimum', 1), ('wait_count', 5)]", "left"]
    places = [ended.output.find(word) for word in words]
    assert -1 not in places and places == sorted(places), ended.output


@pytest.mark.parametrize(
    "path, debug, own, level",
    [
        ("distributed.LocalCluster", None, None, 50),
        ("dask.distributed.LocalCluster", True, None, 30),
        ("distributed:LocalCluster", True, 10, 10),
    ],
)
def test_debug_is_upstreams_silence_logs_of_a_local_cluster(bench, path, debug, own, level):
    bench.write(
        flow="""
        import distributed
        def main():
            import logging
            return [logging.getLogger("distributed").handlers[0].level, len(distributed.default_client().cluster.workers)]
        """
    )
    kwargs = dict(LOCAL, **({} if own is None else {"silence_logs": own}))
    ended = bench.run("flow.py:main", executor=of_class(path, kwargs, debug=debug))
    assert (ended.code, ended.value) == (0, [level, 1]), ended.output


@pytest.mark.parametrize(
    "path, kwargs, more, reason, words",
    [
        ("nonesuch.Cluster", {}, {}, "ClusterClassNotFound", ["'nonesuch'", "add the package"]),
        ("distributed.LocalClster", {}, {}, "ClusterClassNotFound", ["LocalCluster"]),
        ("classes:NUMBER", {}, {}, "ClusterClassNotFound", ["classes:NUMBER", "int"]),
        ("unimportable.Cluster", {}, {}, "ClusterClassNotFound", ["ZeroDivisionError", "unimportable.py:1"]),
        ("builtins.dict", {"n_workers": 1}, {}, "ClusterFailed", ["builtins.dict", "of type dict", "scheduler_address"]),
        ("distributed.LocalCluster", {"n_wrokers": 1}, {}, "ClusterFailed", ["distributed.LocalCluster", "n_wrokers"]),
        ("classes.Strict", LOCAL, {"adaptKwargs": {"mnimum": 1}}, "ClusterFailed", ["classes.Strict", "adaptKwargs mnimum", "unexpected"]),
        ("distributed.LocalCluster", LOCAL, {"clientKwargs": {"nme": "x"}}, "BadClientKwargs", ["nme", "did you mean 'name'"]),
        ("distributed.LocalCluster", LOCAL, {"clientKwargs": {"asynchronous": True}}, "BadClientKwargs", ["asynchronous"]),
        ("distributed.LocalCluster", LOCAL, {"clientKwargs": {"security": {"tls": 1}}}, "BadClientKwargs", ["security", "tls"]),
    ],
)
def test_a_class_that_cannot_work_ends_with_2_and_is_named(bench, path, kwargs, more, reason, words):
    bench.write(classes=CLASSES, unimportable="1 / 0", flow="def main(): pass")
    ended = bench.run("flow.py:main", executor=of_class(path, kwargs, **more))
    assert (ended.code, ended.reason) == (2, reason), ended.output
    for word in words:
        assert word in ended.message


def test_a_class_that_fails_otherwise_ends_with_3_and_says_why(bench):
    bench.write(classes=CLASSES, flow="def main(): pass")
    ended = bench.run("flow.py:main", executor=of_class("classes:broken"))
    assert (ended.code, ended.reason) == (3, "ClusterFailed"), ended.output
    assert "classes:broken" in ended.message and "OSError: no quota left" in ended.message


def test_a_cluster_that_cannot_be_left_spoils_nothing(bench):
    bench.write(classes=CLASSES, flow=ADD)
    ended = bench.run("flow.py:main", executor=of_class("classes:leaky"))
    assert (ended.code, ended.value) == (0, 3), ended.output
    assert "could not be closed" in ended.output and "ZeroDivisionError" in ended.output


def test_leaving_a_temporary_cluster_kills_what_runs_there(bench):
    bench.write(
        flow="""
        import distributed, os, time
        def slow(path):
            print("ready", flush=True)
            time.sleep(30)
            open(path, "w").close()
        def main(path):
            distributed.default_client().submit(slow, path).result()
        """
    )
    path = bench.root + "/finished"
    kwargs = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": None}
    process = bench.start("flow.py:main", {"path": path}, of_class("distributed.LocalCluster", kwargs), grace=60)
    ended = bench.stop(process)
    assert (ended.code, ended.outcome) == (143, "Cancelled"), ended.output
    assert "did not end within" not in ended.message
    assert not os.path.exists(path)


@pytest.mark.parametrize("protocol", ["address", "ws_address"])
@pytest.mark.parametrize("more, default", [({"timeout": "20s"}, True), ({"set_as_default": False}, False)])
def test_an_address_is_the_default_cluster_with_the_users_client(bench, running_cluster, protocol, more, default):
    bench.write(flow=WHERE)
    executor = {"type": "DaskExecutor", "address": getattr(running_cluster, protocol), "clientKwargs": dict(more, name="mine")}
    ended = bench.run("flow.py:main", executor=executor)
    assert (ended.code, ended.value) == (0, [True, default]), ended.output


def test_the_entrys_code_travels_to_workers_that_are_not_ours(bench, running_cluster):
    bench.write(
        helper="def multiply(x, y): return x * y",
        flow="""
        import dask, os
        from helper import multiply
        def square(x):
            return multiply(x, x), os.getpid()
        def main():
            found = dask.compute(*[dask.delayed(square)(x) for x in (2, 3)])
            return [[value for value, _ in found], os.getpid() in [process for _, process in found]]
        """,
    )
    ended = bench.run("flow.py:main", executor={"type": "DaskExecutor", "address": running_cluster.address})
    assert (ended.code, ended.value) == (0, [[4, 9], False]), ended.output


@pytest.mark.parametrize("scheme", ["tcp", "ws"])
def test_an_unreachable_address_ends_with_3_within_the_clients_timeout(bench, dask_cluster, scheme):
    bench.write(flow="def main(): pass")
    address = dask_cluster.address.replace("tcp", scheme)
    started = time.monotonic()
    ended = bench.run("flow.py:main", executor={"type": "DaskExecutor", "address": address, "clientKwargs": {"timeout": 1}})
    assert time.monotonic() - started < 30
    assert (ended.code, ended.reason) == (3, "SchedulerUnreachable") and address in ended.message, ended.output


def test_an_encrypted_address_without_certificates_says_what_is_missing(bench):
    bench.write(flow="def main(): pass")
    executor = {"type": "DaskExecutor", "address": "tls://127.0.0.1:9", "clientKwargs": {"security": {"require_encryption": True}}}
    ended = bench.run("flow.py:main", executor=executor)
    assert (ended.code, ended.reason) == (2, "BadClientKwargs") and "TLS" in ended.message, ended.output


def test_a_helper_that_cannot_travel_by_value_goes_by_name(bench):
    bench.write(
        helper="import threading\nLOCK = threading.Lock()\ndef double(x):\n    with LOCK:\n        return 2 * x",
        clusters="import distributed\ndef small(**kwargs):\n    return distributed.LocalCluster(**kwargs)",
        flow="import dask\nfrom helper import double\ndef main(): return dask.compute(dask.delayed(double)(2))[0]",
    )
    ended = bench.run("flow.py:main", executor=of_class("clusters.small"))
    assert (ended.code, ended.value) == (0, 4), ended.output
