import { expect, test } from 'vitest';
import { labelSelector, requireKeys } from './selector.ts';

const keys = ['flowrun.dev/uid', 'flowrun.dev/attempt'];

test.each([
  'flowrun.dev/uid=a,flowrun.dev/attempt=1',
  'flowrun.dev/uid==a, flowrun.dev/attempt = 1',
  'flowrun.dev/attempt in (1, 2),flowrun.dev/uid=a,other',
  'flowrun.dev/uid in (a),flowrun.dev/attempt in (1)',
])('accepted: %s', (selector) => {
  expect(() => requireKeys(selector, keys)).not.toThrow();
});

test.each([
  '',
  'flowrun.dev/uid=a',
  'flowrun.dev/uid=a,flowrun.dev/attempt',
  'flowrun.dev/uid=a,!flowrun.dev/attempt',
  'flowrun.dev/uid=a,flowrun.dev/attempt!=1',
  'flowrun.dev/uid=a,flowrun.dev/attempt notin (1)',
  'flowrun.dev/uid=a,flowrun.dev/attempt=',
  'flowrun.dev/uid=,flowrun.dev/attempt=1',
  'flowrun.dev/uid=a,flowrun.dev/attempt in ()',
  'flowrun.dev/uid=a,flowrun.dev/attempt>1',
  'flowrun.dev/uid=a,x in (flowrun.dev/attempt=1)',
])('refused: "%s"', (selector) => {
  expect(() => requireKeys(selector, keys)).toThrow('must pin');
});

test('a selector from labels', () => {
  expect(labelSelector({ a: '1', 'b/c': 'd' })).toBe('a=1,b/c=d');
});
