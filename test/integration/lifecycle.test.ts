import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { KubeObject } from '../../src/kube/object.ts';
import { eventually } from '../support/eventually.ts';
import { type TestNamespace, namespaceFor, runOf } from '../support/namespace.ts';
import { type TestOperator, operatorFor } from '../support/operator-for.ts';

let space: TestNamespace;
let operator: TestOperator;

beforeAll(async () => {
  space = await namespaceFor('lifecycle');
  operator = await operatorFor(space);
});
afterAll(async () => {
  await operator?.kill();
  await space?.remove();
});

/** A flow that goes on until a pod named in its log is stopped; `seconds` bounds it. */
const manifest = (name: string, spec: object = {}, seconds = 120) => ({
  apiVersion: 'flowrun.dev/v1alpha1',
  kind: 'FlowRun',
  metadata: { name },
  spec: {
    flow: {
      image: space.image,
      entrypoint: 'wait.py:main',
      parameters: { seconds },
      source: {
        inline: {
          'wait.py':
            'import time\nfrom distributed import get_client\n\ndef main(seconds):\n    print("begun", flush=True)\n    return get_client().submit(time.sleep, seconds).result()\n',
        },
      },
    },
    executor: { type: 'DaskExecutor', clusterKwargs: { n_workers: 2 } },
    ...spec,
  },
});

const selector = (name: string) => `flowrun.dev/name=${name}`;
const running = (name: string) => space.waitFor(name, 'Running', 90);
const cleaned = (name: string) => space.waitFor(name, 'CleanedUp', 90);

async function nothingLeft(name: string): Promise<boolean> {
  const kinds = await Promise.all(
    (['pod', 'service', 'configmap'] as const).map((kind) => space.list(kind, selector(name))),
  );
  return kinds.every((objects) => objects.length === 0);
}

test.concurrent('a FlowRun deleted in the middle of a run leaves nothing, with the operator alive', async () => {
  await space.apply(manifest('deleted'));
  await running('deleted');
  await space.delete('flowrun', 'deleted');
  expect(await eventually('everything is gone', () => nothingLeft('deleted'), 90)).toBe(true);
});

test.concurrent('a FlowRun re-applied under its name at once meets none of the pods of its predecessor', async () => {
  await space.apply(manifest('twice'));
  await running('twice');
  const before = await space.list('pod', selector('twice'));
  await space.delete('flowrun', 'twice');
  await space.apply(manifest('twice', {}, 1));
  await cleaned('twice');
  const run = runOf(await space.get('flowrun', 'twice'));
  expect(`${run.status.phase}: ${run.status.message}`).toMatch(/^Succeeded:/);
  // A predecessor's flow pod may still be in its grace period: it is no child of the new run and shares no name with one.
  const own = await space.list('pod', `flowrun.dev/uid=${run.metadata.uid}`);
  const names = before.map((pod) => pod.metadata.name);
  expect(before.length).toBeGreaterThan(0);
  expect(own.map((pod) => pod.metadata.name).filter((name) => names.includes(name))).toEqual([]);
  await space.onlyFlowPodsLeft(`flowrun.dev/uid=${run.metadata.uid}`);
});

test.concurrent('cancel ends a run, keeps the log of its flow and takes everything else away', async () => {
  await space.apply(manifest('cancelled'));
  await running('cancelled');
  const [flow] = await space.list('pod', `${selector('cancelled')},flowrun.dev/role=flow`);
  const log = () => space.logs(flow?.metadata.name ?? '');
  await eventually('the flow says that it has begun', async () => (await log()).includes('begun'), 90);
  await space.apply(manifest('cancelled', { cancel: true }));
  await cleaned('cancelled');
  const { status } = runOf(await space.get('flowrun', 'cancelled'));
  expect(status).toMatchObject({ phase: 'Cancelled', reason: 'Cancelled' });
  await space.onlyFlowPodsLeft(selector('cancelled'));
  expect(await log()).toContain('begun');
});

test.concurrent('a suspended run holds no pods, and goes on as a new attempt that is no retry', async () => {
  await space.apply(manifest('suspended', { suspend: true }));
  await space.waitFor('suspended', 'Suspended', 20);
  expect(await nothingLeft('suspended')).toBe(true);
  await space.apply(manifest('suspended', { suspend: false }));
  await running('suspended');
  await space.apply(manifest('suspended', { suspend: true }));
  await space.waitFor('suspended', 'Suspended', 90);
  await space.onlyFlowPodsLeft(selector('suspended'));
  // Suspended, everything but managedBy may change: the new attempt runs what the spec says now.
  await space.apply(manifest('suspended', { suspend: false }, 1));
  await cleaned('suspended');
  expect(runOf(await space.get('flowrun', 'suspended')).status).toMatchObject({
    phase: 'Succeeded',
    attempt: 2,
  });
});

/** As somebody may have asked for it long ago: what the server and the kubelet have added is left out. */
function madeLate({ metadata, ...object }: KubeObject): object {
  const { name, labels, ownerReferences } = metadata;
  const {
    clusterIP: _,
    clusterIPs: __,
    nodeName: ___,
    ...spec
  } = z.looseObject({}).parse(object['spec'] ?? {});
  const { status: ____, ...rest } = object;
  return { ...rest, metadata: { name, labels, ownerReferences }, ...(object['spec'] ? { spec } : {}) };
}

