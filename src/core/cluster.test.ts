import { describe, expect, test } from 'vitest';

import { dask, resolveWith } from './resolve.fixture.ts';

const clusterOf = (kwargs: object) => {
  const resolution = resolveWith(dask(kwargs));
  if (!resolution.ok || resolution.resolved.cluster === undefined)
    throw new Error(JSON.stringify(resolution));
  return resolution.resolved.cluster;
};

/** The cluster with its default group at hand. */
const withWorker = (kwargs: object) => {
  const cluster = clusterOf(kwargs);
  const [worker] = cluster.groups;
  return { ...cluster, worker, workers: worker?.workers };
};

test('the grace period of a template is the one that workers know', () => {
  const pod_template = { spec: { terminationGracePeriodSeconds: 300 } };
  expect(withWorker({ pod_template }).worker?.gracePeriodSeconds).toBe(300);
});

describe('a keyword argument becomes a setting of the cluster', () => {
  test.each([
    [{}, { workers: 1, worker: { image: 'flows:1', threads: 1, memoryLimitBytes: null, nanny: false } }],
    [{ n_workers: 0 }, { workers: 0 }],
    [{ n_workers: null }, { workers: 1 }],
    [{ image: 'dask:2' }, { worker: { image: 'dask:2' }, scheduler: { image: 'dask:2' } }],
    [
      { labels: { team: 'a' }, annotations: { b: 'c' } },
      { labels: { team: 'a' }, annotations: { b: 'c' } },
    ],
    [
      { env: { A: '1', B: 2 } },
      {
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '2' },
        ],
      },
    ],
    [
      { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] },
      { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] },
    ],
    [{ threads_per_worker: 4 }, { worker: { threads: 4 } }],
    [{ nthreads: 4, threads_per_worker: 4 }, { worker: { threads: 4 } }],
    [{ cpu_limit: '1500m' }, { worker: { threads: 2, resources: { limits: { cpu: '1500m' } } } }],
    [{ cpu_limit: 0.5 }, { worker: { threads: 1, resources: { limits: { cpu: '0.5' } } } }],
    [{ cpu_limit: 4, nthreads: 1 }, { worker: { threads: 1 } }],
    [
      { memory_limit: '4 GB' },
      { worker: { memoryLimitBytes: 4e9, resources: { limits: { memory: '3906250Ki' } } } },
    ],
    [
      { memory_limit: '4GiB', memory_request: '1GiB' },
      { worker: { resources: { limits: { memory: '4Gi' }, requests: { memory: '1Gi', cpu: '500m' } } } },
    ],
    [
      { memory_limit: 0 },
      { worker: { memoryLimitBytes: 0, resources: { requests: { memory: '512Mi', cpu: '500m' } } } },
    ],
    [{ memory_limit: 'auto' }, { worker: { memoryLimitBytes: null } }],
    [
      { resources: { limits: { memory: '2Gi', cpu: 2, 'nvidia.com/gpu': 1 } } },
      { worker: { threads: 2, memoryLimitBytes: 2 * 1024 ** 3 } },
    ],
    [
      { resources: { requests: { memory: '4 GB' } } },
      { worker: { resources: { requests: { memory: '3906250Ki' } } } },
    ],
    [
      { scheduler_resources: { requests: { cpu: 1 } } },
      { scheduler: { resources: { requests: { cpu: 1, memory: '256Mi' } } } },
    ],
    [{ worker_resources: { GPU: 1, MEM: 2.5 } }, { worker: { daskResources: { GPU: 1, MEM: 2.5 } } }],
    [
      { worker_command: 'dask-cuda-worker --enable-nvlink' },
      { worker: { command: ['dask-cuda-worker', '--enable-nvlink'] } },
    ],
    [{ worker_command: ['dask', 'worker'] }, { worker: { command: ['dask', 'worker'] } }],
    [{ worker_groups: {} }, { workers: 1 }],
    [{ idle_timeout: '5 minutes' }, { idleTimeoutSeconds: 300 }],
    [{ death_timeout: 60 }, { worker: { deathTimeoutSeconds: 600 } }],
    [{ death_timeout: '1h' }, { worker: { deathTimeoutSeconds: 3600 } }],
    [{ nanny: true }, { worker: { nanny: true } }],
    [{}, { security: 'tls' }],
    [{ security: true }, { security: 'tls' }],
    [{ security: 'none' }, { security: 'none' }],
    [{ security: false }, { security: 'none' }],
    [{ extra_pod_config: { hostname: 'w' } }, { worker: { templates: [{ spec: { hostname: 'w' } }] } }],
    [
      { extra_container_config: { workingDir: '/x' }, pod_template: { spec: { hostname: 'w' } } },
      {
        worker: {
          templates: [
            { spec: { containers: [{ name: 'worker', workingDir: '/x' }] } },
            { spec: { hostname: 'w' } },
          ],
        },
      },
    ],
    [{ scheduler_pod_template: { metadata: { labels: { a: 'b' } } } }, { scheduler: { templates: [{}] } }],
  ])('%j', (kwargs, expected) => {
    expect(withWorker(kwargs)).toMatchObject(expected);
  });
});

test.each([
  [
    { namespace: 'x' },
    '`clusterKwargs.namespace` has no effect: the cluster is made in the namespace of the FlowRun.',
  ],
  [{ name: 'x' }, '`clusterKwargs.name` has no effect: the operator names every object after the FlowRun.'],
  [
    { shutdown_on_close: false },
    '`clusterKwargs.shutdown_on_close` has no effect: the cluster lives exactly as long as its run.',
  ],
  [
    { port: 8786 },
    '`clusterKwargs.port` has no effect: flow and workers reach the scheduler inside the cluster, at ports the operator chooses.',
  ],
  [
    { resource_timeout: 60 },
    '`clusterKwargs.resource_timeout` has no effect: write `spec.startDeadlineSeconds`.',
  ],
  [
    { idle_timeout: 60 },
    '`clusterKwargs.idle_timeout` has no effect on a cluster of fixed size, which ends with its run.',
  ],
  [
    { n_workers: 501 },
    "`clusterKwargs.n_workers` is 501, but the operator's configuration allows 500 workers per run (`workersPerRun`); the cluster gets 500.",
  ],
])('%j is accepted with a warning', (kwargs, message) => {
  const resolution = resolveWith(dask(kwargs));
  expect(resolution).toMatchObject({ ok: true, warnings: [{ message }] });
});

test('a keyword that upstream knows and that is None is as good as absent', () => {
  expect(resolveWith(dask({ auth: null, host: null, security: null, pod_template: null }))).toMatchObject({
    ok: true,
    warnings: [],
  });
});
