import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findCondition } from '../../../src/api/conditions.ts';
import { KINDS, openWorld, succeeded, type World } from './world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld('arguments');
});
afterAll(() => world?.close());

const cluster = (clusterKwargs: object = {}) => ({
  type: 'DaskExecutor',
  clusterKwargs,
});
const LONG = { timeout: 600_000 };
const kinds = KINDS.map((kind) => ({ kind }));

describe('on a cluster of the operator', () => {
  test.concurrent.for(kinds)(
    'tasks take the Dask resources they ask for, are tried again and mapped, in subflows too: $kind',
    LONG,
    async ({ kind }) => {
      const over = await world.run({
        name: `features-${kind}`,
        kind,
        entrypoint: 'features',
        parameters: `{"group": "features-${kind}"}`,
        executor: cluster({ threads_per_worker: 2, worker_resources: { GPU: 1 } }),
      });
      const more =
        kind === 'plain'
          ? {}
          : {
              runs: 2,
              pairs: [
                [1, 'b'],
                [2, 'b'],
              ],
            };
      expect(succeeded(over).result?.value).toEqual({ gpu: 1, parallel: [true, true], ...more });
    },
  );

  test.concurrent.for(kinds)(
    'a value that cannot be pickled fails the flow with the reason: $kind',
    LONG,
    async ({ kind }) => {
      const { status } = await world.run({
        name: `pickle-${kind}`,
        kind,
        entrypoint: 'unpicklable',
        executor: cluster(),
      });
      expect(status).toMatchObject({ phase: 'Failed', reason: 'FlowFailed', attempt: 1 });
      expect(status.message).toMatch(/pickle '?_thread\.lock|pickle.*lock|serialize/i);
    },
  );

  const ENDS = [
    {
      kind: 'prefect1',
      value: { late: 'TaskTimeoutSignal', broken: 'ValueError', after: 'consoled', never: 'TRIGGERFAIL' },
    },
    {
      kind: 'prefect3',
      value: {
        order: ['first', 'second'],
        nested: 7,
        late: 'TimedOut',
        broken: 'Failed',
        never: 'NotReady',
        waited: 'Completed',
      },
    },
  ] as const;
  test.concurrent.for(ENDS)(
    'tasks time out, fail, and go on or not after others, as without it: $kind',
    LONG,
    async ({ kind, value }) => {
      const executor = cluster({ threads_per_worker: 4 });
      const over = await world.run({ name: `ends-${kind}`, kind, entrypoint: 'ends', executor });
      expect(succeeded(over).result?.value).toEqual(value);
    },
  );

  test.concurrent('output that is no text and a result of 10 MB harm nobody', LONG, async () => {
    const over = await world.run({ name: 'odd', kind: 'plain', entrypoint: 'odd', executor: cluster() });
    expect(succeeded(over).result?.value).toBe(
      'a list of length 2, too large for a result (10000009 bytes as JSON)',
    );
    expect(over.log).toContain('odd has ended');
  });

  test.concurrent.for([
    { kind: 'prefect1', client: 'Client-mine' },
    { kind: 'prefect3', client: 'PrefectDaskClient-mine' },
  ] as const)(
    "clientKwargs are those of the flow's client, and debug is the log level: $kind",
    LONG,
    async ({ kind, client }) => {
      const executor = { ...cluster(), debug: true, clientKwargs: { name: 'mine', timeout: '60s' } };
      const over = await world.run({ name: `client-${kind}`, kind, entrypoint: 'arguments', executor });
      expect(succeeded(over).result?.value).toMatchObject({
        clients: expect.arrayContaining([client]),
        level: 10,
      });
    },
  );
});

test.concurrent('LocalDaskExecutor has as many threads as the container may use CPUs', LONG, async () => {
  const over = await world.run({
    name: 'threads',
    kind: 'plain',
    entrypoint: 'threads',
    executor: { type: 'LocalDaskExecutor' },
    flow: { resources: { limits: { cpu: '900m' } } },
  });
  expect(succeeded(over).result?.value).toBe(1);
});

describe('a Prefect 1 flow with a DaskExecutor in its file', () => {
  const own = { kind: 'prefect1', entrypoint: 'own:flow' } as const;

  test.concurrent('runs as it is written when the FlowRun has no executor', LONG, async () => {
    const over = await world.run({ ...own, name: 'own' });
    expect(succeeded(over).result?.value).toBe(true);
    expect(over.log).toContain('Creating a new Dask cluster with `distributed.deploy.local.LocalCluster`');
    expect(over.log).toContain('afterwards the client is None and the cluster takes 50');
  });

  test.concurrent('runs with the executor of the FlowRun, and the status says so', LONG, async () => {
    const executor = { type: 'LocalExecutor' };
    const over = await world.run({ ...own, name: 'ours', executor });
    expect(succeeded(over).result?.value).toBe(false);
    const said = findCondition(over.status.conditions, 'ExecutorArguments');
    expect(said?.message).toContain("the flow's own DaskExecutor is not used");
  });
});
