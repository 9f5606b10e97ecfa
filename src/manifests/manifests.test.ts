import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';

import { FULL_EXECUTOR, FULL_FLOW, PROGRAMS, dask, everything, resolvedOf, run } from './attempt.fixture.ts';
import { filesConfigMap } from './files-config-map.ts';
import { flowPod } from './flow-pod.ts';
import type { PodManifest } from './object.ts';
import { rbac } from './rbac.ts';
import { schedulerPod } from './scheduler-pod.ts';
import { schedulerAddress } from './scheduler-service.ts';
import { workerPod } from './worker-pod.ts';

const yaml = (objects: readonly object[]) =>
  objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n');

const container = z.object({
  command: z.array(z.string()),
  env: z.array(z.object({ name: z.string(), value: z.string().optional() })),
});

const containerOf = ({ spec }: PodManifest) => z.tuple([container]).parse(spec['containers'])[0];

const variable = (pod: PodManifest, name: string) =>
  containerOf(pod).env.find((each) => each.name === name)?.value;

test('the objects of the smallest run with a cluster', async () => {
  await expect(yaml(everything(resolvedOf(dask({}))))).toMatchFileSnapshot('snapshots/smallest.yaml.snap');
});

test('the objects of a run that uses nearly every field', async () => {
  const objects = everything(resolvedOf(FULL_EXECUTOR, FULL_FLOW), {
    inline: FULL_FLOW.source.inline,
    parametersJson: '{"day": "2026-01-01"}',
  });
  await expect(yaml(objects)).toMatchFileSnapshot('snapshots/full.yaml.snap');
});

test('the rights of the operator', async () => {
  await expect(
    yaml(rbac({ name: 'flowrun-operator', namespace: 'flowrun', serviceAccountName: 'operator' })),
  ).toMatchFileSnapshot('snapshots/rbac.yaml.snap');
});

describe('the flow pod', () => {
  test('has no scheduler address when the operator makes no cluster', () => {
    for (const executor of [
      undefined,
      { type: 'LocalExecutor' },
      { type: 'DaskExecutor', address: 'tcp://dask:8786' },
      { type: 'DaskExecutor', clusterClass: 'distributed.LocalCluster' },
    ]) {
      expect(variable(flowPod(run, 1, resolvedOf(executor)), 'DASK_SCHEDULER_ADDRESS')).toBeUndefined();
    }
  });

  test.each([
    [undefined, undefined],
    [3600, 3600],
    [0.2, 1],
    [-5, 1],
  ])('with %j s left has a deadline of %j s', (left, seconds) => {
    expect(flowPod(run, 1, resolvedOf(), left)).toHaveProperty('spec.shareProcessNamespace', true);
    const { spec } = flowPod(run, 1, resolvedOf(), left);
    expect(spec['activeDeadlineSeconds']).toBe(seconds);
  });

  test('mounts sources of a ConfigMap as they are', () => {
    const resolved = resolvedOf(undefined, { source: { configMap: { name: 'code' } } });
    expect(flowPod(run, 1, resolved)).toHaveProperty('spec.volumes.1', {
      name: 'flowrun-source',
      configMap: { name: 'code' },
    });
  });

  test('gets a token only with a ServiceAccount, and is the only one that does', () => {
    const token = ({ spec }: PodManifest) => spec['automountServiceAccountToken'];
    const resolved = resolvedOf(dask({}), { serviceAccountName: 'etl' });
    expect(token(flowPod(run, 1, resolved))).toBe(true);
    expect(token(schedulerPod(run, 1, resolved))).toBe(false);
    expect(token(workerPod(run, 1, resolved, FIRST))).toBe(false);
    expect(token(flowPod(run, 1, resolvedOf()))).toBe(false);
  });
});

const FIRST = { ordinal: 0, group: 'default' };

