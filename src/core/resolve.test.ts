import { describe, expect, test } from 'vitest';

import { dask, resolveWith } from './resolve.fixture.ts';
import { resolvedSchema } from './resolved.ts';

const refusal = (resolution: ReturnType<typeof resolveWith>) =>
  resolution.ok ? 'accepted' : `${resolution.reason}: ${resolution.message}`;

const resolvedOf = (resolution: ReturnType<typeof resolveWith>) => {
  if (!resolution.ok) throw new Error(resolution.message);
  return resolution.resolved;
};

describe('who makes the cluster', () => {
  test.each([
    [undefined, 'none'],
    [{ type: 'LocalExecutor' }, 'none'],
    [{ type: 'LocalDaskExecutor', scheduler: 'processes', kwargs: { num_workers: 2 } }, 'none'],
    [{ type: 'DaskExecutor' }, 'operator'],
    [{ type: 'DaskExecutor', address: 'tcp://dask:8786' }, 'address'],
    [{ type: 'DaskExecutor', clusterClass: 'KubeCluster' }, 'operator'],
    [{ type: 'DaskExecutor', clusterClass: 'dask_kubernetes.KubeCluster' }, 'operator'],
    [{ type: 'DaskExecutor', clusterClass: 'dask_kubernetes.operator.KubeCluster' }, 'operator'],
    [{ type: 'DaskExecutor', clusterClass: 'dask_kubernetes.classic:KubeCluster' }, 'operator'],
    [{ type: 'DaskExecutor', clusterClass: 'dask_kubernetes.HelmCluster' }, 'in-pod'],
    [{ type: 'DaskExecutor', clusterClass: 'distributed.LocalCluster' }, 'in-pod'],
    [{ type: 'DaskExecutor', clusterClass: 'mycode:make_cluster' }, 'in-pod'],
    [
      dask(
        { whatever: 1 },
        { clusterClass: 'dask_cloudprovider.aws.FargateCluster', adaptKwargs: { maximum: 3 } },
      ),
      'in-pod',
    ],
  ])('%j: %s', (executor, kind) => {
    const resolved = resolvedOf(resolveWith(executor));
    expect(resolved.kind).toBe(kind);
    expect(resolved.cluster !== undefined).toBe(kind === 'operator');
    expect(resolved.executor).toEqual(executor ?? null);
  });

  test.each([
    [
      'LocalCluster',
      '`executor.clusterClass` "LocalCluster" is not known; did you mean `distributed.LocalCluster`? A class of another library is written with its module, as in `package.module.Class`.',
    ],
    [
      'FargateCluster',
      '`executor.clusterClass` "FargateCluster" is not known; did you mean `dask_cloudprovider.aws.FargateCluster`? A class of another library is written with its module, as in `package.module.Class`.',
    ],
    [
      'Kubecluster',
      '`executor.clusterClass` "Kubecluster" is not known; did you mean `KubeCluster`? A class of another library is written with its module, as in `package.module.Class`.',
    ],
    [
      'my cluster',
      '`executor.clusterClass` "my cluster" is no Python path; write `KubeCluster`, or a path such as `distributed.LocalCluster` or `module:name`.',
    ],
    [
      'a..B',
      '`executor.clusterClass` "a..B" is no Python path; write `KubeCluster`, or a path such as `distributed.LocalCluster` or `module:name`.',
    ],
  ])('%s is refused', (clusterClass, message) => {
    expect(refusal(resolveWith({ type: 'DaskExecutor', clusterClass }))).toBe(
      `InvalidClusterClass: ${message}`,
    );
  });
});

