import { expect, test } from 'vitest';
import { formatValue } from './value.ts';

test.each<[string, unknown, string[]]>([
  ['text', 'done', ['done']],
  ['a number', 2.5, ['2.5']],
  ['null', null, ['null']],
  ['a list', [1, 'a'], ['[1, "a"]']],
  ['an empty list', [], ['[]']],
  ['an object', { rows: 3, best: { hour: 5 } }, ['rows  3', 'best  {"hour":5}']],
  ['a list of objects', [{ a: 1 }, { a: 10, b: 'x' }], [' a  b', ' 1', '10  x']],
  ['lists of objects in an object', { top: [{ a: 'x' }], n: 1 }, ['n  1', 'top', '  a', '  x']],
])('%s becomes lines', (_, value, lines) => {
  expect(formatValue(value)).toEqual(lines);
});
