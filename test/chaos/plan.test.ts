import { expect, test } from 'vitest';
import { KIND_NAMES, plan } from './plan.ts';

test('the same seed gives the same campaign, another one another', () => {
  expect(plan(7, 500)).toEqual(plan(7, 500));
  expect(plan(7, 500)).not.toEqual(plan(8, 500));
});

test('a campaign of two thousand runs meets every kind of fault', () => {
  const met = new Set(plan(1, 2000).map(({ kind }) => kind));
  expect([...met].sort()).toEqual([...KIND_NAMES].sort());
});

test('a campaign of one kind has no other', () => {
  expect(new Set(plan(1, 50, { kinds: ['dropped'] }).map(({ kind }) => kind))).toEqual(new Set(['dropped']));
});
