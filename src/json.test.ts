import { describe, expect, test } from 'vitest';
import { exactly, parse } from './json.ts';

describe('parse', () => {
  test.each([
    ['a 64-bit integer', '{"a":9223372036854775807}'],
    ['a negative one', '{"a":[-9223372036854775808,1]}'],
    ['the first integer JavaScript skips', '{"a":9007199254740993}'],
    ['one with twenty-one digits', '{"a":100000000000000000000}'],
    ['a number too large for a double', '{"a":1e999}'],
    ['one deep inside', '{"a":{"b":[{"c": 12345678901234567890}]}}'],
    ['ordinary numbers beside it', '{"a":12345678901234567890,"b":1.5,"c":-3,"d":0}'],
    ['a string of digits', '{"a":"12345678901234567890"}'],
  ])('keeps %s through a round trip', (_name, text) => {
    expect(JSON.stringify(parse(text))).toBe(text.replaceAll(' ', ''));
  });

  test.each([
    ['{"a":9007199254740991}', { a: 9007199254740991 }],
    ['{"a":1e3,"b":0.5000000000000000001}', { a: 1000, b: 0.5 }],
    ['[1,2.5,"x",null,true]', [1, 2.5, 'x', null, true]],
  ])('gives plain numbers where a double is exact enough: %s', (text, want) => {
    expect(parse(text)).toEqual(want);
  });

  test('throws SyntaxError on what is cut short', () => {
    expect(() => parse('{"a":12345678901234567890')).toThrow(SyntaxError);
    expect(() => parse('{"a":')).toThrow(SyntaxError);
  });
});

test.each([
  [5n, '5'],
  [2n ** 53n, '9007199254740992'],
  [2n ** 53n + 1n, '9007199254740993'],
  [-(2n ** 63n), '-9223372036854775808'],
])('a bigint keeps its digits: %s', (value, text) => {
  expect(JSON.stringify({ value: exactly(value) })).toBe(`{"value":${text}}`);
});
