import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseTime } from '../../src/core/time.ts';
import { eventually } from '../support/eventually.ts';
import { type TestNamespace, namespaceFor, runOf } from '../support/namespace.ts';
import { operatorFor, type TestOperator } from '../support/operator-for.ts';

let space: TestNamespace;
let operator: TestOperator;

const start = (settings: Readonly<Record<string, string>> = {}) =>
  operatorFor(space, { maxConcurrentRunsPerNamespace: '1', ...settings });

beforeAll(async () => {
  space = await namespaceFor('limits');
  operator = await start();
});
afterAll(async () => {
  await operator?.kill();
  await space?.remove();
});

const manifest = (name: string, seconds: number) => ({
  apiVersion: 'flowrun.dev/v1alpha1',
  kind: 'FlowRun',
  metadata: { name },
  spec: {
    flow: { image: space.image, command: ['sleep', String(seconds)] },
    // Were the time in line counted, all but the first would be too late.
    activeDeadlineSeconds: 60,
    suspend: false,
  },
});

const statusOf = async (name: string) => runOf(await space.get('flowrun', name)).status;

test('runs above the limit wait in the order of their creation, through a restart, and begin when a slot is free', async () => {
  await space.apply(manifest('first', 600));
  await eventually('the first runs', async () => (await statusOf('first')).phase === 'Running', 90);
  for (const name of ['a', 'b', 'c']) {
    await space.apply(manifest(name, 1));
    await eventually(`${name} waits`, async () => (await statusOf(name)).reason === 'Queued');
  }
  expect(await statusOf('b')).toMatchObject({
    phase: 'Pending',
    message: `Waits for a slot: 2nd of 2 waiting; limit 1 run in namespace ${space.name}.`,
  });

  await operator.kill();
  operator = await start();
  // One that is cancelled while it waits ends at once, and never had a pod.
  await space.patch('flowrun', 'b', { spec: { cancel: true } });
  await space.waitFor('b', 'CleanedUp', 60);
  expect(await statusOf('b')).toMatchObject({ phase: 'Cancelled' });
  expect((await statusOf('b')).queue).toBeUndefined();
  expect(await space.list('pod', 'flowrun.dev/name=b')).toEqual([]);
  expect((await statusOf('a')).attempt).toBeUndefined();

  // A suspended run holds no slot, and stands in line again when it is resumed: before those that were created later.
  await space.patch('flowrun', 'first', { spec: { suspend: true } });
  await space.waitFor('a', 'Running', 90);
  expect(await statusOf('first')).toMatchObject({ phase: 'Suspended' });
  await space.patch('flowrun', 'first', { spec: { suspend: false, flow: { command: ['sleep', '1'] } } });
  for (const name of ['a', 'first', 'c']) await space.waitFor(name, 'CleanedUp', 90);

  const order = await Promise.all(['a', 'first', 'c'].map(statusOf));
  expect(order.map(({ phase }) => phase)).toEqual(['Succeeded', 'Succeeded', 'Succeeded']);
  const freed = order.map(({ conditions }) =>
    parseTime(conditions?.find(({ type }) => type === 'CleanedUp')?.lastTransitionTime ?? ''),
  );
  const begun = order.map(({ startTime }) => parseTime(startTime ?? ''));
  expect(begun[1]).toBeGreaterThanOrEqual(freed[0] ?? Infinity);
  expect(begun[2]).toBeGreaterThanOrEqual(freed[1] ?? Infinity);
});

test('an adaptive run tells that it keeps its size while the settings of a new operator refuse its spec', async () => {
  const { image } = space;
  await operator.kill();
  operator = await start({ defaultImage: image });
  await space.apply({
    apiVersion: 'flowrun.dev/v1alpha1',
    kind: 'FlowRun',
    metadata: { name: 'refused' },
    spec: {
      flow: { command: ['sleep', '600'] },
      executor: { type: 'DaskExecutor', adaptKwargs: { minimum: 1, maximum: 2 } },
    },
  });
  const scaling = async () =>
    (await statusOf('refused')).conditions?.find(({ type }) => type === 'Scaling')?.reason;
  const told = (reason: string) =>
    eventually(`it is ${reason}`, async () => (await scaling()) === reason, 90);
  await told('Adapting');

  await operator.kill();
  operator = await start();
  await told('SpecRefused');
  expect(await statusOf('refused')).toMatchObject({
    phase: 'Running',
    attempt: 1,
    cluster: { workers: { desired: 1 } },
  });

  await operator.kill();
  operator = await start({ defaultImage: image });
  await told('Adapting');
  await space.patch('flowrun', 'refused', { spec: { cancel: true } });
  await space.waitFor('refused', 'CleanedUp', 90);
});
