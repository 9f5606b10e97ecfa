import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { namespaceFor, runOf, type TestNamespace } from '../support/namespace.ts';
import { operatorFor, type TestOperator } from '../support/operator-for.ts';
import { podsLeft } from '../support/pods-left.ts';
import { scalingRun } from '../support/scaling-flow.ts';
import { WorkerHistories, turns } from '../support/worker-history.ts';

const SECONDS = 280;

let space: TestNamespace;
let operator: TestOperator;
let histories: WorkerHistories;

beforeAll(async () => {
  space = await namespaceFor('scaling-loads');
  operator = await operatorFor(space);
  histories = new WorkerHistories(inject('kubeconfig'), space.name);
});
afterAll(async () => {
  await histories?.close();
  await operator?.stop();
  await space?.remove();
});

const sumTo = (count: number) => (count * (count - 1)) / 2;

interface Case {
  flow: string;
  parameters: Record<string, number>;
  clusterKwargs?: object;
  adaptKwargs: { minimum?: number; maximum: number; target_duration?: string };
  /** Runs of tasks, and each ran once. */
  runs: number;
  /** What the flow returns beside its counts. */
  value?: object;
  /** Changes of direction, at most. */
  turns: number;
  /** The first change of size. */
  first: object;
}

const CASES: Record<string, Case> = {
  'a long task among many short ones keeps one worker, and the others go while it runs': {
    flow: 'tail',
    parameters: { tasks: 300 },
    adaptKwargs: { maximum: 4, target_duration: '1s' },
    runs: 301,
    value: { sum: sumTo(301) },
    turns: 1,
    first: { from: 1, to: 4 },
  },
  'a second burst finds its workers as the first did': {
    flow: 'twice',
    parameters: { tasks: 60 },
    adaptKwargs: { maximum: 3, target_duration: '1s' },
    runs: 120,
    value: { sum: sumTo(120) },
    turns: 3,
    first: { from: 1, to: 3 },
  },
  'a steady load finds its level and stays there': {
    flow: 'steady',
    parameters: { tasks: 60, every: 0.4, seconds: 0.8 },
    adaptKwargs: { maximum: 8 },
    runs: 60,
    value: { sum: sumTo(60), most: expect.toSatisfy((size: number) => size < 8) },
    turns: 3,
    first: { from: 1 },
  },
  'tasks of unknown duration get a worker each at once': {
    flow: 'unknown',
    parameters: { tasks: 4, seconds: 5 },
    adaptKwargs: { maximum: 6 },
    runs: 4,
    value: { sum: sumTo(4) },
    turns: 1,
    first: { from: 1, to: 4 },
  },
  'results beyond the memory of fewer workers are spilled and keep theirs, and no worker dies of it': {
    flow: 'memory',
    parameters: { tasks: 48, megabytes: 20, keep: 4 },
    clusterKwargs: { memory_limit: '512Mi', n_workers: 3 },
    adaptKwargs: { minimum: 1, maximum: 3, target_duration: '1s' },
    runs: 49,
    value: { spilled: true, full: true, whole: true },
    turns: 1,
    first: { from: 3 },
  },
  'a P2P shuffle keeps the workers that take part as long as it lasts, and no longer': {
    flow: 'shuffle',
    parameters: { tasks: 16 },
    adaptKwargs: { maximum: 3, target_duration: '1s' },
    runs: 16,
    value: { sum: 16 * 50 },
    turns: 1,
    first: { from: 1, to: 3 },
  },
  'an idle time-out leaves a busy cluster alone and shrinks an idle one when it is over': {
    flow: 'idle',
    parameters: { tasks: 3, seconds: 8 },
    clusterKwargs: { n_workers: 3, idle_timeout: '6s' },
    adaptKwargs: { maximum: 3 },
    runs: 3,
    value: { busy: 3, idle: expect.toSatisfy((seconds: number) => seconds >= 5.5 && seconds < 12) },
    turns: 0,
    first: { from: 3, to: 1 },
  },
};

describe.concurrent.each(['prefect1', 'prefect3'] as const)('on the Dask of %s', (generation) => {
  test.each(Object.entries(CASES))(
    '%s',
    async (_, { flow, parameters, clusterKwargs = {}, adaptKwargs, runs, value, turns: most, first }) => {
      const name = `${flow}-${generation}`;
      const image = inject('images')[generation];
      await space.apply(
        scalingRun({ name, image, flow, file: 'loads.py', parameters, clusterKwargs, adaptKwargs }),
      );
      await space.waitFor(name, 'CleanedUp', SECONDS).catch(async (error: unknown) => {
        const status = JSON.stringify(histories.of(name).status, undefined, 1);
        throw new Error(`${String(error)}\n${status}\n${(await operator.log()).slice(-3000)}`, {
          cause: error,
        });
      });
      const left = await podsLeft(space, name);
      expect(left.map(({ role }) => role)).toEqual(['flow']);
      const { status } = runOf(await space.get('flowrun', name));
      const log = await space.logs(left[0]?.name ?? '');
      expect(status, `${JSON.stringify(status.scaling?.history, undefined, 1)}\n${log}`).toMatchObject({
        phase: 'Succeeded',
        result: { value: { runs, distinct: runs, ...value } },
        cluster: { workers: { failures: 0 } },
      });
      const history = status.scaling?.history ?? [];
      expect(history[0]).toMatchObject(first);
      expect(turns(history), `sizes: ${JSON.stringify(history, undefined, 1)}`).toBeLessThanOrEqual(most);
      expect(histories.of(name).mostPods).toBeLessThanOrEqual(adaptKwargs.maximum);
    },
    SECONDS * 1000,
  );
});
