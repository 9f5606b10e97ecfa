import { expect, test } from 'vitest';
import { backoffMs } from './backoff.ts';

const backoff = { baseMs: 5, maxMs: 1_000, jitter: 0.5 };

test('doubles up to the limit', () => {
  const delays = [1, 2, 3, 4, 8, 9, 10_000].map((failures) => backoffMs(backoff, failures, () => 0));
  expect(delays).toEqual([5, 10, 20, 40, 640, 1_000, 1_000]);
});

test('the jitter only shortens, by its share at most', () => {
  expect(backoffMs(backoff, 1, () => 0.999_999)).toBeCloseTo(2.5);
  expect(backoffMs({ ...backoff, jitter: 0 }, 1, () => 0.9)).toBe(5);
});
