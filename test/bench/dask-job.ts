import { z } from 'zod';
import type { KubeObject } from '../../src/kube/object.ts';
import { POD, SERVICE } from '../../src/kube/resource.ts';
import { CLIENT } from './by-hand.ts';
import type { Context } from './context.ts';
import { type Marks, PODS, type Subject, WORKERS, lastWords, schedulerAnswers, told } from './marks.ts';
import { now, Observer } from './observer.ts';
import { DASK_JOB, peerCluster, peerRole, startPeer } from './peer.ts';

const ended = z.object({ status: z.object({ jobStatus: z.enum(['Successful', 'Failed']) }) });

/** The nearest peer: a DaskJob of dask-kubernetes with a cluster of the same size and image. */
export async function daskJobs(context: Context): Promise<Subject> {
  await using stack = new AsyncDisposableStack();
  const cluster = await context.cluster();
  const peer = await startPeer(context, cluster, stack);
  const namespace = await cluster.namespace('bench-dask-job', stack);
  const { client, image } = cluster;
  const resources = [DASK_JOB, POD, SERVICE];
  const observer = stack.use(await Observer.open(client, namespace, resources, context.signal));
  let number = 0;

  const once = async (): Promise<Marks> => {
    number += 1;
    const name = `run-${number}`;
    const own = (object: KubeObject) => peerCluster(object) === name;
    const pods = () => observer.list(POD).filter(own);
    const runner = () => pods().find((pod) => peerRole(pod) === 'job-runner');
    const job = () => observer.list(DASK_JOB).find(({ metadata }) => metadata.name === name);

    const created = observer.until('all pods exist', () => pods().length === PODS);
    const answered = schedulerAnswers(observer, (pod) => own(pod) && peerRole(pod) === 'scheduler');
    const finished = observer.until('the end of the job', () => ended.safeParse(job()).success);
    const spec = await peer.clusterSpec(name, image, WORKERS);
    const container = { name: 'job', image, command: ['python3', '-u', '-c', CLIENT] };
    const applied = now();
    const stored = await client.create(DASK_JOB, {
      apiVersion: 'kubernetes.dask.org/v1',
      kind: 'DaskJob',
      metadata: { namespace, name },
      spec: { job: { spec: { restartPolicy: 'Never', containers: [container] } }, cluster: { spec } },
    });
    const [podsAt, scheduler, result] = await Promise.all([created, answered, finished]);
    const { task, done } = told.parse(JSON.parse(lastWords(runner())));
    const gone = await observer.until(
      'only the runner is left',
      () => pods().length === 1 && !observer.list(SERVICE).some(own),
    );
    await client.delete(DASK_JOB, namespace, name, { uid: stored.metadata.uid ?? '' });
    return { applied, pods: podsAt, scheduler, task: task * 1000, done: done * 1000, result, gone };
  };
  const owned = stack.move();
  return { name: 'dask-kubernetes', once, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
