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
  check(value: T): boolean;
}

/** A rule about a change (`oldSelf`): only the API server sees both sides. */
export type TransitionRule = Omit<Rule<never>, 'check'>;

/** The schema that also enforces `rules`, in zod and, as `x-kubernetes-validations`, in the CRD. */
export function withRules<S extends z.ZodType>(
  schema: S,
  rules: readonly Rule<z.output<S>>[],
  transitions: readonly TransitionRule[] = [],
): S {
  const validations = [...rules, ...transitions].map(({ rule, message }) => ({ rule, message }));
  const checked = schema.superRefine((value, context) => {
    for (const { message, check } of rules) {
      if (!check(value)) context.addIssue({ code: 'custom', message });
    }
  });
  return checked.meta({ 'x-kubernetes-validations': validations }) as S;
}
