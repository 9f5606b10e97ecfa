import { type RunRef, type WorkerRef, childName } from '../core/names.ts';
import { FILES_PATH } from '../core/pod-template.ts';
import type { Resolved, ResolvedGroup } from '../core/resolved.ts';
import { clusterOf, logging } from './cluster.ts';
import type { PodManifest } from './object.ts';
import { type Variable, pod } from './pod.ts';
import { schedulerAddress } from './scheduler-service.ts';

const COMMAND = ['python3', '-u', '-m', 'distributed.cli.dask_worker'];
const PRELOAD = `${FILES_PATH}/worker_preload.py`;

// What Dask's nanny sets for its child: a thread is a task's, and freed memory goes back to the node.
const NANNY_ENV: Variable[] = [
  { name: 'OMP_NUM_THREADS', value: '1' },
  { name: 'MKL_NUM_THREADS', value: '1' },
  { name: 'OPENBLAS_NUM_THREADS', value: '1' },
  { name: 'MALLOC_TRIM_THRESHOLD_', value: '65536' },
];

/** One Dask worker. Throws TypeError when the operator makes no cluster, or none with such a group. */
export function workerPod(run: RunRef, attempt: number, resolved: Resolved, ref: WorkerRef): PodManifest {
  const cluster = clusterOf(resolved);
  const worker = cluster.groups.find(({ name }) => name === ref.group);
  if (worker === undefined) throw new TypeError(`the attempt has no worker group ${ref.group}`);
  const address = schedulerAddress(run, attempt, cluster.security);
  return pod(run, attempt, resolved, {
    role: 'worker',
    worker: ref,
    image: worker.image,
    command: [
      ...(worker.command ?? COMMAND),
      address,
      '--name',
      childName(run, attempt, 'worker', ref.ordinal),
      ...flags(worker),
    ],
    env: [
      { name: 'DASK_SCHEDULER_ADDRESS', value: address },
      { name: 'FLOWRUN_GRACE_SECONDS', value: String(worker.gracePeriodSeconds) },
    ],
    userEnv: worker.env,
    defaultEnv: [...NANNY_ENV, ...logging(cluster)],
    labels: worker.labels,
    annotations: worker.annotations,
    resources: worker.resources,
    gracePeriodSeconds: worker.gracePeriodSeconds,
    templates: worker.templates,
  });
}

function flags(worker: ResolvedGroup): string[] {
  const resources = Object.entries(worker.daskResources).map(([name, amount]) => `${name}=${amount}`);
  return [
    '--no-dashboard',
    ...nanny(worker),
    '--nthreads',
    String(worker.threads),
    '--memory-limit',
    worker.memoryLimitBytes === null ? 'auto' : String(worker.memoryLimitBytes),
    '--death-timeout',
    String(worker.deathTimeoutSeconds),
    '--preload',
    PRELOAD,
    ...(resources.length === 0 ? [] : ['--resources', resources.join(',')]),
  ];
}

function nanny({ nanny, command }: ResolvedGroup): string[] {
  // dask-cuda-worker always has a nanny, and no flag for it.
  if (command?.some((word) => word.includes('cuda')) === true) return [];
  return nanny ? ['--nanny', '--preload-nanny', PRELOAD] : ['--no-nanny'];
}
