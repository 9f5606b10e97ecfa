import type { Resolved, ResolvedCluster } from '../core/resolved.ts';
import type { Variable } from './pod.ts';

/** The cluster that the operator makes. Throws TypeError when it makes none. */
export function clusterOf({ cluster }: Resolved): ResolvedCluster {
  if (cluster === undefined) throw new TypeError('the operator makes no cluster for this attempt');
  return cluster;
}

/** `executor.debug`, as Dask's configuration reads it from the environment. */
export function logging({ logLevel }: ResolvedCluster): Variable[] {
  return logLevel === 'debug' ? [{ name: 'DASK_LOGGING__DISTRIBUTED', value: 'debug' }] : [];
}
