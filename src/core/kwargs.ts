import { z } from 'zod';

import { nearest } from './nearest.ts';
import { parseQuantity, parseSize } from './quantities.ts';
import { parseDuration } from './durations.ts';

/**
 * Parsers by keyword; the description of each says what it expects and ends the sentence "… must be". Values of those
 * with `secret: true` in their metadata are not shown.
 */
export type KwargShape = Readonly<Record<string, z.ZodType>>;

export interface Kwargs<S extends KwargShape> {
  values: { [K in keyof S]?: z.output<S[K]> };
  /** Sentences, in the order of the given keys. */
  problems: string[];
}

/** Only a keyword that is all but spelled out is meant when it has no effect anyway. */
const SLIP = 2;

/**
 * Reads keyword arguments. `null` is Python's None and counts as absent. Keys outside `shape` and `others` (which the
 * caller deals with) are problems that name the nearest known key.
 */
export function readKwargs<S extends KwargShape>(
  field: string,
  given: Readonly<Record<string, unknown>>,
  shape: S,
  others: readonly string[] = [],
): Kwargs<S> {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [key, value] of Object.entries(given)) {
    if (others.includes(key)) continue;
    const parser = Object.hasOwn(shape, key) ? shape[key] : undefined;
    if (parser === undefined) {
      const meant = nearest(key, others, SLIP) ?? nearest(key, Object.keys(shape));
      problems.push(`\`${field}.${key}\` is not known; did you mean \`${meant}\`?`);
    } else if (value !== null) {
      const read = parser.safeParse(value);
      if (read.success) values[key] = read.data;
      else problems.push(problem(`${field}.${key}`, parser, value, read.error));
    }
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each value came out of the parser of its key
  return { values: values as Kwargs<S>['values'], problems };
}

/** The innermost thing that is wrong, with its own expectation if it has one. */
function problem(field: string, parser: z.ZodType, value: unknown, error: z.ZodError): string {
  const issue = error.issues[0];
  const told = issue?.code === 'custom' && issue.message !== 'Invalid input' ? issue : undefined;
  const path = [field, ...(told?.path ?? []).map(String)].join('.');
  const must = `\`${path}\` must be ${told?.message ?? parser.description}`;
  if (parser.meta()?.['secret'] === true) return `${must}.`;
  return `${must}, not ${show(told === undefined ? value : inside(value, told.path))}.`;
}

function inside(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (outer, key) => (typeof outer === 'object' && outer !== null ? Reflect.get(outer, key) : undefined),
    value,
  );
}

const MAX_SHOWN = 60;

export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/** A parser from `value → result`, undefined meaning that it is not acceptable. */
export function parsed<T>(parse: (value: unknown) => T | undefined, expects: string) {
  return z
    .unknown()
    .transform((value, context) => {
      const result = parse(value);
      if (result !== undefined) return result;
      context.addIssue({ code: 'custom', message: expects });
      return z.NEVER;
    })
    .describe(expects);
}

const isScalar = (value: unknown) => typeof value === 'string' || typeof value === 'number';

export const count = (minimum: number) =>
  parsed(
    (value) => (Number.isSafeInteger(value) && Number(value) >= minimum ? Number(value) : undefined),
    `a whole number of at least ${minimum}`,
  );

export const flag = () => z.boolean().describe('true or false');

export const word = () => z.string().min(1).max(1024).describe('a non-empty string');

export const size = (expects = 'a size such as "4 GiB", or a number of bytes') =>
  parsed((value) => (isScalar(value) ? parseSize(value) : undefined), expects);

export const duration = () =>
  parsed(
    (value) => (isScalar(value) ? parseDuration(value) : undefined),
    'a duration such as "500ms" or "5s", or a number of seconds',
  );

export const cpus = () =>
  parsed((value) => {
    const cores = isScalar(value) ? parseQuantity(value) : undefined;
    return cores === undefined || cores < 0 ? undefined : String(value);
  }, 'a number of CPUs such as 2 or "500m"');
