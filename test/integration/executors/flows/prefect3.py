import asyncio
import dataclasses
import threading
import time

import helpers
from prefect import flow, get_run_logger, task, unmapped
from prefect.futures import as_completed, wait


@task
def probe(group, index, parties):
    get_run_logger().info("probe %d tells Prefect", index)
    return helpers.look(group, index, parties)


@flow
def facts(group, parties, echo):
    rows = probe.map(unmapped(group), [0, 1], unmapped(parties)).result()
    return helpers.summary(rows, echo)


@task(tags=["DASK-Resource:GPU=1"])
def needs_gpu(index):
    return helpers.alone(index)


@task(retries=1)
def flaky():
    from prefect.context import TaskRunContext

    count = TaskRunContext.get().task_run.run_count
    if count == 1:
        raise ValueError("the first time")
    return count


@task
def together(group, index):
    return helpers.met(group, index, 2)


@task
def pair(a, b):
    return [a, b]


@flow
def pairs():
    return pair.map([1, 2], unmapped("b")).result()


@flow
def features(group):
    gpu = needs_gpu.map([0, 1, 2])
    parallel = together.map(unmapped(group), [0, 1])
    runs = flaky.submit()
    return {"gpu": max(gpu.result()), "runs": runs.result(), "parallel": parallel.result(), "pairs": pairs()}


@task
def lock():
    return threading.Lock()


@task
def use(value):
    return value


@flow
def unpicklable():
    use.submit(lock.submit()).result()


@task
def slow(seconds):
    print("slow has begun", flush=True)
    time.sleep(seconds)
    print("slow has finished", flush=True)


@task
def after(_):
    print("after has begun", flush=True)


@flow
def cancelled(seconds):
    after.submit(slow.submit(seconds)).result()


@task
def look_around():
    return helpers.clients_and_level()


@flow
def arguments():
    return look_around.submit().result()


@task
async def later(seconds, value):
    await asyncio.sleep(seconds)
    return value


@task(timeout_seconds=1)
async def too_slow():
    await asyncio.sleep(120)


@task
def broken():
    raise ValueError("broken")


@dataclasses.dataclass
class Point:
    x: int
    y: int


@task
def add(point):
    return point.x + point.y


@task
def parent():
    return add.submit(Point(3, 4)).result()


@flow
def ends():
    futures = [later.submit(3, "second"), later.submit(0, "first")]
    order = [future.result() for future in as_completed(futures)]
    late, failed = too_slow.submit(), broken.submit()
    never, waited = add.submit(failed), later.submit(0, "waited", wait_for=futures)
    wait([late, failed, never, waited])
    states = {"late": late, "broken": failed, "never": never, "waited": waited}
    return {"order": order, "nested": parent.submit().result(), **{name: future.state.name for name, future in states.items()}}
