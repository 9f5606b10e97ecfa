import { describe, expect, test } from 'vitest';

import type { Load } from '../core/load.ts';
import { Answers } from './answers.ts';

const PATIENCE = { waitCount: 3, intervalSeconds: 1, staleMs: 5000 };

const load = (at: number): Load => ({
  at,
  demand: [],
  keysWanted: false,
  scattersWaiting: 0,
  finished: 0,
  flowSeen: true,
  idleSeconds: 0,
  workers: new Map(),
});

describe('an order is known to the scheduler', () => {
  test('once an answer was asked with it', () => {
    const answers = new Answers();
    answers.order(new Set([1, 2]));
    answers.add(load(1000), [], PATIENCE);
    expect([...answers.ordered]).toEqual([]);
    answers.add(load(2000), [1], PATIENCE);
    expect([...answers.ordered]).toEqual([1]);
  });

  test('until it is taken back, though the scheduler may know it still', () => {
    const answers = new Answers();
    answers.order(new Set([1]));
    answers.add(load(1000), [1], PATIENCE);
    answers.order(new Set());
    answers.order(new Set([1]));
    expect([...answers.ordered]).toEqual([]);
  });

  test('not by an answer that was asked before it was taken back', () => {
    const answers = new Answers();
    answers.order(new Set());
    answers.add(load(1000), [1], PATIENCE);
    expect([...answers.ordered]).toEqual([]);
  });
});

test('an answer is used up by one change of size, the next is fresh', () => {
  const answers = new Answers();
  answers.add(load(1000), [], PATIENCE);
  expect(answers.used).toBe(false);
  answers.use();
  expect(answers.used).toBe(true);
  answers.add(load(2000), [], PATIENCE);
  expect(answers.used).toBe(false);
});

test('what was said before a silence says nothing about now', () => {
  const answers = new Answers();
  for (const at of [1000, 2000, 9000]) answers.add(load(at), [], PATIENCE);
  expect(answers.window.map(({ at }) => at)).toEqual([9000]);
});

test('an answer that is seen twice is one', () => {
  const answers = new Answers();
  for (const at of [1000, 1000, 2000]) answers.add(load(at), [], PATIENCE);
  expect(answers.window.map(({ at }) => at)).toEqual([1000, 2000]);
});
