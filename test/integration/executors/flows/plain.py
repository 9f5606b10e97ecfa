import sys
import threading
import time

import dask
import helpers


def probe(group, index, parties):
    return helpers.look(group, index, parties)


def facts(group, parties, echo):
    calls = [dask.delayed(probe, pure=False)(group, index, parties) for index in range(2)]
    return helpers.summary(dask.compute(*calls), echo)


def features(group):
    with dask.annotate(resources={"GPU": 1}):
        gpu = [dask.delayed(helpers.alone)(index) for index in range(3)]
    parallel = [dask.delayed(helpers.met)(group, index, 2) for index in range(2)]
    gpu, parallel = dask.compute(gpu, parallel, optimize_graph=False)
    return {"gpu": max(gpu), "parallel": parallel}


def unpicklable():
    lock = dask.delayed(threading.Lock)()
    return dask.compute(dask.delayed(repr)(lock), lock)


def slow(seconds):
    print("slow has begun", flush=True)
    time.sleep(seconds)
    print("slow has finished", flush=True)


def after(_):
    print("after has begun", flush=True)


def cancelled(seconds):
    dask.compute(dask.delayed(after)(dask.delayed(slow)(seconds)))


def shout():
    sys.stdout.buffer.write(b"\xff\xfe\x00\n" * 100)
    print("caf\udce9".encode("utf-8", "surrogateescape").decode("latin-1"))
    return "x" * 10_000_000


def odd():
    here, there = shout(), dask.compute(dask.delayed(shout)())[0]
    print("odd has ended")
    return [here == there, here]


def threads():
    return dask.config.get("num_workers")