describe('a spec that only the operator can judge is refused', () => {
  test.each([
    [
      { parameters: { true: 1, x: 2 } },
      'InvalidParameters: A parameter is named true: YAML read your key n/y/on/no as a boolean; quote it, as in `"y": 1`.',
    ],
    [
      { parameters: { true: 1, false: 2 } },
      'InvalidParameters: A parameter is named true and another false: YAML read your key n/y/on/no as a boolean; quote it, as in `"y": 1`.',
    ],
    [
      { resources: { limits: { memory: '4 apples' } } },
      'InvalidResources: `flow.resources.limits.memory` must be a quantity such as "500m" or "2Gi", not "4 apples".',
    ],
    [
      { env: [{ name: 'FLOWRUN_UID', value: 'x' }] },
      "ReservedField: `flow.env`: the variable FLOWRUN_UID is the operator's and cannot be set.",
    ],
    [
      { labels: { 'flowrun.dev/uid': 'x' } },
      "ReservedField: `flow.labels`: the key flowrun.dev/uid is the operator's and cannot be set.",
    ],
    [
      { annotations: { 'flowrun.dev/a': 'x' } },
      "ReservedField: `flow.annotations`: the key flowrun.dev/a is the operator's and cannot be set.",
    ],
    [
      { volumeMounts: [{ name: 'v', mountPath: '/flow/data' }] },
      "ReservedField: `flow.volumeMounts`: the path /flow/data is the operator's and cannot be set; mount it elsewhere.",
    ],
    [
      { volumes: [{ name: 'flowrun-files', emptyDir: {} }] },
      "ReservedField: `flow.volumes`: the name flowrun-files is the operator's and cannot be set; volumes of yours may not begin with flowrun-.",
    ],
    [
      { parameters: { text: 'x'.repeat(800_000) } },
      'TooLarge: `flow.parameters` and `flow.source.inline` take 800011 bytes together, and at most 716800 can be handed to the flow; put large data into a volume or an object store, and code into the image.',
    ],
  ])('%.80j', (flow, expected) => {
    expect(refusal(resolveWith(undefined, flow))).toBe(expected);
  });

  test.each([
    [{ max: 3 }, '`adaptKwargs.max` is not known; did you mean `maximum`?'],
    [{ maximum: 0 }, '`adaptKwargs.maximum` must be a whole number of at least 1, not 0.'],
    [
      { interval: 'soon' },
      '`adaptKwargs.interval` must be a duration such as "500ms" or "5s", or a number of seconds, not "soon".',
    ],
    [
      { minimum_memory: '8 GB', maximum_memory: '4 GB' },
      '`adaptKwargs.minimum_memory` must not be greater than `adaptKwargs.maximum_memory`.',
    ],
    [
      { minimum_cores: 4, maximum_cores: 2 },
      '`adaptKwargs.minimum_cores` must not be greater than `adaptKwargs.maximum_cores`.',
    ],
  ])('adaptKwargs %j', (adaptKwargs, message) => {
    expect(refusal(resolveWith(dask({}, { adaptKwargs })))).toBe(`InvalidAdaptKwargs: ${message}`);
  });
});

describe('adaptKwargs', () => {
  const clusterOf = (kwargs: object, adaptKwargs: object) =>
    resolvedOf(resolveWith(dask(kwargs, { adaptKwargs }))).cluster;

  test('have the defaults of Dask, and as maximum what the operator allows', () => {
    expect(clusterOf({}, { minimum: 1 })?.adapt).toEqual({
      minimum: 1,
      maximum: 500,
      minimumCores: 0,
      maximumCores: undefined,
      minimumMemoryBytes: 0,
      maximumMemoryBytes: undefined,
      intervalSeconds: 1,
      waitCount: 3,
      targetSeconds: 5,
      dryRun: false,
    });
  });

  test('are read as Dask reads them', () => {
    const given = {
      maximum: 8,
      interval: '500ms',
      wait_count: 5,
      target_duration: '1 minute',
      maximum_cores: 12.5,
      maximum_memory: '64 GiB',
      dry_run: true,
    };
    expect(clusterOf({}, given)?.adapt).toMatchObject({
      maximum: 8,
      intervalSeconds: 0.5,
      waitCount: 5,
      targetSeconds: 60,
      maximumCores: 12.5,
      maximumMemoryBytes: 64 * 1024 ** 3,
      dryRun: true,
    });
  });

  test('that are empty make a cluster of fixed size', () => {
    expect(clusterOf({ n_workers: 3 }, {})).toMatchObject({ adapt: undefined, groups: [{ workers: 3 }] });
  });

  test('beyond what the operator allows are cut, which is told', () => {
    const resolution = resolveWith(dask({}, { adaptKwargs: { maximum: 1000 } }));
    expect(resolution).toMatchObject({
      ok: true,
      warnings: [
        {
          reason: 'WorkersCapped',
          message:
            "`adaptKwargs` ask for up to 1000 workers, but the operator's configuration allows 500 workers per run (`workersPerRun`); the cluster gets no more.",
        },
      ],
      resolved: { cluster: { adapt: { maximum: 500 } } },
    });
  });

  test('give idle_timeout and the bounds of groups a meaning', () => {
    const kwargs = { idle_timeout: 60, worker_groups: { gpu: { minimum: 1, maximum: 2 } } };
    const resolution = resolveWith(dask(kwargs, { adaptKwargs: { maximum: 5 } }));
    expect(resolution).toMatchObject({ ok: true, warnings: [] });
    expect(clusterOf(kwargs, { maximum: 5 })?.groups).toMatchObject([
      { name: 'default', workers: 0, minimum: 0, maximum: 5 },
      { name: 'gpu', workers: 1, minimum: 1, maximum: 2 },
    ]);
  });

  test('must leave room for the minimum of every group', () => {
    const kwargs = { worker_groups: { a: { minimum: 2 }, b: { minimum: 2 } } };
    expect(refusal(resolveWith(dask(kwargs, { adaptKwargs: { maximum: 3 } })))).toBe(
      'InvalidClusterKwargs: `clusterKwargs.worker_groups` ask for at least 4 workers together, but `adaptKwargs.maximum` allows 3.',
    );
  });
});

