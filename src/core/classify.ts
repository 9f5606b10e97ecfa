import { z } from 'zod';
import type { PodState, StartProblem } from './observed.ts';
import { parseTime } from './time.ts';
import { AS_ROOT, FATAL_WAITING, STUCK_WAITING } from './reasons/kubernetes.ts';

const containerState = z
  .object({
    waiting: z.object({ reason: z.string().optional(), message: z.string().optional() }).optional(),
    running: z.object({}).optional(),
    terminated: z
      .object({
        exitCode: z.number(),
        startedAt: z.string().nullish(),
        reason: z.string().optional(),
        message: z.string().optional(),
      })
      .optional(),
  })
  .optional();

/** The part of a Pod that decisions read; a cache entry need not hold more. */
export const podView = z.object({
  metadata: z.object({
    name: z.string(),
    uid: z.string(),
    deletionTimestamp: z.string().optional(),
  }),
  spec: z.object({ nodeName: z.string().optional(), activeDeadlineSeconds: z.number().optional() }),
  status: z
    .object({
      phase: z.string().optional(),
      reason: z.string().optional(),
      message: z.string().optional(),
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status: z.string(),
            reason: z.string().optional(),
            message: z.string().optional(),
          }),
        )
        .optional(),
      containerStatuses: z
        .array(z.object({ name: z.string(), ready: z.boolean().optional(), state: containerState }))
        .optional(),
      initContainerStatuses: z.array(z.object({ name: z.string(), state: containerState })).optional(),
    })
    .optional(),
});

type PodView = z.infer<typeof podView>;

/** How long past its deletion grace a pod may linger before it counts as gone: a dead node must not wedge a run. */
const DEFAULT_TOLERANCE_SECONDS = 60;

/**
 * Reduces a Pod to the state of its container named `container`. The container's terminated state decides
 * before the pod's phase: with sidecars the pod goes on. A pod without such a container is judged by phase.
 * Throws a ZodError on what is no Pod.
 */
export function classifyPod(
  pod: unknown,
  container: string,
  toleranceSeconds = DEFAULT_TOLERANCE_SECONDS,
): PodState {
  if (pod === undefined) return { state: 'absent' };
  const { metadata, spec, status } = podView.parse(pod);
  const own = status?.containerStatuses?.find((each) => each.name === container);
  const terminating = metadata.deletionTimestamp !== undefined;
  // The API server sets deletionTimestamp to the end of the grace period, not to its beginning.
  const goneAt = terminating
    ? parseTime(metadata.deletionTimestamp ?? '') + toleranceSeconds * 1000
    : undefined;
  const base = { name: metadata.name, uid: metadata.uid, terminating, goneAt, node: spec.nodeName };
  const terminated = own?.state?.terminated;
  if (terminated !== undefined || status?.phase === 'Succeeded' || status?.phase === 'Failed') {
    return {
      ...base,
      state: 'finished',
      // A container that never ran is given code 137 all the same.
      exitCode: terminated?.startedAt ? terminated.exitCode : status?.phase === 'Succeeded' ? 0 : undefined,
      oomKilled: terminated?.reason === 'OOMKilled',
      message: terminated?.message ?? status?.message ?? '',
      reason: disruption(status) ?? status?.reason,
    };
  }
  return {
    ...base,
    state: own?.state?.running === undefined ? 'pending' : 'running',
    stopping: spec.activeDeadlineSeconds === 1,
    ready: own?.ready === true,
    problem: startProblem(status),
  };
}

function disruption(status: PodView['status']): string | undefined {
  return status?.conditions?.find((each) => each.type === 'DisruptionTarget' && each.status === 'True')
    ?.reason;
}

function startProblem(status: PodView['status']): StartProblem | undefined {
  for (const each of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]) {
    const waiting = each.state?.waiting;
    const reason = waiting?.reason;
    if (reason !== undefined && STUCK_WAITING.has(reason)) {
      const message = waiting?.message ?? reason;
      return { reason, message, fatal: FATAL_WAITING.has(reason) || AS_ROOT.test(message) };
    }
  }
  const scheduled = status?.conditions?.find(
    (each) => each.type === 'PodScheduled' && each.status === 'False',
  );
  if (scheduled === undefined) return undefined;
  return { reason: scheduled.reason ?? 'Unschedulable', message: scheduled.message ?? '', fatal: false };
}
