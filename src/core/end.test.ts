import { describe, expect, test } from 'vitest';
import type { FlowRunStatus } from '../api/status.ts';
import { decide } from './decide.ts';
import { initialWorlds } from './model-start.ts';
import { observeWorld } from './model-world.ts';
import { runResult } from './result.ts';

const REPORT = {
  version: 1,
  uid: 'u',
  attempt: 1,
  outcome: 'Succeeded',
  exitCode: 0,
  class: null,
  reason: 'Succeeded',
  message: '',
};

const UNUSED = { type: 'ClusterUnused', reason: 'NoTask', message: 'no task came' };
const REPLACED = { type: 'ExecutorArguments', reason: 'FlowExecutorReplaced', message: 'ours wins' };

/** The conditions after the end of a first attempt whose launcher reported `conditions`. */
function conditionsAfter(conditions: unknown, before: FlowRunStatus['conditions'] = []) {
  const world = initialWorlds().find((each) => each.world.cluster)?.world;
  if (world === undefined) throw new Error('no world has a cluster');
  const observed = observeWorld(
    {
      ...world,
      status: {
        attempt: 1,
        attempts: [{ number: 1, startTime: '2026-01-01T00:00:00Z' }],
        conditions: before,
      },
    },
    world.pods,
  );
  const result = runResult.parse({ ...REPORT, conditions });
  const tasks = { total: 0, waiting: 0, running: 0, finished: 0, failed: 0 };
  const decision = decide({
    ...observed,
    scheduler: {
      kind: 'heard',
      workers: 1,
      tasks,
      queue: { queued: 0, processing: 0, unrunnable: 0 },
      window: [],
      refusals: new Map(),
      staleAt: undefined,
      used: false,
      ordered: new Set(),
      result,
    },
  });
  if (decision.kind !== 'commit') throw new Error(decision.kind);
  return (decision.status.conditions ?? []).map(({ type, status, reason, message }) => ({
    type,
    status,
    reason,
    message,
  }));
}

const reportedOf = (found: ReturnType<typeof conditionsAfter>) =>
  found.filter(({ type }) => type === 'ClusterUnused' || type === 'ExecutorArguments');

describe('what the launcher found worth a condition', () => {
  test.each([undefined, null, []])('may be nothing: %j', (conditions) => {
    expect(reportedOf(conditionsAfter(conditions))).toEqual([]);
  });

  test('becomes one, beside the outcome', () => {
    expect(reportedOf(conditionsAfter([UNUSED, REPLACED]))).toEqual([
      { ...UNUSED, status: 'True' },
      { ...REPLACED, status: 'True' },
    ]);
  });

  test('is joined with what a condition of its type says already, once', () => {
    const lastTransitionTime = '2026-01-01T00:00:00Z';
    const before = { ...REPLACED, status: 'True', reason: 'IgnoredKwarg', message: 'name is ours.' } as const;
    const joined = { ...before, message: 'name is ours. ours wins' };
    for (const each of [before, joined]) {
      const found = conditionsAfter([REPLACED], [{ ...each, lastTransitionTime, type: 'ExecutorArguments' }]);
      expect(reportedOf(found)).toEqual([joined]);
    }
  });

  test('is refused when it names a condition that is not the launcher’s', () => {
    expect(runResult.safeParse({ ...REPORT, conditions: [{ ...UNUSED, type: 'Complete' }] }).success).toBe(
      false,
    );
  });
});
