import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { findProcesses } from '../cluster/processes.ts';
import { said, flowPodOf } from '../integration/executors/world.ts';
import { eventually } from '../support/eventually.ts';
import { clusterKubectl, namespaceFor, runOf, type TestNamespace } from '../support/namespace.ts';
import { type TestOperator, operatorFor } from '../support/operator-for.ts';

/** Until the control plane takes the node for lost (50 s), its pods have been told (35 s) and have been waited for (60 s), and as much again. */
const OUTAGE_SECONDS = 300;

let space: TestNamespace;
let operator: TestOperator;

beforeAll(async () => {
  space = await namespaceFor('outage');
  operator = await operatorFor(space);
});
afterAll(async () => {
  kubelet('SIGCONT');
  await operator?.stop();
  await space?.remove();
});

/** Stopped, it holds what it has and says nothing: to the control plane that is a node that is gone. */
function kubelet(signal: 'SIGSTOP' | 'SIGCONT'): void {
  const found = findProcesses(dirname(inject('kubeconfig'))).filter(
    ({ component }) => component === 'kubelet',
  );
  if (found.length === 0) throw new Error('the cluster has no kubelet');
  for (const { pid } of found) process.kill(pid, signal);
}

async function nodeIsReady(): Promise<boolean> {
  const kubectl = clusterKubectl();
  const path = '{.items[0].status.conditions[?(@.type=="Ready")].status}';
  return (await kubectl(['get', 'nodes', '-o', `jsonpath=${path}`])).stdout === 'True';
}

// Of the five minutes for which Kubernetes leaves pods on a lost node by default, five seconds are enough here.
const tolerations = ['not-ready', 'unreachable'].map((state) => ({
  key: `node.kubernetes.io/${state}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: 5,
}));

const flowPy = `
import os, time

def main():
    print("begun", flush=True)
    if os.environ["FLOWRUN_ATTEMPT"] == "1":
        time.sleep(900)
    return "done"
`;

async function start(name: string, spec: object): Promise<void> {
  await space.apply({
    apiVersion: 'flowrun.dev/v1alpha1',
    kind: 'FlowRun',
    metadata: { name },
    spec: {
      flow: {
        image: space.image,
        entrypoint: 'flow.py:main',
        source: { inline: { 'flow.py': flowPy } },
        tolerations,
      },
      ...spec,
    },
  });
  await space.waitFor(name, 'Running', 90);
  await said(space, () => flowPodOf(space, name), 'begun');
}

const statusOf = async (name: string) => runOf(await space.get('flowrun', name)).status;

test('runs on a node that is lost end with a reason, and go on in their retry when it is back', async () => {
  const executor = { type: 'DaskExecutor', clusterKwargs: { n_workers: 1 } };
  await start('once', {});
  await start('clustered', { executor });
  await start('again', { executor, retry: { limit: 1, backoffSeconds: 1 } });
  kubelet('SIGSTOP');
  await eventually('the node is NotReady', async () => !(await nodeIsReady()), 120);

  await space.waitFor('once', 'CleanedUp', OUTAGE_SECONDS);
  expect(await statusOf('once')).toMatchObject({
    phase: 'Failed',
    reason: 'FlowPodLost',
    message: expect.stringMatching(/node \S+ does not confirm its end.*spec\.retry\.limit/),
    attempts: [{ class: 'Infrastructure' }],
  });
  await space.waitFor('clustered', 'CleanedUp', OUTAGE_SECONDS);
  expect(await statusOf('clustered')).toMatchObject({
    phase: 'Failed',
    reason: expect.stringMatching(/^(FlowPodLost|SchedulerLost)$/),
    attempts: [{ class: 'Infrastructure' }],
  });
  // There is no other node: the retry waits, and says so.
  await eventually(
    'the second attempt waits',
    async () => (await statusOf('again')).attempt === 2,
    OUTAGE_SECONDS,
  );
  expect((await statusOf('again')).phase).not.toBe('Running');

  kubelet('SIGCONT');
  await space.waitFor('again', 'CleanedUp', OUTAGE_SECONDS);
  expect(await statusOf('again')).toMatchObject({
    phase: 'Succeeded',
    attempt: 2,
    result: { value: 'done' },
    attempts: [{ outcome: 'Failed', class: 'Infrastructure' }, { outcome: 'Succeeded' }],
  });
  // The control plane has deleted the pods that were on the node: it lets them go now. The one of the second attempt stays.
  await eventually(
    'one pod is left',
    async () => (await space.list('pod', 'flowrun.dev/name')).length === 1,
    120,
  );
  await space.onlyFlowPodsLeft('flowrun.dev/name=again');
});
