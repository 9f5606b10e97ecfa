import type { z } from 'zod';

/**
 * One validation rule, written twice: `rule` is CEL for the API server, `check` says the same of a parsed value.
 * The integration tests hold both against each other.
 */
export interface Rule<T> {
  /** CEL; `self` is the value the schema describes. */
  rule: string;
  /** What is wrong and what to write instead; shown by kubectl as it stands. */
  message: string;
  check: (value: T) => boolean;
}

/** A rule about a change (`oldSelf`): only the API server sees both sides. */
export interface TransitionRule {
  rule: string;
  message: string;
  /** The field to blame, relative to the value, like `.spec.flow`. */
  fieldPath?: string;
}

/** `rules` as the CRD holds them (`x-kubernetes-validations`). */
export function validations<T>(rules: readonly Rule<T>[], transitions: readonly TransitionRule[] = []) {
  return [...rules.map(({ rule, message }) => ({ rule, message })), ...transitions];
}

/** The schema that also enforces `rules`, in zod and in the CRD. */
export function withRules<S extends z.ZodType>(
  schema: S,
  rules: readonly Rule<z.output<S>>[],
  transitions: readonly TransitionRule[] = [],
): S {
  const checked = schema.superRefine((value, context) => {
    for (const { message, check } of rules) {
      if (!check(value)) context.addIssue({ code: 'custom', message });
    }
  });
  return checked.meta({ 'x-kubernetes-validations': validations(rules, transitions) });
}
