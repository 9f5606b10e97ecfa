import { findCondition } from '../api/conditions.ts';
import type { Attempt } from '../api/attempt.ts';
import { holdsSlot } from './admission.ts';
import { activeDeadline, currentAttempt, earliest, isOver, startDeadline } from './attempt.ts';
import { type Ending, endAttempt, endRun, ending } from './end.ts';
import type { Action, Decision } from './decision.ts';
import { evidenceOfEnd } from './evidence.ts';
import type { Observed } from './observed.ts';
import { isOperatorEnd } from './reasons/ends.ts';
import { foreign } from './reasons/reason.ts';
import { waitInLine } from './queue.ts';
import { progress } from './progress.ts';
import { adaptOf, judge, resize } from './adaptive.ts';
import { accept, begin, markRunning, markSuspended } from './start.ts';
import { wantedStop, tookTooLong } from './stop.ts';
import { tearDown } from './teardown.ts';
import { formatTime, parseTime } from './time.ts';
import { commit } from './transition.ts';
import { deletable } from './departures.ts';
import { groupsOf, withGroups } from './groups.ts';
import { replaceDeadWorkers } from './workers.ts';

/** How soon to look again when a decision about size waits for a scheduler that is silent. */
const IGNORANCE_MS = 1000;

/**
 * What an old list still shows looks like a child that came late. So for some time after everything was cleared away nothing is
 * deleted for it: by then the cache has long shown what is gone.
 */
const DOUBT_MS = 30_000;

/**
 * The whole behaviour of a FlowRun: what to do next, given what is seen.
 *
 * Guarantees, for any sequence of observations, also stale ones, and a crash after any commit and any action:
 * - an outcome that was committed never changes, and after CleanedUp nothing is written: what comes late is deleted;
 * - a flow pod is created only for an attempt that has not ended, and never again once its UID was committed;
 * - whatever cannot be seen again later (an end, a stop, a lost worker) is committed before the action that
 *   destroys its evidence;
 * - the same observation gives the same decision.
 */
export function decide(observed: Observed): Decision {
  const { run, status } = observed;
  if (run.managedByOther) return rest('managed by another controller');
  // Owner references make the garbage collector remove the children; anything we did now would race with it.
  if (run.deleting) return rest('being deleted');
  const attempt = currentAttempt(status);
  const { strays } = observed;
  if (strays.length === 0 || attempt === undefined) return decideOf(observed, attempt);
  const believed = parseTime(attempt.startTime) + DOUBT_MS;
  if (observed.now >= believed)
    return act('an earlier attempt has left something', [{ type: 'deleteStrays', strays }]);
  const decision = decideOf(observed, attempt);
  return decision.kind === 'commit' ? decision : { ...decision, wakeAt: earliest(decision.wakeAt, believed) };
}

function decideOf(observed: Observed, attempt: Attempt | undefined): Decision {
  if (isOver(observed.status)) return afterTheEnd(observed, attempt);
  if (attempt === undefined || attempt.endTime !== undefined) return between(observed, attempt);
  return during(observed, attempt);
}

function rest(why: string, wakeAt?: number): Decision {
  return { kind: 'act', actions: [], wakeAt, why };
}

function act(why: string, actions: Action[], wakeAt?: number): Decision {
  return { kind: 'act', actions, wakeAt, why };
}

