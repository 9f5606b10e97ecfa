import type { FlowRunStatus } from '../api/status.ts';
import { type Group, groupsOf } from './groups.ts';
import type { ClusterPlan, Observed } from './observed.ts';
import type { ConditionReason } from './reasons/conditions.ts';
import { type ForeignReason, foreign } from './reasons/reason.ts';
import type { WorkerGroup } from './scaling-input.ts';

/** Why pods of a group do not come. */
export interface Obstacle {
  group: string;
  /** In one CamelCase word, as the kubelet, the scheduler or the operator says it. */
  reason: ConditionReason | ForeignReason;
  message: string;
  /** Pods that wait. */
  pods: number;
}

/** Groups some of whose pods cannot start at present, or may not be created. */
export function obstacles({ status, children, blocked }: Observed): Obstacle[] {
  return groupsOf(status).flatMap(({ name, ordinals, leaving }): Obstacle[] => {
    const staying = [...ordinals].filter((ordinal) => !leaving.has(ordinal));
    const refused = blocked.get(name);
    if (refused !== undefined) {
      const absent = staying.filter(
        (ordinal) => (children.workers.get(ordinal)?.state ?? 'absent') === 'absent',
      );
      if (absent.length > 0) {
        return [{ group: name, reason: 'QuotaExceeded', message: refused.message, pods: absent.length }];
      }
    }
    const stuck = staying.flatMap((ordinal) => {
      const pod = children.workers.get(ordinal);
      return pod?.state === 'pending' && pod.problem !== undefined ? [pod.problem] : [];
    });
    const [first] = stuck;
    return first === undefined
      ? []
      : [{ group: name, reason: foreign(first.reason), message: first.message, pods: stuck.length }];
  });
}

/** The groups of the cluster as the policy sees them; undefined when plan and status do not speak of the same groups. */
export function workerGroups(observed: Observed, { groups }: ClusterPlan): WorkerGroup[] | undefined {
  const present = new Map(groupsOf(observed.status).map((group) => [group.name, group]));
  const stuck = new Map(obstacles(observed).map((obstacle) => [obstacle.group, obstacle.message]));
  const seen = groups.flatMap(({ workers: _first, ...plan }) => {
    const group = present.get(plan.name);
    return group === undefined
      ? []
      : [{ ...plan, members: membersOf(observed, group), blocked: stuck.get(plan.name) }];
  });
  return seen.length === present.size && seen.length === groups.length ? seen : undefined;
}

function membersOf({ children }: Observed, { ordinals, leaving }: Group): WorkerGroup['members'] {
  return [...ordinals].map((ordinal) => ({
    ordinal,
    pod: hasStarted(children, ordinal) ? 'started' : 'pending',
    leaving: leaving.has(ordinal),
  }));
}

/** Its container runs or ran: it may have joined the scheduler since the last answer. */
function hasStarted({ workers }: Observed['children'], ordinal: number): boolean {
  const state = workers.get(ordinal)?.state ?? 'absent';
  return state === 'running' || state === 'finished';
}

/** Workers that stay, over all groups. */
export function stayingWorkers(status: FlowRunStatus): number {
  return groupsOf(status).reduce((sum, { ordinals, leaving }) => sum + ordinals.size - leaving.size, 0);
}
