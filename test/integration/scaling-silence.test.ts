import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { namespaceFor, runOf, type TestNamespace } from '../support/namespace.ts';
import { type TestOperator, operatorFor } from '../support/operator-for.ts';
import { enough, scalingRun } from '../support/scaling-flow.ts';
import { sleepingScheduler } from '../support/scheduler-process.ts';
import { WorkerHistories } from '../support/worker-history.ts';

const SECONDS = 200;

let space: TestNamespace;
let operator: TestOperator;
let histories: WorkerHistories;

beforeAll(async () => {
  space = await namespaceFor('scaling-silence');
  histories = new WorkerHistories(inject('kubeconfig'), space.name);
  operator = await operatorFor(space);
});
afterAll(async () => {
  await operator?.kill();
  await histories?.close();
  await space?.remove();
});

test(
  'a scheduler of a cluster of fixed size that does not answer is told too, and that it answers again',
  async () => {
    const name = 'fixed';
    await space.apply(
      scalingRun({
        name,
        image: space.image,
        flow: 'lasting',
        parameters: { tasks: 1 },
        clusterKwargs: { n_workers: 1 },
      }),
    );
    const runs = () => histories.of(name).status.tasks?.running === 1;
    await eventually('its task runs', runs, SECONDS);
    const scaling = () => histories.of(name).status.conditions?.find(({ type }) => type === 'Scaling');
    expect(scaling()).toBeUndefined();
    {
      using _asleep = await sleepingScheduler(space, name);
      await eventually('silence is told', () => scaling()?.reason === 'SchedulerSilent', 60);
      expect(scaling()?.message).toMatch(/^The Dask scheduler does not answer \(.+\)/);
    }
    await eventually('its end is told', () => scaling()?.reason === 'FixedSize', 60);
    await enough(space, name, 'flowrun.dev/role=worker');
    await space.waitFor(name, 'CleanedUp', SECONDS);
    const { status } = runOf(await space.get('flowrun', name));
    expect(status).toMatchObject({ phase: 'Succeeded', result: { value: { runs: 1 } } });
  },
  SECONDS * 1000,
);
