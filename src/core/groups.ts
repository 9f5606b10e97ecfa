import type { FlowRunStatus } from '../api/status.ts';
import { formatOrdinals, parseOrdinals } from './ordinals.ts';

/** One kind of worker, as the status says who shall exist. Ordinals. */
export interface Group {
  name: string;
  ordinals: Set<number>;
  /** Those of `ordinals` that are being retired. */
  leaving: Set<number>;
}

type Cluster = NonNullable<FlowRunStatus['cluster']>;

/** Copies: they may be changed and given to `withGroups`. Throws RangeError when the status is not the operator's. */
export function groupsOf({ cluster }: FlowRunStatus): Group[] {
  return (cluster?.groups ?? []).map(({ name, ordinals = '', leaving = '' }) => ({
    name,
    ordinals: parseOrdinals(ordinals),
    leaving: parseOrdinals(leaving),
  }));
}

/** Every worker that shall exist, of all groups. */
export function wantedOrdinals(status: FlowRunStatus): Set<number> {
  return new Set(groupsOf(status).flatMap(({ ordinals }) => [...ordinals]));
}

/** Every worker that is being retired. */
export function leavingOrdinals(status: FlowRunStatus): Set<number> {
  return new Set(groupsOf(status).flatMap(({ leaving }) => [...leaving]));
}

/** The cluster with these groups and the totals that follow from them. */
export function withGroups(cluster: Cluster | undefined, groups: readonly Group[]): Cluster {
  const sum = (size: (group: Group) => number) => groups.reduce((total, group) => total + size(group), 0);
  return {
    ...cluster,
    groups: groups.map((group) => ({
      name: group.name,
      desired: staying(group),
      ordinals: formatOrdinals(group.ordinals),
      leaving: formatOrdinals(group.leaving),
    })),
    workers: {
      ...cluster?.workers,
      ready: Math.min(
        cluster?.workers?.ready ?? 0,
        sum(({ ordinals }) => ordinals.size),
      ),
      desired: sum(staying),
      retiring: sum(({ leaving }) => leaving.size),
    },
  };
}

function staying({ ordinals, leaving }: Group): number {
  return ordinals.size - leaving.size;
}
