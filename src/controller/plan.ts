import type { FlowRun } from '../api/flow-run.ts';
import type { ClusterPlan, Plan } from '../core/observed.ts';
import { type ResolveConfig, resolve } from '../core/resolve.ts';
import type { ResolvedCluster } from '../core/resolved.ts';

/** What decisions need of the resolved spec. */
export function planOf(run: FlowRun, config: ResolveConfig): Plan {
  const resolution = resolve(run, config);
  if (!resolution.ok) return resolution;
  const { resolved, warnings } = resolution;
  return {
    ok: true,
    cluster: resolved.cluster === undefined ? undefined : clusterPlan(resolved.cluster),
    warnings,
  };
}

function clusterPlan({ groups, adapt, idleTimeoutSeconds }: ResolvedCluster): ClusterPlan {
  return {
    adapt: adapt && {
      ...adapt,
      maximumCores: adapt.maximumCores ?? Infinity,
      maximumMemoryBytes: adapt.maximumMemoryBytes ?? Infinity,
      idleTimeoutSeconds,
    },
    groups: groups.map(({ memoryLimitBytes, daskResources, ...group }) => ({
      name: group.name,
      workers: group.workers,
      minimum: group.minimum,
      maximum: group.maximum,
      threads: group.threads,
      // 0 is Dask's word for no limit, null leaves it to Dask: neither is known here.
      memoryBytes: memoryLimitBytes === null || memoryLimitBytes === 0 ? undefined : memoryLimitBytes,
      resources: daskResources,
    })),
  };
}