describe('defaults', () => {
  test('without an image anywhere the run is refused', () => {
    expect(refusal(resolveWith(undefined, { image: undefined }))).toBe(
      "ImageMissing: `spec.flow.image` is missing and the operator's configuration has no default image; write the image that holds the flow's dependencies.",
    );
  });

  test('the default image serves flow, scheduler and workers', () => {
    const resolved = resolvedOf(resolveWith(dask({}), { image: undefined }, { defaultImage: 'default:1' }));
    expect([
      resolved.flow.image,
      resolved.cluster?.groups[0]?.image,
      resolved.cluster?.scheduler.image,
    ]).toEqual(Array(3).fill('default:1'));
  });

  test.each([
    [undefined, {}, 30],
    [undefined, { terminationGracePeriodSeconds: 300 }, 300],
    [{ type: 'DaskExecutor', clusterClass: 'distributed.LocalCluster' }, {}, 120],
    [
      { type: 'DaskExecutor', clusterClass: 'distributed.LocalCluster' },
      { terminationGracePeriodSeconds: 5 },
      5,
    ],
  ])('%j with %j has a grace of %d s', (executor, flow, seconds) => {
    expect(resolvedOf(resolveWith(executor, flow)).flow.gracePeriodSeconds).toBe(seconds);
  });

  test('a limit stands for its request, other requests stay', () => {
    expect(
      resolvedOf(resolveWith(undefined, { resources: { limits: { memory: '1Gi' } } })).flow.resources,
    ).toEqual({
      requests: { cpu: '100m' },
      limits: { memory: '1Gi' },
    });
  });
});

test('an address makes adaptKwargs and debug pointless, which is told', () => {
  const executor = {
    type: 'DaskExecutor',
    address: 'tcp://dask:8786',
    debug: true,
    adaptKwargs: { maximum: 3 },
  };
  expect(resolveWith(executor)).toMatchObject({
    ok: true,
    warnings: [
      {
        reason: 'IgnoredExecutorField',
        message:
          '`executor.adaptKwargs` has no effect with `address`: the operator does not touch a cluster that exists already.',
      },
      {
        reason: 'IgnoredExecutorField',
        message:
          '`executor.debug` has no effect with `address`: the operator does not touch a cluster that exists already.',
      },
    ],
  });
});

test('a command may name a scheduler of its own when the operator makes none', () => {
  const env = [{ name: 'DASK_SCHEDULER_ADDRESS', value: 'tcp://elsewhere:8786' }];
  expect(resolveWith(undefined, { env }).ok).toBe(true);
  expect(refusal(resolveWith(dask({}), { env }))).toMatch(/^ReservedField: /);
});

test('what is resolved survives the way through the ConfigMap', () => {
  const resolved = resolvedOf(
    resolveWith(
      dask({
        n_workers: 3,
        memory_limit: '4 GB',
        worker_resources: { GPU: 1 },
        pod_template: { spec: { priorityClassName: null, tolerations: [{ operator: 'Exists' }] } },
      }),
      {
        source: { inline: { 'b.py': 'b', 'a.py': 'a' } },
        env: [{ name: 'A', value: '1' }],
        template: { metadata: { labels: { a: 'b' } } },
      },
    ),
  );
  const text = JSON.stringify(resolved);
  expect(JSON.stringify(resolvedSchema.parse(JSON.parse(text)))).toBe(text);
  expect(resolved.flow.source).toEqual({ inline: ['a.py', 'b.py'] });
});
