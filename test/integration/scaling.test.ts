import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { namespaceFor, runOf, type TestNamespace } from '../support/namespace.ts';
import { type TestOperator, operatorFor } from '../support/operator-for.ts';
import { podsLeft } from '../support/pods-left.ts';
import { enough, scalingRun } from '../support/scaling-flow.ts';
import { WorkerHistories, turns } from '../support/worker-history.ts';

const SECONDS = 280;

let space: TestNamespace;
let operator: TestOperator;
let histories: WorkerHistories;

beforeAll(async () => {
  space = await namespaceFor('scaling');
  operator = await operatorFor(space);
  histories = new WorkerHistories(inject('kubeconfig'), space.name);
});
afterAll(async () => {
  await histories?.close();
  await operator?.stop();
  await space?.remove();
});

const statusOf = async (name: string) => runOf(await space.get('flowrun', name)).status;

/** Waits until the run is over and cleaned up, and tells how it fared when it is not. */
async function over(name: string) {
  await space.waitFor(name, 'CleanedUp', SECONDS).catch(async (error: unknown) => {
    const status = JSON.stringify(await statusOf(name), undefined, 1);
    throw new Error(`${String(error)}\n${status}\n${(await operator.log()).slice(-3000)}`, { cause: error });
  });
  const left = await podsLeft(space, name);
  expect(left.map(({ role }) => role)).toEqual(['flow']);
  return await statusOf(name);
}

const sumTo = (count: number) => (count * (count - 1)) / 2;

/** Each task ran once, and nothing is missing from the results. */
const once = (tasks: number, more: object = {}) => ({
  phase: 'Succeeded',
  result: { value: { sum: sumTo(tasks), runs: tasks, distinct: tasks, tasks, ...more } },
  cluster: { workers: { failures: 0 } },
});

async function eventsOf(name: string): Promise<string[]> {
  const events = await space.list('event', '');
  return events
    .filter((event) => JSON.stringify(event['regarding']).includes(`"name":"${name}"`))
    .map((event) => String(event['reason']));
}

describe.concurrent.each(['prefect1', 'prefect3'] as const)('on the Dask of %s', (generation) => {
  const image = () => inject('images')[generation];
  const named = (stem: string) => `${stem}-${generation}`;

  test(
    'a burst brings workers, and they leave without losing the results they hold',
    async () => {
      const name = named('held');
      await space.apply(
        scalingRun({
          name,
          image: image(),
          flow: 'held',
          parameters: { tasks: 60 },
          adaptKwargs: { maximum: 4, target_duration: '1s' },
        }),
      );
      const status = await over(name);
      expect(status).toMatchObject(once(60));
      const history = status.scaling?.history ?? [];
      expect(history[0]).toMatchObject({ from: 1, to: 4 });
      expect(history.at(-1)).toMatchObject({ to: 1 });
      expect(turns(history)).toBeLessThanOrEqual(1);
      expect(histories.of(name).mostPods).toBeLessThanOrEqual(4);
      expect(await eventsOf(name)).toEqual(expect.arrayContaining(['ScaledUp', 'ScaledDown']));
    },
    SECONDS * 1000,
  );

  test(
    'without results it shrinks to nothing, and comes back for a scatter and a second burst',
    async () => {
      const name = named('zero');
      await space.apply(
        scalingRun({
          name,
          image: image(),
          flow: 'zero',
          parameters: { tasks: 30 },
          adaptKwargs: { maximum: 3, target_duration: '1s' },
        }),
      );
      const status = await over(name);
      expect(status).toMatchObject(once(60, { scattered: [100] }));
      const history = status.scaling?.history ?? [];
      expect(history.some(({ to }) => to === 0)).toBe(true);
      expect(turns(history)).toBeLessThanOrEqual(3);
      expect(histories.of(name).mostPods).toBeLessThanOrEqual(3);
    },
    SECONDS * 1000,
  );

  test(
    'each group is scaled by its own work',
    async () => {
      const name = named('groups');
      await space.apply(
        scalingRun({
          name,
          image: image(),
          flow: 'groups',
          parameters: { tasks: 12 },
          clusterKwargs: {
            worker_groups: { gpu: { worker_resources: { GPU: 1 }, n_workers: 0, maximum: 2 } },
          },
          adaptKwargs: { maximum: 4, target_duration: '2s' },
        }),
      );
      const gpu = await eventually(
        'the GPU group has grown',
        () => (histories.of(name).most.get('gpu') === 2 ? histories.of(name).most : undefined),
        SECONDS,
      );
      expect(gpu.get('default')).toBeLessThanOrEqual(1);
      const status = await over(name);
      expect(status).toMatchObject(once(24));
      expect(histories.of(name).most.get('gpu')).toBe(2);
      expect(histories.of(name).most.get('default')).toBeGreaterThan(1);
      expect(histories.of(name).mostPods).toBeLessThanOrEqual(4);
    },
    SECONDS * 1000,
  );

  test(
    'a worker that tasks are bound to stays, and is the one that stays',
    async () => {
      const name = named('pinned');
      await space.apply(
        scalingRun({
          name,
          image: image(),
          flow: 'pinned',
          parameters: { tasks: 30 },
          adaptKwargs: { maximum: 3, target_duration: '1s' },
        }),
      );
      expect(await over(name)).toMatchObject(once(40, { alone: true }));
    },
    SECONDS * 1000,
  );
});

