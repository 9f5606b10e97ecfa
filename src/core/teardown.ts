import type { Attempt } from '../api/attempt.ts';
import { clusterPods, earliest, isLive } from './attempt.ts';
import type { Action, Decision } from './decision.ts';
import type { Observed } from './observed.ts';
import { parseTime } from './time.ts';

/** A flow that has reported its end leaves within seconds by itself; one that does not is stopped after this. */
const LINGER_SECONDS = 10;

/**
 * Removes what an ended attempt left: cluster pods and Service at once, a flow that lingers, then the files it read.
 * The finished flow pod stays, with its logs. Undefined once nothing is left that lives.
 */
export function tearDown(
  { children, now, run }: Observed,
  attempt: Attempt | undefined,
): Decision | undefined {
  const actions: Action[] = [];
  const pods = clusterPods(children);
  if (pods.some((pod) => pod.state !== 'absent' && !pod.terminating)) actions.push({ type: 'deleteCluster' });
  if (children.service) actions.push({ type: 'deleteObject', child: { role: 'service' } });

  const { flow } = children;
  let wakeAt = earliest(...pods.map((pod) => (pod.state === 'absent' ? undefined : pod.goneAt)));
  if (isLive(flow, now) && (flow.state === 'pending' || flow.state === 'running')) {
    const lingersUntil =
      attempt?.endTime === undefined ? now : parseTime(attempt.endTime) + LINGER_SECONDS * 1000;
    if (!flow.terminating && !flow.stopping) {
      if (flow.state === 'pending') actions.push({ type: 'deleteFlow', name: flow.name, uid: flow.uid });
      else if (now >= lingersUntil || run.cancel)
        actions.push({ type: 'stopFlow', name: flow.name, uid: flow.uid });
      else wakeAt = earliest(wakeAt, lingersUntil);
    } else wakeAt = earliest(wakeAt, flow.goneAt);
  } else if (children.files) actions.push({ type: 'deleteObject', child: { role: 'files' } });

  if (actions.length > 0) return { kind: 'act', actions, wakeAt, why: 'clear away the ended attempt' };
  if ([...pods, flow].some((pod) => isLive(pod, now)) || children.files) {
    return { kind: 'act', actions: [], wakeAt, why: 'waits for pods to go' };
  }
  return undefined;
}
