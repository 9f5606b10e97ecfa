import type { RunRef } from '../core/names.ts';
import type { Resolved } from '../core/resolved.ts';
import { schedulerAddress } from './scheduler-service.ts';

/**
 * What the launcher reads. The parameters are spliced in as text: 64-bit integers and `1.0` would not survive a
 * round trip through JavaScript's numbers.
 */
export function runJson(run: RunRef, attempt: number, resolved: Resolved, parametersJson: string): string {
  const { flow, executor, cluster } = resolved;
  const rest = JSON.stringify({
    version: 1,
    flowRun: { namespace: run.namespace, name: run.name, uid: run.uid, attempt },
    entrypoint: flow.entrypoint,
    executor:
      executor === null
        ? null
        : {
            type: executor.type,
            scheduler: executor.scheduler ?? null,
            kwargs: executor.kwargs ?? null,
            address: executor.address ?? null,
            clusterClass: executor.clusterClass ?? null,
            clusterKwargs: executor.clusterKwargs ?? null,
            adaptKwargs: executor.adaptKwargs ?? null,
            clientKwargs: executor.clientKwargs ?? null,
            debug: executor.debug ?? null,
          },
    cluster:
      cluster === undefined
        ? null
        : {
            schedulerAddress: schedulerAddress(run, attempt, cluster.security),
            workers: cluster.groups.reduce((sum, { workers }) => sum + workers, 0),
            startTimeoutSeconds: resolved.startDeadlineSeconds,
          },
    gracePeriodSeconds: flow.gracePeriodSeconds,
  });
  return `${rest.slice(0, -1)},"parameters":${jsonObject(parametersJson)}}`;
}

function jsonObject(text: string): string {
  if (!isObject(text)) throw new TypeError('the parameters of a flow must be a JSON object');
  return text;
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
