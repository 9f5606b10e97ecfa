import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FlowRunStatus } from '../api/status.ts';
import { flowRunStatus } from '../api/status.ts';
import { decide } from './decide.ts';
import { backoffSeconds } from './end.ts';
import { NOW, observed as scene, pod } from './observed.fixture.ts';
import type { Observed } from './observed.ts';
import { formatTime, parseTime } from './time.ts';
import { commit, phaseOf } from './transition.ts';

const seconds = (maximum: number) => fc.integer({ min: 0, max: maximum });
const retryPolicy = fc
  .record({
    limit: fc.integer({ min: 0, max: 6 }),
    when: fc.constantFrom('Infrastructure' as const, 'Any' as const),
    backoffSeconds: seconds(100),
    extra: seconds(1000),
  })
  .map(({ extra, ...retry }) => ({ ...retry, maxBackoffSeconds: retry.backoffSeconds + extra }));

describe('the pause before a retry', () => {
  test('is at least half and at most all of the doubled pause, and never above the longest', () => {
    fc.assert(
      fc.property(retryPolicy, fc.nat(200), fc.uuid(), (retry, used, uid) => {
        const pause = backoffSeconds(retry, used, uid);
        const full = Math.min(retry.backoffSeconds * 2 ** used, retry.maxBackoffSeconds);
        expect(pause).toBeGreaterThanOrEqual(full / 2);
        expect(pause).toBeLessThanOrEqual(full);
      }),
    );
  });

  test('is the same each time it is asked for, and not the same for all runs', () => {
    const retry = { backoffSeconds: 100, maxBackoffSeconds: 100 };
    fc.assert(
      fc.property(fc.uuid(), fc.nat(20), (uid, used) => {
        expect(backoffSeconds(retry, used, uid)).toBe(backoffSeconds(retry, used, uid));
      }),
    );
    const pauses = new Set(
      fc.sample(fc.uuid(), { numRuns: 50, seed: 1 }).map((uid) => backoffSeconds(retry, 0, uid)),
    );
    expect(pauses.size).toBeGreaterThan(40);
  });

  test('does not shrink when it is counted on, jitter apart', () => {
    fc.assert(
      fc.property(retryPolicy, fc.nat(30), fc.uuid(), (retry, used, uid) => {
        const full = Math.min(retry.backoffSeconds * 2 ** used, retry.maxBackoffSeconds);
        expect(backoffSeconds(retry, used + 1, uid)).toBeGreaterThanOrEqual(full / 2);
      }),
    );
  });
});

/** How an attempt of the played life ends. */
type End = 'success' | 'failure' | 'lost';

const finished = (end: End) =>
  pod(
    'flow',
    'finished',
    end === 'success' ? { exitCode: 0 } : end === 'failure' ? { exitCode: 1 } : { exitCode: 143 },
  );

const NOTHING = {
  files: false,
  service: false,
  scheduler: { state: 'absent' },
  flow: { state: 'absent' },
  workers: new Map(),
} as const;

/** A run without a cluster whose attempts end so, one after the other; time passes as it asks for. Every status that was committed. */
function live(
  retry: Observed['run']['retry'],
  ends: readonly End[],
  deadlineSeconds?: number,
): FlowRunStatus[] {
  const base = scene({});
  const run = { ...base.run, retry, activeDeadlineSeconds: deadlineSeconds };
  const all: FlowRunStatus[] = [];
  let status: FlowRunStatus = {};
  let now = NOW;
  for (let step = 0; step < 200; step++) {
    const attempt = status.attempts?.at(-1);
    const running = attempt !== undefined && attempt.endTime === undefined;
    const flow = running ? finished(ends[attempt.number - 1] ?? 'success') : NOTHING.flow;
    const decision = decide({
      ...base,
      run,
      now,
      status,
      plan: { ok: true, warnings: [], cluster: undefined },
      children: { ...NOTHING, flow },
      scheduler: { kind: 'none' },
    });
    if (decision.kind === 'commit') {
      status = decision.status;
      all.push(status);
    } else if (decision.wakeAt === undefined) return all;
    else now = Math.max(now, decision.wakeAt);
  }
  throw new Error(`this run does not end: ${JSON.stringify(status)}`);
}

const ends = fc.array(fc.constantFrom<End>('success', 'failure', 'lost'), { maxLength: 8 });

