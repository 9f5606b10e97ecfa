import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  FULL_EXECUTOR,
  FULL_FLOW,
  dask,
  everything,
  resolvedOf,
  run,
} from '../../src/manifests/attempt.fixture.ts';
import { flowPod } from '../../src/manifests/flow-pod.ts';
import { rbac } from '../../src/manifests/rbac.ts';
import { type TestCluster, up } from '../cluster/api.ts';
import { type Kubectl, kubectlOf } from '../support/kubectl.ts';

let cluster: TestCluster;
let kubectl: Kubectl;

beforeAll(async () => {
  // Without the controller manager no ServiceAccount must exist for a pod to be accepted.
  cluster = await up({ name: 'manifests', controlPlaneOnly: true, controllerManager: false });
  kubectl = kubectlOf(cluster);
});

afterAll(async () => {
  await cluster?.down();
});

/** The namespace of the fixture, under this Pod Security level. */
async function enforce(level: 'privileged' | 'baseline' | 'restricted'): Promise<void> {
  const labels = { 'pod-security.kubernetes.io/enforce': level };
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: run.namespace, labels } };
  const { code, stderr } = await kubectl(['apply', '-f', '-'], JSON.stringify(namespace));
  if (code !== 0) throw new Error(stderr);
}

/** What the server would store; unknown and repeated fields and all else it finds wrong is in `refusal`. */
async function dryRun(objects: readonly object[]): Promise<{ refusal: string; stored: readonly unknown[] }> {
  const { code, stdout, stderr } = await kubectl(
    ['create', '--dry-run=server', '--validate=strict', '-o', 'json', '-f', '-'],
    objects.map((object) => JSON.stringify(object)).join('\n'),
  );
  // One document after the other, each of which begins and ends at the margin.
  const documents = stdout.split(/(?<=^\})\n(?=\{)/m);
  return {
    refusal: stderr,
    stored: code === 0 ? documents.map((document): unknown => JSON.parse(document)) : [],
  };
}

/** Paths of what was sent and is not stored so. The server may add; what is empty it leaves out; quantities it writes as strings. */
function dropped(sent: unknown, stored: unknown, path = ''): string[] {
  if (typeof sent !== 'object' || sent === null) {
    const same = sent === stored || (typeof sent === 'number' && stored === String(sent));
    return same ? [] : [`${path}: ${JSON.stringify(sent)} became ${JSON.stringify(stored)}`];
  }
  return Object.entries(sent).flatMap(([key, value]: [string, unknown]) => {
    const empty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
    const found: unknown =
      typeof stored === 'object' && stored !== null ? Reflect.get(stored, key) : undefined;
    return empty && found === undefined ? [] : dropped(value, found, `${path}.${key}`);
  });
}

/** What the server refuses or drops of these objects. */
async function problems(objects: readonly object[]): Promise<string[]> {
  const { refusal, stored } = await dryRun(objects);
  return refusal === '' ? dropped(objects, stored) : [refusal];
}

describe('the API server takes every object as it is, with no field dropped', () => {
  test.each([
    ['the smallest run', resolvedOf(), {}],
    ['the smallest cluster', resolvedOf(dask({})), {}],
    [
      'a run that uses nearly every field',
      resolvedOf(FULL_EXECUTOR, FULL_FLOW),
      { inline: FULL_FLOW.source.inline, parametersJson: '{"day": "2026-01-01"}' },
    ],
    [
      'a command with code from a ConfigMap',
      resolvedOf(dask({}), {
        entrypoint: undefined,
        command: ['make'],
        source: { configMap: { name: 'code' } },
      }),
      {},
    ],
    [
      'a worker with a list of variables',
      resolvedOf(dask({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }] })),
      {},
    ],
  ])('%s', async (_, resolved, files) => {
    await enforce('privileged');
    expect(await problems(everything(resolved, files))).toEqual([]);
  });

  test('under the Pod Security level baseline', async () => {
    await enforce('baseline');
    expect(await problems(everything(resolvedOf(dask({ n_workers: 2, memory_limit: '1 GiB' }))))).toEqual([]);
  });

  test('under the level restricted, without a word of the user’s', async () => {
    await enforce('restricted');
    expect(await problems(everything(resolvedOf(dask({}))))).toEqual([]);
    const root = everything(resolvedOf(dask({}), { securityContext: { runAsNonRoot: false } }));
    const pods = root.filter((object) => object.kind === 'Pod');
    expect((await dryRun(pods)).refusal.match(/runAsNonRoot != true/g)).toHaveLength(pods.length);
  });

  test('the rights of the operator', async () => {
    expect(
      await problems(
        rbac({ name: 'flowrun-operator', namespace: run.namespace, serviceAccountName: 'operator' }),
      ),
    ).toEqual([]);
  });
});

test('the check sees a field that does not exist', async () => {
  await enforce('privileged');
  const pod = flowPod(run, 1, resolvedOf());
  const spec = { ...pod.spec, restartPolcy: 'Never' };
  expect((await dryRun([{ ...pod, spec }, pod])).refusal).toContain('unknown field "spec.restartPolcy"');
});
