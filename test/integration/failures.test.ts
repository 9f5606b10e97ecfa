import { afterAll, beforeAll, expect, test } from 'vitest';
import { namespaceFor, runOf, type TestNamespace } from '../support/namespace.ts';
import { podsLeft } from '../support/pods-left.ts';
import { type TestOperator, operatorFor } from '../support/operator-for.ts';

let space: TestNamespace;
let operator: TestOperator;

beforeAll(async () => {
  space = await namespaceFor('failures');
  operator = await operatorFor(space);
});
afterAll(async () => {
  await operator?.stop();
  await space?.remove();
});

interface Failure {
  flow?: object;
  executor?: object;
  spec?: object;
  /** What the status must say: a Python user's own words are in the message. */
  reason: string;
  exitCode?: number;
  message: readonly RegExp[];
  /** Roles of the pods that are left. A flow pod that never ran is deleted. */
  left: readonly string[];
}

const flowPy = `
def main(divisor=0):
    return 1 / divisor

def greet(name, *, punctuation):
    return name + punctuation

def on_cluster():
    from distributed import Client
    return Client().submit(main, 0).result()

def hog():
    from distributed import Client
    return Client().submit(lambda: len(b"x" * (2 << 30))).result()

def crash():
    import os
    from distributed import Client
    return Client().submit(os._exit, 7).result()
`;

const oneWorker = { type: 'DaskExecutor', clusterKwargs: { n_workers: 1 } };

/** Dask gives a task up as soon as one worker has died under it, not the fourth. */
const noSecondTry = (kwargs: object) => ({
  ...oneWorker,
  clusterKwargs: {
    ...oneWorker.clusterKwargs,
    ...kwargs,
    env: { DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES: '0' },
  },
});

const FAILURES: Record<string, Failure> = {
  raises: {
    flow: { entrypoint: 'flow.py:main' },
    reason: 'FlowFailed',
    exitCode: 1,
    message: [/ZeroDivisionError/, /division by zero/],
    left: ['flow'],
  },
  'raises in a task on a worker': {
    flow: { entrypoint: 'flow.py:on_cluster' },
    executor: oneWorker,
    reason: 'FlowFailed',
    exitCode: 1,
    message: [/ZeroDivisionError/],
    left: ['flow'],
  },
  'has a file that does not exist': {
    flow: { entrypoint: 'flows.py:main' },
    reason: 'EntrypointNotFound',
    exitCode: 2,
    message: [/flows\.py/, /flow\.py/],
    left: ['flow'],
  },
  'names an object that its file does not have': {
    flow: { entrypoint: 'flow.py:mian' },
    reason: 'ObjectNotFound',
    exitCode: 2,
    message: [/did you mean 'main'/],
    left: ['flow'],
  },
  'lacks a parameter': {
    flow: { entrypoint: 'flow.py:greet', parameters: { name: 'you' } },
    reason: 'MissingParameter',
    exitCode: 2,
    message: [/punctuation/],
    left: ['flow'],
  },
  'is given a parameter that it does not know': {
    flow: { entrypoint: 'flow.py:main', parameters: { divider: 2 } },
    reason: 'UnknownParameter',
    exitCode: 2,
    message: [/'divider'/, /did you mean 'divisor'/],
    left: ['flow'],
  },
  'is a command that does not exist': {
    flow: { command: ['pyhton3', 'flow.py'] },
    reason: 'CommandNotFound',
    exitCode: 2,
    message: [/pyhton3/],
    left: ['flow'],
  },
  'is a command that exits 3': {
    flow: { command: ['sh', '-c', 'echo reading; echo no table sales >&2; exit 3'] },
    reason: 'FlowFailed',
    exitCode: 3,
    message: [/code 3/, /wrote last:\n(reading\nno table sales|no table sales\nreading)$/],
    left: ['flow'],
  },
  'has an image that does not exist': {
    flow: { entrypoint: 'flow.py:main', image: 'localhost/no-such-image:1' },
    spec: { startDeadlineSeconds: 20 },
    reason: 'ImageUnusable',
    message: [/localhost\/no-such-image:1/],
    left: [],
  },
  'has a task that needs more memory than a worker may use': {
    flow: { entrypoint: 'flow.py:hog' },
    executor: noSecondTry({ memory_limit: '400 MiB' }),
    reason: 'WorkerOutOfMemory',
    exitCode: 3,
    message: [
      /KilledWorker: task lambda/,
      /-worker-0 needed more memory/,
      /raise clusterKwargs\.memory_limit/,
    ],
    left: ['flow'],
  },
  'has a task that crashes its worker': {
    flow: { entrypoint: 'flow.py:crash' },
    executor: noSecondTry({}),
    reason: 'WorkerCrashed',
    exitCode: 3,
    message: [/KilledWorker: task _exit/, /-worker-0 ended with code 7/],
    left: ['flow'],
  },
  'has workers that cannot start': {
    flow: { entrypoint: 'flow.py:on_cluster' },
    executor: {
      ...oneWorker,
      clusterKwargs: {
        ...oneWorker.clusterKwargs,
        worker_command: ['python3', '-c', 'import no_such_module'],
      },
    },
    reason: 'WorkersFailed',
    message: [/no_such_module|exit code 1/],
    left: ['flow'],
  },
  'has workers whose image does not exist': {
    flow: { entrypoint: 'flow.py:on_cluster' },
    executor: {
      ...oneWorker,
      clusterKwargs: { ...oneWorker.clusterKwargs, image: 'localhost/no-such-worker:1' },
    },
    spec: { startDeadlineSeconds: 20 },
    reason: 'ImageUnusable',
    message: [/localhost\/no-such-worker:1/],
    left: ['flow'],
  },
};

const CASES = Object.entries(FAILURES);

test.concurrent.each(CASES)(
  'a flow that %s fails with its reason, and leaves no pod but its own',
  async (what, failure) => {
    const name = `fails-${CASES.findIndex(([key]) => key === what)}`;
    await space.apply({
      apiVersion: 'flowrun.dev/v1alpha1',
      kind: 'FlowRun',
      metadata: { name },
      spec: {
        ...failure.spec,
        ...(failure.executor === undefined ? {} : { executor: failure.executor }),
        flow: { image: space.image, source: { inline: { 'flow.py': flowPy } }, ...failure.flow },
      },
    });
    await space.waitFor(name, 'CleanedUp', 120).catch(async (error: unknown) => {
      const { status } = runOf(await space.get('flowrun', name));
      throw new Error(`${String(error)}\n${JSON.stringify(status, undefined, 1)}`, { cause: error });
    });
    const { status } = runOf(await space.get('flowrun', name));
    const pods = await podsLeft(space, name);
    const { reason, exitCode, message, left } = failure;
    expect(status).toMatchObject({ phase: 'Failed', attempt: 1, reason });
    expect(status.conditions).toContainEqual(
      expect.objectContaining({ type: 'Failed', status: 'True', reason }),
    );
    expect(status.result).toMatchObject(exitCode === undefined ? {} : { exitCode });
    for (const part of message) expect(status.message).toMatch(part);
    expect(pods.map(({ role }) => role)).toEqual(left);
  },
);
