import type { TestNamespace } from './namespace.ts';
import { LOADS } from './scaling-loads.ts';

/**
 * Flows whose tasks count their own runs, on the scheduler, where they survive their worker. Each waits inside for the
 * cluster to get to a size, and so drives the test by itself.
 */
const FLOW = `
import os
import time

from distributed import Client, get_worker, wait


def work(number, seconds=0.3):
    get_worker().log_event("runs", number)
    time.sleep(seconds)
    return number


def until(what, condition, seconds=200):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.2)


def until_told():
    until("the end", lambda: os.path.exists("/tmp/enough"))


def size(client):
    return len(client.nthreads())


def story(client):
    """What the scheduler knows of the workers' lives and of stolen tasks, for whoever reads the log of a test that failed."""
    told = [(at, topic, event) for topic, events in client.get_events().items() for at, event in events]
    for at, topic, event in sorted(told, key=lambda line: line[0]):
        print("%.3f" % at, topic, repr(event)[:500])
    for level, line in client.get_scheduler_logs():
        print(level, line, flush=True)


def counted(client, tasks, results, **more):
    runs = [number for _, number in client.get_events("runs")]
    if len(runs) != len(set(runs)):
        story(client)
    return {"sum": sum(results), "runs": len(runs), "distinct": len(set(runs)), "tasks": tasks, **more}


def held(tasks):
    """1 -> N -> 1: the results stay on workers while these go."""
    client = Client()
    futures = client.map(work, range(tasks), pure=False)
    until("more workers", lambda: size(client) > 1)
    wait(futures)
    until("one worker", lambda: size(client) == 1)
    return counted(client, tasks, client.gather(futures))


def zero(tasks):
    """1 -> N -> 0 without results, then data scattered to no worker, and a second burst."""
    client = Client()
    first = client.gather(client.map(work, range(tasks), pure=False))
    until("no worker", lambda: size(client) == 0)
    data = client.scatter([100], broadcast=False)
    more = client.map(work, range(tasks, 2 * tasks), pure=False)
    results = first + client.gather(more)
    return counted(client, 2 * tasks, results, scattered=client.gather(data))


def groups(tasks):
    """First only GPU tasks, then only plain ones."""
    client = Client()
    gpu = client.map(work, range(tasks), pure=False, resources={"GPU": 1}, seconds=1)
    results = client.gather(gpu)
    plain = client.map(work, range(tasks, 2 * tasks), pure=False, seconds=1)
    return counted(client, 2 * tasks, results + client.gather(plain))


def pinned(tasks):
    """Tasks bound to one of many workers keep it, and it alone."""
    client = Client()
    burst = client.map(work, range(tasks), pure=False)
    until("more workers", lambda: size(client) > 2)
    wait(burst)
    address = sorted(client.nthreads())[-1]
    bound = client.map(work, range(tasks, tasks + 10), pure=False, workers=[address], seconds=2)
    until("one worker", lambda: size(client) == 1)
    alone = list(client.nthreads()) == [address]
    return counted(client, tasks + 10, client.gather(burst + bound), alone=alone)


def busy(tasks, seconds, patient=False):
    """Tasks of the same length; a patient flow ends only when told."""
    client = Client()
    futures = client.map(work, range(tasks), pure=False, seconds=seconds)
    results = client.gather(futures)
    if patient:
        until_told()
    return counted(client, tasks, results)


def last(number):
    """Lasts until its worker is told."""
    get_worker().log_event("runs", number)
    until_told()
    return number


def lasting(tasks):
    """Tasks that are running when their workers shall leave, and end when told."""
    client = Client()
    return counted(client, tasks, client.gather(client.map(last, range(tasks), pure=False)))


def restarted(tasks):
    """All workers are closed in the middle; others come for them."""
    client = Client()
    results = client.gather(client.map(work, range(tasks), pure=False))
    until("two workers", lambda: size(client) == 2)
    client.restart(timeout=120)
    until("two workers", lambda: size(client) == 2)
    more = client.map(work, range(tasks, 2 * tasks), pure=False)
    return counted(client, 2 * tasks, results + client.gather(more))


def stuck(tasks, resource):
    """Tasks that no worker can run, beside others; given up when told."""
    client = Client()
    never = client.map(work, range(1000, 1002), pure=False, resources={resource: 1})
    results = client.gather(client.map(work, range(tasks), pure=False))
    until_told()
    client.cancel(never)
    return counted(client, tasks, results)
`;

const FILES = { 'scaling.py': FLOW, 'loads.py': LOADS };

/** A FlowRun of one of these flows. */
export function scalingRun(options: {
  name: string;
  image: string;
  flow: string;
  /** Where the flow stands. */
  file?: keyof typeof FILES;
  parameters: object;
  clusterKwargs?: object;
  adaptKwargs?: object;
}) {
  const { name, image, flow, file = 'scaling.py', parameters, clusterKwargs = {}, adaptKwargs } = options;
  return {
    apiVersion: 'flowrun.dev/v1alpha1',
    kind: 'FlowRun',
    metadata: { name },
    spec: {
      flow: {
        image,
        entrypoint: `${file}:${flow}`,
        parameters,
        source: { inline: FILES },
      },
      executor: {
        type: 'DaskExecutor',
        clusterKwargs,
        ...(adaptKwargs === undefined ? {} : { adaptKwargs }),
      },
    },
  };
}

/** Lets a flow that waits to be told go on, or the tasks of those pods. */
export async function enough(
  space: TestNamespace,
  name: string,
  selector = 'flowrun.dev/role=flow',
): Promise<void> {
  const pods = await space.list('pod', `flowrun.dev/name=${name},${selector}`);
  await Promise.all(pods.map(({ metadata }) => space.exec(metadata.name ?? '', ['touch', '/tmp/enough'])));
}
