import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pack, unpack } from './msgpack.ts';

function outcome(message: Uint8Array): unknown {
  try {
    return unpack(message);
  } catch (error) {
    return error instanceof Error ? error.message : 'something else was thrown';
  }
}

/** Whole numbers beyond 32 bits travel as 64-bit integers and come back as such. */
const numberOf = (_: string, value: unknown) => (typeof value === 'bigint' ? Number(value) : value);

const bytes = (...values: number[]) => Uint8Array.from(values);

describe('unpack', () => {
  it('gives back whatever plain data was packed', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6, noUnicodeString: false }), (value) => {
        fc.pre(!JSON.stringify(value).includes('__proto__'));
        expect(JSON.stringify(unpack(pack(value)), numberOf)).toBe(JSON.stringify(value));
      }),
    );
  });

  it.each([
    ['a tuple as a dict key', bytes(0x81, 0x92, 0xa1, 0x78, 1, 2), { '["x",1]': 2 }],
    ['None as a dict key', bytes(0x81, 0xc0, 1), { null: 1 }],
    ['an int as a dict key', bytes(0x81, 5, 1), { 5: 1 }],
  ])('reads %s', (_, message, expected) => {
    expect(unpack(message)).toEqual(expected);
  });

  it.each([
    ['nothing', bytes()],
    ['bytes left over', bytes(1, 1)],
    ['a text longer than the message', bytes(0xdb, 0xff, 0xff, 0xff, 0xff)],
    ['an array of four billion', bytes(0xdd, 0xff, 0xff, 0xff, 0xff, 0)],
    ['a map of four billion', bytes(0xdf, 0xff, 0xff, 0xff, 0xff, 0)],
    ['a cut header', bytes(0xcd, 1)],
    ['an extension type', bytes(0xd4, 1, 1)],
    ['the reserved byte', bytes(0xc1)],
    ['a prototype as a key', bytes(0x81, 0xa9, ...new TextEncoder().encode('__proto__'), 1)],
    ['nesting of half a million', new Uint8Array(500_000).fill(0x91)],
    [
      'nested arrays that each promise all that is left',
      new Uint8Array(300_000).map((_, at) => [0xdc, 0xff, 0xff][at % 3]!),
    ],
  ])('refuses %s at once', (_, message) => {
    expect(() => unpack(message)).toThrow(Error);
  });

  it('ends with a value or an Error on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (message) => {
        expect(outcome(message)).not.toBe('something else was thrown');
      }),
      { numRuns: 2000 },
    );
  });
});
