import { expect, test } from 'vitest';
import type { DrainState } from './load.ts';
import { type Refusals, withAnswer } from './refusals.ts';
import { load, worker } from './scale.fixture.ts';

const PATIENCE = { waitCount: 3, intervalSeconds: 1 };

/** What a worker shows in one answer; `gone`: nothing. */
type Shown = DrainState | undefined | 'gone';

/** How many seconds a worker has to wait after each of its answers, which come a second apart. */
function waits(shown: readonly Shown[]): number[] {
  const answer = (second: number) => {
    const drain = shown[second];
    return load({ at: second * 1000, workers: new Map(drain === 'gone' ? [] : [[7, worker({ drain })]]) });
  };
  let refusals: Refusals = new Map();
  return shown.map((_, second) => {
    const before = second === 0 ? undefined : answer(second - 1);
    refusals = withAnswer(refusals, before, answer(second), PATIENCE);
    return Math.max(0, (refusals.get(7)?.until ?? 0) / 1000 - second);
  });
}

test.each<{ what: string; shown: Shown[]; seconds: number[] }>([
  {
    what: 'a failed retirement makes the next wait for a full patience, and each further one twice as long',
    shown: ['moving', 'failed', undefined, 'moving', 'failed', undefined, 'failed'],
    seconds: [0, 3, 2, 1, 6, 5, 12],
  },
  {
    what: 'a failure that is told again is the same failure',
    shown: ['failed', 'failed', 'failed', undefined],
    seconds: [3, 2, 1, 0],
  },
  {
    what: 'a worker that is gone is forgotten',
    shown: ['failed', undefined, 'failed', 'gone', 'failed'],
    seconds: [3, 2, 6, 0, 3],
  },
])('$what', ({ shown, seconds }) => {
  expect(waits(shown)).toEqual(seconds);
});

test('no worker waits for more than five minutes', () => {
  const often = Array.from({ length: 20 }, (): Shown[] => ['failed', undefined]).flat();
  expect(Math.max(...waits(often))).toBe(300);
});

test('the failure of one worker is none of another', () => {
  const answer = load({
    workers: new Map([
      [1, worker({ drain: 'failed' })],
      [2, worker()],
    ]),
  });
  expect([...withAnswer(new Map(), undefined, answer, PATIENCE).keys()]).toEqual([1]);
});
