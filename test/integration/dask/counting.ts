import type { Driver } from './processes.ts';

/**
 * Code for a client. `work(x, seconds)` counts its runs by files named after `x` and the worker. `runs()` gives how often
 * work ran and on how many different values; `runs_on(name)` how often on that worker. `held(x)` goes on until `go()`.
 */
const COUNTING = `
import os, tempfile, time
from distributed import get_worker, wait
folder = tempfile.mkdtemp(prefix="flowrun-runs-")
def work(x, seconds=0, folder=folder):
    open(os.path.join(folder, "%s:%s:%s" % (x, get_worker().name, time.time())), "w").close()
    time.sleep(seconds)
    return x
def held(x, folder=folder):
    work(x, 0, folder)
    while not os.path.exists(os.path.join(folder, "go")):
        time.sleep(0.05)
    return x
def go():
    open(os.path.join(folder, "go"), "w").close()
def started():
    return [name.split(":") for name in os.listdir(folder) if name != "go"]
def runs():
    return [len(started()), len({x for x, _, _ in started()})]
def runs_on(name):
    return len([x for x, worker, _ in started() if worker == name])
def address(name):
    return {w["name"]: a for a, w in client.scheduler_info(**more)["workers"].items()}[name]
import inspect
more = {"n_workers": -1} if "n_workers" in inspect.signature(client.scheduler_info).parameters else {}
def results_on(name):
    return len(client.has_what()[address(name)])
`;

/** Makes a client count; what it counted in is removed in the end. */
export async function counting(client: Driver): Promise<AsyncDisposable> {
  await client.run(COUNTING);
  return {
    [Symbol.asyncDispose]: async () => {
      if (client.child.exitCode === null)
        await client.run('import shutil\nshutil.rmtree(folder)').catch(() => undefined);
    },
  };
}
