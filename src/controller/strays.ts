import type { FlowRun } from '../api/flow-run.ts';
import { classifyPod } from '../core/classify.ts';
import { LABELS } from '../core/names.ts';
import type { Stray } from '../core/observed.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Cache } from './cache.ts';

/** What is left of attempts before `attempt` and is not on its way out. Finished flow pods stay: they have the logs. */
export function straysOf({ metadata }: FlowRun, cache: Cache, attempt: number): Stray[] {
  // Most runs have one attempt, and are looked at often.
  if (attempt <= 1) return [];
  const kinds = ['Pod', 'Service', 'ConfigMap'] as const;
  return kinds.flatMap((kind) =>
    cache
      .owned(kind, metadata.namespace, metadata.uid)
      .filter(
        (child) => isEarlier(child, attempt) && !isGoing(child, cache) && !(kind === 'Pod' && isSpent(child)),
      )
      .map(({ metadata: { name = '', uid = '' } }) => ({ kind, name, uid })),
  );
}

/** A label that is no number is not ours. */
function isEarlier({ metadata }: KubeObject, attempt: number): boolean {
  return Number(metadata.labels?.[LABELS.attempt]) < attempt;
}

function isGoing({ metadata }: KubeObject, cache: Cache): boolean {
  return metadata.deletionTimestamp !== undefined || cache.own.isDeleted(metadata.uid ?? '');
}

/** One that was told to stop keeps its logs; on a lost node it can look alive for long. */
function isSpent(pod: KubeObject): boolean {
  const role = pod.metadata.labels?.[LABELS.role] ?? '';
  if (role !== 'flow') return false;
  const state = classifyPod(pod, role);
  return state.state === 'finished' || (state.state === 'running' && state.stopping);
}
