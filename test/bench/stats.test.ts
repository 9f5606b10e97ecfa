import { expect, test } from 'vitest';
import { seconds, spread, summarise, table } from './stats.ts';

test.each([
  [[3], { min: 3, median: 3, max: 3 }],
  [[5, 1, 3], { min: 1, median: 3, max: 5 }],
  [[4, 1, 2, 9], { min: 1, median: 3, max: 9 }],
])('least, median and most of %j are %j', (values, expected) => {
  expect(summarise(values)).toEqual(expected);
});

test.each([
  [1.866, '1.87'],
  [0.0123, '0.012'],
  [-0.0004, '-0.000'],
  [12, '12.00'],
])('%d seconds are written as %s', (value, text) => {
  expect(seconds(value)).toBe(text);
});

test('no measurement is a dash, not a zero', () => {
  expect(spread([])).toBe('–');
});

test('columns are aligned, the first to the left and the others to the right', () => {
  expect(
    table([
      ['', 'one', 'two'],
      ['long name', '1.00', '12.00'],
    ]),
  ).toBe(['             one     two', 'long name   1.00   12.00'].join('\n'));
});
