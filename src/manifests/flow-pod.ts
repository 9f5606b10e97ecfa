import type { RunRef } from '../core/names.ts';
import { FILES_PATH } from '../core/pod-template.ts';
import type { Resolved } from '../core/resolved.ts';
import type { PodManifest } from './object.ts';
import { pod } from './pod.ts';
import { schedulerAddress } from './scheduler-service.ts';

const LAUNCHER = ['python3', '-u', `${FILES_PATH}/launcher.py`, `${FILES_PATH}/run.json`];

/**
 * A command of any image: under the launcher where there is a Python that can run it, else as it is. Kubernetes has
 * expanded the command's variables by then, and none of its words is read by the shell.
 */
const WITH_PYTHON = [
  `python3 -SEc 'import sys; sys.exit(sys.version_info < (3, 8))' 2>/dev/null && exec ${LAUNCHER.join(' ')} "$@"`,
  'exec "$@"',
].join('\n');

/**
 * The pod that runs the flow, under the launcher. `remainingDeadlineSeconds` is what is left of the run's active
 * deadline: the kubelet enforces it even while no operator runs.
 */
export function flowPod(
  run: RunRef,
  attempt: number,
  resolved: Resolved,
  remainingDeadlineSeconds?: number,
): PodManifest {
  const { flow, cluster } = resolved;
  return pod(run, attempt, resolved, {
    role: 'flow',
    image: flow.image,
    command:
      flow.command === null
        ? LAUNCHER
        : ['/bin/sh', '-c', WITH_PYTHON, 'flowrun', ...flow.command, ...(flow.args ?? [])],
    env:
      cluster === undefined
        ? []
        : [{ name: 'DASK_SCHEDULER_ADDRESS', value: schedulerAddress(run, attempt, cluster.security) }],
    resources: flow.resources,
    gracePeriodSeconds: flow.gracePeriodSeconds,
    templates: flow.templates,
    spec: {
      // The pause container reaps what a flow leaves behind, and signals reach a Python that is not PID 1.
      shareProcessNamespace: true,
      ...(remainingDeadlineSeconds === undefined
        ? {}
        : { activeDeadlineSeconds: Math.max(1, Math.ceil(remainingDeadlineSeconds)) }),
    },
  });
}