describe.concurrent('what cannot be', () => {
  test(
    'pods that stay Pending are told with their group and reason, and hold up nothing else',
    async () => {
      const name = 'pending';
      await space.apply(
        scalingRun({
          name,
          image: space.image,
          flow: 'stuck',
          parameters: { tasks: 30, resource: 'FAR' },
          clusterKwargs: {
            worker_groups: {
              far: {
                n_workers: 0,
                worker_resources: { FAR: 1 },
                worker_pod_template: { spec: { nodeSelector: { 'example.com/no': 'where' } } },
              },
            },
          },
          adaptKwargs: { maximum: 4, target_duration: '1s' },
        }),
      );
      await space.waitFor(name, 'WorkersPending', SECONDS);
      const told = (await statusOf(name)).conditions?.find(({ type }) => type === 'WorkersPending');
      expect(told).toMatchObject({ reason: 'Unschedulable' });
      expect(told?.message).toMatch(/^\d workers? of group far cannot start: Unschedulable: 0\/\d+ nodes/);
      await eventually(
        'plain workers came',
        () => (histories.of(name).most.get('default') ?? 0) > 1,
        SECONDS,
      );
      await enough(space, name);
      expect(await over(name)).toMatchObject(once(30));
      expect(histories.of(name).mostPods).toBeLessThanOrEqual(4);
    },
    SECONDS * 1000,
  );

  test(
    'a resource that no worker of a fixed cluster declares is named, with what was meant',
    async () => {
      const name = 'unsatisfiable';
      await space.apply(
        scalingRun({
          name,
          image: space.image,
          flow: 'stuck',
          parameters: { tasks: 2, resource: 'gpu' },
          clusterKwargs: { n_workers: 1, worker_resources: { GPU: 1 } },
        }),
      );
      await space.waitFor(name, 'UnsatisfiableResources', SECONDS);
      const told = (await statusOf(name)).conditions?.find(({ type }) => type === 'UnsatisfiableResources');
      expect(told?.message).toBe('2 tasks need gpu=1: no worker declares gpu; did you mean GPU?');
      await enough(space, name);
      expect(await over(name)).toMatchObject(once(2));
      expect(await eventsOf(name)).toContain('NoSuchWorker');
    },
    SECONDS * 1000,
  );

  test(
    'a dry run tells what it would do, and leaves the cluster as it is',
    async () => {
      const name = 'dry';
      await space.apply(
        scalingRun({
          name,
          image: space.image,
          flow: 'busy',
          parameters: { tasks: 12, seconds: 1 },
          adaptKwargs: { maximum: 3, target_duration: '1s', dry_run: true },
        }),
      );
      const status = await over(name);
      expect(status).toMatchObject({
        ...once(12),
        scaling: { lastDecision: expect.stringMatching(/^Dry run: /) },
      });
      expect(status.scaling?.history ?? []).toEqual([]);
      expect(histories.of(name).pods.size).toBe(1);
      expect(await eventsOf(name)).toContain('WouldScale');
    },
    SECONDS * 1000,
  );
});