function afterTheEnd(observed: Observed, attempt: Attempt | undefined): Decision {
  const { run, status, now } = observed;
  const cleanedUp = findCondition(status.conditions, 'CleanedUp');
  if (cleanedUp?.status !== 'True') {
    const keepUntil =
      attempt?.outcome === 'Failed' && attempt.endTime !== undefined
        ? parseTime(attempt.endTime) + run.clusterAfterFailureSeconds * 1000
        : 0;
    if (now < keepUntil)
      return rest('the cluster is kept for a look (spec.cleanup.clusterAfterFailureSeconds)', keepUntil);
    return (
      tearDown(observed, attempt) ??
      commit(observed, {
        why: 'only finished flow pods are left',
        fields: withoutWorkers(status),
        conditions: [
          {
            type: 'CleanedUp',
            status: 'True',
            reason: 'CleanedUp',
            message: 'Scheduler, workers and the objects of the run are gone.',
          },
        ],
      })
    );
  }
  const { ttlSecondsAfterFinished: ttl } = run;
  const expiry =
    ttl === undefined || status.completionTime === undefined
      ? undefined
      : parseTime(status.completionTime) + ttl * 1000;
  if (expiry !== undefined && now >= expiry)
    return act('spec.ttlSecondsAfterFinished has passed', [{ type: 'deleteRun' }]);
  // Made by a request that was held up on its way: nobody else would ever clear it away.
  const late = tearDown(observed, attempt);
  if (late === undefined) return rest('finished', expiry);
  const believed = parseTime(cleanedUp.lastTransitionTime) + DOUBT_MS;
  return now < believed ? rest('something came late', earliest(believed, expiry)) : late;
}

/** Nobody is ready or on the way out any more; how many there were at the end is kept. */
function withoutWorkers(status: Observed['status']) {
  const { cluster } = status;
  if (cluster?.workers === undefined) return {};
  const groups = groupsOf(status).map(({ name, ordinals, leaving }) => ({
    name,
    ordinals: new Set([...ordinals].filter((ordinal) => !leaving.has(ordinal))),
    leaving: new Set<number>(),
  }));
  return { cluster: withGroups({ ...cluster, workers: { ...cluster.workers, ready: 0 } }, groups) };
}

/** No attempt is in progress: clear away the last one, then end, wait or begin. */
function between(observed: Observed, attempt: Attempt | undefined): Decision {
  const { run, now, plan } = observed;
  const busy = tearDown(observed, attempt);
  if (busy !== undefined) return busy;
  if (run.cancel) return endRun(observed, ending('Cancelled', 'The run was cancelled by spec.cancel.'));
  const deadline = activeDeadline(observed);
  if (deadline !== undefined && now >= deadline) {
    return endRun(observed, asEnding(tookTooLong(run)));
  }
  if (run.suspend) return markSuspended(observed) ?? rest('suspended');
  if (!plan.ok) return accept(observed, plan) ?? rest('waits for a spec that can be run');
  const retryAt = attempt?.retryAt === undefined ? 0 : parseTime(attempt.retryAt);
  if (now < retryAt) return rest('waits before the next attempt', earliest(retryAt, deadline));
  if (observed.place !== undefined && !holdsSlot(observed.status))
    return waitInLine(observed, observed.place) ?? rest('waits for a slot');
  return begin(observed, plan);
}

function during(observed: Observed, attempt: Attempt): Decision {
  const evidence = evidenceOfEnd(observed, attempt);
  const stop = attempt.stop ?? wantedStop(observed, attempt);
  if (evidence !== undefined) return endAttempt(observed, attempt, outcomeOf(evidence, stop));
  if (stop !== undefined) return stopFlow(observed, attempt, stop);

  const { flow } = observed.children;
  const flowPodUID = flow.state === 'absent' ? observed.flowPodMade : flow.uid;
  if (attempt.flowPodUID === undefined && flowPodUID !== undefined) {
    return commit(observed, { why: 'flow pod seen', attempt: { flowPodUID } });
  }
  if (attempt.flowPodUID !== undefined && (flow.state === 'absent' || flow.uid !== attempt.flowPodUID)) {
    return act('the cache does not show the flow pod', [{ type: 'lookForFlowPod', uid: attempt.flowPodUID }]);
  }
  const replaced = replaceDeadWorkers(observed, attempt);
  if (replaced !== undefined) return replaced;
  const scaling = judge(observed, attempt);
  const resized = scaling === undefined ? undefined : resize(observed, scaling);
  if (resized !== undefined) return resized;
  const missing = missingChildren(observed, attempt);
  if (missing.length > 0) return act('create what is missing', missing);
  const pods = deletable(observed);
  if (pods.length > 0)
    return act('delete the pods of workers that are done', [{ type: 'deleteWorkers', pods }]);
  const deadline = activeDeadline(observed);
  const wakeAt = earliest(
    attempt.runningTime === undefined ? startDeadline(observed, attempt) : undefined,
    deadline,
    flow.state === 'absent' ? undefined : flow.goneAt,
    nextWord(observed, attempt),
    ...[...observed.blocked.values()].map(({ until }) => until),
  );
  return markRunning(observed, attempt) ?? progress(observed, scaling) ?? rest('runs', wakeAt);
}

