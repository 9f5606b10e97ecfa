import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { structural } from './structural.ts';

const described = <T extends z.ZodType>(schema: T) => schema.describe('Something.');
const wrap = (schema: z.ZodType) => z.strictObject({ field: described(schema) });

describe('structural', () => {
  it.each<{ what: string; schema: z.ZodType; want: RegExp }>([
    {
      what: 'a union',
      schema: wrap(z.union([z.boolean(), z.int()])),
      want: /x\.field: a union is not structural/,
    },
    {
      what: 'a discriminated union',
      schema: wrap(z.discriminatedUnion('a', [z.object({ a: z.literal('b') })])),
      want: /oneOf/,
    },
    { what: 'a reference', schema: wrap(z.json()), want: /\$ref|definitions/ },
    {
      what: 'look-around',
      schema: wrap(
        z
          .string()
          .max(9)
          .regex(/^(?!a)b/),
      ),
      want: /x\.field: RE2/,
    },
    { what: 'an unbounded string', schema: wrap(z.string()), want: /x\.field: a string needs maxLength/ },
    { what: 'an unbounded list', schema: wrap(z.array(z.int())), want: /x\.field: a list needs maxItems/ },
    {
      what: 'a list without a list type',
      schema: wrap(z.array(z.int()).max(3)),
      want: /needs x-kubernetes-list-type/,
    },
    {
      what: 'an unbounded map',
      schema: wrap(z.record(z.string(), z.int())),
      want: /a map needs maxProperties/,
    },
    {
      what: 'a field without description',
      schema: z.strictObject({ a: z.int() }),
      want: /x: field a has no description/,
    },
    {
      what: 'a field that YAML reads as a boolean',
      schema: z.strictObject({ on: described(z.int()) }),
      want: /x: on is a boolean in YAML/,
    },
    {
      what: 'a value that YAML reads as a boolean',
      schema: wrap(z.enum(['Yes', 'Never'])),
      want: /x\.field: Yes is a boolean in YAML/,
    },
    {
      what: 'a list map whose key may be missing',
      schema: wrap(
        z
          .array(z.strictObject({ name: described(z.string().max(9)).optional() }))
          .max(3)
          .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] }),
      ),
      want: /x\.field: list map key name is not required/,
    },
  ])('refuses $what', ({ schema, want }) => {
    expect(() => structural(schema, 'x')).toThrow(want);
  });

  it('drops what the API server refuses and readers do not need', () => {
    const schema = z.strictObject({
      any: described(z.unknown().optional()),
      map: described(z.record(z.string(), z.unknown()).meta({ maxProperties: 3 })),
      number: described(z.int()),
      time: described(z.iso.datetime()),
      whole: described(z.int32().min(1)),
    });
    expect(structural(schema, 'x')).toEqual({
      type: 'object',
      required: ['map', 'number', 'time', 'whole'],
      properties: {
        any: { description: 'Something.', nullable: true, 'x-kubernetes-preserve-unknown-fields': true },
        map: {
          type: 'object',
          description: 'Something.',
          maxProperties: 3,
          additionalProperties: { nullable: true, 'x-kubernetes-preserve-unknown-fields': true },
        },
        number: { type: 'integer', format: 'int64', description: 'Something.' },
        time: { type: 'string', format: 'date-time', description: 'Something.' },
        whole: {
          type: 'integer',
          format: 'int32',
          minimum: 1,
          maximum: 2147483647,
          description: 'Something.',
        },
      },
    });
  });
});