describe('retries', () => {
  test('are counted once each, never beyond the limit, and only where the policy says', () => {
    fc.assert(
      fc.property(retryPolicy, ends, (retry, ends) => {
        const last = live(retry, ends).at(-1);
        const repeats = (end: End) => end === 'lost' || (end === 'failure' && retry.when === 'Any');
        // What is not told succeeds.
        let expected = 0;
        while (expected < retry.limit && repeats(ends[expected] ?? 'success')) expected += 1;
        expect(last?.retries ?? 0).toBe(expected);
        expect(last?.attempt).toBe(expected + 1);
        expect(last?.phase).toBe((ends[expected] ?? 'success') === 'success' ? 'Succeeded' : 'Failed');
      }),
    );
  });

  test('begin no sooner than they were announced', () => {
    fc.assert(
      fc.property(retryPolicy, ends, (retry, ends) => {
        const attempts = live(retry, ends).at(-1)?.attempts ?? [];
        for (const [index, { retryAt }] of attempts.entries()) {
          const next = attempts[index + 1];
          const sooner = retryAt !== undefined && next !== undefined && next.startTime < retryAt;
          expect(sooner).toBe(false);
        }
      }),
    );
  });
});

describe('the active deadline', () => {
  test('ends a run that waits for a retry at its very second, and lets one that is faster be', () => {
    fc.assert(
      fc.property(retryPolicy, ends, fc.integer({ min: 1, max: 500 }), (retry, ends, deadline) => {
        const last = live(retry, ends, deadline).at(-1);
        const [start, end] = [last?.startTime ?? '', last?.completionTime ?? ''].map(parseTime);
        const took = ((end ?? 0) - (start ?? 0)) / 1000;
        expect(took).toBeLessThanOrEqual(deadline);
        expect(last?.reason !== 'DeadlineExceeded' || took === deadline).toBe(true);
      }),
    );
  });

  test('is as far away after any restart: nothing but the status and the clock tells it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.integer({ min: -500, max: 1500 }),
        (deadline, passed) => {
          const base = scene({ status: { startTime: formatTime(NOW), cluster: undefined } });
          const decision = decide({
            ...base,
            run: { ...base.run, activeDeadlineSeconds: deadline },
            now: NOW + passed * 1000,
            plan: { ok: true, warnings: [], cluster: undefined },
            scheduler: { kind: 'none' },
            children: { ...base.children, scheduler: { state: 'absent' }, workers: new Map() },
          });
          const expected =
            passed >= deadline
              ? { kind: 'commit', why: 'stop: DeadlineExceeded' }
              : { kind: 'act', wakeAt: NOW + deadline * 1000 };
          expect(decision).toMatchObject(expected);
        },
      ),
    );
  });
});

describe('a commit', () => {
  const type = fc.constantFrom(
    'Accepted' as const,
    'Running' as const,
    'Suspended' as const,
    'Scaling' as const,
  );
  const change = fc.record({
    type,
    status: fc.constantFrom('True' as const, 'False' as const),
    reason: fc.constantFrom('Starting', 'Queued'),
    message: fc.string({ maxLength: 20 }),
  });
  const changes = fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 8 });

  test('keeps one condition of a type, which tells the newest and when its status last changed', () => {
    fc.assert(
      fc.property(changes, (rounds) => {
        let status: FlowRunStatus = {};
        const newest = new Map<string, { status: string; since: string }>();
        for (const [round, conditions] of rounds.entries()) {
          const now = NOW + round * 1000;
          const decision = commit({ ...scene({}), status, now }, { why: 'test', conditions });
          if (decision.kind !== 'commit') throw new Error(decision.kind);
          status = decision.status;
          for (const { type, status } of conditions) {
            if (newest.get(type)?.status !== status) newest.set(type, { status, since: formatTime(now) });
          }
        }
        const found = (status.conditions ?? []).map(({ type, status, lastTransitionTime }) => [
          type,
          { status, since: lastTransitionTime },
        ]);
        expect(found).toHaveLength(newest.size);
        expect(Object.fromEntries(found)).toEqual(Object.fromEntries(newest));
      }),
    );
  });

  test('gives a status that the schema takes, whose phase follows from the rest, and changes nothing of the old one', () => {
    fc.assert(
      fc.property(retryPolicy, ends, (retry, ends) => {
        for (const status of live(retry, ends)) {
          expect(flowRunStatus.safeParse(status).error).toBeUndefined();
          expect(status.phase).toBe(phaseOf(status));
          expect(status.attempts?.length ?? 0).toBeLessThanOrEqual(10);
        }
      }),
    );
  });

  test('never takes back the end of an attempt', () => {
    fc.assert(
      fc.property(retryPolicy, ends, (retry, ends) => {
        const told = live(retry, ends).map(({ attempts = [] }) =>
          attempts.filter(({ endTime }) => endTime !== undefined),
        );
        for (const [index, now] of told.entries()) {
          const before = told[index - 1] ?? [];
          expect(now.slice(0, before.length)).toEqual(before);
        }
      }),
    );
  });
});