describe('a worker', () => {
  test('of a group is made as its group says', () => {
    const resolved = resolvedOf(
      dask({
        env: { A: 'all', B: 'all' },
        worker_groups: { gpu: { image: 'cuda:1', env: { B: 'gpu' }, worker_resources: { GPU: 1 } } },
      }),
    );
    const gpu = workerPod(run, 1, resolved, { ordinal: 5, group: 'gpu' });
    expect(gpu.metadata).toMatchObject({
      name: 'etl-0a1b2c3d-1-worker-5',
      labels: { 'flowrun.dev/group': 'gpu', 'flowrun.dev/ordinal': '5' },
    });
    expect(gpu).toHaveProperty('spec.containers.0.image', 'cuda:1');
    expect(containerOf(gpu).command.join(' ')).toContain('--resources GPU=1');
    expect(['A', 'B'].map((each) => variable(gpu, each))).toEqual(['all', 'gpu']);
    const plain = workerPod(run, 1, resolved, FIRST);
    expect(plain).toHaveProperty('spec.containers.0.image', 'flows:1');
    expect(variable(plain, 'B')).toBe('all');
    expect(() => workerPod(run, 1, resolved, { ordinal: 0, group: 'tpu' })).toThrow(TypeError);
  });

  const command = (kwargs: object) =>
    containerOf(workerPod(run, 2, resolvedOf(dask(kwargs)), { ordinal: 7, group: 'default' })).command.join(
      ' ',
    );
  const address = 'tls://etl-0a1b2c3d-2-scheduler.team.svc:8786';
  const name = '--name etl-0a1b2c3d-2-worker-7 --no-dashboard';
  const rest = '--death-timeout 600 --preload /flowrun/worker_preload.py';

  test.each([
    [
      {},
      `python3 -u -m distributed.cli.dask_worker ${address} ${name} --no-nanny --nthreads 1 --memory-limit auto ${rest}`,
    ],
    [
      { nthreads: 4, memory_limit: '1 GB', worker_resources: { GPU: 1, MEM: 2.5 } },
      `python3 -u -m distributed.cli.dask_worker ${address} ${name} --no-nanny --nthreads 4 --memory-limit 1000000000 ${rest} --resources GPU=1,MEM=2.5`,
    ],
    [
      { nanny: true, memory_limit: 0, worker_command: 'dask worker' },
      `dask worker ${address} ${name} --nanny --preload-nanny /flowrun/worker_preload.py --nthreads 1 --memory-limit 0 ${rest}`,
    ],
    [
      { worker_command: ['dask-cuda-worker'] },
      `dask-cuda-worker ${address} ${name} --nthreads 1 --memory-limit auto ${rest}`,
    ],
  ])('of %j', (kwargs, expected) => {
    expect(command(kwargs)).toBe(expected);
  });

  test('takes the variables of the cluster over those of all pods, and both over the defaults', () => {
    const flow = {
      env: [
        { name: 'A', value: 'all' },
        { name: 'B', value: 'all' },
        { name: 'OMP_NUM_THREADS', value: '8' },
      ],
    };
    const worker = workerPod(run, 1, resolvedOf(dask({ env: { A: 'cluster' } }), flow), FIRST);
    expect(['A', 'B', 'OMP_NUM_THREADS', 'MKL_NUM_THREADS'].map((each) => variable(worker, each))).toEqual([
      'cluster',
      'all',
      '8',
      '1',
    ]);
  });

  test('carries no mark against eviction: it can be replaced', () => {
    expect(workerPod(run, 1, resolvedOf(dask({})), FIRST).metadata.annotations).toEqual({});
  });

  test('is not made without a cluster', () => {
    expect(() => workerPod(run, 1, resolvedOf(), FIRST)).toThrow(TypeError);
    expect(() => schedulerPod(run, 1, resolvedOf())).toThrow(TypeError);
  });
});

describe('the flow pod of a command', () => {
  const commandOf = (flow: object) => containerOf(flowPod(run, 1, resolvedOf(undefined, flow))).command;

  test('runs it under the launcher where the image has a Python, else as it is', () => {
    const [shell, , script, ...rest] = commandOf({
      entrypoint: undefined,
      command: ['tool'],
      args: ['a b', '$HOME'],
    });
    expect(shell).toBe('/bin/sh');
    expect(script).toMatch(
      /^python3 .* && exec python3 -u \/flowrun\/launcher.py \/flowrun\/run.json "\$@"\nexec "\$@"$/,
    );
    expect(rest).toEqual(['flowrun', 'tool', 'a b', '$HOME']);
  });

  test('needs no shell for an entrypoint', () => {
    expect(commandOf({})).toEqual(['python3', '-u', '/flowrun/launcher.py', '/flowrun/run.json']);
  });
});

describe('run.json', () => {
  const runJson = (parametersJson: string) => {
    const files = filesConfigMap(run, 1, resolvedOf(dask({ n_workers: 2 })), {
      programs: PROGRAMS,
      parametersJson,
    });
    return z.looseObject({ 'run.json': z.string() }).parse(files['data'])['run.json'];
  };

  test.each([
    '{"id": 9223372036854775807, "ratio": 1.0, "small": 1e-400, "text": "\\u00e9"}',
    '{}',
    '{"a": {"b": [1.50, -0.0]}}',
  ])('holds the parameters digit by digit: %s', (parameters) => {
    const text = runJson(parameters);
    expect(text.endsWith(`,"parameters":${parameters}}`)).toBe(true);
    expect(JSON.parse(text)).toMatchObject({ version: 1, flowRun: { name: 'etl', attempt: 1 } });
  });

  test.each(['', '[1]', 'null', '{"a":1},"x":{}', '{'])('takes nothing but an object: %s', (parameters) => {
    expect(() => runJson(parameters)).toThrow('must be a JSON object');
  });

  test('tells the launcher what to wait for', () => {
    expect(JSON.parse(runJson('{}'))).toMatchObject({
      entrypoint: 'flow.py:main',
      executor: { type: 'DaskExecutor', clusterKwargs: { n_workers: 2 }, address: null, debug: null },
      cluster: {
        schedulerAddress: schedulerAddress(run, 1, 'tls'),
        workers: 2,
        startTimeoutSeconds: 600,
      },
      gracePeriodSeconds: 30,
    });
  });
});

describe('a cluster without encryption', () => {
  const resolved = resolvedOf(dask({ security: 'none' }));

  test('knows no certificates and insists on nothing', () => {
    const objects = everything(resolved);
    expect(objects.map(({ kind }) => kind)).not.toContain('Secret');
    expect(JSON.stringify(objects)).not.toMatch(/COMM__|flowrun-tls|tls:/);
  });
});

test('scheduler and workers insist on encryption; a flow may make a cluster of its own', () => {
  const insists = (pod: PodManifest) => variable(pod, 'DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION');
  const resolved = resolvedOf(dask({}));
  expect(insists(schedulerPod(run, 1, resolved))).toBe('True');
  expect(insists(workerPod(run, 1, resolved, FIRST))).toBe('True');
  expect(insists(flowPod(run, 1, resolved))).toBeUndefined();
  expect(variable(flowPod(run, 1, resolved), 'DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT')).toBe(
    '/flowrun-tls/tls.crt',
  );
});