/** When to look again if the scheduler says nothing more: its silence wakes nobody. */
function nextWord(observed: Observed, attempt: Attempt): number | undefined {
  const { scheduler, status, now } = observed;
  if (scheduler.kind === 'heard') return scheduler.staleAt;
  const asked =
    adaptOf(observed) !== undefined || (status.cluster !== undefined && attempt.runningTime !== undefined);
  return asked ? now + IGNORANCE_MS : undefined;
}

/** Of competing ends a success counts first, then the stop, then the failure that the stop may have caused. */
function outcomeOf(evidence: Ending, stop: Attempt['stop'] | ReturnType<typeof wantedStop>): Ending {
  if (evidence.outcome === 'Succeeded' || stop === undefined) return evidence;
  return { ...asEnding(stop), exitCode: evidence.exitCode, result: evidence.result };
}

/** A reason that a later version of the operator committed is kept in words. */
function asEnding({ reason, message }: { reason: string; message: string }): Ending {
  return isOperatorEnd(reason)
    ? ending(reason, message)
    : { ...ending('SchedulerLost', message), reason: foreign(reason), final: true };
}

function stopFlow(
  observed: Observed,
  attempt: Attempt,
  stop: NonNullable<Attempt['stop']> | NonNullable<ReturnType<typeof wantedStop>>,
): Decision {
  if (attempt.stop === undefined) {
    const { reason, message } = stop;
    return commit(observed, {
      why: `stop: ${reason}`,
      attempt: { stop: { reason, message, time: formatTime(observed.now) } },
    });
  }
  const { flow } = observed.children;
  switch (flow.state) {
    case 'absent':
      // Never created, or deleted before it started. One still under way meets the tear-down of an ended attempt.
      return endAttempt(observed, attempt, asEnding(stop));
    case 'pending':
      if (flow.terminating) return rest('the flow pod is going', flow.goneAt);
      return act('the flow has not started', [{ type: 'deleteFlow', name: flow.name, uid: flow.uid }]);
    case 'running':
      if (flow.goneAt !== undefined && observed.now >= flow.goneAt)
        return endAttempt(observed, attempt, asEnding(stop));
      if (flow.stopping || flow.terminating) return rest('the flow is given its grace period', flow.goneAt);
      return act('stop the flow', [{ type: 'stopFlow', name: flow.name, uid: flow.uid }]);
    case 'finished':
      return endAttempt(observed, attempt, asEnding(stop));
  }
}

function missingChildren({ children, status, blocked, now }: Observed, attempt: Attempt): Action[] {
  const actions: Action[] = [];
  if (!children.files) actions.push({ type: 'create', child: { role: 'files' } });
  if (status.cluster !== undefined) {
    if (!children.service) actions.push({ type: 'create', child: { role: 'service' } });
    if (children.scheduler.state === 'absent') actions.push({ type: 'create', child: { role: 'scheduler' } });
  }
  if (attempt.flowPodUID === undefined && children.flow.state === 'absent') {
    actions.push({ type: 'create', child: { role: 'flow' } });
  }
  for (const { name: group, ordinals, leaving } of groupsOf(status)) {
    const refused = blocked.get(group);
    if (refused !== undefined && now < refused.until) continue;
    const absent = [...ordinals].filter(
      (ordinal) => !leaving.has(ordinal) && (children.workers.get(ordinal)?.state ?? 'absent') === 'absent',
    );
    // Where one was refused, one is tried before all others follow.
    for (const ordinal of refused === undefined ? absent : absent.slice(0, 1)) {
      actions.push({ type: 'create', child: { role: 'worker', ordinal, group } });
    }
  }
  return actions;
}
