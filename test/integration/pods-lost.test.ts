import { afterAll, beforeAll, expect, test } from 'vitest';
import { clusterKubectl, namespaceFor, runOf, type TestNamespace } from '../support/namespace.ts';
import { type TestOperator, operatorFor } from '../support/operator-for.ts';
import { podsLeft } from '../support/pods-left.ts';
import { flowPodOf, said } from './executors/world.ts';

let space: TestNamespace;
let operator: TestOperator;

beforeAll(async () => {
  space = await namespaceFor('pods-lost');
  operator = await operatorFor(space);
});
afterAll(async () => {
  await operator?.stop();
  await space?.remove();
});

const flowPy = `
import time
from distributed import get_client

def wait(seconds):
    print("begun", flush=True)
    return get_client().submit(time.sleep, seconds).result()

def hog():
    return len(b"x" * (2 << 30))

def hog_on_scheduler():
    return get_client().run_on_scheduler(hog)
`;

type Role = 'flow' | 'scheduler' | 'worker';

interface Loss {
  flow: object;
  executor?: object;
  /** Done to a pod of the run once it runs. */
  strike?: { role: Role; how: 'delete' | 'evict' };
  /** Merged into the spec once it runs. */
  change?: object;
  phase: string;
  reason: string;
  message?: RegExp;
  /** Of the first attempt. */
  class?: string;
  exitCode?: number;
}

const waits = { entrypoint: 'flow.py:wait', parameters: { seconds: 120 } };
const waitsBriefly = { entrypoint: 'flow.py:wait', parameters: { seconds: 8 } };
const little = { resources: { limits: { memory: '300Mi' } } };
const oneWorker = { type: 'DaskExecutor', clusterKwargs: { n_workers: 1 } };

const CASES: Record<string, Loss> = {
  'whose flow needs more memory than it may use': {
    flow: { entrypoint: 'flow.py:hog', ...little },
    phase: 'Failed',
    reason: 'FlowOutOfMemory',
    message: /spec\.flow\.resources\.limits\.memory/,
    class: 'Flow',
    exitCode: 137,
  },
  'whose command needs more memory than it may use': {
    flow: { command: ['python3', '-c', 'print(len(b"x" * (2 << 30)))'], ...little },
    phase: 'Failed',
    reason: 'FlowOutOfMemory',
    message: /spec\.flow\.resources\.limits\.memory/,
    class: 'Flow',
    exitCode: 137,
  },
  'whose scheduler needs more memory than it may use': {
    flow: { entrypoint: 'flow.py:hog_on_scheduler' },
    executor: {
      ...oneWorker,
      clusterKwargs: { n_workers: 1, scheduler_resources: { limits: { memory: '300Mi' } } },
    },
    phase: 'Failed',
    reason: 'SchedulerOutOfMemory',
    message: /scheduler_resources/,
    class: 'Infrastructure',
  },
  'whose flow pod is evicted': {
    flow: waits,
    executor: oneWorker,
    strike: { role: 'flow', how: 'evict' },
    phase: 'Failed',
    reason: 'FlowPodLost',
    message: /evicted/,
    class: 'Infrastructure',
  },
  'whose scheduler pod is evicted': {
    flow: waits,
    executor: oneWorker,
    strike: { role: 'scheduler', how: 'evict' },
    phase: 'Failed',
    reason: 'SchedulerLost',
    class: 'Infrastructure',
  },
  'whose scheduler pod is deleted': {
    flow: waits,
    executor: oneWorker,
    strike: { role: 'scheduler', how: 'delete' },
    phase: 'Failed',
    reason: 'SchedulerLost',
    class: 'Infrastructure',
  },
  'whose only worker pod is evicted': {
    flow: waitsBriefly,
    executor: oneWorker,
    strike: { role: 'worker', how: 'evict' },
    phase: 'Succeeded',
    reason: 'Succeeded',
  },
  'that is cancelled and whose command ignores SIGTERM': {
    flow: { command: ['sh', '-c', 'trap "" TERM; echo begun; while :; do sleep 1; done'] },
    change: { cancel: true },
    phase: 'Cancelled',
    reason: 'Cancelled',
  },
};

/** Its flow has said that it is under way: until then a signal meets the launcher alone. */
async function begun(run: string): Promise<void> {
  await space.waitFor(run, 'Running', 90);
  await said(space, () => flowPodOf(space, run), 'begun');
}

async function strike(run: string, { role, how }: NonNullable<Loss['strike']>): Promise<void> {
  const [pod] = await space.list('pod', `flowrun.dev/name=${run},flowrun.dev/role=${role}`);
  const name = pod?.metadata.name ?? '';
  if (how === 'delete') return space.delete('pod', name);
  const kubectl = clusterKubectl();
  const metadata = { name, namespace: space.name };
  const answer = await kubectl(
    ['create', '--raw', `/api/v1/namespaces/${space.name}/pods/${name}/eviction`, '-f', '-'],
    JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata }),
  );
  expect(answer).toMatchObject({ code: 0 });
}

const NAMES = Object.keys(CASES);

test.concurrent.each(Object.entries(CASES))(
  'a run %s ends as its user expects, and leaves nothing but the log',
  async (what, wanted) => {
    const name = `loses-${NAMES.indexOf(what)}`;
    const { flow, executor, phase, reason, message = /./ } = wanted;
    await space.apply({
      apiVersion: 'flowrun.dev/v1alpha1',
      kind: 'FlowRun',
      metadata: { name },
      spec: {
        ...(executor === undefined ? {} : { executor }),
        flow: { image: space.image, source: { inline: { 'flow.py': flowPy } }, ...flow },
      },
    });
    const tell = async (error: unknown) => {
      const { status } = runOf(await space.get('flowrun', name));
      throw new Error(`${String(error)}\n${JSON.stringify(status, undefined, 1)}`, { cause: error });
    };
    if (wanted.strike !== undefined || wanted.change !== undefined) await begun(name).catch(tell);
    if (wanted.strike !== undefined) await strike(name, wanted.strike);
    if (wanted.change !== undefined) await space.patch('flowrun', name, { spec: wanted.change });
    await space.waitFor(name, 'CleanedUp', 120).catch(tell);
    const { status } = runOf(await space.get('flowrun', name));
    expect(`${status.phase} ${status.reason}: ${status.message}`).toMatch(
      new RegExp(`^${phase} ${reason}: `),
    );
    expect(status.message).toMatch(message);
    expect(status).toMatchObject({
      attempt: 1,
      attempts: [wanted.class === undefined ? { reason } : { reason, class: wanted.class }],
      result: wanted.exitCode === undefined ? {} : { exitCode: wanted.exitCode },
    });
    const left = await podsLeft(space, name);
    expect(left.filter(({ role }) => role !== 'flow')).toEqual([]);
  },
);
