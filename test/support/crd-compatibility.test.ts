import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { flowRunSchema } from '../../src/api/crd.ts';
import type { StructuralSchema } from '../../src/api/structural.ts';
import { incompatibilities } from './crd-compatibility.ts';

const FOLDER = join(import.meta.dirname, '../fixtures/crds');

const crdView = z.object({
  spec: z.object({
    versions: z.tuple([z.object({ schema: z.object({ openAPIV3Schema: z.custom<StructuralSchema>() }) })]),
  }),
});

/** The schema of a CRD as it was released: objects made under it may be stored anywhere. */
function released(file: string): StructuralSchema {
  const crd = crdView.parse(parse(readFileSync(join(FOLDER, file), 'utf8')));
  return crd.spec.versions[0].schema.openAPIV3Schema;
}

test.each(readdirSync(FOLDER))('what was stored under the CRD %s stays valid', (file) => {
  expect(incompatibilities(released(file), flowRunSchema())).toEqual([]);
});

describe('the check sees', () => {
  const text: StructuralSchema = { type: 'string', maxLength: 5 };
  const of = (property: StructuralSchema, more: Partial<StructuralSchema> = {}): StructuralSchema => ({
    type: 'object',
    properties: { a: property },
    ...more,
  });
  test.each([
    ['a field that is gone', of(text), { type: 'object' as const }, 'a: the field is gone'],
    [
      'another type',
      of(text),
      of({ type: 'integer', maxLength: 5 }),
      'a: the type was string, and is integer',
    ],
    ['a tighter bound', of(text), of({ ...text, maxLength: 4 }), 'a: maxLength is lower'],
    ['a new bound', of(text), of({ ...text, minLength: 1 }), 'a: minLength is higher'],
    ['a new pattern', of(text), of({ ...text, pattern: 'x' }), 'a: the pattern is another'],
    ['a value that is gone', of({ enum: ['x', 'y'] }), of({ enum: ['x'] }), 'a: y is not a value any more'],
    ['a field that is required', of(text), of(text, { required: ['a'] }), 'the object: a is required now'],
    [
      'a new rule',
      of(text),
      of({ ...text, 'x-kubernetes-validations': [{ rule: 'self != ""', message: 'write something' }] }),
      'a: a new rule: write something',
    ],
    [
      'a change in a list',
      of({ items: text }),
      of({ items: { ...text, maxLength: 1 } }),
      'a[]: maxLength is lower',
    ],
  ])('%s', (_, old, fresh, problem) => {
    expect(incompatibilities(old, fresh)).toEqual([problem]);
  });

  test('no problem in what is only added', () => {
    const more = of({ ...text, maxLength: 9 }, { properties: { a: text, b: text } });
    expect(incompatibilities(of(text), more)).toEqual([]);
  });
});
