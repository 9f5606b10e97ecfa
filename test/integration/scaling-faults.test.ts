import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { parseOrdinals } from '../../src/core/ordinals.ts';
import { eventually } from '../support/eventually.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { namespaceFor, runOf, type TestNamespace } from '../support/namespace.ts';
import { startOperator } from '../support/operator.ts';
import { type TestOperator, operatorFor } from '../support/operator-for.ts';
import { podsLeft } from '../support/pods-left.ts';
import { enough, scalingRun } from '../support/scaling-flow.ts';
import { sleepingScheduler } from '../support/scheduler-process.ts';
import { WorkerHistories } from '../support/worker-history.ts';

const SECONDS = 200;
/** Of a run. Events are best effort, and the seed of all keys is made before any run. */
const LIFECYCLE = /^(?!.*\/(events|namespaces\/default\/secrets))/;

let space: TestNamespace;
let operator: TestOperator;
let histories: WorkerHistories;

beforeAll(async () => {
  space = await namespaceFor('scaling-faults');
  histories = new WorkerHistories(inject('kubeconfig'), space.name);
  operator = await operatorFor(space);
});
afterAll(async () => {
  await operator?.kill();
  await histories?.close();
  await space?.remove();
});

/** One run of each generation of Dask, so that what takes time takes it once. */
const GENERATIONS = ['prefect1', 'prefect3'] as const;
const onBoth = <T>(name: string, step: (run: string, image: string) => Promise<T>): Promise<T[]> =>
  Promise.all(GENERATIONS.map((generation) => step(`${name}-${generation}`, inject('images')[generation])));

/** Two workers of one thread, each with a task that lasts until its worker is told. */
async function twoBusyWorkers(name: string, image: string): Promise<void> {
  await space.apply(
    scalingRun({
      name,
      image,
      flow: 'lasting',
      parameters: { tasks: 2 },
      clusterKwargs: { n_workers: 2 },
      adaptKwargs: { minimum: 2, maximum: 2, target_duration: '1s' },
    }),
  );
  await eventually(
    'both workers have a task',
    () => {
      const { cluster, tasks } = histories.of(name).status;
      return cluster?.workers?.ready === 2 && tasks?.running === 2;
    },
    SECONDS,
  );
}

/** A lowered maximum makes a busy worker leave, which takes as long as its task. Its ordinal. */
async function lowered(name: string): Promise<number> {
  await space.patch('flowrun', name, { spec: { executor: { adaptKwargs: { minimum: 0, maximum: 1 } } } });
  return eventually(
    'a worker leaves',
    () => {
      const [group] = histories.of(name).status.cluster?.groups ?? [];
      return [...parseOrdinals(group?.leaving ?? '')][0];
    },
    SECONDS,
  );
}

/** Adds how the run fared to what was waited for in vain. */
const explained = (name: string) => async (error: unknown) => {
  const status = JSON.stringify(histories.of(name).status, undefined, 1);
  throw new Error(`${String(error)}\n${status}\n${(await operator.log()).slice(-3000)}`, { cause: error });
};

async function over(name: string) {
  await space.waitFor(name, 'CleanedUp', SECONDS).catch(explained(name));
  expect((await podsLeft(space, name)).map(({ role }) => role)).toEqual(['flow']);
  return runOf(await space.get('flowrun', name)).status;
}

test(
  'an operator killed while a worker drains takes the drain up again, and no task runs twice',
  async () => {
    await onBoth('killed', twoBusyWorkers);
    const leaving = await onBoth('killed', lowered);
    await operator.kill();
    operator = await operatorFor(space);
    await Promise.all(
      GENERATIONS.map(async (generation, index) => {
        const name = `killed-${generation}`;
        const itself = (operators: string) => `flowrun.dev/ordinal ${operators} (${leaving[index]})`;
        await enough(space, name, `flowrun.dev/role=worker,${itself('notin')}`);
        const heard = () => histories.of(name).status.tasks?.finished === 1;
        await eventually('the new operator has heard the scheduler', heard, SECONDS);
        await enough(space, name, itself('in'));
        expect(await over(name)).toMatchObject({
          phase: 'Succeeded',
          result: { value: { sum: 1, runs: 2, distinct: 2 } },
          cluster: { workers: { desired: 1, allocated: 2, failures: 0 } },
          scaling: { history: [{ from: 2, to: 1 }] },
        });
        expect(histories.of(name).mostPods).toBe(2);
      }),
    );
  },
  SECONDS * 1000,
);

