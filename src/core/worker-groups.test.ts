import { expect, test } from 'vitest';

import { dask, resolveWith } from './resolve.fixture.ts';

function groupsOf(kwargs: object, more: object = {}) {
  const resolution = resolveWith(dask(kwargs, more));
  if (!resolution.ok) throw new Error(resolution.message);
  return resolution.resolved.cluster?.groups ?? [];
}

test('the first group is what the cluster itself says, and what a group leaves out is that', () => {
  const groups = groupsOf({
    n_workers: 3,
    image: 'plain:1',
    nthreads: 2,
    memory_limit: '2 GiB',
    env: { A: 'all', B: 'all' },
    pod_template: { spec: { priorityClassName: 'low' } },
    worker_groups: { same: {}, other: { n_workers: 0 } },
  });
  const [first, same, other] = groups;
  expect(groups.map(({ name, workers }) => [name, workers])).toEqual([
    ['default', 3],
    ['same', 1],
    ['other', 0],
  ]);
  expect(same).toEqual({ ...first, name: 'same', workers: 1, minimum: 1, maximum: 1 });
  expect(other?.image).toBe('plain:1');
});

test.each([
  [{ image: 'a' }, { image: 'b' }, { image: 'b' }],
  [{ nthreads: 4 }, { threads_per_worker: 2 }, { threads: 2 }],
  [{ nthreads: 4 }, { cpu_limit: 2 }, { threads: 2, resources: { limits: { cpu: '2' } } }],
  [{ cpu_limit: 2 }, { nthreads: 8 }, { threads: 8, resources: { limits: { cpu: '2' } } }],
  [{ memory_limit: '1 GiB' }, { memory_limit: '8 GiB' }, { memoryLimitBytes: 8 * 1024 ** 3 }],
  [
    { memory_limit: '1 GiB' },
    { resources: { limits: { memory: '8Gi', 'nvidia.com/gpu': 1 } } },
    { memoryLimitBytes: 8 * 1024 ** 3, resources: { limits: { memory: '8Gi', 'nvidia.com/gpu': 1 } } },
  ],
  [
    { resources: { limits: { memory: '1Gi' } } },
    { resources: { limits: { 'nvidia.com/gpu': 1 } } },
    { memoryLimitBytes: 1024 ** 3, resources: { limits: { memory: '1Gi', 'nvidia.com/gpu': 1 } } },
  ],
  [{ worker_resources: { GPU: 1 } }, {}, { daskResources: { GPU: 1 } }],
  [{ worker_resources: { GPU: 1 } }, { worker_resources: {} }, { daskResources: {} }],
  [{ labels: { a: '1', b: '1' } }, { labels: { b: '2' } }, { labels: { a: '1', b: '2' } }],
  [
    { env: { A: '1', B: '1' } },
    { env: { B: '2' } },
    {
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
      ],
    },
  ],
  [
    { pod_template: { spec: { priorityClassName: 'low' } } },
    { worker_pod_template: { spec: { nodeSelector: { gpu: 'yes' } } } },
    { templates: [{ spec: { priorityClassName: 'low' } }, { spec: { nodeSelector: { gpu: 'yes' } } }] },
  ],
  [{ nanny: true }, { nanny: false }, { nanny: false }],
])('%j with a group of %j', (cluster, group, expected) => {
  const [, made] = groupsOf({ ...cluster, worker_groups: [{ name: 'special', ...group }] });
  expect(made).toMatchObject({ name: 'special', ...expected });
});

test('the group named default is the one that the cluster describes', () => {
  const groups = groupsOf({ n_workers: 2, image: 'a', worker_groups: { default: { image: 'b' }, x: null } });
  expect(groups.map(({ name, image, workers }) => [name, image, workers])).toEqual([
    ['default', 'b', 2],
    ['x', 'a', 1],
  ]);
});

test('variables, labels and annotations of a group are not those of the scheduler', () => {
  const resolution = resolveWith(
    dask({
      env: { A: '1' },
      worker_groups: { x: { env: { B: '1' }, labels: { l: '1' }, annotations: { n: '1' } } },
    }),
  );
  expect(resolution).toMatchObject({
    ok: true,
    resolved: { cluster: { env: [{ name: 'A', value: '1' }], labels: {}, annotations: {} } },
  });
});

test.each([
  [
    { n_workers: 400, worker_groups: { x: { n_workers: 200 } } },
    "The `n_workers` of all groups together are 600, but the operator's configuration allows 500 workers per run (`workersPerRun`); the cluster gets 500.",
  ],
  [
    { worker_groups: { x: { minimum: 1 } } },
    '`minimum` and `maximum` of `clusterKwargs.worker_groups.x` have no effect on a cluster of fixed size; write `adaptKwargs` to have it scaled.',
  ],
])('%j is accepted with a warning', (kwargs, message) => {
  expect(resolveWith(dask(kwargs))).toMatchObject({ ok: true, warnings: [{ message }] });
});
