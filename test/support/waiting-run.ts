import { expect } from 'vitest';
import type { KubeObject } from '../../src/kube/object.ts';
import { runOf, type TestNamespace } from './namespace.ts';

const FLOW = `import os, time

def main():
    from distributed import get_client
    while not os.path.exists("/tmp/end"):
        time.sleep(0.1)
    return get_client().submit(sum, [1, 2, 3]).result()
`;

/**
 * Applies a FlowRun with one worker whose flow waits for `letEnd` and asks its cluster for the result only then, and returns once it is
 * Running: whatever is done to the operator meanwhile falls into it.
 */
export async function beginWaiting(space: TestNamespace, name: string): Promise<void> {
  await space.apply({
    apiVersion: 'flowrun.dev/v1alpha1',
    kind: 'FlowRun',
    metadata: { name },
    spec: {
      flow: { image: space.image, entrypoint: 'waits.py:main', source: { inline: { 'waits.py': FLOW } } },
      executor: { type: 'DaskExecutor', clusterKwargs: { n_workers: 1 } },
    },
  });
  await space.waitFor(name, 'Running', 90);
}

/** Tells its flow to go on, by a file in the flow's own pod. */
export async function letEnd(space: TestNamespace, name: string): Promise<void> {
  const [flow] = await space.list('pod', `flowrun.dev/name=${name},flowrun.dev/role=flow`);
  await space.exec(flow?.metadata.name ?? '', ['touch', '/tmp/end']);
}

/** Waits for its end, which is that of its first attempt, with the result and nothing but the flow pod left. */
export async function endsWell(space: TestNamespace, name: string): Promise<KubeObject[]> {
  await space.waitFor(name, 'CleanedUp', 90);
  const { status } = runOf(await space.get('flowrun', name));
  expect({ phase: status.phase, attempt: status.attempt, value: status.result?.value }).toEqual({
    phase: 'Succeeded',
    attempt: 1,
    value: 6,
  });
  const left = await space.onlyFlowPodsLeft(`flowrun.dev/name=${name}`);
  expect(left).toHaveLength(1);
  return left;
}