test.skipIf(inject('operator') !== 'process').concurrent(
  'an API server that refuses each write once delays scaling and changes nothing of it',
  async () => {
    const own = await namespaceFor('scaling-refusals');
    const seen = new WorkerHistories(inject('kubeconfig'), own.name);
    const proxy = await FaultProxy.start({ kubeconfig: inject('kubeconfig') });
    // So that each write is refused once, and the writes of one step do not keep each other from ever succeeding.
    const match = { path: LIFECYCLE, byTurns: true };
    proxy.on({ ...match, methods: ['POST', 'DELETE'] }, { type: 'status', status: 500 });
    const busy = { status: 429, headers: { 'retry-after': '1' } };
    proxy.on({ ...match, methods: ['PUT', 'PATCH'] }, { type: 'status', ...busy });
    const refused = await startOperator({
      kubeconfig: proxy.kubeconfig,
      arguments: ['--namespace', own.name],
    });
    try {
      const name = 'refused';
      await own.apply(
        scalingRun({
          name,
          image: own.image,
          flow: 'held',
          parameters: { tasks: 60 },
          adaptKwargs: { maximum: 3, target_duration: '1s' },
        }),
      );
      await own.waitFor(name, 'CleanedUp', SECONDS).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${refused.log().slice(-3000)}`, { cause: error });
      });
      expect((await podsLeft(own, name)).map(({ role }) => role)).toEqual(['flow']);
      const { status } = runOf(await own.get('flowrun', name));
      expect(status).toMatchObject({
        phase: 'Succeeded',
        attempt: 1,
        result: { value: { runs: 60, distinct: 60, sum: 1770 } },
        cluster: { workers: { failures: 0, allocated: 3 } },
        scaling: { history: [{ from: 1, to: 3 }, { to: 1 }] },
      });
      expect(seen.of(name).mostPods).toBe(3);
      const answers = proxy.requests.map((request) => request.status);
      expect(answers).toEqual(expect.arrayContaining([429, 500]));
    } finally {
      await refused.kill();
      await proxy.close();
      await seen.close();
      await own.remove();
    }
  },
  SECONDS * 1000,
);

test.concurrent(
  'a worker deleted while it drains is not replaced and not counted, and its task runs elsewhere',
  async () => {
    await onBoth('deleted', twoBusyWorkers);
    await onBoth('deleted', async (name) => {
      const ordinal = await lowered(name);
      const [pod] = await space.list('pod', `flowrun.dev/name=${name},flowrun.dev/ordinal=${ordinal}`);
      await space.delete('pod', pod?.metadata.name ?? '');
      await enough(space, name, 'flowrun.dev/role=worker');
      expect(await over(name)).toMatchObject({
        phase: 'Succeeded',
        result: { value: { sum: 1, distinct: 2 } },
        cluster: { workers: { desired: 1, allocated: 2, failures: 0 } },
        scaling: { history: [{ from: 2, to: 1 }] },
      });
    });
  },
  SECONDS * 1000,
);

test.concurrent(
  'a scheduler that does not answer leaves the size as it is, which is told, and scaling goes on afterwards',
  async () => {
    await onBoth('paused', twoBusyWorkers);
    await onBoth('paused', async (name) => {
      const scaling = () => histories.of(name).status.conditions?.find(({ type }) => type === 'Scaling');
      {
        using _asleep = await sleepingScheduler(space, name);
        await eventually('silence is told', () => scaling()?.reason === 'SchedulerSilent', 60);
        expect(scaling()).toMatchObject({ status: 'False' });
        // What it should do, could it ask: take one away.
        await space.patch('flowrun', name, {
          spec: { executor: { adaptKwargs: { minimum: 0, maximum: 1 } } },
        });
        expect(histories.of(name).status.scaling?.history ?? []).toEqual([]);
      }
      await eventually('scaling goes on', () => scaling()?.reason === 'Adapting', 60).catch(explained(name));
      const shrunk = () => histories.of(name).status.cluster?.workers?.desired === 1;
      await eventually('a worker is taken away', shrunk, 60).catch(explained(name));
      await enough(space, name, 'flowrun.dev/role=worker');
      expect(await over(name)).toMatchObject({
        phase: 'Succeeded',
        result: { value: { sum: 1, runs: 2, distinct: 2 } },
        cluster: { workers: { desired: 1, allocated: 2, failures: 0 } },
        scaling: { history: [{ from: 2, to: 1 }] },
      });
      expect(histories.of(name).pods.size).toBe(2);
    });
  },
  SECONDS * 1000,
);

test.concurrent(
  'a flow that restarts its cluster gets its workers back, and none is counted as lost',
  async () => {
    await onBoth('restarted', async (name, image) => {
      await space.apply(
        scalingRun({
          name,
          image,
          flow: 'restarted',
          parameters: { tasks: 4 },
          clusterKwargs: { n_workers: 2 },
        }),
      );
      expect(await over(name)).toMatchObject({
        phase: 'Succeeded',
        result: { value: { distinct: 8 } },
        cluster: { workers: { desired: 2, failures: 0 } },
      });
      expect(histories.of(name).pods.size).toBe(4);
    });
  },
  SECONDS * 1000,
);

test(
  'a quota that leaves no room is told, and the run goes on with the workers it has',
  async () => {
    const name = 'quota';
    await space.apply({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'few' },
      // Scheduler, flow and two workers, and an operator that is in the cluster; pods that have finished do not count.
      spec: { hard: { pods: inject('operator') === 'process' ? '4' : '5' } },
    });
    try {
      await space.apply(
        scalingRun({
          name,
          image: space.image,
          flow: 'busy',
          parameters: { tasks: 40, seconds: 0.5, patient: true },
          adaptKwargs: { maximum: 4, target_duration: '1s' },
        }),
      );
      const told = await eventually(
        'the quota is told',
        () => histories.of(name).status.conditions?.find(({ type }) => type === 'WorkersPending'),
        SECONDS,
      );
      expect(told).toMatchObject({ status: 'True', reason: 'QuotaExceeded' });
      expect(told.message).toMatch(/group default cannot start: QuotaExceeded: exceeded quota: few/);
      await enough(space, name);
      expect(await over(name)).toMatchObject({
        phase: 'Succeeded',
        result: { value: { runs: 40, distinct: 40 } },
      });
      expect(histories.of(name).mostPods).toBe(2);
    } finally {
      await space.delete('resourcequota', 'few');
    }
  },
  SECONDS * 1000,
);
