import { LABELS, type RunRef } from '../core/names.ts';
import { FILES_PATH, PORTS } from '../core/pod-template.ts';
import type { Resolved } from '../core/resolved.ts';
import { clusterOf, logging } from './cluster.ts';
import type { PodManifest } from './object.ts';
import { pod } from './pod.ts';

/** It holds nothing worth saving. */
const GRACE_SECONDS = 5;

/** The attempt's Dask scheduler. Throws TypeError when the operator makes no cluster for it. */
export function schedulerPod(run: RunRef, attempt: number, resolved: Resolved): PodManifest {
  const cluster = clusterOf(resolved);
  return pod(run, attempt, resolved, {
    role: 'scheduler',
    image: cluster.scheduler.image,
    command: ['python3', '-u', `${FILES_PATH}/scheduler.py`],
    env: [
      { name: 'FLOWRUN_SECURITY', value: cluster.security },
      ...(cluster.keepSeconds === 0
        ? []
        : [{ name: 'FLOWRUN_KEEP_SECONDS', value: String(cluster.keepSeconds) }]),
    ],
    userEnv: cluster.env,
    defaultEnv: logging(cluster),
    labels: { ...cluster.labels, [LABELS.security]: cluster.security },
    annotations: cluster.annotations,
    resources: cluster.scheduler.resources,
    gracePeriodSeconds: GRACE_SECONDS,
    templates: cluster.scheduler.templates,
    container: {
      ports: [
        { name: 'comm', containerPort: PORTS.comm, protocol: 'TCP' },
        { name: 'operator', containerPort: PORTS.operator, protocol: 'TCP' },
      ],
    },
  });
}
