import { expect, test } from 'vitest';
import { reconnectDelay } from './watch.ts';

test.each([
  [0, 250],
  [2_000, 250],
  [8_000, 800],
  [30_000, 3_000],
  [3_600_000, 5_000],
])('after %d ms of silence it connects again after %d ms', (silent, delay) => {
  expect(reconnectDelay(silent)).toBe(delay);
});