test.concurrent('what is made late for an attempt that is over is cleared away, also when the run is over', async () => {
  const name = 'overtaken';
  const cluster = async (attempt: number) => {
    const own = `${selector(name)},flowrun.dev/attempt=${attempt},flowrun.dev/role!=flow`;
    return (
      await Promise.all((['pod', 'service', 'configmap'] as const).map((kind) => space.list(kind, own)))
    ).flat();
  };
  const none = (attempt: number) => async () => (await cluster(attempt)).length === 0;
  await space.apply(manifest(name));
  await running(name);
  const first = await cluster(1);
  // In the order in which they were asked for.
  expect(first.map(({ kind }) => kind)).toEqual(['Pod', 'Pod', 'Pod', 'Service', 'ConfigMap']);
  await space.apply(manifest(name, { suspend: true }));
  await space.waitFor(name, 'Suspended', 90);
  await space.apply(manifest(name, { suspend: false }));
  await running(name);
  const second = await cluster(2);

  for (const child of first) await space.apply(madeLate(child));
  await eventually('the first attempt has left nothing', none(1), 90);
  expect((await cluster(2)).map(({ metadata }) => metadata.uid)).toEqual(
    second.map(({ metadata }) => metadata.uid),
  );

  await space.apply(manifest(name, { cancel: true }));
  await cleaned(name);
  const { metadata } = await space.get('flowrun', name);
  await eventually('the second attempt has left nothing', none(2), 60);
  for (const child of second) await space.apply(madeLate(child));
  await eventually('the second attempt has left nothing again', none(2), 90);
  expect((await space.get('flowrun', name)).metadata.resourceVersion).toBe(metadata.resourceVersion);
});

test.concurrent('a run that takes longer than its active deadline fails, and is not retried', async () => {
  await space.apply(manifest('late', { activeDeadlineSeconds: 15, retry: { limit: 3, when: 'Any' } }));
  await cleaned('late');
  const { status } = runOf(await space.get('flowrun', 'late'));
  expect(status).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded', attempt: 1 });
});

test.concurrent('a flow pod that somebody deletes is infrastructure: the retry runs in a cluster of its own', async () => {
  await space.apply(manifest('lost', { retry: { limit: 1, backoffSeconds: 1 } }));
  await running('lost');
  const [flow] = await space.list('pod', `${selector('lost')},flowrun.dev/role=flow`);
  await space.delete('pod', flow?.metadata.name ?? '');
  await eventually(
    'the second attempt',
    async () => runOf(await space.get('flowrun', 'lost')).status.attempt === 2,
    90,
  );
  const { status } = runOf(await space.get('flowrun', 'lost'));
  expect(status.attempts?.[0]).toMatchObject({ outcome: 'Failed', class: 'Infrastructure' });
  expect(status.retries).toBe(1);
});

test.concurrent('a worker that dies is replaced under a new ordinal, and the flow goes on', async () => {
  await space.apply(manifest('worker', {}, 15));
  await running('worker');
  const workers = await space.list('pod', `${selector('worker')},flowrun.dev/role=worker`);
  await space.delete('pod', workers[0]?.metadata.name ?? '');
  await cleaned('worker');
  const { status } = runOf(await space.get('flowrun', 'worker'));
  expect(`${status.phase}: ${status.message}`).toMatch(/^Succeeded:/);
});

test.concurrent('a ConfigMap that somebody deletes is made again with the keys that go with it: new workers join', async () => {
  await space.apply(manifest('bared', {}, 30));
  await running('bared');
  const [files] = await space.list('configmap', selector('bared'));
  await space.delete('configmap', files?.metadata.name ?? '');
  await eventually('the ConfigMap is there again', async () => {
    const [again] = await space.list('configmap', selector('bared'));
    return again !== undefined && again.metadata.uid !== files?.metadata.uid;
  });
  const workers = () => space.list('pod', `${selector('bared')},flowrun.dev/role=worker`);
  const [worker] = await workers();
  await space.delete('pod', worker?.metadata.name ?? '');
  const ready = async () =>
    runOf(await space.get('flowrun', 'bared')).status.cluster?.workers?.ready === 2 &&
    (await workers()).some(({ metadata }) => metadata.name?.endsWith('-worker-2') === true);
  await eventually('a worker has joined in its place', ready, 60);
  await cleaned('bared');
  const { status } = runOf(await space.get('flowrun', 'bared'));
  expect(`${status.phase}: ${status.message}`).toMatch(/^Succeeded:/);
});

// After the others: they need the operator.
test('a FlowRun deleted in the middle of a run leaves nothing, with the operator dead', async () => {
  await space.apply(manifest('orphan'));
  await running('orphan');
  await operator.kill();
  await space.delete('flowrun', 'orphan');
  expect(await eventually('everything is gone', () => nothingLeft('orphan'), 90)).toBe(true);
});
