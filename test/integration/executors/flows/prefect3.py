import threading
import time

import helpers
from prefect import flow, get_run_logger, task, unmapped


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
