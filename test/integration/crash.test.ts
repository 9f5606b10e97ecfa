import { expect, inject, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { namespaceFor, runOf, type TestNamespace } from '../support/namespace.ts';
import { type OperatorProcess, startOperator } from '../support/operator.ts';

const WRITES = ['POST', 'PUT', 'PATCH', 'DELETE'];
/** Events are best effort, and the seed of all keys is made before any run: neither is part of a run's protocol. */
const LIFECYCLE = /^(?!.*\/(events|namespaces\/default\/secrets))/;

/** Crash points tried at once, twice: each run waits most of the time, for pods and for what a lost answer means. */
const LANES = 2;

/** A flow on a cluster that leaves one line in its log each time it runs. */
const manifest = (space: TestNamespace, name: string) => ({
  apiVersion: 'flowrun.dev/v1alpha1',
  kind: 'FlowRun',
  metadata: { name },
  spec: {
    flow: {
      image: space.image,
      entrypoint: 'once.py:main',
      source: {
        inline: {
          'once.py':
            'def main():\n    from distributed import get_client\n    return get_client().submit(sum, [1, 2, 3]).result()\n',
        },
      },
    },
    executor: { type: 'DaskExecutor', clusterKwargs: { n_workers: 1 } },
  },
});

/** Runs once with the operator killed at its n-th write. Whether that write was ever reached. */
async function crashAt(space: TestNamespace, nth: number, how: 'before' | 'after'): Promise<boolean> {
  const proxy = await FaultProxy.start({ kubeconfig: inject('kubeconfig') });
  const name = `crash-${how}-${nth}`;
  const running: OperatorProcess[] = [];
  try {
    proxy.on(
      { methods: WRITES, path: LIFECYCLE, nth },
      { type: how === 'before' ? 'halfOpen' : 'loseAnswer' },
    );
    const first = await startOperator({
      kubeconfig: proxy.kubeconfig,
      arguments: ['--namespace', space.name],
    });
    running.push(first);
    await space.apply(manifest(space, name));
    const writes = () =>
      proxy.requests.filter(({ method, path }) => WRITES.includes(method) && LIFECYCLE.test(path));
    const reached = await eventually(
      `write ${nth} of ${name}`,
      async () => {
        // Asked for first: a run that goes on after a lost answer may end between two looks, and was struck all the same.
        const over = (await space.condition(name, 'CleanedUp')) === 'True';
        const struck = how === 'before' ? writes().length >= nth : writes().some((write) => write.answerLost);
        if (struck) return 'struck';
        return over ? 'over' : undefined;
      },
      150,
    );
    await first.kill();
    proxy.heal();
    if (reached === 'over') return false;

    const second = await startOperator({
      kubeconfig: proxy.kubeconfig,
      arguments: ['--namespace', space.name],
    });
    running.push(second);
    await space.waitFor(name, 'CleanedUp', 150);
    const run = await space.get('flowrun', name);
    const { phase, attempt, result } = runOf(run).status;
    expect({ phase, attempt, value: result?.value }).toEqual({
      phase: 'Succeeded',
      attempt: 1,
      value: 6,
    });
    await space.onlyFlowPodsLeft(`flowrun.dev/name=${name}`);
    expect(await space.list('service', `flowrun.dev/name=${name}`)).toEqual([]);
    expect(await space.list('configmap', `flowrun.dev/name=${name}`)).toEqual([]);
    return true;
  } finally {
    for (const operator of running) await operator.kill();
    await proxy.close();
    await space.delete('flowrun', name);
  }
}

/** Crashes at every write that a run has, each lane in a namespace with operators of its own. The writes that were reached. */
async function crashEverywhere(how: 'before' | 'after'): Promise<number[]> {
  const reached: number[] = [];
  let next = 1;
  let over = false;
  const lane = async () => {
    const space = await namespaceFor('crash');
    try {
      while (!over) {
        const nth = next++;
        if (await crashAt(space, nth, how)) reached.push(nth);
        else over = true;
      }
    } finally {
      over = true;
      await space.remove();
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: LANES }, lane));
  const failed = lanes.find((each) => each.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return reached.sort((one, other) => one - other);
}

test.concurrent.each(['before', 'after'] as const)(
  'a run ends as if nothing had happened when the operator is killed just %s any of its writes takes place',
  async (how) => {
    const writes = await crashEverywhere(how);
    expect(writes).toEqual(writes.map((_, index) => index + 1));
    // files, keys, service, scheduler, worker and flow; begin, flow seen, running, end, cleaned up; three deletes.
    expect(writes.length).toBeGreaterThanOrEqual(13);
    // Design: 16 lifecycle writes an attempt, one more for each worker.
    expect(writes.length).toBeLessThanOrEqual(17);
  },
  1_200_000,
);
