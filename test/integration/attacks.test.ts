import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { type ConditionType, findCondition } from '../../src/api/conditions.ts';
import { childName } from '../../src/core/names.ts';
import { BY_THE_OPERATOR, BY_THE_SERVER, host, manifest } from '../support/attacks.ts';
import { eventually } from '../support/eventually.ts';
import { namespaceFor, runOf, type TestNamespace } from '../support/namespace.ts';
import { startOperator, type OperatorProcess } from '../support/operator.ts';

// Whoever may create FlowRuns may run pods in that namespace, and nothing more. The namespaces here have no Pod Security level.

let space: TestNamespace;
let other: TestNamespace;
let operator: OperatorProcess;

const podView = z.looseObject({
  spec: z.looseObject({
    restartPolicy: z.string(),
    automountServiceAccountToken: z.boolean(),
    containers: z.array(
      z.looseObject({
        name: z.string(),
        command: z.array(z.string()),
        env: z.array(z.looseObject({ name: z.string() })),
        volumeMounts: z.array(z.looseObject({ mountPath: z.string() })),
      }),
    ),
    volumes: z.array(z.looseObject({ name: z.string() })),
  }),
});

beforeAll(async () => {
  [space, other] = [await namespaceFor('attacks'), await namespaceFor('attacks-other')];
  operator = await startOperator({
    kubeconfig: inject('kubeconfig'),
    arguments: ['--namespace', space.name],
  });
});
afterAll(async () => {
  await operator?.kill();
  await Promise.all([space?.remove(), other?.remove()]);
});

const conditionOf = async (name: string, type: ConditionType) =>
  findCondition(runOf(await space.get('flowrun', name)).status.conditions, type);
const podsOf = (name: string) => space.list('pod', `flowrun.dev/name=${name}`);
const podsAppear = (name: string, count: number) =>
  eventually(`${name} has ${count} pods`, async () => {
    const found = await podsOf(name);
    return found.length === count ? found : undefined;
  });

describe('the API server refuses', () => {
  test.each(BY_THE_SERVER)('$what', async ({ says, ...attack }) => {
    await expect(space.apply(manifest('refused', attack))).rejects.toThrow(says);
  });
});

describe('the operator refuses, says why, and makes no pod', () => {
  beforeAll(async () => {
    const items = BY_THE_OPERATOR.map((attack, index) => manifest(`attack-${index}`, attack));
    await space.apply({ apiVersion: 'v1', kind: 'List', items });
  });

  test.each(BY_THE_OPERATOR.map((attack, index) => ({ ...attack, name: `attack-${index}` })))(
    '$what',
    async ({ name, reason, says }) => {
      const accepted = await eventually(`${name} is judged`, () => conditionOf(name, 'Accepted'));
      expect(accepted).toMatchObject({ status: 'False', reason, message: expect.stringContaining(says) });
      expect(await podsOf(name)).toEqual([]);
    },
  );
});

describe('it does no harm', () => {
  test('to null what the operator relies on, to name another namespace, to bring variables in by the dozen', async () => {
    const nulls = {
      restartPolicy: null,
      automountServiceAccountToken: null,
      enableServiceLinks: null,
      volumes: null,
      containers: [{ name: 'worker', command: null, env: null, volumeMounts: null }],
    };
    await space.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'variables' },
      stringData: { FLOWRUN_UID: 'x', DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION: 'False' },
    });
    await space.apply(
      manifest('nulls', {
        flow: { serviceAccountName: 'default', envFrom: [{ secretRef: { name: 'variables' } }] },
        kwargs: { namespace: other.name, worker_pod_template: { spec: nulls } },
      }),
    );
    const pods = await podsAppear('nulls', 3);
    for (const pod of pods) {
      const { spec } = podView.parse(pod);
      const role = pod.metadata.labels?.['flowrun.dev/role'];
      expect(spec.restartPolicy).toBe('Never');
      expect(spec.automountServiceAccountToken).toBe(role === 'flow');
      expect(spec.volumes.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['flowrun-files', 'flowrun-tls']),
      );
      const [own] = spec.containers;
      expect(own?.command[0]).toBe('python3');
      expect(own?.volumeMounts.map(({ mountPath }) => mountPath)).toEqual(
        expect.arrayContaining(['/flowrun', '/flowrun-tls']),
      );
      // What stands in `env` wins over what `envFrom` brings.
      const names = own?.env.map(({ name }) => name) ?? [];
      expect(names).toEqual(expect.arrayContaining(['FLOWRUN_UID', 'DASK_DISTRIBUTED__COMM__TLS__CA_FILE']));
      expect(names.includes('DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION')).toBe(role !== 'flow');
    }
    expect(await other.list('pod', 'flowrun.dev/uid')).toEqual([]);
  });

  test('to claim a pod of another namespace for a run', async () => {
    await space.apply(manifest('claimed', { kwargs: { n_workers: 0 } }));
    const [pod] = await podsAppear('claimed', 2);
    const { uid } = (await space.get('flowrun', 'claimed')).metadata;
    await other.apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'stranger',
        labels: { ...pod?.metadata.labels, 'flowrun.dev/role': 'worker', 'flowrun.dev/ordinal': '7' },
        ownerReferences: [
          { apiVersion: 'flowrun.dev/v1alpha1', kind: 'FlowRun', name: 'claimed', uid, controller: true },
        ],
      },
      spec: { containers: [{ name: 'worker', image: 'localhost/nowhere:1' }] },
    });
    await space.patch('flowrun', 'claimed', { spec: { cancel: true } });
    await space.waitFor('claimed', 'CleanedUp', 90);
    const { status } = runOf(await space.get('flowrun', 'claimed'));
    expect(status.cluster?.workers).toMatchObject({ desired: 0, ready: 0 });
  });

  test('to prepare the files that the pods of a run are built from', async () => {
    await space.apply(manifest('honest', {}));
    await podsAppear('honest', 1);
    const files = z
      .object({ data: z.record(z.string(), z.string()) })
      .parse(
        await space.get('configmap', childName(runRefOf(await space.get('flowrun', 'honest')), 1, 'files')),
      );
    const resolved = z
      .looseObject({ flow: z.looseObject({}) })
      .parse(JSON.parse(files.data['resolved.json'] ?? ''));
    resolved.flow['templates'] = [{ spec: { volumes: [host], hostPID: true } }];

    await space.apply(manifest('prepared', {}, { suspend: true }));
    await eventually('the run is seen', () => conditionOf('prepared', 'Suspended'));
    const ref = runRefOf(await space.get('flowrun', 'prepared'));
    await space.apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: childName(ref, 1, 'files'),
        labels: { 'flowrun.dev/uid': ref.uid },
        ownerReferences: [
          {
            apiVersion: 'flowrun.dev/v1alpha1',
            kind: 'FlowRun',
            name: 'prepared',
            uid: ref.uid,
            controller: true,
          },
        ],
      },
      data: { ...files.data, 'resolved.json': JSON.stringify(resolved) },
    });
    await space.patch('flowrun', 'prepared', { spec: { suspend: false } });
    const failed = await eventually('the run has failed', () => conditionOf('prepared', 'Failed'), 60);
    expect(failed).toMatchObject({ status: 'True', reason: 'PodRefused' });
    expect(failed.message).toMatch(/hostPID.*hostPath/);
    expect(await podsOf('prepared')).toEqual([]);
  });
});

function runRefOf(object: Parameters<typeof runOf>[0]) {
  const { name, namespace, uid } = runOf(object).metadata;
  return { name, namespace, uid };
}
