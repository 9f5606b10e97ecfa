import { z } from 'zod';
import { FLOW_RUN } from '../../src/api/flow-run.ts';
import { LABELS } from '../../src/core/names.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { CONFIG_MAP, POD, SERVICE } from '../../src/kube/resource.ts';
import { startOperator } from '../support/operator.ts';
import type { Context } from './context.ts';
import { type Marks, PODS, type Subject, WORKERS, schedulerAnswers, told } from './marks.ts';
import { now, Observer } from './observer.ts';

/** The flows that are measured: each returns when its first task began and when it was done. */
export const FLOWS = {
  plain: `import time
from distributed import get_client

def main():
    task = get_client().submit(time.time).result()
    return {"task": task, "done": time.time()}
`,
  prefect: `import time
from prefect import flow, task

@task
def first():
    return time.time()

@flow
def main():
    began = first.submit().result()
    return {"task": began, "done": time.time()}
`,
};

const finished = z.looseObject({
  status: z.object({
    phase: z.enum(['Succeeded', 'Failed', 'Cancelled']),
    message: z.string().optional(),
    result: z.object({ value: z.looseObject(told.shape) }).optional(),
  }),
});

const isRole = (role: string) => (pod: KubeObject) => pod.metadata.labels?.[LABELS.role] === role;

export interface FlowRuns extends Subject {
  /** `value`: all that the flow returned. */
  once(): Promise<Marks & { value: unknown }>;
}

type Security = 'none' | 'tls';

/** FlowRuns of this flow under the operator of this checkout, a process of this host. */
export async function flowRuns(context: Context, flow: string, security: Security): Promise<FlowRuns> {
  await using stack = new AsyncDisposableStack();
  const { client, kubeconfig, image, namespace: newNamespace } = await context.cluster();
  const namespace = await newNamespace('bench-flowrun', stack);
  const resources = [FLOW_RUN, POD, SERVICE, CONFIG_MAP];
  const observer = stack.use(await Observer.open(client, namespace, resources, context.signal));
  const operator = await startOperator({ kubeconfig, arguments: ['--namespace', namespace] });
  stack.defer(async () => void (await operator.stop()));
  let number = 0;

  const once = async () => {
    number += 1;
    const name = `run-${number}`;
    const own = (object: KubeObject) => object.metadata.labels?.[LABELS.name] === name;
    const pods = () => observer.list(POD).filter(own);
    const isGone = () =>
      pods().every(isRole('flow')) && ![SERVICE, CONFIG_MAP].some((each) => observer.list(each).some(own));
    const run = () =>
      finished.safeParse(observer.list(FLOW_RUN).find(({ metadata }) => metadata.name === name)).data;

    const created = observer.until('all pods exist', () => pods().length === PODS);
    const answered = schedulerAnswers(observer, (pod) => own(pod) && isRole('scheduler')(pod));
    const ended = observer.until('the result', () => run() !== undefined);
    const applied = now();
    await client.create(FLOW_RUN, manifest(namespace, name, image, { flow, security }));
    const [podsAt, scheduler, result] = await Promise.all([created, answered, ended]);
    const { value } = run()?.status.result ?? {};
    if (value === undefined)
      throw new Error(`${name} ended without its value: ${run()?.status.message ?? ''}`);
    const gone = await observer.until('only the flow pod is left', isGone);
    return {
      applied,
      pods: podsAt,
      scheduler,
      task: value.task * 1000,
      done: value.done * 1000,
      result,
      gone,
      value,
    };
  };
  const owned = stack.move();
  return { name: 'FlowRun', once, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function manifest(
  namespace: string,
  name: string,
  image: string,
  { flow, security }: { flow: string; security: Security },
): KubeObject {
  return {
    apiVersion: 'flowrun.dev/v1alpha1',
    kind: 'FlowRun',
    metadata: { namespace, name },
    spec: {
      flow: { image, entrypoint: 'first.py:main', source: { inline: { 'first.py': flow } } },
      executor: { type: 'DaskExecutor', clusterKwargs: { n_workers: WORKERS, security } },
    },
  };
}
