/** Loads beyond a plain burst, for flows that count as those of `scaling.py` do. Each returns what it saw, beside its counts. */
export const LOADS = `
import time

from distributed import Client, Event, get_worker, wait
from scaling import counted, size, until, work


def until_set(number):
    get_worker().log_event("runs", number)
    Event("enough").wait()
    return number


def tail(tasks):
    """One task that outlasts many short ones of its kind keeps its worker, and it alone."""
    client = Client()
    long = client.submit(until_set, tasks, key="work-tail")
    short = client.map(work, range(tasks), pure=False, seconds=0.05)
    until("more workers", lambda: size(client) > 1)
    wait(short)
    until("one worker", lambda: size(client) == 1)
    Event("enough").set()
    return counted(client, tasks + 1, client.gather([*short, long]))


def twice(tasks):
    """Two bursts, each after the cluster has come down from the one before. All results are held."""
    client = Client()
    futures = []
    for first in (0, tasks):
        burst = client.map(work, range(first, first + tasks), pure=False)
        until("more workers", lambda: size(client) > 1)
        wait(burst)
        futures += burst
        until("one worker", lambda: size(client) == 1)
    return counted(client, 2 * tasks, client.gather(futures))


def steady(tasks, every, seconds):
    """Tasks come one by one. The sizes are those of the last third."""
    client = Client()
    futures, sizes = [], set()
    for number in range(tasks):
        futures.append(client.submit(work, number, seconds=seconds, pure=False))
        time.sleep(every)
        if number >= tasks * 2 // 3:
            sizes.add(size(client))
    return counted(client, tasks, client.gather(futures), least=min(sizes), most=max(sizes))


def unknown(tasks, seconds):
    """Each task is of a kind of its own, so that nothing is ever learnt. They come all at once."""
    client = Client()
    keys = ["abcdefgh"[number] * 4 + "-%d" % number for number in range(tasks)]
    return counted(client, tasks, client.gather(client.map(work, range(tasks), key=keys, seconds=seconds)))


MEGABYTE = 2**20


def block(number, megabytes):
    get_worker().log_event("runs", number)
    time.sleep(0.3)
    return bytes([number]) * (megabytes * MEGABYTE)


def hog(number):
    """Takes memory until its worker is paused."""
    import psutil

    worker = get_worker()
    worker.log_event("runs", number)
    kept = []

    def paused():
        if psutil.Process().memory_info().rss < 0.86 * worker.memory_manager.memory_limit:
            kept.append(b"x" * (16 * MEGABYTE))
        return worker.status.name == "paused"

    until("the worker is paused", paused)
    return number


def on_disk(dask_worker):
    return len(dask_worker.data.slow)


def memory(tasks, megabytes, keep):
    """More results than memory stay where they are; a few move together, with a worker that is paused meanwhile."""
    client = Client()
    futures = client.map(block, range(tasks), megabytes=megabytes, pure=False)
    wait(futures)
    spilled = sum(client.run(on_disk).values())
    time.sleep(6)
    full = size(client)
    hogging = client.submit(hog, tasks, pure=False)
    futures = futures[:keep]
    until("one worker", lambda: size(client) == 1)
    whole = [set(value) == {n} and len(value) == megabytes * MEGABYTE for n, value in enumerate(client.gather(futures))]
    return counted(client, tasks + 1, [hogging.result()], spilled=spilled > 0, full=full > 1, whole=all(whole))


def part(number, slow):
    import pandas as pd

    get_worker().log_event("runs", number)
    time.sleep(10 if number == slow else 0.3)
    return pd.DataFrame({"k": [(number * 50 + n) % 37 for n in range(50)], "v": 1})


def shuffle(tasks):
    """The last part of a P2P shuffle is slow: the others have nothing to do, and what they took part in is not over."""
    import inspect
    import dask.dataframe as dd
    import pandas as pd

    client = Client()
    meta = pd.DataFrame({"k": pd.Series(dtype="int64"), "v": pd.Series(dtype="int64")})
    parts = dd.from_map(part, range(tasks), slow=tasks - 1, meta=meta)
    word = "shuffle_method" if "shuffle_method" in inspect.signature(parts.shuffle).parameters else "shuffle"
    rows = parts.shuffle("k", **{word: "p2p"}).map_partitions(len, meta=("n", "int64"))
    total = client.compute(rows).result().sum()
    until("one worker", lambda: size(client) == 1)
    return counted(client, tasks, [int(total)])


def idle(tasks, seconds):
    """All workers are busy for longer than the time-out, then none is."""
    client = Client()
    until("all workers", lambda: size(client) == tasks)
    results = client.gather(client.map(work, range(tasks), pure=False, seconds=seconds))
    busy, done = size(client), time.monotonic()
    until("one worker", lambda: size(client) == 1)
    return counted(client, tasks, results, busy=busy, idle=time.monotonic() - done)
`;
