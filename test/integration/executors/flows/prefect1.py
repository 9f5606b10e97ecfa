import threading
import time

import helpers
import prefect
from prefect import Flow, Parameter, task, unmapped


@task
def probe(group, index, parties):
    prefect.context.logger.info("probe %d tells Prefect", index)
    return helpers.look(group, index, parties)


@task
def collect(rows, echo):
    return helpers.summary(rows, echo)


with Flow("facts") as facts:
    group, parties, echo = Parameter("group"), Parameter("parties"), Parameter("echo")
    collect(probe.map(unmapped(group), [0, 1], unmapped(parties)), echo)


@task(tags=["DASK-Resource:GPU=1"])
def needs_gpu(index):
    return helpers.alone(index)


@task(max_retries=1, retry_delay=__import__("datetime").timedelta(seconds=0))
def flaky():
    if prefect.context.task_run_count == 1:
        raise ValueError("the first time")
    return prefect.context.task_run_count


@task
def together(group, index):
    return helpers.met(group, index, 2)


@task
def pair(a, b):
    return [a, b]


@task(name="features")
def features_seen(gpu, runs, parallel, pairs):
    return {"gpu": max(gpu), "runs": runs, "parallel": parallel, "pairs": pairs}


with Flow("features") as features:
    group = Parameter("group")
    gpu = needs_gpu.map([0, 1, 2])
    parallel = together.map(unmapped(group), [0, 1])
    features_seen(gpu, flaky(), parallel, pair.map([1, 2], unmapped("b")))


@task
def lock():
    return threading.Lock()


@task
def use(value):
    return value


with Flow("unpicklable") as unpicklable:
    use(lock())


@task
def slow(seconds):
    print("slow has begun", flush=True)
    time.sleep(seconds)
    print("slow has finished", flush=True)


@task
def after(_):
    print("after has begun", flush=True)


with Flow("cancelled") as cancelled:
    after(slow(Parameter("seconds")))


@task
def look_around():
    return helpers.clients_and_level()


with Flow("arguments") as arguments:
    look_around()


def dawdle():
    for _ in range(1200):
        time.sleep(0.1)


@task(timeout=1)
def too_slow():
    dawdle()


@task
def broken():
    raise ValueError("broken")


@task(trigger=prefect.triggers.all_failed)
def consoled(_):
    return "consoled"


@task(trigger=prefect.triggers.all_successful)
def never(_):
    return "never"


@task(name="ends", trigger=prefect.triggers.all_finished)
def ends_seen(**found):
    return {name: value if isinstance(value, str) else type(value).__name__ for name, value in found.items()}


with Flow("ends") as ends:
    failed = broken()
    ends_seen(late=too_slow(), broken=failed, after=consoled(failed), never=never(failed))
