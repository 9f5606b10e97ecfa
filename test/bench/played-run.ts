import { setTimeout as sleep } from 'node:timers/promises';
import { FLOW_RUN } from '../../src/api/flow-run.ts';
import { POD } from '../../src/kube/resource.ts';
import { startOperator } from '../support/operator.ts';
import { openPlane, type Context } from './context.ts';
import { now, Observer } from './observer.ts';
import { PlayedPods } from './played-pods.ts';
import { PlayedScheduler } from './played-scheduler.ts';
import { seconds } from './stats.ts';
import { NO_TASKS } from '../support/no-tasks.ts';

const WORKERS = 100;
const TASKS = 1_000;
/** Every address of 127.0.0.0/8 is this machine's. */
const ADDRESS = '127.78.0.1';
const RPC_PORT = 8788;
/** A flow that has just begun keeps a worker for a minute: `scatter` and `run` time out on none. */
const BEGINNING_SECONDS = 62;

/**
 * 1 → 100 → 0 workers on a control plane without a node: the pods are played, and so is the scheduler, so that nothing but the
 * operator and the API server takes time.
 * @returns seconds from the last task's end to no worker pod.
 */
export async function playedShrink(context: Context): Promise<number> {
  await using stack = new AsyncDisposableStack();
  context.say(`\n1 → ${WORKERS} → 0 workers, control plane only`);
  const { client, kubeconfig } = await openPlane(stack);
  const namespace = 'default';
  const observer = stack.use(await Observer.open(client, namespace, [FLOW_RUN, POD], context.signal));
  const pods = new PlayedPods(client, observer, ADDRESS);
  const drained = new Set<string>();
  let busy = true;
  let uid = '';
  let idleSince = 0;
  const sample = () => {
    const workers = pods.workers;
    return {
      version: 1,
      uid,
      attempt: 1,
      workers: workers.map((name) => worker(name, busy, drained.has(name))),
      workers_total: workers.length,
      tasks: { ...NO_TASKS, ...(busy ? { total: TASKS, queued: TASKS, finished: 1 } : { finished: TASKS }) },
      prefixes: {},
      demand: busy ? [{ resources: {}, tasks: TASKS, unknown: 0, seconds: TASKS * 2 }] : [],
      keys_wanted: false,
      scatters_waiting: 0,
      idle_seconds: busy ? 0 : (now() - idleSince) / 1000,
      result: null,
      launcher_seen: true,
      versions: {},
    };
  };
  const scheduler = stack.use(
    await PlayedScheduler.listen(ADDRESS, RPC_PORT, sample, (names) => {
      for (const name of names) drained.add(name);
    }),
  );
  const operator = await startOperator({ kubeconfig, arguments: ['--namespace', namespace] });
  stack.defer(async () => void (await operator.stop()));

  const run = await client.create(FLOW_RUN, {
    apiVersion: 'flowrun.dev/v1alpha1',
    kind: 'FlowRun',
    metadata: { namespace, name: 'shrinks' },
    spec: {
      flow: { image: 'played', command: ['true'] },
      executor: { type: 'DaskExecutor', adaptKwargs: { minimum: 0, maximum: WORKERS } },
    },
  });
  uid = run.metadata.uid ?? '';
  const created = now();
  const step = async () => {
    if (await pods.start(context)) scheduler.changed();
    // A worker that holds nothing leaves as soon as it is asked to.
    const leaving = pods.workers.filter((name) => drained.has(name));
    if (leaving.length > 0) {
      scheduler.changed();
      await Promise.all(leaving.map((name) => pods.end(name)));
      scheduler.changed();
    }
    await sleep(20);
  };
  while (pods.list('worker').length < WORKERS) await step();
  context.say(`${WORKERS} pods created ${seconds((now() - created) / 1000)} s after the FlowRun`);
  while (now() - created < BEGINNING_SECONDS * 1000) await step();

  idleSince = now();
  busy = false;
  scheduler.changed();
  while (pods.list('worker').length > 0) await step();
  const taken = (now() - idleSince) / 1000;
  context.say(`no worker pod ${seconds(taken)} s after the end of the work`);
  return taken;
}

function worker(name: string, busy: boolean, leaving: boolean) {
  return {
    name,
    address: `tcp://${ADDRESS}:1`,
    nthreads: 1,
    processing: busy ? 1 : 0,
    executing: busy ? 1 : 0,
    status: leaving ? 'closed' : 'running',
    drain: leaving ? 'retired' : null,
  };
}
