import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { existingName, makeExisting } from './existing.ts';
import { flowPodOf, type Kind, openWorld, said, succeeded, type World } from './world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld('cancel');
  await Promise.all((['prefect1', 'plain'] as const).map((kind) => makeExisting(world.space, kind)));
});
afterAll(() => world?.close());

/** Longer than a cancelled run takes on a machine that has other things to do, and than its grace period. */
const LONG_SECONDS = 300;
const WITHIN_SECONDS = 100;

const HARD: [what: string, kind: Kind, executor: object | undefined][] = [
  ['LocalExecutor', 'prefect1', { type: 'LocalExecutor' }],
  ['LocalDaskExecutor with threads', 'prefect1', { type: 'LocalDaskExecutor' }],
  ['LocalDaskExecutor with processes', 'prefect1', { type: 'LocalDaskExecutor', scheduler: 'processes' }],
  ['LocalDaskExecutor with threads', 'prefect3', { type: 'LocalDaskExecutor' }],
  ['LocalDaskExecutor with threads', 'plain', { type: 'LocalDaskExecutor' }],
  ['DaskExecutor', 'prefect1', { type: 'DaskExecutor' }],
  ['DaskExecutor', 'prefect3', { type: 'DaskExecutor' }],
  ['DaskExecutor', 'plain', { type: 'DaskExecutor' }],
  [
    'DaskExecutor of LocalCluster',
    'prefect1',
    {
      type: 'DaskExecutor',
      clusterClass: 'dask.distributed.LocalCluster',
      clusterKwargs: { n_workers: 1, dashboard_address: null },
    },
  ],
];

const cases = HARD.map(([what, kind, executor], index) => ({ what, kind, executor, name: `hard-${index}` }));

async function cancel(name: string): Promise<number> {
  await world.space.patch('flowrun', name, { spec: { cancel: true } });
  return performance.now();
}

describe('a run whose flow and tasks are its own', () => {
  test.concurrent.for(cases)(
    'ends its running task and itself within seconds when it is cancelled: $what × $kind',
    { timeout: 600_000 },
    async ({ kind, executor, name }) => {
      const seconds = `{"seconds": ${LONG_SECONDS}}`;
      const flow = { terminationGracePeriodSeconds: 10 };
      await world.apply({ name, kind, entrypoint: 'cancelled', parameters: seconds, executor, flow });
      await said(world.space, () => flowPodOf(world.space, name), 'slow has begun');
      const since = await cancel(name);
      const { status, log } = await world.end(name);
      expect((performance.now() - since) / 1000).toBeLessThan(WITHIN_SECONDS);
      expect(status).toMatchObject({ phase: 'Cancelled', reason: 'Cancelled', attempt: 1 });
      expect(log).not.toContain('slow has finished');
      expect(log).not.toContain('after has begun');
    },
  );
});

describe('a cluster that was there before', () => {
  test.concurrent.for([{ kind: 'prefect1' }, { kind: 'plain' }] as const)(
    'finishes the running task of a cancelled run and begins no other: $kind',
    { timeout: 600_000 },
    async ({ kind }) => {
      const existing = existingName(kind);
      const name = `soft-${kind}`;
      const inCluster = () => Promise.resolve(existing);
      const executor = { type: 'DaskExecutor', address: `tcp://${existing}:8786` };
      const flow = { terminationGracePeriodSeconds: 5 };
      await world.apply({
        name,
        kind,
        entrypoint: 'cancelled',
        parameters: '{"seconds": 30}',
        executor,
        flow,
      });
      await said(world.space, inCluster, 'slow has begun');
      await cancel(name);
      const { status } = await world.end(name);
      expect(status).toMatchObject({ phase: 'Cancelled', reason: 'Cancelled' });
      await said(world.space, inCluster, 'slow has finished');
      // A run after it shows that the scheduler has gone on: by then it would have begun what was left.
      const facts = `{"group": "${name}", "parties": 2, "echo": {"id": 1}}`;
      const next = await world.run({
        name: `after-${name}`,
        kind,
        entrypoint: 'facts',
        parameters: facts,
        executor,
      });
      succeeded(next);
      expect(await world.space.logs(existing)).not.toContain('after has begun');
    },
  );
});
