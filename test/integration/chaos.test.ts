import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { campaign } from '../chaos/campaign.ts';
import type { Verdict } from '../chaos/judge.ts';
import { type Trial, describe as inWords } from '../chaos/plan.ts';
import { startPlane } from '../chaos/plane.ts';

// A slice, so that the campaign cannot rot: the whole of it is `npm run chaos`. A lost node is waited for too long to be among it.
const SLICE: readonly (Pick<Trial, 'kind' | 'scenario' | 'at'> & Partial<Trial>)[] = [
  { kind: 'crash-before', scenario: 'silent', at: 5 },
  { kind: 'crash-after', scenario: 'heard', at: 11 },
  { kind: 'crash-before', scenario: 'adaptive', at: 10 },
  { kind: 'crash-after', scenario: 'adaptive', at: 12 },
  { kind: 'answer-409', scenario: 'heard', at: 8 },
  { kind: 'answer-429', scenario: 'alone', at: 6 },
  // Sent again after Retry-After, a create once came when its run had been deleted.
  { kind: 'answer-429', scenario: 'deleted', at: 8 },
  { kind: 'answer-500', scenario: 'retried', at: 14 },
  { kind: 'dropped', scenario: 'fails', at: 9 },
  { kind: 'lost-answer', scenario: 'suspended', at: 7 },
  { kind: 'late-watches', scenario: 'silent', at: 1, ms: 700 },
  { kind: 'broken-watches', scenario: 'expires', at: 4 },
  { kind: 'compacted-watches', scenario: 'cancelled', at: 6 },
  { kind: 'skipped-events', scenario: 'deleted', at: 5, ms: 700 },
  // The run is deleted between the old list and the next operator, which once made its children again.
  { kind: 'stale-list', scenario: 'deleted', at: 2, ms: 900 },
  // The run is over before the next operator begins, which once cleared its cluster away again.
  { kind: 'stale-list', scenario: 'cancelled', at: 11, ms: 1_200 },
  { kind: 'two-operators', scenario: 'retried', at: 8, ms: 700 },
  // Making the files again once asked for nothing, over and over, and no timer of the operator had its turn any more.
  { kind: 'child-deleted', scenario: 'silent', at: 4, role: 'files' },
  { kind: 'child-deleted', scenario: 'cancelled', at: 7, role: 'flow' },
  // Deleted before it was written down that it exists, a flow pod was once made again and ran twice.
  { kind: 'child-deleted', scenario: 'silent', at: 3, role: 'flow' },
  { kind: 'clock-jump', scenario: 'late', at: 3, ms: -5_000 },
];
const TRIALS = SLICE.map((each, index): Trial => ({
  role: undefined,
  ms: 0,
  ...each,
  index,
  bound: index % 2 === 0,
}));
const LANES = 8;

const stack = new AsyncDisposableStack();
const verdicts = new Map<number, Verdict>();

beforeAll(async () => {
  const plane = await startPlane({ name: 'it-chaos' }, stack);
  const { signal } = new AbortController();
  const onVerdict = (verdict: Verdict) => verdicts.set(verdict.trial.index, verdict);
  await campaign({ plane, trials: TRIALS, lanes: LANES, signal, onVerdict });
});
afterAll(() => stack.disposeAsync());

test.each(TRIALS.map((trial): [string, Trial] => [inWords(trial), trial]))(
  'a run ends right, with nothing left behind, twice or late: %s',
  (_name, { index }) => {
    const { struck, wrong, orphans, duplicates, lateWrites, log } = verdicts.get(index) ?? {};
    const found = { struck, wrong, orphans, duplicates, lateWrites };
    const right = { struck: true, wrong: undefined, orphans: [], duplicates: [], lateWrites: [] };
    // Seen only beside what went wrong.
    if (!isDeepStrictEqual(found, right)) console.error(log);
    expect(found).toEqual(right);
  },
);
