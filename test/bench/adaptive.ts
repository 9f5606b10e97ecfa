import { z } from 'zod';
import { FLOW_RUN } from '../../src/api/flow-run.ts';
import { LABELS } from '../../src/core/names.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { POD } from '../../src/kube/resource.ts';
import { startOperator } from '../support/operator.ts';
import type { Context } from './context.ts';
import { lastWords, phaseOf } from './marks.ts';
import { Observer } from './observer.ts';
import { DASK_AUTOSCALER, DASK_CLUSTER, peerRole, startPeer } from './peer.ts';
import { inMilliseconds, type Load, python, type Scaled, WORK, worked } from './scaling-work.ts';

/** An adaptive cluster that a load is given to. */
export type Adaptive = (context: Context, load: Load) => Promise<Scaled>;

/** dask-kubernetes takes its time: it shrinks in steps, fifteen seconds apart. */
const LIMIT_SECONDS = 1_200;

const WRITE = 'json.dump(told, open("/dev/termination-log", "w"))';

const ended = z.looseObject({
  status: z.object({
    phase: z.enum(['Succeeded', 'Failed', 'Cancelled']),
    message: z.string().optional(),
    result: z.object({ value: worked }).optional(),
  }),
});

export const adaptiveFlowRun: Adaptive = async (context, load) => {
  await using stack = new AsyncDisposableStack();
  const cluster = await context.cluster();
  const namespace = await cluster.namespace('bench-scaling', stack);
  const { client, image, kubeconfig } = cluster;
  const observer = stack.use(await Observer.open(client, namespace, [FLOW_RUN, POD], context.signal));
  const operator = await startOperator({ kubeconfig, arguments: ['--namespace', namespace] });
  stack.defer(async () => void (await operator.stop()));
  const pods = podsOf(observer, load, (pod) => pod.metadata.labels?.[LABELS.role] === 'worker');
  const main = `
from distributed import get_client

def main():
    return measure(get_client(), ${python(load)})
`;
  const { minimum, maximum } = load;
  await client.create(FLOW_RUN, {
    apiVersion: 'flowrun.dev/v1alpha1',
    kind: 'FlowRun',
    metadata: { namespace, name: 'scales' },
    spec: {
      flow: { image, entrypoint: 'work.py:main', source: { inline: { 'work.py': WORK + main } } },
      executor: {
        type: 'DaskExecutor',
        clusterKwargs: { n_workers: Math.max(1, minimum), nthreads: 1, security: 'none' },
        adaptKwargs: { minimum, maximum },
      },
    },
  });
  const run = () => ended.safeParse(observer.list(FLOW_RUN)[0]).data;
  await observer.until('the end of the run', () => run() !== undefined, LIMIT_SECONDS);
  const { value } = run()?.status.result ?? {};
  if (value === undefined) throw new Error(`the run ended without its value: ${run()?.status.message ?? ''}`);
  return inMilliseconds(value, await pods);
};

export const adaptivePeer: Adaptive = async (context, load) => {
  await using stack = new AsyncDisposableStack();
  const cluster = await context.cluster();
  const peer = await startPeer(context, cluster, stack);
  const namespace = await cluster.namespace('bench-scaling-peer', stack);
  const { client, image } = cluster;
  const observer = stack.use(await Observer.open(client, namespace, [POD], context.signal));
  const pods = podsOf(observer, load, (pod) => peerRole(pod) === 'worker');
  const { minimum, maximum } = load;
  const spec = await peer.clusterSpec('scales', image, Math.max(1, minimum));
  const metadata = { namespace, name: 'scales' };
  const apiVersion = 'kubernetes.dask.org/v1';
  await client.create(DASK_CLUSTER, { apiVersion, kind: 'DaskCluster', metadata, spec });
  await client.create(DASK_AUTOSCALER, {
    apiVersion,
    kind: 'DaskAutoscaler',
    metadata,
    spec: { cluster: 'scales', minimum, maximum },
  });
  const script = `import json
from distributed import Client
${WORK}
client = Client("tcp://scales-scheduler.${namespace}.svc:8786")
told = measure(client, ${python(load)})
${WRITE}
`;
  const told = await runPod(context, observer, namespace, script);
  return inMilliseconds(told, await pods);
};

/** Dask's own `Adaptive`, over processes of one pod. */
export const adaptiveLocal: Adaptive = async (context, load) => {
  await using stack = new AsyncDisposableStack();
  const cluster = await context.cluster();
  const namespace = await cluster.namespace('bench-scaling-local', stack);
  const observer = stack.use(await Observer.open(cluster.client, namespace, [POD], context.signal));
  const { minimum, maximum } = load;
  const script = `import json
from distributed import Client, LocalCluster
${WORK}
cluster = LocalCluster(n_workers=${Math.max(1, minimum)}, threads_per_worker=1, processes=True, dashboard_address=None)
client = Client(cluster)
cluster.adapt(minimum=${minimum}, maximum=${maximum})
told = measure(client, ${python(load)})
${WRITE}
`;
  return inMilliseconds(await runPod(context, observer, namespace, script));
};

/** When more workers than at the start, and as many as there may be, existed first. Undefined when it never comes to that. */
function podsOf(observer: Observer, { minimum, maximum }: Load, isWorker: (pod: KubeObject) => boolean) {
  const count = () => observer.list(POD).filter(isWorker).length;
  const first = observer.until('a new worker pod', () => count() > Math.max(1, minimum), LIMIT_SECONDS);
  const all = observer.until('all worker pods', () => count() >= maximum, LIMIT_SECONDS);
  const both = Promise.all([first, all]).then(([one, last]) => ({ first: one, all: last }));
  // Awaited once the run is over; an earlier failure of the run is the better message.
  both.catch(() => {});
  return both;
}

async function runPod(context: Context, observer: Observer, namespace: string, script: string) {
  const { client, image } = await context.cluster();
  const name = 'client';
  await client.create(POD, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      containers: [
        {
          name,
          image,
          command: ['python3', '-u', '-c', script],
          terminationMessagePolicy: 'FallbackToLogsOnError',
        },
      ],
    },
  });
  const pod = () => observer.list(POD).find(({ metadata }) => metadata.name === name);
  await observer.until(
    'the end of the client',
    () => ['Succeeded', 'Failed'].includes(phaseOf(pod() ?? { metadata: {} })),
    LIMIT_SECONDS,
  );
  return worked.parse(JSON.parse(lastWords(pod())));
}
