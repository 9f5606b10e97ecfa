import type { z } from 'zod';

import { type FlowRun, flowRun } from './flow-run.ts';

export interface ParseIssue {
  /** Where, as kubectl writes it: `spec.flow.env[0].name`. */
  path: string;
  message: string;
}

export type Parsed = { ok: true; value: FlowRun } | { ok: false; issues: ParseIssue[]; message: string };

const SHOWN = 5;

/**
 * A FlowRun as the API server stores it. Strict: a field that the schema does not know is an issue.
 * `message` is one sentence for people, of the first few issues.
 */
export function parseFlowRun(object: unknown): Parsed {
  const parsed = flowRun.safeParse(object);
  if (parsed.success) return { ok: true, value: parsed.data };
  const issues = parsed.error.issues.flatMap(explain);
  const shown = issues
    .slice(0, SHOWN)
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  const more = issues.length > SHOWN ? [`and ${issues.length - SHOWN} more`] : [];
  return { ok: false, issues, message: [...shown, ...more].join('; ') };
}

function explain(issue: z.core.$ZodIssue): ParseIssue[] {
  const path = pathOf(issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: pathOf([...issue.path, key]), message: 'unknown field' }));
  }
  return [{ path, message: messageOf(issue) }];
}

function messageOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.message.endsWith('received undefined') ? 'is required' : `must be ${kind(issue.expected)}`;
    case 'invalid_value':
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    case 'too_big':
      return `must be at most ${amount(issue.maximum, issue.origin)}`;
    case 'too_small':
      return `must be at least ${amount(issue.minimum, issue.origin)}`;
    case 'invalid_format':
    case 'not_multiple_of':
    case 'unrecognized_keys':
    case 'invalid_union':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      break;
  }
  return issue.message;
}

const WORDS: Partial<Record<string, string>> = {
  string: 'a string (in quotes, if YAML reads it as something else)',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

const kind = (expected: string) => WORDS[expected] ?? expected;

function amount(limit: number | bigint, origin: string): string {
  if (origin === 'string') return `${limit} characters`;
  return origin === 'array' ? `${limit} items` : String(limit);
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    const name = String(part);
    if (!/^[\w-]+$/.test(name)) return `${text}[${JSON.stringify(name)}]`;
    return text === '' ? name : `${text}.${name}`;
  }, '');
}
